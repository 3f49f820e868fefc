//! Numbers that may not mean what they seem to mean: what an expert would say before believing a Pass.
//!
//! A latency that falls to a thousandth was measured in another unit; a percentile that never moves is the end of a
//! histogram; two arms that agree point by point are one arm. Statistics cannot see any of this. What is found becomes a
//! remark on the metric: most make a Pass a Warn, and none changes a Fail.

use super::case::Case;
use super::doubtful;
use super::grid::{Steps, Trials};
use super::growth;
use super::incident;
use super::leak;
use super::rules::{Bound, Criterion, Kind, Limit, Metric, Rules, Side, Unit};
use super::trend::Trend;
use super::verdict::EffectKind;
use super::words::{self, quantity};
use crate::series::{Arm, Dataset, Pair, Remark, Series};
use davy_stats::steps::median;

/// The fewest points that tell a number which never moves, or arms that are the same.
const LEAST: usize = 10;

/// The fewest different points that tell arms which are the same from arms that hardly move.
const LEAST_DISTINCT: usize = 5;

/// A change beyond this factor is hardly one of the system.
const UNIT: f64 = 100.0;

/// The same for a time of requests whose unit nobody wrote: between seconds and milliseconds lies a slower canary as well.
const UNWRITTEN: f64 = 10.0;

/// Both arms are broken from this share of errors on.
const BROKEN: f64 = 0.1;

/// A criterion with its data, and with everything that is suspicious about its series.
pub(super) fn examine<'a>(rules: &'a Rules, criterion: &'a Criterion, data: &'a Dataset) -> Case<'a> {
    let mut case = Case::new(rules, criterion, data);
    let found = of(&case);
    case.suspect(found);
    case
}

fn of(case: &Case) -> Vec<Remark> {
    let mut found: Vec<Remark> = doubtful::doubts(case.criterion, case.metric).into_iter().map(Remark::note).collect();
    found.extend(same(case));
    match (&case.series.canary, &case.series.baseline) {
        (Series::Gauge { .. }, _) | (_, Series::Gauge { .. }) => found.extend(of_gauge(case)),
        (Series::Counts { .. }, _) | (_, Series::Counts { .. }) => found.extend(of_counts(case)),
        _ => {}
    }
    found
}

fn of_gauge(case: &Case) -> Vec<Remark> {
    let steps = case.grid.gauge(case.series);
    let present = steps.as_ref().map(|steps| steps.iter().flatten().copied().collect::<Vec<f64>>());
    let level = present.as_ref().map(|values| median(values));
    let quantile = matches!(case.metric.kind, Kind::Gauge { quantile: Some(_), .. });
    let found = [
        change(level, case.metric),
        fraction(&present, &case.metric.unit),
        ceiling(&present, &case.metric.unit).filter(|_| quantile),
        broken(case, level.map(|v| v.map(|v| v / 100.0))).filter(|_| case.metric.unit == Unit::Percent),
        rising(case, &steps).or_else(|| leak::note(case, &steps)),
    ];
    found.into_iter().flatten().collect()
}

fn of_counts(case: &Case) -> Vec<Remark> {
    if case.metric.kind == Kind::PartShare {
        return Vec::new();
    }
    let steps = case.grid.counts(case.series);
    let mut found: Vec<Remark> =
        broken(case, steps.as_ref().map(|steps| incident::share(steps, |_| true))).into_iter().collect();
    found.extend(incident::remarks(case, &steps));
    found.extend(incident::odd_instances(case));
    found.extend(undecidable(case, &steps));
    found
}

/// Levels that differ by far more than systems do.
pub(super) fn change(level: Pair<Option<f64>>, metric: &Metric) -> Option<Remark> {
    let unit = &metric.unit;
    let (baseline, canary) = level.baseline.zip(level.canary)?;
    let arms = || format!("{} against {}", quantity(canary, unit), quantity(baseline, unit));
    let measured = matches!(unit, Unit::Milliseconds | Unit::Bytes);
    if canary == 0.0 && baseline > 0.0 && measured {
        return Some(Remark::suspect(format!("the canary has {}: was it measured?", arms())));
    }
    let ratio = canary / baseline;
    if !(baseline > 0.0 && canary > 0.0 && ratio.is_finite()) {
        return None;
    }
    let thousand = (ratio / 1000.0 - 1.0).abs() <= 0.02 || (ratio * 1000.0 - 1.0).abs() <= 0.02;
    let how = match (ratio >= 1.0, thousand) {
        (true, true) => "a thousand times the baseline's".to_owned(),
        (false, true) => "a thousandth of the baseline's".to_owned(),
        (true, false) => format!("{} times the baseline's", words::number(ratio)),
        (false, false) => format!("the baseline's divided by {}", words::number(1.0 / ratio)),
    };
    let is_of_requests = matches!(metric.kind, Kind::Gauge { quantile: Some(_), .. } | Kind::Values);
    let is_unwritten = is_of_requests && *unit == Unit::Plain(String::new());
    let far = if is_unwritten { UNWRITTEN } else { UNIT };
    let unwritten = if is_unwritten { " Their `unit` is not written" } else { "" };
    (thousand || !(1.0 / far..=far).contains(&ratio)).then(|| {
        let doubt = format!("are both arms in the same unit?{unwritten}");
        Remark::suspect(format!("the canary's level is {how} ({}): {doubt}", arms()))
    })
}

