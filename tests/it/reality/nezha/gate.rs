//! The faults as a gate would meet them: judged after every minute, beside healthy minutes judged alike.
//!
//! A fault is in one service, as a rollout is. A gate at the front door alone sees what its users see; one that also
//! looks at the service that is being changed (its CPU, its latency, and what its callers wait for it) sees more. Three
//! points are for alarms: the limits of the front door's are half as much again as its usual values, those of the wider
//! gate lie half as much again beyond the level at which eight healthy hours would have raised one, and the healthy
//! pairs are of the eight hours after those.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use davy::judge::verdict::Outcome::{Fail, Inconclusive, Pass};

use super::super::table::{Answers, Judged, Section, Truth};
use super::super::{HEADROOM, finding, judge_each_step, quiet_below};
use super::{HEALTHY, MINUTE, alarms, csv, front_door, healthy_half_hours, seconds};
use davy::series::Timestamp;

/// How many minutes a fault lasts, and how many an hour of baseline has.
const SOAK: usize = 3;
const BEFORE: i64 = 60;

/// From 16:00 the healthy hours are judged; those before are the past that limits come from.
const JUDGED: i64 = HEALTHY + 8 * 3600;

/// Until when after an injection the shop is not healthy.
const RECOVERY: i64 = 6 * MINUTE;

/// A minute of the shop: when it was measured, the minute it is counted as, and the columns.
#[derive(Clone)]
struct Row {
    time: i64,
    minute: i64,
    cells: Vec<f64>,
}

struct Fault {
    injected: i64,
    service: String,
    name: String,
}

/// The columns of the wider gate: three of the front door, three of the changed service.
const COLUMNS: [&str; 6] = ["success", "p50", "p95", "cpu", "own_p95", "callers_p50"];

/// The columns of some names in every line of a file, what is empty as no number.
fn cells(path: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at: Vec<usize> = (0..header.len()).filter(|i| wanted(header[*i])).collect();
    lines.map(|line| at.iter().map(|i| line[*i].parse().unwrap_or(f64::NAN)).collect()).collect()
}

/// All minutes, by service; lines of the same number were measured within a second.
fn services(day: &Path) -> BTreeMap<String, Vec<Row>> {
    let front = front_door(day);
    let minute = |i: usize| front[0].0 / MINUTE * MINUTE + i as i64 * MINUTE;
    let entries = std::fs::read_dir(day.join("metric")).unwrap().map(|entry| entry.unwrap().path());
    let pods = entries.filter(|path| path.to_string_lossy().ends_with("_metric.csv"));
    let service = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().to_owned();
        let own = cells(&path, |column| ["CpuUsageRate(%)", "PodServerLatencyP95(s)"].contains(&column));
        let edge = format!("_{name}");
        let callers = cells(&day.join("metric/source_50.csv"), |column| column.ends_with(&edge));
        assert_eq!((front.len(), own.len(), callers.len()), (1209, 1209, 1209));
        let row = |i: usize| {
            // The callers of the frontend are the users.
            let waits = if callers[i].is_empty() { front[i].1[1] } else { f64::NAN };
            let waits = callers[i].iter().copied().fold(waits, f64::max);
            Row { time: front[i].0, minute: minute(i), cells: [&front[i].1[..], &own[i], &[waits]].concat() }
        };
        (name, (0..front.len()).map(row).collect())
    };
    pods.map(service).collect()
}

fn faults(day: &Path) -> Vec<Fault> {
    let text = std::fs::read_to_string(day.join("2022-08-22-fault_list.json")).unwrap();
    let faults: BTreeMap<String, Vec<BTreeMap<String, String>>> = serde_json::from_str(&text).unwrap();
    let mut faults: Vec<_> = faults.into_values().flatten().collect();
    faults.sort_by_key(|fault| fault["inject_time"].clone());
    let fault = |fault: BTreeMap<String, String>| {
        let service = fault["inject_pod"].split('-').next().unwrap().to_owned();
        let name = format!("{service} {}", fault["inject_type"]);
        Fault { injected: seconds(&fault["inject_time"]), service, name }
    };
    faults.into_iter().map(fault).collect()
}

