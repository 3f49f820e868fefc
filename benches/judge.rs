//! How fast the judge is: one small case, an hour of single latencies and of histograms, ten thousand metric pairs of a
//! day's minutes, and what looking more than once costs.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use davy::judge::judge;
use davy::judge::rules::{
    self, Bound, Kind, Limit, Looks, Metric, Policy, Rule, Rules, Scale, Severity, Side, Statistic, Unit,
};
use davy::series::{Bins, Dataset, Histogram, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::anytime::{self, Starts};
use davy::stats::counts::{self, CountStep, Exposure};
use davy::stats::dispersion::Prior;
use davy::stats::steps::Level;
use davy::stats::{Direction, planned};

const DAY: usize = 1_440;

/// A seeded stream of numbers in [0, 1), the same on every machine (Steele, Lea and Flood 2014).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn counts(stream: &mut Stream, steps: usize) -> Series {
    let bad = (0..steps).map(|_| (stream.next() * 20.0) as u64).collect();
    Series::Counts { time: times(steps), total: vec![1_000; steps], bad }
}

fn gauge(stream: &mut Stream, steps: usize) -> Series {
    let value = (0..steps).map(|_| 100.0 + 10.0 * stream.next()).collect();
    Series::Gauge { time: times(steps), value, requests: None }
}

fn times(steps: usize) -> Vec<Timestamp> {
    (0..steps).map(|i| Timestamp::from_second(1_772_366_400 + 60 * i as i64).unwrap()).collect()
}

/// `pairs` metrics of `steps` points in both arms, each with one margin against the baseline.
fn workload(pairs: usize, steps: usize, kind: &Kind) -> (Rules, Dataset) {
    let mut stream = Stream(7);
    let (mut metrics, mut series, mut criteria) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for i in 0..pairs {
        let name = format!("m{i:05}");
        let draw = if *kind == Kind::BadShare { counts } else { gauge };
        series.insert(name.clone(), Pair::build(|_| draw(&mut stream, steps)));
        let unit = if *kind == Kind::BadShare { Unit::Share } else { Unit::Milliseconds };
        metrics.insert(
            name.clone(),
            Metric { unit, kind: kind.clone(), of: "requests".into(), history: None, by: None, remarks: Vec::new() },
        );
        criteria.push(rules::Criterion {
            name: name.clone(),
            metric: name.clone(),
            statistic: if *kind == Kind::BadShare { Statistic::Rate } else { Statistic::Typical },
            pass: Some(Bound {
                side: Side::AtMost,
                strict: false,
                limit: Limit::Margin { relative: Some(0.1), absolute: None },
                per: None,
            }),
            fail: None,
            rule: Rule::Interval,
            severity: Severity::Normal,
            role: rules::Role::Primary,
            weight: 1.0,
            group: name.clone(),
            family: name,
        });
    }
    let window = Window { start: times(1)[0], end: times(steps + 1)[steps] };
    let rules = Rules {
        name: "bench".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics,
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria,
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    };
    let windows = Pair { baseline: window, canary: window };
    (rules, Dataset { metrics: series, ..Dataset::new(windows, SignedDuration::from_secs(60)) })
}

fn small(c: &mut Criterion) {
    for (name, kind) in kinds() {
        let (rules, data) = workload(4, 60, &kind);
        c.bench_function(&format!("4 pairs of 60 steps, {name}"), |b| b.iter(|| judge(black_box(&rules), &data)));
    }
}

