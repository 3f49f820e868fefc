//! Quantiles: of a sample, with limits for one arm and for the ratio of two, and their bias in small samples.
//!
//! Decisions about quantiles are made by counting slow requests ([`slow`](super::slow)), never by comparing two
//! estimates. What is in here describes the arms to a reader, and bounds how far percentiles that somebody else
//! computed from samples of different size can be trusted.

use super::Direction;
use super::dispersion::{DesignEffect, Prior};
use super::slow::Requests;
use super::tail::{beta_quantile, normal_upper};

/// The `q`-quantile of sorted values, interpolated linearly between order statistics (type 7 of Hyndman and Fan 1996).
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = Place::of(last, q)?;
    Some(place.between(*sorted.get(place.index)?, *sorted.get((place.index + 1).min(last))?))
}

/// Where a quantile lies among order statistics.
pub(super) struct Place {
    pub(super) index: usize,
    fraction: f64,
}

impl Place {
    pub(super) fn of(last: usize, q: f64) -> Option<Place> {
        if q.is_nan() {
            return None;
        }
        let place = q.clamp(0.0, 1.0) * last as f64;
        Some(Place { index: place as usize, fraction: place.fract() })
    }

    pub(super) fn between(&self, low: f64, high: f64) -> f64 {
        if low == high || self.fraction == 0.0 { low } else { low + self.fraction * (high - low) }
    }
}

/// One arm's quantile with limits that its unknown true value lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The sample quantile.
    pub estimate: f64,
    /// Not below this.
    pub low: f64,
    /// Not above this; infinite where too few requests are slower.
    pub high: f64,
}

/// Limits of the `q`-quantile of all steps together (`pooled`), at one critical value for each end (Woodruff 1952).
///
/// The share of requests below the sample quantile has a binomial error, widened by the design effect of that share
/// per step. It is brought into a number of independent requests that would be as informative; Clopper and Pearson's
/// interval of `q` among so many is read off the sample. This pools over time: it describes an arm and decides nothing.
pub fn woodruff(steps: &[Requests], pooled: &Requests, q: f64, critical: f64, prior: Prior) -> Option<Limits> {
    let (estimate, threshold) = (pooled.quantile(q)?, pooled.threshold(q)?);
    let n = pooled.len() as f64;
    if !(q > 0.0 && q < 1.0 && critical > 0.0 && critical.is_finite()) {
        return None;
    }
    let below = |step: &Requests| step.len() - step.beyond(threshold, false, Direction::Above);
    let share = steps.iter().map(|step| below(step) as f64).sum::<f64>() / n;
    let residual = |step: &Requests| {
        let own = step.len() as f64;
        Some((below(step) as f64 - share * own, own * share * (1.0 - share)))
    };
    let residuals: Vec<_> = steps.iter().map(residual).collect();
    let effect = DesignEffect::estimate(&residuals, 1.0, prior);
    let worth = (n * (critical / effect.strengthen(critical)).powi(2)).max(1.0);
    let (tail, slower) = (normal_upper(critical), worth * (1.0 - q));
    let low = pooled.quantile(beta_quantile(tail, worth * q, slower + 1.0))?;
    let high = if slower < 3.0 {
        f64::INFINITY
    } else {
        pooled.quantile(beta_quantile(1.0 - tail, worth * q + 1.0, slower))?
    };
    Some(Limits { estimate, low: low.min(estimate), high: high.max(estimate) })
}

/// The ratio of two positive quantities and its limits from their own, joined on the log scale (MOVER; Zou and Donner
/// 2008). `None` where one is not positive.
pub fn mover_ratio(canary: Limits, baseline: Limits) -> Option<Limits> {
    let positive = |l: &Limits| l.estimate > 0.0 && l.estimate.is_finite();
    if !positive(&canary) || !positive(&baseline) {
        return None;
    }
    let away = |from: f64, to: f64| if to > 0.0 { (to / from).ln() } else { f64::NEG_INFINITY };
    let down = |l: &Limits| away(l.estimate, l.low);
    let up = |l: &Limits| away(l.estimate, l.high);
    let difference = (canary.estimate / baseline.estimate).ln();
    Some(Limits {
        estimate: difference.exp(),
        low: (difference - down(&canary).hypot(up(&baseline))).exp(),
        high: (difference + up(&canary).hypot(down(&baseline))).exp(),
    })
}

/// How much too low quantiles per step are on average, on the log scale, for the requests of each: see
/// [`small_sample_allowance`].
pub fn small_sample_bias(q: f64, spread: f64, n: &[Option<u64>]) -> f64 {
    let shares: Vec<f64> = n.iter().flatten().filter(|n| **n > 0).map(|n| 1.0 / *n as f64).collect();
    let bias = 0.25 * spread * shares.iter().sum::<f64>() / (shares.len() as f64 * (1.0 - q));
    if bias.is_finite() { bias.max(0.0) } else { 0.0 }
}

/// How much the small-sample bias of quantiles per step may make the canary look higher, on the log scale, per step.
///
/// A sample `q`-quantile of n values is too low by about `0.25·spread/(n(1−q))`, so the arm with more requests looks
/// higher. The allowance uses running means over the steps in which both arms have requests.
pub fn small_sample_allowance(q: f64, spread: f64, baseline_n: &[Option<u64>], canary_n: &[Option<u64>]) -> Vec<f64> {
    let (mut baseline, mut canary, mut steps) = (0.0, 0.0, 0.0);
    let mut allowance = |(b, c): (&Option<u64>, &Option<u64>)| {
        if let (Some(b @ 1..), Some(c @ 1..)) = (b, c) {
            baseline += 1.0 / *b as f64;
            canary += 1.0 / *c as f64;
            steps += 1.0;
        }
        let excess = f64::max((baseline - canary) / f64::max(steps, 1.0), 0.0);
        let allowance = 0.25 * spread * excess / (1.0 - q);
        if allowance.is_finite() { allowance.max(0.0) } else { 0.0 }
    };
    baseline_n.iter().zip(canary_n).map(&mut allowance).collect()
}
