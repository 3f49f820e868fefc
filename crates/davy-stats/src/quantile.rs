//! Quantiles of a sorted sample, its largest values, and how far its quantiles are biased if it is small.
//!
//! The bias bounds how far percentiles that somebody else computed from samples of different size can be trusted.

/// The `q`-quantile of sorted values, interpolated linearly between order statistics (type 7 of Hyndman and Fan 1996).
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = Place::of(last, q)?;
    Some(place.between(*sorted.get(place.index)?, *sorted.get((place.index + 1).min(last))?))
}

/// Where a quantile lies among order statistics.
pub(super) struct Place {
    pub(super) index: usize,
    fraction: f64,
}

impl Place {
    pub(super) fn of(last: usize, q: f64) -> Option<Place> {
        if q.is_nan() {
            return None;
        }
        let place = q.clamp(0.0, 1.0) * last as f64;
        Some(Place { index: place as usize, fraction: place.fract() })
    }

    pub(super) fn between(&self, low: f64, high: f64) -> f64 {
        if low == high || self.fraction == 0.0 { low } else { low + self.fraction * (high - low) }
    }
}

/// The slowest requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// Their value.
    pub value: f64,
    /// How many there are.
    pub count: u64,
    /// How many have the value just before.
    pub before: u64,
    /// Whether the histogram ends there, so that they may have been slower.
    pub is_end: bool,
}

/// The largest of sorted values, how many are as large, and how many have the value before it.
pub fn largest(sorted: &[f64]) -> Option<Largest> {
    let value = *sorted.last()?;
    let below = sorted.partition_point(|v| *v < value);
    let before = below.checked_sub(1).map_or(0, |last| {
        let next = sorted[last];
        below - sorted.partition_point(|v| *v < next)
    });
    Some(Largest { value, count: (sorted.len() - below) as u64, before: before as u64, is_end: false })
}

/// How much too low quantiles per step are on average, on the log scale, for the requests of each: see
/// [`small_sample_allowance`].
pub fn small_sample_bias(q: f64, spread: f64, n: &[Option<u64>]) -> f64 {
    let shares: Vec<f64> = n.iter().flatten().filter(|n| **n > 0).map(|n| 1.0 / *n as f64).collect();
    let bias = 0.25 * spread * shares.iter().sum::<f64>() / (shares.len() as f64 * (1.0 - q));
    if bias.is_finite() { bias.max(0.0) } else { 0.0 }
}

/// How much the small-sample bias of quantiles per step may make the canary look higher, on the log scale, per step.
///
/// A sample `q`-quantile of n values is too low by about `0.25·spread/(n(1−q))`, so the arm with more requests looks
/// higher. The allowance uses running means over the steps in which both arms have requests.
pub fn small_sample_allowance(q: f64, spread: f64, baseline_n: &[Option<u64>], canary_n: &[Option<u64>]) -> Vec<f64> {
    let (mut baseline, mut canary, mut steps) = (0.0, 0.0, 0.0);
    let mut allowance = |(b, c): (&Option<u64>, &Option<u64>)| {
        if let (Some(b @ 1..), Some(c @ 1..)) = (b, c) {
            baseline += 1.0 / *b as f64;
            canary += 1.0 / *c as f64;
            steps += 1.0;
        }
        let excess = f64::max((baseline - canary) / f64::max(steps, 1.0), 0.0);
        let allowance = 0.25 * spread * excess / (1.0 - q);
        if allowance.is_finite() { allowance.max(0.0) } else { 0.0 }
    };
    baseline_n.iter().zip(canary_n).map(&mut allowance).collect()
}
