//! From findings to the verdict: the outcome, the score, the recommendation and the one sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::explain::summary;
use super::learned::Learned;
use super::requests::ArmRequests;
use super::rules::{Kind, Looks, NotJudged, Policy, Rule, Rules, Severity};
use super::verdict::{Distribution, Finding, Noise, Outcome, Recommendation, Score, Trace, Verdict};
use super::{grid, look, noise};
use crate::series::{Arm, Dataset, Days, Gravity, MetricName, Pair, Series, SignedDuration, Window};
use davy_stats::slow::Requests;

/// The outcome of the findings together.
pub(super) fn outcome(rules: &Rules, findings: &[Finding], score: &Score) -> Outcome {
    decided(&rules.policy, findings, score).max(limit(&rules.not_judged)).max(unproved(findings))
}

/// Combines the findings.
///
/// Any Fail fails; else any Inconclusive is Inconclusive; else any Warn warns; else it passes. Muted findings never
/// decide. Nothing judged is Inconclusive, and so are guardrails alone: something must be shown to hold. A score policy replaces this for the weighted findings, but a critical one
/// must not fail or stay open, and a score of nothing is no Pass.
pub(super) fn conclude(rules: &Rules, data: &Dataset, look: &look::Look, findings: Vec<Finding>) -> Verdict {
    let score = score(&findings);
    let limit = limit(&rules.not_judged);
    let outcome = outcome(rules, &findings, &score);
    let recommendation = match outcome {
        Outcome::Pass => Recommendation::Promote { to: rules.policy.promote_to.clone() },
        Outcome::Warn if limit < Outcome::Warn => Recommendation::Promote { to: rules.policy.promote_to.clone() },
        // nobody has looked at what is not judged
        Outcome::Warn | Outcome::Inconclusive => Recommendation::Hold,
        Outcome::Fail => Recommendation::RollBack { to: rules.policy.roll_back_to.clone() },
    };
    let learned = learned(rules);
    Verdict {
        name: rules.name.clone(),
        phase: rules.phase.clone(),
        labels: rules.labels.clone(),
        outcome,
        summary: summary::summary(outcome, &findings, &rules.not_judged, rules.policy.score.and(score.total)),
        recommendation,
        score,
        windows: data.windows,
        step: data.step,
        warmup: rules.policy.warmup_steps(data.step),
        traces: traces(rules, data),
        distributions: distributions(rules, data),
        look: look.told(rules, data),
        not_judged: rules.not_judged.clone(),
        localised: Vec::new(),
        mixes: Vec::new(),
        signed: Vec::new(),
        notes: notes(rules, data, look, &learned),
        learned,
        level: rules.policy.level,
        fingerprint: rules.fingerprint.clone(),
        findings,
    }
}

/// What was learned of the metrics whose criteria take it.
fn learned(rules: &Rules) -> BTreeMap<MetricName, Noise> {
    let takes = |name: &str| rules.criteria.iter().any(|c| c.metric == name && c.rule == Rule::Interval);
    let noise = |(name, learned): (&MetricName, &Learned)| {
        let metric = rules.metrics.get(name).filter(|_| takes(name))?;
        let (figures, says) = (noise::figures(learned, metric)?, noise::describe(learned, metric)?);
        Some((name.clone(), Noise { past: learned.past, windows: learned.windows, figures, says }))
    };
    rules.learned.iter().filter_map(noise).collect()
}

/// The best outcome that what nobody judges allows.
fn limit(not_judged: &[NotJudged]) -> Outcome {
    match not_judged.iter().map(|one| one.gravity).max() {
        Some(Gravity::Incomplete) => Outcome::Inconclusive,
        Some(Gravity::Suspect) => Outcome::Warn,
        _ => Outcome::Pass,
    }
}

/// The best outcome where no primary criterion holds: guardrails that are not broken show nothing.
fn unproved(findings: &[Finding]) -> Outcome {
    let shown = findings.iter().any(|finding| finding.is_proof() && finding.outcome <= Outcome::Warn);
    if shown { Outcome::Pass } else { Outcome::Inconclusive }
}

