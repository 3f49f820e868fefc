//! Logs Insights and log events as a gate asks them: to the end of a query, in parts where an answer is cut off, never half.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::davy;
use super::scripted::Scripted;

/// 2026-06-01T12:00:00Z.
const NOON: i64 = 1_780_315_200;

const STATS: &str = "stats sum(miss) as misses, count(*) as lookups by bin(${step}), version";
const CACHE: &str = "rate: { query: \"stats sum(miss) as misses, count(*) as lookups by bin(${step}), version\", \
                     bad: misses, total: lookups }";

/// A configuration over half an hour of logs in steps of 5 minutes.
fn configuration(url: &str, source: &str, metrics: &[(&str, &str)]) -> String {
    let access = format!("region: us-east-1, endpoint_url: \"{url}\", log_groups: [/aws/lambda/lego-api]");
    let mut text = format!(
        "name: lego\n\
         window: {{ from: 2026-06-01T12:00:00Z, to: 2026-06-01T12:30:00Z, step: 5m }}\n\
         sources:\n  logs: {{ {} }}\n\
         metrics:\n",
        source.replace("ACCESS", &access)
    );
    metrics.iter().for_each(|(name, shape)| text.push_str(&format!("  {name}: {{ {shape} }}\n")));
    text.push_str("criteria:\n");
    metrics.iter().for_each(|(name, _)| text.push_str(&format!("  - {{ metric: {name}, pass: \"<= 50%\" }}\n")));
    text
}

const BOTH_ARMS: &str = "logs_insights: { ACCESS, arm: { column: version, baseline: \"41\", canary: \"42\" } }";

/// What one run said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    took: Duration,
    folder: tempfile::TempDir,
}

impl Said {
    /// The recorded series of a metric, line by line.
    fn series(&self, metric: &str) -> Vec<String> {
        let path = self.folder.path().join(format!("rec/series/{metric}.csv"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{metric}: {error}; {}", self.stderr));
        text.lines().skip(1).map(str::to_owned).collect()
    }

    /// It ended with an error: its code, no verdict, and all of these words.
    fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "", "{}", self.stderr);
        words.iter().for_each(|word| assert!(self.stderr.contains(word), "{word} is not in: {}", self.stderr));
        assert!(!self.stderr.contains("wJalrXUtnFEMI"), "{}", self.stderr);
    }
}

fn run(text: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let begun = Instant::now();
    let output = davy(folder.path())
        .args(["judge", "canary.yaml", "-v", "--record", "rec"])
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    Said { code: output.status.code(), stdout, stderr, took: begun.elapsed(), folder }
}

fn judge(server: &Scripted, source: &str, metrics: &[(&str, &str)]) -> Said {
    run(&configuration(&server.url, source, metrics))
}

/// The windows that were asked about, in seconds after noon.
fn windows(server: &Scripted) -> Vec<(i64, i64)> {
    let asked = server.asked().into_iter().filter(|asked| asked.operation == "StartQuery").map(|asked| asked.body);
    let second = |body: &Value, name: &str| body[name].as_i64().unwrap() - NOON;
    asked.map(|body| (second(&body, "startTime"), second(&body, "endTime"))).collect()
}

fn answer(rows: &[Value]) -> Value {
    json!({ "status": 200, "body": { "status": "Complete", "results": rows, "statistics": { "bytesScanned": 1e6 } } })
}

/// A result with a time in milliseconds after noon and a value.
fn event(milliseconds: i64, value: usize) -> Value {
    let at = jiff::Timestamp::from_millisecond(NOON * 1000 + milliseconds).unwrap();
    let at = at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    json!([{ "field": "@timestamp", "value": at }, { "field": "latency", "value": value.to_string() },
           { "field": "version", "value": if value.is_multiple_of(2) { "41" } else { "42" } }])
}

/// Starts that are always granted, and these answers in their order.
fn granting(answers: &[Value]) -> Scripted {
    Scripted::answering(&json!({
        "StartQuery": [{ "status": 200, "body": { "queryId": "q-1" } }],
        "GetQueryResults": answers,
        "StopQuery": [{ "status": 200, "body": { "success": true } }],
    }))
}

