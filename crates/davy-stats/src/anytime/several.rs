//! Several e-values at once: their mean, and which of their hypotheses to reject.

use super::super::normal::ln_sum_exp;

/// The logarithm of the mean of e-values, from their logarithms; no evidence if there are none.
pub fn ln_mean_exp(ln_e: &[f64]) -> f64 {
    if ln_e.is_empty() { 0.0 } else { ln_sum_exp(ln_e) - (ln_e.len() as f64).ln() }
}

/// Which of several hypotheses to reject so that at most a part `level` of the rejections is expected to be false,
/// whatever depends on what (e-BH: Wang and Ramdas 2022).
pub fn e_bh(ln_e: &[f64], level: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = ln_e.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let needed = |rank: usize| (ln_e.len() as f64 / rank as f64).ln() - level.ln();
    let reached = (1..).zip(&sorted).filter(|(rank, ln_e)| **ln_e >= needed(*rank)).last();
    ln_e.iter().map(|v| reached.is_some_and(|(_, least)| v >= least)).collect()
}
