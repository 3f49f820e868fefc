//! Evidence that holds however often one looks.
//!
//! An e-value has an expectation of at most one under the hypothesis at every time at which one may stop, so that
//! `1/α` is exceeded with probability `α` at most, ever (Ville 1939). For counts it is a mixture of likelihood ratios of
//! the canary's share of each step's events (Robbins 1970; Lindon and Malek 2022), for a number per step the Bayes
//! factor of its t statistic (Lai 1976; Wang and Ramdas 2023). Both are averaged over the times at which a change may
//! have begun. Two measures make the count mixture robust, as quasi-likelihood does for a test: the step that speaks
//! loudest counts no more than the second, and the logarithm is divided by the design effect. The core is exact; with
//! an estimated dispersion the level is asymptotic and was measured.
//!
//! Everything here is a natural logarithm; no evidence is zero.

use super::Direction;
use super::counts::{self, CountStep, Exposure};
use super::dispersion::{DesignEffect, Prior};
use super::longrun::{COSINES_COUNTS, COSINES_SERIES, LongRun, StepSum, step_sum};
use super::ranks::signed_rank_scores;
use super::single::{EventStep, TrialStep};
use super::tail::ln_normal_upper;

/// Alternatives of the mixture.
const ALTERNATIVES: usize = 40;

/// How far they lie from the hypothesis, on the log scale: the nearest and the farthest.
const REACH: (f64, f64) = (0.05, 4.0);

/// Parts of the horizon at whose beginnings a change is looked for.
const PARTS: usize = 6;

/// A number per step needs so many of them.
const LEAST_STEPS: f64 = 5.0;

/// The level at which the t mixture is tuned to be sharpest at half the horizon.
const TUNED_AT: f64 = 0.05;

/// The steps at which a change may have begun, with the logarithms of their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts(Vec<(usize, f64)>);

impl Starts {
    /// The beginning, with half of the weight, and the beginnings of the other sixths of a horizon in steps.
    pub fn spread(horizon: usize) -> Starts {
        let at = |part: usize| (horizon as f64 * part as f64 / PARTS as f64).round_ties_even() as usize;
        let mut starts: Vec<usize> = (0..PARTS).map(at).collect();
        starts.dedup();
        let others = starts.len() - 1;
        let weight = |start: &usize| match (*start, others) {
            (0, 0) => 0.0,
            (0, _) => 0.5_f64.ln(),
            _ => (0.5 / others as f64).ln(),
        };
        Starts(starts.iter().map(|start| (*start, weight(start))).collect())
    }

    /// The beginning alone.
    pub fn first() -> Starts {
        Starts(vec![(0, 0.0)])
    }

    /// The weighted mean of what the steps from each start on say; a start that is yet to come says nothing.
    fn mean(&self, len: usize, ln_e: impl Fn(usize) -> f64) -> f64 {
        let of = |(start, weight): &(usize, f64)| weight + if *start < len { defined(ln_e(*start)) } else { 0.0 };
        defined(ln_sum_exp(&self.0.iter().map(of).collect::<Vec<_>>()))
    }
}

/// Evidence that the ratio of rates lies above (or below) `r0`.
pub fn ratio_ln_e(
    steps: &[CountStep],
    exposure: Exposure,
    r0: f64,
    direction: Direction,
    prior: Prior,
    starts: &Starts,
) -> f64 {
    if r0.is_nan() || r0 <= 0.0 {
        return if r0 <= 0.0 && direction == Direction::Above { f64::INFINITY } else { 0.0 };
    }
    let mixture = ratio_mixture(steps, r0, direction);
    starts.mean(steps.len(), |start| {
        let effect = counts::design_effect(&steps[start..], exposure, prior);
        mixture.since(start, tempering(&effect), true)
    })
}

/// As [`ratio_ln_e`] from the beginning, if events were independent: an exact e-value.
pub fn exact_ratio_ln_e(steps: &[CountStep], r0: f64, direction: Direction) -> f64 {
    defined(ratio_mixture(steps, r0, direction).since(0, 1.0, false))
}

fn ratio_mixture(steps: &[CountStep], r0: f64, direction: Direction) -> Mixture {
    let logit = |step: &CountStep| r0.ln() + step.canary_total.ln() - step.baseline_total.ln();
    // the split is often the same in every step
    let mut last: Option<(f64, [f64; ALTERNATIVES])> = None;
    Mixture::new(direction, steps.len(), |t, shifts| {
        let step = steps.get(t).filter(|step| counts::usable(step))?;
        let logit = logit(step);
        let normalizers = match last {
            Some((at, normalizers)) if at == logit => normalizers,
            _ => shifts.map(|shift| softplus(logit + shift) - softplus(logit)),
        };
        last = Some((logit, normalizers));
        let (canary, both) = (step.canary as f64, step.canary as f64 + step.baseline as f64);
        Some(std::array::from_fn(|j| canary * shifts[j] - both * normalizers[j]))
    })
}

