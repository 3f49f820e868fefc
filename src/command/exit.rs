//! What davy exits with: documented constants, part of the interface.
//!
//! A verdict never shares a number with a crash or a typo, so "roll back on 10" cannot be set off by a missing flag.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::Problems;
use crate::config::plan::OnInconclusive;
use crate::judge::verdict::Outcome;
use crate::plain;
use crate::source::Kind;
use crate::{ingest, record, report};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The verdict passes, or warns.
    Pass = 0,
    /// `replay --check`: a verdict differs from the recorded one.
    Differs = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The verdict fails.
    Fail = 10,
    /// The verdict is inconclusive.
    Inconclusive = 11,
    /// The verdict warns, and that was to stop the pipeline.
    Warn = 12,
    /// Data could not be read.
    Data = 65,
    /// A source could not be reached.
    Source = 69,
    /// Output could not be written.
    Output = 74,
    /// The configuration is wrong.
    Config = 78,
    /// Somebody stopped it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// How a verdict exits.
    pub fn of(outcome: Outcome, on_inconclusive: OnInconclusive, fail_on_warn: bool) -> Exit {
        let warn = if fail_on_warn { Exit::Warn } else { Exit::Pass };
        match (outcome, on_inconclusive) {
            (Outcome::Pass, _) | (Outcome::Inconclusive, OnInconclusive::Pass) => Exit::Pass,
            (Outcome::Warn, _) | (Outcome::Inconclusive, OnInconclusive::Warn) => warn,
            (Outcome::Fail, _) | (Outcome::Inconclusive, OnInconclusive::Fail) => Exit::Fail,
            (Outcome::Inconclusive, OnInconclusive::Keep) => Exit::Inconclusive,
        }
    }

    /// Of several answers the one that a pipeline must hear: a failure before a doubt before a warning.
    pub fn worse(self, other: Exit) -> Exit {
        let rank = |exit: Exit| match exit {
            Exit::Pass => 0,
            Exit::Warn => 1,
            Exit::Inconclusive => 2,
            Exit::Fail => 3,
            Exit::Differs => 4,
            Exit::Usage | Exit::Data | Exit::Source | Exit::Output | Exit::Config | Exit::Interrupted => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] Problems),
    /// The configuration's file cannot be read.
    #[error("cannot read the configuration {}: {why}", plain::path(path))]
    NoConfig {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Somebody stopped it before there was anything to say.
    #[error("interrupted before there was another look")]
    Interrupted,
    /// Looks were asked for, and nothing says how often.
    #[error("no look interval: add `--every 5m`, or `every` to the configuration")]
    HowOften,
    /// An argument names nothing.
    #[error("{0}")]
    Misused(String),
    /// The data cannot be read or reached.
    #[error("{0}")]
    Data(#[from] ingest::Error),
    /// One of several canaries cannot be compared.
    #[error("canary {}: {failure}", plain::line(name))]
    Canary {
        /// Its name.
        name: String,
        /// Why not.
        failure: Box<Failure>,
    },
    /// A recording is to be compared with its verdict, and has none.
    #[error(
        "it has no verdict.json to compare with: it was fetched and not judged yet. `davy judge {0}` judges it, and `davy replay \
         {0} --accept` makes that its verdict",
        plain::path(folder)
    )]
    NotJudged {
        /// The recording.
        folder: PathBuf,
    },
    /// A file can be read, but not for what it was given for.
    #[error("{0}")]
    Unusable(String),
    /// A saved verdict cannot be read.
    #[error("{}: {error}", plain::path(path))]
    Verdict {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: report::Error,
    },
    /// A file cannot be read at all.
    #[error("cannot read {}: {error}", plain::path(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// Output cannot be written.
    #[error("cannot write {}: {error}", plain::path(path))]
    Output {
        /// Where to.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A recording cannot be written.
    #[error("{0}")]
    Record(#[from] record::Error),
}

impl Failure {
    /// Output that could not be written to a path.
    pub(super) fn output(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + '_ {
        |error| Failure::Output { path: path.to_owned(), error }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Config(_) | Failure::NoConfig { .. } => Exit::Config,
            Failure::Interrupted => Exit::Interrupted,
            Failure::Canary { failure, .. } => failure.exit(),
            Failure::HowOften | Failure::Misused(_) => Exit::Usage,
            Failure::Data(error) if error.kind() == Kind::Unreachable => Exit::Source,
            Failure::Data(error) if error.kind() == Kind::Interrupted => Exit::Interrupted,
            Failure::Data(_) | Failure::Unusable(_) | Failure::Verdict { .. } => Exit::Data,
            Failure::Unreadable { .. } | Failure::NotJudged { .. } => Exit::Source,
            Failure::Output { .. } | Failure::Record(_) => Exit::Output,
        }
    }
}
