//! A worsening of a known size, put into the canary of two windows that were alike.
//!
//! Sizes are in units of the criterion's own margin: 1 puts the canary onto the limit, 2 as far beyond it as the limit is
//! beyond the usual level. The usual level is that of both windows together, so that the noise stays what it was.

use super::chance::Chance;
use super::noise::by_ratio;
use crate::judge::rules::{Beyond, Bound, Criterion, Kind, Limit, Metric, Rule, Scale, Side, Statistic};
use crate::series::{Bins, Pair, Series, SignedDuration, Timestamp};
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
    /// Every number by so much a second more than the one before: as a logarithm, or as it is.
    Ramp { per_second: f64, log: bool },
    /// So many of the steps within a limit lie beyond it, at this level.
    Spikes { share: f64, level: f64, beyond: Beyond, good: bool },
}

/// Worsens the canary by `margins` times the margin of a bound. Nothing where that cannot be said: a bound without a
/// margin, a number observed without statistics, a usual level that is beyond the limit already.
pub fn worsen(
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
    let bound = &wanted(bound, criterion);
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
        (Series::Gauge { .. }, Statistic::Trend { per }) => ramp(pair, metric, bound, margins, per),
        (_, Statistic::StepsBeyond(beyond)) => {
            let good = metric.kind == Kind::GoodShare;
            let usual = share_beyond(pair, beyond, good, seconds)?;
            let share = ((target(bound, usual, margins)?.min(1.0) - usual) / (1.0 - usual)).clamp(0.0, 1.0);
            // as far beyond the limit as steps usually lie within it
            let steps =
                numbers(&pair.canary, good, seconds)?.into_iter().chain(numbers(&pair.baseline, good, seconds)?);
            let level = 2.0 * beyond.limit - median(&steps.collect::<Vec<_>>())?;
            Some(Change::Spikes { share, level, beyond, good })
        }
        _ => None,
    }
}

/// A slope beside the baseline, or of the canary by itself, that lies `margins` margins from the usual one.
fn ramp(pair: &Pair<Series>, metric: &Metric, bound: &Bound, margins: f64, per: SignedDuration) -> Option<Change> {
    let scale = if let Kind::Gauge { scale, .. } = metric.kind { scale } else { Scale::Auto };
    let (level, per) = (level(pair, 0.5)?.abs(), per.as_secs_f64());
    let (margin, log) = match bound.limit {
        Limit::Threshold(limit) => (limit - usual_slope(pair)? * per, false),
        Limit::Margin { relative, absolute } => {
            let wider = |a: f64, b: f64| if bound.side == Side::AtMost { a.max(b) } else { a.min(b) };
            match relative.is_some() && by_ratio(scale, pair) {
                true => (relative.into_iter().chain(absolute.map(|a| a / level)).reduce(wider)?, true),
                false => (relative.map(|r| r * level).into_iter().chain(absolute).reduce(wider)?, false),
            }
        }
    };
    let tolerates = if bound.side == Side::AtMost { margin > 0.0 } else { margin < 0.0 };
    let change = if log { (margin * margins).max(-0.99).ln_1p() } else { margin * margins };
    (tolerates && change.is_finite()).then_some(Change::Ramp { per_second: change / per, log })
}

/// How much a number rises in a second, by least squares, as the mean of both windows.
pub fn usual_slope(pair: &Pair<Series>) -> Option<f64> {
    let slope = |series: &Series| {
        let Series::Gauge { time, value, .. } = series else { return None };
        let begin = time.first()?;
        let points = time.iter().zip(value).filter(|(_, value)| value.is_finite());
        let points: Vec<(f64, f64)> = points.map(|(at, value)| (since(*at, *begin), *value)).collect();
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
        let (along, square) =
            points.iter().fold((0.0, 0.0), |(a, s), p| (a + (p.0 - x) * (p.1 - y), s + (p.0 - x) * (p.0 - x)));
        (square > 0.0).then(|| along / square)
    };
    let slopes: Vec<f64> = [&pair.baseline, &pair.canary].into_iter().filter_map(slope).collect();
    (!slopes.is_empty()).then(|| slopes.iter().sum::<f64>() / slopes.len() as f64)
}

fn since(at: Timestamp, begin: Timestamp) -> f64 {
    at.duration_since(begin).as_secs_f64()
}

/// The number of each step: a share, occurrences by exposure, or the number itself. Of single requests there is none.
fn numbers(series: &Series, good: bool, seconds: f64) -> Option<Vec<f64>> {
    match series {
        Series::Counts { total, bad, .. } => {
            let share = |(total, bad): (&u64, &u64)| {
                let part = if good { total.saturating_sub(*bad) } else { *bad };
                (*total > 0).then(|| part as f64 / *total as f64)
            };
            Some(total.iter().zip(bad).filter_map(share).collect())
        }
        Series::Events { count, exposure, .. } => {
            let exposed = |at: usize| exposure.as_ref().map_or(Some(seconds), |e| e.get(at).copied());
            let rate = |(at, count): (usize, &u64)| Some(*count as f64 / exposed(at).filter(|e| *e > 0.0)?);
            Some(count.iter().enumerate().filter_map(rate).collect())
        }
        Series::Gauge { value, .. } => Some(value.iter().copied().filter(|value| value.is_finite()).collect()),
        Series::Values { .. } | Series::Buckets { .. } => None,
    }
}

