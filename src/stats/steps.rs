//! One number per step: is its level above zero?
//!
//! The numbers are log-ratios or differences of two arms at the same time, or one arm's distance from a limit. The
//! mean follows one wild step and ranks ignore magnitude; evidence is what both agree on, each with the weaker of two
//! long-run variances. The interval is the set of levels that this evidence does not reject, and the estimate is the
//! pseudo-median of Hodges and Lehmann (1963).

use super::longrun::{COSINES_SERIES, StepSum, step_sum};
use super::ranks::Ordered;
use super::tail::{t_to_z, z_to_t};
use super::{crossing, defined};

/// Evidence that the level of `y` is above zero, with a variance of at least `floor` per step. Zero without data.
pub fn level_z(y: &[Option<f64>], floor: f64) -> f64 {
    let sum = step_sum(y, COSINES_SERIES);
    if sum.n == 0 {
        return 0.0;
    }
    sum_z(&sum, floor).min(rank_z(&Ordered::new(y), 0.0))
}

/// The levels that [`level_z`] does not reject from below and from above, with a critical z for each end.
pub fn level_interval(y: &[Option<f64>], floor: f64, critical_low: f64, critical_high: f64) -> (f64, f64) {
    (level_low(y, floor, critical_low), level_high(y, floor, critical_high))
}

/// The level up to which the numbers are evidence of more.
pub fn level_low(y: &[Option<f64>], floor: f64, critical: f64) -> f64 {
    let sum = step_sum(y, COSINES_SERIES);
    let ordered = Ordered::new(y);
    let Some((smallest, largest)) = ordered.ends() else { return f64::NEG_INFINITY };
    let by_mean = mean_low(&sum, floor, critical);
    // below the smallest number the ranks no longer change
    let range = largest - smallest;
    let outside = smallest - if range > 0.0 { range } else { 1.0 + smallest.abs() };
    let stride = 0.25 * (sum.sum / sum.n as f64 - by_mean);
    if by_mean < outside || !stride.is_finite() {
        return if rank_z(&ordered, outside) >= critical { by_mean } else { f64::NEG_INFINITY };
    }
    // the degrees of freedom are the same at every level, so evidence is compared as t and not as z
    let (ar, cosines) = (z_to_t(critical, sum.autoregressive.dof), z_to_t(critical, sum.cosines.dof));
    let excess = |level: f64| {
        let ranks = step_sum(&ordered.scores(level), COSINES_SERIES);
        let t = |v: f64| if ranks.sum == 0.0 { 0.0 } else { defined(ranks.sum / v.sqrt()) };
        (t(ranks.autoregressive.variance) - ar).min(t(ranks.cosines.variance) - cosines)
    };
    crossing::nearest_rejected(by_mean, stride, outside, excess).unwrap_or(f64::NEG_INFINITY)
}

/// The level down to which the numbers are evidence of less.
pub fn level_high(y: &[Option<f64>], floor: f64, critical: f64) -> f64 {
    let mirrored: Vec<_> = y.iter().map(|v| v.map(|v| -v)).collect();
    -level_low(&mirrored, floor, critical)
}

/// The weaker evidence of both variances that a sum is above zero.
fn sum_z(sum: &StepSum, floor: f64) -> f64 {
    if sum.sum == 0.0 {
        return 0.0;
    }
    let least = floor.max(0.0) * sum.n as f64;
    let z = [sum.autoregressive, sum.cosines].map(|v| defined(t_to_z(sum.sum / v.variance.max(least).sqrt(), v.dof)));
    z[0].min(z[1])
}

fn rank_z(ordered: &Ordered, level: f64) -> f64 {
    sum_z(&step_sum(&ordered.scores(level), COSINES_SERIES), 0.0)
}

/// Where [`sum_z`] of shifted numbers reaches `critical`: a shift moves the sum and leaves the variances.
fn mean_low(sum: &StepSum, floor: f64, critical: f64) -> f64 {
    let (n, least) = (sum.n as f64, floor.max(0.0) * sum.n as f64);
    let low = [sum.autoregressive, sum.cosines].map(|v| {
        let low = (sum.sum - z_to_t(critical, v.dof) * v.variance.max(least).sqrt()) / n;
        if low.is_nan() { f64::NEG_INFINITY } else { low }
    });
    low[0].min(low[1])
}

/// The median; numbers that are not finite are left out.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    super::quantile::quantile(&sorted, 0.5)
}

/// The median of the means of all pairs, each number paired with itself too; numbers that are not finite are left
/// out. The pairs are counted, never listed.
pub fn hodges_lehmann(y: &[f64]) -> Option<f64> {
    let mut halves: Vec<f64> = y.iter().copied().filter(|v| v.is_finite()).map(|v| 0.5 * v).collect();
    halves.sort_unstable_by(f64::total_cmp);
    let (first, last) = (halves.first()?, halves.last()?);
    let pairs = halves.len() as u64 * (halves.len() as u64 + 1) / 2;
    let ends = (first + first, last + last);
    let middle = smallest_reaching(&halves, pairs.div_ceil(2), ends);
    if pairs % 2 == 1 || pairs_up_to(&halves, middle) > pairs / 2 {
        return Some(middle);
    }
    let next = smallest_reaching(&halves, pairs / 2 + 1, (middle, ends.1));
    Some(0.5 * middle + 0.5 * next)
}

/// The smallest sum that at least `wanted` pairs do not exceed, by bisection over the floating-point numbers.
fn smallest_reaching(halves: &[f64], wanted: u64, ends: (f64, f64)) -> f64 {
    let (mut low, mut high) = (i128::from(order(ends.0)), i128::from(order(ends.1)));
    while low < high {
        let middle = low + (high - low).div_euclid(2);
        if pairs_up_to(halves, from_order(middle as i64)) >= wanted { high = middle } else { low = middle + 1 }
    }
    from_order(high as i64)
}

/// How many pairs of a sorted slice have a sum of at most `limit`.
fn pairs_up_to(sorted: &[f64], limit: f64) -> u64 {
    let (mut count, mut end) = (0, sorted.len());
    for (i, v) in sorted.iter().enumerate() {
        while end > i && v + sorted[end - 1] > limit {
            end -= 1;
        }
        if end <= i {
            break;
        }
        count += (end - i) as u64;
    }
    count
}

/// Integers in the order of the floating-point numbers.
fn order(v: f64) -> i64 {
    let bits = v.to_bits() as i64;
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn from_order(key: i64) -> f64 {
    f64::from_bits(if key < 0 { key ^ i64::MAX } else { key } as u64)
}
