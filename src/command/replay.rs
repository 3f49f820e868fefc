//! `davy replay`: recordings judged again, so that a gate has regression tests; by another configuration, so that one sees what
//! new limits would have said; at every look, so that one sees when a rollout would have been stopped.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::border;
use super::console::Console;
use super::outlets::Outlets;
use super::pipeline::{self, Judged, Loaded};
use super::places::Places;
use super::{Exit, Failure, look, suite};
use crate::cli;
use crate::config::{self, Config};
use crate::gate;
use crate::judge::judge;
use crate::judge::rules::Looks;
use crate::judge::verdict::Outcome;
use crate::output;
use crate::plain;
use crate::record;
use crate::report::suite::{Member, State, Suite};
use crate::report::{self, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Replay) -> Result<Exit, Failure> {
    let outlets = Outlets::of(&arguments.output)?;
    let places = Places::new(outlets.paths(), Vec::new())?;
    let recordings = suite::recordings(&arguments.recordings)?;
    let is_suite = arguments.check || arguments.with.is_some();
    let with = arguments.with.as_deref().map(border::file_of);
    places.spare(with.as_deref())?;
    for folder in &recordings {
        let file = border::file_of(folder);
        let verdict = border::folder_of(&file).join(record::VERDICT);
        places.spare([file.as_path()].into_iter().chain(is_suite.then_some(verdict.as_path())))?;
    }
    let now = Timestamp::now();
    if is_suite {
        outlets.for_suite(arguments.output.format)?;
        return check_all(console, &arguments, &recordings, &places, now);
    }
    if recordings.len() > 1 {
        outlets.for_several(recordings.len())?;
    }
    let mut exit = Exit::Pass;
    for folder in &recordings {
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

/// Judges a recording by its own configuration.
fn judged(console: &Console, loaded: &Loaded, places: &Places, now: Timestamp) -> Result<Judged, Failure> {
    let resolve = cli::Resolve::default();
    let options = pipeline::options(&loaded.folder, &resolve, now);
    look::judge(console, loaded, &options, places, None)
}

fn replay(
    console: &Console,
    folder: &Path,
    arguments: &cli::Replay,
    places: &Places,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let loaded = pipeline::load_replayed(folder)?;
    let mut judged = judged(console, &loaded, places, now)?;
    if arguments.looks {
        judged = looks(console, &loaded.config, judged, arguments)?;
    }
    if arguments.accept {
        let document = judged.document();
        let saved = loaded.folder.join(record::VERDICT);
        border::hold_file(&loaded.folder, &saved)?;
        let text = report::render(&document, Format::Json, &Style::default());
        output::write(&saved, &text).map_err(Failure::output(&saved))?;
        console.answer(&format!("accepted  {}  {}\n", plain::path(folder), document.outcome.word()))?;
        return Ok(Exit::Pass);
    }
    answer(console, arguments, &judged)
}

/// Judges all recordings again, by their own configurations or by another, and holds each against its verdict.
fn check_all(
    console: &Console,
    arguments: &cli::Replay,
    recordings: &[PathBuf],
    places: &Places,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let with = arguments.with.as_deref().map(pipeline::load).transpose()?;
    let (members, exit) = suite::each(
        console,
        recordings,
        |folder| suite::called(folder),
        |aside, folder| {
            let mut loaded = pipeline::load_replayed(folder)?;
            if let Some(with) = &with {
                loaded.config = config::rejudged(&loaded.config, &with.config)?.into();
            }
            let judged = judged(aside, &loaded, places, now)?;
            let document = judged.document();
            check(folder, &loaded, &document)
        },
    )?;
    suite::answer(console, &Suite::new("recording", members, arguments.strict), &arguments.output, exit)
}

/// Judges a recording as it would have been judged while it happened, up to the first Fail; tells each look in a line.
fn looks(console: &Console, config: &Config, judged: Judged, arguments: &cli::Replay) -> Result<Judged, Failure> {
    let Judged { mut plan, dataset, .. } = judged;
    pipeline::refuse_looks(&plan)?;
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
            return Judged::new(plan, dataset, verdict);
        }
    }
}

fn answer(console: &Console, arguments: &cli::Replay, judged: &Judged) -> Result<Exit, Failure> {
    pipeline::answer(console, &pipeline::drawn(judged, &arguments.output), &arguments.output)?;
    Ok(pipeline::exit(judged, &arguments.exit))
}

/// Holds a verdict against the recorded one, and against what the recording expects.
fn check(folder: &Path, loaded: &Loaded, now: &Document) -> Result<Member, Failure> {
    let saved = loaded.folder.join(record::VERDICT);
    let text = border::verdict(&loaded.folder)?;
    let text = text.ok_or_else(|| Failure::NotJudged { folder: folder.to_owned() })?;
    let recorded = Document::read(&text).map_err(|error| Failure::Verdict { path: saved, error })?;
    let mut says = report::diff(&recorded, now, report::RECORDED);
    let unmet = loaded.config.expected().map_or(Vec::new(), |expected| gate::unmet(expected, now));
    let state = match () {
        () if recorded.outcome != now.outcome || !unmet.is_empty() => State::Flips,
        () if says.is_empty() => State::Same,
        () => State::Differs,
    };
    says.splice(0..0, unmet);
    let (expected, outcome) = (Some(recorded.outcome), Some(now.outcome));
    Ok(Member { name: suite::called(folder), state, expected, outcome, says })
}