/// The share of the steps of both windows that lie beyond a limit.
pub fn share_beyond(pair: &Pair<Series>, beyond: Beyond, good: bool, seconds: f64) -> Option<f64> {
    let mut steps = numbers(&pair.canary, good, seconds)?;
    steps.extend(numbers(&pair.baseline, good, seconds)?);
    let bad = steps.iter().filter(|value| is_beyond(beyond, **value)).count();
    (!steps.is_empty()).then(|| bad as f64 / steps.len() as f64)
}

fn is_beyond(beyond: Beyond, value: f64) -> bool {
    match (beyond.above, beyond.inclusive) {
        (true, false) => value > beyond.limit,
        (true, true) => value >= beyond.limit,
        (false, false) => value < beyond.limit,
        (false, true) => value <= beyond.limit,
    }
}

/// A bound with the side that its criterion wants: a `fail` bound names the other one.
pub fn wanted(bound: &Bound, criterion: &Criterion) -> Bound {
    let apart = criterion.fail.as_ref() == Some(bound);
    if apart { Bound { side: bound.side.opposite(), ..*bound } } else { *bound }
}

/// The level that lies `margins` margins from the usual one.
pub fn target(bound: &Bound, usual: f64, margins: f64) -> Option<f64> {
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
        (Series::Buckets { bins, .. }, Change::Times(factor)) => {
            bins.iter_mut().for_each(|bins| *bins = times(bins, factor, chance));
        }
        (Series::Gauge { value, .. } | Series::Values { value, .. }, Change::Times(factor)) => {
            value.iter_mut().for_each(|value| *value *= factor);
        }
        (Series::Gauge { value, .. } | Series::Values { value, .. }, Change::Plus(by)) => {
            value.iter_mut().for_each(|value| *value += by);
        }
        (Series::Gauge { time, value, .. }, Change::Ramp { per_second, log }) => {
            let Some(begin) = time.first().copied() else { return };
            for (at, value) in time.iter().zip(value) {
                let by = per_second * since(*at, begin);
                *value = if log { *value * by.exp() } else { *value + by };
            }
        }
        (series, Change::Spikes { share, level, beyond, good }) => {
            spike(series, share, level, beyond, good, seconds, chance)
        }
        _ => {}
    }
}

/// A histogram whose values are all so many times as large, on the same grid. Values of a wide cell lie anywhere in it.
fn times(bins: &Bins, factor: f64, chance: &mut Chance) -> Bins {
    let grid = bins.grid();
    let scaled = |value: u64| value as f64 * factor;
    let mut cells = Vec::new();
    for (at, count) in bins.cells() {
        if grid.is_open(at) || Some(at) == bins.end() {
            cells.push((at, count));
            continue;
        }
        if grid.edges().is_none() {
            let middle = (scaled(grid.low(at)) + scaled(grid.high(at))) / 2.0;
            cells.push((grid.index(middle.round() as u64), count));
            continue;
        }
        let (low, high) = (scaled(grid.low(at)), scaled(grid.high(at).saturating_add(1)));
        let (mut left, mut from, mut cell) = (count, low, grid.index(low.round() as u64));
        while left > 0 {
            let end = grid.high(cell) as f64 + 1.0;
            let is_last = grid.is_open(cell) || end >= high;
            let here =
                if is_last { left } else { chance.binomial(left, ((end - from) / (high - from)).clamp(0.0, 1.0)) };
            cells.push((cell, here));
            (left, from, cell) = (left - here, end.max(from), cell + 1);
        }
    }
    Bins::new(grid, bins.end(), cells)
}

/// Steps within the limit, each with this chance, come to lie beyond it.
fn spike(canary: &mut Series, share: f64, level: f64, beyond: Beyond, good: bool, seconds: f64, chance: &mut Chance) {
    match canary {
        Series::Counts { total, bad, .. } => {
            for (total, bad) in total.iter().zip(bad).filter(|(total, _)| **total > 0) {
                let all = *total as f64;
                let seen = |bad: u64| if good { 1.0 - bad as f64 / all } else { bad as f64 / all };
                if is_beyond(beyond, seen(*bad)) || chance.uniform() >= share {
                    continue;
                }
                let wanted = if good { 1.0 - level } else { level };
                let near = ((wanted.clamp(0.0, 1.0) * all).round() as u64).min(*total);
                // a share of few requests may lie on the limit itself
                let more = beyond.above != good;
                let next = |bad: u64| if more { (bad + 1).min(*total) } else { bad.saturating_sub(1) };
                *bad = [near, next(near)].into_iter().find(|bad| is_beyond(beyond, seen(*bad))).unwrap_or(near);
            }
        }
        Series::Events { count, exposure, .. } => {
            for (step, count) in count.iter_mut().enumerate() {
                let exposed = exposure.as_ref().map_or(Some(seconds), |e| e.get(step).copied()).unwrap_or(0.0);
                if exposed > 0.0 && !is_beyond(beyond, *count as f64 / exposed) && chance.uniform() < share {
                    let wanted = level.max(0.0) * exposed;
                    *count = if beyond.above { wanted.ceil() as u64 } else { wanted.floor() as u64 };
                }
            }
        }
        Series::Gauge { value, .. } => {
            for value in value.iter_mut().filter(|value| value.is_finite()) {
                if !is_beyond(beyond, *value) && chance.uniform() < share {
                    *value = level;
                }
            }
        }
        Series::Values { .. } | Series::Buckets { .. } => {}
    }
}
