//! What a plan needs beside the file.

use std::path::Path;

use crate::series::Timestamp;

/// What a plan needs beside the file.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The configuration's folder, which relative paths start from.
    pub folder: &'a Path,
    /// The present instant.
    pub now: Timestamp,
    /// Labels set for both arms (`--set NAME=value`).
    pub set: &'a [(String, String)],
    /// The phase to judge (`--phase`).
    pub phase: Option<&'a str>,
    /// Replaces the start of the canary's window (`--from`).
    pub from: Option<Timestamp>,
    /// Replaces the end of the canary's window (`--to`).
    pub to: Option<Timestamp>,
}
