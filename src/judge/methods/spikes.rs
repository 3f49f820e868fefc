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
//!   Fail, and beside one with fewer there is no Pass.
//!
//! The formulas are in [`spacing`], [`single`] and [`counts`]. `fixtures/reference` certifies them: `slopes.toml` and `methods.toml`.

use std::rc::Rc;

use super::period::{Beyond, steps_of};
use super::share::Share;
use crate::judge::case::Case;
use crate::judge::compare::{Comparison, Facts, LnE};
use crate::judge::grid::{Steps, sum};
use crate::judge::once::once;
use crate::judge::rules::{self, Kind};
use crate::judge::verdict::{EffectKind, Method};
use crate::judge::words;
use crate::series::{Arm, Pair};
use crate::stats::Direction;
use crate::stats::anytime::{self, Starts};
use crate::stats::counts::{self, CountStep, Exposure};
use crate::stats::dispersion::{DesignEffect, Prior};
use crate::stats::single::{self, TrialStep};
use crate::stats::spacing;

/// Requests per step that differ by more than this factor make steps incomparable.
const UNEQUAL: f64 = 1.5;
/// A chance below this is as good as none.
const LEAST_CHANCE: f64 = 1e-4;
/// Spikes are called regular if chance makes them so no more often than this.
const REGULAR: f64 = 0.05;

/// Whether each step of both arms is beyond the limit, where it was measured.
#[derive(Debug, Clone)]
pub(in crate::judge) struct Spikes {
    pub(in crate::judge) bad: Pair<Steps<bool>>,
    /// Which direction of evidence few requests per step make worthless.
    unfair: Option<Direction>,
}

impl Spikes {
    /// Of a criterion's steps.
    pub(in crate::judge) fn of(case: &Case, beyond: rules::Beyond) -> Spikes {
        let beyond = Beyond::from(beyond);
        let bad = Pair::build(|arm| {
            let steps = steps_of(case, arm, None, &beyond);
            steps.into_iter().map(|step| step.map(|step| beyond.is_beyond(step.value))).collect()
        });
        let requests = case.grid.requests(case.series).map(|steps| {
            let steps: Vec<u64> = steps.into_iter().flatten().collect();
            sum(steps.iter().copied()) as f64 / steps.len().max(1) as f64
        });
        let counted = !matches!(case.metric.kind, Kind::Gauge { quantile: None, .. });
        let factor = requests.canary / requests.baseline;
        let unfair = match factor {
            _ if !counted || !factor.is_finite() || factor <= 0.0 => None,
            factor if factor < 1.0 / UNEQUAL => Some(Direction::Above),
            factor if factor > UNEQUAL => Some(Direction::Below),
            _ => None,
        };
        Spikes { bad, unfair }
    }

    /// The measured steps of an arm, and those beyond the limit.
    pub(in crate::judge) fn counted(&self, arm: Arm) -> (usize, usize) {
        let steps = self.bad.get(arm);
        (steps.iter().flatten().count(), steps.iter().flatten().filter(|bad| **bad).count())
    }

    fn facts(&self, alone: bool) -> Facts {
        let (measured, bad) = self.counted(Arm::Canary);
        Facts::Spikes { alone, bad, measured, missing: self.bad.canary.len() - measured }
    }

    /// What a reader must know of the steps beyond a limit.
    pub(in crate::judge) fn notes(&self, case: &Case, beyond: rules::Beyond) -> Vec<String> {
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
                words::duration(crate::judge::growth::lasting(case, regular.every.round())),
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
        let unfair = self.unfair.filter(|_| case.needs_baseline()).map(|direction| {
            let answer = if direction == Direction::Above { "fail" } else { "pass" };
            format!(
                "steps of few requests are beyond a limit by chance, and the arms differ in that: it cannot {answer}"
            )
        });
        again.into_iter().chain(missing).chain(unfair).collect()
    }

    /// The comparison of the canary with a limit of its own.
    pub(in crate::judge) fn alone(&self, prior: Prior) -> OfOneArm {
        let above = Share::new(trials(&self.bad.canary, false), prior, of_steps);
        let below = Share::new(trials(&self.bad.canary, true), prior, of_steps_to_pass);
        OfOneArm { facts: self.facts(true), above, below, estimate: self.share(Arm::Canary) }
    }

    /// The comparison with the baseline.
    pub(in crate::judge) fn beside(&self, prior: Prior) -> OfTwoArms {
        let side = |canary: bool| -> Vec<CountStep> {
            let (own, other) = (trials(&self.bad.canary, canary), trials(&self.bad.baseline, !canary));
            let step = |(own, other): (&Option<TrialStep>, &Option<TrialStep>)| {
                let count = |step: &Option<TrialStep>| step.map_or((0, 0), |step| (step.total, step.bad));
                CountStep::of(count(other), count(own))
            };
            own.iter().zip(&other).map(step).collect()
        };
        let estimate =
            self.share(Arm::Canary).zip(self.share(Arm::Baseline)).map(|(canary, baseline)| canary - baseline);
        let side = |missing: bool| Side::new(side(missing), prior, missing);
        OfTwoArms { facts: self.facts(false), above: side(false), below: side(true), estimate, unfair: self.unfair }
    }

