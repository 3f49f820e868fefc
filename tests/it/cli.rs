//! The command line as a pipeline, an analyst and an engineer meet it: streams, exit codes, files, mistakes.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with two arms of one service: `canary_bad` of 1,000 requests per minute are bad in the canary, 10 in the
/// baseline, for an hour.
struct Workshop(TempDir);

impl Workshop {
    fn new(canary_bad: u64) -> Workshop {
        let folder = tempfile::tempdir().unwrap();
        for (name, bad) in [("baseline", 10), ("canary", canary_bad)] {
            let mut text = "ts,requests,errors\n".to_owned();
            for minute in 0..60u64 {
                let wobble = (minute + u64::from(name == "canary")) % 3;
                text += &format!("2026-03-01T12:{minute:02}:00Z,1000,{}\n", (bad + wobble).saturating_sub(1));
            }
            fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
        }
        fs::write(folder.path().join("canary.yaml"), CONFIG).unwrap();
        Workshop(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(self.0.path()).env_remove("NO_COLOR").env_remove("COLUMNS").args(arguments);
        davy.output().unwrap()
    }
}

const CONFIG: &str = r#"
name: checkout
sources:
  files: { file: { path: "${arm}.csv" } }
metrics:
  errors: { source: files, rate: { bad: errors, total: requests } }
criteria:
  - { metric: errors, pass: "<= 2%", severity: critical }
  - { metric: errors, pass: "<= baseline + 0.5pp" }
"#;

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn outcomes_are_exit_codes() {
    let healthy = Workshop::new(10).run(&["judge"]);
    assert_eq!(code(&healthy), 0, "{}{}", stdout(&healthy), stderr(&healthy));
    assert!(stdout(&healthy).contains("PASS"), "{}", stdout(&healthy));
    assert!(stderr(&healthy).is_empty());

    let sick = Workshop::new(60).run(&["judge", "canary.yaml"]);
    assert_eq!(code(&sick), 10, "{}", stdout(&sick));
    assert!(stdout(&sick).contains("FAIL"));

    let open = Workshop::new(15).run(&["judge"]);
    assert_eq!(code(&open), 11, "{}", stdout(&open));
    for (wish, exit) in [("pass", 0), ("warn", 0), ("fail", 10)] {
        let mapped = Workshop::new(15).run(&["judge", "--on-inconclusive", wish]);
        assert_eq!(code(&mapped), exit);
        assert!(stdout(&mapped).contains("INCONCLUSIVE"), "the report must not follow the exit code");
    }
    assert_eq!(code(&Workshop::new(15).run(&["judge", "--on-inconclusive", "warn", "--fail-on-warn"])), 12);
}

#[test]
fn an_empty_canary_never_passes() {
    for text in ["ts,requests,errors\n", "ts,requests,errors\n2026-03-01T12:00:00Z,0,0\n2026-03-01T12:01:00Z,0,0\n"] {
        let shop = Workshop::new(10);
        fs::write(shop.path("canary.csv"), text).unwrap();
        let output = shop.run(&["judge"]);
        assert!([11, 65].contains(&code(&output)), "{} {}{}", code(&output), stdout(&output), stderr(&output));
        assert!(!stdout(&output).contains("PASS "), "{}", stdout(&output));
    }
    let shop = Workshop::new(10);
    fs::write(shop.path("canary.csv"), "").unwrap();
    let output = shop.run(&["judge"]);
    assert_eq!(code(&output), 65);
    assert!(stderr(&output).contains("canary.csv"), "{}", stderr(&output));
}

#[test]
fn a_canary_that_stops_reporting_does_not_pass() {
    let shop = Workshop::new(10);
    let text = fs::read_to_string(shop.path("canary.csv")).unwrap();
    let half: Vec<&str> = text.lines().take(36).collect();
    fs::write(shop.path("canary.csv"), half.join("\n")).unwrap();
    let output =
        shop.run(&["judge", "--format", "json", "--from", "2026-03-01T12:00:00Z", "--to", "2026-03-01T13:00:00Z"]);
    assert_eq!(code(&output), 11);
    assert!(stdout(&output).contains("canary_silent"), "{}", stdout(&output));
}

#[test]
fn without_a_configuration_the_columns_are_recognised() {
    let shop = Workshop::new(60);
    let output = shop.run(&["judge", "--baseline", "baseline.csv", "--canary", "canary.csv"]);
    assert_eq!(code(&output), 10, "{}{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains("requests") && stderr(&output).contains("errors"), "{}", stderr(&output));
    assert!(!stdout(&output).contains("note:"));
    let quiet = shop.run(&["judge", "-q", "--baseline", "baseline.csv", "--canary", "canary.csv"]);
    assert!(stderr(&quiet).is_empty(), "{}", stderr(&quiet));
}

#[test]
fn one_file_with_an_arm_column_is_enough() {
    let shop = Workshop::new(10);
    let mut both = "ts,arm,requests,errors\n".to_owned();
    for arm in ["baseline", "canary"] {
        let text = fs::read_to_string(shop.path(&format!("{arm}.csv"))).unwrap();
        for line in text.lines().skip(1) {
            let (time, rest) = line.split_once(',').unwrap();
            both += &format!("{time},{arm},{rest}\n");
        }
    }
    fs::write(shop.path("both.csv"), &both).unwrap();
    let output = shop.run(&["judge", "--data", "both.csv"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let output = shop.run(&["judge", "--data", "baseline.csv"]);
    assert_eq!(code(&output), 65);
    assert!(stderr(&output).contains("arm"), "{}", stderr(&output));
}

#[test]
fn init_writes_a_configuration_that_judges_the_same_and_never_replaces_a_file() {
    let shop = Workshop::new(60);
    let init = shop.run(&["init", "--baseline", "baseline.csv", "--canary", "canary.csv", "-o", "started.yaml"]);
    assert_eq!(code(&init), 0, "{}", stderr(&init));
    assert!(fs::read_to_string(shop.path("started.yaml")).unwrap().contains('#'), "it should be commented");
    assert_eq!(code(&shop.run(&["check", "started.yaml"])), 0);
    let with = shop.run(&["judge", "started.yaml", "--format", "json"]);
    let without = shop.run(&["judge", "--baseline", "baseline.csv", "--canary", "canary.csv", "--format", "json"]);
    assert_eq!(stdout(&with), stdout(&without));
    let again = shop.run(&["init", "--baseline", "baseline.csv", "--canary", "canary.csv", "-o", "started.yaml"]);
    assert_eq!(code(&again), 74);
}

#[test]
fn several_reports_at_once_and_rendered_again_the_same() {
    let shop = Workshop::new(60);
    let output = shop.run(&[
        "judge",
        "--format",
        "json",
        "--report",
        "markdown=v.md",
        "--report",
        "text=v.txt",
        "--report",
        "json=v.json",
    ]);
    assert_eq!(code(&output), 10);
    assert_eq!(fs::read_to_string(shop.path("v.json")).unwrap(), stdout(&output));
    for (format, file) in [("markdown", "v.md"), ("text", "v.txt"), ("json", "v.json")] {
        let again = shop.run(&["report", "v.json", "--format", format]);
        assert_eq!(code(&again), 0, "{}", stderr(&again));
        assert_eq!(stdout(&again), fs::read_to_string(shop.path(file)).unwrap());
    }
    let verdict: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(verdict["outcome"], "fail");
}

#[test]
fn output_that_cannot_be_written_is_74_and_leaves_nothing() {
    let shop = Workshop::new(10);
    let output = shop.run(&["judge", "--report", "json=no/such/folder/v.json"]);
    assert_eq!(code(&output), 74, "{}", stderr(&output));
    assert!(stderr(&output).contains("no/such/folder/v.json"));
    fs::create_dir(shop.path("taken")).unwrap();
    fs::write(shop.path("taken/precious.txt"), "keep me").unwrap();
    let output = shop.run(&["judge", "--record", "taken"]);
    assert_eq!(code(&output), 74);
    assert_eq!(fs::read_dir(shop.path("taken")).unwrap().count(), 1);
    let left: Vec<_> = fs::read_dir(shop.0.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".davy")), "{left:?}");
    if Path::new("/dev/full").exists() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("davy"))
            .current_dir(shop.0.path())
            .arg("judge")
            .stdout(full)
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(74));
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let shop = Workshop::new(60);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("davy"))
        .current_dir(shop.0.path())
        .arg("judge")
        .stdout(writer)
        .status();
    assert_eq!(status.unwrap().code(), Some(10));
}

