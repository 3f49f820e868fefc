//! The operating characteristics of the judge, measured: how often identical arms fail, how often and how soon a
//! worse canary does, how often a canary at the margin passes.
//!
//! ```sh
//! cargo bench --no-default-features --bench calibration -- --soaks 2000
//! ```
//!
//! writes `reports/calibration`: every number as CSV, and a README of tables whose words are here too, so that
//! neither can be out of date without the other. With `--check` a target that is missed ends it with exit code 1.
//! The results depend on the seed and the number of soaks alone.
//!
//! ```sh
//! cargo bench --no-default-features --bench calibration -- --efficiency 300
//! ```
//!
//! compares the judge with an oracle that knows the noise, and writes `efficiency.md` beside the others; with `--history`, the
//! judge that knows a day of the past, and writes `history.md`; with `--families`, it asks many criteria at once, and
//! writes `families.md`. `--slices 1000` asks which slice of a service is worse, and writes `slices.md`,
//! `--trends 2000` asks for trends and spikes, and writes `trends.md`, `--quantiles 1000` asks for any quantile, and writes
//! `quantiles.md`, and `--days 2000` compares with several earlier days, and writes `days.md`.

#![allow(missing_docs)]

#[path = "../../tests/soaks/mod.rs"]
mod soaks;

mod alone;
mod days;
mod efficiency;
mod families;
mod history;
mod plan;
mod quantiles;
mod report;
mod slices;
mod targets;
mod trends;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use glob::Pattern;

use plan::{Run, Section, Sizes};
use soaks::cells::Cell;

