//! Worse since when: the evidence of a Fail, gathered over all steps and over the steps since later starts.
//!
//! What begins in the middle of a window is half hidden in the mean of the window and inflates its noise. Each start has a
//! fit of its own, with a level or rate before it that tells of the noise alone. A Fail may rest on any start; a Pass
//! always takes all steps together. One arm's counts and requests against a limit are asked as a whole only: that answer is
//! about what happened during all of these steps.

use std::cell::OnceCell;
use std::rc::Rc;
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
    of: Rc<Comparison>,
    /// All steps together, as evidence that no step carries alone.
    whole: Rc<Comparison>,
    direction: Direction,
    later: Vec<(usize, OnceCell<Comparison>)>,
    scatter: OnceCell<Scatter>,
}

impl Onset {
    pub(super) fn new(of: Rc<Comparison>, direction: Direction) -> Onset {
        let starts = of.steps_in_time().map(onset::starts).unwrap_or_default();
        let later = starts.into_iter().map(|start| (start, OnceCell::new())).collect();
        let whole = of.tamed(direction).map_or_else(|| of.clone(), Rc::new);
        Onset { of, whole, direction, later, scatter: OnceCell::new() }
    }

    /// Of a ratio of quantiles: the same at a limit, as the ratio of the slow ones' rates that is one there.
    fn counted(&self, limit: f64) -> Option<Onset> {
        let counts = self.of.counted(limit, self.direction)?;
        Some(Onset::new(Rc::new(counts), self.direction))
    }

    fn since(&self, place: usize) -> &Comparison {
        let (start, cell) = &self.later[place];
        cell.get_or_init(|| self.of.since(*start, self.direction, &self.scatter))
    }

    fn later_z(&self, limit: f64) -> Vec<f64> {
        let starts: Vec<usize> = self.later.iter().map(|(start, _)| *start).collect();
        let independent = self.of.independent_z(&starts, limit, self.direction);
        let z = |(place, z): (usize, f64)| if z < LITTLE { 0.0 } else { self.since(place).z(limit, self.direction) };
        independent.into_iter().enumerate().map(z).collect()
    }

    /// The evidence that the quantity lies beyond a limit, as a whole or since a start.
    pub(super) fn z(&self, limit: f64) -> f64 {
        match self.counted(limit) {
            Some(counted) => counted.z(1.0),
            None => onset::combined(self.whole.z(limit, self.direction), &self.later_z(limit)),
        }
    }

    /// All steps together, where that is other evidence than the comparison: it is not carried by a step alone.
    pub(super) fn tamed(&self) -> Option<&Comparison> {
        (!Rc::ptr_eq(&self.whole, &self.of)).then_some(&self.whole)
    }

    /// What the evidence of all steps together must reach by itself.
    pub(super) fn alone(&self, critical: f64) -> f64 {
        if self.later.is_empty() { critical } else { onset::alone(critical) }
    }

    /// The later start whose evidence against a limit is stronger by `more` than that of all steps, and the strongest, with
    /// the comparison since then.
    pub(super) fn loudest(&self, limit: f64, more: f64) -> Option<(usize, &Comparison)> {
        let (whole, later) = match self.counted(limit) {
            Some(counted) => (counted.whole.z(1.0, self.direction), counted.later_z(1.0)),
            None => (self.whole.z(limit, self.direction), self.later_z(limit)),
        };
        let (place, z) = later.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (z > whole + more).then(|| (self.later[place].0, self.since(place)))
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

    /// The evidence of the steps since each start if they were independent.
    fn independent_z(&self, starts: &[usize], limit: f64, direction: Direction) -> Vec<f64> {
        let each = |z: &dyn Fn(usize) -> f64| starts.iter().map(|start| z(*start)).collect();
        match self {
            Comparison::RateRatio { steps, .. } => counts::exact_ratio_z_since(steps, starts, limit, direction),
            Comparison::RateDifference { steps, .. } => {
                let independent = DesignEffect::independent();
                each(&|start| counts::difference_z(&steps[start..], &independent, limit, direction))
            }
            Comparison::Level(level) => each(&|start| level.independent_z(start, limit, direction)),
            _ => each(&|_| f64::INFINITY),
        }
    }

    /// The comparison of all steps, as evidence in a direction that no step carries alone; nothing where starts are not
    /// asked for.
    fn tamed(&self, direction: Direction) -> Option<Comparison> {
        self.steps_in_time()?;
        let mut tamed = self.clone();
        match &mut tamed {
            Comparison::RateRatio { steps, .. } | Comparison::RateDifference { steps, .. } => {
                *steps = counts::tamed(steps, direction);
            }
            Comparison::Level(level) => *level = level.since(0, direction),
            Comparison::QuantileRatio { since, .. } => *since = Some((0, direction)),
            Comparison::Share { .. } | Comparison::Frequency { .. } | Comparison::Quantile { .. } => {}
        }
        Some(tamed)
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
                Comparison::QuantileRatio { arms, thresholds, q: *q, estimate, prior: *prior, ties: None, since }
            }
            Comparison::Share { .. } | Comparison::Frequency { .. } | Comparison::Quantile { .. } => self.clone(),
        }
    }
}
