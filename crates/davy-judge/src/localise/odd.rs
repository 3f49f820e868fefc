//! One bad host of many: an instance that is worse than the others of its own arm.
//!
//! Two things must show it. Step by step its bad requests are more than its share of the arm's ([`counts`]), with the noise
//! that all instances show together. And instances differ for as long as they live, so it must lie beyond the spread of
//! the *others* (the externally studentised residual: Cook and Weisberg 1982, with their t and its degrees of freedom). Both
//! at the chance divided by the number of instances (Bonferroni).

use super::evidence::{Part, coarse};
use super::noise::Noise;
use davy_stats::Direction;
use davy_stats::counts::{self, CountStep};
use davy_stats::normal::normal_quantile;
use davy_stats::tail::t_to_z;

/// From fewer instances nobody can say which is the odd one.
pub const LEAST: usize = 5;

/// An instance with its requests and bad ones per step.
pub type Host = (String, Vec<(u64, u64)>);

/// An instance that is worse than the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// Its name.
    pub name: String,
    /// Its rate.
    pub rate: f64,
    /// That of the others together.
    pub others: f64,
    /// How many instances there are.
    pub of: usize,
    /// The evidence, and what it must reach, as standard normal values.
    pub evidence: (f64, f64),
    /// Its part of the arm's bad requests.
    pub share: f64,
}

/// The instances that are worse than the others of their arm, one in five at most; the worst first.
pub fn odd(hosts: &[Host], chance: f64, least: f64) -> Vec<Odd> {
    if hosts.len() < LEAST {
        return Vec::new();
    }
    let steps: Vec<Vec<CountStep>> = (0..hosts.len()).map(|at| coarse(&beside_others(hosts, at))).collect();
    let noise = Noise::of(steps.iter().map(Vec::as_slice));
    let needed = normal_quantile(1.0 - chance / hosts.len() as f64);
    let residuals: Vec<f64> = steps.iter().map(|steps| residual(steps)).collect();
    let all: u64 = hosts.iter().flat_map(|(_, steps)| steps).map(|step| step.1).sum();
    let mut found: Vec<Odd> = Vec::new();
    for (at, ((name, own), steps)) in hosts.iter().zip(&steps).enumerate() {
        let within = Part::new(steps.clone(), &noise).z(1.0, Direction::Above);
        let evidence = within.min(studentised(&residuals, at));
        if evidence < needed || counts::excess(steps, 1.0, 0.0) < least {
            continue;
        }
        let (total, bad) = own.iter().fold((0, 0), |(n, x), step| (n + step.0, x + step.1));
        let others = steps.iter().fold((0.0, 0.0), |(n, x), step| (n + step.baseline_total, x + step.baseline as f64));
        found.push(Odd {
            name: name.clone(),
            rate: bad as f64 / total as f64,
            others: others.1 / others.0,
            of: hosts.len(),
            evidence: (evidence, needed),
            share: bad as f64 / all as f64,
        });
    }
    found.sort_by(|a, b| b.evidence.0.total_cmp(&a.evidence.0).then(a.name.cmp(&b.name)));
    found.truncate(hosts.len() / LEAST);
    found
}

/// One instance beside the sum of the others.
fn beside_others(hosts: &[Host], at: usize) -> Vec<CountStep> {
    let steps = hosts.iter().map(|(_, steps)| steps.len()).max().unwrap_or(0);
    let step = |step: usize| {
        let mut sum = CountStep::UNUSABLE;
        for (place, (_, steps)) in hosts.iter().enumerate() {
            let (total, bad) = steps.get(step).copied().unwrap_or_default();
            if place == at {
                (sum.canary_total, sum.canary) = (total as f64, bad);
            } else {
                (sum.baseline_total, sum.baseline) = (sum.baseline_total + total as f64, sum.baseline + bad);
            }
        }
        sum
    };
    (0..steps).map(step).collect()
}

/// How far an instance lies from the others, in standard deviations of independent requests.
fn residual(steps: &[CountStep]) -> f64 {
    let (mut excess, mut variance) = (0.0, 0.0);
    for step in steps.iter().filter(|step| counts::usable(step)) {
        let (events, share) = (step.events(), step.canary_total / step.total());
        excess += step.canary as f64 - events * share;
        variance += events * share * (1.0 - share);
    }
    if variance > 0.0 { excess / variance.sqrt() } else { 0.0 }
}

/// How far a residual lies beyond the spread of the others, which is at least that of independent requests.
pub fn studentised(residuals: &[f64], at: usize) -> f64 {
    let others = || residuals.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, value)| *value);
    let n = others().count() as f64;
    let mean = others().sum::<f64>() / n;
    let variance = others().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    t_to_z((residuals[at] - mean) / (variance.max(1.0) * (1.0 + 1.0 / n)).sqrt(), n - 1.0)
}
