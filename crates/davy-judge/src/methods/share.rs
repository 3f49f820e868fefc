//! The canary's own share of bad trials against a limit.
//!
//! - **Evidence**: the binomial tail of the bad trials among all at the limit, weakened by the arm's own design effect. It is
//!   about what happened during these steps, so a rate that moved is no noise (Hoeffding 1956). Bad trials that come together
//!   are, and the successive differences of the steps see those alone (von Neumann 1941; Tukey 1977).
//! - **Interval**: Clopper and Pearson's (1934) at the tail that the design effect asks for.
//! - **Any-time evidence**: a mixture of likelihood ratios of the binomials, raised to one over the design effect.
//! - **Estimate**: bad trials among all.
//!
//! The formulas are in [`single`]. `fixtures/reference` certifies them: `methods.toml`, `noise_model.toml` and `evidence.toml`.

use crate::compare::{Comparison, Facts, LnE};
use crate::grid::sum;
use crate::once::once;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::dispersion::{DesignEffect, Prior};
use davy_stats::single::{self, TrialStep};

/// How the dispersion of one arm's trials is estimated.
pub(crate) type Dispersion = fn(&[Option<TrialStep>], Prior) -> DesignEffect;

/// One arm's trials per step.
#[derive(Debug)]
pub(crate) struct Share {
    steps: Vec<Option<TrialStep>>,
    bad: u64,
    total: u64,
    pub(crate) effect: DesignEffect,
    prior: Prior,
    dispersion: Dispersion,
}

impl Share {
    pub(crate) fn new(steps: Vec<Option<TrialStep>>, prior: Prior, dispersion: Dispersion) -> Share {
        let effect = dispersion(&steps, prior);
        let (total, bad) = (sum(steps.iter().flatten().map(|t| t.total)), sum(steps.iter().flatten().map(|t| t.bad)));
        Share { steps, bad, total, effect, prior, dispersion }
    }
}

impl Comparison for Share {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        single::share_z(self.bad, self.total, limit, &self.effect, direction)
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        single::share_interval(self.bad, self.total, &self.effect, low, high)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        let Share { steps, prior, dispersion, .. } = self;
        let temper = once(move |start: usize| dispersion(&steps[start..], *prior).temper());
        Box::new(move |limit| anytime::share_ln_e(steps, limit, direction, &temper, starts))
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn estimate(&self) -> Option<f64> {
        (self.total > 0).then(|| self.bad as f64 / self.total as f64)
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Level
    }

    fn method(&self) -> Method {
        Method::BinomialTail
    }

    fn facts(&self) -> Facts {
        Facts::Share { bad: self.bad, total: self.total }
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.effect)
    }

    fn z_of(&self, bad: u64, limit: f64, direction: Direction) -> Option<f64> {
        Some(single::share_z(bad, self.total, limit, &self.effect, direction))
    }
}
