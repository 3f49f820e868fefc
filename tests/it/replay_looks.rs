//! `davy replay --looks`: when a recorded rollout would have been stopped, and that both streams stay what they are.

use std::path::Path;
use std::process::Output;

use crate::world::output;

fn replay(case: &str, more: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let case = format!("fixtures/cases/{case}");
    output(root, &[&["replay", "--looks", &case], more].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The lines before the report.
fn lines(output: &Output) -> Vec<String> {
    stdout(output).lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_rollout_is_stopped_at_the_first_fail() {
    let output = replay("redis-recorded-killed", &[]);
    assert_eq!(output.status.code(), Some(10));
    let lines = lines(&output);
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
    let (last, before) = lines.split_last().unwrap();
    assert_eq!(last, "06:42:30  look 7 of 8    FAIL          latency_p95 <= baseline + 25% (+3 more)");
    assert_eq!(before.len(), 8);
    assert!(before[7].starts_with("06:41:30  look 6 of 8    running       "), "{before:#?}");
    assert!(before[7].ends_with(" of 13 criteria clear, none fails"), "{before:#?}");
    assert!(
        before[0].starts_with("06:34:30  before look 1  running       little data: errors < 0.1%"),
        "{}",
        before[0]
    );
    assert!(before.iter().all(|line| !line.contains("FAIL")), "{before:#?}");
    // then the report of that look
    assert!(stdout(&output).contains("\n\nFAIL  redis-recorded, phase 20%\n"), "{}", stdout(&output));
    assert!(stdout(&output).contains("look      7 of 8, after 9 min of the soak of 10 min\n"));
}

#[test]
fn a_healthy_rollout_passes_at_the_end_of_its_soak() {
    let output = replay("redis-recorded-healthy", &[]);
    assert_eq!(output.status.code(), Some(0));
    let lines = lines(&output);
    assert_eq!(lines.len(), 10);
    assert_eq!(lines[9], "06:19:10  look 8 of 8    PASS          all 13 criteria hold");
    assert!(lines[..9].iter().all(|line| line.contains("  running  ")), "{lines:#?}");
    // every three minutes there are fewer, and the end all the same
    let fewer = replay("redis-recorded-healthy", &["--every", "3m"]);
    assert_eq!(fewer.status.code(), Some(0));
    let which = |line: &String| line.split("  ").nth(1).unwrap().trim().to_owned();
    let fewer: Vec<String> = self::lines(&fewer).iter().map(which).collect();
    assert_eq!(fewer, ["look 1 of 4", "look 2 of 4", "look 3 of 4", "look 4 of 4"]);
}

#[test]
fn what_stays_open_exits_so() {
    let output = replay("redis-migration-5-silent", &[]);
    assert_eq!(output.status.code(), Some(11), "{}", stdout(&output));
    let lines = lines(&output);
    assert!(lines.iter().all(|line| line.contains("running") || line.contains("INCONCLUSIVE")), "{lines:#?}");
    assert!(lines[lines.len() - 1].contains("INCONCLUSIVE"), "{lines:#?}");
    assert!(lines[6].ends_with("  silent canary: errors < 0.1% (+8 more)"), "{lines:#?}");
}

#[test]
fn json_keeps_stdout_to_itself() {
    let output = replay("redis-recorded-killed", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(10));
    let verdict: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&verdict["outcome"], &verdict["look"]["number"]), (&"fail".into(), &7.into()));
    assert_eq!(verdict["look"]["kind"], "planned");
    let told = stderr(&output);
    assert_eq!(told.lines().count(), 9, "{told}");
    assert!(told.lines().all(|line| line.starts_with("note: 06:") && line.chars().count() <= 80), "{told}");
}

/// A service whose canary is much worse from the fortieth of its ninety minutes on.
fn service(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, late) in [("baseline", 10), ("canary", 90)] {
        let mut text = "ts,requests,errors\n".to_owned();
        for minute in 0..90_u64 {
            let bad = if minute < 40 { 10 } else { late };
            text += &format!("2026-03-01T{:02}:{:02}:00Z,1000,{}\n", 12 + minute / 60, minute % 60, bad + minute % 3);
        }
        std::fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
    }
    let config = format!(
        "name: checkout\nsources: {{ files: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n\
         metrics: {{ errors: {{ rate: {{ bad: errors, total: requests }} }} }}\n\
         criteria: [{{ metric: errors, pass: \"<= baseline + 50%\" }}]\n{lines}\n"
    );
    std::fs::write(folder.path().join("canary.yaml"), config).unwrap();
    folder
}

