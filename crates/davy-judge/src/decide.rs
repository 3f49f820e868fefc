//! From evidence to an outcome: the whole interval within the bound passes, the whole interval beyond it fails.
//!
//! A criterion with a `fail` bound apart from its target warns when it is shown not to fail but not shown to meet
//! the target. Everything else is Inconclusive. The wider of two margins (`max(50%, 0.1pp)`) is passed when either
//! part is shown to hold and failed only when both are shown to be broken.

use std::cell::LazyCell;

use super::bounds::{Bounds, Evidences};
use super::case::Case;
use super::compare::{Facts, Later};
use super::growth::Growth;
use super::guardrail::Guardrail;
use super::levels::{Against, critical};
use super::look::{Hurdle, Hurdles, Look};
use super::measure::{Measured, Test};
use super::requests::Ordered;
use super::rules::{Kind, Side, Statistic};
use super::suspicion;
use super::verdict::{Effect, EffectKind, Evidence, Levels, Method, Outcome, Quantiles, Reason, Since};
use super::why::Why;
use crate::series::Pair;
use davy_stats::dispersion::DesignEffect;
use davy_stats::slope;

/// What is made of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The outcome and its reason.
    Outcome,
    /// With the numbers beside it.
    Whole,
}

/// The answer to a criterion with the facts behind it.
pub(super) struct Decision<'a> {
    pub(super) case: Case<'a>,
    pub(super) outcome: Outcome,
    pub(super) reason: Reason,
    pub(super) why: Option<Why>,
    /// What the data say against the criterion, if they can be asked at all.
    pub(super) against: Option<Against>,
    /// Of a criterion that could be judged, if more than the outcome is wanted.
    pub(super) numbers: Option<Numbers>,
}

/// The numbers behind an answer.
pub(super) struct Numbers {
    pub(super) measured: Measured,
    pub(super) bounds: Bounds,
    shown: usize,
    pub(super) needs: Hurdles,
    pub(super) strength: Evidences,
    pub(super) levels: Levels,
    pub(super) evidence: Evidence,
}

impl Numbers {
    /// The test whose numbers are shown.
    pub(super) fn shown(&self) -> &Test {
        &self.bounds.target()[self.shown]
    }
}

