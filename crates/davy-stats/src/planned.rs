//! Planned looks: how strong evidence must be at each of several looks at the same growing data.
//!
//! A test repeated at every look is wrong far more often than it says. If the looks lie on a known course, the chance
//! of a false alarm can be spent along it: after a fraction f of the course the part f of it (Lan and DeMets 1983; linear
//! in the power family of Kim and DeMets 1987, so that what is bad from the start is found early). The boundary of a look is the z that a Brownian path without drift, not
//! having crossed before, crosses with the probability that the look may spend. Looks may be skipped or added: only the
//! fractions already used matter.

use std::collections::BTreeMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::normal::{normal_upper, z_from_ln_upper};

/// Standard deviations below zero at which a path is given up.
const REACH: f64 = 8.0;
/// Standard deviations about the likeliest way between two looks that are followed.
const WIDTH: f64 = 7.5;
/// Points per standard deviation of the shortest way that starts or ends on a grid.
const FINENESS: f64 = 6.0;
/// A look that adds less than this part of its own fraction is none: what it would spend is left to the next.
const LEAST_ADVANCE: f64 = 5e-5;
/// A probability too small to spend.
const NOTHING: f64 = 1e-280;
/// Schedules that are remembered.
const REMEMBERED: usize = 256;

/// The part of a one-sided `alpha` that is spent at a fraction of the course; all of it from the end on.
pub fn spent(alpha: f64, fraction: f64) -> f64 {
    alpha * fraction.clamp(0.0, 1.0)
}

/// The z that evidence must reach at each look, in order, for a one-sided `alpha` (at most a half).
///
/// `fractions` are those of the planned course at which looks are taken, increasing and in (0, 1]. Nothing can be spent
/// anywhere else (beyond the end, not after the look before, not a number): infinite.
/// Schedules are remembered, so that thousands of judgements of one cost no more than the first.
pub fn boundary(fractions: &[f64], alpha: f64) -> Vec<f64> {
    static KNOWN: LazyLock<RwLock<BTreeMap<Vec<u64>, Vec<f64>>>> = LazyLock::new(RwLock::default);
    let key: Vec<u64> = std::iter::once(&alpha).chain(fractions).map(|v| v.to_bits()).collect();
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    known.unwrap_or_else(|| {
        let computed = compute_boundary(fractions, alpha);
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, computed.clone());
        computed
    })
}

/// As [`boundary`], without remembering.
pub fn compute_boundary(fractions: &[f64], alpha: f64) -> Vec<f64> {
    let mut bounds = vec![f64::INFINITY; fractions.len()];
    let alpha = if alpha > 0.5 { 0.5 } else { alpha };
    let looks = usable_looks(fractions, alpha);
    let mut paths: Option<Paths> = None;
    for (i, (slot, fraction)) in looks.iter().enumerate() {
        let before = i.checked_sub(1).map_or(0.0, |i| looks[i].1);
        let advance = Advance::new(before, *fraction);
        let to_spend = advance.to_spend(alpha);
        let top = match &paths {
            None => advance.root * z_from_ln_upper(to_spend.ln()),
            Some(paths) => paths.crossing(&advance, to_spend, (alpha, bounds[looks[i - 1].0])),
        };
        bounds[*slot] = top / advance.root;
        let Some((_, next)) = looks.get(i + 1) else { break };
        let spacing = spacing(advance.deviation.min(Advance::new(*fraction, *next).deviation));
        paths = Some(match &paths {
            None => Paths::first(&advance, top, spacing),
            Some(paths) => paths.further(&advance, top, spacing),
        });
    }
    bounds
}

/// The places and fractions of looks that can spend something.
fn usable_looks(fractions: &[f64], alpha: f64) -> Vec<(usize, f64)> {
    let mut looks: Vec<(usize, f64)> = Vec::new();
    let mut last = 0.0;
    for (slot, fraction) in fractions.iter().copied().enumerate() {
        let is_further = fraction - last >= LEAST_ADVANCE * fraction && fraction > last;
        if fraction <= 1.0 && is_further && Advance::new(last, fraction).to_spend(alpha) > NOTHING {
            looks.push((slot, fraction));
            last = fraction;
        }
    }
    looks
}

/// The largest power of two that resolves a deviation: grids of different looks then fit into each other.
fn spacing(deviation: f64) -> f64 {
    2_f64.powi((deviation / FINENESS).log2().floor() as i32)
}

/// From one look to the next.
struct Advance {
    from: f64,
    to: f64,
    /// The standard deviation of a path at the later look.
    root: f64,
    /// The standard deviation of what is added on the way.
    deviation: f64,
}

impl Advance {
    fn new(from: f64, to: f64) -> Advance {
        Advance { from, to, root: to.sqrt(), deviation: (to - from).sqrt() }
    }

    fn to_spend(&self, alpha: f64) -> f64 {
        spent(alpha, self.to) - spent(alpha, self.from)
    }

    /// How far apart the ends of a likely way can be, if paths were below `before` and are below `top`.
    fn width(&self, before: f64, top: f64) -> f64 {
        let drift = f64::max(REACH * self.root, top) * ((self.to - self.from) / self.to);
        WIDTH * self.deviation + drift.max(top - before)
    }
}

/// Paths that have not crossed yet, by their value at the last look, on a grid that hangs from the boundary.
struct Paths {
    top: f64,
    spacing: f64,
    /// Density times weight at `top`, `top` − `spacing`, …
    mass: Vec<f64>,
}

