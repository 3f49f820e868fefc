//! The design effect: how much noisier than independent trials counts really are.
//!
//! Errors come in bursts and follow each other, so their variance exceeds the binomial one by a factor φ that is unknown.
//! Two descriptions of it are kept, and evidence is what both leave of it. A *mixture* weighs how an arm's rate may wander
//! from step to step (`wander`) by what real services do and by what the steps show. The *spread* is the plain sum of
//! squares of the steps' residuals, which knows nothing of time but sees lumps that no wandering makes, read as Student's t
//! because it is estimated (quasi-likelihood: McCullagh and Nelder 1989, ch. 4). Neither is ever taken below one. Where the
//! service's own history says how noisy it is, that replaces the mixture.

use super::filter::weights;
use super::longrun::{COSINES_COUNTS, LongRun, step_sum};
use super::normal::{ln_normal_upper, ln_sum_exp, z_from_ln_upper};
use super::past::{agreement, ln_evidence};
use super::tail::t_to_z;
use super::wander::{AS_IN_THE_PAST, Past, Residual, Wander};
use super::{crossing, defined};

/// What is believed about dispersion before seeing any.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[expect(clippy::large_enum_variant, reason = "a criterion has one, and copies it a handful of times")]
pub enum Prior {
    /// What real services do.
    #[default]
    Services,
    /// A history: `nu` steps' worth of a design effect of `phi`.
    History {
        /// The design effect.
        phi: f64,
        /// Its weight in degrees of freedom.
        nu: f64,
    },
    /// What windows of the past say.
    Learned(Learned),
}

/// What windows of the past say of how noisy counts are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learned {
    wander: Past,
    /// The design effect of the windows' spread, and its weight in degrees of freedom.
    spread: (f64, f64),
    /// The variance of the log ratio of two healthy windows beside that of their steps.
    between: f64,
}

impl Learned {
    /// From the residuals of windows that share no data: of two arms', or of one arm's that stand for those of two. Nothing
    /// from too few.
    pub(super) fn of(windows: &[Vec<Residual>], of_one_arm: bool) -> Option<Learned> {
        let used = |window: &Vec<Residual>| window.iter().filter(|(_, v)| *v > 0.0).count() > 1;
        let windows: Vec<Vec<Residual>> = windows.iter().filter(|window| used(window)).cloned().collect();
        let wander = Past::of(&windows, of_one_arm)?;
        let ratios = windows.iter().map(|window| {
            let (squares, model) = window.iter().fold((0.0, 0.0), |(s, m), (r, v)| (s + r * r, m + v));
            let n = window.iter().filter(|(_, v)| *v > 0.0).count() as f64;
            (squares / model * n / (n - 1.0), n - 1.0)
        });
        let (sum, dof) = ratios.clone().fold((0.0, 0.0), |(sum, all), (ratio, dof)| (sum + ratio * dof, all + dof));
        Some(Learned { wander, spread: (sum / dof, agreement(ratios)), between: 0.0 })
    }

    /// The same with the variance of the log ratio of two healthy windows beside that of their steps.
    pub fn differing_by(self, between: f64) -> Learned {
        Learned { between, ..self }
    }

    /// The variance of the log ratio of two healthy windows beside that of their steps.
    pub fn between(&self) -> f64 {
        self.between
    }

    /// The design effect of the windows' spread.
    pub fn phi(&self) -> f64 {
        self.spread.0
    }

    /// The mean standard deviation of the log ratio of both arms' rates from step to step.
    pub fn deviation(&self) -> f64 {
        self.wander.deviation()
    }

    /// What the spread is drawn towards, as far as today's own is like that of the past.
    fn worth(&self, ratio: f64, dof: f64) -> (f64, f64) {
        let evidence = |(phi, nu): (f64, f64)| ln_evidence((ratio * dof, 0.0), dof, nu, phi);
        let beliefs = [(AS_IN_THE_PAST, self.spread), (1.0 - AS_IN_THE_PAST, SPREAD)];
        let weighed = weights(beliefs.iter().map(|(prior, of)| prior.ln() + evidence(*of)), 0.0);
        let (worth, sum) = weighed.into_iter().fold((0.0, 0.0), |(worth, sum), (at, weight)| {
            let (phi, nu) = beliefs[at].1;
            (worth + weight * nu, sum + weight * nu * phi)
        });
        if worth > 0.0 { (sum / worth, worth) } else { SPREAD }
    }
}

