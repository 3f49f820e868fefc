//! Every case is a recording: judged again it must answer as recorded, and its rendered reports must be true.
//!
//! `UPDATE=1 cargo test recordings` rewrites the verdicts and `reports/` after a change that is meant.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

use crate::world::root;

const RENDERED: &[(&str, &str)] = &[("text", "txt"), ("markdown", "md")];

/// Pages are large; these cases show all that there is on one.
const PAGES: &[&str] = &[
    "checkout-requests-50-checkout-slow",
    "invoice-print-100-slow",
    "redis-recorded-killed",
    "supplement-search-10-healthy",
];
const LARGEST_PAGE: usize = 200_000;

/// The cases, by name.
pub fn cases() -> Vec<PathBuf> {
    let folder = root().join("fixtures/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.join("canary.yaml").is_file());
    cases.sort();
    assert!(cases.len() >= 8, "the cases were not found");
    cases
}

fn davy() -> Command {
    let mut davy = Command::cargo_bin("davy").unwrap();
    davy.current_dir(root()).env_remove("COLUMNS").env("NO_COLOR", "1");
    davy
}

fn update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

#[test]
fn every_case_answers_as_recorded() {
    let names: Vec<PathBuf> = cases().iter().map(|c| c.strip_prefix(root()).unwrap().to_owned()).collect();
    let flags: &[&str] = if update() { &["--accept"] } else { &["--check", "--strict"] };
    let output = davy().arg("replay").args(flags).args(&names).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let word = if update() { "accepted" } else { "same" };
    assert_eq!(text.lines().filter(|line| line.starts_with(word)).count(), names.len(), "{text}");
}

#[test]
fn the_name_of_a_case_tells_its_outcome() {
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(case.join("verdict.json")).unwrap();
        let verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
        let outcome = verdict["outcome"].as_str().unwrap();
        if name.ends_with("healthy") {
            assert!(["pass", "warn"].contains(&outcome), "{name} is {outcome}");
        } else {
            assert!(["fail", "inconclusive"].contains(&outcome), "{name} is {outcome}: a fault went through");
        }
    }
}

/// The cases of a whole rollout.
const ROLLOUTS: [&str; 2] = ["api-gateway-iam-rollout-healthy", "api-gateway-iam-rollout-stopped"];

#[test]
fn the_rendered_reports_are_fresh() {
    let mut stale = Vec::new();
    let compared = ["md", "html"].map(|form| format!("supplement-search-10-healthy-compare.{form}"));
    let mut expected = ["README.md", "benches", "calibration", "field.md", "import.md"].map(str::to_owned).to_vec();
    expected.extend(compared);
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let page = PAGES.contains(&name.as_str()).then_some(&("html", "html"));
        for (format, extension) in RENDERED.iter().chain(page) {
            let file = format!("{name}.{extension}");
            let output = davy().arg("judge").arg(&case).args(["--format", format, "--details"]).output().unwrap();
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout.len() < LARGEST_PAGE, "{file} has {} bytes", output.stdout.len());
            let path = root().join("reports").join(&file);
            if update() {
                fs::write(&path, &output.stdout).unwrap();
            } else if fs::read(&path).ok().as_deref() != Some(&output.stdout[..]) {
                stale.push(format!("reports/{file}"));
            }
            expected.push(file);
        }
    }
    for name in ROLLOUTS {
        let file = format!("{name}-all-phases.md");
        let case = root().join("fixtures/cases").join(name);
        let output = davy().args(["watch", "--all-phases", "--format", "markdown"]).arg(&case).output().unwrap();
        let path = root().join("reports").join(&file);
        if update() {
            fs::write(&path, &output.stdout).unwrap();
        } else if fs::read(&path).ok().as_deref() != Some(&output.stdout[..]) {
            stale.push(format!("reports/{file}"));
        }
        expected.push(file);
    }
    for entry in fs::read_dir(root().join("reports")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !expected.contains(&name) {
            stale.push(format!("reports/{name} belongs to no case"));
        }
    }
    assert!(stale.is_empty(), "stale (UPDATE=1 rewrites them): {stale:#?}");
}
