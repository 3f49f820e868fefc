//! Metrics by GetMetricData: what is asked, what is made of the answer, and what each way of failing says.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::davy;
use super::scripted::{Asked, Scripted};

const LAMBDA: &str = "
  errors:
    source: lambda
    dimensions: { Resource: \"lego-api:live\", ExecutedVersion: \"${version}\" }
    rate: { bad: Errors, total: Invocations }
";

/// What a run answered.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
    took: Duration,
    /// The recorded rows, by file.
    rows: String,
}

/// The first minute of the window. Scripts begin at 2026-01-01T00:00Z; CloudWatch keeps minutes for 15 days only, so they
/// are played as if it had been an hour ago.
fn begin() -> i64 {
    static BEGIN: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *BEGIN.get_or_init(|| jiff::Timestamp::now().as_second() / 60 * 60 - 3600)
}

fn moved(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), &mut *value) {
                    ("Timestamps", Value::Array(times)) => {
                        times
                            .iter_mut()
                            .for_each(|time| *time = json!(time.as_i64().unwrap() - 1_767_225_600 + begin()));
                    }
                    _ => moved(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(moved),
        _ => {}
    }
}

fn server(name: &str) -> Scripted {
    let path = format!("{}/fixtures/wire/aws/metrics-{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut script: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    moved(&mut script);
    Scripted::answering(&script["answers"])
}

fn judged(server: &Scripted, metrics: &str, deadline: &str) -> Ran {
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let bound = if metrics.contains("gauge:") { "<= 50" } else { "<= 50%" };
    let (from, to) = (at(begin()), at(begin() + 600));
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "name: redis-migration
arms: {{ baseline: {{ version: \"41\" }}, canary: {{ version: \"42\" }} }}
window: {{ from: {from}, to: {to}, step: 1m }}
sources:
  lambda: {{ cloudwatch: {{ region: us-east-1, endpoint_url: \"{}\", namespace: AWS/Lambda, deadline: {deadline},
                          dimensions: {{ FunctionName: lego-api }} }} }}
metrics:{metrics}
criteria:
  - {{ metric: errors, pass: \"{bound}\" }}
",
        server.url
    );
    std::fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let began = Instant::now();
    let output = davy(folder.path())
        .args(["-v", "judge", "canary.yaml", "--format", "json", "--record", "kept"])
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    let took = began.elapsed();
    let mut rows = String::new();
    let mut folders = vec![folder.path().join("kept")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "csv") => {
                    rows += &std::fs::read_to_string(path).unwrap();
                }
                false => {}
            }
        }
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ran { code: output.status.code().unwrap(), stdout, stderr, took, rows }
}

fn play(name: &str) -> (Scripted, Ran) {
    let server = server(name);
    // After the first refusal the SDK waits for seconds before it asks again.
    let deadline = if name == "throttled" { "40s" } else { "4s" };
    let ran = judged(&server, LAMBDA, deadline);
    (server, ran)
}

/// Runs that end well: the rows are those of the plain answer.
#[track_caller]
fn whole(name: &str, calls: usize) -> Ran {
    let (server, ran) = play(name);
    assert!([0, 1, 2].contains(&ran.code), "{name}: {} {}", ran.code, ran.stderr);
    assert_eq!(server.calls("GetMetricData"), calls, "{name}: {}", ran.stderr);
    let (_, plain) = play("plain");
    assert!(!plain.rows.is_empty());
    assert_eq!(ran.rows, plain.rows, "{name}");
    ran
}

/// Runs that end without a verdict, and what they say.
#[track_caller]
fn refused(name: &str, code: i32, words: &[&str]) -> (Scripted, Ran) {
    let (server, ran) = play(name);
    println!("{name}: {}", ran.stderr);
    assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
    assert_eq!(ran.rows, "", "{name}: nothing is recorded of half an answer");
    for word in words {
        assert!(ran.stderr.contains(word), "{name}: {word:?} is not in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("wJalrXUtnFEMI") && !ran.stderr.contains("Credential="), "{name}: {}", ran.stderr);
    (server, ran)
}

#[test]
fn a_plain_answer_is_a_series_in_which_a_sparse_counter_has_zeros() {
    let (server, ran) = play("plain");
    assert_eq!(server.calls("GetMetricData"), 1, "both arms and both columns");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    let steps = &said["traces"][0]["steps"];
    assert_eq!(steps["baseline"], json!([0.005, 0.006, 0.007, 0.005, 0.006, 0.007, 0.005, 0.006, 0.007, 0.005]));
    let canary: Vec<f64> = serde_json::from_value(steps["canary"].clone()).unwrap();
    assert_eq!(canary, [0.0, 0.006, 0.0, 0.0, 0.007, 0.0, 0.0, 0.012, 0.0, 0.0]);
}

#[test]
fn the_request_says_everything_that_was_written() {
    let (server, _) = play("plain");
    let Asked { body, .. } = server.asked()[0].clone();
    assert_eq!(body["StartTime"].as_f64(), Some(begin() as f64));
    assert_eq!(body["EndTime"].as_f64(), Some((begin() + 600) as f64));
    assert_eq!(body["MaxDatapoints"], json!(100_800));
    assert_eq!(body["ScanBy"], json!("TimestampAscending"));
    let queries = body["MetricDataQueries"].as_array().unwrap();
    assert_eq!(queries.iter().map(|query| query["Id"].as_str().unwrap()).collect::<Vec<_>>().len(), 4);
    for (place, query) in queries.iter().enumerate() {
        assert_eq!(query["Id"], json!(format!("q{place}")));
        assert_eq!(query["ReturnData"], json!(true));
        let stat = &query["MetricStat"];
        assert_eq!((&stat["Stat"], &stat["Period"]), (&json!("Sum"), &json!(60)));
        assert_eq!(stat["Metric"]["Namespace"], json!("AWS/Lambda"));
        let names = stat["Metric"]["Dimensions"].as_array().unwrap().iter().map(|of| of["Name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["FunctionName", "Resource", "ExecutedVersion"]);
    }
    let version = |place: usize| queries[place]["MetricStat"]["Metric"]["Dimensions"][2]["Value"].clone();
    assert_eq!([version(0), version(3)], [json!("41"), json!("42")]);
}

#[test]
fn metric_math_is_sent_with_inputs_of_its_own() {
    let server = server("search-nothing");
    let metrics = "
  errors:
    source: lambda
    dimensions: { ExecutedVersion: \"${version}\" }
    gauge: { expression: \"errors / invocations\", account: \"111122223333\",
             inputs: { errors: { metric: Errors, reported_unit: Count }, invocations: Invocations } }
";
    let ran = judged(&server, metrics, "4s");
    assert!(!server.asked().is_empty(), "{}", ran.stderr);
    let queries = server.asked()[0].body["MetricDataQueries"].as_array().unwrap().clone();
    let shown = |query: &Value| (query["Id"].clone(), query["ReturnData"].clone());
    let ids = ["q0_errors", "q0_invocations", "q0", "q1_errors", "q1_invocations", "q1"];
    let expected: Vec<_> = ids.iter().map(|id| (json!(id), json!(!id.contains('_')))).collect();
    assert_eq!(queries.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(queries[5]["Expression"], json!("q1_errors / q1_invocations"));
    assert_eq!((&queries[5]["Period"], &queries[5]["AccountId"]), (&json!(60), &json!("111122223333")));
    assert_eq!(queries[0]["MetricStat"]["Unit"], json!("Count"));
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("found no metric"), "{}", ran.stderr);
}

#[test]
fn a_search_has_to_find_one_series() {
    let server = server("search");
    let metrics = "
  errors:
    source: lambda
    gauge: { expression: \"SEARCH('{AWS/Lambda,FunctionName} ${version}', 'Sum')\" }
";
    let ran = judged(&server, metrics, "4s");
    let expression = server.asked()[0].body["MetricDataQueries"][0]["Expression"].clone();
    assert_eq!(expression, json!("SEARCH('{AWS/Lambda,FunctionName} 41', 'Sum')"));
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("several series: \"one\", \"two\"; expected one"), "{}", ran.stderr);
}

#[test]
fn pages_are_put_together() {
    whole("pages", 2);
    whole("repeated-page", 2);
}

#[test]
fn what_passes_is_tried_again() {
    let ran = whole("throttled", 3);
    assert!(ran.stderr.contains("GetMetricData 3 (2 failed)"), "{}", ran.stderr);
    whole("fails-once", 2);
    whole("cut", 2);
    whole("reset", 2);
    let ran = whole("internal-error", 2);
    assert!(ran.stderr.contains("asking again"), "{}", ran.stderr);
}

#[test]
fn a_series_that_is_not_whole_is_no_series() {
    let (server, _) = refused("partial", 69, &["AWS/Lambda Invocations Sum", "PartialData", "canary"]);
    assert_eq!(server.calls("GetMetricData"), 3);
    let words =
        ["AWS/Lambda Errors Sum", "canary", "Forbidden", "not authorized to access the metric in account", "share"];
    refused("forbidden", 69, &words);
    refused("limited", 69, &["MaxMetricsExceeded"]);
}

#[test]
fn what_cannot_be_an_answer_is_refused() {
    refused("conflict", 65, &["AWS/Lambda Errors Sum", "two values"]);
    refused("lengths", 65, &["3 timestamps for 2 values"]);
    refused("outside", 65, &["where none was asked for"]);
    refused("missing-id", 65, &["not in the answer"]);
    refused("same-token", 69, &["same NextToken"]);
}

#[test]
fn who_may_not_ask_is_told_what_is_missing() {
    refused("denied", 69, &["is not authorized to perform", "Allow `cloudwatch:GetMetricData`"]);
    refused("expired", 69, &["ExpiredTokenException", "aws sso login"]);
    refused("invalid", 69, &["ValidationError", "must be a valid statistic"]);
}

#[test]
fn the_deadline_holds() {
    for (name, words) in [
        ("throttled-always", ["ThrottlingException: Rate exceeded", "quota"]),
        ("slow", ["got no", "deadline"]),
        ("malformed", ["the response (HTTP 200) is not one of the service", "`endpoint_url`"]),
    ] {
        let (_, ran) = refused(name, 69, &words);
        assert!(ran.took < Duration::from_secs(7), "{name} took {:?}", ran.took);
    }
}
