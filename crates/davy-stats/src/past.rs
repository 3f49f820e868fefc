//! What windows of the past say of today's noise.
//!
//! The noise of a step has a shape (a *way*: how much of it lasts, and for how long) and a variance. Every window of the
//! past has a restricted likelihood of each way, about a mean and a variance of its own. Their product is what the past
//! says of the ways. Windows that disagree by more than chance count less: the deviance of all windows from their common
//! best way, over its degrees of freedom, divides the likelihood (Wedderburn 1974). The variance is worth as many degrees
//! of freedom as the windows agree on it, and no more than [`MOST_WEIGHT`].
//!
//! Today need not be as the past. So the past is one of three beliefs (a robust prior: Schmidli et al. 2014): noise as in
//! the past, noise that lasts as in the past and has any variance, noise as of anybody's service. Today's own steps weigh
//! them.

use statrs::function::gamma::ln_gamma;

use super::filter::weights;

/// No past is worth more steps than this: services change.
pub const MOST_WEIGHT: f64 = 30.0;
/// Fewer windows do not tell how much windows differ.
pub const LEAST_WINDOWS: usize = 3;
/// What is believed of today's noise beforehand: as in the past, of another variance, as of anybody's service.
const BELIEFS: [f64; 3] = [0.8, 0.1, 0.1];
/// What the past's variance is worth if today's may be any, in degrees of freedom.
const ANY_VARIANCE: f64 = 1.0;
/// A way has two parameters beside the variance.
const PARAMETERS: f64 = 2.0;

/// What one window says of each way: the sum of squares, and the logarithm of what the restricted likelihood divides by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen<const N: usize> {
    pub(super) rest: [(f64, f64); N],
    pub(super) dof: f64,
}

impl<const N: usize> Seen<N> {
    fn ln_likelihood(&self, way: usize) -> f64 {
        let (squares, ln_det) = self.rest[way];
        -0.5 * (ln_det + self.dof * squares.max(f64::MIN_POSITIVE).ln())
    }
}

/// What is known of the noise of a step, from windows of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past<const N: usize> {
    /// How likely each way is, as a logarithm.
    ln_weights: [f64; N],
    /// The variance of a step with each way.
    variances: [f64; N],
    /// What the variance is worth, in degrees of freedom.
    worth: f64,
}

/// One possible noise: its weight, its way, its variance and the degrees of freedom of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Possible {
    pub(super) weight: f64,
    pub(super) way: usize,
    pub(super) variance: f64,
    pub(super) dof: f64,
}

impl<const N: usize> Past<N> {
    /// From windows that share no data, and the logarithm of the prior weight of each way; nothing from too few.
    pub(super) fn of(windows: &[Seen<N>], ln_priors: &[f64; N]) -> Option<Past<N>> {
        let windows: Vec<&Seen<N>> = windows.iter().filter(|window| window.dof >= 1.0).collect();
        let ln_likelihoods = windows.iter().map(|window| std::array::from_fn(|way| window.ln_likelihood(way)));
        let likely = together(&ln_likelihoods.collect::<Vec<_>>(), ln_priors)?;
        let dof: f64 = windows.iter().map(|window| window.dof).sum();
        let variances = std::array::from_fn(|way| windows.iter().map(|window| window.rest[way].0).sum::<f64>() / dof);
        let best = (0..N).max_by(|a, b| likely[*a].total_cmp(&likely[*b]))?;
        let sound = likely[best].is_finite() && variances.iter().all(|variance: &f64| variance.is_finite());
        let worth = agreement(windows.iter().map(|window| (window.rest[best].0 / window.dof, window.dof)));
        (sound && variances[best] > 0.0).then_some(Past { ln_weights: likely, variances, worth })
    }

    /// The same of the difference of two arms that vary alike and apart.
    pub fn of_two(&self) -> Past<N> {
        Past { variances: self.variances.map(|variance| 2.0 * variance), ..self.clone() }
    }

    /// How likely each way is.
    pub(super) fn weights(&self) -> [f64; N] {
        self.ln_weights.map(f64::exp)
    }

    /// The variance of a step with each way.
    pub(super) fn variances(&self) -> [f64; N] {
        self.variances
    }

