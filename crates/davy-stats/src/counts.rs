//! Two arms, events among trials: error rates, cache misses, slow requests, restarts.
//!
//! Of the events of one step, how many fell in the canary? Under a hypothesised ratio of rates that is a binomial with
//! a known share, whatever the common level of that step was: shared shocks, time of day and traffic ramps cancel,
//! and small counts are exact. Point estimates are those of Mantel and Haenszel (1959; Greenland and Robins 1985);
//! ratio intervals are Clopper and Pearson's (1934) for that share at a tail adjusted by the design effect;
//! differences are judged by the score of Miettinen and Nurminen (1985).

use super::count_step::usable_steps;
use super::dispersion::{DesignEffect, Learned, Noise, Prior};
use super::instances::Instances;
use super::tail::{beta_logit_quantile, binomial_z};
use super::wander::Residual;
use super::{Direction, crossing, defined};

pub use super::count_step::{CountStep, usable};

/// How unequal the split of the traffic may be over time before differences are compared step by step.
const STEADY_SPLIT: f64 = 0.2;

/// What the totals of a step are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Counts of trials, each of which is an event or not: a finite population.
    Trials,
    /// Time, sessions, traffic shares: anything that events can exceed.
    Measure,
}

/// The canary's rate divided by the baseline's, by Mantel and Haenszel with half an event added to each arm.
pub fn rate_ratio(steps: &[CountStep]) -> f64 {
    let (canary, baseline) = usable_steps(steps).fold((0.0, 0.0), |(c, b), step| {
        let total = step.total();
        let canary = step.canary as f64 * (step.baseline_total / total);
        let baseline = step.baseline as f64 * (step.canary_total / total);
        (c + canary, b + baseline)
    });
    (canary + 0.5) / (baseline + 0.5)
}

/// The canary's rate divided by the baseline's as a reader divides them: of all steps together, where the split of the
/// traffic is steady; else step by step, by Mantel and Haenszel. Half an event is added to each arm where one has none.
pub fn plain_ratio(steps: &[CountStep]) -> f64 {
    let all = pooled(steps);
    let none = all.canary == 0 || all.baseline == 0;
    if none || difference_is_stratified(steps) {
        return rate_ratio(steps);
    }
    let ratio = all.canary as f64 / all.canary_total / (all.baseline as f64 / all.baseline_total);
    if ratio.is_finite() && ratio > 0.0 { ratio } else { rate_ratio(steps) }
}

/// The canary's rate minus the baseline's, as a reader subtracts them, or step by step ([`plain_ratio`]); zero without
/// data.
pub fn rate_difference(steps: &[CountStep]) -> f64 {
    let all = pooled(steps);
    if usable(&all) && !difference_is_stratified(steps) {
        return defined(all.rate_difference());
    }
    let (sum, weight) = usable_steps(steps)
        .fold((0.0, 0.0), |(sum, weight), step| (sum + step.weight() * step.rate_difference(), weight + step.weight()));
    if weight > 0.0 { defined(sum / weight) } else { 0.0 }
}

/// The dispersion of the canary's share of events about its expectation at the *fitted* ratio.
pub fn design_effect(steps: &[CountStep], exposure: Exposure, prior: Prior) -> DesignEffect {
    design_effect_from(steps, 0, None, exposure, prior)
}

/// The dispersion of the steps from `start` on. The steps before it, about a ratio of their own, say how noisy steps are; so
/// do the instances where they are known, since what is noise between the instances of an arm is noise between the arms.
pub fn design_effect_from(
    steps: &[CountStep],
    start: usize,
    instances: Option<&Instances>,
    exposure: Exposure,
    prior: Prior,
) -> DesignEffect {
    Scatter::about(steps, start, exposure, prior).effect(steps, start, instances)
}

/// How the steps scatter about a ratio of rates that may change once.
#[derive(Clone, Debug)]
pub struct Scatter {
    exposure: Exposure,
    residuals: Vec<Residual>,
    finite: f64,
    noise: Noise,
}

