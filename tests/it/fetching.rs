//! What is fetched without being judged: a recording that can be judged later, and that says what it lacks.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::answer;

const CASE: &str = "fixtures/cases/redis-migration-5-redis-slow";

fn case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(CASE)
}

/// A folder in which the case was fetched to `kept`.
fn fetched() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let (code, told, error) = answer(folder.path(), &["fetch", case().to_str().unwrap(), "--record", "kept"]);
    assert_eq!(code, 0, "{told}{error}");
    (folder, told)
}

fn verdict(text: &str) -> Value {
    let mut verdict: Value = serde_json::from_str(text).unwrap();
    for trace in verdict["traces"].as_array_mut().unwrap() {
        trace["origin"] = Value::Null;
    }
    verdict
}

#[test]
fn what_was_fetched_is_judged_as_if_it_had_been_judged_at_once() {
    let (folder, told) = fetched();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    assert!(lines.iter().any(|line| line.starts_with("errors ")), "{told}");
    let errors = lines.iter().find(|line| line.starts_with("errors ")).unwrap();
    for part in [
        "12 baseline, 12 canary",
        "2026-05-19T09:00:00Z to 2026-05-19T09:55:00Z",
        "lambda-version-41.csv and lambda-version-42.csv: Errors of Invocations",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let kept: Vec<PathBuf> = fs::read_dir(folder.path().join("kept")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept.len(), 2, "a configuration and its series: {kept:?}");

    let (at_once, judged, _) = answer(folder.path(), &["judge", case().to_str().unwrap(), "--format", "json"]);
    let (later, replayed, error) = answer(folder.path(), &["judge", "kept", "--format", "json"]);
    assert_eq!((at_once, later), (10, 10), "{error}");
    assert_eq!(verdict(&judged), verdict(&replayed));
}

#[test]
fn it_gets_its_verdict_when_it_is_accepted_and_says_so_until_then() {
    let (folder, _) = fetched();
    let (code, told, error) = answer(folder.path(), &["replay", "--check", "kept"]);
    assert_eq!((code, told.as_str()), (69, "broken   kept\n"));
    for part in ["kept: it has no verdict.json", "not judged yet", "`davy replay kept --accept`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(answer(folder.path(), &["replay", "kept"]).0, 10);
    assert_eq!(answer(folder.path(), &["replay", "--accept", "kept"]).0, 0);
    assert_eq!(answer(folder.path(), &["replay", "--check", "kept"]).0, 0);
}

#[test]
fn it_replaces_what_was_fetched_before_and_nothing_that_somebody_wrote() {
    let (folder, _) = fetched();
    let again = |to: &str| answer(folder.path(), &["fetch", case().to_str().unwrap(), "--record", to]);
    assert_eq!(again("kept").0, 0, "over what was fetched");
    assert_eq!(answer(folder.path(), &["judge", case().to_str().unwrap(), "--record", "kept"]).0, 10);
    assert_eq!(again("kept").0, 0, "over what was judged");
    assert!(!folder.path().join("kept/verdict.json").exists(), "the verdict was about the older series");

    // A configuration with series of somebody's own looks alike, but was recorded by nobody.
    let own = folder.path().join("own");
    fs::create_dir_all(own.join("series")).unwrap();
    fs::write(own.join("series/precious.csv"), "time,arm,value\n").unwrap();
    fs::write(own.join("canary.yaml"), "name: own\n# recording: no\n").unwrap();
    let (code, _, error) = again("own");
    assert_eq!(code, 74);
    assert!(error.contains("own exists and is not a recording alone"), "{error}");
    assert!(own.join("series/precious.csv").is_file());
    fs::write(folder.path().join("kept/why.md"), "keep me").unwrap();
    assert_eq!(again("kept").0, 74);
    assert!(folder.path().join("kept/why.md").is_file());
}

#[test]
fn without_a_folder_it_only_tells() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told, error) = answer(folder.path(), &["fetch", case().to_str().unwrap()]);
    assert_eq!((code, told.lines().count(), error.as_str()), (0, 5, ""));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let (_, shorter, _) = answer(
        folder.path(),
        &["fetch", case().to_str().unwrap(), "--from", "2026-05-19T09:30:00Z", "--phase", "100%"],
    );
    assert!(shorter.contains("6 baseline, 6 canary"), "{shorter}");
}

#[test]
fn what_cannot_be_fetched_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let config = "name: x\nsources: { files: { file: { path: \"${arm}.csv\" } } }\nmetrics: { errors: { rate: { bad: errors, total: \
                  requests } } }\ncriteria:\n  - { metric: errors, pass: \"<= baseline + 1pp\" }\n";
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let (code, told, error) = answer(folder.path(), &["fetch", "--record", "kept"]);
    assert_eq!((code, told.as_str()), (69, ""), "{error}");
    assert!(error.contains("baseline.csv"), "{error}");
    for arm in ["baseline", "canary"] {
        fs::write(folder.path().join(format!("{arm}.csv")), "ts,requests,errors\n2026-03-01T12:00:00Z,10,11\n")
            .unwrap();
    }
    let (code, _, error) = answer(folder.path(), &["fetch", "--record", "kept"]);
    assert_eq!(code, 65, "{error}");
    assert!(!folder.path().join("kept").exists());
    let (code, _, error) = answer(&folder.path().join(".."), &["fetch", "nowhere.yaml"]);
    assert_eq!(code, 78, "{error}");
}