/// A number in percent that looks like a fraction.
fn fraction(present: &Pair<Vec<f64>>, unit: &Unit) -> Option<Remark> {
    let all = || present.baseline.iter().chain(&present.canary);
    let few = present.canary.len() < 5;
    let (fits, some) = (all().all(|v| (0.0..=1.0).contains(v)), all().any(|v| *v > 0.0));
    (*unit == Unit::Percent && !few && fits && some)
        .then(|| Remark::suspect("all values lie between 0 and 1 %: are they fractions, so that 1 means 100 %?"))
}

/// A percentile that never moves, at a value that histograms end with.
fn ceiling(present: &Pair<Vec<f64>>, unit: &Unit) -> Option<Remark> {
    let stuck = |values: &Vec<f64>| {
        let first = *values.first()?;
        (values.len() >= LEAST && is_round(first) && values.iter().all(|v| *v == first)).then_some(first)
    };
    let stuck = present.as_ref().map(stuck);
    let (whose, value) = match (stuck.baseline, stuck.canary) {
        (Some(a), Some(b)) if a == b => ("both arms", a),
        (_, Some(value)) => ("the canary", value),
        (Some(value), None) => ("the baseline", value),
        (None, None) => return None,
    };
    let value = quantity(value, unit);
    let text = format!("every point of {whose} is exactly {value}: that may be a histogram's last bucket or a timeout");
    Some(Remark::suspect(text))
}

/// Whether a number is one that people end histograms and timeouts with: 1, 2, 2.5, 3, 5, 6 or 7.5 times a power of ten.
fn is_round(value: f64) -> bool {
    if !(value > 0.0 && value.is_finite()) {
        return false;
    }
    let leading = value / 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 3.0, 5.0, 6.0, 7.5, 10.0].iter().any(|round| (leading / round - 1.0).abs() < 1e-9)
}

/// Arms that fail alike, and often. Whether a share is one of errors only its name tells.
fn broken(case: &Case, bad: Pair<Option<f64>>) -> Option<Remark> {
    let (baseline, canary) = bad.baseline.zip(bad.canary)?;
    let name = case.criterion.metric.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_good = case.metric.kind == Kind::GoodShare;
    let errors = match is_good {
        true => has(&["success", "avail", "ok", "health", "uptime"]),
        false => has(&["err", "fail", "5xx", "fault", "exception", "unavail", "reject", "timeout"]),
    };
    let percent = case.metric.unit == Unit::Percent;
    if baseline < BROKEN || canary < 0.5 * baseline || percent && !errors {
        return None;
    }
    let allowed =
        [case.criterion.pass, case.criterion.fail].into_iter().flatten().any(|bound| tolerates(case, &bound, baseline));
    let show = |share: f64| quantity(share, &Unit::Share);
    let of = if percent { String::new() } else { format!(" of the {}", case.metric.of) };
    let text = format!("both arms fail often: {}{of} in the baseline, {} in the canary", show(baseline), show(canary));
    match errors && !allowed {
        true => Some(Remark::suspect(text)),
        false if errors || case.metric.of == "requests" => Some(Remark::note(text)),
        false => None,
    }
}

/// Whether a bound says by itself that so large a share is all right.
fn tolerates(case: &Case, bound: &Bound, share: f64) -> bool {
    match (bound.limit, &case.metric.unit, &case.metric.kind) {
        (Limit::Threshold(limit), Unit::Percent, _) => limit / 100.0 >= share,
        (Limit::Threshold(limit), _, Kind::GoodShare) => 1.0 - limit >= share,
        (Limit::Threshold(limit), ..) => limit >= share,
        (Limit::Margin { .. }, ..) => false,
    }
}

