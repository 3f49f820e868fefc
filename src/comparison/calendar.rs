//! Both arms day by day, and by the hour of the day: how the numbers of a long window came about.
//!
//! Only looked at. A part of a window has less data than the whole, and of many parts some differ by chance: so no part has an
//! interval, nor a word that says better or worse.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::judge::rules::{Kind, Metric};
use crate::judge::verdict::EffectKind;
use crate::series::{Bins, MetricName, Pair, Series, SignedDuration, Timestamp, Window};
use crate::stats::quantile::quantile;

/// A window from which on its days stand beside each other.
const DAYS: SignedDuration = SignedDuration::from_hours(48);
/// A window from which on its hours of the day do.
const HOURS: SignedDuration = SignedDuration::from_hours(24);
/// Seconds within which no clock comes to another part.
const QUARTER: i64 = 900;
/// The quantile of requests that is shown of a part.
const TAIL: f64 = 0.95;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// A day of the calendar.
    Day,
    /// An hour of the day, over all days.
    HourOfDay,
}

/// One metric, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The metric.
    pub metric: MetricName,
    /// What the numbers are: "rate", "p95", "median of the steps".
    pub statistic: String,
    /// What a part is.
    pub per: Per,
    /// How the arms differ: as a ratio, or as a difference.
    pub kind: EffectKind,
    /// Each part, in order.
    pub parts: Vec<Part>,
}

/// One day, or one hour of the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The day as "2026-03-01", or the hour as "09".
    pub name: String,
    /// Whether the canary's window has all of the day.
    pub is_whole: bool,
    /// The number of each arm.
    pub estimate: Pair<Option<f64>>,
    /// How the canary differs.
    pub difference: Option<f64>,
}

/// What parts are made from.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    /// The windows of both arms.
    pub windows: Pair<Window>,
    /// Whose days and hours they are.
    pub zone: &'a TimeZone,
}

impl Calendar<'_> {
    /// The days and the hours of a metric, as far as its window is long enough and its points are close enough.
    pub fn of(&self, name: &str, metric: &Metric, series: &Pair<Series>, step: SignedDuration) -> Vec<Parts> {
        let length = self.windows.canary.duration();
        let wanted = [
            (Per::Day, length >= DAYS && step <= HOURS),
            (Per::HourOfDay, length >= HOURS && step <= SignedDuration::from_hours(1)),
        ];
        let wanted = wanted.into_iter().filter(|(_, is_wanted)| *is_wanted);
        wanted.filter_map(|(per, _)| self.parts(name, metric, series, step, per)).collect()
    }

    fn parts(
        &self,
        name: &str,
        metric: &Metric,
        series: &Pair<Series>,
        step: SignedDuration,
        per: Per,
    ) -> Option<Parts> {
        // an earlier baseline is laid beside the canary from the beginning of its window; an hour of the day is one of its own clock
        let ahead = self.windows.canary.start.duration_since(self.windows.baseline.start);
        let shift =
            Pair { baseline: if per == Per::Day { ahead } else { SignedDuration::ZERO }, canary: SignedDuration::ZERO };
        let sorted = series.as_ref().zip(shift).map(|(series, shift)| self.sorted(series, shift, per));
        let mut names: Vec<&String> = sorted.baseline.keys().chain(sorted.canary.keys()).collect();
        names.sort();
        names.dedup();
        let kind = match metric.kind {
            Kind::BadShare | Kind::GoodShare | Kind::PartShare => EffectKind::Difference,
            Kind::Events | Kind::Values | Kind::Gauge { .. } => EffectKind::Ratio,
        };
        let part = |own: &String| {
            let number = |(series, sorted): (&Series, &BTreeMap<String, Vec<usize>>)| {
                sorted.get(own).and_then(|points| number(series, points, metric, step)).filter(|n| n.is_finite())
            };
            let estimate = series.as_ref().zip(sorted.as_ref()).map(number);
            let is_whole = per == Per::HourOfDay || self.is_whole(own);
            Part { name: own.clone(), is_whole, estimate, difference: difference(estimate, kind) }
        };
        let parts: Vec<Part> = names.into_iter().map(part).collect();
        let is_known = |part: &Part| part.estimate.baseline.is_some() || part.estimate.canary.is_some();
        let statistic = statistic(metric);
        parts.iter().any(is_known).then(|| Parts { metric: name.to_owned(), statistic, per, kind, parts })
    }

    /// The points of a series by the names of their parts.
    fn sorted(&self, series: &Series, shift: SignedDuration, per: Per) -> BTreeMap<String, Vec<usize>> {
        let mut sorted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let (mut quarter, mut name) = (None, String::new());
        for (at, time) in series.time().iter().enumerate() {
            let time = time.checked_add(shift).unwrap_or(*time);
            // clocks differ by quarters of an hour, so that a million requests have few names
            let own = Some(time.as_second().div_euclid(QUARTER));
            if own != quarter {
                (quarter, name) = (own, self.name(time, per));
            }
            match sorted.get_mut(&name) {
                Some(points) => points.push(at),
                None => {
                    sorted.insert(name.clone(), vec![at]);
                }
            }
        }
        sorted
    }

    /// What the part of an instant is called; by names, parts are in order.
    fn name(&self, time: Timestamp, per: Per) -> String {
        let local = time.to_zoned(self.zone.clone());
        match per {
            Per::Day => local.date().to_string(),
            Per::HourOfDay => format!("{:02}", local.hour()),
        }
    }

    /// Whether the canary's window holds the whole of a day.
    fn is_whole(&self, day: &str) -> bool {
        let begins = |date: jiff::civil::Date| date.to_zoned(self.zone.clone()).ok().map(|at| at.timestamp());
        let date = day.parse::<jiff::civil::Date>().ok();
        let (start, end) = (date.and_then(begins), date.and_then(|date| date.tomorrow().ok()).and_then(begins));
        start.is_some_and(|start| start >= self.windows.canary.start)
            && end.is_some_and(|end| end <= self.windows.canary.end)
    }
}

