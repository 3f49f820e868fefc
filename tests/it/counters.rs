//! Totals since some start: their increases are judged, and totals that nobody declared are refused.
//!
//! A baseline that ran for days hides the canary's errors behind its history, so a counter read as counts is the worst kind of
//! mistake: all numbers are there, and none means what it seems to mean.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// What a run answered: its exit code, its verdict if there was one, and what it said.
struct Run(i32, Value, String);

fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder.path()).args(arguments).output().unwrap();
    let verdict = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Run(output.status.code().unwrap(), verdict, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

/// Half an hour of rows by minute under a header.
fn rows(header: &str, row: impl Fn(u64) -> String) -> String {
    let line = |minute: u64| match row(minute) {
        cells if cells.is_empty() => String::new(),
        cells => format!("2026-03-02T10:{minute:02}:00Z,{cells}\n"),
    };
    format!("ts,{header}\n") + &(0..30).map(line).collect::<String>()
}

/// Requests and errors that both grow, from a start on.
fn grown(start: (u64, u64), per_minute: (u64, u64)) -> impl Fn(u64) -> String {
    move |minute| {
        let wave = minute * 7 % 5;
        format!("{},{}", start.0 + minute * per_minute.0 + wave, start.1 + minute * per_minute.1 + wave / 4)
    }
}

fn config(metric: &str, bound: &str) -> String {
    format!(
        "name: t\narms: {{ baseline: {{ v: b }}, canary: {{ v: c }} }}\nsources: {{ d: {{ file: {{ path: \"${{v}}.csv\" }} }} }}\n\
         metrics: {{ m: {{ {metric} }} }}\ncriteria: [ {{ metric: m, pass: \"{bound}\" }} ]\n"
    )
}

const RATE: &str = "rate: { bad: errors, total: requests }";
const COUNTER: &str = "rate: { bad: errors, total: requests, counter: true }";
const COUNTS: &str = "rate: { bad: errors, total: requests, counter: false }";

fn judged(header: &str, metric: &str, baseline: impl Fn(u64) -> String, canary: impl Fn(u64) -> String) -> Run {
    let files = [("b.csv", rows(header, baseline)), ("c.csv", rows(header, canary))];
    let folder = folder(&files);
    fs::write(folder.path().join("canary.yaml"), config(metric, "<= baseline + 50%")).unwrap();
    run(&folder, &["judge", "--format", "json"])
}

#[test]
fn an_old_baseline_does_not_hide_a_bad_canary() {
    let old = || grown((1_000_000, 40_000), (600, 3));
    let (bad, good) = (grown((0, 0), (600, 18)), grown((0, 0), (600, 3)));
    for (canary, exit) in [(&bad as &dyn Fn(u64) -> String, 10), (&good, 0)] {
        let Run(code, verdict, said) = judged("requests,errors", COUNTER, old(), canary);
        assert_eq!(code, exit, "{said} {}", verdict["summary"]);
        let Run(code, _, said) = judged("requests,errors", RATE, old(), canary);
        assert_eq!(code, 65, "{said}");
        assert!(said.contains("counter: true") && said.contains("counter: false"), "{said}");
    }
    // that each row counts its own step may be said, and then it is believed
    let Run(code, ..) = judged("requests,errors", COUNTS, old(), &bad);
    assert_eq!(code, 0);
}

#[test]
fn files_alone_are_judged_by_their_increases() {
    for (header, names) in
        [("requests,errors", "requests and errors"), ("http_requests_total,http_errors_total", "http_")]
    {
        let folder = folder(&[
            ("b.csv", rows(header, grown((1_000_000, 40_000), (600, 3)))),
            ("c.csv", rows(header, grown((0, 0), (600, 18)))),
        ]);
        let Run(code, verdict, said) =
            run(&folder, &["judge", "--baseline", "b.csv", "--canary", "c.csv", "--format", "json"]);
        assert_eq!(code, 10, "{said}");
        assert!(said.contains(names) && said.contains("their increases"), "{said}");
        let rate = &verdict["findings"][0]["evidence"]["estimate"];
        assert!(rate.to_string().contains("0.0299"), "{rate}");
    }
}

#[test]
fn one_arm_may_not_count_otherwise_than_the_other() {
    let noisy = |minute: u64| format!("{},{}", 600 + minute * 37 % 23, 3 + minute * 5 % 3);
    let counter = || grown((1_000_000, 40_000), (600, 3));
    for metric in [RATE, COUNTER] {
        let Run(code, _, said) = judged("requests,errors", metric, counter(), noisy);
        assert_eq!(code, 65, "{metric}: {said}");
        let Run(code, _, said) = judged("requests,errors", metric, noisy, counter());
        assert_eq!(code, 65, "{metric}: {said}");
    }
    let Run(_, _, said) = judged("requests,errors", COUNTER, counter(), noisy);
    assert!(said.contains("falls in") && said.contains("c.csv"), "{said}");
}

#[test]
fn counts_are_no_counters() {
    let flat = |_: u64| "1000,5".to_owned();
    let still = |_: u64| "1000,0".to_owned();
    let rising = |minute: u64| format!("{},{}", 1000 + minute * 9 + minute * 41 % 60, 4 + minute % 3);
    let ramp = |minute: u64| format!("{},{}", 1000 + minute, 4 + minute % 3);
    for counts in [&flat as &dyn Fn(u64) -> String, &still, &rising, &ramp] {
        let Run(code, _, said) = judged("requests,errors", RATE, counts, counts);
        assert_ne!(code, 65, "{said}");
    }
    for counts in [&flat as &dyn Fn(u64) -> String, &rising] {
        let later = |minute: u64| counts(minute + 1);
        let Run(_, verdict, _) = judged("requests,errors", RATE, counts, later);
        let notes = verdict["findings"][0]["notes"].as_array().unwrap();
        assert!(!notes.iter().any(|note| note.as_str().unwrap().contains("counter")), "{notes:?}");
    }
}

#[test]
fn a_restart_begins_at_zero_and_a_gap_belongs_to_what_follows() {
    let canary = |minute: u64| match minute {
        0..=9 => format!("{},{}", 5_000 + minute * 600, 90 + minute * 3),
        12 => String::new(),
        _ => format!("{},{}", (minute - 9) * 600, (minute - 9) * 3),
    };
    let folder = folder(&[
        ("b.csv", rows("requests,errors", grown((0, 0), (600, 3)))),
        ("c.csv", rows("requests,errors", canary)),
    ]);
    fs::write(folder.path().join("canary.yaml"), config(COUNTER, "<= 1%")).unwrap();
    let Run(code, verdict, said) = run(&folder, &["judge", "--format", "json"]);
    assert_eq!(code, 0, "{said} {verdict}");
    let n = &verdict["findings"][0]["evidence"]["n"]["canary"];
    assert_eq!(n.as_u64(), Some(29 * 600), "nine steps, a restart, and a gap that is made up for: {n}");
    let Run(code, ..) = run(&folder, &["judge", "--record", "kept"]);
    assert_eq!(code, 0);
    let Run(code, again, said) = run(&folder, &["replay", "kept", "--format", "json"]);
    assert_eq!((code, &again["findings"][0]["evidence"]["n"]["canary"]), (0, n), "a replay counts the same: {said}");
}

#[test]
fn a_fall_that_is_no_restart_is_refused() {
    let summed = |minute: u64| match minute {
        0..=14 => format!("{},{}", 1_000_000 + minute * 600, 4_000 + minute * 3),
        _ => format!("{},{}", 700_000 + minute * 600, 2_800 + minute * 3),
    };
    let Run(code, _, said) = judged("requests,errors", COUNTER, grown((0, 0), (600, 3)), summed);
    assert_eq!(code, 65);
    assert!(said.contains("line 17") && said.contains("instance"), "{said}");
}

#[test]
fn each_pod_has_a_counter_of_its_own() {
    let pods = |errors: u64| {
        let line = |minute: u64, pod: u64| {
            let (requests, failed) = (minute * 300 + pod * 70_000, minute * errors + pod * 900);
            format!("2026-03-02T10:{minute:02}:00Z,pod-{pod},{requests},{failed}\n")
        };
        let lines = (0..30).flat_map(|minute| (0..4).map(move |pod| line(minute, pod)));
        "ts,pod,requests,errors\n".to_owned() + &lines.collect::<String>()
    };
    for (errors, exit) in [(2, 0), (12, 10)] {
        let folder = folder(&[("b.csv", pods(2)), ("c.csv", pods(errors))]);
        let by = |counter: &str| format!("rate: {{ bad: errors, total: requests, instance: pod{counter} }}");
        fs::write(folder.path().join("canary.yaml"), config(&by(", counter: true"), "<= baseline + 50%")).unwrap();
        let Run(code, verdict, said) = run(&folder, &["judge", "--format", "json"]);
        assert_eq!(code, exit, "{said} {}", verdict["summary"]);
        fs::write(folder.path().join("canary.yaml"), config(&by(""), "<= baseline + 50%")).unwrap();
        assert_eq!(run(&folder, &["judge"]).0, 65);
    }
}

#[test]
fn other_shapes_have_counters_too() {
    let good_and_bad = |errors: u64| move |minute: u64| format!("{},{}", 50_000 + minute * 600, 700 + minute * errors);
    let metric = "rate: { good: hits, bad: misses, show: bad, counter: true }";
    assert_eq!(judged("hits,misses", metric, good_and_bad(6), good_and_bad(60)).0, 10);
    assert_eq!(judged("hits,misses", metric, good_and_bad(6), good_and_bad(6)).0, 0);
    let Run(code, ..) =
        judged("hits,misses", "rate: { good: hits, bad: misses, show: bad }", good_and_bad(6), good_and_bad(60));
    assert_eq!(code, 65);

    let events = "events: { count: fallbacks, counter: true }";
    let one = |start: u64, per: u64| move |minute: u64| (start + minute * per).to_string();
    assert_eq!(judged("fallbacks", events, one(9_000, 20), one(0, 200)).0, 10);
    assert_eq!(judged("fallbacks", "events: { count: fallbacks }", one(9_000, 20), one(0, 200)).0, 65);

    let gauge =
        |counter: &str| format!("gauge: {{ value: p95, unit: ms, quantile: p95, requests: requests{counter} }}");
    let timed = |start: u64| move |minute: u64| format!("{},{}", 80 + minute * 3 % 7, start + minute * 600);
    let Run(code, _, said) = judged("p95,requests", &gauge(""), timed(900_000), timed(0));
    assert_eq!(code, 65, "{said}");
    assert_eq!(judged("p95,requests", &gauge(", counter: true"), timed(900_000), timed(0)).0, 0);
    let Run(code, _, said) = judged("errors_total", "gauge: { value: errors_total }", one(9_000, 20), one(0, 200));
    assert_eq!(code, 65, "{said}");
}

#[test]
fn a_counter_that_appears_with_its_first_error_was_zero_before() {
    let late = |minute: u64| match minute {
        0..=19 => format!("{},", 1_000 + minute * 600),
        _ => format!("{},{}", 1_000 + minute * 600, (minute - 19) * 100),
    };
    let metric = "rate: { bad: errors, total: requests, missing: zero, counter: true }";
    let Run(code, verdict, said) = judged("requests,errors", metric, grown((0, 0), (600, 3)), late);
    assert_ne!(code, 0, "{said}");
    assert!(verdict["summary"].to_string().contains("1,000 of 17,400"), "{}", verdict["summary"]);
}
