//! Is a false alarm as rare as the level says? Identical arms, judged once at the end, a few hundred times.
//!
//! A quick look at every run of the tests, on noise that is independent, bursty and slow; the bounds are those at
//! which an honest judge is caught by chance less than once in a thousand seeds. A judge of point estimates, and the
//! textbook test that takes steps for independent, are held against the same bounds, so that this file is known to
//! notice.

use std::collections::BTreeMap;

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::Direction;
use davy::stats::tail::{binomial_z, ln_binomial_upper, normal_quantile};

const STEPS: usize = 60;
pub const SOAKS: usize = 300;
pub const ALPHA: f64 = 0.05;

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, the same everywhere.
pub struct Noise(pub u64);

impl Noise {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform().clamp(1e-12, 1.0 - 1e-12))
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut product, mut count) = (self.uniform(), 0);
        while product > (-mean).exp() {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// First-order autoregression with unit variance.
    fn slow(&mut self, phi: f64) -> Vec<f64> {
        let mut level = self.normal();
        (0..STEPS)
            .map(|_| {
                level = phi * level + (1.0 - phi * phi).sqrt() * self.normal();
                level
            })
            .collect()
    }
}

fn times() -> Vec<Timestamp> {
    (0..STEPS).map(|i| Timestamp::from_second(1_772_366_400 + 60 * i as i64).unwrap()).collect()
}

/// Five errors a minute among five hundred requests, whose logarithm wanders with `phi` by `sd`.
fn errors(noise: &mut Noise, phi: f64, sd: f64) -> Series {
    let level = noise.slow(phi);
    let bad = level.iter().map(|l| noise.poisson(5.0 * (sd * l - 0.5 * sd * sd).exp()).min(500)).collect();
    Series::Counts { time: times(), total: vec![500; STEPS], bad }
}

/// A log-normal number around 50 that wanders with `phi` by a twentieth.
fn gauge(noise: &mut Noise, phi: f64) -> Series {
    let value = noise.slow(phi).iter().map(|l| 50.0 * (0.05 * l).exp()).collect();
    Series::Gauge { time: times(), value, requests: None }
}

fn dataset(baseline: Series, canary: Series) -> Dataset {
    let start = times()[0];
    let window = Window { start, end: start + SignedDuration::from_mins(STEPS as i64) };
    Dataset {
        windows: Pair { baseline: window, canary: window },
        step: SignedDuration::from_mins(1),
        metrics: BTreeMap::from([("m".to_owned(), Pair { baseline, canary })]),
        origins: BTreeMap::new(),
    }
}

