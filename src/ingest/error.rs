//! Why there is no dataset.

use super::grid::Clash;
use crate::series::{Arm, MetricName, SignedDuration, Window};
use crate::source::{self, Kind};
use crate::text::spell::spell;

/// Why there is no dataset.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A source gave no series.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// Both arms would be the same rows.
    #[error(
        "{shown}: metric {metric:?} would compare the same rows with themselves. Tell the arms apart: {}, or by time \
         (`window: {{baseline: {{ago: 7d}}}}`)", ways(*.has_rows)
    )]
    SameRows {
        /// The metric.
        metric: MetricName,
        /// Its file.
        shown: String,
        /// Whether rows have columns that could tell the arms apart.
        has_rows: bool,
    },
    /// Several points of a gauge lie in one step.
    #[error("{shown}: the {} of metric {metric:?} has {}", .arm.name(), several(.step, .clash))]
    FinerThanStep {
        /// The metric.
        metric: MetricName,
        /// Which arm.
        arm: Arm,
        /// Its file.
        shown: String,
        /// The step.
        step: SignedDuration,
        /// The points.
        clash: Box<Clash>,
    },
    /// The source says that its numbers are in another unit than they are read in, or than those of the other arm.
    #[error("{shown}: metric {metric:?} {problem}. {remedy}.")]
    Units {
        /// The metric.
        metric: MetricName,
        /// Its file.
        shown: String,
        /// What differs.
        problem: String,
        /// What to write.
        remedy: String,
    },
    /// A service is asked about a window, and there is none.
    #[error(
        "{shown}: which time to ask about is not said. Write `window: {{last: 1h, step: 1m}}`, or give --from and --to"
    )]
    NoWindow {
        /// The service.
        shown: String,
    },
    /// More was counted than can be added up.
    #[error(
        "{shown}: the counts of metric {metric:?} add up to more than 2^62, beyond which sums are not exact. Is one of its columns \
         something else than a count?"
    )]
    TooMany {
        /// The metric.
        metric: MetricName,
        /// Its file.
        shown: String,
    },
    /// No arm has any point, and nothing else says which time is meant.
    #[error("{}: no row belongs to either arm, so there is no window to judge. Give the window (`window: {{from: …, to: …}}`) or check which rows are the arms'", .shown.join(", "))]
    NoPoints {
        /// The files.
        shown: Vec<String>,
    },
    /// The window cannot be divided into so small steps.
    #[error(
        "the window from {} to {} has more than {} steps of {}. Is a time wrong, or does `window: {{step: …}}` lack a unit?",
        .window.start, .window.end, super::window::MOST_STEPS, spell(*.step)
    )]
    TooManySteps {
        /// The window.
        window: Window,
        /// The step.
        step: SignedDuration,
    },
}

impl Error {
    /// Which exit code it deserves.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Source(error) => error.kind,
            _ => Kind::Unreadable,
        }
    }
}

fn ways(has_rows: bool) -> &'static str {
    match has_rows {
        true => {
            "by a column (`arm: {column: …, baseline: …, canary: …}`), by a file of their own (`path: \"${arm}.csv\"`)"
        }
        false => "by a label of the arm in the question (`${version}`)",
    }
}

fn several(step: &SignedDuration, clash: &Clash) -> String {
    let (first, second, step) = (clash.first, clash.second, spell(*step));
    match clash.spacing {
        Some(spacing) => format!(
            "points {} apart, several in each step of {step} ({first} and {second} are the first). Numbers computed per \
             step (percentiles, means) cannot be combined: write `window: {{step: {}}}`, or let the source compute them \
             per {step}",
            spell(spacing),
            spell(spacing)
        ),
        None => format!(
            "two points in one step of {step}: {first} and {second}. Numbers computed per step (percentiles, means) \
             cannot be combined: leave one out, or let the source compute them on a regular grid"
        ),
    }
}
