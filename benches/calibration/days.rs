//! Several earlier days: how often a healthy day fails, how often one at the margin passes or fails, and what is found.
//!
//! A window has sixty minutes. Each day has a level of its own; levels may hang together from day to day or follow the weekday,
//! and may be seen in the hour before as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use davy::judge::rules::{Kind, Limit, Scale, Statistic, Unit};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Days, Pair, Series, SignedDuration, Timestamp, Window};

use crate::alone::{at, of_data, share};
use crate::soaks::noise::Noise;

/// What is measured each minute.
#[derive(Clone, Copy, PartialEq)]
enum What {
    /// A number, such as a percentile.
    Level,
    /// Errors among a thousand requests.
    Errors,
}

/// A cell of the table.
#[derive(Clone, Copy)]
struct Cell {
    name: &'static str,
    what: What,
    /// How many earlier days there are.
    days: usize,
    /// The correlation of a day's level with the next.
    correlation: f64,
    /// How much lower weekends are, in standard deviations of the days.
    weekend: f64,
    /// The part of the variance of days that the hour before shares; nothing where that hour is not asked for.
    shared: Option<f64>,
    /// How much higher one of the days is, likewise.
    incident: f64,
    /// What the canary changes, and its margin, likewise.
    effect: f64,
    margin: f64,
}

const MINUTES: usize = 60;
const MINUTES_OF_A_DAY: usize = 1_440;
/// The standard deviation of the days, of logarithms.
const SPREAD: f64 = 0.1;
/// That of the minutes within a day.
const WITHIN: f64 = 0.03;
/// Errors by request.
const ERRORS: f64 = 0.02;
const REQUESTS: u64 = 1_000;

impl Cell {
    /// The levels of each day's hour, and of the hour before, the earliest first.
    fn levels(&self, noise: &mut Noise) -> (Vec<f64>, Vec<f64>, usize) {
        let n = self.days + 1;
        let common = noise.slow(n, self.correlation);
        let shared = self.shared.unwrap_or(1.0);
        let first = (noise.uniform() * 7.0) as usize;
        let incident = (noise.uniform() * self.days as f64) as usize;
        let mut level = |day: usize| {
            let weekend = if (first + day) % 7 >= 5 { self.weekend } else { 0.0 };
            shared.sqrt() * common[day] + (1.0 - shared).sqrt() * noise.normal() - weekend
        };
        let before: Vec<f64> = (0..n).map(&mut level).collect();
        let mut after: Vec<f64> = (0..n).map(&mut level).collect();
        after[incident.min(self.days - 1)] += self.incident;
        after[self.days] += self.effect;
        (before, after, first)
    }

    fn judge(&self, noise: &mut Noise) -> Outcome {
        let (before, after, first) = self.levels(noise);
        // 1970-01-05 was a Monday
        let starts = |day: usize| (4 + 70 + first + day) * MINUTES_OF_A_DAY + 9 * 60;
        let mut all = Minutes::default();
        let mut canary = Minutes::default();
        for day in 0..=self.days {
            all.add(self.what, starts(day) - MINUTES, before[day], noise);
            let hour = if day == self.days { &mut canary } else { &mut all };
            hour.add(self.what, starts(day), after[day], noise);
        }
        let window = |day: usize| Window { start: at(starts(day)), end: at(starts(day) + MINUTES) };
        let windows = Pair { baseline: window(self.days - 1), canary: window(self.days) };
        let series = all.series(self.what);
        let baseline = series.within(&windows.baseline);
        let days = Days {
            windows: (0..self.days).rev().map(window).collect(),
            before: self.shared.map(|_| SignedDuration::from_mins(MINUTES as i64)),
            metrics: BTreeMap::from([("m".to_owned(), series)]),
        };
        let pair = Pair { baseline, canary: canary.series(self.what) };
        let data = Dataset {
            metrics: BTreeMap::from([("m".to_owned(), pair)]),
            days: Some(days),
            ..Dataset::new(windows, SignedDuration::from_mins(1))
        };
        answer(self.what, (SPREAD * self.margin).exp_m1(), &data)
    }
}

/// Numbers of minutes.
#[derive(Default)]
struct Minutes {
    time: Vec<Timestamp>,
    value: Vec<f64>,
    bad: Vec<u64>,
}

impl Minutes {
    fn add(&mut self, what: What, start: usize, level: f64, noise: &mut Noise) {
        let within = noise.slow(MINUTES, 0.5);
        for (minute, own) in within.into_iter().enumerate() {
            self.time.push(at(start + minute));
            let factor = (SPREAD * level + if what == What::Level { WITHIN * own } else { 0.0 }).exp();
            self.value.push(200.0 * factor);
            self.bad.push(if what == What::Errors { noise.binomial(REQUESTS, ERRORS * factor) } else { 0 });
        }
    }

