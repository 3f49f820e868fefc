//! Numbers that only grow: memory that leaks, a queue that never empties.
//!
//! A leak is invisible in levels early on: half-way through the window the arms still look alike. So where the canary
//! only grows, its growth per step beyond the baseline's is a second thing to judge, against the growth that would bring
//! the levels to the margin by the end of the soak. Either may fail the criterion, each at half the chance of a false
//! alarm, and only both together pass it. Against a limit of its own there is no growth that fails, since nobody knows
//! that it goes on, but one that would cross the limit within the planned soak is no Pass.

use super::case::Case;
use super::levels;
use super::levels::Against;
use super::look::{Hurdles, Look};
use super::methods::level::{RESOLUTION, resolution_variance};
use super::rules::{Bound, Criterion, Kind, Limit, Looks, Rule, Side, Statistic};
use super::verdict::{Levels, Outcome, Reason};
use super::why::Why;
use crate::series::SignedDuration;
use davy_stats::Direction;
use davy_stats::steps::{increment_z, median};

/// The fewest increments that tell a series which only grows.
const LEAST: usize = 6;

/// How a canary that only grows does so, beside what its level says.
pub(super) enum Growth {
    /// Beside the baseline: evidence of growth beyond the fail bound and within the target, and how much an hour it is.
    Compared { beyond: f64, within: f64, by: f64 },
    /// By itself, towards a limit that it would cross within the planned soak.
    Crossing { by: f64, limit: f64 },
}

impl Growth {
    /// Of a canary that only grows, where the criterion wants its level to be small.
    pub(super) fn of(case: &Case) -> Option<Growth> {
        let target = wanted_small(case.criterion)?;
        if !matches!(case.metric.kind, Kind::Gauge { quantile: None, .. }) {
            return None;
        }
        let steps = case.grid.gauge(case.series);
        if !only_grows(&steps.canary) {
            return None;
        }
        match target.limit {
            Limit::Threshold(limit) => crossing(case, &steps.canary, limit),
            Limit::Margin { .. } if case.is_parallel() => compared(case, &steps.baseline, &steps.canary, target),
            Limit::Margin { .. } => None,
        }
    }

    /// Two chances of a false alarm are one: each has half of it. Passing needs both, which costs nothing.
    pub(super) fn share(growth: Option<&Growth>, levels: Levels) -> Levels {
        match growth {
            Some(Growth::Compared { .. }) => Levels { fail: 1.0 - (1.0 - levels.fail) / 2.0, ..levels },
            _ => levels,
        }
    }

    /// What the level and the growth say against a criterion together, at a level of the run.
    pub(super) fn against(&self, by_level: Against, look: &Look, level: f64) -> Against {
        let Growth::Compared { beyond, .. } = self else { return by_level };
        let by_growth = look.against((*beyond, f64::NEG_INFINITY), level);
        Against { p: 2.0 * by_level.p.min(by_growth.p), now: 2.0 * by_level.now.min(by_growth.now) }
    }

    /// The answer of the level, amended by the growth, and why where the growth decides.
    pub(super) fn amend(
        &self,
        needs: &Hurdles,
        levels: Levels,
        outcome: Outcome,
        reason: Reason,
    ) -> (Outcome, Reason, Option<Why>) {
        // with an open end the level alone has any-time evidence; the growth is a second condition beside it
        let to_pass = if needs.pass.z.is_finite() { needs.pass.z } else { levels::critical(levels.pass) };
        let passes = matches!(outcome, Outcome::Pass | Outcome::Warn);
        match self {
            _ if outcome == Outcome::Fail => (outcome, reason, None),
            Growth::Compared { beyond, by, .. } if *beyond >= needs.fail.z => {
                (Outcome::Fail, Reason::Growing, Some(Why::Grows { by: *by, is_too_much: true }))
            }
            Growth::Compared { within, by, .. } if passes && *within < to_pass => {
                (Outcome::Inconclusive, Reason::Growing, Some(Why::Grows { by: *by, is_too_much: false }))
            }
            Growth::Crossing { by, limit } if passes => {
                (Outcome::Inconclusive, Reason::Growing, Some(Why::Crosses { by: *by, limit: *limit }))
            }
            _ => (outcome, reason, None),
        }
    }
}

