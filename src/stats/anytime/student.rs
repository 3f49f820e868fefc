//! Any-time evidence from one number per step: a mixture of Student's t.
//!
//! The Bayes factor of a t statistic under the g-prior does not depend on the unknown variance, which makes it an
//! e-process for independent normal numbers (Lai 1976; Hendriksen, de Heide and Grünwald 2021; Wang and Ramdas 2023).
//! Here it is one-sided and its variance is the long-run one, by the weaker of two estimators; with many degrees of freedom
//! it is Robbins' normal mixture with a robust variance (Waudby-Smith and others 2024).

use super::super::counts::{self, CountStep};
use super::super::longrun::{COSINES_SERIES, LongRun, StepSum, step_sum};
use super::super::ranks::signed_rank_scores;
use super::super::tail::ln_normal_upper;
use super::super::{Direction, defined};
use super::{Starts, course};

/// Fewer numbers than this are no evidence.
const LEAST_NUMBERS: f64 = 5.0;
/// The error for which the mixture is tuned, whatever error it is then used with.
const TUNED_FOR: f64 = 0.05;

/// The logarithm of the one-sided e-value of a t statistic with `nu` degrees of freedom; `k` is the number of steps
/// over the precision of the mixture.
pub fn ln_e_t(t: f64, nu: f64, k: f64) -> f64 {
    if t.is_nan() || !(nu > 0.0 && k > 0.0) {
        return 0.0;
    }
    // an infinite precision is a mixture of nothing but the hypothesis
    let (shrink, rest) = (k / (1.0 + k), 1.0 / (1.0 + k));
    let square = t * t / nu;
    let two_sided = if nu == f64::INFINITY {
        0.5 * t * t * shrink
    } else if square == f64::INFINITY {
        0.5 * (nu + 1.0) * k.ln_1p()
    } else {
        0.5 * (nu + 1.0) * (square * shrink / (1.0 + square * rest)).ln_1p()
    };
    let side = std::f64::consts::LN_2 + ln_normal_upper(-t * shrink.sqrt());
    defined(two_sided - 0.5 * k.ln_1p() + side)
}

/// The number of steps over the precision of the mixture, which is tightest halfway through the course.
fn k(steps: f64, horizon: f64) -> f64 {
    let twice = 2.0 * (1.0 / (2.0 * TUNED_FOR)).ln();
    steps * (twice + twice.ln_1p()) / (0.5 * course(horizon))
}

/// Evidence that the level of `y` lies above (or below) a limit, as a logarithm: what the mean (with a variance of at
/// least `floor` per step) and the signed ranks agree on. `horizon` is the planned length in steps, infinite if open.
pub fn level_ln_e(
    y: &[Option<f64>],
    limit: f64,
    direction: Direction,
    floor: f64,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    if !limit.is_finite() {
        return 0.0;
    }
    let sign = sign(direction);
    let shifted: Vec<_> = y.iter().map(|v| v.map(|v| sign * (v - limit))).collect();
    let mean = |start: usize| {
        let sum = step_sum(&shifted[start..], COSINES_SERIES);
        sum_ln_e(&sum, floor.max(0.0) * sum.n as f64, horizon)
    };
    let ranks = |start: usize| {
        let scores = signed_rank_scores(&shifted[start..]);
        sum_ln_e(&step_sum(&scores, COSINES_SERIES), 0.0, horizon)
    };
    defined(starts.average(y.len(), mean)).min(defined(starts.average(y.len(), ranks)))
}

/// Evidence that the difference of rates lies above (or below) `d`, as a logarithm: the steps' weighted differences, with
/// a variance that is at least that of independent trials. `horizon` is the planned length in steps, infinite if open.
///
/// `between` is the design effect between instances from a start on, with its degrees of freedom, where it is known
/// ([`counts::between_instances`]).
pub fn difference_ln_e(
    steps: &[CountStep],
    between: impl Fn(usize) -> Option<(f64, f64)>,
    d: f64,
    direction: Direction,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    if d.is_nan() {
        return 0.0;
    }
    let sign = sign(direction);
    let scores: Vec<_> = steps.iter().map(|step| counts::weighted_score(step, d)).collect();
    let excess: Vec<_> = scores.iter().map(|score| score.map(|(excess, _)| sign * excess)).collect();
    let from = |start: usize| {
        let model: f64 = scores[start..].iter().flatten().map(|(_, variance)| variance).sum();
        let sum = step_sum(&excess[start..], COSINES_SERIES);
        let by_steps = [sum.autoregressive, sum.cosines].map(|v| (v.variance.max(model), v.dof));
        let by_instances = between(start).map(|(phi, nu)| (model * phi, nu));
        let t = |(variance, dof): (f64, f64)| (if sum.sum == 0.0 { 0.0 } else { sum.sum / variance.sqrt() }, dof);
        let candidates: Vec<_> = by_steps.into_iter().chain(by_instances).map(t).collect();
        weakest_ln_e(&candidates, sum.n as f64, horizon)
    };
    defined(starts.average(steps.len(), from))
}

fn sign(direction: Direction) -> f64 {
    if direction == Direction::Above { 1.0 } else { -1.0 }
}

/// The weaker evidence of both variances that a sum is above zero.
fn sum_ln_e(sum: &StepSum, least: f64, horizon: f64) -> f64 {
    let t = |v: LongRun| (if sum.sum == 0.0 { 0.0 } else { sum.sum / v.variance.max(least).sqrt() }, v.dof);
    weakest_ln_e(&[sum.autoregressive, sum.cosines].map(t), sum.n as f64, horizon)
}

/// The weakest evidence of several t statistics with their degrees of freedom, as a logarithm, from so many steps (of
/// two samples: as many pairs as would tell as much). `horizon` is the planned length in steps, infinite if open.
pub fn weakest_ln_e(candidates: &[(f64, f64)], steps: f64, horizon: f64) -> f64 {
    if steps.is_nan() || steps < LEAST_NUMBERS {
        return 0.0;
    }
    let ln_e = candidates.iter().map(|(t, nu)| ln_e_t(*t, *nu, k(steps, horizon)));
    ln_e.reduce(f64::min).unwrap_or(0.0)
}
