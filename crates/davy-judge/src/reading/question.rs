//! What a bound is asked of, and what follows where nothing is said.

use crate::rules::{Metric, Statistic};

/// What a bound is asked of.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// What of it is compared.
    pub statistic: Statistic,
    /// The metric's name.
    pub name: &'a str,
    /// Whether it is under an alarm rule.
    pub alarm: bool,
}

/// Whether the observed number decides, without an interval: plain counts, extremes, and a bound that tolerates none.
pub fn is_observed(statistic: Statistic, tolerates_none: bool) -> bool {
    tolerates_none || matches!(statistic, Statistic::Count | Statistic::Max | Statistic::Min)
}

/// The family of a metric that says none: its name without a trailing `_p95`.
pub fn family(metric: &str) -> String {
    let quantile = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.parse::<f64>().is_ok();
    match metric.rsplit_once("_p") {
        Some((endpoint, rest)) if !endpoint.is_empty() && quantile(rest) => endpoint.to_owned(),
        _ => metric.to_owned(),
    }
}