/// Judges a criterion whose whole interval must lie on one side.
pub(super) fn by_interval<'a>(
    mut case: Case<'a>,
    ordered: &Ordered,
    look: &Look,
    levels: Levels,
    depth: Depth,
) -> Decision<'a> {
    if let Some((reason, why)) = case.obstacle() {
        return unanswered(case, reason, why);
    }
    let measured = Measured::of(&case, ordered);
    if let Some((reason, why)) = case.without_days(measured.days.as_ref()) {
        return unanswered(case, reason, why);
    }
    if case.metric.kind == Kind::Values {
        case.suspect(suspicion::change(measured.estimate, case.metric));
    }
    let growth = Growth::of(&case);
    let levels = Growth::share(growth.as_ref(), levels);
    let measured = measured.at_price(|n| look.price_of_many(levels, n));
    let bounds = Bounds::of(&case, &measured);
    let needs = look.hurdles(levels);
    let Some(place) = bounds.shown(&needs, look) else {
        return unanswered(case, Reason::WrongShape, Why::NoBound);
    };
    let shown = &bounds.target()[place];
    let buckets = shown.comparison.known_to_buckets();
    let interval = LazyCell::new(|| {
        widened(clamped(shown, interval(shown, &needs, look.pass_to_show(&needs, levels), look)), buckets)
    });
    let strength = bounds.strength(look, &needs);
    let level = look.against(strength.fail, case.rules.policy.level);
    let against = growth.as_ref().map_or(level, |growth| growth.against(level, look, case.rules.policy.level));
    let detectable = LazyCell::new(|| if shown.is_of_many() { None } else { detectable(&bounds, shown, look, levels) });

    let (outcome, reason, why) = match too_thin(&case, &measured, bounds.decide(&case, &strength, &needs).0) {
        Some((reason, why)) => (Outcome::Inconclusive, reason, Some(why)),
        None => {
            let mut seen = bounds.decide(&case, &strength, &needs);
            seen = hold_back(&measured, seen.0, seen.1);
            let breaks_pass = || !is_within(shown, *interval) || is_worse(&case, &strength);
            let breaks_fail = || buckets.is_some_and(|buckets| !is_beyond(shown, buckets) && !is_later_beyond(shown));
            if seen.0 == Outcome::Pass && breaks_pass() || seen.0 == Outcome::Fail && breaks_fail() {
                seen = (Outcome::Inconclusive, Reason::Undecided);
            }
            let amended = growth.as_ref().map(|growth| growth.amend(&needs, levels, seen.0, seen.1));
            let guardrail =
                || Guardrail { case: &case, measured: &measured, bounds: &bounds, shown, detectable: *detectable };
            let is_guarded = growth.is_none() && !is_worse(&case, &strength);
            let guarded = || if is_guarded { guardrail().answer() } else { None };
            match amended {
                Some((outcome, reason, Some(why))) => (outcome, reason, Some(why)),
                _ => settled(&case, look, seen, guarded),
            }
        }
    };
    let against = Some(against);
    if depth == Depth::Outcome {
        return Decision { case, outcome, reason, why, against, numbers: None };
    }
    let mut evidence = evidence(&measured, &bounds, shown, *interval, levels);
    let to_pass = look.pass_to_show(&needs, levels);
    let fail_limit = bounds.limit().first().map_or(shown.limit, |test| test.limit);
    evidence.quantiles = shown.comparison.quantiles(fail_limit, &needs, to_pass, look);
    if let Some(Some(worst)) = evidence.quantiles.as_ref().map(Quantiles::worst) {
        evidence.estimate = worst.estimate;
    }
    evidence.days = measured.earlier_days(shown.comparison.is_multiplicative());
    evidence.strength = Some(strength.against(&needs));
    evidence.detectable =
        detectable.map(|d| View { kind: shown.comparison.kind(), flipped: measured.flipped }.value(d));
    if reason == Reason::BeyondBound {
        let tells = is_beyond(shown, *interval) && !is_wide(shown, *interval);
        let more = if tells { LOUDER } else { 0.0 };
        evidence.since = since(&case, &measured, &bounds, needs.fail.z, more);
    }
    let why = why.or_else(|| nothing_to_compare(shown, &measured, reason));
    let numbers = Numbers { measured, bounds, shown: place, needs, strength, levels, evidence };
    Decision { case, outcome, reason, why, against, numbers: Some(numbers) }
}

/// The decision where there is nothing to decide on.
fn unanswered(case: Case, reason: Reason, why: Why) -> Decision {
    let outcome = case.without_answer(reason);
    Decision { case, outcome, reason, why: Some(why), against: None, numbers: None }
}

/// The answer after what is known of the data beside its numbers: what a Pass needs, and why nothing is decided yet.
fn settled(
    case: &Case,
    look: &Look,
    (outcome, reason): (Outcome, Reason),
    guarded: impl Fn() -> Option<(Outcome, Reason, Option<Why>)>,
) -> (Outcome, Reason, Option<Why>) {
    if reason != Reason::Undecided {
        return case.confirm(outcome, reason);
    }
    match look.first_pass() {
        Some((first, soak)) => {
            let early = || {
                let why = Why::BeforePass { first: case.soaked(first), soak: case.soaked(soak) };
                (outcome, Reason::EarlyLook, Some(why))
            };
            case.silent().unwrap_or_else(early)
        }
        None => case.absent(Outcome::Pass).or_else(guarded).unwrap_or((outcome, reason, None)),
    }
}

