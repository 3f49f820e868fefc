//! The sentence a person understands: value, limit, n and interval.

use super::quantiles;
use crate::bounds::{Bounds, Evidences};
use crate::case::Case;
use crate::compare::Facts;
use crate::look::{Hurdles, Look};
use crate::measure::{Measured, Test};
use crate::rules::{Bound, Side, Unit};
use crate::series::{SignedDuration, Timestamp};
use crate::verdict::{EffectKind, Evidence, Levels, OneQuantile, Outcome, Reason, Since};
use crate::words::{self, change, count, duration, limit, outcome_verb, plural, quantity};

/// An answered criterion, to be put into words.
pub(crate) struct Answer<'a> {
    pub(crate) case: &'a Case<'a>,
    pub(crate) measured: &'a Measured,
    pub(crate) test: &'a Test,
    pub(crate) look: &'a Look,
    pub(crate) needs: Hurdles,
    pub(crate) strength: &'a Evidences,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Reason,
    pub(crate) levels: Levels,
    pub(crate) why: Option<&'a str>,
}

/// The sentence of a criterion that was judged by its interval.
pub(crate) fn sentence(answer: &Answer, bounds: &Bounds, evidence: &Evidence) -> String {
    let verb = outcome_verb(answer.outcome);
    let facts = facts(answer, evidence);
    let relation = relation(answer, evidence);
    match (answer.why, &evidence.since) {
        (Some(why), _) => format!("{verb}: {why}; so far {facts}"),
        (None, Some(since)) => format!("{verb}: {}{relation}; over all steps {facts}", worse_since(answer, since)),
        (None, None) => format!("{verb}: {facts}{relation}{}", at_any_time(answer, bounds)),
    }
}

/// Since when the canary is worse, and by how much.
fn worse_since(answer: &Answer, since: &Since) -> String {
    let unit = &answer.case.unit();
    let Since { at, estimate, effect } = since;
    let arm = |value: Option<f64>| value.map_or("nothing".into(), |value| quantity(value, unit));
    let shown = match answer.test.comparison.kind() {
        EffectKind::Level => arm(effect.estimate.or(estimate.canary)),
        _ => {
            let effect = effect.estimate.map(|value| format!(", {}", change(value, effect.kind, unit)));
            format!("{} against {}{}", arm(estimate.canary), arm(estimate.baseline), effect.unwrap_or_default())
        }
    };
    let range = range(effect.low, effect.high, effect.kind, unit);
    format!("worse from {} on: {shown} ({range})", at.strftime("%H:%M UTC"))
}

/// What a Fail by any-time evidence alone rests on, and since when that is seen where it was not from the first step on.
fn at_any_time(answer: &Answer, bounds: &Bounds) -> String {
    let (needed, strength) = (&answer.needs.fail, answer.strength.fail);
    if answer.reason != Reason::BeyondBound || needed.is_reached(strength.0, f64::NEG_INFINITY) {
        return String::new();
    }
    let since = match bounds.loudest(answer.look) {
        0 => String::new(),
        step => format!(", as seen since {}", answer.case.grid.begins(step).strftime("%H:%M UTC")),
    };
    format!(", by evidence that holds at any time{since}")
}