/// The p95 of an hour of requests, as many per minute in each arm, one by one and as histograms of microseconds.
fn latencies(c: &mut Criterion) {
    const EACH: usize = 3_000;
    let mut group = c.benchmark_group("the p95 of 360,000 requests");
    group.sample_size(10);
    let mut stream = Stream(7);
    let mut latency = || (1.0 - stream.next()).ln() * -80.0;
    let single = Pair::build(|_| Series::Values {
        time: times(60).into_iter().flat_map(|minute| [minute; EACH]).collect(),
        value: (0..60 * EACH).map(|_| latency()).collect(),
    });
    let binned = Pair::build(|_| {
        let histogram = |_| {
            let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
            (0..EACH).for_each(|_| histogram.saturating_record((latency() * 1000.0) as u64));
            Bins::from(&histogram)
        };
        Series::Buckets { time: times(60), bins: (0..60).map(histogram).collect(), scale: 0.001 }
    });
    for (name, series) in [("one by one", single), ("histograms", binned)] {
        let (mut rules, mut data) = workload(1, 60, &Kind::Gauge { quantile: None, scale: Scale::Auto });
        rules.criteria[0].statistic = Statistic::Quantile(0.95);
        if let Some(metric) = rules.metrics.get_mut("m00000") {
            metric.kind = Kind::Values;
        }
        data.metrics.insert("m00000".into(), series);
        group.bench_function(name, |b| b.iter(|| judge(black_box(&rules), &data)));
    }
    group.finish();
}

fn day(c: &mut Criterion) {
    let mut group = c.benchmark_group("10,000 pairs of 1,440 steps");
    group.sample_size(10);
    group.throughput(Throughput::Elements(10_000));
    for (name, kind) in kinds() {
        let (rules, data) = workload(10_000, DAY, &kind);
        group.bench_function(name, |b| {
            b.iter_batched(|| (), |()| judge(black_box(&rules), &data), BatchSize::PerIteration)
        });
    }
    group.finish();
}

fn kinds() -> [(&'static str, Kind); 2] {
    [("error rates", Kind::BadShare), ("gauges", Kind::Gauge { quantile: None, scale: Scale::Auto })]
}

/// One look at an hour of minutes, and the boundaries of a day's schedules.
fn looks(c: &mut Criterion) {
    let mut group = c.benchmark_group("looks");
    let mut stream = Stream(11);
    let mut draw = |most: f64| (stream.next() * most) as u64;
    let constant = |canary, baseline| CountStep { canary_total: 300.0, canary, baseline_total: 300.0, baseline };
    let steady: Vec<CountStep> = (0..60).map(|_| constant(draw(9.0), draw(6.0))).collect();
    let varying = |step: &CountStep, n| CountStep { canary_total: 250.0 + n as f64, ..*step };
    let varying: Vec<CountStep> = steady.iter().map(|step| varying(step, draw(100.0))).collect();
    let y: Vec<Option<f64>> = (0..60).map(|_| Some(draw(1000.0) as f64 / 1000.0)).collect();
    let starts = Starts::spread(60.0);
    let (prior, above) = (Prior::default(), Direction::Above);
    let since = |steps: &[CountStep], start| counts::design_effect_from(steps, start, None, Exposure::Trials, prior);
    for (name, steps) in [("counts, steady split", steady), ("counts, varying split", varying)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let effect = counts::design_effect(black_box(&steps), Exposure::Trials, prior);
                let z = counts::ratio_z(&steps, &effect, 1.0, above);
                (z, anytime::ratio_ln_e(&steps, 1.0, above, |start| since(&steps, start).temper(), &starts))
            })
        });
    }
    let numbers = || {
        let level = Level::new(black_box(&y), 0.0);
        let since = |start| if start == 0 { level.clone() } else { level.since(start, above) };
        anytime::level_ln_e(since, 0.4, above, y.len(), 60.0, &starts)
    };
    group.bench_function("numbers", |b| b.iter(numbers));
    for n in [12, 60, 1_440] {
        let fractions: Vec<f64> = (1..=n).map(|i| f64::from(i) / f64::from(n)).collect();
        group.bench_function(format!("boundary of {n}"), |b| {
            b.iter(|| planned::compute_boundary(black_box(&fractions), 0.05))
        });
    }
    group.finish();
}

criterion_group!(benches, small, latencies, day, looks);
criterion_main!(benches);
