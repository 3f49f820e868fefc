//! What lasts beside the noise of each step: the filter that both models of noise share.
//!
//! A step is `size · (mean + loading · a) + noise`, where `a` is an autoregression of order one with variance one and the
//! noise of the step itself has the variance `size · own`. A Kalman filter (1960; Harvey 1989, ch. 3) whitens the steps
//! and their means, which are projected out; the restricted likelihood (Patterson and Thompson 1971) says how likely each
//! way of wandering is. All ways are followed abreast.

/// One way in which steps may vary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// The standard deviation of what lasts.
    pub(super) loading: f64,
    /// The variance of the noise of a step of size one.
    pub(super) own: f64,
    /// The correlation of what lasts from step to step.
    pub(super) phi: f64,
    /// The logarithm of the prior weight.
    pub(super) ln_prior: f64,
}

/// One step: how many places after the one before, its size and its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) gap: usize,
    pub(super) size: f64,
    pub(super) y: f64,
}

/// Factors of the determinant that are multiplied before a logarithm is taken.
const FACTORS: usize = 8;
/// Nothing is left of what lasts after a gap of so many steps.
const LONGEST_GAP: usize = 1_000;

/// The whitened sums of the steps for all ways abreast.
#[derive(Clone, Debug)]
pub(super) struct Whitened<const N: usize> {
    ln_det: [f64; N],
    yy: [f64; N],
    /// The numbers with either mean, before the break and from it on.
    xy: [[f64; N]; 2],
    /// The means with themselves, and with each other.
    xx: [[f64; N]; 3],
    /// How many means there are.
    pub(super) means: usize,
}

impl<const N: usize> Whitened<N> {
    /// Of steps in time, the first `cut` of which have a mean of their own.
    pub(super) fn of(ways: &[Way; N], steps: impl Iterator<Item = Step>, cut: usize) -> Whitened<N> {
        let zero = [0.0; N];
        let means = 1 + usize::from(cut > 0);
        let mut sums = Whitened { ln_det: zero, yy: zero, xy: [zero; 2], xx: [zero; 3], means };
        // the mean of what lasts for the numbers and for either regressor, and its variance
        let (mut state, mut variance, mut factors) = ([zero; 3], [1.0; N], [1.0; N]);
        for (place, Step { gap, size, y }) in steps.enumerate() {
            let x = if place < cut { [size, 0.0] } else { [0.0, size] };
            for (lane, way) in ways.iter().enumerate() {
                if place > 0 {
                    let q = if gap == 1 { way.phi } else { way.phi.powi(gap.min(LONGEST_GAP) as i32) };
                    variance[lane] = q * q * variance[lane] + 1.0 - q * q;
                    state.iter_mut().for_each(|part| part[lane] *= q);
                }
                let loading = size * way.loading;
                let innovation = loading * loading * variance[lane] + size * way.own;
                let per = 1.0 / innovation;
                let of = |seen: f64, part: usize| seen - loading * state[part][lane];
                let e = [of(y, 0), of(x[0], 1), of(x[1], 2)];
                sums.yy[lane] += e[0] * e[0] * per;
                sums.xy[0][lane] += e[0] * e[1] * per;
                sums.xy[1][lane] += e[0] * e[2] * per;
                sums.xx[0][lane] += e[1] * e[1] * per;
                sums.xx[1][lane] += e[2] * e[2] * per;
                sums.xx[2][lane] += e[1] * e[2] * per;
                let gain = variance[lane] * loading * per;
                state.iter_mut().zip(e).for_each(|(part, e)| part[lane] += gain * e);
                variance[lane] -= gain * loading * variance[lane];
                // what all ways share does not weigh
                factors[lane] *= innovation / size;
            }
            if place % FACTORS == FACTORS - 1 {
                sums.take(&mut factors);
            }
        }
        sums.take(&mut factors);
        sums
    }

    fn take(&mut self, factors: &mut [f64; N]) {
        for (sum, factor) in self.ln_det.iter_mut().zip(factors) {
            *sum += factor.ln();
            *factor = 1.0;
        }
    }

    /// The sum of squares about the means, and the logarithm of what the restricted likelihood divides by.
    pub(super) fn rest(&self, way: usize) -> (f64, f64) {
        let [bb, aa, ba] = self.xx.map(|x| x[way]);
        let [before, after] = self.xy.map(|x| x[way]);
        let (fitted, information) = if self.means == 2 {
            let det = (bb * aa - ba * ba).max(f64::MIN_POSITIVE);
            ((before * before * aa - 2.0 * before * after * ba + after * after * bb) / det, det)
        } else {
            (after * after / aa.max(f64::MIN_POSITIVE), aa.max(f64::MIN_POSITIVE))
        };
        let squares = self.yy[way] - fitted;
        // squares beyond all numbers say nothing, least of all that there is no noise
        let squares = if squares.is_nan() { f64::INFINITY } else { squares.max(0.0) };
        (squares, self.ln_det[way] + information.ln())
    }
}

/// Ways that are less likely than this, relative to the likeliest, are left out.
pub(super) const NEGLIGIBLE: f64 = 1e-9;

/// The places of what is likelier than `negligible`, relative to the likeliest, with weights that add up to one, from their
/// logarithms; nothing if none is a number.
pub(super) fn weights(ln_weights: impl Iterator<Item = f64> + Clone, negligible: f64) -> Vec<(usize, f64)> {
    let most = ln_weights.clone().fold(f64::NEG_INFINITY, f64::max);
    let relative = ln_weights.map(|ln_weight| (ln_weight - most).exp()).enumerate();
    let mut weights: Vec<(usize, f64)> = relative.filter(|(_, weight)| *weight > negligible).collect();
    let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights.iter_mut().for_each(|(_, weight)| *weight /= all);
    if all.is_finite() { weights } else { Vec::new() }
}
