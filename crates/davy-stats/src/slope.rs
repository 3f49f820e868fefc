//! How steeply one number per step rises, and what that shows beside noise that hangs together.
//!
//! The slope is the median of the slopes of all pairs of steps (Theil 1950; Sen 1968). The evidence about a limit is Kendall's
//! sum over all pairs: the sign of what is left of the later step less the earlier one, with the limit's line taken off. By
//! its projection (Hoeffding 1948) this sum is one of weighted ranks, `Σ w_t (2 F(e_t) − 1)`, with the steps before `t`
//! less those after it as weights. So its variance is that of independent numbers (Kendall 1938) times what the
//! correlation of the ranks makes of it. Two estimates are kept, and users take the weaker evidence:
//!
//! - an autoregression of the residuals' ranks, made pessimistic by its bias about a fitted line (Orcutt and Winokur 1969) and
//!   by one standard error, with the exact variance of the weighted sum. Hamed and Rao (1998) correct Kendall's test likewise;
//! - the cosines of the ranks (Sun 2011), without the slowest, which a fitted line takes away.
//!
//! Neither is taken below the variance of independent numbers. Where a random walk is not ruled out, the mean of the
//! increments must show the same (the pretest of Perron and Yabu 2009). Rounding puts a floor under the noise.
//!
//! A level that jumps is no slope. Numbers that fall back, after a collection or a restart, are taken between the jumps as well as
//! across them, and both must show what is said. So a sawtooth or a step is no rise, and a leak that a restart resets
//! is no level that stands still. The slope of the later half must lie on the same side of the limit: what settles is
//! no rise that goes on, and what begins to rise is no level that stands still. Where jumps are usual, as a sawtooth that two
//! arms have, they are noise of all pairs, and the slope between them must only lie on the same side.

use std::sync::OnceLock;

use super::longrun::{COSINES_SERIES, LongRun, StepSum, step_sum};
use super::quantile::quantile;
use super::steps::{median, middle};
use super::tail::t_to_z;
use super::{Direction, crossing, defined};

/// The fewest numbers that tell a slope.
pub const LEAST: usize = 12;
/// More steps than this are averaged side by side first: all pairs of them are looked at.
const MOST: usize = 720;
/// The fewest numbers between two jumps that tell a slope there.
const LEAST_BETWEEN: usize = 4;
/// The largest correlation from step to step that an autoregression is believed to have.
const LONGEST: f64 = 0.97;
/// By so many standard errors a correlation must lie below one to rule out a random walk.
const CLEARLY: f64 = 2.0;
/// How much of a stride an end of an interval may be off.
const RESOLUTION: f64 = 1e-6;
/// An end is not looked for farther away than so many strides.
const FARTHEST: f64 = 1e6;

/// The slope of one number per step, with its evidence.
#[derive(Clone, Debug)]
pub struct Slope {
    whole: Fit,
    /// The same of pairs without a jump between them, where there are jumps: nothing where too few steps are left.
    within: Option<Option<Fit>>,
    /// The slope of the later half, where there are pairs that tell it.
    later: Option<f64>,
    /// Whether jumps are usual.
    are_usual: bool,
}

/// Where a level jumps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jumps {
    /// The steps at which a new stretch begins.
    pub at: Vec<usize>,
    /// Whether they come again and again, as those of a sawtooth.
    pub are_usual: bool,
}

