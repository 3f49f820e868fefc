//! Any-time evidence: bets against a hypothesis that may be settled at any moment.
//!
//! An e-process starts at one and, while the hypothesis is true, is not expected to grow: it exceeds 1/α at any time at
//! all with probability at most α (Ville 1939), however often somebody looks and whatever makes them stop. Everything
//! here is the natural logarithm of one: no evidence is 0, and a bet that is lost altogether is −∞. Averages of
//! e-processes are e-processes, which is how several alternatives and several moments of onset are covered at once, and
//! the smaller of two is valid if either is. `likelihood` bets on counts, `student` on one number per step.

mod likelihood;
mod student;

use super::tail::ln_sum_exp;

pub use likelihood::{
    exact_frequency_ln_e, exact_ratio_ln_e, exact_share_ln_e, frequency_ln_e, ratio_ln_e, share_ln_e,
};
pub use student::{difference_ln_e, level_ln_e, ln_e_t};

/// How many steps a course has if its end is open.
const OPEN_HORIZON: f64 = 60.0;
/// Moments of onset that are watched for.
const ONSETS: u32 = 6;

/// The steps from which evidence is gathered, and how much of the stake each has.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts(Vec<(usize, f64)>);

impl Starts {
    /// Only from the first step on.
    pub fn zero() -> Starts {
        Starts(vec![(0, 1.0)])
    }

    /// Half of the stake on the first step, the rest on later ones spread over a course of `horizon` steps (60 if that is
    /// not a positive number): what goes wrong late is then not held against all that went well before.
    pub fn spread(horizon: f64) -> Starts {
        let later = |i| (course(horizon) * f64::from(i) / f64::from(ONSETS)).round_ties_even() as usize;
        let mut places: Vec<usize> = (0..ONSETS).map(later).collect();
        places.dedup();
        let (first, others) = if places.len() > 1 { (0.5, 0.5 / (places.len() - 1) as f64) } else { (1.0, 0.0) };
        Starts(places.into_iter().map(|place| (place, if place == 0 { first } else { others })).collect())
    }

    /// The start with the largest part in the evidence, the earliest of equals. For the reader alone: evidence is the
    /// average over all. `ln_e` is asked for the evidence of each start by itself.
    pub fn loudest(&self, ln_e: impl Fn(&Starts) -> f64) -> usize {
        let parts = self.0.iter().map(|(start, weight)| (*start, ln_e(&Starts(vec![(*start, 1.0)])) + weight.ln()));
        let louder = |best: (usize, f64), part: (usize, f64)| if part.1 > best.1 { part } else { best };
        parts.reduce(louder).map_or(0, |(start, _)| start)
    }

    /// The average over all starts; one that is not reached yet counts as no evidence.
    fn average(&self, steps: usize, ln_e: impl Fn(usize) -> f64) -> f64 {
        let at = |start: usize| if start < steps { ln_e(start) } else { 0.0 };
        ln_sum_exp(&self.0.iter().map(|(start, weight)| at(*start) + weight.ln()).collect::<Vec<_>>())
    }
}

/// The length of a course in steps.
fn course(horizon: f64) -> f64 {
    if horizon > 0.0 && horizon.is_finite() { horizon } else { OPEN_HORIZON }
}

/// The logarithm of the mean of e-values, from their logarithms; no evidence if there are none.
pub fn ln_mean_exp(ln_e: &[f64]) -> f64 {
    if ln_e.is_empty() { 0.0 } else { ln_sum_exp(ln_e) - (ln_e.len() as f64).ln() }
}

/// Which of several hypotheses to reject so that at most a part `level` of the rejections is expected to be false,
/// whatever depends on what (e-BH: Wang and Ramdas 2022).
pub fn e_bh(ln_e: &[f64], level: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = ln_e.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let needed = |rank: usize| (ln_e.len() as f64 / rank as f64).ln() - level.ln();
    let reached = (1..).zip(&sorted).filter(|(rank, ln_e)| **ln_e >= needed(*rank)).last();
    ln_e.iter().map(|v| reached.is_some_and(|(_, least)| v >= least)).collect()
}
