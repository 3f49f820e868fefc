//! Alarms as a series: what changed, what did not, and what cannot be known.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::davy;
use super::scripted::Scripted;

/// What came of fetching alarms for the hour from nine, at five past ten.
struct Fetched {
    code: i32,
    told: String,
    error: String,
    server: Scripted,
    folder: TempDir,
}

fn fetch_at(script: &str, alarms: &str, now: &str) -> Fetched {
    let server = Scripted::play(script);
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "name: alarms\nwindow: {{ from: 2026-05-19T09:00:00Z, to: 2026-05-19T10:00:00Z, step: 5m }}\nsources: {{ watch: {{ cloudwatch: {{ \
         region: us-east-1, endpoint_url: \"{}\" }} }} }}\nmetrics: {{ alarms: {{ alarms: {alarms} }} }}\ncriteria:\n  - {{ metric: alarms, \
         pass: \"== 0\" }}\n",
        server.url
    );
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let output = davy(folder.path()).args(["fetch", "--record", "kept", "--now", now]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (told, error) = (text(output.stdout), text(output.stderr));
    Fetched { code: output.status.code().unwrap_or(-1), told, error, server, folder }
}

fn fetch(script: &str, alarms: &str) -> Fetched {
    fetch_at(script, alarms, "2026-05-19T10:05:00Z")
}

impl Fetched {
    /// How many alarms rang in each step of the canary.
    fn steps(&self) -> Vec<u32> {
        assert_eq!(self.code, 0, "{}{}", self.told, self.error);
        let text = fs::read_to_string(self.folder.path().join("kept/series/alarms.csv")).unwrap();
        let canary = text.lines().filter(|line| line.contains(",canary,"));
        canary.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect()
    }

    fn fails_with(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.told, self.error);
        for part in parts {
            assert!(self.error.contains(part), "{part}: {}", self.error);
        }
        assert!(!self.folder.path().join("kept").exists());
    }
}