fn at(time: i64) -> Timestamp {
    Timestamp::from_second(time).unwrap()
}

/// The wider gate, with what the past says its alarms' limits are; a margin for soaks that are longer.
fn gate(headroom: f64, past: &[Row], canary: &[Row]) -> String {
    let limit = |column: usize| {
        let past: Vec<f64> = past.iter().map(|row| row.cells[column]).collect();
        headroom * quiet_below(&past, 2, 3)
    };
    let (start, minutes) = (canary[0].minute, canary.len() as i64);
    let [from, to, before] = [start, start + minutes * MINUTE, start - BEFORE * MINUTE].map(at);
    let metrics = COLUMNS.map(|name| {
        let unit = if ["success", "cpu"].contains(&name) { "%" } else { "s" };
        format!("  {name}: {{ gauge: {{ value: {name}, unit: \"{unit}\" }} }}\n")
    });
    let alarms = [1, 2, 3, 4, 5].map(|column| {
        let (name, unit) = (COLUMNS[column], if column == 3 { "%" } else { "s" });
        format!("  - {{ name: {name}, metric: {name}, pass: \"<= {:.4}{unit}\", periods: 2 of 3 }}\n", limit(column))
    });
    format!(
        "name: a service\nwindow: {{ from: {from}, to: {to}, step: 1m, baseline: {{ from: {before}, to: {from} }} }}\n\
         soak: {minutes}m\nevery: 1m\nsources: {{ data: {{ file: {{ path: data.csv }} }} }}\nmetrics:\n{}criteria:\n  \
         - {{ name: success, metric: success, pass: \">= 99%\", periods: 2 of 3 }}\n{}  \
         - {{ name: p50 + 10%, metric: p50, pass: \"<= baseline + 10%\" }}\n",
        metrics.concat(),
        alarms.concat()
    )
}

/// The canary's minutes against the healthy ones of the hour before.
fn judged(folder: &Path, headroom: f64, past: &[Row], before: &[&Row], canary: &[Row]) -> Judged {
    let rows = before.iter().copied().chain(canary).map(|row| (row.minute, row.cells.clone()));
    std::fs::write(folder.join("data.csv"), csv(&COLUMNS.join(","), rows)).unwrap();
    judge_each_step(folder, &gate(headroom, past, canary))
}

/// The front door's alarms alone, over the same minutes.
fn judged_at_front_door(folder: &Path, healthy: &[(i64, Vec<f64>)], canary: &[Row]) -> Judged {
    let rows = canary.iter().map(|row| (row.minute, row.cells[..3].to_vec()));
    let minutes = canary.len();
    std::fs::write(folder.join("canary.csv"), csv("success,p50,p95", rows)).unwrap();
    let rows = canary.iter().zip(healthy).map(|(row, healthy)| (row.minute, healthy.1.clone()));
    std::fs::write(folder.join("baseline.csv"), csv("success,p50,p95", rows)).unwrap();
    judge_each_step(folder, &(alarms(healthy, "${arm}.csv") + &format!("soak: {minutes}m\nevery: 1m\n")))
}

