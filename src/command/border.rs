//! What somebody else's recording may reach: the plain files of its own folder, and nothing more.
//!
//! A recording travels: it is attached to bug reports, committed, replayed by people who did not make it. So it names plain
//! files below its folder, by relative paths, and no link leads out. It asks no service and runs no hook. What it names
//! otherwise is refused before it is opened, and nothing of it is quoted.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::Failure;
use crate::config::Config;
use crate::plain;
use crate::record;
use crate::source::{Query, Source};

/// How far a configuration may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever its author says.
    Anywhere,
    /// Files of its folder: a configuration that is replayed.
    Folder,
    /// Recorded files of its folder: it carries the mark of a recording.
    Recording,
}

impl Reach {
    /// How far a configuration may reach that was found in `folder`.
    ///
    /// # Errors
    ///
    /// It is a recording, and has what no recording has.
    pub(super) fn of(config: &Config, file: &Path, is_replayed: bool) -> Result<Reach, Failure> {
        if !config.is_recording() {
            return Ok(if is_replayed { Reach::Folder } else { Reach::Anywhere });
        }
        hold_file(folder_of(file), file)?;
        let refused = |why: &str| Err(Failure::Unusable(format!("{}: {why}", plain::path(file))));
        if config.has_hooks() {
            return refused(
                "a recording has no hooks, and this one does. Remove `hooks`, or `recording` if it is yours",
            );
        }
        if config.asks_beyond_files() {
            return refused("a recording reads the files that it holds, and this one has another source. Remove it");
        }
        Ok(Reach::Recording)
    }

    /// Refuses queries that reach further.
    ///
    /// # Errors
    ///
    /// One of them asks a service, or for a file that is not a plain one inside of the folder.
    pub(super) fn hold(self, queries: &[Query], folder: &Path) -> Result<(), Failure> {
        if self == Reach::Anywhere {
            return Ok(());
        }
        for query in queries {
            match &query.source {
                Source::Lost(_) => {}
                Source::File(file) => hold_file(folder, &file.path)?,
                Source::Requests(_) => query.source.files().iter().try_for_each(|path| hold_file(folder, path))?,
                _ => {
                    let (folder, metric) = (plain::path(shown(folder)), &query.metric);
                    return Err(Failure::Unusable(format!(
                        "the recording {folder}: the metric {metric:?} asks a service, and a recording reads files"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Refuses a path that is not a plain file inside of a folder. One that does not exist is the reader's to complain of.
pub(super) fn hold_file(folder: &Path, path: &Path) -> Result<(), Failure> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let is_below = below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let stays = || match (path.canonicalize(), shown(folder).canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder) && path.is_file(),
        (Err(error), _) => error.kind() == io::ErrorKind::NotFound && !path.is_symlink(),
        (_, Err(_)) => false,
    };
    if is_below && stays() {
        return Ok(());
    }
    Err(Failure::Unusable(format!(
        "the recording {}: `{}` is not a plain file inside of its folder, and a recording reads nothing else. Copy the file \
         into the folder, and name it by a relative path",
        plain::path(shown(folder)),
        plain::path(below)
    )))
}

/// The file of a configuration that is named by itself or by its folder.
pub(super) fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(record::CONFIG) } else { path.to_owned() }
}

/// The folder of a configuration.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// The folder in which somebody works has an empty path.
fn shown(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The text of a file of a folder that somebody else may have made; nothing if there is none.
pub(super) fn text(folder: &Path, name: &str) -> Result<Option<String>, Failure> {
    let path: PathBuf = folder.join(name);
    hold_file(folder, &path)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Unreadable { path, error }),
    }
}

/// The verdict of a recording; nothing if it has none.
pub(super) fn verdict(folder: &Path) -> Result<Option<String>, Failure> {
    text(folder, record::VERDICT)
}
