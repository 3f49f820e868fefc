//! Which slice is worse: how often a planted fault is named, how often anything is in healthy data, and what the mix does.
//!
//! A service has 25 routes in 8 regions. Both are of very different sizes (Zipf), and regions prefer routes, so that the
//! dimensions are correlated. Rates differ by route and region, wander together in each arm and by themselves in each slice
//! (autocorrelated), and bad requests come in lumps.

#![allow(clippy::expect_used)]

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use davy::localise::{self, Localised, Question, Slice, Times};
use davy::stats::counts::CountStep;
use davy::stats::slow::Requests;
use rand_distr::{Distribution, Geometric, LogNormal, Poisson, StandardNormal};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// The service.
#[derive(Debug, Clone, Copy)]
struct World {
    name: &'static str,
    routes: usize,
    regions: usize,
    steps: usize,
    /// Requests of all slices and both arms per step.
    requests: f64,
    /// The canary's share of them.
    share: f64,
    /// The standard deviation of the wandering of an arm, and of a slice of it.
    wander: (f64, f64),
    /// Its correlation from step to step.
    correlation: f64,
    /// How many bad requests come at once, on average.
    lump: f64,
    /// The quantile in question; nothing for errors.
    quantile: Option<f64>,
    /// How much more of the first route the canary gets.
    mix: f64,
}

const ERRORS: World = World {
    name: "errors, half",
    routes: 25,
    regions: 8,
    steps: 60,
    requests: 12_000.0,
    share: 0.5,
    wander: (0.15, 0.2),
    correlation: 0.5,
    lump: 1.5,
    quantile: None,
    mix: 1.0,
};

const WORLDS: [World; 8] = [
    ERRORS,
    World { name: "errors, independent", wander: (0.0, 0.0), correlation: 0.0, lump: 1.0, ..ERRORS },
    World { name: "errors, 5 % canary", share: 0.05, requests: 40_000.0, ..ERRORS },
    World { name: "errors, lumps of 4", lump: 4.0, ..ERRORS },
    World { name: "errors, correlation .9", correlation: 0.9, ..ERRORS },
    World { name: "errors, 12 steps of 5 min", steps: 12, requests: 60_000.0, ..ERRORS },
    World { name: "errors, other mix", mix: 2.0, ..ERRORS },
    World { name: "p95 of latency", quantile: Some(0.95), requests: 6_000.0, wander: (0.03, 0.05), ..ERRORS },
];

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Nothing.
    None,
    /// All of the canary is worse by a factor.
    Everywhere(f64),
    /// One slice, as much worse as would be named nineteen times of twenty.
    Slice,
    /// One region, likewise.
    Region,
}

/// One run: the slices, and which of them are worse.
struct Run {
    slices: Vec<Slice>,
    worse: Vec<usize>,
}

fn noise(steps: usize, deviation: f64, correlation: f64, rng: &mut Pcg64) -> Vec<f64> {
    let mut at: f64 = StandardNormal.sample(rng);
    let mut next = || {
        let fresh: f64 = StandardNormal.sample(rng);
        at = correlation * at + (1.0 - correlation * correlation).sqrt() * fresh;
        (deviation * at - 0.5 * deviation * deviation).exp()
    };
    (0..steps).map(|_| next()).collect()
}

/// The share of each slice of the traffic, and its rate.
fn shape(world: &World, rng: &mut Pcg64) -> Vec<(f64, f64)> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let routes: Vec<f64> = (0..world.routes).map(|_| normal()).collect();
    let mut slices = Vec::new();
    for (route, own) in routes.iter().enumerate() {
        for region in 0..world.regions {
            let affinity = (0.6 * normal()).exp();
            let size = affinity / (route + 1) as f64 / (region + 1) as f64;
            let rate = 0.01 * (0.6 * own + 0.2 * normal()).exp();
            slices.push((size, rate.min(0.2)));
        }
    }
    let all: f64 = slices.iter().map(|slice| slice.0).sum();
    slices.into_iter().map(|(size, rate)| (size / all, rate)).collect()
}