/// Half a minute of one service's requests against a healthy half minute: all that the three minutes of spans allow.
fn spans(folder: &Path, day: &Path) -> [Answers; 2] {
    let read = |minute: &str, from: i64| {
        let text = std::fs::read_to_string(day.join(format!("trace/{minute}_trace.csv"))).unwrap();
        let lines = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let lines = lines.filter(|line| line[3].starts_with("currencyservice"));
        let spans = lines.map(|line| (line[5].parse::<i64>().unwrap() / 1_000_000_000, vec![line[7].parse().unwrap()]));
        let mut spans: Vec<(i64, Vec<f64>)> = spans.filter(|(time, _)| (from..from + 30).contains(time)).collect();
        spans.sort_by_key(|(time, _)| *time);
        spans
    };
    let yaml = |before: i64, from: i64| {
        let [before, before_end, from, end] = [before, before + 30, from, from + 30].map(at);
        format!(
            "name: spans\nwindow: {{ from: {from}, to: {end}, step: 5s, baseline: {{ from: {before}, to: {before_end} }} }}\n\
             sources: {{ data: {{ file: {{ path: data.csv }} }} }}\n\
             metrics: {{ latency: {{ values: {{ value: latency, unit: us }} }} }}\n\
             criteria: [{{ metric: latency, statistic: p90, pass: \"<= baseline + 10%\" }}]\n"
        )
    };
    let healthy = ("04_04", 1_661_141_000);
    let judged = |truth, minute, from: i64, pairs| {
        let mut answers = Answers::new(truth, "p90 + 10 % of requests", pairs, "once");
        let rows = [read(healthy.0, healthy.1), read(minute, from)].concat();
        std::fs::write(folder.join("data.csv"), csv("latency", rows)).unwrap();
        let verdict = super::super::judge(folder, &yaml(healthy.1, from)).unwrap();
        println!("{}", verdict.findings[0].sentence);
        answers.add_fault("currencyservice cpu_contention", &Judged::at_looks([verdict]), None);
        answers
    };
    [
        judged(Truth::Healthy, "04_04", healthy.1 + 30, "30 s of spans of one service"),
        judged(Truth::Fault, "05_19", 1_661_145_500, "30 s of spans of one service"),
    ]
}

pub fn section(root: &Path) -> Section {
    let day = root.join("2022-08-22");
    let (services, faults) = (services(&day), faults(&day));
    assert_eq!((services.len(), faults.len()), (10, 24));
    let mut front = front_door(&day);
    front.retain(|(time, _)| *time >= HEALTHY);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (door, wide) = ("front door", "front door and changed service");
    let three = "3 minutes from 16:00 on";
    let mut door_healthy = Answers::new(Truth::Healthy, door, three, EACH);
    let mut door_faults = Answers::new(Truth::Fault, door, "3 minutes of a fault", EACH);
    let mut healthy = Answers::new(Truth::Healthy, wide, "3 minutes from 16:00 on, of every service", EACH);
    let mut half_hours = Answers::new(Truth::Healthy, wide, "30 minutes from 16:00 on, of every service", EACH);
    let mut tight = Answers::new(Truth::Healthy, TIGHT, "30 minutes from 16:00 on, of every service", EACH);
    let mut failed_tight = Answers::new(Truth::Fault, TIGHT, "3 minutes of a fault", EACH);
    let mut failed = Answers::new(Truth::Fault, wide, "3 minutes of a fault", EACH);

    for fault in &faults {
        let rows = &services[&fault.service];
        let past: Vec<Row> = rows.iter().filter(|row| (HEALTHY..JUDGED).contains(&row.time)).cloned().collect();
        let during = |row: &&Row| (fault.injected + 30..=fault.injected + 210).contains(&row.time);
        let canary: Vec<Row> = rows.iter().filter(during).cloned().collect();
        assert_eq!(canary.len(), SOAK);
        let quiet = |row: &&Row| {
            let since = faults.iter().map(|other| row.time - other.injected);
            row.minute < canary[0].minute
                && row.minute >= canary[0].minute - BEFORE * MINUTE
                && since.into_iter().all(|since| !(0..RECOVERY).contains(&since))
        };
        let before: Vec<&Row> = rows.iter().filter(quiet).collect();
        let delay = |judged: &Judged| {
            judged.failed_at.map(|looks| (canary[looks - 1].time - fault.injected) as f64 / MINUTE as f64)
        };
        let seen = judged_at_front_door(folder, &front, &canary);
        door_faults.add_fault(&fault.name, &seen, delay(&seen));
        let seen = judged(folder, 1.0, &past, &before, &canary);
        failed_tight.add_fault(&fault.name, &seen, delay(&seen));
        let seen = judged(folder, HEADROOM, &past, &before, &canary);
        let by: Vec<&str> = COLUMNS.into_iter().filter(|name| seen.of(name) == Fail).collect();
        println!("{:40} {:?} {}", fault.name, seen.outcome, by.join(", "));
        if seen.outcome != Fail {
            let margin = finding(&seen.last, "p50 + 10%");
            assert_eq!(margin.outcome, Inconclusive, "{}", fault.name);
        }
        failed.add_fault(&fault.name, &seen, delay(&seen));
    }
    for rows in services.values() {
        let first = rows.iter().position(|row| row.time >= JUDGED).unwrap();
        let past: Vec<Row> = rows.iter().filter(|row| (HEALTHY..JUDGED).contains(&row.time)).cloned().collect();
        let ways = [(SOAK, HEADROOM, &mut healthy), (30, HEADROOM, &mut half_hours), (30, 1.0, &mut tight)];
        for (minutes, headroom, answers) in ways {
            for start in (first..rows.len() - minutes + 1).step_by(minutes) {
                let before: Vec<&Row> = rows[start - BEFORE as usize..start].iter().collect();
                answers.add(&judged(folder, headroom, &past, &before, &rows[start..start + minutes]));
            }
        }
    }
    let frontend = &services["frontend"];
    let first = frontend.iter().position(|row| row.time >= JUDGED).unwrap();
    for minutes in frontend[first..].chunks_exact(SOAK) {
        door_healthy.add(&judged_at_front_door(folder, &front, minutes));
    }
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
    assert_eq!(door_faults.missed, silent, "these move no number of the front door by half in two of three minutes");
    assert_eq!(failed.missed, ["checkoutservice network_delay", "adservice exception"]);
    assert_eq!(failed_tight.missed, failed.missed);
    for answers in [&door_faults, &failed] {
        assert_eq!(answers.verdict.of(Pass), 0, "an injected fault never passes");
    }
    for answers in [&door_healthy, &healthy, &half_hours] {
        assert!(answers.verdict.share(Fail) <= 0.01, "{}", answers.verdict.told());
    }
    let [spans_healthy, spans_fault] = spans(folder, &day);
    Section {
        title: "Nezha",
        words: WORDS.to_owned(),
        answers: vec![
            door_healthy,
            door_faults,
            healthy,
            half_hours,
            failed,
            tight,
            failed_tight,
            spans_healthy,
            spans_fault,
            healthy_half_hours(&day),
        ],
    }
}

