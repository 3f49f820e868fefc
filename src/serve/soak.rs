//! Where a soak stands, and what became of its looks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::Answer;
use crate::report::Document;

/// Where a soak stands: all that it needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soak {
    /// When the canary's window begins.
    pub start: Timestamp,
    /// The last look that was taken, counted from 1; 0 before the first.
    pub look: usize,
    /// The rules that it was taken by.
    pub fingerprint: String,
    /// How often in a row the next one failed.
    pub failures: usize,
}

/// What became of the looks of a soak that were due.
#[derive(Debug, Clone)]
pub enum Step {
    /// None was.
    Waits {
        /// When the next one is.
        due: Timestamp,
    },
    /// They were taken, and the soak goes on.
    Looked {
        /// The last of them, with those before it that were due too.
        document: Box<Document>,
        /// When the next one is due.
        due: Timestamp,
    },
    /// The last of them is the answer.
    Answered(Box<Answer>),
    /// They could not be taken, and are tried again.
    Troubled {
        /// Why not.
        why: String,
        /// When.
        again: Timestamp,
    },
}