#[test]
fn a_query_is_waited_for_and_answers_both_arms_of_every_metric_that_asks_it() {
    let server = Scripted::play("logs-complete");
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE), ("lookups_lost", CACHE)]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let series = said.series("cache");
    assert_eq!(series.len(), 12);
    assert_eq!(series[0], "2026-06-01T12:00:00Z,baseline,1000,5");
    assert_eq!(series[11], "2026-06-01T12:25:00Z,canary,1000,11");
    assert_eq!(series, said.series("lookups_lost"));
    let count = ["StartQuery", "GetQueryResults", "StopQuery"].map(|operation| server.calls(operation));
    assert_eq!(count, [1, 3, 0]);
    let started = &server.asked()[0].body;
    assert_eq!(started["queryString"], STATS.replace("${step}", "5m"));
    assert_eq!(started["logGroupNames"], json!(["/aws/lambda/lego-api"]));
    assert_eq!((started["limit"].as_i64(), windows(&server)), (Some(10_000), vec![(0, 1800)]));
    // GB are counted once, though they are told of each metric
    assert!(
        said.stderr.contains("1.2 GB scanned by Logs Insights, about 0.006 USD at 0.005 USD per GB"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("; 1.2 GB scanned"), "{}", said.stderr);
}

#[test]
fn log_groups_of_other_accounts_are_named_by_arn() {
    let server = Scripted::play("logs-complete");
    let text = configuration(&server.url, BOTH_ARMS, &[("cache", CACHE)]);
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/lego-api";
    let said = run(&text.replace("[/aws/lambda/lego-api]", &format!("[\"{arn}:*\", /other]")));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let started = &server.asked()[0].body;
    assert_eq!(started["logGroupIdentifiers"], json!([arn, "/other"]));
    assert_eq!(started["logGroupNames"], Value::Null);
}

#[test]
fn only_a_complete_query_is_an_answer() {
    for (state, remedy) in [
        ("Failed", "Run the query in the console"),
        ("Cancelled", "ask again"),
        ("Timeout", "Narrow the window"),
        ("Unknown", "Ask again"),
    ] {
        let server = Scripted::play(&format!("logs-{}", state.to_lowercase()));
        let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
        let status = format!("ended with the status {state}");
        said.failed(69, &["Logs Insights us-east-1 (/aws/lambda/lego-api)", "metric \"cache\"", &status, remedy]);
        assert_eq!(server.calls("StopQuery"), 0, "{state}: it has ended already");
    }
}

#[test]
fn a_query_that_is_not_understood_is_said_in_the_service_s_words() {
    let server = Scripted::play("logs-malformed");
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
    said.failed(69, &["StartQuery", "unexpected symbol found ( at line 1 and position 7", "metric \"cache\""]);
    assert_eq!(server.calls("StartQuery"), 1);
}

#[test]
fn too_many_queries_are_waited_out() {
    let server = Scripted::play("logs-many-queries");
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!((server.calls("StartQuery"), said.series("cache").len()), (3, 12));
    assert!(said.stderr.contains("Account maximum query concurrency limit of [30] reached."), "{}", said.stderr);
    assert!(said.stderr.contains("waiting until one ends"), "{}", said.stderr);
}

#[test]
fn too_many_queries_for_too_long_are_an_error_that_says_so() {
    let server = Scripted::play("logs-many-queries-always");
    let said = judge(&server, &BOTH_ARMS.replace("ACCESS", "ACCESS, deadline: 2s"), &[("cache", CACHE)]);
    said.failed(
        69,
        &["could not be started within the deadline of 2s", "query concurrency limit of [30]", "`concurrency`"],
    );
    assert!(said.took < Duration::from_secs(10), "{:?}", said.took);
}

#[test]
fn what_the_network_does_while_a_query_runs_is_got_over() {
    let server = Scripted::play("logs-throttled");
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!((server.calls("StartQuery"), server.calls("GetQueryResults")), (1, 4));
    assert_eq!(said.series("cache").len(), 12);
}

#[test]
fn an_answer_of_several_pages_is_read_to_its_end() {
    let server = Scripted::play("logs-pages");
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.series("cache").len(), 12);
    assert_eq!(server.asked().last().unwrap().body["nextToken"], "t-1");
}

