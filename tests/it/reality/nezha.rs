//! A shop on Kubernetes with 24 faults of three minutes each, and sixteen hours without, per minute.
//!
//! Three points per fault are for an alarm rule; an interval of three points would be a guess, and davy must say so
//! instead of passing. The alarms look at the front door only, as a gate would: what a fault does not do there (a
//! slow mail service behind a queue) they cannot see, so the list of what they miss is a property of the shop as
//! much as of the rule. It is held exactly. The healthy hours are judged half hour against half hour, at the front
//! door and at every pod; latencies come from histogram buckets there, so small ones repeat exactly.

use std::collections::BTreeMap;
use std::path::Path;

use davy::judge::verdict::Outcome::{self, Fail, Inconclusive, Pass};
use davy::judge::verdict::Reason;
use davy::series::Timestamp;

use super::{Tally, csv, finding, judge, shared};

/// From 08:00 no fault was injected; the day is 2022-08-22.
const HEALTHY: i64 = 1_661_155_200;
const MINUTE: i64 = 60;

/// Some columns of a file by their instant; rows with an empty cell in one of them are left out.
fn columns(path: &Path, names: &[&str]) -> Vec<(i64, Vec<f64>)> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = names.iter().map(|name| header.iter().position(|cell| cell == name).unwrap()).collect::<Vec<_>>();
    let row = |line: Vec<&str>| {
        let cells: Option<Vec<f64>> =
            at.iter().map(|i| line[*i].parse().ok().filter(|v: &f64| v.is_finite())).collect();
        Some((seconds(&line[0][..19]), cells?))
    };
    lines.filter_map(row).collect()
}

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::civil::DateTime>().unwrap().in_tz("UTC").unwrap().timestamp().as_second()
}

fn front_door(day: &Path) -> Vec<(i64, Vec<f64>)> {
    columns(&day.join("metric/front_service.csv"), &["SuccessRate(%)", "LatencyP50(s)", "LatencyP95(s)"])
}

