//! Limits of a quantile for the reader's eye: of one arm, and of the ratio of two.
//!
//! Decisions about quantiles are made by counting slow requests ([`slow`](super::slow)), never by comparing two
//! estimates. What is in here describes the arms.

use super::Direction;
use super::dispersion::{DesignEffect, Prior};
use super::normal::normal_upper;
use super::slow::Requests;
use super::tail::beta_quantile;

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
