//! Metrics of OpenTelemetry as the Python SDK counts them: every count is the truth, by start time and temporality.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use davy::report::Document;

/// What was counted in each minute: requests, errors, and those within 0.25 s.
fn truth(version: &str) -> Vec<[u64; 3]> {
    let text = fs::read_to_string(fixture("truth.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(all[version].clone()).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/otlp").join(name)
}

/// What davy keeps of a metric in a recording: the totals and the bad ones of each minute.
fn judged(file: &Path, rate: &str) -> (String, [Vec<(u64, u64)>; 2]) {
    let shop = tempfile::tempdir().unwrap();
    let pass = if rate.starts_with("good") { ">= baseline - 1pp" } else { "<= baseline + 1pp" };
    let text = format!(
        "name: otlp\nwindow: {{ from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T12:20:00Z\", step: 1m }}\n\
         sources: {{ app: {{ file: {{ path: \"{}\", arm: {{ column: service.version, baseline: \"41\", canary: \"42\" }} }} }} }}\n\
         metrics:\n  errors: {{ rate: {{ {rate} }} }}\n\
         criteria:\n  - {{ metric: errors, pass: \"{pass}\" }}\n",
        file.display()
    );
    fs::write(shop.path().join("canary.yaml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_davy"))
        .args(["judge", "canary.yaml", "--format", "json", "--record", "kept"])
        .current_dir(shop.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!([Some(0), Some(10), Some(11)].contains(&output.status.code()), "{stderr}");
    let document = Document::read(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let kept = fs::read_to_string(shop.path().join("kept/series/errors.csv")).unwrap();
    let arm = |name: &str| {
        let own = kept.lines().filter(|line| line.split(',').nth(1) == Some(name));
        let numbers = own.map(|line| {
            let cells: Vec<u64> = line.split(',').skip(2).filter_map(|cell| cell.parse().ok()).collect();
            (cells[0], cells[1])
        });
        numbers.collect::<Vec<_>>()
    };
    (document.summary.clone(), [arm("baseline"), arm("canary")])
}

const REQUESTS: &str = "http.server.request.duration";

#[test]
fn every_minute_is_the_truth_in_either_temporality() {
    let versions = ["41", "42"].map(truth);
    for file in ["cumulative", "delta", "exponential", "exponential-delta"] {
        let path = fixture(&format!("{file}.jsonl.gz"));
        for name in [REQUESTS, "http.requests"] {
            let rate = format!("bad: '{name}{{http.response.status_code=5xx}}', total: {name}");
            let (summary, arms) = judged(&path, &rate);
            for (arm, truth) in arms.iter().zip(&versions) {
                let expected: Vec<(u64, u64)> = truth.iter().map(|[all, bad, _]| (*all, *bad)).collect();
                assert_eq!(*arm, expected, "{file} {name}: {summary}");
            }
        }
        let (summary, arms) = judged(&path, &format!("good: '{REQUESTS}{{le=0.25}}', total: {REQUESTS}"));
        for (arm, truth) in arms.iter().zip(&versions) {
            let expected: Vec<(u64, u64)> = truth.iter().map(|[all, _, quick]| (*all, all - quick)).collect();
            assert_eq!(*arm, expected, "{file} within 0.25 s: {summary}");
        }
    }
}

/// A file that begins in the middle has nothing of what was counted before it.
#[test]
fn what_was_counted_before_the_file_is_not_in_it() {
    use std::io::Read;
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(fixture("cumulative.jsonl.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&late, lines[8..].join("\n") + "\n").unwrap();
    let (_, [baseline, _]) =
        judged(&late, &format!("bad: '{REQUESTS}{{http.response.status_code=5xx}}', total: {REQUESTS}"));
    let truth = truth("41");
    let expected: Vec<(u64, u64)> = truth[5..].iter().map(|[all, bad, _]| (*all, *bad)).collect();
    assert_eq!(baseline, expected, "the fifth minute is in the first export, with all before it");
    // each line by itself in one document, in another order
    let whole = folder.path().join("whole.jsonl");
    let turned: Vec<&str> = lines.iter().rev().copied().collect();
    fs::write(&whole, turned.join("\n") + "\n").unwrap();
    let (_, [baseline, _]) =
        judged(&whole, &format!("bad: '{REQUESTS}{{http.response.status_code=5xx}}', total: {REQUESTS}"));
    assert_eq!(baseline.len(), 20);
}

#[test]
fn points_that_contradict_each_other_are_refused() {
    let point = |start: u64, time: u64, value: u64| {
        let (start, time) = (1_772_366_400 + start, 1_772_366_400 + time);
        format!(r#"{{"startTimeUnixNano":"{start}000000000","timeUnixNano":"{time}000000000","asInt":"{value}"}}"#)
    };
    let sum = |temporality: &str, points: &[String]| {
        format!(
            r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.version","value":{{"stringValue":"41"}}}}]}},"scopeMetrics":[{{"metrics":[{{"name":"n","sum":{{{temporality}"isMonotonic":true,"dataPoints":[{}]}}}}]}}]}}]}}"#,
            points.join(",")
        )
    };
    let cases = [
        (sum(r#""aggregationTemporality":1,"#, &[point(0, 60, 1), point(30, 90, 1)]), "counts a time twice"),
        (sum(r#""aggregationTemporality":2,"#, &[point(0, 60, 1), point(0, 60, 2)]), "two points of one time"),
        // two processes without an attribute that tells them apart: each has its start, or none knows it
        (
            sum(r#""aggregationTemporality":2,"#, &[point(0, 60, 900), point(30, 90, 500), point(0, 120, 901)]),
            "counts a time twice: its point of 2026-03-01T12:01:30Z begins at 2026-03-01T12:00:30Z, before its point of \
             2026-03-01T12:01:00Z",
        ),
        (
            sum(
                r#""aggregationTemporality":2,"#,
                &[60, 90, 120, 150, 180, 210, 240].map(|at| point(at, at, 90 + at % 60)),
            ),
            "falls 3 times in 7 points without a new start",
        ),
        (sum("", &[point(0, 60, 1)]), "does not say whether it is a delta or cumulative"),
        (
            sum(r#""aggregationTemporality":1,"#, &[r#"{"timeUnixNano":"1772366460000000000","asInt":"1"}"#.into()]),
            "without the start of its delta",
        ),
        (sum(r#""aggregationTemporality":1,"#, &[point(0, 60, 1).replace("asInt", "as")]), "without what it counts"),
    ];
    for (line, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("metrics.jsonl"), format!("{line}\n{line}\n").replacen('\n', "\n\n", 1)).unwrap();
        let text = "name: otlp\nwindow: { step: 1m }\nsources: { app: { file: { path: metrics.jsonl } } }\n\
                    metrics: { n: { events: { count: n } } }\ncriteria: [{ metric: n, pass: \"<= 5\" }]\n";
        fs::write(folder.path().join("canary.yaml"), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_davy"))
            .args(["judge", "canary.yaml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{expected}: {stderr}");
        assert_eq!(output.status.code(), Some(65), "{stderr}");
    }
}
