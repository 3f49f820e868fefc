//! Means, quantiles and ranks, computed in the order that gives Kayenta's last bits.

/// The arithmetic mean, corrected by the mean of what is left over; not a number of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let first = sum(values.iter().copied()) / n;
    first + sum(values.iter().map(|x| x - first)) / n
}

/// The sample variance with its correction; 0 of one value.
pub(super) fn variance(values: &[f64]) -> f64 {
    if values.len() == 1 {
        return 0.0;
    }
    let (n, mean) = (values.len() as f64, mean(values));
    let squares = sum(values.iter().map(|x| (x - mean) * (x - mean)));
    let rest = sum(values.iter().map(|x| x - mean));
    (squares - rest * rest / n) / (n - 1.0)
}

/// From left to right, from zero.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |total, x| total + x)
}

/// The quantile of sorted values in percent, by type 7 of Hyndman and Fan.
pub(super) fn quantile(sorted: &[f64], percent: f64) -> f64 {
    let Some((first, last)) = sorted.first().zip(sorted.last()) else { return f64::NAN };
    if sorted.len() == 1 {
        return *first;
    }
    let n = sorted.len() as f64;
    let position = 1.0 + (n - 1.0) * (percent / 100.0);
    let below = position.floor();
    if position < 1.0 {
        *first
    } else if position >= n {
        *last
    } else {
        let (lower, upper) = (sorted[below as usize - 1], sorted[below as usize]);
        lower + (position - below) * (upper - lower)
    }
}

/// In the total order of doubles: -0.0 stands before 0.0.
pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// What the ranks of two samples in their union say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranks {
    /// The sum of the ranks of the first sample.
    pub(super) first: f64,
    /// The sum of t³ - t over groups of t tied values.
    pub(super) ties: f64,
}

/// Ranks the values of `first`, each less `shift`, together with `second`. What is not a number counts as +∞. Tied values
/// share their average rank.
pub(super) fn ranks(first: &[f64], shift: f64, second: &[f64]) -> Ranks {
    let countable = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    let own = first.iter().map(|x| (countable(x - shift), true));
    let mut all: Vec<(f64, bool)> = own.chain(second.iter().map(|x| (countable(*x), false))).collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = Ranks { first: 0.0, ties: 0.0 };
    let mut before = 0.0;
    for tied in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let t = tied.len() as f64;
        let rank = (2.0 * (before + 1.0) + t - 1.0) / 2.0;
        ranks.first += rank * tied.iter().filter(|(_, is_own)| *is_own).count() as f64;
        ranks.ties += t * t * t - t;
        before += t;
    }
    ranks
}

/// The probability that a value of `first` lies above one of `second`, by their ranks.
pub(super) fn cles(first: &[f64], second: &[f64]) -> f64 {
    let (m, n) = (first.len() as f64, second.len() as f64);
    (2.0 * ranks(first, 0.0, second).first - m * (m + 1.0)) / (2.0 * n * m)
}
