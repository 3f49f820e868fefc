//! `davy import`: the configuration of another tool as one of davy. The same conversion serves every command that is given such a
//! file instead of a configuration.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli;
use crate::import::{self, Gate, Given, Imported, Note};
use crate::{output, plain, record};

pub(super) fn run(console: &Console, arguments: &cli::Import) -> Result<Exit, Failure> {
    let texts = arguments.files.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let shown: Vec<String> = arguments.files.iter().map(plain::path).collect();
    let given: Vec<Given> = shown.iter().zip(&texts).map(|(shown, text)| Given { shown, text }).collect();
    let Imported { gates, notes } = import::read(&given)?;
    tell(console, &notes);
    let gates = chosen(gates, arguments.gate.as_deref())?;
    match (&arguments.to, &gates[..]) {
        (None, [gate]) => console.answer(&gate.written())?,
        (Some(path), [gate]) if !path.is_dir() => write(console, path, gate)?,
        (Some(folder), gates) if folder.is_dir() => {
            for gate in gates {
                write(console, &folder.join(format!("{}.yaml", import::file_name(&gate.name))), gate)?;
            }
        }
        (_, gates) => return Err(Failure::Misused(several(gates))),
    }
    Ok(Exit::Pass)
}

/// A configuration of another tool, converted: its text, the folder of its data if it brought any, and what was lost.
pub(super) struct Converted {
    pub(super) text: String,
    pub(super) data: Option<TempDir>,
    pub(super) notes: Vec<String>,
    /// The gate, with the controller's own rule.
    pub(super) gate: Gate,
}

/// Converts the text of a file, if it is a configuration of another tool.
pub(super) fn convert(path: &Path, text: &str) -> Result<Option<Converted>, Failure> {
    let shown = plain::path(path);
    let Some(imported) = import::foreign(&Given { shown: &shown, text }) else { return Ok(None) };
    let Imported { gates, notes } = imported?;
    let [gate] =
        <[Gate; 1]>::try_from(gates).map_err(|gates| Failure::Misused(format!("{shown}: {}", several(&gates))))?;
    let data = if gate.data.is_empty() { None } else { Some(unpacked(&gate)?) };
    let kind =
        format!("{shown} is of {}, read as a configuration of davy: `davy import {shown}` shows it", gate.kind.name());
    let notes = std::iter::once(kind).chain(notes.iter().map(Note::to_string)).collect();
    Ok(Some(Converted { text: gate.written(), data, notes, gate }))
}

/// The files that a gate reads beside its configuration, in a folder of their own.
fn unpacked(gate: &Gate) -> Result<TempDir, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::output(Path::new("a temporary folder")))?;
    for (name, text) in &gate.data {
        let path = folder.path().join(name);
        output::write(&path, text).map_err(Failure::output(&path))?;
    }
    Ok(folder)
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.clone(), error })
}

fn tell(console: &Console, notes: &[Note]) {
    notes.iter().for_each(|note| console.note(&note.to_string()));
}

/// The gate that is named, or all.
fn chosen(gates: Vec<Gate>, wanted: Option<&str>) -> Result<Vec<Gate>, Failure> {
    let Some(wanted) = wanted else { return Ok(gates) };
    let names: Vec<String> = gates.iter().map(|gate| plain::line(&gate.name)).collect();
    let found: Vec<Gate> = gates.into_iter().filter(|gate| gate.name == wanted).collect();
    match found.is_empty() {
        true => Err(Failure::Misused(format!("no gate is called {wanted:?}: there are {}", names.join(", ")))),
        false => Ok(found),
    }
}

/// Writes a gate, and the files that it reads; nothing is replaced.
fn write(console: &Console, path: &Path, gate: &Gate) -> Result<(), Failure> {
    let beside = gate.data.iter().map(|(name, text)| (path.with_file_name(name), text.clone()));
    let files: Vec<(PathBuf, String)> = std::iter::once((path.to_owned(), gate.written())).chain(beside).collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let error = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists and is left as it is");
        return Err(Failure::Output { path: path.clone(), error });
    }
    for (path, text) in &files {
        output::write(path, text).map_err(Failure::output(path))?;
    }
    console.note(&format!("wrote {0}; try `davy check {0}`", plain::path(path)));
    Ok(())
}

/// What to do about more than one gate.
fn several(gates: &[Gate]) -> String {
    let names: Vec<String> = gates.iter().map(|gate| plain::line(&gate.name)).collect();
    format!(
        "these are {} gates: {}. Choose one: `davy import FILE --gate NAME --to {}`, or write all into a folder that exists: `--to DIR`",
        gates.len(),
        names.join(", "),
        record::CONFIG
    )
}
