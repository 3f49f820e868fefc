//! Noise that is learned from a past: where the past comes from, what it changes, what a recording keeps of it, and what
//! is said if it is missing, too short, of the wrong time, or calmer than today.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use davy::stats::tail::ln_binomial_upper;
use serde_json::Value;
use tempfile::TempDir;

use crate::soaks::efficiency::situation::{HEALTHY, ON_THE_LIMIT};
use crate::soaks::efficiency::{Runs, measure};
use crate::soaks::noise::Noise;

const CONFIG: &str = "\
name: checkout
sources: { data: { file: { path: \"${arm}.csv\" } } }
window: { from: 2026-05-18T10:00:00Z, to: 2026-05-18T10:30:00Z }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  p95: { gauge: { value: p95_ms, unit: ms } }
criteria:
  - { metric: errors, pass: \"<= baseline + 50%\" }
  - { metric: p95, pass: \"<= baseline + 5%\" }
";
const BEGINS: &str = "2026-05-18T10:00:00Z";
const DAY: i64 = 24 * 60;

/// Rows of an arm: so many minutes from so many after the windows begin.
fn rows(name: &str, from: i64, minutes: usize, factor: f64) -> String {
    let mut noise = Noise::of(1, "learning", name, 0);
    let start: davy::series::Timestamp = BEGINS.parse().unwrap();
    let mut text = String::new();
    for (i, level) in noise.slow(minutes, 0.3).iter().enumerate() {
        let time = start + davy::series::SignedDuration::from_mins(from + i as i64);
        let errors = noise.binomial(300, 0.01);
        let _ = writeln!(text, "{time},300,{errors},{:.3}", 230.0 * factor * (0.06 * level).exp());
    }
    text
}

const HEADER: &str = "time,requests,errors,p95_ms\n";

/// A configuration with both arms' half hour, and a past of one arm in a file of its own.
fn folder(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("canary.yaml", config.to_owned());
    write("baseline.csv", HEADER.to_owned() + &rows("baseline", 0, 30, 1.0));
    write("canary.csv", HEADER.to_owned() + &rows("canary", 0, 30, 1.12));
    write("past.csv", HEADER.to_owned() + &rows("past", -DAY, DAY as usize, 1.0));
    folder
}

fn with(line: &str) -> String {
    CONFIG.replace("metrics:\n", &format!("{line}\nmetrics:\n"))
}

struct Run {
    code: i32,
    verdict: Value,
    out: String,
    said: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(arguments).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        verdict: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn judged(folder: &TempDir, arguments: &[&str]) -> Run {
    run(folder.path(), &[&["judge", "canary.yaml", "--format", "json"], arguments].concat())
}

/// How wide the interval of the second criterion is.
fn width(verdict: &Value) -> f64 {
    let effect = &verdict["findings"][1]["evidence"]["effect"];
    effect["high"].as_f64().unwrap() - effect["low"].as_f64().unwrap()
}

#[test]
fn a_past_in_a_file_makes_intervals_narrower_and_is_said_per_metric() {
    let folder = folder(CONFIG);
    let (without, with) = (judged(&folder, &[]), judged(&folder, &["--history", "past.csv"]));
    assert!(without.verdict.get("learned").is_none(), "{}", without.verdict);
    assert!(
        width(&with.verdict) < 0.97 * width(&without.verdict),
        "{} {}",
        width(&without.verdict),
        width(&with.verdict)
    );
    let learned = with.verdict["learned"].as_array().unwrap();
    let figure = |i: usize, key: &str| learned[i][key].as_f64().unwrap();
    assert!((figure(1, "deviation") - 0.06).abs() < 0.006, "{learned:?}");
    assert!((figure(1, "correlation") - 0.3).abs() < 0.1, "{learned:?}");
    assert!((figure(0, "design_effect") - 1.0).abs() < 0.1, "{learned:?}");
    assert_eq!(learned[1]["windows"], 48);
    let text = run(folder.path(), &["judge", "canary.yaml", "--history", "past.csv"]).out;
    assert!(text.contains("p95: noise as from 17 to 18 May (48 windows): steps vary by 6 %"), "{text}");
    for format in ["markdown", "html"] {
        let page = run(folder.path(), &["judge", "canary.yaml", "--history", "past.csv", "--format", format]).out;
        assert!(page.contains("noise as from 17 to 18 May"), "{format}: {page}");
    }
}

#[test]
fn the_same_sources_are_asked_for_the_day_before() {
    let folder = folder(&with("noise: { learn: 1d }"));
    let past = rows("past", -DAY, DAY as usize, 1.0);
    fs::write(folder.path().join("baseline.csv"), HEADER.to_owned() + &past + &rows("baseline", 0, 30, 1.0)).unwrap();
    let asked = judged(&folder, &[]);
    let named = judged(&folder, &["--history", "past.csv"]);
    assert_eq!(asked.verdict["learned"], named.verdict["learned"]);
    assert_eq!(asked.verdict["findings"], named.verdict["findings"]);
    fs::write(folder.path().join("canary.yaml"), with("noise: { learn: ./past.csv }")).unwrap();
    assert_eq!(judged(&folder, &[]).verdict["learned"], named.verdict["learned"]);
    fs::write(folder.path().join("canary.yaml"), with("noise: { learn: 3d, hours: same }")).unwrap();
    let days = rows("days", -3 * DAY, 3 * DAY as usize, 1.0);
    fs::write(folder.path().join("baseline.csv"), HEADER.to_owned() + &days + &rows("baseline", 0, 30, 1.0)).unwrap();
    let learned = judged(&folder, &[]).verdict["learned"].clone();
    assert_eq!((&learned[1]["windows"], &learned[1]["start"]), (&3.into(), &"2026-05-15T10:00:00Z".into()));
}

#[test]
fn a_recording_keeps_the_past_and_is_replayed_to_the_same_bytes() {
    let folder = folder(CONFIG);
    let first = judged(&folder, &["--history", "past.csv", "--record", "one"]);
    assert!(first.said.contains("recorded to one"), "{}", first.said);
    let check = run(folder.path(), &["replay", "--check", "one"]);
    assert!(check.code == 0 && check.out.starts_with("same"), "{}{}", check.out, check.said);
    let text = fs::read_to_string(folder.path().join("one/canary.yaml")).unwrap();
    assert!(text.contains("noise: { learn: ./past }"), "{text}");
    let again = run(folder.path(), &["judge", "one", "--record", "two", "--format", "json"]);
    for key in ["learned", "notes", "outcome", "fingerprint"] {
        assert_eq!(again.verdict[key], first.verdict[key], "{key}");
    }
    let evidence = |verdict: &Value, i: usize| verdict["findings"][i]["evidence"].clone();
    assert_eq!([0, 1].map(|i| evidence(&again.verdict, i)), [0, 1].map(|i| evidence(&first.verdict, i)));
    for name in ["past/p95.csv", "past/errors.csv", "series/p95.csv"] {
        let read = |recording: &str| fs::read(folder.path().join(recording).join(name)).unwrap();
        assert_eq!(read("one"), read("two"), "{name}");
    }
    // a recording of a recording is the same to the byte
    let third = run(folder.path(), &["judge", "two", "--record", "three", "--format", "json"]);
    assert_eq!(third.out, again.out);
    // and it may be replaced
    assert!(judged(&folder, &["--history", "past.csv", "--record", "one"]).said.contains("recorded to one"));
}

#[test]
fn a_past_that_is_named_must_be_there_be_long_enough_and_lie_before() {
    let folder = folder(CONFIG);
    let refused = |path: &str, why: &str| {
        let run = judged(&folder, &["--history", path]);
        assert!(run.code >= 64 && run.out.is_empty(), "{path}: {}", run.out);
        assert!(run.said.contains(path) && run.said.contains(why), "{path}: {}", run.said);
    };
    refused("nowhere.csv", "does not exist");
    refused("baseline.csv", "Give a history from before that");
    fs::write(folder.path().join("short.csv"), HEADER.to_owned() + &rows("past", -60, 60, 1.0)).unwrap();
    refused("short.csv", "fewer than 3 windows of 30 min");
    fs::create_dir(folder.path().join("empty")).unwrap();
    refused("empty", "no file of a metric");
}

#[test]
fn without_a_past_in_the_sources_nothing_changes_but_a_note() {
    let folder = folder(CONFIG);
    let plain = judged(&folder, &[]);
    fs::write(folder.path().join("canary.yaml"), with("noise: { learn: 1d }")).unwrap();
    let run = judged(&folder, &["--record", "kept"]);
    assert!(run.said.contains("judged without the noise of the 1 d before"), "{}", run.said);
    assert_eq!(run.verdict, plain.verdict);
    assert!(!folder.path().join("kept/past").exists());
    assert_eq!(run_check(&folder, "kept"), 0);
}

fn run_check(folder: &TempDir, recording: &str) -> i32 {
    run(folder.path(), &["replay", "--check", recording]).code
}

#[test]
fn steps_that_overlap_what_is_judged_are_left_out() {
    let folder = folder(CONFIG);
    let past = rows("past", -DAY, DAY as usize, 1.0);
    let beyond = past.clone() + &rows("baseline", 0, 30, 5.0);
    fs::write(folder.path().join("beyond.csv"), HEADER.to_owned() + &beyond).unwrap();
    let (own, more) = (judged(&folder, &["--history", "past.csv"]), judged(&folder, &["--history", "beyond.csv"]));
    assert_eq!(own.verdict["findings"], more.verdict["findings"]);
}

#[test]
fn what_is_learned_is_either_a_time_or_a_path() {
    let folder = folder(&with("noise: { learn: yesterday }"));
    let run = run(folder.path(), &["check", "canary.yaml"]);
    assert!(run.code != 0 && run.said.contains("neither a length of time nor a path"), "{}", run.said);
}

#[test]
fn a_healthy_canary_seldom_fails_though_today_is_noisier_than_the_past() {
    const RUNS: usize = 200;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for situation in [ON_THE_LIMIT[0], ON_THE_LIMIT[2]] {
        for times in [1.0, 3.0] {
            let of = Runs { runs: RUNS, seed: 11, past: Some(times) };
            let wrong = measure(&situation, &HEALTHY, of, threads).shares[0].wrong;
            let failed = (wrong * RUNS as f64).round() as u64;
            assert!(ln_binomial_upper(failed, RUNS as u64, 0.06) > 0.001_f64.ln(), "{situation:?} {times}: {wrong}");
        }
    }
}

#[test]
fn calibrate_judges_the_windows_of_a_past_as_one_who_learned_from_it() {
    let folder = folder(CONFIG);
    let calibrated = || run(folder.path(), &["calibrate", "canary.yaml", "--history", "past.csv", "--format", "json"]);
    let without = calibrated();
    fs::write(folder.path().join("canary.yaml"), with("noise: { learn: 1d }")).unwrap();
    let with = calibrated();
    assert!(without.code == 0 && with.code == 0, "{}{}", without.said, with.said);
    assert_ne!(without.verdict["criteria"], with.verdict["criteria"]);
}