/// Too little data for any statistical answer. A Fail needs no fewest number of steps: its evidence already pays for few.
fn too_thin(case: &Case, measured: &Measured, outcome: Outcome) -> Option<(Reason, Why)> {
    if let Some(thin) = case.thin() {
        return Some(thin);
    }
    let steps = measured.usable(case.needs_baseline());
    let trend = matches!(case.criterion.statistic, Statistic::Trend { .. });
    let least = case.rules.policy.min_steps.max(if trend { slope::LEAST } else { 0 });
    if measured.n_of == "steps" && steps < least as f64 && outcome != Outcome::Fail {
        return Some((Reason::TooFew, Why::FewSteps { usable: steps as u64, least }));
    }
    if steps <= 0.0 {
        return Some((Reason::TooFew, Why::NoTraffic));
    }
    None
}

/// A ratio of nothing to nothing has no answer.
fn nothing_to_compare(shown: &Test, measured: &Measured, reason: Reason) -> Option<Why> {
    let none = measured.bad == Some(Pair { baseline: 0, canary: 0 });
    let ratio = shown.comparison.method() == Method::ConditionalBinomial;
    (none && ratio && reason == Reason::Undecided).then_some(Why::NothingToCompare)
}

/// Percentiles of arms of unknown size were given the worst case; what is still undecided then has that reason.
fn hold_back(measured: &Measured, outcome: Outcome, reason: Reason) -> (Outcome, Reason) {
    match reason {
        Reason::Undecided if measured.advisory => (outcome, Reason::NotComparable),
        _ => (outcome, reason),
    }
}

/// The limits that all steps together do not reject: towards a Fail as evidence that no step carries alone, and with what
/// is kept for later starts left out.
fn interval(shown: &Test, needs: &Hurdles, to_pass: Hurdle, look: &Look) -> (f64, f64) {
    let onset = &shown.onset;
    // where the look decides, what any-time evidence says of later steps is no end of all of them
    let ln_e = if shown.away >= needs.fail.z { f64::INFINITY } else { needs.fail.ln_e };
    let to_fail = Hurdle { z: onset.alone(needs.fail.z), ln_e };
    let above = shown.wanted == Side::AtMost;
    let (low, high) = if above { (to_fail, to_pass) } else { (to_pass, to_fail) };
    let plain = shown.comparison.bounds(low, high, above, look);
    let (low, high) = if above { (to_fail, Hurdle::UNASKED) } else { (Hurdle::UNASKED, to_fail) };
    match onset.tamed().map(|tamed| tamed.bounds(low, high, above, look)) {
        Some(tamed) if above => (tamed.0.min(plain.0), plain.1),
        Some(tamed) => (plain.0, tamed.1.max(plain.1)),
        None => plain,
    }
}

/// Whether all of an interval lies beyond the limit.
fn is_beyond(shown: &Test, (low, high): (f64, f64)) -> bool {
    match shown.wanted {
        Side::AtMost => low > shown.limit,
        Side::AtLeast => high < shown.limit,
    }
}

/// An interval with all that buckets leave open.
fn widened(interval: (f64, f64), buckets: Option<(f64, f64)>) -> (f64, f64) {
    buckets.map_or(interval, |(low, high)| (interval.0.min(low), interval.1.max(high)))
}

/// Whether the buckets of the steps since a later start lie beyond the limit.
fn is_later_beyond(shown: &Test) -> bool {
    let later = shown.onset.loudest(shown.limit, 0.0).and_then(|(_, later)| later.known_to_buckets());
    later.is_some_and(|later| is_beyond(shown, later))
}

/// Whether an interval has both half and double of its estimate: what begins within the window makes it so.
fn is_wide(shown: &Test, (low, high): (f64, f64)) -> bool {
    let estimate = shown.comparison.estimate().filter(|_| shown.comparison.kind() != EffectKind::Difference);
    estimate.is_some_and(|estimate| low <= estimate / 2.0 && high >= 2.0 * estimate)
}

/// By how many standard errors the evidence since a later step must be the stronger, where that of all steps says enough.
const LOUDER: f64 = 3.0;

