//! The noise of one number per step, and what it makes of a mean from a step on.
//!
//! A number per step is a level, plus what is noise of its own step (a percentile of some hundred requests), plus what
//! lasts: an autoregression of order one. The share ψ of what lasts, its correlation φ and the variance are unknown. The
//! restricted likelihood of each ψ and φ (`filter`) times a prior is its weight. The distance of a mean from a limit, over
//! the standard error that they give it, is read as Student's t, and its tail is averaged over them.
//!
//! A level that moves is no noise here: the numbers may have one mean before a break and another from it on (Bai and
//! Perron 1998). A variance about one constant level would take the shift for noise. Missing steps keep their place. Long
//! courses are put together to blocks of neighbouring steps, whose means vary as the steps of each ψ and φ make them.

use super::Direction;
use super::filter::{NEGLIGIBLE, Step, Way, Whitened, weights};
use super::longrun::inflation;
use super::normal::{ln_normal_density, z_from_ln_upper};
use super::past::{self, Possible, Seen};
use super::tail::Student;

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
/// No more blocks of steps than these.
const MOST_BLOCKS: usize = 120;

/// How many steps make a block, in courses of so many at most.
pub fn block_width(steps: usize) -> usize {
    steps.div_ceil(MOST_BLOCKS).max(1)
}

/// Each ψ and φ of steps.
fn lanes() -> [(f64, f64, f64); WAYS] {
    std::array::from_fn(|i| match i.checked_sub(1) {
        None => (0.0, 0.0, NOTHING_LASTS.ln()),
        Some(i) => {
            let (share, (phi, weight)) = (SHARES[i / CORRELATIONS.len()], CORRELATIONS[i % CORRELATIONS.len()]);
            (share, phi, ((1.0 - NOTHING_LASTS) * weight / SHARES.len() as f64).ln())
        }
    })
}

