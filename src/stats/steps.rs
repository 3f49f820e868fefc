//! One number per step: is its level above zero?
//!
//! The numbers are log-ratios or differences of two arms at the same time, or one arm's distance from a limit. The
//! mean follows one wild step and ranks ignore magnitude; evidence is what both agree on, each with the weaker of two
//! long-run variances. The interval is the set of levels that this evidence does not reject, and the estimate is the
//! pseudo-median of Hodges and Lehmann (1963).

use super::longrun::{COSINES_SERIES, LongRun, StepSum, step_sum};
use super::ranks::Ordered;
use super::tail::{t_to_z, z_to_t};
use super::{Direction, crossing, defined};

/// How much of an eighth of the mean's interval an end may be off: nobody reads more digits of an interval, and the ranks
/// of a day of minutes fall in stairs that are hardly finer.
const RESOLUTION: f64 = 1e-3;

/// Evidence that the level of `y` is above zero, with a variance of at least `floor` per step. Zero for fewer than two
/// numbers: one alone does not tell how much it varies.
pub fn level_z(y: &[Option<f64>], floor: f64) -> f64 {
    Level::new(y, floor).z(0.0, Direction::Above)
}

/// The levels that [`level_z`] does not reject from below and from above, with a critical z for each end.
pub fn level_interval(y: &[Option<f64>], floor: f64, critical_low: f64, critical_high: f64) -> (f64, f64) {
    let level = Level::new(y, floor);
    (level.end(critical_low, Direction::Above), level.end(critical_high, Direction::Below))
}

/// Evidence that the mean of increments from step to step is above (or below) a limit, with a variance of at least
/// `floor` each. Of a level that stands still the noise of one increment is taken back by the next, which the
/// autoregressive model is not allowed to see; equal-weighted cosines alone do, and hold for a random walk as well.
pub fn increment_z(y: &[Option<f64>], limit: f64, floor: f64, direction: Direction) -> f64 {
    let StepSum { sum, n, cosines, .. } = step_sum(y, COSINES_SERIES);
    let n = n as f64;
    let excess = sign(direction) * (sum - n * limit);
    if n < 2.0 || excess == 0.0 {
        return 0.0;
    }
    defined(t_to_z(excess / cosines.variance.max(floor.max(0.0) * n).sqrt(), cosines.dof))
}

/// One number per step, summed and put in order once for all questions about their level.
#[derive(Clone, Debug)]
pub struct Level {
    sum: StepSum,
    ordered: Ordered,
    floor: f64,
}

impl Level {
    /// Of the numbers that are present and finite, with a variance of at least `floor` per step.
    pub fn new(y: &[Option<f64>], floor: f64) -> Level {
        Level { sum: step_sum(y, COSINES_SERIES), ordered: Ordered::new(y), floor }
    }

    /// Evidence that the level is above (or below) a limit. Zero for fewer than two numbers: one alone does not tell how
    /// much it varies.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        if self.sum.n < 2 || !limit.is_finite() {
            return 0.0;
        }
        // a shift moves the sum and leaves its variances
        let mean = StepSum { sum: self.ordered.sum(limit), ..self.sum };
        let sign = sign(direction);
        sum_z(&mean, sign, self.floor).min(sum_z(&self.ranks(limit), sign, 0.0))
    }

    /// The limit up to which the numbers are evidence of more, or down to which they are evidence of less.
    pub fn end(&self, critical: f64, direction: Direction) -> f64 {
        // what follows is about more; evidence of less is evidence of more for the mirrored numbers
        let sign = sign(direction);
        let ends = self.ordered.ends().filter(|_| self.sum.n > 1);
        let Some((smallest, largest)) = ends else { return -sign * f64::INFINITY };
        let (range, smallest) = (largest - smallest, if sign > 0.0 { smallest } else { -largest });
        let by_mean = self.mean_low(critical, sign);
        // below the smallest number the ranks no longer change
        let outside = smallest - if range > 0.0 { range } else { 1.0 + smallest.abs() };
        let stride = 0.25 * (sign * self.sum.sum / self.sum.n as f64 - by_mean);
        if by_mean < outside || !stride.is_finite() {
            let rejected = sum_z(&self.ranks(sign * outside), sign, 0.0) >= critical;
            return sign * if rejected { by_mean } else { f64::NEG_INFINITY };
        }
        // the degrees of freedom are the same at every level, so evidence is compared as t and not as z
        let [ar, cosines] = self.critical_t(critical);
        let excess = |level: f64| {
            let ranks = self.ranks(sign * level);
            let t = |v: f64| if ranks.sum == 0.0 { 0.0 } else { defined(sign * ranks.sum / v.sqrt()) };
            (t(ranks.autoregressive.variance) - ar).min(t(ranks.cosines.variance) - cosines)
        };
        sign * crossing::nearest_rejected(by_mean, stride, RESOLUTION, outside, excess).unwrap_or(f64::NEG_INFINITY)
    }

    fn ranks(&self, level: f64) -> StepSum {
        step_sum(&self.ordered.scores(level), COSINES_SERIES)
    }

    fn critical_t(&self, critical: f64) -> [f64; 2] {
        [self.sum.autoregressive, self.sum.cosines].map(|v| z_to_t(critical, v.dof))
    }

    /// Where the evidence of the mean reaches `critical`.
    fn mean_low(&self, critical: f64, sign: f64) -> f64 {
        let (n, least) = (self.sum.n as f64, self.floor.max(0.0) * self.sum.n as f64);
        let low = |t: f64, v: LongRun| (sign * self.sum.sum - t * v.variance.max(least).sqrt()) / n;
        let [ar, cosines] = self.critical_t(critical);
        let low = [low(ar, self.sum.autoregressive), low(cosines, self.sum.cosines)];
        let [ar, cosines] = low.map(|low| if low.is_nan() { f64::NEG_INFINITY } else { low });
        ar.min(cosines)
    }
}

