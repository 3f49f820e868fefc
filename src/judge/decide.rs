//! From evidence to an outcome: the whole interval within the bound passes, the whole interval beyond it fails.
//!
//! A criterion with a `fail` bound apart from its target warns when it is shown not to fail but not shown to meet
//! the target. Everything else is Inconclusive. The wider of two margins (`max(50%, 0.1pp)`) is passed when either
//! part is shown to hold and failed only when both are shown to be broken.

use super::compare::Comparison;
use super::explain;
use super::growth::Growth;
use super::guard::Case;
use super::levels::critical;
use super::measure::{Measured, Test};
use super::rules::{Bound, Side};
use super::verdict::{Effect, EffectKind, Evidence, Finding, Levels, Outcome, Reason};
use crate::series::Pair;
use crate::stats::counts;

/// Evidence statistics closer to a critical value than this are taken as reaching it, so that rounding on another
/// platform cannot change an answer.
const ROUNDING: f64 = 1e-9;

/// Judges a criterion whose whole interval must lie on one side.
pub(super) fn by_interval(case: &Case, levels: Levels) -> Finding {
    if let Some((reason, why)) = case.obstacle() {
        return case.unanswered(reason, why);
    }
    let measured = Measured::of(case);
    let growth = Growth::of(case);
    let levels = Growth::share(growth.as_ref(), levels);
    let bounds = Bounds::of(case, &measured);
    let Some(shown) = bounds.shown() else {
        return case.unanswered(Reason::WrongShape, "the criterion has no bound".into());
    };
    let (low, high) = match shown.wanted {
        Side::AtMost => (levels.fail, levels.pass),
        Side::AtLeast => (levels.pass, levels.fail),
    };
    let interval = shown.comparison.interval(critical(low), critical(high));
    let evidence = evidence(&measured, &bounds, shown, interval, levels);

    let (outcome, reason, why) = match too_thin(case, &measured) {
        Some((reason, why)) => (Outcome::Inconclusive, reason, Some(why)),
        None => {
            let (outcome, reason) = bounds.decide(case, levels);
            let (outcome, reason) = hold_back(&measured, outcome, reason);
            match growth.map(|growth| growth.amend(levels, outcome, reason)) {
                Some((outcome, reason, Some(why))) => (outcome, reason, Some(why)),
                _ => case.confirm(outcome, reason),
            }
        }
    };
    let answer =
        explain::Answer { case, measured: &measured, test: shown, outcome, reason, levels, why: why.as_deref() };
    let sentence = explain::sentence(&answer, &evidence);
    let decide = explain::what_would_decide(&answer, &bounds, &evidence);
    let mut finding = case.finding(outcome, reason, sentence, evidence);
    finding.decide = decide;
    finding.notes = measured.notes;
    finding
}

/// Too little data for any statistical answer.
fn too_thin(case: &Case, measured: &Measured) -> Option<(Reason, String)> {
    if let Some(thin) = case.thin() {
        return Some(thin);
    }
    let steps = measured.usable(case.needs_baseline());
    let least = case.rules.policy.min_steps;
    if measured.n_of == "steps" && steps < least as f64 {
        return Some((
            Reason::TooFew,
            format!("only {} can be used, at least {least} are needed", explain::plural(steps as u64, "step")),
        ));
    }
    if steps <= 0.0 {
        return Some((Reason::TooFew, "there was no traffic to judge".into()));
    }
    None
}

/// Percentiles of arms of unknown size were given the worst case; what is still undecided then has that reason.
fn hold_back(measured: &Measured, outcome: Outcome, reason: Reason) -> (Outcome, Reason) {
    match reason {
        Reason::Undecided if measured.advisory => (outcome, Reason::NotComparable),
        _ => (outcome, reason),
    }
}

/// The tests of a criterion's bounds.
pub(super) struct Bounds {
    /// Those of the target.
    pub(super) pass: Vec<Test>,
    /// Those of the fail bound where it is said apart; their wanted side is the target's.
    pub(super) fail: Vec<Test>,
}

impl Bounds {
    fn of(case: &Case, measured: &Measured) -> Bounds {
        let tests = |bound: &Bound| measured.tests(bound);
        let away =
            |bound: &Bound| measured.tests(&Bound { side: bound.side.opposite(), strict: !bound.strict, ..*bound });
        Bounds {
            pass: case.criterion.pass.as_ref().map(tests).unwrap_or_default(),
            fail: case.criterion.fail.as_ref().map(away).unwrap_or_default(),
        }
    }

    fn target(&self) -> &[Test] {
        if self.pass.is_empty() { &self.fail } else { &self.pass }
    }

    fn limit(&self) -> &[Test] {
        if self.fail.is_empty() { &self.pass } else { &self.fail }
    }

    /// The test whose numbers are shown: of two, the one nearer to passing.
    fn shown(&self) -> Option<&Test> {
        let nearness = |test: &&Test| test.towards;
        self.target().iter().max_by(|a, b| nearness(a).total_cmp(&nearness(b)))
    }