/// What the steps since the start show on which a Fail rests: of several parts of a limit, of that where it is weakest.
fn since(case: &Case, measured: &Measured, bounds: &Bounds, critical: f64, more: f64) -> Option<Since> {
    let test = bounds.limit().iter().min_by(|a, b| a.away.total_cmp(&b.away)).filter(|_| critical.is_finite())?;
    let of_all = || {
        let (start, since) = test.onset.loudest(test.limit, more)?;
        Some(Later { start, since: since.clone(), critical })
    };
    let Later { start, since, critical } = test.comparison.loudest(test.limit, more, critical).or_else(of_all)?;
    let view = View { kind: test.comparison.kind(), flipped: measured.flipped };
    let quantile = if let Facts::Quantiles { q } = since.facts() { Some(q) } else { None };
    let arms = measured.since(start, quantile);
    let estimate = since.estimate_since(arms).filter(|v| v.is_finite());
    let (low, high) = view.interval(widened(since.interval(critical, critical), since.known_to_buckets()));
    let effect = Effect { kind: view.kind, estimate: estimate.map(|e| view.value(e)), low, high };
    Some(Since { at: case.grid.begins(start), estimate: arms, effect })
}

/// How far a search for the end of an interval may end beyond it, as a share of the limit.
const SEARCHED: f64 = 2e-3;

/// The interval, whose end that was searched for is the limit where it is told from it by the search alone.
fn clamped(shown: &Test, (low, high): (f64, f64)) -> (f64, f64) {
    let limit = shown.limit;
    let searched = |beyond: f64| beyond > 0.0 && beyond <= SEARCHED * limit.abs();
    match shown.wanted {
        Side::AtMost => (low, if searched(high - limit) { limit } else { high }),
        Side::AtLeast => (if searched(limit - low) { limit } else { low }, high),
    }
}

/// Whether there is evidence of a Fail, if too little of it among so many criteria: a good mean hides no bad end.
fn is_worse(case: &Case, strength: &Evidences) -> bool {
    strength.fail.0 >= critical(case.rules.policy.level)
}

/// Whether the estimate and the end of the interval lie on the wanted side of the limit: a Pass is never given beside a
/// number that breaks its bound, however strong the evidence of a test is that pools the steps in another way.
fn is_within(shown: &Test, (low, high): (f64, f64)) -> bool {
    let slack = 1e-9 * shown.limit.abs();
    let holds = |value: f64| match shown.wanted {
        Side::AtMost => value <= shown.limit + slack,
        Side::AtLeast => value >= shown.limit - slack,
    };
    let end = if shown.wanted == Side::AtMost { high } else { low };
    holds(end) && shown.comparison.estimate().is_none_or(|estimate| estimate.is_nan() || holds(estimate))
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
        estimate_interval: measured.estimate_interval,
        effect: Some(Effect { kind, estimate: shown.comparison.estimate().map(|e| view.value(e)), low, high }),
        pass_limit: if bounds.pass.is_empty() { None } else { Some(view.value(shown.limit)) },
        fail_limit: same_scale(&bounds.fail),
        method: Some(shown.comparison.method()),
        level: Some(levels),
        design_effect: shown.comparison.noise().map(DesignEffect::largest),
        ..Evidence::default()
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
/// value plus 0.84 standard errors. Of a planned soak that is at its end, if the rest is as precise as what was seen.
fn detectable(bounds: &Bounds, shown: &Test, look: &Look, levels: Levels) -> Option<f64> {
    const POWER_80: f64 = 0.841_621_233_572_914_3;
    let log = shown.comparison.is_multiplicative();
    let to = |v: f64| if log { v.ln() } else { v };
    let limit = bounds.limit().iter().find(|t| t.comparison.kind() == shown.comparison.kind())?.limit;
    let z = critical(levels.fail);
    let (low, high) = shown.comparison.interval(z, z);
    let (needed, seen) = look.at_the_end(levels).unwrap_or((z, 1.0));
    let reach = (needed + POWER_80) * (to(high) - to(low)) / (2.0 * z) * seen.sqrt();
    let at = match shown.wanted {
        Side::AtMost => to(limit) + reach,
        Side::AtLeast => to(limit) - reach,
    };
    let at = if log { at.exp() } else { at };
    at.is_finite().then_some(at)
}
