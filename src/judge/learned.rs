//! What the past of a metric says of its noise, as the judge takes it and as a reader does.
//!
//! Who learns it is not known here: it comes with the rules, like everything that was decided before today was seen.

use std::sync::Arc;

use super::rules::{Kind, Metric, Scale, Unit};
use super::words;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::stats::dispersion;
use crate::stats::steps;

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
    Counts(dispersion::Learned),
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
    /// The noise in numbers.
    pub fn figures(&self, metric: &Metric) -> Option<Figures> {
        match &self.noise {
            Noise::Steps { log, plain } => {
                let by_difference = matches!(metric.kind, Kind::Gauge { scale: Scale::Difference, .. });
                let log = log.as_ref().filter(|_| !by_difference);
                let learned = log.or(plain.as_ref())?;
                Some(Figures {
                    deviation: learned.arm.variance().sqrt(),
                    is_log: log.is_some(),
                    correlation: Some(learned.arm.correlation()),
                    design_effect: None,
                    between: learned.between.sqrt(),
                })
            }
            Noise::Counts(learned) => Some(Figures {
                deviation: learned.deviation(),
                is_log: true,
                correlation: None,
                design_effect: Some(learned.phi()),
                between: learned.between().sqrt(),
            }),
        }
    }

    /// The noise in words: "noise as on 18 May (23 windows): steps vary by 6 %, correlation 0.2".
    pub fn describe(&self, metric: &Metric) -> Option<String> {
        let Figures { deviation, is_log, correlation, design_effect, .. } = self.figures(metric)?;
        let size = |v: f64| {
            if is_log { words::quantity(hundredths(v), &Unit::Share) } else { words::quantity(v, &metric.unit) }
        };
        let says = match (correlation, design_effect) {
            (Some(correlation), _) => {
                format!("steps vary by {}, correlation {}", size(deviation), words::number(hundredths(correlation)))
            }
            (None, Some(effect)) => {
                let times = words::number(hundredths(effect));
                format!(
                    "counts vary {times} times as much as independent ones, their ratio by {} a step",
                    size(deviation)
                )
            }
            (None, None) => return None,
        };
        Some(format!("noise as {} ({} windows): {says}", days(&self.past), words::count(self.windows as u64)))
    }

    /// What is known of the steps of a number, on the scale on which it is judged.
    pub(super) fn steps(&self, is_log: bool) -> Option<Arc<steps::Learned>> {
        match &self.noise {
            Noise::Steps { log, plain } => if is_log { log } else { plain }.clone(),
            Noise::Counts(_) => None,
        }
    }

    /// What is known of counts. Windows of the same time have no difference beside that of their steps.
    pub(super) fn counts(&self, same_time: bool) -> Option<dispersion::Learned> {
        let Noise::Counts(learned) = self.noise else { return None };
        Some(if same_time { learned.differing_by(0.0) } else { learned })
    }
}

/// The days of a past, in UTC: `on 18 May`, `from 17 to 18 May`.
fn days(past: &Window) -> String {
    let last = past.end.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(past.end);
    let day = |format: &str, at: Timestamp| at.strftime(format).to_string();
    let (first, last) = (past.start, last);
    if day("%F", first) == day("%F", last) {
        format!("on {}", day("%-d %B", last))
    } else if day("%Y-%m", first) == day("%Y-%m", last) {
        format!("from {} to {}", day("%-d", first), day("%-d %B", last))
    } else {
        format!("from {} to {}", day("%-d %B", first), day("%-d %B", last))
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
