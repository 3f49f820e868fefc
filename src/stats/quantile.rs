//! Quantiles, and how a question about a quantile becomes one about counts.
//!
//! Whether the canary's p95 is more than 5 % above the baseline's is not asked by estimating two quantiles: in each
//! step a threshold is taken from the baseline's *earlier* steps, and requests slower than it are counted in both arms,
//! the canary's against the threshold times 1.05. The threshold is fixed before the step is seen, so the counts have a
//! common unknown rate under the hypothesis, whatever shocks move both arms and however heavy the tail is; a bad
//! threshold costs power, not validity.

use super::counts::CountStep;

/// How many earlier requests a threshold needs.
const LEAST_HISTORY: usize = 50;

/// The `q`-quantile of sorted values, interpolated linearly between order statistics (type 7 of Hyndman and Fan 1996).
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = Place::of(last, q)?;
    Some(place.between(*sorted.get(place.index)?, *sorted.get((place.index + 1).min(last))?))
}

/// Where a quantile lies among order statistics.
struct Place {
    index: usize,
    fraction: f64,
}

impl Place {
    fn of(last: usize, q: f64) -> Option<Place> {
        if q.is_nan() {
            return None;
        }
        let place = q.clamp(0.0, 1.0) * last as f64;
        Some(Place { index: place as usize, fraction: place.fract() })
    }

    fn between(&self, low: f64, high: f64) -> f64 {
        if low == high || self.fraction == 0.0 { low } else { low + self.fraction * (high - low) }
    }
}

/// Slow requests of both arms per step, baseline first: those beyond the baseline's `q`-quantile of earlier steps, in
/// the canary beyond `factor` times it. `None` where an arm is empty or the history still is too short.
pub fn predictable_counts(steps: &[(Vec<f64>, Vec<f64>)], q: f64, factor: f64) -> Vec<Option<CountStep>> {
    counts_beyond(steps, &predictable_thresholds(steps, q), factor)
}

/// The baseline's `q`-quantile of the steps before each step, where it has at least fifty requests.
///
/// All requests are sorted once and then revealed step by step in a tree of counts (Fenwick 1994).
pub fn predictable_thresholds(steps: &[(Vec<f64>, Vec<f64>)], q: f64) -> Vec<Option<f64>> {
    let numbers = steps.iter().enumerate().flat_map(|(t, (baseline, _))| baseline.iter().map(move |v| (*v, t)));
    let mut sorted: Vec<(f64, usize)> = numbers.filter(|(v, _)| !v.is_nan()).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut places = vec![Vec::new(); steps.len()];
    for (place, (_, t)) in sorted.iter().enumerate() {
        places[*t].push(place);
    }
    let mut seen = Revealed::new(sorted.len());
    let mut thresholds = Vec::with_capacity(steps.len());
    for step in places {
        thresholds.push(threshold(&seen, &sorted, q));
        step.into_iter().for_each(|place| seen.reveal(place));
    }
    thresholds
}

fn threshold(seen: &Revealed, sorted: &[(f64, usize)], q: f64) -> Option<f64> {
    if seen.count < LEAST_HISTORY {
        return None;
    }
    let last = seen.count - 1;
    let place = Place::of(last, q)?;
    let at = |rank: usize| sorted.get(seen.place(rank)).map(|(v, _)| *v);
    Some(place.between(at(place.index)?, at((place.index + 1).min(last))?))
}

/// Requests beyond a threshold per step, baseline first; the canary's threshold is `factor` times the baseline's.
pub fn counts_beyond(
    steps: &[(Vec<f64>, Vec<f64>)],
    thresholds: &[Option<f64>],
    factor: f64,
) -> Vec<Option<CountStep>> {
    let count = |values: &[f64], limit: f64| {
        let numbers = values.iter().filter(|v| !v.is_nan());
        numbers.fold((0_u64, 0_u64), |(n, slow), v| (n + 1, slow + u64::from(*v > limit)))
    };
    let step = |((baseline, canary), threshold): (&(Vec<f64>, Vec<f64>), &Option<f64>)| {
        let limit = (*threshold)?;
        let (baseline, canary) = (count(baseline, limit), count(canary, factor * limit));
        (baseline.0 > 0 && canary.0 > 0).then_some(CountStep {
            canary_total: canary.0 as f64,
            canary: canary.1,
            baseline_total: baseline.0 as f64,
            baseline: baseline.1,
        })
    };
    steps.iter().zip(thresholds).map(step).collect()
}

/// Which of a sorted list have been revealed, as a tree of counts.
struct Revealed {
    tree: Vec<usize>,
    count: usize,
}

impl Revealed {
    fn new(len: usize) -> Revealed {
        Revealed { tree: vec![0; len + 1], count: 0 }
    }

    fn reveal(&mut self, place: usize) {
        let mut node = place + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count += 1;
            node += node & node.wrapping_neg();
        }
        self.count += 1;
    }

    /// The place of the revealed item with `rank` smaller ones.
    fn place(&self, rank: usize) -> usize {
        let (mut node, mut left) = (0, rank);
        let mut span = self.tree.len().next_power_of_two();
        while span > 0 {
            if let Some(count) = self.tree.get(node + span)
                && *count <= left
            {
                node += span;
                left -= count;
            }
            span /= 2;
        }
        node
    }
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
