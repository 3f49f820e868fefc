//! A file and how to read it.

use std::path::{Path, PathBuf};

use crate::source::ArmColumn;

/// A file and how to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Where it is; relative paths are already resolved against the configuration's folder.
    pub path: PathBuf,
    /// The path as the user wrote it, for messages.
    pub shown: String,
    /// What it contains.
    pub format: Format,
    /// The column with the time; recognised by name when not given.
    pub time: Option<String>,
    /// The time zone of timestamps without an offset (IANA name); UTC when not given.
    pub zone: Option<String>,
    /// The column that tells the arms apart and the value that means this query's arm. Without it, a column
    /// named `arm` is used when there is one, else all rows belong to the arm.
    pub arm: Option<ArmColumn>,
    /// For long (tidy) files: the columns with the metric's name and its value.
    pub long: Option<Long>,
}

impl File {
    /// A file of a recording.
    pub fn of_recording(path: &Path) -> File {
        let (path, shown) = (path.to_owned(), path.display().to_string());
        File { path, shown, format: Format::Recorded, time: None, zone: None, arm: None, long: None }
    }

    /// The files that are read: of benchmarks a folder or a pattern may mean several.
    pub(in crate::source) fn files(&self) -> Vec<PathBuf> {
        super::several::paths(&self.path).ok().flatten().unwrap_or_else(|| vec![self.path.clone()])
    }

    /// The same file, of which a recording holds what davy wrote.
    pub(in crate::source) fn recorded(self) -> File {
        let is_series = self.format == Format::Auto && self.path.extension().is_some_and(|ending| ending == "csv");
        File { format: if is_series { Format::Recorded } else { self.format }, ..self }
    }

    /// Whether two files become the same sheet; which rows are whose is asked of the sheet.
    pub fn reads_the_same(&self, other: &File) -> bool {
        let File { path, shown, format, time, zone, arm: _, long: _ } = self;
        *path == other.path
            && *shown == other.shown
            && *format == other.format
            && *time == other.time
            && *zone == other.zone
    }
}

/// The columns of a long file: one row per time and name.
#[derive(Debug, Clone, PartialEq)]
pub struct Long {
    /// The column that names what the row measures.
    pub name: String,
    /// The column with the measured value.
    pub value: String,
}

/// What a file contains. Compression (gzip, zstd) is recognised by its first bytes, whatever the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// By the name's extension, then by content.
    Auto,
    /// Comma (or semicolon) separated.
    Csv,
    /// A series of a recording: comma separated, and davy ended each of its lines.
    Recorded,
    /// Tab separated.
    Tsv,
    /// One JSON document: an array of objects, an object of arrays, or what the AWS command line prints.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}
