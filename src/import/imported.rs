//! What a reader gives: gates, and what could not be carried over.

use super::draft::Gate;
use super::note::Note;

/// What was read of the files of other tools.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// What they gate, each a configuration of its own.
    pub gates: Vec<Gate>,
    /// What could not be carried over.
    pub notes: Vec<Note>,
}
