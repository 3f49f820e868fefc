//! `davy judge`: one look.

use std::path::Path;

use jiff::Timestamp;

use super::border::Reach;
use super::console::Console;
use super::controller;
use super::given::Given;
use super::interrupt::Interrupt;
use super::outlets::Outlets;
use super::pipeline::{self, Judged, Loaded};
use super::places::Places;
use super::{Exit, Failure, hooks, init, look, many};
use crate::cli;
use crate::config::{self, Config};
use crate::plain;
use crate::report::{self, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Judge) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.all {
        return many::run(console, folder, &arguments);
    }
    let places = Places::new(Outlets::of(&arguments.output)?.paths(), arguments.record.iter().cloned().collect())?;
    let given = Given::of(&arguments.files)?;
    places.spare_named(&given)?;
    // "Now" is read once, so that every part of a run means the same instant.
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let loaded = load(console, &given, &arguments.files)?;
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let mut judged = look::judge(console, &loaded, &options, &places, arguments.history.as_deref())?;
    if arguments.as_written {
        judged = controller::beside(console, &loaded, &options, arguments.earlier.as_deref(), judged)?;
    }
    let written = written(console, &arguments, &loaded.config, &judged, now);
    // A disk that is full is no reason not to roll back.
    if arguments.hooks {
        let document = judged.document();
        hooks::run(console, &judged.plan.hooks, &loaded.folder, hooks::Moment::Answer, &document, &Interrupt::listen());
    } else if !judged.plan.hooks.is_empty() {
        console.note("the configuration's hooks are not run: --hooks runs them");
    }
    written?;
    Ok(pipeline::exit(&judged, &arguments.exit))
}

/// The answer, its reports and the recording.
fn written(
    console: &Console,
    arguments: &cli::Judge,
    config: &Config,
    judged: &Judged,
    now: Timestamp,
) -> Result<(), Failure> {
    pipeline::answer(console, &pipeline::drawn(judged, &arguments.output), &arguments.output)?;
    if let Some(folder) = &arguments.record {
        // a recording has what was judged, not what a report draws beside it
        let document = judged.document();
        let verdict = report::render(&document, Format::Json, &Style::default());
        pipeline::record(folder, config, &judged.plan, judged.dataset.clone(), Some(&verdict), now)?;
        console.note(&format!("recorded to {}", plain::path(folder)));
    }
    Ok(())
}

/// The configuration that was named, or the one that the data suggests.
pub(super) fn load(console: &Console, given: &Given, files: &cli::Files) -> Result<Loaded, Failure> {
    if let Given::Config(path) = given {
        return Ok(pipeline::load(&Given::config(path.as_deref(), files)?)?.told(console));
    }
    let starter = init::starter(given, files)?;
    init::tell(console, &starter);
    let config = config::load(&starter.yaml, "(from the files' columns)")?;
    Ok(Loaded::new(config, Path::new(""), Reach::Anywhere))
}
