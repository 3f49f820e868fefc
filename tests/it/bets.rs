//! Any-time evidence with the noise that the judge gives it.

use davy::stats::Direction;
use davy::stats::anytime::{self, Starts};
use davy::stats::counts::{self, CountStep, Exposure};
use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::instances::Instances;
use davy::stats::single::{EventStep, TrialStep};
use davy::stats::steps::Level;

pub fn ratio(
    steps: &[CountStep],
    exposure: Exposure,
    r0: f64,
    direction: Direction,
    prior: Prior,
    starts: &Starts,
) -> f64 {
    let temper = |start| counts::design_effect_from(steps, start, None, exposure, prior).temper();
    anytime::ratio_ln_e(steps, r0, direction, temper, starts)
}

pub fn difference(
    steps: &[CountStep],
    instances: Option<&Instances>,
    d: f64,
    direction: Direction,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    let effect = |start| counts::design_effect_from(steps, start, instances, Exposure::Trials, Prior::default());
    anytime::difference_ln_e(steps, d, direction, effect, horizon, starts)
}

pub fn share(
    steps: &[Option<TrialStep>],
    p0: f64,
    direction: Direction,
    effect: fn(&[Option<TrialStep>]) -> DesignEffect,
    starts: &Starts,
) -> f64 {
    anytime::share_ln_e(steps, p0, direction, |start| effect(&steps[start..]).temper(), starts)
}

pub fn frequency(
    steps: &[Option<EventStep>],
    rate0: f64,
    direction: Direction,
    effect: fn(&[Option<EventStep>]) -> DesignEffect,
    starts: &Starts,
) -> f64 {
    anytime::frequency_ln_e(steps, rate0, direction, |start| effect(&steps[start..]).temper(), starts)
}

pub fn level(y: &[Option<f64>], floor: f64, limit: f64, direction: Direction, horizon: f64, starts: &Starts) -> f64 {
    let whole = Level::new(y, floor);
    let since = |start| if start == 0 { whole.clone() } else { whole.since(start, direction) };
    anytime::level_ln_e(since, limit, direction, y.len(), horizon, starts)
}
