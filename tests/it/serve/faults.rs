//! A bad day: slow sources, callers that hang up, a server that is killed in the middle and starts again. No verdict that anybody heard is lost.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Server;
use crate::argo::soak_into;
use crate::shell::Shell;

const ARGUMENTS: [&str; 5] = ["--allow-exec", "--keep", "kept", "--at-once", "16"];

/// Asks until the server is gone, and returns the verdicts that were heard.
fn heard(server: &Server, gates: &[&str], is_over: &AtomicBool, number: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for round in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let gate = gates[(round + number) % gates.len()];
        // a question of its own, so that no two share a judgement
        let now = format!("2026-03-02T{number:02}:{:02}:{:02}Z", round / 60 % 60, round % 60);
        let body = json!({ "config": gate, "wait": 20, "now": now }).to_string();
        let Ok(mut stream) = TcpStream::connect(&server.at) else { break };
        let request = format!(
            "POST /v1/judge HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            server.at,
            body.len()
        );
        let _ = stream.write_all(request.as_bytes());
        if round % 5 == 4 {
            // this one hangs up
            continue;
        }
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        // an answer that the kill cut was not heard
        if let (true, Ok(verdict)) = (head.starts_with("HTTP/1.1 200"), serde_json::from_str(body)) {
            all.push(verdict);
        }
    }
    all
}

#[test]
fn no_verdict_that_was_heard_is_lost() {
    let shell = Shell::new();
    soak_into(&shell, "configs");
    let mut server = Server::with(shell, &ARGUMENTS, &[]);
    let begun = server.ask("POST", "/v1/watch", "{\"config\": \"soak\"}", &[("Idempotency-Key", "one")]).json();
    let watch = begun["id"].as_str().unwrap().to_owned();
    let mut all: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let (is_over, found) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for number in 0..8 {
                let gates: &[&str] = if number < 2 { &["slow"] } else { &["fine", "worse", "thin"] };
                let (server, is_over, found) = (&server, &is_over, &found);
                scope.spawn(move || {
                    let own = heard(server, gates, is_over, number);
                    found.lock().unwrap().extend(own);
                });
            }
            std::thread::sleep(Duration::from_millis(3_300));
            server.signal("-KILL");
            is_over.store(true, Ordering::Relaxed);
        });
        let found = found.into_inner().unwrap();
        assert!(found.len() > 20, "{} answers", found.len());
        all.extend(found);
        server = Server::with(server.killed(), &ARGUMENTS, &[]);
        for verdict in &all {
            let id = verdict["id"].as_str().unwrap();
            let kept = server.get(&format!("/v1/verdicts/{id}"));
            assert_eq!(kept.status, 200, "{id} is lost: {}", kept.body);
            let kept = kept.json();
            for key in ["verdict", "decision", "score", "sentence", "report"] {
                assert_eq!(kept[key], verdict[key], "{id}: {key}");
            }
        }
    }
    assert!(
        all.iter().any(|verdict| verdict["id"].as_str().unwrap().starts_with("slow-")),
        "a slow source answered too"
    );
    // every file is whole, and the watch came to its end with each look taken once
    let files: Vec<String> = std::fs::read_dir(server.shell.path("kept"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in files.iter().filter(|name| name.ends_with(".json")) {
        serde_json::from_str::<Value>(&server.shell.read(&format!("kept/{name}")))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let began = Instant::now();
    let ended = loop {
        let heard = server.get(&format!("/v1/watch/{watch}")).json();
        if heard["phase"] != "running" {
            break heard;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{heard:#}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!((&ended["verdict"], ended["looks"].as_array().unwrap().len()), (&json!("pass"), 3), "{ended:#}");
    // a kill may come between the question and the look, which is then asked once more and taken once
    let mut asked: Vec<String> = server.shell.read("configs/asked").lines().map(str::to_owned).collect();
    asked.sort();
    asked.dedup();
    assert!(asked.len() >= 6, "two arms at three looks: {asked:#?}");
}
