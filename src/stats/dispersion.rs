//! The design effect: how much noisier than independent trials counts really are.
//!
//! Errors come in bursts and follow each other, so their variance exceeds the binomial one by a factor φ. It is
//! estimated from the steps themselves, robustly against autocorrelation, shrunk towards a prior (so that the first
//! minutes are neither blind nor reckless) and never taken below one. Exact tails are then divided by √φ and read as
//! Student's t, because φ itself is estimated (quasi-likelihood: McCullagh and Nelder 1989, ch. 4).

use super::defined;
use super::longrun::{COSINES_COUNTS, LongRun, step_sum};
use super::tail::{ln_normal_upper, t_to_z, z_to_t};

/// What is believed about dispersion before seeing any: `nu` steps' worth of a design effect of `phi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The design effect.
    pub phi: f64,
    /// Its weight in degrees of freedom.
    pub nu: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Prior { phi: 4.0, nu: 2.0 }
    }
}

impl Prior {
    /// An observed ratio of variances, worth `dof` steps, drawn towards the prior: a design effect and its degrees of
    /// freedom.
    pub(super) fn shrink(&self, ratio: f64, dof: f64) -> (f64, f64) {
        let weight = self.nu.max(0.0);
        let phi = if weight.is_finite() && weight + dof > 0.0 {
            (weight * self.phi + dof * ratio) / (weight + dof)
        } else {
            self.phi
        };
        (phi.max(1.0), if weight + dof > 0.0 { weight + dof } else { 1.0 })
    }
}

/// Estimated dispersion: one candidate per estimator of the variance; evidence is what the weakest leaves of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignEffect {
    /// Design effects and their degrees of freedom, from the steps.
    pub candidates: Vec<(f64, f64)>,
    /// The same from the instances, where there are enough of them.
    pub between: Option<(f64, f64)>,
    /// The finite-population factor: below one where events are a large share of trials.
    pub finite: f64,
}

impl DesignEffect {
    /// From residuals per step, their variance under independent trials, and the prior.
    pub(super) fn estimate(residuals: &[Option<f64>], model: f64, finite: f64, prior: Prior) -> DesignEffect {
        let sum = step_sum(residuals, COSINES_COUNTS);
        let candidates = if sum.n < 3 {
            vec![prior.shrink(0.0, 0.0)]
        } else {
            let ratio = |variance: f64| if model > 0.0 { variance / model } else { 1.0 };
            [sum.autoregressive, sum.cosines].map(|v| prior.shrink(ratio(v.variance), v.dof)).to_vec()
        };
        DesignEffect { candidates, between: None, finite }
    }

    /// The design effect as estimated from the slow and fast waves of the steps alone (equal-weighted cosines), with no
    /// prior and even where it is below one, and its degrees of freedom; nothing for fewer than three steps.
    pub(super) fn observed(residuals: &[Option<f64>], model: f64) -> Option<(f64, f64)> {
        let sum = step_sum(residuals, COSINES_COUNTS);
        let LongRun { variance, dof } = sum.cosines;
        (sum.n >= 3 && model > 0.0 && variance.is_finite()).then(|| (variance / model, dof))
    }

    /// All candidates.
    pub(super) fn all(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.candidates.iter().copied().chain(self.between)
    }

    /// The evidence that is left of an exact z.
    pub fn weaken(&self, z: f64) -> f64 {
        self.weaken_by(z, self.finite)
    }

    /// As [`weaken`](Self::weaken), for a z whose variance already is that of independent trials.
    pub(super) fn weaken_unconditional(&self, z: f64) -> f64 {
        self.weaken_by(z, 1.0)
    }

    fn weaken_by(&self, z: f64, finite: f64) -> f64 {
        let weakened = self.all().map(|(phi, nu)| t_to_z(z / (phi * finite).sqrt(), nu));
        defined(weakened.reduce(f64::min).unwrap_or(z))
    }

    /// The z that an exact tail must reach for its weakened evidence to reach `critical`.
    pub fn strengthen(&self, critical: f64) -> f64 {
        let needed = self.all().map(|(phi, nu)| z_to_t(critical, nu) * (phi * self.finite).sqrt());
        let needed = needed.reduce(f64::max).unwrap_or(critical);
        // nothing reaches a critical value that is none
        if critical.is_nan() || needed.is_nan() { f64::INFINITY } else { needed }
    }

    /// The exact tail probability whose weakened evidence is `critical`.
    pub fn tail(&self, critical: f64) -> f64 {
        self.ln_tail(critical).exp()
    }

    /// The logarithm of [`tail`](Self::tail).
    pub fn ln_tail(&self, critical: f64) -> f64 {
        ln_normal_upper(self.strengthen(critical))
    }

    /// Whether how instances differ is more of the noise than how steps do.
    pub fn is_mostly_between(&self) -> bool {
        let steps = self.candidates.iter().map(|(phi, _)| *phi).fold(1.0, f64::max);
        self.between.is_some_and(|(phi, _)| phi > steps)
    }

    /// The largest design effect among the candidates.
    pub fn largest(&self) -> f64 {
        self.all().map(|(phi, _)| phi).fold(1.0, f64::max)
    }
}
