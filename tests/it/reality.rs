//! Judging real measurements: that faults somebody injected are failed, and that healthy hours are not.
//!
//! Simulated cases say what the statistics do where their assumptions hold. These files were measured by others, on
//! services that drift, burst and lose points, and some of them are labelled. So each theme counts, over a whole
//! data set, how often davy is wrong, prints the counts, and holds them: the lists of what is missed are exact, so
//! that a change of the statistics shows here as a number. Everything goes through a configuration and a file.

mod azure;
mod monitoring_api;
mod nab;
mod nezha;
mod petshop;
mod table;

use std::fmt::Write as _;
use std::path::Path;

use davy::config::{self, Options};
use davy::ingest::ingest;
use davy::judge::rules::Rules;
use davy::judge::verdict::{Finding, Outcome, Verdict};
use davy::series::{Dataset, Pair, Series, Timestamp, Window};

use self::table::{Judged, Section};
use crate::wire::shared;

/// A file of an instant (epoch seconds) and numbers per line; what is not a number is left empty.
fn csv(header: &str, rows: impl IntoIterator<Item = (i64, Vec<f64>)>) -> String {
    let mut text = format!("ts,{header}\n");
    for (time, cells) in rows {
        let cells: Vec<String> =
            cells.iter().map(|cell| if cell.is_nan() { String::new() } else { cell.to_string() }).collect();
        writeln!(text, "{time},{}", cells.join(",")).unwrap();
    }
    text
}

/// Reads a configuration and its files in a folder; a refusal as its message.
fn load(folder: &Path, yaml: &str) -> Result<(Rules, Dataset), String> {
    let options = Options { folder, now: Timestamp::UNIX_EPOCH, set: &[], phase: None, from: None, to: None };
    let config = config::load(yaml, "canary.yaml").map_err(|problems| problems.to_string())?;
    let plan = config.plan(&options).map_err(|problems| problems.to_string())?;
    let dataset = ingest(&plan.queries, &plan.time, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH))
        .map_err(|error| error.to_string())?;
    Ok((plan.rules, dataset))
}

/// Judges a configuration whose files are in a folder; a refusal as its message.
fn judge(folder: &Path, yaml: &str) -> Result<Verdict, String> {
    load(folder, yaml).map(|(rules, dataset)| davy::judge::judge(&rules, &dataset))
}

/// Judges as a pipeline would that asks after every step, until the first Fail.
fn judge_each_step(folder: &Path, yaml: &str) -> Judged {
    let (rules, dataset) = load(folder, yaml).unwrap();
    let Window { start, end } = dataset.windows.canary;
    let steps = (1..).map(|k| start + dataset.step * k).take_while(|at| *at <= end);
    let mut failed = false;
    let looks = steps.map_while(|at| {
        let verdict = (!failed).then(|| davy::judge::judge(&rules, &seen_at(&dataset, at)))?;
        failed = verdict.outcome == Outcome::Fail;
        Some(verdict)
    });
    Judged::at_looks(looks)
}

/// The data of a moment: the canary's until then; an earlier window of the baseline is known as a whole, one beside
/// the canary as far as the canary's.
fn seen_at(dataset: &Dataset, at: Timestamp) -> Dataset {
    let until = |window: Window| Window { start: window.start, end: window.end.min(at).max(window.start) };
    let windows = dataset.windows.map(until);
    let cut = |(name, pair): (&String, &Pair<Series>)| {
        (name.clone(), pair.as_ref().zip(windows.as_ref()).map(|(series, window)| series.within(window)))
    };
    Dataset { windows, metrics: dataset.metrics.iter().map(cut).collect(), ..dataset.clone() }
}

/// The `window:` line for two windows of equal length, the second one judged against the first.
fn against_the_one_before(start: i64, seconds: i64) -> String {
    let at = |time: i64| Timestamp::from_second(time).unwrap();
    let [first, middle, end] = [0, 1, 2].map(|i| at(start + i * seconds));
    format!("window: {{ from: {middle}, to: {end}, step: 5m, baseline: {{ from: {first}, to: {middle} }} }}\n")
}

fn finding<'a>(verdict: &'a Verdict, criterion: &str) -> &'a Finding {
    verdict.findings.iter().find(|f| f.criterion == criterion).unwrap()
}

/// How often each answer was given, in the order Pass, Warn, Inconclusive, Fail.
#[derive(Default, Clone, Copy)]
struct Tally([usize; 4]);

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    fn and(&self, other: &Tally) -> Tally {
        Tally(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    fn all(&self) -> usize {
        self.0.iter().sum()
    }

    fn of(&self, outcome: Outcome) -> usize {
        self.0[outcome as usize]
    }

    fn share(&self, outcome: Outcome) -> f64 {
        self.of(outcome) as f64 / self.all().max(1) as f64
    }

    fn told(&self) -> String {
        let [pass, warn, unclear, fail] = self.0;
        let share = 100.0 * self.share(Outcome::Fail);
        format!("{pass:5} pass {warn:5} warn {unclear:5} inconclusive {fail:5} fail ({share:.1} %)")
    }
}

/// The level that an alarm of `m` steps in any `n` needs to have been quiet in the past: of every `n` values in a row
/// the `m`th largest, of all these the largest.
fn quiet_below(values: &[f64], m: usize, n: usize) -> f64 {
    let mth_largest = |window: &[f64]| {
        let mut window: Vec<f64> = window.iter().copied().filter(|v| v.is_finite()).collect();
        window.sort_by(|a, b| b.total_cmp(a));
        window.get(m - 1).copied()
    };
    values.windows(n).filter_map(mth_largest).fold(f64::MIN, f64::max)
}

/// An alarm whose limit lies where the past just did not raise one is raised by the next healthy hour like it, so the
/// limit lies half as much again beyond.
const HEADROOM: f64 = 1.5;

#[test]
fn tables() {
    let sets = ["petshop", "nezha-online-boutique", "azure-vm-noise", "nab-cloudwatch"];
    let [Some(petshop), Some(nezha), Some(azure), Some(nab)] = sets.map(shared) else {
        return;
    };
    let sections: Vec<Section> = std::thread::scope(|scope| {
        let measured = [
            scope.spawn(|| petshop::gate::section(&petshop)),
            scope.spawn(|| nezha::gate::section(&nezha)),
            scope.spawn(|| azure::section(&azure)),
            scope.spawn(|| nab::section(&nab)),
        ];
        measured.map(|thread| thread.join().unwrap()).into()
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/calibration");
    let mut stale = Vec::new();
    for (name, fresh) in [("reality.md", table::markdown(&sections)), ("reality.csv", table::csv(&sections))] {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, fresh).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != fresh {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale (UPDATE=1 rewrites them): {stale:?}");
}
