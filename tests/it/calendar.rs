//! A long window in parts: its days and its hours of the day, against the rows that they come from.

use std::fmt::Write as _;
use std::path::Path;

use assert_cmd::Command;
use davy::comparison::calendar::{Calendar, Parts, Per};
use davy::judge::rules::Metric;
use davy::series::{Bins, Grid, Pair, Series, SignedDuration, Tally, Timestamp, Window};
use jiff::tz::TimeZone;
use serde_json::Value;

fn davy(folder: &Path, arguments: &[&str]) -> String {
    let mut davy = Command::cargo_bin("davy").unwrap();
    let output = davy.current_dir(folder).env_remove("COLUMNS").env("NO_COLOR", "1").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Errors of an instant: many in the hour from 18:00 of the canary alone.
fn errors(at: Timestamp, is_canary: bool) -> u64 {
    let (hour, minute) = (at.as_second() / 3600 % 24, at.as_second() / 60 % 60);
    let usual = 20 + (minute as u64 / 5) % 3;
    if is_canary && hour == 18 { usual * 3 } else { usual }
}

/// So many hours from an instant on, a row each five minutes.
fn rows(folder: &Path, name: &str, from: Timestamp, hours: i64, is_canary: bool) {
    let mut text = "time,requests,errors,p95_ms\n".to_owned();
    for step in 0..hours * 12 {
        let at = from + SignedDuration::from_mins(5 * step);
        let day = (at.as_second() / 86_400 % 7) as f64;
        let p95 = 200.0 + day + (step % 5) as f64 + if is_canary { 20.0 } else { 0.0 };
        writeln!(text, "{at},1000,{},{p95}", errors(at, is_canary)).unwrap();
    }
    std::fs::write(folder.join(name), text).unwrap();
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn two(hours: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    rows(folder.path(), "old.csv", noon(), hours, false);
    rows(folder.path(), "new.csv", noon(), hours, true);
    folder
}

fn compared(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["compare"].iter().chain(arguments).chain(&["--format", "json"]).copied().collect();
    let document: Value = serde_json::from_str(&davy(folder, &all)).unwrap();
    let schema: Value = serde_json::from_str(&davy(folder, &["schema", "comparison"])).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document));
    document
}

/// The parts of a metric.
fn parts<'v>(document: &'v Value, metric: &str, per: &str) -> &'v [Value] {
    let all = document["calendar"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = all.iter().find(|own| own["metric"] == metric && own["per"] == per);
    own.map_or(&[], |own| own["parts"].as_array().unwrap())
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} instead of {expected}"));
    assert!((value - expected).abs() <= 1e-9, "{value} instead of {expected}");
}

#[test]
fn days_and_hours_are_those_of_the_rows() {
    let folder = two(72);
    let document = compared(folder.path(), &["old.csv", "new.csv"]);
    let days = parts(&document, "errors", "day");
    let named: Vec<(&str, bool)> =
        days.iter().map(|day| (day["part"].as_str().unwrap(), day["is_whole"].as_bool().unwrap())).collect();
    assert_eq!(named, [("2026-03-01", false), ("2026-03-02", true), ("2026-03-03", true), ("2026-03-04", false)]);
    let rate = |hours: std::ops::Range<i64>, is_canary: bool| {
        let each =
            hours.flat_map(|hour| (0..12).map(move |step| noon() + SignedDuration::from_mins(60 * hour + 5 * step)));
        let each: Vec<u64> = each.map(|at| errors(at, is_canary)).collect();
        each.iter().sum::<u64>() as f64 / (1000 * each.len()) as f64
    };
    for (day, hours) in [(0, 0..12), (1, 12..36), (2, 36..60), (3, 60..72)] {
        close(&days[day]["estimate"]["baseline"], rate(hours.clone(), false));
        close(&days[day]["estimate"]["canary"], rate(hours.clone(), true));
        close(&days[day]["difference"], rate(hours.clone(), true) - rate(hours, false));
    }
    let hours = parts(&document, "errors", "hour_of_day");
    assert_eq!(hours.len(), 24);
    for (at, hour) in hours.iter().enumerate() {
        assert_eq!(hour["part"], format!("{at:02}"));
        let expected = if at == 18 { 2.0 * rate(0..1, false) } else { 0.0 };
        close(&hour["difference"], expected);
    }
    // a gauge: the median of the day's steps, as a ratio
    let p95 = parts(&document, "latency_p95", "day");
    let step = |at: usize| p95[at]["estimate"]["baseline"].as_f64().unwrap();
    close(&p95[1]["estimate"]["canary"], step(1) + 20.0);
    close(&p95[1]["difference"], (step(1) + 20.0) / step(1));
    assert_eq!(document["calendar"][0]["zone"], "UTC");
}

#[test]
fn every_form_has_the_tables_and_no_part_is_better_or_worse() {
    let folder = two(72);
    let text = davy(folder.path(), &["compare", "old.csv", "new.csv"]);
    let markdown = davy(folder.path(), &["compare", "old.csv", "new.csv", "--format", "markdown"]);
    let page = davy(folder.path(), &["compare", "old.csv", "new.csv", "--format", "html"]);
    for said in ["Day by day (UTC)", "By the hour of the day (UTC)"] {
        assert!(text.contains(said) && markdown.contains(said) && page.contains(said), "{said}: {text}");
    }
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("2026-03-") || line.starts_with("18:00")).collect();
    assert_eq!(rows.len(), 2 * 4 + 2, "{text}");
    assert!(rows.iter().all(|row| !row.contains("better") && !row.contains("worse") && !row.contains('[')), "{rows:?}");
    assert!(text.contains("2026-03-01 Sun, in part") && text.contains("2026-03-02 Mon  "), "{text}");
    assert!(markdown.contains("| errors, rate | baseline | canary | difference |"), "{markdown}");
    assert!(markdown.contains("| 18:00 | 2.1 % | 6.3 % | +4.2 pp |"), "{markdown}");
    assert!(page.contains("<caption>errors, rate</caption>"), "{page}");
    // what to do still comes last
    assert!(text.find("Recommendation").unwrap() > text.find("By the hour of the day").unwrap());
}