#[test]
fn recordings_replay_and_notice_a_change() {
    let shop = Workshop::new(10);
    let judged = shop.run(&["judge", "--record", "kept", "--format", "json"]);
    assert_eq!(code(&judged), 0, "{}", stderr(&judged));
    let replayed = shop.run(&["replay", "kept", "--format", "json"]);
    assert_eq!(without_origins(&replayed), without_origins(&judged), "{}", stderr(&replayed));
    assert_eq!(code(&shop.run(&["replay", "kept", "--check"])), 0);
    // A recording is a configuration, wherever it lies.
    fs::rename(shop.path("kept"), shop.path("moved")).unwrap();
    assert_eq!(code(&shop.run(&["judge", "moved"])), 0);
    // Over an older recording: the new one, whole.
    assert_eq!(code(&shop.run(&["judge", "--record", "moved"])), 0);

    let series = shop.path("moved/series/errors.csv");
    let text = fs::read_to_string(&series).unwrap();
    let sick: Vec<String> = text
        .lines()
        .map(|line| if line.contains(",canary,") { line.replace(",1000,", ",1000,1") } else { line.into() })
        .collect();
    fs::write(&series, sick.join("\n") + "\n").unwrap();
    let changed = shop.run(&["replay", "moved", "--check"]);
    assert_eq!(code(&changed), 1, "{}{}", stdout(&changed), stderr(&changed));
    assert!(stdout(&changed).contains("the verdict was PASS when recorded and is FAIL now"), "{}", stdout(&changed));
    let accepted = shop.run(&["replay", "moved", "--accept"]);
    assert_eq!(code(&accepted), 0);
    assert_eq!(code(&shop.run(&["replay", "moved", "--check"])), 0);

    fs::write(shop.path("moved/verdict.json"), "{ \"schema_version\": ").unwrap();
    let damaged = shop.run(&["replay", "moved", "--check"]);
    assert_eq!(code(&damaged), 65);
    assert!(stderr(&damaged).contains("verdict.json"), "{}", stderr(&damaged));
}

