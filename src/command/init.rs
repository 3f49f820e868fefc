//! `davy init`: a commented configuration to start from.

use std::path::Path;

use super::console::Console;
use super::given::Given;
use super::{Exit, Failure, arms};
use crate::cli;
use crate::config::{self, Starter, Surveyed};
use crate::output;
use crate::plain;
use crate::series::Pair;
use crate::source::survey::Found;
use crate::source::{File, Format};

/// What `init` needs to know.
const WHICH: &str = "no data: write `davy init BASELINE CANARY` or `davy init --data FILE`";

pub(super) fn run(console: &Console, arguments: cli::Init) -> Result<Exit, Failure> {
    let given = match Given::of(&arguments.files)? {
        // there is only data to write a configuration for
        Given::Config(Some(data)) => Given::One(data),
        given => given,
    };
    let starter = starter(&given, &arguments.files)?;
    tell(console, &starter);
    match &arguments.output {
        None => console.answer(&starter.yaml)?,
        Some(path) if path.exists() => {
            let error = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists and is left as it is");
            return Err(Failure::Output { path: path.clone(), error });
        }
        Some(path) => {
            output::write(path, &starter.yaml).map_err(Failure::output(path))?;
            console.note(&format!("wrote {0}; try `davy judge {0}`", plain::path(path)));
        }
    }
    Ok(Exit::Pass)
}

/// Says what was recognised, and that not everything is judged: the configuration and every report list what is not.
pub(super) fn tell(console: &Console, starter: &Starter) {
    for sentence in &starter.recognised {
        console.note(sentence);
    }
    let mut names: Vec<&str> = starter.not_judged.iter().map(|one| one.what.as_str()).collect();
    // both arms may lack the same
    names.dedup();
    if !names.is_empty() {
        console.note(&format!("not judged: {}", names.join(", ")));
    }
}

/// The configuration that the data suggests.
pub(super) fn starter(given: &Given, files: &cli::Files) -> Result<Starter, Failure> {
    let wish = files.wish();
    let look = |path: &Path| arms::found(&file(path, files), files);
    let called = |path: &Path| files.name.clone().unwrap_or_else(|| called(path));
    let starter = match given {
        Given::Two(Pair { baseline, canary }) => {
            let called = called(canary);
            match (look(baseline)?, look(canary)?) {
                (Found::Table(b), Found::Table(c)) => {
                    config::starter_as(&Surveyed::Two(Pair { baseline: &b, canary: &c }), &called, &wish)
                }
                (Found::Log(b), Found::Log(c)) => {
                    config::starter_as(&Surveyed::Logs(Pair { baseline: &b, canary: &c }), &called, &wish)
                }
                (Found::Log(_), _) => return Err(unlike(baseline, canary)),
                (_, Found::Log(_)) => return Err(unlike(canary, baseline)),
            }
        }
        Given::One(data) => match arms::told(look(data)?, &file(data, files), files)? {
            Found::Table(table) => config::starter_as(&Surveyed::One(&table), &called(data), &wish),
            Found::Log(log) => config::starter_as(&Surveyed::Log(&log), &called(data), &wish),
        },
        Given::Config(_) => return Err(Failure::Misused(WHICH.into())),
    };
    if starter.problems.is_empty() { Ok(starter) } else { Err(Failure::Unusable(starter.problems.join("\n"))) }
}

/// A log of requests beside something else.
fn unlike(log: &Path, table: &Path) -> Failure {
    let (log, table) = (plain::path(log), plain::path(table));
    Failure::Unusable(format!(
        "{log} is a log with one row per request, and {table} is none that is recognised: give two of a kind"
    ))
}

/// What a comparison of files is called when nobody named it.
fn called(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !stem.contains(['*', '?', '['])).unwrap_or_else(|| "comparison".into())
}

fn file(path: &Path, files: &cli::Files) -> File {
    File {
        path: path.to_owned(),
        shown: path.display().to_string(),
        format: files.format_in.unwrap_or(Format::Auto),
        time: None,
        zone: None,
        arm: None,
        long: None,
    }
}
