//! The variance of a sum of steps that depend on each other.
//!
//! Minutes of a service are not independent: a slow minute is followed by a slow minute. The textbook variance of a sum
//! is then too small, by a factor of five at a lag-one correlation of 0.7. Two estimators that fail in different ways
//! are computed, and users of them take the weaker evidence: an autoregressive model of order one, made pessimistic by
//! its small-sample bias (Kendall 1954; Marriott and Pope 1954) and one standard error, and equal-weighted cosines
//! (Lazarus, Lewis, Stock and Watson 2018), which need no model but have few degrees of freedom. Missing steps keep
//! their place in time and contribute nothing (Parzen 1963).

/// Cosines per n^⅔ steps for a number per step.
pub const COSINES_SERIES: f64 = 0.4;
/// Cosines per n^⅔ steps for counts, whose noise is mostly independent.
pub const COSINES_COUNTS: f64 = 0.8;

/// An estimated variance of a sum, and the degrees of freedom of the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongRun {
    /// The variance.
    pub variance: f64,
    /// How many independent squares it is worth.
    pub dof: f64,
}

/// A sum over steps with both estimates of its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSum {
    /// The sum over the steps that are present.
    pub sum: f64,
    /// How many are present.
    pub n: usize,
    /// The variance by an autoregressive model.
    pub autoregressive: LongRun,
    /// The variance by equal-weighted cosines.
    pub cosines: LongRun,
}

/// Sums one entry per step of the grid (`None`, or not finite: missing), with `cosines` per n^⅔ steps.
pub fn step_sum(g: &[Option<f64>], cosines: f64) -> StepSum {
    let present = |v: &Option<f64>| v.filter(|v| v.is_finite());
    let (mut sum, mut n, mut pairs, mut follows) = (0.0, 0, 0, false);
    for v in g {
        let here = present(v);
        sum += here.unwrap_or(0.0);
        n += usize::from(here.is_some());
        pairs += usize::from(here.is_some() && follows);
        follows = here.is_some();
    }
    let mean = sum / f64::max(n as f64, 1.0);
    let centred: Vec<f64> = g.iter().map(|v| present(v).map_or(0.0, |v| v - mean)).collect();
    StepSum {
        sum,
        n,
        autoregressive: autoregressive(&centred, n, pairs),
        cosines: equal_weighted(&centred, n, cosines),
    }
}

/// The autoregressive estimate from centred steps (zero where missing) and the number of adjacent pairs.
fn autoregressive(centred: &[f64], n: usize, pairs: usize) -> LongRun {
    let (n, pairs) = (n as f64, pairs as f64);
    let dof = (n - 1.0).max(1.0);
    let c0 = centred.iter().map(|d| d * d).sum::<f64>() / n.max(1.0);
    if c0 == 0.0 {
        return LongRun { variance: 0.0, dof };
    }
    let lagged: f64 = centred.windows(2).map(|d| d[0] * d[1]).sum();
    let r = (lagged / pairs.max(1.0) / c0).clamp(-0.99, 0.99);
    let bias = (1.0 + 3.0 * r) / n.max(4.0);
    let error = ((1.0 - r * r).max(0.05) / pairs.max(4.0)).sqrt();
    let kappa = inflation((r + bias + error).clamp(0.0, 0.97), n);
    bounded(LongRun { variance: n * kappa * c0 * n / (n - kappa).max(0.5), dof })
}

/// The exact factor by which first-order autoregression inflates the variance of a mean of `n` values.
pub fn inflation(phi: f64, n: f64) -> f64 {
    let rest = 1.0 - phi;
    ((1.0 + phi) / rest - 2.0 * phi * (1.0 - phi.powf(n)) / (n.max(1.0) * rest * rest)).max(1.0)
}

/// The equal-weighted cosine estimate from centred steps (zero where missing), `n` of which are present.
fn equal_weighted(centred: &[f64], n: usize, cosines: f64) -> LongRun {
    let slots = centred.len();
    let wanted = (cosines * (n as f64).powf(2.0 / 3.0)).round_ties_even();
    let count = (wanted.max(1.0) as usize).min(slots.saturating_sub(1).max(1));
    let squares = cosine_squares(centred, count);
    let variance = if slots == 0 { 0.0 } else { 2.0 * squares / count as f64 };
    bounded(LongRun { variance, dof: count as f64 })
}

/// Σ over j = 1..=count of ( Σ_t d_t cos(π j (t − ½)/n) )².
///
/// The cosine of an odd j is antisymmetric about the middle of the series and that of an even j symmetric, so each
/// needs only the folded half; and if that is half of an even n, the even ones are all the cosines of the half.
fn cosine_squares(d: &[f64], count: usize) -> f64 {
    let n = d.len();
    if n == 0 || count == 0 {
        return 0.0;
    }
    let (front, back) = (&d[..n / 2], &d[n - n / 2..]);
    let folded = |sign: f64| front.iter().zip(back.iter().rev()).map(move |(a, b)| a + sign * b);
    let (odd, mut even): (Vec<f64>, Vec<f64>) = (folded(-1.0).collect(), folded(1.0).collect());
    let rest = if n.is_multiple_of(2) {
        cosine_squares(&even, count / 2)
    } else {
        even.push(d[n / 2]);
        squares_at(&even, n, (2..=count).step_by(2))
    };
    rest + squares_at(&odd, n, (1..=count).step_by(2))
}

/// As [`cosine_squares`], for some j and the first steps of a series of `n`: the sums of Clenshaw (1955) in the form
/// of Reinsch, which is exact to rounding for slow cosines, a few of them abreast.
fn squares_at(d: &[f64], n: usize, all: impl Iterator<Item = usize>) -> f64 {
    const ABREAST: usize = 8;
    let half_angles: Vec<f64> = all.map(|j| std::f64::consts::FRAC_PI_2 * j as f64 / n as f64).collect();
    let mut squares = 0.0;
    for group in half_angles.chunks(ABREAST) {
        let curve = |lane| group.get(lane).map_or(0.0, |half_angle: &f64| 4.0 * half_angle.sin().powi(2));
        let curve: [f64; ABREAST] = std::array::from_fn(curve);
        let (mut level, mut slope) = ([0.0; ABREAST], [0.0; ABREAST]);
        for v in d.iter().rev() {
            for lane in 0..ABREAST {
                slope[lane] = (slope[lane] + v) - curve[lane] * level[lane];
                level[lane] += slope[lane];
            }
        }
        squares += group.iter().zip(slope).map(|(half_angle, slope)| (half_angle.cos() * slope).powi(2)).sum::<f64>();
    }
    squares
}

/// A variance that overflowed says nothing: it is infinite.
fn bounded(v: LongRun) -> LongRun {
    if v.variance.is_nan() { LongRun { variance: f64::INFINITY, ..v } } else { v }
}
