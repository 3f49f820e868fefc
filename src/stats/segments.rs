//! One number per step: the mean from a step on, when the noise is correlated and there are few steps.
//!
//! The model: one mean before a start and one from it on (start 0: one mean), and noise that is an autoregression of order
//! one with unknown correlation and variance. For a given correlation the means are estimated by generalised least
//! squares, and the distance of the last one from a limit, over its standard error, is exactly Student's t. The
//! correlation is unknown, so the tail probabilities are averaged over it, by restricted likelihood (Patterson and
//! Thompson 1971) times a prior. The prior comes from real services ([`Correlation`]).
//!
//! A level that moves at the start is no noise here: the fit has a mean on either side. That is what a variance about one
//! constant level cannot do. Missing steps keep their place: the correlation over a gap of d steps is that of one step to
//! the power d. The sums below hold everything that a fit needs, so that each correlation costs no further pass.

use super::tail::{ln_t_upper, z_from_ln_upper};
use super::Direction;

/// Correlations that are weighed, from zero on.
const NODES: usize = 14;
/// The distance between two of them on the scale of atanh, where each inflates the variance of a long mean by the same
/// factor beside the one before: from 0 to 0.96.
const SPACING: f64 = 0.15;
/// The correlation at which the prior ends.
const END: f64 = 0.98;
/// A correlation that is less likely than this, relative to all, is left out.
const NEGLIGIBLE: f64 = 1e-10;
/// What is believed of the correlation of neighbouring steps before any data: none with a chance of `none`, else
/// Beta(1, `b`), scaled to end at 0.98. Of real services (`fixtures/reference/noise.toml`) about two thirds of the windows
/// have none; what is believed here is more cautious.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// The chance that steps do not hang together.
    pub none: f64,
    /// One is uniform; the larger, the nearer to zero.
    pub b: f64,
}

impl Default for Correlation {
    fn default() -> Self {
        Correlation { none: 0.5, b: 1.5 }
    }
}

impl Correlation {
    /// Each correlation with the logarithm of its weight.
    fn nodes(self) -> [(f64, f64); NODES] {
        // the density of the correlation, and how much of it a node stands for
        let density = |phi: f64| (1.0 - phi / END).powf(self.b - 1.0) * (1.0 - phi * phi);
        let phi = |i: usize| (SPACING * i as f64).tanh();
        let share = |i: usize| if i == 0 { 0.5 * density(0.0) } else { density(phi(i)) };
        let all: f64 = (0..NODES).map(share).sum();
        std::array::from_fn(|i| {
            let none = if i == 0 { self.none } else { 0.0 };
            (phi(i), (none + (1.0 - self.none) * share(i) / all).ln())
        })
    }
}

/// The sums over the pairs of neighbouring steps that are so many steps apart.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs {
    distance: usize,
    n: f64,
    before: f64,
    after: f64,
    before_squared: f64,
    after_squared: f64,
    product: f64,
}

impl Pairs {
    fn of(distance: usize, before: f64, after: f64) -> Pairs {
        let (before_squared, after_squared) = (before * before, after * after);
        Pairs { distance, n: 1.0, before, after, before_squared, after_squared, product: before * after }
    }

    fn add(&mut self, other: &Pairs) {
        self.n += other.n;
        self.before += other.before;
        self.after += other.after;
        self.before_squared += other.before_squared;
        self.after_squared += other.after_squared;
        self.product += other.product;
    }
}

/// A stretch of steps in time.
#[derive(Clone, Debug, Default)]
struct Stretch {
    len: usize,
    /// The place and the number of its first and last step.
    first: (usize, f64),
    last: (usize, f64),
    pairs: Vec<Pairs>,
}

/// The whitened sums of a stretch for one correlation: of the regressor's squares, its products with the numbers, and
/// the numbers' squares, with the logarithm of the determinant.
#[derive(Clone, Copy, Default)]
struct Whitened {
    xx: f64,
    xy: f64,
    yy: f64,
    ln_det: f64,
}

/// Longer gaps correlate like this one.
const LONGEST_GAP: usize = 64;

impl Stretch {
    fn push(&mut self, place: usize, y: f64) {
        if self.len == 0 {
            self.first = (place, y);
        } else {
            self.pair(&Pairs::of((place - self.last.0).min(LONGEST_GAP), self.last.1, y));
        }
        self.last = (place, y);
        self.len += 1;
    }

    fn pair(&mut self, more: &Pairs) {
        match self.pairs.iter_mut().find(|pairs| pairs.distance == more.distance) {
            Some(pairs) => pairs.add(more),
            None => self.pairs.push(*more),
        }
    }

