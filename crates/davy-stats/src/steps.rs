//! One number per step: is its level above a limit, as a whole or from a step on?
//!
//! The numbers are log-ratios or differences of two arms at the same time, one arm's distance from a limit, or two arms at
//! different times, whose steps have no partners. Either way the noise is an autoregression whose correlation is unknown
//! (`segments`): evidence and interval are two views of that one fit.

use std::sync::{Arc, OnceLock};

use super::longrun::{COSINES_SERIES, StepSum, step_sum};
use super::normal::{ln_normal_density, ln_normal_upper, z_from_ln_upper};
use super::segments::{Course, Mean, Noise, Past, block_width};
use super::tail::t_to_z;
use super::{Direction, crossing, defined};

/// The fewest numbers of an arm that tell how much it varies.
const LEAST: usize = 2;
/// How much of a standard error an end of an interval may be off.
const RESOLUTION: f64 = 1e-4;
/// An end is found by so many steps along the slope, or by halving.
const NEWTON: usize = 8;
/// An end is not looked for farther away than this many standard errors.
const FARTHEST: f64 = 1e9;

/// Evidence that the mean of increments from step to step is above (or below) a limit, with a variance of at least
/// `floor` each. Of a level that stands still the noise of one increment is taken back by the next, which equal-weighted
/// cosines see, and they hold for a random walk as well.
pub fn increment_z(y: &[Option<f64>], limit: f64, floor: f64, direction: Direction) -> f64 {
    let StepSum { sum, n, cosines, .. } = step_sum(y, COSINES_SERIES);
    let n = n as f64;
    let sign = direction.sign();
    let excess = sign * (sum - n * limit);
    if n < 2.0 || excess == 0.0 {
        return 0.0;
    }
    defined(t_to_z(excess / cosines.variance.max(floor.max(0.0) * n).sqrt(), cosines.dof))
}

/// What is known of the noise of steps before they are seen.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The variance that a step has at least.
    pub floor: f64,
    /// What the past says, if it was asked.
    pub learned: Option<Arc<Learned>>,
}

impl From<f64> for Known {
    fn from(floor: f64) -> Known {
        Known { floor, learned: None }
    }
}

/// What the past says of the noise of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Of one arm's.
    pub arm: Past,
    /// Of the differences of two arms at the same time. Without them two arms are believed to vary apart, as in the past, and
    /// today's differences tell how much they share.
    pub pairs: Past,
    /// The variance of the difference of two healthy windows beside that of their steps.
    pub between: f64,
}

/// The level of one number per step, or how much that of one arm lies above another's; as a whole, or since a step as
/// evidence in a direction.
#[derive(Clone, Debug)]
pub struct Level(Vec<View>);

/// One description of a level: numbers, and another arm's if they are not yet compared.
#[derive(Debug)]
struct Numbers {
    own: Course,
    other: Option<Course>,
    past: Option<Past>,
    /// The variance by which windows differ beside that of their steps.
    between: f64,
    floor: f64,
    whole: Option<Noise>,
    /// The noise about a mean that may change once.
    broken: OnceLock<Option<Noise>>,
}

/// A description as a whole, or since a step as evidence in a direction.
#[derive(Clone, Debug)]
struct View {
    numbers: Arc<Numbers>,
    since: Option<(usize, Direction)>,
    /// The mean, and by how much one step alone carries it.
    mean: OnceLock<Option<(Mean, f64)>>,
}

impl View {
    fn new(own: Course, other: Option<Course>, past: Option<Past>, floor: f64, between: f64) -> View {
        let enough = own.len() >= LEAST && other.as_ref().is_none_or(|other| other.len() >= LEAST);
        let whole = if enough { Noise::of(&own, 0, other.as_ref(), past.as_ref(), floor) } else { None };
        let numbers = Arc::new(Numbers { own, other, past, between, floor, whole, broken: OnceLock::new() });
        View { numbers, since: None, mean: OnceLock::new() }
    }

    fn since(&self, start: usize, direction: Direction) -> View {
        View { numbers: self.numbers.clone(), since: Some((start, direction)), mean: OnceLock::new() }
    }

    fn mean(&self) -> Option<&(Mean, f64)> {
        self.mean.get_or_init(|| self.numbers.mean(self.since)).as_ref()
    }

