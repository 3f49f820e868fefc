//! Alarm rules: M of N consecutive periods beyond a limit.
//!
//! The rule people know from monitoring systems, as a criterion. It uses no statistics and says so. A period that
//! was not measured counts neither as beyond nor as within; how much may be missing is for the coverage policy.
//!
//! A share of few requests is beyond any limit by one bad one among them. So the periods that set off an alarm must hold a
//! least count of bad ones together; where the bound is broken over and over with fewer, there is no Pass either.

use super::period::{Period, steps_of};
use crate::case::Case;
use crate::explain::finding::unanswered;
use crate::explain::{sentence, why};
use crate::grid::Steps;
use crate::rules::{Beyond, Bound, Kind, Limit, Side, Statistic, Unit};
use crate::series::{Arm, Pair, SignedDuration};
use crate::verdict::{Effect, EffectKind, Evidence, Finding, Method, Outcome, Reason};
use crate::why::Why;
use crate::words;

/// When an alarm goes off: `m` of `n` consecutive periods are beyond, with so many bad ones together.
#[derive(Clone, Copy)]
pub(crate) struct Alarm {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) min_count: u64,
}

/// Judges an alarm rule.
pub(crate) fn judge(case: &Case, alarm: Alarm) -> Finding {
    if let Some((reason, why)) = case.obstacle() {
        return unanswered(case, reason, &why);
    }
    let criterion = case.criterion;
    let (beyond, target) = match (&criterion.fail, &criterion.pass) {
        (Some(fail), pass) => (Beyond::satisfying(fail), pass.as_ref().map(Beyond::outside)),
        (None, Some(pass)) => (Beyond::outside(pass), None),
        (None, None) => return unanswered(case, Reason::WrongShape, &Why::NoBound),
    };
    let span = [criterion.fail, criterion.pass].into_iter().flatten().find_map(|bound| bound.per);
    if let Some(why) = span.and_then(|span| unfit(case, span)) {
        return unanswered(case, Reason::TooFew, &why);
    }
    let periods = periods(case, span, &beyond);
    if periods.iter().all(Option::is_none) {
        return unanswered(case, Reason::TooFew, &Why::NoTraffic);
    }
    let failed = beyond.first_run(&periods, alarm);
    let warned = target.map(|target| (target, self::periods(case, span, &target)));
    let warned = warned.and_then(|(target, periods)| target.first_run(&periods, alarm));
    let (outcome, reason) = match (failed, warned) {
        (Some(_), _) => (Outcome::Fail, Reason::BeyondBound),
        (None, Some(_)) => (Outcome::Warn, Reason::BetweenBounds),
        (None, None) => (Outcome::Pass, Reason::WithinBound),
    };
    let missed = blind(case, &periods, alarm).map(|why| (Reason::LowCoverage, why));
    let missed = missed.or_else(|| thin(case, &periods, &beyond, alarm).map(|why| (Reason::TooFew, why)));
    let (outcome, reason, why) = match (case.confirm(outcome, reason), missed) {
        ((Outcome::Pass | Outcome::Warn, ..), Some((reason, why))) => (Outcome::Inconclusive, reason, Some(why)),
        (confirmed, _) => confirmed,
    };
    let many = periods.iter().flatten().filter(|period| beyond.is_beyond(period.value)).count();
    let measured = periods.iter().flatten().count();
    // what decides is the level that an alarm would just have reached, which no single period shows
    let level = beyond.level(&periods, alarm);
    let evidence = Evidence {
        n: Pair { baseline: 0.0, canary: measured as f64 },
        n_of: "steps",
        estimate: Pair { baseline: None, canary: level },
        effect: level.map(|w| Effect { kind: EffectKind::Level, estimate: Some(w), low: w, high: w }),
        pass_limit: criterion.pass.as_ref().and_then(threshold),
        fail_limit: criterion.fail.as_ref().and_then(threshold),
        method: Some(Method::Periods),
        periods: Some((many, measured)),
        ..Evidence::default()
    };
    let bound = criterion.target().map(|b| words::bound(b, &case.metric.unit));
    let uncovered = reason == Reason::LowCoverage;
    let few = failed.is_none() && beyond.first_run(&periods, Alarm { min_count: 0, ..alarm }).is_some();
    let rule = sentence::PeriodRule {
        least: few.then_some(alarm.min_count),
        m: alarm.m,
        n: alarm.n,
        beyond: many,
        measured,
        missing: periods.len() - measured,
        bound: &bound.unwrap_or_default(),
        worst: beyond.worst(&periods).map(|worst| show(case, span, worst)),
    };
    let at = failed.or(warned).map(|i| case.grid.begins(i));
    let why = why.map(|why| why::why(&why, case.metric));
    let sentence = sentence::periods(outcome, reason, &rule, at, why.as_deref());
    let mut finding = case.finding(outcome, reason, sentence, evidence);
    finding.decide = uncovered.then(|| case.uncovered());
    if let Some(span) = span.filter(|span| *span < case.grid.step()) {
        let (span, step) = (words::duration(span), words::duration(case.grid.step()));
        finding.notes.push(format!("a burst of {span} is averaged over its step of {step}"));
    }
    finding
}

