//! Bounds that can be read, but hardly mean what was meant.
//!
//! A slip of the sign asks the canary to be better than the baseline, or accepts any worse one; a margin of nothing is
//! never shown to hold. None of this is an error, since each may be meant; so it is said, by `check` before there is any
//! data and by the verdict beside it.

use super::rules::{Bound, Criterion, Kind, Limit, Metric, Rule, Side, Unit};
use super::words;

/// No source reports numbers finely enough for a relative margin below this.
const LEAST_MARGIN: f64 = 1e-3;

/// What is doubtful about a criterion's bounds, whatever the data.
pub fn doubts(criterion: &Criterion, metric: &Metric) -> Vec<String> {
    let wanted = |bound: Bound, side: Side| Bound { side, ..bound };
    let pass = criterion.pass.map(|bound| wanted(bound, bound.side));
    let bounds = pass.into_iter().chain(criterion.fail.map(|bound| wanted(bound, bound.side.opposite())));
    let mut doubts: Vec<String> = Vec::new();
    for bound in bounds {
        let doubt = turned(&bound, metric).or_else(|| signed(&bound, metric)).or_else(|| tiny(&bound, criterion));
        doubts.extend(doubt.filter(|doubt| !doubts.contains(doubt)));
    }
    doubts
}

/// A bound that wants durations to be long.
fn turned(bound: &Bound, metric: &Metric) -> Option<String> {
    let percentile = matches!(metric.kind, Kind::Values | Kind::Gauge { quantile: Some(_), .. });
    (bound.side == Side::AtLeast && metric.unit == Unit::Milliseconds && percentile)
        .then(|| "the bound wants the canary to be slow: however slow, it passes; write `<=` if it must be fast".into())
}

/// A margin whose sign makes an equal canary fall short of it.
fn signed(bound: &Bound, metric: &Metric) -> Option<String> {
    let Limit::Margin { relative, absolute } = bound.limit else { return None };
    let parts = || relative.into_iter().chain(absolute);
    let (narrows, than, sign) = match bound.side {
        Side::AtMost => (parts().any(|part| part < 0.0), "less", '+'),
        Side::AtLeast => (parts().any(|part| part > 0.0), "more", '-'),
    };
    let limit = words::limit(bound, &metric.unit);
    narrows.then(|| {
        format!("`{limit}` asks the canary for {than} than the baseline has: an equal canary does not pass; write `{sign}` for a tolerance")
    })
}

/// A margin that leaves no room for the noise of two equal arms.
fn tiny(bound: &Bound, criterion: &Criterion) -> Option<String> {
    let Limit::Margin { relative, absolute } = bound.limit else { return None };
    let none = relative.is_none_or(|r| r.abs() < LEAST_MARGIN) && absolute.is_none_or(|a| a == 0.0);
    (none && criterion.rule == Rule::Interval).then(|| {
        "the margin leaves no room for noise: equal arms are hardly ever shown to be within it; write `baseline + 5%`, for example"
            .into()
    })
}
