//! One simulated soak: what both arms would have measured, minute by minute, in a scenario with an effect.

use std::f64::consts::TAU;

use davy::series::{Arm, Pair};

use super::noise::Noise;
use super::scenario::{Effect, Scenario};

const SHOCK_PHI: f64 = 0.9;
const DAY_MINUTES: f64 = 120.0;
const GAUGE: f64 = 50.0;
const GAUGE_SD: f64 = 0.05;
const BURST: f64 = 0.2;
const PARETO_SHAPE: f64 = 1.2;
const PARETO_FROM: f64 = 2.0;
const SLOWER: f64 = 3.0;
const EVENTS: f64 = 0.5;

/// What was measured.
pub struct Soak {
    /// How long it lasted.
    pub minutes: usize,
    /// Each arm's columns.
    pub arms: Pair<Columns>,
}

/// One arm, one entry per minute.
#[derive(Default)]
pub struct Columns {
    /// Whether the minute was not lost.
    pub observed: Vec<bool>,
    /// The share of the traffic that was meant to come here.
    pub share: Vec<f64>,
    /// Requests.
    pub requests: Vec<u64>,
    /// The chance of an error, which nobody measures.
    pub chance: Vec<f64>,
    /// Failed requests.
    pub errors: Vec<u64>,
    /// Events without a denominator.
    pub events: Vec<u64>,
    /// A level.
    pub gauge: Vec<f64>,
    /// The latency of every request, where asked for.
    pub latency: Vec<Vec<f64>>,
    /// Percentiles of them by linear interpolation, as most agents report them; none without a request.
    pub percentiles: Vec<Option<[f64; 3]>>,
}

/// What moves both arms in a minute.
struct Shared {
    traffic: Vec<f64>,
    errors: Vec<f64>,
    latency: Vec<f64>,
    gauge: Vec<f64>,
}

impl Shared {
    fn draw(s: &Scenario, noise: &mut Noise) -> Shared {
        let phase = noise.uniform() * TAU;
        let day: Vec<f64> = (0..s.minutes).map(|t| s.day * (TAU * t as f64 / DAY_MINUTES + phase).sin()).collect();
        let shock = noise.slow(s.minutes, SHOCK_PHI);
        let mix = |follows: f64, sd: f64| {
            day.iter().zip(&shock).map(|(day, shock)| (follows * day + sd * shock).exp()).collect()
        };
        Shared {
            traffic: mix(1.0, 0.0),
            errors: mix(0.8, s.shock.0),
            latency: mix(0.3, s.shock.1),
            gauge: mix(0.3, s.shock.2),
        }
    }
}

impl Soak {
    /// Draws a soak. Latencies cost most of the time and come last, so that the rest is the same without them.
    pub fn draw(scenario: &Scenario, effect: &Effect, with_latency: bool, noise: &mut Noise) -> Soak {
        let shared = Shared::draw(scenario, noise);
        let mut arms = Pair::build(|arm| columns(arm, scenario, effect, &shared, noise));
        if with_latency {
            for arm in Arm::BOTH {
                add_latency(arm, arms.get_mut(arm), scenario, effect, &shared, noise);
            }
        }
        Soak { minutes: scenario.minutes, arms }
    }

    /// The canary's errors per request that were to be expected in its first minutes.
    pub fn expected_rate(&self, minutes: usize) -> f64 {
        let canary = &self.arms.canary;
        let (mut errors, mut requests) = (0.0, 0.0);
        for (n, p) in canary.requests.iter().zip(&canary.chance).take(minutes) {
            errors += *n as f64 * p;
            requests += *n as f64;
        }
        errors / f64::max(requests, 1.0)
    }
}

/// The effect's factor in a minute of an arm.
fn factor(arm: Arm, minute: usize, effect: &Effect, of: f64, otherwise: f64) -> f64 {
    if arm == Arm::Canary && minute >= effect.onset { of } else { otherwise }
}