/// Why the alarm could not have been set off by what was measured, if so: where too few runs of `n` periods hold
/// `m` measured ones, silence means nothing.
fn blind(case: &Case, periods: &[Option<Period>], alarm: Alarm) -> Option<Why> {
    let (m, n) = (alarm.m.max(1), alarm.n.max(1));
    let measured: Vec<bool> = periods.iter().map(Option::is_some).collect();
    let runs = measured.len().saturating_sub(n - 1);
    let open = measured.windows(n).filter(|run| run.iter().filter(|p| **p).count() >= m).count();
    if runs == 0 {
        return Some(Why::FewPeriods { periods: periods.len(), n });
    }
    let asked = case.rules.policy.min_coverage * runs as f64;
    (open == 0 || open as f64 + 1e-9 < asked).then_some(Why::Blind { open, runs, n })
}

/// Why there is too little traffic for the alarm, if so: what is beyond the bound again and again, or altogether, with
/// too few bad ones in each period, is not within it.
fn thin(case: &Case, periods: &[Option<Period>], beyond: &Beyond, alarm: Alarm) -> Option<Why> {
    beyond.first_run(periods, Alarm { min_count: 0, ..alarm })?;
    let (mut run, mut longest, mut bad, mut of) = (0, 0, 0, 0.0);
    for period in periods.iter().flatten() {
        run = if beyond.is_beyond(period.value) { period.bad.saturating_add(run) } else { 0 };
        longest = run.max(longest);
        (bad, of) = (period.bad.saturating_add(bad), of + period.of);
    }
    let allowed = match (&case.metric.kind, case.criterion.statistic) {
        (Kind::Values, Statistic::Quantile(q)) if beyond.above => 1.0 - q,
        (Kind::Values, Statistic::Quantile(q)) => q,
        _ if beyond.above => beyond.limit,
        _ => 1.0 - beyond.limit,
    };
    let altogether = bad >= alarm.min_count && bad as f64 > allowed * of * (1.0 + 1e-9);
    let few = altogether || longest >= alarm.min_count;
    few.then_some(Why::Thin { bad, m: alarm.m, least: alarm.min_count })
}

/// Why occurrences per span cannot be counted in this window, if so.
fn unfit(case: &Case, span: SignedDuration) -> Option<Why> {
    let steps = i32::try_from(case.grid.len()).unwrap_or(i32::MAX);
    let window = case.grid.step().checked_mul(steps).unwrap_or(SignedDuration::MAX);
    (window < span).then_some(Why::ShortWindow { watched: window, span })
}

