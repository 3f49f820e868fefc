//! Tail probabilities as logarithms, and the standard normal z that stands for them.
//!
//! A judge meets p-values of 1e-300: a canary that fails every request is an ordinary event. Subtracting from one, or
//! passing through a probability at all, loses them, so everything here works on the logarithm of the smaller tail.

use super::Direction;
use super::incomplete::{
    beta_fraction, ln_beta_density, ln_beta_lower, ln_gamma_density, ln_gamma_lower, ln_gamma_upper,
};
use super::normal::{
    CONVERGED, LN_HALF, ln_1m_exp, ln_normal_density, ln_normal_upper, stirling_error, z_from_ln_upper,
};

/// The z of an upper and a lower tail that are each other's complement, from whichever is smaller.
fn z_from_tails(ln_upper: f64, ln_lower: f64) -> f64 {
    if ln_upper <= ln_lower { z_from_ln_upper(ln_upper) } else { -z_from_ln_upper(ln_lower) }
}

/// Student's t with its constants, for many tails of the same degrees of freedom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Student {
    nu: f64,
    /// −ln B(ν/2, ½).
    ln_constant: f64,
}

impl Student {
    pub(super) fn new(nu: f64) -> Student {
        let a = 0.5 * nu;
        // ln Γ(a + ½) − ln Γ(a) − ½ ln π
        let gammas = a * (0.5 / a).ln_1p() + 0.5 * a.ln() - 0.5 + stirling_error(a + 0.5) - stirling_error(a);
        Student { nu, ln_constant: gammas - 0.5 * std::f64::consts::PI.ln() }
    }

    /// Its degrees of freedom.
    pub(super) fn freedom(&self) -> f64 {
        self.nu
    }

    /// P(T > t) and the density for t ≥ 0.
    pub(super) fn upper(&self, t: f64) -> Upper {
        if self.nu > MOST_FREEDOM {
            let power = ln_normal_upper(t);
            return Upper { tail: 1.0, density: (ln_normal_density(t) - power).exp(), power };
        }
        let (a, ratio) = (0.5 * self.nu, t * t / self.nu);
        if ratio == f64::INFINITY {
            let power = self.ln_constant - a * (2.0 * t.ln() - self.nu.ln());
            return Upper { tail: 0.5 / a, density: 1.0 / t, power };
        }
        let (x, y) = (1.0 / (1.0 + ratio), if ratio < 1.0 { ratio / (1.0 + ratio) } else { 1.0 / (1.0 + 1.0 / ratio) });
        let power = self.ln_constant - a * ratio.ln_1p();
        let density = (x / self.nu).sqrt();
        if y < 1.5 / (a + 2.5) {
            let scale = power.exp();
            let below = if y == 0.0 { 0.0 } else { scale * y.sqrt() * beta_fraction(y, 0.5, a) };
            return Upper { tail: 0.5 - below, density: scale * density, power: 0.0 };
        }
        Upper { tail: 0.5 * y.sqrt() * beta_fraction(x, a, 0.5) / a, density, power }
    }

    /// ln P(T > t) for t ≥ 0.
    fn ln_upper(&self, t: f64) -> f64 {
        let Upper { tail, power, .. } = self.upper(t);
        tail.ln() + power
    }
}

/// A tail and the density at its end, both to be multiplied by a power of e.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upper {
    pub(super) tail: f64,
    pub(super) density: f64,
    pub(super) power: f64,
}

/// More degrees of freedom than these are as good as any number.
const MOST_FREEDOM: f64 = 1e12;

/// ln P(T > t) of Student's t with `nu` degrees of freedom.
pub fn ln_t_upper(t: f64, nu: f64) -> f64 {
    if nu.is_nan() || t.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    let upper = Student::new(nu).ln_upper(t.abs());
    if t < 0.0 { ln_1m_exp(upper) } else { upper }
}

