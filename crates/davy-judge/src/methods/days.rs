//! The canary's window beside what several earlier days predict of it.
//!
//! Before and after: everything got the new version at once, so that no other arm runs beside the canary. Each earlier day has
//! one number, the criterion's own statistic. What they predict of today has an interval that includes how much days differ.
//!
//! - **Evidence**: today's number less the predicted one and the limit, over its standard error: Student's t brought to a normal
//!   z. It is never stronger than that of today's window alone against the limit beside the predicted number.
//! - **Interval**: the effects that the evidence does not reject.
//! - **Any-time evidence**: none. Days do not become more within a soak, so that they are compared at its end alone, at the
//!   whole level, and never with an open end.
//! - **Estimate**: today's number divided by the predicted one, or less it.
//! - **Percentiles** of few requests: an allowance is subtracted first, as of [`level`](super::level). So is what buckets hide of
//!   the quantiles of requests.
//!
//! The formulas are in [`days`](davy_stats::days). `fixtures/reference` certifies them: `days.toml`.

use std::rc::Rc;

use crate::compare::{Comparison, Facts, LnE};
use crate::series::Pair;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::Starts;
use davy_stats::days::Prediction;
use davy_stats::tail::{t_to_z, z_to_t};

/// Today beside what earlier days predict.
#[derive(Debug)]
pub(crate) struct BesideDays {
    /// Of several predictions each must give the evidence; the estimate is that of the first.
    predictions: Vec<Prediction>,
    /// Today's number against any limit of its own.
    alone: Rc<dyn Comparison>,
    days: usize,
    /// Whether the numbers are logarithms.
    log: bool,
    /// By how much today's number may be too large, and too small, on the scale of the test.
    allowance: Pair<f64>,
}

impl BesideDays {
    pub(crate) fn new(
        predictions: Vec<Prediction>,
        alone: Rc<dyn Comparison>,
        days: usize,
        log: bool,
        allowance: Pair<f64>,
    ) -> BesideDays {
        BesideDays { predictions, alone, days, log, allowance }
    }

    fn scale(&self, limit: f64) -> f64 {
        if self.log { limit.max(f64::MIN_POSITIVE).ln() } else { limit }
    }

    fn unscale(&self, y: f64) -> f64 {
        if self.log { y.exp() } else { y }
    }

    /// By how much the effect may only seem so in a direction.
    fn shift(&self, direction: Direction) -> f64 {
        match direction {
            Direction::Above => self.allowance.canary,
            Direction::Below => -self.allowance.baseline,
        }
    }

    fn z_of_one(&self, prediction: &Prediction, limit: f64, direction: Direction) -> f64 {
        let Prediction { expected, effect, error, freedom, .. } = *prediction;
        let shift = self.shift(direction);
        let beyond = direction.sign() * (effect - shift - limit);
        let of_days = if error > 0.0 { t_to_z(beyond / error, freedom) } else { beyond.signum() * f64::INFINITY };
        let alone = self.alone.z(self.unscale(expected + limit + shift), direction);
        if of_days.is_nan() { 0.0 } else { of_days.min(alone) }
    }

    fn end_of_one(&self, prediction: &Prediction, critical: f64, direction: Direction) -> f64 {
        let Prediction { expected, effect, error, freedom, .. } = *prediction;
        let shift = self.shift(direction);
        let t = if critical.is_finite() { z_to_t(critical, freedom) } else { critical };
        let of_days = effect - shift - direction.sign() * t * error;
        let own = self.alone.end(critical, direction);
        let own = if self.log { own.max(0.0).ln() } else { own } - expected - shift;
        weaker(of_days, own, direction)
    }
}

/// The end of two that says less.
fn weaker(one: f64, other: f64, direction: Direction) -> f64 {
    if direction == Direction::Above { one.min(other) } else { one.max(other) }
}

impl Comparison for BesideDays {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        if self.log && limit <= 0.0 {
            return direction.sign() * f64::INFINITY;
        }
        let limit = self.scale(limit);
        let each = self.predictions.iter().map(|prediction| self.z_of_one(prediction, limit, direction));
        each.reduce(f64::min).unwrap_or(0.0)
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        (self.end(low, Direction::Above), self.end(high, Direction::Below))
    }

    fn end(&self, critical: f64, direction: Direction) -> f64 {
        let each = self.predictions.iter().map(|prediction| self.end_of_one(prediction, critical, direction));
        let nothing = -direction.sign() * f64::INFINITY;
        self.unscale(each.reduce(|one, other| weaker(one, other, direction)).unwrap_or(nothing))
    }

    fn at_any_time<'a>(&'a self, _direction: Direction, _starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        Box::new(|_| f64::NEG_INFINITY)
    }

    fn natural(&self) -> (f64, f64) {
        (if self.log { 0.0 } else { f64::NEG_INFINITY }, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        self.predictions.first().map(|prediction| self.unscale(prediction.effect))
    }

    fn kind(&self) -> EffectKind {
        if self.log { EffectKind::Ratio } else { EffectKind::Difference }
    }

    fn method(&self) -> Method {
        Method::EarlierDays
    }

    fn facts(&self) -> Facts {
        Facts::Days(self.days)
    }

    fn is_multiplicative(&self) -> bool {
        self.log
    }
}
