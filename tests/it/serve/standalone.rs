//! Kayenta's standalone analyses: judgements over a lifetime, in growing and sliding windows, kept over a restart.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Server;
use super::kayenta::{checkout, refused};
use crate::http::server::{Response, Server as Store};
use crate::kayenta::store;
use crate::shell::Shell;

const PATH: &str = "/standalone_canary_analysis";

fn server(store: &Store, more: &[&str]) -> Server {
    let shell = Shell::new();
    shell.write("configs/canary-checkout.json", &checkout("canaryConfig").to_string());
    let set = format!("graphite_url={}", store.url(""));
    Server::with(shell, &[&["--set", set.as_str()], more].concat(), &[])
}

/// An hour in the past, judged every 20 minutes.
fn request(every: u64) -> Value {
    json!({
        "scopes": [{
            "controlScope": "v41", "controlLocation": "eu", "experimentScope": "v42", "experimentLocation": "eu",
            "startTimeIso": "2026-03-01T12:00:00Z", "endTimeIso": "2026-03-01T13:00:00Z"
        }],
        "thresholds": { "pass": 75, "marginal": 50 },
        "analysisIntervalMins": every,
        "siteLocal": { "team": "shop" }
    })
}

fn begin(server: &Server, path: &str, body: &Value) -> String {
    let heard = server.ask("POST", path, &body.to_string(), &[("Content-Type", "application/json")]);
    assert_eq!(heard.status, 200, "{}", heard.body);
    let answer = heard.json();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    answer["canaryAnalysisExecutionId"].as_str().unwrap().to_owned()
}

