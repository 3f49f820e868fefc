//! How much speaks for a slice being worse, and for it being worse than others.
//!
//! Each slice is compared with itself, step by step: the canary's share of the bad requests of a step is binomial with a known
//! share, if both arms are alike ([`counts`]). Sums of slices add these up and never pool their requests, so that a parent
//! whose arms have another mix is not taken for a worse one (Simpson 1951). What steps scatter beyond lots is estimated from
//! the node's own steps about a rate that may change once, drawn towards what all slices show together: a slice with few steps
//! or few requests borrows the noise of the others (empirical Bayes: Robbins 1956; for many variances at once Smyth 2004).

use super::noise::Noise;
use davy_stats::Direction;
use davy_stats::counts::{self, CountStep, usable};
use davy_stats::dispersion::DesignEffect;

/// Steps are put together so that there are no more of them than this: small slices then have both arms in most of them.
const MOST_STEPS: usize = 24;

/// How often the minimum of a contrast is bracketed.
const NARROWINGS: usize = 24;

/// Golden section.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// The steps of several slices as one. A step's totals are such that the canary's share of them is the share of its bad
/// requests that the slices, each by itself, let expect.
pub fn together<'a>(slices: impl IntoIterator<Item = &'a [CountStep]>) -> Vec<CountStep> {
    let mut sums: Vec<(CountStep, f64)> = Vec::new();
    for steps in slices {
        sums.resize(sums.len().max(steps.len()), (CountStep::UNUSABLE, 0.0));
        for ((sum, expected), step) in sums.iter_mut().zip(steps).filter(|(_, step)| usable(step)) {
            *expected += step.events() * step.canary_total / step.total();
            *sum = sum.plus(step);
        }
    }
    let weighed = |(sum, expected): (CountStep, f64)| {
        let (events, total) = (sum.events(), sum.total());
        let share = expected / events;
        if events > 0.0 && share > 0.0 && share < 1.0 {
            CountStep { canary_total: share * total, baseline_total: (1.0 - share) * total, ..sum }
        } else {
            sum
        }
    };
    sums.into_iter().map(weighed).collect()
}

/// Neighbouring steps put together, so that there are not too many.
pub(super) fn coarse(steps: &[CountStep]) -> Vec<CountStep> {
    let each = steps.len().div_ceil(MOST_STEPS).max(1);
    steps.chunks(each).map(|some| some.iter().fold(CountStep::UNUSABLE, |sum, step| sum.plus(step))).collect()
}

/// The steps of a node and how much they scatter.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) steps: Vec<CountStep>,
    pub(super) effect: DesignEffect,
}

impl Part {
    pub(super) fn new(steps: Vec<CountStep>, noise: &Noise) -> Part {
        let effect = noise.effect(&steps);
        Part { steps, effect }
    }

    /// The evidence that the ratio of rates lies beyond one.
    pub(super) fn z(&self, ratio: f64, direction: Direction) -> f64 {
        counts::ratio_z(&self.steps, &self.effect, ratio, direction)
    }

    /// Bad requests of both arms, and the canary's share of them if the arms are alike.
    pub(super) fn events(&self) -> (u64, f64) {
        let (mut events, mut canary) = (0_u64, 0.0);
        for step in self.steps.iter().filter(|step| usable(step)) {
            let own = step.canary.saturating_add(step.baseline);
            canary += own as f64 * step.canary_total / step.total();
            events = events.saturating_add(own);
        }
        (events, if events > 0 { canary / events as f64 } else { 0.0 })
    }
}

/// The evidence that one part's ratio is larger than another's. For whatever value lies between them, one part is above it
/// or the other below; the value that makes the least of it is the one that counts (signed root of a profile likelihood).
pub(super) fn contrast(one: &Part, other: &Part) -> f64 {
    let (high, low) = (counts::rate_ratio(&one.steps).ln(), counts::rate_ratio(&other.steps).ln());
    if !(high > low && high.is_finite() && low.is_finite()) {
        return 0.0;
    }
    let both = |at: f64| {
        let (above, below) = (one.z(at.exp(), Direction::Above), other.z(at.exp(), Direction::Below));
        above.max(0.0).hypot(below.max(0.0))
    };
    let (mut from, mut to) = (low, high);
    let mut inner = (to - GOLDEN * (to - from), from + GOLDEN * (to - from));
    let mut values = (both(inner.0), both(inner.1));
    for _ in 0..NARROWINGS {
        if values.0 < values.1 {
            to = inner.1;
            inner = (to - GOLDEN * (to - from), inner.0);
            values = (both(inner.0), values.0);
        } else {
            from = inner.0;
            inner = (inner.1, from + GOLDEN * (to - from));
            values = (values.1, both(inner.1));
        }
    }
    values.0.min(values.1)
}
