//! Every quantile at once: how often equal arms fail, how often a canary at the margin passes, and what is found.
//!
//! Requests have a fast mode and a share in a slow one; the level of an arm wanders from minute to minute, or slowness comes in lumps.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use davy::judge::rules::{Kind, Limit, Statistic};
use davy::judge::verdict::Outcome;
use davy::series::{Bins, Histogram, Series};

use crate::alone::{answer, at, share};
use crate::soaks::noise::Noise;

/// A service and what its canary does.
#[derive(Clone, Copy)]
struct Cell {
    name: &'static str,
    /// Minutes, and requests in each.
    minutes: usize,
    each: usize,
    /// The correlation of the level from minute to minute, and its standard deviation.
    correlation: f64,
    wanders: f64,
    /// In one of so many minutes, one of ten requests waits for half a second.
    lumps: Option<usize>,
    /// What the canary does.
    canary: Change,
}

/// How a canary differs.
#[derive(Clone, Copy, Default)]
struct Change {
    /// All requests take so much longer.
    all: f64,
    /// So many of the requests take three times as long.
    slow: f64,
    /// So many of the requests take a second.
    second: f64,
}

/// The margin.
const MARGIN: f64 = 0.1;

impl Cell {
    fn arm(&self, change: Change, noise: &mut Noise) -> Series {
        let level = noise.slow(self.minutes, self.correlation);
        let minute = |minute: usize, noise: &mut Noise| {
            let waits = self.lumps.is_some_and(|every| noise.happens(1.0 / every as f64));
            let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).ok()?;
            for _ in 0..self.each {
                let usual = 80.0 * (0.25 * noise.normal()).exp();
                let took = if noise.happens(change.second) {
                    1_000.0
                } else if waits && noise.happens(0.1) {
                    500.0 + usual
                } else if noise.happens(change.slow) {
                    3.0 * usual
                } else {
                    usual
                };
                let took = took * (1.0 + change.all) * (self.wanders * level[minute]).exp();
                histogram.saturating_record((took * 1_000.0) as u64);
            }
            Some(Bins::from(&histogram))
        };
        let bins = (0..self.minutes).filter_map(|at| minute(at, noise)).collect();
        Series::Buckets { time: (0..self.minutes).map(at).collect(), bins, scale: 0.001 }
    }

    fn judge(&self, noise: &mut Noise) -> Outcome {
        let arms = [self.arm(Change::default(), noise), self.arm(self.canary, noise)];
        let limit = Limit::Margin { relative: Some(MARGIN), absolute: None };
        answer(self.minutes, Statistic::AnyQuantile { from: None, to: None }, limit, Kind::Values, arms)
    }
}

fn cells() -> Vec<Cell> {
    const USUAL: Cell = Cell {
        name: "",
        minutes: 60,
        each: 500,
        correlation: 0.3,
        wanders: 0.01,
        lumps: None,
        canary: Change { all: 0.0, slow: 0.0, second: 0.0 },
    };
    let change = |name, all, slow, second| Cell { name, canary: Change { all, slow, second }, ..USUAL };
    let at_margin = |name| change(name, MARGIN, 0.0, 0.0);
    vec![
        Cell { name: "equal, level wanders by 1 %", ..USUAL },
        Cell { name: "equal, by 3 %, correlation .7", correlation: 0.7, wanders: 0.03, ..USUAL },
        Cell { name: "equal, lumps in one minute of ten", lumps: Some(10), ..USUAL },
        Cell { name: "equal, 50 requests a minute", each: 50, ..USUAL },
        Cell { name: "equal, 12 minutes", minutes: 12, each: 2_500, ..USUAL },
        at_margin("all at the margin, level wanders by 1 %"),
        Cell { correlation: 0.7, wanders: 0.03, ..at_margin("all at the margin, by 3 %, correlation .7") },
        Cell { lumps: Some(10), ..at_margin("all at the margin, lumps in one minute of ten") },
        Cell { each: 50, ..at_margin("all at the margin, 50 requests a minute") },
        change("all 20 % slower", 0.2, 0.0, 0.0),
        change("all 30 % slower", 0.3, 0.0, 0.0),
        change("3 % take three times as long", 0.0, 0.03, 0.0),
        change("1 % take three times as long", 0.0, 0.01, 0.0),
        change("one of 200 takes a second", 0.0, 0.0, 0.005),
        Cell { lumps: Some(10), ..change("3 % take three times as long, lumps", 0.0, 0.03, 0.0) },
    ]
}

/// Measures and writes `quantiles.csv` and `quantiles.md`.
pub fn measure_all(runs: usize, seed: u64, threads: usize, folder: &Path) -> io::Result<()> {
    let (mut csv, mut rows) = (String::from("cell,runs,fails,passes\n"), String::new());
    for cell in cells() {
        let (fails, passes) = share("quantiles", cell.name, runs, seed, threads, |noise| cell.judge(noise));
        let row = format!("| {} | {fails:.3} | {passes:.3} | {:.3} |", cell.name, 1.0 - fails - passes);
        println!("{row}");
        let _ = writeln!(rows, "{row}");
        let _ = writeln!(csv, "{},{runs},{fails},{passes}", cell.name.replace(',', ""));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("quantiles.csv"), csv)?;
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(include_str!("quantiles.txt"), runs = runs, seed = seed, version = version, rows = rows);
    std::fs::write(folder.join("quantiles.md"), text)
}
