//! The level of a number per step: the canary's own against a limit, or beside a partner in the baseline's same step.
//!
//! On the scale of the test the limit is a number that the level is compared with: a logarithm where margins are factors. In
//! pairs the numbers are log-ratios or differences of both arms at the same time, so that what moves both cancels.
//!
//! - **Evidence**: the mean of the steps minus the limit over its standard error. The noise is an autoregression about a mean
//!   that may move, and its correlation is averaged out; Student's t is brought to a normal z. An allowance for percentiles
//!   of few requests is subtracted first. Rounding puts a floor under the noise.
//! - **Interval**: the levels that the evidence does not reject.
//! - **Any-time evidence**: one-sided normal mixtures of the same z (Robbins 1970; Waudby-Smith and others 2024).
//! - **Estimate**: the mean; of factors, the geometric mean.
//! - **Later starts**: the level of the steps since a start, with the noise of all.
//!
//! The formulas are in [`steps`](davy_stats::steps) and [`segments`](davy_stats::segments). `fixtures/reference` certifies
//! them: `gauges.toml`, `noise_model.toml`, `learned.toml` and `evidence.toml`.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::compare::{Comparison, Course, Facts, LnE};
use crate::grid::Steps;
use crate::learned::Learned;
use crate::once::once;
use crate::series::Pair;
use crate::verdict::{EffectKind, Method};
use davy_stats::Direction;
use davy_stats::anytime::{self, Starts};
use davy_stats::counts::Scatter;
use davy_stats::steps::{Known, Level, median};

/// How finely a monitoring system reports numbers, relative to their size, when nothing better is known.
pub(crate) const RESOLUTION: f64 = 1e-3;

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arms {
    /// The canary's own.
    One,
    /// The canary's beside the baseline's of the same step.
    Paired,
    /// Both arms', whose windows differ.
    Apart,
}

/// One number per step, what it is, and what may be said of its level.
#[derive(Debug, Clone)]
pub(crate) struct LevelSteps {
    arms: Arms,
    /// Whether the limit is a factor (or positive level) and the numbers are logarithms.
    log: bool,
    /// How many steps there are of the canary, in time and with a number.
    len: usize,
    present: usize,
    /// The level less an allowance that may be called too high, and plus another that may be called low enough.
    above: Level,
    below: Level,
    /// The mean of all steps, without an allowance.
    pub(super) mean: Option<f64>,
    /// The level of numbers that never move.
    constant: Option<f64>,
    /// Where that is exactly the limit, and meets it, the direction that is wanted.
    exact: Option<Direction>,
}

impl LevelSteps {
    /// Of the canary alone.
    fn one(y: &Steps<f64>, log: bool, known: Known) -> Self {
        let level = Level::new(y, known);
        Self::of(Arms::One, log, y, (level.clone(), level), constant(y))
    }

    /// Of both arms' same steps; per step, the canary's allowance is subtracted before it may be called too high, and the
    /// baseline's is added before it may be called low enough.
    fn paired(arms: &Pair<Steps<f64>>, log: bool, allowance: &Pair<Vec<f64>>, known: &Known) -> Self {
        let arms = arms.as_ref().map(|steps| scaled(steps, log));
        let shifted = |by: &[f64], sign: f64| {
            let shift = |(i, y): (usize, &Option<f64>)| y.map(|y| y + by.get(i).map_or(0.0, |by| sign * by));
            let canary: Vec<_> = arms.canary.iter().enumerate().map(shift).collect();
            Level::beside(&canary, &arms.baseline, known.clone())
        };
        let pairs = arms.canary.iter().zip(&arms.baseline);
        let y: Vec<_> = pairs.map(|(c, b)| c.zip(*b).map(|(c, b)| c - b)).collect();
        let above = shifted(&allowance.canary, -1.0);
        let same = allowance.canary.is_empty() && allowance.baseline.is_empty();
        let below = if same { above.clone() } else { shifted(&allowance.baseline, 1.0) };
        Self::of(Arms::Paired, log, &y, (above, below), constant(&y))
    }