fn columns(arm: Arm, s: &Scenario, effect: &Effect, shared: &Shared, noise: &mut Noise) -> Columns {
    let mut c = Columns::default();
    let (own, gauge) = (noise.slow(s.minutes, s.phi), noise.slow(s.minutes, s.gauge_phi));
    let gap = (s.gap > 0).then(|| 5 + (noise.uniform() * (s.minutes - s.gap - 5) as f64) as usize);
    let (sd, _) = s.sd;
    for t in 0..s.minutes {
        let canary = s.share.at(t, s.minutes);
        let share = if arm == Arm::Canary { canary } else { 1.0 - canary };
        let requests = noise.poisson(s.requests * shared.traffic[t] * share);
        let level = shared.errors[t] * (sd * own[t] - sd * sd / 2.0).exp() * noise.gamma(s.gamma);
        let burst = if noise.happens(s.burst) { BURST } else { 0.0 };
        let chance = (s.errors * level * factor(arm, t, effect, effect.errors, 1.0) + burst).clamp(0.0, 0.95);
        c.share.push(share);
        c.requests.push(requests);
        c.chance.push(chance);
        c.errors.push(noise.binomial(requests, chance));
        c.events.push(noise.poisson(EVENTS * 2.0 * share * level * factor(arm, t, effect, effect.events, 1.0)));
        let wanders = (GAUGE_SD * gauge[t]).exp();
        c.gauge.push(GAUGE * shared.gauge[t] * wanders * factor(arm, t, effect, effect.gauge, 1.0));
        let lost = noise.happens(s.missing) || gap.is_some_and(|from| (from..from + s.gap).contains(&t));
        c.observed.push(!lost);
    }
    c
}

fn add_latency(arm: Arm, c: &mut Columns, s: &Scenario, effect: &Effect, shared: &Shared, noise: &mut Noise) {
    let own = noise.slow(s.minutes, s.phi);
    for (t, own) in own.iter().enumerate() {
        let wanders = (s.sd.1 * own).exp();
        let place = s.median * shared.latency[t] * wanders * factor(arm, t, effect, effect.latency, 1.0);
        let tail = factor(arm, t, effect, effect.tail, 0.0);
        let mut one = || {
            let slow = s.pareto > 0.0 && noise.happens(s.pareto);
            let body = if slow {
                PARETO_FROM * (1.0 - noise.uniform()).powf(-1.0 / PARETO_SHAPE)
            } else {
                (s.spread * noise.normal()).exp()
            };
            let slower = if tail > 0.0 && noise.happens(tail) { SLOWER } else { 1.0 };
            place * body * slower
        };
        let mut all: Vec<f64> = (0..c.requests[t]).map(|_| one()).collect();
        c.percentiles.push(percentiles(&mut all));
        c.latency.push(all);
    }
}

/// p50, p95 and p99 by linear interpolation; leaves the values in another order.
fn percentiles(values: &mut [f64]) -> Option<[f64; 3]> {
    let last = values.len().checked_sub(1)?;
    Some([0.5, 0.95, 0.99].map(|q| {
        let place = last as f64 * q;
        let (_, low, above) = values.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
        *low + (place - place.floor()) * (high - *low)
    }))
}

/// How requests are routed, where nothing else matters.
#[derive(Debug, Clone, Copy)]
pub struct Routing {
    /// Its name in tables.
    pub name: &'static str,
    /// The share that was configured.
    pub configured: f64,
    /// The share that it really is.
    pub real: f64,
    /// sd of the share's logarithm from minute to minute, with an autocorrelation of one half.
    pub sd: f64,
}

impl Soak {
    /// An hour of 600 requests a minute, routed so.
    pub fn routed(routing: &Routing, noise: &mut Noise) -> Soak {
        const MINUTES: usize = 60;
        let mut arms: Pair<Columns> = Pair::default();
        for wanders in noise.slow(MINUTES, 0.5) {
            let all = noise.poisson(600.0);
            let canary = noise.binomial(all, (routing.real * (routing.sd * wanders).exp()).min(1.0));
            for (columns, requests) in [(&mut arms.baseline, all - canary), (&mut arms.canary, canary)] {
                columns.observed.push(true);
                columns.requests.push(requests);
                columns.errors.push(0);
            }
        }
        Soak { minutes: MINUTES, arms }
    }
}
