//! Trends and spikes: how often identical arms fail, how often a canary at the margin passes or fails, and what is found.
//!
//! A gauge has a number per minute with noise that hangs together; spikes are minutes beyond a limit, alone or in runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use davy::judge::outcomes;
use davy::judge::rules::{
    Beyond, Bound, Criterion, Kind, Limit, Looks, Metric, Policy, Role, Rule, Rules, Scale, Severity, Side, Statistic,
    Unit,
};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};

use crate::soaks::noise::Noise;

/// What both arms of a gauge do beside their noise.
#[derive(Clone, Copy)]
enum Shape {
    Level,
    /// A rise of two thirds that both arms share, as that of a day.
    Day,
    /// Garbage that each arm collects in its own minutes, every so many.
    Sawtooth(usize),
    /// The canary is restarted in the middle.
    Restart,
    /// The canary settles at a higher level.
    Settles,
}

/// A cell of the table of trends.
struct Trend {
    name: &'static str,
    steps: usize,
    correlation: f64,
    shape: Shape,
    /// What the canary gains in the window, in standard deviations of its noise.
    gains: f64,
    /// The margin, likewise.
    margin: f64,
}

const DEVIATION: f64 = 0.01;

impl Trend {
    fn arm(&self, gains: f64, canary: bool, noise: &mut Noise) -> Vec<f64> {
        let n = self.steps;
        let own = if self.correlation < 1.0 {
            noise.slow(n, self.correlation)
        } else {
            let mut level = 0.0;
            (0..n)
                .map(|_| {
                    level += noise.normal() * 0.25;
                    level
                })
                .collect()
        };
        let phase = (noise.uniform() * 1000.0) as usize;
        let shape = |i: usize| match self.shape {
            Shape::Level => 0.0,
            Shape::Day => 50.0 * (std::f64::consts::PI * i as f64 / (2.0 * n as f64)).sin(),
            Shape::Sawtooth(every) => 10.0 * ((i + phase) % every) as f64 / every as f64,
            Shape::Restart if canary && i >= n / 2 => -0.5 * gains,
            Shape::Settles if canary => 8.0 * (1.0 - (-(i as f64) / (0.1 * n as f64)).exp()),
            Shape::Restart | Shape::Settles => 0.0,
        };
        let value = |i: usize| 1000.0 * (DEVIATION * (own[i] + shape(i) + gains * i as f64 / n as f64)).exp();
        (0..n).map(value).collect()
    }

    fn judge(&self, noise: &mut Noise) -> Outcome {
        let (baseline, canary) = (self.arm(0.0, false, noise), self.arm(self.gains, true, noise));
        let hour = (DEVIATION * self.margin * 60.0 / self.steps as f64).exp_m1();
        let limit = Limit::Margin { relative: Some(hour), absolute: None };
        let statistic = Statistic::Trend { per: SignedDuration::from_hours(1) };
        answer(
            self.steps,
            statistic,
            limit,
            Kind::Gauge { quantile: None, scale: Scale::Auto },
            [gauge(baseline), gauge(canary)],
        )
    }
}

/// A cell of the table of spikes: the share of bad minutes in each arm, in runs of so many minutes on average.
struct Spikes {
    name: &'static str,
    steps: usize,
    baseline: f64,
    canary: f64,
    run: f64,
    /// Bad minutes come back every so many minutes, if they do not come by chance.
    every: Option<usize>,
    /// The limit of the canary's own share, or of the difference.
    limit: Limit,
}

impl Spikes {
    fn arm(&self, share: f64, noise: &mut Noise) -> Vec<f64> {
        if let Some(every) = self.every.filter(|_| share > 0.0) {
            let phase = (noise.uniform() * every as f64) as usize;
            return (0..self.steps).map(|i| if (i + phase).is_multiple_of(every) { 2.0 } else { 1.0 }).collect();
        }
        let ends = 1.0 / self.run;
        let begins = share * ends / (1.0 - share);
        let mut bad = noise.happens(share);
        let mut step = || {
            let value = if bad { 2.0 } else { 1.0 };
            bad = if bad { !noise.happens(ends) } else { noise.happens(begins) };
            value
        };
        (0..self.steps).map(|_| step()).collect()
    }

