//! The canary's quantile divided by the baseline's, from the requests of each step.
//!
//! A factor of 1.05 is asked without estimating two quantiles. In each step a threshold is the baseline's quantile of its
//! *earlier* steps. Requests slower than it are counted in the baseline, and in the canary those slower than 1.05 times it.
//! The threshold stands before the step is seen, so under a true factor both counts have one unknown rate, whatever moves
//! both arms and however heavy the tail is. A bad threshold costs power, not validity.
//!
//! - **Evidence**: that of a ratio of rates that is one, of these counts. Where many requests tie with the quantile, the
//!   evidence of each arm's own quantile stands beside it (`ties`).
//! - **Interval**: the factors between 1/20 and 20 that the evidence does not reject, by a search from the estimate.
//! - **Any-time evidence**: that of a ratio of rates that is one, of these counts.
//! - **Estimate**: the ratio of the pooled quantiles. Buckets with edges of their own know it only between edges.
//! - **Later starts**: those of the counts at the limit.
//!
//! The formulas are in [`slow`] and [`counts`]. `fixtures/reference` certifies them: `methods.toml` and `evidence.toml`.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::rate_ratio::RateRatio;
use super::ties::Ties;
use crate::compare::{Comparison, Course, Facts, LnE};
use crate::requests::ArmRequests;
use crate::series::Pair;
use crate::verdict::{EffectKind, Method};
use davy_stats::anytime::{self, Starts};
use davy_stats::counts::{self, CountStep, Exposure, Scatter};
use davy_stats::dispersion::Prior;
use davy_stats::slow::{self, Requests};
use davy_stats::{Direction, nearest_rejected};

/// The largest factor that is looked for.
const FARTHEST: f64 = 20.0;
/// The stride of the search for an end and its precision, both of the factor's logarithm.
const STRIDE: f64 = 0.02;
const RESOLUTION: f64 = 1e-3;

/// The baseline's requests as every limit asks for them: its earlier quantiles, and the value that many tie with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thresholds {
    each: Arc<[Option<f64>]>,
    ties: Option<Arc<Ties>>,
}

impl Thresholds {
    pub(crate) fn of(baseline: &ArmRequests, q: f64, prior: Prior) -> Thresholds {
        let each = slow::predictable_thresholds(&baseline.steps, q).into();
        Thresholds { each, ties: Ties::of(baseline, q, prior).map(Arc::new) }
    }

    /// Of many quantiles.
    pub(crate) fn of_each(baseline: &ArmRequests, quantiles: &[f64], prior: Prior) -> Vec<Thresholds> {
        let each = slow::thresholds_of_each(&baseline.steps, quantiles).into_iter().zip(quantiles);
        let of = |(each, q): (Vec<Option<f64>>, &f64)| Thresholds {
            each: each.into(),
            ties: Ties::of(baseline, *q, prior).map(Arc::new),
        };
        each.map(of).collect()
    }
}

/// The requests of both arms.
#[derive(Debug, Clone)]
pub(crate) struct QuantileRatio {
    arms: Pair<Arc<ArmRequests>>,
    thresholds: Thresholds,
    q: f64,
    estimate: Option<f64>,
    prior: Prior,
    /// The start of the steps that are compared, where they are evidence in a direction that no step carries alone.
    since: Option<(usize, Direction)>,
}

impl QuantileRatio {
    /// Of arms whose quantiles are estimated already.
    pub(crate) fn new(
        arms: &Pair<Arc<ArmRequests>>,
        thresholds: &Thresholds,
        q: f64,
        quantiles: Pair<Option<f64>>,
        prior: Prior,
    ) -> QuantileRatio {
        let estimate = match (quantiles.canary, quantiles.baseline) {
            (Some(c), Some(b)) if b > 0.0 => Some(c / b).filter(|ratio| ratio.is_finite()),
            _ => None,
        };
        let (arms, thresholds) = (arms.clone(), thresholds.clone());
        QuantileRatio { arms, thresholds, q, estimate, prior, since: None }
    }

