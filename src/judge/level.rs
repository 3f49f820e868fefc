//! The level of a number per step: the canary's own, beside a partner in the baseline's same step, or beside a baseline
//! whose steps are no partners.
//!
//! On the scale of the test the limit is a number that the level is compared with: a logarithm where margins are factors.

use std::rc::Rc;

use super::grid::Steps;
use super::once::once;
use crate::series::Pair;
use crate::stats::Direction;
use crate::stats::anytime::{self, Starts};
use crate::stats::steps::{Known, Level};

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
pub(super) struct LevelSteps {
    pub(super) arms: Arms,
    /// Whether the limit is a factor (or positive level) and the numbers are logarithms.
    pub(super) log: bool,
    /// How many steps there are of the canary, in time and with a number.
    pub(super) len: usize,
    pub(super) present: usize,
    /// The level less an allowance that may be called too high, and plus another that may be called low enough.
    above: Level,
    below: Level,
    /// The mean of all steps, without an allowance.
    mean: Option<f64>,
    /// The level of numbers that never move.
    constant: Option<f64>,
    /// Where that is exactly the limit, and meets it, the direction that is wanted.
    exact: Option<Direction>,
}

impl LevelSteps {
    /// Of the canary alone.
    pub(super) fn one(y: &Steps<f64>, log: bool, known: Known) -> Self {
        let level = Level::new(y, known);
        Self::of(Arms::One, log, y, (level.clone(), level), constant(y))
    }

    /// Of both arms' same steps; per step, the canary's allowance is subtracted before it may be called too high, and the
    /// baseline's is added before it may be called low enough.
    pub(super) fn paired(arms: &Pair<Steps<f64>>, log: bool, allowance: &Pair<Vec<f64>>, known: &Known) -> Self {
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

    /// Of arms whose steps are no partners.
    pub(super) fn apart(arms: &Pair<Steps<f64>>, log: bool, allowance: Pair<f64>, known: &Known) -> Self {
        let arms = arms.as_ref().map(|steps| scaled(steps, log));
        let level = |by: f64| {
            let canary: Vec<_> = arms.canary.iter().map(|v| v.map(|v| v + by)).collect();
            Level::between(&canary, &arms.baseline, known.clone())
        };
        let above = level(-allowance.canary);
        let below = if allowance == Pair::default() { above.clone() } else { level(allowance.baseline) };
        let means = arms.as_ref().map(mean);
        let constant = arms.as_ref().map(constant);
        let apart =
            |arms: Pair<Option<f64>>| arms.canary.zip(arms.baseline).map(|(canary, baseline)| canary - baseline);
        let of = Self::of(Arms::Apart, log, &arms.canary, (above, below), apart(constant));
        LevelSteps { mean: apart(means), ..of }
    }

    fn of(arms: Arms, log: bool, y: &Steps<f64>, (above, below): (Level, Level), constant: Option<f64>) -> Self {
        let present = y.iter().flatten().count();
        LevelSteps { arms, log, len: y.len(), present, above, below, mean: mean(y), constant, exact: None }
    }

    /// Takes numbers that are all exactly the limit as meeting it: nothing in them says that they are rounded.
    pub(super) fn meeting(self, limit: f64, wanted: Direction) -> Self {
        let exact = self.constant == Some(self.scale(limit));
        LevelSteps { exact: exact.then_some(wanted), ..self }
    }

    /// The level from a step on, as evidence in a direction.
    pub(super) fn since(&self, start: usize, direction: Direction) -> Self {
        let (above, below) = (self.above.since(start, direction), self.below.since(start, direction));
        LevelSteps { above, below, mean: self.mean.filter(|_| start == 0), ..*self }
    }

    /// The evidence of the steps since a start if they were independent.
    pub(super) fn independent_z(&self, start: usize, limit: f64, direction: Direction) -> f64 {
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

    /// Evidence that the level lies above (or below) the limit.
    pub(super) fn z(&self, limit: f64, direction: Direction) -> f64 {
        match direction {
            Direction::Above if self.log && limit <= 0.0 => f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => f64::NEG_INFINITY,
            _ => self.side(direction).z(self.tested(limit, direction), direction),
        }
    }

    /// The any-time evidence for the same at any limit, tuned to a horizon in steps.
    pub(super) fn at_any_time<'a>(
        &'a self,
        direction: Direction,
        starts: &'a Starts,
        horizon: f64,
    ) -> impl Fn(f64) -> f64 + 'a {
        let side = self.side(direction);
        let since = once(move |start| Rc::new(if start == 0 { side.clone() } else { side.since(start, direction) }));
        move |limit| match direction {
            Direction::Above if self.log && limit <= 0.0 => f64::INFINITY,
            Direction::Below if self.log && limit <= 0.0 => 0.0,
            _ => anytime::level_ln_e(&since, self.tested(limit, direction), direction, self.len, horizon, starts),
        }
    }

    /// The nearest limit that is rejected in a direction.
    pub(super) fn end(&self, critical: f64, direction: Direction) -> f64 {
        match self.constant.filter(|_| self.exact.is_some()) {
            Some(y) => self.unscale(y),
            None => self.unscale(self.side(direction).end(critical, direction)),
        }
    }

    /// The mean on the scale of the test: of factors, the geometric mean.
    pub(super) fn estimate(&self) -> Option<f64> {
        self.mean.or_else(|| self.below.mean()).map(|mean| self.unscale(mean))
    }
}

/// The numbers on the scale of the test.
fn scaled(steps: &Steps<f64>, log: bool) -> Steps<f64> {
    steps.iter().map(|v| v.map(|v| if log { v.ln() } else { v })).collect()
}

fn mean(steps: &Steps<f64>) -> Option<f64> {
    let (sum, n) = steps.iter().flatten().fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    Some(sum / n).filter(|mean| mean.is_finite())
}

/// The number of steps that never move.
fn constant(steps: &Steps<f64>) -> Option<f64> {
    let mut present = steps.iter().flatten();
    let first = *present.next()?;
    present.all(|v| *v == first).then_some(first)
}