#[test]
fn each_step_has_the_alarms_that_rang_at_any_moment_of_it() {
    let fetched = fetch("alarms-changes", "{ names: [api-5xx, api-latency, api-quiet, api-all] }");
    // api-all rang all the time, api-5xx from 09:12:00.250 to 09:18:30: in the steps of 09:10 and 09:15.
    assert_eq!(fetched.steps(), [1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    for part in [
        "alarm \"api-5xx\" was in ALARM from 2026-05-19T09:12:00Z to 2026-05-19T09:18:30Z",
        "alarm \"api-all\" was in ALARM since 2026-05-01T00:00:00Z",
        "\"api-quiet\" saw nothing: INSUFFICIENT_DATA in the whole window",
    ] {
        assert!(fetched.told.contains(part), "{part}: {}", fetched.told);
    }
    assert!(!fetched.told.contains("api-latency"), "{}", fetched.told);
    let asked = fetched.server.asked();
    assert_eq!(fetched.server.calls("DescribeAlarms"), 2, "both arms ask the same");
    assert_eq!(
        fetched.server.calls("DescribeAlarmHistory"),
        2,
        "one alarm moved; what came after the window is not read on"
    );
    assert_eq!(asked[0].body["AlarmTypes"], json!(["MetricAlarm", "CompositeAlarm"]));
    assert_eq!(asked[1].body["NextToken"], "more");
    let history = asked.iter().find(|asked| asked.operation == "DescribeAlarmHistory").unwrap();
    assert_eq!(history.body["AlarmName"], "api-5xx");
    assert_eq!(history.body["HistoryItemType"], "StateUpdate");
    assert_eq!(history.body["ScanBy"], "TimestampAscending");

    let judged = davy(fetched.folder.path()).args(["judge", "kept"]).output().unwrap();
    assert_eq!(judged.status.code(), Some(10), "{}", String::from_utf8_lossy(&judged.stdout));
}

#[test]
fn a_change_after_the_window_says_what_it_was_before() {
    let fetched = fetch("alarms-changed-after", "{ names: [api-5xx] }");
    assert_eq!(fetched.steps(), [1; 12]);
    assert!(fetched.told.contains("was in ALARM from before the window"), "{}", fetched.told);
}

#[test]
fn steps_that_are_not_over_have_no_row() {
    let fetched = fetch_at("alarms-changed-after", "{ names: [api-5xx] }", "2026-05-19T09:33:00Z");
    assert_eq!(fetched.steps().len(), 6, "up to 09:30; the step of 09:30 has not settled");
}

#[test]
fn a_change_that_only_the_alarm_tells_of_counts() {
    let fetched = fetch("alarms-last-change-lags", "{ prefix: api- }");
    assert_eq!(fetched.steps(), [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(fetched.server.asked()[0].body["AlarmNamePrefix"], "api-");
}

#[test]
fn a_history_that_does_not_say_is_no_all_clear() {
    let fetched = fetch("alarms-history-lags", "{ names: [api-5xx] }");
    fetched
        .fails_with(69, &["alarm \"api-5xx\" changed at 2026-05-19T09:40:00Z", "does not say from what", "try again"]);
    let fetched = fetch("alarms-history-garbled", "{ names: [api-5xx] }");
    fetched.fails_with(65, &["cannot be read", "alarm \"api-5xx\"", "oldState.stateValue"]);
}

#[test]
fn every_name_has_to_exist_and_every_prefix_to_find_something() {
    let fetched = fetch("alarms-wrong-name", "{ names: [api-5xx, api-latncy] }");
    fetched.fails_with(
        65,
        &["CloudWatch alarms us-east-1", "\"alarms\"", "no alarm \"api-latncy\"", "Did you mean \"api-latency\"?"],
    );
    let fetched = fetch("alarms-no-prefix", "{ prefix: checkout- }");
    fetched.fails_with(65, &["no alarm has a name that begins with \"checkout-\"", "right region and account"]);
}

#[test]
fn more_names_than_go_into_a_call_go_into_two() {
    let names: Vec<String> = (0..150).map(|i| format!("a{i}")).collect();
    let alarm = |name: &String| json!({ "AlarmName": name, "StateValue": "ALARM", "StateTransitionedTimestamp": 1_700_000_000 });
    let page = |names: &[String]| json!({ "body": { "MetricAlarms": names.iter().map(alarm).collect::<Vec<_>>() } });
    let answers = json!({ "DescribeAlarms": [page(&names[..100]), page(&names[100..])] });
    let server = Scripted::answering(&answers);
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "name": "many",
        "window": { "from": "2026-05-19T09:00:00Z", "to": "2026-05-19T09:10:00Z", "step": "5m" },
        "sources": { "watch": { "cloudwatch": { "region": "us-east-1", "endpoint_url": server.url } } },
        "metrics": { "alarms": { "alarms": { "names": names } } },
        "criteria": [{ "metric": "alarms", "pass": "== 0" }],
    });
    fs::write(folder.path().join("canary.yaml"), config.to_string()).unwrap();
    let output = davy(folder.path()).args(["fetch", "--now", "2026-05-19T10:00:00Z"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("2 canary") && told.contains("145 more alarms were in ALARM"), "{told}");
    let lengths: Vec<usize> =
        server.asked().iter().map(|asked| asked.body["AlarmNames"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [100, 50]);
}

#[test]
fn what_is_forgotten_or_goes_round_in_circles_is_an_error() {
    let fetched = fetch_at("alarms-changes", "{ names: [api-5xx] }", "2026-07-01T00:00:00Z");
    fetched.fails_with(65, &["2026-05-19T09:00:00Z", "kept for 30 days"]);
    assert!(fetched.server.asked().is_empty());
    let fetched = fetch("alarms-endless", "{ prefix: api }");
    fetched.fails_with(69, &["DescribeAlarms gave the same page again"]);
    assert_eq!(fetched.server.calls("DescribeAlarms"), 2);
}
