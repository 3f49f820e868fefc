//! Counters as they were scraped, and what they counted in each step.
//!
//! What a counter counted between two samples belongs to the step of the later one; a sample at the border of two steps
//! belongs to the earlier, because what it counted had happened by then. So the sum of all steps is the last sample inside
//! the window less the last one before it, exactly.
//!
//! ```text
//!   lookback        start                                         end
//!   ──●─────●─────●──┊──●─────●─────●──┊──●─────●─────●──┊──●─────●┊
//!                 └ 3 ──┘                 the increase from the last sample before belongs to the first step
//! ```
//!
//! A counter without a sample in the look-back begins inside, at zero (a *birth*). One that falls starts again from zero
//! (a *restart*). Both are doubted where the number is far more than such a counter can have counted since it was last
//! looked at: then it was older than it seems, or it is not a counter. A doubted number is not counted, and said.

use std::collections::BTreeMap;

use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::error::{Error, quoted};

/// Names and values of a series, sorted by name.
pub(super) type Labels = Vec<(String, String)>;

/// Numbers that are larger stop being exact.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// So small a birth or restart is never doubted.
const SMALL: u64 = 20;
/// A birth or restart is doubted if it exceeds what the counter counts in its usual time by this factor.
const FAR: u64 = 4;
/// So many intervals are looked at to know the usual one.
const INTERVALS: usize = 64;

/// The steps of a window, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: i64,
    pub end: i64,
    pub step: i64,
    /// The first instant that is asked about.
    pub from: i64,
}

impl Span {
    pub fn new(window: Window, step: SignedDuration, lookback: SignedDuration) -> Span {
        let ms = |span: SignedDuration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let (start, end) = (window.start.as_millisecond(), window.end.as_millisecond());
        Span { start, end, step: ms(step).max(1), from: start.saturating_sub(ms(lookback).max(0)) }
    }

    /// How many steps there are.
    pub fn steps(&self) -> usize {
        let span = (self.end - self.start).max(0);
        usize::try_from((span + self.step - 1) / self.step).unwrap_or(0)
    }

    /// The step of an instant; nothing outside the window.
    pub fn step_of(&self, time: i64) -> Option<usize> {
        let inside = self.start < time && time <= self.end;
        inside.then(|| usize::try_from((time - self.start - 1) / self.step).unwrap_or(0))
    }

    /// When a step begins.
    pub fn time(&self, step: usize) -> Timestamp {
        instant(self.start + step as i64 * self.step)
    }
}

pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// A number that was not counted, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubt {
    pub at: i64,
    pub value: u64,
}

/// A counter that begins inside the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Birth {
    pub at: i64,
    pub value: u64,
    /// What it counted afterwards, and until when.
    grown: u64,
    until: i64,
}

impl Birth {
    /// Whether births together are far more than they can have counted before the first look at them.
    pub fn are_doubted<'b>(births: impl Iterator<Item = &'b Birth> + Clone, lookback: i64) -> bool {
        let value: u64 = births.clone().map(|birth| birth.value).sum();
        let grown: u64 = births.clone().map(|birth| birth.grown).sum();
        let seen = births.map(|birth| birth.until - birth.at).max().unwrap_or(0).max(1);
        let usual = u128::from(grown) * u128::from(lookback.unsigned_abs()) / u128::from(seen.unsigned_abs());
        value > SMALL && u128::from(value) > u128::from(FAR) * usual
    }
}

/// One counter in the steps of a window.
#[derive(Debug, Clone)]
pub(super) struct Track {
    last: Option<(i64, u64)>,
    /// The first sample of all.
    pub first: i64,
    counts: Vec<u64>,
    sampled: Vec<bool>,
    pub birth: Option<Birth>,
    pub restarts: u64,
    pub doubts: Vec<Doubt>,
    /// What was counted over longer than usual, across the border of steps: how long, and how much.
    late: Vec<(i64, u64)>,
    intervals: Vec<i64>,
    shortest: i64,
    /// The most that was counted from one sample to the next.
    most: u64,
}

impl Track {
    fn new(span: &Span, first: i64) -> Track {
        Track {
            last: None,
            first,
            counts: vec![0; span.steps()],
            sampled: vec![false; span.steps()],
            birth: None,
            restarts: 0,
            doubts: Vec::new(),
            late: Vec::new(),
            intervals: Vec::new(),
            shortest: i64::MAX,
            most: 0,
        }
    }

    /// The newest sample's time.
    pub fn ended(&self) -> i64 {
        self.last.map_or(self.first, |(at, _)| at)
    }

    /// The usual time between two samples, where there are some.
    pub fn interval(&self) -> Option<i64> {
        let mut intervals = self.intervals.clone();
        let middle = intervals.len().checked_sub(1)? / 2;
        Some(*intervals.select_nth_unstable(middle).1)
    }

    /// What it counted in a step: nothing where it has no sample.
    pub fn count(&self, step: usize, with_birth: bool, span: &Span) -> Option<u64> {
        let born = self.birth.filter(|birth| with_birth && span.step_of(birth.at) == Some(step));
        self.sampled[step].then(|| self.counts[step] + born.map_or(0, |birth| birth.value))
    }