/// What was seen: the numbers with their interval.
fn facts(answer: &Answer, evidence: &Evidence) -> String {
    let (unit, of) = (&answer.case.unit(), &answer.case.metric.of);
    let Some(effect) = evidence.effect else { return String::new() };
    let level = words::number(answer.levels.pass.min(answer.case.rules.policy.level) * 100.0);
    let show = |value: f64| change(value, effect.kind, unit);
    let interval = format!("{level} % bounds {}", range(effect.low, effect.high, effect.kind, unit));
    let estimate = effect.estimate.map_or("no estimate".into(), show);
    let arm = |value: Option<f64>| value.map_or("nothing".into(), |value| quantity(value, unit));
    let arms = || format!("{} against {}", arm(evidence.estimate.canary), arm(evidence.estimate.baseline));
    match answer.test.comparison.facts() {
        Facts::Share { .. } => {
            let bad = evidence.bad.map_or(0, |bad| bad.canary);
            let total = evidence.n.canary as u64;
            let part = if answer.measured.flipped { total - bad.min(total) } else { bad };
            format!("{} of {} {of} ({estimate}, {interval})", count(part), count(total))
        }
        Facts::Frequency(occurrences) => {
            let seen = match evidence.n_of {
                "seconds" => duration(SignedDuration::from_secs_f64(evidence.n.canary.min(1e15))),
                _ => duration(elapsed(answer)),
            };
            format!("{} in {seen} ({estimate}, {interval})", plural(occurrences, "occurrence"))
        }
        Facts::Rates => {
            let bad = evidence.bad.unwrap_or_default();
            let flip = |bad: u64, n: f64| if answer.measured.flipped { n as u64 - bad.min(n as u64) } else { bad };
            let sizes = match evidence.n_of {
                "trials" => format!(
                    " ({} of {} against {} of {} {of})",
                    count(flip(bad.canary, evidence.n.canary)),
                    count(evidence.n.canary as u64),
                    count(flip(bad.baseline, evidence.n.baseline)),
                    count(evidence.n.baseline as u64)
                ),
                _ => format!(" ({} against {} occurrences)", count(bad.canary), count(bad.baseline)),
            };
            format!("{}{sizes}: {estimate} ({interval})", arms())
        }
        Facts::Pairs(pairs) => {
            let pairs = plural(pairs as u64, "pair");
            format!("{} over {pairs} of steps: {estimate} ({interval})", arms())
        }
        Facts::Samples => {
            let steps = plural(evidence.n.baseline as u64, "step");
            format!("{} over {} against {steps}: {estimate} ({interval})", arms(), count(evidence.n.canary as u64))
        }
        Facts::Spikes { alone, bad, measured, missing } => {
            let measured = count(measured as u64);
            let missing = if missing > 0 { format!(", {missing} not measured") } else { String::new() };
            let share = if alone { estimate } else { format!("{}: {estimate}", arms()) };
            format!("{} of {measured} steps lie beyond the limit{missing} ({share}, {interval})", count(bad as u64))
        }
        Facts::Trend { alone, n } => {
            let steps = plural(n as u64, "step");
            let change = if alone { "it changes by".to_owned() } else { format!("{}:", arms()) };
            format!("{change} {estimate} over {steps} ({interval})")
        }
        Facts::Days(days) => {
            let days = plural(days as u64, "earlier day");
            let expected = arm(evidence.estimate.baseline);
            format!(
                "{} where {expected} are expected from {days}: {estimate} ({interval})",
                arm(evidence.estimate.canary)
            )
        }
        Facts::Steps => format!("typically {estimate} over {} ({interval})", plural(evidence.n.canary as u64, "step")),
        Facts::Quantile { q, across_steps } => {
            let what = if across_steps { "steps" } else { of };
            let name = words::quantile_name(q);
            format!("{name} {estimate} of {} {what} ({interval})", count(evidence.n.canary as u64))
        }
        Facts::AnyQuantile => of_quantiles(answer, evidence, &level),
        Facts::Quantiles { q } => format!(
            "{} {} over {} against {} {of}: {estimate} ({interval})",
            words::quantile_name(q),
            arms(),
            count(evidence.n.canary as u64),
            count(evidence.n.baseline as u64)
        ),
    }
}