const ONE_AT_A_TIME: &str =
    "logs_insights: { ACCESS, concurrency: 1, arm: { column: version, baseline: \"41\", canary: \"42\" } }";
const LATENCY: &str = "values: { query: \"fields @timestamp, latency, version\", value: latency, unit: ms }";

fn latencies(server: &Scripted, query: &str) -> Said {
    let text = configuration(&server.url, ONE_AT_A_TIME, &[("latency", LATENCY)]);
    let text = text.replace("fields @timestamp, latency, version", query);
    run(&text.replace("pass: \"<= 50%\"", "statistic: p50, pass: \"<= 20000ms\""))
}

#[test]
fn an_answer_that_is_cut_off_is_asked_for_in_halves() {
    let whole: Vec<Value> = (0..10_000).map(|at| event(at * 180, at as usize)).collect();
    // what happens where the halves meet is in the answers for both, and counts once
    let first: Vec<Value> = (0..=6_000).rev().map(|at| event(at * 150, at as usize)).collect();
    let second: Vec<Value> = (6_000..12_000).rev().map(|at| event(at * 150, at as usize)).collect();
    let server = granting(&[answer(&whole), answer(&first), answer(&second)]);
    let said = latencies(&server, "fields @timestamp, latency, version");
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(windows(&server), [(0, 1800), (0, 900), (900, 1800)]);
    let series = said.series("latency");
    assert_eq!(series.len(), 12_000);
    let at = series.iter().filter(|line| line.starts_with("2026-06-01T12:15:00Z")).count();
    assert_eq!(at, 1, "the event at the boundary counts once");
    assert!(said.stderr.contains("3.0 MB scanned by Logs Insights"), "{}", said.stderr);
}

#[test]
fn a_half_that_is_cut_off_is_halved_again_between_whole_periods() {
    let full: Vec<Value> = (0..10_000).map(|at| event(0, at)).collect();
    let one: Vec<Value> = vec![event(0, 1)];
    let server = granting(&[answer(&full), answer(&full), answer(&one)]);
    let said = latencies(&server, "stats avg(x) as latency by @timestamp, bin(5m), version");
    assert!(said.stderr.contains("scanned"), "{}", said.stderr);
    assert_eq!(windows(&server), [(0, 1800), (0, 900), (0, 300), (300, 900), (900, 1800)]);
}

#[test]
fn a_second_that_is_cut_off_is_an_error() {
    let full: Vec<Value> = (0..10_000).map(|at| event(0, at)).collect();
    let server = granting(&[answer(&full)]);
    let said = latencies(&server, "fields @timestamp, latency, version");
    said.failed(65, &["has 10000 rows or more", "cannot be cut further", "stats … by bin(5m)", "metric \"latency\""]);
    let shortest = windows(&server).into_iter().map(|(start, end)| end - start).min();
    assert_eq!(shortest, Some(1));
    // only ever the first half: of the others nothing is asked once it has failed
    assert!(windows(&server).iter().all(|(start, _)| *start == 0), "{:?}", windows(&server));
}

#[test]
fn a_query_that_is_not_the_sum_of_its_halves_is_not_halved() {
    let full: Vec<Value> = (0..10_000).map(|at| event(0, at)).collect();
    let server = granting(&[answer(&full)]);
    let said = latencies(&server, "stats max(x) as latency, max(@timestamp) as time by host");
    said.failed(65, &["aggregates without `by bin(…)`", "cannot be asked for in parts"]);
    assert_eq!(server.calls("StartQuery"), 1);
}

#[test]
fn a_query_that_is_cut_off_by_its_own_limit_is_an_error() {
    let rows: Vec<Value> = (0..50).map(|at| event(at * 1000, at as usize)).collect();
    let server = granting(&[answer(&rows)]);
    let said = latencies(&server, "fields @timestamp, latency, version | limit 50");
    said.failed(65, &["stopped at the query's own `limit 50`", "Leave the `limit` out"]);
    let said = latencies(&server, "fields @timestamp, latency, version | limit 51");
    assert_eq!(said.series("latency").len(), 50, "{}", said.stderr);
}

