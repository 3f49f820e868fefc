//! How much evidence events are that come in bursts: log lines of one kind.
//!
//! A lost connection writes five hundred lines in one second, and they are one piece of evidence. So the variance of the
//! events per step is held against that of independent events, each arm about its own mean rate (the index of dispersion:
//! Fisher 1950; as a quasi-likelihood: McCullagh and Nelder 1989, ch. 4.5):
//!
//! ```text
//! φ = Σ (x_t - m e_t)² / (m e_t) / (T - 1),   m = Σ x_t / Σ e_t,   of T steps with the exposures e_t
//! ```
//!
//! Both arms' φ are averaged by their events, and no less than one. The exact evidence is divided by √φ and read as Student's t with
//! T - 1 degrees of freedom.
//!
//! The rate of an arm is taken to be level, on purpose: an event that fills one step of 24 has the evidence of about one
//! event, one that fills the last third of that of eleven, and one that fills all steps of as many as there are. The usual
//! [`design_effect`](super::counts::design_effect) looks at how the *share* of an arm scatters and sees nothing where the other arm has no event.

use super::counts::{CountStep, usable};
use super::dispersion::DesignEffect;

/// So many steps say how events scatter; finer ones are put together, so that a burst over a border is still one.
pub const MOST_STEPS: usize = 24;

/// Neighbouring steps put together, so that there are no more than [`MOST_STEPS`].
pub fn coarse(steps: &[CountStep]) -> Vec<CountStep> {
    let each = steps.len().div_ceil(MOST_STEPS).max(1);
    steps.chunks(each).map(|some| some.iter().fold(CountStep::UNUSABLE, |sum, step| sum.plus(step))).collect()
}

/// The design effect of events that come in bursts, of steps that are [`coarse`].
pub fn design_effect(steps: &[CountStep]) -> DesignEffect {
    let used: Vec<&CountStep> = steps.iter().filter(|step| usable(step)).collect();
    let arms = [
        used.iter().map(|step| (step.canary as f64, step.canary_total)).collect::<Vec<_>>(),
        used.iter().map(|step| (step.baseline as f64, step.baseline_total)).collect(),
    ];
    let (mut phi, mut events) = (0.0, 0.0);
    for arm in arms {
        let (count, exposure) = arm.iter().fold((0.0, 0.0), |(x, e), step| (x + step.0, e + step.1));
        if count <= 0.0 {
            continue;
        }
        let rate = count / exposure;
        let sum: f64 = arm.iter().map(|(x, e)| (x - rate * e).powi(2) / (rate * e)).sum();
        phi += count * sum / (arm.len() as f64 - 1.0).max(1.0);
        events += count;
    }
    if events <= 0.0 {
        return DesignEffect::independent();
    }
    let spread = Some(((phi / events).max(1.0), (used.len() as f64 - 1.0).max(1.0)));
    DesignEffect { mixture: vec![(1.0, 1.0)], spread, between: None, finite: 1.0 }
}
