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
use super::tail::{Student, z_from_ln_upper};

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

/// How likely each ψ and φ is, and the variance of a step with each.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Weight, ψ, φ and variance.
    ways: Vec<(f64, f64, f64, f64)>,
    dof: f64,
}

impl Noise {
    /// From one arm's numbers about a mean before a break and one from it on, and another arm's that vary alike. A step has
    /// at least the variance `floor`. Nothing without a degree of freedom.
    pub fn of(own: &Course, cut: usize, other: Option<&Course>, floor: f64) -> Option<Noise> {
        let ways = ways();
        let own_sums = Whitened::of(&ways, own.filtered(), cut);
        let other_sums = other.map(|other| Whitened::of(&ways, other.filtered(), 0));
        let means = own_sums.means + usize::from(other.is_some());
        let dof = (own.len() + other.map_or(0, Course::len)).saturating_sub(means) as f64;
        if dof < 1.0 || own.is_empty() {
            return None;
        }
        let least = (floor.max(0.0) * dof).max(f64::MIN_POSITIVE);
        let rest: [(f64, f64); WAYS] = std::array::from_fn(|way| {
            let (squares, ln_det) = own_sums.rest(way);
            let (more, ln_more) = other_sums.as_ref().map_or((0.0, 0.0), |other| other.rest(way));
            ((squares + more).max(least), ln_det + ln_more)
        });
        let ln_weights = ways.iter().zip(&rest);
        let ln_weights =
            ln_weights.map(|(way, (squares, ln_det))| way.ln_prior - 0.5 * ln_det - 0.5 * dof * squares.ln());
        let weigh = |(at, weight): (usize, f64)| (weight, 1.0 - ways[at].own, ways[at].phi, rest[at].0 / dof);
        let ways: Vec<_> = weights(ln_weights, NEGLIGIBLE).into_iter().map(weigh).collect();
        let sound = ways.iter().all(|way| (way.0 * way.3).is_finite());
        (sound && !ways.is_empty()).then_some(Noise { ways, dof })
    }

    /// A mean of so many steps (less that of so many others) as a mixture of Student's t.
    pub fn mean(&self, mean: f64, steps: f64, others: Option<f64>) -> Mean {
        let error = |(weight, share, phi, variance): &(f64, f64, f64, f64)| {
            let of = |n: f64| (1.0 - share + share * inflation(*phi, n)) / n;
            (*weight, (variance * (of(steps) + others.map_or(0.0, of))).sqrt())
        };
        let mut errors: Vec<(f64, f64)> = self.ways.iter().map(error).collect();
        errors.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        let mut merged: Vec<(f64, f64, f64)> = Vec::with_capacity(errors.len());
        for (weight, error) in errors {
            match merged.last_mut() {
                Some(last) if error <= last.2 * ALIKE => {
                    // the larger of those alike: evidence is never too strong by it
                    (last.0, last.1) = (last.0 + weight, error);
                }
                _ => merged.push((weight, error, error)),
            }
        }
        let errors = merged.into_iter().map(|(weight, error, _)| (weight, error)).collect();
        Mean { mean, errors, student: Student::new(self.dof) }
    }
}

/// A mean with its standard errors, each with its weight.
#[derive(Clone, Debug)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    errors: Vec<(f64, f64)>,
    student: Student,
}

impl Mean {
    /// Evidence that the mean lies above (or below) a limit.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        let sign = direction.sign();
        let distance = sign * (self.mean - limit);
        if distance.is_nan() || distance == 0.0 {
            return 0.0;
        }
        // the widest error has the largest tail: the others are taken relative to its power of e
        let tails =
            self.errors.iter().rev().map(|(weight, error)| (*weight, self.student.upper(distance.abs() / error)));
        let (mut sum, mut largest) = (0.0, 0.0);
        for (place, (weight, (number, power))) in tails.enumerate() {
            if place == 0 {
                (sum, largest) = (weight * number, power);
            } else if power > f64::NEG_INFINITY {
                sum += weight * number * (power - largest).exp();
            }
        }
        let ln_p = f64::ln(sum) + largest;
        let z = z_from_ln_upper(ln_p.min(-std::f64::consts::LN_2));
        if z.is_nan() { 0.0 } else { z.copysign(distance) }
    }

    /// Its standard error, averaged.
    pub fn error(&self) -> f64 {
        self.errors.iter().map(|(weight, error)| weight * error).sum()
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