/// Evidence that one arm's share of bad trials lies above (or below) `p0`, with the dispersion of given steps.
pub fn share_ln_e(
    steps: &[Option<TrialStep>],
    p0: f64,
    direction: Direction,
    effect: impl Fn(&[Option<TrialStep>]) -> DesignEffect,
    starts: &Starts,
) -> f64 {
    if !(0.0..=1.0).contains(&p0) {
        return 0.0;
    }
    let logit = p0.ln() - (-p0).ln_1p();
    let mixture = Mixture::new(direction, steps.len(), |t, shifts| {
        let step = steps.get(t).copied().flatten().filter(|step| step.total > 0)?;
        let (total, bad) = (step.total as f64, step.bad.min(step.total) as f64);
        Some(shifts.map(|shift| bad * shift - total * (softplus(logit + shift) - softplus(logit))))
    });
    starts.mean(steps.len(), |start| mixture.since(start, tempering(&effect(&steps[start..])), true))
}

/// Evidence that one arm's events per exposure lie above (or below) `rate0`, with the dispersion of given steps.
pub fn frequency_ln_e(
    steps: &[Option<EventStep>],
    rate0: f64,
    direction: Direction,
    effect: impl Fn(&[Option<EventStep>]) -> DesignEffect,
    starts: &Starts,
) -> f64 {
    if rate0.is_nan() || rate0 <= 0.0 {
        return 0.0;
    }
    let mixture = Mixture::new(direction, steps.len(), |t, shifts| {
        let step = steps.get(t).copied().flatten().filter(|step| step.exposure > 0.0 && step.exposure.is_finite())?;
        Some(shifts.map(|shift| step.count as f64 * shift - step.exposure * rate0 * shift.exp_m1()))
    });
    starts.mean(steps.len(), |start| mixture.since(start, tempering(&effect(&steps[start..])), true))
}

/// Evidence that the difference of rates lies above (or below) `d`: the t mixture of the steps' differences, weighted as
/// by Mantel and Haenszel, with a variance of at least that of independent trials.
pub fn difference_ln_e(steps: &[CountStep], d: f64, direction: Direction, horizon: f64, starts: &Starts) -> f64 {
    let weighted = counts::weighted_differences(steps, d);
    starts.mean(steps.len(), |start| {
        let since = &weighted[start..];
        let model = since.iter().flatten().map(|(_, variance)| variance).sum();
        let differences: Vec<_> = since.iter().map(|step| step.map(|(excess, _)| sign(direction) * excess)).collect();
        sum_ln_e(&step_sum(&differences, COSINES_COUNTS), model, horizon)
    })
}

/// Evidence that the level of a number per step lies above (or below) a limit: what its mean and its signed ranks agree
/// on, each with the weaker of two long-run variances, that of the mean at least `floor` per step. Tuned to be sharpest
/// at half of `horizon` steps.
pub fn level_ln_e(
    y: &[Option<f64>],
    limit: f64,
    direction: Direction,
    floor: f64,
    horizon: f64,
    starts: &Starts,
) -> f64 {
    let shifted = |y: &Option<f64>| y.filter(|y| y.is_finite()).map(|y| sign(direction) * (y - limit));
    let excess: Vec<Option<f64>> = y.iter().map(shifted).collect();
    let mean = starts.mean(y.len(), |start| {
        let sum = step_sum(&excess[start..], COSINES_SERIES);
        sum_ln_e(&sum, floor.max(0.0) * sum.n as f64, horizon)
    });
    let ranks = starts.mean(y.len(), |start| {
        sum_ln_e(&step_sum(&signed_rank_scores(&excess[start..]), COSINES_SERIES), 0.0, horizon)
    });
    mean.min(ranks)
}

/// The weaker any-time evidence of both variances that a sum is above zero; none from fewer than five steps.
fn sum_ln_e(sum: &StepSum, least_variance: f64, horizon: f64) -> f64 {
    let t = |v: LongRun| {
        let t = if sum.sum == 0.0 { 0.0 } else { sum.sum / v.variance.max(least_variance).sqrt() };
        (t, v.dof)
    };
    candidates_ln_e(&[t(sum.autoregressive), t(sum.cosines)], sum.n as f64, horizon)
}

