//! Any-time evidence from counts: mixtures of likelihood ratios.
//!
//! Of the events of a step, the canary's are binomial with a known share whatever the step's common level (Lindon and
//! Malek 2022), so the likelihood of a larger ratio over that of the hypothesised one is an exact bet; forty
//! alternatives share the stake. Real counts are noisier than that: the largest gain counts no more than the second
//! largest, because no single step may carry a verdict, and the rest is raised to one over the design effect, which
//! is to a likelihood what dividing by its root is to a z.

use super::super::counts::{self, CountStep};
use super::super::single::{EventStep, TrialStep};
use super::super::{Direction, defined};
use super::several::ln_mean_exp;
use super::starts::Starts;

/// Alternatives that share the stake.
const POINTS: usize = 40;
/// The nearest and the farthest alternative, on the scale of a log-ratio.
const NEAREST: f64 = 0.05;
const FARTHEST: f64 = 4.0;

type Points = [f64; POINTS];

/// Evidence that the ratio of rates lies above (or below) `r0`, as a logarithm. `temper` is what the noise of the steps from
/// a start on divides it by ([`DesignEffect::temper`](super::super::dispersion::DesignEffect::temper)).
pub fn ratio_ln_e(
    steps: &[CountStep],
    r0: f64,
    direction: Direction,
    temper: impl Fn(usize) -> f64,
    starts: &Starts,
) -> f64 {
    if let Some(ln_e) = beyond_all_ratios(steps, r0, direction) {
        return ln_e;
    }
    tempered(steps.len(), ratio_gains(steps, r0, direction), temper, starts)
}

/// As [`ratio_ln_e`], if events were independent: from the first step on, and each counts in full.
pub fn exact_ratio_ln_e(steps: &[CountStep], r0: f64, direction: Direction) -> f64 {
    if let Some(ln_e) = beyond_all_ratios(steps, r0, direction) {
        return ln_e;
    }
    exact(steps.len(), ratio_gains(steps, r0, direction))
}

/// The evidence about a ratio that no rates have: nothing can be beyond it, and one event that cannot be refutes it.
fn beyond_all_ratios(steps: &[CountStep], r0: f64, direction: Direction) -> Option<f64> {
    let any = |events: fn(&CountStep) -> u64| steps.iter().any(|s| counts::usable(s) && events(s) > 0);
    match direction {
        _ if r0.is_nan() => Some(0.0),
        Direction::Above if r0 <= 0.0 && any(|s| s.canary) => Some(f64::INFINITY),
        Direction::Below if r0 == f64::INFINITY && any(|s| s.baseline) => Some(f64::INFINITY),
        _ if r0 <= 0.0 || r0 == f64::INFINITY => Some(0.0),
        _ => None,
    }
}

fn ratio_gains(steps: &[CountStep], r0: f64, direction: Direction) -> impl FnMut(usize) -> Option<Points> {
    let mut bet = Bet::new(direction);
    move |t| {
        let step = steps.get(t).filter(|step| counts::usable(step))?;
        let (canary, baseline) = step.shares(r0);
        Some(bet.gains(step.canary as f64, step.baseline as f64, (canary, baseline)))
    }
}

/// Evidence that the share of bad trials lies above (or below) `p0`, as a logarithm; `temper` as of [`ratio_ln_e`].
pub fn share_ln_e(
    steps: &[Option<TrialStep>],
    p0: f64,
    direction: Direction,
    temper: impl Fn(usize) -> f64,
    starts: &Starts,
) -> f64 {
    if let Some(ln_e) = beyond_all_shares(steps, p0, direction) {
        return ln_e;
    }
    tempered(steps.len(), share_gains(steps, p0, direction), temper, starts)
}

/// As [`share_ln_e`], if trials were independent: from the first step on, and each counts in full.
pub fn exact_share_ln_e(steps: &[Option<TrialStep>], p0: f64, direction: Direction) -> f64 {
    if let Some(ln_e) = beyond_all_shares(steps, p0, direction) {
        return ln_e;
    }
    exact(steps.len(), share_gains(steps, p0, direction))
}

fn beyond_all_shares(steps: &[Option<TrialStep>], p0: f64, direction: Direction) -> Option<f64> {
    let any = |of: fn(&TrialStep) -> bool| steps.iter().flatten().any(|s| s.total > 0 && of(s));
    match direction {
        Direction::Above if p0 <= 0.0 && any(|s| s.bad > 0) => Some(f64::INFINITY),
        Direction::Below if p0 >= 1.0 && any(|s| s.bad < s.total) => Some(f64::INFINITY),
        _ => (!(p0 > 0.0 && p0 < 1.0)).then_some(0.0),
    }
}

fn share_gains(steps: &[Option<TrialStep>], p0: f64, direction: Direction) -> impl FnMut(usize) -> Option<Points> {
    let mut bet = Bet::new(direction);
    move |t| {
        let step = steps[t].filter(|step| step.total > 0)?;
        let bad = step.bad.min(step.total);
        Some(bet.gains(bad as f64, (step.total - bad) as f64, (p0, 1.0 - p0)))
    }
}

