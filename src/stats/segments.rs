//! The noise of one number per step, and what it makes of a mean from a step on.
//!
//! A number per step is a level, plus what is noise of its own step (a percentile of some hundred requests), plus what
//! lasts: an autoregression of order one. The share ψ of what lasts, its correlation φ and the variance are unknown. The
//! restricted likelihood of each ψ and φ (`filter`) times a prior is its weight. The distance of a mean from a limit, over
//! the standard error that they give it, is read as Student's t, and its tail is averaged over them.
//!
//! A level that moves is no noise here: the numbers may have one mean before a break and another from it on (Bai and
//! Perron 1998). A variance about one constant level would take the shift for noise. Missing steps keep their place.

use super::Direction;
use super::filter::{NEGLIGIBLE, Step, Way, Whitened, weights};
use super::longrun::inflation;
use super::past::{self, Possible, Seen};
use super::tail::{ln_sum_exp, ln_t_upper, z_from_ln_upper};

// Of real services about two thirds of the windows have nothing that lasts (`fixtures/reference/noise.toml`). What is
// believed here is more cautious, so that a correlation of 0.7, which is that of the worst tenth, keeps the level over
// planned looks too.

/// The share of what lasts: nothing, or one of these.
const SHARES: [f64; 6] = [0.15, 0.3, 0.5, 0.7, 0.85, 1.0];
/// Its correlation from step to step, and the prior weight of each.
const CORRELATIONS: [(f64, f64); 6] =
    [(0.2, 0.196), (0.4, 0.195), (0.6, 0.2), (0.75, 0.169), (0.87, 0.14), (0.95, 0.1)];
/// The prior chance that nothing lasts.
const NOTHING_LASTS: f64 = 0.3;
const WAYS: usize = 1 + SHARES.len() * CORRELATIONS.len();
/// Standard errors that differ by less than this factor count as one.
const ALIKE: f64 = 1.05;

/// Every ψ and φ.
fn ways() -> [Way; WAYS] {
    let nothing = Way { loading: 0.0, own: 1.0, phi: 0.0, ln_prior: NOTHING_LASTS.ln() };
    std::array::from_fn(|i| match i.checked_sub(1) {
        None => nothing,
        Some(i) => {
            let (share, (phi, weight)) = (SHARES[i / CORRELATIONS.len()], CORRELATIONS[i % CORRELATIONS.len()]);
            let ln_prior = ((1.0 - NOTHING_LASTS) * weight / SHARES.len() as f64).ln();
            Way { loading: share.sqrt(), own: 1.0 - share, phi, ln_prior }
        }
    })
}

/// What windows of the past say of each ψ and φ.
pub type Past = past::Past<WAYS>;

/// How likely each ψ and φ is, with the variance of a step and its degrees of freedom.
#[derive(Clone, Debug)]
pub struct Noise {
    possible: Vec<Possible>,
}

impl Noise {
    /// From one arm's numbers about a mean before a break and one from it on, and another arm's that vary alike; and
    /// from a past, if it is known. A step has at least the variance `floor`. Nothing without a degree of freedom.
    pub fn of(own: &Course, cut: usize, other: Option<&Course>, past: Option<&Past>, floor: f64) -> Option<Noise> {
        let ways = ways();
        let today = seen(&ways, own, cut, other, floor)?;
        let possible = match past {
            Some(past) => past.weigh(&today, &ways.map(|way| way.ln_prior), floor),
            None => {
                let ln_weight = |(way, (squares, ln_det)): (&Way, &(f64, f64))| {
                    way.ln_prior - 0.5 * ln_det - 0.5 * today.dof * squares.ln()
                };
                let weighed = weights(ways.iter().zip(&today.rest).map(ln_weight), NEGLIGIBLE).into_iter();
                let possible = |(way, weight): (usize, f64)| Possible {
                    weight,
                    way,
                    variance: today.rest[way].0 / today.dof,
                    dof: today.dof,
                };
                weighed.map(possible).collect()
            }
        };
        let sound = possible.iter().all(|one| (one.weight * one.variance).is_finite());
        (sound && !possible.is_empty()).then_some(Noise { possible })
    }