const EACH: &str = "every minute";
const TIGHT: &str = "wider, alarms right at the past";

const WORDS: &str = "\
A shop on Kubernetes, per minute, on one day: 24 faults of three minutes each, in one service each, and sixteen healthy hours. A fault's canary is its three
samples from half a minute after the injection on, judged after every minute (`soak: 3m`, `every: 1m`); the baseline is the hour before, less six minutes
after every injection. Healthy pairs are of the last eight hours: every three minutes, and every half hour, against the hour before.

Three points are too few for an interval (`policy: min_steps`), so alarm rules decide, 2 of 3 minutes, and the interval beside them (p50 `<= baseline +
10%`, which has the whole 5 %) can only answer in the half hours. The gate at the front door has alarms on its success rate (99 %), p50 and p95 (1.5 times
the median of the healthy day, the judged hours included). The wider gate also looks at the changed service: its CPU, its p95, and the median latency that the slowest of its callers
sees. An alarm has no level, so its limit must come from the past: 1.5 times the level at which the eight healthy hours until 16:00 would have raised one.
The half more is needed: right at that level the alarms fail no other fault, and many healthy half hours.

What a fault does not do at the front door (a slow mail service behind a queue) a gate there cannot see; the wider gate fails six of the eight that are
missed there. It misses two. A network delay doubles what callers of the checkout wait, from 0.2 to 0.5 s, but with 16 orders a minute that median reaches
0.5 s in healthy hours too. An exception in the advertisements makes them take 0.9 s at p95; in the healthy hours there was a time when that was 2.3 s. Two
misses of 24 are 91.7 %; for 97 % none may be missed. The false fail of the wider gate is one and the same spike of a service's own p95, in a window of three
minutes and in the half hour around it.

Requests would say more than a percentile per minute, but spans were kept for three minutes of the day only, all of them within faults, and one service
has requests both healthy and broken among them: one pair of each kind, half a minute long. In `every criterion by itself`, *first* and *second* are p50 and
p95 at the front door, CPU and p95 at a service.";
