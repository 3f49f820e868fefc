//! Worse since when: the evidence of a Fail, gathered over all steps and over the steps since later starts.
//!
//! What begins in the middle of a window is half hidden in the mean of the window and inflates its noise. Each start has a
//! fit of its own, with a level or rate before it that tells of the noise alone. A Fail may rest on any start; a Pass
//! always takes all steps together. One arm's counts and requests against a limit are asked as a whole only: that answer is
//! about what happened during all of these steps.

use std::cell::OnceCell;
use std::sync::Arc;

use super::compare::Comparison;
use crate::stats::counts::{self, CountStep, Exposure, Scatter};
use crate::stats::dispersion::DesignEffect;
use crate::stats::instances::Instances;
use crate::stats::{Direction, onset};

/// Below this, steps that were independent are no evidence.
const LITTLE: f64 = 1.0;

/// A comparison in the direction of a Fail, with its later starts.
#[derive(Debug)]
pub(super) struct Onset {
    whole: Comparison,
    direction: Direction,
    later: Vec<(usize, OnceCell<Comparison>)>,
    of: Comparison,
    scatter: OnceCell<Scatter>,
}

impl Onset {
    pub(super) fn new(of: Comparison, direction: Direction) -> Onset {
        let starts = of.steps_in_time().map(onset::starts).unwrap_or_default();
        let later = starts.into_iter().map(|start| (start, OnceCell::new())).collect();
        Onset { whole: of.tamed(direction), direction, later, of, scatter: OnceCell::new() }
    }

    fn since(&self, place: usize) -> &Comparison {
        let (start, cell) = &self.later[place];
        cell.get_or_init(|| self.of.since(*start, self.direction, &self.scatter))
    }

    fn later_z(&self, limit: f64) -> Vec<f64> {
        let z = |(place, (start, _)): (usize, &(usize, _))| match self.of.little(*start, limit, self.direction) {
            true => 0.0,
            false => self.since(place).z(limit, self.direction),
        };
        self.later.iter().enumerate().map(z).collect()
    }

    /// The evidence that the quantity lies beyond a limit, as a whole or since a start.
    pub(super) fn z(&self, limit: f64) -> f64 {
        if let Some(counts) = self.of.counted(limit, self.direction) {
            return Onset::new(counts, self.direction).z(1.0);
        }
        let whole = self.whole.z(limit, self.direction);
        if self.later.is_empty() { whole } else { onset::combined(whole, &self.later_z(limit)) }
    }

    /// All steps together, as evidence that no step carries alone.
    pub(super) fn whole(&self) -> &Comparison {
        &self.whole
    }

    /// What the evidence of all steps together must reach by itself.
    pub(super) fn alone(&self, critical: f64) -> f64 {
        if self.later.is_empty() { critical } else { onset::alone(critical) }
    }

    /// The start whose evidence is the largest part of that against a limit, where it is not the first step, with the
    /// comparison since then.
    pub(super) fn loudest(&self, limit: f64) -> Option<(usize, &Comparison)> {
        let counts = self.of.counted(limit, self.direction);
        let (whole, later) = match &counts {
            Some(counts) => {
                let counts = Onset::new(counts.clone(), self.direction);
                (counts.whole.z(1.0, self.direction), counts.later_z(1.0))
            }
            None => (self.whole.z(limit, self.direction), self.later_z(limit)),
        };
        let (place, z) = later.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (z > whole).then(|| (self.later[place].0, self.since(place)))
    }
}

impl Comparison {
    /// How many steps there are in time, where starts are asked for.
    fn steps_in_time(&self) -> Option<usize> {
        match self {
            Comparison::RateRatio { steps, .. } | Comparison::RateDifference { steps, .. } => Some(steps.len()),
            Comparison::QuantileRatio { arms, .. } => Some(arms.canary.steps.len()),
            Comparison::Level(level) => Some(level.len),
            Comparison::Share { .. } | Comparison::Frequency { .. } | Comparison::Quantile { .. } => None,
        }
    }

    /// A ratio of quantiles at a limit, as the ratio of the slow ones' rates that is one there.
    fn counted(&self, limit: f64, direction: Direction) -> Option<Comparison> {
        let Comparison::QuantileRatio { prior, .. } = self else { return None };
        let (steps, exposure, prior) = (self.slow(limit, direction), Exposure::Trials, *prior);
        let effect = counts::design_effect(&steps, exposure, prior);
        Some(Comparison::RateRatio { steps, instances: None, effect, exposure, prior })
    }

    /// Whether the steps since a start would be no evidence even if they were independent.
    fn little(&self, start: usize, limit: f64, direction: Direction) -> bool {
        match self {
            Comparison::RateRatio { steps, .. } => counts::exact_ratio_z(&steps[start..], limit, direction) < LITTLE,
            Comparison::RateDifference { steps, .. } => {
                let independent = DesignEffect::independent();
                counts::difference_z(&steps[start..], &independent, limit, direction) < LITTLE
            }
            Comparison::Level(level) => level.is_little(start, limit, direction),
            _ => false,
        }
    }

    /// The comparison of all steps, as evidence in a direction that no step carries alone.
    fn tamed(&self, direction: Direction) -> Comparison {
        let mut tamed = self.clone();
        match &mut tamed {
            Comparison::RateRatio { steps, .. } | Comparison::RateDifference { steps, .. } => {
                *steps = counts::tamed(steps, direction);
            }
            Comparison::Level(level) => *level = level.since(0, direction),
            Comparison::QuantileRatio { since, .. } => *since = Some((0, direction)),
            Comparison::Share { .. } | Comparison::Frequency { .. } | Comparison::Quantile { .. } => {}
        }
        tamed
    }

    /// The comparison of the steps since a start, likewise; the noise of counts is that about one break.
    fn since(&self, start: usize, direction: Direction, scatter: &OnceCell<Scatter>) -> Comparison {
        let effect = |steps: &[CountStep], instances: &Option<Arc<Instances>>, exposure, prior| {
            let scatter = scatter.get_or_init(|| Scatter::new(steps, exposure, prior));
            scatter.effect(steps, start, instances.as_deref())
        };
        match self {
            Comparison::RateRatio { steps, instances, exposure, prior, .. } => {
                let effect = effect(steps, instances, *exposure, *prior);
                let steps = counts::tamed(&steps[start..], direction);
                Comparison::RateRatio { steps, instances: None, effect, exposure: *exposure, prior: *prior }
            }
            Comparison::RateDifference { steps, instances, prior, .. } => {
                let effect = effect(steps, instances, Exposure::Trials, *prior);
                let steps = counts::tamed(&steps[start..], direction);
                Comparison::RateDifference { steps, instances: None, effect, prior: *prior }
            }
            Comparison::Level(level) => Comparison::Level(level.since(start, direction)),
            Comparison::QuantileRatio { arms, thresholds, q, estimate, prior, .. } => {
                let (arms, thresholds, estimate) = (arms.clone(), thresholds.clone(), *estimate);
                let since = Some((start, direction));
                Comparison::QuantileRatio { arms, thresholds, q: *q, estimate, prior: *prior, since }
            }
            Comparison::Share { .. } | Comparison::Frequency { .. } | Comparison::Quantile { .. } => self.clone(),
        }
    }
}