/// What the number of a part is.
fn statistic(metric: &Metric) -> String {
    match &metric.kind {
        Kind::BadShare | Kind::GoodShare | Kind::PartShare => "rate".into(),
        Kind::Events => "frequency".into(),
        Kind::Values => crate::judge::words::quantile_name(TAIL),
        Kind::Gauge { quantile: Some(q), .. } => {
            format!("median {} of the steps", crate::judge::words::quantile_name(*q))
        }
        Kind::Gauge { quantile: None, .. } => "median of the steps".into(),
    }
}

/// The number of some points of a series.
fn number(series: &Series, points: &[usize], metric: &Metric, step: SignedDuration) -> Option<f64> {
    let sum = |counts: &[u64]| points.iter().fold(0_u64, |sum, at| sum.saturating_add(counts[*at]));
    let at = |values: &[f64], q: f64| {
        let mut own: Vec<f64> = points.iter().map(|at| values[*at]).filter(|value| value.is_finite()).collect();
        own.sort_unstable_by(f64::total_cmp);
        quantile(&own, q)
    };
    match series {
        Series::Counts { total, bad, .. } => {
            let (total, bad) = (sum(total), sum(bad));
            let share = (total > 0).then(|| bad as f64 / total as f64)?;
            Some(if metric.kind == Kind::GoodShare { 1.0 - share } else { share })
        }
        Series::Events { count, exposure, .. } => {
            let exposed = exposure.as_ref().map_or(points.len() as f64 * step.as_secs_f64(), |exposure| {
                points.iter().map(|at| exposure[*at]).sum()
            });
            (exposed > 0.0).then(|| sum(count) as f64 / exposed)
        }
        Series::Values { value, .. } => at(value, TAIL),
        Series::Buckets { bins, scale, .. } => {
            let own: Vec<&Bins> = points.iter().map(|at| &bins[*at]).collect();
            tail(&Bins::sum(own.iter().copied())?).map(|units| units * scale)
        }
        Series::Gauge { value, .. } => at(value, 0.5),
    }
}

/// The quantile of a histogram, in its units: the middle of the cell; nothing if that has no end.
fn tail(bins: &Bins) -> Option<f64> {
    let rank = (bins.total() as f64 * TAIL).ceil() as u64;
    let (mut seen, grid) = (0_u64, bins.grid());
    let (cell, _) = bins.cells().find(|(_, times)| {
        seen = seen.saturating_add(*times);
        seen >= rank.max(1)
    })?;
    (!grid.is_open(cell)).then(|| (grid.low(cell) as f64 + grid.high(cell) as f64) / 2.0)
}

fn difference(estimate: Pair<Option<f64>>, kind: EffectKind) -> Option<f64> {
    let (baseline, canary) = (estimate.baseline?, estimate.canary?);
    match kind {
        EffectKind::Ratio => {
            (baseline > 0.0 && canary >= 0.0).then(|| canary / baseline).filter(|ratio| ratio.is_finite())
        }
        EffectKind::Difference | EffectKind::Level => Some(canary - baseline),
    }
}
