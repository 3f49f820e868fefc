//! How much more than lots bad requests scatter from step to step, as all slices of a kind say it together.
//!
//! Of each slice the variance of its slow and fast waves is known (equal-weighted cosines, which autocorrelation does not
//! deceive: Lazarus, Lewis, Stock and Watson 2018), with a handful of degrees of freedom. Lumps multiply the variance of lots
//! by a factor, and a rate that wanders adds a part that grows with the number of events, so over all slices
//!
//! ```text
//! φ = λ + τ² · variance of lots per step
//! ```
//!
//! is fitted by weighted least squares, twice: what lies far beyond the first fit may be a fault and is left out of the second.
//! A slice's own estimate is drawn towards the fit by as many degrees of freedom as the slices agree with it (moderated
//! variances: Smyth 2004), and the evidence is read as Student's t with those and its own.

use davy_stats::counts::{self, CountStep, Exposure, usable};
use davy_stats::dispersion::DesignEffect;

/// What is believed where slices are few: a design effect of two, worth a handful of degrees of freedom.
const BELIEVED: (f64, f64) = (2.0, 4.0);
/// Slices with fewer bad requests say little of noise.
const LEAST_EVENTS: f64 = 20.0;
/// An estimate so many times the fit is no estimate of it.
const OUTLIER: f64 = 4.0;
/// Fits follow each other, as the weights depend on the fit.
const FITS: usize = 4;
/// What lumps of very different sizes add to the tails, which no variance shows (by simulation).
const SAFETY: f64 = 1.15;
/// The largest number of degrees of freedom that a fit is worth.
const MOST: f64 = 200.0;

/// The noise of slices of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    /// The factor of lumps.
    lumps: f64,
    /// The part that grows with the events.
    wander: f64,
    /// What the fit is worth beside a slice's own estimate, in degrees of freedom.
    worth: f64,
}

/// What one slice says.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Its design effect, and the degrees of freedom of that.
    phi: f64,
    dof: f64,
    /// The variance of lots per step.
    lots: f64,
}