#[test]
fn how_often_has_to_be_said_somewhere() {
    let folder = service("");
    let asked = output(folder.path(), &["replay", "--looks", "."]);
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(stderr(&asked).contains("add `--every 5m`"), "{}", stderr(&asked));
    assert!(asked.stdout.is_empty());
    // without a soak the recording is the soak
    let told = output(folder.path(), &["replay", "--looks", "--every", "30m", "."]);
    assert_eq!(told.status.code(), Some(10), "{}", stderr(&told));
    let lines = lines(&told);
    assert!(lines[0].starts_with("12:30  look 1 of 3    running"), "{lines:#?}");
    assert!(lines[1].starts_with("13:00  look 2 of 3    FAIL          errors <= baseline + 50%"), "{lines:#?}");
}

#[test]
fn an_open_end_has_no_numbers() {
    let folder = service("every: 15m");
    let output = output(folder.path(), &["replay", "--looks", "."]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    let lines = lines(&output);
    assert!(lines.iter().all(|line| !line.contains("look ")), "{lines:#?}");
    assert!(lines.last().unwrap().contains("  FAIL          errors <= baseline + 50%"), "{lines:#?}");
    assert!(stdout(&output).contains("look    one of any number, with evidence that holds however often one looks"));
}

#[test]
fn looks_are_not_compared_with_a_recorded_verdict() {
    for flag in ["--check", "--accept"] {
        let output = replay("redis-recorded-killed", &[flag]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("cannot be used with"), "{}", stderr(&output));
    }
}

#[test]
fn a_recording_keeps_soak_and_looks() {
    for lines in ["soak: 1h\nevery: 5m", "soak: 2h", "every: 10m", "soak: 1h\nevery: 5m\npolicy: { min_soak: 30m }"] {
        let folder = service(lines);
        let judged = output(folder.path(), &["judge", "--record", "kept", "--format", "json"]);
        let again = output(folder.path(), &["judge", "kept", "--format", "json"]);
        let [judged, again] = [judged, again].map(|output| {
            let mut verdict: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
            // the recorded files are others
            verdict.as_object_mut().unwrap().remove("traces");
            verdict
        });
        assert_eq!(judged, again, "{lines}");
        let kept = std::fs::read_to_string(folder.path().join("kept/canary.yaml")).unwrap();
        assert!(lines.lines().filter(|line| !line.starts_with("policy")).all(|line| kept.contains(line)), "{kept}");
        let checked = output(folder.path(), &["replay", "--check", "kept"]);
        assert_eq!(checked.status.code(), Some(0), "{}", stdout(&checked));
    }
}

#[test]
fn the_screen_of_a_running_soak_alarms_nobody_and_cuts_no_name() {
    let folder = service("");
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cases/redis-recorded-healthy");
    let judged = output(folder.path(), &["judge", case, "--to", "2026-11-21T06:14:10Z", "--format", "json"]);
    // the verdict of one early look stays what it is
    assert_eq!(judged.status.code(), Some(11), "{}", stderr(&judged));
    let document = davy::report::Document::read(&stdout(&judged)).unwrap();
    let live = davy::report::Live {
        title: "redis-recorded, phase 20%",
        now: "2026-11-21T06:14:30Z".parse().unwrap(),
        start: Some("2026-11-21T06:09:10Z".parse().unwrap()),
        soak: Some(davy::series::SignedDuration::from_mins(10)),
        next: None,
        latest: Some(&document),
        trouble: None,
    };
    let screen = live.screen(&davy::report::Style { color: false, width: 140, details: false }, 40);
    assert!(!screen.contains("INCONCLUSIVE") && !screen.contains('…'), "{screen}");
    assert!(
        screen.lines().any(|line| line.starts_with("running  ") && line.contains(" of 13 criteria clear")),
        "{screen}"
    );
    assert!(screen.lines().filter(|line| line.starts_with("open")).count() >= 10, "{screen}");
    for finding in &document.findings {
        assert!(screen.contains(&finding.criterion), "{}: {screen}", finding.criterion);
    }
}
