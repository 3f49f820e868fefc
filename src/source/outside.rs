//! What asking the outside world needs from the program around it, and what it tells meanwhile.

use std::sync::Arc;

use super::tokens::Tokens;
use crate::series::Timestamp;

/// What asking the outside world needs from the program around it.
pub struct Outside<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Whether an interrupt (Ctrl-C, SIGTERM) ends the asking: what was begun elsewhere is stopped, and the error is
    /// [`Kind::Interrupted`](super::Kind::Interrupted).
    pub interruptible: bool,
    /// Whether files may be being written just now: then a last line without an end is not taken.
    pub growing: bool,
    /// What a variable of the environment holds: secrets are read when they are needed, and kept nowhere.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The tokens of the run so far.
    pub tokens: Arc<Tokens>,
    /// Hears how it goes.
    pub told: &'a (dyn Fn(Told) + Sync),
}

impl Outside<'_> {
    /// Nobody listens, nobody interrupts, and the environment is empty.
    pub fn quiet(now: Timestamp) -> Outside<'static> {
        let tokens = Arc::default();
        Outside { now, interruptible: false, growing: false, variable: &|_| None, tokens, told: &|_| {} }
    }
}

/// How asking goes, while it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something went wrong and is tried again.
    Again(String),
    /// What a person should look at.
    Doubt(String),
    /// What it took: calls, bytes.
    Cost(String),
    /// How far it is.
    Progress {
        /// What is being done.
        what: &'static str,
        /// How much of it is.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
    /// How far the reading of files is.
    Reading {
        /// Rows so far.
        rows: u64,
        /// Bytes so far, as they lie on the disk.
        bytes: u64,
        /// Of how many, where that is known.
        of: Option<u64>,
    },
}
