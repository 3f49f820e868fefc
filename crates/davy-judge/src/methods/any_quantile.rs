//! Every quantile of requests at once: did any part of the distribution get worse by more than the margin?
//!
//! A list of p50, p95 and p99 misses a second mode at p99.7 and three slow requests in a hundred. So the ratio of quantiles is
//! asked at each of [`QUANTILES`], where a next one has about half to three quarters of the requests beyond it. It is the test of
//! [`quantile_ratio`](super::quantile_ratio), with its noise from step to step; a band for independent requests (Dvoretzky,
//! Kiefer and Wolfowitz 1956) would take every wandering service for a change.
//!
//! - **Evidence that any is worse**: the strongest, at as many times its chance as there are quantiles (Bonferroni). Neighbours
//!   share most of their slow requests, and a band over all of them has nearly this price: the largest of 27 costs 2.90
//!   standard errors, that of a Brownian bridge over the same range 3.1. It holds however steps make quantiles depend on each other.
//!   At a planned look each quantile has its own boundary, at its part of the chance over all looks.
//! - **Evidence that all are within**: the weakest, at its own chance (intersection-union test, Berger 1982). It is about
//!   the quantiles with enough requests on either side, unless the criterion says from where to where.
//! - **Interval**: of the largest ratio. Its lower end is that of the worst quantile, its upper end the largest upper end of those that a
//!   Pass is about.
//! - **Any-time evidence**: that any is worse is the mean of the e-values (Vovk and Wang 2021), that all are within the least.
//! - **Estimate**: the ratio at the quantile that is worse by the strongest evidence; if none is, the largest one.
//! - **Later starts**: those of each quantile.
//!
//! Buckets with edges of their own know a ratio only between edges: a quantile is worse if all of that is, within if all of that is.
//! The formulas are in [`bonferroni`] and [`slow`](davy_stats::slow). `fixtures/reference` holds them to a second
//! implementation, `quantiles.toml`.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::quantile_ratio::{QuantileRatio, Thresholds};
use crate::compare::{Comparison, Facts, Later, LnE};
use crate::levels::critical;
use crate::look::{Hurdle, Hurdles, Look};
use crate::onset::Onset;
use crate::requests::ArmRequests;
use crate::series::Pair;
use crate::verdict::{Effect, EffectKind, Method, OneQuantile, Quantiles, Standing};
use davy_stats::anytime::{self, Starts};
use davy_stats::dispersion::Prior;
use davy_stats::{Direction, bonferroni};

/// The quantiles that are asked.
const QUANTILES: [f64; 27] = [
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993,
    0.995, 0.997, 0.998, 0.999, 0.9995, 0.9998, 0.9999,
];

/// A Pass is about the quantiles with so many requests on either side in the smaller arm: with fewer, equal arms are hardly
/// ever shown to be within ten per cent. It is about those from p50 to p95 in any case.
const LEAST: f64 = 200.0;
const ALWAYS: (f64, f64) = (0.5, 0.95);

/// Evidence of less at the level of the run does not say which quantile is the worst.
const TELLS: f64 = 0.95;

/// The requests of both arms as every bound asks for them.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    pub(crate) arms: Pair<Arc<ArmRequests>>,
    each: Rc<[(f64, Thresholds)]>,
    /// The places of those that a Pass is about, from one to before the other.
    shown: (usize, usize),
    prior: Prior,
    /// By how much the strongest evidence must be the stronger at this look.
    pub(crate) price: f64,
}

impl Spread {
    /// Of arms with the same steps, from one quantile to another where those are written.
    pub(crate) fn of(arms: &Pair<Arc<ArmRequests>>, from: Option<f64>, to: Option<f64>, prior: Prior) -> Spread {
        let quantiles = quantiles(from, to);
        let least = arms.baseline.pooled.len().min(arms.canary.pooled.len()) as f64;
        let (low, high) = ALWAYS;
        let is_before = |q: &&f64| from.is_none() && **q < low && least * **q < LEAST - 1e-6;
        let is_after = |q: &&f64| to.is_none() && **q > high && least * (1.0 - **q) < LEAST - 1e-6;
        let first = quantiles.iter().take_while(is_before).count().min(quantiles.len() - 1);
        let last = quantiles.len() - quantiles.iter().rev().take_while(is_after).count();
        let each = quantiles.iter().copied().zip(Thresholds::of_each(&arms.baseline, &quantiles, prior));
        Spread { arms: arms.clone(), each: each.collect(), shown: (first, last.max(first + 1)), prior, price: 0.0 }
    }

