//! What asking the outside world needs from the program around it, and what it tells meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Error;
use super::tokens::Tokens;
use crate::series::Timestamp;

/// Who may end the asking.
#[derive(Debug, Clone)]
pub enum Interrupt {
    /// Whoever sends a signal: Ctrl-C, SIGTERM.
    Signals,
    /// Whoever raises one of these flags.
    Flags(Vec<Arc<AtomicBool>>),
}

impl Interrupt {
    /// Whether a flag is raised. Signals are heard by who listens for them.
    pub fn is_raised(&self) -> bool {
        match self {
            Interrupt::Signals => false,
            Interrupt::Flags(flags) => flags.iter().any(|flag| flag.load(Ordering::Relaxed)),
        }
    }

    /// Whether one more question may be asked.
    ///
    /// # Errors
    ///
    /// Interrupted.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_raised() { Err(Error::interrupted()) } else { Ok(()) }
    }
}

/// What asking the outside world needs from the program around it.
pub struct Outside<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Who may end the asking: what was begun elsewhere is stopped, and the error is [`Kind::Interrupted`](super::Kind::Interrupted).
    pub interrupt: Interrupt,
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
        Outside {
            now,
            interrupt: Interrupt::Flags(Vec::new()),
            growing: false,
            variable: &|_| None,
            tokens,
            told: &|_| {},
        }
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