#[test]
fn a_day_is_enough_for_hours_and_less_is_enough_for_nothing() {
    let day = compared(two(24).path(), &["old.csv", "new.csv"]);
    assert_eq!((parts(&day, "errors", "day").len(), parts(&day, "errors", "hour_of_day").len()), (0, 24));
    let short = compared(two(23).path(), &["old.csv", "new.csv"]);
    assert!(short.get("calendar").is_none());
}

#[test]
fn several_canaries_have_a_column_each() {
    let folder = two(48);
    std::fs::copy(folder.path().join("old.csv"), folder.path().join("same.csv")).unwrap();
    let text = davy(folder.path(), &["compare", "old.csv", "--canary", "v2=new.csv", "--canary", "v3=same.csv"]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("errors, rate baseline v2 v3"), "{text}");
    assert!(flat.contains("18:00 2.1 % 6.3 % 2.1 % +4.2 pp 0 pp"), "{text}");
}

#[test]
fn an_earlier_baseline_is_laid_beside_the_canary() {
    let folder = tempfile::tempdir().unwrap();
    rows(folder.path(), "all.csv", noon(), 12 * 24, false);
    let config = |zone: &str| {
        format!(
            "name: before\nwindow: {{ from: 2026-03-09T12:00:00Z, to: 2026-03-12T12:00:00Z, step: 5m, baseline: {{ ago: 7d{zone} }} }}\n\
             sources: {{ all: {{ file: {{ path: all.csv }} }} }}\nmetrics:\n  errors: {{ rate: {{ bad: errors, total: requests }} }}\n  \
             p95: {{ gauge: {{ value: p95_ms, unit: ms, quantile: p95 }} }}\n"
        )
    };
    std::fs::write(folder.path().join("canary.yaml"), config("")).unwrap();
    let document = compared(folder.path(), &["canary.yaml"]);
    let days = parts(&document, "p95", "day");
    let named: Vec<&str> = days.iter().map(|day| day["part"].as_str().unwrap()).collect();
    assert_eq!(named, ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"]);
    // the same weekday, so the same numbers
    assert!(days.iter().all(|day| day["difference"] == 1), "{days:?}");
    let text = davy(folder.path(), &["compare", "canary.yaml"]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("its days count from the beginning of its window"), "{text}");
    std::fs::write(folder.path().join("canary.yaml"), config(", zone: Asia/Tokyo")).unwrap();
    let document = compared(folder.path(), &["canary.yaml"]);
    let named: Vec<&str> = parts(&document, "p95", "day").iter().map(|day| day["part"].as_str().unwrap()).collect();
    assert_eq!(named, ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"]);
    assert_eq!(document["calendar"][0]["zone"], "Asia/Tokyo");
}

/// The hours of a metric over two days.
fn hours(series: &Series, metric: &Metric) -> Parts {
    let window = Window { start: noon(), end: noon() + SignedDuration::from_hours(48) };
    let calendar = Calendar { windows: Pair { baseline: window, canary: window }, zone: &TimeZone::UTC };
    let pair = Pair { baseline: series.clone(), canary: series.clone() };
    let all = calendar.of("took", metric, &pair, SignedDuration::from_mins(1));
    all.into_iter().find(|own| own.per == Per::HourOfDay).unwrap()
}

#[test]
fn requests_in_histograms_have_the_percentile_of_the_requests() {
    let times: Vec<Timestamp> = (0..48 * 60).map(|minute| noon() + SignedDuration::from_mins(minute)).collect();
    let of = |at: usize| 50 + (at * 7919 % 1009) as u64 + (at / 60 % 24) as u64 * 20;
    let value = (0..times.len()).map(|at| of(at) as f64).collect();
    let bins = |at: usize| -> Bins {
        let mut tally = Tally::new(Grid::THREE_DIGITS);
        tally.count(Grid::THREE_DIGITS.index(of(at) * 1000), 1);
        tally.finish()
    };
    let bins = (0..times.len()).map(bins).collect();
    let each = hours(&Series::Values { time: times.clone(), value }, &Metric::latencies());
    let packed = hours(&Series::Buckets { time: times, bins, scale: 0.001 }, &Metric::latencies());
    assert_eq!((each.statistic.as_str(), each.parts.len(), packed.parts.len()), ("p95", 24, 24));
    for (each, packed) in each.parts.iter().zip(&packed.parts) {
        let (each, packed) = (each.estimate.canary.unwrap(), packed.estimate.canary.unwrap());
        // ranks between requests, and the width of a cell
        assert!((each / packed - 1.0).abs() < 0.02, "{each} against {packed}");
    }
}

#[test]
fn occurrences_are_counted_by_time() {
    let times: Vec<Timestamp> = (0..48 * 60).map(|minute| noon() + SignedDuration::from_mins(minute)).collect();
    let count = (0..times.len()).map(|at| u64::from(at / 60 % 24 == 0) * 3).collect();
    let parts = hours(&Series::Events { time: times, count, exposure: None }, &Metric::events()).parts;
    let of = |name: &str| parts.iter().find(|part| part.name == name).unwrap().estimate.canary.unwrap();
    assert_eq!((of("12"), of("13")), (3.0 / 60.0, 0.0));
    assert!(
        parts.iter().find(|part| part.name == "13").unwrap().difference.is_none(),
        "nothing to nothing is no ratio"
    );
}
