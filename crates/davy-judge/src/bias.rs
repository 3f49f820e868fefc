//! How much a percentile per step is off because few requests are behind it, and so may make either arm look slower.
//!
//! A sample percentile of few requests is too low, so the arm with more of them looks slower. What that may be is allowed
//! for before a level is called too high or low enough; where the sizes are not known, the most that it can be.

use super::case::Case;
use super::grid::{Grid, Steps};
use super::rules::{Kind, Unit};
use super::words;
use crate::series::Pair;
use davy_stats::quantile::{small_sample_allowance, small_sample_bias};
use davy_stats::steps::median;

/// The log-scale spread that a latency tail is allowed when the data cannot tell.
const UNKNOWN_SPREAD: f64 = 1.0;

/// How much the small-sample bias of percentiles may favour either answer, per step: in `canary` what may make
/// the canary look slower, in `baseline` what may make it look faster. Steps with too few requests are dropped.
pub(super) fn allowance_for(
    case: &Case,
    grid: &Grid,
    q: f64,
    steps: &mut Pair<Steps<f64>>,
    notes: &mut Vec<String>,
) -> (Pair<Vec<f64>>, bool) {
    let spread = tail_spread(case).unwrap_or(UNKNOWN_SPREAD);
    let Some((requests, from)) = request_counts(case, grid) else {
        return unknown_sizes(case, spread, steps.canary.len(), notes);
    };
    if let Some(from) = from {
        notes.push(format!("request counts behind the percentiles are those of `{from}`"));
    }
    let enough = |n: &Option<u64>| n.is_some_and(|n| n as f64 * (1.0 - q) >= 1.0);
    let mut dropped = 0;
    if case.is_unpaired() {
        for (steps, requests) in [(&mut steps.baseline, &requests.baseline), (&mut steps.canary, &requests.canary)] {
            for (step, _) in steps.iter_mut().zip(requests).filter(|(step, n)| step.is_some() && !enough(n)) {
                *step = None;
                dropped += 1;
            }
        }
    } else {
        for i in 0..steps.canary.len() {
            let present = steps.canary[i].is_some() && steps.baseline[i].is_some();
            if present && !(enough(&requests.baseline[i]) && enough(&requests.canary[i])) {
                (steps.baseline[i], steps.canary[i]) = (None, None);
                dropped += 1;
            }
        }
    }
    if dropped > 0 {
        let name = words::quantile_name(q);
        notes.push(format!("{dropped} steps with too few requests for a {name} are left out"));
    }
    if case.is_unpaired() {
        let bias = requests.as_ref().map(|n| small_sample_bias(q, spread, n));
        let excess = |low: f64, high: f64| vec![(low - high).max(0.0)];
        return (
            Pair { baseline: excess(bias.canary, bias.baseline), canary: excess(bias.baseline, bias.canary) },
            false,
        );
    }
    let slower = small_sample_allowance(q, spread, &requests.baseline, &requests.canary);
    let faster = small_sample_allowance(q, spread, &requests.canary, &requests.baseline);
    (Pair { baseline: faster, canary: slower }, false)
}

/// Without request counts the worst case is allowed for, except against the direction that the configured traffic
/// share rules out.
fn unknown_sizes(case: &Case, spread: f64, steps: usize, notes: &mut Vec<String>) -> (Pair<Vec<f64>>, bool) {
    let of_both = |share: f64| if case.is_parallel() { share } else { share / (1.0 + share) };
    let share = case.rules.traffic.as_ref().map(|traffic| of_both(traffic.share));
    if share.is_some_and(|share| (0.4..=0.6).contains(&share)) {
        return (Pair::default(), false);
    }
    let worst = |needed: bool| if needed { vec![0.25 * spread; steps] } else { Vec::new() };
    let canary_may_be_larger = share.is_none_or(|share| share > 0.5);
    let baseline_may_be_larger = share.is_none_or(|share| share < 0.5);
    notes.push(
        "percentiles of arms of unknown size are biased differently: the worst case is allowed for; give `requests` \
         (or a rate metric) to be exact"
            .into(),
    );
    (Pair { baseline: worst(baseline_may_be_larger), canary: worst(canary_may_be_larger) }, true)
}

/// The request counts behind a gauge: its own, or the totals of a rate metric on the same steps, with its name.
pub(super) fn request_counts<'a>(case: &Case<'a>, grid: &Grid) -> Option<(Pair<Steps<u64>>, Option<&'a str>)> {
    let known = |p: &Pair<Steps<u64>>| p.canary.iter().any(Option::is_some) && p.baseline.iter().any(Option::is_some);
    let own = grid.requests(case.series);
    if known(&own) {
        return Some((own, None));
    }
    let traffic = case.rules.traffic.as_ref().and_then(|traffic| traffic.metric.as_ref());
    let rate = |name: &&String| case.rules.metrics.get(*name).is_some_and(|m| m.kind == Kind::BadShare);
    let names = traffic.into_iter().chain(case.data().metrics.keys().filter(rate));
    names.filter_map(|name| Some((name, case.data().metrics.get(name)?))).find_map(|(name, series)| {
        let requests = grid.requests(series);
        known(&requests).then_some((requests, Some(name.as_str())))
    })
}

/// The log-scale spread of the tail, from percentile gauges of the same family: s = max(ln(P95/P50)/1.645,
/// ln(P99/P95)/0.681), medians over the steps of both arms.
fn tail_spread(case: &Case) -> Option<f64> {
    let family = &case.criterion.family;
    let gauge_at = |wanted: f64| {
        let criteria = case.rules.criteria.iter().filter(|c| c.family == *family).map(|c| &c.metric);
        criteria.chain([&case.criterion.metric]).find_map(|name| {
            let metric = case.rules.metrics.get(name)?;
            let is_it = matches!(metric.kind, Kind::Gauge { quantile: Some(q), .. } if (q - wanted).abs() < 1e-9);
            let same_unit = metric.unit == Unit::Milliseconds || metric.unit == case.metric.unit;
            let series = case.data().metrics.get(name).filter(|_| is_it && same_unit)?;
            let steps = case.grid.gauge(series);
            Some(steps.baseline.into_iter().chain(steps.canary).collect::<Steps<f64>>())
        })
    };
    let ratio = |below: &Option<Steps<f64>>, above: &Option<Steps<f64>>| {
        let pairs = below.as_ref()?.iter().zip(above.as_ref()?);
        let logs = pairs.filter_map(|(below, above)| Some((above.as_ref()? / below.as_ref()?).ln()));
        median(&logs.collect::<Vec<_>>())
    };
    let (p50, p95, p99) = (gauge_at(0.5), gauge_at(0.95), gauge_at(0.99));
    let spreads = [ratio(&p50, &p95).map(|body| body / 1.645), ratio(&p95, &p99).map(|tail| tail / 0.681)];
    spreads.into_iter().flatten().filter(|s| s.is_finite() && *s > 0.0).reduce(f64::max)
}
