//! One arm against a limit: a share of bad trials, a frequency of events, the canary's share of the traffic.
//!
//! Exact binomial and Poisson tails, weakened by the arm's own design effect; the intervals are Clopper and Pearson's
//! (1934) and Garwood's (1936) at the tail that the design effect asks for. There is no second arm to cancel a shared
//! shock, so the answer is about what happened during these steps, not about the long run: how the true rate moved from
//! step to step is no noise in that, since independent trials of any rates vary at most as those of their mean
//! (Hoeffding 1956). What is noise are bad ones that come together, and [`realised_trial_effect`] sees those alone:
//! it is the successive differences of von Neumann (1941) made deaf to shifts, by the running median of three (Tukey
//! 1977). A parameter of the long run, needs [`trial_design_effect`], the configured share of the traffic [`split`](super::split).

use super::dispersion::{DesignEffect, Learned, Prior};
use super::tail::{beta_logit_quantile, binomial_z, poisson_mean_lower, poisson_mean_upper, poisson_z};
use super::wander::Residual;
use super::{Direction, defined};

/// Trials of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialStep {
    /// All trials.
    pub total: u64,
    /// The bad ones.
    pub bad: u64,
}

/// Events of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventStep {
    /// For how long, or among how many, events could occur.
    pub exposure: f64,
    /// How many did.
    pub count: u64,
}

/// The dispersion of bad trials about a constant share.
pub fn trial_design_effect(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    DesignEffect::estimate(&trial_residuals(steps).0, 1.0, prior)
}

/// The dispersion that [`trial_design_effect`] estimates, without a prior, and its degrees of freedom.
pub fn observed_trial_dispersion(steps: &[Option<TrialStep>]) -> Option<(f64, f64)> {
    let (residuals, model) = trial_residuals(steps);
    DesignEffect::observed(&residuals, model)
}

/// The residual of each step with its variance under independent trials, and that of all of them.
pub(super) fn trial_residuals(steps: &[Option<TrialStep>]) -> (Vec<Option<Residual>>, f64) {
    let steps: Vec<_> = steps.iter().map(|s| s.filter(|s| s.total > 0)).collect();
    let (total, bad) = steps.iter().flatten().fold((0.0, 0.0), |(n, x), s| (n + s.total as f64, x + s.bad as f64));
    let share = f64::min((bad + 0.5) / (total + 1.0), 1.0);
    let residual = |s: TrialStep| {
        let total = s.total as f64;
        (s.bad as f64 - share * total, total * share * (1.0 - share))
    };
    (steps.iter().map(|s| s.map(residual)).collect(), total * share * (1.0 - share))
}

/// The dispersion of events about a constant frequency.
pub fn event_design_effect(steps: &[Option<EventStep>], prior: Prior) -> DesignEffect {
    DesignEffect::estimate(&event_residuals(steps).0, 1.0, prior)
}

/// The dispersion that [`event_design_effect`] estimates, without a prior, and its degrees of freedom.
pub fn observed_event_dispersion(steps: &[Option<EventStep>]) -> Option<(f64, f64)> {
    let (residuals, model) = event_residuals(steps);
    DesignEffect::observed(&residuals, model)
}

/// What windows of the past say of the noise of one arm's trials, as it is between two arms that vary alike.
pub fn learned_trials<'a>(windows: impl Iterator<Item = &'a [Option<TrialStep>]>) -> Option<Learned> {
    learned(windows.map(|steps| trial_residuals(steps).0))
}

/// The same of one arm's events.
pub fn learned_events<'a>(windows: impl Iterator<Item = &'a [Option<EventStep>]>) -> Option<Learned> {
    learned(windows.map(|steps| event_residuals(steps).0))
}

fn learned(windows: impl Iterator<Item = Vec<Option<Residual>>>) -> Option<Learned> {
    let present = |residuals: Vec<Option<Residual>>| residuals.into_iter().map(Option::unwrap_or_default).collect();
    Learned::of(&windows.map(present).collect::<Vec<_>>(), true)
}

fn event_residuals(steps: &[Option<EventStep>]) -> (Vec<Option<Residual>>, f64) {
    let exposed = |s: &EventStep| s.exposure > 0.0 && s.exposure.is_finite();
    let steps: Vec<_> = steps.iter().map(|s| s.filter(exposed)).collect();
    let (exposure, count) = steps.iter().flatten().fold((0.0, 0.0), |(m, x), s| (m + s.exposure, x + s.count as f64));
    let residual = |s: EventStep| {
        let mean = (count + 0.5) * (s.exposure / exposure);
        (s.count as f64 - mean, mean)
    };
    (steps.iter().map(|s| s.map(residual)).collect(), count + 0.5)
}

/// The dispersion of bad trials about a share that may move: how much they come together within steps.
pub fn realised_trial_effect(steps: &[Option<TrialStep>], prior: Prior) -> DesignEffect {
    let steps: Vec<_> = steps.iter().flatten().filter(|s| s.total > 0).collect();
    let (total, bad) = steps.iter().fold((0.0, 0.0), |(n, x), s| (n + s.total as f64, x + s.bad as f64));
    let share = f64::min((bad + 0.5) / (total + 1.0), 1.0);
    let rates: Vec<_> = steps.iter().map(|s| (s.total as f64, s.bad as f64 / s.total as f64)).collect();
    realised(&rates, share * (1.0 - share), prior)
}

