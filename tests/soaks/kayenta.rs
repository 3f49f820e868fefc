//! Kayenta's rule for one metric, as Netflix's judge ships it: the other judge in the tables.
//!
//! High when the lower end of a 98 % Mann-Whitney interval of the shift exceeds a quarter of its estimate, and the
//! canary's mean is not below the baseline's. The interval is found among the ordered differences of all pairs of
//! minutes (Hodges and Lehmann 1963), with the tie-corrected normal score and its continuity correction.

use davy::stats::normal::normal_quantile;

const CONFIDENCE: f64 = 0.98;
const TOLERANCE: f64 = 0.25;

/// Whether the canary is called High.
pub fn is_high(baseline: &[f64], canary: &[f64]) -> bool {
    let (n, m) = (baseline.len() as f64, canary.len() as f64);
    let mut shifts: Vec<f64> = canary.iter().flat_map(|x| baseline.iter().map(move |y| x - y)).collect();
    let pairs = shifts.len();
    let ties = ties(baseline) + ties(canary);
    let variance = m * n / 12.0 * ((m + n + 1.0) - ties / ((m + n) * (m + n - 1.0)));
    let extremes = shifts.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), d| (a.min(*d), b.max(*d)));
    if pairs == 0 || variance <= 0.0 || extremes.0 == extremes.1 {
        return false;
    }
    let needed = m * n / 2.0 + 0.5 + normal_quantile((1.0 + CONFIDENCE) / 2.0) * variance.sqrt();
    let from_the_end = (needed.ceil() as usize).min(pairs);
    let low = *shifts.select_nth_unstable_by(pairs - from_the_end, f64::total_cmp).1;
    if low <= 0.0 {
        return false;
    }
    let estimate = middle(&mut shifts);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (of_canary, of_baseline) = (mean(canary), mean(baseline));
    let not_lower = of_canary == 0.0 || of_baseline == 0.0 || of_canary / of_baseline >= 1.0;
    low > TOLERANCE * estimate.abs() && not_lower
}

/// The sum of t^3 - t over groups of t equal values.
fn ties(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|group| group.len() as f64).map(|t| t * t * t - t).sum()
}

fn middle(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    lower.map_or(*middle, |lower| (lower + *middle) / 2.0)
}