fn median(rows: &[(i64, Vec<f64>)], column: usize) -> f64 {
    let mut values: Vec<f64> = rows.iter().map(|(_, row)| row[column]).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Alarms at half as much again as what the healthy hours have, and a margin that three minutes cannot answer.
fn alarms(healthy: &[(i64, Vec<f64>)], path: &str) -> String {
    let [p50, p95] = [1, 2].map(|column| 1.5 * median(healthy, column));
    format!(
        "name: front door\nwindow: {{ step: 1m }}\nsources: {{ data: {{ file: {{ path: \"{path}\" }} }} }}\nmetrics:\n  \
         success: {{ gauge: {{ value: success, unit: \"%\" }} }}\n  p50: {{ gauge: {{ value: p50, unit: s }} }}\n  \
         p95: {{ gauge: {{ value: p95, unit: s }} }}\ncriteria:\n  \
         - {{ name: success, metric: success, pass: \">= 99%\", periods: 2 of 3 }}\n  \
         - {{ name: p50, metric: p50, pass: \"<= {p50:.4}s\", periods: 2 of 3 }}\n  \
         - {{ name: p95, metric: p95, pass: \"<= {p95:.4}s\", periods: 2 of 3 }}\n  \
         - {{ name: margin, metric: p50, pass: \"<= baseline + 10%\" }}\n"
    )
}

const ALARMS: [&str; 3] = ["success", "p50", "p95"];

#[test]
fn three_minutes_of_a_fault_never_pass_and_fail_where_the_front_door_shows_it() {
    let Some(root) = shared("nezha-online-boutique") else { return };
    let day = root.join("2022-08-22");
    let rows = front_door(&day);
    let healthy: Vec<_> = rows.iter().filter(|(time, _)| *time >= HEALTHY).cloned().collect();
    let text = std::fs::read_to_string(day.join("2022-08-22-fault_list.json")).unwrap();
    let faults: BTreeMap<String, Vec<BTreeMap<String, String>>> = serde_json::from_str(&text).unwrap();
    let mut faults: Vec<_> = faults.into_values().flatten().collect();
    faults.sort_by_key(|fault| fault["inject_time"].clone());
    assert_eq!(faults.len(), 24);

    let folder = tempfile::tempdir().unwrap();
    let mut missed = Vec::new();
    for fault in &faults {
        let injected = seconds(&fault["inject_time"]);
        let during = rows.iter().filter(|(time, _)| (injected + 30..=injected + 210).contains(time));
        let (times, during): (Vec<i64>, Vec<Vec<f64>>) = during.cloned().unzip();
        assert_eq!(during.len(), 3);
        for (name, values) in
            [("canary.csv", during), ("baseline.csv", healthy[..3].iter().map(|r| r.1.clone()).collect())]
        {
            let rows = times.iter().copied().zip(values);
            std::fs::write(folder.path().join(name), csv("success,p50,p95", rows)).unwrap();
        }
        let verdict = judge(folder.path(), &alarms(&healthy, "${arm}.csv")).unwrap();
        let margin = finding(&verdict, "margin");
        assert_eq!((margin.outcome, margin.reason), (Inconclusive, Reason::TooFew));
        let seen: Vec<&str> = ALARMS.into_iter().filter(|name| finding(&verdict, name).outcome == Fail).collect();
        let by = format!("{} {}", fault["inject_pod"].split('-').next().unwrap(), fault["inject_type"]);
        println!("{by:40} {:?} {}", verdict.outcome, seen.join(", "));
        if seen.is_empty() {
            assert_eq!(verdict.outcome, Inconclusive);
            missed.push(by);
        }
    }
    // None of these moves a number of the front door by half in two of its three minutes.
    let silent = [
        "checkoutservice cpu_contention",
        "checkoutservice network_delay",
        "emailservice cpu_contention",
        "emailservice network_delay",
        "paymentservice network_delay",
        "paymentservice cpu_contention",
        "shippingservice cpu_contention",
        "adservice exception",
    ];
    assert_eq!(missed, silent);
}

#[test]
fn the_same_alarms_in_healthy_hours() {
    let Some(root) = shared("nezha-online-boutique") else { return };
    let mut healthy = front_door(&root.join("2022-08-22"));
    healthy.retain(|(time, _)| *time >= HEALTHY);
    let folder = tempfile::tempdir().unwrap();
    let mut tallies = BTreeMap::<&str, Tally>::new();
    for hour in healthy.chunks_exact(60) {
        let text = csv("success,p50,p95", hour.iter().cloned());
        std::fs::write(folder.path().join("canary.csv"), &text).unwrap();
        std::fs::write(folder.path().join("baseline.csv"), &text).unwrap();
        let verdict = judge(folder.path(), &alarms(&healthy, "${arm}.csv")).unwrap();
        for name in ALARMS {
            tallies.entry(name).or_default().add(finding(&verdict, name).outcome);
        }
    }
    for (name, tally) in &tallies {
        println!("{name:10} {}", tally.told());
    }
    // An alarm rule has no level: with sixty minutes to go off in, half as much again at p95 happens in healthy hours.
    assert_eq!(ALARMS.map(|name| tallies[name].of(Fail)), [0, 1, 3]);
    assert_eq!(healthy.len() / 60, tallies["p95"].all());
}

#[test]
fn healthy_half_hours_are_not_failed() {
    let Some(root) = shared("nezha-online-boutique") else { return };
    let day = root.join("2022-08-22");
    let mut pods: Vec<_> = std::fs::read_dir(day.join("metric")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pods.retain(|path| path.to_string_lossy().ends_with("_metric.csv"));
    pods.sort();
    assert_eq!(pods.len(), 10);
    let series = pods.iter().map(|path| (path.clone(), ["CpuUsageRate(%)", "PodServerLatencyP95(s)"]));
    let front = (day.join("metric/front_service.csv"), ["LatencyP50(s)", "LatencyP95(s)"]);
    let folder = tempfile::tempdir().unwrap();
    let mut sums = BTreeMap::<&str, Tally>::new();
    for (path, names) in std::iter::once(front).chain(series) {
        let rows = columns(&path, &names);
        let mut tallies = BTreeMap::<&str, Tally>::new();
        for window in 0..31 {
            let start = HEALTHY + window * 30 * MINUTE;
            let outcomes = half_hours(folder.path(), &rows, start);
            for (name, outcome) in outcomes {
                tallies.entry(name).or_default().add(outcome);
                sums.entry(name).or_default().add(outcome);
            }
        }
        for (name, tally) in tallies {
            println!("{:30.30} {name:12} {}", path.file_name().unwrap().to_string_lossy(), tally.told());
        }
    }
    for (name, tally) in sums {
        println!("{:30} {name:12} {}", "all", tally.told());
        assert_eq!(tally.all(), 11 * 31);
        if name.ends_with(" 10%") {
            assert_eq!(tally.of(Fail), 0, "{name}: {}", tally.told());
        } else {
            // On the limit itself: the level is what is promised, both ways.
            assert!(tally.share(Fail) <= 0.05 && tally.share(Pass) <= 0.05, "{name}: {}", tally.told());
        }
    }
}

/// The half hour from 30 minutes after `start` against the one from `start`, in two columns.
fn half_hours(folder: &Path, rows: &[(i64, Vec<f64>)], start: i64) -> Vec<(&'static str, Outcome)> {
    const CRITERIA: [(&str, &str, &str); 4] = [
        ("first + 10%", "first", "<= baseline + 10%"),
        ("second + 10%", "second", "<= baseline + 10%"),
        ("first + 0%", "first", "<= baseline + 0%"),
        ("second + 0%", "second", "<= baseline + 0%"),
    ];
    let [first, middle, end] = [0, 30, 60].map(|minutes| start + minutes * MINUTE);
    let rows = rows.iter().filter(|(time, _)| (first..end).contains(time)).cloned();
    std::fs::write(folder.join("data.csv"), csv("first,second", rows)).unwrap();
    let at = |time: i64| Timestamp::from_second(time).unwrap();
    let window = format!("from: {}, to: {}, step: 1m", at(middle), at(end));
    let criteria = CRITERIA.map(|(name, metric, pass)| {
        format!("  - {{ name: \"{name}\", metric: {metric}, pass: \"{pass}\", family: one }}\n")
    });
    let yaml = format!(
        "name: quiet\nwindow: {{ {window}, baseline: {{ from: {}, to: {} }} }}\n\
         sources: {{ data: {{ file: {{ path: data.csv }} }} }}\nmetrics:\n  \
         first: {{ gauge: {{ value: first, unit: units }} }}\n  second: {{ gauge: {{ value: second, unit: units }} }}\n\
         criteria:\n{}",
        at(first),
        at(middle),
        criteria.concat()
    );
    let verdict = judge(folder, &yaml).unwrap();
    CRITERIA.iter().map(|(name, ..)| (*name, finding(&verdict, name).outcome)).collect()
}
