//! Each phase of a rollout in turn: the next one begins when this one lets it.
//!
//! Traffic is moved by whoever is told to: a hook of a phase that passed, or a person. So the window of a later phase
//! begins when the one before has its answer (and its hooks have run), unless the phase says itself when it does.

use std::path::{Path, PathBuf};

use super::resume;
use super::round::Round;
use crate::cli;
use crate::command::outlets::Outlets;
use crate::command::{Exit, Failure, pipeline};
use crate::config::Config;
use crate::plain;
use crate::report::rollout::{Phase, Rollout, State};
use crate::report::{self, Document};

pub(super) fn run(round: &Round) -> Result<Exit, Failure> {
    let config = &round.loaded.config;
    let names: Vec<String> = config.phases().iter().map(|name| (*name).to_owned()).collect();
    if names.is_empty() {
        return Err(Failure::Misused("--all-phases: the configuration has no `phases`".into()));
    }
    Outlets::of(&round.arguments.output)?.for_rollout(round.arguments.output.format)?;
    let mut phases: Vec<Phase> =
        names.iter().map(|name| Phase { name: name.clone(), state: State::NotBegun, verdict: None }).collect();
    let done = resumed(round, &names)?;
    for (phase, document) in phases.iter_mut().zip(done) {
        (phase.state, phase.verdict) = (State::Judged, Some(document));
    }
    let mut exit = Exit::Pass;
    for (at, name) in names.iter().enumerate() {
        if phases[at].state == State::Judged {
            continue;
        }
        let own = config.begins_itself(Some(name));
        let from = if at == 0 { round.arguments.from.or_else(|| config.begins(Some(name))) } else { own };
        let record = round.arguments.record.as_deref().map(|folder| folder_of(folder, at, name));
        let watched = match round.watch(Some(name), from, record.as_deref()) {
            Ok(watched) => watched,
            // what the phases before it have shown is not lost with it
            Err(failure) => {
                phases[at].state = State::Interrupted;
                if at > 0 {
                    answer(round, phases)?;
                }
                return Err(failure);
            }
        };
        phases[at].state = if watched.is_answered { State::Judged } else { State::Interrupted };
        phases[at].verdict = watched.last.as_ref().map(|(_, document)| document.clone());
        exit = watched.exit(&round.arguments.exit).unwrap_or(Exit::Interrupted);
        if let Some(document) = &phases[at].verdict {
            let advice = report::advice(document);
            round.console.note(&format!("phase {name}: {}. {advice}", document.outcome.word()));
        }
        let is_moved = round.hooks(&watched);
        if exit != Exit::Pass {
            break;
        }
        if let (false, Some(next)) = (is_moved, names.get(at + 1)) {
            round.console.warn(&format!("phase {next} is not begun: a hook that should have moved the traffic failed"));
            exit = Exit::Inconclusive;
            break;
        }
    }
    answer(round, phases)?;
    Ok(exit)
}

fn answer(round: &Round, phases: Vec<Phase>) -> Result<(), Failure> {
    let rollout = Rollout::new(round.loaded.config.name(), phases);
    pipeline::answer_rollout(round.console, &rollout, &round.arguments.output)
}

/// The verdicts of the phases that a rollout to be gone on with has behind it.
fn resumed(round: &Round, names: &[String]) -> Result<Vec<Document>, Failure> {
    let Some(folder) = round.arguments.record.as_deref().filter(|_| round.arguments.resume) else {
        return Ok(Vec::new());
    };
    let mut done = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match resume::passed(&folder_of(folder, at, name), round, name)? {
            Some(document) => done.push(document),
            None => break,
        }
    }
    if done.len() == names.len() {
        return Err(Failure::Misused(format!(
            "--resume: {} keeps a rollout that has ended. Name another folder for a new one, or leave --resume out to \
             replace this one",
            plain::path(folder)
        )));
    }
    Ok(done)
}

/// The folders that a watch records in.
pub(super) fn recordings(arguments: &cli::Watch, config: &Config) -> Vec<PathBuf> {
    let Some(folder) = &arguments.record else { return Vec::new() };
    if !arguments.all_phases {
        return vec![folder.clone()];
    }
    config.phases().iter().enumerate().map(|(at, name)| folder_of(folder, at, name)).collect()
}

/// `DIR/1-10%`: what a phase is recorded in.
fn folder_of(folder: &Path, at: usize, name: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '%' | '-' | '_' | '.') { c } else { '-' };
    folder.join(format!("{}-{}", at + 1, name.chars().map(plain).collect::<String>()))
}
