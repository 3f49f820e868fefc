//! `davy diff`: how two verdicts differ, each saved as JSON or kept in a recording.

use std::path::Path;

use super::console::Console;
use super::{Exit, Failure, border};
use crate::cli;
use crate::plain;
use crate::record;
use crate::report::{self, Document, Sides};

pub(super) fn run(console: &Console, arguments: &cli::Diff) -> Result<Exit, Failure> {
    let (before, after) = (read(&arguments.before)?, read(&arguments.after)?);
    let differences = report::diff(&before, &after, Sides { before: "in A", after: "in B" });
    if differences.is_empty() {
        console.answer(&format!("same  {}\n", before.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    let [a, b] = [&arguments.before, &arguments.after].map(plain::path);
    let heading =
        [format!("A  {}  {a}", before.outcome.word()), format!("B  {}  {b}", after.outcome.word()), String::new()];
    console.answer(&heading.iter().chain(&differences).map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(Exit::Differs)
}

/// A verdict, or that of a recording.
fn read(path: &Path) -> Result<Document, Failure> {
    let is_recording = path.is_dir();
    let file = if is_recording { path.join(record::VERDICT) } else { path.to_owned() };
    let text = match is_recording {
        true => border::verdict(path)?.ok_or_else(|| Failure::NotJudged { folder: path.to_owned() })?,
        false => std::fs::read_to_string(&file).map_err(|error| Failure::Unreadable { path: file.clone(), error })?,
    };
    Document::read(&text).map_err(|error| Failure::Verdict { path: file, error })
}
