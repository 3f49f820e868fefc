//! A leak that no criterion asks about: a gauge whose slope differs from the baseline's.
//!
//! Half-way to its limit a leak is within every level. So wherever both arms have a gauge and no criterion asks for its trend, the
//! slopes are compared as a trend would be, and what is shown becomes a note. It changes no answer, since nobody has said
//! which slope is too much. It is shown at a chance of one per cent per look and direction, and only where the window's change is
//! visible beside the level.

use super::case::Case;
use super::compare::Comparison;
use super::grid::Steps;
use super::growth;
use super::methods::trend::{Trend, change, is_trend};
use super::rules::{Bound, Criterion, Limit, Side, Statistic};
use super::trend::Trend as Line;
use super::verdict::EffectKind;
use super::words;
use crate::series::{Pair, Remark};
use davy_stats::Direction;
use davy_stats::steps::median;

/// The evidence that a slope needs: one per cent.
const SHOWN: f64 = 2.326_347_874_040_841;
/// A change over the window that is less than this share of the level is not worth a note.
const VISIBLE: f64 = 0.005;
/// A limit that is farther away than so many hours is not worth a note.
const FARTHEST: f64 = 30.0 * 24.0;
/// So many of the last numbers tell where a level stands.
const LAST: usize = 3;

/// The note on a gauge, where its trend is shown to differ from the baseline's.
pub(super) fn note(case: &Case, steps: &Pair<Steps<f64>>) -> Option<Remark> {
    let own = || case.rules.criteria.iter().filter(|criterion| criterion.metric == case.criterion.metric);
    if !case.is_parallel() {
        return None;
    }
    let pairs = || steps.canary.iter().zip(&steps.baseline).map(|(canary, baseline)| canary.zip(*baseline));
    let apart: Steps<f64> = pairs().map(|pair| pair.map(|(canary, baseline)| canary - baseline)).collect();
    // all criteria and all pairs of steps are looked at only where a line through them leans
    Line::of(&apart).filter(Line::leans)?;
    if own().any(|criterion| is_trend(criterion.statistic)) {
        return None;
    }
    let log = pairs().flatten().all(|(canary, baseline)| canary > 0.0 && baseline > 0.0);
    let hour = growth::in_an_hour(case, 1.0);
    let still = if log { 1.0 } else { 0.0 };
    let trend = Trend::beside(steps, log, hour);
    let shown = |direction| trend.z(still, direction) >= SHOWN;
    let rises =
        [(Direction::Above, true), (Direction::Below, false)].into_iter().find(|(direction, _)| shown(*direction))?.1;
    let by = change(&apart, hour)?;
    let level = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>())?.abs();
    let in_window = by.abs() / hour * case.grid.len() as f64;
    if (by > 0.0) != rises || in_window < VISIBLE * level {
        return None;
    }
    let size = words::change(by.abs(), EffectKind::Difference, &case.metric.unit);
    let verb = if rises { "rises" } else { "falls" };
    let levels =
        own().filter(|criterion| matches!(criterion.statistic, Statistic::Typical | Statistic::Max | Statistic::Min));
    let passes = levels.filter_map(Criterion::target).find_map(|bound| passing(case, steps, bound, hour));
    let passes = passes.unwrap_or_default();
    Some(Remark::note(format!(
        "it {verb} by {} an hour against the baseline, and no criterion asks for its trend{passes}",
        size.trim_start_matches('+')
    )))
}

/// When the canary passes a limit of its own, if it goes on.
fn passing(case: &Case, steps: &Pair<Steps<f64>>, bound: &Bound, hour: f64) -> Option<String> {
    let Limit::Threshold(limit) = bound.limit else { return None };
    let present: Vec<f64> = steps.canary.iter().flatten().copied().collect();
    let last = median(present.get(present.len().saturating_sub(LAST)..)?)?;
    let sign = if bound.side == Side::AtMost { 1.0 } else { -1.0 };
    let towards = sign * change(&steps.canary, hour)?;
    let hours = sign * (limit - last) / towards;
    let comes = towards > 0.0 && (0.0..=FARTHEST).contains(&hours);
    let span = growth::lasting(case, hours * hour);
    let limit = words::limit(bound, &case.metric.unit);
    comes.then(|| format!(": at this rate it passes {limit} in about {}", words::duration(span)))
}