#[test]
fn a_recording_of_nothing_replays_too() {
    let shop = Workshop::new(10);
    let header = "ts,requests,errors,p95,restarts,sessions\n";
    for arm in ["baseline", "canary"] {
        fs::write(shop.path(&format!("{arm}.csv")), header).unwrap();
    }
    let config = r#"
name: nothing
window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }
sources: { files: { file: { path: "${arm}.csv" } } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { gauge: { value: p95, unit: ms, quantile: p95, requests: requests } }
  restarts: { events: { count: restarts, exposure: sessions, per: session } }
criteria:
  - { metric: errors, pass: "<= 1%" }
  - { metric: latency, pass: "<= baseline + 5%" }
  - { metric: restarts, pass: "<= 1/session" }
"#;
    fs::write(shop.path("canary.yaml"), config).unwrap();
    let judged = shop.run(&["judge", "--record", "kept"]);
    assert_eq!(code(&judged), 11, "{}{}", stdout(&judged), stderr(&judged));
    let replayed = shop.run(&["replay", "kept", "--check"]);
    assert_eq!(code(&replayed), 0, "{}{}", stdout(&replayed), stderr(&replayed));
}

#[test]
fn a_recording_replaces_nothing_but_a_recording_and_not_the_ground_one_stands_on() {
    let shop = Workshop::new(10);
    assert_eq!(code(&shop.run(&["judge", "--record", "deep/er/kept"])), 0);
    for same in ["deep/er/kept/", "deep/er/kept/.", "deep/../deep/er/kept"] {
        assert_eq!(code(&shop.run(&["judge", "--record", same])), 0, "{same}");
    }
    // Through a link, which stays one.
    std::os::unix::fs::symlink("deep/er/kept", shop.path("link")).unwrap();
    assert_eq!(code(&shop.run(&["judge", "--record", "link"])), 0);
    assert!(shop.path("link").is_symlink() && shop.path("deep/er/kept/verdict.json").is_file());
    fs::write(shop.path("deep/er/kept/why.md"), "keep me").unwrap();
    let output = shop.run(&["judge", "--record", "link"]);
    assert_eq!(code(&output), 74, "{}", stderr(&output));
    assert!(shop.path("deep/er/kept/why.md").is_file());
    for here in [".", "deep/.."] {
        let output = shop.run(&["judge", "--record", here]);
        assert_eq!(code(&output), 74);
        assert!(stderr(&output).contains("the folder you are in"), "{}", stderr(&output));
    }
    let judging = || shop.run(&["judge", "--record", "both"]);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(judging)).collect();
        assert!(runs.into_iter().all(|run| code(&run.join().unwrap()) == 0));
    });
    assert_eq!(code(&shop.run(&["replay", "both", "--check"])), 0);
}