    fn joint(&self, next: &Stretch) -> Pairs {
        Pairs::of((next.first.0 - self.last.0).min(LONGEST_GAP), self.last.1, next.first.1)
    }

    /// All steps but the first.
    fn whitened(&self, phi: f64) -> Whitened {
        let mut sums = Whitened::default();
        for pairs in &self.pairs {
            let q = phi.powi(pairs.distance as i32);
            let rest = 1.0 - q * q;
            sums.xx += pairs.n * (1.0 - q) * (1.0 - q) / rest;
            sums.xy += (1.0 - q) * (pairs.after - q * pairs.before) / rest;
            sums.yy += (pairs.after_squared - 2.0 * q * pairs.product + q * q * pairs.before_squared) / rest;
            sums.ln_det += pairs.n * rest.ln();
        }
        sums
    }

    /// All steps, if nothing is before them.
    fn whole(&self, phi: f64) -> Whitened {
        let rest = self.whitened(phi);
        let y = self.first.1;
        Whitened { xx: rest.xx + 1.0, xy: rest.xy + y, yy: rest.yy + y * y, ..rest }
    }
}

/// The last mean at one correlation.
#[derive(Clone, Copy)]
struct Estimate {
    mean: f64,
    /// Its variance in units of a step's.
    variance: f64,
    /// The sum of squares about the means.
    squares: f64,
    /// The logarithms of the determinants that the restricted likelihood takes.
    ln_det: f64,
}

fn one_mean(stretch: &Stretch, phi: f64) -> Estimate {
    let sums = stretch.whole(phi);
    Estimate {
        mean: sums.xy / sums.xx,
        variance: 1.0 / sums.xx,
        squares: sums.yy - sums.xy * sums.xy / sums.xx,
        ln_det: sums.ln_det + sums.xx.ln(),
    }
}

fn two_means(before: &Stretch, after: &Stretch, phi: f64) -> Estimate {
    let joint = before.joint(after);
    let q = phi.powi(joint.distance as i32);
    let rest = 1.0 - q * q;
    let step = joint.after - q * joint.before;
    let (a, b) = (before.whole(phi), after.whitened(phi));
    let (xx, xz, zz) = (a.xx + q * q / rest, -q / rest, b.xx + 1.0 / rest);
    let (xy, zy) = (a.xy - q * step / rest, b.xy + step / rest);
    let yy = a.yy + b.yy + step * step / rest;
    let det = xx * zz - xz * xz;
    let (first, last) = ((xy * zz - zy * xz) / det, (zy * xx - xy * xz) / det);
    Estimate {
        mean: last,
        variance: xx / det,
        squares: yy - first * xy - last * zy,
        ln_det: a.ln_det + b.ln_det + rest.ln() + det.ln(),
    }
}

/// The mean from a start on (less the mean of another arm), as a mixture of Student's t over the correlation.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The weight of each correlation, its estimate and the standard error of that.
    nodes: Vec<(f64, f64, f64)>,
    /// The degrees of freedom.
    pub dof: f64,
}

impl Fit {
    /// From each correlation's logarithmic prior and estimate, and the least variance that a step has.
    fn of(nodes: impl Iterator<Item = (f64, Estimate)>, dof: usize, floor: f64) -> Option<Fit> {
        let dof = dof as f64;
        if dof < 1.0 {
            return None;
        }
        let mut fits = Vec::with_capacity(NODES);
        for (ln_prior, at) in nodes {
            let squares = at.squares.max(floor.max(0.0) * dof).max(f64::MIN_POSITIVE);
            let ln_weight = ln_prior - 0.5 * at.ln_det - 0.5 * dof * squares.ln();
            fits.push((ln_weight, at.mean, (squares / dof * at.variance).sqrt()));
        }
        let most = fits.iter().map(|fit| fit.0).fold(f64::NEG_INFINITY, f64::max);
        fits.iter_mut().for_each(|fit| fit.0 = (fit.0 - most).exp());
        fits.retain(|fit| fit.0 > NEGLIGIBLE);
        let all: f64 = fits.iter().map(|fit| fit.0).sum();
        fits.iter_mut().for_each(|fit| fit.0 /= all);
        let sound = fits.iter().all(|(weight, mean, error)| (weight * mean * error).is_finite());
        (sound && !fits.is_empty()).then_some(Fit { nodes: fits, dof })
    }

