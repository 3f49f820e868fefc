//! A gate with a soak: the looks that are due, and when the controller is to ask again.
//!
//! Looks are at the instants that were planned, whoever is late. The window begins when the AnalysisRun was created (and its initial
//! delay has passed), unless the template or the configuration says so: a plugin that was killed while it judged finds the same
//! looks again.

use std::ops::ControlFlow;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::lessons::Lessons;
use super::state::{self, State};
use super::wish::Wish;
use super::{answered, words};
use crate::command::console::Console;
use crate::command::course::{self, MINUTE, Probe, soak_of};
use crate::command::learn::{self, Today};
use crate::command::pipeline::{self, Loaded};
use crate::command::serve::Gates;
use crate::command::{Exit, Failure};
use crate::config::plan::Plan;
use crate::plain;
use crate::plugin::{Asked, Measurement, Phase};
use crate::report::Document;
use crate::series::Window;
use crate::watch::{self, Schedule, Trouble};

/// After so many failures of a source in a row the measurement is an error. The controller tries again then, four times by default.
const PATIENCE: usize = 10;

/// One call of the controller.
pub(super) struct Step<'a> {
    pub(super) gates: &'a Gates,
    pub(super) aside: &'a Console,
    pub(super) loaded: &'a Loaded,
    pub(super) set: &'a [(String, String)],
    pub(super) wish: &'a Wish,
    pub(super) asked: &'a Asked,
    pub(super) now: Timestamp,
}

/// A soak with its rules.
pub(super) struct Soak {
    plan: Plan,
    schedule: Schedule,
}

