//! Logarithms of the incomplete beta and gamma functions, the cores of every exact tail.
//!
//! Library versions return a probability, which is useless below 1e-308 and inexact long before, and they stop their
//! continued fractions after a fixed number of terms, which is wrong for millions of requests. Here the factor in
//! front is written with deviances and Stirling errors (Loader 2000, *Fast and accurate computation of binomial
//! probabilities*), so that it keeps its digits for large counts, and the rest is a continued fraction or a series
//! that runs until it has converged. Beyond ten million of both parameters the uniform expansion takes over (Temme
//! 1982; DLMF 8.18.9 and 8.12.3), whose first correction is then below the tolerance of everything built on it.

use super::normal::{LN_2PI, ln_1m_exp, ln_normal_upper, stirling_error};

const UNIFORM_FROM: f64 = 1e7;
const TINY: f64 = 1e-300;
/// Many more terms than anything needs.
const LONGEST: u32 = 1_000_000;

/// `x ln(x/m) + m − x` without cancellation where the two are close; never negative.
fn deviance(x: f64, m: f64) -> f64 {
    if x <= 0.0 {
        return m;
    }
    let v = (x - m) / (x + m);
    if v.abs() >= 0.1 {
        return x * (x / m).ln() + m - x;
    }
    let (mut sum, mut term, square) = ((x - m) * v, 2.0 * x * v, v * v);
    for k in 1..100 {
        term *= square;
        let next = sum + term / f64::from(2 * k + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln( x^a y^b / B(a, b) )` with `x + y = 1`: the density of the logit of a beta variable.
pub(super) fn ln_beta_density(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let stirling = stirling_error(n) - stirling_error(a) - stirling_error(b);
    0.5 * (a.ln() + b.ln() - n.ln() - LN_2PI) + stirling - deviance(a, n * x) - deviance(b, n * y)
}

/// `ln( m^a e^−m / Γ(a) )`: the density of the logarithm of a gamma variable.
pub(super) fn ln_gamma_density(m: f64, a: f64) -> f64 {
    0.5 * (a.ln() - LN_2PI) - stirling_error(a) - deviance(a, m)
}

/// `ln I_x(a, b)` for positive `a`, `b` and `x + y = 1`; both are given so that neither loses its digits near one.
pub(super) fn ln_beta_lower(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if y <= 0.0 {
        return 0.0;
    }
    let n = a + b;
    if a.min(b) > UNIFORM_FROM {
        // n x − a, from whichever side is better conditioned
        let distance = if x < 0.5 { n * x - a } else { b - n * y };
        let (precision, skew) = (1.0 / a + 1.0 / b, 1.0 / a - 1.0 / b);
        let cubes = a.powi(-3) + b.powi(-3);
        let linear = skew * skew / precision / 6.0 - cubes / (precision * precision) / 4.0;
        let deviance = deviance(a, n * x) + deviance(b, n * y);
        return ln_uniform(deviance, distance * precision.sqrt(), (skew / precision.sqrt() / 3.0, linear));
    }
    let beyond_mean = if x < 0.5 { x > (a + 1.0) / (n + 2.0) } else { y < (b + 1.0) / (n + 2.0) };
    if beyond_mean {
        return ln_1m_exp(ln_beta_density(y, x, b, a) + beta_fraction(y, b, a).ln() - b.ln());
    }
    ln_beta_density(x, y, a, b) + beta_fraction(x, a, b).ln() - a.ln()
}

/// `ln P(a, m)`, the lower tail of a gamma variable.
pub(super) fn ln_gamma_lower(a: f64, m: f64) -> f64 {
    if m <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if m == f64::INFINITY {
        return 0.0;
    }
    if a > UNIFORM_FROM {
        return ln_uniform(deviance(a, m), (m - a) / a.sqrt(), (1.0 / (3.0 * a.sqrt()), -1.0 / (12.0 * a)));
    }
    if m > a + 1.0 { ln_1m_exp(ln_gamma_by_fraction(a, m)) } else { ln_gamma_by_series(a, m) }
}

/// `ln Q(a, m)`, the upper tail of a gamma variable.
pub(super) fn ln_gamma_upper(a: f64, m: f64) -> f64 {
    if m <= 0.0 {
        return 0.0;
    }
    if m == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    if a > UNIFORM_FROM {
        return ln_uniform(deviance(a, m), (a - m) / a.sqrt(), (-1.0 / (3.0 * a.sqrt()), -1.0 / (12.0 * a)));
    }
    if m > a + 1.0 { ln_gamma_by_fraction(a, m) } else { ln_1m_exp(ln_gamma_by_series(a, m)) }
}

fn ln_gamma_by_series(a: f64, m: f64) -> f64 {
    let (mut sum, mut term): (f64, f64) = (1.0, 1.0);
    for k in 1..LONGEST {
        term *= m / (a + f64::from(k));
        sum += term;
        if term <= sum * 1e-17 {
            break;
        }
    }
    ln_gamma_density(m, a) + sum.ln() - a.ln()
}

/// Lentz's evaluation of the continued fraction of the upper tail; converges in about √a terms.
fn ln_gamma_by_fraction(a: f64, m: f64) -> f64 {
    let mut b = m + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for k in 1..LONGEST {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    ln_gamma_density(m, a) + value.ln()
}

/// The continued fraction of the incomplete beta function by the recurrence of its convergents, which divides once every
/// two terms; converges in about √min(a, b) terms.
pub(super) fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    // the denominators of the last two convergents and the numerator before the last, over the last numerator
    let (mut below, mut below_before, mut above_before) = (1.0 / a, 0.0, 1.0 / a);
    for k in 0..LONGEST {
        let k = f64::from(k);
        let odd = -(a + k) * (n + k) * x;
        let (above, next) = (a + 2.0 * k + 1.0 + odd * above_before, (a + 2.0 * k + 1.0) * below + odd * below_before);
        let even = (k + 1.0) * (b - k - 1.0) * x;
        let per = 1.0 / away_from_zero((a + 2.0 * k + 2.0) * above + even);
        let last = ((a + 2.0 * k + 2.0) * next + even * below) * per;
        (below_before, above_before) = (next * per, above * per);
        let moved = (last - below).abs();
        below = last;
        if moved <= f64::EPSILON * last.abs() {
            break;
        }
    }
    a * below
}

fn away_from_zero(v: f64) -> f64 {
    if v.abs() < TINY { TINY } else { v }
}

/// The tail below a point, from the point's deviance and its standardised distance `u` from the mean: the normal tail
/// of the signed root `w` of twice the deviance, with the leading correction φ(w)·(1/w − 1/u). Near the mean, where
/// that cancels, its expansion in `u` is given.
fn ln_uniform(deviance: f64, u: f64, near: (f64, f64)) -> f64 {
    let w = (2.0 * deviance).sqrt().copysign(u);
    let correction = if u.abs() < 1.0 { near.0 + near.1 * u } else { 1.0 / w - 1.0 / u };
    let ln_tail = ln_normal_upper(-w);
    let ln_density = -deviance - 0.5 * LN_2PI;
    (ln_tail + (correction * (ln_density - ln_tail).exp()).ln_1p()).min(0.0)
}
