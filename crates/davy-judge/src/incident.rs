//! Where the bad ones are: an incident in part of the time, or one instance among many.
//!
//! A rate over the whole window mixes what happened with what happens. An incident of the baseline hides a canary that
//! is worse all the time, and a single broken instance of the canary is thin in the sum of a hundred.

use super::case::Case;
use super::grid::{Steps, Trials};
use super::rules::{Limit, Unit};
use super::words::{count, quantity};
use crate::series::{Arm, Instances, Pair, Remark, Series};

/// So many times the rate of the rest is an incident, if it is as many points above it too.
const TIMES: f64 = 5.0;
const POINTS: f64 = 0.01;
const LEAST_BAD: u64 = 20;
const LEAST_STEPS: usize = 3;
const LEAST_INSTANCES: usize = 3;

/// The share of bad ones over the steps that are asked for.
pub(super) fn share(steps: &Steps<Trials>, asked: impl Fn(usize) -> bool) -> Option<f64> {
    let own = || steps.iter().enumerate().filter(|(i, _)| asked(*i)).filter_map(|(_, step)| *step);
    let (bad, total) = own().fold((0.0, 0.0), |(x, n), t| (x + t.bad as f64, n + t.total as f64));
    (total > 0.0).then(|| bad / total)
}

/// Whether a rate stands out from another.
fn stands_out(rate: f64, rest: f64) -> bool {
    rate >= TIMES * rest && rate - rest >= POINTS
}

/// The steps `start..end` in which an arm was far worse than in all others.
fn incident(steps: &Steps<Trials>) -> Option<(usize, usize)> {
    let mut rates: Vec<f64> = steps.iter().flatten().filter_map(|t| t.share()).collect();
    if rates.len() < 4 * LEAST_STEPS {
        return None;
    }
    rates.sort_unstable_by(f64::total_cmp);
    let usual = rates[rates.len() / 2];
    let lower = steps.iter().flatten().filter(|t| t.share().is_some_and(|share| share <= usual));
    let (bad, total) = lower.fold((0.0, 0.0), |(x, n), t| (x + t.bad as f64, n + t.total as f64));
    // the stretch with the most bad ones beyond a rate between the usual one and that of an incident
    let between = 0.5 * (1.0 + TIMES) * bad / total + 0.5 * POINTS;
    let (mut best, mut run) = ((0.0, 0, 0), (0.0, 0));
    for (i, step) in steps.iter().enumerate() {
        run.0 += step.map_or(0.0, |t| t.bad as f64 - between * t.total as f64);
        if run.0 <= 0.0 {
            run = (0.0, i + 1);
        } else if run.0 > best.0 {
            best = (run.0, run.1, i + 1);
        }
    }
    let (_, start, end) = best;
    let inside = |i: usize| (start..end).contains(&i);
    let seen: u64 = steps[start..end].iter().flatten().map(|t| t.bad).fold(0, u64::saturating_add);
    let (rate, rest) = (share(steps, inside)?, share(steps, |i| !inside(i))?);
    let part = end - start >= LEAST_STEPS && 2 * (end - start) <= steps.len();
    (part && seen >= LEAST_BAD && stands_out(rate, rest)).then_some((start, end))
}

