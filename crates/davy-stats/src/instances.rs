//! The same counts by instance: how much of a difference of arms is which hosts they happened to get.
//!
//! A host that is a little worse for as long as it lives gives its arm a constant excess, which no number of steps can
//! tell from a regression; another host of the same arm can. So the residuals are summed per instance over all steps
//! instead of per step over all instances, and the variance of the contrast is what instances that are exchangeable
//! within their arm say of it (clustered trials: Donner and Klar 2000, ch. 6; ultimate clusters: Hansen, Hurwitz and
//! Madow 1953), with the degrees of freedom of Satterthwaite (1946).

use super::count_step::{CountStep, usable};
use super::longrun::LongRun;
use super::single::TrialStep;

/// The fewest instances of an arm from which their spread is known.
pub const LEAST_INSTANCES: usize = 5;

/// The trials of each instance of both arms, on the same steps as the arms' own.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Instances {
    /// Each instance of the canary, by step.
    pub canary: Vec<Vec<Option<TrialStep>>>,
    /// Each instance of the baseline, by step.
    pub baseline: Vec<Vec<Option<TrialStep>>>,
}

impl Instances {
    /// How many instances of the canary and of the baseline had trials while both arms did, from a step on.
    pub fn counted(&self, steps: &[CountStep], start: usize) -> (usize, usize) {
        let count = |arm: &[Vec<Option<TrialStep>>]| arm.iter().filter(|own| took_part(own, steps, start)).count();
        (count(&self.canary), count(&self.baseline))
    }

    /// The variance of the canary's events less those expected of it, from a step on, by the spread of the instances at a
    /// ratio of rates; nothing where an arm has fewer than [`LEAST_INSTANCES`].
    ///
    /// The contrast is `Σ (1−π) e_c − π e_b` over the steps, π being the canary's expected share of a step's events. What
    /// an instance adds to it is compared with the events that its trials had to expect at the fitted rates of its arm in
    /// each step: an instance that ran in a bad hour only is no odd one, and neither is an arm that is worse throughout.
    pub fn variance(&self, steps: &[CountStep], start: usize, ratio: f64) -> Option<LongRun> {
        let canary = spread(&self.canary, steps, start, |step| {
            let (own, other) = step.shares(ratio);
            (other, step.events() * own / step.canary_total)
        })?;
        let baseline = spread(&self.baseline, steps, start, |step| {
            let (other, own) = step.shares(ratio);
            (other, step.events() * own / step.baseline_total)
        })?;
        let variance = canary.variance + baseline.variance;
        let parts = canary.variance.powi(2) / canary.dof + baseline.variance.powi(2) / baseline.dof;
        let satterthwaite = variance.powi(2) / parts;
        let least = canary.dof.min(baseline.dof);
        let dof = if satterthwaite.is_finite() { satterthwaite.max(least) } else { least };
        Some(LongRun { variance, dof })
    }
}

fn took_part(own: &[Option<TrialStep>], steps: &[CountStep], start: usize) -> bool {
    let pairs = own.iter().zip(steps).skip(start);
    pairs.into_iter().any(|(own, step)| usable(step) && own.is_some_and(|own| own.total > 0))
}

/// The variance of the sum of one arm's instances. Of a step the weight of an event is given, and the arm's rate.
fn spread(
    arm: &[Vec<Option<TrialStep>>],
    steps: &[CountStep],
    start: usize,
    weight_and_rate: impl Fn(&CountStep) -> (f64, f64),
) -> Option<LongRun> {
    let known: Vec<Option<(f64, f64)>> = steps.iter().map(|step| usable(step).then(|| weight_and_rate(step))).collect();
    let residual = |own: &Vec<Option<TrialStep>>| -> f64 {
        let pairs = own.iter().zip(&known).skip(start).filter_map(|(own, known)| own.zip(*known));
        pairs.map(|(own, (weight, rate))| weight * (own.bad as f64 - own.total as f64 * rate)).sum()
    };
    let residuals: Vec<f64> = arm.iter().filter(|own| took_part(own, steps, start)).map(residual).collect();
    let m = residuals.len();
    (m >= LEAST_INSTANCES).then(|| {
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        LongRun { variance: squares * m as f64 / (m as f64 - 1.0), dof: m as f64 - 1.0 }
    })
}
