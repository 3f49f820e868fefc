//! How large evidence must be at each of several planned looks, so that all looks together err as seldom as one would.
//!
//! Lan and DeMets (1983): the chance of error is spent as information accumulates, `α·f^1.5` up to the fraction `f` (the
//! power family of Kim and DeMets 1987, between the boundaries of Pocock and of O'Brien and Fleming). At each look the
//! boundary is where a Brownian path that has crossed no earlier one crosses with just the chance that is to be spent
//! there. The path's density below the boundary is carried from look to look by Gauss–Legendre panels that end at the
//! boundary, where alone it is not smooth (Armitage, McPherson and Rowe 1969).
//!
//! Only the fractions matter, not what was seen: looks may be added or left out without harm.

use std::collections::BTreeMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::tail::{normal_upper, z_from_ln_upper};

/// The power with which the chance of error is spent.
const POWER: f64 = 1.5;

/// Looks closer than this, as a fraction, are one look.
const LEAST_GAP: f64 = 1e-4;

/// How many standard deviations below zero the density is followed.
const DEPTH: f64 = 8.5;

/// Beyond how many standard deviations of its increment a path does not come.
const BAND: f64 = 8.5;

/// A panel is as wide as so many standard deviations of the smallest increment.
const PANEL: f64 = 2.5;

/// Schedules that are remembered.
const MOST_REMEMBERED: usize = 4_096;

/// Nodes and weights of Gauss and Legendre on [0, 1].
const NODES: [(f64, f64); 8] = [
    (0.019_855_071_751_231_884, 0.050_614_268_145_188_13),
    (0.101_666_761_293_186_64, 0.111_190_517_226_687_23),
    (0.237_233_795_041_835_5, 0.156_853_322_938_943_65),
    (0.408_282_678_752_175_1, 0.181_341_891_689_181),
    (0.591_717_321_247_825, 0.181_341_891_689_181),
    (0.762_766_204_958_164_5, 0.156_853_322_938_943_65),
    (0.898_333_238_706_813_4, 0.111_190_517_226_687_23),
    (0.980_144_928_248_768_1, 0.050_614_268_145_188_13),
];

type Schedule = (Vec<u64>, u64);

static REMEMBERED: LazyLock<RwLock<BTreeMap<Schedule, Vec<f64>>>> = LazyLock::new(RwLock::default);

/// The standard normal value that evidence must reach at each look, at a chance of error of `alpha` over all of them, by
/// the fraction of the planned information (or time) that each look has; infinite where nothing can be spent: before
/// the beginning, after the end, and out of order. What was computed once is remembered.
pub fn boundary(fractions: &[f64], alpha: f64) -> Vec<f64> {
    let schedule = (fractions.iter().map(|f| f.to_bits()).collect(), alpha.to_bits());
    if let Some(known) = REMEMBERED.read().unwrap_or_else(PoisonError::into_inner).get(&schedule) {
        return known.clone();
    }
    let computed = compute(fractions, alpha);
    let mut remembered = REMEMBERED.write().unwrap_or_else(PoisonError::into_inner);
    if remembered.len() >= MOST_REMEMBERED {
        remembered.clear();
    }
    remembered.insert(schedule, computed.clone());
    computed
}

/// The chance of error that may be spent up to a fraction of the information.
pub fn spent(alpha: f64, fraction: f64) -> f64 {
    alpha * fraction.clamp(0.0, 1.0).powf(POWER)
}

/// As [`boundary`], without remembering it.
pub fn compute(fractions: &[f64], alpha: f64) -> Vec<f64> {
    let mut bounds = vec![f64::INFINITY; fractions.len()];
    if !(alpha > 0.0 && alpha < 1.0) {
        return bounds;
    }
    let looks = distinct(fractions);
    let increments = looks.iter().scan(0.0, |before, (_, f)| Some(f - std::mem::replace(before, *f)));
    let least = increments.fold(1.0, f64::min);
    let width = PANEL * least.sqrt();
    let mut path: Option<Path> = None;
    let mut unspent = 0.0;
    for (place, fraction) in &looks {
        let before = path.as_ref().map_or(0.0, |path| path.fraction);
        unspent += spent(alpha, *fraction) - spent(alpha, before);
        let bound = match &path {
            None => z_from_ln_upper(unspent.ln()),
            Some(path) => path.crossing(*fraction, unspent),
        };
        unspent = 0.0;
        if let Some(slot) = bounds.get_mut(*place) {
            *slot = bound;
        }
        path = Some(match path {
            None => Path::first(*fraction, bound, width),
            Some(path) => path.next(*fraction, bound),
        });
    }
    same_look(fractions, &mut bounds);
    bounds
}

