//! How a rate wanders from step to step, beside the noise of counting.
//!
//! Counts vary at least as much as independent trials do. Real rates also wander: the logarithm of an arm's rate has a
//! standard deviation τ and follows itself with a correlation φ from one block of steps to the next. The restricted
//! likelihood of the residuals about the fitted rates (`filter`) times a prior is the weight of each τ and φ. The variance
//! of a sum of residuals, over that of independent trials, is its design effect: a mixture that is near one where counts
//! are as calm as trials, and pays for a wandering rate only as far as the data leave room for it.

use super::filter::{NEGLIGIBLE, Step, Way, Whitened, weights};
use super::past;

// Of real services half the windows of counts do not wander, and what wanders hardly lasts for more than a step
// (`fixtures/reference/noise.toml`). What is believed here is more cautious, so that a correlation of 0.7 keeps the level
// over planned looks too.

/// Standard deviations of the log rate's contrast, and the prior weight of each.
const TAU: [(f64, f64); 7] =
    [(0.0, 0.2), (0.05, 0.053), (0.1, 0.111), (0.2, 0.189), (0.4, 0.211), (0.8, 0.158), (1.6, 0.078)];
/// Correlations from block to block, and the prior weight of each.
const PHI: [(f64, f64); 4] = [(0.0, 0.15), (0.3, 0.357), (0.6, 0.293), (0.9, 0.2)];
/// No more blocks than these: what wanders faster than a block is noise of counting by then.
const MOST_BLOCKS: usize = 60;
/// The prior chance that today's rates wander as the past's did.
pub(super) const AS_IN_THE_PAST: f64 = 0.5;
const WAYS: usize = 1 + (TAU.len() - 1) * PHI.len();

/// A step's residual and its variance under independent trials; both are zero where a step cannot be used.
pub(super) type Residual = (f64, f64);

/// How likely each wandering of the rate is, from the residuals before and after a break, about a fit of their own each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wander(
    /// A weight, τ and φ each.
    Vec<(f64, f64, f64)>,
);

impl Wander {
    pub(super) fn of(before: &[Residual], after: &[Residual], past: Option<&Past>) -> Wander {
        let mut ways = ways();
        if let Some(Past(ln_priors)) = past {
            ways.iter_mut().zip(ln_priors).for_each(|(way, ln_prior)| way.ln_prior = *ln_prior);
        }
        Wander::among(&ways, before, after)
    }

    /// The same among some ways.
    pub(super) fn among<const N: usize>(ways: &[Way; N], before: &[Residual], after: &[Residual]) -> Wander {
        let sums = whitened(ways, before, after);
        let ln_weight = |(at, way): (usize, &Way)| {
            let (squares, ln_det) = sums.rest(at);
            way.ln_prior - 0.5 * (squares + ln_det)
        };
        let weights = weights(ways.iter().enumerate().map(ln_weight), NEGLIGIBLE);
        if weights.is_empty() {
            return Wander(vec![(1.0, 0.0, 0.0)]);
        }
        Wander(weights.into_iter().map(|(at, weight)| (weight, ways[at].loading, ways[at].phi)).collect())
    }

    /// The design effects of the sum of the last residuals of so many steps in all, each with its weight.
    pub(super) fn design_effects(&self, last: &[Residual], steps: usize) -> Vec<(f64, f64)> {
        let blocks = blocks(last, block_width(steps));
        self.0.iter().map(|(weight, tau, phi)| (*weight, inflation(&blocks, *tau, *phi))).collect()
    }
}

/// What windows of the past say of each wandering, as the logarithm of a prior weight. It leaves room for anybody's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Past([f64; WAYS]);

impl Past {
    /// From the residuals of windows, each about a fit of its own: of the contrast of two arms, or of one arm, whose variance
    /// is half of a contrast's. Nothing from too few.
    pub(super) fn of(windows: &[Vec<Residual>], of_one_arm: bool) -> Option<Past> {
        let (ways, scale) = (ways(), if of_one_arm { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 });
        let seen_as = ways.map(|way| Way { loading: scale * way.loading, ..way });
        let ln_likelihoods = windows.iter().map(|window| {
            let sums = whitened(&seen_as, &[], window);
            std::array::from_fn(|way| {
                let (squares, ln_det) = sums.rest(way);
                -0.5 * (squares + ln_det)
            })
        });
        let anybody = ways.map(|way| way.ln_prior);
        let likely = past::together(&ln_likelihoods.collect::<Vec<_>>(), &anybody)?;
        Some(Past(std::array::from_fn(|way| {
            (AS_IN_THE_PAST * likely[way].exp() + (1.0 - AS_IN_THE_PAST) * anybody[way].exp()).ln()
        })))
    }

    /// The mean standard deviation of the log rate's contrast.
    pub(super) fn deviation(&self) -> f64 {
        let each = self.0.iter().zip(ways());
        each.map(|(ln_weight, way)| ln_weight.exp() * way.loading * way.loading).sum::<f64>().sqrt()
    }
}

/// The sums of all blocks, before and after a break.
fn whitened<const N: usize>(ways: &[Way; N], before: &[Residual], after: &[Residual]) -> Whitened<N> {
    let width = block_width(before.len() + after.len());
    let (before, after) = (blocks(before, width), blocks(after, width));
    let steps = before.iter().chain(&after).map(|(r, v)| Step { gap: 1, size: *v, y: *r });
    Whitened::of(ways, steps, before.len())
}

/// Steps per block.
fn block_width(steps: usize) -> usize {
    steps.div_ceil(MOST_BLOCKS).max(1)
}

/// Neighbouring steps put together, those without events left out.
fn blocks(steps: &[Residual], width: usize) -> Vec<Residual> {
    let sum = |block: &[Residual]| block.iter().fold((0.0, 0.0), |(r, v), step| (r + step.0, v + step.1));
    steps.chunks(width).map(sum).filter(|(_, v)| *v > 0.0).collect()
}

/// Every τ and φ.
fn ways() -> [Way; WAYS] {
    grid(&TAU, &PHI)
}

/// The first τ, which is none, and every other with every φ, each with the product of their weights.
pub(super) fn grid<const N: usize>(taus: &[(f64, f64)], phis: &[(f64, f64)]) -> [Way; N] {
    std::array::from_fn(|i| match i.checked_sub(1) {
        None => Way { loading: taus[0].0, own: 1.0, phi: 0.0, ln_prior: taus[0].1.ln() },
        Some(i) => {
            let ((tau, weight), (phi, share)) = (taus[1 + i / phis.len()], phis[i % phis.len()]);
            Way { loading: tau, own: 1.0, phi, ln_prior: (weight * share).ln() }
        }
    })
}

/// The variance of the sum of blocks over that of independent trials.
fn inflation(blocks: &[Residual], tau: f64, phi: f64) -> f64 {
    let (mut own, mut cross, mut lagged, mut model) = (0.0, 0.0, 0.0, 0.0);
    for (_, v) in blocks {
        cross += v * lagged;
        own += v * v;
        model += v;
        lagged = phi * (lagged + v);
    }
    if model > 0.0 { 1.0 + tau * tau * (own + 2.0 * cross) / model } else { 1.0 }
}
