//! What several earlier days show beside today, as a verdict tells it.

use crate::series::{Pair, Window};

/// The earlier days of a criterion and what they predict of today, in the metric's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierDays {
    /// Each day that was asked for, the latest first.
    pub each: Vec<EarlierDay>,
    /// Today's number.
    pub today: Option<f64>,
    /// Today's number of the time before, where the days are adjusted by it.
    pub before: Option<f64>,
    /// The number that the days predict of today.
    pub expected: f64,
    /// Whether days differ by factors; else by differences.
    pub by_factor: bool,
    /// The standard deviation of the days about what is expected of each: of logarithms, or in the metric's unit.
    pub spread: f64,
    /// The degrees of freedom of that.
    pub freedom: f64,
    /// How much of a difference of the time before today's number is expected to have, where the days are adjusted by it.
    pub slope: Option<f64>,
    /// Whether the days of today's weekday alone make the mean.
    pub by_weekday: bool,
}

impl EarlierDays {
    /// The smallest and the largest number of the days and of today.
    pub fn range(&self) -> Option<(f64, f64)> {
        let days = self.each.iter().filter_map(|day| day.number);
        let all = days.chain(self.today).chain([self.expected]).filter(|number| number.is_finite());
        all.fold(None, |so_far, number| {
            Some(so_far.map_or((number, number), |(low, high): (f64, f64)| (low.min(number), high.max(number))))
        })
    }
}

/// One earlier day.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierDay {
    /// Its window.
    pub window: Window,
    /// Its number, where there is any.
    pub number: Option<f64>,
    /// The number of the time before.
    pub before: Option<f64>,
    /// Whether it counts.
    pub standing: DayStanding,
}

/// Whether an earlier day counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DayStanding {
    /// It does.
    Used,
    /// It does, and lies apart from the others.
    Outlying,
    /// It has no data.
    Missing,
    /// Only this share of its steps was measured.
    Incomplete(f64),
    /// It has no request.
    Idle,
}

impl DayStanding {
    /// Whether the day counts.
    pub fn is_used(self) -> bool {
        matches!(self, DayStanding::Used | DayStanding::Outlying)
    }

    /// The word that programs read.
    pub fn name(self) -> &'static str {
        match self {
            DayStanding::Used => "used",
            DayStanding::Outlying => "outlying",
            DayStanding::Missing => "missing",
            DayStanding::Incomplete(_) => "incomplete",
            DayStanding::Idle => "idle",
        }
    }
}

/// Sizes of the days that count: both as numbers and as those of the days together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sizes {
    pub(super) n: Pair<f64>,
    pub(super) bad: Option<Pair<u64>>,
}
