//! The server as controllers meet it: the real process on loopback, asked over HTTP by the contracts of Argo Rollouts and Flagger.

mod connections;
mod encrypted;
mod ending;
mod faults;
mod inline;
mod kayenta;
mod keeping;
mod standalone;
mod watching;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::shell::{Shell, of_arm};

const GATE: &str = "name: checkout\narms: { baseline: { file: old }, canary: { file: good } }\n\
    sources: { data: { file: { path: \"${file}.csv\" } } }\n\
    metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
    criteria: [{ metric: errors, pass: \"<= baseline + 100%\" }]\n";

/// A server with its folder; it is killed when the test ends.
struct Server {
    shell: Shell,
    child: Child,
    at: String,
    said: Mutex<Receiver<String>>,
}

/// An answer: its status, its head, its body.
struct Heard {
    status: u16,
    head: String,
    body: String,
}

impl Heard {
    /// All bytes until the server closed the connection.
    fn read(answer: Vec<u8>) -> Heard {
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Heard { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        Server::with(Shell::new(), arguments, &[])
    }

    fn with(shell: Shell, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        for (name, bad, ms) in [("old", 10, 100.0), ("good", 9, 100.0), ("bad", 60, 100.0)] {
            shell.write(&format!("configs/{name}.csv"), &of_arm(bad, ms));
        }
        for (name, canary) in [("fine", "good"), ("worse", "bad")] {
            shell.write(&format!("configs/{name}.yaml"), &GATE.replace("good", canary));
        }
        shell.write("configs/thin.yaml", &GATE.replace("+ 100%", "- 9%"));
        shell.write(
            "configs/slow/canary.yaml",
            "name: slow\nwindow: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\narms: { baseline: { file: old }, canary: { file: good } }\n\
             sources: { data: { exec: { command: [./slow.sh, \"${file}\"], format: csv } } }\n\
             metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
             criteria: [{ metric: errors, pass: \"<= baseline + 100%\" }]\n",
        );
        shell.write("configs/slow/slow.sh", "#!/bin/sh\necho $1 >> asked\nsleep 2\ncat ../$1.csv\n");
        let script = shell.path("configs/slow/slow.sh");
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        command.current_dir(shell.path("")).args(["serve", "--configs", "configs"]);
        let own = if arguments.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
        command.args(own);
        command.args(arguments).env_remove("DAVY_TOKEN").envs(variables.iter().copied()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let at = loop {
            let line = said.recv_timeout(Duration::from_secs(20)).unwrap();
            if let Some((_, at)) = line.split_once("listening on http") {
                break at.split_once("://").unwrap().1.to_owned();
            }
        };
        Server { shell, child, at, said: Mutex::new(said) }
    }

    fn ask(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Heard {
        let mut stream = TcpStream::connect(&self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let host = headers.iter().find(|(name, _)| *name == "Host").map_or(self.at.as_str(), |(_, value)| value);
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "Host") {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        // a server may refuse before it has read everything
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Heard::read(answer)
    }

    fn get(&self, path: &str) -> Heard {
        self.ask("GET", path, "", &[])
    }

    fn judge(&self, question: &Value) -> Heard {
        self.ask("POST", "/v1/judge", &question.to_string(), &[("Content-Type", "application/json")])
    }

    fn hook(&self, hook: &str, gate: &str) -> Heard {
        let body = json!({ "name": gate, "namespace": "shop", "phase": "Progressing", "checksum": "85d557f47b", "metadata": {} });
        self.ask("POST", &format!("/flagger/{hook}"), &body.to_string(), &[])
    }

    fn query(&self, query: &str) -> Heard {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.get(&format!("/api/v1/query?query={encoded}"))
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Stops it, and hands over the folder.
    fn killed(mut self) -> Shell {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.shell, Shell::new())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn argo_reads_a_verdict_and_a_change_of_the_configuration_holds_at_once() {
    let server = Server::start(&[]);
    for (gate, verdict, decision) in
        [("fine", "pass", "go"), ("worse", "fail", "stop"), ("thin", "inconclusive", "wait")]
    {
        let heard = server.judge(&json!({ "config": gate }));
        let answer = heard.json();
        assert_eq!((heard.status, &answer["verdict"], &answer["decision"]), (200, &json!(verdict), &json!(decision)));
        assert_eq!(answer["report"]["outcome"], verdict);
        assert!(answer["sentence"].as_str().is_some_and(|sentence| !sentence.is_empty()));
        let id = answer["id"].as_str().unwrap();
        assert_eq!(server.get(&format!("/v1/verdicts/{id}")).json(), answer);
        assert_eq!(server.get(&format!("/v1/verdicts/{id}.json")).json(), answer["report"]);
        for (form, kind, words) in
            [("html", "text/html", "<!DOCTYPE html>"), ("md", "text/markdown", "## "), ("txt", "text/plain", "errors")]
        {
            let page = server.get(&format!("/v1/verdicts/{id}.{form}"));
            assert!(page.head.contains(kind) && page.body.contains(words), "{form}: {}", page.body);
        }
    }
    server.shell.write("configs/fine.yaml", &GATE.replace("good", "bad"));
    assert_eq!(server.judge(&json!({ "config": "fine" })).json()["verdict"], "fail");
    let part = json!({ "config": "worse", "window": { "from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:30:00Z" } });
    assert_eq!(server.judge(&part).json()["report"]["arms"]["canary"]["window"]["steps"], 30);
    // a label is set by what it refers to, for one arm alone; what the configuration says itself stays
    server.shell.write("configs/open.yaml", &GATE.replace("file: good", "file: \"${new}\""));
    for (new, verdict) in [("good", "pass"), ("bad", "fail")] {
        let answer = server.judge(&json!({ "config": "open", "args": { "new": new } })).json();
        assert_eq!(
            (&answer["verdict"], &answer["report"]["arms"]["canary"]["labels"][0]["value"]),
            (&json!(verdict), &json!(new))
        );
        assert_eq!(answer["report"]["arms"]["baseline"]["labels"][0]["value"], "old");
    }
    let unset = server.judge(&json!({ "config": "open" }));
    assert!(unset.status == 422 && unset.body.contains("refers to `${new}`, which is not set"), "{}", unset.body);
    let fixed = server.judge(&json!({ "config": "worse", "args": { "file": "old" } }));
    assert!(fixed.status == 422 && fixed.body.contains("leaves no name"), "{}", fixed.body);
}

#[test]
fn what_takes_longer_than_its_caller_waits_is_judged_once_and_answered_to_the_next() {
    let server = Server::start(&["--allow-exec"]);
    let question = json!({ "config": "slow", "wait": 0 });
    let first = server.judge(&question);
    let pending = first.json();
    assert_eq!((first.status, &pending["verdict"]), (202, &json!("pending")));
    let id = pending["id"].as_str().unwrap();
    assert!(first.head.contains(&format!("location: /v1/verdicts/{id}")), "{}", first.head);
    assert_eq!(server.get(&format!("/v1/verdicts/{id}")).status, 202);
    let second = server.judge(&json!({ "config": "slow", "wait": 0 }));
    assert_eq!((second.status, &second.json()["id"]), (202, &json!(id)), "the same judgement");
    let third = server.judge(&json!({ "config": "slow", "wait": 20 }));
    assert_eq!((third.status, &third.json()["id"], &third.json()["verdict"]), (200, &json!(id), &json!("pass")));
    assert_eq!(server.shell.read("configs/slow/asked").lines().count(), 2, "each arm was asked for once");
    // nobody waited to the end: the answer is the next caller's
    let alone = server.judge(&question).json()["id"].as_str().unwrap().to_owned();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(server.judge(&question).json()["id"], alone.as_str());
    // of another configuration it is none
    server.judge(&question);
    std::thread::sleep(Duration::from_secs(5));
    let changed = server.shell.read("configs/slow/canary.yaml").replace("good", "bad");
    server.shell.write("configs/slow/canary.yaml", &changed);
    assert_eq!(server.judge(&question).json()["verdict"], "pending");
    assert_eq!(server.judge(&json!({ "config": "slow", "wait": 20 })).json()["verdict"], "fail");
}

#[test]
fn flagger_hears_yes_only_where_it_may_go_on_and_of_rollback_only_where_it_must() {
    let server = Server::start(&["--allow-exec", "--wait", "1"]);
    for hook in ["confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion"] {
        for (gate, status, word) in [
            ("fine", 200, "PASS: "),
            ("worse", 403, "FAIL: "),
            ("thin", 403, "INCONCLUSIVE: "),
            ("none", 403, "no gate"),
        ] {
            let heard = server.hook(hook, gate);
            assert!(
                heard.status == status && heard.body.contains(word),
                "{hook} {gate}: {} {}",
                heard.status,
                heard.body
            );
        }
    }
    for (gate, status) in [("fine", 403), ("worse", 200), ("thin", 403), ("none", 403)] {
        assert_eq!(server.hook("rollback", gate).status, status, "{gate}");
    }
    assert_eq!(server.hook("event", "fine").status, 404);
    assert_eq!(server.ask("POST", "/flagger/rollout", "name=fine", &[]).status, 400);
    // not yet is no, and the next time there is an answer
    assert_eq!(server.hook("confirm-promotion", "slow").status, 403);
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(server.hook("confirm-promotion", "slow").status, 200);
    // the metadata chooses; Flagger's own names never replace what the configuration says
    server.shell.write(
        "configs/named.yaml",
        &GATE.replace("file: old", "name: old").replace("file: good", "name: bad").replace("${file}", "${name}"),
    );
    let about = |metadata: Value| {
        let body = json!({ "name": "old", "namespace": "n", "phase": "p", "checksum": "c", "metadata": metadata });
        server.ask("POST", "/flagger/rollout", &body.to_string(), &[])
    };
    let named = about(json!({ "config": "named" }));
    assert!(named.status == 403 && named.body.contains("FAIL"), "{} {}", named.status, named.body);
    assert_eq!(about(json!({ "config": "named", "name": "old" })).status, 403);
    server.shell.write("configs/open.yaml", &GATE.replace("file: good", "file: \"${new}\""));
    assert_eq!(about(json!({ "config": "open", "new": "good" })).status, 200);
    // both hooks of one tick hear of the gate, each its own answer
    for _ in 0..2 {
        let heard = [server.hook("rollback", "slow"), server.hook("confirm-promotion", "slow")].map(|heard| heard.body);
        assert!(heard.iter().all(|body| body.contains("being judged")), "{heard:?}");
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(
            (server.hook("rollback", "slow").status, server.hook("confirm-promotion", "slow").status),
            (403, 200)
        );
    }
}

#[test]
fn a_verdict_is_a_metric_for_whoever_asks_a_prometheus() {
    let server = Server::start(&[]);
    let value = |heard: &Heard| heard.json()["data"]["result"][0]["value"][1].clone();
    assert_eq!(value(&server.query("vector(1)")), "1");
    for (gate, score) in [("fine", "100"), ("worse", "0"), ("thin", "NaN")] {
        let heard = server.query(&format!("davy_score{{config=\"{gate}\"}}"));
        assert_eq!((heard.status, value(&heard)), (200, json!(score)), "{gate}");
        assert_eq!(heard.json()["data"]["result"][0]["metric"], json!({ "__name__": "davy_score", "config": gate }));
    }
    for (query, status, words) in [
        ("up", 400, "davy answers its score alone"),
        ("davy_score", 400, "names no configuration"),
        ("davy_score{config=~\"f.*\"}", 400, "only `=` chooses"),
        ("davy_score{", 400, "cannot be read"),
        ("vector(0)", 400, "answers its score alone"),
        ("davy_score{config=\"fine\"} offset 1d", 400, "without `offset`"),
        ("davy_score{config=\"worse\",config=\"fine\"}", 400, "stands twice"),
        ("davy_score{config=\"none\"}", 404, "there is no gate"),
    ] {
        let heard = server.query(query);
        assert_eq!((heard.status, &heard.json()["status"]), (status, &json!("error")), "{query}");
        assert!(heard.body.contains(words), "{query}: {}", heard.body);
    }
    let metrics = server.get("/metrics");
    assert!(metrics.head.contains("application/openmetrics-text") && metrics.body.ends_with("# EOF\n"));
    for line in
        ["davy_verdicts{config=\"worse\",outcome=\"fail\"} 1", "davy_score{config=\"thin\"} NaN", "davy_judging 0"]
    {
        assert!(metrics.body.lines().any(|own| own == line), "{line}: {}", metrics.body);
    }
}

#[test]
fn a_request_reaches_nothing_that_the_operator_did_not_allow() {
    let server = Server::start(&[]);
    server.shell.write("secret.csv", &of_arm(0, 1.0));
    for (question, status, words) in [
        (json!({ "config": "none" }), 404, "there is no gate \\\"none\\\"; there are: fine, slow, thin, worse"),
        (json!({ "config": "../secret" }), 422, "cannot be the name of a gate"),
        (json!({ "config": "fine", "args": { "file": "../secret" } }), 422, "no `..`"),
        (
            json!({ "config": "fine", "window": { "from": "1996-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z" } }),
            422,
            "31 days",
        ),
        (json!({ "config": "fine", "args": { "file": "/etc/passwd" } }), 422, "no `/`"),
        (json!({ "config": "fine", "args": { "other": "x" } }), 422, "leaves no name \\\"other\\\" open"),
        (json!({ "config": "fine", "phase": "5%" }), 422, "phase"),
        (json!({ "config": "slow" }), 422, "start it with --allow-exec"),
        (json!({ "config": "fine", "hooks": true }), 400, "unknown field"),
        (json!({ "phase": "5%" }), 400, "missing field `config`"),
        (json!(["fine"]), 400, "cannot be read"),
    ] {
        let heard = server.judge(&question);
        assert!(heard.status == status && heard.body.contains(words), "{question}: {} {}", heard.status, heard.body);
    }
    assert!(!server.shell.path("configs/slow/asked").exists());
    let large = format!("{{\"config\": \"{}\"}}", "x".repeat(100_000));
    assert_eq!(server.ask("POST", "/v1/judge", &large, &[]).status, 413);
    let page = ("Origin", "https://evil.example");
    let question = json!({ "config": "fine" }).to_string();
    assert_eq!(server.ask("POST", "/v1/judge", &question, &[page]).status, 403);
    assert_eq!(server.ask("POST", "/v1/judge", &question, &[("Content-Type", "text/plain")]).status, 415);
    // an argument does not choose who hears a key, be it the store, the server of tokens, or the database
    let reaching = [
        "http: { url: \"https://api.${site}/v1\", parameters: { arm: \"${file}\" }, headers_env: { x-key: KEY } }",
        "prometheus: { url: \"https://m.example.com\", select: { v: \"${file}\" }, oauth2: { token_url: \"https://${host}/t\", client_id: c, client_secret_env: S } }",
        "sql: { url: \"postgresql://davy@${site}/m\", password_env: PW, query: \"SELECT time FROM t WHERE v = ${file}\" }",
    ];
    for source in reaching {
        let timed = GATE.replace("arms:", "window: { last: 1h, step: 1m }\narms:");
        let timed = timed
            .replace("file: old", "file: old, host: \"${site}\"")
            .replace("file: good", "file: good, host: \"${site}\"");
        server.shell.write("configs/reach.yaml", &timed.replace("file: { path: \"${file}.csv\" }", source));
        let heard = server.judge(&json!({ "config": "reach", "args": { "site": "evil.example:8443" } }));
        assert!(heard.status == 422 && heard.body.contains("the address of a server"), "{source}: {}", heard.body);
    }
    server.shell.write(
        "configs/store.yaml",
        &GATE
            .replace(
                "file: { path: \"${file}.csv\" }",
                "http: { url: \"https://api.${site}/v1\", parameters: { arm: \"${file}\" }, headers_env: { x-key: KEY } }",
            )
            .replace("arms:", "window: { last: 1h, step: 1m }\narms:"),
    );
    let heard = server.judge(&json!({ "config": "store", "args": { "site": "evil.example:8443" } }));
    assert!(heard.status == 422 && heard.body.contains("the address of a server"), "{} {}", heard.status, heard.body);
    // a program that prints a token is a program
    server.shell.write(
        "configs/helped.yaml",
        &GATE.replace("file: { path: \"${file}.csv\" }", "http: { url: \"https://api.example.com/v1\", parameters: { arm: \"${file}\" }, bearer_command: [touch, ran] }")
            .replace("arms:", "window: { last: 1h, step: 1m }\narms:"),
    );
    assert!(server.judge(&json!({ "config": "helped" })).body.contains("--allow-exec"));
    // a page of a browser asks under another name
    assert_eq!(server.ask("GET", "/", "", &[("Host", "rebound.example.com")]).status, 403);
    for path in ["/v1/verdicts/..%2F..%2Fsecret.csv", "/gates/..%2Fsecret", "/v1/verdicts/none.html"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn other_machines_need_a_token() {
    let shell = Shell::new();
    shell.write("configs/x.yaml", GATE);
    let open = ["serve", "--configs", "configs", "--listen", "0.0.0.0:0"];
    shell.expect(2, &open).says(&["Set DAVY_TOKEN, or listen on 127.0.0.1", "--client-ca"]);
    assert_eq!(shell.run_with(&open, &[("DAVY_TOKEN", "short")]).code, 2);
    shell.expect(2, &["serve", "--configs", "none"]).says(&["there is no such folder"]);
    let token = "a-token-of-24-characters";
    let server = Server::with(shell, &[], &[("DAVY_TOKEN", token)]);
    let with =
        |value: &str| server.ask("GET", "/metrics", "", &[("Authorization", value), ("Host", "davy.shop.svc")]).status;
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(
        (with("Bearer wrong"), with(&format!("Basic {token}")), with(&format!("Bearer {token}"))),
        (401, 401, 200)
    );
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200), "probes know no token");
    while let Ok(line) = server.said.lock().unwrap().try_recv() {
        assert!(!line.contains(token), "{line}");
    }
}

#[test]
fn no_verdict_is_lost_when_the_server_is_killed_and_an_end_waits_for_what_is_judged() {
    let server = Server::start(&["--keep", "kept"]);
    let answer = server.judge(&json!({ "config": "worse" })).json();
    let id = answer["id"].as_str().unwrap().to_owned();
    // what the configuration made of it is kept as well
    server
        .shell
        .write("configs/strict.yaml", &(GATE.replace("+ 100%", "- 9%") + "policy: { on_inconclusive: fail }\n"));
    assert_eq!(server.judge(&json!({ "config": "strict" })).json()["decision"], "stop");
    let server = Server::with(server.killed(), &["--keep", "kept", "--allow-exec"], &[]);
    let found = server.get(&format!("/v1/verdicts/{id}")).json();
    assert_eq!((&found["report"], &found["verdict"]), (&answer["report"], &json!("fail")));
    assert!(server.get("/gates/worse").body.contains("1 failed"));
    assert!(server.get("/metrics").body.contains("davy_score{config=\"strict\"} 0\n"));
    let pending = server.judge(&json!({ "config": "slow", "wait": 0 })).json()["id"].as_str().unwrap().to_owned();
    server.signal("-TERM");
    let since = Instant::now();
    let mut server = server;
    assert!(server.child.wait().unwrap().success() && since.elapsed() > Duration::from_secs(1));
    let kept: Value = serde_json::from_str(&server.shell.read(&format!("kept/{pending}.go.json"))).unwrap();
    assert_eq!(kept["outcome"], "pass");
}

#[test]
fn a_key_is_judged_once_and_too_many_at_once_are_turned_away() {
    let server = Server::start(&["--allow-exec", "--at-once", "1"]);
    let ask =
        |question: Value| server.ask("POST", "/v1/judge", &question.to_string(), &[("Idempotency-Key", "deploy-7")]);
    let (first, again) = (ask(json!({ "config": "worse" })).json(), ask(json!({ "config": "worse" })).json());
    assert_eq!(first["id"], again["id"]);
    assert_ne!(server.judge(&json!({ "config": "worse" })).json()["id"], first["id"]);
    assert_eq!(ask(json!({ "config": "fine" })).status, 409);
    assert_eq!(server.judge(&json!({ "config": "slow", "wait": 0 })).status, 202);
    let busy = server.judge(&json!({ "config": "fine" }));
    assert!(busy.status == 503 && busy.head.contains("retry-after: 2"), "{} {}", busy.status, busy.body);
    assert_eq!(server.query("davy_score{config=\"fine\"}").status, 503);
    assert_eq!(server.hook("rollout", "fine").status, 403, "a 5xx would be asked again at once");
}

#[test]
fn people_see_every_gate_and_its_history() {
    let server = Server::start(&[]);
    server.shell.write("configs/broken.yaml", "metrics: 7\n");
    server.judge(&json!({ "config": "worse" }));
    server.judge(&json!({ "config": "thin" }));
    server.judge(&json!({ "config": "worse" }));
    let page = server.get("/");
    assert!(page.head.contains("text/html"));
    for words in ["/gates/worse", "FAIL", "INCONCLUSIVE", "not asked yet", "broken.yaml:1:1", ".html"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("<script"));
    let history = server.get("/gates/worse").body;
    assert!(history.contains("2 failed.") && history.matches("/v1/verdicts/worse-").count() == 2, "{history}");
    // each criterion with its marks and effects, and why a verdict was open
    assert_eq!(history.matches("<svg class=\"marks\"").count(), 1, "{history}");
    assert_eq!(history.matches("<rect class=\"fail\"").count(), 2, "{history}");
    assert!(history.contains("<svg class=\"effects\"") && history.contains("<line class=\"bar\""), "{history}");
    let thin = server.get("/gates/thin").body;
    assert!(thin.contains("1 of 1 were undecided: errors &lt;= baseline - 9% was not clear yet (1 of 1)."), "{thin}");
    assert_eq!(server.get("/gates/none").status, 404);
    let ready = server.get("/readyz");
    assert!(ready.status == 503 && ready.body.contains("broken: "), "{}", ready.body);
}
