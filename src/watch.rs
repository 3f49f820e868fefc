//! Watching is judging again: when to look, at how much, and when enough has been seen.
//!
//! Looks are planned before any of them is taken (`soak`, `every`), and the evidence that each needs depends on that
//! plan. So a look is always at the data up to its planned instant, however late it is taken: what comes late, or after a
//! source was not to be reached, is looked at in the order in which it would have been. For the same reason a watch that
//! was interrupted goes on where it stood and spends nothing twice.
//!
//! ```text
//!            start      + every    + 2 every             start + soak
//!  data        ├───────────┼───────────┼─────── … ───────────┤
//!  looks                   1 (after settle)                the last
//! ```
//!
//! Time and the outside belong to a [`World`], so that a soak of days is tested in milliseconds.

use std::ops::{ControlFlow, RangeInclusive};

use crate::judge::judge;
use crate::judge::rules::Rules;
use crate::judge::verdict::{Outcome, Verdict};
use crate::series::{Dataset, SignedDuration, Timestamp};

/// The longest time between two attempts to reach what cannot be reached.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// When looks are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Where the canary's window begins.
    pub start: Timestamp,
    /// How often it is judged.
    pub every: SignedDuration,
    /// How long it is watched; without an end where there is none.
    pub soak: Option<SignedDuration>,
    /// How long data may still change after its time.
    pub settle: SignedDuration,
}

impl Schedule {
    /// Up to when the data of a look reaches; looks are counted from 1.
    pub fn end(&self, look: usize) -> Timestamp {
        let after = |span: SignedDuration| self.start.saturating_add(span).unwrap_or(Timestamp::MAX);
        let at = self.every.checked_mul(i32::try_from(look).unwrap_or(i32::MAX)).map_or(Timestamp::MAX, after);
        self.soak.map_or(at, |soak| at.min(after(soak)))
    }

    /// Whether the soak ends with a look.
    pub fn is_last(&self, look: usize) -> bool {
        self.soak.is_some_and(|soak| self.end(look).duration_since(self.start) >= soak)
    }

    /// When the data of a look has settled.
    pub fn due(&self, look: usize) -> Timestamp {
        self.end(look).saturating_add(self.settle).unwrap_or(Timestamp::MAX)
    }

    /// How many looks are due at an instant.
    pub fn due_at(&self, now: Timestamp) -> usize {
        let passed = now.duration_since(self.start).saturating_sub(self.settle).as_millis().max(0);
        let every = self.every.as_millis().max(1);
        let all = |soak: SignedDuration| {
            let looks = (soak.as_millis().max(1) + every - 1) / every;
            if passed >= soak.as_millis() { looks } else { (passed / every).min(looks - 1) }
        };
        usize::try_from(self.soak.map_or(passed / every, all)).unwrap_or(usize::MAX)
    }

    /// The look whose data ends at an instant, where there is one.
    pub fn look_at(&self, end: Timestamp) -> Option<usize> {
        let look = self.due_at(end.saturating_add(self.settle).ok()?);
        (look > 0 && self.end(look) == end).then_some(look)
    }
}

/// What went wrong outside.
#[derive(Debug)]
pub enum Trouble<E> {
    /// What may be over soon: a source that does not answer, a file that is being written.
    Passing(E),
    /// What will be the same next time.
    Lasting(E),
    /// Somebody wants an end.
    Interrupted,
}

/// Time, sources and listeners.
pub trait World {
    /// What goes wrong here.
    type Error;

    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Waits until an instant; breaks where somebody wants an end.
    fn wait(&mut self, until: Timestamp) -> ControlFlow<()>;

    /// The data from the beginning of the canary's window up to an instant.
    ///
    /// # Errors
    ///
    /// What keeps it from being had.
    fn fetch(&mut self, until: Timestamp) -> Result<Dataset, Trouble<Self::Error>>;

    /// Hears of every look; `is_latest` where no other is due.
    ///
    /// # Errors
    ///
    /// What keeps it from being told or kept.
    fn looked(&mut self, taken: Taken) -> Result<(), Self::Error>;

    /// Hears of what went wrong for the so-manieth time in a row, and when it is tried again.
    fn troubled(&mut self, error: &Self::Error, times: usize, again: Timestamp);
}

/// A look that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Which.
    pub look: usize,
    /// Whether no later one is due.
    pub is_latest: bool,
    /// What was seen.
    pub data: Dataset,
    /// What it means.
    pub verdict: Verdict,
}

/// How a watch ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End<E> {
    /// With an answer: a Fail, a Pass, or whatever the end of the soak brought.
    Answered,
    /// By somebody's wish.
    Interrupted,
    /// Something went wrong so often in a row that there is no hope, or for good.
    Failed(E),
}

/// Watches from a look on, until there is an answer. After `patience` failures in a row it gives up.
///
/// It ends with a Fail at any look, with a Pass at any look (the rules say when a Pass may be had), and with anything
/// at the end of the soak. A Warn or an Inconclusive before that may still become something else.
pub fn watch<W: World>(
    rules: &Rules,
    schedule: &Schedule,
    from: usize,
    patience: usize,
    world: &mut W,
) -> End<W::Error> {
    let mut next = from.max(1);
    loop {
        if world.wait(schedule.due(next)).is_break() {
            return End::Interrupted;
        }
        let fetched = persistently(schedule.every, patience, world, |world| {
            let newest = schedule.due_at(world.now()).max(next);
            world.fetch(schedule.end(newest)).map(|data| (newest, data))
        });
        let (newest, data) = match fetched {
            Ok(fetched) => fetched,
            Err(end) => return end,
        };
        match take(rules, schedule, next..=newest, &data, |taken| world.looked(taken)) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return End::Answered,
            Err(error) => return End::Failed(error),
        }
        next = newest + 1;
    }
}

/// Takes these looks in turn at the data up to the last of them; breaks at the one that is an answer, or the last of the soak.
///
/// # Errors
///
/// What keeps a look from being told or kept.
pub fn take<E>(
    rules: &Rules,
    schedule: &Schedule,
    looks: RangeInclusive<usize>,
    data: &Dataset,
    mut looked: impl FnMut(Taken) -> Result<(), E>,
) -> Result<ControlFlow<()>, E> {
    let newest = *looks.end();
    for look in looks {
        let data = data.until(schedule.end(look));
        let verdict = judge(rules, &data);
        let over = schedule.is_last(look) || matches!(verdict.outcome, Outcome::Fail | Outcome::Pass);
        looked(Taken { look, is_latest: over || look == newest, data, verdict })?;
        if over {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Tries until it works, as long as there is hope.
///
/// # Errors
///
/// How the watch ends if it does not.
pub fn persistently<W: World, T>(
    every: SignedDuration,
    patience: usize,
    world: &mut W,
    mut attempt: impl FnMut(&mut W) -> Result<T, Trouble<W::Error>>,
) -> Result<T, End<W::Error>> {
    let mut times = 0;
    loop {
        let error = match attempt(world) {
            Ok(done) => return Ok(done),
            Err(Trouble::Interrupted) => return Err(End::Interrupted),
            Err(Trouble::Lasting(error)) => return Err(End::Failed(error)),
            Err(Trouble::Passing(error)) => error,
        };
        times += 1;
        if times >= patience.max(1) {
            return Err(End::Failed(error));
        }
        let again = world.now().saturating_add(every.min(PATIENCE)).unwrap_or(Timestamp::MAX);
        world.troubled(&error, times, again);
        if world.wait(again).is_break() {
            return Err(End::Interrupted);
        }
    }
}
