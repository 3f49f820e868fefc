//! Worse from when on? Evidence that is gathered over several starts.
//!
//! A canary that is worse from the middle on is worse than the baseline by half as much on average, with a noise that the
//! change itself makes look large. So the same question is asked of the steps since each of a few starts, and the tail
//! probabilities are combined by their weighted harmonic mean (Good 1958; Wilson 2019). Neighbouring starts ask nearly the
//! same, which a harmonic mean does not pay for as often as Bonferroni would.

use super::normal::{ln_normal_upper, ln_sum_exp, z_from_ln_upper};

/// The part of the evidence that is asked of all steps together. What begins late is found by far less: its size is seen
/// in the steps since then.
pub const WHOLE: f64 = 0.9;

/// Starts after the first.
const STARTS: usize = 48;

/// The fewest steps since a start.
const LEAST: usize = 2;

/// A harmonic mean of dependent probabilities is a little too small: by this factor at most, where they depend as those of
/// neighbouring starts do (by simulation; `reports/calibration`).
const HARMONIC: f64 = 1.1;

/// The starts among so many steps, without the first step, in order and evenly apart.
pub fn starts(steps: usize) -> Vec<usize> {
    let apart = steps.div_ceil(STARTS).max(1);
    (1..).map(|k| k * apart).take_while(|start| start + LEAST <= steps).collect()
}

/// The z whose tail is the combination of that of all steps and those of the later starts.
pub fn combined(whole: f64, later: &[f64]) -> f64 {
    if later.is_empty() {
        return whole;
    }
    let share = ((1.0 - WHOLE) / later.len() as f64).ln();
    let inverse = |z: f64| -ln_normal_upper(z);
    let parts = std::iter::once(WHOLE.ln() + inverse(whole)).chain(later.iter().map(|z| share + inverse(*z)));
    z_from_ln_upper((HARMONIC.ln() - ln_sum_exp(&parts.collect::<Vec<_>>())).min(0.0))
}

/// What the evidence of all steps must reach by itself for the combination to reach `critical` whatever the later starts
/// say.
pub fn alone(critical: f64) -> f64 {
    if critical.is_finite() {
        z_from_ln_upper(ln_normal_upper(critical) + WHOLE.ln() - HARMONIC.ln())
    } else {
        critical
    }
}
