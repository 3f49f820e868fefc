//! The judge `NetflixACAJudge-v1.0`, as Kayenta ships it, to the last bit.
//!
//! Teams that come from Kayenta want to see what their old rule says beside davy's answer, or keep it for a while. So this
//! room answers as that rule does, with its faults: it takes each series as a bag of numbers, ignores time, traffic and
//! autocorrelation, lets a method that failed count as no data, and compares shifts while it reports a ratio of means.
//! davy's own statistics live elsewhere and share nothing with this room.
//!
//! ```text
//!  Sample ──► cleaned ──► classify ──────────────► Finding ──► score ──► Judgement
//!           NaN, outliers   interval (zeroin), effect size        groups, thresholds
//! ```
//!
//! Source: the public description of `kayenta-judge` and `kayenta-mannwhitney`. The interval is that of R's
//! `wilcox.test(conf.int = TRUE)` by the normal approximation (Bauer 1972, Journal of the American Statistical Association
//! 67, 687-690), the root finder Brent's `zeroin` (1973), the quantile Hyndman and Fan's type 7 (1996).
//!
//! One thing differs on purpose. Kayenta adds unseeded noise where both sides are constant, so its answer may change from
//! run to run. Here the noise follows from a fixed seed: same input, same answer.

mod classify;
mod clean;
mod interval;
mod numbers;
mod rule;
mod sample;
mod score;
mod zeroin;

pub use classify::{Finding, Label, ratio};
pub use clean::Summary;
pub use interval::{Interval, Tied, interval};
pub use rule::{Direction, EffectSize, Measure, Metric, Nan, Rule, Thresholds};
pub use sample::Sample;
pub use score::{Class, Group, Judgement};

use thiserror::Error;

/// The name under which Kayenta knows this judge.
pub const NAME: &str = "NetflixACAJudge-v1.0";

/// What makes the whole judgement fail, as it does in Kayenta.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// A pair of series of a metric that the configuration does not know.
    #[error("the configuration has no metric `{0}`: name the metric as the configuration does, or add it there")]
    Unknown(String),
    /// Outliers cannot be removed by this factor.
    #[error("the metric `{metric}` has outlierFactor {factor}: write a number above 0")]
    Factor {
        /// The metric.
        metric: String,
        /// What is written.
        factor: f64,
    },
}

/// Judges every pair of series by the rule.
pub fn judge(rule: &Rule, samples: &[Sample]) -> Result<Judgement, Refusal> {
    let findings = samples.iter().map(|sample| find(rule, sample)).collect::<Result<Vec<Finding>, Refusal>>()?;
    Ok(score::conclude(rule, findings))
}

/// The finding of one pair.
fn find(rule: &Rule, sample: &Sample) -> Result<Finding, Refusal> {
    let named = rule.metrics.iter().find(|metric| metric.name == sample.name);
    let metric = named.ok_or_else(|| Refusal::Unknown(sample.name.clone()))?;
    if let Some(factor) = metric.outliers.filter(|factor| *factor <= 0.0 || factor.is_nan()) {
        return Err(Refusal::Factor { metric: metric.name.clone(), factor });
    }
    let (experiment, control) = (clean::clean(metric, &sample.experiment), clean::clean(metric, &sample.control));
    Ok(classify::classify(metric, sample, &experiment, &control))
}
