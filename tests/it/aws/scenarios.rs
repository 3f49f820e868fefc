//! The four rollouts, asked of an independent server: seeded by another client, judged by the binary, recorded, and judged
//! again from the recording alone.
//!
//! The recordings are cases: `UPDATE=1 cargo test aws::scenarios` writes them to `fixtures/cases/aws-*`, and without it they
//! have to be what is recorded now, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::davy;
use super::server::Server;
use crate::world::root;

/// One case of a rollout, and how it is asked about.
struct Asked {
    scenario: &'static str,
    case: &'static str,
    phase: &'static str,
    from: &'static str,
    to: &'static str,
    now: &'static str,
    outcome: &'static str,
}

/// A case that was judged.
struct Judged {
    verdict: Value,
    /// Calls by operation.
    calls: BTreeMap<String, usize>,
}

/// All files below a folder by their names, with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for path in fs::read_dir(&one).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

impl Asked {
    /// Judges the case as it is seen through a server, or nothing where there is none.
    fn judge(&self, options: &[&str]) -> Option<Judged> {
        let server = Server::start(options)?;
        let readme = server.seed(self.scenario, self.case);
        let before = server.calls();
        if self.scenario == "redis-migration" {
            server.faults("GetMetricData", 1, 400, "ThrottlingException");
            server.faults("StartQuery", 1, 503, "ServiceUnavailableException");
        }
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join(format!("aws-{}-{}", self.scenario, self.case));
        let config = root().join(format!("fixtures/aws/{}.yaml", self.scenario));
        let mut judge = davy(folder.path());
        judge.env("AWS_ENDPOINT_URL", &server.url).arg("judge").arg(&config).args(["--phase", self.phase]);
        judge.args(["--from", self.from, "--to", self.to, "--now", self.now, "--format", "json", "--record"]);
        let output = judge.arg(&recording).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
        let findings = serde_json::to_string_pretty(&verdict["findings"]).unwrap();
        assert_eq!(verdict["outcome"], self.outcome, "{} {}: {told}\n{findings}", self.scenario, self.case);
        let mut calls = server.calls();
        calls.iter_mut().for_each(|(operation, calls)| *calls -= before.get(operation).unwrap_or(&0));
        println!("{} {}: {} ({calls:?})", self.scenario, self.case, self.outcome);
        drop(server);
        let replayed = davy(folder.path()).args(["replay", "--check"]).arg(&recording).output().unwrap();
        let said = String::from_utf8_lossy(&replayed.stdout);
        assert!(replayed.status.success() && said.starts_with("same"), "{said}");
        // A case that is committed tells its own files as the origin of its numbers.
        let accepted = davy(folder.path()).args(["replay", "--accept"]).arg(&recording).output().unwrap();
        assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
        self.keep(&recording, &readme);
        Some(Judged { verdict, calls })
    }

