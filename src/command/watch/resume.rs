//! A watch that goes on: what its recording says of the looks that were taken.

use std::path::Path;

use jiff::Timestamp;

use super::round::Round;
use crate::command::course::Probe;
use crate::command::{Exit, Failure, border};
use crate::judge::rules::{Looks, Rules};
use crate::plain;
use crate::record;
use crate::report::Document;
use crate::report::document::{Outcome, PastLook};

/// Where a watch stood.
pub(super) struct Resumed {
    /// Where the canary's window begins.
    pub(super) start: Timestamp,
    /// The looks that were taken.
    pub(super) looks: Vec<PastLook>,
    /// The last of them, to be shown until there is another.
    pub(super) last: Option<Document>,
}

/// The verdict of a phase that is over and let the next one begin; nothing where it is not over.
///
/// # Errors
///
/// A recording that cannot be read, or is by other rules.
pub(super) fn passed(folder: &Path, round: &Round, phase: &str) -> Result<Option<Document>, Failure> {
    let Some(document) = document(folder)? else { return Ok(None) };
    let plan = round.plan(Some(phase), Probe::before(Timestamp::now()))?;
    if document.fingerprint != plan.rules.fingerprint {
        return Err(refused(folder, &by_other_rules(&document, &plan.rules)));
    }
    let exit = Exit::of(document.outcome.into(), plan.on_inconclusive, plan.fail_on_warn);
    Ok((is_over(&document, &plan.rules) && exit == Exit::Pass).then_some(document))
}

/// Reads what a folder keeps of a watch by the same rules; nothing where none was begun.
///
/// # Errors
///
/// A recording by other rules, of no watch, or of one that has ended: to go on with it would answer for another canary.
pub(super) fn read(folder: &Path, rules: &Rules) -> Result<Option<Resumed>, Failure> {
    let Some(document) = document(folder)? else { return Ok(None) };
    if document.fingerprint != rules.fingerprint {
        return Err(refused(folder, &by_other_rules(&document, rules)));
    }
    let Some((start, end)) = window(&document) else {
        return Err(refused(folder, "does not say which time was judged"));
    };
    if document.looks.is_empty() {
        return Err(refused(folder, "was judged once and not watched"));
    }
    if is_over(&document, rules) {
        let word = document.outcome.word();
        return Err(refused(folder, &format!("keeps a watch that has ended, with {word} at {end}")));
    }
    Ok(Some(Resumed { start, looks: document.looks.clone(), last: Some(document) }))
}

fn document(folder: &Path) -> Result<Option<Document>, Failure> {
    let Some(text) = (if folder.is_dir() { border::verdict(folder)? } else { None }) else { return Ok(None) };
    let path = folder.join(record::VERDICT);
    Document::read(&text).map(Some).map_err(|error| Failure::Verdict { path, error })
}

fn window(document: &Document) -> Option<(Timestamp, Timestamp)> {
    let window = &document.arms.canary.window;
    window.start.parse().ok().zip(window.end.parse().ok())
}

/// Whether there was an answer, or the soak was over.
fn is_over(document: &Document, rules: &Rules) -> bool {
    let at_the_end = match (rules.looks, window(document)) {
        (Looks::Planned { soak, .. }, Some((start, end))) => end.duration_since(start) >= soak,
        _ => false,
    };
    at_the_end || matches!(document.outcome, Outcome::Fail | Outcome::Pass)
}

fn by_other_rules(document: &Document, rules: &Rules) -> String {
    let (theirs, ours) = (&document.fingerprint, &rules.fingerprint);
    format!("was judged by other rules (fingerprint {theirs}; this configuration has {ours})")
}

fn refused(folder: &Path, why: &str) -> Failure {
    let folder = plain::path(folder);
    let remedy = "Name another folder for a new watch, or leave --resume out to replace this one";
    Failure::Misused(format!("--resume: {folder} {why}. {remedy}"))
}
