//! What is asked of a log: where its lines are, whose they are, and which of them count.

use std::path::PathBuf;

use crate::series::{Pair, SignedDuration, Window};
use crate::source::requests::{Arms, Condition};

/// The lines of both arms, and how they become templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The log of each arm.
    pub logs: Pair<Log>,
    /// Whether details that may be personal are masked.
    pub masks: bool,
    /// Words that stand for an arm and mean the same in both: the labels.
    pub words: Vec<String>,
}

/// A log as it is for one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Files, folders and patterns. Relative paths are already resolved.
    pub inputs: Vec<PathBuf>,
    /// The inputs as the user wrote them, for messages.
    pub shown: String,
    /// The column with the message, where it has no usual name.
    pub message: Option<String>,
    /// The column with the time, where it has no usual name.
    pub time: Option<String>,
    /// The time zone of times without an offset (IANA name); UTC when not given.
    pub zone: Option<String>,
    /// Whose line a line is.
    pub arms: Arms,
    /// What that calls this arm.
    pub arm: String,
    /// Which lines count.
    pub filter: Option<Condition>,
    /// The share of lines that may be unreadable.
    pub max_bad: f64,
    /// The most lines that an answer of a store can have: one with as many is not whole.
    pub limit: Option<u64>,
}

/// When lines count, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spans {
    /// Each arm's window.
    pub windows: Pair<Window>,
    /// How long a step is.
    pub step: SignedDuration,
}
