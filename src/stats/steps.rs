//! One number per step: is its level above a limit, as a whole or from a step on?
//!
//! The numbers are log-ratios or differences of two arms at the same time, one arm's distance from a limit, or two arms at
//! different times, whose steps have no partners. Either way the noise is an autoregression whose correlation is unknown
//! (`segments`): evidence and interval are two views of that one fit.

use std::cell::OnceCell;

use super::longrun::{COSINES_SERIES, StepSum, step_sum};
use super::segments::{Correlation, Course, Fit};
use super::tail::{ln_normal_upper, t_to_z, z_from_ln_upper};
use super::{Direction, crossing, defined};

/// The fewest numbers of an arm that tell how much it varies.
const LEAST: usize = 2;
/// How much of half a standard error an end of an interval may be off.
const RESOLUTION: f64 = 1e-4;
/// An end is not looked for farther away than this many standard errors.
const FARTHEST: f64 = 1e9;

/// Evidence that the mean of increments from step to step is above (or below) a limit, with a variance of at least
/// `floor` each. Of a level that stands still the noise of one increment is taken back by the next, which equal-weighted
/// cosines see, and they hold for a random walk as well.
pub fn increment_z(y: &[Option<f64>], limit: f64, floor: f64, direction: Direction) -> f64 {
    let StepSum { sum, n, cosines, .. } = step_sum(y, COSINES_SERIES);
    let n = n as f64;
    let sign = if direction == Direction::Above { 1.0 } else { -1.0 };
    let excess = sign * (sum - n * limit);
    if n < 2.0 || excess == 0.0 {
        return 0.0;
    }
    defined(t_to_z(excess / cosines.variance.max(floor.max(0.0) * n).sqrt(), cosines.dof))
}

/// The level of one number per step, or how much that of one arm lies above another's.
#[derive(Clone, Debug)]
pub struct Level {
    /// Each description of the same level: numbers, and another arm's if they are not yet compared.
    views: Vec<View>,
    floor: f64,
    prior: Correlation,
}

/// One description of a level from a start on, and its fit.
#[derive(Clone, Debug)]
struct View {
    own: Course,
    other: Option<Course>,
    fit: Option<Fit>,
    /// Where the level is evidence in a direction: the same without what one step alone carries, once it is asked for.
    tamed: Option<(usize, Direction)>,
    tamed_fit: OnceCell<Option<Fit>>,
}

/// Below this, evidence need not be asked whether one step carries it.
const LITTLE: f64 = 1.0;

impl View {
    fn new(own: Course, other: Option<Course>) -> View {
        View { own, other, fit: None, tamed: None, tamed_fit: OnceCell::new() }
    }

    fn fitted(&self, own: &Course, start: usize, floor: f64, prior: Correlation) -> Option<Fit> {
        let enough = own.len() >= LEAST && self.other.as_ref().is_none_or(|other| other.len() >= LEAST);
        if enough { own.fit(start, self.other.as_ref(), prior, floor) } else { None }
    }

    fn z(&self, level: &Level, limit: f64, direction: Direction) -> f64 {
        let Some(fit) = &self.fit else { return 0.0 };
        let z = fit.z(limit, direction);
        let Some((start, direction)) = self.tamed.filter(|_| z > LITTLE) else { return z };
        let tamed = || self.fitted(&self.own.tamed(start, direction), start, level.floor, level.prior);
        self.tamed_fit.get_or_init(tamed).as_ref().map_or(0.0, |fit| fit.z(limit, direction)).min(z).max(LITTLE)
    }
}

impl Level {
    /// Of the numbers that are present and finite, with a variance of at least `floor` per step.
    pub fn new(y: &[Option<f64>], floor: f64, prior: Correlation) -> Level {
        Level::of(vec![View::new(Course::new(y), None)], floor, prior)
    }

    /// Of a canary whose steps have no partners among those of the baseline: both arms vary alike, and each has all of its
    /// steps, however many.
    pub fn between(canary: &[Option<f64>], baseline: &[Option<f64>], floor: f64, prior: Correlation) -> Level {
        Level::of(vec![View::new(Course::new(canary), Some(Course::new(baseline)))], floor, prior)
    }