impl Step<'_> {
    /// When the soak is looked at; nothing if the configuration has none.
    pub(super) fn course(&self, state: Option<&State>) -> Result<Option<Soak>, String> {
        let (config, phase, now) = (&self.loaded.config, self.wish.phase.as_deref(), self.now);
        // a measurement after another one has a soak of its own
        let created = self.asked.begins.filter(|_| self.asked.past.answers == 0);
        let said = self.wish.from.or_else(|| config.begins(phase));
        let Probe { from, to, now: then } = Probe::before(said.or(created).unwrap_or(now));
        let plan = self.gates.plan(self.loaded, &self.options(from, to, then)).map_err(words)?;
        let step = plan.time.step.unwrap_or(MINUTE);
        let begins = said.or(created.map(|at| course::next_step(at, step)));
        let course = course::of(config, phase, begins, now, &plan).map_err(|failure| failure.to_string())?;
        let Some(course) = course else { return Ok(None) };
        let start = state.map_or(course.planned, |state| state.start);
        let schedule = Schedule { start, every: course.every, soak: soak_of(&plan.rules), settle: course.settle };
        Ok(Some(Soak { plan, schedule }))
    }

    /// Takes the looks that are due.
    pub(super) fn look(
        &self,
        mut soak: Soak,
        state: Option<&State>,
        so_far: &Measurement,
        lessons: &Lessons,
    ) -> Result<Measurement, String> {
        let schedule = soak.schedule;
        let fingerprint = soak.plan.rules.fingerprint.clone();
        let fresh = State { start: schedule.start, look: 0, fingerprint: fingerprint.clone(), failures: 0 };
        let state = state.cloned().unwrap_or(fresh);
        if state.fingerprint != fingerprint {
            return Err(format!(
                "the configuration has changed since the soak began (its fingerprint was {}, and is {fingerprint}): start a new \
                 AnalysisRun, so that all looks are by the same rules",
                state.fingerprint
            ));
        }
        let (next, newest) = (state.look + 1, schedule.due_at(self.now));
        if newest < next {
            let message = match state.look {
                0 => format!("the soak began at {}", schedule.start),
                _ => so_far.message.clone(),
            };
            return Ok(goes_on(message, &state, so_far, so_far.metadata.clone(), schedule.due(next)));
        }
        match self.looks(&mut soak, next, newest, lessons) {
            Ok(Looked { document, exit: Some(exit), .. }) => {
                let mut measured = answered(&document, exit, so_far);
                State { look: count(&document, newest), failures: 0, ..state }.write(&mut measured.metadata);
                Ok(measured)
            }
            Ok(Looked { document, exit: None }) => {
                let state = State { look: newest, failures: 0, ..state };
                let message = format!("look {newest}: {}", plain::line(&document.summary));
                Ok(goes_on(message, &state, so_far, state::numbers(&document), schedule.due(newest + 1)))
            }
            Err(Trouble::Lasting(failure)) => Err(failure.to_string()),
            Err(Trouble::Passing(failure)) if state.failures + 1 >= PATIENCE => {
                Err(format!("{failure}; look {next} failed {PATIENCE} times in a row"))
            }
            Err(Trouble::Passing(failure)) => Ok(self.tried_again(&failure.to_string(), &state, so_far, &schedule)),
            Err(Trouble::Interrupted) => Ok(self.tried_again("davy was interrupted", &state, so_far, &schedule)),
        }
    }

    fn tried_again(&self, why: &str, state: &State, so_far: &Measurement, schedule: &Schedule) -> Measurement {
        let state = State { failures: state.failures + 1, ..state.clone() };
        let message = format!("{why}; tried again soon ({} of {PATIENCE} failures in a row)", state.failures);
        let again = self.now.saturating_add(schedule.every.min(watch::PATIENCE)).unwrap_or(Timestamp::MAX);
        goes_on(message, &state, so_far, so_far.metadata.clone(), again)
    }

    /// Judges these looks, up to the one that is an answer.
    fn looks(
        &self,
        soak: &mut Soak,
        next: usize,
        newest: usize,
        lessons: &Lessons,
    ) -> Result<Looked, Trouble<Failure>> {
        let Soak { plan, schedule } = soak;
        let trouble = |failure| course::trouble(failure, next > 1);
        let lasting = |refused| Trouble::Lasting(Failure::Unusable(words(refused)));
        let start = schedule.start;
        if let Some(lesson) = lessons.of(self.asked, || self.learn(plan, schedule)).map_err(trouble)? {
            lesson.tell_rules(&mut plan.rules);
        }
        let to = schedule.end(newest);
        let asking = self.gates.plan(self.loaded, &self.options(Some(start), Some(to), self.now)).map_err(lasting)?;
        let data = pipeline::ask(self.aside, &asking, self.now).map_err(trouble)?;
        data.lost.iter().for_each(|(metric, why)| self.aside.note(&format!("judged without {metric}: {why}")));
        let mut latest = None;
        let taken = watch::take(&plan.rules, schedule, next..=newest, &data, |taken| {
            let exit = Exit::of(taken.verdict.outcome, asking.on_inconclusive, asking.fail_on_warn);
            latest = Some((pipeline::document(&asking, &taken.verdict), exit));
            Ok::<(), Trouble<Failure>>(())
        })?;
        let none =
            || Trouble::Lasting(Failure::Unusable(format!("look {newest} was not taken: that is a bug in davy")));
        let (document, exit) = latest.ok_or_else(none)?;
        Ok(Looked { document, exit: (taken == ControlFlow::Break(())).then_some(exit) })
    }

    /// What the past says of the noise.
    fn learn(&self, plan: &Plan, schedule: &Schedule) -> Result<Option<learn::Lesson>, Failure> {
        let Schedule { start, every, soak, .. } = *schedule;
        let end = start.saturating_add(soak.unwrap_or(every)).unwrap_or(start);
        let today = Today::of_watch(plan, Window { start, end }, plan.time.step.unwrap_or(MINUTE));
        learn::learn(self.aside, self.loaded, &self.options(Some(start), None, self.now), plan, &today)
    }
}

/// What became of the looks that were due.
struct Looked {
    /// The last of them.
    document: Document,
    /// What it exits with, if it is an answer.
    exit: Option<Exit>,
}

/// Which look a verdict is of.
fn count(document: &Document, newest: usize) -> usize {
    let number = document.look.as_ref().and_then(|look| look.number);
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(newest)
}

/// A measurement that the controller is to ask for again.
fn goes_on(
    message: String,
    state: &State,
    so_far: &Measurement,
    metadata: std::collections::BTreeMap<String, String>,
    again: Timestamp,
) -> Measurement {
    let mut metadata = metadata;
    state.write(&mut metadata);
    // the cluster keeps whole seconds, and an instant before the look would be too early
    let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    Measurement {
        phase: Phase::Running,
        message,
        started: so_far.started,
        finished: None,
        value: metadata.get("verdict").cloned().unwrap_or_default(),
        metadata,
        resume: Some(again.round(up).unwrap_or(again)),
    }
}

/// Seconds of a soak that a test can wait for.
#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_next_call_is_never_too_early() {
        let state = State { start: Timestamp::UNIX_EPOCH, look: 1, fingerprint: "f".into(), failures: 0 };
        let so_far = super::super::measurement(Phase::Running);
        let again = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_001);
        let measured = goes_on("x".into(), &state, &so_far, Default::default(), again);
        assert_eq!(measured.resume, Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(2)));
        assert_eq!((measured.phase, measured.metadata["look"].as_str()), (Phase::Running, "1"));
    }
}
