//! The strongest of several pieces of evidence, as evidence that holds although there were several.
//!
//! That any of n true hypotheses is rejected has at most n times the chance of one (Bonferroni 1936; Dunn 1961), however
//! they depend on each other. Evidence for a conclusion that takes all of them needs no such price: it is the weakest one
//! (intersection-union test, Berger 1982).

use super::normal::{ln_normal_upper, z_from_ln_upper};

/// What the strongest z of `n` comes to.
pub fn any(strongest: f64, n: usize) -> f64 {
    if strongest.is_nan() { 0.0 } else { z_from_ln_upper((ln_normal_upper(strongest) + ln(n)).min(0.0)) }
}

/// What the strongest z of `n` must reach to come to `critical`.
pub fn each(critical: f64, n: usize) -> f64 {
    z_from_ln_upper(ln_normal_upper(critical) - ln(n))
}

/// By how much any-time evidence must be the stronger, as a logarithm.
pub fn ln(n: usize) -> f64 {
    (n.max(1) as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_must_reach_comes_to_the_critical_value() {
        for n in [1, 2, 27, 1_000] {
            for critical in [-1.0, 0.0, 1.644_853_626_951_472_7, 3.5, 9.0, 40.0] {
                let needed = each(critical, n);
                assert!((any(needed, n) - critical).abs() < 1e-9, "{n} of {critical}: {needed}");
                assert!(needed >= critical - 1e-12);
            }
        }
        // 0.05 / 27, by scipy.stats.norm.isf
        assert!((each(1.644_853_626_951_472_7, 27) - 2.902_353_478_942_126).abs() < 1e-9);
        assert_eq!(
            (any(f64::NAN, 3), any(f64::INFINITY, 3), each(f64::INFINITY, 3)),
            (0.0, f64::INFINITY, f64::INFINITY)
        );
        assert_eq!(any(-1.0, 27), f64::NEG_INFINITY);
    }
}
