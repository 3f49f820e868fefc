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

    pub(super) fn total(&self) -> f64 {
        self.canary_total + self.baseline_total
    }

    pub(super) fn events(&self) -> f64 {
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
