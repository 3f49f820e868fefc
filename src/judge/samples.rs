//! Two arms in windows that differ, as two samples: the comparison of levels where no step has its partner.

use super::grid::Steps;
use crate::series::Pair;
use crate::stats::unpaired::Unpaired;
use crate::stats::{Direction, anytime};

/// The levels of two arms and what may be said of their ratio or difference.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// Whether the limit is a factor and the levels are logarithms.
    pub(super) log: bool,
    /// How much the small-sample bias of percentiles may favour either answer: in `canary` what may make the canary
    /// look higher, in `baseline` what may make it look lower.
    allowance: Pair<f64>,
    levels: Unpaired,
    /// The difference of two arms that never move.
    constant: Option<f64>,
    /// Where that difference is exactly the limit, and meets it, the direction that is wanted.
    exact: Option<Direction>,
}

impl Samples {
    /// From each arm's numbers per step, the allowance on the compared scale, and the variance that a step has at least.
    pub(super) fn new(steps: &Pair<Steps<f64>>, log: bool, allowance: Pair<f64>, floor: f64) -> Self {
        let scaled = |steps: &Steps<f64>| -> Steps<f64> {
            steps.iter().map(|v| v.map(|v| if log { v.ln() } else { v })).collect()
        };
        let arms = steps.as_ref().map(scaled);
        let constant = arms.as_ref().map(|steps| {
            let mut present = steps.iter().flatten();
            let first = *present.next()?;
            present.all(|v| *v == first).then_some(first)
        });
        let constant = constant.canary.zip(constant.baseline).map(|(canary, baseline)| canary - baseline);
        Samples { log, allowance, levels: Unpaired::new(&arms.canary, &arms.baseline, floor), constant, exact: None }
    }

    /// Takes arms that never move and differ by exactly the limit as meeting it.
    pub(super) fn meeting(self, limit: f64, wanted: Direction) -> Self {
        let exact = self.constant == Some(self.scale(limit));
        Samples { exact: exact.then_some(wanted), ..self }
    }

    /// The limit that is tested: arms that meet it exactly are as far within it as arms can be.
    fn tested(&self, limit: f64, direction: Direction) -> f64 {
        let limit = self.scale(limit);
        let far = if self.exact == Some(direction) { 1.0 + limit.abs() } else { 0.0 };
        if direction == Direction::Below { limit + far } else { limit - far }
    }

    /// Evidence that the canary's level lies above (or below) the limit.
    pub(super) fn z(&self, limit: f64, direction: Direction) -> f64 {
        match direction {
            Direction::Above if self.log && limit <= 0.0 => f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => f64::NEG_INFINITY,
            Direction::Above => self.levels.z(self.tested(limit, direction) + self.allowance.canary, direction),
            Direction::Below => self.levels.z(self.tested(limit, direction) - self.allowance.baseline, direction),
        }
    }

    /// The any-time evidence for the same, tuned to a horizon in steps.
    pub(super) fn ln_e(&self, limit: f64, direction: Direction, horizon: f64) -> f64 {
        let limit = match direction {
            Direction::Above if self.log && limit <= 0.0 => return f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => return 0.0,
            Direction::Above => self.tested(limit, direction) + self.allowance.canary,
            Direction::Below => self.tested(limit, direction) - self.allowance.baseline,
        };
        anytime::weakest_ln_e(&self.levels.t(limit, direction), self.levels.size(), horizon)
    }

    /// The limits that are not rejected.
    pub(super) fn interval(&self, critical_low: f64, critical_high: f64) -> (f64, f64) {
        if let Some(y) = self.constant.filter(|_| self.exact.is_some()) {
            return (self.unscale(y), self.unscale(y));
        }
        (
            self.unscale(self.levels.end(critical_low, Direction::Above) - self.allowance.canary),
            self.unscale(self.levels.end(critical_high, Direction::Below) + self.allowance.baseline),
        )
    }

    pub(super) fn estimate(&self) -> Option<f64> {
        self.levels.estimate().map(|y| self.unscale(y))
    }

    fn scale(&self, limit: f64) -> f64 {
        if self.log { limit.max(f64::MIN_POSITIVE).ln() } else { limit }
    }

    fn unscale(&self, y: f64) -> f64 {
        if self.log && y.is_finite() { y.exp() } else { y }
    }
}
