//! Kayenta's interface as its clients use it: Argo's provider, Orca, and a Kayenta that asks a remote judge.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Heard, Server};
use crate::kayenta::store;
use crate::shell::Shell;

const CHECKOUT: &str = include_str!("../../../fixtures/kayenta/checkout.json");

pub(super) fn checkout(part: &str) -> Value {
    serde_json::from_str::<Value>(CHECKOUT).unwrap()[part].clone()
}

/// A latency that is a little worse in every minute; errors that are the same.
fn value(target: &str, minute: i64) -> Option<f64> {
    let worse = target.contains("v42") && target.contains("latency");
    Some(100.0 + (minute % 7) as f64 + if worse { 30.0 } else { 0.0 })
}

fn server(url: &str, more: &[&str]) -> Server {
    let shell = Shell::new();
    shell.write("configs/canary-checkout.json", &checkout("canaryConfig").to_string());
    let set = format!("graphite_url={url}");
    Server::with(shell, &[&["--set", set.as_str()], more].concat(), &[])
}

/// Asks for the status until it is complete, as Argo and Orca do.
fn complete(server: &Server, id: &str) -> Value {
    let since = Instant::now();
    loop {
        let heard = server.get(&format!("/canary/{id}"));
        assert_eq!(heard.status, 200, "{}", heard.body);
        let status = heard.json();
        if status["complete"] == true {
            return status;
        }
        assert!(["not_started", "running"].contains(&status["status"].as_str().unwrap()), "{status}");
        assert!(since.elapsed() < Duration::from_secs(30), "{status}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The refusal of Kayenta's form.
pub(super) fn refused(heard: &Heard, status: u16) -> String {
    assert_eq!(heard.status, status, "{}", heard.body);
    let body = heard.json();
    assert_eq!(body.as_object().unwrap().len(), 1);
    body["message"].as_str().unwrap().to_owned()
}

#[test]
fn argo_finds_its_configuration_and_reads_the_score() {
    let store = store(value);
    let server = server(&store.url(""), &[]);
    let listed = server.get("/canaryConfig?application=shop&configurationAccountName=davy-verdicts");
    assert_eq!(listed.status, 200);
    let listed = listed.json();
    let found = listed.as_array().unwrap().iter().find(|config| config["name"] == "checkout").unwrap();
    assert!(found["updatedTimestamp"].is_i64() && found["applications"] == json!(["shop"]), "{found}");
    assert_eq!(server.get("/canaryConfig?application=other").json(), json!([]));
    assert_eq!(server.get("/canaryConfig?application=").json().as_array().unwrap().len(), 1);
    let id = found["id"].as_str().unwrap();
    let path =
        format!("/canary/{id}?application=shop&metricsAccountName=&configurationAccountName=&storageAccountName=");
    let request = checkout("executionRequest");
    let started = server.ask("POST", &path, &request.to_string(), &[]);
    assert_eq!(started.status, 200, "{}", started.body);
    let started = started.json();
    assert!(started.as_object().unwrap().values().all(Value::is_string) && started.as_object().unwrap().len() == 1);
    let status = complete(&server, started["canaryExecutionId"].as_str().unwrap());
    let score = &status["result"]["judgeResult"]["score"];
    assert_eq!((score["score"].as_f64(), &score["classification"]), (Some(40.0), &json!("Fail")), "{status}");
    assert_eq!(status["result"]["canaryDuration"], "PT1H");
    assert_eq!((&status["status"], &status["application"]), (&json!("succeeded"), &json!("shop")));
    assert_eq!(status["canaryExecutionRequest"], request);
    assert_eq!(status["config"]["name"], "checkout");
    let results = status["result"]["judgeResult"]["results"].as_array().unwrap();
    let labels: Vec<&str> = results.iter().map(|result| result["classification"].as_str().unwrap()).collect();
    assert_eq!(labels, ["High", "Pass"]);
    for result in results {
        assert_eq!(result["controlMetadata"]["stats"]["count"], 60, "{result}");
        assert!(result["resultMetadata"]["ratio"].is_number() && result["tags"].is_object(), "{result}");
    }
    assert_eq!(status["result"]["judgeResult"]["judgeName"], "NetflixACAJudge-v1.0");
}

#[test]
fn orca_looks_up_accounts_and_may_cancel() {
    let store = store(value);
    let server = server(&store.url(""), &[]);
    for path in ["/credentials", "/metricsServices", "/judges"] {
        let listed = server.get(path).json();
        assert!(listed.as_array().unwrap().iter().all(|one| one["name"].is_string()), "{path}: {listed}");
    }
    assert_eq!(server.get("/judges").json()[0], json!({ "name": "NetflixACAJudge-v1.0", "visible": true }));
    assert_eq!(server.get("/canaryConfig/canary-checkout").json()["applications"], json!(["shop"]));
    let cancelled = server.ask("PUT", "/pipelines/unknown/cancel", "", &[]);
    assert_eq!((cancelled.status, cancelled.body.as_str()), (202, ""));
    assert!(refused(&server.get("/canary/unknown"), 404).contains("no canary"));
    assert!(refused(&server.get("/canaryConfig/unknown"), 404).contains("no canary configuration"));
    let ask = |body: &str| server.ask("POST", "/canary/canary-checkout", body, &[]);
    assert!(refused(&ask("{"), 400).contains("cannot be read"));
    assert!(refused(&ask("{}"), 400).contains("`scopes`"));
    let mut request = checkout("executionRequest");
    request["thresholds"] = json!({ "pass": 90 });
    assert!(refused(&ask(&request.to_string()), 400).contains("`thresholds`"));
}

#[test]
fn a_request_chooses_no_server_and_ends_no_query() {
    let (store, other) = (store(value), store(value));
    let server = server(&store.url(""), &[]);
    let ask = |config: &str, request: &Value| {
        let started = server.ask("POST", &format!("/canary/{config}"), &request.to_string(), &[]).json();
        complete(&server, started["canaryExecutionId"].as_str().unwrap())
    };
    let failed = |config: &str, request: &Value| {
        let status = ask(config, request);
        assert_eq!((&status["status"], &status["result"]), (&json!("terminal"), &Value::Null), "{status}");
        status["exception"]["details"]["error"].as_str().unwrap().to_owned()
    };
    let with = |parameter: &str, value: &str| {
        let mut request = checkout("executionRequest");
        request["scopes"]["default"]["experimentScope"]["extendedScopeParams"] = json!({ parameter: value });
        request
    };
    let elsewhere = other.url("").replace("http://", "");
    // what the operator set holds, and the address of a preset is not for a request to complete
    assert_eq!(ask("canary-checkout", &with("graphite_url", &elsewhere))["status"], "succeeded");
    let mut config = checkout("canaryConfig");
    config["metrics"][0]["query"] = json!({ "type": "datadog", "metricName": "avg:cpu" });
    server.shell.write("configs/datadog.json", &config.to_string());
    for site in [elsewhere.as_str(), "x"] {
        assert!(failed("datadog", &with("site", site)).contains("address of a server"));
    }
    assert!(other.requests().is_empty());
    let asked = store.requests().len();
    let mut request = checkout("executionRequest");
    request["scopes"]["default"]["experimentScope"]["scope"] = json!("v41.latency.p95', constantLine(1) #");
    assert!(failed("canary-checkout", &request).contains("no quotes"));
    assert_eq!(store.requests().len(), asked);
    let ad_hoc = server.ask("POST", "/canary", CHECKOUT, &[]);
    assert!(refused(&ad_hoc, 400).contains("--allow-canary-configs"));
    // what cannot be asked is never left out of a score
    let mut config = checkout("canaryConfig");
    config["metrics"][1]["query"] = json!({ "type": "atlas", "q": "x" });
    server.shell.write("configs/atlas.json", &config.to_string());
    let said = failed("atlas", &checkout("executionRequest"));
    assert!(said.contains("davy cannot ask atlas"), "{said}");
}

#[test]
fn a_configuration_may_come_with_the_request_and_name_davy_as_its_judge() {
    let store = store(value);
    let server = server(&store.url(""), &["--allow-canary-configs"]);
    let judged = |body: &str| {
        let started = server.ask("POST", "/canary?application=", body, &[]);
        assert_eq!(started.status, 200, "{}", started.body);
        complete(&server, started.json()["canaryExecutionId"].as_str().unwrap())
    };
    let status = judged(CHECKOUT);
    assert_eq!(
        (&status["application"], &status["result"]["judgeResult"]["score"]["score"]),
        (&json!("ad-hoc"), &json!(40.0))
    );
    let status = judged(&CHECKOUT.replace("NetflixACAJudge-v1.0", "davy"));
    let result = &status["result"]["judgeResult"];
    assert_eq!(
        (&result["judgeName"], &result["score"]["classification"]),
        (&json!("davy"), &json!("Fail")),
        "{result}"
    );
    assert_eq!(result["results"][0]["classification"], "High");
    assert!(result["score"]["classificationReason"].as_str().unwrap().contains("fail"), "{result}");
}

#[test]
fn a_kayenta_sends_its_series_and_hears_a_result() {
    let store = store(value);
    let server = server(&store.url(""), &[]);
    let pair = |name: &str, tag: &str, up: f64| {
        let control: Vec<Value> = (0..60).map(|step| json!(100 + step * 7 % 11)).collect();
        let mut experiment: Vec<Value> = (0..60).map(|step| json!(f64::from(100 + step * 5 % 11) + up)).collect();
        experiment[3] = json!("NaN");
        let scope = json!({ "startTimeMillis": 1_772_366_400_000_i64, "startTimeIso": "2026-03-01T12:00:00Z", "stepMillis": 60_000 });
        json!({
            "name": name, "id": format!("{name}-{tag}"), "tags": { "pod": tag }, "values": { "control": control, "experiment": experiment },
            "scopes": { "control": scope, "experiment": scope }, "attributes": {},
        })
    };
    let mut config = checkout("canaryConfig");
    // any store: a remote judge asks none
    config["metrics"][0]["query"] = json!({ "type": "atlas", "q": "x" });
    let body = json!({
        "canaryConfig": config, "scoreThresholds": { "pass": 75.0, "marginal": 50.0 },
        "metricSetPairList": [pair("Latency p95", "a", 40.0), pair("Latency p95", "b", 0.0), pair("Errors", "a", 0.0)],
    });
    let judge = |path: &str, body: &Value| server.ask("POST", path, &body.to_string(), &[]);
    let heard = judge("/judge", &body);
    assert_eq!(heard.status, 200, "{}", heard.body);
    let result = heard.json();
    let labels = |result: &Value| -> Vec<String> {
        let results = result["results"].as_array().unwrap().iter();
        results.map(|result| result["classification"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels(&result), ["High", "Pass", "Pass"]);
    assert_eq!((&result["score"]["score"], &result["score"]["classification"]), (&json!(70.0), &json!("Marginal")));
    assert_eq!(
        (&result["results"][0]["id"], &result["results"][0]["tags"]),
        (&json!("Latency p95-a"), &json!({ "pod": "a" }))
    );
    assert_eq!(result["results"][0]["experimentMetadata"]["stats"]["count"], 59);
    let heard = judge("/judge?judge=davy", &body);
    assert_eq!(heard.status, 200, "{}", heard.body);
    let result = heard.json();
    assert_eq!((&result["judgeName"], &labels(&result)[0]), (&json!("davy"), &"High".to_owned()), "{result}");
    assert_eq!(result["score"]["classification"], "Fail");
    let mut unknown = body.clone();
    unknown["metricSetPairList"][0]["name"] = json!("other");
    assert!(refused(&judge("/judge", &unknown), 400).contains("no metric `other`"));
    assert!(refused(&judge("/judge", &json!({})), 400).contains("metricSetPairList"));
    let mut strict = body;
    strict["canaryConfig"]["metrics"][1]["analysisConfigurations"]["canary"]["critical"] = json!("yes");
    assert!(refused(&judge("/judge", &strict), 400).contains("`critical` is \"yes\""));
}
