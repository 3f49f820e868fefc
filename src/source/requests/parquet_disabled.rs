//! The twin of `parquet.rs` in a build without it: the same signatures, and an answer that says what is missing.

use std::path::Path;

use super::Value;
use crate::source::error::Error;

/// Nothing: no file can be opened.
#[derive(Debug, Clone)]
pub enum Rows {}

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn open(path: &Path) -> Result<Rows, Error> {
        Err(Error::unreadable("is a Parquet file, which this build of davy cannot read")
            .hint("Build with the feature `frames`, or convert the file to CSV.")
            .within(&path.display().to_string()))
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        match *self {}
    }

    /// How many rows a group has, and how many bytes its columns take in the file.
    pub fn size(&self, _group: usize) -> (u64, u64) {
        match *self {}
    }

    /// Whether a column has times of the day somewhere, of which nothing says where.
    pub fn is_local(&self, _column: &str) -> bool {
        match *self {}
    }

    /// The smallest and the largest value of a column within a group.
    pub fn span(&self, _group: usize, _column: &str) -> Option<(Value<'static>, Value<'static>)> {
        match *self {}
    }

    /// Reads a group.
    ///
    /// # Errors
    ///
    /// None: there is no file.
    pub fn read(&self, _group: usize, _wanted: &[&str], _each: impl FnMut(&[Value])) -> Result<(), Error> {
        match *self {}
    }
}