/// ln P(T > t) and ln of the density of ln t, from ln t.
fn ln_t_tail(ln_t: f64, nu: f64) -> (f64, f64) {
    let a = 0.5 * nu;
    let ln_ratio = 2.0 * ln_t - nu.ln();
    if ln_ratio > 40.0 {
        // 1 + t²/ν is t²/ν to the last bit
        let ln_beta = ln_beta_density(0.5, 0.5, a, 0.5) + (a + 0.5) * std::f64::consts::LN_2;
        let ln_density = ln_beta - a * ln_ratio;
        return (LN_HALF + ln_density - a.ln(), ln_density);
    }
    let ratio = ln_ratio.exp();
    let (x, y) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
    if y == 0.0 {
        return (LN_HALF, f64::NEG_INFINITY);
    }
    (LN_HALF + ln_beta_lower(x, y, a, 0.5), ln_beta_density(x, y, a, 0.5))
}

/// The z that is as far out in the normal distribution as `t` is in Student's t with `nu` degrees of freedom.
pub fn t_to_z(t: f64, nu: f64) -> f64 {
    if t < 0.0 { -z_from_ln_upper(ln_t_upper(-t, nu)) } else { z_from_ln_upper(ln_t_upper(t, nu)) }
}

/// The t that is as far out in Student's t with `nu` degrees of freedom as `z` is in the normal distribution.
pub fn z_to_t(z: f64, nu: f64) -> f64 {
    if z < 0.0 { -t_from_ln_upper(ln_normal_upper(-z), nu) } else { t_from_ln_upper(ln_normal_upper(z), nu) }
}

/// The t with P(T > t) = `p` for Student's t with `nu` degrees of freedom.
pub fn t_quantile_upper(p: f64, nu: f64) -> f64 {
    if p > 0.5 { -t_from_ln_upper((-p.min(1.0)).ln_1p(), nu) } else { t_from_ln_upper(p.max(0.0).ln(), nu) }
}

/// The non-negative t with ln P(T > t) = `ln_p` ≤ ln ½.
fn t_from_ln_upper(ln_p: f64, nu: f64) -> f64 {
    if nu.is_nan() || ln_p.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    if ln_p >= LN_HALF {
        return 0.0;
    }
    let z = z_from_ln_upper(ln_p);
    if nu > MOST_FREEDOM || z == f64::INFINITY {
        return z;
    }
    let spread = (z * z / nu).exp_m1();
    let start = if spread.is_finite() { 0.5 * (nu * spread).ln() } else { 0.5 * (nu.ln() + z * z / nu) };
    (-quantile_of_log_concave(ln_p, -start, |u| ln_t_tail(-u, nu))).exp()
}

/// The u at which a log-concave distribution function reaches `ln_p`, by Newton's method on its logarithm.
///
/// `at(u)` gives the logarithms of the distribution function and of its density. The logarithm of a log-concave
/// distribution function is concave and increasing: after one step the iteration approaches from the left.
fn quantile_of_log_concave(ln_p: f64, start: f64, at: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut u = start;
    for _ in 0..200 {
        let (ln_cdf, ln_density) = at(u);
        let step = (ln_p - ln_cdf) * (ln_cdf - ln_density).exp();
        if !step.is_finite() {
            break;
        }
        u += step;
        if (ln_p - ln_cdf).abs() <= CONVERGED {
            break;
        }
    }
    u
}

/// The p-quantile of the beta distribution.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p.is_nan() || !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let logit = if p <= 0.5 { beta_logit_quantile(p.ln(), a, b) } else { -beta_logit_quantile((-p).ln_1p(), b, a) };
    1.0 / (1.0 + (-logit).exp())
}

/// The logit of the beta quantile at the probability `e^ln_p`.
pub fn beta_logit_quantile(ln_p: f64, a: f64, b: f64) -> f64 {
    if ln_p > LN_HALF {
        return -beta_logit_quantile(ln_1m_exp(ln_p), b, a);
    }
    if ln_p == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    let start = (a / b).ln() - z_from_ln_upper(ln_p) * (1.0 / a + 1.0 / b).sqrt();
    quantile_of_log_concave(ln_p, start, |u| {
        let (x, y) = (1.0 / (1.0 + (-u).exp()), 1.0 / (1.0 + u.exp()));
        (ln_beta_lower(x, y, a, b), ln_beta_density(x, y, a, b))
    })
}