/// What was seen of many quantiles: which part it is about, and the numbers of the one that tells most.
fn of_quantiles(answer: &Answer, evidence: &Evidence, level: &str) -> String {
    let (unit, of) = (&answer.case.metric.unit, &answer.case.metric.of);
    let Some(quantiles) = &evidence.quantiles else { return String::new() };
    let (part, one) = quantiles::part(quantiles, answer.outcome);
    let (canary, baseline) = (count(evidence.n.canary as u64), count(evidence.n.baseline as u64));
    let told = one.map(|OneQuantile { q, estimate, effect, .. }| {
        let arm = |value: Option<f64>| value.map_or("nothing".into(), |value| quantity(value, unit));
        let ratio = effect.estimate.map_or("no estimate".into(), |ratio| change(ratio, effect.kind, unit));
        let range = range(effect.low, effect.high, effect.kind, unit);
        let (name, canary, baseline) = (words::quantile_name(*q), arm(estimate.canary), arm(estimate.baseline));
        format!(": {canary} against {baseline} at {name}, {ratio} ({level} % bounds {range})")
    });
    format!("{part}{}, over {canary} against {baseline} {of}", told.unwrap_or_default())
}

/// How what was seen lies to the bound.
fn relation(answer: &Answer, evidence: &Evidence) -> String {
    let criterion = answer.case.criterion;
    let unit = &answer.case.unit();
    let text = |b: &Option<Bound>| b.as_ref().map(|b| limit(b, unit)).unwrap_or_default();
    let target = if criterion.pass.is_some() { text(&criterion.pass) } else { text(&criterion.fail) };
    let beyond = if criterion.fail.is_some() { text(&criterion.fail) } else { target.clone() };
    let side = criterion.pass.map_or_else(
        || criterion.fail.map_or(Side::AtMost, |f| if f.side == Side::AtMost { Side::AtLeast } else { Side::AtMost }),
        |p| p.side,
    );
    let (within, broken) = match side {
        Side::AtMost => ("within", "exceeds"),
        Side::AtLeast => ("at or above", "falls short of"),
    };
    match answer.reason {
        Reason::WithinBound => format!(", {within} {target}{}", tolerated(evidence)),
        Reason::BeyondBound => format!(", {broken} {beyond}"),
        Reason::BetweenBounds => format!(", not shown to be {within} {target}, but shown not to reach {beyond}"),
        Reason::SmallExcess => {
            let least = words::number(answer.case.rules.policy.min_excess);
            format!(", {broken} {beyond}, but by fewer than {least} occurrences")
        }
        Reason::NotBroken => format!("; not shown to be {within} {target}, but as a guardrail it is not broken"),
        Reason::LeansBeyond => {
            format!("; not shown to be {within} {target}, and the guardrail's estimate lies beyond it")
        }
        Reason::NotComparable => {
            format!("; whether that is {within} {target} cannot be told without the requests behind each percentile")
        }
        _ => format!("; whether that is {within} {target} is undecided"),
    }
}

/// A Pass with a shown but tolerated worsening says so.
fn tolerated(evidence: &Evidence) -> &'static str {
    let Some(effect) = evidence.effect else { return "" };
    let worse = match effect.kind {
        EffectKind::Ratio => effect.low > 1.0,
        EffectKind::Difference => effect.low > 0.0,
        EffectKind::Level => false,
    };
    let upper = evidence.pass_limit.is_some_and(|limit| limit >= effect.high);
    if worse && upper { " (a worsening is shown, but tolerated)" } else { "" }
}

/// How long the steps of a criterion last.
pub(crate) fn elapsed(answer: &Answer) -> SignedDuration {
    let steps = i32::try_from(answer.case.grid.len()).unwrap_or(i32::MAX);
    answer.case.grid.step().checked_mul(steps).unwrap_or(SignedDuration::MAX)
}

fn range(low: f64, high: f64, kind: EffectKind, unit: &Unit) -> String {
    // An end that is nothing beside the other is written as nothing.
    let nil = kind != EffectKind::Ratio && high.is_finite() && low.abs() < high.abs() * 1e-3;
    let (a, b) = (change(if nil { 0.0 } else { low }, kind, unit), change(high, kind, unit));
    match (low.is_finite() && low > f64::NEG_INFINITY, high.is_finite()) {
        (true, true) => {
            // One unit is enough where both ends carry the same.
            let shared = a.rsplit_once(' ').zip(b.rsplit_once(' ')).filter(|((_, u), (_, v))| u == v);
            shared.map_or(format!("{a} to {b}"), |((a, _), _)| format!("{a} to {b}"))
        }
        (false, true) => format!("up to {b}"),
        (true, false) => format!("{a} or more"),
        (false, false) => "unbounded".into(),
    }
}

