//! The share of the canary's steps that lie beyond a limit: spikes that a mean dilutes.
//!
//! A step is beyond the limit or it is not, so each is a trial. A step that was not measured is neither: towards a Pass it counts as
//! beyond the limit, and towards a Fail as within it. So what is missing hides nothing and proves nothing.
//!
//! - **Evidence**: against a limit the binomial tail of the steps beyond it; beside the baseline the score of Miettinen and Nurminen
//!   (1985) for the difference of two shares. Bad steps come in runs, so the design effect weakens both: that of the steps, and
//!   that of the runs, `Σ L² / Σ L` (a compound Poisson number; Kish 1965), read as Student's t with a degree of freedom for each run
//!   and four more. Towards a pass it is at least that of runs of eight steps, since a window that shows few runs says little of them.
//! - **Interval**: the shares, or differences, that the evidence does not reject.
//! - **Any-time evidence**: as for a share and for a difference of rates, with this design effect.
//! - **Estimate**: the measured steps beyond the limit among those that were measured.
//! - **Unequal arms**: steps of few requests are beyond a limit by chance. Beside a baseline with more requests per step there is no
//!   Fail, and beside one with fewer there is no Pass. Percentiles of arms whose sizes are not known have neither. Nor have
//!   occurrences in time of arms with other shares of the traffic: a tenth of it has a tenth of them.
//!
//! The formulas are in [`spacing`], [`single`] and [`counts`]. `fixtures/reference` certifies them: `slopes.toml` and `methods.toml`.

use super::period::steps_of;
use super::share::Share;
use crate::bias::request_counts;
use crate::case::Case;
use crate::compare::{Comparison, Facts, LnE};
use crate::exposure::{has_exposure, shares};
use crate::grid::Steps;
use crate::once::once;
use crate::rules::{self, Beyond, Kind};
use crate::series::{Arm, Pair};
use crate::verdict::{EffectKind, Method};
use crate::words;
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::counts::{self, CountStep, Exposure};
use davy_stats::dispersion::{DesignEffect, Prior};
use davy_stats::single::{self, TrialStep};
use davy_stats::spacing;

/// Requests per step that differ by more than this factor make steps incomparable.
const UNEQUAL: f64 = 1.5;
/// A chance below this is as good as none.
const LEAST_CHANCE: f64 = 1e-4;
/// Spikes are called regular if chance makes them so no more often than this.
const REGULAR: f64 = 0.05;

/// Whether each step of both arms is beyond the limit, where it was measured.
#[derive(Debug, Clone)]
pub(crate) struct Spikes {
    pub(crate) bad: Pair<Steps<bool>>,
    /// Which directions of evidence the sizes of the arms make worthless.
    unfair: &'static [Direction],
}

impl Spikes {
    /// Of a criterion's steps.
    pub(crate) fn of(case: &Case, beyond: Beyond) -> Spikes {
        let bad = Pair::build(|arm| {
            let steps = steps_of(case, arm, None, &beyond);
            steps.into_iter().map(|step| step.map(|step| beyond.is_beyond(step.value))).collect()
        });
        Spikes { bad, unfair: unfair(case) }
    }

    /// The measured steps of an arm, and those beyond the limit.
    pub(crate) fn counted(&self, arm: Arm) -> (usize, usize) {
        let steps = self.bad.get(arm);
        (steps.iter().flatten().count(), steps.iter().flatten().filter(|bad| **bad).count())
    }

    /// What a reader must know of the steps beyond a limit.
    pub(crate) fn notes(&self, case: &Case, beyond: Beyond) -> Vec<String> {
        let unit = &case.metric.unit;
        let starts = spacing::starts(&self.bad.canary);
        let again = spacing::regular(&starts).filter(|regular| regular.chance <= REGULAR).map(|regular| {
            let times: Vec<String> =
                starts.iter().take(4).map(|at| case.grid.begins(*at).strftime("%H:%M").to_string()).collect();
            let more = if starts.len() > times.len() { ", …" } else { "" };
            let chance = match regular.chance < LEAST_CHANCE {
                true => format!("fewer than {}", words::quantity(LEAST_CHANCE, &rules::Unit::Share)),
                false => words::quantity(regular.chance, &rules::Unit::Share),
            };
            format!(
                "beyond {} about every {} ({}{more} UTC): so regular by chance in {chance} of cases",
                words::quantity(beyond.limit, unit),
                words::duration(crate::growth::lasting(case, regular.every.round())),
                times.join(", "),
            )
        });
        let (measured, _) = self.counted(Arm::Canary);
        let missing = self.bad.canary.len() - measured;
        let missing = (missing > 0).then(|| {
            format!(
                "{} not measured: towards a pass they count as beyond the limit",
                words::plural(missing as u64, "step")
            )
        });
        let chance = "steps of few requests are beyond a limit by chance, and the arms differ in that: it cannot";
        let unfair = match self.unfair {
            _ if !case.needs_baseline() => None,
            [] => None,
            [Direction::Above] => Some(format!("{chance} fail")),
            [Direction::Below] => Some(format!("{chance} pass")),
            _ => Some(
                "how many steps are beyond a limit depends on the traffic, and that of the arms differs or is not known: it can \
                 neither fail nor pass"
                    .to_owned(),
            ),
        };
        again.into_iter().chain(missing).chain(unfair).collect()
    }