    fn series(self, what: What) -> Series {
        let Minutes { time, value, bad } = self;
        match what {
            What::Level => Series::Gauge { time, value, requests: None },
            What::Errors => Series::Counts { total: vec![REQUESTS; time.len()], time, bad },
        }
    }
}

fn answer(what: What, margin: f64, data: &Dataset) -> Outcome {
    let limit = Limit::Margin { relative: Some(margin), absolute: None };
    let (kind, statistic, unit) = match what {
        What::Level => (Kind::Gauge { quantile: None, scale: Scale::Auto }, Statistic::Typical, Unit::Milliseconds),
        What::Errors => (Kind::BadShare, Statistic::Rate, Unit::Share),
    };
    of_data(statistic, limit, (kind, unit), data)
}

fn cells() -> Vec<Cell> {
    let plain = |name, days, effect, margin| Cell {
        name,
        what: What::Level,
        days,
        correlation: 0.0,
        weekend: 0.0,
        shared: None,
        incident: 0.0,
        effect,
        margin,
    };
    let edge = |name, days| plain(name, days, 2.0, 2.0);
    let healthy = |name, days, margin| plain(name, days, 0.0, margin);
    let errors = |cell: Cell| Cell { what: What::Errors, ..cell };
    vec![
        edge("at the margin, 2 days", 2),
        edge("at the margin, 3 days", 3),
        edge("at the margin, 7 days", 7),
        edge("at the margin, 14 days", 14),
        errors(edge("at the margin, errors, 7 days", 7)),
        errors(edge("at the margin, errors, 14 days", 14)),
        Cell { correlation: 0.5, ..edge("at the margin, correlation .5, 14 days", 14) },
        Cell { correlation: 0.8, ..edge("at the margin, correlation .8, 14 days", 14) },
        Cell { weekend: 1.0, ..edge("at the margin, weekends 1 lower, 14 days", 14) },
        Cell { weekend: 4.0, ..edge("at the margin, weekends 4 lower, 14 days", 14) },
        Cell { shared: Some(0.8), ..edge("at the margin, hour before shares .8, 7 days", 7) },
        Cell { shared: Some(0.8), ..edge("at the margin, hour before shares .8, 14 days", 14) },
        Cell { shared: Some(0.0), ..edge("at the margin, hour before shares nothing, 14 days", 14) },
        Cell { shared: Some(0.8), weekend: 4.0, ..edge("at the margin, both, 14 days", 14) },
        Cell { incident: 10.0, ..edge("at the margin, one day 10 higher, 14 days", 14) },
        Cell { incident: -10.0, ..edge("at the margin, one day 10 lower, 14 days", 14) },
        healthy("healthy, margin 2, 14 days", 14, 2.0),
        healthy("healthy, margin 5, 7 days", 7, 5.0),
        healthy("healthy, margin 5, 14 days", 14, 5.0),
        errors(healthy("healthy, errors, margin 5, 14 days", 14, 5.0)),
        Cell { shared: Some(0.8), ..healthy("healthy, margin 2, hour before shares .8, 14 days", 14, 2.0) },
        Cell { incident: 10.0, ..healthy("healthy, margin 5, one day 10 higher, 14 days", 14, 5.0) },
        plain("worse by 5, margin 2, 7 days", 7, 5.0, 2.0),
        plain("worse by 5, margin 2, 14 days", 14, 5.0, 2.0),
        errors(plain("worse by 5, errors, margin 2, 14 days", 14, 5.0, 2.0)),
        Cell { shared: Some(0.8), ..plain("worse by 5, margin 2, hour before shares .8, 14 days", 14, 5.0, 2.0) },
        Cell { incident: 10.0, ..plain("worse by 10, margin 2, one day 10 higher, 14 days", 14, 10.0, 2.0) },
    ]
}

/// Measures and writes `days.csv` and `days.md`.
pub fn measure_all(runs: usize, seed: u64, threads: usize, folder: &Path) -> io::Result<()> {
    let mut csv = String::from("cell,runs,fails,passes\n");
    let mut table = String::new();
    for cell in cells() {
        let (fails, passes) = share("days", cell.name, runs, seed, threads, |noise| cell.judge(noise));
        let row = format!("| {} | {fails:.3} | {passes:.3} | {:.3} |", cell.name, 1.0 - fails - passes);
        println!("{row}");
        let _ = writeln!(table, "{row}");
        let _ = writeln!(csv, "{},{runs},{fails},{passes}", cell.name.replace(',', ""));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("days.csv"), csv)?;
    let version = env!("CARGO_PKG_VERSION");
    let page = format!(include_str!("days.txt"), runs = runs, seed = seed, version = version, table = table);
    std::fs::write(folder.join("days.md"), page)
}
