//! Numbers in, numbers out.
//!
//! Everything a decision rests on is computed here, from plain slices, by pure functions that answer for any input:
//! they know no arm, no metric, no verdict and no clock, and nothing in them panics. Evidence is a standard normal z,
//! so that results of different methods can be held against the same critical value, and every interval is the set of
//! values that the matching z does not reject; any-time evidence is the logarithm of an e-value.
//!
//! From the ground up: [`normal`] and [`tail`] (distributions, far into their tails), [`longrun`] (the variance of a sum of
//! dependent steps), `filter` (what lasts beside the noise of each step), [`segments`] (the noise of one number per step about a mean that may move), `wander` (the same of a
//! rate), [`dispersion`] (how much noisier than the textbook counts are) and [`instances`] (the same, from one host to
//! another), then one file per question: [`counts`] (two arms, events among trials), [`single`] (one arm against a limit),
//! [`steps`] (one number per step), [`slope`] (how steeply it rises), [`spacing`] (runs of bad steps and how regular they are), [`split`] (the canary's share of the traffic),
//! [`slow`] (how a question about a quantile becomes one about counts), [`onset`] (any of these since a later step), [`simes`], [`bonferroni`] and [`holm`] (several questions at once), [`bursts`] (log lines that come together),
//! [`quantile`] and [`limits`] (quantiles, for the reader's eye) and [`power`] (how much data an
//! answer takes). Looking more than once takes other critical values or other evidence: [`planned`] has the
//! boundary of looks on a known course, [`anytime`] the same questions as bets that may be settled at any moment.

pub mod anytime;
mod binned;
pub mod bonferroni;
pub mod bursts;
mod count_step;
pub mod counts;
mod crossing;
pub use crossing::nearest_rejected;
pub mod days;
pub mod dispersion;
mod filter;
pub mod histogram;
pub mod holm;
mod incomplete;
pub mod instances;
pub mod limits;
pub mod longrun;
pub mod normal;
pub mod onset;
pub mod past;
pub mod planned;
pub mod power;
pub mod quantile;
pub mod segments;
pub mod simes;
pub mod single;
pub mod slope;
pub mod slow;
pub mod spacing;
pub mod split;
pub mod steps;
pub mod tail;
mod wander;

/// On which side of a hypothesised value the evidence puts the parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The parameter is larger than the hypothesised value.
    Above,
    /// The parameter is smaller than the hypothesised value.
    Below,
}

impl Direction {
    /// 1 for above, -1 for below: what turns evidence of less into evidence of more.
    pub fn sign(self) -> f64 {
        match self {
            Direction::Above => 1.0,
            Direction::Below => -1.0,
        }
    }
}

/// A z that a comparison can rely on: undefined evidence is no evidence.
fn defined(z: f64) -> f64 {
    if z.is_nan() { 0.0 } else { z }
}

/// The program of the README runs with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
