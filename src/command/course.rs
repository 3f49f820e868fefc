//! The course of a soak: from when on, how often and how long it is looked at.
//!
//! A watch, the server and the plugin of a controller wait in different ways, and look at the same instants.

use super::Failure;
use crate::config::Config;
use crate::config::plan::{Plan, Span};
use crate::ingest;
use crate::judge::rules::{Looks, Rules};
use crate::series::{SignedDuration, Timestamp};
use crate::source::Kind;
use crate::watch::{Schedule, Trouble};

/// What is written into files arrives there so long after its time, unless `settle` says otherwise.
const FILES_SETTLE: SignedDuration = SignedDuration::from_secs(5);
/// The spacing of points where nothing is said of it.
pub(super) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// What to do about a configuration that is looked at once.
pub(super) const HOW_LONG: &str = "how long and how often to look is not said: write `soak: 1h` and `every: 5m` into the \
                                   configuration (or `every` alone, to watch without an end); `davy judge` looks once";

/// When the looks of a plan are due that was made before them; nothing if it looks once. A soak that has begun has a start of its own.
///
/// # Errors
///
/// The window ends before the soak, or nothing says how often to look.
pub(super) fn of(
    config: &Config,
    phase: Option<&str>,
    from: Option<Timestamp>,
    now: Timestamp,
    plan: &Plan,
) -> Result<Option<Schedule>, Failure> {
    let soak = soak_of(&plan.rules);
    refuse_short(config.ends(phase), from, soak)?;
    let every = match (plan.rules.looks, config.every(phase)) {
        (Looks::Once, _) => return Ok(None),
        (Looks::Planned { soak, .. }, every) => every.unwrap_or(soak),
        (Looks::Open, every) => every.ok_or(Failure::Misused(HOW_LONG.into()))?,
    };
    let settle = plan.settle.unwrap_or(FILES_SETTLE);
    let step = plan.time.step.unwrap_or(MINUTE);
    // services are asked for whole steps of their own grid: the plan knows where the first begins
    let start = match plan.time.canary {
        Span::Exactly(window) if asks_services(plan) => window.start,
        _ => from.unwrap_or_else(|| next_step(now, step)),
    };
    Ok(Some(Schedule { start, every, soak, settle }))
}

/// Whether it asks any service.
pub(super) fn asks_services(plan: &Plan) -> bool {
    plan.queries.iter().any(|query| query.source.service().is_some())
}

/// The first instant from now on at which a step begins.
pub(super) fn next_step(now: Timestamp, step: SignedDuration) -> Timestamp {
    let (now_ms, step) = (now.as_millisecond(), i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1));
    let begun = now_ms.rem_euclid(step);
    let next = if begun == 0 { now_ms } else { now_ms.saturating_add(step - begun) };
    Timestamp::from_millisecond(next).unwrap_or(now)
}

/// A window that ends before its soak does would be watched beyond its end.
fn refuse_short(end: Option<Timestamp>, from: Option<Timestamp>, soak: Option<SignedDuration>) -> Result<(), Failure> {
    let over = from.zip(soak).and_then(|(from, soak)| from.checked_add(soak).ok());
    match end.zip(over) {
        Some((end, over)) if end < over => Err(Failure::Misused(format!(
            "the window ends at {end}, and the soak at {over}: leave `to` out of the window, or write a shorter soak"
        ))),
        _ => Ok(()),
    }
}

fn soak_of(rules: &Rules) -> Option<SignedDuration> {
    match rules.looks {
        Looks::Planned { soak, .. } => Some(soak),
        Looks::Once | Looks::Open => None,
    }
}

/// Whether a failure may be over soon. What cannot be read at the very first is wrong for good, unless there is nothing yet.
pub(super) fn trouble(failure: Failure, has_begun: bool) -> Trouble<Failure> {
    let Failure::Data(error) = &failure else { return Trouble::Lasting(failure) };
    let is_empty = match error {
        ingest::Error::NoPoints { .. } => true,
        ingest::Error::Source(error) => error.is_of_nothing(),
        _ => false,
    };
    match error.kind() {
        Kind::Interrupted => Trouble::Interrupted,
        Kind::Unreachable => Trouble::Passing(failure),
        _ if has_begun || is_empty => Trouble::Passing(failure),
        _ => Trouble::Lasting(failure),
    }
}

/// Which time is planned, and when.
pub(super) struct Probe {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl Probe {
    /// An hour from an instant on as if it had passed, to see what will be asked.
    pub(super) fn before(from: Timestamp) -> Probe {
        let later = |span| from.saturating_add(span).unwrap_or(from);
        let (to, now) = (later(SignedDuration::from_hours(1)), later(SignedDuration::from_hours(2)));
        Probe { from: Some(from), to: Some(to), now }
    }
}