impl Scatter {
    /// About a ratio that changes where the steps change most (Bai and Perron 1998): a change is no noise.
    pub fn new(steps: &[CountStep], exposure: Exposure, prior: Prior) -> Scatter {
        let all = Residuals::of(steps, exposure).all();
        let (r, v) = all.iter().fold((0.0, 0.0), |(r, v), pair| (r + pair.0, v + pair.1));
        let (mut before, mut model, mut best) = (0.0, 0.0, (0, 0.0));
        for (place, pair) in all.iter().enumerate() {
            let score = (before - r * model / v).abs() / (model * (v - model) / v).sqrt();
            if score > best.1 {
                best = (place, score);
            }
            (before, model) = (before + pair.0, model + pair.1);
        }
        Scatter::about(steps, best.0, exposure, prior)
    }

    fn about(steps: &[CountStep], place: usize, exposure: Exposure, prior: Prior) -> Scatter {
        let (before, after) = steps.split_at(place.min(steps.len()));
        let (before, after) = (Residuals::of(before, exposure), Residuals::of(after, exposure));
        let finite = after.finite;
        let (before, after) = (before.all(), after.all());
        let noise = Noise::of(&before, &after, prior);
        Scatter { exposure, residuals: [before, after].concat(), finite, noise }
    }

    /// The design effect of the steps from a start on.
    pub fn effect(&self, steps: &[CountStep], start: usize, instances: Option<&Instances>) -> DesignEffect {
        let between = between_instances(steps, start, instances, self.exposure);
        let last = self.residuals.get(start..).unwrap_or_default();
        DesignEffect { between, ..self.noise.effect(last, self.finite) }
    }
}

/// The design effect between the instances alone, with its degrees of freedom; nothing where they are not known or
/// fewer than [`LEAST_INSTANCES`](super::instances::LEAST_INSTANCES) in an arm. What is believed of steps says nothing of
/// hosts, so there is no prior: drawn towards one, hosts that differ would be taken for more alike than they are.
pub fn between_instances(
    steps: &[CountStep],
    start: usize,
    instances: Option<&Instances>,
    exposure: Exposure,
) -> Option<(f64, f64)> {
    let since = steps.get(start..).unwrap_or_default();
    let spread = instances?.variance(steps, start, rate_ratio(since))?;
    let model = Residuals::of(since, exposure).model;
    let ratio = if model > 0.0 { spread.variance / model } else { 1.0 };
    Some((ratio.max(1.0), spread.dof))
}

/// Beyond how many robust standard deviations a step stands apart from the others (Iglewicz and Hoaglin 1993).
const APART: f64 = 3.5;
/// The median of a standard normal number's size.
const MEDIAN_SIZE: f64 = 0.674_489_750_196_081_7;

/// A design effect for evidence in a direction that no luck of one arm makes. A step that stands apart in that direction
/// is an event of one arm which the other never had: bursts of the baseline's errors, while a canary has had none yet.
/// Under the hypothesis it is as likely in the other arm, so its square counts once for each.
pub fn mirrored(steps: &[CountStep], effect: &DesignEffect, exposure: Exposure, direction: Direction) -> DesignEffect {
    let residuals = Residuals::of(steps, exposure).all();
    let used = || residuals.iter().filter(|(_, v)| *v > 0.0);
    let mut sizes: Vec<f64> = used().map(|(r, v)| r.abs() / v.sqrt()).collect();
    if sizes.is_empty() {
        return effect.clone();
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    let scale = (*median / MEDIAN_SIZE).max(1.0);
    let is_apart = |(r, v): &&Residual| direction.sign() * r > APART * scale * v.sqrt();
    let squares = |sum: f64, (r, _): &Residual| sum + r * r;
    let (all, apart) = (used().fold(0.0, squares), used().filter(is_apart).fold(0.0, squares));
    if apart > 0.0 { effect.widened(1.0 + apart / all) } else { effect.clone() }
}

/// The dispersion that [`design_effect`] estimates, as it is: without a prior, even where it is below one, and with its
/// degrees of freedom. Nothing for fewer than three steps or without events.
pub fn observed_dispersion(steps: &[CountStep], exposure: Exposure) -> Option<(f64, f64)> {
    let Residuals { each, model, .. } = Residuals::of(steps, exposure);
    DesignEffect::observed(&each, model)
}

/// What windows of the past say of the noise of both arms' counts, each about a ratio of its own; nothing from too few.
pub fn learned<'a>(windows: impl Iterator<Item = &'a [CountStep]>, exposure: Exposure) -> Option<Learned> {
    Learned::of(&windows.map(|steps| Residuals::of(steps, exposure).all()).collect::<Vec<_>>(), false)
}