/// What the spread of steps is drawn towards, and with how many degrees of freedom, where there is no history: with a
/// handful of steps a sum of squares alone says little.
const SPREAD: (f64, f64) = (2.0, 4.0);

/// The degrees of freedom that the other steps are worth beside those that are evidence.
const OTHERS: f64 = 2.0;
/// The fourth power of a normal number is three times its variance squared.
const EVEN: f64 = 3.0;

/// Design effects of lumps within steps, each with its weight, where there is no history.
const LUMPS: [(f64, f64); 7] =
    [(0.55, 1.0), (0.15, 1.3), (0.12, 1.8), (0.09, 3.0), (0.05, 6.0), (0.03, 12.0), (0.01, 30.0)];

impl Prior {
    /// The design effect that a spread is drawn towards, and its weight in degrees of freedom.
    pub(super) fn worth(&self) -> (f64, f64) {
        match *self {
            Prior::Services => SPREAD,
            Prior::History { phi, nu } => (phi, nu.max(0.0)),
            Prior::Learned(learned) => learned.spread,
        }
    }

    /// A ratio of variances that was observed, worth `dof` steps, drawn towards the prior: a design effect and its degrees
    /// of freedom.
    pub(super) fn shrink(&self, ratio: f64, dof: f64) -> (f64, f64) {
        let (phi, weight) = match self {
            Prior::Learned(learned) => learned.worth(ratio, dof),
            _ => self.worth(),
        };
        let shrunk =
            if weight.is_finite() && weight + dof > 0.0 { (weight * phi + dof * ratio) / (weight + dof) } else { phi };
        (shrunk.max(1.0), if weight + dof > 0.0 { weight + dof } else { 1.0 })
    }
}

/// How noisy counts are: a mixture of design effects, and design effects of their own that evidence must survive as well.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignEffect {
    /// Design effects by their weight, which add up to one.
    pub mixture: Vec<(f64, f64)>,
    /// The design effect of the steps' squares, or that of a history, with its degrees of freedom.
    pub spread: Option<(f64, f64)>,
    /// The same from the instances, where there are enough of them.
    pub between: Option<(f64, f64)>,
    /// The finite-population factor: below one where events are a large share of trials.
    pub finite: f64,
}

impl DesignEffect {
    /// That of independent trials.
    pub fn independent() -> DesignEffect {
        DesignEffect { mixture: vec![(1.0, 1.0)], spread: None, between: None, finite: 1.0 }
    }

    /// From the residuals of all steps about one fit.
    pub(super) fn estimate(residuals: &[Option<Residual>], finite: f64, prior: Prior) -> DesignEffect {
        let residuals: Vec<Residual> = residuals.iter().map(|step| step.unwrap_or_default()).collect();
        Noise::of(&[], &residuals, prior).effect(&residuals, finite)
    }

    /// The same with a larger spread of the steps' squares.
    pub(super) fn widened(&self, by: f64) -> DesignEffect {
        DesignEffect { spread: self.spread.map(|(phi, nu)| (phi * by, nu)), ..self.clone() }
    }

