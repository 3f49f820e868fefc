//! The looks of a soak that somebody else waits for: a controller that asks again, or a server that sleeps.
//!
//! Looks are at the instants that were planned, whoever is late. Nothing is kept in between but where the soak stands, so whoever
//! starts again goes on with it and takes no look twice. The window begins when the canary was there, unless the question or the
//! configuration says so: whoever has forgotten everything finds the same looks again.

mod lessons;

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::console::Console;
use super::course::{self, MINUTE, Probe};
use super::gates::Gates;
use super::learn::{self, Today};
use super::pipeline::{self, Loaded};
use super::reply::{decision, refused};
use super::{Exit, Failure};
use crate::config::plan::Plan;
use crate::config::{self, Options};
use crate::report::Document;
use crate::report::document::PastLook;
use crate::serve::{Answer, Refused, Soak, Step};
use crate::watch::{self, Schedule, Trouble};
pub(super) use lessons::Lessons;

/// After so many failures of a source in a row there is no hope.
pub(super) const PATIENCE: usize = 10;

/// A gate that is asked for its next looks.
pub(super) struct Asking<'a> {
    pub(super) gates: &'a Gates,
    pub(super) aside: &'a Console,
    pub(super) loaded: &'a Loaded,
    pub(super) set: &'a [(String, String)],
    pub(super) phase: Option<&'a str>,
    /// When the canary's window begins, if the question says so.
    pub(super) from: Option<Timestamp>,
    /// Since when the canary is there.
    pub(super) created: Option<Timestamp>,
    pub(super) now: Timestamp,
    /// What the soak is called.
    pub(super) name: &'a str,
}

/// What a soak is judged by.
struct Course {
    plan: Plan,
    schedule: Schedule,
}

/// What became of the looks that were due: the last of them with those before it, and how it exits if it is an answer.
struct Looked {
    look: usize,
    document: Document,
    exit: Option<Exit>,
}

