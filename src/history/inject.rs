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
    let arms = [&pair.baseline, &pair.canary];
    let usual = || usual(&arms, metric, statistic, seconds);
    match (&pair.canary, statistic) {
        (Series::Counts { .. }, Statistic::Rate) => {
            let usual = usual()?;
            let target = target(bound, usual, margins)?.clamp(0.0, 1.0);
            // those that become bad
            let bad = |share: f64| if metric.kind == Kind::GoodShare { 1.0 - share } else { share };
            Some(Change::Rate { usual: bad(usual), target: bad(target) })
        }
        (Series::Events { .. }, Statistic::Frequency) => {
            let usual = usual()?;
            Some(Change::Rate { usual, target: target(bound, usual, margins)?.max(0.0) })
        }
        (Series::Gauge { .. }, Statistic::Typical | Statistic::Quantile(_)) => {
            let usual = usual()?;
            let target = target(bound, usual, margins)?;
            let absolute = matches!(bound.limit, Limit::Margin { absolute: Some(_), relative: None });
            Some(match is_by_ratio(pair, metric) && !absolute && target > 0.0 && usual > 0.0 {
                true => Change::Times(target / usual),
                false => Change::Plus(target - usual),
            })
        }
        (Series::Values { .. } | Series::Buckets { .. }, Statistic::Quantile(_) | Statistic::AnyQuantile { .. }) => {
            // every quantile moves by the same factor
            let usual = usual().or_else(|| level(&arms, 0.5))?;
            let target = target(bound, usual, margins)?;
            (usual > 0.0 && target > 0.0).then_some(Change::Times(target / usual))
        }
        (Series::Gauge { .. }, Statistic::Trend { per }) => ramp(pair, metric, usual()?, bound, margins, per),
        (_, Statistic::StepsBeyond(beyond)) => {
            let usual = usual()?;
            let share = ((target(bound, usual, margins)?.min(1.0) - usual) / (1.0 - usual)).clamp(0.0, 1.0);
            let good = metric.kind == Kind::GoodShare;
            // as far beyond the limit as steps usually lie within it
            let level = 2.0 * beyond.limit - median(&numbers(&arms, good, seconds)?)?;
            Some(Change::Spikes { share, level, beyond, good })
        }
        _ => None,
    }
}

/// The usual level of what is asked of a metric, of all arms together; nothing for what is no one number.
pub fn usual(arms: &[&Series], metric: &Metric, statistic: Statistic, seconds: f64) -> Option<f64> {
    let good = metric.kind == Kind::GoodShare;
    match (arms.last()?, statistic) {
        (Series::Counts { .. }, Statistic::Rate) => rate(arms, seconds).map(|bad| if good { 1.0 - bad } else { bad }),
        (Series::Events { .. }, Statistic::Frequency) => rate(arms, seconds),
        (Series::Gauge { .. }, Statistic::Typical) => level(arms, 0.5),
        (Series::Gauge { .. } | Series::Values { .. } | Series::Buckets { .. }, Statistic::Quantile(q)) => {
            level(arms, q)
        }
        (Series::Gauge { .. }, Statistic::Trend { per }) => Some(slope(arms)? * per.as_secs_f64()),
        (_, Statistic::StepsBeyond(beyond)) => {
            let steps = numbers(arms, good, seconds)?;
            let bad = steps.iter().filter(|value| beyond.is_beyond(**value)).count();
            (!steps.is_empty()).then(|| bad as f64 / steps.len() as f64)
        }
        _ => None,
    }
}

fn is_by_ratio(pair: &Pair<Series>, metric: &Metric) -> bool {
    let scale = if let Kind::Gauge { scale, .. } = metric.kind { scale } else { Scale::Auto };
    by_ratio(scale, pair)
}

/// A slope beside the baseline, or of the canary by itself, that lies `margins` margins from the usual one.
fn ramp(
    pair: &Pair<Series>,
    metric: &Metric,
    usual: f64,
    bound: &Bound,
    margins: f64,
    per: SignedDuration,
) -> Option<Change> {
    let level = level(&[&pair.baseline, &pair.canary], 0.5)?.abs();
    let (margin, log) = match bound.limit {
        Limit::Threshold(limit) => (limit - usual, false),
        Limit::Margin { relative: Some(relative), absolute } if is_by_ratio(pair, metric) => {
            (wider(bound.side, [Some(relative), absolute.map(|absolute| absolute / level)])?, true)
        }
        Limit::Margin { relative, absolute } => {
            (wider(bound.side, [relative.map(|relative| relative * level), absolute])?, false)
        }
    };
    let tolerates = if bound.side == Side::AtMost { margin > 0.0 } else { margin < 0.0 };
    let change = if log { (margin * margins).max(-0.99).ln_1p() } else { margin * margins };
    (tolerates && change.is_finite()).then_some(Change::Ramp { per_second: change / per.as_secs_f64(), log })
}

