//! Is a false alarm as rare as the level says? Identical arms, judged once at the end, a few hundred times.
//!
//! A quick look at every run of the tests, on noise that is independent, bursty and slow; the bounds are those at
//! which an honest judge is caught by chance less than once in a thousand seeds. A judge of point estimates, and the
//! textbook test that takes steps for independent, are held against the same bounds, so that this file is known to
//! notice.

use std::collections::BTreeMap;

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::{Method, Outcome, Reason};
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::Direction;
use davy::stats::tail::{binomial_z, ln_binomial_upper, normal_quantile};

const STEPS: usize = 60;
const SOAKS: usize = 300;
const ALPHA: f64 = 0.05;

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, the same everywhere.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
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
fn believable(wrong: usize, alpha: f64) -> bool {
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

/// The same with twice as long a baseline, from the three hours before.
fn against_an_earlier(baseline: [Series; 2], canary: Series) -> Dataset {
    let start = times()[0] - SignedDuration::from_hours(3);
    let (mut time, mut value) = (Vec::new(), Vec::new());
    for (half, series) in baseline.into_iter().enumerate() {
        let Series::Gauge { value: numbers, .. } = series else { unreachable!() };
        time.extend((0..STEPS).map(|i| start + SignedDuration::from_mins((half * STEPS + i) as i64)));
        value.extend(numbers);
    }
    let mut dataset = dataset(Series::Gauge { time, value, requests: None }, canary);
    dataset.windows.baseline = Window { start, end: start + SignedDuration::from_hours(2) };
    dataset
}

#[test]
fn windows_that_differ_are_two_samples() {
    let level = gauge_rules(on_the_limit());
    for (phi, alpha) in [(0.0, ALPHA), (0.7, 0.06)] {
        for outcome in [Outcome::Fail, Outcome::Pass] {
            let soak = |n: &mut Noise| against_an_earlier([gauge(n, phi), gauge(n, phi)], gauge(n, phi));
            let wrong = share(&level, outcome, 23, soak);
            assert!(believable(wrong, alpha), "{phi}: {outcome:?} in {wrong} of {SOAKS}");
        }
    }
    let margin = gauge_rules(Limit::Margin { relative: Some(0.05), absolute: None });
    let same = |n: &mut Noise| against_an_earlier([gauge(n, 0.0), gauge(n, 0.0)], gauge(n, 0.0));
    assert!(share(&margin, Outcome::Pass, 29, same) * 100 >= 95 * SOAKS);
    let verdict = judge(&margin, &same(&mut Noise(31)));
    let finding = &verdict.findings[0];
    assert_eq!(finding.evidence.method, Some(Method::UnpairedSteps));
    assert_eq!(
        (finding.evidence.n.baseline, finding.evidence.n.canary),
        (120.0, 60.0),
        "every step of both arms counts"
    );
    assert!(finding.notes.iter().any(|note| note.starts_with("compared as two samples")), "{:?}", finding.notes);
}

/// A gauge that starts at 50 and moves from step to step.
fn moving(noise: &mut Noise, step: impl Fn(&mut Noise) -> f64) -> Series {
    let mut level = 50.0;
    let mut next = || {
        level += 50.0 * step(noise);
        level
    };
    Series::Gauge { time: times(), value: (0..STEPS).map(|_| next()).collect(), requests: None }
}

/// Memory that grows by so much of itself a minute, in uneven steps.
fn leak(noise: &mut Noise, rate: f64) -> Series {
    moving(noise, |n| rate * (0.5 + n.uniform()))
}

/// The chances are those of the levels alone, which the growth does not add to.
#[test]
fn numbers_that_only_grow_raise_no_more_false_alarms() {
    let walk = |noise: &mut Noise| moving(noise, |n| 0.002 * n.normal());
    let leaks = share(&gauge_rules(on_the_limit()), Outcome::Fail, 37, |n| dataset(leak(n, 0.002), leak(n, 0.002)));
    let walks = share(&gauge_rules(on_the_limit()), Outcome::Fail, 41, |n| dataset(walk(n), walk(n)));
    assert!(believable(leaks, ALPHA) && believable(walks, ALPHA), "{leaks} leaks and {walks} walks of {SOAKS}");
    let margin = gauge_rules(Limit::Margin { relative: Some(0.01), absolute: None });
    let leaks = share(&margin, Outcome::Fail, 37, |n| dataset(leak(n, 0.002), leak(n, 0.002)));
    assert!(leaks * 100 <= SOAKS, "{leaks} leaks of {SOAKS}");
}

/// Half a percent a minute against a flat baseline, after half an hour: the mean level is within the margin still.
#[test]
fn a_leak_is_failed_by_its_growth() {
    let margin = gauge_rules(Limit::Margin { relative: Some(0.1), absolute: None });
    let half_an_hour = |n: &mut Noise| {
        let flat = n.slow(0.0).iter().map(|l| 50.0 * (0.001 * l).exp()).collect();
        let mut soak = dataset(Series::Gauge { time: times(), value: flat, requests: None }, leak(n, 0.005));
        let window = Window { end: times()[30], ..soak.windows.canary };
        soak.windows = Pair { baseline: window, canary: window };
        soak
    };
    assert!(share(&margin, Outcome::Fail, 47, half_an_hour) * 100 >= 95 * SOAKS);
    let finding = &judge(&margin, &half_an_hour(&mut Noise(47))).findings[0];
    assert_eq!(finding.reason, Reason::Growing);
    assert!(finding.sentence.starts_with("fails: it only grows, in an hour by +"), "{}", finding.sentence);
}

/// Errors of one arm among five hundred requests a minute, with the share that their true rates come to.
struct OneArm {
    bad: Vec<u64>,
    realised: f64,
}

impl OneArm {
    /// Five a minute, times a factor of each minute.
    fn of(noise: &mut Noise, factor: impl Fn(usize) -> f64) -> OneArm {
        let rates: Vec<f64> = (0..STEPS).map(|i| 5.0 * factor(i)).collect();
        let realised = rates.iter().sum::<f64>() / (500.0 * STEPS as f64);
        OneArm { bad: rates.iter().map(|rate| noise.poisson(*rate)).collect(), realised }
    }

    /// Requests that are tried again: errors come five at a time.
    fn clumps(noise: &mut Noise) -> OneArm {
        OneArm { bad: (0..STEPS).map(|_| 5 * noise.poisson(1.0)).collect(), realised: 0.01 }
    }
}

/// Against a limit there is no second arm that drifts along: the answer is about the rate of the window, whatever way
/// it took. Bad ones that come together are noise all the same.
#[test]
fn a_limit_at_the_rate_of_the_window_is_seldom_called_met_or_broken() {
    let slow = |noise: &mut Noise| {
        let level = noise.slow(0.9);
        OneArm::of(noise, |i| (0.5 * level[i]).exp())
    };
    let shift = |noise: &mut Noise| OneArm::of(noise, |i| if i < 45 { 1.0 } else { 6.0 });
    let steady = |noise: &mut Noise| OneArm::of(noise, |_| 1.0);
    type Soak<'a> = &'a dyn Fn(&mut Noise) -> OneArm;
    let kinds: [(&str, Soak, f64); 4] = [
        ("steady", &steady, ALPHA),
        ("slow", &slow, ALPHA),
        ("shift", &shift, ALPHA),
        ("clumps", &OneArm::clumps, 0.06),
    ];
    for (kind, soak, alpha) in kinds {
        let mut noise = Noise(19);
        let (mut passed, mut failed, mut found) = (0, 0, 0);
        for _ in 0..SOAKS {
            let OneArm { bad, realised } = soak(&mut noise);
            let series = || Series::Counts { time: times(), total: vec![500; STEPS], bad: bad.clone() };
            let against = |limit| judge(&rules(Kind::BadShare, Limit::Threshold(limit)), &dataset(series(), series()));
            match against(realised).outcome {
                Outcome::Pass => passed += 1,
                Outcome::Fail => failed += 1,
                _ => {}
            }
            found += usize::from(against(realised / 1.6).outcome == Outcome::Fail);
        }
        for wrong in [passed, failed] {
            assert!(believable(wrong, alpha), "{kind}: passed {passed}, failed {failed} of {SOAKS}");
        }
        assert!(kind == "clumps" || found * 100 >= 95 * SOAKS, "{kind}: found {found} of {SOAKS}");
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
