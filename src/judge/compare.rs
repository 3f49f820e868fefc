//! A comparison: the one thing that every interval criterion is reduced to.
//!
//! It knows its estimate, the evidence (a standard normal z) that the judged quantity lies above or below any
//! limit, and the interval of the limits that it does not reject. Evidence and interval are two views of the same
//! test, so a decision and the interval shown beside it can never disagree.

use std::sync::Arc;

use super::level::{Arms, LevelSteps};
use super::requests::ArmRequests;
use super::ties::Ties;
use super::verdict::{EffectKind, Method};
use crate::series::Pair;
use crate::stats::Direction;
use crate::stats::counts::{self, CountStep, Exposure};
use crate::stats::dispersion::{DesignEffect, Prior};
use crate::stats::instances::Instances;
use crate::stats::single::{self, EventStep, TrialStep};
use crate::stats::slow::{self, Requests};

/// How the dispersion of one arm's trials is estimated.
pub(super) type Dispersion = fn(&[Option<TrialStep>], Prior) -> DesignEffect;

/// A quantity with a test against any limit.
#[derive(Debug, Clone)]
pub(super) enum Comparison {
    /// Canary rate divided by baseline rate, from counts per step.
    RateRatio {
        steps: Vec<CountStep>,
        instances: Option<Arc<Instances>>,
        effect: DesignEffect,
        exposure: Exposure,
        prior: Prior,
    },
    /// Canary rate minus baseline rate, from counts per step.
    RateDifference { steps: Vec<CountStep>, instances: Option<Arc<Instances>>, effect: DesignEffect, prior: Prior },
    /// The canary's own rate.
    Share {
        steps: Vec<Option<TrialStep>>,
        bad: u64,
        total: u64,
        effect: DesignEffect,
        prior: Prior,
        dispersion: Dispersion,
    },
    /// The canary's own occurrences per exposure.
    Frequency { steps: Vec<Option<EventStep>>, count: u64, exposure: f64, effect: DesignEffect, prior: Prior },
    /// The level of a number per step: a log-ratio or a difference of the arms, or the canary's own.
    Level(LevelSteps),
    /// The canary's own quantile, of requests or across steps.
    Quantile { arm: Arc<ArmRequests>, q: f64, prior: Prior, across_steps: bool, limit_is_beyond: bool },
    /// Canary quantile divided by baseline quantile, from the requests of each step.
    QuantileRatio {
        arms: Pair<Arc<ArmRequests>>,
        thresholds: Arc<[Option<f64>]>,
        q: f64,
        estimate: Option<f64>,
        prior: Prior,
        /// Where many requests tie with the baseline's quantile.
        ties: Option<Arc<Ties>>,
        /// The start of the steps that are compared, where they are evidence in a direction that no step carries alone.
        since: Option<(usize, Direction)>,
    },
}

impl Comparison {
    /// The evidence that the judged quantity lies above (or below) a limit.
    pub(super) fn z(&self, limit: f64, direction: Direction) -> f64 {
        match self {
            Comparison::RateRatio { steps, effect, .. } => counts::ratio_z(steps, effect, limit, direction),
            Comparison::RateDifference { steps, effect, .. } => counts::difference_z(steps, effect, limit, direction),
            Comparison::Share { bad, total, effect, .. } => single::share_z(*bad, *total, limit, effect, direction),
            Comparison::Frequency { count, exposure, effect, .. } => {
                single::frequency_z(*count, *exposure, limit, effect, direction)
            }
            Comparison::Level(level) => level.z(limit, direction),
            Comparison::Quantile { q, prior, .. } => {
                let slow = self.beyond(limit, direction);
                single::quantile_z(&slow, *q, &self.dispersion()(&slow, *prior), direction)
            }
            Comparison::QuantileRatio { arms, prior, ties, since, .. } => {
                let slow = self.slow(limit, direction);
                let start = since.map_or(0, |(start, _)| start);
                let effect = counts::design_effect_from(&slow, start, None, counts::Exposure::Trials, *prior);
                match since {
                    Some((start, direction)) => {
                        counts::ratio_z(&counts::tamed(&slow[*start..], *direction), &effect, 1.0, *direction)
                    }
                    None => {
                        let effect = counts::mirrored(&slow, &effect, counts::Exposure::Trials, direction);
                        let tied = ties.as_ref().and_then(|ties| ties.z(&arms.canary, limit, direction));
                        counts::ratio_z(&slow, &effect, 1.0, direction).max(tied.unwrap_or(f64::NEG_INFINITY))
                    }
                }
            }
        }
    }

