//! Kayenta's files read as they are, and its answer beside davy's, over a metric store on loopback.

use std::collections::BTreeMap;
use std::path::Path;

use davy::import::{self, Given, Imported};
use serde_json::Value;

use crate::http::server::{Request, Response, Server};
use crate::shell::Shell;
use crate::wire::shared;

const CHECKOUT: &str = include_str!("../../fixtures/kayenta/checkout.json");
/// 2026-03-01T12:00:00Z.
pub const START: i64 = 1_772_366_400;

fn read(shown: &str, text: &str) -> Result<Imported, String> {
    import::read(&[Given { shown, text }]).map_err(|problems| problems.to_string())
}

/// A number between 0 and 1 for each step.
fn chance(step: i64) -> f64 {
    let mixed = (step as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// What the store has of a target in a minute: the canary is ten times as slow in every other minute.
fn value(target: &str, minute: i64) -> Option<f64> {
    let is_canary = target.contains("v42");
    if target.contains("errors") {
        return Some(if is_canary { 2.0 } else { 3.0 } + chance(minute));
    }
    let burst = is_canary && minute % 2 == 0;
    Some((100.0 + 5.0 * chance(minute + if is_canary { 500 } else { 0 })) * if burst { 10.0 } else { 1.0 })
}

/// A Graphite with these numbers.
pub fn store(value: impl Fn(&str, i64) -> Option<f64> + Send + 'static) -> Server {
    Server::start(move |request: &Request, _| {
        let target = request.parameter("target");
        let points = (0..60).map(|minute| {
            let number = value(&target, minute).map_or("null".into(), |number| number.to_string());
            format!("[{number}, {}]", START + 60 * minute)
        });
        let points: Vec<String> = points.collect();
        Response::json(format!("[{{\"target\": \"{target}\", \"datapoints\": [{}]}}]", points.join(", ")))
    })
}

fn shop(text: &str) -> Shell {
    let shell = Shell::new();
    shell.write("checkout.json", text);
    shell
}

#[test]
fn both_answers_stand_side_by_side_and_davy_decides() {
    let (store, shell) = (store(value), shop(CHECKOUT));
    let set = format!("graphite_url={}", store.url(""));
    let ran = shell.expect(10, &["judge", "checkout.json", "--set", &set, "--as-written"]);
    ran.says(&["Kayenta's rule (NetflixACAJudge-v1.0): Pass, 100; davy: FAIL, Latency_p95", "is of Kayenta"]);
    let ran = shell.expect(10, &["judge", "checkout.json", "--set", &set]);
    assert!(!ran.out.contains("Kayenta"), "{}", ran.out);
    let ran = shell.expect(10, &["judge", "checkout.json", "--set", &set, "--as-written", "--format", "json"]);
    let verdict: Value = serde_json::from_str(&ran.out).unwrap();
    let written = &verdict["as_written"];
    assert_eq!(
        (&written["score"], &written["outcome"], &written["decides"]),
        (&100.into(), &"pass".into(), &"davy".into())
    );
    assert_eq!(written["metrics"][0]["metric"], "Latency_p95");
    assert_eq!(verdict["outcome"], "fail");
}

#[test]
fn kayenta_decides_if_the_configuration_says_so_also_in_a_recording() {
    let (store, shell) = (store(value), shop(CHECKOUT));
    let set = format!("graphite_url={}", store.url(""));
    shell.expect(0, &["import", "checkout.json", "--to", "canary.yaml"]);
    let text = shell.read("canary.yaml");
    shell.write("canary.yaml", &format!("{text}judge: netflix-aca\n"));
    let ran = shell.expect(0, &["judge", "--set", &set, "--record", "kept"]);
    ran.says(&["PASS", "Kayenta's rule (NetflixACAJudge-v1.0) decides: Pass, 100; davy: FAIL"]);
    shell.expect(0, &["replay", "kept", "--check"]);
    shell.expect(0, &["judge", "kept"]).says(&["decides: Pass, 100"]);
    let ran = shell.expect(2, &["replay", "kept", "--looks", "--every", "10m"]);
    ran.says(&["decides after one look"]);
}

#[test]
fn what_kayenta_lets_pass_without_data_is_said() {
    let half = |target: &str, minute: i64| value(target, minute).filter(|_| minute < 20 || !target.contains("v42"));
    let (store, shell) = (store(half), shop(&CHECKOUT.replace("\"thresholds\"", "\"judge\": {}, \"thresholds\"")));
    let set = format!("graphite_url={}", store.url(""));
    let ran = shell.run(&["judge", "checkout.json", "--set", &set, "--as-written"]);
    let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("says Pass of \"Errors\", but 40 of 60 steps of the canary have no number"), "{}", ran.out);
    assert_ne!(ran.code, 0, "{}", ran.out);
    shell.write("plain.yaml", "name: a\nsources: { d: { file: { path: d.csv } } }\nmetrics: { m: { gauge: { value: v } } }\ncriteria: [{ metric: m, pass: \"<= 1\" }]\n");
    shell.write("d.csv", "ts,arm,v\n2026-03-01T12:00:00Z,baseline,1\n2026-03-01T12:00:00Z,canary,1\n");
    shell.run(&["judge", "plain.yaml", "--as-written"]).says(&["--as-written: the configuration has no rule"]);
}

#[test]
fn what_cannot_be_carried_over_is_said_with_its_line() {
    let text = CHECKOUT
        .replace("\"direction\": \"increase\" }", "\"direction\": \"increase\", \"effectsize\": {} }")
        .replace("\"type\": \"graphite\", \"metricName\": \"shop.$scope.errors\"", "\"type\": \"atlas\", \"q\": \"x\"");
    let imported = read("checkout.json", &text).unwrap();
    let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.starts_with("checkout.json:11: `effectsize`: Kayenta ignores")), "{notes:?}");
    assert!(
        notes.iter().any(|note| note.starts_with("checkout.json:16: metric Errors: davy cannot ask atlas")),
        "{notes:?}"
    );
    assert_eq!((imported.gates[0].metrics(), imported.gates[0].open()), (1, 1));
    for (from, to, said) in [
        (
            "\"critical\": true",
            "\"critical\": \"true\"",
            "`critical` is \"true\", and Kayenta fails the whole judgement",
        ),
        ("\"Errors\"", "\"Latency p95\"", "there is more than one metric \"Latency p95\""),
        ("\"pass\": 75", "\"pass\": 25", "`marginal` is 50, above `pass`, which is 25"),
    ] {
        let refused = read("checkout.json", &CHECKOUT.replace(from, to)).unwrap_err();
        assert!(refused.contains(said) && refused.starts_with("checkout.json:"), "{refused}");
    }
}

