//! The mix of an arm: how its requests are shared out to the slices, and what rates would be at an equal one.
//!
//! Whether the arms differ in their mix is asked of every node: is its share of the canary's requests its share of the
//! baseline's? The share varies from step to step beyond lots (sessions, batches, routers), so it is judged as a rate is
//! (`stats::counts`), at the chance divided by the number of nodes. A difference also needs a size: half the sum of
//! the differences of shares (total variation), less what lots alone make of it, must pass a floor.
//!
//! At an equal mix: the canary's rates weighted by the baseline's shares (direct standardisation; Fleiss, Levin and Paik
//! 2003, ch. 19), and the ratio of Mantel and Haenszel (1959), which stratifies by slice.

use super::evidence::{Part, coarse, contrast};
use super::onset;
use super::slice::Slice;
use super::tree::nodes;
use davy_stats::Direction;
use davy_stats::counts::{CountStep, Exposure, Scatter};
use davy_stats::normal::normal_quantile;
use davy_stats::split;

/// The chance that a mix is called another one that is the same.
pub const CHANCE: f64 = 0.01;
/// A smaller difference is not called one: so much of the traffic is elsewhere.
pub const FLOOR: f64 = 0.02;
/// Slices with fewer requests in an arm are thin: all of their requests are kept.
pub const LEAST: f64 = 200.0;
/// How many shifts are told.
const MOST_SHIFTS: usize = 5;

/// The mixes of both arms side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Whether they differ, for sure and by enough.
    pub differs: bool,
    /// How much of the traffic is in other slices, what lots make of it taken off.
    pub distance: f64,
    /// The largest evidence of any node, and what it must reach, as standard normal values.
    pub evidence: (f64, f64),
    /// The nodes whose shares differ most, for sure; the largest first.
    pub shifts: Vec<Shift>,
    /// Whether the difference began or grew inside the window.
    pub drifts: bool,
    /// The share of the canary's requests in slices that the baseline does not have, and the other way round.
    pub unmatched: (f64, f64),
    /// For each slice the part of its canary's requests to keep, so that the rest has the baseline's mix.
    pub weights: Vec<f64>,
    /// The part of all of the canary's requests that is kept then.
    pub kept: f64,
}

/// A node whose share differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// The value of each dimension; nothing where it is any.
    pub values: Vec<Option<String>>,
    /// Its share of the baseline's and of the canary's requests.
    pub shares: (f64, f64),
}

/// Rates of both arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The baseline's.
    pub baseline: f64,
    /// The canary's with its own mix.
    pub canary: f64,
    /// The canary's with the baseline's mix.
    pub at_equal_mix: f64,
    /// The ratio of Mantel and Haenszel, stratified by slice.
    pub stratified_ratio: f64,
}