fn poisson(mean: f64, rng: &mut Pcg64) -> u64 {
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(rng) as u64)
}

/// Bad requests in lumps of a random size.
fn bad(mean: f64, lump: f64, most: u64, rng: &mut Pcg64) -> u64 {
    let lumps = poisson(mean / lump, rng);
    if lump <= 1.0 {
        return lumps.min(most);
    }
    let size = Geometric::new(1.0 / lump).expect("a share");
    (0..lumps).map(|_| 1 + size.sample(rng)).sum::<u64>().min(most)
}

/// Simulates one run; `factor` is how much worse each slice is in the canary.
fn simulate(world: &World, shape: &[(f64, f64)], factor: &dyn Fn(usize) -> f64, rng: &mut Pcg64) -> Vec<Slice> {
    let arms = [(); 2].map(|()| noise(world.steps, world.wander.0, world.correlation, rng));
    let shared = noise(world.steps, 0.2, 0.8, rng);
    let moved: f64 = shape.iter().enumerate().map(|(at, own)| own.0 * more(world, at)).sum();
    let slice = |at: usize, rng: &mut Pcg64| {
        let (size, rate) = shape[at];
        let own = [(); 2].map(|()| noise(world.steps, world.wander.1, world.correlation, rng));
        let requests = world.requests * size;
        let mean = [requests * (1.0 - world.share), requests * world.share * more(world, at) / moved];
        let values = vec![format!("route {:02}", at / world.regions), format!("region {}", at % world.regions)];
        match world.quantile {
            None => {
                let step = |step: usize, arm: usize, rng: &mut Pcg64| {
                    let n = poisson(mean[arm] * shared[step], rng);
                    let worse = if arm == 1 { factor(at) } else { 1.0 };
                    let p = (rate * shared[step] * arms[arm][step] * own[arm][step] * worse).min(0.9);
                    (n, bad(n as f64 * p, world.lump, n, rng))
                };
                let steps = (0..world.steps).map(|at| CountStep::of(step(at, 0, rng), step(at, 1, rng)));
                Slice { values, steps: steps.collect(), times: None }
            }
            Some(q) => {
                let times = |arm: usize, rng: &mut Pcg64| -> Vec<Vec<f64>> {
                    let worse = if arm == 1 { factor(at) } else { 1.0 };
                    let base = 50.0 * (rate / 0.01) * worse;
                    let latency = LogNormal::new(0.0, 0.5).expect("a deviation");
                    let step = |step: usize, rng: &mut Pcg64| -> Vec<f64> {
                        let level = base * arms[arm][step] * own[arm][step];
                        (0..poisson(mean[arm] * shared[step], rng)).map(|_| level * latency.sample(rng)).collect()
                    };
                    (0..world.steps).map(|at| step(at, rng)).collect()
                };
                of_latency(values, [times(0, rng), times(1, rng)], q)
            }
        }
    };
    (0..shape.len()).map(|at| slice(at, rng)).collect()
}

/// How much more of a slice the canary gets.
fn more(world: &World, at: usize) -> f64 {
    if at / world.regions == 0 { world.mix } else { 1.0 }
}

fn of_latency(values: Vec<String>, arms: [Vec<Vec<f64>>; 2], q: f64) -> Slice {
    let all = |arm: &[Vec<f64>]| Requests::single(arm.concat());
    let times = Times { baseline: all(&arms[0]), canary: all(&arms[1]) };
    let limit = localise::slow_limit(&times, q).unwrap_or(f64::INFINITY);
    let slow = |arm: &[f64]| (arm.len() as u64, arm.iter().filter(|value| **value > limit).count() as u64);
    let steps = arms[0].iter().zip(&arms[1]).map(|(baseline, canary)| CountStep::of(slow(baseline), slow(canary)));
    Slice { values, steps: steps.collect(), times: Some(times) }
}

fn ask(world: &World, slices: &[Slice]) -> Localised {
    localise::name(&Question { slices, quantile: world.quantile, chance: 0.05, least: 5.0 })
}