/// The looks that can spend something, with their places.
fn distinct(fractions: &[f64]) -> Vec<(usize, f64)> {
    let mut looks: Vec<(usize, f64)> = Vec::new();
    for (place, fraction) in fractions.iter().enumerate() {
        let before = looks.last().map_or(0.0, |(_, before)| *before);
        if *fraction <= 1.0 && fraction - before >= LEAST_GAP {
            looks.push((place, *fraction));
        }
    }
    looks
}

/// A look that follows at once is the one before it.
fn same_look(fractions: &[f64], bounds: &mut [f64]) {
    for place in 1..bounds.len() {
        let gap = fractions[place] - fractions[place - 1];
        if bounds[place].is_infinite() && (0.0..LEAST_GAP).contains(&gap) && fractions[place] <= 1.0 {
            bounds[place] = bounds[place - 1];
        }
    }
}

/// The density of the Brownian value at a look, below the boundary: panels from the boundary down.
struct Path {
    fraction: f64,
    /// The boundary on the scale of the path.
    edge: f64,
    width: f64,
    /// Density times quadrature weight, by panel.
    mass: Vec<[f64; NODES.len()]>,
}

impl Path {
    fn panels(fraction: f64, edge: f64, width: f64) -> usize {
        ((edge + DEPTH * fraction.sqrt()) / width).ceil().clamp(1.0, 1e5) as usize
    }

    fn first(fraction: f64, bound: f64, width: f64) -> Path {
        let scale = fraction.sqrt();
        let edge = bound * scale;
        let density = |x: f64| (-0.5 * x * x / fraction).exp() / (scale * SQRT_TAU);
        let panel = |p: usize| NODES.map(|(u, w)| w * width * density(edge - (p as f64 + u) * width));
        Path { fraction, edge, width, mass: (0..Self::panels(fraction, edge, width)).map(panel).collect() }
    }

    fn masses(&self) -> impl Iterator<Item = (f64, f64)> {
        self.mass.iter().enumerate().flat_map(move |(p, panel)| {
            let at = move |u: f64| self.edge - (p as f64 + u) * self.width;
            panel.iter().zip(NODES).map(move |(mass, (u, _))| (at(u), *mass))
        })
    }

    /// The standard normal value that the path exceeds at a later fraction with a given chance, by Newton's method on the
    /// logarithm of the chance, which is concave, kept within a bracket.
    fn crossing(&self, fraction: f64, chance: f64) -> f64 {
        let (step, scale) = ((fraction - self.fraction).sqrt(), fraction.sqrt());
        let wanted = chance.ln();
        let (mut low, mut high) = (-DEPTH, 40.0);
        let mut bound = z_from_ln_upper(wanted).clamp(low, high);
        for _ in 0..100 {
            let (mut upper, mut density) = (0.0, 0.0);
            for (x, mass) in self.masses() {
                let z = (bound * scale - x) / step;
                if z > 38.0 {
                    break;
                }
                upper += mass * normal_upper(z);
                density += mass * (-0.5 * z * z).exp();
            }
            let excess = upper.ln() - wanted;
            if excess > 0.0 {
                low = bound
            } else {
                high = bound
            }
            let slope = density / SQRT_TAU * scale / step / upper;
            let newton = bound + excess / slope;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - bound).abs() <= 1e-12 * (1.0 + bound.abs()) {
                return next;
            }
            bound = next;
        }
        bound
    }

    /// The density at a later fraction, below its boundary. Panels are equally wide, so the chance to come from one node
    /// to another depends on how many panels lie between, and is computed once for each number of panels.
    fn next(&self, fraction: f64, bound: f64) -> Path {
        let (variance, scale) = (fraction - self.fraction, fraction.sqrt());
        let (edge, width) = (bound * scale, self.width);
        let offset = (edge - self.edge) / width;
        let reach = BAND * variance.sqrt() / width;
        let (first, last) = ((offset - reach - 1.0).floor() as i64, (offset + reach + 1.0).ceil() as i64);
        let kernel = |apart: i64| {
            NODES.map(|(to, weight)| {
                NODES.map(|(from, _)| {
                    let distance = (offset - (apart as f64 + to - from)) * width;
                    weight * width * (-0.5 * distance * distance / variance).exp() / (variance.sqrt() * SQRT_TAU)
                })
            })
        };
        let kernels: Vec<_> = (first..=last).map(kernel).collect();
        let panel = |p: usize| {
            let mut masses = [0.0; NODES.len()];
            for (apart, kernel) in (first..=last).zip(&kernels) {
                let from = usize::try_from(p as i64 - apart).ok().and_then(|q| self.mass.get(q));
                let Some(from) = from else { continue };
                for (mass, row) in masses.iter_mut().zip(kernel) {
                    *mass += row.iter().zip(from).map(|(chance, from)| chance * from).sum::<f64>();
                }
            }
            masses
        };
        Path { fraction, edge, width, mass: (0..Self::panels(fraction, edge, width)).map(panel).collect() }
    }
}

const SQRT_TAU: f64 = 2.506_628_274_631_000_7;
