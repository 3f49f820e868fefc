//! How noisy the split of the traffic is, and the probability of one as far from the configured share.
//!
//! A router draws lots, so splits are mostly as calm as chance; sticky sessions come in lumps, and weights that change let
//! the share wander from step to step. The noise is a mixture over how the log odds may wander (`filter`, as for counts,
//! see [`dispersion`](super::dispersion)), but with a prior that believes in lots: what is believed of error rates would
//! hide a mismatch that chi-square sees. The plain sum of squares stands beside it.

use super::Direction;
use super::dispersion::{DesignEffect, Prior};
use super::filter::{NEGLIGIBLE, Step, Way, Whitened, weights};
use super::single::{TrialStep, share_z, trial_residuals};
use super::tail::normal_upper;
use super::wander::{Residual, block_width, blocks, inflation};

/// What the squares of the steps are drawn towards: chance.
pub const CALM: Prior = Prior::History { phi: 1.0, nu: 4.0 };

/// The prior weight of lots.
const LOTS: f64 = 0.95;
/// Standard deviations of the log odds otherwise, and the weight of each.
const TAU: [(f64, f64); 6] = [(0.02, 0.25), (0.05, 0.3), (0.1, 0.2), (0.2, 0.1), (0.4, 0.1), (0.8, 0.05)];
/// Correlations from block to block, and the weight of each.
const PHI: [(f64, f64); 4] = [(0.0, 0.4), (0.3, 0.2), (0.6, 0.2), (0.9, 0.2)];
const WAYS: usize = 1 + TAU.len() * PHI.len();

/// The noise of the canary's share of the trials.
pub fn design_effect(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    let residuals = trial_residuals(steps).0;
    let effect = DesignEffect::estimate(&residuals, 1.0, prior);
    let residuals: Vec<Residual> = residuals.into_iter().map(Option::unwrap_or_default).collect();
    DesignEffect { mixture: mixture(&residuals), ..effect }
}

/// The probability of a share that lies at least as far from `share` on either side, with `x` of `n` trials.
pub fn p_value(x: u64, n: u64, share: f64, effect: &DesignEffect) -> f64 {
    let z = |direction| share_z(x, n, share, effect, direction);
    (2.0 * normal_upper(z(Direction::Above).max(z(Direction::Below)))).min(1.0)
}

/// The design effects of all residuals together, each with its weight.
fn mixture(residuals: &[Residual]) -> Vec<(f64, f64)> {
    let (ways, blocks) = (ways(), blocks(residuals, block_width(residuals.len())));
    let steps = blocks.iter().map(|(r, v)| Step { gap: 1, size: *v, y: *r });
    let sums = Whitened::of(&ways, steps, 0);
    let ln_weight = |(at, way): (usize, &Way)| {
        let (squares, ln_det) = sums.rest(at);
        way.ln_prior - 0.5 * (squares + ln_det)
    };
    let weighed = weights(ways.iter().enumerate().map(ln_weight), NEGLIGIBLE);
    if weighed.is_empty() {
        return vec![(1.0, 1.0)];
    }
    weighed.into_iter().map(|(at, weight)| (weight, inflation(&blocks, ways[at].loading, ways[at].phi))).collect()
}

/// Lots, and every τ with every φ.
fn ways() -> [Way; WAYS] {
    std::array::from_fn(|i| match i.checked_sub(1) {
        None => Way { loading: 0.0, own: 1.0, phi: 0.0, ln_prior: LOTS.ln() },
        Some(i) => {
            let ((tau, weight), (phi, share)) = (TAU[i / PHI.len()], PHI[i % PHI.len()]);
            Way { loading: tau, own: 1.0, phi, ln_prior: ((1.0 - LOTS) * weight * share).ln() }
        }
    })
}
