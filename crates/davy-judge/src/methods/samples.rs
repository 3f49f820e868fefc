//! The levels of two arms whose steps are no partners, since their windows differ: two samples of numbers.
//!
//! A baseline of another time shares no shocks with the canary, so nothing cancels. Each arm keeps all of its own steps.
//!
//! - **Evidence**: the difference of both means minus the limit over its standard error. Both arms vary alike, as one
//!   autoregression whose correlation is averaged out; Student's t is brought to a normal z.
//! - **Interval, any-time evidence, estimate, later starts**: as of [`level`](super::level), of the canary's steps.
//!
//! The formulas are in [`steps`](davy_stats::steps). `fixtures/reference` certifies them: `noise_model.toml`, `evidence.toml`.

use super::level::{Arms, LevelSteps, constant, known, mean, on_scale, scaled};
use crate::grid::Steps;
use crate::learned::Learned;
use crate::series::Pair;
use davy_stats::steps::{Known, Level, median};

/// The canary's level beside the baseline's of another time, with the limit on its scale: a ratio, or an absolute margin.
pub(crate) fn apart(
    steps: &Pair<Steps<f64>>,
    log: bool,
    allowance: Pair<f64>,
    ratio: Option<f64>,
    absolute: f64,
    learned: Option<&Learned>,
) -> (LevelSteps, f64) {
    let log = log && ratio.is_some();
    let size = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>()).map_or(1.0, f64::abs);
    let allowance = allowance.map(|a| if log { a } else { a * size });
    (LevelSteps::apart(steps, log, allowance, &known(log, size, learned)), on_scale(ratio, absolute, log, size))
}

impl LevelSteps {
    /// Of arms whose steps are no partners.
    fn apart(arms: &Pair<Steps<f64>>, log: bool, allowance: Pair<f64>, known: &Known) -> Self {
        let arms = arms.as_ref().map(|steps| scaled(steps, log));
        let level = |by: f64| {
            let canary: Vec<_> = arms.canary.iter().map(|v| v.map(|v| v + by)).collect();
            Level::between(&canary, &arms.baseline, known.clone())
        };
        let above = level(-allowance.canary);
        let below = if allowance == Pair::default() { above.clone() } else { level(allowance.baseline) };
        let means = arms.as_ref().map(mean);
        let constant = arms.as_ref().map(constant);
        let apart =
            |arms: Pair<Option<f64>>| arms.canary.zip(arms.baseline).map(|(canary, baseline)| canary - baseline);
        let mut of = Self::of(Arms::Apart, log, &arms.canary, (above, below), apart(constant));
        of.mean = apart(means);
        of
    }
}