/// How much a number rises in a second, by least squares, as the mean of all arms.
fn slope(arms: &[&Series]) -> Option<f64> {
    let slope = |series: &&Series| {
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
    let slopes: Vec<f64> = arms.iter().filter_map(slope).collect();
    (!slopes.is_empty()).then(|| slopes.iter().sum::<f64>() / slopes.len() as f64)
}

fn since(at: Timestamp, begin: Timestamp) -> f64 {
    at.duration_since(begin).as_secs_f64()
}

/// The number of each step of all arms: a share, occurrences by exposure, or the number itself. Of single requests there is none.
fn numbers(arms: &[&Series], good: bool, seconds: f64) -> Option<Vec<f64>> {
    let mut all = Vec::new();
    for series in arms {
        match series {
            Series::Counts { total, bad, .. } => {
                let share = |(total, bad): (&u64, &u64)| {
                    let part = if good { total.saturating_sub(*bad) } else { *bad };
                    (*total > 0).then(|| part as f64 / *total as f64)
                };
                all.extend(total.iter().zip(bad).filter_map(share));
            }
            Series::Events { count, exposure, .. } => {
                let exposed = |at: usize| exposure.as_ref().map_or(Some(seconds), |e| e.get(at).copied());
                let rate = |(at, count): (usize, &u64)| Some(*count as f64 / exposed(at).filter(|e| *e > 0.0)?);
                all.extend(count.iter().enumerate().filter_map(rate));
            }
            Series::Gauge { value, .. } => all.extend(value.iter().filter(|value| value.is_finite())),
            Series::Values { .. } | Series::Buckets { .. } => return None,
        }
    }
    Some(all)
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
            wider(bound.side, [relative.map(|r| usual + r * usual.abs()), absolute.map(|a| usual + a)])
        }
    }
}

/// The one of two parts of a margin that tolerates more.
fn wider(side: Side, parts: [Option<f64>; 2]) -> Option<f64> {
    parts.into_iter().flatten().reduce(|a, b| if side == Side::AtMost { a.max(b) } else { a.min(b) })
}

/// Bad ones per trial, or events per exposure, of all arms together.
fn rate(arms: &[&Series], seconds: f64) -> Option<f64> {
    // occurrences that have no exposure of their own follow each arm's traffic
    let own = matches!(arms.last()?, Series::Events { exposure: None, .. });
    let sums = |series: &&Series| match series {
        Series::Counts { total, bad, .. } => (sum(bad), sum(total)),
        Series::Events { count, exposure: Some(exposure), .. } => (sum(count), exposure.iter().sum()),
        Series::Events { count, exposure: None, .. } => (sum(count), count.len() as f64 * seconds),
        _ => (0.0, 0.0),
    };
    let counted = if own { &arms[arms.len() - 1..] } else { arms };
    let (bad, all) = counted.iter().map(sums).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (all > 0.0).then(|| bad / all)
}

fn sum(counts: &[u64]) -> f64 {
    counts.iter().map(|n| *n as f64).sum()
}

/// The quantile of the numbers of all arms together; of histograms the mean of the arms' own.
fn level(arms: &[&Series], q: f64) -> Option<f64> {
    let binned = |series: &&Series| match series {
        Series::Buckets { bins, scale, .. } => Requests::binned(Bins::sum(bins)?, *scale).quantile(q),
        _ => None,
    };
    let of_buckets: Option<Vec<f64>> = arms.iter().map(binned).collect();
    if let Some(each) = of_buckets {
        return Some(each.iter().sum::<f64>() / each.len() as f64);
    }
    let mut all = Vec::new();
    for series in arms {
        if let Series::Gauge { value, .. } | Series::Values { value, .. } = series {
            all.extend_from_slice(value);
        }
    }
    if q == 0.5 {
        return median(&all);
    }
    all.retain(|v| v.is_finite());
    all.sort_unstable_by(f64::total_cmp);
    quantile(&all, q)
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
                if beyond.is_beyond(seen(*bad)) || chance.uniform() >= share {
                    continue;
                }
                let wanted = if good { 1.0 - level } else { level };
                let near = ((wanted.clamp(0.0, 1.0) * all).round() as u64).min(*total);
                // a share of few requests may lie on the limit itself
                let more = beyond.above != good;
                let next = |bad: u64| if more { (bad + 1).min(*total) } else { bad.saturating_sub(1) };
                *bad = [near, next(near)].into_iter().find(|bad| beyond.is_beyond(seen(*bad))).unwrap_or(near);
            }
        }
        Series::Events { count, exposure, .. } => {
            for (step, count) in count.iter_mut().enumerate() {
                let exposed = exposure.as_ref().map_or(Some(seconds), |e| e.get(step).copied()).unwrap_or(0.0);
                if exposed > 0.0 && !beyond.is_beyond(*count as f64 / exposed) && chance.uniform() < share {
                    let wanted = level.max(0.0) * exposed;
                    *count = if beyond.above { wanted.ceil() as u64 } else { wanted.floor() as u64 };
                }
            }
        }
        Series::Gauge { value, .. } => {
            for value in value.iter_mut().filter(|value| value.is_finite()) {
                if !beyond.is_beyond(*value) && chance.uniform() < share {
                    *value = level;
                }
            }
        }
        Series::Values { .. } | Series::Buckets { .. } => {}
    }
}