    /// A mean of so many steps (less that of so many others) as a mixture of Student's t. Windows differ by the variance
    /// `between` beside that of their steps.
    pub fn mean(&self, mean: f64, steps: f64, others: Option<f64>, between: f64) -> Mean {
        let ways = ways();
        let error = |one: &Possible| {
            let Way { own, phi, .. } = ways[one.way];
            let share = 1.0 - own;
            let of = |n: f64| (1.0 - share + share * inflation(phi, n)) / n;
            let variance = one.variance * (of(steps) + others.map_or(0.0, of)) + between;
            Error { weight: one.weight, size: variance.sqrt(), dof: one.dof }
        };
        let mut errors: Vec<Error> = self.possible.iter().map(error).collect();
        errors.sort_unstable_by(|a, b| a.dof.total_cmp(&b.dof).then(a.size.total_cmp(&b.size)));
        let mut merged: Vec<(Error, f64)> = Vec::with_capacity(errors.len());
        for error in errors {
            match merged.last_mut() {
                Some((last, least)) if error.dof == last.dof && error.size <= *least * ALIKE => {
                    // the larger of those alike: evidence is never too strong by it
                    *last = Error { weight: last.weight + error.weight, ..error };
                }
                _ => merged.push((error, error.size)),
            }
        }
        Mean { mean, errors: merged.into_iter().map(|(error, _)| error).collect() }
    }
}

/// What one or two arms say of each ψ and φ: sums of squares about a mean before a break and one from it on.
fn seen(ways: &[Way; WAYS], own: &Course, cut: usize, other: Option<&Course>, floor: f64) -> Option<Seen<WAYS>> {
    let own_sums = Whitened::of(ways, own.filtered(), cut);
    let other_sums = other.map(|other| Whitened::of(ways, other.filtered(), 0));
    let means = own_sums.means + usize::from(other.is_some());
    let dof = (own.len() + other.map_or(0, Course::len)).saturating_sub(means) as f64;
    if dof < 1.0 || own.is_empty() {
        return None;
    }
    let least = (floor.max(0.0) * dof).max(f64::MIN_POSITIVE);
    let rest = std::array::from_fn(|way| {
        let (squares, ln_det) = own_sums.rest(way);
        let (more, ln_more) = other_sums.as_ref().map_or((0.0, 0.0), |other| other.rest(way));
        ((squares + more).max(least), ln_det + ln_more)
    });
    Some(Seen { rest, dof })
}

/// What windows that share no data say, each of one arm or of two that vary alike; nothing from too few.
pub fn past<'a>(windows: impl Iterator<Item = (&'a Course, Option<&'a Course>)>, floor: f64) -> Option<Past> {
    let ways = ways();
    let windows: Vec<_> = windows.filter_map(|(own, other)| seen(&ways, own, 0, other, floor)).collect();
    Past::of(&windows, &ways.map(|way| way.ln_prior))
}

impl Past {
    /// The variance of a mean of so many neighbouring steps, averaged.
    pub fn variance_of_mean(&self, steps: f64) -> f64 {
        let of = |way: &Way| {
            let share = 1.0 - way.own;
            (1.0 - share + share * inflation(way.phi, steps)) / steps
        };
        let each = self.weights().into_iter().zip(self.variances());
        each.zip(&ways()).map(|((weight, variance), way)| weight * variance * of(way)).sum()
    }

    /// The correlation of a step with the next, averaged.
    pub fn correlation(&self) -> f64 {
        let each = self.weights().into_iter().zip(ways());
        each.map(|(weight, way)| weight * (1.0 - way.own) * way.phi).sum()
    }
}

/// One standard error that a mean may have.
#[derive(Clone, Copy, Debug)]
struct Error {
    weight: f64,
    size: f64,
    dof: f64,
}

