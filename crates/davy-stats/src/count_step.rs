//! The counts of one step in both arms, and what follows from them alone.

/// One step of the grid in both arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountStep {
    /// Trials or exposure of the canary.
    pub canary_total: f64,
    /// Events of the canary.
    pub canary: u64,
    /// Trials or exposure of the baseline.
    pub baseline_total: f64,
    /// Events of the baseline.
    pub baseline: u64,
}

impl CountStep {
    /// A step in which nothing can be compared; it keeps its place in time.
    pub const UNUSABLE: CountStep = CountStep { canary_total: 0.0, canary: 0, baseline_total: 0.0, baseline: 0 };

    /// From how many trials each arm had, and how many of them were events.
    pub fn of(baseline: (u64, u64), canary: (u64, u64)) -> CountStep {
        CountStep {
            canary_total: canary.0 as f64,
            canary: canary.1,
            baseline_total: baseline.0 as f64,
            baseline: baseline.1,
        }
    }

    /// Two steps as one.
    #[must_use]
    pub fn plus(&self, other: &CountStep) -> CountStep {
        CountStep {
            canary_total: self.canary_total + other.canary_total,
            canary: self.canary.saturating_add(other.canary),
            baseline_total: self.baseline_total + other.baseline_total,
            baseline: self.baseline.saturating_add(other.baseline),
        }
    }

    /// Trials or exposure of both arms.
    pub fn total(&self) -> f64 {
        self.canary_total + self.baseline_total
    }

    /// Events of both arms.
    pub fn events(&self) -> f64 {
        self.canary as f64 + self.baseline as f64
    }

    /// The canary's expected share of the events at a ratio of rates, and the baseline's.
    pub(super) fn shares(&self, ratio: f64) -> (f64, f64) {
        let odds = self.canary_total / self.baseline_total;
        (1.0 / (1.0 + 1.0 / (ratio * odds)), 1.0 / (1.0 + ratio * odds))
    }

    pub(super) fn rate_difference(&self) -> f64 {
        self.canary as f64 / self.canary_total - self.baseline as f64 / self.baseline_total
    }

    /// The Mantel–Haenszel weight of a difference of rates.
    pub(super) fn weight(&self) -> f64 {
        self.canary_total / self.total() * self.baseline_total
    }
}

/// Whether both arms were exposed in this step.
pub fn usable(step: &CountStep) -> bool {
    let exposed = |total: f64| total > 0.0 && total.is_finite();
    exposed(step.canary_total) && exposed(step.baseline_total)
}

pub(super) fn usable_steps(steps: &[CountStep]) -> impl Iterator<Item = &CountStep> {
    steps.iter().filter(|step| usable(step))
}