/// How blocks of so many steps vary with each, for steps of variance one: what lasts has in a block the variance of its
/// mean, and the correlation of the means of neighbouring blocks.
fn ways(width: usize) -> [Way; WAYS] {
    let n = width as f64;
    lanes().map(|(share, phi, ln_prior)| {
        let lasting = inflation(phi, n) / n;
        let sum = (1.0 - phi.powf(n)) / (1.0 - phi);
        let next = phi * (sum / n).powi(2) / lasting;
        Way { loading: (share * lasting).sqrt(), own: (1.0 - share) / n, phi: next, ln_prior }
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
        let ways = ways(own.width);
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
        let lanes = lanes();
        let mut student: Option<Student> = None;
        let mut error = |one: &Possible| {
            let (share, phi, _) = lanes[one.way];
            let of = |n: f64| (1.0 - share + share * inflation(phi, n)) / n;
            let variance = one.variance * (of(steps) + others.map_or(0.0, of)) + between;
            let known = student.filter(|student| student.freedom() == one.dof);
            let student = *student.insert(known.unwrap_or_else(|| Student::new(one.dof)));
            Error { weight: one.weight, size: variance.sqrt(), student }
        };
        let mut errors: Vec<Error> = self.possible.iter().map(&mut error).collect();
        let freedom = |error: &Error| error.student.freedom();
        errors.sort_unstable_by(|a, b| freedom(a).total_cmp(&freedom(b)).then(a.size.total_cmp(&b.size)));
        let mut merged: Vec<(Error, f64)> = Vec::with_capacity(errors.len());
        for error in errors {
            match merged.last_mut() {
                Some((last, least)) if freedom(&error) == freedom(last) && error.size <= *least * ALIKE => {
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
    let own_sums = Whitened::of(ways, own.blocks.iter().copied(), cut);
    let other_sums = other.map(|other| Whitened::of(ways, other.blocks.iter().copied(), 0));
    let means = own_sums.means + usize::from(other.is_some());
    let dof = (own.blocks.len() + other.map_or(0, |other| other.blocks.len())).saturating_sub(means) as f64;
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
    let windows = windows.filter_map(|(own, other)| seen(&ways(own.width), own, 0, other, floor));
    Past::of(&windows.collect::<Vec<_>>(), &lanes().map(|(.., ln_prior)| ln_prior))
}

impl Past {
    /// The variance of a mean of so many neighbouring steps, averaged.
    pub fn variance_of_mean(&self, steps: f64) -> f64 {
        let of = |(share, phi, _): (f64, f64, f64)| (1.0 - share + share * inflation(phi, steps)) / steps;
        let each = self.weights().into_iter().zip(self.variances());
        each.zip(lanes()).map(|((weight, variance), lane)| weight * variance * of(lane)).sum()
    }

    /// The correlation of a step with the next, averaged.
    pub fn correlation(&self) -> f64 {
        let each = self.weights().into_iter().zip(lanes());
        each.map(|(weight, (share, phi, _))| weight * share * phi).sum()
    }
}

/// One standard error that a mean may have.
#[derive(Clone, Copy, Debug)]
struct Error {
    weight: f64,
    size: f64,
    student: Student,
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
        self.z_and_slope(limit, direction).0
    }

    /// The same, and by how much it grows as the limit moves away from the mean.
    pub(super) fn z_and_slope(&self, limit: f64, direction: Direction) -> (f64, f64) {
        let distance = direction.sign() * (self.mean - limit);
        if distance.is_nan() {
            return (0.0, f64::NAN);
        }
        let (mut tail, mut density, mut power) = (0.0, 0.0, f64::NEG_INFINITY);
        for Error { weight, size, student, .. } in &self.errors {
            let upper = student.upper(distance.abs() / size);
            if upper.power > power {
                let scale = (power - upper.power).exp();
                (tail, density, power) = (tail * scale, density * scale, upper.power);
            }
            if upper.power > f64::NEG_INFINITY {
                let share = weight * if upper.power == power { 1.0 } else { (upper.power - power).exp() };
                (tail, density) = (tail + share * upper.tail, density + share * upper.density / size);
            }
        }
        let z = z_from_ln_upper((f64::ln(tail) + power).min(-std::f64::consts::LN_2));
        if z.is_nan() || distance == 0.0 {
            return (0.0, density * (power - ln_normal_density(0.0)).exp());
        }
        (z.copysign(distance), density * (power - ln_normal_density(z)).exp())
    }

    /// Its standard error, averaged.
    pub fn error(&self) -> f64 {
        self.errors.iter().map(|error| error.weight * error.size).sum()
    }
}

/// One arm's numbers in time, about their centre.
#[derive(Clone, Debug)]
pub struct Course {
    /// Place and number of each step that is present, and the sum of the numbers before it.
    steps: Vec<(usize, f64, f64)>,
    sum: f64,
    centre: f64,
    /// How many steps make a block.
    width: usize,
    blocks: Vec<Step>,
    least_variance: f64,
}

impl Course {
    /// Of the numbers that are present and finite.
    pub fn of(y: &[Option<f64>]) -> Course {
        Course::new(y, block_width(y.len()))
    }

    /// The same, with so many steps to a block.
    pub fn new(y: &[Option<f64>], width: usize) -> Course {
        let present = || y.iter().enumerate().filter_map(|(place, v)| v.filter(|v| v.is_finite()).map(|v| (place, v)));
        let (sum, n) = present().fold((0.0, 0.0), |(sum, n), (_, v)| (sum + v, n + 1.0));
        let centre = if f64::is_finite(sum / n) { sum / n } else { 0.0 };
        let mut sum = 0.0;
        let centred = present().map(|(place, v)| {
            let before = sum;
            sum += v - centre;
            (place, v - centre, before)
        });
        let steps: Vec<(usize, f64, f64)> = centred.collect();
        let squares: f64 = steps.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2)).sum();
        let least_variance = 0.5 * squares / (steps.len().max(2) - 1) as f64;
        let blocks = blocks(&steps, width);
        Course { steps, sum, centre, width, blocks, least_variance }
    }

    /// How many numbers are present.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no number is present.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many numbers lie before a place.
    fn before(&self, start: usize) -> usize {
        self.steps.partition_point(|(place, ..)| *place < start)
    }

    /// The variance of a number, by successive differences (von Neumann 1941): about right for independent numbers, and too
    /// small for those that hang together.
    pub fn least_variance(&self) -> f64 {
        self.least_variance
    }

    /// The number of steps from a place on, and their mean; nothing if there are none.
    pub fn mean_since(&self, start: usize) -> Option<(f64, f64)> {
        let first = self.before(start);
        let n = (self.len() - first) as f64;
        let sum = self.sum - self.steps.get(first)?.2;
        Some((n, self.centre + sum / n))
    }

    /// By how much that mean falls if its farthest number in a direction counts no more than the second: one step alone
    /// carries nothing.
    pub fn carried_by_one(&self, start: usize, direction: Direction) -> f64 {
        let sign = direction.sign();
        let later = &self.steps[self.before(start)..];
        let (mut first, mut second) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (_, v, _) in later {
            let v = sign * v;
            (first, second) = if v > first { (v, first) } else { (first, second.max(v)) };
        }
        let carried = (first - second) / later.len() as f64;
        if carried.is_finite() { sign * carried } else { 0.0 }
    }

    /// Where the numbers change most: how many blocks lie before.
    pub fn change(&self) -> usize {
        let (all, n) = self.blocks.iter().fold((0.0, 0.0), |(y, n), block| (y + block.y, n + block.size));
        let (mut sum, mut size, mut best) = (0.0, 0.0, (0, 0.0));
        for (place, block) in self.blocks.iter().enumerate() {
            // the sum before less that which an even level has there
            let excess: f64 = sum - all * size / n;
            let score = excess * excess * n / (size * (n - size));
            if place > 0 && score > best.1 {
                best = (place, score);
            }
            (sum, size) = (sum + block.y, size + block.size);
        }
        best.0
    }
}

/// Neighbouring steps put together: their mean, which counts as many as are present.
fn blocks(steps: &[(usize, f64, f64)], width: usize) -> Vec<Step> {
    let mut blocks: Vec<Step> = Vec::with_capacity(steps.len().min(2 * MOST_BLOCKS));
    let mut last = steps.first().map_or(0, |(place, ..)| place / width);
    let part = 1.0 / width as f64;
    for (place, y, _) in steps {
        let at = place / width;
        match blocks.last_mut().filter(|_| at == last) {
            Some(block) => (block.size, block.y) = (block.size + part, block.y + part * y),
            None => blocks.push(Step { gap: at - last, size: part, y: part * y }),
        }
        last = at;
    }
    blocks
}