    /// How many quantiles are asked.
    pub(crate) fn len(&self) -> usize {
        self.each.len()
    }

    /// The quantiles that a Pass is about, the first and the last.
    pub(crate) fn range(&self) -> (f64, f64) {
        let at = |place: usize| self.each.get(place).map_or(f64::NAN, |(q, _)| *q);
        (at(self.shown.0), at(self.shown.1 - 1))
    }
}

/// Those that are asked from one to another, and both ends.
fn quantiles(from: Option<f64>, to: Option<f64>) -> Vec<f64> {
    let (first, last) = (from.unwrap_or(QUANTILES[0]), to.unwrap_or(QUANTILES[QUANTILES.len() - 1]));
    let (first, last) = (first.min(last), last.max(first));
    let inside = QUANTILES.into_iter().filter(|q| first < *q && *q < last);
    let mut all: Vec<f64> = std::iter::once(first).chain(inside).chain([last]).collect();
    all.dedup();
    all
}

/// The ratios of all quantiles, beside a limit.
#[derive(Debug)]
pub(crate) struct AnyQuantile {
    parts: Vec<Part>,
    shown: (usize, usize),
    limit: f64,
    /// The direction of what is worse.
    worse: Direction,
    price: f64,
    worst: OnceCell<usize>,
}

/// The ratio of one quantile.
#[derive(Debug)]
struct Part {
    q: f64,
    arms: Pair<Option<f64>>,
    ratio: Rc<dyn Comparison>,
    onset: Onset,
}

impl Part {
    /// The evidence that the ratio is worse than a limit, as far as buckets know it.
    fn beyond(&self, limit: f64, worse: Direction) -> f64 {
        let z = self.onset.z(limit);
        let later = || self.onset.loudest(limit, 0.0).and_then(|(_, later)| later.known_to_buckets());
        let is_known = |buckets: (f64, f64)| is_beyond(buckets, limit, worse);
        match self.ratio.known_to_buckets() {
            Some(buckets) if !is_known(buckets) && !later().is_some_and(is_known) => z.min(0.0),
            _ => z,
        }
    }

    /// The evidence that it is not, likewise.
    fn within(&self, limit: f64, worse: Direction) -> f64 {
        let z = self.ratio.z(limit, opposite(worse));
        if self.is_hidden(limit, worse) { z.min(0.0) } else { z }
    }

    /// Whether buckets leave open that the ratio is worse than a limit.
    fn is_hidden(&self, limit: f64, worse: Direction) -> bool {
        self.ratio.known_to_buckets().is_some_and(|(low, high)| match worse {
            Direction::Above => high > limit,
            Direction::Below => low < limit,
        })
    }

    /// The end of the ratio's interval in a direction: towards a Fail as evidence that no step carries alone.
    fn end(&self, critical: f64, direction: Direction, worse: Direction) -> f64 {
        let timid: fn(f64, f64) -> f64 = if direction == Direction::Above { f64::min } else { f64::max };
        let needed = if direction == worse { self.onset.alone(critical) } else { critical };
        let plain = self.ratio.end(needed, direction);
        let tamed = self.onset.tamed().filter(|_| direction == worse).map(|tamed| tamed.end(needed, direction));
        let known = self.ratio.known_to_buckets();
        let known = known.map(|(low, high)| if direction == Direction::Above { low } else { high });
        tamed.into_iter().chain(known).fold(plain, timid)
    }

