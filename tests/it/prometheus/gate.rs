//! A gate from end to end: a configuration, a real server, a verdict with the true counts, and a recording that replays.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use davy::report::Document;

use super::server::{Kind, Server};
use super::truth::{START, Truth};

const CONFIG: &str = r#"name: checkout
window: { from: "FROM", to: "TO", step: 1m }
arms: { baseline: { side: baseline }, canary: { side: canary } }
sources:
  metrics: { prometheus: { url: "URL", select: { version: "${side}" } } }
metrics:
  errors: { rate: { bad: 'http_requests_total{code=~"5.."}', total: http_requests_total, of: requests } }
  latency: { values: { histogram: latency_seconds, unit: s } }
criteria:
  - { metric: errors, pass: "<= baseline + 0.5pp" }
  - { metric: latency, statistic: p95, pass: "<= 2s" }
"#;

#[test]
fn a_gate_asks_prometheus_and_counts_what_happened() {
    let truth = Truth::new(7);
    let Some(server) = Server::start(Kind::Prometheus2, &truth.openmetrics(), false) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (start, end) = (START + 600, START + 5_100);
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
    let text = CONFIG.replace("URL", &server.url).replace("FROM", &at(start)).replace("TO", &at(end));
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let davy = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, first, stderr) = davy(&["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
    assert!([0, 10, 11].contains(&code), "{code} {stderr}");
    let document = Document::read(&first).unwrap();
    // both arms have every step, so the sentence counts all that the truth counts
    let all = |arm: &str| {
        let counts = truth.counts(arm, None, (start, end, 60));
        counts.values().fold((0, 0), |(total, bad), (more, worse)| (total + more, bad + worse))
    };
    let thousands = |number: u64| match number {
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    };
    let [baseline, canary] = ["baseline", "canary"].map(all);
    let text = format!(
        "{} of {} against {} of {} requests",
        thousands(canary.1),
        thousands(canary.0),
        thousands(baseline.1),
        thousands(baseline.0)
    );
    assert!(first.contains(&text), "{text}: {first}");
    // 2 s lie inside a bucket
    assert!(first.contains("more bucket edges between 1,000 ms and 2,500 ms would decide"), "{first}");
    drop(server);
    let (_, again, stderr) = davy(&["replay", "kept", "--format", "json"]);
    assert_eq!(Document::read(&again).unwrap().findings, document.findings, "{stderr}");
}

/// Counters, buckets and gauges of both versions, every 15 s for 40 minutes, as OpenMetrics text.
fn openmetrics() -> String {
    let mut counters: BTreeMap<String, Vec<(i64, u64)>> = BTreeMap::new();
    let mut gauges: BTreeMap<String, Vec<(i64, u64)>> = BTreeMap::new();
    let mut add = |name: &str, labels: &str, at: i64, growth: u64| {
        let series = counters.entry(format!("{name}{{{labels}}}")).or_default();
        let last = series.last().map_or(0, |(_, count)| *count);
        series.push((at, last + growth));
    };
    // requests of a scrape up to 50, 100, 250, 500 and 1,000 ms
    let shares = |job: &str, version: &str, late: bool| match (job, version, late) {
        ("tail", "41", _) => [100, 1_884, 1_984, 2_000, 2_000],
        ("tail", ..) => [100, 1_884, 1_999, 2_000, 2_000],
        ("late", "42", true) => [100, 1_000, 1_000, 1_200, 2_000],
        (_, "41", _) => [100, 1_000, 2_000, 2_000, 2_000],
        _ => [100, 1_000, 1_990, 2_000, 2_000],
    };
    for scrape in 0..=160_i64 {
        let at = START + 600 + 15 * scrape;
        for version in ["41", "42"] {
            for job in ["tail", "late", "torn"] {
                for (edge, count) in
                    ["0.05", "0.1", "0.25", "0.5", "+Inf"].iter().zip(shares(job, version, scrape > 80))
                {
                    let is_gone = job == "torn" && version == "41" && scrape > 80 && !["0.05", "+Inf"].contains(edge);
                    if !is_gone {
                        add("lat_bucket", &format!("job=\"{job}\",version=\"{version}\",le=\"{edge}\""), at, count);
                    }
                }
            }
            let bad = if version == "42" { 5 } else { 1 };
            let labels = format!("job=\"api\",version=\"{version}\",code=");
            add("http_requests_total", &format!("{labels}\"200\""), at, 100 - bad);
            add("http_requests_total", &format!("{labels}\"500\""), at, bad);
            if version == "41" || scrape < 130 {
                gauges.entry(format!("load{{job=\"api\",version=\"{version}\"}}")).or_default().push((at, 100));
            }
        }
    }
    let lines = |all: &BTreeMap<String, Vec<(i64, u64)>>, of: &str| -> String {
        let own = all.iter().filter(|(name, _)| name.starts_with(of));
        own.flat_map(|(name, points)| points.iter().map(move |(at, value)| format!("{name} {value} {at}\n"))).collect()
    };
    format!(
        "# TYPE http_requests counter\n{}# TYPE lat_bucket gauge\n{}# TYPE load gauge\n{}",
        lines(&counters, "http"),
        lines(&counters, "lat"),
        lines(&gauges, "load")
    )
}

#[test]
fn what_is_missing_or_not_known_never_passes() {
    let Some(server) = Server::start(Kind::Prometheus2, &openmetrics(), false) else { return };
    let histogram = |job: &str| format!("m: {{ values: {{ histogram: 'lat_bucket{{job=\"{job}\"}}', unit: s }} }}");
    let rate = |columns: &str| format!("m: {{ rate: {{ {columns}, total: 'http_requests_total{{job=\"api\"}}' }} }}");
    let p95 = "statistic: p95, pass: \"<= baseline + 10%\"";
    let errors = "pass: \"<= baseline + 10pp\"";
    let cases = [
        // 94.2 % up to 100 ms in both arms: at the next edge the canary is better, and p95 may be anywhere between
        (histogram("tail"), p95, 11, "more bucket edges between 100 ms and 250 ms would decide"),
        // 94.2 % up to 100 ms, 99.95 % up to 250 ms: at an edge the share is exact, and what lies between two is not known
        (histogram("tail"), "statistic: p95, pass: \"<= 250ms\"", 0, "p95"),
        (histogram("tail"), "statistic: p95, pass: \"<= 300ms\"", 0, "p95"),
        (histogram("tail"), "statistic: p95, pass: \"<= 100ms\"", 10, "p95"),
        (histogram("tail"), "statistic: p95, pass: \"<= 60ms\"", 10, "p95"),
        (
            histogram("tail"),
            "statistic: p95, pass: \"<= 200ms\"",
            11,
            "more bucket edges between 100 ms and 250 ms would decide",
        ),
        // from the middle on p95 is two buckets further: that is known of the whole window, too
        (histogram("late"), p95, 10, "exceeds baseline + 10 %"),
        (histogram("torn"), p95, 11, "begin or end without the others"),
        (rate("bad: 'http_requests_total{job=\"api\",cod=~\"5..\"}'"), errors, 11, "selects by the label \\\"cod\\\""),
        (
            rate("good: 'http_requests_total{job=\"api\",result=\"ok\"}'"),
            "pass: \">= baseline - 10pp\"",
            11,
            "has no number at all in the baseline",
        ),
        (rate("bad: 'http_requests_total{job=\"api\",code=~\"5..\"}'"), errors, 0, "within baseline + 10 pp"),
        // its last sample is eight minutes old
        (
            "m: { gauge: { query: 'avg(load{version=\"${version}\"})' } }".into(),
            "pass: \"<= baseline + 10%\"",
            11,
            "reported nothing since",
        ),
        (
            "m: { gauge: { query: 'vector(1)' } }".into(),
            "pass: \"<= baseline + 10%\"",
            65,
            "by a label of the arm in the question",
        ),
    ];
    for (metric, criterion, code, expected) in cases {
        let (got, text) = judged(&server, &metric, criterion);
        assert_eq!(got, code, "{metric} {criterion}: {text}");
        assert!(text.contains(expected), "{metric} {criterion}: {expected}: {text}");
    }
}

/// The exit code of a gate with one criterion, and all that it says.
fn judged(server: &Server, metric: &str, criterion: &str) -> (i32, String) {
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "name: gate\nwindow: {{ from: \"{}\", to: \"{}\", step: 1m }}\n\
         arms: {{ baseline: {{ version: \"41\" }}, canary: {{ version: \"42\" }} }}\n\
         sources: {{ prom: {{ prometheus: {{ url: \"{}\", select: {{ version: \"${{version}}\" }} }} }} }}\n\
         metrics:\n  {metric}\ncriteria:\n  - {{ metric: m, {criterion} }}\n",
        at(START + 600),
        at(START + 3_000),
        server.url
    );
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
    let output =
        command.args(["judge", "canary.yaml", "--format", "json"]).current_dir(folder.path()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

/// Two services whose requests VictoriaMetrics counts by its own ranges: 1,950 of 2,000 up to 100 ms, 40 up to 244.8 ms; those
/// of the canary are in another range beyond, which no counter of the baseline has.
fn ranges() -> String {
    let mut text = String::new();
    for scrape in 0..=160_i64 {
        let at = START + 600 + 15 * scrape;
        for (version, slow) in [("41", "4.642e-01...5.275e-01"), ("42", "7.743e-01...8.799e-01")] {
            for (range, count) in [("8.799e-02...1.000e-01", 1_950), ("2.154e-01...2.448e-01", 40), (slow, 10)] {
                let labels = format!("job=\"api\",version=\"{version}\",vmrange=\"{range}\"");
                text.push_str(&format!("took_bucket{{{labels}}} {} {at}\n", count * (scrape + 1)));
            }
        }
    }
    text
}

#[test]
fn ranges_of_victoria_metrics_are_histograms() {
    for kind in [Kind::Victoria1, Kind::Victoria179] {
        let Some(server) = Server::start(kind, &ranges(), false) else { continue };
        for (criterion, code, expected) in [
            ("statistic: p95, pass: \"<= 100ms\"", 0, "p95"),
            ("statistic: p99, pass: \"<= 250ms\"", 0, "p99"),
            ("statistic: p99, pass: \"<= 200ms\"", 10, "p99"),
            ("statistic: p99, pass: \"<= 230ms\"", 11, "more bucket edges between"),
            ("statistic: p99.9, pass: \"<= baseline + 20%\"", 10, "exceeds baseline + 20 %"),
        ] {
            let metric = "m: { values: { histogram: took_bucket, unit: s } }";
            let (got, text) = judged(&server, metric, criterion);
            assert_eq!(got, code, "{criterion}: {text}");
            assert!(text.contains(expected), "{criterion}: {expected}: {text}");
        }
    }
}
