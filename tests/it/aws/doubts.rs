//! Zeros that nobody measured: where they are taken for zeros, where they are not, and that a person hears of it.

use serde_json::{Value, json};

use super::davy;
use super::scripted::Scripted;

const START: i64 = 1_779_181_200; // 2026-05-19T09:00:00Z

/// A series of 12 periods of five minutes, or none.
fn series(id: &str, value: Option<f64>) -> Value {
    let times: Vec<i64> = (0..12).filter(|_| value.is_some()).map(|i| START + 300 * i).collect();
    let values = vec![value.unwrap_or_default(); times.len()];
    json!({ "Id": id, "Label": id, "Timestamps": times, "Values": values, "StatusCode": "Complete" })
}

/// Judges one metric of which CloudWatch has these series, in the order of its columns and the same in both arms.
fn judge(metric: &str, bound: &str, has: &[Option<f64>]) -> (i32, String) {
    let both = has.iter().chain(has).enumerate().map(|(at, value)| series(&format!("q{at}"), *value));
    let server = Scripted::answering(
        &json!({ "GetMetricData": [{ "body": { "MetricDataResults": both.collect::<Vec<_>>() } }] }),
    );
    judged(&server, metric, bound)
}

fn judged(server: &Scripted, metric: &str, bound: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "name: doubts\narms: {{ baseline: {{ v: 41 }}, canary: {{ v: 42 }} }}\n\
         window: {{ from: 2026-05-19T09:00:00Z, to: 2026-05-19T10:00:00Z, step: 5m }}\n\
         sources: {{ aws: {{ cloudwatch: {{ region: us-east-1, endpoint_url: \"{}\", dimensions: {{ V: \"${{v}}\" }} }} }} }}\n\
         metrics: {{ m: {{ {metric} }} }}\ncriteria: [ {{ metric: m, pass: \"{bound}\" }} ]\n",
        server.url
    );
    std::fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let output = davy(folder.path()).args(["judge", "--now", "2026-05-19T10:02:00Z"]).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_counter_of_ones_own_that_never_was_is_doubted() {
    let lost = "rate: { bad: Shop/Orders Lsot, total: Shop/Orders Calls, missing: zero }";
    let (code, told) = judge(lost, "<= 1%", &[Some(1000.0), None]);
    assert_eq!(code, 0, "{told}");
    let doubt = "m (canary): Shop/Orders Lsot Sum {V: 42} has no point at all and counts as zero";
    assert!(told.contains(doubt), "{told}");
    let (_, told) = judge(lost, "<= 1%", &[Some(1000.0), Some(1.0)]);
    assert!(!told.contains("no point at all"), "{told}");
    let alive = "events: { count: Shop/Orders Lsot, alive: Shop/Orders Calls }";
    let (code, told) = judge(alive, "== 0", &[None, Some(12.0)]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("Shop/Orders Lsot Sum {V: 42} has no point at all"), "{told}");
}

#[test]
fn a_sparse_counter_is_zero_only_beside_what_is_published_alike() {
    let alike = "rate: { bad: AWS/Lambda Errors, total: AWS/Lambda Invocations }";
    let (code, told) = judge(alike, "<= 1%", &[Some(1000.0), None]);
    assert_eq!((code, told.contains("no point at all")), (0, false), "{told}");
    for other in ["dimensions: { ExecutedVersions: 1 }", "reported_unit: Counts", "account: \"123456789012\""] {
        let metric =
            format!("rate: {{ bad: {{ metric: AWS/Lambda Errors, {other} }}, total: AWS/Lambda Invocations }}");
        let (code, told) = judge(&metric, "<= 1%", &[Some(1000.0), None]);
        assert_eq!(code, 11, "{other}: {told}");
    }
    // The other of the two is no counter that anybody knows.
    let slip = "rate: { good: AWS/ApplicationELB HTTPCode_Target_2XX_Count, \
                bad: AWS/ApplicationELB HTTPCode_Target_5xx_Count, show: bad }";
    let (code, told) = judge(slip, "<= 1%", &[None, Some(1000.0)]);
    assert_eq!(code, 11, "{told}");
}

#[test]
fn percentages_of_few_requests_keep_their_sum() {
    let errors = "rate: { bad: { metric: AWS/CloudFront 5xxErrorRate, stat: Average, percent_of_total: true }, \
                  total: AWS/CloudFront Requests }";
    // 12 periods of 40 requests at 1 %: 4.8 errors, none of which is half of one in any period
    let (code, told) = judge(errors, "== 0", &[Some(40.0), Some(1.0)]);
    assert_eq!(code, 10, "{told}");
}

fn alarm(name: &str, state: &str) -> Value {
    let since = START - 86_400;
    json!({ "AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": since, "StateTransitionedTimestamp": since })
}

#[test]
fn alarms_that_saw_nothing_are_no_all_clear() {
    let server = |alarms: &[Value]| {
        Scripted::answering(&json!({
            "DescribeAlarms": [{ "body": { "MetricAlarms": alarms, "CompositeAlarms": [] } }],
            "DescribeAlarmHistory": [{ "body": { "AlarmHistoryItems": [] } }],
        }))
    };
    let blind = server(&[alarm("a", "INSUFFICIENT_DATA")]);
    let (code, told) = judged(&blind, "alarms: { names: [a] }", "== 0");
    assert_eq!(code, 11, "{told}");
    assert!(told.contains("alarms \"a\": INSUFFICIENT_DATA in the whole window"), "{told}");
    let half = server(&[alarm("a", "INSUFFICIENT_DATA"), alarm("b", "OK")]);
    let (code, told) = judged(&half, "alarms: { names: [a, b] }", "== 0");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("alarms \"a\": INSUFFICIENT_DATA in the whole window"), "{told}");
}
