//! The twin of `parquet.rs` in a build without it: the same signatures, and an answer that says what is missing.

use std::path::Path;

use super::Sketch;
use crate::source::error::Error;

/// Reads a sketch.
///
/// # Errors
///
/// Always.
pub fn read(path: &Path) -> Result<Sketch, Error> {
    let error = Error::unreadable("is a sketch, which this build of davy cannot read");
    Err(error.hint("Build with the feature `frames`.").within(&path.display().to_string()))
}

/// Writes a sketch.
///
/// # Errors
///
/// Always.
pub fn write(path: &Path, _sketch: &Sketch) -> Result<(), Error> {
    let error = Error::unreadable("is to be a sketch, which this build of davy cannot write");
    Err(error.hint("Build with the feature `frames`.").within(&path.display().to_string()))
}