/// Compares the mixes; nothing where an arm has no request.
pub fn compare(slices: &[Slice]) -> Option<Mix> {
    let requests: Vec<(f64, f64)> = slices.iter().map(total).collect();
    let all = requests.iter().fold((0.0, 0.0), |(b, c), own| (b + own.0, c + own.1));
    if !(all.0 > 0.0 && all.1 > 0.0) {
        return None;
    }
    let shares: Vec<(f64, f64)> = requests.iter().map(|own| (own.0 / all.0, own.1 / all.1)).collect();
    let steps: Vec<Vec<CountStep>> = slices.iter().map(|slice| coarse(&slice.steps)).collect();
    let sums = summed(steps.iter());
    let nodes = nodes(slices);
    let needed = normal_quantile(1.0 - 0.5 * CHANCE / nodes.len().max(1) as f64);
    let mut shifts = Vec::new();
    let (mut strongest, mut drifts) = (0.0_f64, false);
    for node in &nodes {
        let own = summed(node.slices.iter().filter_map(|at| steps.get(*at)));
        let part = part_of(&own, &sums);
        let z = part.z(1.0, Direction::Above).max(part.z(1.0, Direction::Below));
        strongest = strongest.max(z);
        let share = node.slices.iter().fold((0.0, 0.0), |(b, c), at| (b + shares[*at].0, c + shares[*at].1));
        if z >= needed {
            drifts |= (share.0 - share.1).abs() >= FLOOR && changes(&part);
            shifts.push(Shift { values: node.values.clone(), shares: share });
        }
    }
    let size = |shift: &Shift| (shift.shares.0 - shift.shares.1).abs();
    shifts.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.values.cmp(&b.values)));
    shifts.truncate(MOST_SHIFTS);
    drifts = drifts || risen_change(&steps, &shares, &sums);
    let distance = distance(&shares, all);
    let (weights, kept) = weights(&requests, all);
    let only = |lacks: fn(&(f64, f64)) -> bool, share: fn(&(f64, f64)) -> f64| {
        shares.iter().filter(|own| lacks(own)).map(share).sum()
    };
    Some(Mix {
        differs: strongest >= needed && distance >= FLOOR,
        distance,
        evidence: (strongest, needed),
        shifts,
        drifts,
        unmatched: (only(|own| own.0 <= 0.0, |own| own.1), only(|own| own.1 <= 0.0, |own| own.0)),
        weights,
        kept,
    })
}

/// What thin slices hold, which no sample brings to the baseline's mix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThinOnes {
    /// The part of the baseline's requests that is in slices which are thin in the canary, and the other way round.
    pub requests: (f64, f64),
    /// The part of the canary's bad requests that is in slices which are thin in either arm; with a quantile of those that
    /// are slower than it is in the whole baseline.
    pub bad: f64,
}

/// What slices that are thin or absent in an arm hold.
pub fn thin_ones(slices: &[Slice], quantile: Option<f64>) -> ThinOnes {
    let limit = quantile.and_then(|q| super::size::limit_of_all(slices, q));
    let bad = |slice: &Slice| match (&slice.times, limit) {
        (Some(times), Some(limit)) => times.canary.beyond(limit, false, Direction::Above) as f64,
        _ => slice.sum().canary as f64,
    };
    let (mut all, mut thin) = ([0.0; 3], [0.0; 3]);
    for slice in slices {
        let (baseline, canary) = total(slice);
        let (bad, in_baseline, in_canary) = (bad(slice), baseline < LEAST, canary < LEAST);
        let own = [(baseline, in_canary), (canary, in_baseline), (bad, in_baseline || in_canary)];
        for (at, (amount, is_thin)) in own.into_iter().enumerate() {
            all[at] += amount;
            thin[at] += if is_thin { amount } else { 0.0 };
        }
    }
    let part = |at: usize| if all[at] > 0.0 { thin[at] / all[at] } else { 0.0 };
    ThinOnes { requests: (part(0), part(1)), bad: part(2) }
}

/// The shares of the traffic that the canary would have if it had added, or lost, the requests by which the mixes differ.
pub fn shares_by_itself(share: f64, distance: f64) -> (f64, f64) {
    let with = |sign: f64| share * (1.0 + sign * distance) / (1.0 + sign * share * distance);
    (with(-1.0), with(1.0))
}

/// The rates of both arms, as they are and at the baseline's mix. Slices that an arm lacks are left out of the latter.
pub fn rates(slices: &[Slice]) -> Option<Rates> {
    let sums: Vec<CountStep> = slices.iter().map(Slice::sum).collect();
    let all = sums.iter().fold(CountStep::UNUSABLE, |sum, own| sum.plus(own));
    let both = || sums.iter().filter(|own| own.baseline_total > 0.0 && own.canary_total > 0.0);
    let weight: f64 = both().map(|own| own.baseline_total).sum();
    let standard: f64 = both().map(|own| own.baseline_total * own.canary as f64 / own.canary_total).sum();
    let mantel = both().fold((0.0, 0.0), |(c, b), own| {
        let n = own.total();
        (c + own.canary as f64 * own.baseline_total / n, b + own.baseline as f64 * own.canary_total / n)
    });
    let known = all.baseline_total > 0.0 && all.canary_total > 0.0 && weight > 0.0;
    known.then(|| Rates {
        baseline: all.baseline as f64 / all.baseline_total,
        canary: all.canary as f64 / all.canary_total,
        at_equal_mix: standard / weight,
        stratified_ratio: mantel.0 / mantel.1,
    })
}

