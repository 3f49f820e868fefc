//! The file as meant: what will be asked of the sources and what will be asked of the data.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::aca::Rule;
use crate::cost::CostPlan;
use crate::hooks::Hooks;
use crate::judge::rules::Rules;
use crate::series::{MetricName, Pair, SignedDuration, Timestamp, Window};
use crate::source::Query;
use crate::source::signatures::Lines;

/// A resolved configuration: nothing is left to substitute, look up or default.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What to ask of the sources.
    pub queries: Vec<Query>,
    /// Logs whose lines are compared.
    pub logs: Vec<LogQuery>,
    /// Which time to take.
    pub time: TimePlan,
    /// How long data may still change after its time, where that is written or a service is known for it.
    pub settle: Option<SignedDuration>,
    /// Which past to learn the noise from before judging, if any.
    pub noise: Option<Learn>,
    /// What to ask of the data.
    pub rules: Rules,
    /// The rule of Kayenta, if there is one.
    pub kayenta: Option<Kayenta>,
    /// What both arms cost, where anything asks for it.
    pub cost: Option<CostPlan>,
    /// What an undecided verdict becomes at the exit.
    pub on_inconclusive: OnInconclusive,
    /// Whether a warning stops the pipeline.
    pub fail_on_warn: bool,
    /// The success criteria of the whole rollout.
    pub success: Vec<Success>,
    /// What is to be done with the answer.
    pub hooks: Hooks,
}

/// A log whose lines are compared by what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct LogQuery {
    /// What it is called.
    pub name: String,
    /// Where its lines are.
    pub source: LogSource,
}

/// Where the lines of a log are.
#[derive(Debug, Clone, PartialEq)]
pub enum LogSource {
    /// In the log.
    Lines(Box<Lines>),
    /// Counted in a recording.
    Recorded(PathBuf),
}

/// Kayenta's rule with what it takes its numbers from.
#[derive(Debug, Clone, PartialEq)]
pub struct Kayenta {
    /// What the rule is told.
    pub rule: Rule,
    /// One for each of its metrics, in the same order.
    pub inputs: Vec<Input>,
    /// Whether its answer is the exit code.
    pub decides: bool,
}

/// What a metric of the rule takes its numbers from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// davy's metric.
    pub metric: MetricName,
    /// Whether steps that the source leaves out are as if they were not there.
    pub drops_gaps: bool,
}

/// Which past the noise is learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learn {
    /// Where it is.
    pub from: Past,
    /// Which hours of it.
    pub hours: Hours,
}

/// Where a past is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// In the same sources, so long before the windows that are judged.
    Before(SignedDuration),
    /// In a recording, a file, or a folder of files.
    Data(PathBuf),
}

/// Which hours of a past are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// All of them.
    All,
    /// Those of the windows that are judged, of every day.
    Same,
}

/// A success criterion of the rollout: met when all the criteria that show it pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// Its identifier.
    pub id: String,
    /// What it says.
    pub says: String,
    /// The names of criteria, of any phase.
    pub criteria: Vec<String>,
}

/// What an Inconclusive verdict becomes at the exit. It stays Inconclusive in every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInconclusive {
    /// Its own exit code.
    Keep,
    /// Exit as if it had passed.
    Pass,
    /// Exit as if it had warned.
    Warn,
    /// Exit as if it had failed.
    Fail,
}

/// Which time to take from each arm.
#[derive(Debug, Clone, PartialEq)]
pub struct TimePlan {
    /// The canary's window.
    pub canary: Span,
    /// The baseline's window.
    pub baseline: Span,
    /// The spacing of the points; found in the data when not given.
    pub step: Option<SignedDuration>,
    /// Whether it is looked at again while it grows. Then the step of single requests does not follow from how long they last.
    pub steady: bool,
    /// The zone by whose clock [`Span::Earlier`] counts days; without one a day is 24 hours.
    pub zone: Option<TimeZone>,
    /// The earlier windows, where there are several. The baseline is then [`Span::Earlier`] by the first of them.
    pub days: Option<Days>,
}

/// Several earlier windows of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// How much earlier each of them is, rising.
    pub ago: Vec<SignedDuration>,
    /// How long a time before each of them, and before the canary's own, is read as well.
    pub before: Option<SignedDuration>,
}

impl TimePlan {
    /// The windows of both arms, where they are known before the data is.
    pub fn windows(&self) -> Option<Pair<Window>> {
        let Span::Exactly(canary) = self.canary else { return None };
        let baseline = match self.baseline {
            Span::Exactly(window) => window,
            Span::Earlier(by) => self.window_before(canary, by)?,
            Span::All => canary,
        };
        Some(Pair { baseline, canary })
    }

    /// The same, where several earlier windows are one that reaches over all of them.
    pub fn reaches(&self) -> Option<Pair<Window>> {
        let windows = self.windows()?;
        Some(Pair { baseline: self.reach(windows.canary).unwrap_or(windows.baseline), ..windows })
    }

    /// The instant so much earlier. By the clock of a zone, seven days earlier is the same time of day, also where clocks
    /// changed in between.
    pub fn before(&self, at: Timestamp, by: SignedDuration) -> Option<Timestamp> {
        let Some(zone) = &self.zone else { return at.checked_sub(by).ok() };
        let days = by.as_hours() / 24;
        let rest = by - SignedDuration::from_hours(days * 24);
        let begins = at.to_zoned(zone.clone()).checked_sub(jiff::Span::new().try_days(days).ok()?).ok()?;
        begins.timestamp().checked_sub(rest).ok()
    }

    /// The earlier windows of a canary's, the latest first; none where there are not several.
    pub fn days_before(&self, canary: Window) -> Vec<Window> {
        let days = self.days.iter().flat_map(|days| &days.ago);
        days.filter_map(|by| self.window_before(canary, *by)).collect()
    }

    /// What is read of the baseline beside a canary's window: each of several earlier windows with the time before it, and the
    /// time before the canary's. Nothing where there are not several.
    pub fn stretches(&self, canary: Window) -> Vec<Window> {
        let lead = self.days.as_ref().and_then(|days| days.before).unwrap_or_default();
        let ahead =
            |window: Window| Window { start: window.start.saturating_sub(lead).unwrap_or(window.start), ..window };
        let today = (!lead.is_zero()).then(|| Window { end: canary.start, ..ahead(canary) });
        let days: Vec<Window> = self.days_before(canary).into_iter().map(ahead).collect();
        if days.is_empty() { days } else { days.into_iter().chain(today).collect() }
    }

    /// All that is read of the baseline, from the earliest window on, where there are several.
    pub fn reach(&self, canary: Window) -> Option<Window> {
        let stretches = self.stretches(canary);
        let start = stretches.iter().map(|window| window.start).min()?;
        Some(Window { start, end: stretches.iter().map(|window| window.end).max()? })
    }

    /// The window so much earlier: it is as long, and begins at the same time of day.
    pub fn window_before(&self, window: Window, by: SignedDuration) -> Option<Window> {
        let start = self.before(window.start, by)?;
        Some(Window { start, end: start.checked_add(window.duration()).ok()? })
    }
}

/// A stretch of time, as far as it is known before the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// All there is in the data: the time of both arms together, or each its own where they hardly overlap.
    All,
    /// Exactly this (settle already subtracted from a window that ends now).
    Exactly(Window),
    /// The canary's window, so much earlier.
    Earlier(SignedDuration),
}