    /// The same at both ends at a look, from what a Fail and a Pass need of this quantile alone.
    fn band(&self, to_fail: Hurdle, to_pass: Hurdle, worse: Direction, look: &Look) -> (f64, f64) {
        let above = worse == Direction::Above;
        let to_fail = Hurdle { z: self.onset.alone(to_fail.z), ..to_fail };
        let (low, high) = if above { (to_fail, to_pass) } else { (to_pass, to_fail) };
        let plain = self.ratio.bounds(low, high, above, look);
        let (low, high) = if above { (to_fail, Hurdle::UNASKED) } else { (Hurdle::UNASKED, to_fail) };
        let band = match self.onset.tamed().map(|tamed| tamed.bounds(low, high, above, look)) {
            Some(tamed) if above => (tamed.0.min(plain.0), plain.1),
            Some(tamed) => (plain.0, tamed.1.max(plain.1)),
            None => plain,
        };
        self.ratio.known_to_buckets().map_or(band, |(low, high)| (band.0.min(low), band.1.max(high)))
    }
}

fn is_beyond((low, high): (f64, f64), limit: f64, worse: Direction) -> bool {
    match worse {
        Direction::Above => low > limit,
        Direction::Below => high < limit,
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Above => Direction::Below,
        Direction::Below => Direction::Above,
    }
}

impl AnyQuantile {
    /// The ratios beside a limit, with the direction of what is worse.
    pub(crate) fn new(spread: &Spread, limit: f64, worse: Direction) -> AnyQuantile {
        let part = |(q, thresholds): &(f64, Thresholds)| {
            let arms = spread.arms.as_ref().map(|arm| arm.pooled.quantile(*q));
            let ratio = QuantileRatio::new(&spread.arms, thresholds, *q, arms, spread.prior);
            let ratio: Rc<dyn Comparison> = Rc::new(ratio);
            Part { q: *q, arms, onset: Onset::new(ratio.clone(), worse), ratio }
        };
        let parts = spread.each.iter().map(part).collect();
        AnyQuantile { parts, shown: spread.shown, limit, worse, price: spread.price, worst: OnceCell::new() }
    }

    /// What the strongest evidence comes to.
    fn any(&self, strongest: f64) -> f64 {
        bonferroni::any(strongest, self.parts.len()).min(strongest - self.price)
    }

    /// What each must reach for the strongest to come to `critical`.
    fn each(&self, critical: f64) -> f64 {
        bonferroni::each(critical, self.parts.len()).max(critical + self.price)
    }

    /// Those that a Pass is about.
    fn shown(&self) -> &[Part] {
        self.parts.get(self.shown.0..self.shown.1).unwrap_or_default()
    }

    /// The place of the worst.
    fn worst(&self) -> usize {
        *self.worst.get_or_init(|| {
            let z: Vec<f64> = self.parts.iter().map(|part| part.beyond(self.limit, self.worse)).collect();
            let largest = |of: &dyn Fn(usize) -> f64, places: std::ops::Range<usize>| {
                places.max_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or_default()
            };
            let strongest = largest(&|at| z[at], 0..self.parts.len());
            if self.any(z.get(strongest).copied().unwrap_or_default()) >= critical(TELLS) {
                return strongest;
            }
            let ratio =
                |at: usize| self.parts[at].ratio.estimate().map_or(f64::NEG_INFINITY, |v| self.worse.sign() * v);
            largest(&ratio, self.shown.0..self.shown.1)
        })
    }

    /// What a quantile alone needs for a Fail that any of them may give.
    fn of_each(&self, needed: Hurdle) -> Hurdle {
        Hurdle { z: self.each(needed.z), ln_e: needed.ln_e + bonferroni::ln(self.parts.len()) }
    }

    fn one(&self, part: &Part, fail_limit: f64, needs: &Hurdles, to_pass: Hurdle, look: &Look) -> OneQuantile {
        let (ratio, worse) = (&part.ratio, self.worse);
        let needed = self.of_each(needs.fail);
        let ln_e = |limit: f64, direction: Direction, starts: &Starts, needed: f64| match needed.is_finite() {
            true => ratio.ln_e(limit, direction, starts, look.horizon),
            false => f64::NEG_INFINITY,
        };
        let beyond = part.beyond(fail_limit, worse);
        let is_known = beyond > 0.0;
        let standing = if needed.is_reached(beyond, f64::NEG_INFINITY)
            || is_known && needed.is_reached(f64::NEG_INFINITY, ln_e(fail_limit, worse, look.late(), needed.ln_e))
        {
            Standing::Worse
        } else if !part.is_hidden(self.limit, worse)
            && needs.pass.is_reached(
                part.within(self.limit, worse),
                ln_e(self.limit, opposite(worse), look.whole(), needs.pass.ln_e),
            )
        {
            Standing::Within
        } else {
            Standing::Open
        };
        let (low, high) = part.band(needed, to_pass, worse, look);
        let effect = Effect { kind: EffectKind::Ratio, estimate: ratio.estimate(), low, high };
        OneQuantile { q: part.q, estimate: part.arms, effect, standing }
    }
}