impl Slope {
    /// Of the numbers that are present and finite, in units per step. A number has a variance of at least `floor`. Nothing for
    /// fewer than [`LEAST`] numbers.
    pub fn new(y: &[Option<f64>], jumps: &Jumps, floor: f64) -> Option<Slope> {
        let Jumps { at: jumps, are_usual } = jumps;
        let stretch = |at: usize| jumps.iter().filter(|jump| **jump <= at).count();
        let points: Vec<Point> = y
            .iter()
            .enumerate()
            .filter_map(|(at, y)| Some(Point { x: at as f64, y: y.filter(|y| y.is_finite())?, stretch: stretch(at) }))
            .collect();
        if points.len() < LEAST {
            return None;
        }
        let points = averaged(&points);
        let all: Vec<Point> = points.iter().map(|p| Point { stretch: 0, ..*p }).collect();
        let whole = Fit::of(&all, floor)?;
        let within = (!jumps.is_empty()).then(|| {
            let long = |p: &&Point| points.iter().filter(|q| q.stretch == p.stretch).count() >= LEAST_BETWEEN;
            let long: Vec<Point> = points.iter().filter(long).copied().collect();
            if long.len() < LEAST { None } else { Fit::of(&long, floor) }
        });
        let (_, later) = if *are_usual { &all } else { &points }.split_at(points.len() / 2);
        Some(Slope { whole, within, later: middle(&mut slopes(later)), are_usual: *are_usual })
    }

    /// The slope of all steps.
    pub fn estimate(&self) -> f64 {
        self.whole.slope
    }

    /// The slope between the jumps, where there are jumps and enough steps between them.
    pub fn between_jumps(&self) -> Option<f64> {
        self.within.as_ref()?.as_ref().map(|fit| fit.slope)
    }

    /// Evidence that the slope is above (or below) a limit, across the jumps and between them.
    pub fn z(&self, limit: f64, direction: Direction) -> f64 {
        let sign = direction.sign();
        let whole = sign * self.whole.above(limit);
        let z = match &self.within {
            Some(Some(fit)) if !self.are_usual => whole.min(sign * fit.above(limit)),
            Some(None) if !self.are_usual => whole.min(0.0),
            _ => whole,
        };
        let beside = [self.later, self.between_jumps().filter(|_| self.are_usual)];
        let agree = beside.into_iter().flatten().all(|slope| sign * (slope - limit) > 0.0);
        if agree { z } else { z.min(0.0) }
    }

    /// The limit up to which the numbers are evidence of more, or down to which they are evidence of less.
    pub fn end(&self, critical: f64, direction: Direction) -> f64 {
        let outwards = -direction.sign();
        let stride = self.whole.stride();
        let slopes = [Some(self.whole.slope), self.between_jumps(), self.later].into_iter().flatten();
        let centre = slopes.reduce(|a, b| if outwards > 0.0 { a.max(b) } else { a.min(b) }).unwrap_or(0.0);
        let farthest = centre + outwards * FARTHEST * stride;
        let excess = |limit: f64| self.z(limit, direction) - critical;
        let end = crossing::nearest_rejected(centre, stride, RESOLUTION, farthest, excess);
        end.filter(|end| end.is_finite()).unwrap_or(outwards * f64::INFINITY)
    }
}

/// A number at its step.
#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    y: f64,
    /// Which stretch between jumps it lies in.
    stretch: usize,
}

/// At most [`MOST`] points: neighbours of one stretch side by side are averaged.
fn averaged(points: &[Point]) -> Vec<Point> {
    let many = points.len().div_ceil(MOST);
    if many < 2 {
        return points.to_vec();
    }
    let mean = |part: &[Point], of: fn(&Point) -> f64| part.iter().map(of).sum::<f64>() / part.len() as f64;
    points
        .chunk_by(|a, b| a.stretch == b.stretch)
        .flat_map(|stretch| stretch.chunks(many))
        .map(|part| Point { x: mean(part, |p| p.x), y: mean(part, |p| p.y), stretch: part[0].stretch })
        .collect()
}

/// The slopes of all pairs of points in one stretch, and how uncertain Kendall's sum of them is.
#[derive(Clone, Debug)]
struct Fit {
    pairs: Pairs,
    slope: f64,
    /// Kendall's sum of noise, by two estimates.
    noise: [LongRun; 2],
    /// The standard error that rounding alone gives to a slope.
    rounding: f64,
    /// The increments, where a random walk is not ruled out: their mean, with the variance of that.
    walk: Option<(f64, LongRun)>,
}