/// Incidents that one arm has and the other has not.
pub(super) fn remarks(case: &Case, steps: &Pair<Steps<Trials>>) -> Vec<Remark> {
    let told = |arm: Arm, start: usize, end: usize| {
        let own = steps.get(arm);
        let inside = |i: usize| (start..end).contains(&i);
        let show = |share: Option<f64>| share.map_or("nothing".into(), |share| quantity(share, &Unit::Share));
        let (rate, rest) = (show(share(own, inside)), show(share(own, |i| !inside(i))));
        let at = |step: usize| case.grid.begins(step).strftime("%H:%M");
        format!(
            "the {} had an incident from {} to {} UTC: {rate} bad {}, and {rest} at all other times",
            arm.name(),
            at(start),
            at(end),
            case.metric.of
        )
    };
    let mut found = Vec::new();
    if let Some((start, end)) = incident(&steps.canary) {
        let inside = |i: usize| (start..end).contains(&i);
        let rates = Pair { baseline: share(&steps.baseline, inside), canary: share(&steps.canary, inside) };
        let alone = rates.canary.is_some_and(|canary| rates.baseline.is_none_or(|baseline| canary >= 2.0 * baseline));
        let text = told(Arm::Canary, start, end);
        found.push(if alone { Remark::suspect(text) } else { Remark::note(text) });
    }
    if let Some((start, end)) = incident(&steps.baseline).filter(|_| case.needs_baseline()) {
        let outside = |i: usize| !(start..end).contains(&i);
        let rates = steps.as_ref().map(|steps| share(steps, outside));
        let hidden =
            rates.baseline.zip(rates.canary).is_some_and(|(baseline, canary)| canary > allowed(case, baseline));
        let text = told(Arm::Baseline, start, end);
        found.push(match hidden {
            true => Remark::suspect(format!("{text}. Without that time the canary is beyond its bound")),
            false => Remark::note(text),
        });
    }
    found
}

/// The share of bad ones that the criterion allows the canary beside one of the baseline.
fn allowed(case: &Case, baseline: f64) -> f64 {
    match case.criterion.target().map(|bound| bound.limit) {
        Some(Limit::Margin { relative, absolute }) => {
            let parts = relative.map(|r| baseline * (1.0 + r)).into_iter().chain(absolute.map(|a| baseline + a.abs()));
            parts.reduce(f64::max).unwrap_or(baseline)
        }
        _ => f64::INFINITY,
    }
}

/// Instances that fail far more often than all others of their arm.
pub(super) fn odd_instances(case: &Case) -> Vec<Remark> {
    let Some(instances) = case.data().instances.get(&case.criterion.metric) else { return Vec::new() };
    let odd = instances.as_ref().map(odd);
    let told = |arm: Arm, Odd { name, own, rest }: &Odd| {
        let show = |(bad, total): &(u64, u64)| {
            format!("{} ({} of {})", quantity(*bad as f64 / *total as f64, &Unit::Share), count(*bad), count(*total))
        };
        format!(
            "one instance of the {} stands out: {name} has {} bad {}, the other {} have {}",
            arm.name(),
            show(own),
            case.metric.of,
            instances.get(arm).len() - 1,
            show(rest)
        )
    };
    let both = odd.baseline.is_some();
    let canary = odd.canary.iter().map(|one| {
        let text = told(Arm::Canary, one);
        if both { Remark::note(text) } else { Remark::suspect(text) }
    });
    canary.chain(odd.baseline.iter().map(|one| Remark::note(told(Arm::Baseline, one)))).collect()
}

/// An instance that stands out, with its bad ones among all of its own, and those of the rest.
struct Odd {
    name: String,
    own: (u64, u64),
    rest: (u64, u64),
}

/// The instance with the most bad ones beyond its part of all trials, if it stands out.
fn odd(instances: &Instances) -> Option<Odd> {
    if instances.len() < LEAST_INSTANCES {
        return None;
    }
    let add = |(x, n): (u64, u64), (bad, total): (u64, u64)| (x.saturating_add(bad), n.saturating_add(total));
    let sums: Vec<(&String, (u64, u64))> = instances
        .iter()
        .map(|(name, series)| match series {
            Series::Counts { total, bad, .. } => {
                (name, bad.iter().copied().zip(total.iter().copied()).fold((0, 0), add))
            }
            _ => (name, (0, 0)),
        })
        .collect();
    let (bad, total) = sums.iter().map(|(_, sum)| *sum).fold((0, 0), add);
    let overall = bad as f64 / total as f64;
    let beyond = |(x, n): (u64, u64)| x as f64 - overall * n as f64;
    let (name, own) = sums.into_iter().max_by(|a, b| beyond(a.1).total_cmp(&beyond(b.1)))?;
    let rest = (bad.saturating_sub(own.0), total.saturating_sub(own.1));
    let rate = |(x, n): (u64, u64)| x as f64 / n as f64;
    (own.0 >= LEAST_BAD && rest.1 > 0 && stands_out(rate(own), rate(rest))).then(|| Odd {
        name: name.clone(),
        own,
        rest,
    })
}