#[test]
fn every_store_that_davy_has_is_asked_as_kayenta_does() {
    let config = |query: &str| {
        format!(
            "{{\"name\": \"c\", \"metrics\": [{{\"name\": \"m\", \"query\": {query}, \"groups\": [\"g\"], \"scopeName\": \"default\", \
             \"analysisConfigurations\": {{\"canary\": {{\"outliers\": {{\"strategy\": \"remove\"}}, \"effectSize\": {{\"measure\": \"cles\", \
             \"allowedIncrease\": 0.6}}}}}}}}], \"templates\": {{\"t\": \"scope='${{scope}}', team='${{team}}'\"}}, \
             \"classifier\": {{\"groupWeights\": {{\"g\": 100}}}}}}"
        )
    };
    let asked = [
        (
            r#"{"type": "prometheus", "metricName": "cpu", "customFilterTemplate": "t", "labelBindings": ["job='x'"]}"#,
            "avg(cpu{scope='${scope}', team='${team}', job='x'})",
        ),
        (
            r#"{"type": "prometheus", "customInlineTemplate": "PromQL: sum(rate(x{v=\"$\\{scope}\"}[1m]))"}"#,
            "sum(rate(x{v=\\\"${scope}\\\"}[1m]))",
        ),
        (
            r#"{"type": "prometheus", "metricName": "cpu", "resourceType": "aws_ec2_instance"}"#,
            "avg(cpu{asg_groupName=\\\"${scope}\\\", zone=~\\\"${location}.{1}\\\"})",
        ),
        (r#"{"type": "datadog", "metricName": "avg:cpu"}"#, "avg:cpu{${scope}}"),
        (r#"{"type": "graphite", "metricName": "a.$scope.$location"}"#, "a.${scope}.${location}"),
        (
            r#"{"type": "influxdb", "metricName": "cpu", "fields": ["idle"]}"#,
            "SELECT idle FROM \\\"cpu\\\" WHERE time >= '${from}' AND time < '${to}' AND ${scope_condition}",
        ),
        (
            r#"{"type": "newrelic", "select": "average(duration) FROM Transaction", "q": "a = 'b'"}"#,
            "SELECT average(duration) AS value FROM Transaction WHERE a = 'b' AND ${scope_key} LIKE '${scope}'",
        ),
    ];
    let set =
        ["prometheus_url=http://127.0.0.1:1", "graphite_url=http://127.0.0.1:1", "influxdb_url=http://127.0.0.1:1"];
    for (query, wanted) in asked {
        let imported = read("c.json", &config(query)).unwrap_or_else(|refused| panic!("{query}: {refused}"));
        let text = imported.gates[0].written();
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
        assert!(text.contains("outliers: 3, effect: { measure: cles, allowed_increase: 0.6 }"), "{text}");
        assert_eq!(imported.gates[0].criteria(), 2, "either direction");
        let loaded = davy::config::load(&text, "c.yaml").unwrap();
        let mut all: Vec<(String, String)> =
            set.iter().filter_map(|set| set.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect();
        all.extend(loaded.open().into_iter().map(|name| (name, "x".into())));
        all.sort();
        all.dedup_by(|a, b| a.0 == b.0);
        let known = loaded.settable();
        all.retain(|(name, _)| known.contains(name));
        let now = davy::series::Timestamp::from_second(START).unwrap();
        let options =
            davy::config::Options { folder: Path::new(""), now, set: &all, phase: None, from: None, to: None };
        let plan = loaded.plan(&options).unwrap_or_else(|problems| panic!("{query}\n{text}\n{problems}"));
        assert_eq!(plan.kayenta.unwrap().rule.metrics[0].outliers, Some(3.0));
    }
    let two = import::read(&[
        Given { shown: "c.json", text: &config(r#"{"type": "graphite", "metricName": "a.$scope"}"#) },
        Given {
            shown: "pipeline.json",
            text: "{\"stages\": [{\"type\": \"kayentaCanary\", \"canaryConfig\": {\"canaryConfigId\": \"c\", \"lifetimeDuration\": \"PT0H30M\", \
                   \"canaryAnalysisIntervalMins\": \"5\", \"scopes\": [{\"scopeName\": \"default\", \"controlScope\": \"old\", \"experimentScope\": \
                   \"${ #stage('x') }\"}], \"scoreThresholds\": {\"pass\": \"95\", \"marginal\": \"75\"}}}]}",
        },
    ]);
    let text = two.unwrap().gates[0].written();
    for part in ["soak: 30m", "every: 5m", "pass: 95", "scope: \"old\"", "scope: \"${experiment_scope}\""] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// The files of others that import, with their metrics, criteria and what is left open; each other one is refused.
const IMPORTED: &[(&str, [usize; 3])] = &[
    ("docs/json-formats.04.json", [1, 2, 0]),
    ("docs/json-formats.05.json", [1, 2, 0]),
    ("docs/json-formats.07.json", [1, 2, 0]),
    ("graphite-integration-test-canary-config.json", [1, 1, 0]),
    ("prometheus-muted-metric.json", [2, 2, 0]),
    ("scratch__newrelic_canary_config.json", [3, 3, 1]),
];

#[test]
fn every_file_of_others_imports_or_is_refused_with_a_reason() {
    let Some(folder) = shared("gate-configs/kayenta") else { return };
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.clone()];
    while let Some(inner) = folders.pop() {
        for path in std::fs::read_dir(inner).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json" || end == "yaml") {
                let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                match read(&name, &text) {
                    Ok(imported) => {
                        let gate = &imported.gates[0];
                        davy::config::load(&gate.written(), &name).unwrap();
                        found.insert(name, [gate.metrics(), gate.criteria(), gate.open()]);
                    }
                    Err(refused) => assert!(refused.contains(&name) && refused.len() > name.len() + 20, "{refused}"),
                }
            }
        }
    }
    let known: BTreeMap<String, [usize; 3]> = IMPORTED.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    assert_eq!(found, known);
}