/// The canary's events per step about their expectation at the fitted ratio.
struct Residuals {
    /// With the variance of each if events were independent.
    each: Vec<Option<Residual>>,
    /// The variance of their sum if events were independent.
    model: f64,
    finite: f64,
}

impl Residuals {
    fn of(steps: &[CountStep], exposure: Exposure) -> Residuals {
        let ratio = rate_ratio(steps);
        let (mut binomial, mut model) = (0.0, 0.0);
        let mut residual = |step: &CountStep| {
            let (events, total) = (step.events(), step.total());
            let (canary, baseline) = step.shares(ratio);
            let variance = events * canary * baseline;
            let finite = match exposure {
                Exposure::Trials if total > 50.0 => ((total - events) / (total - 1.0)).clamp(0.05, 1.0),
                _ => 1.0,
            };
            binomial += variance;
            model += variance * finite;
            (step.canary as f64 - events * canary, variance * finite)
        };
        let each: Vec<_> = steps.iter().map(|step| usable(step).then(|| residual(step))).collect();
        let finite = if binomial > 0.0 { model / binomial } else { 1.0 };
        Residuals { each, model, finite }
    }

    /// Each residual, those of steps that cannot be used as well.
    fn all(&self) -> Vec<Residual> {
        self.each.iter().map(|step| step.unwrap_or_default()).collect()
    }
}

/// The steps, that whose canary lies farthest beyond its expectation in a direction as far as the second: no step alone
/// carries evidence.
pub fn tamed(steps: &[CountStep], direction: Direction) -> Vec<CountStep> {
    let sign = direction.sign();
    let ratio = rate_ratio(steps);
    let distance = |step: &CountStep| {
        let (canary, baseline) = step.shares(ratio);
        let variance = step.events() * canary * baseline;
        if variance > 0.0 { sign * (step.canary as f64 - step.events() * canary) / variance.sqrt() } else { 0.0 }
    };
    let (mut farthest, mut second) = ((0, f64::NEG_INFINITY), f64::NEG_INFINITY);
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| usable(step) && step.events() > 0.0) {
        let at = distance(step);
        if at > farthest.1 {
            (farthest, second) = ((place, at), farthest.1);
        } else {
            second = second.max(at);
        }
    }
    let mut tamed = steps.to_vec();
    if second.is_finite() && farthest.1 > second.max(0.0) {
        let step = steps[farthest.0];
        let beyond = |canary: u64| distance(&CountStep { canary, ..step }) > second.max(0.0);
        // between what the baseline's own events let expect and what was seen
        let even = step.baseline as f64 * ratio * (step.canary_total / step.baseline_total);
        let (mut kept, mut moved) = match direction {
            Direction::Above => ((even.floor() as u64).min(step.canary), step.canary),
            Direction::Below => ((even.ceil() as u64).max(step.canary), step.canary),
        };
        while kept.abs_diff(moved) > 1 {
            let middle = kept.midpoint(moved);
            if beyond(middle) { moved = middle } else { kept = middle }
        }
        tamed[farthest.0].canary = kept;
    }
    tamed
}

/// Events of the canary and of both arms.
fn pooled_events(steps: &[CountStep]) -> (u64, u64) {
    usable_steps(steps).fold((0, 0), |(canary, both), step| {
        (canary.saturating_add(step.canary), both.saturating_add(step.canary).saturating_add(step.baseline))
    })
}

/// How many more events the canary has than the baseline's rate, times `ratio` plus `difference`, predicts for its
/// exposure; negative when it has fewer. Both rates are standardised by the weights of Mantel and Haenszel.
pub fn excess(steps: &[CountStep], ratio: f64, difference: f64) -> f64 {
    let (mut seen, mut predicted, mut weight, mut exposure) = (0.0, 0.0, 0.0, 0.0);
    for step in usable_steps(steps) {
        let total = step.total();
        seen += step.canary as f64 * (step.baseline_total / total);
        predicted += ratio * step.baseline as f64 * (step.canary_total / total) + difference * step.weight();
        weight += step.weight();
        exposure += step.canary_total;
    }
    if weight > 0.0 { defined((seen - predicted) / weight * exposure) } else { 0.0 }
}

/// Evidence that the ratio of rates lies above (or below) `r0`: the exact conditional binomial tail, weakened by the
/// design effect. Zero without events.
pub fn ratio_z(steps: &[CountStep], effect: &DesignEffect, r0: f64, direction: Direction) -> f64 {
    effect.weaken(exact_ratio_z(steps, r0, direction))
}