fn decided(policy: &Policy, findings: &[Finding], score: &Score) -> Outcome {
    let deciding = || findings.iter().filter(|f| f.severity != Severity::Muted);
    // The check of the traffic split alone measures nothing of the canary.
    if !deciding().any(|f| f.weight > 0.0 || f.severity == Severity::Critical) {
        return Outcome::Inconclusive;
    }
    let worst = |of: &dyn Fn(&Finding) -> bool| deciding().filter(|f| of(f)).map(|f| f.outcome).max();
    let critical = worst(&|f| f.severity == Severity::Critical);
    match (policy.score, score.total) {
        (Some(limits), Some(total)) if critical != Some(Outcome::Fail) => {
            let by_score = if total <= 0.0 || total + 1e-9 < limits.marginal {
                let failed = worst(&|_| true) == Some(Outcome::Fail);
                if failed { Outcome::Fail } else { Outcome::Inconclusive }
            } else if total + 1e-9 >= limits.pass {
                Outcome::Pass
            } else {
                Outcome::Warn
            };
            // What has no part in the score, or must hold whatever the score is, still has its say.
            let apart = worst(&|f| f.weight <= 0.0).max(critical.filter(|o| *o == Outcome::Inconclusive));
            apart.map_or(by_score, |apart| apart.max(by_score))
        }
        _ => worst(&|_| true).unwrap_or(Outcome::Inconclusive),
    }
}

/// The weighted share of what was shown to hold: Pass counts whole, Warn half, anything else nothing. A critical
/// failure makes its group nothing.
pub(super) fn score(findings: &[Finding]) -> Score {
    let counted: Vec<&Finding> = findings.iter().filter(|f| f.severity != Severity::Muted && f.weight > 0.0).collect();
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in counted {
        let place = *places.entry(&finding.group).or_insert(groups.len());
        if place == groups.len() {
            groups.push((&finding.group, Vec::new()));
        }
        groups[place].1.push(finding);
    }
    let (mut sum, mut weights, mut scores) = (0.0, 0.0, Vec::new());
    for (name, members) in groups {
        let weight: f64 = members.iter().map(|f| f.weight).sum();
        let critical = members.iter().any(|f| f.severity == Severity::Critical && f.outcome == Outcome::Fail);
        let earned = if critical { 0.0 } else { members.iter().map(|f| f.weight * worth(f.outcome)).sum() };
        scores.push((name.to_owned(), Some(100.0 * earned / weight)));
        sum += earned;
        weights += weight;
    }
    Score { total: (weights > 0.0).then(|| 100.0 * sum / weights), groups: scores }
}

fn worth(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::Pass => 1.0,
        Outcome::Warn => 0.5,
        Outcome::Inconclusive | Outcome::Fail => 0.0,
    }
}

fn notes(rules: &Rules, data: &Dataset, look: &look::Look, learned: &BTreeMap<MetricName, Noise>) -> Vec<String> {
    let mut notes = Vec::new();
    let windows = data.windows;
    if windows.baseline != windows.canary {
        notes.extend(data.days.as_ref().map_or_else(|| another_time(windows, rules), |days| Some(earlier_days(days))));
        let grid = grid::Grid::new(data, rules.policy.warmup);
        if grid.baseline_len() != grid.len() {
            notes.push(format!(
                "the windows differ in length ({} and {} steps): numbers per step are compared over all of them, \
                 counts and values over the steps that both have",
                grid.baseline_len(),
                grid.len()
            ));
        }
    }
    if let (Some(_), Looks::Planned { soak, .. }) = (look::during_soak(rules, data), rules.looks) {
        let left_out = data.windows.canary.duration() - soak;
        notes.push(format!(
            "judged up to the end of the soak of {}; the {} after it are left out of every interval, since a plan that \
             is exceeded holds no level",
            super::words::duration(soak),
            super::words::duration(left_out)
        ));
    }
    if look.is_overplanned(rules) {
        notes.push(format!(
            "more than {} planned looks are as good as an open end: only evidence that holds at any time decides, which \
             takes more data; look less often",
            super::words::count(look::MOST_LOOKS as u64)
        ));
    }
    let warmup = rules.policy.warmup_steps(data.step);
    if warmup > 0 {
        let steps = super::words::plural(warmup as u64, "step");
        notes.push(format!("the first {steps} of both arms are left out as warm-up"));
    }
    notes.extend(learned.iter().map(|(metric, noise)| format!("{metric}: {}", noise.says)));
    notes
}

/// What several earlier windows can say and cannot.
fn earlier_days(days: &Days) -> String {
    format!(
        "the baseline is {} earlier windows, and traces show one of them: what changed since then for other reasons counts as an effect",
        days.windows.len()
    )
}