/// A level that goes on towards its limit.
fn rising(case: &Case, steps: &Pair<Steps<f64>>) -> Option<Remark> {
    let target = case.criterion.target()?;
    let wanted = if case.criterion.pass.is_some() { target.side } else { target.side.opposite() };
    let sign = if wanted == Side::AtMost { 1.0 } else { -1.0 };
    let level = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>());
    let (y, limit): (Steps<f64>, f64) = match target.limit {
        Limit::Threshold(limit) => (steps.canary.clone(), limit),
        Limit::Margin { relative, absolute } => {
            let level = level?;
            let parts = relative.map(|r| r * level.abs()).into_iter().chain(absolute);
            let margin = parts.reduce(if sign > 0.0 { f64::max } else { f64::min }).unwrap_or(0.0);
            let beside = |(i, v): (usize, &Option<f64>)| {
                let baseline = if case.is_unpaired() { Some(level) } else { steps.baseline.get(i).copied().flatten() };
                v.zip(baseline).map(|(canary, baseline)| canary - baseline)
            };
            (steps.canary.iter().enumerate().map(beside).collect(), margin)
        }
    };
    let trend = Trend::of(&y).filter(|trend| trend.is_steady() && sign * trend.slope > 0.0)?;
    let left = ((limit - trend.last) / trend.slope).max(0.0);
    let horizon = 2.0 * growth::whole(case) - case.grid.len() as f64;
    // a margin that is broken already is for the bound to tell
    if left > horizon || left.is_nan() || sign * (trend.last - limit) > 0.0 {
        return None;
    }
    let compared = matches!(target.limit, Limit::Margin { .. });
    let shared = !compared && Trend::of(&steps.baseline).is_some_and(|b| b.is_steady() && b.slope / trend.slope >= 0.5);
    let verb = if trend.slope > 0.0 { "rises" } else { "falls" };
    let beside = if compared { " against the baseline" } else { "" };
    let text = format!(
        "it {verb} steadily, by {} an hour{beside}: at this rate it breaks {} in about {}",
        words::change(growth::in_an_hour(case, trend.slope.abs()), EffectKind::Difference, &case.metric.unit)
            .trim_start_matches('+'),
        words::limit(target, &case.metric.unit),
        words::duration(growth::lasting(case, left)),
    );
    Some(if shared { Remark::note(format!("{text}, and so does the baseline")) } else { Remark::suspect(text) })
}

/// Arms that agree in every point.
fn same(case: &Case) -> Option<Remark> {
    let Pair { baseline, canary } = case.series;
    let n = match (baseline, canary) {
        (Series::Gauge { .. }, Series::Gauge { .. }) => {
            let steps = case.grid.gauge(case.series);
            agreeing(&steps, |v| v.to_bits())
        }
        (Series::Counts { .. }, Series::Counts { .. }) => {
            agreeing(&case.grid.counts(case.series), |t: Trials| (t.total, t.bad))
        }
        (Series::Events { .. }, Series::Events { .. }) => agreeing(&case.grid.events(case.series), |o| o.count),
        (Series::Values { value: a, .. }, Series::Values { value: b, .. }) => {
            let varied = a.iter().take(1000).map(|v| v.to_bits()).collect::<std::collections::BTreeSet<_>>().len();
            (a.len() >= LEAST && varied >= LEAST_DISTINCT && a == b).then_some(a.len())
        }
        (Series::Buckets { bins: a, .. }, Series::Buckets { bins: b, .. }) => {
            (a.len() >= LEAST && a == b).then_some(a.len())
        }
        _ => None,
    }?;
    let text = format!("both arms are the same in all {} points: are they the same data?", words::count(n as u64));
    Some(Remark::suspect(text))
}

/// How many steps agree, where all do that both arms have, and where enough of them differ from each other.
fn agreeing<T: Copy, K: Ord>(steps: &Pair<Steps<T>>, key: impl Fn(T) -> K) -> Option<usize> {
    let mut different = std::collections::BTreeSet::new();
    let mut n = 0;
    for (a, b) in steps.baseline.iter().zip(&steps.canary) {
        let Some((a, b)) = a.zip(*b) else { continue };
        let a = key(a);
        if a != key(b) {
            return None;
        }
        different.insert(a);
        n += 1;
    }
    (n >= LEAST && different.len() >= LEAST_DISTINCT).then_some(n)
}

/// A relative margin that the few bad ones of this traffic never decide: equal arms need about `2 (z / ln(1 + margin))²`.
fn undecidable(case: &Case, steps: &Pair<Steps<Trials>>) -> Option<Remark> {
    let Limit::Margin { relative: Some(relative), absolute: None } = case.criterion.target()?.limit else {
        return None;
    };
    let seen: u64 = steps.get(Arm::Baseline).iter().flatten().map(|t| t.bad).fold(0, u64::saturating_add);
    let needed = 2.0 * (1.645 / relative.abs().ln_1p()).powi(2);
    (relative != 0.0 && needed > 1000.0 * seen.max(1) as f64).then(|| {
        let margin = words::number(relative.abs() * 100.0);
        Remark::note(format!(
            "a margin of {margin} % is not decided at this traffic: it takes about {} bad ones in each arm, and the baseline had {}",
            words::count(needed as u64),
            words::count(seen)
        ))
    })
}