    pub(super) fn of(
        arms: Arms,
        log: bool,
        y: &Steps<f64>,
        (above, below): (Level, Level),
        constant: Option<f64>,
    ) -> Self {
        let present = y.iter().flatten().count();
        LevelSteps { arms, log, len: y.len(), present, above, below, mean: mean(y), constant, exact: None }
    }

    /// Takes numbers that are all exactly the limit as meeting it: nothing in them says that they are rounded.
    pub(crate) fn meeting(self, limit: f64, wanted: Direction) -> Self {
        let exact = self.constant == Some(self.scale(limit));
        LevelSteps { exact: exact.then_some(wanted), ..self }
    }

    /// The level from a step on, as evidence in a direction.
    fn since_step(&self, start: usize, direction: Direction) -> Self {
        let (above, below) = (self.above.since(start, direction), self.below.since(start, direction));
        LevelSteps { above, below, mean: self.mean.filter(|_| start == 0), ..*self }
    }

    /// The evidence of the steps since a start if they were independent.
    fn z_if_independent(&self, start: usize, limit: f64, direction: Direction) -> f64 {
        self.side(direction).independent_z(start, self.tested(limit, direction), direction)
    }

    /// The limit that is tested: numbers that meet it exactly are as far within it as numbers can be.
    fn tested(&self, limit: f64, direction: Direction) -> f64 {
        let limit = self.scale(limit);
        let far = if self.exact == Some(direction) { 1.0 + limit.abs() } else { 0.0 };
        if direction == Direction::Below { limit + far } else { limit - far }
    }

    fn scale(&self, limit: f64) -> f64 {
        if self.log { limit.max(f64::MIN_POSITIVE).ln() } else { limit }
    }

    fn unscale(&self, y: f64) -> f64 {
        if self.log && y.is_finite() { y.exp() } else { y }
    }

    fn side(&self, direction: Direction) -> &Level {
        if direction == Direction::Above { &self.above } else { &self.below }
    }
}

impl Comparison for LevelSteps {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        match direction {
            Direction::Above if self.log && limit <= 0.0 => f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => f64::NEG_INFINITY,
            _ => self.side(direction).z(self.tested(limit, direction), direction),
        }
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        let side = self.side(direction);
        let since = once(move |start| Rc::new(if start == 0 { side.clone() } else { side.since(start, direction) }));
        Box::new(move |limit| match direction {
            Direction::Above if self.log && limit <= 0.0 => f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => 0.0,
            _ => anytime::level_ln_e(&since, self.tested(limit, direction), direction, self.len, horizon, starts),
        })
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        (self.end(low, Direction::Above), self.end(high, Direction::Below))
    }

    /// The nearest limit that is rejected.
    fn end(&self, critical: f64, direction: Direction) -> f64 {
        match self.constant.filter(|_| self.exact.is_some()) {
            Some(y) => self.unscale(y),
            None => self.unscale(self.side(direction).end(critical, direction)),
        }
    }

    fn estimate(&self) -> Option<f64> {
        self.mean.or_else(|| self.below.mean()).map(|mean| self.unscale(mean))
    }

    fn natural(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn kind(&self) -> EffectKind {
        match self.arms {
            Arms::One => EffectKind::Level,
            Arms::Paired | Arms::Apart if self.log => EffectKind::Ratio,
            Arms::Paired | Arms::Apart => EffectKind::Difference,
        }
    }

    fn method(&self) -> Method {
        match self.arms {
            Arms::One => Method::OneArmSteps,
            Arms::Paired => Method::PairedSteps,
            Arms::Apart => Method::UnpairedSteps,
        }
    }

    fn facts(&self) -> Facts {
        match self.arms {
            Arms::One => Facts::Steps,
            Arms::Paired => Facts::Pairs(self.present),
            Arms::Apart => Facts::Samples,
        }
    }

    fn is_multiplicative(&self) -> bool {
        self.log
    }

    fn if_independent(&self, _z: f64, limit: f64, direction: Direction) -> Option<f64> {
        Some(self.z_if_independent(0, limit, direction))
    }

    fn course(&self) -> Option<&dyn Course> {
        Some(self)
    }
}

