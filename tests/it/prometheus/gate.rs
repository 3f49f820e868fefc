//! A gate from end to end: a configuration, a real server, a verdict with the true counts, and a recording that replays.

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
