//! A folder or a pattern of files: the results of several runs, of benchmarks or of load generators.
//!
//! Each run is one row. The files of measurements that go on in time are given one by one, since rows of several could overlap.

use std::path::{Path, PathBuf};

use super::benchmarks::{self, Results, Tool};
use super::compression;
use super::documents::{Object, reports};
use super::jmeter;
use super::table::{Keep, Table};
use crate::source::error::Error;
use crate::source::open;

/// Where criterion keeps its latest sample, below its folder.
const LATEST_OF_CRITERION: &str = "**/new/sample.json";

/// What a file holds of its run.
#[derive(PartialEq)]
enum Held {
    Benchmarks(Results),
    Report(reports::Run),
}

impl Held {
    /// Whether it has so many numbers that no other run has the same ones.
    fn is_long(&self) -> bool {
        matches!(self, Held::Benchmarks(results) if results.samples() >= MANY)
    }
}

/// So many samples are never the same in two runs.
const MANY: usize = 8;

/// Whether a path leads to the results of runs: a folder or a pattern by its first file, a file only to those of benchmarks.
pub(in crate::source) fn are_results(path: &Path) -> bool {
    match paths(path) {
        // what is known and cannot be used is an error of its own
        Ok(Some(files)) => files.first().is_some_and(|first| is_of_a_tool(first) || !matches!(held(first), Ok(None))),
        Ok(None) => is_of_a_tool(path),
        Err(_) => false,
    }
}

/// The files of a folder or a pattern, in their order; nothing where the path is one file.
///
/// # Errors
///
/// Unreachable: there are no such files.
pub(super) fn paths(path: &Path) -> Result<Option<Vec<PathBuf>>, Error> {
    let shown = path.display().to_string();
    let is_folder = path.is_dir();
    if !is_folder && (path.exists() || !shown.contains(['*', '?', '['])) {
        return Ok(None);
    }
    let matching = |pattern: &str| -> Result<Vec<PathBuf>, Error> {
        let found =
            glob::glob(pattern).map_err(|error| Error::unreachable(format!("is not a pattern of paths ({error})")))?;
        let mut files: Vec<PathBuf> = found.filter_map(Result::ok).filter(|path| path.is_file()).collect();
        files.sort();
        Ok(files)
    };
    if !is_folder {
        let files = matching(&shown)?;
        return match files.is_empty() {
            true => {
                Err(Error::unreachable("matches no file").hint("Paths are relative to the configuration's folder."))
            }
            false => Ok(Some(files)),
        };
    }
    let below = |pattern: &str| matching(&format!("{}/{pattern}", glob::Pattern::escape(&shown)));
    let mut files = below(LATEST_OF_CRITERION)?;
    if !files.is_empty()
        && let Some(empty) = folder_without(path, &files)
    {
        let problem = format!("{} has no sample of criterion, and other folders beside it have", empty.display());
        return Err(Error::unreadable(problem).hint("Did that run end? Run it again, or remove the folder."));
    }
    if files.is_empty() {
        files = below("*")?;
        files.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    }
    match files.is_empty() {
        true => Err(Error::unreachable("is a folder without files")
            .hint("Hidden files and folders below it are not read, apart from those of criterion.")),
        false => Ok(Some(files)),
    }
}

/// A folder inside of one that has none of the files, apart from criterion's own report.
fn folder_without(folder: &Path, files: &[PathBuf]) -> Option<PathBuf> {
    let inside = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut inside = inside.filter(|path| name(path) != "report" && !name(path).starts_with('.'));
    inside.find(|path| !files.iter().any(|file| file.starts_with(path)))
}

/// The results of several runs, if a path leads to several files.
///
/// # Errors
///
/// Unreachable, or unreadable as results of runs.
pub(super) fn table(path: &Path, keep: Keep) -> Result<Option<Table>, Error> {
    paths(path)?.map(|paths| of_files(paths, keep)).transpose()
}

fn of_files(paths: Vec<PathBuf>, keep: Keep) -> Result<Table, Error> {
    let one = |path: PathBuf| match held(&path).and_then(|held| held.ok_or_else(no_run)) {
        Ok(held) => Ok((path, held)),
        Err(error) => Err(error.within(&path.display().to_string())),
    };
    let all = paths.into_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
    // a few rounded numbers may be the same by chance
    let same = |(one, held): &(PathBuf, Held), (other, there): &(PathBuf, Held)| {
        held == there && (held.is_long() || std::fs::read(one).ok() == std::fs::read(other).ok())
    };
    let before = |at: usize| all[..at].iter().find(|one| same(one, &all[at]));
    if let Some((one, other)) = (0..all.len()).find_map(|at| Some((&before(at)?.0, &all[at].0))) {
        let problem = format!("{} holds the same results as {}", other.display(), one.display());
        return Err(Error::unreadable(problem).hint("A copy is not another run: give each run once."));
    }
    let (mut of_benchmarks, mut of_load) = (Vec::new(), Vec::new());
    for (path, held) in all {
        match held {
            Held::Benchmarks(results) => of_benchmarks.push((path, results)),
            Held::Report(run) => of_load.push(run),
        }
    }
    match (of_benchmarks.as_slice(), of_load.as_slice()) {
        (results, []) => benchmarks::table(results, keep),
        ([], runs) => reports::of_runs(runs, keep),
        _ => Err(Error::unreadable("holds results of benchmarks and reports of load generators")
            .hint("Give each kind a folder of its own.")),
    }
}

/// What a file holds, if it is of one run.
fn held(path: &Path) -> Result<Option<Held>, Error> {
    let content = open::file(path).and_then(compression::unpacked)?;
    let (head, content) = compression::peek(content, benchmarks::HEAD)?;
    if let Some(tool) = Tool::of(&head) {
        return benchmarks::read(tool, content, path).map(|results| Some(Held::Benchmarks(results)));
    }
    if jmeter::is(&head) {
        return jmeter::read(content).map(|run| Some(Held::Report(run)));
    }
    let document =
        head.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_reader::<_, Object>(content).ok());
    document.flatten().as_ref().and_then(reports::run).map(|run| run.map(Held::Report)).transpose()
}

fn no_run() -> Error {
    Error::unreadable("is not the result of a run").hint(
        "A folder or a pattern in a source `file` is for the results of several runs: of benchmarks, or reports of load generators \
         in JSON. Of measurements, give each arm one file; logs of requests are a source `requests`.",
    )
}

fn is_of_a_tool(path: &Path) -> bool {
    compression::head(path, benchmarks::HEAD).is_ok_and(|head| Tool::of(&head).is_some())
}
