//! Which metrics there are, as a configuration that davy itself takes.

use std::fs;
use std::path::Path;

use davy::config::Options;
use davy::source::Source;
use davy::source::aws::Measure;
use serde_json::{Value, json};

use super::davy as run;
use super::scripted::Scripted;

/// Exit code, stdout and stderr of `davy discover cloudwatch`.
fn discover(server: &Scripted, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut davy = run(folder.path());
    davy.args(["discover", "cloudwatch", "--region", "us-east-1", "--endpoint-url", &server.url]).args(arguments);
    let output = davy.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// What `davy check` says of a text as a configuration.
fn checks(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let output = run(folder.path()).arg("check").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    said
}

fn metric(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Value {
    let dimensions: Vec<Value> =
        dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions })
}

fn serving(metrics: &[Value]) -> Scripted {
    Scripted::answering(&json!({ "ListMetrics": [{ "body": { "Metrics": metrics } }] }))
}

#[test]
fn the_metrics_of_a_namespace_become_a_configuration() {
    let server = Scripted::play("discover-lambda");
    let (code, text, error) = discover(&server, &["--namespace", "AWS/Lambda", "--recent"]);
    assert_eq!(code, 0, "{error}");
    for line in [
        "  cloudwatch: { cloudwatch: { region: \"us-east-1\", ",
        "  # By FunctionName:\n",
        "  lego_api_errors: { dimensions: { FunctionName: \"lego-api\" }, rate: { bad: \"Errors\", total: \"Invocations\", of: requests } }\n",
        "gauge: { metric: \"Duration\", stat: p99, unit: ms } }\n",
        "events: { count: \"Throttles\", alive: \"Invocations\" } }\n",
        "  # By ExecutedVersion, FunctionName, Resource, 2 sets:\n",
        "  # Also there: ConcurrentExecutions\n",
        "  - { metric: lego_api_errors, pass: \"<= baseline + max(50%, 0.1pp)\" }\n",
        "#   dimensions: { …, ExecutedVersion: \"${version}\" }",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let criteria = text.lines().filter(|line| line.starts_with("  - ")).count();
    assert!(checks(&text).contains(&format!("{criteria} criteria")), "{text}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "two pages");
    assert_eq!(asked[0].body, json!({ "Namespace": "AWS/Lambda", "RecentlyActive": "PT3H" }));
    assert_eq!(asked[1].body["NextToken"], "page-2");
}

#[test]
fn every_namespace_that_is_known_makes_a_configuration_that_is_none_of_guesses() {
    let known: [(&str, &str, &[&str]); 6] = [
        ("AWS/Lambda", "FunctionName", &["Errors", "Invocations", "Duration", "Throttles", "DeadLetterErrors"]),
        ("AWS/ApiGateway", "ApiName", &["5XXError", "4XXError", "Count", "Latency", "IntegrationLatency"]),
        (
            "AWS/ApplicationELB",
            "LoadBalancer",
            &[
                "HTTPCode_Target_5XX_Count",
                "RequestCount",
                "TargetResponseTime",
                "HTTPCode_ELB_5XX_Count",
                "RejectedConnectionCount",
            ],
        ),
        ("AWS/CloudFront", "DistributionId", &["5xxErrorRate", "4xxErrorRate", "Requests", "OriginLatency"]),
        ("AWS/DynamoDB", "TableName", &["SuccessfulRequestLatency", "SystemErrors", "ThrottledRequests", "UserErrors"]),
        (
            "AWS/ElastiCache",
            "CacheClusterId",
            &["CacheHits", "CacheMisses", "EngineCPUUtilization", "Evictions", "SuccessfulReadRequestLatency"],
        ),
    ];
    for (namespace, dimension, names) in known {
        let metrics: Vec<Value> = names.iter().map(|name| metric(namespace, name, &[(dimension, "one")])).collect();
        let (code, text, error) = discover(&serving(&metrics), &["--namespace", namespace]);
        assert_eq!(code, 0, "{error}");
        assert!(!text.contains("a guess"), "{text}");
        assert!(!text.contains("Also there"), "{text}");
        checks(&text);
    }
}

#[test]
fn names_of_any_kind_are_written_so_that_they_are_read_as_they_are() {
    let odd =
        ["Wall time, \"p50\"", "a/b c", "retry count", "${HOME}", "été", "# no: comment", "line\nbreak", "yes", "---"];
    let metrics: Vec<Value> =
        odd.iter().map(|name| metric("Shop", name, &[("host: a", "x, {y}: ${z} # \"q\"")])).collect();
    let (code, text, error) = discover(&serving(&metrics), &["--namespace", "Shop"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(text.matches("# a guess: is more of it worse?").count(), odd.len(), "{text}");
    assert!(checks(&text).contains(&format!("{} criteria", odd.len())), "{text}");
    // What is asked for is what was listed.
    let config = davy::config::load(&text, "canary.yaml").unwrap();
    let now = "2026-05-19T10:02:00Z".parse().unwrap();
    let options = Options { folder: Path::new(""), now, set: &[], phase: None, from: None, to: None };
    let mut asked: Vec<(String, String)> = Vec::new();
    for query in config.plan(&options).unwrap().queries {
        let Source::CloudWatch(source) = query.source else { panic!("{query:?}") };
        for column in source.columns {
            let Measure::Statistic(of) = column.measure else { panic!("{:?}", column.measure) };
            assert_eq!(of.dimensions, [("host: a".to_owned(), "x, {y}: ${z} # \"q\"".to_owned())]);
            asked.push((of.namespace, of.metric));
        }
    }
    asked.sort();
    asked.dedup();
    let mut listed: Vec<(String, String)> = odd.iter().map(|name| ("Shop".to_owned(), (*name).to_owned())).collect();
    listed.sort();
    assert_eq!(asked, listed);
}

#[test]
fn of_hundreds_of_functions_a_few_are_written_and_the_others_counted() {
    let mut metrics = Vec::new();
    for i in 0..300 {
        let function = format!("fn-{i:03}");
        metrics
            .extend(["Errors", "Invocations"].map(|name| metric("AWS/Lambda", name, &[("FunctionName", &function)])));
    }
    let server = serving(&metrics);
    let (code, text, error) = discover(&server, &["--namespace", "AWS/Lambda"]);
    assert_eq!(code, 0, "{error}");
    assert!(text.contains("# By FunctionName: 3 of 300 are written, 297 left out (`--match` finds them).\n"), "{text}");
    assert!(checks(&text).contains("3 criteria"), "{text}");
    let (_, text, _) = discover(&server, &["--namespace", "AWS/Lambda", "--match", "FN-123"]);
    assert!(text.contains("\n  errors: { dimensions: { FunctionName: \"fn-123\" }"), "{text}");
    assert!(checks(&text).contains("1 criterion"), "{text}");
    let (code, text, error) = discover(&server, &["--namespace", "AWS/Lambda", "--match", "nowhere"]);
    assert_eq!((code, text.as_str()), (65, ""));
    assert!(error.contains("none of the 600 metrics in \"AWS/Lambda\" has \"nowhere\""), "{error}");
}

#[test]
fn without_a_namespace_there_is_a_table_of_them() {
    let metrics = [
        metric("AWS/Lambda", "Errors", &[]),
        metric("AWS/Lambda", "Invocations", &[]),
        metric("AWS/Lambda", "Errors", &[]),
        metric("Shop", "Orders", &[]),
    ];
    let server = serving(&metrics);
    let (code, text, error) = discover(&server, &[]);
    assert_eq!((code, text.as_str()), (0, "NAMESPACE   METRICS\nAWS/Lambda        2\nShop              1\n"));
    assert!(error.contains("--namespace NAMESPACE"), "{error}");
    assert_eq!(server.asked()[0].body, json!({}));
}

#[test]
fn what_cannot_be_listed_is_an_error() {
    let (code, text, error) = discover(&serving(&[]), &["--namespace", "AWS/Lamda"]);
    assert_eq!((code, text.as_str()), (65, ""));
    assert!(error.contains("there is no metric in \"AWS/Lamda\"") && error.contains("us-east-1"), "{error}");
    let denied = Scripted::play("discover-denied");
    let (code, text, error) = discover(&denied, &[]);
    assert_eq!((code, text.as_str()), (69, ""));
    assert!(error.contains("cloudwatch:ListMetrics") && error.contains("CloudWatch us-east-1"), "{error}");
    let circle = |token: &str| json!({ "body": { "Metrics": [metric("Shop", "Orders", &[])], "NextToken": token } });
    let turning = Scripted::answering(&json!({ "ListMetrics": [circle("one"), circle("two"), circle("three")] }));
    let (code, _, error) = discover(&turning, &[]);
    assert_eq!(code, 69);
    assert!(error.contains("the same page again"), "{error}");
    assert_eq!(turning.calls("ListMetrics"), 2, "the first page under another token");
    let circle = circle("again");
    let circle = Scripted::answering(&json!({ "ListMetrics": [circle] }));
    let (code, text, error) = discover(&circle, &[]);
    assert_eq!((code, text.as_str(), circle.calls("ListMetrics")), (69, "", 2));
    assert!(error.contains("the same page again"), "{error}");
}