    /// The variance of a step, averaged over the ways.
    pub fn variance(&self) -> f64 {
        let each = self.weights().into_iter().zip(self.variances);
        each.map(|(weight, variance)| weight * variance).sum()
    }

    /// What is possible of today's noise, by what today's steps say of each way and the prior weights of anybody's noise. A
    /// step has the variance `floor` at least.
    pub(super) fn weigh(&self, today: &Seen<N>, ln_priors: &[f64; N], floor: f64) -> Vec<Possible> {
        let own = self.variance().max(floor);
        let beliefs: [(&[f64; N], f64); 3] =
            [(&self.ln_weights, self.worth), (&self.ln_weights, ANY_VARIANCE), (ln_priors, ANY_VARIANCE)];
        let ln_weight = |at: usize| {
            let ((ln_ways, worth), way) = (beliefs[at / N], at % N);
            let variance = if at / N == 2 { own } else { self.variances[way].max(floor) };
            let ln_way = BELIEFS[at / N].ln() + ln_ways[way];
            ln_way + ln_evidence(today.rest[way], today.dof, worth, variance)
        };
        let possible = |(at, weight): (usize, f64)| {
            let (way, squares) = (at % N, today.rest[at % N].0);
            let (variance, dof) = if at / N == 0 {
                let dof = self.worth + today.dof;
                ((self.worth * self.variances[way].max(floor) + squares) / dof, dof)
            } else {
                (squares / today.dof, today.dof)
            };
            Possible { weight, way, variance, dof }
        };
        weights((0..3 * N).map(ln_weight), super::filter::NEGLIGIBLE).into_iter().map(possible).collect()
    }
}

/// The logarithm of how likely each way is by all windows together, from each window's likelihood; nothing from too few.
pub(super) fn together<const N: usize>(windows: &[[f64; N]], ln_priors: &[f64; N]) -> Option<[f64; N]> {
    if windows.len() < LEAST_WINDOWS {
        return None;
    }
    let most = |of: &[f64; N]| of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all: [f64; N] = std::array::from_fn(|way| windows.iter().map(|window| window[way]).sum());
    let apart: f64 = windows.iter().map(most).sum();
    let disagreement = (2.0 * (apart - most(&all)) / (PARAMETERS * (windows.len() as f64 - 1.0))).max(1.0);
    let ln_weights = (0..N).map(|way| ln_priors[way] + all[way] / disagreement);
    let mut likely = [f64::NEG_INFINITY; N];
    for (way, weight) in weights(ln_weights, 0.0) {
        likely[way] = weight.ln();
    }
    likely.iter().any(|ln_weight| ln_weight.is_finite()).then_some(likely)
}

/// The likelihood of today's steps if their variance is drawn from a scaled inverse χ² about `variance`, as a logarithm; what
/// all beliefs share is left out.
pub(super) fn ln_evidence((squares, ln_det): (f64, f64), dof: f64, worth: f64, variance: f64) -> f64 {
    let half = 0.5 * (worth + dof);
    let believed = worth * variance.max(f64::MIN_POSITIVE);
    ln_gamma(half) - ln_gamma(0.5 * worth) + 0.5 * worth * (believed / 2.0).ln()
        - half * (0.5 * (believed + squares)).ln()
        - 0.5 * ln_det
}

/// What the mean of variances is worth as that of another window, in degrees of freedom: how much they differ beyond
/// chance, and one standard error more, by the moments of the scaled inverse χ².
pub(super) fn agreement(variances: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let (n, squares, dof) =
        variances.clone().fold((0.0, 0.0, 0.0), |(n, s, d), (v, dof)| (n + 1.0, s + v * dof, d + dof));
    let mean = squares / dof;
    let most = f64::min(dof, MOST_WEIGHT);
    if mean <= 0.0 || n < 2.0 {
        return most;
    }
    let observed = variances.clone().map(|(v, _)| (v / mean - 1.0).powi(2)).sum::<f64>() / (n - 1.0);
    let chance = variances.map(|(_, dof)| 2.0 / dof).sum::<f64>() / n;
    let excess = (observed - chance).max(0.0) + chance * (2.0 / (n - 1.0)).sqrt();
    (4.0 + 2.0 / excess).min(most)
}
