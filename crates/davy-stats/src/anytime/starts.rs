//! Since when evidence is gathered: from the first step on, or from several moments of onset that share the stake.

use super::super::normal::ln_sum_exp;

/// How many steps a course has if its end is open.
const OPEN_HORIZON: f64 = 60.0;
/// Moments of onset that are watched for.
const ONSETS: u32 = 6;

/// The steps from which evidence is gathered, and how much of the stake each has.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts(pub(super) Vec<(usize, f64)>);

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
    pub(super) fn average(&self, steps: usize, ln_e: impl Fn(usize) -> f64) -> f64 {
        let at = |start: usize| if start < steps { ln_e(start) } else { 0.0 };
        ln_sum_exp(&self.0.iter().map(|(start, weight)| at(*start) + weight.ln()).collect::<Vec<_>>())
    }
}

/// The length of a course in steps.
pub(super) fn course(horizon: f64) -> f64 {
    if horizon > 0.0 && horizon.is_finite() { horizon } else { OPEN_HORIZON }
}
