//! Does the judge answer where anybody would? A small measurement at every run; the full one is
//! `cargo bench --bench calibration -- --efficiency 300`.
//!
//! The thresholds are what the judge reaches at this seed. The aim is 0.97 of the obvious cells, alone and of ten:
//! raise the thresholds whenever the judge improves. Other tests hold that the library is asked what files would ask.

use std::fmt::Write as _;
use std::path::Path;

use davy::config::{self, Options};
use davy::ingest::ingest;
use davy::judge::verdict::Finding;
use davy::series::{Arm, Series, Timestamp};
use davy::source::Outside;
use davy::stats::tail::ln_binomial_upper;
use tempfile::TempDir;

use crate::soaks::efficiency::question::{Question, REQUESTS_OF_OTHERS, text};
use crate::soaks::efficiency::situation::{Draw, HEALTHY, SITUATIONS, Shape, Situation, TRUTHS, Truth};
use crate::soaks::efficiency::{ASKED, Cell, OTHERS, Runs, Summary, all, measure};
use crate::soaks::noise::Noise;

const OBVIOUS_ANSWERED_ALONE: f64 = 0.97;
const OBVIOUS_ANSWERED_OF_TEN: f64 = 0.97;
const MOST_WRONG_ON_AVERAGE: f64 = 0.004;
const MOST_WRONG_IN_A_CELL: f64 = 0.05;

const SEED: u64 = 7;
const RUNS: usize = 10;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn draw(situation: &Situation, truth: &Truth, run: usize) -> Draw {
    situation.draw(truth, &mut Noise::of(SEED, &situation.name(), truth.name, run))
}

