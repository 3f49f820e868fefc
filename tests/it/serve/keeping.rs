//! The folder of verdicts after months: thousands of files, of which the oldest go, and nothing that davy did not write.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Server;
use crate::argo::soak_into;
use crate::shell::Shell;

/// A folder with a verdict that passes, one that fails, and a watch that goes on; it is handed over as its server left it.
fn folder() -> (Shell, String, String, Value) {
    let shell = Shell::new();
    soak_into(&shell, "configs");
    let soak = shell.read("configs/soak.yaml").replace("soak: 6s", "soak: 2h").replace("every: 2s", "every: 1h");
    shell.write("configs/long.yaml", &soak);
    let server = Server::with(shell, &["--keep", "kept", "--allow-exec"], &[]);
    let judged = |gate: &str| server.judge(&json!({ "config": gate })).json()["id"].as_str().unwrap().to_owned();
    let (fine, worse) = (judged("fine"), judged("worse"));
    let watch = server.ask("POST", "/v1/watch", "{\"config\": \"long\"}", &[]).json();
    assert_eq!(watch["phase"], "running", "{watch}");
    (server.killed(), fine, worse, watch)
}

fn names(shell: &Shell, start: &str) -> Vec<String> {
    let files = fs::read_dir(shell.path("kept")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter(|name| name.starts_with(start)).collect();
    names.sort();
    names
}

fn until(wanted: impl Fn() -> bool) {
    let began = Instant::now();
    while !wanted() {
        assert!(began.elapsed() < Duration::from_secs(60), "it did not come to pass");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn ten_thousand_verdicts_are_opened_quickly_and_the_oldest_of_the_busiest_gate_go() {
    let (shell, fine, worse, watch) = folder();
    let link = |id: &str, word: &str, name: String| {
        fs::hard_link(shell.path(&format!("kept/{id}.{word}.json")), shell.path(&format!("kept/{name}"))).unwrap();
    };
    // the gate `fine` was asked all the time, and `worse` seldom and long ago
    for number in 0..10_000_u64 {
        link(&fine, "go", format!("fine-{}-{number}.go.json", 1_700_000_000_000 + number));
    }
    for number in 0..20_u64 {
        link(&worse, "stop", format!("worse-{}-{number}.stop.json", 1_600_000_000_000 + number));
    }
    // watches that ended, each older than the one that goes on
    let file = format!("kept/{}.watch", watch["id"].as_str().unwrap());
    let mut ended: Value = serde_json::from_str(&shell.read(&file)).unwrap();
    ended["phase"] = json!("cancelled");
    for number in 0..300_u64 {
        let id = format!("long-{}-w1", 1_650_000_000_000 + number);
        (ended["id"], ended["at"]) = (json!(id), json!(format!("2022-04-15T05:20:00.{number:03}Z")));
        shell.write(&format!("kept/{id}.watch"), &ended.to_string());
    }
    // what is not davy's, though some of it is called so
    let foreign = [
        "notes-1500000000000-1.go.json",
        "fine-1500000000000-x.go.json",
        "notes.txt",
        "fine-1500000000000-1.json",
        "other.watch",
    ];
    foreign.iter().for_each(|name| shell.write(&format!("kept/{name}"), "{\"mine\": true}"));
    fs::create_dir(shell.path("kept/fine-1500000000000-2.go.json")).unwrap();
    std::os::unix::fs::symlink(shell.path("configs/good.csv"), shell.path("kept/fine-1500000000000-3.go.json"))
        .unwrap();

    let began = Instant::now();
    let server = Server::with(shell, &["--keep", "kept", "--allow-exec", "--keep-at-most", "5000"], &[]);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "a start over 10,000 verdicts took {took:?}");
    let shell = &server.shell;
    let count = |gate: &str| names(shell, &format!("{gate}-1")).iter().filter(|name| name.ends_with(".json")).count();
    // with the verdict that the earlier server gave, 21 of `worse`, and three that are counted by their names alone
    until(|| count("fine") <= 4_985);
    std::thread::sleep(Duration::from_millis(500));
    let left = names(shell, "fine-17");
    assert!((4_970..=4_980).contains(&left.len()), "{}", left.len());
    assert!(left.contains(&"fine-1700000009999-9999.go.json".to_owned()), "the newest stay");
    assert!(!left.contains(&"fine-1700000000000-0.go.json".to_owned()), "the oldest go");
    assert_eq!(count("worse"), 21, "a gate that is seldom asked keeps its history");
    let page = server.get("/gates/worse").body;
    assert!(page.contains("21 failed") && page.matches("/v1/verdicts/worse-").count() == 21, "{page}");
    for name in foreign.iter().copied().chain(["fine-1500000000000-2.go.json", "fine-1500000000000-3.go.json"]) {
        assert!(shell.path(&format!("kept/{name}")).symlink_metadata().is_ok(), "{name} is not davy's");
    }
    assert!(shell.path("configs/good.csv").exists());
    // the watch goes on, and of those that ended the latest are left
    assert_eq!(server.get(&format!("/v1/watch/{}", watch["id"].as_str().unwrap())).json()["phase"], "running");
    assert!(shell.path(&file).exists());
    assert_eq!(names(shell, "long-165").len(), 200);
    assert!(shell.path("kept/long-1650000000299-w1.watch").exists());

    // a verdict that is no longer in memory is read from its file, and one that has gone is not there
    assert_eq!(server.get("/v1/verdicts/fine-1700000006000-6000").json()["verdict"], "pass");
    assert_eq!(server.get("/v1/verdicts/fine-1700000000000-0").status, 404);
    // each new verdict makes place for itself
    let before = left.len();
    for _ in 0..20 {
        assert_eq!(server.judge(&json!({ "config": "thin" })).status, 200);
    }
    assert_eq!((names(shell, "fine-17").len(), count("thin")), (before - 20, 20));
    assert!(server.get("/gates/thin").body.matches("/v1/verdicts/thin-").count() == 20);
}

#[test]
fn as_few_verdicts_are_kept_as_the_operator_says() {
    let server = Server::start(&["--keep", "kept", "--keep-at-most", "3"]);
    let judged = |gate: &str| server.judge(&json!({ "config": gate })).json()["id"].as_str().unwrap().to_owned();
    let first = judged("worse");
    let last: Vec<String> = (0..5).map(|_| judged("fine")).collect();
    let kept = names(&server.shell, "");
    assert_eq!(kept, [format!("{}.go.json", last[3]), format!("{}.go.json", last[4]), format!("{first}.stop.json")]);
    assert_eq!(
        (server.get(&format!("/v1/verdicts/{}", last[0])).status, server.get(&format!("/v1/verdicts/{first}")).status),
        (404, 200)
    );
    server
        .shell
        .expect(2, &["serve", "--configs", "configs", "--keep", "kept", "--keep-at-most", "0"])
        .says(&["from 1 to 1000000"]);
}
