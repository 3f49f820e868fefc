//! What a command was given to judge: a configuration, or the data of both arms.
//!
//! Every wrong call gets the words to type.

use std::path::{Path, PathBuf};

use super::Failure;
use super::border::file_of;
use crate::cli;
use crate::plain;
use crate::record;
use crate::series::Pair;
use crate::source::survey;

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// A configuration; the one in the present folder if nothing was named.
    Config(Option<PathBuf>),
    /// The data of each arm.
    Two(Pair<PathBuf>),
    /// One file with the data of both.
    One(PathBuf),
}

impl Given {
    /// What these arguments name.
    ///
    /// # Errors
    ///
    /// They name data where a configuration belongs, or say of a configuration what only data needs.
    pub(super) fn of(files: &cli::Files) -> Result<Given, Failure> {
        let canary = canary(files)?;
        let given = match (&files.paths[..], &files.baseline, canary, &files.data) {
            ([baseline, canary], ..) => {
                let two = Pair { baseline: baseline.clone(), canary: canary.clone() };
                [&two.baseline, &two.canary].into_iter().try_for_each(|path| refuse_config(path, &two))?;
                Given::Two(two)
            }
            ([one], ..) => Given::Config(Some(one.clone())),
            (_, Some(baseline), Some(canary), _) => {
                Given::Two(Pair { baseline: baseline.clone(), canary: canary.clone() })
            }
            (_, _, _, Some(data)) => Given::One(data.clone()),
            _ => Given::Config(None),
        };
        if let (Given::Two(_), Some(_)) = (&given, &files.arm) {
            let why = "--arm says whose a row of one file is, and each arm has a file of its own here: leave it out";
            return Err(Failure::Misused(why.into()));
        }
        Ok(given)
    }

    /// The configuration's path, for a command that takes both.
    ///
    /// # Errors
    ///
    /// It is data, or options for data stand beside it.
    pub(super) fn config(path: Option<&Path>, files: &cli::Files) -> Result<PathBuf, Failure> {
        if let Some(path) = path.filter(|path| is_data(path)) {
            return Err(Failure::Misused(alone(path)));
        }
        if let Some(option) = files.said().first() {
            let named = path.map_or_else(|| format!("./{}", record::CONFIG), plain::path);
            return Err(Failure::Misused(format!(
                "{option} is for data without a configuration, and {named} is a configuration: write it there, or name the data, \
                 as in `davy judge OLD NEW {option} …`"
            )));
        }
        match path {
            Some(path) => Ok(path.to_owned()),
            None if Path::new(record::CONFIG).exists() => Ok(PathBuf::from(record::CONFIG)),
            None => {
                let why = "it does not exist. Name one, or two files of data: `davy judge OLD NEW`. `davy demo` shows how it works";
                Err(Failure::NoConfig { path: record::CONFIG.into(), why: why.into() })
            }
        }
    }

    /// The files that are named.
    pub(super) fn paths(&self) -> Vec<&Path> {
        match self {
            Given::Config(config) => vec![config.as_deref().unwrap_or(Path::new("."))],
            Given::Two(two) => vec![&two.baseline, &two.canary],
            Given::One(data) => vec![data],
        }
    }
}

/// The one file of `--canary`, where it may stand.
fn canary(files: &cli::Files) -> Result<Option<&PathBuf>, Failure> {
    let canary = match &files.canary[..] {
        [] => return Ok(None),
        [canary] => canary,
        [_, several @ ..] => {
            let also = plain::path(&several[0]);
            return Err(Failure::Misused(format!(
                "--canary {also} is a second canary, and this command takes one: `davy compare BASELINE --canary v2=FILE --canary v3=FILE` \
                 compares several"
            )));
        }
    };
    let shown = plain::path(canary);
    match (&files.paths[..], &files.baseline) {
        ([], Some(_)) => Ok(Some(canary)),
        ([], None) => Err(Failure::Misused(format!(
            "--canary {shown} has no baseline beside it: write `--baseline OLD --canary {shown}`"
        ))),
        ([one], _) => Err(Failure::Misused(format!(
            "--canary {shown} goes with --baseline: write `--baseline {} --canary {shown}`",
            plain::path(one)
        ))),
        _ => Err(Failure::Misused(format!("--canary {shown} stands beside two files of data: leave it out"))),
    }
}

/// Refuses a configuration in the place of data.
fn refuse_config(path: &Path, two: &Pair<PathBuf>) -> Result<(), Failure> {
    let has = |extension: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
    let is_recording = path.is_dir() && file_of(path).is_file();
    if !is_recording && (!has("yaml") && !has("yml") || survey::is_answer_in_yaml(path)) {
        return Ok(());
    }
    let [shown, baseline, canary] = [path, &two.baseline, &two.canary].map(plain::path);
    let diff = if is_recording {
        format!("; `davy diff {baseline} {canary}` shows how two recordings differ")
    } else {
        String::new()
    };
    Err(Failure::Misused(format!(
        "{shown} is a configuration, which says itself where both arms are: write `davy judge {shown}`{diff}"
    )))
}

/// Whether a path is data for certain: a file whose name says so.
fn is_data(path: &Path) -> bool {
    const DATA: [&str; 12] =
        ["csv", "tsv", "ndjson", "jsonl", "parquet", "log", "gz", "zst", "jtl", "hlog", "sketch", "txt"];
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    path.is_file() && extension.is_some_and(|extension| DATA.contains(&extension.as_str()))
}

/// One file of data alone.
fn alone(path: &Path) -> String {
    let shown = plain::path(path);
    format!(
        "{shown} is data and not a configuration. If it is the canary's, name the baseline's file before it: `davy judge OLD {shown}`. If \
         it holds both arms: `davy judge --data {shown}`"
    )
}