/// The target of a criterion by which a level should be small.
fn wanted_small(criterion: &Criterion) -> Option<&Bound> {
    let small = match (&criterion.pass, &criterion.fail) {
        (Some(pass), _) => pass.side == Side::AtMost,
        (None, Some(fail)) => fail.side == Side::AtLeast,
        (None, None) => false,
    };
    let levels = criterion.rule == Rule::Interval && criterion.statistic == Statistic::Typical;
    criterion.target().filter(|_| small && levels)
}

/// The increments from one step to the next, where both were measured.
fn increments(steps: &[Option<f64>]) -> Vec<Option<f64>> {
    steps.windows(2).map(|pair| pair[0].zip(pair[1]).map(|(before, after)| after - before)).collect()
}

/// Whether the numbers never fall by more than rounding, rise at least every second time, and end higher than they began.
fn only_grows(steps: &[Option<f64>]) -> bool {
    let present: Vec<f64> = steps.iter().flatten().copied().collect();
    let Some((first, last)) = present.first().zip(present.last()) else { return false };
    let rounding = RESOLUTION * median(&present).map_or(0.0, f64::abs);
    let increments: Vec<f64> = increments(steps).into_iter().flatten().collect();
    let rises = increments.iter().filter(|v| **v > 0.0).count();
    // gaps hide increments, but not what came of them
    let falls = present.windows(2).any(|pair| pair[1] - pair[0] < -rounding);
    increments.len() >= LEAST && 2 * rises >= increments.len() && !falls && last - first > rounding
}

/// The steps of the soak: planned, or those of the window.
pub(super) fn whole(case: &Case) -> f64 {
    let window = case.grid.len() as f64;
    match case.rules.looks {
        Looks::Planned { soak, .. } => window.max(soak.as_secs_f64() / case.grid.step().as_secs_f64()),
        _ => window,
    }
}

fn compared(case: &Case, baseline: &[Option<f64>], canary: &[Option<f64>], target: &Bound) -> Option<Growth> {
    let y = increments(canary).into_iter().zip(increments(baseline));
    let y: Vec<Option<f64>> = y.map(|(canary, baseline)| canary.zip(baseline).map(|(c, b)| c - b)).collect();
    let present: Vec<f64> = y.iter().flatten().copied().collect();
    if present.len() < LEAST {
        return None;
    }
    let size = median(&baseline.iter().flatten().copied().collect::<Vec<_>>())?.abs();
    // an increment is rounded at both ends, in both arms
    let floor = 4.0 * resolution_variance(false, size);
    let z = |margin: f64, direction| increment_z(&y, margin / whole(case), floor, direction);
    let margin = |bound: &Bound| match bound.limit {
        Limit::Threshold(_) => None,
        Limit::Margin { relative, absolute } => {
            relative.map(|r| r * size).into_iter().chain(absolute).reduce(f64::max).or(Some(0.0))
        }
    };
    let limit = case.criterion.fail.as_ref().unwrap_or(target);
    let rate = present.iter().sum::<f64>() / present.len() as f64;
    Some(Growth::Compared {
        // a fail bound on the canary alone is no matter of growth
        beyond: margin(limit).map_or(f64::NEG_INFINITY, |margin| z(margin, Direction::Above)),
        within: z(margin(target)?, Direction::Below),
        by: in_an_hour(case, rate),
    })
}

fn crossing(case: &Case, canary: &[Option<f64>], limit: f64) -> Option<Growth> {
    let mut present = canary.iter().enumerate().filter_map(|(at, v)| v.map(|v| (at, v)));
    let ((start, first), (end, last)) = present.next().zip(present.next_back())?;
    let rate = (last - first) / (end - start) as f64;
    let ahead = whole(case) - 1.0 - end as f64;
    let planned = matches!(case.rules.looks, Looks::Planned { .. });
    let crosses = planned && last + rate * ahead.max(0.0) > limit;
    crosses.then(|| Growth::Crossing { by: in_an_hour(case, rate), limit })
}

/// What a rate per step comes to in an hour.
pub(super) fn in_an_hour(case: &Case, rate: f64) -> f64 {
    rate * (3600.0 / case.grid.step().as_secs_f64())
}

/// So many steps as a length of time, to the minute.
pub(super) fn lasting(case: &Case, steps: f64) -> SignedDuration {
    let seconds = (steps * case.grid.step().as_secs_f64()).min(1e9);
    SignedDuration::from_secs(((seconds / 60.0).ceil() * 60.0) as i64)
}
