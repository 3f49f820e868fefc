//! A criterion as a question of sample size: its usual level, what one step brings, and how noisy it is.
//!
//! The truth that is asked about is always the canary's own level; a limit is turned into the same terms. A share of
//! good ones is asked about by its bad ones, as the judge does.

use crate::judge::rules::{Bound, Limit, Side};
use crate::stats::power::{Noise, Question, Sign};
use crate::stats::quantile::quantile;

/// What a criterion is about, per step.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) shape: Shape,
    /// The usual level: of the bad ones for a share.
    pub(super) usual: f64,
    pub(super) noise: Noise,
    /// Bad events beyond the expected that a Fail needs.
    pub(super) min_excess: f64,
}

/// What one step brings.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Trials of each arm.
    Trials { canary: f64, baseline: f64 },
    /// Exposure of the canary, and the events it is expected to have for every one of the baseline's.
    Exposure { canary: f64, odds: f64 },
    /// A number, with its standard deviation, and how much its bias may favour either answer.
    Number { deviation: f64, log: bool, allowance: Allowance },
    /// Requests of each arm and the values that they usually have, sorted.
    Requests { canary: f64, baseline: f64, q: f64, values: Vec<f64> },
}

/// How much the small-sample bias of a percentile may make the canary look better or worse than it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance {
    pub(super) for_fail: f64,
    pub(super) for_pass: f64,
}

/// One part of a limit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Level(f64),
    Ratio(f64),
    Difference(f64),
}

/// A bound in terms of what is counted: of the bad ones where the good ones are shown.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    pub(super) side: Side,
}

impl Parts {
    pub(super) fn of(bound: &Bound, flipped: bool) -> Parts {
        let side = if flipped { bound.side.opposite() } else { bound.side };
        let parts = match bound.limit {
            Limit::Threshold(value) => vec![Part::Level(if flipped { 1.0 - value } else { value })],
            Limit::Margin { relative: None, absolute: None } => vec![Part::Difference(0.0)],
            Limit::Margin { relative, absolute } => {
                let absolute = absolute.map(|a| Part::Difference(if flipped { -a } else { a }));
                relative.map(|r| Part::Ratio(1.0 + r)).into_iter().chain(absolute).collect()
            }
        };
        Parts { parts, side }
    }

    /// Above the limit is bad for 1, below it for -1.
    pub(super) fn bad(&self) -> Sign {
        if self.side == Side::AtMost { 1.0 } else { -1.0 }
    }

    /// The limit as a level of the canary, given the usual one; of two the wider.
    pub(super) fn limit(&self, usual: f64) -> f64 {
        let levels = self.parts.iter().map(|part| match part {
            Part::Level(level) => *level,
            Part::Ratio(ratio) => usual * ratio,
            Part::Difference(difference) => usual + difference,
        });
        let bad = self.bad();
        levels.reduce(|a, b| if (a - b) * bad >= 0.0 { a } else { b }).unwrap_or(f64::NAN)
    }
}

impl Subject {
    /// The question whether the canary, when its level truly is `truth`, is shown to lie on a side of a part of a limit.
    pub(super) fn question(&self, part: Part, truth: f64, sign: Sign, fails: bool) -> Question {
        let usual = self.usual;
        let least = if fails { self.min_excess } else { 0.0 };
        match (&self.shape, part) {
            (Shape::Trials { canary, .. }, Part::Level(limit)) => Question::share(*canary, truth, limit, sign),
            (Shape::Trials { canary, baseline }, Part::Ratio(limit)) => {
                let share = (canary * truth + baseline * usual) / (canary + baseline);
                let finite = (1.0 - share).clamp(0.05, 1.0);
                let (odds, canary, baseline) = (canary / baseline, canary * truth, baseline * usual);
                Question { least, ..Question::ratio(canary, baseline, odds, limit, finite, sign) }
            }
            (Shape::Trials { canary, baseline }, Part::Difference(limit)) => {
                Question { least, ..Question::difference((*canary, truth), (*baseline, usual), limit, sign) }
            }
            (Shape::Exposure { canary, .. }, Part::Level(limit)) => {
                Question::frequency(canary * truth, canary * limit, sign)
            }
            (Shape::Exposure { canary, odds }, part) => {
                let limit = if let Part::Ratio(ratio) = part { ratio } else { 1.0 };
                // the baseline's own rate is to the canary's as their shares of the traffic
                let baseline = canary * usual / odds.max(f64::MIN_POSITIVE);
                Question { least, ..Question::ratio(canary * truth, baseline, *odds, limit, 1.0, sign) }
            }
            (Shape::Number { deviation, log, allowance }, part) => {
                let distance = match (part, log) {
                    (Part::Level(limit), true) => (truth / limit).ln(),
                    (Part::Level(limit), false) => truth - limit,
                    (Part::Ratio(ratio), true) => (truth / usual / ratio).ln(),
                    (Part::Ratio(ratio), false) => truth - usual - (ratio - 1.0) * usual.abs(),
                    (Part::Difference(difference), _) => truth - usual - difference,
                };
                let allowed = if matches!(part, Part::Level(_)) { Allowance::default() } else { *allowance };
                let allowed = if fails { allowed.for_fail } else { allowed.for_pass };
                let allowed = if *log { allowed } else { allowed * usual.abs() };
                Question::level(sign * distance - allowed, *deviation)
            }
            (Shape::Requests { canary, baseline, q, values }, part) => {
                let at_quantile = quantile(values, *q).unwrap_or(f64::NAN);
                match part {
                    Part::Ratio(ratio) => {
                        let slow = beyond(values, at_quantile * ratio * usual / truth);
                        let (canary, baseline, odds) = (canary * slow, baseline * (1.0 - q), canary / baseline);
                        Question { least: 0.0, ..Question::ratio(canary, baseline, odds, 1.0, 1.0, sign) }
                    }
                    Part::Level(limit) => {
                        let slow = beyond(values, limit * usual / truth);
                        Question::share(*canary, slow, 1.0 - q, sign)
                    }
                    Part::Difference(_) => {
                        let slow = beyond(values, at_quantile * usual / truth);
                        let (canary, baseline, odds) = (canary * slow, baseline * (1.0 - q), canary / baseline);
                        Question::ratio(canary, baseline, odds, 1.0, 1.0, sign)
                    }
                }
            }
        }
    }
}

/// The share of sorted values beyond a limit.
fn beyond(values: &[f64], limit: f64) -> f64 {
    if values.is_empty() || limit.is_nan() {
        return f64::NAN;
    }
    (values.len() - values.partition_point(|v| *v <= limit)) as f64 / values.len() as f64
}
