//! A worsening of a known size, put into the canary of two windows that were alike.
//!
//! Sizes are in units of the criterion's own margin: 1 puts the canary onto the limit, 2 as far beyond it as the limit is
//! beyond the usual level. The usual level is that of both windows together, so that the noise stays what it was.

use crate::history::chance::Chance;
use crate::history::noise::by_ratio;
use crate::judge::rules::{Bound, Criterion, Kind, Limit, Metric, Rule, Scale, Side, Statistic};
use crate::series::{Bins, Pair, Series};
use crate::stats::quantile::quantile;
use crate::stats::slow::Requests;
use crate::stats::steps::median;

/// What is done to the canary.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    /// So many more (or fewer) of the good ones become bad, as a share of all; or events per exposure.
    Rate { usual: f64, target: f64 },
    /// Every number times this.
    Times(f64),
    /// Every number plus this.
    Plus(f64),
}

/// Worsens the canary by `margins` times the margin of a bound. Nothing where that cannot be said: a bound without a
/// margin, a number observed without statistics, a usual level that is beyond the limit already.
pub(super) fn worsen(
    pair: &Pair<Series>,
    metric: &Metric,
    criterion: &Criterion,
    bound: &Bound,
    margins: f64,
    seconds: f64,
    chance: &mut Chance,
) -> Option<Pair<Series>> {
    if criterion.rule != Rule::Interval {
        return None;
    }
    let change = change(pair, metric, criterion.statistic, bound, margins, seconds)?;
    let mut pair = pair.clone();
    apply(&mut pair.canary, change, seconds, chance);
    Some(pair)
}

fn change(
    pair: &Pair<Series>,
    metric: &Metric,
    statistic: Statistic,
    bound: &Bound,
    margins: f64,
    seconds: f64,
) -> Option<Change> {
    match (&pair.canary, statistic) {
        (Series::Counts { .. }, Statistic::Rate) => {
            let flipped = metric.kind == Kind::GoodShare;
            let usual = rate(pair, seconds)?;
            let seen = if flipped { 1.0 - usual } else { usual };
            let target = target(bound, seen, margins)?.clamp(0.0, 1.0);
            Some(Change::Rate { usual, target: if flipped { 1.0 - target } else { target } })
        }
        (Series::Events { .. }, Statistic::Frequency) => {
            let usual = rate(pair, seconds)?;
            Some(Change::Rate { usual, target: target(bound, usual, margins)?.max(0.0) })
        }
        (Series::Gauge { .. }, Statistic::Typical | Statistic::Quantile(_)) => {
            let q = if let Statistic::Quantile(q) = statistic { q } else { 0.5 };
            let usual = level(pair, q)?;
            let target = target(bound, usual, margins)?;
            let scale = if let Kind::Gauge { scale, .. } = metric.kind { scale } else { Scale::Auto };
            let absolute = matches!(bound.limit, Limit::Margin { absolute: Some(_), relative: None });
            Some(match by_ratio(scale, pair) && !absolute && target > 0.0 && usual > 0.0 {
                true => Change::Times(target / usual),
                false => Change::Plus(target - usual),
            })
        }
        (Series::Values { .. } | Series::Buckets { .. }, Statistic::Quantile(_) | Statistic::AnyQuantile { .. }) => {
            // every quantile moves by the same factor
            let q = if let Statistic::Quantile(q) = statistic { q } else { 0.5 };
            let usual = level(pair, q)?;
            let target = target(bound, usual, margins)?;
            (usual > 0.0 && target > 0.0).then_some(Change::Times(target / usual))
        }
        _ => None,
    }
}

/// The level that lies `margins` margins from the usual one.
pub(super) fn target(bound: &Bound, usual: f64, margins: f64) -> Option<f64> {
    let limit = limit(bound, usual)?;
    let margin = limit - usual;
    let tolerates = if bound.side == Side::AtMost { margin > 0.0 } else { margin < 0.0 };
    (tolerates && margin.is_finite()).then_some(usual + margins * margin)
}

