//! The canary's rate minus the baseline's, in percentage points.
//!
//! - **Evidence**: the score of Miettinen and Nurminen (1985). The difference of the pooled rates minus the limit is divided by
//!   its standard error at the most likely rates that differ by the limit, in closed form. If the split of the traffic
//!   varies, the steps are strata with the weights of Mantel and Haenszel. The design effect of the steps, and of the
//!   instances where they are known, weakens it.
//! - **Interval**: the differences that the score does not reject, by a search from the estimate.
//! - **Any-time evidence**: one-sided normal mixtures of the same score (Robbins 1970; Waudby-Smith and others 2024).
//! - **Estimate**: the difference of the pooled rates; step by step if the split of the traffic varies.
//! - **Later starts**: as for a ratio of rates.
//!
//! The formulas are in [`counts`]. `fixtures/reference` certifies them: `rates.toml`, `methods.toml` and `evidence.toml`.

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

/// Bad trials of both arms per step.
#[derive(Debug, Clone)]
pub(crate) struct RateDifference {
    steps: Vec<CountStep>,
    instances: Option<Arc<Instances>>,
    effect: DesignEffect,
    prior: Prior,
}

impl RateDifference {
    pub(crate) fn new(steps: Vec<CountStep>, instances: Option<Arc<Instances>>, prior: Prior) -> RateDifference {
        let effect = counts::design_effect_from(&steps, 0, instances.as_deref(), Exposure::Trials, prior);
        RateDifference { steps, instances, effect, prior }
    }
}

impl Comparison for RateDifference {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        counts::difference_z(&self.steps, &self.effect, limit, direction)
    }

    fn mirrored(&self, direction: Direction) -> Option<Rc<dyn Comparison>> {
        let effect = counts::mirrored(&self.steps, &self.effect, Exposure::Trials, direction);
        Some(Rc::new(RateDifference { effect, ..self.clone() }))
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        counts::difference_interval(&self.steps, &self.effect, low, high)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        let RateDifference { steps, instances, prior, .. } = self;
        let trials = Exposure::Trials;
        let effect = once(move |start| counts::design_effect_from(steps, start, instances.as_deref(), trials, *prior));
        Box::new(move |limit| anytime::difference_ln_e(steps, limit, direction, &effect, horizon, starts))
    }

    fn natural(&self) -> (f64, f64) {
        (-1.0, 1.0)
    }

    fn estimate(&self) -> Option<f64> {
        Some(counts::rate_difference(&self.steps))
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Difference
    }

    fn method(&self) -> Method {
        match counts::difference_is_stratified(&self.steps) {
            true => Method::StratifiedDifference,
            false => Method::ScoreDifference,
        }
    }

    fn facts(&self) -> Facts {
        Facts::Rates
    }

    fn is_multiplicative(&self) -> bool {
        false
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.effect)
    }

    fn excess(&self, limit: f64) -> Option<f64> {
        Some(counts::excess(&self.steps, 1.0, limit))
    }

    fn course(&self) -> Option<&dyn Course> {
        Some(self)
    }
}

impl Course for RateDifference {
    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn independent_z(&self, starts: &[usize], limit: f64, direction: Direction) -> Vec<f64> {
        let independent = DesignEffect::independent();
        let z = |start: &usize| counts::difference_z(&self.steps[*start..], &independent, limit, direction);
        starts.iter().map(z).collect()
    }

    fn tamed(&self, direction: Direction) -> Rc<dyn Comparison> {
        Rc::new(RateDifference { steps: counts::tamed(&self.steps, direction), ..self.clone() })
    }

    fn since(&self, start: usize, direction: Direction, scatter: &OnceCell<Scatter>) -> Rc<dyn Comparison> {
        let RateDifference { steps, instances, prior, .. } = self;
        let scatter = scatter.get_or_init(|| Scatter::new(steps, Exposure::Trials, *prior));
        let effect = scatter.effect(steps, start, instances.as_deref());
        let steps = counts::tamed(&steps[start..], direction);
        Rc::new(RateDifference { steps, instances: None, effect, prior: *prior })
    }
}
