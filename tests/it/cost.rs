//! What things cost: each kind of price by hand, the case against its own rows, and that nothing missing looks cheap.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use davy::config::{self, Config, Options};
use davy::cost::{self, CostPlan, Item, Usage};
use davy::judge::judge;
use davy::judge::verdict::{Outcome, Reason};
use davy::series::{Arm, Bins, Dataset, Grid, Pair, Series, SignedDuration, Timestamp, Window};

use crate::world::root;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Minutes in a month of 730 hours.
const MINUTES: f64 = 730.0 * 60.0;

fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn times(n: i32) -> Vec<Timestamp> {
    (0..n).map(|minute| start() + MINUTE * minute).collect()
}

fn counts(total: &[u64]) -> Series {
    Series::Counts { time: times(total.len() as i32), total: total.to_vec(), bad: vec![0; total.len()] }
}

fn gauge(value: &[f64]) -> Series {
    Series::Gauge { time: times(value.len() as i32), value: value.to_vec(), requests: None }
}

fn dataset(minutes: i32, metrics: &[(&str, Series, Series)]) -> Dataset {
    let window = Window { start: start(), end: start() + MINUTE * minutes };
    let pair = |(name, baseline, canary): &(&str, Series, Series)| {
        ((*name).to_owned(), Pair { baseline: baseline.clone(), canary: canary.clone() })
    };
    Dataset {
        metrics: metrics.iter().map(pair).collect(),
        ..Dataset::new(Pair { baseline: window, canary: window }, MINUTE)
    }
}

/// The items as a configuration has them, over a rate, events, gauges and values.
fn planned(items: &str, more: &str) -> CostPlan {
    let text = format!(
        "name: t\nsources: {{ d: {{ file: {{ path: d.csv }} }} }}\n{more}metrics:\n  requests: {{ rate: {{ bad: b, total: t }} }}\n  \
         messages: {{ events: {{ count: m }} }}\n  sent: {{ gauge: {{ value: s, unit: KiB }} }}\n  kept: {{ gauge: {{ value: k, unit: GiB }} }}\n  \
         nodes: {{ gauge: {{ value: n }} }}\n  took: {{ gauge: {{ value: d, unit: s }} }}\n  each: {{ values: {{ value: e, unit: ms }} }}\n\
         cost:\n  items: {{ {items} }}\ncriteria: [{{ metric: cost, pass: \"<= 60 USD\" }}]\n"
    );
    let options = Options { folder: Path::new("."), now: start(), set: &[], phase: None, from: None, to: None };
    let config: Config = config::load(&text, "canary.yaml").unwrap_or_else(|problems| panic!("{problems}"));
    config.plan(&options).unwrap_or_else(|problems| panic!("{problems}")).cost.unwrap()
}

/// What the canary costs per step, now and with all of the traffic.
fn costs(plan: &CostPlan, data: &Dataset, arm: Arm) -> [Vec<f64>; 2] {
    let mut data = data.clone();
    cost::price(plan, &mut data);
    cost::METRICS.map(|name| match data.metrics[name].get(arm) {
        Series::Gauge { value, .. } => value.clone(),
        other => panic!("{other:?}"),
    })
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-9), "{a} instead of {b}");
}

/// The item by itself with ten requests in the baseline and ten in the canary: twice the traffic of the canary is all.
fn alone(item: &str, name: &str, series: Series) -> [f64; 2] {
    let metrics = [("requests", counts(&[10]), counts(&[10])), (name, series.clone(), series)];
    let metrics = if name == "requests" { &metrics[..1] } else { &metrics[..] };
    let [full, now] = costs(&planned(item, ""), &dataset(1, metrics), Arm::Canary);
    assert_eq!((full.len(), now.len()), (1, 1), "{item}");
    [full[0], now[0]]
}

