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

use std::fmt::Write as _;
use std::path::Path;

use davy::config::{self, Options};
use davy::ingest::ingest;
use davy::judge::verdict::{Finding, Outcome, Verdict};
use davy::series::Timestamp;

use crate::wire::shared;

/// A file of an instant (epoch seconds) and numbers per line.
fn csv(header: &str, rows: impl IntoIterator<Item = (i64, Vec<f64>)>) -> String {
    let mut text = format!("ts,{header}\n");
    for (time, cells) in rows {
        let cells: Vec<String> = cells.iter().map(f64::to_string).collect();
        writeln!(text, "{time},{}", cells.join(",")).unwrap();
    }
    text
}

/// Judges a configuration whose files are in a folder; a refusal as its message.
fn judge(folder: &Path, yaml: &str) -> Result<Verdict, String> {
    let options = Options { folder, now: Timestamp::UNIX_EPOCH, set: &[], phase: None, from: None, to: None };
    let config = config::load(yaml, "canary.yaml").map_err(|problems| problems.to_string())?;
    let plan = config.plan(&options).map_err(|problems| problems.to_string())?;
    let t0=std::time::Instant::now();
    let dataset = ingest(&plan.queries, &plan.time).map_err(|error| error.to_string())?;
    let t1=std::time::Instant::now();
    let v = davy::judge::judge(&plan.rules, &dataset);
    println!("TIME {:?} {:?}", t1-t0, t1.elapsed());
    Ok(v)
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