/// The dispersion of events about a frequency that may move: how much they come together within steps.
pub fn realised_event_effect(steps: &[Option<EventStep>], prior: Prior) -> DesignEffect {
    let exposed = |s: &&EventStep| s.exposure > 0.0 && s.exposure.is_finite();
    let steps: Vec<_> = steps.iter().flatten().filter(exposed).collect();
    let (exposure, count) = steps.iter().fold((0.0, 0.0), |(m, x), s| (m + s.exposure, x + s.count as f64));
    let rates: Vec<_> = steps.iter().map(|s| (s.exposure, s.count as f64 / s.exposure)).collect();
    realised(&rates, (count + 0.5) / exposure, prior)
}

/// The expected squared distance of a normal number from the median of itself and its two neighbours, in variances:
/// 4/3 − √3/π. Of rare events it is up to one, which makes the estimate cautious.
const FROM_MEDIAN: f64 = 0.782_004_437_911_541_2;

/// The steps' worth of degrees of freedom in one such distance: a third (by simulation; 0.34 for normal numbers).
const DOF_PER_STEP: f64 = 1.0 / 3.0;

/// From sizes and rates of steps in order, and the variance of a rate of size one. A step that lies between its
/// neighbours, as every step of a shift or a drift does, adds nothing; one that stands out adds its distance from the
/// nearer of them.
fn realised(rates: &[(f64, f64)], variance: f64, prior: Prior) -> DesignEffect {
    let largest = rates.iter().map(|(size, _)| *size).fold(f64::MIN_POSITIVE, f64::max);
    let (mut squares, mut weight, mut weight_squares) = (0.0, 0.0, 0.0);
    for triple in rates.windows(3) {
        let [before, here, after] = triple else { continue };
        let (down, up) = (here.1 - before.1, here.1 - after.1);
        let share = here.0 / largest;
        weight += share;
        weight_squares += share * share;
        if down * up > 0.0 {
            let (distance, neighbour) = if down.abs() <= up.abs() { (down, before) } else { (up, after) };
            squares += share * distance * distance * 2.0 / (1.0 / here.0 + 1.0 / neighbour.0);
        }
    }
    let (ratio, dof) = if weight > 0.0 {
        let ratio = if squares > 0.0 { squares / weight / variance / FROM_MEDIAN } else { 0.0 };
        (ratio, DOF_PER_STEP * weight * weight / weight_squares)
    } else {
        (0.0, 0.0)
    };
    // what cannot be told is as bad as it can be
    let ratio = if ratio.is_nan() { f64::INFINITY } else { ratio };
    DesignEffect::of_ratio(ratio, dof, prior)
}

/// Evidence that the share of bad trials lies above (or below) `p0`, from `x` bad ones of `n`. Zero without trials.
pub fn share_z(x: u64, n: u64, p0: f64, effect: &DesignEffect, direction: Direction) -> f64 {
    if n == 0 || p0.is_nan() {
        return 0.0;
    }
    let p0 = p0.clamp(0.0, 1.0);
    effect.weaken(defined(binomial_z(x.min(n), n, p0, 1.0 - p0, direction)))
}

/// Evidence that the `q`-quantile of requests lies above (or below) a limit, from the requests of each step and how many of
/// them are beyond it: a quantile beyond a limit is a share of requests beyond it that is too large.
pub fn quantile_z(beyond: &[Option<TrialStep>], q: f64, effect: &DesignEffect, direction: Direction) -> f64 {
    let sum = u64::saturating_add;
    let (total, bad) = beyond.iter().flatten().fold((0, 0), |(n, x), step| (sum(n, step.total), sum(x, step.bad)));
    share_z(bad, total, 1.0 - q, effect, direction)
}

/// The shares that [`share_z`] does not reject, with a critical z for each end.
pub fn share_interval(x: u64, n: u64, effect: &DesignEffect, critical_low: f64, critical_high: f64) -> (f64, f64) {
    let (bad, good) = (x.min(n) as f64, n.saturating_sub(x) as f64);
    let share = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let low =
        if x == 0 || n == 0 { 0.0 } else { share(beta_logit_quantile(effect.ln_tail(critical_low), bad, good + 1.0)) };
    let high = if x >= n { 1.0 } else { share(-beta_logit_quantile(effect.ln_tail(critical_high), good, bad + 1.0)) };
    (low, high)
}

/// Evidence that the frequency of events lies above (or below) `rate0` per unit of exposure. Zero without exposure.
pub fn frequency_z(x: u64, exposure: f64, rate0: f64, effect: &DesignEffect, direction: Direction) -> f64 {
    let mean = rate0.max(0.0) * exposure;
    if !(exposure > 0.0 && exposure.is_finite()) || rate0.is_nan() || mean.is_nan() {
        return 0.0;
    }
    effect.weaken(defined(poisson_z(x, mean, direction)))
}

/// The frequencies that [`frequency_z`] does not reject, with a critical z for each end.
pub fn frequency_interval(
    x: u64,
    exposure: f64,
    effect: &DesignEffect,
    critical_low: f64,
    critical_high: f64,
) -> (f64, f64) {
    if !(exposure > 0.0 && exposure.is_finite()) {
        return (0.0, f64::INFINITY);
    }
    let low = poisson_mean_upper(effect.ln_tail(critical_low), x) / exposure;
    let high = poisson_mean_lower(effect.ln_tail(critical_high), x) / exposure;
    (low, high)
}
