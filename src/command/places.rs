//! Where a command writes, so that it never writes over what it reads.
//!
//! Places are compared by the file that they mean, however it is written and whatever links to it. Everything is refused
//! before it is read or written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Failure;
use super::border::file_of;
use super::given::Given;
use crate::source::Query;
use crate::{output, plain, record};

/// The places to which a command writes.
#[derive(Debug, Default)]
pub(super) struct Places {
    files: Vec<PathBuf>,
    /// Folders for recordings.
    folders: Vec<PathBuf>,
}

impl Places {
    /// Files, and folders for recordings.
    ///
    /// # Errors
    ///
    /// One of them would replace another, standard output, or a folder that is no recording.
    pub(super) fn new(files: Vec<PathBuf>, folders: Vec<PathBuf>) -> Result<Places, Failure> {
        let stdout = same(Path::new("/dev/stdout"));
        for (at, path) in files.iter().enumerate() {
            let shown = plain::path(path);
            if stdout.is_some() && same(path) == stdout && !output::is_descriptor(path) {
                let why =
                    "standard output goes there too, and one would replace the other: give each a file of its own";
                return Err(Failure::Misused(format!("{shown}: {why}")));
            }
            let is_taken =
                |other: &PathBuf| place(other) == place(path) || (same(path).is_some() && same(other) == same(path));
            if files[..at].iter().any(is_taken) {
                return Err(Failure::Misused(format!(
                    "two reports go to {shown}, and one would replace the other: give each a file of its own"
                )));
            }
            if folders.iter().any(|folder| is_inside(path, folder)) {
                let why = "the recording replaces its folder, and this report would be lost: write it somewhere else";
                return Err(Failure::Misused(format!("{shown}: {why}")));
            }
        }
        for folder in &folders {
            record::place(folder)?;
        }
        Ok(Places { files, folders })
    }

    /// Refuses to write where something is read.
    ///
    /// # Errors
    ///
    /// A file that is read would be lost.
    pub(super) fn spare<'p>(&self, read: impl IntoIterator<Item = &'p Path>) -> Result<(), Failure> {
        for input in read {
            let shown = plain::path(input);
            let itself = same(input);
            if itself.is_some() && self.files.iter().any(|path| same(path) == itself) {
                return Err(Failure::Misused(format!(
                    "{shown} is read, and would be lost: write the output somewhere else"
                )));
            }
            if self.folders.iter().any(|folder| is_inside(input, folder)) {
                return Err(Failure::Misused(format!(
                    "{shown} is read, and the recording would replace its folder: name another folder for --record"
                )));
            }
        }
        Ok(())
    }

    /// The same for what a command was given.
    ///
    /// # Errors
    ///
    /// A file that is read would be lost.
    pub(super) fn spare_named(&self, given: &Given) -> Result<(), Failure> {
        let files = given.paths().into_iter().map(|path| match given {
            Given::Config(_) => file_of(path),
            Given::Two(_) | Given::One(_) => path.to_owned(),
        });
        let files: Vec<PathBuf> = files.collect();
        self.spare(files.iter().map(PathBuf::as_path))
    }

    /// The same for what queries read.
    ///
    /// # Errors
    ///
    /// A file that is read would be lost.
    pub(super) fn spare_sources(&self, queries: &[Query]) -> Result<(), Failure> {
        if self.files.is_empty() && self.folders.is_empty() {
            return Ok(());
        }
        let read: Vec<PathBuf> = queries.iter().flat_map(|query| query.source.files()).collect();
        self.spare(read.iter().map(PathBuf::as_path))
    }
}

/// What makes a plain file the same under all of its names.
fn same(path: &Path) -> Option<(u64, u64)> {
    // what is read from `-` may be a file too
    let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|about| (about.dev(), about.ino()))
}

fn is_inside(path: &Path, folder: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| place(path).starts_with(folder))
}

/// The file that a path means, however it is written.
fn place(path: &Path) -> PathBuf {
    let inside = || Some(output::parent_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(inside).unwrap_or_else(|| path.to_owned())
}