    /// What it counted in all steps, without its birth.
    pub fn counted(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// In how many steps it has a sample.
    pub fn sampled(&self) -> usize {
        self.sampled.iter().filter(|sampled| **sampled).count()
    }

    /// How much it counted across missing scrapes.
    pub fn late(&self) -> u64 {
        let usual = self.interval().unwrap_or(i64::MAX);
        self.late.iter().filter(|(interval, _)| 2 * interval > 3 * usual).map(|(_, count)| count).sum()
    }

    fn add(&mut self, span: &Span, at: i64, value: u64) -> Result<(), String> {
        let step = span.step_of(at);
        if let Some(step) = step {
            self.sampled[step] = true;
        }
        let Some((before, old)) = self.last.replace((at, value)) else {
            if step.is_some() {
                self.birth = Some(Birth { at, value, grown: 0, until: at });
            }
            return Ok(());
        };
        if at <= before {
            self.last = Some((before, old));
            return match (at == before, value == old) {
                (true, true) => Ok(()),
                (true, false) => Err(format!("has two values at {}: {old} and {value}", instant(at))),
                (false, _) => Err(format!("has a sample at {} after one at {}", instant(at), instant(before))),
            };
        }
        let interval = at - before;
        if self.intervals.len() < INTERVALS {
            self.intervals.push(interval);
        }
        self.shortest = self.shortest.min(interval);
        let increase = self.increase(at, (old, value), interval);
        let Some(step) = step else { return Ok(()) };
        self.counts[step] += increase;
        if span.step_of(before) != Some(step) && 2 * interval > 3 * self.shortest {
            self.late.push((interval, increase));
        }
        if let Some(birth) = &mut self.birth {
            (birth.grown, birth.until) = (birth.grown + increase, at);
        }
        Ok(())
    }

    /// From one sample to the next.
    fn increase(&mut self, at: i64, (old, value): (u64, u64), interval: i64) -> u64 {
        if value >= old {
            self.most = self.most.max(value - old);
            return value - old;
        }
        let usual = self.most.saturating_mul(u64::try_from(interval / self.shortest.max(1)).unwrap_or(1).max(1));
        if value > SMALL && value > old / 2 && value > FAR.saturating_mul(usual) {
            self.doubts.push(Doubt { at, value });
            return 0;
        }
        self.restarts += 1;
        value
    }
}

/// All counters that a selector finds.
#[derive(Debug, Clone)]
pub(super) struct Tracks {
    pub span: Span,
    pub by: BTreeMap<Labels, Track>,
}

impl Tracks {
    pub fn new(span: Span) -> Tracks {
        Tracks { span, by: BTreeMap::new() }
    }

    /// Adds samples of one series, which follow those that were added before.
    ///
    /// # Errors
    ///
    /// Unreadable: a sample that is not a count, or two values at one time.
    pub fn add(&mut self, labels: &Labels, samples: impl Iterator<Item = (i64, f64)>) -> Result<(), Error> {
        let span = self.span;
        let mut samples = samples.peekable();
        let Some((first, _)) = samples.peek().copied() else { return Ok(()) };
        if !self.by.contains_key(labels) {
            self.by.insert(labels.clone(), Track::new(&span, first));
        }
        let Some(track) = self.by.get_mut(labels) else { return Ok(()) };
        for (at, value) in samples {
            let count = whole(value).map_err(|error| error.at_time(labels, at))?;
            track.add(&span, at, count).map_err(|why| Error::unreadable(format!("{} {why}", shown(labels))))?;
        }
        Ok(())
    }
}

/// A number that is not a count.
struct NoCount(f64, &'static str);

impl NoCount {
    fn at_time(&self, labels: &Labels, at: i64) -> Error {
        let problem = format!("{} at {} {}", shown(labels), instant(at), self.1);
        Error::unreadable(problem)
            .value(&self.0.to_string())
            .expected("a count: a whole number of 0 or more")
            .hint("Select a counter of things that are counted one by one, or judge the number as a gauge.")
    }
}

fn whole(value: f64) -> Result<u64, NoCount> {
    match value {
        value if !value.is_finite() => Err(NoCount(value, "is not finite")),
        value if value < 0.0 => Err(NoCount(value, "is negative")),
        value if value.fract() != 0.0 => Err(NoCount(value, "is not whole")),
        value if value > EXACT => Err(NoCount(value, "is larger than 2^53, where counts stop being exact")),
        value => Ok(value as u64),
    }
}

/// A series as a person writes it.
pub(super) fn shown(labels: &Labels) -> String {
    let name = labels.iter().find(|(name, _)| name == "__name__").map_or("", |(_, value)| value.as_str());
    let others: Vec<String> = labels
        .iter()
        .filter(|(name, _)| name != "__name__")
        .map(|(name, value)| format!("{name}={}", quoted(value)))
        .collect();
    crate::plain::line(&format!("{name}{{{}}}", others.join(",")))
}

/// The value of a label.
pub(super) fn label<'l>(labels: &'l Labels, name: &str) -> Option<&'l str> {
    labels.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// The value of a label that a series has to have.
///
/// # Errors
///
/// Unreadable: it has none.
pub(super) fn named<'l>(labels: &'l Labels, name: &str) -> Result<&'l str, Error> {
    label(labels, name).ok_or_else(|| {
        Error::unreadable(format!("{} has no label {}", shown(labels), quoted(name)))
            .hint("Name a label that every series has, or select those that have it.")
    })
}