fn threshold(bound: &Bound) -> Option<f64> {
    match bound.limit {
        Limit::Threshold(value) => Some(value),
        Limit::Margin { .. } => None,
    }
}

/// A period's number in the terms of the bound: occurrences per span are counted over that span. A share is shown with
/// what it is of.
fn show(case: &Case, span: Option<SignedDuration>, period: Period) -> String {
    let value = period.value;
    if let (Kind::BadShare | Kind::GoodShare | Kind::PartShare, Unit::Share) = (&case.metric.kind, &case.metric.unit) {
        let (part, of) = ((value * period.of).round() as u64, period.of as u64);
        return format!(
            "{}, {} of {} {}",
            words::quantity(value, &Unit::Share),
            words::count(part),
            words::count(of),
            case.metric.of
        );
    }
    match (&case.metric.unit, span) {
        (Unit::PerSecond, Some(span)) => {
            format!("{} per {}", words::number(value * span.as_secs_f64()), words::duration(span))
        }
        (unit, _) => words::quantity(value, unit),
    }
}

impl Beyond {
    fn satisfying(fail: &Bound) -> Beyond {
        let limit = threshold(fail).unwrap_or(f64::NAN);
        Beyond { limit, above: fail.side == Side::AtLeast, inclusive: !fail.strict, quantile: None }
    }

    fn outside(pass: &Bound) -> Beyond {
        let limit = threshold(pass).unwrap_or(f64::NAN);
        Beyond { limit, above: pass.side == Side::AtMost, inclusive: pass.strict, quantile: None }
    }

    /// The step at which the alarm goes off for the first time.
    fn first_run(&self, periods: &[Option<Period>], alarm: Alarm) -> Option<usize> {
        let beyond = |period: &&Period| self.is_beyond(period.value);
        (0..periods.len()).find(|end| {
            let run = run(periods, *end, alarm.n).filter(beyond);
            let (many, bad) = run.fold((0, 0_u64), |(m, bad), period| (m + 1, bad.saturating_add(period.bad)));
            many >= alarm.m.max(1) && bad >= alarm.min_count
        })
    }

    /// The level up to which limits would have set off the alarm, or down to which.
    fn level(&self, periods: &[Option<Period>], alarm: Alarm) -> Option<f64> {
        let worse = |a: f64, b: f64| if self.above { b.total_cmp(&a) } else { a.total_cmp(&b) };
        let reached = |end: usize| {
            let mut run: Vec<&Period> = run(periods, end, alarm.n).collect();
            run.sort_by(|a, b| worse(a.value, b.value));
            let mut bad = 0_u64;
            let enough = run.iter().enumerate().find(|(i, period)| {
                bad = bad.saturating_add(period.bad);
                i + 1 >= alarm.m.max(1) && bad >= alarm.min_count
            });
            let last = run.last().filter(|period| run.len() >= alarm.m.max(1) && !self.is_beyond(period.value));
            enough.map(|(_, period)| period.value).or(last.map(|period| period.value))
        };
        (0..periods.len()).filter_map(reached).min_by(|a, b| worse(*a, *b))
    }

    fn worst(&self, periods: &[Option<Period>]) -> Option<Period> {
        let present = periods.iter().flatten().copied();
        let worse = |a: Period, b: Period| if (a.value >= b.value) == self.above { a } else { b };
        present.reduce(worse)
    }
}

/// The last `n` measured periods up to one: a gap is neither good nor bad. They lie no further apart than twice as many.
fn run(periods: &[Option<Period>], end: usize, n: usize) -> impl Iterator<Item = &Period> {
    let reach = n.max(1).saturating_mul(2);
    periods[(end + 1).saturating_sub(reach)..=end].iter().rev().flatten().take(n.max(1))
}

/// The canary's periods.
fn periods(case: &Case, span: Option<SignedDuration>, beyond: &Beyond) -> Steps<Period> {
    steps_of(case, Arm::Canary, span, beyond)
}