#[test]
fn a_query_that_scans_too_much_is_stopped() {
    let server = Scripted::play("logs-scanning");
    let said = judge(&server, &BOTH_ARMS.replace("ACCESS", "ACCESS, max_scanned: 10GB"), &[("cache", CACHE)]);
    said.failed(69, &["has scanned 12.0 GB", "`max_scanned` of 10.0 GB", "the query was stopped", "Narrow the window"]);
    assert_eq!(server.calls("StopQuery"), 1);
    assert_eq!(server.asked().last().unwrap().body, json!({ "queryId": "q-1" }));
    assert!(said.stderr.contains("12.0 GB scanned by Logs Insights, about 0.06 USD"), "{}", said.stderr);
}

#[test]
fn all_queries_of_a_source_scan_together() {
    let server = Scripted::play("logs-scanned");
    let other = CACHE.replace("stats", "filter a = 1 | stats");
    let metrics = [("cache", CACHE), ("other", other.as_str())];
    let source = BOTH_ARMS.replace("ACCESS", "ACCESS, max_scanned: 10GB, concurrency: 1");
    judge(&server, &source, &metrics).failed(69, &["metric \"other\"", "has scanned 12.0 GB"]);
    assert_eq!((server.calls("StartQuery"), server.calls("StopQuery")), (2, 0));
    let server = Scripted::play("logs-scanned");
    let said = judge(&server, &source.replace("10GB", "12GB"), &metrics);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn a_query_that_takes_too_long_is_stopped() {
    let server = Scripted::play("logs-running");
    let said = judge(&server, &BOTH_ARMS.replace("ACCESS", "ACCESS, deadline: 2s"), &[("cache", CACHE)]);
    said.failed(69, &["was not complete within the deadline of 2s", "the query was stopped", "raise `deadline`"]);
    assert_eq!(server.calls("StopQuery"), 1);
    assert!(said.took < Duration::from_secs(10), "{:?}", said.took);
}

#[test]
fn a_query_that_cannot_be_looked_at_is_stopped() {
    let denied = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: logs:GetQueryResults";
    let server =
        granting(&[json!({ "status": 400, "body": { "__type": "AccessDeniedException", "message": denied } })]);
    let said = judge(&server, BOTH_ARMS, &[("cache", CACHE)]);
    said.failed(69, &["GetQueryResults", "is not authorized to perform", "the query was stopped"]);
    assert_eq!((server.calls("GetQueryResults"), server.calls("StopQuery")), (1, 1));
}

#[test]
fn as_many_queries_run_as_may() {
    let server = granting(&[
        json!({ "status": 200, "body": { "status": "Running" } }),
        json!({ "status": 200, "body": { "status": "Running" } }),
        answer(&[]),
    ]);
    let shapes: Vec<String> = (0..3).map(|n| CACHE.replace("stats", &format!("filter a = {n} | stats"))).collect();
    let names = ["one", "two", "three"];
    let metrics: Vec<(&str, &str)> = names.into_iter().zip(shapes.iter().map(String::as_str)).collect();
    judge(&server, &BOTH_ARMS.replace("ACCESS", "ACCESS, concurrency: 2"), &metrics);
    let operations: Vec<String> = server.asked().into_iter().map(|asked| asked.operation).collect();
    let looks = |starts: usize| {
        let start = operations.iter().enumerate().filter(|(_, name)| *name == "StartQuery").nth(starts - 1).unwrap().0;
        operations[..start].iter().filter(|name| *name == "GetQueryResults").count()
    };
    // the third look is the first that finds a query complete: the second did not wait for it, the third query did
    assert!(looks(2) < 3 && looks(3) >= 3, "{operations:?}");
    assert_eq!(server.calls("StartQuery"), 3);
}

#[test]
fn an_interrupt_stops_the_queries_that_run() {
    let server = Scripted::play("logs-running");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("canary.yaml"), configuration(&server.url, BOTH_ARMS, &[("cache", CACHE)])).unwrap();
    let mut child = spawned(folder.path());
    wait_until(&mut child, || server.calls("GetQueryResults") > 0);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(server.calls("StopQuery"), 1);
    assert_eq!(server.asked().last().unwrap().body, json!({ "queryId": "q-1" }));
}