impl Fit {
    fn of(points: &[Point], floor: f64) -> Option<Fit> {
        let mut slopes = slopes(points);
        let slope = middle(&mut slopes).filter(|slope| slope.is_finite())?;
        let ranks = Ranks::about(points, slope);
        let middle = points.iter().map(|p| p.x).sum::<f64>() / points.len() as f64;
        let spread: f64 = points.iter().map(|p| (p.x - middle) * (p.x - middle)).sum();
        let rounding = (floor.max(0.0) / spread).sqrt();
        let walk = if ranks.may_walk() { increments(points, floor) } else { None };
        let pairs = Pairs { slopes, sorted: OnceLock::new() };
        Some(Fit { pairs, slope, noise: [ranks.autoregressive(), ranks.cosines()], rounding, walk })
    }

    /// The evidence that the slope lies above a limit; negative for evidence that it lies below.
    fn above(&self, limit: f64) -> f64 {
        let (less, more) = self.pairs.beside(limit);
        let sum = more as f64 - less as f64;
        let over = |excess: f64, noise: &LongRun| t_to_z(excess / noise.variance.sqrt(), noise.dof);
        let by_pairs = self.noise.iter().map(|noise| over(sum, noise));
        let by_walk = self.walk.iter().map(|(mean, noise)| over(mean - limit, noise));
        let by_rounding = if self.rounding > 0.0 { (self.slope - limit) / self.rounding } else { sum * f64::INFINITY };
        let sign = sum.signum();
        let weakest = by_pairs.chain(by_walk).chain([by_rounding]).map(|z| sign * z).fold(f64::INFINITY, f64::min);
        if sum == 0.0 { 0.0 } else { defined(sign * weakest.max(0.0)) }
    }

    /// A step of a search for an end of the interval.
    fn stride(&self) -> f64 {
        let slopes = self.pairs.sorted();
        let range = quantile(slopes, 0.75).zip(quantile(slopes, 0.25)).map_or(0.0, |(a, b)| a - b);
        let walk = self.walk.map_or(0.0, |(_, noise)| noise.variance.sqrt());
        f64::max(range / 10.0, self.rounding).max(walk).max(1e-12 * self.slope.abs())
    }
}

/// The slopes of all pairs of points. One limit is held against them as they are; a search for the end of an interval holds
/// dozens, for which they are sorted.
#[derive(Clone, Debug)]
struct Pairs {
    slopes: Vec<f64>,
    sorted: OnceLock<Vec<f64>>,
}

impl Pairs {
    fn sorted(&self) -> &[f64] {
        self.sorted.get_or_init(|| {
            let mut slopes = self.slopes.clone();
            slopes.sort_unstable_by(f64::total_cmp);
            slopes
        })
    }

    /// How many slopes are less than a limit, and how many more.
    fn beside(&self, limit: f64) -> (usize, usize) {
        match self.sorted.get() {
            Some(slopes) => {
                let more = slopes.len() - slopes.partition_point(|slope| *slope <= limit);
                (slopes.partition_point(|slope| *slope < limit), more)
            }
            None => {
                let count = |is: fn(&f64, &f64) -> bool| self.slopes.iter().filter(|slope| is(slope, &limit)).count();
                (count(f64::lt), count(f64::gt))
            }
        }
    }
}

/// The slopes of all pairs that lie in one stretch.
fn slopes(points: &[Point]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for (i, a) in points.iter().enumerate() {
        let later = points[i + 1..].iter().take_while(|b| b.stretch == a.stretch);
        slopes.extend(later.map(|b| (b.y - a.y) / (b.x - a.x)));
    }
    slopes
}

/// The ranks of the residuals between −1 and 1, with their weights in Kendall's sum.
struct Ranks {
    x: Vec<f64>,
    stretch: Vec<usize>,
    rank: Vec<f64>,
    weight: Vec<f64>,
    /// How far neighbours are apart as a rule.
    distance: f64,
    /// How many stretches there are, each with a level of its own.
    stretches: f64,
    /// The variance of Kendall's sum if steps were independent, over that of its projection.
    small: f64,
}