/// The mean at which P(X ≥ x) of a Poisson variable is `e^ln_p`.
pub fn poisson_mean_upper(ln_p: f64, x: u64) -> f64 {
    if x == 0 || ln_p == f64::NEG_INFINITY {
        return 0.0;
    }
    gamma_quantile(ln_p, ln_1m_exp(ln_p), x as f64)
}

/// The mean at which P(X ≤ x) of a Poisson variable is `e^ln_p`.
pub fn poisson_mean_lower(ln_p: f64, x: u64) -> f64 {
    if ln_p == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    gamma_quantile(ln_1m_exp(ln_p), ln_p, x as f64 + 1.0)
}

/// The quantile of the gamma distribution with shape `a`, given the logarithms of both its tails.
fn gamma_quantile(ln_lower: f64, ln_upper: f64, a: f64) -> f64 {
    // Wilson and Hilferty's cube, where it is positive
    let cube = |z: f64| (1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt())).max(0.05);
    if ln_lower <= ln_upper {
        let start = (a * cube(-z_from_ln_upper(ln_lower)).powi(3)).ln();
        quantile_of_log_concave(ln_lower, start, |u| (ln_gamma_lower(a, u.exp()), ln_gamma_density(u.exp(), a))).exp()
    } else {
        let start = (a * cube(z_from_ln_upper(ln_upper)).powi(3)).ln();
        let at = |u: f64| (ln_gamma_upper(a, (-u).exp()), ln_gamma_density((-u).exp(), a));
        (-quantile_of_log_concave(ln_upper, -start, at)).exp()
    }
}

/// ln P(X ≥ x) of a binomial X with n trials of probability p.
pub fn ln_binomial_upper(x: u64, n: u64, p: f64) -> f64 {
    ln_binomial_tails(x, n, p, 1.0 - p).0
}

/// ln P(X ≤ x) of a binomial X with n trials of probability p.
pub fn ln_binomial_lower(x: u64, n: u64, p: f64) -> f64 {
    ln_binomial_tails(x, n, p, 1.0 - p).1
}

/// ln P(X ≥ x) and ln P(X ≤ x), with the probabilities of both outcomes.
fn ln_binomial_tails(x: u64, n: u64, p: f64, q: f64) -> (f64, f64) {
    if p.is_nan() || q.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    let (k, rest) = (x as f64, n.saturating_sub(x) as f64);
    let upper = match x {
        0 => 0.0,
        x if x > n => f64::NEG_INFINITY,
        _ => ln_beta_lower(p, q, k, rest + 1.0),
    };
    let lower = if x >= n { 0.0 } else { ln_beta_lower(q, p, rest, k + 1.0) };
    (upper, lower)
}

/// The z of the exact binomial tail: evidence that the probability lies above (or below) `p`, where `q` = 1 − `p`.
pub fn binomial_z(x: u64, n: u64, p: f64, q: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Above if x == 0 => f64::NEG_INFINITY,
        Direction::Above => z_from_tails(ln_binomial_tails(x, n, p, q).0, ln_binomial_tails(x - 1, n, p, q).1),
        Direction::Below => binomial_z(n.saturating_sub(x), n, q, p, Direction::Above),
    }
}

/// ln P(X ≥ x) of a Poisson X.
pub fn ln_poisson_upper(x: u64, mean: f64) -> f64 {
    if x == 0 {
        0.0
    } else if mean.is_nan() {
        mean
    } else {
        ln_gamma_lower(x as f64, mean)
    }
}

/// ln P(X ≤ x) of a Poisson X.
pub fn ln_poisson_lower(x: u64, mean: f64) -> f64 {
    if mean.is_nan() { mean } else { ln_gamma_upper(x as f64 + 1.0, mean) }
}

/// The z of the exact Poisson tail: evidence that the mean lies above (or below) `mean`.
pub fn poisson_z(x: u64, mean: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Above if x == 0 => f64::NEG_INFINITY,
        Direction::Above => z_from_tails(ln_poisson_upper(x, mean), ln_poisson_lower(x - 1, mean)),
        Direction::Below => z_from_tails(ln_poisson_lower(x, mean), ln_poisson_upper(x.saturating_add(1), mean)),
    }
}
