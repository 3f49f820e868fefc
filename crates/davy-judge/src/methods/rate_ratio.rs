//! The canary's rate divided by the baseline's: errors among requests, occurrences per session.
//!
//! In a step the canary has `x_c` events among `n_c` trials, the baseline `x_b` among `n_b`. Under a ratio of rates `r` the
//! canary's part of the events is binomial with the share `r n_c / (r n_c + n_b)`, whatever their common rate was. Shared
//! shocks, the time of day and traffic ramps cancel, and small counts are exact.
//!
//! - **Evidence**: the binomial tail of the canary's events among all, at the share that the steps expect together under
//!   the limit. The design effect of the steps, and of the instances where they are known, weakens it. For a Pass, bursts that
//!   only one arm had count for both.
//! - **Interval**: Clopper and Pearson's (1934) of that share, at the tail that the design effect asks for.
//! - **Any-time evidence**: a mixture of likelihood ratios of the same binomials (Lindon and Malek 2022), raised to one over
//!   the design effect.
//! - **Estimate**: the ratio of the pooled rates; step by step (Mantel and Haenszel 1959) if the split of the traffic varies.
//! - **Later starts**: the steps since a start have a ratio of their own, and the noise is that about one change.
//!
//! The formulas are in [`counts`]. `fixtures/reference` certifies them: `rates.toml`, `methods.toml`, `evidence.toml`,
//! `instances.toml` and `taming.toml`.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::compare::{Comparison, Course, Facts, LnE};
use crate::once::once;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::counts::{self, CountStep, Exposure, Scatter};
use davy_stats::dispersion::{DesignEffect, Prior};
use davy_stats::instances::Instances;

/// Events of both arms per step.
#[derive(Debug, Clone)]
pub(crate) struct RateRatio {
    steps: Vec<CountStep>,
    instances: Option<Arc<Instances>>,
    effect: DesignEffect,
    exposure: Exposure,
    prior: Prior,
}

impl RateRatio {
    pub(crate) fn new(
        steps: Vec<CountStep>,
        instances: Option<Arc<Instances>>,
        exposure: Exposure,
        prior: Prior,
    ) -> RateRatio {
        let effect = counts::design_effect_from(&steps, 0, instances.as_deref(), exposure, prior);
        RateRatio { steps, instances, effect, exposure, prior }
    }
}

impl Comparison for RateRatio {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        counts::ratio_z(&self.steps, &self.effect, limit, direction)
    }

    fn mirrored(&self, direction: Direction) -> Option<Rc<dyn Comparison>> {
        let effect = counts::mirrored(&self.steps, &self.effect, self.exposure, direction);
        Some(Rc::new(RateRatio { effect, ..self.clone() }))
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        counts::ratio_interval(&self.steps, &self.effect, low, high)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        let RateRatio { steps, instances, exposure, prior, .. } = self;
        let effect = |start| counts::design_effect_from(steps, start, instances.as_deref(), *exposure, *prior);
        let temper = once(move |start| effect(start).temper());
        Box::new(move |limit| anytime::ratio_ln_e(steps, limit, direction, &temper, starts))
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        Some(counts::plain_ratio(&self.steps))
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Ratio
    }

    fn method(&self) -> Method {
        Method::ConditionalBinomial
    }

    fn facts(&self) -> Facts {
        Facts::Rates
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.effect)
    }

    fn excess(&self, limit: f64) -> Option<f64> {
        Some(counts::excess(&self.steps, limit, 0.0))
    }

    fn course(&self) -> Option<&dyn Course> {
        Some(self)
    }
}

impl Course for RateRatio {
    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn independent_z(&self, starts: &[usize], limit: f64, direction: Direction) -> Vec<f64> {
        counts::exact_ratio_z_since(&self.steps, starts, limit, direction)
    }

    fn tamed(&self, direction: Direction) -> Rc<dyn Comparison> {
        Rc::new(RateRatio { steps: counts::tamed(&self.steps, direction), ..self.clone() })
    }

    fn since(&self, start: usize, direction: Direction, scatter: &OnceCell<Scatter>) -> Rc<dyn Comparison> {
        let RateRatio { steps, instances, exposure, prior, .. } = self;
        let scatter = scatter.get_or_init(|| Scatter::new(steps, *exposure, *prior));
        let effect = scatter.effect(steps, start, instances.as_deref());
        let steps = counts::tamed(&steps[start..], direction);
        Rc::new(RateRatio { steps, instances: None, effect, exposure: *exposure, prior: *prior })
    }
}