    /// Evidence that the mean lies above (or below) a limit.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        if limit.is_nan() {
            return 0.0;
        }
        let sign = if direction == Direction::Above { 1.0 } else { -1.0 };
        let t = |mean: f64, error: f64| sign * (mean - limit) / error;
        let towards = self.nodes.iter().map(|(weight, mean, error)| weight * t(*mean, *error)).sum::<f64>();
        // the smaller tail has the digits
        let side = if towards >= 0.0 { 1.0 } else { -1.0 };
        let ln_p = |(weight, mean, error): &(f64, f64, f64)| weight.ln() + ln_t_upper(side * t(*mean, *error), self.dof);
        let z = z_from_ln_upper(ln_sum_exp(self.nodes.iter().map(ln_p)).min(0.0));
        if z.is_nan() { 0.0 } else { side * z }
    }

    /// The estimate, averaged over the correlations.
    pub fn estimate(&self) -> f64 {
        self.nodes.iter().map(|(weight, mean, _)| weight * mean).sum()
    }

    /// Its standard error, averaged likewise.
    pub fn error(&self) -> f64 {
        self.nodes.iter().map(|(weight, _, error)| weight * error).sum()
    }
}

fn ln_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + values.map(|v| (v - largest).exp()).sum::<f64>().ln()
}

/// One arm's numbers in time, cut at the starts that are asked about.
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

    /// The numbers from a place on.
    fn since(&self, start: usize) -> &[(usize, f64)] {
        &self.steps[self.steps.partition_point(|(place, _)| *place < start)..]
    }

    /// The variance of a number, by successive differences (von Neumann 1941): about right for independent numbers, and too
    /// small for those that hang together.
    pub fn least_variance(&self) -> f64 {
        let squares: f64 = self.steps.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2)).sum();
        0.5 * squares / (self.len().max(2) - 1) as f64
    }

    /// The number of steps from a place on, and their mean.
    pub fn mean_since(&self, start: usize) -> Option<(f64, f64)> {
        let later = self.since(start);
        let n = later.len() as f64;
        (n > 0.0).then(|| (n, self.centre + later.iter().map(|(_, v)| v).sum::<f64>() / n))
    }

    /// The numbers, the farthest in a direction from a place on as far as the second: one step alone carries nothing.
    pub fn tamed(&self, start: usize, direction: Direction) -> Course {
        let sign = if direction == Direction::Above { 1.0 } else { -1.0 };
        let mut tamed = self.clone();
        let from = self.len() - self.since(start).len();
        let later = &mut tamed.steps[from..];
        let order = |a: &(usize, f64), b: &(usize, f64)| (sign * a.1).total_cmp(&(sign * b.1));
        let farthest = later.iter().enumerate().max_by(|a, b| order(a.1, b.1)).map(|(i, _)| i);
        if let Some(i) = farthest {
            let others = later.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, step)| *step);
            if let Some((_, second)) = others.max_by(|a, b| order(a, b)) {
                later[i].1 = second;
            }
        }
        tamed
    }

    fn stretch(steps: &[(usize, f64)]) -> Stretch {
        let mut stretch = Stretch::default();
        steps.iter().for_each(|(place, v)| stretch.push(*place, *v));
        stretch
    }

    /// The mean from a place on, less the mean of `against` if there is another arm. Nothing without a degree of freedom.
    pub fn fit(&self, start: usize, against: Option<&Course>, prior: Correlation, floor: f64) -> Option<Fit> {
        let cut = self.len() - self.since(start).len();
        let (before, after) = (Self::stretch(&self.steps[..cut]), Self::stretch(&self.steps[cut..]));
        let other = against.map(|other| Self::stretch(&other.steps));
        if after.len == 0 || other.as_ref().is_some_and(|other| other.len == 0) {
            return None;
        }
        let offset = self.centre - against.map_or(0.0, |other| other.centre);
        let means = 1 + usize::from(before.len > 0) + usize::from(other.is_some());
        let numbers = self.len() + against.map_or(0, Course::len);
        let at = |phi: f64| {
            let mut own = match before.len {
                0 => one_mean(&after, phi),
                _ => two_means(&before, &after, phi),
            };
            own.mean += offset;
            match &other {
                Some(other) => {
                    let other = one_mean(other, phi);
                    Estimate {
                        mean: own.mean - other.mean,
                        variance: own.variance + other.variance,
                        squares: own.squares + other.squares,
                        ln_det: own.ln_det + other.ln_det,
                    }
                }
                None => own,
            }
        };
        let nodes = prior.nodes().into_iter().map(|(phi, ln_prior)| (ln_prior, at(phi)));
        Fit::of(nodes, numbers.saturating_sub(means), floor)
    }
}