#[test]
fn what_is_obvious_is_answered_and_little_is_wrong() {
    let of = Runs { runs: RUNS, seed: SEED, past: None };
    let cells: Vec<Cell> = all().map(|(situation, truth)| measure(&situation, &truth, of, cores())).collect();
    let least = [OBVIOUS_ANSWERED_ALONE, OBVIOUS_ANSWERED_OF_TEN];
    for (i, (asked, _)) in ASKED.iter().enumerate() {
        let summary = Summary::of(cells.iter(), i);
        assert!(summary.obvious_cells >= 40, "{asked}: {summary:?}");
        assert!(summary.obvious >= least[i], "{asked}: {summary:?}");
        assert!(summary.wrong <= MOST_WRONG_ON_AVERAGE, "{asked}: {summary:?}");
        for cell in &cells {
            let wrong = (cell.shares[i].wrong * RUNS as f64).round() as u64;
            let believable = ln_binomial_upper(wrong, RUNS as u64, MOST_WRONG_IN_A_CELL) > 0.001_f64.ln();
            assert!(believable, "{asked}: {cell:?}");
        }
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let of = Runs { runs: 12, seed: SEED, past: None };
    let on = |threads| measure(&SITUATIONS[5], &TRUTHS[1], of, threads);
    let one = on(1);
    assert_eq!(one, on(3));
    assert!(one.shares[0].right > 0.0);
}

/// The files that a person would have: one per arm, with the columns of all criteria.
fn write(folder: &Path, situation: &Situation, draw: &Draw, others: usize) {
    for arm in Arm::BOTH {
        let series = draw.arms.get(arm);
        let columns = if matches!(series, Series::Gauge { .. }) { "value_ms" } else { "requests,errors" };
        let mut rows = format!("timestamp,{columns},seen,calm\n");
        for (i, time) in series.time().iter().enumerate() {
            let values = match series {
                Series::Gauge { value, .. } => format!("{:.4}", value[i]),
                Series::Counts { total, bad, .. } => format!("{},{}", total[i], bad[i]),
                other => panic!("nothing draws {other:?}"),
            };
            writeln!(rows, "{time},{values},{REQUESTS_OF_OTHERS},0").unwrap();
        }
        std::fs::write(folder.join(format!("{}.csv", arm.name())), rows).unwrap();
    }
    std::fs::write(folder.join("canary.yaml"), text(situation, others, "")).unwrap();
}

/// What the real loader and the real reading of files make of a draw.
fn through_files(situation: &Situation, draw: &Draw, others: usize) -> (Question, Finding) {
    let folder = TempDir::new().unwrap();
    write(folder.path(), situation, draw, others);
    let written = std::fs::read_to_string(folder.path().join("canary.yaml")).unwrap();
    let now: Timestamp = "2026-03-03T00:00:00Z".parse().unwrap();
    let options = Options { folder: folder.path(), now, set: &[], phase: None, from: None, to: None };
    let plan = config::load(&written, "canary.yaml").unwrap().plan(&options).unwrap();
    let data = ingest(&plan.queries, &plan.time, &Outside::quiet(now)).unwrap();
    let question = Question::of(situation, others, "");
    assert_eq!(plan.rules, question.rules);
    let drawn = question.dataset(situation, draw);
    assert_eq!((data.windows, data.step, &data.metrics), (drawn.windows, drawn.step, &drawn.metrics));
    assert_eq!((&data.steps, &data.remarks), (&drawn.steps, &drawn.remarks));
    let finding = question.ask(&data);
    (question, finding)
}

#[test]
fn the_library_is_asked_what_the_files_would_ask() {
    for (i, situation) in SITUATIONS.iter().enumerate() {
        for (_, others) in ASKED {
            let truth = &TRUTHS[i % TRUTHS.len()];
            let draw = draw(situation, truth, 0);
            let (question, finding) = through_files(situation, &draw, others);
            assert_eq!(
                finding,
                question.ask(&question.dataset(situation, &draw)),
                "{} {}",
                situation.name(),
                truth.name
            );
        }
    }
}

#[test]
fn the_program_gives_the_same_outcome_evidence_and_interval() {
    for (situation, truth) in [(&SITUATIONS[6], &HEALTHY), (&SITUATIONS[12], &TRUTHS[2]), (&SITUATIONS[17], &TRUTHS[3])]
    {
        let folder = TempDir::new().unwrap();
        let draw = draw(situation, truth, 1);
        write(folder.path(), situation, &draw, OTHERS);
        let mut davy = assert_cmd::Command::cargo_bin("davy").unwrap();
        let output = davy.current_dir(folder.path()).args(["-q", "judge", "--format", "json"]).output().unwrap();
        let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let said = &verdict["findings"][0];
        let question = Question::of(situation, OTHERS, "");
        let finding = question.ask(&question.dataset(situation, &draw));
        let outcome = serde_json::Value::from(format!("{:?}", finding.outcome).to_lowercase());
        assert_eq!((&said["metric"], &said["outcome"]), (&"it".into(), &outcome));
        let (strength, effect) = (finding.evidence.strength.unwrap(), finding.evidence.effect.unwrap());
        let evidence = &said["evidence"];
        for (shown, own) in [
            (&evidence["strength"]["fail"]["z"], strength.fail.z),
            (&evidence["strength"]["pass"]["z"], strength.pass.z),
            (&evidence["effect"]["low"], effect.low),
            (&evidence["effect"]["high"], effect.high),
        ] {
            let is_own = |shown: f64| (shown - own).abs() <= 1e-9 * own.abs().max(1e-3);
            assert!(shown.as_f64().map_or(!own.is_finite(), is_own), "{own} is not {shown} in {said}");
        }
    }
}

/// The variance of its z is one if nothing begins late: exactly for gauges, nearly for counts.
#[test]
fn the_oracle_knows_the_noise() {
    const DRAWS: usize = 500;
    const APART: f64 = 4.5;
    const NEARLY: f64 = 0.05;
    for (situation, truth) in
        SITUATIONS.into_iter().flat_map(|situation| [(situation, HEALTHY), (situation, TRUTHS[1])])
    {
        let zs: Vec<f64> = (0..DRAWS).map(|run| draw(&situation, &truth, run).z).collect();
        let (n, mean) = (DRAWS as f64, zs.iter().sum::<f64>() / DRAWS as f64);
        let variance = zs.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let allowed = APART * (2.0 / n).sqrt() + if situation.shape == Shape::Gauge { 0.0 } else { NEARLY };
        assert!((variance - 1.0).abs() < allowed, "{} {}: {variance}", situation.name(), truth.name);
    }
}
