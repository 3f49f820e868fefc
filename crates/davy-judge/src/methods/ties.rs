//! Quantiles of requests that many others tie with: 3 ms, where a tenth of all requests take 3 ms.
//!
//! A ratio of quantiles is asked as a ratio of shares beyond a threshold. Where many requests tie with the quantile, equal
//! arms have equal shares beyond the threshold and beyond ten percent more: no traffic would tell those apart. Yet each
//! quantile is known by itself. The baseline's lies at a value or above if surely more than `1 - q` of its requests reach it;
//! the canary's lies at most ten percent above that value if surely fewer lie beyond. Both together show the ratio
//! (an intersection-union test: Berger 1982), each at the whole level.
//!
//! The value is the baseline's own quantile. Without ties about `1 - q` of the requests reach it, which is evidence of
//! nothing, so that the shares alone decide.

use crate::requests::ArmRequests;
use davy_stats::Direction;
use davy_stats::dispersion::Prior;
use davy_stats::single;
use davy_stats::slow::{self, Requests};

/// Evidence of less than this is that of no ties.
const LEAST: f64 = 1.0;

/// A value at which the baseline's quantile is known to lie.
#[derive(Debug, Clone)]
pub(super) struct Ties {
    value: f64,
    q: f64,
    prior: Prior,
    /// The evidence that the quantile is at least the value, and that it is at most the value.
    reaches: f64,
    keeps: f64,
}

impl Ties {
    /// Of the baseline's `q`-quantile; nothing where no evidence fixes it to a value.
    pub(super) fn of(baseline: &ArmRequests, q: f64, prior: Prior) -> Option<Ties> {
        let value = baseline.pooled.least(q).filter(|value| value.is_finite() && *value > 0.0)?;
        // where all are alike somebody may have measured nothing
        baseline.pooled.least(0.0).zip(baseline.pooled.least(1.0)).filter(|(first, last)| first < last)?;
        let (reaches, keeps) =
            (at_or_above(&baseline.steps, value, q, prior), at_or_below(&baseline.steps, value, q, prior));
        (reaches.max(keeps) >= LEAST).then_some(Ties { value, q, prior, reaches, keeps })
    }

    /// The evidence that the canary's quantile lies above (or below) so many times the baseline's, if it is any.
    pub(super) fn z(&self, canary: &ArmRequests, factor: f64, direction: Direction) -> Option<f64> {
        let Ties { value, q, prior, reaches, keeps } = *self;
        let (steps, limit) = (&canary.steps, factor * value);
        match direction {
            Direction::Below if reaches >= LEAST => Some(reaches.min(at_or_below(steps, limit, q, prior))),
            Direction::Above if keeps >= LEAST => Some(keeps.min(at_or_above(steps, limit, q, prior))),
            _ => None,
        }
    }
}

/// Evidence that a quantile is at least a value: more than `1 - q` of the requests reach it.
fn at_or_above(steps: &[Requests], value: f64, q: f64, prior: Prior) -> f64 {
    quantile_z(steps, value, true, q, Direction::Above, prior)
}

/// Evidence that a quantile is at most a value: fewer than `1 - q` of the requests lie beyond it.
fn at_or_below(steps: &[Requests], value: f64, q: f64, prior: Prior) -> f64 {
    quantile_z(steps, value, false, q, Direction::Below, prior)
}

fn quantile_z(steps: &[Requests], value: f64, inclusive: bool, q: f64, direction: Direction, prior: Prior) -> f64 {
    let beyond = slow::trials_beyond(steps, value, inclusive, direction);
    single::quantile_z(&beyond, q, &single::trial_design_effect(&beyond, prior), direction)
}
