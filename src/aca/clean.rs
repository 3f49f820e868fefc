//! What is left of a series once missing numbers and outliers are dealt with, and what the report says of it.

use super::numbers::{mean, quantile, sorted, variance};
use super::rule::{Metric, Nan};

/// The numbers of one cleaned series; all zero if nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The sample standard deviation; 0 of one value.
    pub std: f64,
    /// How many values there are.
    pub count: usize,
}

impl Summary {
    /// The summary of a cleaned series.
    pub fn of(values: &[f64]) -> Summary {
        let sorted = sorted(values);
        let Some((min, max)) = sorted.first().copied().zip(sorted.last().copied()) else { return Summary::default() };
        Summary { min, max, mean: mean(values), std: variance(values).sqrt(), count: values.len() }
    }
}

/// One side of a metric as the rule compares it.
pub(super) fn clean(metric: &Metric, values: &[f64]) -> Vec<f64> {
    let known = values.iter().copied();
    let known: Vec<f64> = match metric.nan {
        Nan::Remove => known.filter(|x| !x.is_nan()).collect(),
        Nan::Replace => known.map(|x| if x.is_nan() { 0.0 } else { x }).collect(),
    };
    match metric.outliers {
        Some(factor) => without_outliers(&known, factor),
        None => known,
    }
}

/// Drops what lies beyond both the outer percentiles and the fences.
fn without_outliers(values: &[f64], factor: f64) -> Vec<f64> {
    let sorted = sorted(values);
    let at = |percent| quantile(&sorted, percent);
    let spread = at(75.0) - at(25.0);
    let low = farther(at(1.0), at(25.0) - factor * spread, |a, b| a < b);
    let high = farther(at(99.0), at(75.0) + factor * spread, |a, b| a > b);
    values.iter().copied().filter(|x| !(*x > high || *x < low)).collect()
}

/// The one that lies farther out; not a number if either is not, which then drops nothing.
fn farther(a: f64, b: f64, is_out: impl Fn(f64, f64) -> bool) -> f64 {
    if a.is_nan() || is_out(a, b) { a } else { b }
}
