//! The confidence interval of the shift between two samples, and its estimate, by ranks.
//!
//! The test of Mann and Whitney is turned around: the bounds are the shifts at which it would just reject. The normal
//! approximation serves at every size, ties and continuity are corrected for. Values of about 1e-4 and below drown in the
//! root finder's absolute tolerance; Kayenta's users meet that as a judge that sees nothing.

use super::numbers::{ranks, sorted};
use super::zeroin;

/// The normal quantile of Kayenta's confidence level of 0.98, two-sided.
const Z: f64 = 2.326_347_874_040_841;

/// How far the experiment lies above the control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The estimate.
    pub estimate: f64,
}

/// The method's failure: every value is tied with every other, so nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tied;

/// The interval of `experiment - control`. Both have values.
pub fn interval(experiment: &[f64], control: &[f64]) -> Result<Interval, Tied> {
    let (first, second) = (sorted(experiment), sorted(control));
    let (Some((first_min, first_max)), Some((second_min, second_max))) = (ends(&first), ends(&second)) else {
        return Err(Tied);
    };
    let (low, high) = (first_min - second_max, first_max - second_min);
    let bound = |quantile: f64| {
        let at = |shift: f64| standardised(&first, &second, shift).map(|w| w - quantile);
        let (at_low, at_high) = (at(low)?, at(high)?);
        if at_low <= 0.0 {
            Ok(low)
        } else if at_high >= 0.0 {
            Ok(high)
        } else {
            zeroin::root(at, low, high)
        }
    };
    let (lower, upper) = (bound(Z)?, bound(-Z)?);
    // the ends need not enclose a root, and Kayenta does not ask
    let estimate = zeroin::root(|shift| standardised(&first, &second, shift), low, high)?;
    Ok(Interval { low: lower, high: upper, estimate })
}

fn ends(sorted: &[f64]) -> Option<(f64, f64)> {
    sorted.first().copied().zip(sorted.last().copied())
}

/// The test's statistic if the experiment were shifted back by so much.
fn standardised(experiment: &[f64], control: &[f64], shift: f64) -> Result<f64, Tied> {
    let (n, m) = (experiment.len() as f64, control.len() as f64);
    let ranks = ranks(experiment, shift, control);
    let away = ranks.first - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if away == 0.0 { 0.0 } else { 0.5_f64.copysign(away) };
    let sigma = ((n * m / 12.0) * ((n + m + 1.0) - ranks.ties / ((n + m) * (n + m - 1.0)))).sqrt();
    if sigma == 0.0 { Err(Tied) } else { Ok((away - correction) / sigma) }
}
