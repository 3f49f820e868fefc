//! One number per step in two arms that were not measured at the same time: do their levels differ?
//!
//! Steps of different windows share no shocks that a pair would cancel, so each arm brings its own long-run variance,
//! and all of its steps, however many. The difference of the means is read as Student's t at the degrees of freedom of
//! Satterthwaite (1946) and Welch (1947). The mean follows one wild step, so the typical step must agree, as it must
//! between pairs: the chance that a step of one arm lies above one of the other (Brunner and Munzel 2000), with the
//! same kind of variance. Each has two estimates of it; evidence is the weakest of the four.

use super::longrun::{COSINES_SERIES, LongRun, StepSum, step_sum};
use super::tail::{t_to_z, z_to_t};
use super::{Direction, crossing, defined};

/// How much of an eighth of the mean's interval an end may be off.
const RESOLUTION: f64 = 1e-3;

/// The levels of two arms, each from its own steps.
#[derive(Clone, Debug)]
pub struct Unpaired {
    canary: Arm,
    baseline: Arm,
    floor: f64,
}

/// One arm: its numbers in time (nothing for what is not finite), in order, and summed.
#[derive(Clone, Debug)]
struct Arm {
    steps: Vec<Option<f64>>,
    sorted: Vec<f64>,
    sum: StepSum,
}

impl Arm {
    fn new(steps: &[Option<f64>]) -> Arm {
        let steps: Vec<_> = steps.iter().map(|v| v.filter(|v| v.is_finite())).collect();
        let mut sorted: Vec<f64> = steps.iter().flatten().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Arm { sum: step_sum(&steps, COSINES_SERIES), steps, sorted }
    }

    fn mean(&self) -> f64 {
        self.sum.sum / self.sum.n as f64
    }

    /// For each step, the share of the other arm's numbers that lie below it once it is moved; equal ones count half.
    fn placements(&self, by: f64, other: &Arm) -> StepSum {
        let place = |v: f64| {
            let below = other.sorted.partition_point(|o| *o < v + by);
            let upto = below + other.sorted[below..].partition_point(|o| *o <= v + by);
            (below + upto) as f64 / (2 * other.sorted.len()) as f64
        };
        step_sum(&self.steps.iter().map(|v| v.map(place)).collect::<Vec<_>>(), COSINES_SERIES)
    }
}

impl Unpaired {
    /// Of the numbers that are present and finite, with a variance of at least `floor` per step. Fewer than two numbers in
    /// either arm are no evidence: one alone does not tell how much it varies.
    pub fn new(canary: &[Option<f64>], baseline: &[Option<f64>], floor: f64) -> Unpaired {
        Unpaired { canary: Arm::new(canary), baseline: Arm::new(baseline), floor }
    }

    /// The mean of the canary less that of the baseline; nothing for fewer than two numbers in either arm.
    pub fn estimate(&self) -> Option<f64> {
        let enough = self.canary.sum.n > 1 && self.baseline.sum.n > 1;
        Some(self.canary.mean() - self.baseline.mean()).filter(|v| enough && v.is_finite())
    }

    /// The number of pairs that would tell the difference as exactly, for independent steps: the harmonic mean.
    pub fn size(&self) -> f64 {
        2.0 / (1.0 / self.canary.sum.n as f64 + 1.0 / self.baseline.sum.n as f64)
    }

    /// The t statistics that the canary is above (or below) the baseline by more than a limit, with their degrees of
    /// freedom: of the mean and of the typical step, each by an autoregressive model and by equal-weighted cosines.
    pub fn t(&self, limit: f64, direction: Direction) -> [(f64, f64); 4] {
        let Some(estimate) = self.estimate().filter(|_| limit.is_finite()) else { return [(0.0, 1.0); 4] };
        let sign = sign(direction);
        let t = |excess: f64, v: LongRun| {
            (if excess == 0.0 { 0.0 } else { defined(sign * excess / v.variance.sqrt()) }, v.dof)
        };
        let [ar, cosines] = self.of_means();
        let (excess, [typical_ar, typical_cosines]) = self.typical(limit);
        [t(estimate - limit, ar), t(estimate - limit, cosines), t(excess, typical_ar), t(excess, typical_cosines)]
    }

