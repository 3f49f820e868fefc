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
    let (sum, n) = g.iter().filter_map(present).fold((0.0, 0), |(sum, n), v| (sum + v, n + 1));
    let mean = sum / f64::max(n as f64, 1.0);
    let centred: Vec<f64> = g.iter().map(|v| present(v).map_or(0.0, |v| v - mean)).collect();
    let pairs = g.windows(2).filter(|pair| pair.iter().all(|v| present(v).is_some())).count();
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
/// The cosine of an even j is symmetric about the middle of the series and that of an odd j antisymmetric, so each
/// needs only the folded half. The sums are Clenshaw's (1955) in the form of Reinsch, which is exact to rounding for
/// slow cosines, a few of them abreast.
fn cosine_squares(d: &[f64], count: usize) -> f64 {
    const ABREAST: usize = 8;
    let n = d.len();
    let (front, back) = d.split_at(n / 2);
    let (middle, back) = back.split_at(n % 2);
    let folded = |sign: f64| -> Vec<f64> { front.iter().zip(back.iter().rev()).map(|(a, b)| a + sign * b).collect() };
    let mut squares = 0.0;
    for (first, half) in [(1, folded(-1.0)), (2, folded(1.0))] {
        let all: Vec<usize> = (first..=count).step_by(2).collect();
        for group in all.chunks(ABREAST) {
            let half_angle = |j: usize| std::f64::consts::FRAC_PI_2 * j as f64 / n as f64;
            let curve = |lane| group.get(lane).map_or(0.0, |j| 4.0 * half_angle(*j).sin().powi(2));
            let curve: [f64; ABREAST] = std::array::from_fn(curve);
            let (mut level, mut slope) = ([0.0; ABREAST], [0.0; ABREAST]);
            for v in half.iter().rev() {
                for lane in 0..ABREAST {
                    slope[lane] = (slope[lane] + v) - curve[lane] * level[lane];
                    level[lane] += slope[lane];
                }
            }
            for (j, slope) in group.iter().zip(slope) {
                // at the middle of an odd series the angle is jπ/2
                let at_middle: f64 = match j % 4 {
                    0 => middle.iter().sum(),
                    2 => -middle.iter().sum::<f64>(),
                    _ => 0.0,
                };
                let sum = half_angle(*j).cos() * slope + at_middle;
                squares += sum * sum;
            }
        }
    }
    squares
}

/// A variance that overflowed says nothing: it is infinite.
fn bounded(v: LongRun) -> LongRun {
    if v.variance.is_nan() { LongRun { variance: f64::INFINITY, ..v } } else { v }
}
