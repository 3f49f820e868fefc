//! `davy demo`: two small files and their verdict, so that the first look needs neither data nor a clone.
//!
//! The numbers are made from a seed: an hour of a service whose new version answers a quarter slower, and fails no more often.
//! They are the same on every machine.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rand_distr::{Binomial, Distribution, LogNormal, Poisson};
use rand_pcg::Pcg64Mcg;

use super::console::Console;
use super::judge;
use super::{Exit, Failure};
use crate::cli;
use crate::output;
use crate::plain;

/// 2026-03-01 12:00 UTC.
const START: i64 = 1_772_366_400;
const MINUTES: i32 = 60;

pub(super) fn run(console: &Console, arguments: &cli::Demo) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(Failure::output(folder))?;
    let files = [("old.csv", 182.0, 41), ("new.csv", 227.0, 42)];
    let mut paths = Vec::new();
    for (name, p95, seed) in files {
        let path = folder.join(name);
        write(&path, &rows(p95, seed))?;
        paths.push(path);
    }
    let [old, new] = [&paths[0], &paths[1]].map(plain::path);
    console.note(&format!("wrote {old} and {new}: an hour of a service, and its new version"));
    console.note(&format!("this is what `davy judge {old} {new}` prints:"));
    let exit = judge::run(console, judged(paths))?;
    console.note(&format!("it exits with {}, so that a pipeline stops here. Next:", exit as u8));
    console.note(&format!("  davy judge {old} {new} --report html=verdict.html    a page for a browser"));
    console.note(&format!("  davy judge {old} {new} --margin latency_p95=40%      another margin"));
    console.note(&format!("  davy init {old} {new} --output canary.yaml           a configuration to edit"));
    Ok(exit)
}

/// The arguments of `davy judge OLD NEW`.
fn judged(paths: Vec<PathBuf>) -> cli::Judge {
    cli::Judge {
        files: cli::Files { paths, ..cli::Files::default() },
        resolve: cli::Resolve::default(),
        output: cli::Output::default(),
        record: None,
        history: None,
        as_written: false,
        earlier: None,
        hooks: false,
        all: None,
        jobs: None,
        exit: cli::Exit::default(),
    }
}

/// An hour in minutes. The distributions exist for all of these numbers.
fn rows(p95: f64, seed: u64) -> String {
    let mut chance = Pcg64Mcg::new(u128::from(seed) << 64 | 0x5eed);
    let mut text = "time,requests,errors,p95_ms\n".to_owned();
    for minute in 0..MINUTES {
        let at = Timestamp::from_second(START).unwrap_or_default() + SignedDuration::from_mins(1) * minute;
        let requests = Poisson::new(1_200.0).map_or(1_200.0, |spread| spread.sample(&mut chance));
        let errors = Binomial::new(requests as u64, 0.004).map_or(0, |spread| spread.sample(&mut chance));
        let p95 = LogNormal::new(p95.ln(), 0.05).map_or(p95, |spread| spread.sample(&mut chance));
        text.push_str(&format!("{at},{requests},{errors},{p95:.1}\n"));
    }
    text
}

/// Writes a file of the demonstration; another one of that name is left as it is.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if path.exists() && std::fs::read_to_string(path).ok().as_deref() != Some(text) {
        let why = "it exists and is left as it is: name another folder, as in `davy demo somewhere`";
        let error = io::Error::new(io::ErrorKind::AlreadyExists, why);
        return Err(Failure::Output { path: path.to_owned(), error });
    }
    output::write(path, text).map_err(Failure::output(path))
}
