//! The requests of a metric with one value each: single ones or histograms, and what is wrong with them.
//!
//! Whether latencies came one by one or in histograms makes no difference beyond this file and [`slow`](davy_stats::slow).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::rules::{Rules, Statistic, Unit};
use super::{pairing, words};
use crate::series::{Pair, Series};
use davy_stats::quantile::Largest;
use davy_stats::slow::Requests;

/// Fewest slow requests to be expected in the smaller arm for an answer that can be relied on.
const LEAST_SLOW: f64 = 20.0;

/// The requests of one arm.
#[derive(Debug)]
pub(super) struct ArmRequests {
    pub(super) steps: Vec<Requests>,
    /// Those of all steps.
    pub(super) pooled: Requests,
}

impl ArmRequests {
    pub(super) fn new(steps: Vec<Requests>) -> ArmRequests {
        let pooled = Requests::pooled(&steps).unwrap_or_else(|| Requests::single(Vec::new()));
        ArmRequests { steps, pooled }
    }

    /// A quantile of the requests since a step.
    pub(super) fn quantile_since(&self, start: usize, q: f64) -> Option<f64> {
        Requests::pooled(self.steps.get(start..)?)?.quantile(q)
    }
}

/// The requests of each metric in both arms, put in order once for all criteria that ask for them.
pub(super) struct Ordered<'a>(BTreeMap<&'a str, Known>);

/// What is known of a metric once it has been asked for: all of its requests, and those of steps that both arms have.
#[derive(Default)]
struct Known {
    all: OnceLock<Pair<Arc<ArmRequests>>>,
    paired: OnceLock<Pair<Arc<ArmRequests>>>,
}

impl<'a> Ordered<'a> {
    /// Of nothing yet.
    pub(super) fn new(rules: &'a Rules) -> Self {
        Ordered(rules.metrics.keys().map(|name| (name.as_str(), Known::default())).collect())
    }

    /// Those of a metric, put in order when they are first asked for.
    pub(super) fn of(&self, metric: &str, steps: impl FnOnce() -> Pair<Vec<Requests>>) -> Pair<Arc<ArmRequests>> {
        let order = || steps().map(|steps| Arc::new(ArmRequests::new(steps)));
        match self.0.get(metric) {
            Some(known) => known.all.get_or_init(order).clone(),
            None => order(),
        }
    }

    /// Of all requests of a metric those of steps in which both arms have any.
    pub(super) fn paired(&self, metric: &str, all: &Pair<Arc<ArmRequests>>) -> Pair<Arc<ArmRequests>> {
        let pair = || {
            let paired = pairing::paired_requests(all.as_ref().map(|arm| arm.steps.as_slice()));
            paired.map_or_else(|| all.clone(), |steps| steps.map(|steps| Arc::new(ArmRequests::new(steps))))
        };
        match self.0.get(metric) {
            Some(known) => known.paired.get_or_init(pair).clone(),
            None => pair(),
        }
    }
}

/// What is wrong with requests that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The unit of its histograms is not a positive number.
    Scale,
    /// The histograms of the arms have different units.
    Units,
    /// One arm has histograms, the other single values.
    Mixed,
}

/// Why requests cannot be judged, or not compared with those of the other arm, if so.
pub(super) fn unfit(series: &Pair<Series>, compared: bool) -> Option<Unfit> {
    let scale = |series: &Series| match series {
        Series::Buckets { scale, .. } => Some(*scale),
        _ => None,
    };
    let scales = series.as_ref().map(scale);
    let usable = |scale: Option<f64>| scale.is_none_or(|scale| scale > 0.0 && scale.is_finite());
    if !usable(scales.canary) || compared && !usable(scales.baseline) {
        return Some(Unfit::Scale);
    }
    if !compared || series.baseline.is_empty() || series.canary.is_empty() {
        return None;
    }
    match (scales.baseline, scales.canary) {
        (Some(baseline), Some(canary)) if baseline != canary => Some(Unfit::Units),
        (Some(_), None) | (None, Some(_)) => Some(Unfit::Mixed),
        _ => None,
    }
}

/// Which quantile of the requests a statistic is.
pub(super) fn quantile_of(statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Quantile(q) => q,
        Statistic::Min => 0.0,
        Statistic::Max => 1.0,
        Statistic::StepsBeyond(beyond) => beyond.quantile.unwrap_or(0.5),
        Statistic::Rate
        | Statistic::Frequency
        | Statistic::Count
        | Statistic::Typical
        | Statistic::Trend { .. }
        | Statistic::AnyQuantile { .. } => 0.5,
    }
}

/// A remark on requests that have no value of their own: those at the end of a histogram, or that were all cut off at
/// the same time. `arm` says whose.
pub(super) fn cut_off(requests: &Requests, arm: &str, of: &str, unit: &Unit) -> Option<String> {
    let Largest { value, count, before, is_end } = requests.largest()?;
    let all = requests.len();
    let at = words::quantity(value, unit);
    let which = format!("{} of {} {of} of the {arm}", words::count(count), words::count(all));
    if is_end {
        let verb = if count == 1 { "is" } else { "are" };
        return Some(format!("{which} {verb} at the histogram's limit of {at}: however slow, they count as slow"));
    }
    if count == all && count > 1 {
        return Some(format!("all {of} of the {arm} have the value {at}"));
    }
    (count >= 10 && count / 5 >= before.max(1))
        .then(|| format!("{which} have exactly the largest value, {at}: a timeout?"))
}

/// A remark on a quantile of which the buckets show only between which edges it lies.
pub(super) fn coarse(requests: &Requests, arm: &str, q: f64, unit: &Unit) -> Option<String> {
    let (low, high) = requests.bucket(q)?;
    let quantile = words::quantile_name(q);
    let low = words::quantity(low, unit);
    Some(match high.is_finite() {
        true => format!(
            "the buckets of the {arm} show only that its {quantile} lies between {low} and {}",
            words::quantity(high, unit)
        ),
        false => format!("the buckets of the {arm} show only that its {quantile} lies beyond {low}"),
    })
}

/// Why an answer about a quantile is not to be had yet, if the smaller arm is too small for it.
pub(super) fn scarce(n: f64, q: f64, compared: bool, of: &str) -> Option<String> {
    let rare = q.max(1.0 - q);
    let expected = n * (1.0 - rare);
    if expected >= LEAST_SLOW - 1e-6 || rare >= 1.0 {
        return None;
    }
    let missing = ((LEAST_SLOW - expected) / (1.0 - rare)).ceil();
    let side = if q >= 0.5 { "slower" } else { "faster" };
    let arm = if compared { "the smaller arm" } else { "the canary" };
    Some(format!(
        "only about {} {of} {side} than the {} are to be expected in {arm} so far: an answer takes {}, about {} more {of}",
        words::number(expected.round()),
        words::quantile_name(q),
        words::number(LEAST_SLOW),
        words::count(missing as u64),
    ))
}