    /// The share of an arm's measured steps that are beyond the limit.
    pub(in crate::judge) fn share(&self, arm: Arm) -> Option<f64> {
        let (measured, bad) = self.counted(arm);
        (measured > 0).then(|| bad as f64 / measured as f64)
    }
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

/// One arm's steps against a limit, as evidence in each direction.
#[derive(Debug)]
pub(in crate::judge) struct OfOneArm {
    facts: Facts,
    above: Share,
    below: Share,
    estimate: Option<f64>,
}

impl OfOneArm {
    fn side(&self, direction: Direction) -> &Share {
        if direction == Direction::Above { &self.above } else { &self.below }
    }
}

impl Comparison for OfOneArm {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        self.side(direction).z(limit, direction)
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        (self.above.interval(low, high).0, self.below.interval(low, high).1)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        self.side(direction).at_any_time(direction, starts, horizon)
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn estimate(&self) -> Option<f64> {
        self.estimate
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Level
    }

    fn method(&self) -> Method {
        Method::StepsBeyond
    }

    fn facts(&self) -> Facts {
        self.facts
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.above.effect)
    }
}

/// The steps of both arms with their design effect.
#[derive(Debug)]
struct Side {
    steps: Vec<CountStep>,
    prior: Prior,
    effect: DesignEffect,
    /// Whether it is the evidence of a pass.
    to_pass: bool,
}

impl Side {
    fn new(steps: Vec<CountStep>, prior: Prior, to_pass: bool) -> Side {
        let effect = of_both(&steps, 0, prior, to_pass);
        Side { steps, prior, effect, to_pass }
    }
}

/// The design effect of both arms' steps from one on: runs of steps that are bad in one arm alone count.
fn of_both(steps: &[CountStep], start: usize, prior: Prior, to_pass: bool) -> DesignEffect {
    let odd: Vec<Option<bool>> = steps.iter().skip(start).map(|step| Some(step.canary != step.baseline)).collect();
    let effect = counts::design_effect_from(steps, start, None, Exposure::Trials, prior);
    let between = if to_pass { Some(spacing::of_runs_to_pass(&odd)) } else { spacing::of_runs(&odd) };
    DesignEffect { between, ..effect }
}

/// Both arms' steps, as evidence in each direction.
#[derive(Debug)]
pub(in crate::judge) struct OfTwoArms {
    facts: Facts,
    above: Side,
    below: Side,
    estimate: Option<f64>,
    unfair: Option<Direction>,
}

impl OfTwoArms {
    fn side(&self, direction: Direction) -> &Side {
        if direction == Direction::Above { &self.above } else { &self.below }
    }
}

impl Comparison for OfTwoArms {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        let Side { steps, effect, .. } = self.side(direction);
        let z = counts::difference_z(steps, effect, limit, direction);
        if self.unfair == Some(direction) { z.min(0.0) } else { z }
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        let of = |side: &Side| counts::difference_interval(&side.steps, &side.effect, low, high);
        let unfair = |direction, end: f64, natural: f64| if self.unfair == Some(direction) { natural } else { end };
        (unfair(Direction::Above, of(&self.above).0, -1.0), unfair(Direction::Below, of(&self.below).1, 1.0))
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        if self.unfair == Some(direction) {
            return Box::new(|_| f64::NEG_INFINITY);
        }
        let Side { steps, prior, to_pass, .. } = self.side(direction);
        let effect = once(move |start| of_both(steps, start, *prior, *to_pass));
        Box::new(move |limit| anytime::difference_ln_e(steps, limit, direction, &effect, horizon, starts))
    }

    fn natural(&self) -> (f64, f64) {
        (-1.0, 1.0)
    }

    fn estimate(&self) -> Option<f64> {
        self.estimate
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Difference
    }

    fn method(&self) -> Method {
        Method::StepsBeyond
    }

    fn facts(&self) -> Facts {
        self.facts
    }

    fn is_multiplicative(&self) -> bool {
        false
    }

    fn noise(&self) -> Option<&DesignEffect> {
        Some(&self.above.effect)
    }
}

/// The comparison that a bound asks for.
pub(in crate::judge) fn compared(spikes: &Spikes, prior: Prior, alone: bool) -> Rc<dyn Comparison> {
    if alone { Rc::new(spikes.alone(prior)) } else { Rc::new(spikes.beside(prior)) }
}