    fn z_and_slope(&self, limit: f64, direction: Direction) -> (f64, f64) {
        let Some((mean, carried)) = self.mean() else { return (0.0, f64::NAN) };
        let carries = self.since.is_some_and(|(_, of)| of == direction);
        mean.z_and_slope(if carries { limit + carried } else { limit }, direction)
    }
}

impl Numbers {
    fn mean(&self, since: Option<(usize, Direction)>) -> Option<(Mean, f64)> {
        let start = since.map_or(0, |(start, _)| start);
        let whole = self.whole.as_ref()?;
        let broken = || Noise::of(&self.own, self.own.change(), self.other.as_ref(), self.past.as_ref(), self.floor);
        let noise = if start == 0 { whole } else { self.broken.get_or_init(broken).as_ref()? };
        let (steps, own) = self.own.mean_since(start)?;
        let other = self.other.as_ref().and_then(|other| other.mean_since(0));
        let apart = own - other.map_or(0.0, |(_, mean)| mean);
        let mean = noise.mean(apart, steps, other.map(|(steps, _)| steps), self.between);
        Some((mean, since.map_or(0.0, |(start, direction)| self.own.carried_by_one(start, direction))))
    }
}

impl Level {
    /// Of the numbers that are present and finite.
    pub fn new(y: &[Option<f64>], known: impl Into<Known>) -> Level {
        let Known { floor, learned } = known.into();
        let past = learned.map(|learned| learned.arm.clone());
        Level(vec![View::new(Course::of(y), None, past, floor, 0.0)])
    }

    /// Of a canary whose steps have no partners among those of the baseline: both arms vary alike, and each has all of its
    /// steps, however many.
    pub fn between(canary: &[Option<f64>], baseline: &[Option<f64>], known: impl Into<Known>) -> Level {
        let Known { floor, learned } = known.into();
        let between = learned.as_ref().map_or(0.0, |learned| learned.between);
        let past = learned.map(|learned| learned.arm.clone());
        let width = block_width(canary.len().max(baseline.len()));
        let course = |y: &[Option<f64>]| Course::new(y, width);
        Level(vec![View::new(course(canary), Some(course(baseline)), past, floor, between)])
    }

    /// Of a canary beside the baseline's same steps. The differences of the pairs know what both arms share; both arms by
    /// themselves know twice as much of the noise, and shared noise makes them timid at most. Either may carry evidence.
    pub fn beside(canary: &[Option<f64>], baseline: &[Option<f64>], known: impl Into<Known>) -> Level {
        let Known { floor, learned } = known.into();
        let pairs = || canary.iter().zip(baseline).map(|(c, b)| c.zip(*b).filter(|(c, b)| (c - b).is_finite()));
        let difference: Vec<_> = pairs().map(|pair| pair.map(|(c, b)| c - b)).collect();
        let own: Vec<_> = pairs().map(|pair| pair.map(|(c, _)| c)).collect();
        let other: Vec<_> = pairs().map(|pair| pair.map(|(_, b)| b)).collect();
        let past = |of: fn(&Learned) -> &Past| learned.as_ref().map(|learned| of(learned).clone());
        let of_pairs = past(|learned| &learned.pairs);
        let of_arms = past(|learned| &learned.arm);
        let alone = View::new(Course::of(&own), Some(Course::of(&other)), of_arms, floor, 0.0);
        Level(vec![View::new(Course::of(&difference), None, of_pairs, floor, 0.0), alone])
    }

    /// The level from a step on, as evidence in a direction: what came before tells of the noise alone, and the farthest
    /// step since then counts no more than the second.
    pub fn since(&self, start: usize, direction: Direction) -> Level {
        Level(self.0.iter().map(|view| view.since(start, direction)).collect())
    }

    /// The evidence of the steps since a start if they were independent and as noisy as neighbours differ: about right, and
    /// too large for numbers that hang together.
    pub fn independent_z(&self, start: usize, limit: f64, direction: Direction) -> f64 {
        let Some(Numbers { own, other, .. }) = self.0.first().map(|view| view.numbers.as_ref()) else { return 0.0 };
        let Some((n, mean)) = own.mean_since(start) else { return 0.0 };
        let (apart, more) = match other {
            Some(other) => match other.mean_since(0) {
                Some((m, mean)) => (mean, other.least_variance() / m),
                None => return 0.0,
            },
            None => (0.0, 0.0),
        };
        let excess = direction.sign() * (mean - apart - limit);
        if excess == 0.0 { 0.0 } else { defined(excess / (own.least_variance() / n + more).sqrt()) }
    }