impl Asking<'_> {
    /// How the configuration is resolved.
    pub(super) fn options(&self, from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Options<'_> {
        Options { folder: &self.loaded.folder, now, set: self.set, phase: self.phase, from, to }
    }

    /// Takes the looks that are due; nothing if the configuration has no soak.
    pub(super) fn step(&self, soak: Option<&Soak>, lessons: &Lessons) -> Result<Option<(Soak, Step)>, Refused> {
        let Some(mut course) = self.course(soak)? else { return Ok(None) };
        let schedule = course.schedule;
        let fingerprint = self.fingerprint(&course.plan);
        let fresh = || Soak { start: schedule.start, look: 0, fingerprint: fingerprint.clone(), failures: 0 };
        let soak = soak.cloned().unwrap_or_else(fresh);
        if soak.fingerprint != fingerprint {
            return Err(Refused::Wrong(format!(
                "the configuration has changed since the soak began (its fingerprint was {}, and is {fingerprint}): begin a new soak, so \
                 that all looks are by the same rules",
                soak.fingerprint
            )));
        }
        let (next, newest) = (soak.look + 1, schedule.due_at(self.now));
        if newest < next {
            return Ok(Some((soak, Step::Waits { due: schedule.due(next) })));
        }
        Ok(Some(match self.looks(&mut course, next, newest, lessons) {
            Ok(Looked { look, document, exit }) => {
                let soak = Soak { look, failures: 0, ..soak };
                let step = match exit {
                    Some(exit) => Step::Answered(Box::new(Answer { decision: decision(exit), document })),
                    None => Step::Looked { document: Box::new(document), due: schedule.due(newest + 1) },
                };
                (soak, step)
            }
            Err(Trouble::Lasting(failure)) => return Err(refused(failure)),
            Err(Trouble::Passing(failure)) if soak.failures + 1 >= PATIENCE => {
                return Err(Refused::Source(format!("{failure}; look {next} failed {PATIENCE} times in a row")));
            }
            Err(Trouble::Passing(failure)) => self.again(&failure.to_string(), soak, &schedule),
            Err(Trouble::Interrupted) => self.again("davy was interrupted", soak, &schedule),
        }))
    }

    /// Judges a gate that has no soak.
    pub(super) fn once(&self, to: Option<Timestamp>) -> Result<Answer, Refused> {
        self.gates.once(self.aside, self.loaded, &self.options(self.from, to, self.now))
    }

    /// What must stay the same: the rules, all else that the configuration says, and what is set.
    fn fingerprint(&self, plan: &Plan) -> String {
        let mut set = self.set.to_vec();
        set.sort_unstable();
        config::digest(&format!("{}\n{}\n{set:?}", plan.rules.fingerprint, self.loaded.config.text()))
    }

    fn again(&self, why: &str, soak: Soak, schedule: &Schedule) -> (Soak, Step) {
        let failures = soak.failures + 1;
        let why = format!("{why}; tried again soon ({failures} of {PATIENCE} failures in a row)");
        let again = self.now.saturating_add(schedule.every.min(watch::PATIENCE)).unwrap_or(Timestamp::MAX);
        (Soak { failures, ..soak }, Step::Troubled { why, again })
    }

    /// When the soak is looked at; nothing if the configuration has none.
    fn course(&self, soak: Option<&Soak>) -> Result<Option<Course>, Refused> {
        let (config, now) = (&self.loaded.config, self.now);
        if !config.is_watched(self.phase) {
            return Ok(None);
        }
        let said = self.from.or_else(|| config.begins(self.phase));
        let Probe { from, to, now: then } = Probe::before(said.or(self.created).unwrap_or(now));
        let plan = self.gates.plan(self.loaded, &self.options(from, to, then))?;
        let step = plan.time.step.unwrap_or(MINUTE);
        let begins = said.or(self.created.map(|at| course::next_step(at, step)));
        let Some(schedule) = course::of(config, self.phase, begins, now, &plan).map_err(refused)? else {
            return Ok(None);
        };
        pipeline::refuse_looks(&plan).map_err(refused)?;
        let start = soak.map_or(schedule.start, |soak| soak.start);
        Ok(Some(Course { plan, schedule: Schedule { start, ..schedule } }))
    }

    /// Judges these looks, up to the one that is an answer.
    fn looks(
        &self,
        course: &mut Course,
        next: usize,
        newest: usize,
        lessons: &Lessons,
    ) -> Result<Looked, Trouble<Failure>> {
        let Course { plan, schedule } = course;
        let trouble = |failure| course::trouble(failure, next > 1);
        if let Some(lesson) = lessons.of(self.name, || self.learn(plan, schedule)).map_err(trouble)? {
            lesson.tell_rules(&mut plan.rules);
        }
        let options = self.options(Some(schedule.start), Some(schedule.end(newest)), self.now);
        // what was allowed for the whole soak is allowed for its parts
        let asked = self.loaded.plan(&options).map_err(Trouble::Lasting)?;
        let data = pipeline::ask(self.aside, &asked, self.now).map_err(trouble)?;
        pipeline::say_lost(self.aside, &data);
        let (mut latest, mut past, interrupt) = (None, Vec::new(), self.aside.interrupt());
        let taken = watch::take(&plan.rules, schedule, next..=newest, &data, |taken| {
            let exit = Exit::of(taken.verdict.outcome, asked.on_inconclusive, asked.fail_on_warn);
            let document = pipeline::document(&asked, &taken.verdict);
            past.push(PastLook::of(&document));
            latest = Some((taken.look, document, exit));
            // a long soak that began early has many looks at once
            if interrupt.is_raised() { Err(Trouble::Interrupted) } else { Ok(()) }
        })?;
        let none =
            || Trouble::Lasting(Failure::Unusable(format!("look {newest} was not taken: that is a bug in davy")));
        let (look, document, exit) = latest.ok_or_else(none)?;
        let document = Document { looks: past, ..document };
        Ok(Looked { look, document, exit: (taken == ControlFlow::Break(())).then_some(exit) })
    }

    /// What the past says of the noise.
    fn learn(&self, plan: &Plan, schedule: &Schedule) -> Result<Option<learn::Lesson>, Failure> {
        let options = self.options(Some(schedule.start), None, self.now);
        learn::learn(self.aside, self.loaded, &options, plan, &Today::of_watch(plan, schedule))
    }
}
