//! Ends: of a server that is asked to go, and of a canary that is cancelled. Neither waits for sources that nobody needs any more.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Server;
use crate::kayenta::store;
use crate::shell::Shell;

const CHECKOUT: &str = include_str!("../../../fixtures/kayenta/checkout.json");

/// The time until a server that was asked to end has ended.
fn end(server: &mut Server) -> Duration {
    let began = Instant::now();
    server.signal("-TERM");
    assert!(server.child.wait().unwrap().success());
    began.elapsed()
}

#[test]
fn an_end_waits_for_nobody_who_asks_nothing() {
    let mut server = Server::start(&["--keep", "kept"]);
    let mut half = TcpStream::connect(&server.at).unwrap();
    half.write_all(b"POST /v1/judge HTTP/1.1\r\nHost: loc").unwrap();
    let _idle: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&server.at).unwrap()).collect();
    server.judge(&json!({ "config": "fine" }));
    let took = end(&mut server);
    assert!(took < Duration::from_secs(4), "it took {took:?}");
}

#[test]
fn an_end_comes_after_the_time_that_the_operator_gave_and_leaves_no_program_behind() {
    let mut server = Server::start(&["--allow-exec", "--keep", "kept", "--grace", "2"]);
    server.shell.write("configs/slow/slow.sh", "#!/bin/sh\necho $$ >> pids\nexec sleep 60\n");
    assert_eq!(server.judge(&json!({ "config": "slow", "wait": 0 })).status, 202);
    while !server.shell.path("configs/slow/pids").exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = end(&mut server);
    assert!((Duration::from_secs(2)..Duration::from_secs(6)).contains(&took), "it took {took:?}");
    let pids = server.shell.read("configs/slow/pids");
    for pid in pids.lines() {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the program {pid} runs on");
    }
    let kept: Vec<String> = names(&server.shell);
    assert!(kept.is_empty(), "nothing was judged, and nothing is kept: {kept:?}");
}

fn names(shell: &Shell) -> Vec<String> {
    let files = std::fs::read_dir(shell.path("kept")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_cancelled_canary_asks_its_sources_no_more_and_gives_its_turn_back() {
    let slow = |_: &str, minute: i64| {
        if minute == 0 {
            std::thread::sleep(Duration::from_millis(400));
        }
        Some(100.0 + (minute % 7) as f64)
    };
    let store = store(slow);
    let mut config = serde_json::from_str::<Value>(CHECKOUT).unwrap();
    let metric = config["canaryConfig"]["metrics"][0].clone();
    let metrics = (0..12).map(|number| {
        let mut metric = metric.clone();
        metric["name"] = json!(format!("latency {number}"));
        metric["query"]["metricName"] = json!(format!("shop.$scope.latency.{number}"));
        metric
    });
    config["canaryConfig"]["metrics"] = metrics.collect();
    config["canaryConfig"]["classifier"]["groupWeights"] = json!({ "latency": 100 });
    let shell = Shell::new();
    shell.write("configs/checkout.json", &config["canaryConfig"].to_string());
    let set = format!("graphite_url={}", store.url(""));
    let server = Server::with(shell, &["--set", &set, "--at-once", "1"], &[]);
    let id = server.get("/canaryConfig").json()[0]["id"].as_str().unwrap().to_owned();
    let started = server.ask("POST", &format!("/canary/{id}"), &config["executionRequest"].to_string(), &[]);
    assert_eq!(started.status, 200, "{}", started.body);
    let canary = started.json()["canaryExecutionId"].as_str().unwrap().to_owned();
    while store.requests().len() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.ask("PUT", &format!("/pipelines/{canary}/cancel"), "", &[]).status, 202);
    assert_eq!(server.get(&format!("/canary/{canary}")).json()["status"], "canceled");
    let began = Instant::now();
    while server.judge(&json!({ "config": "fine" })).status != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "the turn of the cancelled canary is not free");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    // four are asked at the same time: those that were under way, and none after them
    let asked = store.requests().len();
    assert!(asked <= 8, "{asked} of 24 were asked");
    assert_eq!(server.get(&format!("/canary/{canary}")).json()["status"], "canceled");
}