    /// The same for a Pass, whose evidence lies in a direction: what one arm alone had counts for the other as well.
    pub(super) fn mirrored(self, direction: Direction) -> Comparison {
        match self {
            Comparison::RateRatio { steps, instances, effect, exposure, prior } => {
                let effect = counts::mirrored(&steps, &effect, exposure, direction);
                Comparison::RateRatio { steps, instances, effect, exposure, prior }
            }
            Comparison::RateDifference { steps, instances, effect, prior } => {
                let effect = counts::mirrored(&steps, &effect, Exposure::Trials, direction);
                Comparison::RateDifference { steps, instances, effect, prior }
            }
            other => other,
        }
    }

    /// The limits that are not rejected, at one critical value for each end.
    pub(super) fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        match self {
            Comparison::RateRatio { steps, effect, .. } => counts::ratio_interval(steps, effect, low, high),
            Comparison::RateDifference { steps, effect, .. } => counts::difference_interval(steps, effect, low, high),
            Comparison::Share { bad, total, effect, .. } => single::share_interval(*bad, *total, effect, low, high),
            Comparison::Frequency { count, exposure, effect, .. } => {
                single::frequency_interval(*count, *exposure, effect, low, high)
            }
            Comparison::Quantile { arm, limit_is_beyond, .. } => {
                self.quantile_interval(&arm.pooled.edges(), *limit_is_beyond, low, high)
            }
            Comparison::Level(_) | Comparison::QuantileRatio { .. } => {
                (self.end(low, Direction::Above), self.end(high, Direction::Below))
            }
        }
    }

    /// The end of the interval that evidence in a direction gives.
    pub(super) fn end(&self, critical: f64, direction: Direction) -> f64 {
        match self {
            Comparison::Level(level) => level.end(critical, direction),
            Comparison::QuantileRatio { .. } => self.factor_where(direction, critical),
            _ if direction == Direction::Above => self.interval(critical, 0.0).0,
            _ => self.interval(0.0, critical).1,
        }
    }

    /// Slow requests of both arms per step: beyond the baseline's earlier quantile, in the canary times a factor. Where
    /// that lies within a histogram's cell, it is counted against the evidence in a direction.
    pub(super) fn slow(&self, factor: f64, direction: Direction) -> Vec<CountStep> {
        match self {
            // scaling by nothing, or by less, makes no quantile of another
            Comparison::QuantileRatio { arms, thresholds, .. } if factor > 0.0 => {
                let (baseline, canary) = (&arms.baseline.steps, &arms.canary.steps);
                let slow = slow::counts_beyond(baseline, canary, thresholds, factor, direction);
                slow.into_iter().map(|step| step.unwrap_or(UNUSABLE)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The dispersion behind a quantile: steps that are the trials themselves depend on each other, requests come together
    /// within steps.
    pub(super) fn dispersion(&self) -> Dispersion {
        match self {
            Comparison::Quantile { across_steps: true, .. } => single::trial_design_effect,
            _ => single::realised_trial_effect,
        }
    }

    /// The canary's requests per step, of which those beyond a limit count, in the same way.
    pub(super) fn beyond(&self, limit: f64, direction: Direction) -> Vec<Option<TrialStep>> {
        let Comparison::Quantile { arm, limit_is_beyond, .. } = self else { return Vec::new() };
        slow::trials_beyond(&arm.steps, limit, *limit_is_beyond, direction)
    }

    /// The evidence changes at the edges only: after an edge, where the requests there are not beyond a limit at it; at the
    /// edge, where they are.
    fn quantile_interval(&self, edges: &[f64], limit_is_beyond: bool, low: f64, high: f64) -> (f64, f64) {
        let too_low = edges.partition_point(|v| self.z(*v, Direction::Above) >= low);
        let kept = edges.partition_point(|v| self.z(*v, Direction::Below) < high);
        let before = usize::from(limit_is_beyond);
        let at = |place: usize| edges.get(place.saturating_sub(before)).or(edges.last()).copied();
        // a handful of requests that all lie on one side of a limit may be evidence about the limits out there
        let all_beyond = || edges.first().filter(|v| self.z(v.next_down(), Direction::Above) >= low).copied();
        let none_beyond = || edges.last().filter(|v| self.z(v.next_up(), Direction::Below) >= high).copied();
        (
            at(too_low).filter(|_| too_low > 0).or_else(all_beyond).unwrap_or(f64::NEG_INFINITY),
            at(kept).filter(|_| kept < edges.len()).or_else(none_beyond).unwrap_or(f64::INFINITY),
        )
    }

    /// The factor at which the evidence in a direction falls to a critical value, between 1/20 and 20.
    fn factor_where(&self, direction: Direction, critical: f64) -> f64 {
        const STRIDE: f64 = 0.02;
        const RESOLUTION: f64 = 1e-3;
        let (limit, unbounded) = match direction {
            Direction::Above => (-20_f64.ln(), 0.0),
            Direction::Below => (20_f64.ln(), f64::INFINITY),
        };
        let centre = self.estimate().map_or(0.0, f64::ln);
        let centre = if centre.abs() < limit.abs() { centre } else { 0.0 };
        let excess = |ln: f64| self.z(ln.exp(), direction) - critical;
        crate::stats::nearest_rejected(centre, STRIDE, RESOLUTION, limit, excess).map_or(unbounded, f64::exp)
    }

    /// The estimate of the judged quantity.
    pub(super) fn estimate(&self) -> Option<f64> {
        match self {
            Comparison::RateRatio { steps, .. } => Some(counts::plain_ratio(steps)),
            Comparison::RateDifference { steps, .. } => Some(counts::rate_difference(steps)),
            Comparison::Share { bad, total, .. } => (*total > 0).then(|| *bad as f64 / *total as f64),
            Comparison::Frequency { count, exposure, .. } => (*exposure > 0.0).then(|| *count as f64 / exposure),
            Comparison::Level(level) => level.estimate(),
            Comparison::Quantile { arm, q, .. } => arm.pooled.quantile(*q),
            Comparison::QuantileRatio { estimate, .. } => *estimate,
        }
    }

    /// Between which values a ratio of quantiles lies by the buckets of both arms, if they have edges of their own. The
    /// requests are compared at an edge, which is another quantile of each arm, so that no count tells more of this one.
    pub(super) fn known_to_buckets(&self) -> Option<(f64, f64)> {
        let Comparison::QuantileRatio { arms, q, since, .. } = self else { return None };
        let bucket = |arm: &ArmRequests| match since {
            Some((start, _)) if *start > 0 => Requests::pooled(arm.steps.get(*start..)?)?.bucket(*q),
            _ => arm.pooled.bucket(*q),
        };
        let (baseline, canary) = (bucket(&arms.baseline)?, bucket(&arms.canary)?);
        let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { f64::INFINITY };
        let least = if baseline.1.is_finite() { ratio(canary.0, baseline.1) } else { 0.0 };
        Some((least, ratio(canary.1, baseline.0)))
    }

    /// What the judged quantity is.
    pub(super) fn kind(&self) -> EffectKind {
        match self {
            Comparison::RateRatio { .. } | Comparison::QuantileRatio { .. } => EffectKind::Ratio,
            Comparison::RateDifference { .. } => EffectKind::Difference,
            Comparison::Level(LevelSteps { arms: Arms::Paired | Arms::Apart, log, .. }) => {
                if *log {
                    EffectKind::Ratio
                } else {
                    EffectKind::Difference
                }
            }
            _ => EffectKind::Level,
        }
    }

    /// How it is computed.
    pub(super) fn method(&self) -> Method {
        match self {
            Comparison::RateRatio { .. } => Method::ConditionalBinomial,
            Comparison::RateDifference { steps, .. } if counts::difference_is_stratified(steps) => {
                Method::StratifiedDifference
            }
            Comparison::RateDifference { .. } => Method::ScoreDifference,
            Comparison::Share { .. } => Method::BinomialTail,
            Comparison::Frequency { .. } => Method::PoissonTail,
            Comparison::Level(level) => match level.arms {
                Arms::One => Method::OneArmSteps,
                Arms::Paired => Method::PairedSteps,
                Arms::Apart => Method::UnpairedSteps,
            },
            Comparison::Quantile { across_steps: true, .. } => Method::StepQuantile,
            Comparison::Quantile { .. } => Method::SlowRequests,
            Comparison::QuantileRatio { .. } => Method::PredictableThreshold,
        }
    }

    /// The largest design effect that widened the interval.
    pub(super) fn design_effect(&self) -> Option<f64> {
        match self {
            Comparison::RateRatio { effect, .. }
            | Comparison::RateDifference { effect, .. }
            | Comparison::Share { effect, .. }
            | Comparison::Frequency { effect, .. } => Some(effect.largest()),
            Comparison::Level(_) | Comparison::Quantile { .. } | Comparison::QuantileRatio { .. } => None,
        }
    }

    /// Whether additive errors live on the logarithm of the quantity.
    pub(super) fn is_multiplicative(&self) -> bool {
        match self {
            Comparison::RateDifference { .. } => false,
            Comparison::Level(level) => level.log,
            _ => true,
        }
    }
}

/// A step in which nothing can be compared; it keeps its place in time.
pub(super) const UNUSABLE: CountStep = CountStep { canary_total: 0.0, canary: 0, baseline_total: 0.0, baseline: 0 };
