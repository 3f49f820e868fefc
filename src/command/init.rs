//! `davy init`: a commented configuration to start from.

use std::path::Path;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli;
use crate::config::{self, Starter, Surveyed};
use crate::ingest;
use crate::output;
use crate::plain;
use crate::series::Pair;
use crate::source::survey::{Found, found};

use crate::source::{File, Format};

pub(super) fn run(console: &Console, arguments: cli::Init) -> Result<Exit, Failure> {
    if arguments.files.canary.is_none() && arguments.files.data.is_none() {
        let why = "which files? Give --baseline and --canary, or --data with an `arm` column".to_owned();
        console.error(&why);
        return Ok(Exit::Usage);
    }
    let starter = starter(&arguments.files)?;
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
    let names: Vec<&str> = starter.not_judged.iter().map(|one| one.what.as_str()).collect();
    if !names.is_empty() {
        console.note(&format!("not judged: {}", names.join(", ")));
    }
}

/// The configuration that the files' columns suggest.
pub(super) fn starter(files: &cli::Files) -> Result<Starter, Failure> {
    let look = |path: &Path| found(&file(path)).map_err(|error| Failure::Data(ingest::Error::from(error)));
    let starter = match (&files.baseline, &files.canary, &files.data) {
        (Some(baseline), Some(canary), _) => match (look(baseline)?, look(canary)?) {
            (Found::Table(b), Found::Table(c)) => {
                config::starter(&Surveyed::Two(Pair { baseline: &b, canary: &c }), &called(canary))
            }
            (Found::Log(b), Found::Log(c)) => {
                config::starter(&Surveyed::Logs(Pair { baseline: &b, canary: &c }), &called(canary))
            }
            (Found::Log(_), _) => return Err(unlike(baseline, canary)),
            (_, Found::Log(_)) => return Err(unlike(canary, baseline)),
        },
        (_, _, Some(data)) => match look(data)? {
            Found::Table(table) => config::starter(&Surveyed::One(&table), &called(data)),
            Found::Log(log) => config::starter(&Surveyed::Log(&log), &called(data)),
        },
        _ => return Err(Failure::Unusable("give --baseline and --canary, or --data".into())),
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

fn file(path: &Path) -> File {
    File {
        path: path.to_owned(),
        shown: path.display().to_string(),
        format: Format::Auto,
        time: None,
        zone: None,
        arm: None,
        long: None,
    }
}