/// A verdict as JSON without where its series came from, which is all that recording changes.
fn without_origins(output: &Output) -> serde_json::Value {
    let mut verdict: serde_json::Value = serde_json::from_str(&stdout(output)).unwrap();
    for trace in verdict["traces"].as_array_mut().unwrap() {
        trace["origin"] = serde_json::Value::Null;
    }
    verdict
}

#[test]
fn thresholds_need_no_baseline_but_margins_do() {
    let shop = Workshop::new(10);
    let alone = CONFIG.replace("${arm}.csv", "canary.csv");
    fs::write(shop.path("both.yaml"), &alone).unwrap();
    let compared = shop.run(&["judge", "both.yaml"]);
    assert_eq!(code(&compared), 65, "{}", stdout(&compared));
    assert!(stderr(&compared).contains("the same rows with themselves"), "{}", stderr(&compared));
    let thresholds: Vec<&str> = alone.lines().filter(|line| !line.contains("baseline +")).collect();
    fs::write(shop.path("alone.yaml"), thresholds.join("\n")).unwrap();
    let output = shop.run(&["judge", "alone.yaml", "--record", "kept"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert_eq!(code(&shop.run(&["replay", "kept", "--check"])), 0);
}

#[test]
fn mistakes_get_their_own_exit_code_and_name_what_is_wrong() {
    let shop = Workshop::new(10);
    let cases: [(&[&str], i32, &str); 10] = [
        (&["judge", "--report", "json=-"], 2, "--format"),
        (&["judge", "nowhere.yaml"], 78, "nowhere.yaml"),
        (&["judge", "--phase", "5%"], 78, "5%"),
        (&["judge", "--baseline", "baseline.csv"], 2, "--canary"),
        (&["judge", "--baseline", "baseline.csv", "--canary", "nowhere.csv"], 69, "nowhere.csv"),
        (&["judge", "--format", "pdf"], 2, "pdf"),
        (&["judge", "--report", "v.json"], 2, "FORMAT=PATH"),
        (&["juge"], 2, "judge"),
        (&["report", "canary.yaml"], 65, "canary.yaml"),
        (&["replay", "nowhere"], 78, "nowhere"),
    ];
    for (arguments, exit, named) in cases {
        let output = shop.run(arguments);
        assert_eq!(code(&output), exit, "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        assert!(stderr(&output).contains(named), "{arguments:?}: {}", stderr(&output));
        assert!(stdout(&output).is_empty(), "{arguments:?}: {}", stdout(&output));
    }
    fs::write(
        shop.path("broken.yaml"),
        CONFIG.replace("metric: errors, pass: \"<= 2%\"", "metric: erors, pass: \"<= 2\""),
    )
    .unwrap();
    let output = shop.run(&["check", "broken.yaml"]);
    assert_eq!(code(&output), 78);
    assert!(stderr(&output).contains("broken.yaml:8") && stderr(&output).contains("errors"), "{}", stderr(&output));
    fs::write(shop.path("canary.csv"), "ts,requests,errors\n2026-03-01T12:00:00Z,1000,many\n").unwrap();
    let output = shop.run(&["judge"]);
    assert_eq!(code(&output), 65);
    for named in ["canary.csv", "2", "errors", "many"] {
        assert!(stderr(&output).contains(named), "{named}: {}", stderr(&output));
    }
}

#[test]
fn help_schema_completions_and_manual_are_answers() {
    let shop = Workshop::new(10);
    for (arguments, part) in [
        (&["--help"][..], "Exit codes"),
        (&["judge", "--help"], "--on-inconclusive"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["schema", "config"], "\"$schema\""),
        (&["schema", "verdict"], "\"$schema\""),
        (&["completions", "bash"], "davy"),
        (&["man"], ".TH davy"),
    ] {
        let output = shop.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(stdout(&output).contains(part), "{arguments:?}: {}", stdout(&output));
        assert!(stderr(&output).is_empty());
    }
}

#[test]
fn messages_can_be_json_and_colour_can_be_had() {
    let shop = Workshop::new(60);
    let output = shop.run(&["judge", "nowhere.yaml", "--log-format", "json"]);
    let line: serde_json::Value = serde_json::from_str(stderr(&output).lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "error");
    assert!(!stdout(&shop.run(&["judge"])).contains('\u{1b}'));
    assert!(stdout(&shop.run(&["judge", "--color", "always"])).contains('\u{1b}'));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let shop = Workshop::new(15);
    for format in ["text", "markdown", "json"] {
        let one = shop.run(&["judge", "--format", format]);
        let two = shop.run(&["judge", "--format", format]);
        assert_eq!(one.stdout, two.stdout);
    }
}
