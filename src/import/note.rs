//! What could not be carried over: where it stands, what was lost, and why.

use std::fmt;

use super::documents::Document;
use crate::plain;
use crate::text::problem::Place;

/// Something that a gate of another tool says and davy's configuration does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file as the user named it.
    pub shown: String,
    /// The line, from 1; 0 if it is of the whole file.
    pub line: usize,
    /// What: `failureLimit`, `metric latency`.
    pub what: String,
    /// Why, and what davy does instead.
    pub why: String,
    /// Whether a pass could be wrong without it. The gate then passes nothing.
    pub is_open: bool,
}

impl Note {
    /// Something that a pass does not depend on.
    pub(crate) fn told(document: &Document, place: Place, what: impl Into<String>, why: impl Into<String>) -> Note {
        let (shown, what, why) = (document.shown.clone(), what.into(), why.into());
        Note { shown, line: place.line, what, why, is_open: false }
    }

    /// Something without which a pass could be wrong.
    pub(crate) fn open(document: &Document, place: Place, what: impl Into<String>, why: impl Into<String>) -> Note {
        Note { is_open: true, ..Note::told(document, place, what, why) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", plain::line(&self.shown), self.line, plain::line(&self.what), plain::line(&self.why))
    }
}