    /// How many more bad events the canary has than any part of the limit allows.
    pub(super) fn excess(&self) -> f64 {
        self.limit().iter().map(excess).fold(f64::INFINITY, f64::min)
    }

    fn decide(&self, case: &Case, levels: Levels) -> (Outcome, Reason) {
        let (pass, fail) = (critical(levels.pass) - ROUNDING, critical(levels.fail) - ROUNDING);
        if self.limit().iter().all(|test| test.away >= fail) {
            if self.excess() < case.rules.policy.min_excess {
                return (Outcome::Inconclusive, Reason::SmallExcess);
            }
            return (Outcome::Fail, Reason::BeyondBound);
        }
        if self.target().iter().any(|test| test.towards >= pass) {
            return (Outcome::Pass, Reason::WithinBound);
        }
        if !self.fail.is_empty() && self.fail.iter().any(|test| test.towards >= pass) {
            return (Outcome::Warn, Reason::BetweenBounds);
        }
        (Outcome::Inconclusive, Reason::Undecided)
    }
}

/// How many more bad events the canary has than the limit allows; unlimited where events are not counted.
fn excess(test: &Test) -> f64 {
    let (steps, allowed) = match &test.comparison {
        Comparison::RateRatio { steps, .. } => (steps, counts::expected_canary(steps, test.limit)),
        Comparison::RateDifference { steps, .. } => (steps, allowed_by_difference(steps, test.limit)),
        _ => return f64::INFINITY,
    };
    let observed: u64 = steps.iter().filter(|s| counts::usable(s)).map(|s| s.canary).sum();
    match test.wanted {
        Side::AtMost => observed as f64 - allowed,
        Side::AtLeast => allowed - observed as f64,
    }
}

fn allowed_by_difference(steps: &[counts::CountStep], difference: f64) -> f64 {
    let usable = || steps.iter().filter(|s| counts::usable(s));
    let baseline: f64 =
        usable().map(|s| s.baseline as f64).sum::<f64>() / usable().map(|s| s.baseline_total).sum::<f64>();
    (baseline + difference) * usable().map(|s| s.canary_total).sum::<f64>()
}

fn evidence(measured: &Measured, bounds: &Bounds, shown: &Test, interval: (f64, f64), levels: Levels) -> Evidence {
    let kind = shown.comparison.kind();
    let view = View { kind, flipped: measured.flipped };
    let (low, high) = view.interval(interval);
    let same_scale = |tests: &[Test]| tests.iter().find(|t| t.comparison.kind() == kind).map(|t| view.value(t.limit));
    Evidence {
        unit: None,
        n: measured.n,
        n_of: measured.n_of,
        bad: measured.bad,
        coverage: Pair::default(),
        estimate: measured.estimate,
        effect: Some(Effect { kind, estimate: shown.comparison.estimate().map(|e| view.value(e)), low, high }),
        pass_limit: if bounds.pass.is_empty() { None } else { Some(view.value(shown.limit)) },
        fail_limit: same_scale(&bounds.fail),
        method: Some(shown.comparison.method()),
        level: Some(levels),
        design_effect: shown.comparison.design_effect(),
        detectable: detectable(bounds, shown, interval, levels).map(|d| view.value(d)),
        periods: None,
    }
}

/// A good share is judged by its bad ones; the reader sees the good ones.
struct View {
    kind: EffectKind,
    flipped: bool,
}

impl View {
    fn value(&self, value: f64) -> f64 {
        match (self.flipped, self.kind) {
            (false, _) | (true, EffectKind::Ratio) => value,
            (true, EffectKind::Level) => 1.0 - value,
            (true, EffectKind::Difference) => -value,
        }
    }

    fn interval(&self, (low, high): (f64, f64)) -> (f64, f64) {
        let (a, b) = (self.value(low), self.value(high));
        if a <= b { (a, b) } else { (b, a) }
    }
}

/// The smallest worsening that data of this precision shows with 80 % power: beyond the limit by the critical
/// value plus 0.84 standard errors, the standard error read off the interval.
fn detectable(bounds: &Bounds, shown: &Test, (low, high): (f64, f64), levels: Levels) -> Option<f64> {
    const POWER_80: f64 = 0.841_621_233_572_914_3;
    let log = shown.comparison.is_multiplicative();
    let to = |v: f64| if log { v.ln() } else { v };
    let limit = bounds.limit().iter().find(|t| t.comparison.kind() == shown.comparison.kind())?.limit;
    let width = to(high) - to(low);
    let error = width / (critical(levels.fail) + critical(levels.pass));
    let reach = (critical(levels.fail) + POWER_80) * error;
    let at = match shown.wanted {
        Side::AtMost => to(limit) + reach,
        Side::AtLeast => to(limit) - reach,
    };
    let at = if log { at.exp() } else { at };
    at.is_finite().then_some(at)
}
