//! What was learned of a metric's noise, in numbers and in words.

use super::learned::{Figures, Learned, Noise};
use super::rules::{Kind, Metric, Scale, Unit};
use super::words;
use crate::series::{SignedDuration, Timestamp, Window};

/// The noise in numbers.
pub(super) fn figures(learned: &Learned, metric: &Metric) -> Option<Figures> {
    match &learned.noise {
        Noise::Steps { log, plain } => {
            let by_difference = matches!(metric.kind, Kind::Gauge { scale: Scale::Difference, .. });
            let log = log.as_ref().filter(|_| !by_difference);
            let steps = log.or(plain.as_ref())?;
            Some(Figures {
                deviation: steps.arm.variance().sqrt(),
                is_log: log.is_some(),
                correlation: Some(steps.arm.correlation()),
                design_effect: None,
                between: steps.between.sqrt(),
            })
        }
        Noise::Counts(counts) => Some(Figures {
            deviation: counts.deviation(),
            is_log: true,
            correlation: None,
            design_effect: Some(counts.phi()),
            between: counts.between().sqrt(),
        }),
    }
}

/// The noise in words: "noise as on 18 May (23 windows): steps vary by 6 %, correlation 0.2".
pub(super) fn describe(learned: &Learned, metric: &Metric) -> Option<String> {
    let Figures { deviation, is_log, correlation, design_effect, .. } = figures(learned, metric)?;
    let size = |v: f64| {
        if is_log { words::quantity(hundredths(v), &Unit::Share) } else { words::quantity(v, &metric.unit) }
    };
    let says = match (correlation, design_effect) {
        (Some(correlation), _) => {
            format!("steps vary by {}, correlation {}", size(deviation), words::number(hundredths(correlation)))
        }
        // few events a step leave much room for how their rate may wander: only what they show is said
        (None, Some(effect)) if hundredths(effect) <= 1.0 => "counts vary as independent ones do".into(),
        (None, Some(effect)) => {
            format!("counts vary {} times as much as independent ones", words::number(hundredths(effect)))
        }
        (None, None) => return None,
    };
    Some(format!("noise as {} ({} windows): {says}", days(&learned.past), words::count(learned.windows as u64)))
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
