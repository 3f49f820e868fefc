//! `davy judge --all`: every gate of a folder in one process, a line of JSON for each.
//!
//! A gate is a configuration file, or a folder with a canary.yaml, which a recording is as well. Each is judged by one worker from
//! the file to the line, so no more data is in memory than there are workers. Lines come as gates are done; what is wrong with one
//! gate is its line, and stops no other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::console::Console;
use super::pipeline::{self, Judged};
use super::places::Places;
use super::{Exit, Failure, look};
use crate::cli;
use crate::import;
use crate::plain;
use crate::record;
use crate::report::document::{Finding, Outcome, Score};

/// What files of configurations end in.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Keys that a configuration in JSON has, and data has not.
const KEYS: [&str; 3] = ["sources", "criteria", "arms"];
/// No configuration is larger; a file of data may be.
const LARGEST: u64 = 16 << 20;

/// A line of the answer.
#[derive(Serialize)]
struct Line<'a> {
    /// The path below the folder.
    gate: &'a str,
    /// What davy would exit with, if it judged this gate alone.
    exit: u8,
    #[serde(flatten)]
    said: Said<'a>,
}

/// What is said of a gate.
#[derive(Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Judged { name: &'a str, outcome: Outcome, score: &'a Score, summary: &'a str, findings: Vec<Value> },
    Refused { error: String },
}

pub(super) fn run(console: &Console, folder: &Path, arguments: &cli::Judge) -> Result<Exit, Failure> {
    let gates = gates(console, folder)?;
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let workers = arguments.jobs.unwrap_or_else(cores).min(gates.len());
    let (next, (done, answers)) = (AtomicUsize::new(0), mpsc::sync_channel(workers));
    let work = |done: mpsc::SyncSender<_>| {
        while let Some(gate) = gates.get(next.fetch_add(1, Ordering::Relaxed)) {
            let aside = console.aside();
            let judged = judge(&aside, &folder.join(gate), arguments, now);
            // nobody hears the rest once the answer cannot be written
            if done.send((gate, aside, judged)).is_err() {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        (0..workers).for_each(|_| {
            let done = done.clone();
            scope.spawn(|| work(done));
        });
        drop(done);
        answer(console, gates.len(), arguments, answers)
    })
}

/// Says each gate as soon as it is done, and at the end how many became what.
fn answer(
    console: &Console,
    of: usize,
    arguments: &cli::Judge,
    answers: mpsc::Receiver<(&PathBuf, Console, Result<Judged, Failure>)>,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Pass;
    let mut counted = [0_usize; 1 + REFUSED];
    for (done, (gate, aside, judged)) in answers.iter().enumerate() {
        let gate = if gate.as_os_str().is_empty() { ".".into() } else { plain::path(gate) };
        console.tell(aside, |said| format!("{gate}: {said}"));
        let (own, place, line) = match &judged {
            Ok(judged) => {
                let own = pipeline::exit(judged, &arguments.exit);
                let document = judged.document();
                let findings = document.findings.iter().filter(|finding| finding.outcome != Outcome::Pass).map(brief);
                let said = Said::Judged {
                    name: &document.name,
                    outcome: document.outcome,
                    score: &document.score,
                    summary: &document.summary,
                    findings: findings.collect(),
                };
                (own, place(document.outcome), line(&gate, own, said))
            }
            Err(failure) => {
                (failure.exit(), REFUSED, line(&gate, failure.exit(), Said::Refused { error: failure.to_string() }))
            }
        };
        exit = exit.worse(own);
        counted[place] += 1;
        console.answer(&line)?;
        console.progress().counted("judged", done as u64 + 1, Some(of as u64));
    }
    console.progress().over();
    let [pass, warn, inconclusive, fail, refused] = counted;
    console.note(&format!(
        "{of} gates: {pass} pass, {warn} warn, {inconclusive} inconclusive, {fail} fail, {refused} could not be judged"
    ));
    Ok(exit)
}

/// The place of gates that could not be judged.
const REFUSED: usize = 4;

/// The place in which an outcome is counted.
fn place(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Pass => 0,
        Outcome::Warn => 1,
        Outcome::Inconclusive => 2,
        Outcome::Fail => 3,
    }
}

fn line(gate: &str, exit: Exit, said: Said) -> String {
    let line = serde_json::to_string(&Line { gate, exit: exit as u8, said });
    format!("{}\n", line.unwrap_or_default())
}

/// What a finding says that does not pass.
fn brief(finding: &Finding) -> Value {
    json!({ "criterion": finding.criterion, "outcome": finding.outcome, "sentence": finding.sentence })
}

fn judge(console: &Console, gate: &Path, arguments: &cli::Judge, now: Timestamp) -> Result<Judged, Failure> {
    let loaded = pipeline::load(gate)?.told(console);
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let places = Places::new(Vec::new(), Vec::new())?;
    look::judge(console, &loaded, &options, &places, None)
}

/// The gates below a folder, as paths below it, in order.
///
/// # Errors
///
/// There are none, or there may be some where they cannot be looked for.
fn gates(console: &Console, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    below(folder, Path::new(""), false, &mut found)?;
    let (data, found): (Vec<PathBuf>, Vec<PathBuf>) = found.into_iter().partition(|path| is_data(&folder.join(path)));
    for path in data {
        console.note(&format!("{}: left out, since this JSON is data and no configuration", plain::path(path)));
    }
    if found.is_empty() {
        let why = format!(
            "no configuration is below it: a gate is a file that ends in .yaml, .yml or .json, or a folder with a {}",
            record::CONFIG
        );
        return Err(Failure::NoConfig { path: folder.to_owned(), why });
    }
    Ok(found)
}

/// Whether a file is JSON, but neither a configuration of davy nor one that davy imports. What cannot be parsed is a gate, whose line
/// says what is wrong.
fn is_data(path: &Path) -> bool {
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("json")) || path.is_dir() {
        return false;
    }
    if path.metadata().is_ok_and(|file| file.len() > LARGEST) {
        return true;
    }
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    // rows of data may stand one after the other
    let first = serde_json::Deserializer::from_str(&text).into_iter::<Value>().next();
    let Some(Ok(value)) = first else { return false };
    !KEYS.iter().any(|key| value.get(key).is_some()) && import::recognise(&text).is_none()
}

/// A folder with a canary.yaml is a gate, whose other files belong to it; folders below it may be gates of their own. Hidden
/// files are left out.
fn below(root: &Path, at: &Path, belongs: bool, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let folder = root.join(at);
    let unreadable = |error| Failure::Unreadable { path: folder.clone(), error };
    let is_gate = folder.join(record::CONFIG).is_file();
    if is_gate {
        found.push(at.to_owned());
    }
    let belongs = belongs || is_gate;
    let mut entries: Vec<_> = std::fs::read_dir(&folder).and_then(Iterator::collect).map_err(unreadable)?;
    entries.retain(|entry: &std::fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.'));
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = at.join(entry.file_name());
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_symlink() && !root.join(&path).is_file() {
            let link = plain::path(root.join(&path));
            return Err(Failure::Unusable(format!(
                "{link}: a link that leads to no file is not followed. Remove it, or judge the folder that it leads to"
            )));
        }
        if kind.is_dir() {
            below(root, &path, belongs, found)?;
        } else if !belongs && ending.is_some_and(|ending| ENDINGS.contains(&&*ending)) {
            found.push(path);
        }
    }
    Ok(())
}