    /// Of a canary beside the baseline's same steps. The differences of the pairs know what both arms share; both arms by
    /// themselves know twice as much of the noise, and shared noise makes them timid at most. Either may carry evidence.
    pub fn beside(canary: &[Option<f64>], baseline: &[Option<f64>], floor: f64, prior: Correlation) -> Level {
        let pairs = || canary.iter().zip(baseline).map(|(c, b)| c.zip(*b).filter(|(c, b)| (c - b).is_finite()));
        let difference: Vec<_> = pairs().map(|pair| pair.map(|(c, b)| c - b)).collect();
        let own: Vec<_> = pairs().map(|pair| pair.map(|(c, _)| c)).collect();
        let other: Vec<_> = pairs().map(|pair| pair.map(|(_, b)| b)).collect();
        let alone = View::new(Course::new(&own), Some(Course::new(&other)));
        Level::of(vec![View::new(Course::new(&difference), None), alone], floor, prior)
    }

    fn of(views: Vec<View>, floor: f64, prior: Correlation) -> Level {
        let fitted = |view: View| View { fit: view.fitted(&view.own, 0, floor, prior), ..view };
        Level { views: views.into_iter().map(fitted).collect(), floor, prior }
    }

    /// The level from a step on, as evidence in a direction: what came before tells of the noise alone, and the evidence
    /// must hold where the farthest step since then counts no more than the second.
    pub fn since(&self, start: usize, direction: Direction) -> Level {
        let fitted = |view: &View| {
            let fit = if start == 0 { view.fit.clone() } else { view.fitted(&view.own, start, self.floor, self.prior) };
            View { fit, tamed: Some((start, direction)), tamed_fit: OnceCell::new(), ..view.clone() }
        };
        Level { views: self.views.iter().map(fitted).collect(), ..*self }
    }

    /// Whether the steps since a start would be next to no evidence even if they were independent.
    pub fn is_little(&self, start: usize, limit: f64, direction: Direction) -> bool {
        let Some(View { own, other, .. }) = self.views.first() else { return true };
        let Some((n, mean)) = own.mean_since(start) else { return true };
        let (apart, more) = match other {
            Some(other) => match other.mean_since(0) {
                Some((m, mean)) => (mean, other.least_variance() / m),
                None => return true,
            },
            None => (0.0, 0.0),
        };
        let sign = if direction == Direction::Above { 1.0 } else { -1.0 };
        let excess = sign * (mean - apart - limit);
        !(excess > 0.0 && excess * excess > LITTLE * (own.least_variance() / n + more))
    }

    /// Evidence that the level is above (or below) a limit. Zero for fewer than two numbers: one alone does not tell how
    /// much it varies.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        if !limit.is_finite() {
            return 0.0;
        }
        match self.views.as_slice() {
            [one] => one.z(self, limit, direction),
            [one, other] => either(one.z(self, limit, direction), other.z(self, limit, direction)),
            _ => 0.0,
        }
    }

    /// The limit up to which the numbers are evidence of more, or down to which they are evidence of less.
    pub fn end(&self, critical: f64, direction: Direction) -> f64 {
        let outwards = if direction == Direction::Above { -1.0 } else { 1.0 };
        let fits = || self.views.iter().flat_map(|view| &view.fit);
        let Some(centre) = fits().map(Fit::estimate).next() else { return outwards * f64::INFINITY };
        let error = fits().map(Fit::error).fold(0.0, f64::max);
        let excess = |limit: f64| self.z(limit, direction) - critical;
        let farthest = centre + outwards * FARTHEST * error;
        let end = crossing::nearest_rejected(centre, 0.5 * error, RESOLUTION, farthest, excess);
        end.unwrap_or(outwards * f64::INFINITY)
    }

    /// The number of steps; of two arms, that of pairs which would tell as much if steps were independent.
    pub fn size(&self) -> f64 {
        let Some(View { own, other, .. }) = self.views.first() else { return 0.0 };
        let own = own.len() as f64;
        other.as_ref().map_or(own, |other| 2.0 / (1.0 / own + 1.0 / other.len() as f64))
    }
}

/// The z whose tail is the harmonic mean of two tails.
fn either(a: f64, b: f64) -> f64 {
    let (near, far) = (a.min(b), a.max(b));
    let (ln_far, ln_near) = (ln_normal_upper(far), ln_normal_upper(near));
    if !ln_far.is_finite() {
        return far;
    }
    z_from_ln_upper(std::f64::consts::LN_2 + ln_far - (ln_far - ln_near).exp().ln_1p())
}

/// The median; numbers that are not finite are left out.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let middle = finite.len().checked_sub(1)? / 2;
    let is_even = finite.len().is_multiple_of(2);
    let (_, low, above) = finite.select_nth_unstable_by(middle, f64::total_cmp);
    let high = if is_even { above.iter().copied().fold(f64::INFINITY, f64::min) } else { *low };
    super::quantile::quantile(&[*low, high], 0.5)
}
