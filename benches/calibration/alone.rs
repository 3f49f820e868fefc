//! One criterion, judged once and alone, run after run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use davy::judge::outcomes;
use davy::judge::rules::{Bound, Criterion, Kind, Limit, Metric, Role, Rule, Rules, Severity, Side, Statistic, Unit};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};

use crate::soaks::noise::Noise;

/// A minute of the window.
pub fn at(minute: usize) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minute as i64)).unwrap_or_default()
}

/// What one criterion, at most a limit, answers over so many minutes.
pub fn answer(
    steps: usize,
    statistic: Statistic,
    limit: Limit,
    kind: Kind,
    [baseline, canary]: [Series; 2],
) -> Outcome {
    let window = Window { start: at(0), end: at(steps) };
    let data = Dataset {
        metrics: BTreeMap::from([("m".to_owned(), Pair { baseline, canary })]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    };
    of_data(statistic, limit, (kind, Unit::Plain(String::new())), &data)
}

/// The same of the metric `m` of a dataset.
pub fn of_data(statistic: Statistic, limit: Limit, (kind, unit): (Kind, Unit), data: &Dataset) -> Outcome {
    let criterion = Criterion {
        name: "m".into(),
        metric: "m".into(),
        statistic,
        pass: Some(Bound { side: Side::AtMost, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: "m".into(),
        family: "m".into(),
    };
    let metric = Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() };
    let rules = Rules { criteria: vec![criterion], ..Rules::new("alone").metric("m", metric) };
    outcomes(&rules, data).criteria.first().map_or(Outcome::Inconclusive, |(_, outcome)| *outcome)
}

/// The shares of runs that fail and pass. The chance of each run comes from the seed, the table, the cell and its number.
pub fn share(
    table: &str,
    name: &str,
    runs: usize,
    seed: u64,
    threads: usize,
    judge: impl Fn(&mut Noise) -> Outcome + Sync,
) -> (f64, f64) {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut fails, mut passes) = (0, 0);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= runs {
                return (fails, passes);
            }
            match judge(&mut Noise::of(seed, table, name, at)) {
                Outcome::Fail => fails += 1,
                Outcome::Pass | Outcome::Warn => passes += 1,
                Outcome::Inconclusive => {}
            }
        }
    };
    let sum = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let tallies = threads.into_iter().filter_map(|thread| thread.join().ok());
        tallies.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    (sum.0 as f64 / runs as f64, sum.1 as f64 / runs as f64)
}
