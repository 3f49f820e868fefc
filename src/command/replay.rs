//! `davy replay`: recordings judged again, so that a gate has regression tests.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::console::Console;
use super::pipeline::{self, Judged};
use super::{Exit, Failure};
use crate::cli;
use crate::record;
use crate::report::{self, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Replay) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let mut exit = Exit::Pass;
    for folder in &arguments.recordings {
        // One broken recording must not hide the others.
        let one = replay(console, folder, &arguments, now);
        exit = exit.worse(match one {
            Ok(exit) => exit,
            Err(failure) => {
                console.error(&format!("{}: {failure}", folder.display()));
                failure.exit()
            }
        });
    }
    Ok(exit)
}

fn replay(console: &Console, folder: &Path, arguments: &cli::Replay, now: Timestamp) -> Result<Exit, Failure> {
    let loaded = pipeline::load(folder)?;
    let resolve = cli::Resolve { phase: None, set: Vec::new(), from: None, to: None, now: None };
    let options = pipeline::options(&loaded.folder, &resolve, now);
    let judged = pipeline::judge(console, &loaded.config, &options)?;
    let document = Document::from(&judged.verdict);
    let saved = loaded.folder.join(record::VERDICT);
    if arguments.accept {
        let text = report::render(&document, Format::Json, &Style::default());
        record::write_file(&saved, &text).map_err(Failure::output(&saved))?;
        console.answer(&format!("accepted  {}  {}\n", folder.display(), document.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    if arguments.check {
        return check(console, folder, &saved, &document);
    }
    answer(console, &document, arguments, &judged)
}

fn answer(console: &Console, document: &Document, arguments: &cli::Replay, judged: &Judged) -> Result<Exit, Failure> {
    pipeline::answer(console, document, &arguments.output)?;
    Ok(pipeline::exit(judged, &arguments.exit))
}

fn check(console: &Console, folder: &Path, saved: &Path, now: &Document) -> Result<Exit, Failure> {
    let text = std::fs::read_to_string(saved).map_err(|error| Failure::Unreadable { path: saved.to_owned(), error })?;
    let recorded = Document::read(&text).map_err(|error| Failure::Verdict { path: PathBuf::from(saved), error })?;
    let differences = report::diff(&recorded, now);
    if differences.is_empty() {
        console.answer(&format!("same      {}  {}\n", folder.display(), now.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    let mut text = format!("differs   {}\n", folder.display());
    for difference in differences {
        text.push_str(&format!("          {difference}\n"));
    }
    console.answer(&text)?;
    Ok(Exit::Differs)
}
