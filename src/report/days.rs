//! Several earlier days beside today, as the verdict's JSON has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Number;
use crate::judge::earlier::{self, DayStanding};

/// What several earlier days show beside today, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Days {
    /// The number that the days predict of today.
    pub expected: Option<Number>,
    /// The standard deviation of the days about what is expected of each: of logarithms if `by_factor`, else in the metric's
    /// unit.
    pub spread: Option<Number>,
    /// The degrees of freedom of the interval.
    pub freedom: Option<Number>,
    /// Whether days differ by factors; else by differences.
    pub by_factor: bool,
    /// How much of a difference in the time before shows in the window, where that adjusts the days.
    pub slope: Option<Number>,
    /// Today's number of the time before, where that adjusts the days.
    pub before: Option<Number>,
    /// Whether the days of today's weekday alone make the mean.
    pub by_weekday: bool,
    /// Each earlier day, the latest first.
    pub each: Vec<OneDay>,
}

/// One earlier day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OneDay {
    /// The first instant of its window, in UTC.
    pub start: String,
    /// The first instant after, in UTC.
    pub end: String,
    /// Its number.
    pub value: Option<Number>,
    /// The number of the time before.
    pub before: Option<Number>,
    /// Whether it counts: "used" and "outlying" do, "missing", "incomplete" and "idle" do not. New words may come.
    #[schemars(extend("examples" = ["used", "outlying", "missing", "incomplete", "idle"]))]
    pub standing: String,
}

impl Days {
    pub(super) fn of(days: &earlier::EarlierDays) -> Days {
        let day = |day: &earlier::EarlierDay| OneDay {
            start: day.window.start.to_string(),
            end: day.window.end.to_string(),
            value: day.number.and_then(Number::new),
            before: day.before.and_then(Number::new),
            standing: day.standing.name().to_owned(),
        };
        Days {
            expected: Number::new(days.expected),
            spread: Number::new(days.spread),
            freedom: Number::new(days.freedom),
            by_factor: days.by_factor,
            slope: days.slope.and_then(Number::new),
            before: days.before.and_then(Number::new),
            by_weekday: days.by_weekday,
            each: days.each.iter().map(day).collect(),
        }
    }
}

impl OneDay {
    /// Whether the day counts.
    pub(super) fn is_used(&self) -> bool {
        [DayStanding::Used, DayStanding::Outlying].iter().any(|standing| standing.name() == self.standing)
    }
}