fn sign(direction: Direction) -> f64 {
    if direction == Direction::Above { 1.0 } else { -1.0 }
}

/// The weaker evidence of both variances that a sum is above zero, or below it for a negative sign.
fn sum_z(sum: &StepSum, sign: f64, floor: f64) -> f64 {
    if sum.sum == 0.0 {
        return 0.0;
    }
    let least = floor.max(0.0) * sum.n as f64;
    let z = |v: LongRun| defined(t_to_z(sign * sum.sum / v.variance.max(least).sqrt(), v.dof));
    z(sum.autoregressive).min(z(sum.cosines))
}

/// The median; numbers that are not finite are left out.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let middle = finite.len().checked_sub(1)? / 2;
    let is_even = finite.len().is_multiple_of(2);
    let (_, low, above) = finite.select_nth_unstable_by(middle, f64::total_cmp);
    let high = if is_even { above.iter().copied().fold(f64::INFINITY, f64::min) } else { *low };
    super::quantile::quantile(&[*low, high], 0.5)
}

/// The median of the means of all pairs, each number paired with itself too; numbers that are not finite are left
/// out. The pairs are counted, never listed.
pub fn hodges_lehmann(y: &[f64]) -> Option<f64> {
    let mut halves: Vec<f64> = y.iter().copied().filter(|v| v.is_finite()).map(|v| 0.5 * v).collect();
    halves.sort_unstable_by(f64::total_cmp);
    let (first, last) = (halves.first()?, halves.last()?);
    let pairs = halves.len() as u64 * (halves.len() as u64 + 1) / 2;
    let middle = smallest_reaching(&halves, pairs.div_ceil(2), (first + first, last + last));
    let split = PairSums::about(&halves, middle);
    let next = if split.count > pairs / 2 || pairs % 2 == 1 { middle } else { split.above };
    Some(0.5 * middle + 0.5 * next)
}

/// The smallest sum that at least `wanted` pairs do not exceed. Guesses along the chord of the counts, every third
/// one in the middle, close in on it from one sum of a pair to the next.
fn smallest_reaching(halves: &[f64], wanted: u64, ends: (f64, f64)) -> f64 {
    let (mut low, mut high) = ends;
    let (mut under, mut upto) = (0, halves.len() as u64 * (halves.len() as u64 + 1) / 2);
    for round in 1_u32.. {
        if low >= high {
            break;
        }
        let part = if round % 3 == 0 { 0.5 } else { (wanted - under) as f64 / (upto - under) as f64 };
        let guess = (low * (1.0 - part) + high * part).max(low);
        let split = PairSums::about(halves, if guess < high { guess } else { low });
        if split.count >= wanted {
            (high, upto) = (split.upto, split.count);
        } else {
            (low, under) = (split.above, split.count);
        }
    }
    high
}

/// The sums of all pairs of a sorted slice, about a limit.
struct PairSums {
    /// How many are at most the limit.
    count: u64,
    /// The largest of these.
    upto: f64,
    /// The smallest of the others.
    above: f64,
}

impl PairSums {
    fn about(sorted: &[f64], limit: f64) -> PairSums {
        let (mut sums, mut end) = (PairSums { count: 0, upto: f64::NEG_INFINITY, above: f64::INFINITY }, sorted.len());
        for (i, v) in sorted.iter().enumerate() {
            while end > i && v + sorted[end - 1] > limit {
                end -= 1;
                sums.above = sums.above.min(v + sorted[end]);
            }
            if end <= i {
                break;
            }
            sums.upto = sums.upto.max(v + sorted[end - 1]);
            sums.count += (end - i) as u64;
        }
        sums
    }
}
