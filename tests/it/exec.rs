//! Programs as sources: real scripts, a real davy. What a program prints is whole, or it is not judged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use davy::report::Document;
use davy::report::document::Outcome;

const WINDOW: &str = r#"window: { from: "2026-03-01T12:00:00Z", to: "2026-03-01T13:00:00Z", step: 1m }"#;

/// Prints a row a minute for the asked window; 10 errors of 1,000 in the baseline, 60 in the canary.
const QUERY: &str = r#"
echo "$DAVY_ARM" >> calls
case "$DAVY_ARM" in canary) bad=60 ;; *) bad=10 ;; esac
echo ts,errors,requests
for ((at = DAVY_FROM_UNIX; at < DAVY_TO_UNIX; at += DAVY_STEP_SECONDS)); do
  echo "$at,$((bad + at / 60 % 3 - 1)),1000"
done"#;

/// A folder with a program and a configuration that reads it.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new(exec: &str, program: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        fs::write(shop.path("query.sh"), format!("#!/bin/bash\n{program}\n")).unwrap();
        fs::set_permissions(shop.path("query.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        shop.configure(exec, "");
        shop
    }

    fn configure(&self, exec: &str, more: &str) {
        let text = format!(
            "name: store\n{WINDOW}\nsources: {{ store: {{ exec: {exec} }} }}\n\
             metrics:\n  errors: {{ rate: {{ bad: errors, total: requests }} }}\n{more}\
             criteria:\n  - {{ metric: errors, pass: \"<= baseline + 0.5pp\" }}\n"
        );
        fs::write(self.path("canary.yaml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn davy(&self, arguments: &[&str]) -> (i32, String, String) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_davy")).args(arguments).current_dir(self.0.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn judge(&self) -> Document {
        let (code, stdout, stderr) = self.davy(&["judge", "canary.yaml", "--format", "json"]);
        assert!([0, 10, 11].contains(&code), "{code}: {stderr}");
        Document::read(&stdout).unwrap()
    }

    /// The message of a judgement that did not come about.
    fn fails(&self, code: i32) -> String {
        let (got, stdout, stderr) = self.davy(&["judge", "canary.yaml"]);
        assert_eq!(got, code, "{stdout}{stderr}");
        stderr
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }
}

#[test]
fn each_arm_is_asked_for_the_window_and_what_is_printed_is_judged() {
    let shop = Shop::new("{ command: [./query.sh] }", QUERY);
    let document = shop.judge();
    assert_eq!(document.outcome, Outcome::Fail);
    assert!(document.summary.contains("3,600 of 60,000 against 600 of 60,000 requests"), "{}", document.summary);
    let mut calls = shop.calls();
    calls.sort();
    assert_eq!(calls, ["baseline", "canary"], "one run for each arm");
}

#[test]
fn metrics_share_a_run_and_so_do_arms_that_a_column_tells_apart() {
    let both = r#"
echo run >> calls
echo time,version,errors,requests,p95
for ((at = $1; at < $2; at += 60)); do
  echo "$at,41,10,1000,80"; echo "$at,42,$((10 + at / 60 % 2)),1000,81"
done"#;
    let exec = r#"{ command: [./query.sh, "${from_unix}", "${to_unix}"], arm: { column: version, baseline: "41", canary: "42" } }"#;
    let shop = Shop::new(exec, both);
    shop.configure(exec, "  p95: { gauge: { value: p95, unit: ms } }\n");
    let document = shop.judge();
    assert_eq!(document.outcome, Outcome::Pass, "{}", document.summary);
    assert_eq!(shop.calls().len(), 1, "one run answers both metrics of both arms");
}

/// What is printed is the same, and how it is read is not.
#[test]
fn sources_that_read_the_same_program_otherwise_share_nothing() {
    let local = r#"
echo time,errors,requests
for ((minute = 0; minute < 60; minute += 1)); do printf '2026-03-01 13:%02d:00,1%s,1000\n' "$minute" "$((RANDOM % 10))"; done"#;
    let shop = Shop::new("{ command: [./query.sh], zone: Europe/Berlin }", local);
    let text = fs::read_to_string(shop.path("canary.yaml")).unwrap();
    let other = "sources: { utc: { exec: { command: [./query.sh] } }, ";
    let text = text.replace("sources: { ", other).replace("errors: { rate", "errors: { source: store, rate");
    let metric = "metrics:\n  strange: { source: utc, rate: { bad: errors, total: requests } }\n";
    let text = text.replace("metrics:\n", metric) + "  - { metric: strange, pass: \"<= 5%\" }\n";
    fs::write(shop.path("canary.yaml"), text).unwrap();
    let document = shop.judge();
    let outcome = |metric: &str| document.findings.iter().find(|one| one.metric == metric).unwrap().outcome;
    assert_eq!(outcome("errors"), Outcome::Pass, "{}", document.summary);
    assert_eq!(outcome("strange"), Outcome::Inconclusive, "an hour later in UTC there is nothing in the window");
}

#[test]
fn a_program_that_ignores_the_arm_is_not_compared_with_itself() {
    let shop = Shop::new("{ command: [./query.sh] }", &QUERY.replace("$DAVY_ARM", "both"));
    let message = shop.fails(65);
    assert!(message.contains("would compare the same rows with themselves"), "{message}");
}

#[test]
fn what_goes_wrong_is_named_with_the_remedy() {
    let cases = [
        (r#"{ command: [./query.sh] }"#, "echo 'no such table' >&2; exit 3", "exit code 3. It said: no such table"),
        (r#"{ command: [./nothing.sh] }"#, QUERY, "nothing.sh"),
        (r#"{ command: [./query.sh], deadline: 200ms }"#, "sleep 20", "deadline of 200ms; `deadline:` in the source"),
        (r#"{ command: [./query.sh] }"#, "kill -9 $$", "ended by signal 9"),
        (r#"{ command: [./query.sh] }"#, &format!("{QUERY}\nsleep 20 &"), "may not be whole"),
    ];
    for (exec, program, expected) in cases {
        let begin = Instant::now();
        let message = Shop::new(exec, program).fails(69);
        assert!(message.contains(expected), "{program}: {message}");
        assert!(message.contains("metric \"errors\""), "{message}");
        assert!(begin.elapsed() < Duration::from_secs(15), "{program} was waited for");
    }
}

#[test]
fn what_is_printed_is_read_as_strictly_as_a_file() {
    let cases = [
        ("true", "is empty"),
        ("echo time,errors,requests; echo 2026-03-01T12:00:00Z,many,1000", "\"many\" is not"),
        ("echo ts,requests; echo 2026-03-01T12:00:00Z,1000", "errors"),
    ];
    for (program, expected) in cases {
        let message = Shop::new("{ command: [./query.sh] }", program).fails(65);
        assert!(message.contains(expected) && message.contains("the output of ./query.sh"), "{program}: {message}");
    }
}

#[test]
fn half_an_hour_of_an_hour_is_no_pass() {
    let half =
        QUERY.replace("at < DAVY_TO_UNIX", "at < DAVY_TO_UNIX - ($bad > 10 ? 1800 : 0)").replace("bad=60", "bad=11");
    let shop = Shop::new("{ command: [./query.sh] }", &half);
    assert_eq!(shop.judge().outcome, Outcome::Inconclusive);
}

#[test]
fn a_recording_replays_without_the_program() {
    let shop = Shop::new("{ command: [./query.sh] }", QUERY);
    let (code, first, _) = shop.davy(&["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
    assert_eq!(code, 10);
    fs::remove_file(shop.path("query.sh")).unwrap();
    let (code, again, stderr) = shop.davy(&["replay", "kept", "--format", "json"]);
    assert_eq!(code, 10, "{stderr}");
    assert_eq!(Document::read(&first).unwrap().findings, Document::read(&again).unwrap().findings);
    assert_eq!(shop.calls().len(), 2);
    // who puts a program into a recording does not get it run
    let kept = fs::read_to_string(shop.path("kept/canary.yaml")).unwrap();
    let sources = kept.lines().find(|line| line.starts_with("sources:")).unwrap();
    let other = kept.replace(sources, "sources: { recording: { exec: { command: [sh, -c, 'touch ran'] } } }");
    fs::write(shop.path("kept/canary.yaml"), other).unwrap();
    let (code, _, stderr) = shop.davy(&["replay", "kept"]);
    assert_eq!(code, 65, "{stderr}");
    assert!(!shop.path("ran").exists() && !shop.path("kept/ran").exists());
}

#[test]
fn checking_a_configuration_runs_nothing() {
    let shop = Shop::new("{ command: [./query.sh] }", QUERY);
    let (code, _, stderr) = shop.davy(&["check", "canary.yaml"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(shop.calls().is_empty());
}

#[test]
fn an_interrupt_ends_the_program_and_davy() {
    let shop = Shop::new("{ command: [./query.sh], deadline: 1m }", "echo $$ > pid; sleep 50; echo never");
    let mut davy = Command::new(env!("CARGO_BIN_EXE_davy"))
        .args(["judge", "canary.yaml"])
        .current_dir(shop.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !shop.path("pid").exists() && begin.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    let davy_id = rustix::process::Pid::from_child(&davy);
    rustix::process::kill_process(davy_id, rustix::process::Signal::INT).unwrap();
    let status = davy.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(begin.elapsed() < Duration::from_secs(20));
    let pid: i32 = fs::read_to_string(shop.path("pid")).unwrap().trim().parse().unwrap();
    let left = rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap());
    assert!(left.is_err(), "the program still runs");
}