/// The ratio from which on a node would be named in this service, from a healthy run of it.
fn findable(world: &World, shape: &[(f64, f64)], nodes: &[Vec<usize>], rng: &mut Pcg64) -> Vec<(usize, f64)> {
    let healthy = simulate(world, shape, &|_| 1.0, rng);
    let all = localise::found_from(&Question { slices: &healthy, quantile: world.quantile, chance: 0.05, least: 5.0 });
    let ratio = |at: usize| {
        let mut own = nodes[at].clone();
        own.sort_unstable();
        all.iter().find(|(slices, _)| *slices == own).map(|(_, ratio)| (at, *ratio))
    };
    (0..nodes.len()).filter_map(ratio).collect()
}

/// What one run came to.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    runs: usize,
    /// Runs in which the worse slices are named, as they are.
    exact: usize,
    /// In which a parent of them is named instead, of which they are the largest part, or a part of them.
    near: usize,
    /// In which anything else is named.
    wrong: usize,
    /// In which the true factor lies in the interval of what is named.
    covered: usize,
    /// In which the mixes are called different.
    mixed: usize,
}

impl Tally {
    fn plus(self, other: Tally) -> Tally {
        Tally {
            runs: self.runs + other.runs,
            exact: self.exact + other.exact,
            near: self.near + other.near,
            wrong: self.wrong + other.wrong,
            covered: self.covered + other.covered,
            mixed: self.mixed + other.mixed,
        }
    }
}

fn plant(world: &World, shape: &[(f64, f64)], fault: Fault, rng: &mut Pcg64) -> Option<(Vec<usize>, f64)> {
    let own: Vec<Vec<usize>> = match fault {
        Fault::None => return Some((Vec::new(), 1.0)),
        Fault::Everywhere(factor) => return Some(((0..shape.len()).collect(), factor)),
        Fault::Slice => (0..shape.len()).map(|at| vec![at]).collect(),
        Fault::Region => (0..world.regions)
            .map(|region| (0..shape.len()).filter(|at| at % world.regions == region).collect())
            .collect(),
    };
    // where no ratio below ten is found at all, nothing is promised
    let found = findable(world, shape, &own, rng).into_iter().filter(|(_, ratio)| *ratio < 10.0);
    let found: Vec<(usize, f64)> = found.collect();
    let (at, ratio) = *found.get((rng.next_u64() % found.len().max(1) as u64) as usize)?;
    let factor = match world.quantile {
        None => ratio,
        // the shift of a lognormal at which that many more requests lie beyond the quantile
        Some(q) => slower(q, ratio),
    };
    Some((own[at].clone(), factor))
}

/// By how much a lognormal of deviation one half must grow until its share beyond the quantile grows by a ratio.
fn slower(q: f64, ratio: f64) -> f64 {
    use davy::stats::normal::normal_quantile;
    let beyond = (ratio * (1.0 - q)).min(0.95);
    (0.5 * (normal_quantile(q) - normal_quantile(1.0 - beyond))).exp()
}

fn run(world: &World, fault: Fault, seed: u64) -> Option<(Run, f64)> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let shape = shape(world, &mut rng);
    let (worse, factor) = plant(world, &shape, fault, &mut rng)?;
    let slices = simulate(world, &shape, &|at| if worse.contains(&at) { factor } else { 1.0 }, &mut rng);
    Some((Run { slices, worse }, factor))
}

