//! The steps that both arms have: what is compared step by step is told by these alone.

use super::grid::{Occurrences, Steps, Trials};
use crate::series::{Arm, Pair};
use davy_stats::counts::CountStep;
use davy_stats::slow::Requests;

/// The values of the steps that both arms have.
pub(super) fn paired<T: Copy>(steps: &Pair<Vec<Option<T>>>) -> Pair<Vec<Option<T>>> {
    let mask = |own: &[Option<T>], other: &[Option<T>]| -> Vec<Option<T>> {
        own.iter().enumerate().map(|(at, value)| value.filter(|_| other.get(at).is_some_and(Option::is_some))).collect()
    };
    Pair { baseline: mask(&steps.baseline, &steps.canary), canary: mask(&steps.canary, &steps.baseline) }
}

/// The requests of the steps in which both arms have any.
pub(super) fn paired_requests(steps: Pair<&[Requests]>) -> Option<Pair<Vec<Requests>>> {
    let both = |at: usize| Arm::BOTH.iter().all(|arm| steps.get(*arm).get(at).is_some_and(|one| !one.is_empty()));
    let lone = |own: &[Requests]| own.iter().enumerate().any(|(at, one)| !one.is_empty() && !both(at));
    if !lone(steps.baseline) && !lone(steps.canary) {
        return None;
    }
    let mask = |own: &[Requests]| -> Vec<Requests> {
        let kept = |(at, one): (usize, &Requests)| if both(at) { one.clone() } else { Requests::single(Vec::new()) };
        own.iter().enumerate().map(kept).collect()
    };
    Some(steps.map(mask))
}

/// The trials of both arms, step by step.
pub(super) fn trials(steps: &Pair<Steps<Trials>>) -> Vec<CountStep> {
    let step = |(b, c): (&Option<Trials>, &Option<Trials>)| match (b, c) {
        (Some(b), Some(c)) => CountStep::of((b.total, b.bad), (c.total, c.bad)),
        _ => CountStep::UNUSABLE,
    };
    steps.baseline.iter().zip(&steps.canary).map(step).collect()
}

/// The occurrences of both arms, step by step. Without an exposure of their own they expose by time, and between arms by
/// the `shares` of the traffic.
pub(super) fn occurrences(steps: &Pair<Steps<Occurrences>>, shares: Pair<f64>) -> Vec<CountStep> {
    let step = |(b, c): (&Option<Occurrences>, &Option<Occurrences>)| match (b, c) {
        (Some(b), Some(c)) => CountStep {
            canary_total: c.exposure * shares.canary,
            canary: c.count,
            baseline_total: b.exposure * shares.baseline,
            baseline: b.count,
        },
        _ => CountStep::UNUSABLE,
    };
    steps.baseline.iter().zip(&steps.canary).map(step).collect()
}