impl Course for LevelSteps {
    fn steps(&self) -> usize {
        self.len
    }

    fn independent_z(&self, starts: &[usize], limit: f64, direction: Direction) -> Vec<f64> {
        starts.iter().map(|start| self.z_if_independent(*start, limit, direction)).collect()
    }

    fn tamed(&self, direction: Direction) -> Rc<dyn Comparison> {
        Rc::new(self.since_step(0, direction))
    }

    fn since(&self, start: usize, direction: Direction, _scatter: &OnceCell<Scatter>) -> Rc<dyn Comparison> {
        Rc::new(self.since_step(start, direction))
    }
}

/// The numbers on the scale of the test.
pub(super) fn scaled(steps: &Steps<f64>, log: bool) -> Steps<f64> {
    steps.iter().map(|v| v.map(|v| if log { v.ln() } else { v })).collect()
}

pub(super) fn mean(steps: &Steps<f64>) -> Option<f64> {
    let (sum, n) = steps.iter().flatten().fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    Some(sum / n).filter(|mean| mean.is_finite())
}

/// The number of steps that never move.
pub(super) fn constant(steps: &Steps<f64>) -> Option<f64> {
    let mut present = steps.iter().flatten();
    let first = *present.next()?;
    present.all(|v| *v == first).then_some(first)
}

/// The canary's own level, with the limit on its scale.
pub(crate) fn one_arm(steps: &Steps<f64>, log: bool, limit: f64, learned: Option<&Learned>) -> (LevelSteps, f64) {
    let log = log && limit > 0.0;
    let y: Vec<_> = steps.iter().map(|v| v.map(|v| if log { v.ln() } else { v })).collect();
    let size = median(&steps.iter().flatten().map(|v| v.abs()).collect::<Vec<_>>()).unwrap_or(1.0);
    (LevelSteps::one(&y, log, known(log, size, learned)), limit)
}

/// The canary's level beside the baseline's of the same steps, with the limit on its scale: a ratio, or an absolute margin.
pub(crate) fn paired(
    steps: &Pair<Steps<f64>>,
    log: bool,
    allowance: &Pair<Vec<f64>>,
    ratio: Option<f64>,
    absolute: f64,
    learned: Option<&Learned>,
) -> (LevelSteps, f64) {
    let log = log && ratio.is_some();
    let size = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>()).map_or(1.0, f64::abs);
    let scaled = |a: &Vec<f64>| a.iter().map(|a| if log { *a } else { a * size }).collect();
    let (allowance, known) = (allowance.as_ref().map(scaled), known(log, size, learned));
    (LevelSteps::paired(steps, log, &allowance, &known), on_scale(ratio, absolute, log, size))
}

/// A margin on the scale of the test, of arms whose baseline has a size.
pub(crate) fn on_scale(ratio: Option<f64>, absolute: f64, log: bool, size: f64) -> f64 {
    match ratio {
        Some(ratio) if log => ratio,
        Some(ratio) => (ratio - 1.0) * size,
        None => absolute,
    }
}

/// The level of one arm, on the scale on which the arms are compared, so that both levels and their ratio go together.
pub(crate) fn typical(steps: &[Option<f64>], log: bool) -> Option<f64> {
    let y = || steps.iter().flatten().map(|v| if log { v.ln() } else { *v });
    let mean = y().sum::<f64>() / y().count() as f64;
    Some(if log { mean.exp() } else { mean }).filter(|v| v.is_finite())
}

/// What is known of the noise of a step before it is seen.
pub(super) fn known(log: bool, size: f64, learned: Option<&Learned>) -> Known {
    Known { floor: resolution_variance(log, size), learned: learned.and_then(|learned| learned.steps(log)) }
}

/// The variance that rounding alone gives to one step.
pub(crate) fn resolution_variance(log: bool, size: f64) -> f64 {
    let resolution = if log { RESOLUTION } else { RESOLUTION * size.max(f64::MIN_POSITIVE) };
    resolution * resolution / 12.0
}