fn judge(world: &World, fault: Fault, seed: u64) -> Option<Tally> {
    let (run, factor) = run(world, fault, seed)?;
    let answer = ask(world, &run.slices);
    let of = |values: &[Option<String>]| -> Vec<usize> {
        let is_in = |slice: &Slice| {
            slice.values.iter().zip(values).all(|(own, said)| said.as_ref().is_none_or(|said| said == own))
        };
        (0..run.slices.len()).filter(|at| is_in(&run.slices[*at])).collect()
    };
    let named: Vec<Vec<usize>> = answer.named.iter().map(|line| of(&line.values)).collect();
    let is_parent = |named: &Vec<usize>| {
        let requests = |at: &usize| run.slices[*at].sum().total();
        let own: f64 = run.worse.iter().map(requests).sum();
        *named != run.worse
            && run.worse.iter().all(|at| named.contains(at))
            && own > 0.5 * named.iter().map(requests).sum::<f64>()
    };
    let planted = matches!(fault, Fault::Slice | Fault::Region);
    let is_part = |named: &Vec<usize>| *named != run.worse && named.iter().all(|at| run.worse.contains(at));
    let is_near = |named: &Vec<usize>| is_parent(named) || is_part(named);
    let is_known = |named: &Vec<usize>| planted && (*named == run.worse || is_near(named));
    let covers = answer
        .named
        .iter()
        .zip(&named)
        .any(|(line, own)| *own == run.worse && line.interval.0 <= factor && factor <= line.interval.1);
    Some(Tally {
        runs: 1,
        exact: usize::from(planted && named.contains(&run.worse)),
        near: usize::from(planted && !named.contains(&run.worse) && named.iter().any(is_near)),
        wrong: usize::from(named.iter().any(|own| !is_known(own))),
        covered: usize::from(planted && covers),
        mixed: usize::from(localise::mix::compare(&run.slices).is_some_and(|mix| mix.differs)),
    })
}

fn measure(world: &World, fault: Fault, runs: usize, seed: u64, threads: usize) -> Tally {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = Tally::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= runs {
                return sum;
            }
            let own = judge(world, fault, seed.wrapping_mul(1_000_003).wrapping_add(at as u64));
            sum = sum.plus(own.unwrap_or_default());
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker")).fold(Tally::default(), Tally::plus)
    })
}

const FAULTS: [(&str, Fault); 4] = [
    ("healthy", Fault::None),
    ("all ×1.3", Fault::Everywhere(1.3)),
    ("one slice", Fault::Slice),
    ("one region", Fault::Region),
];

/// Measures and writes `slices.csv` and `slices.md`; of `only`, worlds whose names hold it are printed and nothing is written.
pub fn measure_all(runs: usize, seed: u64, threads: usize, only: Option<&str>, folder: &Path) -> io::Result<()> {
    let mut csv = String::from("world,fault,runs,named,near,wrong,covered,mix_differs\n");
    let mut table = String::new();
    for world in WORLDS.iter().filter(|world| only.is_none_or(|only| world.name.contains(only))) {
        for (says, fault) in FAULTS {
            let runs = if world.quantile.is_some() { runs.div_ceil(4) } else { runs };
            let t = measure(world, fault, runs, seed, threads);
            let share = |count: usize| count as f64 / t.runs.max(1) as f64;
            let planted = matches!(fault, Fault::Slice | Fault::Region);
            let known = |count: usize| if planted { format!("{:.3}", share(count)) } else { "-".to_owned() };
            let coverage = if planted && t.exact > 0 {
                format!("{:.3}", t.covered as f64 / t.exact as f64)
            } else {
                "-".to_owned()
            };
            let row = format!(
                "| {} | {says} | {} | {} | {} | {:.3} | {} | {:.3} |",
                world.name,
                t.runs,
                known(t.exact),
                known(t.near),
                share(t.wrong),
                coverage,
                share(t.mixed)
            );
            println!("{row}");
            let _ = writeln!(table, "{row}");
            let _ = writeln!(
                csv,
                "{},{says},{},{},{},{},{},{}",
                world.name.replace(',', ""),
                t.runs,
                t.exact,
                t.near,
                t.wrong,
                t.covered,
                t.mixed
            );
        }
    }
    if only.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("slices.csv"), csv)?;
    std::fs::write(folder.join("slices.md"), page(&table, runs, seed))
}

fn page(table: &str, runs: usize, seed: u64) -> String {
    format!(include_str!("slices.txt"), runs = runs, seed = seed, version = env!("CARGO_PKG_VERSION"), table = table)
}