    /// From an observed ratio of variances, worth `dof` degrees of freedom.
    pub(super) fn of_ratio(ratio: f64, dof: f64, prior: Prior) -> DesignEffect {
        if let Prior::History { .. } = prior {
            let spread = Some(prior.shrink(ratio, dof));
            return DesignEffect { mixture: vec![(1.0, 1.0)], spread, between: None, finite: 1.0 };
        }
        // the likelihood of χ² over its degrees of freedom
        let ln_weight = |(weight, phi): (f64, f64)| f64::ln(weight) - 0.5 * dof * (phi.ln() + ratio / phi);
        let weighed = weights(LUMPS.into_iter().map(ln_weight), 0.0);
        let mut mixture: Vec<(f64, f64)> = weighed.into_iter().map(|(at, weight)| (weight, LUMPS[at].1)).collect();
        if ratio.is_infinite() || mixture.is_empty() {
            mixture = vec![(1.0, f64::INFINITY)];
        }
        // beyond the largest lump it is what it is
        let largest = LUMPS[LUMPS.len() - 1].1;
        let spread = (ratio > largest && dof > 0.0).then_some((ratio, dof));
        DesignEffect { mixture, spread, between: None, finite: 1.0 }
    }

    /// The design effect as estimated from the slow and fast waves of the steps alone (equal-weighted cosines), with no
    /// prior and even where it is below one, and its degrees of freedom; nothing for fewer than three steps.
    pub(super) fn observed(residuals: &[Option<Residual>], model: f64) -> Option<(f64, f64)> {
        let each: Vec<_> = residuals.iter().map(|step| step.map(|(residual, _)| residual)).collect();
        let sum = step_sum(&each, COSINES_COUNTS);
        let LongRun { variance, dof } = sum.cosines;
        (sum.n >= 3 && model > 0.0 && variance.is_finite()).then(|| (variance / model, dof))
    }

    /// The evidence that is left of an exact z.
    pub fn weaken(&self, z: f64) -> f64 {
        self.weaken_by(z, self.finite)
    }

    /// As [`weaken`](Self::weaken), for a z whose variance already is that of independent trials.
    pub(super) fn weaken_unconditional(&self, z: f64) -> f64 {
        self.weaken_by(z, 1.0)
    }

    fn weaken_by(&self, z: f64, finite: f64) -> f64 {
        let estimated = self.estimated().map(|(phi, nu)| t_to_z(z / (phi * finite).sqrt(), nu));
        defined(estimated.fold(self.mixed(z, finite), f64::min))
    }

    /// The evidence that the mixture leaves.
    fn mixed(&self, z: f64, finite: f64) -> f64 {
        if let [(_, phi)] = self.mixture.as_slice() {
            return z / (phi * finite).sqrt();
        }
        if !z.is_finite() {
            return z;
        }
        let ln_p = |(weight, phi): &(f64, f64)| weight.ln() + ln_normal_upper(z.abs() / (phi * finite).sqrt());
        let tail = ln_sum_exp(&self.mixture.iter().map(ln_p).collect::<Vec<_>>());
        z_from_ln_upper(tail).abs().copysign(z)
    }

    fn estimated(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.spread.into_iter().chain(self.between)
    }

    /// The z that an exact tail must reach for its weakened evidence to reach `critical`.
    pub fn strengthen(&self, critical: f64) -> f64 {
        if !critical.is_finite() {
            // nothing reaches a critical value that is none
            return if critical == f64::NEG_INFINITY { critical } else { f64::INFINITY };
        }
        let least = (self.largest() * self.finite).sqrt();
        if !least.is_finite() {
            return f64::INFINITY;
        }
        let excess = |z: f64| self.weaken(z) - critical;
        let (mut low, mut high) = (f64::min(critical * least - 1.0, -1.0), f64::max(critical * least, 1.0));
        for _ in 0..60 {
            if excess(high) >= 0.0 {
                break;
            }
            (low, high) = (high, 2.0 * high);
        }
        let (below, above) = (excess(low), excess(high));
        if above < 0.0 {
            return f64::INFINITY;
        }
        crossing::bracketed((high, above), (low, below), 1e-13 * high.abs().max(1.0), excess)
    }

    /// The exact tail probability whose weakened evidence is `critical`.
    pub fn tail(&self, critical: f64) -> f64 {
        self.ln_tail(critical).exp()
    }

    /// The logarithm of [`tail`](Self::tail).
    pub fn ln_tail(&self, critical: f64) -> f64 {
        ln_normal_upper(self.strengthen(critical))
    }