fn rules(kind: Kind, limit: Limit) -> Rules {
    let statistic = if kind == Kind::BadShare { Statistic::Rate } else { Statistic::Typical };
    let unit = if kind == Kind::BadShare { Unit::Share } else { Unit::Milliseconds };
    let criterion = Criterion {
        name: "m".into(),
        metric: "m".into(),
        statistic,
        pass: Some(Bound { side: Side::AtMost, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        weight: 1.0,
        group: "m".into(),
        family: "m".into(),
    };
    Rules {
        name: "calibration".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: BTreeMap::from([("m".into(), Metric { unit, kind, of: "requests".into(), history: None })]),
        criteria: vec![criterion],
        traffic: None,
        looks: Looks::Once,
        policy: Policy { min_excess: 0.0, ..Policy::default() },
    }
}

fn gauge_rules(limit: Limit) -> Rules {
    rules(Kind::Gauge { quantile: None, scale: Scale::Auto }, limit)
}

/// No margin at all, so that identical arms lie exactly on the limit and each direction is wrong with its full chance.
fn on_the_limit() -> Limit {
    Limit::Margin { relative: Some(0.0), absolute: None }
}

/// How often so many soaks of identical arms end in an outcome.
fn share(rules: &Rules, outcome: Outcome, seed: u64, mut soak: impl FnMut(&mut Noise) -> Dataset) -> usize {
    let mut noise = Noise(seed);
    (0..SOAKS).filter(|_| judge(rules, &soak(&mut noise)).outcome == outcome).count()
}

/// Whether so many false answers are believable of a true chance of at most `alpha`, but for one seed in a thousand.
pub fn believable(wrong: usize, alpha: f64) -> bool {
    ln_binomial_upper(wrong as u64, SOAKS as u64, alpha) > 0.001_f64.ln()
}

#[test]
fn identical_arms_seldom_fail_and_at_the_limit_seldom_pass() {
    let ratio = rules(Kind::BadShare, on_the_limit());
    let level = gauge_rules(on_the_limit());
    // The chances are those measured on two thousand soaks of the fixed horizon; the level where they are below it.
    for (phi, sd, alpha) in [(0.0, 0.0, ALPHA), (0.0, 0.5, ALPHA), (0.7, 0.3, 0.06)] {
        for outcome in [Outcome::Fail, Outcome::Pass] {
            let wrong = share(&ratio, outcome, 7, |n| dataset(errors(n, phi, sd), errors(n, phi, sd)));
            assert!(believable(wrong, alpha), "errors, {phi}, {sd}: {outcome:?} in {wrong} of {SOAKS}");
        }
    }
    for (phi, alpha) in [(0.0, ALPHA), (0.7, 0.06)] {
        for outcome in [Outcome::Fail, Outcome::Pass] {
            let wrong = share(&level, outcome, 11, |n| dataset(gauge(n, phi), gauge(n, phi)));
            assert!(believable(wrong, alpha), "gauge, {phi}: {outcome:?} in {wrong} of {SOAKS}");
        }
    }
}

#[test]
fn what_is_large_is_found() {
    let ratio = rules(Kind::BadShare, Limit::Margin { relative: Some(0.1), absolute: None });
    let twice = |n: &mut Noise| {
        let Series::Counts { time, total, bad } = errors(n, 0.0, 0.0) else { unreachable!() };
        let doubled = Series::Counts { time, total, bad: bad.iter().map(|x| x * 2).collect() };
        dataset(errors(n, 0.0, 0.0), doubled)
    };
    assert!(share(&ratio, Outcome::Fail, 13, twice) * 100 >= 95 * SOAKS);
    let level = gauge_rules(Limit::Margin { relative: Some(0.05), absolute: None });
    let slower = |n: &mut Noise| {
        let Series::Gauge { time, value, .. } = gauge(n, 0.0) else { unreachable!() };
        let value = value.iter().map(|v| v * 1.15).collect();
        dataset(gauge(n, 0.0), Series::Gauge { time, value, requests: None })
    };
    assert!(share(&level, Outcome::Fail, 17, slower) * 100 >= 95 * SOAKS);
}

#[test]
fn worse_judges_are_noticed() {
    let wrong = |reject: &dyn Fn(u64, u64) -> bool, phi: f64, sd: f64| {
        let mut noise = Noise(7);
        let sum = |series| match series {
            Series::Counts { bad, .. } => bad.iter().sum::<u64>(),
            _ => 0,
        };
        let pairs = (0..SOAKS).map(|_| (sum(errors(&mut noise, phi, sd)), sum(errors(&mut noise, phi, sd))));
        pairs.filter(|(baseline, canary)| reject(*baseline, *canary)).count()
    };
    // The estimate against the limit.
    let by_estimate = |baseline: u64, canary: u64| canary > baseline;
    assert!(!believable(wrong(&by_estimate, 0.0, 0.0), 0.06));
    // The same exact tail as ours, with no design effect.
    let textbook = |baseline: u64, canary: u64| {
        binomial_z(canary, baseline + canary, 0.5, 0.5, Direction::Above) >= normal_quantile(1.0 - ALPHA)
    };
    assert!(believable(wrong(&textbook, 0.0, 0.0), ALPHA), "on independent noise it is right");
    assert!(!believable(wrong(&textbook, 0.0, 0.5), 0.06));
    assert!(!believable(wrong(&textbook, 0.7, 0.3), 0.06));
}