impl Noise {
    /// From slices of one kind; what is believed, where they are few.
    pub(super) fn of<'a>(slices: impl Iterator<Item = &'a [CountStep]>) -> Noise {
        let seen = all_seen(slices);
        let noise = Noise::fit(&seen, None);
        Noise { worth: noise.agreement(&seen), ..noise }
    }

    /// From slices of one kind, of which lumps are as large as in slices of all kinds.
    pub(super) fn among<'a>(&self, slices: impl Iterator<Item = &'a [CountStep]>) -> Noise {
        let seen = all_seen(slices);
        let noise = Noise::fit(&seen, Some(self.lumps));
        Noise { worth: noise.agreement(&seen), ..noise }
    }

    fn fit(seen: &[Seen], lumps: Option<f64>) -> Noise {
        let mut noise = Noise { lumps: lumps.unwrap_or(BELIEVED.0), wander: 0.0, worth: BELIEVED.1 };
        for round in 0..FITS {
            let near: Vec<Seen> = seen.iter().filter(|one| round == 0 || noise.is_near(one)).copied().collect();
            noise = noise.fitted(&near, lumps);
        }
        noise
    }

    fn is_near(&self, one: &Seen) -> bool {
        one.phi <= OUTLIER * self.at(one.lots)
    }

    /// The design effect of a slice with so much variance of lots per step.
    pub(super) fn at(&self, lots: f64) -> f64 {
        self.lumps + self.wander * lots
    }

    /// Weighted least squares, with what is believed as one more slice.
    fn fitted(self, seen: &[Seen], known: Option<f64>) -> Noise {
        let believed = Seen { phi: BELIEVED.0, dof: BELIEVED.1, lots: 0.0 };
        let (mut sums, mut right) = ([0.0_f64; 3], [0.0_f64; 2]);
        for one in seen.iter().chain([&believed]) {
            let weight = one.dof / self.at(one.lots).powi(2);
            sums[0] += weight;
            sums[1] += weight * one.lots;
            sums[2] += weight * one.lots * one.lots;
            right[0] += weight * one.phi;
            right[1] += weight * one.lots * one.phi;
        }
        // the part that grows is fitted alone where the other is known, or at its least
        let alone = |lumps: f64| if sums[2] > 0.0 { ((right[1] - lumps * sums[1]) / sums[2]).max(0.0) } else { 0.0 };
        if let Some(lumps) = known {
            return Noise { lumps, wander: alone(lumps), ..self };
        }
        let determinant = sums[0] * sums[2] - sums[1] * sums[1];
        let wander = if determinant > 1e-12 { (sums[0] * right[1] - sums[1] * right[0]) / determinant } else { 0.0 };
        let wander = wander.max(0.0);
        let lumps = (right[0] - wander * sums[1]) / sums[0];
        let wander = if lumps < 1.0 { alone(1.0) } else { wander };
        Noise { lumps: lumps.max(1.0), wander, worth: self.worth }
    }

    /// How many degrees of freedom make slices scatter about the fit as they do.
    fn agreement(&self, seen: &[Seen]) -> f64 {
        let seen: Vec<Seen> = seen.iter().filter(|one| self.is_near(one)).copied().collect();
        let dof: f64 = seen.iter().map(|one| one.dof).sum();
        let squares: f64 = seen.iter().map(|one| one.dof * (one.phi / self.at(one.lots) - 1.0).powi(2)).sum();
        let by_chance = 2.0 * seen.len() as f64;
        let beyond = if dof > 0.0 { (squares - by_chance) / dof } else { 1.0 };
        let worth = if beyond > 2.0 / MOST { 2.0 / beyond } else { MOST };
        worth.min(dof + BELIEVED.1).max(BELIEVED.1)
    }

    /// The design effect of a slice by its own steps and those of all.
    pub(super) fn effect(&self, steps: &[CountStep]) -> DesignEffect {
        let (lots, finite) = lots(steps);
        let fit = self.at(lots);
        let (phi, dof) = match seen(steps) {
            Some(own) => ((self.worth * fit + own.dof * own.phi) / (self.worth + own.dof), self.worth + own.dof),
            None => (fit, self.worth),
        };
        DesignEffect { mixture: vec![(1.0, 1.0)], spread: Some((SAFETY * phi.max(1.0), dof)), between: None, finite }
    }
}

fn all_seen<'a>(slices: impl Iterator<Item = &'a [CountStep]>) -> Vec<Seen> {
    slices.filter(|steps| events(steps) >= LEAST_EVENTS).filter_map(seen).collect()
}

fn seen(steps: &[CountStep]) -> Option<Seen> {
    let (phi, dof) = counts::observed_dispersion(steps, Exposure::Trials)?;
    Some(Seen { phi, dof, lots: lots(steps).0 })
}

fn events(steps: &[CountStep]) -> f64 {
    steps.iter().map(CountStep::events).sum()
}

/// The variance of lots per step at the fitted ratio, and how much smaller it is for being of a finite number of requests.
fn lots(steps: &[CountStep]) -> (f64, f64) {
    let ratio = counts::rate_ratio(steps);
    let (mut binomial, mut model, mut used) = (0.0, 0.0, 0.0);
    for step in steps.iter().filter(|step| usable(step)) {
        let (events, total) = (step.events(), step.total());
        let odds = ratio * step.canary_total / step.baseline_total;
        let variance = events * odds / (1.0 + odds).powi(2);
        let finite = if total > 50.0 { ((total - events) / (total - 1.0)).clamp(0.05, 1.0) } else { 1.0 };
        (binomial, model, used) = (binomial + variance, model + variance * finite, used + 1.0);
    }
    if binomial > 0.0 { (model / used, model / binomial) } else { (0.0, 1.0) }
}
