//! A source that cannot be reached: no verdict, unless nothing that decides needs it; and then it is said, recorded and
//! replayed, and never a pass of its own.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const ROWS: &str = "time,arm,errors,requests\n";

fn folder(severity: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = ROWS.to_owned();
    for minute in 0..30 {
        for arm in ["baseline", "canary"] {
            rows.push_str(&format!("2026-05-19T09:{minute:02}:00Z,{arm},1,1000\n"));
        }
    }
    std::fs::write(folder.path().join("here.csv"), rows).unwrap();
    let text = format!(
        "name: lost\nsources: {{ here: {{ file: {{ path: here.csv }} }}, away: {{ file: {{ path: away.csv }} }} }}\n\
         metrics:\n  errors: {{ source: here, rate: {{ bad: errors, total: requests }} }}\n  \
         latency: {{ source: away, gauge: {{ value: p95, unit: ms, quantile: p95 }} }}\n\
         criteria:\n  - {{ metric: errors, pass: \"<= 1%\" }}\n  - {{ metric: latency, pass: \"<= 200ms\", severity: {severity} }}\n"
    );
    std::fs::write(folder.path().join("canary.yaml"), text).unwrap();
    folder
}

fn davy(folder: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), answer, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn there_is_no_verdict_without_what_decides() {
    for severity in ["normal", "critical"] {
        let (code, answer, told) = davy(folder(severity).path(), &["judge", "--format", "json"]);
        assert_eq!((code, answer), (69, Value::Null));
        assert!(told.contains("away.csv") && told.contains("does not exist"), "{told}");
    }
}

#[test]
fn what_is_optional_is_left_out_and_said() {
    for severity in ["optional", "muted"] {
        let folder = folder(severity);
        let (code, answer, told) = davy(folder.path(), &["judge", "--format", "json", "--record", "kept"]);
        assert_eq!((code, &answer["outcome"]), (0, &Value::from("pass")), "{told}");
        assert!(told.contains("judged without latency") && told.contains("away.csv"), "{told}");
        let finding = &answer["findings"][1];
        assert_eq!((&finding["outcome"], &finding["reason"]), (&"inconclusive".into(), &"not_reached".into()));
        let (code, _, told) = davy(folder.path(), &["replay", "--check", "kept"]);
        assert_eq!(code, 0, "{told}");
        let kept = std::fs::read_to_string(folder.path().join("kept/canary.yaml")).unwrap();
        assert!(kept.contains("unreachable") && !kept.contains("away.csv"), "{kept}");
    }
}

#[test]
fn nothing_but_what_is_lost_is_no_pass() {
    let folder = folder("optional");
    let text = std::fs::read_to_string(folder.path().join("canary.yaml")).unwrap();
    let alone: String =
        text.lines().filter(|line| !line.contains("metric: errors")).map(|l| format!("{l}\n")).collect();
    let alone =
        alone.replace("name: lost\n", "name: lost\nwindow: { from: 2026-05-19T09:00:00Z, to: 2026-05-19T09:30:00Z }\n");
    std::fs::write(folder.path().join("canary.yaml"), alone).unwrap();
    let (code, answer, told) = davy(folder.path(), &["judge", "--format", "json"]);
    assert_eq!((code, &answer["outcome"]), (11, &Value::from("inconclusive")), "{told}");
}

#[test]
fn what_is_optional_decides_where_it_is_reached() {
    let folder = folder("optional");
    let mut rows = "time,arm,p95\n".to_owned();
    for minute in 0..30 {
        for (arm, p95) in [("baseline", 100 + minute % 3), ("canary", 300 + minute % 5)] {
            rows.push_str(&format!("2026-05-19T09:{minute:02}:00Z,{arm},{p95}\n"));
        }
    }
    std::fs::write(folder.path().join("away.csv"), rows).unwrap();
    let (code, answer, told) = davy(folder.path(), &["judge", "--format", "json"]);
    assert_eq!((code, &answer["outcome"]), (10, &Value::from("fail")), "{told}");
}
