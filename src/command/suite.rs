//! Many recordings or cases at once: found below folders, judged side by side, answered in one report.

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

/// Folders are looked into so deep.
const DEEPEST: usize = 6;

/// The recordings that are meant: the folders themselves, or those below a folder without a configuration.
pub(super) fn recordings(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        if !path.is_dir() || path.join(record::CONFIG).exists() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        below(path, DEEPEST, &mut found);
        if found.len() == before {
            let why =
                format!("it is not a recording, and there is none below it: a recording has a {}", record::CONFIG);
            return Err(Failure::NoConfig { path: path.clone(), why });
        }
    }
    Ok(found)
}

/// The recordings below a folder, by name; links and hidden folders are left out.
fn below(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_seen = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        path.is_dir() && !path.is_symlink() && !hidden
    };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_seen).collect();
    folders.sort();
    for folder in folders {
        if folder.join(record::CONFIG).is_file() {
            found.push(folder);
        } else if deep > 0 {
            below(&folder, deep - 1, found);
        }
    }
}

/// The number of a member, what it said, and what became of it.
type Done = (usize, Console, Result<Member, Failure>);

/// What became of each, on all processors, in the order of the names. What one says is said with its name.
pub(super) fn each<T: Sync>(
    console: &Console,
    all: &[T],
    name: impl Fn(&T) -> String + Sync,
    judge: impl Fn(&Console, &T) -> Result<Member, Failure> + Sync,
) -> (Vec<Member>, Exit) {
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
        console.tell(&name, aside);
        answer.unwrap_or_else(|failure| {
            exit = exit.worse(failure.exit());
            console.error(&format!("{name}: {failure}"));
            Member { name, state: State::Broken, expected: None, outcome: None, says: vec![failure.to_string()] }
        })
    });
    (members.collect(), exit)
}

/// Answers with the suite, and writes its reports. Numbers that differ fail it only if they are to.
pub(super) fn answer(
    console: &Console,
    suite: &Suite,
    output: &cli::Output,
    exit: Exit,
    strict: bool,
) -> Result<Exit, Failure> {
    let render = |format, style: &_| suite::suite(suite, format, style).unwrap_or_default();
    console.answer(&render(output.format, &console.style(output.details)))?;
    Outlets::of(output)?.write_as(console, output.details, &render)?;
    let differs = suite.members.iter().any(|member| match member.state {
        State::Same | State::Broken => false,
        State::Differs => strict,
        State::Flips => true,
    });
    Ok(if differs { exit.worse(Exit::Differs) } else { exit })
}

/// The name of a folder in a report.
pub(super) fn called(path: &Path) -> String {
    plain::path(path)
}
