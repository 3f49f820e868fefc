//! The standard normal distribution, far into its tails, and sums and differences of logarithms.
//!
//! Everything here works on the logarithm of the smaller tail, which keeps its digits where a probability would be zero.
//! `libm` gives the error functions to the last bit (those of `statrs` are good to ten digits), `statrs` ln Γ and the first
//! guess of a quantile. This is the only file that calls either.

use statrs::function::erf::erfc_inv;
use statrs::function::gamma::ln_gamma;

pub(super) const LN_HALF: f64 = -std::f64::consts::LN_2;
pub(super) const LN_2PI: f64 = 1.837_877_066_409_345_5;
/// A Newton step from this close on the logarithm of a tail squares the error away.
pub(super) const CONVERGED: f64 = 1e-8;

/// `ln(1 − e^v)` for `v ≤ 0`.
pub(super) fn ln_1m_exp(v: f64) -> f64 {
    if v >= 0.0 {
        f64::NEG_INFINITY
    } else if v > LN_HALF {
        (-v.exp_m1()).ln()
    } else {
        (-v.exp()).ln_1p()
    }
}

/// `ln Γ(a)` minus Stirling's approximation `(a − ½) ln a − a + ½ ln 2π`.
pub(super) fn stirling_error(a: f64) -> f64 {
    if a < 10.0 {
        return ln_gamma(a) - (a - 0.5) * a.ln() + a - 0.5 * LN_2PI;
    }
    const SERIES: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = 1.0 / (a * a);
    SERIES.iter().rev().fold(0.0, |sum, c| sum * square + c) / a
}

/// The quantile of the standard normal distribution, Φ⁻¹(p).
pub fn normal_quantile(p: f64) -> f64 {
    let z = if p > 0.5 { z_from_ln_upper((1.0 - p).max(0.0).ln()) } else { -z_from_ln_upper(p.max(0.0).ln()) };
    if (p - 0.5).abs() > 0.25 || p.is_nan() {
        return z;
    }
    // towards the middle the logarithm has lost the digits of p − ½
    let excess = 0.5 * libm::erf(z * std::f64::consts::FRAC_1_SQRT_2) - (p - 0.5);
    z - excess * (0.5 * (z * z + LN_2PI)).exp()
}

/// P(Z > z) of a standard normal Z.
pub fn normal_upper(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// ln P(Z > z) of a standard normal Z.
pub fn ln_normal_upper(z: f64) -> f64 {
    if z == f64::INFINITY {
        f64::NEG_INFINITY
    } else if z < 0.0 {
        (-normal_upper(-z)).ln_1p()
    } else if z < 20.0 {
        normal_upper(z).ln()
    } else {
        let square = 1.0 / (z * z);
        let (mut sum, mut term) = (0.0, 1.0);
        for k in 0..12 {
            term *= -f64::from(2 * k + 1) * square;
            sum += term;
        }
        -(0.5 * z) * z - z.ln() - 0.5 * LN_2PI + f64::ln_1p(sum)
    }
}

/// The logarithm of a sum, from the logarithms of what is added; an infinite one is the sum.
pub(super) fn ln_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + values.iter().map(|v| (v - largest).exp()).sum::<f64>().ln()
}

/// The z with ln P(Z > z) = `ln_p`; infinite for a probability of zero or one.
pub fn z_from_ln_upper(ln_p: f64) -> f64 {
    if ln_p.is_nan() {
        return ln_p;
    }
    if ln_p >= 0.0 {
        return f64::NEG_INFINITY;
    }
    if ln_p == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    if ln_p > LN_HALF {
        return -z_from_ln_upper(ln_1m_exp(ln_p));
    }
    // the library's quantile where the probability is a number, else the first term of the asymptotic one
    let start = std::f64::consts::SQRT_2 * erfc_inv(2.0 * ln_p.exp());
    let mut z = if ln_p > -700.0 && start.is_finite() { start } else { (-2.0 * ln_p).sqrt() };
    for _ in 0..20 {
        let ln_upper = ln_normal_upper(z);
        // so far out the density is z times the tail, and their logarithms can no longer be told apart
        let slope = if z < 1e4 { (-0.5 * (z * z + LN_2PI) - ln_upper).exp() } else { z };
        let step = (ln_upper - ln_p) / slope;
        if !step.is_finite() {
            break;
        }
        z += step;
        if (ln_upper - ln_p).abs() <= CONVERGED {
            break;
        }
    }
    z
}

/// The logarithm of the density of a standard normal Z.
pub(super) fn ln_normal_density(z: f64) -> f64 {
    -0.5 * (z * z + LN_2PI)
}