/// As [`ratio_z`], if events were independent.
pub fn exact_ratio_z(steps: &[CountStep], r0: f64, direction: Direction) -> f64 {
    exact_ratio_z_since(steps, &[0], r0, direction)[0]
}

/// As [`exact_ratio_z`], of the steps from each of some starts on, which are in order.
pub fn exact_ratio_z_since(steps: &[CountStep], starts: &[usize], r0: f64, direction: Direction) -> Vec<f64> {
    let (mut x, mut events, mut canary, mut baseline) = (0_u64, 0_u64, 0.0, 0.0);
    let (mut end, mut each) = (steps.len(), Vec::with_capacity(starts.len()));
    for start in starts.iter().rev() {
        let start = (*start).min(end);
        for step in usable_steps(&steps[start..end]) {
            let shares = step.shares(r0);
            (x, events) =
                (x.saturating_add(step.canary), events.saturating_add(step.canary).saturating_add(step.baseline));
            (canary, baseline) = (canary + step.events() * shares.0, baseline + step.events() * shares.1);
        }
        end = start;
        let both = canary + baseline;
        let is_evidence = events > 0 && !both.is_nan();
        let z = || defined(binomial_z(x, events, canary / both, baseline / both, direction));
        each.push(if is_evidence { z() } else { 0.0 });
    }
    each.reverse();
    each
}

/// The ratios of rates that [`ratio_z`] does not reject, with a critical z for each end.
pub fn ratio_interval(steps: &[CountStep], effect: &DesignEffect, critical_low: f64, critical_high: f64) -> (f64, f64) {
    let (x, events) = pooled_events(steps);
    let (canary, baseline) = (x as f64, events.saturating_sub(x) as f64);
    let low = if x == 0 {
        0.0
    } else {
        ratio_at(steps, beta_logit_quantile(effect.ln_tail(critical_low), canary, baseline + 1.0))
    };
    let high = if x == events {
        f64::INFINITY
    } else {
        ratio_at(steps, -beta_logit_quantile(effect.ln_tail(critical_high), baseline, canary + 1.0))
    };
    (low, high)
}

/// The ratio of rates at which the canary's expected share of all events has the given logit.
///
/// Each step has its own such ratio; the common one lies between them, and where the split is constant they agree.
fn ratio_at(steps: &[CountStep], logit: f64) -> f64 {
    let odds: Vec<(f64, f64)> = usable_steps(steps)
        .filter(|step| step.events() > 0.0)
        .map(|step| (step.canary_total / step.baseline_total, step.events()))
        .collect();
    let ends = odds.iter().fold((f64::INFINITY, 0.0), |(low, high), (k, _)| (f64::min(low, *k), f64::max(high, *k)));
    let (mut low, mut high) = (logit - ends.1.ln(), logit - ends.0.ln());
    if !(low.is_finite() && high.is_finite()) {
        return logit.exp();
    }
    let mut ln_ratio = low + (high - low) / 2.0;
    for _ in 0..100 {
        let ratio = ln_ratio.exp();
        let (mut canary, mut baseline, mut slope) = (0.0, 0.0, 0.0);
        for (k, events) in &odds {
            let share = 1.0 / (1.0 + ratio * k);
            canary += events * (ratio * k * share);
            baseline += events * share;
            slope += events * (ratio * k * share) * share;
        }
        let excess = (canary / baseline).ln() - logit;
        if excess > 0.0 {
            high = ln_ratio
        } else {
            low = ln_ratio
        }
        let newton = ln_ratio - excess * (canary / (canary + baseline) * baseline) / slope;
        let next = if newton >= low && newton <= high { newton } else { low + (high - low) / 2.0 };
        if (next - ln_ratio).abs() <= 1e-15 * (1.0 + ln_ratio.abs()) {
            break;
        }
        ln_ratio = next;
    }
    ln_ratio.exp()
}

/// Whether the split of the traffic varies so much that differences are compared step by step.
pub fn difference_is_stratified(steps: &[CountStep]) -> bool {
    let odds: Vec<f64> = usable_steps(steps).map(|step| step.canary_total / step.baseline_total).collect();
    if odds.len() < 3 {
        return false;
    }
    let n = odds.len() as f64;
    let mean = odds.iter().sum::<f64>() / n;
    let variance = odds.iter().map(|k| (k - mean) * (k - mean)).sum::<f64>() / n;
    variance.sqrt() > STEADY_SPLIT * mean
}

