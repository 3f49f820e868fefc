//! Soaks that the server watches: begun, followed, killed and gone on with.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use davy::series::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Server;
use crate::argo::{asked, soak_into};
use crate::shell::Shell;

const ARGUMENTS: [&str; 3] = ["--allow-exec", "--keep", "kept"];

fn server() -> Server {
    let shell = Shell::new();
    soak_into(&shell, "configs");
    Server::with(shell, &ARGUMENTS, &[])
}

fn begin(server: &Server, question: &Value, key: &str) -> super::Heard {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    server.ask("POST", "/v1/watch", &question.to_string(), &headers)
}

/// Asks until a watch is as the test wants it.
pub(super) fn until(server: &Server, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let heard = server.get(&format!("/v1/watch/{id}")).json();
        if wanted(&heard) {
            return heard;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{heard:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The events of a watch as they come, until the server ends the stream.
fn events(server: &Server, id: &str) -> impl Iterator<Item = Value> + use<> {
    let mut stream = TcpStream::connect(&server.at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /v1/watch/{id}/events HTTP/1.1\r\nHost: {}\r\n\r\n", server.at).unwrap();
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
}

#[test]
fn a_soak_is_watched_to_its_end_and_everybody_can_follow_it() {
    let server = server();
    let begun = begin(&server, &json!({ "config": "soak" }), "one");
    let watch = begun.json();
    assert_eq!((begun.status, &watch["phase"], &watch["verdict"]), (202, &json!("running"), &Value::Null), "{watch}");
    let id = watch["id"].as_str().unwrap();
    assert!(begun.head.contains(&format!("location: /v1/watch/{id}")), "{}", begun.head);
    // a key begins one watch, and no other
    assert_eq!(begin(&server, &json!({ "config": "soak" }), "one").json()["id"], id);
    assert_eq!(begin(&server, &json!({ "config": "sinks" }), "one").status, 409);
    let overview = server.get("/").body;
    assert!(overview.contains(&format!("href=\"/watches/{id}\"")), "{overview}");
    let page = server.get(&format!("/watches/{id}")).body;
    assert!(page.contains("RUNNING") && page.contains("<noscript><meta http-equiv=\"refresh\""), "{page}");
    let script = page.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let digest = STANDARD.encode(Sha256::digest(script));
    assert!(
        page.contains(&format!("connect-src 'self'; script-src 'sha256-{digest}'")),
        "the policy allows the script"
    );
    let mut all = events(&server, id);
    let heard: Vec<Value> = all.by_ref().collect();
    let last = heard.last().unwrap();
    let of =
        |name| (&last["phase"], &last["verdict"], &last["decision"]) == (&json!("ended"), &json!(name), &json!("go"));
    assert!(of("pass"), "{last:#}");
    assert!(heard.len() >= 4 && heard[0]["phase"] == "running", "{} events", heard.len());
    assert_eq!((last["looks"].as_array().unwrap().len(), &last["next"]), (3, &Value::Null));
    assert_eq!(last["report"]["looks"], last["looks"]);
    assert_eq!(server.get(&format!("/v1/watch/{id}")).json(), *last);
    assert_eq!(asked(&server.shell, "configs").len(), 6, "two arms at three looks");
    let page = server.get(&format!("/watches/{id}")).body;
    assert!(page.contains("PASS") && page.contains("Criteria") && !page.contains("<script>"), "{page}");
    assert!(server.get(&format!("/watches/{id}.html")).body.contains("<!DOCTYPE html>"));
    assert!(!server.get("/").body.contains("/watches/"), "it has ended");
    // its verdict is one of the gate's
    assert_eq!(server.get(&format!("/v1/verdicts/{id}")).json()["report"], last["report"]);
    assert!(server.get("/gates/soak").body.contains("1 passed"));
    assert!(server.get("/metrics").body.contains("davy_score{config=\"soak\"} 100"));
    // what fails is known before the soak is over
    let id = begin(&server, &json!({ "config": "sinks" }), "two").json()["id"].as_str().unwrap().to_owned();
    let ended = until(&server, &id, |heard| heard["phase"] != "running");
    assert_eq!((&ended["verdict"], &ended["decision"]), (&json!("fail"), &json!("stop")), "{ended:#}");
}

#[test]
fn a_killed_server_goes_on_with_its_watches_and_takes_no_look_twice() {
    let server = server();
    let id = begin(&server, &json!({ "config": "soak" }), "one").json()["id"].as_str().unwrap().to_owned();
    until(&server, &id, |heard| heard["looks"].as_array().unwrap().len() == 1);
    let server = Server::with(server.killed(), &ARGUMENTS, &[]);
    assert_eq!(begin(&server, &json!({ "config": "soak" }), "one").json()["id"], id.as_str(), "the key is known");
    let ended = until(&server, &id, |heard| heard["phase"] != "running");
    assert_eq!((&ended["verdict"], ended["looks"].as_array().unwrap().len()), (&json!("pass"), 3), "{ended:#}");
    assert_eq!(asked(&server.shell, "configs").len(), 6, "two arms at three looks");
    let shell = server.killed();
    // an older server kept the looks beside the verdict, too
    let file = format!("kept/{id}.watch");
    let mut kept: Value = serde_json::from_str(&shell.read(&file)).unwrap();
    kept["looks"] = kept["latest"]["looks"].clone();
    shell.write(&file, &kept.to_string());
    let server = Server::with(shell, &ARGUMENTS, &[]);
    assert_eq!(server.get(&format!("/v1/watch/{id}")).json(), ended, "it is known when it has ended, too");
}

#[test]
fn a_server_that_is_to_end_keeps_its_watches_and_lets_its_listeners_go() {
    let mut server = server();
    let id = begin(&server, &json!({ "config": "soak" }), "one").json()["id"].as_str().unwrap().to_owned();
    let mut all = events(&server, &id);
    assert_eq!(all.next().unwrap()["phase"], "running");
    let began = Instant::now();
    server.signal("-TERM");
    assert!(server.child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(8), "it took {:?}", began.elapsed());
    let server = Server::with(server.killed(), &ARGUMENTS, &[]);
    let ended = until(&server, &id, |heard| heard["phase"] != "running");
    assert_eq!((&ended["verdict"], ended["looks"].as_array().unwrap().len()), (&json!("pass"), 3), "{ended:#}");
}

/// A gate with a soak whose source takes so many seconds.
fn lagging(server: &Server, seconds: u32) {
    let text = server.shell.read("configs/soak.yaml");
    soak_into(&server.shell, "configs/lagging");
    server.shell.write("configs/lagging/canary.yaml", &text);
    server.shell.write("configs/lagging/slow", &seconds.to_string());
    for arm in ["old", "good"] {
        server.shell.write(&format!("configs/lagging/{arm}.csv"), &server.shell.read(&format!("configs/{arm}.csv")));
    }
}

/// A question about a soak whose first look is due at once.
fn due(gate: &str) -> Value {
    let from = Timestamp::from_second(Timestamp::now().as_second() - 4).unwrap();
    json!({ "config": gate, "from": from.to_string() })
}

#[test]
fn a_slow_source_keeps_no_other_caller_waiting() {
    let server = server();
    lagging(&server, 6);
    let slow = due("lagging");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| begin(&server, &slow, "slow"));
        std::thread::sleep(Duration::from_millis(500));
        let same = scope.spawn(|| begin(&server, &slow, "slow"));
        let began = Instant::now();
        let quick = begin(&server, &json!({ "config": "soak" }), "quick");
        assert_eq!(quick.status, 202, "{}", quick.body);
        let id = quick.json()["id"].as_str().unwrap().to_owned();
        for path in [format!("/v1/watch/{id}"), "/".into(), "/metrics".into(), "/healthz".into()] {
            assert_eq!(server.get(&path).status, 200, "{path}");
        }
        assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
        assert!(!first.is_finished() && !same.is_finished());
        let (first, same) = (first.join().unwrap(), same.join().unwrap());
        assert_eq!((first.status, same.status), (202, 202), "{}", first.body);
        assert_eq!(first.json()["id"], same.json()["id"], "one key begins one watch, also while it is begun");
    });
    // the second look may have begun; that no look is taken twice is seen there
    assert!(asked(&server.shell, "configs/lagging").len() >= 2, "two arms at one look");
}

#[test]
fn a_caller_ends_a_watch_and_no_server_revives_it() {
    let server = server();
    lagging(&server, 5);
    let delete = |server: &Server, id: &str| server.ask("DELETE", &format!("/v1/watch/{id}"), "", &[]);
    let id = begin(&server, &json!({ "config": "soak" }), "one").json()["id"].as_str().unwrap().to_owned();
    until(&server, &id, |heard| heard["looks"].as_array().unwrap().len() == 1);
    let mut all = events(&server, &id);
    assert_eq!(all.next().unwrap()["phase"], "running");
    let ended = delete(&server, &id);
    let watch = ended.json();
    assert_eq!((ended.status, &watch["phase"], &watch["next"]), (200, &json!("cancelled"), &Value::Null), "{watch:#}");
    // what a look within the soak says is no answer to it
    assert_eq!((&watch["verdict"], &watch["decision"]), (&Value::Null, &Value::Null));
    assert!(watch["sentence"].as_str().unwrap().starts_with("ended by a caller after look 1"), "{watch:#}");
    assert_eq!(all.last().unwrap(), watch, "its listeners hear it");
    let page = server.get(&format!("/watches/{id}")).body;
    assert!(page.contains("CANCELLED") && page.contains("ended by a caller") && !page.contains("<script>"), "{page}");
    assert!(!server.get("/").body.contains("/watches/"), "it does not go on");
    assert_eq!(server.get(&format!("/v1/verdicts/{id}")).status, 404, "there is no verdict");
    let questions = asked(&server.shell, "configs").len();
    let server = Server::with(server.killed(), &ARGUMENTS, &[]);
    for heard in [server.get(&format!("/v1/watch/{id}")), delete(&server, &id)] {
        assert_eq!((heard.status, heard.json()), (200, watch.clone()), "each time the same answer");
    }
    assert_eq!(
        begin(&server, &json!({ "config": "soak" }), "one").json(),
        watch,
        "its key began it, and begins no other"
    );
    // an end waits for no source, and a look that was under way changes nothing
    let slow = begin(&server, &json!({ "config": "lagging" }), "two").json()["id"].as_str().unwrap().to_owned();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(asked(&server.shell, "configs/lagging").len(), 2, "a look is under way");
    let began = Instant::now();
    let cancelled = delete(&server, &slow).json();
    assert!(began.elapsed() < Duration::from_secs(1) && cancelled["phase"] == "cancelled", "{cancelled:#}");
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(server.get(&format!("/v1/watch/{slow}")).json(), cancelled);
    assert_eq!(asked(&server.shell, "configs").len(), questions, "nothing more was asked of the first");
    // what has ended by itself stays as it is
    let over = begin(&server, &json!({ "config": "soak" }), "three").json()["id"].as_str().unwrap().to_owned();
    let over = until(&server, &over, |heard| heard["phase"] != "running");
    assert_eq!(delete(&server, over["id"].as_str().unwrap()).json(), over);
    assert_eq!(delete(&server, "none").status, 404);
}

#[test]
fn a_watch_that_a_caller_ended_gives_its_turn_back() {
    let shell = Shell::new();
    soak_into(&shell, "configs");
    let server = Server::with(shell, &["--allow-exec", "--at-once", "1"], &[]);
    lagging(&server, 30);
    let id = begin(&server, &json!({ "config": "lagging" }), "one").json()["id"].as_str().unwrap().to_owned();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(asked(&server.shell, "configs/lagging").len(), 2, "a look is under way");
    let ask = || server.judge(&json!({ "config": "fine" })).status;
    assert_eq!(ask(), 503, "it has the only turn");
    assert_eq!(server.ask("DELETE", &format!("/v1/watch/{id}"), "", &[]).json()["phase"], "cancelled");
    let began = Instant::now();
    while ask() != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "the turn of the watch is not free");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_cannot_be_watched_is_not_begun() {
    let server = server();
    for (question, status, words) in [
        (json!({ "config": "fine" }), 422, "the configuration looks once"),
        (json!({ "config": "none" }), 404, "there is no gate"),
        (json!({ "config": "../soak" }), 422, "cannot be the name of a gate"),
        (json!({ "config": "soak", "wait": 1 }), 400, "unknown field"),
        (json!({ "config": "soak", "from": "noon" }), 400, "cannot be read"),
    ] {
        let heard = begin(&server, &question, &question.to_string());
        assert!(heard.status == status && heard.body.contains(words), "{question}: {} {}", heard.status, heard.body);
    }
    for path in ["/v1/watch/none", "/v1/watch/none/events", "/watches/none"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    // a configuration that changes during the soak ends it without an answer
    let id = begin(&server, &json!({ "config": "soak" }), "one").json()["id"].as_str().unwrap().to_owned();
    let changed = server.shell.read("configs/soak.yaml").replace("100%", "300%");
    server.shell.write("configs/soak.yaml", &changed);
    let ended = until(&server, &id, |heard| heard["phase"] != "running");
    assert_eq!((&ended["phase"], &ended["verdict"]), (&json!("failed"), &Value::Null), "{ended:#}");
    assert!(ended["sentence"].as_str().unwrap().contains("the configuration has changed"), "{ended:#}");
}
