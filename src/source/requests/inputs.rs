//! What is read: files, all files of a folder, files by a pattern, standard input.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Requests;
use crate::source::error::Error;
use crate::source::open;

/// Logs that are alike in so many lines and more are one.
const LEAST_LINES: usize = 20;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum Input {
    File(PathBuf),
    Standard,
}

impl Input {
    /// Its name in messages.
    pub(in crate::source) fn shown(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Standard => "standard input".to_owned(),
        }
    }

    /// The file itself, whatever it was called and whatever links to it.
    fn itself(&self) -> Input {
        match self {
            Input::File(path) => Input::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
            Input::Standard => Input::Standard,
        }
    }

    /// Where it is; nowhere if it is standard input.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Input::File(path) => path.clone(),
            Input::Standard => PathBuf::new(),
        }
    }

    /// How large it is on the disk, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Input::Standard => None,
            Input::File(path) => std::fs::metadata(path).ok().filter(|about| about.is_file()).map(|about| about.len()),
        }
    }

    /// Whether a Parquet file is a sketch: the metadata at its end says so.
    pub(super) fn is_sketch(&self) -> bool {
        self.names(&[b"davy.sketch"])
    }

    /// Whether a Parquet file is an engine's answer: it names these columns at its end.
    pub(super) fn is_of_buckets(&self) -> bool {
        self.names(&[b"step_", b"total", b"unread", b"requests"])
    }

    /// Whether all of these stand in the end of a file.
    fn names(&self, words: &[&[u8]]) -> bool {
        let Input::File(path) = self else { return false };
        let mut end = Vec::new();
        let read = File::open(path).and_then(|mut file| {
            let size = file.metadata()?.len();
            file.seek(SeekFrom::Start(size.saturating_sub(1 << 16)))?;
            file.read_to_end(&mut end)
        });
        read.is_ok() && words.iter().all(|word| memchr::memmem::find(&end, word).is_some())
    }

    /// Opens it.
    pub(in crate::source) fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        match self {
            Input::Standard => Ok(Box::new(std::io::stdin())),
            Input::File(path) => Ok(Box::new(open::file(path)?)),
        }
    }
}

/// A number for how a content begins, where it has rows enough that no other log begins so by chance.
pub(super) fn beginning(head: &[u8]) -> Option<u64> {
    let long = memchr::memchr_iter(b'\n', head).nth(LEAST_LINES - 1).is_some();
    long.then(|| {
        let mut hasher = DefaultHasher::new();
        head.hash(&mut hasher);
        hasher.finish()
    })
}

/// The inputs of a source, each once, in an order that does not depend on the file system.
pub(in crate::source) fn all(written: &[PathBuf]) -> Result<Vec<Input>, Error> {
    let (mut inputs, mut known) = (Vec::new(), Vec::new());
    for path in written {
        for input in of(path)? {
            let itself = input.itself();
            if !known.contains(&itself) {
                known.push(itself);
                inputs.push(input);
            }
        }
    }
    Ok(inputs)
}

/// The files that inputs stand for; those that cannot be found, as they are written.
pub fn files(written: &[PathBuf]) -> Vec<PathBuf> {
    let found = |path: &PathBuf| of(path).unwrap_or_else(|_| vec![Input::File(path.clone())]);
    let path = |input| match input {
        Input::File(path) => path,
        Input::Standard => PathBuf::from("-"),
    };
    written.iter().flat_map(found).map(path).collect()
}

/// Whether two logs have a file in common.
pub fn share_a_file(one: &Requests, other: &Requests) -> bool {
    let all =
        |log: &Requests| -> Vec<Input> { all(&log.inputs).unwrap_or_default().iter().map(Input::itself).collect() };
    let others = all(other);
    all(one).iter().any(|input| others.contains(input))
}

fn of(path: &Path) -> Result<Vec<Input>, Error> {
    let shown = path.display().to_string();
    let unreachable = |why: &str, hint: &str| Err(Error::unreachable(why.to_owned()).hint(hint).within(&shown));
    if path == Path::new("-") {
        return Ok(vec![Input::Standard]);
    }
    if path.is_dir() {
        let files = in_folder(path)?;
        return match files.is_empty() {
            true => unreachable("is a folder without files", "Hidden files and folders below it are not read."),
            false => Ok(files),
        };
    }
    if path.exists() || !shown.contains(['*', '?', '[']) {
        return match path.exists() {
            true => Ok(vec![Input::File(path.to_owned())]),
            false => unreachable("does not exist", "Paths are relative to the configuration's folder."),
        };
    }
    let found = glob::glob(&shown)
        .map_err(|error| Error::unreachable(format!("is not a pattern of paths ({error})")).within(&shown))?;
    let mut files = Vec::new();
    for file in found {
        let file = file.map_err(|error| Error::unreachable(error.to_string()).within(&shown))?;
        if file.is_file() {
            files.push(Input::File(file));
        }
    }
    match files.is_empty() {
        true => unreachable("matches no file", "`*` stands for any characters of a name, `**` for any folders."),
        false => Ok(files),
    }
}

/// The files of a folder by their names, without hidden ones.
fn in_folder(path: &Path) -> Result<Vec<Input>, Error> {
    let unreachable = |error: std::io::Error| {
        Error::unreachable(format!("cannot be listed ({error})")).within(&path.display().to_string())
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreachable)? {
        let file = entry.map_err(unreachable)?.path();
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if file.is_file() && !hidden {
            files.push(file);
        }
    }
    files.sort();
    Ok(files.into_iter().map(Input::File).collect())
}