    /// Where the search for the ends of the interval begins: the ratio of the steps that are compared.
    fn centre(&self) -> Option<f64> {
        let Some((start, _)) = self.since.filter(|(start, _)| *start > 0) else { return self.estimate };
        let later = |arm: &ArmRequests| Requests::pooled(arm.steps.get(start..)?)?.quantile(self.q);
        let ratio = later(&self.arms.canary)? / later(&self.arms.baseline)?;
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    /// Slow requests of both arms per step: beyond the baseline's earlier quantile, in the canary times a factor. Where
    /// that lies within a histogram's cell, it is counted against the evidence in a direction.
    fn slow(&self, factor: f64, direction: Direction) -> Vec<CountStep> {
        // scaling by nothing, or by less, makes no quantile of another
        if factor.is_nan() || factor <= 0.0 {
            return Vec::new();
        }
        let (baseline, canary) = (&self.arms.baseline.steps, &self.arms.canary.steps);
        let slow = slow::counts_beyond(baseline, canary, &self.thresholds.each, factor, direction);
        slow.into_iter().map(|step| step.unwrap_or(CountStep::UNUSABLE)).collect()
    }
}

impl Comparison for QuantileRatio {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        let slow = self.slow(limit, direction);
        let start = self.since.map_or(0, |(start, _)| start);
        let effect = counts::design_effect_from(&slow, start, None, Exposure::Trials, self.prior);
        match self.since {
            Some((start, tamed)) => counts::ratio_z(&counts::tamed(&slow[start..], tamed), &effect, 1.0, direction),
            None => {
                let effect = counts::mirrored(&slow, &effect, Exposure::Trials, direction);
                let tied = self.thresholds.ties.as_ref().and_then(|ties| ties.z(&self.arms.canary, limit, direction));
                counts::ratio_z(&slow, &effect, 1.0, direction).max(tied.unwrap_or(f64::NEG_INFINITY))
            }
        }
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        (self.end(low, Direction::Above), self.end(high, Direction::Below))
    }

    /// The factor at which the evidence in a direction falls to a critical value.
    fn end(&self, critical: f64, direction: Direction) -> f64 {
        let (limit, unbounded) = match direction {
            Direction::Above => (-FARTHEST.ln(), 0.0),
            Direction::Below => (FARTHEST.ln(), f64::INFINITY),
        };
        let centre = self.centre().map_or(0.0, f64::ln);
        let centre = if centre.abs() < limit.abs() { centre } else { 0.0 };
        let excess = |ln: f64| self.z(ln.exp(), direction) - critical;
        nearest_rejected(centre, STRIDE, RESOLUTION, limit, excess).map_or(unbounded, f64::exp)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        Box::new(move |limit| {
            let slow = self.slow(limit, direction);
            let effect = |start| counts::design_effect_from(&slow, start, None, Exposure::Trials, self.prior);
            anytime::ratio_ln_e(&slow, 1.0, direction, |start| effect(start).temper(), starts)
        })
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        self.estimate
    }

    /// Asked of later steps, its own estimate is still that of all of them.
    fn estimate_since(&self, arms: Pair<Option<f64>>) -> Option<f64> {
        arms.canary.zip(arms.baseline).map(|(canary, baseline)| canary / baseline)
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Ratio
    }

    fn method(&self) -> Method {
        Method::PredictableThreshold
    }

    fn facts(&self) -> Facts {
        Facts::Quantiles { q: self.q }
    }

    /// The requests are compared at an edge, which is another quantile of each arm, so that no count tells more of this one.
    fn known_to_buckets(&self) -> Option<(f64, f64)> {
        let bucket = |arm: &ArmRequests| match self.since {
            Some((start, _)) if start > 0 => Requests::pooled(arm.steps.get(start..)?)?.bucket(self.q),
            _ => arm.pooled.bucket(self.q),
        };
        let (baseline, canary) = (bucket(&self.arms.baseline)?, bucket(&self.arms.canary)?);
        let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { f64::INFINITY };
        let least = if baseline.1.is_finite() { ratio(canary.0, baseline.1) } else { 0.0 };
        Some((least, ratio(canary.1, baseline.0)))
    }

    fn course(&self) -> Option<&dyn Course> {
        Some(self)
    }
}

impl Course for QuantileRatio {
    fn steps(&self) -> usize {
        self.arms.canary.steps.len()
    }

    /// What the steps say of a factor is not known before they are counted at it.
    fn independent_z(&self, starts: &[usize], _limit: f64, _direction: Direction) -> Vec<f64> {
        vec![f64::INFINITY; starts.len()]
    }

    fn tamed(&self, direction: Direction) -> Rc<dyn Comparison> {
        Rc::new(QuantileRatio { since: Some((0, direction)), ..self.clone() })
    }

    fn since(&self, start: usize, direction: Direction, _scatter: &OnceCell<Scatter>) -> Rc<dyn Comparison> {
        Rc::new(QuantileRatio { since: Some((start, direction)), ..self.clone() })
    }

    fn counted(&self, limit: f64, direction: Direction) -> Option<Rc<dyn Comparison>> {
        Some(Rc::new(RateRatio::new(self.slow(limit, direction), None, Exposure::Trials, self.prior)))
    }
}