    /// The comparison of the canary with a limit of its own, or with the baseline.
    pub(crate) fn compared(&self, prior: Prior, alone: bool) -> OfSteps {
        let (measured, bad) = self.counted(Arm::Canary);
        let facts = Facts::Spikes { alone, bad, measured, missing: self.bad.canary.len() - measured };
        let side = |to_pass: bool| if alone { self.alone(prior, to_pass) } else { self.beside(prior, to_pass) };
        let (canary, baseline) = (self.share(Arm::Canary), self.share(Arm::Baseline));
        let estimate = if alone { canary } else { canary.zip(baseline).map(|(canary, baseline)| canary - baseline) };
        let unfair = if alone { &[] } else { self.unfair };
        OfSteps { facts, alone, above: side(false), below: side(true), estimate, unfair }
    }

    fn alone(&self, prior: Prior, to_pass: bool) -> Side {
        let dispersion = if to_pass { of_steps_to_pass } else { of_steps };
        Side::OfOneArm(Share::new(trials(&self.bad.canary, to_pass), prior, dispersion))
    }

    fn beside(&self, prior: Prior, to_pass: bool) -> Side {
        let (own, other) = (trials(&self.bad.canary, to_pass), trials(&self.bad.baseline, !to_pass));
        let count = |step: &Option<TrialStep>| step.map_or((0, 0), |step| (step.total, step.bad));
        let steps: Vec<CountStep> =
            own.iter().zip(&other).map(|(own, other)| CountStep::of(count(other), count(own))).collect();
        let effect = of_both(&steps, 0, prior, to_pass);
        Side::OfTwoArms { steps, prior, effect, to_pass }
    }

    /// The share of an arm's measured steps that are beyond the limit.
    pub(crate) fn share(&self, arm: Arm) -> Option<f64> {
        let (measured, bad) = self.counted(arm);
        (measured > 0).then(|| bad as f64 / measured as f64)
    }
}

/// Which directions of evidence the sizes of the arms make worthless.
fn unfair(case: &Case) -> &'static [Direction] {
    const BOTH: &[Direction] = &[Direction::Above, Direction::Below];
    let by_time = case.metric.kind == Kind::Events && !has_exposure(case);
    match times_as_large(case) {
        _ if matches!(case.metric.kind, Kind::Gauge { quantile: None, .. }) => &[],
        // as their frequencies are compared
        None if by_time => &[],
        None => BOTH,
        Some(times) if (1.0 / UNEQUAL..=UNEQUAL).contains(&times) => &[],
        Some(_) if by_time => BOTH,
        Some(times) if times < 1.0 => &[Direction::Above],
        Some(_) => &[Direction::Below],
    }
}

/// How many times as large the canary's steps are as the baseline's, in requests or what else exposes them, or in the traffic
/// that is configured.
fn times_as_large(case: &Case) -> Option<f64> {
    let mean = |each: Vec<f64>| each.iter().sum::<f64>() / each.len().max(1) as f64;
    let sizes = match case.metric.kind {
        Kind::Events if has_exposure(case) => {
            Some(case.grid.events(case.series).map(|steps| mean(steps.iter().flatten().map(|o| o.exposure).collect())))
        }
        Kind::Events => None,
        _ => request_counts(case, &case.grid)
            .map(|(requests, _)| requests.map(|steps| mean(steps.iter().flatten().map(|n| *n as f64).collect()))),
    };
    let Pair { baseline, canary } = sizes.or_else(|| shares(case))?;
    Some(canary / baseline).filter(|times| times.is_finite() && *times > 0.0)
}