/// Measures how often the judge is right and wrong on simulated soaks.
#[derive(Parser, Debug)]
struct Arguments {
    /// Soaks per cell of identical arms.
    #[arg(long)]
    soaks: Option<usize>,
    /// Runs per cell of the comparison with an oracle that knows the noise.
    #[arg(long, value_name = "RUNS")]
    efficiency: Option<usize>,
    /// Instead, how much a judge gains that knows a day of the baseline's past.
    #[arg(long, requires = "efficiency")]
    history: bool,
    /// Instead, what is found among many criteria, and how often a healthy run of them fails.
    #[arg(long, requires = "efficiency", conflicts_with = "history")]
    families: bool,
    /// Only these cells of that comparison, which are printed and not written: `gauge/*`, `looks/*`.
    #[arg(long, value_name = "GLOB", requires = "efficiency")]
    cells: Option<Pattern>,
    /// Runs of a service with 200 slices, to see which are named.
    #[arg(long, value_name = "RUNS")]
    slices: Option<usize>,
    /// Only the services whose names hold this; they are printed and not written.
    #[arg(long, value_name = "WORD", requires = "slices")]
    service: Option<String>,
    /// Runs per cell of trends and spikes.
    #[arg(long, value_name = "RUNS")]
    trends: Option<usize>,
    /// Runs per cell of any quantile.
    #[arg(long, value_name = "RUNS")]
    quantiles: Option<usize>,
    /// Runs per cell of several earlier days.
    #[arg(long, value_name = "RUNS")]
    days: Option<usize>,
    /// Soaks per cell of power; a fifth of the others when not said.
    #[arg(long)]
    power_soaks: Option<usize>,
    /// Soaks per cell that judges every request, which takes a hundred times as long; a tenth of the others when not
    /// said.
    #[arg(long)]
    request_soaks: Option<usize>,
    /// What all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these scenarios, separated by commas.
    #[arg(long, value_delimiter = ',')]
    scenarios: Vec<String>,
    /// Only these sections, separated by commas; the numbers of the others are those in the folder.
    #[arg(long, value_delimiter = ',')]
    sections: Vec<Section>,
    /// No section: the words are written anew from the numbers in the folder.
    #[arg(long, conflicts_with = "sections")]
    words: bool,
    /// Threads; as many as there are cores when not said.
    #[arg(long)]
    threads: Option<usize>,
    /// Where the tables go.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/calibration"))]
    out: PathBuf,
    /// Exit with 1 when a target is missed.
    #[arg(long)]
    check: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let asked = [
        arguments.soaks,
        arguments.efficiency,
        arguments.slices,
        arguments.trends,
        arguments.quantiles,
        arguments.days,
    ];
    if asked.iter().all(Option::is_none) {
        println!(
            "nothing is measured without a number: cargo bench --bench calibration -- --soaks 2000 --efficiency 300"
        );
        return ExitCode::SUCCESS;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(cores);
    if let Some(runs) = arguments.efficiency {
        let plan = efficiency::Plan { runs, seed: arguments.seed, cells: arguments.cells.as_ref(), threads };
        let run = match (arguments.history, arguments.families) {
            (true, _) => history::run,
            (_, true) => families::run,
            _ => efficiency::run,
        };
        if let Err(error) = run(&plan, &arguments.out) {
            return unwritten(&arguments, &error);
        }
    }
    if let Some(runs) = arguments.slices {
        let only = arguments.service.as_deref();
        if let Err(error) = slices::measure_all(runs, arguments.seed, threads, only, &arguments.out) {
            return unwritten(&arguments, &error);
        }
    }
    if let Some(runs) = arguments.trends
        && let Err(error) = trends::measure_all(runs, arguments.seed, threads, &arguments.out)
    {
        return unwritten(&arguments, &error);
    }
    if let Some(runs) = arguments.quantiles
        && let Err(error) = quantiles::measure_all(runs, arguments.seed, threads, &arguments.out)
    {
        return unwritten(&arguments, &error);
    }
    if let Some(runs) = arguments.days
        && let Err(error) = days::measure_all(runs, arguments.seed, threads, &arguments.out)
    {
        return unwritten(&arguments, &error);
    }
    arguments.soaks.map_or(ExitCode::SUCCESS, |soaks| characteristics(&arguments, soaks, threads))
}

fn unwritten(arguments: &Arguments, error: &std::io::Error) -> ExitCode {
    eprintln!("cannot write to {}: {error}", arguments.out.display());
    ExitCode::from(2)
}

fn unreadable(arguments: &Arguments, section: Section, error: &std::io::Error) -> ExitCode {
    eprintln!("cannot read {}.csv in {}: {error}", section.name(), arguments.out.display());
    ExitCode::from(2)
}

fn measure(arguments: &Arguments, section: Section, sizes: &Sizes, threads: usize) -> Vec<Cell> {
    let started = Instant::now();
    let is_asked =
        |run: &Run| arguments.scenarios.is_empty() || arguments.scenarios.iter().any(|s| s == run.scenario());
    let cells = plan::runs(section, sizes).into_iter().filter(is_asked).flat_map(|run| {
        let cells = run.measure(sizes, threads);
        eprintln!("{:>6.0} s  {} {}", started.elapsed().as_secs_f64(), section.name(), run.name());
        cells
    });
    cells.collect()
}

/// Measures the operating characteristics and writes them.
fn characteristics(arguments: &Arguments, soaks: usize, threads: usize) -> ExitCode {
    let sizes = Sizes {
        soaks,
        power: arguments.power_soaks.unwrap_or(soaks.div_ceil(5)),
        requests: arguments.request_soaks.unwrap_or(soaks.div_ceil(10)),
        seed: arguments.seed,
    };
    let is_named = |section: &Section| arguments.sections.is_empty() || arguments.sections.contains(section);
    let asked = |section: &Section| !arguments.words && is_named(section);
    let mut results = Vec::new();
    for section in Section::value_variants() {
        let cells = if asked(section) {
            measure(arguments, *section, &sizes, threads)
        } else {
            // measured at another time
            match report::read(&arguments.out, *section) {
                Ok(cells) => cells,
                Err(error) => return unreadable(arguments, *section, &error),
            }
        };
        results.push((*section, cells));
    }
    if let Err(error) = report::write(&arguments.out, &results, &sizes) {
        return unwritten(arguments, &error);
    }
    let missed = targets::missed(&results);
    missed.iter().for_each(|miss| eprintln!("missed: {miss}"));
    eprintln!("{} targets missed; see {}", missed.len(), arguments.out.join("README.md").display());
    if arguments.check && !missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
