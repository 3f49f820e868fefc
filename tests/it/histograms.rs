//! Latencies that come as encoded histograms: read from a file, judged as the requests one by one, kept by a recording.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde_json::Value;

use davy::series::{Bins, Histogram, Timestamp};

use crate::soaks::noise::Noise;
use crate::world::output;

const START: i64 = 1_772_366_400;

fn verdict(folder: &Path, more: &[&str]) -> Value {
    let output = output(folder, &[&["judge", "canary.yaml", "--format", "json"], more].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn encoded(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).unwrap();
    STANDARD.encode(bytes)
}

/// A folder with the same requests twice, one by one in milliseconds and per minute in nanoseconds, as another tool
/// encodes them.
fn folder(metric: &str, end: u64) -> tempfile::TempDir {
    let mut noise = Noise::of(43, "histograms", "", 0);
    let (mut each, mut binned) = ("time,arm,ms\n".to_owned(), "time,arm,took\n".to_owned());
    for (arm, median) in [("baseline", 80.0), ("canary", 84.0)] {
        for minute in 0..60 {
            let mut histogram = Histogram::<u64>::new_with_bounds(1, end, 3).unwrap();
            let time = Timestamp::from_second(START + 60 * minute).unwrap();
            for _ in 0..120 {
                let ns = (median * 1e6 * (0.5 * noise.normal()).exp()) as u64;
                histogram.saturating_record(ns);
                writeln!(each, "{time},{arm},{}", ns as f64 * 1e-6).unwrap();
            }
            writeln!(binned, "{time},{arm},{}", encoded(&histogram)).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("each.csv"), each).unwrap();
    fs::write(folder.path().join("binned.csv"), binned).unwrap();
    configure(folder.path(), metric);
    folder
}

fn configure(folder: &Path, metric: &str) {
    let text = format!(
        "name: checkout\nwindow: {{ step: 1m }}\nsources:\n  each: {{ file: {{ path: each.csv }} }}\n  binned: {{ file: {{ path: binned.csv }} }}\n\
         metrics:\n  latency: {metric}\ncriteria:\n  - {{ metric: latency, statistic: p50, pass: \"<= baseline + 20%\" }}\n  \
         - {{ metric: latency, statistic: p95, pass: \"<= baseline + 5%\" }}\n  - {{ metric: latency, statistic: p95, pass: \"<= 150ms\" }}\n"
    );
    fs::write(folder.join("canary.yaml"), text).unwrap();
}

const BINNED: &str = "{ source: binned, values: { histogram: took, unit: ns } }";
const MINUTE: u64 = 60_000_000_000;

#[test]
fn encoded_histograms_are_judged_as_their_requests_one_by_one() {
    let folder = folder(BINNED, MINUTE);
    let many = verdict(folder.path(), &[]);
    configure(folder.path(), "{ source: binned, values: { histogram: took, unit: us, resolution: 0.001 } }");
    let in_micros = verdict(folder.path(), &[]);
    configure(folder.path(), "{ source: each, values: { value: ms, unit: ms } }");
    let one = verdict(folder.path(), &[]);
    assert_eq!(many["findings"].as_array().unwrap().len(), 3);
    for (i, many) in many["findings"].as_array().unwrap().iter().enumerate() {
        let one = &one["findings"][i];
        for key in ["outcome", "reason"] {
            assert_eq!(many[key], one[key], "{many} {one}");
            assert_eq!(many[key], in_micros["findings"][i][key]);
        }
        assert_eq!(many["evidence"]["n"], one["evidence"]["n"]);
        for arm in ["baseline", "canary"] {
            let estimate = |finding: &Value| finding["evidence"]["estimate"][arm].as_f64();
            if let (Some(a), Some(b)) = (estimate(many), estimate(one)) {
                assert!((a / b - 1.0).abs() < 5e-3, "{a} {b}");
            }
        }
    }
}

/// Edges of their own, as Prometheus has them: 90 % up to 100 ms, 8.5 % up to 250 ms, the rest beyond.
#[test]
fn a_percentile_is_known_no_better_than_its_bucket() {
    let mut noise = Noise::of(44, "edges", "", 0);
    let mut rows = "time,arm,took\n".to_owned();
    for (arm, minute) in ["baseline", "canary"].into_iter().flat_map(|arm| (0..60).map(move |minute| (arm, minute))) {
        let time = Timestamp::from_second(START + 60 * minute).unwrap();
        let some = |mean: f64, noise: &mut Noise| (mean + mean.sqrt() * noise.normal()).round().max(0.0) as u64;
        let [fast, middle, slow] = [270.0, 25.5, 4.5].map(|mean| some(mean, &mut noise));
        writeln!(rows, "{time},{arm},le=100000000 250000000;{fast} {middle} {slow}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("binned.csv"), rows).unwrap();
    let judged = |bounds: &[&str]| {
        let criteria: Vec<String> = bounds
            .iter()
            .map(|bound| format!("  - {{ metric: latency, statistic: p95, pass: \"{bound}\" }}\n"))
            .collect();
        let text = format!(
            "name: checkout\nwindow: {{ step: 1m }}\nsources:\n  binned: {{ file: {{ path: binned.csv }} }}\n\
             metrics:\n  latency: {BINNED}\ncriteria:\n{}",
            criteria.concat()
        );
        fs::write(folder.path().join("canary.yaml"), text).unwrap();
        let answer = verdict(folder.path(), &["--record", "kept"]);
        let replayed = output(folder.path(), &["replay", "--check", "kept"]);
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
        fs::remove_dir_all(folder.path().join("kept")).unwrap();
        let outcomes = answer["findings"].as_array().unwrap().iter().map(|finding| finding["outcome"].to_string());
        outcomes.collect::<Vec<_>>()
    };
    let outcomes = judged(&["<= 250ms", "<= 200ms", "<= 400ms", "<= 100ms", "<= 90ms"]);
    assert_eq!(outcomes, ["\"pass\"", "\"inconclusive\"", "\"pass\"", "\"fail\"", "\"fail\""]);
    assert_ne!(judged(&["<= baseline + 5%"]), ["\"fail\""], "the same buckets in both arms");
}

#[test]
fn a_recording_keeps_histograms() {
    for (metric, end) in [
        (BINNED, MINUTE),
        // some requests reach the end
        (BINNED, 150_000_000),
        (
            "{ source: binned, values: { histogram: took, unit: us, resolution: 0.0010000000000000002, of: calls } }",
            MINUTE,
        ),
        ("{ source: binned, values: { histogram: took, unit: ms, resolution: 1 } }", MINUTE),
    ] {
        let folder = folder(metric, end);
        let answer = verdict(folder.path(), &["--record", "kept"]);
        let kept = folder.path().join("kept");
        let config = fs::read_to_string(kept.join("canary.yaml")).unwrap();
        let replayed = output(folder.path(), &["replay", "--check", "kept"]);
        assert!(replayed.status.success(), "{}{config}", String::from_utf8_lossy(&replayed.stdout));
        let kept_verdict: Value =
            serde_json::from_str(&fs::read_to_string(kept.join("verdict.json")).unwrap()).unwrap();
        assert_eq!(
            (&kept_verdict["fingerprint"], &kept_verdict["findings"]),
            (&answer["fingerprint"], &answer["findings"])
        );
        // any tool can read what is kept, and it is what was there
        let rows =
            |text: &str| text.lines().skip(1).map(|l| l.rsplit_once(',').unwrap().1.to_owned()).collect::<Vec<_>>();
        let read = |text: &String| -> Bins {
            let mut reader = Deserializer::new();
            let histogram = reader.deserialize::<u64, _>(&mut STANDARD.decode(text).unwrap().as_slice()).unwrap();
            Bins::from(&histogram).without_idle_end()
        };
        let series = fs::read_to_string(kept.join("series/latency.csv")).unwrap();
        assert!(series.starts_with("time,arm,histogram\n"), "{series}");
        let (kept, given) = (rows(&series), rows(&fs::read_to_string(folder.path().join("binned.csv")).unwrap()));
        assert_eq!(kept.len(), 120);
        for (kept, given) in kept.iter().zip(&given) {
            assert_eq!(read(kept), read(given));
        }
        // recording the recording changes nothing
        let again = output(folder.path(), &["judge", "kept", "--record", "again", "--format", "json"]);
        assert!(again.status.code().is_some_and(|code| code < 60), "{}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(fs::read_to_string(folder.path().join("again/series/latency.csv")).unwrap(), series);
    }
}

#[test]
fn what_is_no_histogram_is_named_with_its_place() {
    let folder = folder(BINNED, MINUTE);
    let good = fs::read_to_string(folder.path().join("binned.csv")).unwrap();
    let third = good.lines().nth(3).unwrap().rsplit_once(',').unwrap().1;
    for (cell, told) in [
        ("81.2", ["is not base64 text", "Where each row is one request, write `value: …`."]),
        ("aGVsbG8=", ["does not begin as an encoded HdrHistogram does", "last column of their .hlog"]),
        ("HISTCQ==", ["is a histogram that ends too early", "what HdrHistogram encodes"]),
        (&third[..third.len() / 8 * 4], ["is a histogram that ends too early", "what HdrHistogram encodes"]),
    ] {
        fs::write(folder.path().join("binned.csv"), good.replacen(third, cell, 1)).unwrap();
        let output = output(folder.path(), &["judge", "canary.yaml"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{error}");
        let flat = error.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["binned.csv", "line 4", "took"].iter().chain(&told) {
            assert!(flat.contains(part), "{part}: {flat}");
        }
    }
    // a gap is a gap
    fs::write(folder.path().join("binned.csv"), good.replacen(third, "", 1)).unwrap();
    assert_eq!(verdict(folder.path(), &[])["findings"][0]["evidence"]["n"]["baseline"], 59 * 120);
}