    fn judge(&self, noise: &mut Noise) -> Outcome {
        let arms = [gauge(self.arm(self.baseline, noise)), gauge(self.arm(self.canary, noise))];
        let beyond = Beyond { limit: 1.5, above: true, inclusive: false, quantile: None };
        let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
        answer(self.steps, Statistic::StepsBeyond(beyond), self.limit, kind, arms)
    }
}

fn at(minute: usize) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minute as i64)).unwrap_or_default()
}

fn gauge(value: Vec<f64>) -> Series {
    Series::Gauge { time: (0..value.len()).map(at).collect(), value, requests: None }
}

fn answer(steps: usize, statistic: Statistic, limit: Limit, kind: Kind, [baseline, canary]: [Series; 2]) -> Outcome {
    let window = Window { start: at(0), end: at(steps) };
    let data = Dataset {
        metrics: BTreeMap::from([("m".to_owned(), Pair { baseline, canary })]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    };
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
    let unit = Unit::Plain(String::new());
    let metric = Metric { unit, kind, of: String::new(), history: None, by: None, remarks: Vec::new() };
    let rules = Rules {
        name: "trends".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: BTreeMap::from([("m".to_owned(), metric)]),
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria: vec![criterion],
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    };
    outcomes(&rules, &data).criteria.first().map_or(Outcome::Inconclusive, |(_, outcome)| *outcome)
}

/// How many runs fail and pass.
fn share(
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
            match judge(&mut Noise::of(seed, "trends", name, at)) {
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

fn trends() -> Vec<Trend> {
    let at_margin =
        |name, steps, correlation, shape| Trend { name, steps, correlation, shape, gains: 4.0, margin: 4.0 };
    let leak =
        |name, steps, correlation, gains| Trend { name, steps, correlation, shape: Shape::Level, gains, margin: 1.0 };
    let level = |name, steps, correlation, shape| Trend { name, steps, correlation, shape, gains: 0.0, margin: 8.0 };
    vec![
        at_margin("at the margin, independent, 30 min", 30, 0.0, Shape::Level),
        at_margin("at the margin, independent, 60 min", 60, 0.0, Shape::Level),
        at_margin("at the margin, independent, 240 min", 240, 0.0, Shape::Level),
        at_margin("at the margin, correlation .3, 60 min", 60, 0.3, Shape::Level),
        at_margin("at the margin, correlation .7, 30 min", 30, 0.7, Shape::Level),
        at_margin("at the margin, correlation .7, 60 min", 60, 0.7, Shape::Level),
        at_margin("at the margin, correlation .9, 60 min", 60, 0.9, Shape::Level),
        at_margin("at the margin, correlation .9, 240 min", 240, 0.9, Shape::Level),
        at_margin("at the margin, random walk, 60 min", 60, 1.0, Shape::Level),
        at_margin("at the margin, a rise that both share, 60 min", 60, 0.3, Shape::Day),
        at_margin("at the margin, teeth of 15 min, 60 min", 60, 0.0, Shape::Sawtooth(15)),
        at_margin("at the margin, teeth of 24 min, 240 min", 240, 0.3, Shape::Sawtooth(24)),
        level("healthy, teeth of 15 min, 60 min", 60, 0.0, Shape::Sawtooth(15)),
        level("healthy, teeth of 40 min, 60 min", 60, 0.0, Shape::Sawtooth(40)),
        level("healthy, a rise that both share, 60 min", 60, 0.3, Shape::Day),
        level("healthy, settles at a higher level, 60 min", 60, 0.3, Shape::Settles),
        level("healthy, correlation .3, 60 min", 60, 0.3, Shape::Level),
        level("healthy, correlation .7, 60 min", 60, 0.7, Shape::Level),
        leak("leak of 3, correlation .3, 60 min", 60, 0.3, 3.0),
        leak("leak of 6, correlation .3, 60 min", 60, 0.3, 6.0),
        leak("leak of 6, correlation .7, 60 min", 60, 0.7, 6.0),
        leak("leak of 6, correlation .7, 240 min", 240, 0.7, 6.0),
        Trend { shape: Shape::Restart, ..leak("leak of 12 with a restart, 60 min", 60, 0.3, 12.0) },
    ]
}

fn spikes() -> Vec<Spikes> {
    let own = |limit: f64| Limit::Threshold(limit);
    let more = |by: f64| Limit::Margin { relative: None, absolute: Some(by) };
    let cell = |name, steps, canary, run, limit| Spikes { name, steps, baseline: 0.0, canary, run, every: None, limit };
    vec![
        cell("at the limit of 5 %, alone, 240 min", 240, 0.05, 1.0, own(0.05)),
        cell("at the limit of 5 %, runs of 3, 240 min", 240, 0.05, 3.0, own(0.05)),
        cell("at the limit of 5 %, runs of 8, 240 min", 240, 0.05, 8.0, own(0.05)),
        cell("at the limit of 1 %, alone, 1,440 min", 1440, 0.01, 1.0, own(0.01)),
        cell("at the limit of 1 %, runs of 3, 1,440 min", 1440, 0.01, 3.0, own(0.01)),
        Spikes { baseline: 0.03, ..cell("at baseline + 2pp, alone, 240 min", 240, 0.05, 1.0, more(0.02)) },
        Spikes { baseline: 0.03, ..cell("at baseline + 2pp, runs of 3, 240 min", 240, 0.05, 3.0, more(0.02)) },
        cell("healthy, none, limit 2 %, 240 min", 240, 0.0, 1.0, own(0.02)),
        cell("healthy, .2 % alone, limit 1 %, 1,440 min", 1440, 0.002, 1.0, own(0.01)),
        Spikes { baseline: 0.01, ..cell("healthy, 1 % in both, baseline + 5pp, 240 min", 240, 0.01, 2.0, more(0.05)) },
        Spikes { every: Some(20), ..cell("every 20 min, limit 1 %, 120 min", 120, 0.05, 1.0, own(0.01)) },
        Spikes { every: Some(20), ..cell("every 20 min, limit 1 %, 240 min", 240, 0.05, 1.0, own(0.01)) },
        Spikes { every: Some(20), ..cell("every 20 min, baseline + 1pp, 480 min", 480, 0.05, 1.0, more(0.01)) },
    ]
}

/// Measures and writes `trends.csv` and `trends.md`.
pub fn measure_all(runs: usize, seed: u64, threads: usize, folder: &Path) -> io::Result<()> {
    let mut csv = String::from("kind,cell,runs,fails,passes\n");
    let mut tables = [String::new(), String::new()];
    let mut put = |kind: usize, name: &str, (fails, passes): (f64, f64)| {
        let row = format!("| {name} | {fails:.3} | {passes:.3} | {:.3} |", 1.0 - fails - passes);
        println!("{row}");
        let _ = writeln!(tables[kind], "{row}");
        let _ = writeln!(csv, "{},{},{runs},{fails},{passes}", ["trend", "spikes"][kind], name.replace(',', ""));
    };
    for cell in trends() {
        put(0, cell.name, share(cell.name, runs, seed, threads, |noise| cell.judge(noise)));
    }
    for cell in spikes() {
        put(1, cell.name, share(cell.name, runs, seed, threads, |noise| cell.judge(noise)));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("trends.csv"), csv)?;
    let [trends, spikes] = tables;
    let version = env!("CARGO_PKG_VERSION");
    std::fs::write(
        folder.join("trends.md"),
        format!(
            include_str!("trends.txt"),
            runs = runs,
            seed = seed,
            version = version,
            trends = trends,
            spikes = spikes
        ),
    )
}