impl Comparison for AnyQuantile {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        if direction == self.worse {
            let strongest = self.parts.iter().map(|part| part.beyond(limit, direction)).fold(f64::NAN, f64::max);
            return self.any(if strongest.is_nan() { 0.0 } else { strongest });
        }
        self.shown().iter().map(|part| part.within(limit, self.worse)).reduce(f64::min).unwrap_or(0.0)
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        (self.end(low, Direction::Above), self.end(high, Direction::Below))
    }

    /// Towards a Fail the end of the worst quantile, so that its estimate lies inside. Towards a Pass the worst end of all that a Pass
    /// is about; those that cannot be worse than the worst so far are not searched.
    fn end(&self, critical: f64, direction: Direction) -> f64 {
        let (worst, is_worse) = (self.parts.get(self.worst()), direction == self.worse);
        if is_worse {
            return worst.map_or(f64::NAN, |part| part.end(self.each(critical), direction, self.worse));
        }
        let (needed, parts) = (critical, self.shown().iter().chain(worst));
        let mut order: Vec<(f64, &Part)> = parts.map(|part| (-part.ratio.z(self.limit, direction), part)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worse: fn(f64, f64) -> f64 = if self.worse == Direction::Above { f64::max } else { f64::min };
        let mut worst: Option<f64> = None;
        for (_, part) in order {
            let is_nearer = worst.is_some_and(|worst| {
                let is_rejected = part.ratio.z(worst, direction) >= needed;
                worst.is_finite() && is_rejected && part.ratio.known_to_buckets().is_none()
            });
            if !is_nearer {
                let end = part.end(needed, direction, self.worse);
                worst = Some(worst.map_or(end, |worst| worse(worst, end)));
            }
        }
        worst.unwrap_or(f64::NAN)
    }

    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a> {
        let is_worse = direction == self.worse;
        let parts = if is_worse { self.parts.as_slice() } else { self.shown() };
        let each: Vec<(&Part, LnE)> =
            parts.iter().map(|part| (part, part.ratio.at_any_time(direction, starts, horizon))).collect();
        let worse = self.worse;
        Box::new(move |limit| {
            let ln_e = each.iter().map(|(part, ln_e)| {
                let buckets = part.ratio.known_to_buckets();
                let is_open = match is_worse {
                    true => buckets.is_some_and(|buckets| !is_beyond(buckets, limit, worse)),
                    false => part.is_hidden(limit, worse),
                };
                if is_open { f64::NEG_INFINITY } else { ln_e(limit) }
            });
            match is_worse {
                true => anytime::ln_mean_exp(&ln_e.collect::<Vec<_>>()),
                false => ln_e.reduce(f64::min).unwrap_or(f64::NEG_INFINITY),
            }
        })
    }

    fn natural(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        self.parts.get(self.worst())?.ratio.estimate()
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Ratio
    }

    fn method(&self) -> Method {
        Method::AnyQuantile
    }

    fn facts(&self) -> Facts {
        Facts::AnyQuantile
    }

    fn loudest(&self, limit: f64, more: f64, critical: f64) -> Option<Later> {
        let (start, since) = self.parts.get(self.worst())?.onset.loudest(limit, more)?;
        Some(Later { start, since: since.clone(), critical: self.each(critical) })
    }

    fn quantiles(&self, fail_limit: f64, needs: &Hurdles, to_pass: Hurdle, look: &Look) -> Option<Quantiles> {
        let each = self.parts.iter().map(|part| self.one(part, fail_limit, needs, to_pass, look)).collect();
        let (first, last) = (self.shown().first()?.q, self.shown().last()?.q);
        Some(Quantiles { each, from: first, to: last, worst: self.parts.get(self.worst())?.q })
    }
}
