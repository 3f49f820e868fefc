//! Bounds as plain numbers: the limit beside a level of the baseline, and whether a value meets it.

use super::rules::{Bound, Criterion, Limit, Side};

/// Whether a level of the canary is within every bound of a criterion, beside a level of the baseline.
pub(super) fn holds(criterion: &Criterion, value: f64, baseline: f64) -> bool {
    let (pass, fail) = (criterion.pass.as_ref(), criterion.fail.as_ref());
    let within = |bound: &Bound, side| resolve(bound, side, Some(baseline)).map(|limit| satisfies(value, limit, bound));
    let met = pass.and_then(|bound| within(bound, bound.side)).unwrap_or(true);
    let failed = fail.and_then(|bound| within(bound, bound.side.opposite())).unwrap_or(false);
    met && !failed
}

/// The level at which the canary breaks a criterion's target, beside a level of the baseline.
pub(super) fn limit(criterion: &Criterion, baseline: f64) -> Option<f64> {
    let pass = criterion.pass.as_ref().and_then(|bound| resolve(bound, bound.side, Some(baseline)));
    pass.or_else(|| criterion.fail.as_ref().and_then(|bound| resolve(bound, bound.side.opposite(), Some(baseline))))
}

/// The bound's limit as a number, where the baseline it refers to is known; `wanted` is the side of it that passes.
pub(super) fn resolve(bound: &Bound, wanted: Side, baseline: Option<f64>) -> Option<f64> {
    match bound.limit {
        Limit::Threshold(value) => Some(value),
        Limit::Margin { relative, absolute } => {
            let baseline = baseline?;
            let by_ratio = relative.map(|r| baseline * (1.0 + r));
            let by_difference = absolute.map(|a| baseline + a);
            let wider = |a: f64, b: f64| if wanted == Side::AtMost { a.max(b) } else { a.min(b) };
            Some(match (by_ratio, by_difference) {
                (Some(a), Some(b)) => wider(a, b),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => baseline,
            })
        }
    }
}

/// Whether a value lies on the side of the limit that the bound wants.
pub(super) fn satisfies(value: f64, limit: f64, bound: &Bound) -> bool {
    match (bound.side, bound.strict) {
        (Side::AtMost, false) => value <= limit,
        (Side::AtMost, true) => value < limit,
        (Side::AtLeast, false) => value >= limit,
        (Side::AtLeast, true) => value > limit,
    }
}