/// The requests of the baseline and of the canary.
fn total(slice: &Slice) -> (f64, f64) {
    let sum = slice.sum();
    (sum.baseline_total, sum.canary_total)
}

/// Some slices added up, step by step.
fn summed<'a>(slices: impl Iterator<Item = &'a Vec<CountStep>>) -> Vec<CountStep> {
    let mut sums = Vec::new();
    for steps in slices {
        sums.resize(sums.len().max(steps.len()), CountStep::UNUSABLE);
        sums.iter_mut().zip(steps).for_each(|(sum, step)| *sum = sum.plus(step));
    }
    sums
}

/// The requests of some slices among those of all, and how their share scatters about a ratio that may change once: what is
/// believed is what is believed of routers.
fn part_of(own: &[CountStep], all: &[CountStep]) -> Part {
    let step = |(own, all): (&CountStep, &CountStep)| CountStep {
        canary: own.canary_total as u64,
        baseline: own.baseline_total as u64,
        ..*all
    };
    let steps: Vec<CountStep> = own.iter().zip(all).map(step).collect();
    let effect = Scatter::new(&steps, Exposure::Trials, split::CALM).effect(&steps, 0, None);
    Part { steps, effect }
}

/// Whether the ratio of shares changes inside the window, in either direction.
fn changes(part: &Part) -> bool {
    let middle = part.steps.len() / 2;
    let (before, after) = part.steps.split_at(middle);
    let [before, after] = [before, after].map(|steps| Part { steps: steps.to_vec(), effect: part.effect.clone() });
    let swapped = contrast(&after, &before).max(contrast(&before, &after));
    swapped >= onset::CLEAR || onset::since(&part.steps, &part.effect).is_some()
}

/// Whether the share of all slices together whose share rose changes inside the window: many small changes make a large one.
fn risen_change(steps: &[Vec<CountStep>], shares: &[(f64, f64)], sums: &[CountStep]) -> bool {
    let risen = steps.iter().zip(shares).filter(|(_, share)| share.1 > share.0);
    changes(&part_of(&summed(risen.map(|(steps, _)| steps)), sums))
}

/// Half the sum of the differences of shares, less what lots make of it.
fn distance(shares: &[(f64, f64)], all: (f64, f64)) -> f64 {
    let by_lot = |own: &(f64, f64)| {
        let share = (own.0 * all.0 + own.1 * all.1) / (all.0 + all.1);
        (share * (1.0 - share) * (1.0 / all.0 + 1.0 / all.1) * std::f64::consts::FRAC_2_PI).sqrt()
    };
    let sum: f64 = shares.iter().map(|own| (own.0 - own.1).abs() - by_lot(own)).sum();
    (0.5 * sum).max(0.0)
}

/// The part of each slice's requests to keep, and of all.
fn weights(requests: &[(f64, f64)], all: (f64, f64)) -> (Vec<f64>, f64) {
    let is_thin = |own: &(f64, f64)| own.0 < LEAST || own.1 < LEAST;
    let ratio = |own: &(f64, f64)| (!is_thin(own)).then(|| own.0 / all.0 / (own.1 / all.1));
    let ratios: Vec<Option<f64>> = requests.iter().map(ratio).collect();
    let largest = ratios.iter().flatten().copied().fold(0.0, f64::max);
    let weights: Vec<f64> = ratios.into_iter().map(|ratio| ratio.map_or(1.0, |ratio| ratio / largest)).collect();
    let kept: f64 = weights.iter().zip(requests).map(|(weight, own)| weight * own.1).sum();
    (weights, kept / all.1)
}