#[test]
fn what_is_used_is_paid_by_the_piece_and_grows_with_the_traffic() {
    for (price, each) in [
        ("0.20 / 1M requests", 0.20e-6),
        ("0.20/1M requests", 0.20e-6),
        ("2 / 1k lookups", 2e-3),
        ("5e-3 / request", 5e-3),
        ("7 / 1B reads", 7e-9),
        ("3 / 1_000 writes", 3e-3),
        ("0.4 / 100 invocations", 4e-3),
    ] {
        let [full, now] = alone(&format!("a: {{ metric: requests, price: \"{price}\" }}"), "requests", counts(&[10]));
        close(now, 10.0 * each * MINUTES);
        close(full, 20.0 * each * MINUTES);
    }
    let events = Series::Events { time: times(1), count: vec![30], exposure: None };
    let [full, now] = alone("a: { metric: messages, price: \"0.40 / 1M messages\" }", "messages", events.clone());
    close(now, 30.0 * 0.40e-6 * MINUTES);
    close(full, 2.0 * now);
    for (unit, bytes) in
        [("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("TB", 1e12), ("GiB", 1024_f64.powi(3)), ("TiB", 1024_f64.powi(4))]
    {
        let [full, now] =
            alone(&format!("a: {{ metric: messages, price: \"0.085 / {unit}\" }}"), "messages", events.clone());
        close(now, 30.0 / bytes * 0.085 * MINUTES);
        close(full, 2.0 * now);
        // a gauge has the bytes of each step
        let [full, now] = alone(&format!("a: {{ metric: sent, price: \"0.085 / 10 {unit}\" }}"), "sent", gauge(&[5e6]));
        close(now, 5e6 / bytes * 0.0085 * MINUTES);
        close(full, 2.0 * now);
    }
}

#[test]
fn what_runs_or_is_kept_is_paid_by_time_and_taken_as_it_is() {
    for (price, month) in [
        ("0.068 / hour", 0.068 * 730.0),
        ("1.5 / day", 1.5 * 730.0 / 24.0),
        ("15 / month", 15.0),
        ("24 / 10 hours", 2.4 * 730.0),
    ] {
        let [full, now] = alone(&format!("a: {{ price: \"{price}\" }}"), "requests", counts(&[10]));
        close(now, month);
        close(full, month);
        let [full, now] = alone(&format!("a: {{ metric: nodes, price: \"{price}\" }}"), "nodes", gauge(&[3.0]));
        close(now, 3.0 * month);
        close(full, 3.0 * month);
    }
    let gib = 1024_f64.powi(3);
    let [full, now] = alone("a: { metric: kept, price: \"0.25 / GB-month\" }", "kept", gauge(&[8.0 * gib]));
    close(now, 8.0 * gib / 1e9 * 0.25);
    close(full, now);
    let [_, now] = alone("a: { metric: kept, price: \"0.001 / GiB-hour\" }", "kept", gauge(&[8.0 * gib]));
    close(now, 8.0 * 0.001 * 730.0);
}

#[test]
fn memory_is_paid_for_the_time_that_calls_take() {
    let price = "memory: 512MiB, price: \"0.0000166667 / GB-second\"";
    // ten calls of 200 ms with half a GiB: one GB-second, of which Lambda's have 1024 MiB
    let [full, now] = alone(&format!("a: {{ metric: requests, duration: took, {price} }}"), "took", gauge(&[200.0]));
    close(now, 0.0000166667 * MINUTES);
    close(full, 2.0 * now);
    let three = Series::Values { time: vec![start(); 3], value: vec![100.0, 200.0, 300.0] };
    let [_, now] = alone(&format!("a: {{ metric: requests, duration: each, {price} }}"), "each", three);
    close(now, 0.0000166667 * MINUTES);
    // of a histogram the mean is known to the width of its cells
    let grid = Grid::of_digits(3, 1);
    let bins = Bins::new(grid, None, vec![(grid.index(100), 1), (grid.index(200), 1), (grid.index(300), 1)]);
    let histogram = Series::Buckets { time: vec![start()], bins: vec![bins], scale: 1.0 };
    let [_, now] = alone(&format!("a: {{ metric: requests, duration: each, {price} }}"), "each", histogram);
    assert!((now / (0.0000166667 * MINUTES) - 1.0).abs() < 1e-3, "{now}");
}

#[test]
fn a_step_with_anything_missing_has_no_cost() {
    let plan =
        planned("a: { metric: requests, price: \"1 / 1k requests\" }, b: { metric: nodes, price: \"1 / hour\" }", "");
    let mut data = dataset(
        4,
        &[
            ("requests", counts(&[90, 90, 90, 90]), counts(&[10, 10, 0, 10])),
            ("nodes", gauge(&[1.0, 1.0, 1.0, 1.0]), gauge(&[1.0, 1.0, 1.0])),
        ],
    );
    let [full, now] = costs(&plan, &data, Arm::Canary);
    // the fourth step has no nodes; in the third nobody can say what a request would cost
    let expected = |requests: f64| requests / 1000.0 * MINUTES + 730.0;
    assert_eq!(full.len(), 2);
    close(full[0], expected(100.0));
    assert_eq!(now.len(), 3);
    close(now[0], expected(10.0));
    close(now[2], expected(0.0));
    data.metrics.get_mut("nodes").unwrap().canary = gauge(&[]);
    assert_eq!(costs(&plan, &data, Arm::Canary), [Vec::<f64>::new(), Vec::new()]);
    // the same where the other arm's traffic is not known, unless the canary has all of it
    let lone = dataset(1, &[("requests", counts(&[]), counts(&[10])), ("nodes", gauge(&[]), gauge(&[1.0]))]);
    let [full, now] = costs(&plan, &lone, Arm::Canary);
    assert_eq!((full.len(), now.len()), (0, 1));
    let all = CostPlan { share: Some(1.0), ..plan };
    close(costs(&all, &lone, Arm::Canary)[0][0], expected(10.0));
}

#[test]
fn a_baseline_of_another_time_had_all_of_the_traffic() {
    let item = "a: { metric: requests, price: \"1 / 1k requests\" }";
    let mut data = dataset(1, &[("requests", counts(&[100]), counts(&[10]))]);
    let before = start() - SignedDuration::from_hours(24);
    data.windows.baseline = Window { start: before, end: before + MINUTE };
    data.metrics.get_mut("requests").unwrap().baseline =
        Series::Counts { time: vec![before], total: vec![100], bad: vec![0] };
    let of = |plan: &CostPlan, arm| costs(plan, &data, arm)[0][0] / MINUTES * 1000.0;
    let plan = planned(item, "");
    close(of(&plan, Arm::Baseline), 100.0);
    close(of(&plan, Arm::Canary), 10.0);
    // a canary that is configured to have a tenth would have ten times as much
    let plan = planned(item, "traffic: { canary: 10% }\n");
    close(of(&plan, Arm::Baseline), 100.0);
    close(of(&plan, Arm::Canary), 100.0);
}

#[test]
fn an_arm_pays_only_its_own_items() {
    let plan = planned(
        "a: { arm: canary, price: \"10 / month\" }, b: { arm: baseline, metric: nodes, price: \"20 / month\" }, c: { price: \"1 / month\" }",
        "",
    );
    let data = dataset(1, &[("requests", counts(&[10]), counts(&[10])), ("nodes", gauge(&[2.0]), gauge(&[]))]);
    close(costs(&plan, &data, Arm::Canary)[0][0], 11.0);
    close(costs(&plan, &data, Arm::Baseline)[0][0], 41.0);
    let items = cost::items(&plan, &data, 0);
    let full: Vec<_> = items.iter().map(|item| (item.full.baseline.unwrap(), item.full.canary.unwrap())).collect();
    assert_eq!(full.iter().map(|(_, canary)| canary.round()).collect::<Vec<_>>(), [10.0, 0.0, 1.0]);
    assert_eq!(full.iter().map(|(baseline, _)| baseline.round()).collect::<Vec<_>>(), [0.0, 40.0, 1.0]);
}

const CASE: &str = "fixtures/cases/supplement-search-10-healthy";

/// The case's cost at all of the traffic in each step of an arm, from its rows and the price list by hand.
pub fn by_hand(system: &str) -> Vec<f64> {
    let mut rows = csv::Reader::from_path(root().join(CASE).join("metrics.csv")).unwrap();
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let number = |row: &csv::StringRecord, name: &str| row[at(name)].parse::<f64>().unwrap();
    let mut all: BTreeMap<&str, f64> = BTreeMap::new();
    for row in &rows {
        *all.entry(&row[at("timestamp")]).or_default() += number(row, "invocations");
    }
    let own = rows.iter().filter(|row| &row[at("system")] == system);
    let month = own.map(|row| match system {
        "legacy" => (0.1664 + 0.068) * 730.0 + 12.0,
        _ => {
            let requests = all[&row[at("timestamp")]] * MINUTES;
            let compute = number(row, "duration_avg_ms") / 1000.0 * 128.0 / 1024.0 * 0.0000133334;
            requests * (0.20e-6 + 0.125e-6 + compute) + (0.011 + 0.0128) * 730.0 + 1.50 + 12.0
        }
    });
    month.collect()
}

fn case(change: impl Fn(&str) -> String) -> davy::judge::verdict::Verdict {
    let text = change(&std::fs::read_to_string(root().join(CASE).join("canary.yaml")).unwrap());
    let folder = root().join(CASE);
    let options = Options { folder: &folder, now: start(), set: &[], phase: None, from: None, to: None };
    let plan = config::load(&text, "canary.yaml").unwrap().plan(&options).unwrap();
    let quiet = davy::source::Outside::quiet(start());
    let mut data = davy::ingest::ingest(&plan.queries, &plan.time, &quiet).unwrap();
    cost::price(plan.cost.as_ref().unwrap(), &mut data);
    judge(&plan.rules, &data)
}

#[test]
fn the_case_costs_what_its_rows_come_to() {
    let verdict = case(str::to_owned);
    let trace = &verdict.traces["cost"];
    for (system, steps) in [("legacy", &trace.steps.baseline), ("new", &trace.steps.canary)] {
        let expected = by_hand(system);
        assert_eq!((expected.len(), steps.len()), (240, 240));
        expected.iter().zip(steps).for_each(|(expected, cost)| close(cost.unwrap(), *expected));
    }
    let mean = by_hand("new").iter().sum::<f64>() / 240.0;
    assert!((25.0..60.0).contains(&mean), "{mean}");
    assert!(trace.origin.contains("lambda_requests + ") && trace.origin.contains("730 h"), "{}", trace.origin);
    assert!(trace.origin.contains("shorter than a day"), "{}", trace.origin);
}

#[test]
fn a_budget_passes_fails_or_stays_open() {
    let of = |limit: &str| {
        let verdict = case(|text| text.replace("<= 60 USD", limit));
        let finding = verdict.findings.into_iter().find(|finding| finding.metric == "cost").unwrap();
        (finding.outcome, finding.reason)
    };
    assert_eq!(of("<= 60 USD"), (Outcome::Pass, Reason::WithinBound));
    assert_eq!(of("<= 60 USD/month"), (Outcome::Pass, Reason::WithinBound));
    assert_eq!(of("<= 40 USD"), (Outcome::Fail, Reason::BeyondBound));
    let mean = by_hand("new").iter().sum::<f64>() / 240.0;
    assert_eq!(of(&format!("<= {mean:.2} USD")), (Outcome::Inconclusive, Reason::Undecided));
    assert_eq!(of("<= baseline + 10%"), (Outcome::Pass, Reason::WithinBound));
    assert_eq!(of("<= baseline - 95%"), (Outcome::Fail, Reason::BeyondBound));
}

#[test]
fn the_fingerprint_covers_the_prices_that_a_criterion_uses() {
    let of = |change: &dyn Fn(&str) -> String| case(change).fingerprint;
    let as_written = of(&str::to_owned);
    assert_ne!(as_written, of(&|text| text.replace("12 / month", "13 / month")));
    assert_eq!(as_written, of(&|text| text.replace("12 / month", "12.0 / 1 month")));
    let without = |text: &str| text.replace("  - { metric: cost, pass: \"<= 60 USD\" }\n", "");
    let plan = |text: &str| {
        let options = Options { folder: Path::new("."), now: start(), set: &[], phase: None, from: None, to: None };
        config::load(text, "canary.yaml").unwrap().plan(&options).unwrap()
    };
    let text = std::fs::read_to_string(root().join(CASE).join("canary.yaml")).unwrap();
    let (one, other) = (plan(&without(&text)), plan(&without(&text.replace("12 / month", "13 / month"))));
    assert_eq!((one.cost, &one.rules.fingerprint), (None, &other.rules.fingerprint));
}

fn davy(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("davy").unwrap().current_dir(root()).env("NO_COLOR", "1").args(arguments).output().unwrap()
}

#[test]
fn a_recording_is_priced_again_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let place: PathBuf = folder.path().join("kept");
    let kept = place.to_str().unwrap();
    let judged = davy(&["judge", CASE, "--format", "json", "--record", kept]);
    assert_eq!(judged.status.code(), Some(0), "{}", String::from_utf8_lossy(&judged.stderr));
    assert!(!place.join("series/cost.csv").exists() && place.join("series/errors.csv").is_file());
    let yaml = std::fs::read_to_string(place.join("canary.yaml")).unwrap();
    assert!(yaml.contains("cost: {") && yaml.contains("GB-second"), "{yaml}");
    let again = davy(&["replay", "--check", kept]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    // the recording of a recording, and what it says, are the same bytes
    let second = folder.path().join("again");
    let rejudged = davy(&["judge", kept, "--format", "json", "--record", second.to_str().unwrap()]);
    let numbers = |output: &[u8]| {
        let mut verdict: serde_json::Value = serde_json::from_slice(output).unwrap();
        verdict["traces"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|trace| trace["origin"] = serde_json::Value::Null);
        verdict
    };
    assert_eq!(numbers(&judged.stdout), numbers(&rejudged.stdout));
    assert_eq!(
        std::fs::read(place.join("series/latency_avg.csv")).unwrap(),
        std::fs::read(second.join("series/latency_avg.csv")).unwrap()
    );
    let fetched = folder.path().join("fetched");
    assert!(davy(&["fetch", CASE, "--record", fetched.to_str().unwrap()]).status.success());
    assert!(!fetched.join("series/cost.csv").exists());
}

#[test]
fn a_cost_is_planned_and_calibrated_like_any_gauge() {
    let planned = davy(&["plan", CASE, "--history", &format!("{CASE}/")]);
    let text = String::from_utf8_lossy(&planned.stdout).into_owned();
    assert_eq!(planned.status.code(), Some(0), "{}", String::from_utf8_lossy(&planned.stderr));
    assert!(text.lines().any(|line| line.contains("cost <= 60 USD")), "{text}");
}

#[test]
fn a_lost_item_leaves_no_cost() {
    let item = Item {
        name: "a".into(),
        arm: None,
        usage: Usage::Held { metric: "nodes".into() },
        price: 1.0,
        written: "1 / hour".into(),
    };
    let plan = CostPlan { currency: "USD".into(), traffic: "requests".into(), share: None, items: vec![item] };
    let mut data = dataset(1, &[("requests", counts(&[10]), counts(&[10])), ("nodes", gauge(&[]), gauge(&[]))]);
    data.lost.insert("nodes".into(), "it is asleep".into());
    cost::price(&plan, &mut data);
    assert_eq!(data.lost["cost"], "nodes: it is asleep");
    assert!(data.metrics["cost"].canary.is_empty());
    cost::strip(&mut data);
    assert_eq!(data.metrics.keys().collect::<Vec<_>>(), ["nodes", "requests"]);
    assert_eq!(data.lost.len(), 1);
}

#[test]
fn a_canary_that_nobody_calls_costs_what_nobody_knows() {
    let items = "node: { price: \"1 / hour\" }, call: { metric: requests, price: \"1 / request\" }";
    let plan = planned(items, "");
    let mut data = dataset(10, &[("requests", counts(&[100; 10]), counts(&[0; 10]))]);
    cost::price(&plan, &mut data);
    for name in ["cost", "cost_now"] {
        assert!(data.metrics[name].canary.is_empty(), "{name}");
    }
    assert!(!data.metrics["cost_now"].baseline.is_empty());
}
