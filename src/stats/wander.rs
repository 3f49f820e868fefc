//! How a rate wanders from step to step, beside the noise of counting.
//!
//! Counts vary at least as much as independent trials do. Real rates also wander: the logarithm of an arm's rate has a
//! standard deviation τ and follows itself with a correlation φ from one block of steps to the next. For each τ and φ a
//! Kalman filter (1960; Harvey 1989, ch. 3) gives the likelihood of the residuals about the fitted rates, which are
//! projected out (restricted likelihood), and with the prior its weight. The variance of a sum of residuals, over that of
//! independent trials, is the design effect of each (τ, φ): a mixture that is near one where counts are as calm as
//! trials, and pays for a wandering rate only as far as the data leave room for it.

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
/// What is less likely than this, relative to all, is left out.
const NEGLIGIBLE: f64 = 1e-9;
const LANES: usize = 1 + (TAU.len() - 1) * PHI.len();

/// A step's residual and its variance under independent trials.
pub(super) type Residual = (f64, f64);

/// How likely each wandering of the rate is, from the residuals before and after a break, about a fit of their own each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wander(Vec<Way>);

/// A weight, τ and φ.
type Way = (f64, f64, f64);

impl Wander {
    pub(super) fn of(before: &[Residual], after: &[Residual]) -> Wander {
        let width = block_width(before.len() + after.len());
        let (before, after) = (blocks(before, width), blocks(after, width));
        let ln_weights = Filter::of(&before, &after).ln_weights();
        let most = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weighed = lanes().into_iter().zip(ln_weights).map(|((tau, phi, _), w)| ((w - most).exp(), tau, phi));
        let mut ways: Vec<Way> = weighed.filter(|(weight, _, _)| *weight > NEGLIGIBLE).collect();
        let all: f64 = ways.iter().map(|(weight, _, _)| weight).sum();
        if !(all > 0.0 && all.is_finite()) {
            return Wander(vec![(1.0, 0.0, 0.0)]);
        }
        ways.iter_mut().for_each(|(weight, _, _)| *weight /= all);
        Wander(ways)
    }

    /// The design effects of the sum of the last residuals of so many steps in all, each with its weight.
    pub(super) fn design_effects(&self, last: &[Residual], steps: usize) -> Vec<(f64, f64)> {
        let blocks = blocks(last, block_width(steps));
        self.0.iter().map(|(weight, tau, phi)| (*weight, inflation(&blocks, *tau, *phi))).collect()
    }
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

/// Every τ and φ with its logarithmic prior.
fn lanes() -> [(f64, f64, f64); LANES] {
    let mut lanes = [(0.0, 0.0, TAU[0].1.ln()); LANES];
    for (i, lane) in lanes.iter_mut().skip(1).enumerate() {
        let ((tau, weight), (phi, share)) = (TAU[1 + i / PHI.len()], PHI[i % PHI.len()]);
        *lane = (tau, phi, (weight * share).ln());
    }
    lanes
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

type Lanes = [f64; LANES];

/// The sums of the whitened residuals and regressors, for all (τ, φ) abreast.
struct Filter {
    ln_det: Lanes,
    rr: Lanes,
    /// With the shift of the log rate ratio before the start, and after it.
    xr: [Lanes; 2],
    /// The regressors' own products: before, after, and both.
    xx: [Lanes; 3],
    has_before: bool,
}

impl Filter {
    fn of(before: &[Residual], after: &[Residual]) -> Filter {
        let zero = [0.0; LANES];
        let mut sums = Filter { ln_det: zero, rr: zero, xr: [zero; 2], xx: [zero; 3], has_before: !before.is_empty() };
        let lanes = lanes();
        // the state's mean for the residuals and for either regressor, and its variance
        let (mut state, mut variance) = ([zero; 3], [1.0; LANES]);
        let early = before.iter().map(|block| (block, 1.0));
        let mut product = [1.0; LANES];
        let take = |sum: &mut Lanes, product: &mut Lanes| {
            for (sum, product) in sum.iter_mut().zip(product) {
                *sum += product.ln();
                *product = 1.0;
            }
        };
        for (place, ((r, v), first)) in early.chain(after.iter().map(|block| (block, 0.0))).enumerate() {
            let x = [v * first, v * (1.0 - first)];
            for (lane, (tau, phi, _)) in lanes.iter().enumerate() {
                let gain = v * tau;
                let innovation = v + gain * gain * variance[lane];
                let of = |seen: f64, mean: f64| seen - gain * mean;
                let e = [of(*r, state[0][lane]), of(x[0], state[1][lane]), of(x[1], state[2][lane])];
                let per = 1.0 / innovation;
                sums.rr[lane] += e[0] * e[0] * per;
                sums.xr[0][lane] += e[0] * e[1] * per;
                sums.xr[1][lane] += e[0] * e[2] * per;
                sums.xx[0][lane] += e[1] * e[1] * per;
                sums.xx[1][lane] += e[2] * e[2] * per;
                sums.xx[2][lane] += e[1] * e[2] * per;
                let k = variance[lane] * gain * per;
                for (part, e) in state.iter_mut().zip(e) {
                    part[lane] = phi * (part[lane] + k * e);
                }
                variance[lane] = phi * phi * (variance[lane] - k * gain * variance[lane]) + 1.0 - phi * phi;
                product[lane] *= innovation / v;
            }
            // the logarithm of a product in few pieces; what all lanes share does not weigh
            if place % 8 == 7 {
                take(&mut sums.ln_det, &mut product);
            }
        }
        take(&mut sums.ln_det, &mut product);
        sums
    }

    /// The logarithms of the restricted likelihood times the prior.
    fn ln_weights(&self) -> Lanes {
        let lanes = lanes();
        std::array::from_fn(|lane| {
            let ([before, after], [bb, aa, ba]) = (self.xr.map(|x| x[lane]), self.xx.map(|x| x[lane]));
            let (fitted, ln_information) = if self.has_before {
                let det = (bb * aa - ba * ba).max(f64::MIN_POSITIVE);
                ((before * before * aa - 2.0 * before * after * ba + after * after * bb) / det, det.ln())
            } else {
                (after * after / aa.max(f64::MIN_POSITIVE), aa.max(f64::MIN_POSITIVE).ln())
            };
            lanes[lane].2 - 0.5 * (self.ln_det[lane] + (self.rr[lane] - fitted).max(0.0) + ln_information)
        })
    }
}