/// A mean with its standard errors.
#[derive(Clone, Debug)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    errors: Vec<Error>,
}

impl Mean {
    /// Evidence that the mean lies above (or below) a limit.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        let sign = direction.sign();
        let distance = sign * (self.mean - limit);
        if distance.is_nan() || distance == 0.0 {
            return 0.0;
        }
        let ln_p = |error: &Error| error.weight.ln() + ln_t_upper(distance.abs() / error.size, error.dof);
        let ln_p = ln_sum_exp(&self.errors.iter().map(ln_p).collect::<Vec<_>>());
        let z = z_from_ln_upper(ln_p.min(-std::f64::consts::LN_2));
        if z.is_nan() { 0.0 } else { z.copysign(distance) }
    }

    /// Its standard error, averaged.
    pub fn error(&self) -> f64 {
        self.errors.iter().map(|error| error.weight * error.size).sum()
    }
}

/// One arm's numbers in time, about their centre.
#[derive(Clone, Debug)]
pub struct Course {
    steps: Vec<(usize, f64)>,
    centre: f64,
}

impl Course {
    /// Of the numbers that are present and finite.
    pub fn new(y: &[Option<f64>]) -> Course {
        let present = y.iter().enumerate().filter_map(|(place, v)| v.filter(|v| v.is_finite()).map(|v| (place, v)));
        let mut steps: Vec<(usize, f64)> = present.collect();
        let centre = steps.iter().map(|(_, v)| v).sum::<f64>() / steps.len().max(1) as f64;
        let centre = if centre.is_finite() { centre } else { 0.0 };
        steps.iter_mut().for_each(|(_, v)| *v -= centre);
        Course { steps, centre }
    }

    /// How many numbers are present.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no number is present.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The numbers as the filter takes them.
    fn filtered(&self) -> impl Iterator<Item = Step> + '_ {
        let places = std::iter::once(0).chain(self.steps.iter().map(|(place, _)| *place));
        self.steps.iter().zip(places).map(|((place, y), before)| Step { gap: place - before, size: 1.0, y: *y })
    }

    /// How many numbers lie before a place.
    fn before(&self, start: usize) -> usize {
        self.steps.partition_point(|(place, _)| *place < start)
    }

    /// The variance of a number, by successive differences (von Neumann 1941): about right for independent numbers, and too
    /// small for those that hang together.
    pub fn least_variance(&self) -> f64 {
        let squares: f64 = self.steps.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2)).sum();
        0.5 * squares / (self.len().max(2) - 1) as f64
    }

    /// The number of steps from a place on, and their mean; nothing if there are none.
    pub fn mean_since(&self, start: usize) -> Option<(f64, f64)> {
        let later = &self.steps[self.before(start)..];
        let n = later.len() as f64;
        (n > 0.0).then(|| (n, self.centre + later.iter().map(|(_, v)| v).sum::<f64>() / n))
    }

    /// By how much that mean falls if its farthest number in a direction counts no more than the second: one step alone
    /// carries nothing.
    pub fn carried_by_one(&self, start: usize, direction: Direction) -> f64 {
        let sign = direction.sign();
        let later = &self.steps[self.before(start)..];
        let (mut first, mut second) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (_, v) in later {
            let v = sign * v;
            (first, second) = if v > first { (v, first) } else { (first, second.max(v)) };
        }
        let carried = (first - second) / later.len() as f64;
        if carried.is_finite() { sign * carried } else { 0.0 }
    }

    /// Where the numbers change most: how many lie before.
    pub fn change(&self) -> usize {
        let n = self.len() as f64;
        let (mut sum, mut best) = (0.0, (0, 0.0));
        for (place, (_, v)) in self.steps.iter().enumerate() {
            let k = place as f64;
            let score = sum * sum / (k * (n - k)).max(1.0);
            if place > 0 && score > best.1 {
                best = (place, score);
            }
            sum += v;
        }
        best.0
    }
}