/// Evidence that the difference of rates lies above (or below) `d`; totals are trials. Zero without data.
pub fn difference_z(steps: &[CountStep], effect: &DesignEffect, d: f64, direction: Direction) -> f64 {
    let sign = direction.sign();
    if usable_steps(steps).next().is_none() || d.is_nan() {
        return 0.0;
    }
    let score = if difference_is_stratified(steps) { stratified_score(steps, d) } else { score(&pooled(steps), d) };
    effect.weaken_unconditional(sign * score.z())
}

/// The differences of rates that [`difference_z`] does not reject, with a critical z for each end.
pub fn difference_interval(
    steps: &[CountStep],
    effect: &DesignEffect,
    critical_low: f64,
    critical_high: f64,
) -> (f64, f64) {
    let pooled = pooled(steps);
    if !usable(&pooled) {
        return (-1.0, 1.0);
    }
    let centre = rate_difference(steps);
    if centre.is_nan() {
        return (-1.0, 1.0);
    }
    let least = 1.0 / pooled.canary_total + 1.0 / pooled.baseline_total;
    let stride = effect.largest().sqrt() * score(&pooled, 0.0).variance.sqrt() + least;
    let end = |direction: Direction, critical: f64, limit: f64| {
        let excess = |d: f64| difference_z(steps, effect, d, direction) - critical;
        crossing::nearest_rejected(centre.clamp(-1.0, 1.0), stride, 1e-7, limit, excess).unwrap_or(limit)
    };
    (end(Direction::Above, critical_low, -1.0), end(Direction::Below, critical_high, 1.0))
}

fn pooled(steps: &[CountStep]) -> CountStep {
    usable_steps(steps).fold(CountStep::UNUSABLE, |sum, step| sum.plus(step))
}

/// A difference of rates minus its hypothesised value, with its variance under the hypothesis.
struct Score {
    excess: f64,
    variance: f64,
}

impl Score {
    fn z(&self) -> f64 {
        if self.excess == 0.0 { 0.0 } else { self.excess / self.variance.sqrt() }
    }
}

/// The score of Miettinen and Nurminen: the rates that are most likely under a difference of `d`, in closed form.
fn score(step: &CountStep, d: f64) -> Score {
    let (n_c, n_b, n) = (step.canary_total, step.baseline_total, step.total());
    let x_b = step.baseline as f64;
    let excess = step.rate_difference() - d;
    if d.abs() >= 1.0 {
        return Score { excess, variance: 0.0 };
    }
    let l3 = n;
    let l2 = (n_c + 2.0 * n_b) * d - n - step.events();
    let l1 = (n_b * d - n - 2.0 * x_b) * d + step.events();
    let l0 = x_b * d * (1.0 - d);
    let third = l2 / (3.0 * l3);
    let q = third * third * third - l1 / l3 * l2 / (6.0 * l3) + l0 / (2.0 * l3);
    let p = (third * third - l1 / (3.0 * l3)).max(0.0).sqrt().copysign(q);
    let cosine = if p == 0.0 { 0.0 } else { (q / (p * p * p)).clamp(-1.0, 1.0) };
    let angle = (std::f64::consts::PI + cosine.acos()) / 3.0;
    let baseline = (2.0 * p * angle.cos() - third).clamp(0.0, 1.0);
    let canary = (baseline + d).clamp(0.0, 1.0);
    let variance = canary * (1.0 - canary) / n_c + baseline * (1.0 - baseline) / n_b;
    Score { excess, variance: variance * n / (n - 1.0).max(0.5) }
}

/// A usable step's difference of rates minus `d`, weighted, and the variance of that under independent trials.
pub(super) fn weighted_score(step: &CountStep, d: f64) -> Option<(f64, f64)> {
    usable(step).then(|| {
        let (score, weight) = (score(step, d), step.weight());
        (weight * score.excess, weight * weight * score.variance)
    })
}

/// The weighted sum of the steps' differences over its standard error under independent trials (the stratified score of
/// Miettinen and Nurminen).
fn stratified_score(steps: &[CountStep], d: f64) -> Score {
    let scores = steps.iter().filter_map(|step| weighted_score(step, d));
    let (excess, variance) = scores.fold((0.0, 0.0), |(e, v), (excess, variance)| (e + excess, v + variance));
    Score { excess, variance }
}
