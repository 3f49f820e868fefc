//! Brent's `zeroin` with an absolute tolerance, step by step as Kayenta's judge takes it.
//!
//! The root is known to the tolerance alone, so its last digits depend on every step: the order of these lines is part
//! of the rule.

/// Two ulps of one and half of this are how near the root must be.
const TOLERANCE: f64 = 1e-4;

/// At most so many rounds.
const ROUNDS: usize = 1001;

/// Where `f` crosses zero between `low` and `high`. Whether it does is not asked.
pub(super) fn root<E>(f: impl Fn(f64) -> Result<f64, E>, low: f64, high: f64) -> Result<f64, E> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a)?, f(b)?);
    let (mut c, mut fc) = (a, fa);
    if is_zero(fa) {
        return Ok(a);
    }
    if is_zero(fb) {
        return Ok(b);
    }
    for _ in 0..ROUNDS {
        let before = b - a;
        if fc.abs() < fb.abs() {
            (a, fa) = (b, fb);
            (b, fb) = (c, fc);
            (c, fc) = (a, fa);
        }
        let near = 2.0 * f64::EPSILON * b.abs() + TOLERANCE / 2.0;
        let half = (c - b) / 2.0;
        if half.abs() <= near || is_zero(fb) {
            return Ok(b);
        }
        let tried = (before.abs() >= near && fa.abs() > fb.abs())
            .then(|| interpolated([a, b, c], [fa, fb, fc], before, near))
            .flatten();
        let step = tried.unwrap_or(half);
        // a step that is not a number stays what it is
        let step = match step.abs() < near {
            true if step > 0.0 => near,
            true => -near,
            false => step,
        };
        (a, fa) = (b, fb);
        b += step;
        fb = f(b)?;
        if (fb > 0.0 && fc > 0.0) || (fb < 0.0 && fc < 0.0) {
            (c, fc) = (a, fa);
        }
    }
    Ok(b)
}

/// The step that a line or a parabola suggests, if it is acceptable.
fn interpolated([a, b, c]: [f64; 3], [fa, fb, fc]: [f64; 3], before: f64, near: f64) -> Option<f64> {
    let width = c - b;
    #[expect(clippy::float_cmp, reason = "the same point, not a near one")]
    let (p, q) = if a == c {
        let slope = fb / fa;
        (width * slope, 1.0 - slope)
    } else {
        let (q, s, r) = (fa / fc, fb / fc, fb / fa);
        (r * (width * q * (q - s) - (b - a) * (s - 1.0)), (q - 1.0) * (s - 1.0) * (r - 1.0))
    };
    let (p, q) = if p > 0.0 { (p, -q) } else { (-p, q) };
    let is_inside = p < 0.75 * width * q - (near * q).abs() / 2.0 && p < (before * q / 2.0).abs();
    is_inside.then(|| p / q)
}

/// No further from zero than the smallest number that there is.
fn is_zero(x: f64) -> bool {
    x.abs() <= f64::from_bits(1)
}