impl Ranks {
    fn about(points: &[Point], slope: f64) -> Ranks {
        let mut residual = Vec::with_capacity(points.len());
        let (mut weight, mut exact, mut projected, mut stretches) = (Vec::new(), 0.0, 0.0, 0.0);
        for part in points.chunk_by(|a, b| a.stretch == b.stretch) {
            let rest: Vec<f64> = part.iter().map(|p| p.y - slope * p.x).collect();
            let level = median(&rest).unwrap_or(0.0);
            residual.extend(rest.iter().map(|rest| rest - level));
            let n = part.len() as f64;
            weight.extend((0..part.len()).map(|at| 2.0 * at as f64 - (n - 1.0)));
            exact += n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
            projected += n * (n * n - 1.0) / 9.0;
            stretches += 1.0;
        }
        let rank = ranks(&residual);
        let (x, stretch): (Vec<f64>, _) = points.iter().map(|p| (p.x, p.stretch)).unzip();
        let distance = median(&x.windows(2).map(|x| x[1] - x[0]).collect::<Vec<_>>()).unwrap_or(1.0);
        Ranks { x, stretch, rank, weight, distance, stretches, small: exact / projected }
    }

    fn len(&self) -> f64 {
        self.x.len() as f64
    }

    /// The variance of Kendall's sum of independent numbers.
    fn independent(&self) -> f64 {
        self.weight.iter().map(|w| w * w).sum::<f64>() / 3.0 * self.small
    }

    /// The correlation of neighbours without its bias, and its standard error. Neighbours are one typical distance apart.
    fn correlation(&self) -> (f64, f64) {
        let far = 1.5 * self.distance;
        let next = |at: &usize| self.stretch[*at] == self.stretch[at + 1] && self.x[at + 1] - self.x[*at] < far;
        let pairs: Vec<usize> = (0..self.x.len() - 1).filter(next).collect();
        let squares = self.rank.iter().map(|u| u * u).sum::<f64>() / self.len();
        let beside: f64 = pairs.iter().map(|at| self.rank[*at] * self.rank[at + 1]).sum();
        let pairs = pairs.len() as f64;
        let r = if squares > 0.0 { (beside / pairs.max(1.0) / squares).clamp(-0.99, 0.99) } else { 0.0 };
        let bias = (2.0 + 4.0 * r) * self.stretches / self.len().max(4.0);
        (r + bias, ((1.0 - r * r).max(0.05) / pairs.max(4.0)).sqrt())
    }

    fn may_walk(&self) -> bool {
        let (r, error) = self.correlation();
        r + CLEARLY * error >= 1.0
    }

    fn autoregressive(&self) -> LongRun {
        let (r, error) = self.correlation();
        let phi = (r + error).clamp(0.0, LONGEST).powf(1.0 / self.distance);
        let (mut sum, mut before) = (0.0, 0.0);
        for at in 0..self.x.len() {
            if at > 0 {
                before = phi.powf(self.x[at] - self.x[at - 1]) * (before + self.weight[at - 1]);
            }
            sum += self.weight[at] * (self.weight[at] + 2.0 * before);
        }
        let variance = (sum / 3.0 * self.small).max(self.independent());
        LongRun { variance, dof: (self.len() - 1.0 - self.stretches).max(1.0) }
    }

    fn cosines(&self) -> LongRun {
        let count = (COSINES_SERIES * self.len().powf(2.0 / 3.0)).round_ties_even().max(1.0) as usize;
        let first = self.x.first().copied().unwrap_or(0.0);
        let slots = self.x.last().map_or(0.0, |last| last - first) + self.distance;
        let angle = |x: f64| std::f64::consts::PI * (x - first + 0.5 * self.distance) / slots;
        let slowest = 1 + self.stretches as usize;
        let wave = |k: usize| self.x.iter().zip(&self.rank).map(|(x, u)| u * (k as f64 * angle(*x)).cos()).sum::<f64>();
        let squares = (slowest..slowest + count).map(|k| wave(k) * wave(k)).sum::<f64>() / count as f64;
        let lasting = 2.0 / self.len() * squares;
        let variance = lasting * self.weight.iter().map(|w| w * w).sum::<f64>() * self.small;
        LongRun { variance: variance.max(self.independent()), dof: count as f64 }
    }
}

