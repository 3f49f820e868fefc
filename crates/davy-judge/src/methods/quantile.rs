//! The canary's own quantile against a limit: of its requests, or across the steps of a number.
//!
//! The p95 lies above 300 ms if more than 5 % of the requests are slower than that. So a limit on a quantile is a share of
//! slow requests, and no quantile is estimated to decide.
//!
//! - **Evidence**: the binomial tail of the requests beyond the limit at the share that the quantile allows, weakened by the
//!   design effect. Requests come together within steps; steps that are the trials themselves depend on each other.
//! - **Interval**: the values that the evidence does not reject. It changes at the values of the requests only.
//! - **Any-time evidence**: that of a share, of the requests beyond the limit.
//! - **Estimate**: the sample quantile (type 7 of Hyndman and Fan 1996), or inside a histogram's cell.
//!
//! The formulas are in [`single`] and [`slow`]. `fixtures/reference` certifies them: `methods.toml` and `evidence.toml`.

use std::sync::Arc;

use super::share::Dispersion;
use crate::compare::{Comparison, Facts, LnE};
use crate::grid::Steps;
use crate::requests::ArmRequests;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::dispersion::Prior;
use davy_stats::single::{self, TrialStep};
use davy_stats::slow::{self, Requests};

/// One arm's requests, or its steps as one request each.
#[derive(Debug)]
pub(crate) struct Quantile {
    arm: Arc<ArmRequests>,
    q: f64,
    prior: Prior,
    across_steps: bool,
    /// Where many values are equal it matters on which side the limit itself lies.
    limit_is_beyond: bool,
}

impl Quantile {
    pub(crate) fn of_requests(arm: Arc<ArmRequests>, q: f64, prior: Prior, limit_is_beyond: bool) -> Quantile {
        Quantile { arm, q, prior, across_steps: false, limit_is_beyond }
    }

    pub(crate) fn across_steps(steps: &Steps<f64>, q: f64, prior: Prior, limit_is_beyond: bool) -> Quantile {
        let steps = steps.iter().map(|v| Requests::single(v.iter().copied().collect())).collect();
        Quantile { arm: Arc::new(ArmRequests::new(steps)), q, prior, across_steps: true, limit_is_beyond }
    }

    fn dispersion(&self) -> Dispersion {
        if self.across_steps { single::trial_design_effect } else { single::realised_trial_effect }
    }

    /// The requests per step, among which those beyond a limit are the bad ones.
    fn beyond(&self, limit: f64, direction: Direction) -> Vec<Option<TrialStep>> {
        slow::trials_beyond(&self.arm.steps, limit, self.limit_is_beyond, direction)
    }
}

impl Comparison for Quantile {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        let slow = self.beyond(limit, direction);
        single::quantile_z(&slow, self.q, &self.dispersion()(&slow, self.prior), direction)
    }

    /// The evidence changes at the edges only: after an edge, where the requests there are not beyond a limit at it; at the
    /// edge, where they are.
    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        let edges = self.arm.pooled.edges();
        let too_low = edges.partition_point(|v| self.z(*v, Direction::Above) >= low);
        let kept = edges.partition_point(|v| self.z(*v, Direction::Below) < high);
        let before = usize::from(self.limit_is_beyond);
        let at = |place: usize| edges.get(place.saturating_sub(before)).or(edges.last()).copied();
        // a handful of requests that all lie on one side of a limit may be evidence about the limits out there
        let all_beyond = || edges.first().filter(|v| self.z(v.next_down(), Direction::Above) >= low).copied();
        let none_beyond = || edges.last().filter(|v| self.z(v.next_up(), Direction::Below) >= high).copied();
        (
            at(too_low).filter(|_| too_low > 0).or_else(all_beyond).unwrap_or(f64::NEG_INFINITY),
            at(kept).filter(|_| kept < edges.len()).or_else(none_beyond).unwrap_or(f64::INFINITY),
        )
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        Box::new(move |limit| {
            let slow = self.beyond(limit, direction);
            let temper = |start: usize| self.dispersion()(&slow[start..], self.prior).temper();
            anytime::share_ln_e(&slow, 1.0 - self.q, direction, temper, starts)
        })
    }

    fn natural(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        self.arm.pooled.quantile(self.q)
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Level
    }

    fn method(&self) -> Method {
        if self.across_steps { Method::StepQuantile } else { Method::SlowRequests }
    }

    fn facts(&self) -> Facts {
        Facts::Quantile { q: self.q, across_steps: self.across_steps }
    }
}
