//! Files that other programs saved: what a command line printed, a load generator's log and table, scrapes of a target. Two of
//! them are judged without a configuration, and whatever of them is cut, partial or ambiguous never passes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

struct Run {
    code: i32,
    verdict: Value,
    said: String,
}

impl Run {
    fn of(arguments: &[&Path]) -> Run {
        let mut davy = Command::cargo_bin("davy").unwrap();
        let output = davy.arg("judge").args(arguments).args(["--format", "json"]).output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            verdict: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The outcome of the criterion on a metric.
    fn outcome(&self, metric: &str) -> &str {
        let findings = self.verdict["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let finding = findings.iter().find(|finding| finding["metric"] == metric);
        finding.and_then(|finding| finding["outcome"].as_str()).unwrap_or("absent")
    }
}

/// Judges two contents under these names.
fn two(names: [&str; 2], baseline: &[u8], canary: &[u8]) -> Run {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let paths = names.map(|name| folder.path().join(name));
    fs::write(&paths[0], baseline).unwrap();
    fs::write(&paths[1], canary).unwrap();
    Run::of(&[&paths[0], &paths[1]])
}

/// Forty minutes of requests and errors of CloudWatch, from an hour on.
fn answer(hour: u64, errors: u64) -> String {
    let mut text = String::from("Messages: []\nMetricDataResults:\n");
    for (id, label, value) in [("m1", "requests", 1000), ("e1", "errors", errors)] {
        write!(text, "- Id: {id}\n  Label: {label}\n  StatusCode: Complete\n  Timestamps:\n").unwrap();
        (0..40).for_each(|minute| writeln!(text, "  - '2026-11-29T{hour}:{minute:02}:00+00:00'").unwrap());
        text.push_str("  Values:\n");
        (0..40).for_each(|_| writeln!(text, "  - {value}.0").unwrap());
    }
    text
}

#[test]
fn answers_in_yaml_are_data_and_no_configurations() {
    let names = ["old.yaml", "new.yaml"];
    let worse = two(names, answer(10, 4).as_bytes(), answer(12, 30).as_bytes());
    assert_eq!((worse.code, worse.outcome("errors")), (10, "fail"), "{}", worse.said);
    let same = two(names, answer(10, 4).as_bytes(), answer(12, 4).as_bytes());
    assert_eq!((same.code, same.outcome("errors")), (0, "pass"), "{}", same.said);
    let (whole, paged) = (answer(10, 4), format!("{}NextToken: abc\n", answer(12, 4)));
    let run = two(names, whole.as_bytes(), paged.as_bytes());
    assert_eq!(run.code, 65);
    assert!(run.said.contains("new.yaml: ends with a NextToken"), "{}", run.said);
    for lines in [3, 10, 46, 60, 90, 130] {
        let cut: String = whole.lines().take(lines).map(|line| format!("{line}\n")).collect();
        let run = two(names, whole.as_bytes(), cut.as_bytes());
        assert!(run.code != 0, "{lines}: {}", run.verdict);
    }
    let config = two(names, whole.as_bytes(), b"name: t\nsources: {}\n");
    assert!(config.said.contains("is a configuration"), "{}", config.said);
}

/// JMeter's table of a run with 8,000 samples.
fn table(errors: u32, p95: u32) -> String {
    let share = f64::from(errors) / 80.0;
    format!(
        "Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,Received KB/sec,Sent KB/sec\n\
         GET /p,8000,100,97,200,{p95},400,2,999,{share:.3}%,40.0,1.71,0.66\nTOTAL,8000,100,97,200,{p95},400,2,999,{share:.3}%,40.0,1.71,0.66\n"
    )
}

#[test]
fn a_table_of_jmeter_is_judged_by_its_counts_alone() {
    let names = ["old.csv", "new.csv"];
    let run = two(names, table(32, 300).as_bytes(), table(250, 301).as_bytes());
    assert_eq!((run.code, run.outcome("errors")), (10, "fail"), "{}", run.said);
    assert!(run.verdict["findings"].to_string().contains("250 of 8,000"), "{}", run.verdict["findings"]);
    let run = two(names, table(32, 300).as_bytes(), table(33, 900).as_bytes());
    assert_eq!((run.code, run.outcome("latency_p95")), (11, "inconclusive"), "{}", run.said);
    let rounded = table(32, 300).replace("8000", "596018");
    let run = two(names, table(32, 300).as_bytes(), rounded.as_bytes());
    assert_eq!(run.code, 65);
    assert!(run.said.contains("is rounded: from 2382 to 2387 errors among 596018 samples fit"), "{}", run.said);
}

/// A binary log of Gatling: a request each second, of which the first ones fail.
fn log(version: &str, start: i64, count: i32, failed: i32, took: i32) -> Vec<u8> {
    let mut out = vec![0];
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&(text.len() as i32).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
        if !text.is_empty() {
            out.push(0);
        }
    };
    text(&mut out, version);
    text(&mut out, "shop.Search");
    out.extend_from_slice(&start.to_be_bytes());
    text(&mut out, "");
    [0_i32, 0].iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
    for at in 0..count {
        out.extend_from_slice(&[1, 0, 0, 0, 0]);
        let cached = |out: &mut Vec<u8>, number: i32, of: &str| {
            let begun = if at == 0 { number } else { -number };
            out.extend_from_slice(&begun.to_be_bytes());
            if at == 0 {
                text(out, of);
            }
        };
        cached(&mut out, 1, "GET /p");
        let began = at * 1000;
        [began, began + took + at % 7].iter().for_each(|time| out.extend_from_slice(&time.to_be_bytes()));
        out.push(u8::from(at >= failed));
        cached(&mut out, 2, "");
    }
    out
}

#[test]
fn binary_logs_of_gatling_are_judged_and_what_is_cut_is_refused() {
    let names = ["old/simulation.log", "new/simulation.log"].map(|name| name.replace('/', "-"));
    let names = [names[0].as_str(), names[1].as_str()];
    let old = log("3.13.5", 1_795_946_400_000, 3000, 12, 100);
    let run = two(names, &old, &log("3.13.5", 1_795_960_800_000, 3000, 90, 300));
    assert_eq!((run.code, run.outcome("errors"), run.outcome("latency")), (10, "fail", "fail"), "{}", run.said);
    assert!(run.said.contains("a log of requests (gatling)"), "{}", run.said);
    let new = log("3.14.0", 1_795_960_800_000, 3000, 12, 100);
    let run = two(names, &old, &new[..new.len() - 5]);
    assert_eq!((run.code, &run.verdict), (65, &Value::Null));
    assert!(run.said.contains("record 3001: breaks off, so this log of Gatling is cut"), "{}", run.said);
    let run = two(names, &old, &log("4.0.0", 1_795_960_800_000, 3000, 12, 100));
    assert_eq!(run.code, 65);
    assert!(run.said.contains("is a binary log of Gatling 4.0.0, whose layout davy does not know"), "{}", run.said);
}

/// Forty scrapes, a minute apart.
fn scrapes(start: u64, p95: u64) -> String {
    let scrape = |minute: u64| {
        let (time, value) = (start + 60 * minute, p95 + minute % 5);
        format!("# TYPE latency_p95_ms gauge\nlatency_p95_ms{{service=\"shop\"}} {value}.5 {time}.000\n# EOF\n")
    };
    (0..40).map(scrape).collect()
}

#[test]
fn scrapes_with_times_are_judged_and_a_single_one_is_not() {
    let names = ["old.om", "new.om"];
    let old = scrapes(1_795_946_400, 100);
    let run = two(names, old.as_bytes(), scrapes(1_795_953_600, 300).as_bytes());
    assert_eq!((run.code, run.outcome("latency_p95")), (10, "fail"), "{}", run.said);
    let one: String = scrapes(1_795_953_600, 100).lines().take(3).map(|line| format!("{line}\n")).collect();
    let run = two(names, old.as_bytes(), one.as_bytes());
    assert_eq!(run.code, 65);
    assert!(run.said.contains("is a single scrape of metrics: one moment, which cannot be judged"), "{}", run.said);
    let cut = scrapes(1_795_953_600, 100).replacen("# EOF\n", "", 40)
        + "# EOF\nlatency_p95_ms{service=\"shop\"} 1 1795999999\n";
    let run = two(names, old.as_bytes(), cut.as_bytes());
    assert_eq!(run.code, 65);
    assert!(run.said.contains("does not end with `# EOF`"), "{}", run.said);
}