    /// The recording is the case that is committed.
    fn keep(&self, recording: &Path, readme: &str) {
        fs::write(recording.join("README.md"), readme).unwrap();
        let case = root().join("fixtures/cases").join(recording.file_name().unwrap());
        let fresh = files(recording);
        if std::env::var_os("UPDATE").is_some() {
            let _ = fs::remove_dir_all(&case);
            for (name, bytes) in fresh {
                let path = case.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            return;
        }
        let kept = files(&case);
        let names: Vec<&PathBuf> = fresh.keys().collect();
        assert_eq!(kept.keys().collect::<Vec<_>>(), names, "{} (UPDATE=1 records it)", case.display());
        for (name, bytes) in &fresh {
            let same = kept[name] == *bytes;
            assert!(same, "{} is not what is recorded now (UPDATE=1 records it)", case.join(name).display());
        }
    }
}

/// The answers by criterion, in the criterion's words.
fn findings(verdict: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = verdict["findings"].as_array().unwrap();
    all.iter().map(|finding| (text(&finding["criterion"]), text(&finding["outcome"]))).collect()
}

/// The same rollout from files has the same findings, where both have the criterion: at least so many.
fn agrees_with_files(verdict: &Value, case: &str, at_least: usize) {
    let text = fs::read_to_string(root().join("fixtures/cases").join(case).join("verdict.json")).unwrap();
    let (here, there) = (findings(verdict), findings(&serde_json::from_str(&text).unwrap()));
    let both: Vec<&String> = here.keys().filter(|criterion| there.contains_key(*criterion)).collect();
    assert!(both.len() >= at_least, "{both:?} of {:?}", there.keys());
    for criterion in both {
        assert_eq!(here[criterion], there[criterion], "{case}: {criterion}");
    }
}

#[test]
fn api_gateway_iam() {
    let at_10 = |case, outcome| Asked {
        scenario: "api-gateway-iam",
        case,
        phase: "10%",
        from: "2026-03-10T13:00:00Z",
        to: "2026-03-10T14:00:00Z",
        now: "2026-03-10T14:05:00Z",
        outcome,
    };
    let Some(healthy) = at_10("10-healthy", "pass").judge(&[]) else { return };
    agrees_with_files(&healthy.verdict, "api-gateway-iam-10-healthy", 11);
    let calls = healthy.calls["GetMetricData"];
    assert!(calls <= 2, "an hour of two arms in {calls} calls");
    let silent = at_10("10-percentage-not-working", "fail").judge(&[]).unwrap();
    agrees_with_files(&silent.verdict, "api-gateway-iam-10-percentage-not-working", 11);
    let refused = Asked {
        phase: "50%",
        from: "2026-03-11T13:00:00Z",
        to: "2026-03-11T14:00:00Z",
        now: "2026-03-11T14:05:00Z",
        ..at_10("50-auth-failures", "fail")
    };
    agrees_with_files(&refused.judge(&[]).unwrap().verdict, "api-gateway-iam-50-auth-failures", 11);
}

#[test]
fn supplement_search() {
    let healthy = Asked {
        scenario: "supplement-search",
        case: "10-healthy",
        phase: "10%",
        from: "2026-04-14T12:00:00Z",
        to: "2026-04-14T16:00:00Z",
        now: "2026-04-14T16:05:00Z",
        outcome: "pass",
    };
    if healthy.judge(&["--page-size", "20"]).is_none() {
        return;
    }
    let failing = Asked {
        case: "50-errors-critical",
        phase: "50%",
        from: "2026-04-15T12:00:00Z",
        to: "2026-04-15T16:00:00Z",
        now: "2026-04-15T16:05:00Z",
        outcome: "fail",
        ..healthy
    };
    let failing = failing.judge(&["--page-size", "20"]).unwrap();
    assert_eq!(findings(&failing.verdict)["critical_alarms == 0"], "fail");
}

#[test]
fn redis_migration() {
    let at_5 = |case, outcome| Asked {
        scenario: "redis-migration",
        case,
        phase: "5%",
        from: "2026-05-19T09:00:00Z",
        to: "2026-05-19T10:00:00Z",
        now: "2026-05-19T10:06:00Z",
        outcome,
    };
    let Some(healthy) = at_5("5-healthy", "pass").judge(&["--page-size", "5"]) else { return };
    agrees_with_files(&healthy.verdict, "redis-migration-5-healthy", 9);
    assert!(healthy.calls["GetMetricData"] >= 3, "no page was turned: {:?}", healthy.calls);
    let slow = at_5("5-redis-slow", "fail").judge(&["--page-size", "5"]).unwrap();
    agrees_with_files(&slow.verdict, "redis-migration-5-redis-slow", 9);
    let silent = at_5("5-silent", "inconclusive").judge(&["--page-size", "5"]).unwrap();
    agrees_with_files(&silent.verdict, "redis-migration-5-silent", 9);
}

#[test]
fn partial_results() {
    let healthy = Asked {
        scenario: "partial-results",
        case: "10-healthy",
        phase: "10%",
        from: "2026-06-02T06:00:00Z",
        to: "2026-06-02T18:00:00Z",
        now: "2026-06-02T18:15:00Z",
        outcome: "pass",
    };
    if healthy.judge(&["--page-size", "100"]).is_none() {
        return;
    }
    let failing = Asked { case: "50-fallbacks", phase: "50%", outcome: "fail", ..healthy };
    failing.judge(&["--page-size", "100"]).unwrap();
}