/// The sentence of an observed number.
pub(crate) fn observed(outcome: Outcome, reason: Reason, shown: &str, bound: &str, why: Option<&str>) -> String {
    let verb = outcome_verb(outcome);
    match (reason, why) {
        (_, Some(why)) => format!("{verb}: {why}; so far {shown}"),
        (Reason::WithinBound, _) => format!("{verb}: {shown}, as asked ({bound})"),
        (Reason::BetweenBounds, _) => format!("{verb}: {shown}, beyond the target {bound}, but not failing"),
        (Reason::NoBaseline, _) => format!("{verb}: {shown}, with no baseline to compare with"),
        _ => format!("{verb}: {shown}, but the bound is {bound}"),
    }
}

/// An alarm rule and what it met.
pub(crate) struct PeriodRule<'a> {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) beyond: usize,
    pub(crate) measured: usize,
    pub(crate) missing: usize,
    pub(crate) bound: &'a str,
    pub(crate) worst: Option<String>,
    /// So many bad ones were missing for an alarm, if that is why there was none.
    pub(crate) least: Option<u64>,
}

/// The sentence of an alarm rule.
pub(crate) fn periods(
    outcome: Outcome,
    reason: Reason,
    rule: &PeriodRule,
    at: Option<Timestamp>,
    why: Option<&str>,
) -> String {
    let verb = outcome_verb(outcome);
    let PeriodRule { m, n, beyond, measured, missing, bound, worst, least } = rule;
    let run = match (m, n) {
        (_, 1) => "a period".into(),
        (m, n) if m == n => format!("{n} consecutive periods"),
        (m, n) => format!("{m} of {n} consecutive periods"),
    };
    let missing = if *missing > 0 { format!(", {missing} not measured") } else { String::new() };
    let worst = worst.as_deref().map(|worst| format!(", worst {worst}")).unwrap_or_default();
    let seen = format!("{beyond} of {measured} in all{worst}{missing}");
    match (reason, at, why) {
        (_, _, Some(why)) => format!("{verb}: {why}; so far {beyond} of {measured} periods broke {bound}{worst}"),
        (Reason::BeyondBound | Reason::BetweenBounds, Some(at), _) => {
            format!("{verb}: {run} broke {bound} at {} ({seen})", at.strftime("%H:%M UTC"))
        }
        _ => {
            let least = least.map(|least| format!(" with {} bad ones or more", count(least))).unwrap_or_default();
            format!("{verb}: never {run} that broke {bound}{least} ({seen})")
        }
    }
}

/// A probability below this is as good as none.
const LEAST_P: f64 = 1e-6;

/// The sentence about a traffic split that could not be checked: whether some metric counts the requests of both arms.
pub(crate) fn unchecked_split(is_counted: bool) -> String {
    let why = match is_counted {
        false => "no metric counts the requests of both arms",
        true => "no step has requests in both arms",
    };
    format!("the split could not be checked: {why}")
}

/// The sentence about the traffic split.
pub(crate) fn traffic(outcome: Outcome, canary: u64, both: u64, share: f64, (low, high): (f64, f64), p: f64) -> String {
    let observed = canary as f64 / both.max(1) as f64;
    let seen = format!(
        "{} of {} requests went to the canary ({}, 99.9 % interval {}, {})",
        count(canary),
        count(both),
        quantity(observed, &Unit::Share),
        range(low, high, EffectKind::Level, &Unit::Share),
        if p < LEAST_P { format!("p < {}", words::number(LEAST_P)) } else { format!("p = {}", words::number(p)) },
    );
    let expected = quantity(share, &Unit::Share);
    match outcome {
        Outcome::Pass => format!("passes: {seen}, in keeping with the configured {expected}"),
        _ => format!("{}: {seen}, where {expected} is configured", outcome_verb(outcome)),
    }
}
