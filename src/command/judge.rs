//! `davy judge`: one look.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::console::Console;
use super::pipeline::{self, Loaded};
use super::{Exit, Failure, init};
use crate::cli;
use crate::config;
use crate::record;
use crate::report::{self, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Judge) -> Result<Exit, Failure> {
    // "Now" is read once, so that every part of a run means the same instant.
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let loaded = load(console, arguments.config.as_deref(), &arguments.files)?;
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let judged = pipeline::judge(console, &loaded.config, &options)?;
    let document = Document::from(&judged.verdict);
    pipeline::answer(console, &document, &arguments.output)?;
    let exit = pipeline::exit(&judged, &arguments.exit);
    if let Some(folder) = &arguments.record {
        let verdict = report::render(&document, Format::Json, &Style::default());
        pipeline::record(folder, &loaded.config, &judged.plan, judged.dataset, Some(&verdict), now)?;
        console.note(&format!("recorded to {}", folder.display()));
    }
    Ok(exit)
}

/// The configuration that was named, or the one that the files suggest.
pub(super) fn load(console: &Console, config: Option<&Path>, files: &cli::Files) -> Result<Loaded, Failure> {
    if files.canary.is_none() && files.data.is_none() {
        let path = config.map_or_else(|| PathBuf::from(record::CONFIG), Path::to_owned);
        if config.is_none() && !path.exists() {
            return Err(Failure::NoConfig {
                path,
                why: "there is none here; name one, or give --baseline and --canary (or --data)".into(),
            });
        }
        return pipeline::load(&path);
    }
    let starter = init::starter(files)?;
    init::tell(console, &starter);
    let config = config::load(&starter.yaml, "(from the files' columns)")?;
    Ok(Loaded { config, folder: Path::new("").to_owned() })
}