    /// Whether how instances differ is more of the noise than how steps do.
    pub fn is_mostly_between(&self) -> bool {
        let steps = self.spread.map_or(1.0, |(phi, _)| phi).max(self.expected());
        self.between.is_some_and(|(phi, _)| phi > steps)
    }

    /// The mean of the mixture.
    fn expected(&self) -> f64 {
        self.mixture.iter().map(|(weight, phi)| weight * phi).sum()
    }

    /// The largest design effect: the mixture's mean, or one that stands beside it.
    pub fn largest(&self) -> f64 {
        self.estimated().map(|(phi, _)| phi).fold(self.expected().max(1.0), f64::max)
    }

    /// What any-time evidence is divided by: the largest design effect, at the median of its uncertainty (the median of χ²
    /// by Wilson and Hilferty 1931).
    pub fn temper(&self) -> f64 {
        let at_median = |(phi, nu): (f64, f64)| phi / (1.0 - 2.0 / (9.0 * nu)).max(0.1).powi(3);
        self.estimated().map(at_median).fold(self.expected().max(1.0), f64::max) * self.finite
    }
}

/// What the steps before and after a break say of the noise of all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Noise {
    wander: Option<Wander>,
    /// The variance by which the log rates of windows differ beside that of their steps.
    between: f64,
    spread: (f64, f64),
    steps: usize,
}

impl Noise {
    /// From residuals about a fit of their own on either side of the break.
    pub(super) fn of(before: &[Residual], after: &[Residual], prior: Prior) -> Noise {
        let all = || before.iter().chain(after).filter(|(_, v)| *v > 0.0);
        let fits = [before, after].iter().filter(|part| part.iter().any(|(_, v)| *v > 0.0)).count();
        let dof = all().count().saturating_sub(fits) as f64;
        let (squares, model) = all().fold((0.0, 0.0), |(s, m), (r, v)| (s + r * r, m + v));
        let ratio = if model > 0.0 && dof > 0.0 { squares / model * (dof + fits as f64) / dof } else { 1.0 };
        let (wander, between) = match &prior {
            Prior::Services => (Some(Wander::of(before, after, None)), 0.0),
            Prior::Learned(learned) => (Some(Wander::of(before, after, Some(&learned.wander))), learned.between),
            Prior::History { .. } => (None, 0.0),
        };
        let (phi, nu) = prior.shrink(ratio, dof);
        let fourth: f64 = all().map(|(r, _)| (r * r) * (r * r)).sum();
        let even = if fourth > 0.0 { EVEN * squares * squares / fourth } else { nu };
        let (_, believed) = prior.worth();
        Noise { wander, between, spread: (phi, nu.min(believed + even).max(1.0)), steps: before.len() + after.len() }
    }

    /// The design effect of the sum of the last residuals. Their own squares count beside those of all steps: lumps among
    /// them are noise of theirs. Where a few of them outweigh the rest, few degrees of freedom are left.
    pub(super) fn effect(&self, last: &[Residual], finite: f64) -> DesignEffect {
        let mixture = self.wander.as_ref().map_or(vec![(1.0, 1.0)], |wander| wander.design_effects(last, self.steps));
        let used = || last.iter().filter(|(_, v)| *v > 0.0);
        let (squares, fourth, model) =
            used().fold((0.0, 0.0, 0.0), |(s, f, m), (r, v)| (s + r * r, f + (r * r) * (r * r), m + v));
        let own = used().count().saturating_sub(1) as f64;
        // a ratio that is off by a constant moves every residual the same way
        let mixture = mixture.into_iter().map(|(weight, phi)| (weight, phi + self.between * model)).collect();
        let (phi, nu) = self.spread;
        let spread = if last.len() < self.steps && own > 0.0 && squares > 0.0 {
            let others = nu.min(OTHERS);
            let ratio = squares / model * (own + 1.0) / own;
            let even = EVEN * squares * squares / fourth;
            (((others * phi + own * ratio) / (others + own)).max(1.0), (others + own).min(others + even).min(nu))
        } else {
            (phi, nu)
        };
        DesignEffect { mixture, spread: Some(spread), between: None, finite }
    }
}