fn spawned(folder: &Path) -> std::process::Child {
    let davy = davy(folder);
    let mut command = std::process::Command::new(davy.get_program());
    command.args(["judge", "canary.yaml"]).current_dir(folder).env_clear();
    command.envs(davy.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
}

fn wait_until(child: &mut std::process::Child, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not come so far");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const EVENTS: &str = "log_events: { ACCESS }";

fn patterns(server: &Scripted) -> Vec<Value> {
    server.asked().into_iter().map(|asked| asked.body["filterPattern"].clone()).collect()
}

#[test]
fn log_events_are_counted_page_by_page_within_the_window() {
    let server = Scripted::play("logs-events");
    let said = judge(&server, EVENTS, &[("logged", "rate: { bad: \"\", total: \"\" }")]);
    let series = said.series("logged");
    assert_eq!(
        series,
        ["2026-06-01T12:00:00Z,canary,3,3", "2026-06-01T12:05:00Z,canary,1,1", "2026-06-01T12:25:00Z,canary,1,1"]
    );
    // one pattern is asked for once, by all columns and arms, and the empty one is none
    assert_eq!(patterns(&server), [Value::Null, Value::Null, Value::Null]);
    let asked = server.asked();
    assert_eq!(asked[0].body["logGroupName"], "/aws/lambda/lego-api");
    let at = |name: &str| asked[0].body[name].as_i64().unwrap() - NOON * 1000;
    assert_eq!((at("startTime"), at("endTime")), (0, 30 * 60_000 - 1));
    let tokens: Vec<&Value> = asked.iter().map(|asked| &asked.body["nextToken"]).collect();
    assert_eq!(tokens, [&Value::Null, &json!("t-1"), &json!("t-2")]);
    assert!(said.stderr.contains("API calls: FilterLogEvents 3"), "{}", said.stderr);
}

#[test]
fn log_events_of_several_groups_add_up() {
    let event = |milliseconds: i64| json!({ "timestamp": NOON * 1000 + milliseconds, "message": "m" });
    let page = json!([{ "status": 200, "body": { "events": [event(1), event(2)] } }]);
    let server = Scripted::answering(&json!({ "FilterLogEvents": page }));
    let text = configuration(&server.url, EVENTS, &[("errors", "rate: { bad: ERROR, total: \"\" }")]);
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:other";
    let said = run(&text.replace("[/aws/lambda/lego-api]", &format!("[/aws/lambda/lego-api, \"{arn}:*\"]")));
    assert_eq!(said.series("errors"), ["2026-06-01T12:00:00Z,canary,4,4"]);
    let count = |name: &str, value: &str| server.asked().iter().filter(|asked| asked.body[name] == value).count();
    assert_eq!((count("logGroupName", "/aws/lambda/lego-api"), count("logGroupIdentifier", arn)), (2, 2));
}

#[test]
fn steps_without_events_are_gaps_and_not_zeros() {
    let errors = |server: &Scripted| {
        let text = configuration(&server.url, EVENTS, &[("errors", "events: { count: ERROR }")]);
        run(&text.replace("<= 50%", "<= 50"))
    };
    let server = Scripted::play("logs-events");
    let said = errors(&server);
    let series = said.series("errors");
    assert_eq!(series.len(), 3, "{series:?}");
    assert_eq!(patterns(&server), [json!("ERROR"), json!("ERROR"), json!("ERROR")]);
    let server = Scripted::play("logs-events-none");
    let said = errors(&server);
    assert_eq!(said.series("errors"), [""; 0]);
    assert_ne!(said.code, Some(0), "{}", said.stdout);
}

#[test]
fn pages_that_never_end_and_streams_half_searched_are_errors() {
    let server = Scripted::play("logs-events-repeating");
    let said = judge(&server, EVENTS, &[("errors", "rate: { bad: ERROR, total: \"\" }")]);
    said.failed(
        69,
        &["the same page again and again", "log events us-east-1 (/aws/lambda/lego-api)", "metric \"errors\""],
    );
    assert_eq!(server.calls("FilterLogEvents"), 4);
    let server = Scripted::play("logs-events-partly");
    let said = judge(&server, EVENTS, &[("errors", "rate: { bad: ERROR, total: \"\" }")]);
    said.failed(69, &["did not search all of the stream 2026/06/01/[$LATEST]a"]);
}