fn until(server: &Server, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let heard = server.get(&format!("{PATH}/{id}?storageAccountName="));
        assert_eq!(heard.status, 200, "{}", heard.body);
        if wanted(&heard.json()) {
            return heard.json();
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{:#}", heard.json());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn complete(server: &Server, id: &str) -> Value {
    until(server, id, |status| status["complete"] == true)
}

/// A latency that becomes worse after 40 minutes; errors that are the same.
fn late(target: &str, minute: i64) -> Option<f64> {
    let worse = target.contains("v42") && target.contains("latency") && minute >= 20;
    Some(100.0 + (minute % 7) as f64 + if worse { 80.0 } else { 0.0 })
}

fn fine(_: &str, minute: i64) -> Option<f64> {
    Some(100.0 + (minute % 7) as f64)
}

#[test]
fn a_past_time_is_judged_in_growing_windows_and_the_last_score_decides() {
    let store = store(fine);
    let server = server(&store, &[]);
    let path = format!(
        "{PATH}/canary-checkout?user=ada&application=shop&parentPipelineExecutionId=p1&metricsAccountName=m&storageAccountName=s"
    );
    let id = begin(&server, &path, &request(20));
    let status = complete(&server, &id);
    assert_eq!(
        (&status["executionStatus"], &status["status"]),
        (&json!("SUCCEEDED"), &json!("succeeded")),
        "{status:#}"
    );
    for (key, value) in [
        ("application", "shop"),
        ("user", "ada"),
        ("parentPipelineExecutionId", "p1"),
        ("canaryConfigId", "canary-checkout"),
        ("metricsAccountName", "m"),
        ("storageAccountName", "s"),
    ] {
        assert_eq!(status[key], value);
    }
    assert_eq!((&status["pipelineId"], &status["canaryAnalysisExecutionRequest"]), (&json!(id), &request(20)));
    assert_eq!(status["canaryConfig"]["name"], "checkout");
    assert!(status["buildTimeMillis"].is_i64() && status["endTimeIso"].is_string() && status["exception"].is_null());
    let result = &status["canaryAnalysisExecutionResult"];
    assert_eq!(
        (&result["didPassThresholds"], &result["canaryScores"]),
        (&json!(true), &json!([100.0, 100.0, 100.0])),
        "{result:#}"
    );
    assert!(result["canaryScoreMessage"].as_str().unwrap().contains("reaches the pass threshold, 75"));
    let each = result["canaryExecutionResults"].as_array().unwrap();
    let times: Vec<[&str; 2]> = each
        .iter()
        .map(|one| ["Start", "End"].map(|end| one[format!("judgement{end}TimeIso")].as_str().unwrap()))
        .collect();
    let [first, second, third] = ["12:20", "12:40", "13:00"].map(|end| format!("2026-03-01T{end}:00Z"));
    let start = "2026-03-01T12:00:00Z";
    assert_eq!(times, [[start, &first], [start, &second], [start, &third]]);
    // each of them is a canary of its own, and the first two have few points
    assert_eq!(result["hasWarnings"], true);
    for (one, points) in each.iter().zip([20, 40, 60]) {
        assert_eq!(one["executionStatus"], "SUCCEEDED");
        assert_eq!(one["warnings"].as_array().unwrap().is_empty(), points == 60, "{one:#}");
        let canary = server.get(&format!("/canary/{}", one["executionId"].as_str().unwrap())).json();
        assert_eq!(canary["result"], one["result"]);
        assert_eq!(canary["result"]["judgeResult"]["results"][0]["controlMetadata"]["stats"]["count"], points);
        assert!(one["judgementEndTimeMillis"].is_i64() && one["buildTimeIso"].is_string());
    }
    let stages: Vec<[&str; 2]> = status["stageStatus"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| ["type", "status"].map(|key| stage[key].as_str().unwrap()))
        .collect();
    assert_eq!(stages.len(), 5);
    assert!(stages[1..4].iter().all(|stage| *stage == ["runCanary", "SUCCEEDED"]), "{stages:?}");
    let metrics = server.get("/metrics").body;
    assert!(
        metrics.contains("davy_analyses{status=\"succeeded\"} 1\n")
            && metrics.contains("davy_canaries{status=\"succeeded\"} 3\n"),
        "{metrics}"
    );
    // without an interval there is one judgement of everything
    let id = begin(
        &server,
        &format!("{PATH}/canary-checkout"),
        &json!({ "analysisIntervalMins": null, "scopes": request(1)["scopes"], "thresholds": request(1)["thresholds"] }),
    );
    let status = complete(&server, &id);
    assert_eq!((&status["application"], &status["user"]), (&json!("ad-hoc"), &json!("anonymous")));
    assert_eq!(status["canaryAnalysisExecutionResult"]["canaryScores"], json!([100.0]));
    assert_eq!(status["canaryAnalysisExecutionResult"]["hasWarnings"], false);
}

#[test]
fn a_score_that_is_too_low_ends_the_analysis_and_a_look_back_slides() {
    let store = store(late);
    let server = server(&store, &["--allow-canary-configs"]);
    let ad_hoc = |request: Value| {
        begin(&server, PATH, &json!({ "canaryConfig": checkout("canaryConfig"), "executionRequest": request }))
    };
    let status = complete(&server, &ad_hoc(request(20)));
    let result = &status["canaryAnalysisExecutionResult"];
    assert_eq!(
        (&status["executionStatus"], &result["didPassThresholds"]),
        (&json!("TERMINAL"), &json!(false)),
        "{status:#}"
    );
    let scores: Vec<f64> = serde_json::from_value(result["canaryScores"].clone()).unwrap();
    assert!(scores[0] == 100.0 && *scores.last().unwrap() <= 50.0, "{scores:?}");
    assert!(result["canaryScoreMessage"].as_str().unwrap().contains("not above the marginal threshold, 50"));
    let ran = scores.len();
    let stages = status["stageStatus"].as_array().unwrap();
    assert_eq!(
        stages.iter().filter(|stage| stage["executionId"].is_string()).count(),
        ran,
        "what was not judged has no canary"
    );
    // between the thresholds the analysis is whole, and has not passed
    let mut between = request(60);
    between["thresholds"] = json!({ "pass": 75, "marginal": 30 });
    let status = complete(&server, &ad_hoc(between));
    let result = &status["canaryAnalysisExecutionResult"];
    assert_eq!(
        (&status["executionStatus"], &result["didPassThresholds"]),
        (&json!("SUCCEEDED"), &json!(false)),
        "{result:#}"
    );
    assert!(result["canaryScoreMessage"].as_str().unwrap().contains("below the pass threshold, 75"));
    // the last ten minutes alone
    let mut back = request(20);
    (back["lookbackMins"], back["thresholds"]["marginal"]) = (json!(10), json!(0));
    let status = complete(&server, &ad_hoc(back));
    let each = status["canaryAnalysisExecutionResult"]["canaryExecutionResults"].as_array().unwrap();
    assert_eq!(each[1]["judgementStartTimeIso"], "2026-03-01T12:30:00Z");
    assert_eq!(each[1]["result"]["judgeResult"]["results"][0]["experimentMetadata"]["stats"]["count"], 10);
    // a canary that cannot be judged ends it, with the reason
    let mut config = checkout("canaryConfig");
    config["metrics"][1]["query"] = json!({ "type": "atlas", "q": "x" });
    let id = begin(&server, PATH, &json!({ "canaryConfig": config, "executionRequest": request(20) }));
    let status = complete(&server, &id);
    assert_eq!(
        (&status["status"], &status["canaryAnalysisExecutionResult"]["canaryScores"]),
        (&json!("terminal"), &json!([]))
    );
    assert!(status["exception"]["details"]["error"].as_str().unwrap().contains("davy cannot ask atlas"), "{status:#}");
    assert!(
        status["canaryAnalysisExecutionResult"]["canaryScoreMessage"]
            .as_str()
            .unwrap()
            .contains("no judgement has a score")
    );
}

#[test]
fn what_cannot_be_analysed_is_not_begun() {
    let store = store(fine);
    let server = server(&store, &[]);
    let ask = |path: &str, body: &Value| server.ask("POST", path, &body.to_string(), &[]);
    let with = |key: &str, value: Value| {
        let mut request = request(20);
        request[key] = value;
        refused(&ask(&format!("{PATH}/canary-checkout"), &request), 400)
    };
    for (key, value, why) in [
        ("lookBackMins", json!(5), "\"lookBackMins\", which has no effect"),
        ("thresholds", json!({ "pass": 75 }), "`thresholds`"),
        ("scopes", json!([]), "no `scopes`"),
        ("scopes", json!([{}]), "needs `lifetimeDurationMins`"),
        ("analysisIntervalMins", json!(-1), "whole minutes"),
    ] {
        let said = with(key, value);
        assert!(said.contains(why), "{said}");
    }
    let mut named = request(20);
    named["scopes"][0]["scopeName"] = json!("other");
    assert!(refused(&ask(&format!("{PATH}/canary-checkout"), &named), 400).contains("the scope \"default\""));
    let mut doubled = request(20);
    doubled["scopes"] = json!([request(1)["scopes"][0], request(1)["scopes"][0]]);
    assert!(refused(&ask(&format!("{PATH}/canary-checkout"), &doubled), 400).contains("two scopes are called"));
    assert!(refused(&ask(&format!("{PATH}/none"), &request(20)), 404).contains("no canary configuration"));
    let ad_hoc = json!({ "canaryConfig": checkout("canaryConfig"), "executionRequest": request(20) });
    assert!(refused(&ask(PATH, &ad_hoc), 400).contains("--allow-canary-configs"));
    assert!(refused(&server.get(&format!("{PATH}/none")), 404).contains("no analysis"));
    assert!(store.requests().is_empty());
}

#[test]
fn a_killed_server_goes_on_after_the_last_judgement_and_a_cancel_ends_it() {
    // what is there now: a point in each of the last 60 minutes
    let store = Store::start(|request, _| {
        let now = Timestamp::now().as_second() / 60 * 60;
        let points: Vec<String> = (0..60).map(|back| format!("[5, {}]", now - 60 * back)).collect();
        Response::json(format!(
            "[{{\"target\": \"{}\", \"datapoints\": [{}]}}]",
            request.parameter("target"),
            points.join(", ")
        ))
    });
    let arguments = ["--keep", "kept"];
    let server = server(&store, &arguments);
    // two judgements are due, and the third at the next minute: a store settles for a minute
    while Timestamp::now().as_second() % 60 > 45 {
        std::thread::sleep(Duration::from_millis(500));
    }
    let start = Timestamp::from_second(Timestamp::now().as_second() / 60 * 60 - 180).unwrap();
    let request = json!({
        "scopes": [{
            "controlScope": "v41", "experimentScope": "v42",
            "startTimeIso": start.to_string(), "endTimeIso": (start + jiff::SignedDuration::from_secs(180)).to_string()
        }],
        "thresholds": { "pass": 75, "marginal": 50 }, "analysisIntervalMins": 1
    });
    let path = format!("{PATH}/canary-checkout");
    let id = begin(&server, &path, &request);
    let done = |status: &Value| {
        status["stageStatus"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|stage| stage["type"] == "runCanary" && stage["status"] == "SUCCEEDED")
            .count()
    };
    let status = until(&server, &id, |status| done(status) == 2);
    assert_eq!(
        (&status["executionStatus"], &status["canaryAnalysisExecutionResult"]),
        (&json!("RUNNING"), &Value::Null),
        "{status:#}"
    );
    let before: Vec<Value> = status["stageStatus"].as_array().unwrap()[1..3].to_vec();
    // another waits for its time by the clock
    let waiting = json!({ "scopes": [{ "controlScope": "v41", "experimentScope": "v42" }], "thresholds": request["thresholds"], "lifetimeDurationMins": 60 });
    let other = begin(&server, &path, &waiting);
    let set = format!("graphite_url={}", store.url(""));
    let server = Server::with(server.killed(), &[&["--set", set.as_str()], arguments.as_slice()].concat(), &[]);
    let status = complete(&server, &id);
    assert_eq!(status["canaryAnalysisExecutionResult"]["canaryScores"], json!([100.0, 100.0, 100.0]), "{status:#}");
    assert_eq!(status["stageStatus"].as_array().unwrap()[1..3], before, "no judgement is made twice");
    assert!(server.get("/metrics").body.contains("davy_analyses{status=\"running\"} 1\n"));
    assert_eq!(server.ask("PUT", &format!("/pipelines/{other}/cancel"), "", &[]).status, 202);
    let status = complete(&server, &other);
    assert_eq!(
        (&status["executionStatus"], &status["canaryAnalysisExecutionResult"]["didPassThresholds"]),
        (&json!("CANCELED"), &json!(false))
    );
    let server = Server::with(server.killed(), &arguments, &[]);
    assert_eq!(complete(&server, &other)["executionStatus"], "CANCELED");
    assert_eq!(
        complete(&server, &id)["canaryAnalysisExecutionResult"],
        complete(&server, &id)["canaryAnalysisExecutionResult"]
    );
}

#[test]
fn an_end_of_the_server_is_not_one_of_its_analyses() {
    let store = store(|target, minute| {
        if minute == 0 {
            std::thread::sleep(Duration::from_millis(700));
        }
        fine(target, minute)
    });
    let arguments = ["--keep", "kept", "--allow-exec", "--at-once", "2"];
    let mut server = server(&store, &arguments);
    server.shell.write("configs/slow/slow.sh", "#!/bin/sh\nsleep 6\ncat ../$1.csv\n");
    let id = begin(&server, &format!("{PATH}/canary-checkout"), &request(20));
    // a judgement ends meanwhile, and the next one is due: the server has no turn for it any more, and is still there
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.judge(&json!({ "config": "slow", "wait": 30 })));
        std::thread::sleep(Duration::from_millis(500));
        server.signal("-TERM");
        assert_eq!(asked.join().unwrap().status, 200);
    });
    assert!(server.child.wait().unwrap().success());
    let set = format!("graphite_url={}", store.url(""));
    let server = Server::with(server.killed(), &[&["--set", set.as_str()], arguments.as_slice()].concat(), &[]);
    let status = complete(&server, &id);
    assert_eq!(
        (&status["executionStatus"], &status["canaryAnalysisExecutionResult"]["canaryScores"]),
        (&json!("SUCCEEDED"), &json!([100.0, 100.0, 100.0])),
        "{status:#}"
    );
}