/// The ranks of numbers between −1 and 1, equal ones in the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for same in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = (2 * below + same.len()) as f64 / values.len() as f64 - 1.0;
        same.iter().for_each(|at| ranks[*at] = rank);
        below += same.len();
    }
    ranks
}

/// The mean rise from one point to the next per step, with its variance.
fn increments(points: &[Point], floor: f64) -> Option<(f64, LongRun)> {
    let rises = points.windows(2).map(|p| {
        let same = p[0].stretch == p[1].stretch;
        same.then(|| (p[1].y - p[0].y) / (p[1].x - p[0].x))
    });
    let StepSum { sum, n, cosines, .. } = step_sum(&rises.collect::<Vec<_>>(), COSINES_SERIES);
    let count = n as f64;
    let variance = cosines.variance.max(2.0 * floor) / (count * count);
    (n >= 2).then_some((sum / count, LongRun { variance, ..cosines }))
}

/// What is left of numbers beside a line by least squares, so that a rise is no range of theirs.
fn beside_a_line(points: &[(usize, f64)]) -> impl Iterator<Item = f64> + '_ {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 as f64 / n, y + p.1 / n));
    let (both, squares) = points.iter().fold((0.0, 0.0), |(both, squares), p| {
        let apart = p.0 as f64 - x;
        (both + apart * (p.1 - y), squares + apart * apart)
    });
    let slope = if squares > 0.0 { both / squares } else { 0.0 };
    points.iter().map(move |p| p.1 - y - slope * (p.0 as f64 - x))
}

/// A jump is so many times as large as increments usually are.
const JUMP: f64 = 5.0;
/// A jump is at least this part of the range of all numbers beside a line.
const LARGE: f64 = 0.25;
/// So many numbers on either side tell whether a level has moved.
const BESIDE: usize = 3;
/// What turns the median distance from the median into a standard deviation, for normal numbers.
const DEVIATION: f64 = 1.4826;

/// The steps at which a level jumps: far beyond what it usually does from one step to the next, by a good part of its range, and
/// to stay there for some steps. A stray number is no jump.
pub fn jumps(y: &[Option<f64>]) -> Vec<usize> {
    let points: Vec<(usize, f64)> =
        y.iter().enumerate().filter_map(|(at, y)| Some((at, y.filter(|y| y.is_finite())?))).collect();
    if points.len() < LEAST {
        return Vec::new();
    }
    let values: Vec<f64> = points.iter().map(|p| p.1).collect();
    let rises: Vec<f64> = values.windows(2).map(|v| v[1] - v[0]).collect();
    let usual = median(&rises).unwrap_or(0.0);
    let apart: Vec<f64> = rises.iter().map(|rise| (rise - usual).abs()).collect();
    let deviation = DEVIATION * median(&apart).unwrap_or(0.0);
    let (low, high) = beside_a_line(&points).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let least = (JUMP * deviation).max(LARGE * (high - low));
    let has_moved = |at: usize| {
        let side = |part: &[f64]| median(part).unwrap_or(0.0);
        let before = side(&values[at.saturating_sub(BESIDE)..at]);
        let after = side(&values[at..(at + BESIDE).min(values.len())]);
        let rise = rises[at - 1] - usual;
        (after - before) / rise >= 0.5
    };
    let is_jump = |at: &usize| (rises[at - 1] - usual).abs() > least && has_moved(*at);
    (1..values.len()).filter(is_jump).map(|at| points[at].0).collect()
}
