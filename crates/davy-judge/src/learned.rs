//! What the past of a metric says of its noise, as the judge takes it.
//!
//! Who learns it is not known here: it comes with the rules, like everything that was decided before today was seen.

use std::sync::Arc;

use crate::series::Window;
use davy_stats::dispersion;
use davy_stats::steps;

/// What is known of the noise of a metric from its past.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// From when to when that was.
    pub past: Window,
    /// How many windows it was cut into.
    pub windows: usize,
    /// The noise itself.
    pub noise: Noise,
}

/// The noise of a metric, by its shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Noise {
    /// Of one number per step, as a logarithm if all are positive, and as it is.
    Steps {
        /// Of logarithms.
        log: Option<Arc<steps::Learned>>,
        /// Of the numbers themselves.
        plain: Option<Arc<steps::Learned>>,
    },
    /// Of counts, between two arms.
    Counts(Arc<dispersion::Learned>),
}

/// The noise in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The standard deviation of one arm's steps: of logarithms, or in the metric's unit; of counts, that of the logarithm of
    /// both arms' ratio from step to step.
    pub deviation: f64,
    /// Whether that is of logarithms.
    pub is_log: bool,
    /// The correlation of a step with the next, of a number per step.
    pub correlation: Option<f64>,
    /// The design effect, of counts.
    pub design_effect: Option<f64>,
    /// The standard deviation of the difference of two healthy windows beside that of their steps.
    pub between: f64,
}

impl Learned {
    /// What is known of the steps of a number, on the scale on which it is judged.
    pub(super) fn steps(&self, is_log: bool) -> Option<Arc<steps::Learned>> {
        match &self.noise {
            Noise::Steps { log, plain } => if is_log { log } else { plain }.clone(),
            Noise::Counts(_) => None,
        }
    }

    /// What is known of counts. Windows of the same time have no difference beside that of their steps.
    pub(super) fn counts(&self, same_time: bool) -> Option<dispersion::Learned> {
        let Noise::Counts(learned) = &self.noise else { return None };
        Some(if same_time { learned.differing_by(0.0) } else { **learned })
    }
}