    /// Evidence that the canary is above (or below) the baseline by more than a limit.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        weakest(&self.t(limit, direction))
    }

    /// The limit up to which the arms are evidence of more, or down to which they are evidence of less.
    pub fn end(&self, critical: f64, direction: Direction) -> f64 {
        let sign = sign(direction);
        let Some(estimate) = self.estimate() else { return -sign * f64::INFINITY };
        let low = |v: LongRun| sign * estimate - z_to_t(critical, v.dof) * v.variance.sqrt();
        let [ar, cosines] = self.of_means().map(low).map(|low| if low.is_nan() { f64::NEG_INFINITY } else { low });
        let by_mean = ar.min(cosines);
        let outside = self.apart(sign);
        let stride = 0.25 * (sign * estimate - by_mean);
        if by_mean <= outside || !stride.is_finite() {
            return sign * by_mean;
        }
        let excess = |limit: f64| weakest(&self.t(sign * limit, direction)[2..]) - critical;
        sign * crossing::nearest_rejected(by_mean, stride, RESOLUTION, outside, excess).unwrap_or(f64::NEG_INFINITY)
    }

    /// The variances of the difference of the means.
    fn of_means(&self) -> [LongRun; 2] {
        difference(&self.canary.sum, &self.baseline.sum, self.floor)
    }

    /// By how much more than half of the canary's steps, moved by the limit, lie above the baseline's, with the
    /// variances of that share.
    fn typical(&self, limit: f64) -> (f64, [LongRun; 2]) {
        let canary = self.canary.placements(-limit, &self.baseline);
        let baseline = self.baseline.placements(limit, &self.canary);
        let share = |arm: &StepSum| arm.sum / arm.n as f64;
        (0.5 * (share(&canary) - share(&baseline)), difference(&canary, &baseline, 0.0))
    }

    /// A limit below which every step of the canary, moved by it, lies above every one of the baseline (or, for a
    /// negative sign, of the mirrored arms).
    fn apart(&self, sign: f64) -> f64 {
        let ends = |arm: &Arm| arm.sorted.first().copied().zip(arm.sorted.last().copied()).unwrap_or_default();
        let ((canary_low, canary_high), (baseline_low, baseline_high)) = (ends(&self.canary), ends(&self.baseline));
        let least = if sign > 0.0 { canary_low - baseline_high } else { baseline_low - canary_high };
        least - 1e-9 * (1.0 + least.abs())
    }
}

fn sign(direction: Direction) -> f64 {
    if direction == Direction::Above { 1.0 } else { -1.0 }
}

fn weakest(candidates: &[(f64, f64)]) -> f64 {
    let z = candidates.iter().map(|(t, dof)| defined(t_to_z(*t, *dof)));
    z.reduce(f64::min).unwrap_or(0.0)
}

/// The variances of a difference of the means of two arms, with a variance of at least `floor` per step.
fn difference(a: &StepSum, b: &StepSum, floor: f64) -> [LongRun; 2] {
    let of_mean = |arm: &StepSum, v: LongRun| {
        let n = arm.n as f64;
        LongRun { variance: v.variance.max(floor.max(0.0) * n) / (n * n), dof: v.dof }
    };
    [
        welch(of_mean(a, a.autoregressive), of_mean(b, b.autoregressive)),
        welch(of_mean(a, a.cosines), of_mean(b, b.cosines)),
    ]
}

/// The variance of a difference of independent estimates, and its degrees of freedom.
pub fn welch(a: LongRun, b: LongRun) -> LongRun {
    let variance = a.variance + b.variance;
    // in shares of the variance, which neither vanish nor overflow
    let (share_a, share_b) = (a.variance / variance, b.variance / variance);
    let dof = 1.0 / (share_a * share_a / a.dof + share_b * share_b / b.dof);
    // without a variance, or with one that is unknown, no more than the weaker has
    LongRun { variance, dof: if dof.is_finite() { dof } else { a.dof.min(b.dof) } }
}