/// Steps as trials, each of them measured or taken as beyond the limit or not.
fn trials(steps: &Steps<bool>, missing: bool) -> Vec<Option<TrialStep>> {
    steps.iter().map(|bad| Some(TrialStep { total: 1, bad: u64::from(bad.unwrap_or(missing)) })).collect()
}

/// The design effect of steps: of how their rate wanders, and of runs of bad ones.
fn of_steps(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    let bad: Vec<Option<bool>> = steps.iter().map(|step| step.map(|step| step.bad > 0)).collect();
    DesignEffect { between: spacing::of_runs(&bad), ..single::trial_design_effect(steps, prior) }
}

/// The same towards a pass.
fn of_steps_to_pass(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    let bad: Vec<Option<bool>> = steps.iter().map(|step| step.map(|step| step.bad > 0)).collect();
    DesignEffect { between: Some(spacing::of_runs_to_pass(&bad)), ..single::trial_design_effect(steps, prior) }
}

/// The design effect of both arms' steps from one on: runs of steps that are bad in one arm alone count.
fn of_both(steps: &[CountStep], start: usize, prior: Prior, to_pass: bool) -> DesignEffect {
    let odd: Vec<Option<bool>> = steps.iter().skip(start).map(|step| Some(step.canary != step.baseline)).collect();
    let effect = counts::design_effect_from(steps, start, None, Exposure::Trials, prior);
    let between = if to_pass { Some(spacing::of_runs_to_pass(&odd)) } else { spacing::of_runs(&odd) };
    DesignEffect { between, ..effect }
}

/// Steps as evidence in one direction, each of them measured or taken as that direction needs.
#[derive(Debug)]
enum Side {
    OfOneArm(Share),
    OfTwoArms { steps: Vec<CountStep>, prior: Prior, effect: DesignEffect, to_pass: bool },
}

impl Side {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        match self {
            Side::OfOneArm(share) => share.z(limit, direction),
            Side::OfTwoArms { steps, effect, .. } => counts::difference_z(steps, effect, limit, direction),
        }
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        match self {
            Side::OfOneArm(share) => share.interval(low, high),
            Side::OfTwoArms { steps, effect, .. } => counts::difference_interval(steps, effect, low, high),
        }
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        match self {
            Side::OfOneArm(share) => share.at_any_time(direction, starts, horizon),
            Side::OfTwoArms { steps, prior, to_pass, .. } => {
                let effect = once(move |start| of_both(steps, start, *prior, *to_pass));
                Box::new(move |limit| anytime::difference_ln_e(steps, limit, direction, &effect, horizon, starts))
            }
        }
    }

    fn effect(&self) -> &DesignEffect {
        match self {
            Side::OfOneArm(share) => &share.effect,
            Side::OfTwoArms { effect, .. } => effect,
        }
    }
}

/// The share of the canary's steps against a limit, or beside the baseline's.
#[derive(Debug)]
pub(crate) struct OfSteps {
    facts: Facts,
    alone: bool,
    above: Side,
    below: Side,
    estimate: Option<f64>,
    unfair: &'static [Direction],
}

impl OfSteps {
    fn side(&self, direction: Direction) -> &Side {
        if direction == Direction::Above { &self.above } else { &self.below }
    }

    fn is_unfair(&self, direction: Direction) -> bool {
        self.unfair.contains(&direction)
    }
}

impl Comparison for OfSteps {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        let z = self.side(direction).z(limit, direction);
        if self.is_unfair(direction) { z.min(0.0) } else { z }
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        let ends = (self.above.interval(low, high).0, self.below.interval(low, high).1);
        let natural = self.natural();
        let low = if self.is_unfair(Direction::Above) { natural.0 } else { ends.0 };
        let high = if self.is_unfair(Direction::Below) { natural.1 } else { ends.1 };
        (low, high)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        if self.is_unfair(direction) {
            return Box::new(|_| f64::NEG_INFINITY);
        }
        self.side(direction).at_any_time(direction, starts, horizon)
    }

    fn natural(&self) -> (f64, f64) {
        (if self.alone { 0.0 } else { -1.0 }, 1.0)
    }

    fn estimate(&self) -> Option<f64> {
        self.estimate
    }

    fn kind(&self) -> EffectKind {
        if self.alone { EffectKind::Level } else { EffectKind::Difference }
    }

    fn method(&self) -> Method {
        Method::StepsBeyond
    }

    fn facts(&self) -> Facts {
        self.facts
    }

    fn is_multiplicative(&self) -> bool {
        self.alone
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(self.above.effect())
    }
}