/// What a baseline from another time has in common with the canary: a weekday, a time of day, or neither.
fn another_time(windows: Pair<Window>, rules: &Rules) -> Option<String> {
    let shift = windows.canary.start.duration_since(windows.baseline.start);
    if shift.is_zero() {
        return None;
    }
    if !windows.baseline.is_dated() && !windows.canary.is_dated() {
        return Some("the data have no dates of their own: a time in this answer is the number of a step".to_owned());
    }
    let how = match (shift.as_hours().abs() + 1, super::case::whole_days(&windows, rules)) {
        // clocks that changed make an hour
        (hours, true) if hours % (7 * 24) <= 2 => {
            "at the same time of the same weekday: what changed in between for other reasons counts as an effect"
        }
        (_, true) => {
            "at the same time of day on another weekday: weekdays and weekends differ, and what changed in between for \
             other reasons counts as an effect"
        }
        _ => "at another time of day: a daily pattern, like anything else that changed in between, counts as an effect",
    };
    let by = super::words::duration(shift.abs());
    let side = if shift.is_negative() { "later" } else { "earlier" };
    let one = if side == "earlier" {
        "; one earlier window does not show how much days differ, as `days: 14` does"
    } else {
        ""
    };
    Some(format!("the baseline is another window, {by} {side}, {how}{one}"))
}

/// The quantile of a step's requests that is shown for them.
const MIDDLE: f64 = 0.5;

/// The quantiles of a distribution that are worth a point in a drawing.
const QUANTILES: [f64; 21] = [
    0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999,
    0.99999, 1.0,
];

/// How the requests of each metric with requests spread, seen over the judged time as a whole.
fn distributions(rules: &Rules, data: &Dataset) -> BTreeMap<MetricName, Distribution> {
    let named: BTreeSet<&MetricName> = rules.criteria.iter().map(|c| &c.metric).collect();
    let metrics = rules.metrics.iter().filter(|(name, metric)| named.contains(name) && metric.kind == Kind::Values);
    metrics
        .filter_map(|(name, metric)| {
            let grid = grid::Grid::of(data, name, rules.policy.warmup);
            let arms = grid.values(data.metrics.get(name)?).map(|steps| ArmRequests::new(steps).pooled);
            let n = arms.as_ref().map(|requests| requests.len());
            // A quantile is told where at least one request is beyond it; the two ends are requests themselves.
            let told = |requests: &Requests, q: f64| {
                let rare = q.min(1.0 - q);
                rare <= 0.0 || rare * requests.len() as f64 >= 1.0
            };
            let quantiles = arms.as_ref().map(|requests| {
                let told = QUANTILES.iter().filter(|q| told(requests, **q));
                told.filter_map(|q| Some((*q, requests.quantile(*q)?))).collect()
            });
            Some((name.clone(), Distribution { unit: metric.unit.clone(), n, quantiles }))
        })
        .collect()
}

/// The points of every metric that a criterion names, on the common grid.
fn traces(rules: &Rules, data: &Dataset) -> BTreeMap<MetricName, Trace> {
    let grid = grid::Grid::new(data, SignedDuration::ZERO);
    let named: BTreeSet<&MetricName> = rules.criteria.iter().map(|c| &c.metric).collect();
    let metrics = rules.metrics.iter().filter(|(name, _)| named.contains(name));
    metrics
        .filter_map(|(name, metric)| {
            let series = data.metrics.get(name)?;
            let steps = Pair::build(|arm| trace(&grid, series, arm, metric.kind == Kind::GoodShare));
            let origin = data.origins.get(name).cloned().unwrap_or_default();
            let many = |series: &Series| matches!(series, Series::Values { .. } | Series::Buckets { .. });
            let quantile = (many(&series.baseline) || many(&series.canary)).then_some(MIDDLE);
            Some((name.clone(), Trace { unit: metric.unit.clone(), quantile, steps, origin }))
        })
        .collect()
}

fn trace(grid: &grid::Grid, series: &Pair<Series>, arm: Arm, good: bool) -> Vec<Option<f64>> {
    match series.get(arm) {
        Series::Counts { .. } => {
            let share = |t: grid::Trials| t.share().map(|share| if good { 1.0 - share } else { share });
            grid.counts(series).get(arm).iter().map(|step| step.and_then(share)).collect()
        }
        Series::Events { .. } => {
            let rate = |o: grid::Occurrences| (o.exposure > 0.0).then(|| o.count as f64 / o.exposure);
            grid.events(series).get(arm).iter().map(|step| step.and_then(rate)).collect()
        }
        Series::Gauge { .. } => grid.gauge(series).get(arm).clone(),
        Series::Values { .. } | Series::Buckets { .. } => {
            grid.values(series).get(arm).iter().map(|requests| requests.quantile(MIDDLE)).collect()
        }
    }
}
