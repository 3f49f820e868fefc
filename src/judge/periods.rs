//! Alarm rules: M of N consecutive periods beyond a limit.
//!
//! The rule people know from monitoring systems, as a criterion. It uses no statistics and says so. A period that
//! was not measured counts neither as beyond nor as within; how much may be missing is for the coverage policy.

use super::explain;
use super::grid::Steps;
use super::guard::Case;
use super::rules::{Bound, Kind, Limit, Side, Unit};
use super::verdict::{Effect, EffectKind, Evidence, Finding, Method, Outcome, Reason};
use super::{requests, words};
use crate::series::{Pair, SignedDuration};

/// Judges an alarm rule.
pub(super) fn judge(case: &Case, m: usize, n: usize) -> Finding {
    if let Some((reason, why)) = case.obstacle() {
        return case.unanswered(reason, why);
    }
    let criterion = case.criterion;
    let (alarm, target) = match (&criterion.fail, &criterion.pass) {
        (Some(fail), pass) => (Beyond::satisfying(fail), pass.as_ref().map(Beyond::outside)),
        (None, Some(pass)) => (Beyond::outside(pass), None),
        (None, None) => return case.unanswered(Reason::WrongShape, "the criterion has no bound".into()),
    };
    let span = [criterion.fail, criterion.pass].into_iter().flatten().find_map(|bound| bound.per);
    if let Some(why) = span.and_then(|span| unfit(case, span)) {
        return case.unanswered(Reason::TooFew, why);
    }
    let periods = periods(case, span);
    if periods.iter().all(Option::is_none) {
        return case.unanswered(Reason::TooFew, "there was no traffic to judge".into());
    }
    let failed = alarm.first_run(&periods, m, n);
    let warned = target.and_then(|target| target.first_run(&periods, m, n));
    let (outcome, reason) = match (failed, warned) {
        (Some(_), _) => (Outcome::Fail, Reason::BeyondBound),
        (None, Some(_)) => (Outcome::Warn, Reason::BetweenBounds),
        (None, None) => (Outcome::Pass, Reason::WithinBound),
    };
    let (outcome, reason, why) = match (case.confirm(outcome, reason), blind(case, &periods, m, n)) {
        ((Outcome::Pass | Outcome::Warn, ..), Some(why)) => (Outcome::Inconclusive, Reason::LowCoverage, Some(why)),
        (confirmed, _) => confirmed,
    };
    let beyond = periods.iter().flatten().filter(|v| alarm.is_beyond(**v)).count();
    let measured = periods.iter().flatten().count();
    let worst = alarm.worst(&periods);
    let evidence = Evidence {
        n: Pair { baseline: 0.0, canary: measured as f64 },
        n_of: "steps",
        estimate: Pair { baseline: None, canary: worst },
        effect: worst.map(|w| Effect { kind: EffectKind::Level, estimate: Some(w), low: w, high: w }),
        pass_limit: criterion.pass.as_ref().and_then(threshold),
        fail_limit: criterion.fail.as_ref().and_then(threshold),
        method: Some(Method::Periods),
        periods: Some((beyond, measured)),
        ..Evidence::default()
    };
    let bound = criterion.target().map(|b| words::bound(b, &case.metric.unit));
    let rule = explain::PeriodRule {
        m,
        n,
        beyond,
        measured,
        missing: periods.len() - measured,
        bound: &bound.unwrap_or_default(),
        worst: worst.map(|worst| show(case, span, worst)),
    };
    let at = failed.or(warned).map(|i| case.grid.begins(i));
    let sentence = explain::periods(outcome, reason, &rule, at, why.as_deref());
    let mut finding = case.finding(outcome, reason, sentence, evidence);
    if let Some(span) = span.filter(|span| *span < case.grid.step()) {
        let (span, step) = (words::duration(span), words::duration(case.grid.step()));
        finding.notes.push(format!("a burst of {span} is averaged over its step of {step}"));
    }
    finding
}

/// Why the alarm could not have been set off by what was measured, if so: where too few runs of `n` periods hold
/// `m` measured ones, silence means nothing.
fn blind(case: &Case, periods: &[Option<f64>], m: usize, n: usize) -> Option<String> {
    let (m, n) = (m.max(1), n.max(1));
    let measured: Vec<bool> = periods.iter().map(Option::is_some).collect();
    let runs = measured.len().saturating_sub(n - 1);
    let open = measured.windows(n).filter(|run| run.iter().filter(|p| **p).count() >= m).count();
    if runs == 0 {
        return Some(format!("the window has only {} periods, the alarm looks at {n}", periods.len()));
    }
    let asked = case.rules.policy.min_coverage * runs as f64;
    (open == 0 || open as f64 + 1e-9 < asked)
        .then(|| format!("the alarm could have gone off in only {open} of {runs} runs of {n} periods"))
}