/// The weakest any-time evidence of several t statistics with their degrees of freedom, of as many steps (for two
/// samples, of as many pairs as would tell as much); none from fewer than five.
pub fn candidates_ln_e(candidates: &[(f64, f64)], steps: f64, horizon: f64) -> f64 {
    if steps.is_nan() || steps < LEAST_STEPS {
        return 0.0;
    }
    let k = steps / tuning(horizon);
    candidates.iter().map(|(t, nu)| defined(ln_e_t(*t, *nu, k))).reduce(f64::min).unwrap_or(0.0)
}

/// The number of steps whose worth of prior precision makes a one-sided normal mixture sharpest at half the horizon.
pub fn tuning(horizon: f64) -> f64 {
    let odds = -2.0 * (2.0 * TUNED_AT).ln();
    0.5 * horizon.max(2.0) / (odds + odds.ln_1p())
}

/// The logarithm of the one-sided e-value of a t statistic with `nu` degrees of freedom under a g-prior of `k` times the
/// precision of the data.
pub fn ln_e_t(t: f64, nu: f64, k: f64) -> f64 {
    let (direction, square) = (t * (k / (1.0 + k)).sqrt(), t * t);
    // of the two logarithms the difference stays defined however large t is
    let gain = if square.is_finite() { (square / nu).ln_1p() - (square / (nu * (1.0 + k))).ln_1p() } else { k.ln_1p() };
    -0.5 * k.ln_1p() + 0.5 * (nu + 1.0) * gain + std::f64::consts::LN_2 + ln_normal_upper(-direction)
}

/// Likelihood ratios of every alternative, step by step.
struct Mixture {
    /// By alternative, the sum over the steps before each.
    sums: Vec<[f64; ALTERNATIVES]>,
}

impl Mixture {
    /// From the log-likelihood ratio of each alternative in each step, given how far the alternatives lie away.
    fn new(
        direction: Direction,
        len: usize,
        mut ratios: impl FnMut(usize, &[f64; ALTERNATIVES]) -> Option<[f64; ALTERNATIVES]>,
    ) -> Mixture {
        let (near, far) = (REACH.0.ln(), REACH.1.ln());
        let distance = |j: usize| (near + (far - near) * j as f64 / (ALTERNATIVES - 1) as f64).exp();
        let shifts = std::array::from_fn(|j| sign(direction) * distance(j));
        let mut sums = Vec::with_capacity(len + 1);
        let mut sum = [0.0; ALTERNATIVES];
        sums.push(sum);
        for t in 0..len {
            if let Some(ratios) = ratios(t, &shifts) {
                sum.iter_mut().zip(ratios).for_each(|(sum, ratio)| *sum += ratio);
            }
            sums.push(sum);
        }
        Mixture { sums }
    }

    /// The logarithm of the mean over the alternatives of what was seen since a start, tempered; the loudest step counts
    /// no more than the second if `winsorized`.
    fn since(&self, start: usize, tempering: f64, winsorized: bool) -> f64 {
        let (Some(before), Some(now)) = (self.sums.get(start), self.sums.last()) else { return 0.0 };
        let mut loudest = [(0.0_f64, 0.0_f64); ALTERNATIVES];
        if winsorized {
            for pair in self.sums[start..].windows(2) {
                for (j, (first, second)) in loudest.iter_mut().enumerate() {
                    let step = pair[1][j] - pair[0][j];
                    *second = second.max(step.min(*first));
                    *first = first.max(step);
                }
            }
        }
        let ratio = |j: usize| (now[j] - before[j] - (loudest[j].0 - loudest[j].1)) / tempering;
        let ratios: [f64; ALTERNATIVES] = std::array::from_fn(ratio);
        ln_sum_exp(&ratios) - (ALTERNATIVES as f64).ln()
    }
}

/// The design effect by which the logarithm of a likelihood ratio is divided: each estimate over the median of its
/// distribution, so that it is too small as often as too large.
fn tempering(effect: &DesignEffect) -> f64 {
    let of = |(phi, nu): &(f64, f64)| phi * nu / chi_square_median(*nu);
    effect.candidates.iter().map(of).fold(0.0, f64::max) * effect.finite
}

/// By Wilson and Hilferty (1931).
fn chi_square_median(nu: f64) -> f64 {
    nu * (1.0 - 2.0 / (9.0 * nu)).powi(3)
}

fn sign(direction: Direction) -> f64 {
    if direction == Direction::Above { 1.0 } else { -1.0 }
}

/// ln(1 + eˣ).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn ln_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
}

/// Undefined evidence is no evidence.
fn defined(ln_e: f64) -> f64 {
    if ln_e.is_nan() { 0.0 } else { ln_e }
}