/// Evidence that the frequency of events lies above (or below) `rate0` per unit of exposure, as a logarithm; `temper` as of
/// [`ratio_ln_e`].
pub fn frequency_ln_e(
    steps: &[Option<EventStep>],
    rate0: f64,
    direction: Direction,
    temper: impl Fn(usize) -> f64,
    starts: &Starts,
) -> f64 {
    if let Some(ln_e) = beyond_all_frequencies(steps, rate0, direction) {
        return ln_e;
    }
    tempered(steps.len(), frequency_gains(steps, rate0, direction), temper, starts)
}

/// As [`frequency_ln_e`], if events were independent: from the first step on, and each counts in full.
pub fn exact_frequency_ln_e(steps: &[Option<EventStep>], rate0: f64, direction: Direction) -> f64 {
    if let Some(ln_e) = beyond_all_frequencies(steps, rate0, direction) {
        return ln_e;
    }
    exact(steps.len(), frequency_gains(steps, rate0, direction))
}

fn exposed(step: &EventStep) -> bool {
    step.exposure > 0.0 && step.exposure.is_finite()
}

fn beyond_all_frequencies(steps: &[Option<EventStep>], rate0: f64, direction: Direction) -> Option<f64> {
    let any = steps.iter().flatten().any(|s| exposed(s) && s.count > 0);
    match direction {
        Direction::Above if rate0 <= 0.0 && any => Some(f64::INFINITY),
        _ => (!(rate0 > 0.0 && rate0.is_finite())).then_some(0.0),
    }
}

fn frequency_gains(
    steps: &[Option<EventStep>],
    rate0: f64,
    direction: Direction,
) -> impl FnMut(usize) -> Option<Points> {
    let tilts = tilts(direction);
    let growth = tilts.map(f64::exp_m1);
    move |t| {
        let step = steps[t].filter(exposed)?;
        let (count, mean) = (step.count as f64, rate0 * step.exposure);
        mean.is_finite().then(|| std::array::from_fn(|j| count * tilts[j] - mean * growth[j]))
    }
}

/// By how much the alternatives differ from the hypothesis.
fn tilts(direction: Direction) -> Points {
    let sign = direction.sign();
    let (first, last) = (NEAREST.ln(), FARTHEST.ln());
    std::array::from_fn(|j| sign * (first + (last - first) * j as f64 / (POINTS - 1) as f64).exp())
}

/// A bet on one of two outcomes against a known share.
struct Bet {
    tilts: Points,
    shares: (f64, f64),
    /// What an event of the first and of the second kind gains.
    first: Points,
    second: Points,
}

impl Bet {
    fn new(direction: Direction) -> Bet {
        Bet { tilts: tilts(direction), shares: (f64::NAN, f64::NAN), first: [0.0; POINTS], second: [0.0; POINTS] }
    }

    /// What a step gains, from its events of each kind and the share that each should have. Where the shares are those of
    /// the step before, no logarithm is taken again.
    fn gains(&mut self, first: f64, second: f64, shares: (f64, f64)) -> Points {
        if shares != self.shares {
            self.shares = shares;
            for (j, tilt) in self.tilts.iter().enumerate() {
                // ln(q + p e^θ) in the form that loses no digits
                let cost = if shares.0 < 0.5 {
                    (shares.0 * tilt.exp_m1()).ln_1p()
                } else {
                    tilt + (shares.1 * (-tilt).exp_m1()).ln_1p()
                };
                self.first[j] = tilt - cost;
                self.second[j] = -cost;
            }
        }
        std::array::from_fn(|j| first * self.first[j] + second * self.second[j])
    }
}

/// The mixture as it is.
fn exact(steps: usize, gains: impl FnMut(usize) -> Option<Points>) -> f64 {
    let mut sum = [0.0; POINTS];
    for gain in (0..steps).filter_map(gains) {
        sum.iter_mut().zip(gain).for_each(|(sum, gain)| *sum += gain);
    }
    defined(ln_mean_exp(&sum))
}

/// The mixture from every start, without its largest gain and raised to one over the design effect.
fn tempered(
    steps: usize,
    mut gains: impl FnMut(usize) -> Option<Points>,
    temper: impl Fn(usize) -> f64,
    starts: &Starts,
) -> f64 {
    let (mut sum, mut largest, mut second) = ([0.0; POINTS], [0.0; POINTS], [0.0; POINTS]);
    let mut from: Vec<(usize, f64)> = Vec::with_capacity(starts.0.len());
    let mut due = starts.0.iter().rev().map(|(start, _)| *start).filter(|start| *start < steps).peekable();
    for t in (0..steps).rev() {
        if let Some(gain) = gains(t) {
            for j in 0..POINTS {
                sum[j] += gain[j];
                second[j] = f64::max(second[j], gain[j].min(largest[j]));
                largest[j] = f64::max(largest[j], gain[j]);
            }
        }
        if due.next_if_eq(&t).is_some() {
            let divisor = temper(t);
            let kept: Points = std::array::from_fn(|j| defined((sum[j] - (largest[j] - second[j])) / divisor));
            from.push((t, ln_mean_exp(&kept)));
        }
    }
    let at = |start| from.iter().find(|(t, _)| *t == start).map_or(0.0, |(_, ln_e)| *ln_e);
    defined(starts.average(steps, at))
}
