//! The canary's own occurrences per exposure against a limit: restarts per hour, crashes per session.
//!
//! - **Evidence**: the Poisson tail of the occurrences at the limit times the exposure, weakened by the arm's own design
//!   effect, as of a share.
//! - **Interval**: Garwood's (1936) at the tail that the design effect asks for.
//! - **Any-time evidence**: a mixture of likelihood ratios of the Poisson counts, raised to one over the design effect.
//! - **Estimate**: occurrences divided by the exposure.
//!
//! The formulas are in [`single`]. `fixtures/reference` certifies them: `methods.toml`, `noise_model.toml` and `evidence.toml`.

use crate::compare::{Comparison, Facts, LnE};
use crate::grid::{Occurrences, Steps, sum};
use crate::once::once;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::dispersion::{DesignEffect, Prior};
use davy_stats::single::{self, EventStep};

/// One arm's occurrences per step.
#[derive(Debug)]
pub(crate) struct Frequency {
    steps: Vec<Option<EventStep>>,
    count: u64,
    exposure: f64,
    effect: DesignEffect,
    prior: Prior,
}

impl Frequency {
    pub(crate) fn new(steps: &Steps<Occurrences>, prior: Prior) -> Frequency {
        let events = steps.iter().map(|s| s.map(|o| EventStep { exposure: o.exposure, count: o.count }));
        let events: Vec<_> = events.collect();
        let effect = single::realised_event_effect(&events, prior);
        let exposure = events.iter().flatten().map(|s| s.exposure).sum();
        let count = sum(events.iter().flatten().map(|s| s.count));
        Frequency { steps: events, count, exposure, effect, prior }
    }
}

impl Comparison for Frequency {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        single::frequency_z(self.count, self.exposure, limit, &self.effect, direction)
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        single::frequency_interval(self.count, self.exposure, &self.effect, low, high)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        let Frequency { steps, prior, .. } = self;
        let temper = once(move |start: usize| single::realised_event_effect(&steps[start..], *prior).temper());
        Box::new(move |limit| anytime::frequency_ln_e(steps, limit, direction, &temper, starts))
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        (self.exposure > 0.0).then(|| self.count as f64 / self.exposure)
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Level
    }

    fn method(&self) -> Method {
        Method::PoissonTail
    }

    fn facts(&self) -> Facts {
        Facts::Frequency(self.count)
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.effect)
    }
}
