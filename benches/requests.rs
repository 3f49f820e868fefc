//! The inner loops of raw requests: reading lines, counting into histograms, adding histograms up, reading quantiles off.
//!
//! Whole processes beside other tools are measured by `requests.py`.

#![allow(clippy::expect_used, missing_docs)]

use std::fmt::Write;
use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use davy::series::{Bins, Grid, SignedDuration, Tally, Timestamp};
use davy::source::Outside;
use davy::source::requests::{
    Arms, Columns, Condition, Counted, Format, GRID, Latency, Requests, Slice, TimeUnit, Valued, When, read,
};
use davy::stats::slow::Requests as Slow;

const ROWS: usize = 1_000_000;

/// The same numbers on every machine.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A latency in microseconds with a long tail.
    fn latency(&mut self) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (20_000.0 / (1.0 - unit).max(1e-6).powf(0.6)) as u64
    }
}

/// Rows of one hour, written in two ways.
fn written() -> (String, String) {
    let (mut csv, mut ndjson) = ("ts,arm,route,status,latency_ms\n".to_owned(), String::new());
    let mut stream = Stream(1);
    for row in 0..ROWS {
        let ts = 1_772_366_400_000 + (row * 3_600_000 / ROWS) as u64;
        let arm = if stream.next().is_multiple_of(10) { "canary" } else { "baseline" };
        let status = if stream.next().is_multiple_of(200) { 503 } else { 200 };
        let (route, latency) = (stream.next() % 12, stream.latency() as f64 / 1000.0);
        let _ = writeln!(csv, "{ts},{arm},/route/{route},{status},{latency}");
        let _ = writeln!(
            ndjson,
            r#"{{"ts":{ts},"arm":"{arm}","route":"/route/{route}","status":{status},"latency_ms":{latency}}}"#
        );
    }
    (csv, ndjson)
}

fn log(path: PathBuf, format: Format) -> Requests {
    let latency = Latency { column: "latency_ms".into(), unit: Some(TimeUnit::Milliseconds) };
    Requests {
        shown: path.display().to_string(),
        inputs: vec![path],
        format,
        columns: Columns { status: Some("status".into()), latency: Some(latency), ..Columns::default() },
        arms: Arms::Column(None),
        filter: None,
        layout: None,
        max_bad: 0.0,
        table: None,
    }
}

fn passes(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let (csv, ndjson) = written();
    let when =
        When { windows: Vec::new(), origin: Timestamp::UNIX_EPOCH, step: SignedDuration::from_mins(1), coarsen: false };
    let counted = vec![("requests".into(), Counted::Requests), ("errors".into(), Counted::Errors)];
    let whole = Slice { filter: None, by: None, split: Vec::new(), counted, valued: Some(Valued::Latency) };
    let counts = Slice { valued: None, ..whole.clone() };
    let chosen = Condition::parse(r#"route != "/route/3" and status < 600"#).expect("a condition");
    let some = Slice { filter: Some(chosen), ..whole.clone() };
    let mut group = criterion.benchmark_group("a pass over a million rows");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (name, text, format) in [("csv", &csv, Format::Csv), ("ndjson", &ndjson, Format::Ndjson)] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let log = log(path, format);
        let mut one = |what: &str, slices: &[Slice]| {
            group.bench_function(format!("{name}, {what}"), |bench| {
                let outside = Outside::quiet(Timestamp::UNIX_EPOCH);
                bench.iter(|| read(&log, black_box(slices), &when, &outside).expect("rows"));
            });
        };
        one("counts", std::slice::from_ref(&counts));
        one("counts and latencies", std::slice::from_ref(&whole));
        one("the same of a condition", std::slice::from_ref(&some));
    }
    group.finish();
}

fn histogram(seed: u64, values: usize) -> Bins {
    let mut stream = Stream(seed);
    let mut tally = Tally::new(GRID);
    (0..values).for_each(|_| tally.count(GRID.index(stream.latency() * 1000), 1));
    tally.finish()
}

fn histograms(criterion: &mut Criterion) {
    let mut stream = Stream(7);
    let values: Vec<u64> = (0..10_000).map(|_| stream.latency() * 1000).collect();
    let mut group = criterion.benchmark_group("histograms");
    group.throughput(Throughput::Elements(values.len() as u64));
    group.bench_function("count 10,000 latencies and pack them", |bench| {
        let mut tally = Tally::new(Grid::THREE_DIGITS);
        bench.iter(|| {
            values.iter().for_each(|value| tally.count(GRID.index(black_box(*value)), 1));
            tally.finish()
        });
    });
    let minutes: Vec<Bins> = (0..60).map(|seed| histogram(seed, 60_000)).collect();
    group.throughput(Throughput::Elements(minutes.len() as u64));
    group.bench_function("add up 60 histograms of 60,000", |bench| bench.iter(|| Bins::sum(black_box(&minutes))));
    let whole = Bins::sum(&minutes).expect("some");
    group.throughput(Throughput::Elements(3));
    group.bench_function("p50, p95 and p99 of 3,600,000", |bench| {
        bench.iter(|| {
            let requests = Slow::binned(black_box(&whole).clone(), 1e-6);
            [0.5, 0.95, 0.99].map(|q| requests.quantile(q))
        });
    });
    group.finish();
}

criterion_group!(benches, passes, histograms);
criterion_main!(benches);