    /// Evidence that the level is above (or below) a limit. Zero for fewer than two numbers: one alone does not tell how
    /// much it varies.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        self.z_and_slope(limit, direction).0
    }

    /// The same, and by how much it grows as the limit moves away from the mean.
    fn z_and_slope(&self, limit: f64, direction: Direction) -> (f64, f64) {
        match self.0.as_slice() {
            [one] if limit.is_finite() => one.z_and_slope(limit, direction),
            [one, other] if limit.is_finite() => {
                either(one.z_and_slope(limit, direction), other.z_and_slope(limit, direction))
            }
            _ => (0.0, f64::NAN),
        }
    }

    /// The limit up to which the numbers are evidence of more, or down to which they are evidence of less.
    pub fn end(&self, critical: f64, direction: Direction) -> f64 {
        let outwards = -direction.sign();
        let means = || self.0.iter().filter_map(View::mean).map(|(mean, _)| mean);
        let Some(centre) = means().map(|mean| mean.mean).find(|mean| mean.is_finite()) else {
            return outwards * f64::INFINITY;
        };
        let error = means().map(Mean::error).fold(0.0, f64::max);
        if let Some(end) = self.end_by_slopes(critical, direction, centre, error) {
            return end;
        }
        let excess = |limit: f64| self.z(limit, direction) - critical;
        let farthest = centre + outwards * FARTHEST * error;
        let end = crossing::nearest_rejected(centre, error, RESOLUTION, farthest, excess);
        end.filter(|end| !end.is_nan()).unwrap_or(outwards * f64::INFINITY)
    }

    /// The end by Newton's method from that of a normal number, a little outside of the crossing; nothing where that does
    /// not find it.
    fn end_by_slopes(&self, critical: f64, direction: Direction, centre: f64, error: f64) -> Option<f64> {
        let outwards = -direction.sign();
        let mut limit = centre + outwards * critical * error;
        for _ in 0..NEWTON {
            let (z, slope) = self.z_and_slope(limit, direction);
            let step = (critical - z) / slope;
            if step.abs() <= 0.5 * RESOLUTION * error {
                return Some(limit + outwards * (step + 0.5 * RESOLUTION * error)).filter(|end| end.is_finite());
            }
            limit += outwards * step;
        }
        None
    }

    /// The mean, or by how much the means of the arms differ; nothing where too few numbers tell it.
    pub fn mean(&self) -> Option<f64> {
        self.0.first()?.mean().map(|(mean, _)| mean.mean)
    }

    /// The number of steps; of two arms, that of pairs which would tell as much if steps were independent.
    pub fn size(&self) -> f64 {
        let Some(Numbers { own, other, .. }) = self.0.first().map(|view| view.numbers.as_ref()) else { return 0.0 };
        let own = own.len() as f64;
        other.as_ref().map_or(own, |other| 2.0 / (1.0 / own + 1.0 / other.len() as f64))
    }
}

/// The z whose tail is the harmonic mean of two tails, with its slope.
fn either(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (near, far) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let (ln_far, ln_near) = (ln_normal_upper(far.0), ln_normal_upper(near.0));
    if !ln_far.is_finite() {
        return far;
    }
    let ratio = (ln_far - ln_near).exp();
    let ln_p = std::f64::consts::LN_2 + ln_far - ratio.ln_1p();
    let z = z_from_ln_upper(ln_p);
    // how ln p falls with either z, each of which has its part in the harmonic mean
    let falls = |(z, slope): (f64, f64), ln_p: f64| (ln_normal_density(z) - ln_p).exp() * slope;
    let fall = (falls(far, ln_far) + ratio * falls(near, ln_near)) / (1.0 + ratio);
    (z, fall * (ln_p - ln_normal_density(z)).exp())
}

/// The median; numbers that are not finite are left out.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    middle(&mut finite)
}

/// The median of numbers, which are put in another order.
pub(crate) fn middle(values: &mut [f64]) -> Option<f64> {
    let at = values.len().checked_sub(1)? / 2;
    let is_even = values.len().is_multiple_of(2);
    let (_, low, above) = values.select_nth_unstable_by(at, f64::total_cmp);
    let high = if is_even { above.iter().copied().fold(f64::INFINITY, f64::min) } else { *low };
    super::quantile::quantile(&[*low, high], 0.5)
}