/// Why occurrences per span cannot be counted in this window, if so.
fn unfit(case: &Case, span: SignedDuration) -> Option<String> {
    let steps = i32::try_from(case.grid.len()).unwrap_or(i32::MAX);
    let window = case.grid.step().checked_mul(steps).unwrap_or(SignedDuration::MAX);
    (window < span).then(|| format!("{} were watched, less than {}", words::duration(window), words::duration(span)))
}

fn threshold(bound: &Bound) -> Option<f64> {
    match bound.limit {
        Limit::Threshold(value) => Some(value),
        Limit::Margin { .. } => None,
    }
}

/// A period's number in the terms of the bound: occurrences per span are counted over that span.
fn show(case: &Case, span: Option<SignedDuration>, value: f64) -> String {
    match (&case.metric.unit, span) {
        (Unit::PerSecond, Some(span)) => {
            format!("{} per {}", words::number(value * span.as_secs_f64()), words::duration(span))
        }
        (unit, _) => words::quantity(value, unit),
    }
}

/// Which side of a limit sets off the alarm.
#[derive(Clone, Copy)]
struct Beyond {
    limit: f64,
    above: bool,
    inclusive: bool,
}

impl Beyond {
    fn satisfying(fail: &Bound) -> Beyond {
        let limit = threshold(fail).unwrap_or(f64::NAN);
        Beyond { limit, above: fail.side == Side::AtLeast, inclusive: !fail.strict }
    }

    fn outside(pass: &Bound) -> Beyond {
        let limit = threshold(pass).unwrap_or(f64::NAN);
        Beyond { limit, above: pass.side == Side::AtMost, inclusive: pass.strict }
    }

    fn is_beyond(&self, value: f64) -> bool {
        match (self.above, self.inclusive) {
            (true, false) => value > self.limit,
            (true, true) => value >= self.limit,
            (false, false) => value < self.limit,
            (false, true) => value <= self.limit,
        }
    }

    /// The step at which `m` of the last `n` periods were beyond, for the first time.
    fn first_run(&self, periods: &[Option<f64>], m: usize, n: usize) -> Option<usize> {
        let beyond: Vec<bool> = periods.iter().map(|v| v.is_some_and(|v| self.is_beyond(v))).collect();
        (0..beyond.len()).find(|end| {
            let start = (end + 1).saturating_sub(n.max(1));
            beyond[start..=*end].iter().filter(|b| **b).count() >= m.max(1)
        })
    }

    fn worst(&self, periods: &[Option<f64>]) -> Option<f64> {
        let present = periods.iter().flatten().copied();
        if self.above { present.reduce(f64::max) } else { present.reduce(f64::min) }
    }
}

/// The canary's number in each period, in the metric's unit. Occurrences bounded per span are counted over that
/// span, rolling by one step.
fn periods(case: &Case, span: Option<SignedDuration>) -> Steps<f64> {
    match &case.metric.kind {
        Kind::BadShare | Kind::PartShare => {
            case.grid.counts(case.series).canary.into_iter().map(|s| s.and_then(|t| t.share())).collect()
        }
        Kind::GoodShare => {
            let steps = case.grid.counts(case.series).canary.into_iter();
            steps.map(|s| s.and_then(|t| t.share()).map(|share| 1.0 - share)).collect()
        }
        Kind::Events => {
            let step = case.grid.step().as_secs_f64();
            let width = span.map_or(1, |span| (span.as_secs_f64() / step).round().max(1.0) as usize);
            let steps = case.grid.events(case.series).canary;
            let rolling = |end: usize| {
                steps[end]?;
                let window = &steps[(end + 1).saturating_sub(width)..=end];
                let (count, exposure) =
                    window.iter().flatten().fold((0u64, 0.0), |(x, e), o| (x.saturating_add(o.count), e + o.exposure));
                let by_time = matches!(case.metric.unit, Unit::PerSecond);
                // Per span of time: the whole span exposes, also at the start and across gaps, where fewer steps
                // can only have seen fewer occurrences.
                let exposure = if by_time { width as f64 * step } else { exposure };
                (exposure > 0.0).then(|| count as f64 / exposure)
            };
            (0..steps.len()).map(rolling).collect()
        }
        Kind::Gauge { .. } => case.grid.gauge(case.series).canary,
        Kind::Values => {
            let q = requests::quantile_of(case.criterion.statistic);
            case.grid.values(case.series).canary.iter().map(|requests| requests.quantile(q)).collect()
        }
    }
}
