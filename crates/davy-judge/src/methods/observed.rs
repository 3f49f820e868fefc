//! Bounds on the observed number itself: any fallback fails, no statistics.
//!
//! These are for what must not happen at all and for what is exact by nature. A bound that holds on little data is
//! said to: what the data would still be compatible with is written beside it.

use crate::case::Case;
use crate::explain::finding::unanswered;
use crate::explain::{sentence, why};
use crate::grid::Grid;
use crate::limit::{resolve, satisfies};
use crate::rules::{Bound, Criterion, Kind, Statistic, Unit};
use crate::series::{Arm, Pair, Series};
use crate::verdict::{Effect, EffectKind, Evidence, Finding, Method, Outcome, Reason};
use crate::why::Why;
use crate::{requests, words};
use davy_stats::slow::Requests;

/// Compares the canary's observed number with the bounds.
pub(crate) fn judge(case: &Case) -> Finding {
    if let Some((reason, why)) = case.obstacle() {
        return unanswered(case, reason, &why);
    }
    let seen = Pair::build(|arm| observe(case, arm));
    let Some(value) = seen.canary.value else {
        return unanswered(case, Reason::TooFew, &Why::NoTraffic);
    };
    let criterion = case.criterion;
    let target = |bound: &Bound| resolve(bound, bound.side, seen.baseline.value);
    let failing = |bound: &Bound| resolve(bound, bound.side.opposite(), seen.baseline.value);
    let (pass, fail) = (criterion.pass.as_ref(), criterion.fail.as_ref());
    let (pass_limit, fail_limit) = (pass.and_then(target), fail.and_then(failing));
    let unknown = pass.is_some() && pass_limit.is_none() || fail.is_some() && fail_limit.is_none();
    let holds = |bound: Option<&Bound>, limit| bound.zip(limit).map(|(bound, limit)| satisfies(value, limit, bound));
    let (outcome, reason) = match (holds(pass, pass_limit), holds(fail, fail_limit)) {
        (None, None) if !unknown => return unanswered(case, Reason::WrongShape, &Why::NoBound),
        (_, Some(true)) => (Outcome::Fail, Reason::BeyondBound),
        _ if unknown => (Outcome::Inconclusive, Reason::NoBaseline),
        (Some(false), None) => (Outcome::Fail, Reason::BeyondBound),
        (Some(false), Some(false)) => (Outcome::Warn, Reason::BetweenBounds),
        _ => (Outcome::Pass, Reason::WithinBound),
    };
    let (outcome, reason, why) = case.confirm(outcome, reason);
    let evidence = Evidence {
        n: Pair { baseline: seen.baseline.n, canary: seen.canary.n },
        n_of: seen.canary.n_of,
        bad: Some(Pair { baseline: seen.baseline.bad, canary: seen.canary.bad }),
        estimate: Pair { baseline: seen.baseline.value, canary: Some(value) },
        effect: Some(Effect { kind: EffectKind::Level, estimate: Some(value), low: value, high: value }),
        pass_limit,
        fail_limit,
        method: Some(Method::Observed),
        ..Evidence::default()
    };
    let shown = show(case, criterion.statistic, value);
    let bound = criterion.target().map(|bound| words::bound(bound, &unit(case))).unwrap_or_default();
    let why = why.map(|why| why::why(&why, case.metric));
    let sentence = sentence::observed(outcome, reason, &shown, &bound, why.as_deref());
    let mut finding = case.finding(outcome, reason, sentence, evidence);
    (finding.evidence.unit, finding.target) = (Some(unit(case)), bound);
    finding.notes.extend(compatible(case, &seen.canary));
    finding
}

struct Seen {
    value: Option<f64>,
    n: f64,
    n_of: &'static str,
    bad: u64,
}

fn observe(case: &Case, arm: Arm) -> Seen {
    let grid: &Grid = &case.grid;
    match (case.series.get(arm), case.criterion.statistic) {
        (Series::Counts { .. }, statistic) => {
            let steps = grid.counts(case.series);
            let steps = steps.get(arm).iter().flatten();
            let (total, bad) =
                steps.fold((0u64, 0u64), |(n, x), t| (n.saturating_add(t.total), x.saturating_add(t.bad)));
            let share = (total > 0).then(|| bad as f64 / total as f64);
            let value = match (statistic, &case.metric.kind) {
                (Statistic::Count, _) => share.map(|_| bad as f64),
                (_, Kind::GoodShare) => share.map(|s| 1.0 - s),
                _ => share,
            };
            Seen { value, n: total as f64, n_of: "trials", bad }
        }
        (Series::Events { .. }, statistic) => {
            let steps = grid.events(case.series);
            let steps = steps.get(arm).iter().flatten();
            let (exposure, count) = steps.fold((0.0, 0u64), |(e, x), o| (e + o.exposure, x.saturating_add(o.count)));
            let rate = (exposure > 0.0).then(|| count as f64 / exposure);
            let value = if statistic == Statistic::Frequency { rate } else { Some(count as f64) };
            let measured = grid.events(case.series).get(arm).iter().flatten().count();
            // No occurrence among no sessions says nothing.
            let seen = measured > 0 && (exposure > 0.0 || count > 0);
            Seen { value: value.filter(|_| seen), n: measured as f64, n_of: "steps", bad: count }
        }
        (Series::Values { .. } | Series::Buckets { .. }, statistic) => {
            let all = Requests::pooled(grid.values(case.series).get(arm));
            let n = all.as_ref().map_or(0, Requests::len) as f64;
            let value = all.and_then(|all| all.quantile(requests::quantile_of(statistic)));
            Seen { value, n, n_of: "trials", bad: 0 }
        }
        (Series::Gauge { .. }, _) => {
            let all: Vec<f64> = grid.gauge(case.series).get(arm).iter().flatten().copied().collect();
            Seen { value: extreme(&all, case.criterion), n: all.len() as f64, n_of: "steps", bad: 0 }
        }
    }
}

fn extreme(values: &[f64], criterion: &Criterion) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match criterion.statistic {
        Statistic::Max => sorted.last().copied(),
        Statistic::Min => sorted.first().copied(),
        Statistic::Quantile(q) => davy_stats::quantile::quantile(&sorted, q),
        _ => davy_stats::quantile::quantile(&sorted, 0.5),
    }
}

/// What the observed number is measured in: a count of occurrences has no unit of its own.
fn unit(case: &Case) -> Unit {
    case.criterion.unit(case.metric)
}

fn show(case: &Case, statistic: Statistic, value: f64) -> String {
    let amount = words::quantity(value, &unit(case));
    match statistic {
        Statistic::Count if value == 1.0 => "1 occurrence".into(),
        Statistic::Count => format!("{} occurrences", words::count(value as u64)),
        Statistic::Max => format!("the largest was {amount}"),
        Statistic::Min => format!("the smallest was {amount}"),
        _ => format!("observed {amount}"),
    }
}

/// What no occurrence among few trials is still compatible with: 1 - 0.05^(1/n), near 3/n (the rule of three).
fn compatible(case: &Case, seen: &Seen) -> Option<String> {
    if seen.bad > 0 || seen.n_of != "trials" || seen.n < 1.0 || case.metric.unit != Unit::Share {
        return None;
    }
    let upper = 1.0 - 0.05_f64.powf(1.0 / seen.n);
    Some(format!(
        "none among {} {}: compatible with a true rate of up to {} (95 %)",
        words::count(seen.n as u64),
        case.metric.of,
        words::quantity(upper, &Unit::Share)
    ))
}
