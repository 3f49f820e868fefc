//! `davy replay`: recordings judged again, so that a gate has regression tests; at every look, so that one sees when
//! a rollout would have been stopped.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::border;
use super::console::Console;
use super::outlets::Outlets;
use super::pipeline::{self, Judged};
use super::places::Places;
use super::{Exit, Failure, look};
use crate::cli;
use crate::config::Config;
use crate::judge::judge;
use crate::judge::rules::Looks;
use crate::judge::verdict::Outcome;
use crate::output;
use crate::plain;
use crate::record;
use crate::report::{self, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Replay) -> Result<Exit, Failure> {
    let outlets = Outlets::of(&arguments.output)?;
    let places = Places::new(outlets.paths(), Vec::new())?;
    for folder in &arguments.recordings {
        let file = super::border::file_of(folder);
        let verdict = border::folder_of(&file).join(record::VERDICT);
        places.spare([file.as_path()].into_iter().chain(arguments.check.then_some(verdict.as_path())))?;
    }
    if arguments.recordings.len() > 1 {
        outlets.for_several(arguments.recordings.len())?;
    }
    let now = Timestamp::now();
    let mut exit = Exit::Pass;
    for folder in &arguments.recordings {
        // One broken recording must not hide the others.
        let one = replay(console, folder, &arguments, &places, now);
        exit = exit.worse(match one {
            Ok(exit) => exit,
            Err(failure) => {
                console.error(&format!("{}: {failure}", plain::path(folder)));
                failure.exit()
            }
        });
    }
    Ok(exit)
}

fn replay(
    console: &Console,
    folder: &Path,
    arguments: &cli::Replay,
    places: &Places,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let loaded = pipeline::load_replayed(folder)?;
    let resolve = cli::Resolve { phase: None, set: Vec::new(), from: None, to: None, now: None };
    let options = pipeline::options(&loaded.folder, &resolve, now);
    let mut judged = look::judge(console, &loaded, &options, places, None)?;
    if arguments.looks {
        judged = looks(console, &loaded.config, judged, arguments)?;
    }
    let document = pipeline::document(&judged.plan, &judged.verdict);
    let saved = loaded.folder.join(record::VERDICT);
    if arguments.accept {
        border::hold_file(&loaded.folder, &saved)?;
        let text = report::render(&document, Format::Json, &Style::default());
        output::write(&saved, &text).map_err(Failure::output(&saved))?;
        console.answer(&format!("accepted  {}  {}\n", plain::path(folder), document.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    if arguments.check {
        return check(console, folder, &saved, &document);
    }
    answer(console, arguments, &judged)
}

/// Judges a recording as it would have been judged while it happened, up to the first Fail; tells each look in a line.
fn looks(console: &Console, config: &Config, judged: Judged, arguments: &cli::Replay) -> Result<Judged, Failure> {
    let Judged { mut plan, dataset, .. } = judged;
    let phase = plan.rules.phase.as_deref();
    let every = arguments.every.or(config.every(phase)).ok_or(Failure::HowOften)?;
    let whole = dataset.windows.canary;
    plan.rules.looks = match plan.rules.looks {
        Looks::Open => Looks::Open,
        Looks::Once => Looks::Planned { soak: whole.duration(), every: Some(every) },
        Looks::Planned { soak, .. } => Looks::Planned { soak, every: Some(every) },
    };
    let end = match plan.rules.looks {
        Looks::Planned { soak, .. } => whole.start.saturating_add(soak).map_or(whole.end, |end| end.min(whole.end)),
        _ => whole.end,
    };
    let mut k = 0;
    loop {
        k += 1;
        let at = every.checked_mul(k).and_then(|elapsed| whole.start.checked_add(elapsed).ok()).unwrap_or(end).min(end);
        let verdict = judge(&plan.rules, &dataset.until(at));
        let (document, columns) = (Document::from(&verdict), console.style(false).width);
        if arguments.output.format == Format::Terminal {
            console.answer(&format!("{}\n", report::look(&document, columns)))?;
        } else {
            console.note(&report::look(&document, columns - "note: ".len()));
        }
        if verdict.outcome == Outcome::Fail || at >= end {
            if arguments.output.format == Format::Terminal {
                console.answer("\n")?;
            }
            return Ok(Judged { plan, dataset, verdict });
        }
    }
}

fn answer(console: &Console, arguments: &cli::Replay, judged: &Judged) -> Result<Exit, Failure> {
    pipeline::answer(console, &pipeline::drawn(judged, &arguments.output), &arguments.output)?;
    Ok(pipeline::exit(judged, &arguments.exit))
}

fn check(console: &Console, folder: &Path, saved: &Path, now: &Document) -> Result<Exit, Failure> {
    let text = border::verdict(border::folder_of(saved))?;
    let text = text.ok_or_else(|| Failure::NotJudged { folder: folder.to_owned() })?;
    let recorded = Document::read(&text).map_err(|error| Failure::Verdict { path: PathBuf::from(saved), error })?;
    let differences = report::diff(&recorded, now);
    if differences.is_empty() {
        console.answer(&format!("same      {}  {}\n", plain::path(folder), now.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    let mut text = format!("differs   {}\n", plain::path(folder));
    for difference in differences {
        text.push_str(&format!("          {difference}\n"));
    }
    console.answer(&text)?;
    Ok(Exit::Differs)
}