impl Paths {
    fn first(advance: &Advance, top: f64, spacing: f64) -> Paths {
        let scale = 1.0 / (std::f64::consts::TAU.sqrt() * advance.root);
        let density = |i| {
            let z = (top - i as f64 * spacing) / advance.root;
            scale * (-0.5 * z * z).exp()
        };
        Paths::weighted((0..points(advance, top, spacing)).map(density).collect(), top, spacing)
    }

    /// The paths at the next look, if they may not exceed `top` there.
    fn further(&self, advance: &Advance, top: f64, spacing: f64) -> Paths {
        let fine = spacing.min(self.spacing);
        let (offset, width) = (top - self.top, advance.width(self.top, top));
        let scale = 1.0 / (std::f64::consts::TAU.sqrt() * advance.deviation);
        let kernel = |way: f64| {
            let z = way / advance.deviation;
            scale * (-0.5 * z * z).exp()
        };
        let points = points(advance, top, spacing);
        if 2.0 * width / fine > (points * self.mass.len()) as f64 {
            // grids so different share too few ways for a table of them
            let from = |i: usize| offset - i as f64 * spacing;
            let way = |i: usize, j: usize| kernel(from(i) + j as f64 * self.spacing);
            let density = |i| self.mass.iter().enumerate().map(|(j, mass)| mass * way(i, j)).sum();
            return Paths::weighted((0..points).map(density).collect(), top, spacing);
        }
        let (stride, own_stride) = ((spacing / fine) as i64, (self.spacing / fine) as i64);
        // from the farthest way up to the farthest way down, in steps of the finer grid
        let (up, down) = (((offset + width) / fine).floor() as i64, ((offset - width) / fine).ceil() as i64);
        let kernel: Vec<f64> = (down..=up).rev().map(|steps| kernel(offset - steps as f64 * fine)).collect();
        let density = |i: usize| {
            let place = i as i64 * stride;
            let first = (place - up + own_stride - 1).div_euclid(own_stride).max(0);
            let last = (place - down).div_euclid(own_stride).min(self.mass.len() as i64 - 1);
            if last < first {
                return 0.0;
            }
            let mass = &self.mass[first as usize..=last as usize];
            let kernel = &kernel[(up - place + first * own_stride) as usize..];
            if own_stride == 1 { dot(mass, kernel) } else { sparse_dot(mass, kernel, own_stride as usize) }
        };
        Paths::weighted((0..points).map(density).collect(), top, spacing)
    }

    /// Gregory's rule: that of the trapezium, which is all but exact for a density that runs out, with the differences at
    /// the boundary where it is cut off.
    fn weighted(mut mass: Vec<f64>, top: f64, spacing: f64) -> Paths {
        const END: [f64; 7] = [
            1.0 / 12.0,
            1.0 / 24.0,
            19.0 / 720.0,
            3.0 / 160.0,
            863.0 / 60_480.0,
            275.0 / 24_192.0,
            33_953.0 / 3_628_800.0,
        ];
        let mut weights = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        for (order, coefficient) in (1..).zip(END) {
            let mut term = -coefficient;
            for (i, weight) in weights.iter_mut().enumerate().take(order + 1) {
                *weight += term;
                term *= -((order - i) as f64) / (i + 1) as f64;
            }
        }
        mass.iter_mut().zip(weights).for_each(|(mass, weight)| *mass *= weight);
        mass.iter_mut().for_each(|mass| *mass *= spacing);
        Paths { top, spacing, mass }
    }

    /// The value that paths exceed at the next look for the first time with probability `to_spend`: Newton's method on
    /// the logarithm of that probability, which is concave, between the answers for paths that crossed before all
    /// and not at all. The guess starts from `alpha` and the last look's boundary.
    fn crossing(&self, advance: &Advance, to_spend: f64, (alpha, bound): (f64, f64)) -> f64 {
        let at = |p: f64| advance.root * z_from_ln_upper(p.ln());
        let (mut low, mut high) = (at(spent(alpha, advance.to)), at(to_spend));
        let mut top = (bound * advance.root).clamp(low.min(high), high);
        for _ in 0..100 {
            let (probability, density) = self.exceeding(advance, top);
            let excess = (probability / to_spend).ln();
            if excess > 0.0 {
                low = top
            } else {
                high = top
            }
            let newton = top + excess * probability / density;
            let next = if newton >= low && newton <= high { newton } else { low + (high - low) / 2.0 };
            if next == top {
                break;
            }
            top = next;
            if excess.abs() <= 1e-8 {
                break;
            }
        }
        top
    }

    /// The probability of exceeding a value at the next look, and the density there.
    fn exceeding(&self, advance: &Advance, value: f64) -> (f64, f64) {
        let reach = (advance.width(self.top, value) + self.top - value) / self.spacing;
        let near = ((reach.max(0.0) + 1.0) as usize).min(self.mass.len());
        let (mut probability, mut density) = (0.0, 0.0);
        for (i, mass) in self.mass[..near].iter().enumerate() {
            let z = (value - self.top + i as f64 * self.spacing) / advance.deviation;
            probability += mass * normal_upper(z);
            density += mass * (-0.5 * z * z).exp();
        }
        (probability, density / (std::f64::consts::TAU.sqrt() * advance.deviation))
    }
}

/// Points of a grid from `top` down to where no path is.
fn points(advance: &Advance, top: f64, spacing: f64) -> usize {
    (((top + REACH * advance.root) / spacing).max(8.0) + 1.0) as usize
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 4;
    let mut lanes = [0.0; LANES];
    let b = &b[..a.len()];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

fn sparse_dot(a: &[f64], b: &[f64], stride: usize) -> f64 {
    a.iter().zip(b.iter().step_by(stride)).map(|(a, b)| a * b).sum()
}
