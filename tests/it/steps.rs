//! How long the steps of a log are: each arm has 30 to 60 of them, whenever it ran and for however long.

use std::fs;

use davy::config::{self, Options};
use davy::ingest::ingest;
use davy::series::{Arm, Dataset, Pair, Series, SignedDuration, Timestamp};
use davy::source::Outside;

const NOON: i64 = 1_772_366_400_000;

const LOG: &str = r#"
name: log
arms: { baseline: { v: 1 }, canary: { v: 2 } }
WINDOW
sources: { log: { requests: { path: "${arm}.csv" } } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: latency, statistic: p50, pass: "<= baseline + 10%" }
"#;

/// A run: when it begins after noon, how long it lasts, how many requests it has.
type Run = (f64, f64, u32);

fn log((begins, lasts, requests): Run) -> String {
    let row = |i: u32| {
        let at = NOON + (1e3 * (begins + lasts * f64::from(i) / f64::from(requests - 1))) as i64;
        let time = Timestamp::from_millisecond(at).unwrap();
        format!("{time:.3},{},{}\n", if i % 100 == 7 { 500 } else { 200 }, 90 + i % 23)
    };
    "ts,status,latency_ms\n".to_owned() + &(0..requests).map(row).collect::<String>()
}

fn dataset(window: &str, baseline: Run, canary: Run) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("baseline.csv"), log(baseline)).unwrap();
    fs::write(folder.path().join("canary.csv"), log(canary)).unwrap();
    let config = config::load(&LOG.replace("WINDOW", window), "canary.yaml").unwrap();
    let now = "2026-03-08T00:00:00Z".parse().unwrap();
    let options = Options { folder: folder.path(), now, set: &[], phase: None, from: None, to: None };
    let plan = config.plan(&options).unwrap();
    ingest(&plan.queries, &plan.time, &Outside::quiet(now)).unwrap()
}

fn steps(dataset: &Dataset) -> Pair<usize> {
    dataset.windows.map(|window| window.steps(dataset.step))
}

fn total(dataset: &Dataset, arm: Arm) -> u64 {
    let Series::Counts { total, .. } = dataset.metrics["errors"].get(arm) else { panic!() };
    total.iter().sum()
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[test]
fn runs_one_after_the_other_have_steps_of_their_own_however_far_apart_they_are() {
    for later in [300.0, 360.0, 3_900.0, 86_700.0] {
        let dataset = dataset("", (7.3, 299.9, 10_000), (7.3 + later, 299.9, 10_000));
        assert_eq!((dataset.step, steps(&dataset)), (secs(5), Pair { baseline: 61, canary: 61 }), "{later} s later");
        assert!(dataset.windows.baseline.start < dataset.windows.canary.start);
        assert_eq!(Arm::BOTH.map(|arm| total(&dataset, arm)), [10_000, 10_000]);
    }
}

#[test]
fn runs_of_little_traffic_one_after_the_other_are_not_taken_for_one_because_they_share_a_long_step() {
    let dataset = dataset("", (7.0, 290.0, 50), (300.0, 290.0, 50));
    assert_eq!(dataset.step, secs(30));
    assert!(dataset.windows.baseline.start < dataset.windows.canary.start, "{:?}", dataset.windows);
    assert_eq!(Arm::BOTH.map(|arm| total(&dataset, arm)), [50, 50]);
}

#[test]
fn ten_minutes_are_no_cliff() {
    for lasts in [590.0, 599.0, 601.0, 610.0] {
        let dataset = dataset("", (0.0, lasts, 9_000), (0.0, lasts, 9_000));
        assert_eq!(dataset.step, secs(10), "{lasts} s");
        assert!((59..=62).contains(&steps(&dataset).canary));
    }
}

#[test]
fn the_step_suits_the_shorter_run_and_the_longer_one_is_whole() {
    let dataset = dataset("", (0.0, 4_000.0, 20_000), (90_000.0, 299.0, 3_000));
    assert_eq!((dataset.step, steps(&dataset)), (secs(5), Pair { baseline: 801, canary: 60 }));
    assert_eq!(total(&dataset, Arm::Baseline), 20_000);
}

#[test]
fn a_short_canary_at_the_end_of_a_long_baseline_has_steps_of_its_own_length() {
    let dataset = dataset("", (0.0, 20_000.0, 100_000), (19_700.0, 299.0, 3_000));
    // a log that lasts longer than four hours is counted in ten seconds
    assert_eq!((dataset.step, steps(&dataset)), (secs(10), Pair { baseline: 31, canary: 31 }));
    assert_eq!(total(&dataset, Arm::Canary), 3_000);
}

#[test]
fn longer_runs_have_steps_of_a_minute() {
    for lasts in [3_599.0, 7_200.0, 40_000.0] {
        let dataset = dataset("", (0.0, lasts, 50_000), (100_000.0, lasts, 50_000));
        assert_eq!(dataset.step, secs(60), "{lasts} s");
        assert_eq!(Arm::BOTH.map(|arm| total(&dataset, arm)), [50_000, 50_000]);
    }
}

#[test]
fn seconds_are_steps_as_well() {
    let dataset = dataset("", (0.0, 4.0, 3_000), (4.5, 4.0, 3_000));
    assert_eq!((dataset.step, steps(&dataset)), (SignedDuration::from_millis(500), Pair { baseline: 9, canary: 9 }));
}

#[test]
fn a_window_that_is_known_is_divided_alike() {
    let window = "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T12:05:00Z }";
    let known = dataset(window, (-30.0, 400.0, 9_000), (-30.0, 400.0, 9_000));
    assert_eq!((known.step, steps(&known)), (secs(5), Pair { baseline: 60, canary: 60 }));
    let little = dataset(window, (-30.0, 400.0, 100), (-30.0, 400.0, 9_000));
    assert_eq!((little.step, steps(&little)), (secs(30), Pair { baseline: 10, canary: 10 }));
    let written = dataset("window: { step: 7s }", (0.0, 299.0, 9_000), (600.0, 299.0, 9_000));
    assert_eq!(written.step, secs(7));
}

/// A step that grew with the log would change what earlier looks said, and looks would not fall on steps.
#[test]
fn what_is_looked_at_again_keeps_steps_of_ten_seconds_or_a_minute() {
    for (lasts, step) in [(299.0, 10), (500.0, 10), (1_200.0, 60)] {
        let soaked = dataset("soak: 1h\nevery: 5m", (0.0, lasts, 9_000), (0.0, lasts, 9_000));
        assert_eq!(soaked.step, secs(step), "{lasts} s");
    }
}
