//! How noisy the split of the traffic is, and the probability of one as far from the configured share.
//!
//! A router draws lots, so splits are mostly as calm as chance; sticky sessions come in lumps, and weights that change let
//! the share wander from step to step. The noise is a mixture over how the log odds may wander (`wander`, as for counts,
//! see [`dispersion`](super::dispersion)), but with a prior that believes in lots: what is believed of error rates would
//! hide a mismatch that chi-square sees. The plain sum of squares stands beside it.

use super::Direction;
use super::dispersion::{DesignEffect, Prior};
use super::normal::normal_upper;
use super::single::{TrialStep, share_z, trial_residuals};
use super::wander::{Residual, Wander, grid};

/// What the squares of the steps are drawn towards: chance.
pub const CALM: Prior = Prior::History { phi: 1.0, nu: 4.0 };

/// Standard deviations of the log odds, and the prior weight of each: the first is that of lots.
const TAU: [(f64, f64); 7] =
    [(0.0, 0.95), (0.02, 0.0125), (0.05, 0.015), (0.1, 0.01), (0.2, 0.005), (0.4, 0.005), (0.8, 0.0025)];
/// Correlations from block to block, and the weight of each.
const PHI: [(f64, f64); 4] = [(0.0, 0.4), (0.3, 0.2), (0.6, 0.2), (0.9, 0.2)];
const WAYS: usize = 1 + (TAU.len() - 1) * PHI.len();

/// The noise of the canary's share of the trials.
pub fn design_effect(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    let residuals = trial_residuals(steps).0;
    let effect = DesignEffect::estimate(&residuals, 1.0, prior);
    let residuals: Vec<Residual> = residuals.into_iter().map(Option::unwrap_or_default).collect();
    let wander = Wander::among::<WAYS>(&grid(&TAU, &PHI), &[], &residuals);
    DesignEffect { mixture: wander.design_effects(&residuals, residuals.len()), ..effect }
}

/// The probability of a share that lies at least as far from `share` on either side, with `x` of `n` trials.
pub fn p_value(x: u64, n: u64, share: f64, effect: &DesignEffect) -> f64 {
    let z = |direction| share_z(x, n, share, effect, direction);
    (2.0 * normal_upper(z(Direction::Above).max(z(Direction::Below)))).min(1.0)
}
