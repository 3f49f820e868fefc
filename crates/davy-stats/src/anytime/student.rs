//! Any-time evidence from one number per step: a mixture of normal numbers.
//!
//! The Bayes factor of a t statistic under the g-prior does not depend on the unknown variance, which makes it an
//! e-process for independent normal numbers (Lai 1976; Hendriksen, de Heide and Grünwald 2021; Wang and Ramdas 2023).
//! With many degrees of freedom it is Robbins' one-sided normal mixture, here of evidence whose noise is estimated from
//! the same steps (asymptotic confidence sequences: Waudby-Smith and others 2024). It is not bounded: what is large
//! enough is found from the next look on, however late it starts.

use std::borrow::Borrow;

use super::super::counts::{self, CountStep};
use super::super::dispersion::DesignEffect;
use super::super::normal::ln_normal_upper;
use super::super::steps::Level;
use super::super::{Direction, defined};
use super::starts::{Starts, course};

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

/// Evidence that a level lies above (or below) a limit, as a logarithm, after so many steps. `since` is the level from a
/// start on; `horizon` is the planned length in steps, infinite if open.
pub fn level_ln_e<L: Borrow<Level>>(
    since: impl Fn(usize) -> L,
    limit: f64,
    direction: Direction,
    steps: usize,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    if !limit.is_finite() {
        return 0.0;
    }
    let from = |start: usize| {
        let since = since(start);
        let level: &Level = since.borrow();
        normal_ln_e(level.z(limit, direction), level.size() - start as f64, horizon)
    };
    defined(starts.average(steps, from))
}

/// Evidence that the difference of rates lies above (or below) `d`, as a logarithm. `effect` is the noise of the steps from
/// a start on; `horizon` is the planned length in steps, infinite if open.
pub fn difference_ln_e(
    steps: &[CountStep],
    d: f64,
    direction: Direction,
    effect: impl Fn(usize) -> DesignEffect,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    let from = |start: usize| {
        let since = &steps[start..];
        let usable = since.iter().filter(|step| counts::usable(step)).count();
        normal_ln_e(counts::difference_z(since, &effect(start), d, direction), usable as f64, horizon)
    };
    defined(starts.average(steps.len(), from))
}

/// The evidence of a normal z from so many steps, as a logarithm.
fn normal_ln_e(z: f64, steps: f64, horizon: f64) -> f64 {
    if steps.is_nan() || steps < LEAST_NUMBERS { 0.0 } else { ln_e_t(z, f64::INFINITY, k(steps, horizon)) }
}
