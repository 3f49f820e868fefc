//! Many recordings or cases at once: found below folders, judged side by side, answered in one report.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::console::Console;
use super::outlets::Outlets;
use super::{Exit, Failure};
use crate::cli;
use crate::plain;
use crate::record;
use crate::report::suite::{self, Member, State, Suite};

/// The recordings that are meant: the folders themselves, or those below a folder without a configuration.
///
/// # Errors
///
/// There are none, or there may be some where they cannot be looked for.
pub(super) fn recordings(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        below(path, path, &mut found)?;
        if found.len() == before {
            let why = format!("neither it nor a folder below it is a recording: a recording has a {}", record::CONFIG);
            return Err(Failure::NoConfig { path: path.clone(), why });
        }
    }
    Ok(found)
}

/// A folder if it is a recording, else the recordings below it, by name; hidden folders are left out. A verdict that lost its
/// configuration is a recording too: it cannot be judged, and that is said.
fn below(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::Unreadable { path: folder.to_owned(), error };
    let has = |name: &str| match folder.join(name).symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreadable(error)),
    };
    let is_whole = has(record::CONFIG)?;
    if is_whole || has(record::VERDICT)? {
        found.push(folder.to_owned());
    }
    if is_whole {
        return Ok(());
    }
    let mut entries: Vec<DirEntry> = std::fs::read_dir(folder).and_then(Iterator::collect).map_err(unreadable)?;
    entries.retain(|entry| !is_hidden(&entry.file_name()));
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_symlink() {
            hold_link(root, &entry.path())?;
        } else if kind.is_dir() {
            below(root, &entry.path(), found)?;
        }
    }
    Ok(())
}

/// Refuses a link to a folder that is not looked into under its own name: recordings there would be left out without a word.
fn hold_link(root: &Path, link: &Path) -> Result<(), Failure> {
    let is_seen = |to: &Path| {
        let below = root.canonicalize().ok().and_then(|root| Some(to.strip_prefix(root).ok()?.to_owned()));
        below.is_some_and(|below| !below.iter().any(is_hidden))
    };
    match link.canonicalize() {
        Ok(to) if !to.is_dir() || is_seen(&to) => Ok(()),
        _ => Err(Failure::Unusable(format!(
            "{}: the link leads out of {}, and links are not followed. Remove it, or name the folders of the recordings",
            plain::path(link),
            plain::path(root)
        ))),
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}

/// The number of a member, what it said, and what became of it.
type Done = (usize, Console, Result<Member, Failure>);

/// What became of each, on all processors, in the order of the names. What one says is said with its name.
///
/// # Errors
///
/// The command itself is wrong.
pub(super) fn each<T: Sync>(
    console: &Console,
    all: &[T],
    name: impl Fn(&T) -> String + Sync,
    judge: impl Fn(&Console, &T) -> Result<Member, Failure> + Sync,
) -> Result<(Vec<Member>, Exit), Failure> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Done>> = Mutex::default();
    let work = || {
        while let Some((at, one)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?))) {
            let aside = console.aside();
            let answer = judge(&aside, one);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, aside, answer));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(all.len());
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, ..)| *at);
    let mut exit = Exit::Pass;
    let members = done.into_iter().map(|(at, aside, answer)| {
        let name = name(&all[at]);
        console.tell(aside, |said| format!("{name}: {said}"));
        match answer {
            // the command is wrong, not the member: a report would replace what is read
            Err(misused @ Failure::Misused(_)) => Err(misused),
            answer => Ok(answer.unwrap_or_else(|failure| {
                exit = exit.worse(failure.exit());
                console.error(&format!("{name}: {failure}"));
                Member { name, state: State::Broken, expected: None, outcome: None, says: vec![failure.to_string()] }
            })),
        }
    });
    Ok((members.collect::<Result<_, _>>()?, exit))
}

/// Answers with the suite, and writes its reports.
pub(super) fn answer(console: &Console, suite: &Suite, output: &cli::Output, exit: Exit) -> Result<Exit, Failure> {
    let render = |format, style: &_| suite::suite(suite, format, style).unwrap_or_default();
    console.answer(&render(output.format, &console.style(output.details)))?;
    Outlets::of(output)?.write_as(console, output.details, &render)?;
    let differs = suite.members.iter().any(|member| suite.fails(member));
    Ok(if differs { exit.worse(Exit::Differs) } else { exit })
}

/// The name of a folder in a report.
pub(super) fn called(path: &Path) -> String {
    plain::path(path)
}