/// The limit of a bound at a usual level; of two margins the wider one.
fn limit(bound: &Bound, usual: f64) -> Option<f64> {
    match bound.limit {
        Limit::Threshold(value) => Some(value),
        Limit::Margin { relative, absolute } => {
            let parts = [relative.map(|r| usual + r * usual.abs()), absolute.map(|a| usual + a)];
            let wider = |a: f64, b: f64| if bound.side == Side::AtMost { a.max(b) } else { a.min(b) };
            parts.into_iter().flatten().reduce(wider)
        }
    }
}

/// Bad ones per trial, or events per exposure, of both windows together.
fn rate(pair: &Pair<Series>, seconds: f64) -> Option<f64> {
    let sums = |series: &Series| match series {
        Series::Counts { total, bad, .. } => (sum(bad), sum(total)),
        Series::Events { count, exposure: Some(exposure), .. } => (sum(count), exposure.iter().sum()),
        Series::Events { count, exposure: None, .. } => (sum(count), count.len() as f64 * seconds),
        _ => (0.0, 0.0),
    };
    let (b, c) = (sums(&pair.baseline), sums(&pair.canary));
    // occurrences that have no exposure of their own follow each arm's traffic
    let own = matches!(pair.canary, Series::Events { exposure: None, .. });
    let (bad, all) = if own { c } else { (b.0 + c.0, b.1 + c.1) };
    (all > 0.0).then(|| bad / all)
}

fn sum(counts: &[u64]) -> f64 {
    counts.iter().map(|n| *n as f64).sum()
}

/// The quantile of the numbers of both windows together.
fn level(pair: &Pair<Series>, q: f64) -> Option<f64> {
    if let (Some(a), Some(b)) = (of_buckets(&pair.baseline, q), of_buckets(&pair.canary, q)) {
        return Some((a + b) / 2.0);
    }
    let numbers = |series: &Series| match series {
        Series::Gauge { value, .. } | Series::Values { value, .. } => value.clone(),
        _ => Vec::new(),
    };
    let mut all = numbers(&pair.baseline);
    all.extend(numbers(&pair.canary));
    if q == 0.5 {
        return median(&all);
    }
    all.retain(|v| v.is_finite());
    all.sort_unstable_by(f64::total_cmp);
    quantile(&all, q)
}

/// The quantile of all histograms of an arm.
fn of_buckets(series: &Series, q: f64) -> Option<f64> {
    let Series::Buckets { bins, scale, .. } = series else { return None };
    Requests::binned(Bins::sum(bins)?, *scale).quantile(q)
}

fn apply(canary: &mut Series, change: Change, seconds: f64, chance: &mut Chance) {
    match (canary, change) {
        (Series::Counts { total, bad, .. }, Change::Rate { usual, target }) => {
            for (total, bad) in total.iter().zip(bad) {
                *bad = match target >= usual {
                    true => *bad + chance.binomial(total.saturating_sub(*bad), (target - usual) / (1.0 - usual)),
                    false => chance.binomial(*bad, target / usual),
                };
            }
        }
        (Series::Events { count, exposure, .. }, Change::Rate { usual, target }) => {
            for (step, count) in count.iter_mut().enumerate() {
                let exposure = exposure.as_ref().map_or(Some(seconds), |e| e.get(step).copied()).unwrap_or(0.0);
                *count = match target >= usual {
                    true => count.saturating_add(chance.poisson((target - usual) * exposure)),
                    false => chance.binomial(*count, target / usual),
                };
            }
        }
        (Series::Buckets { scale, .. }, Change::Times(factor)) => *scale *= factor,
        (Series::Gauge { value, .. } | Series::Values { value, .. }, Change::Times(factor)) => {
            value.iter_mut().for_each(|value| *value *= factor);
        }
        (Series::Gauge { value, .. } | Series::Values { value, .. }, Change::Plus(by)) => {
            value.iter_mut().for_each(|value| *value += by);
        }
        _ => {}
    }
}
