//! Saved scrapes: the truth without any server, from one file and from a file for each scrape.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::truth::{START, Truth};

fn judged(folder: &Path, source: &str, metric: &str, criterion: &str) -> (i32, String) {
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
    let text = format!(
        "name: gate\nwindow: {{ from: \"{}\", to: \"{}\", step: 1m }}\n\
         arms: {{ baseline: {{ side: baseline }}, canary: {{ side: canary }} }}\n\
         sources: {{ saved: {{ prometheus: {{ {source}, select: {{ version: \"${{side}}\" }} }} }} }}\n\
         metrics:\n  m: {{ {metric} }}\ncriteria:\n  - {{ metric: m, {criterion} }}\n",
        at(START + 600),
        at(START + 5_100)
    );
    fs::write(folder.join("canary.yaml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
    let output = command.args(["judge", "canary.yaml", "--format", "json"]).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

const ERRORS: &str = "rate: { bad: 'http_requests_total{code=~\"5..\"}', total: http_requests_total, of: requests }";
const MARGIN: &str = "pass: \"<= baseline + 0.5pp\"";

/// What the report must say of the errors.
fn told(truth: &Truth) -> String {
    let all = |arm: &str| {
        let counts = truth.counts(arm, None, (START + 600, START + 5_100, 60));
        counts.values().fold((0, 0), |(total, bad), (more, worse)| (total + more, bad + worse))
    };
    let thousands = |number: u64| match number {
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    };
    let [baseline, canary] = ["baseline", "canary"].map(all);
    let of = |(total, bad): (u64, u64)| format!("{} of {}", thousands(bad), thousands(total));
    format!("{} against {} requests", of(canary), of(baseline))
}

#[test]
fn saved_scrapes_have_the_counts_that_a_server_has() {
    let truth = Truth::new(7);
    let folder = tempfile::tempdir().unwrap();
    let text = truth.openmetrics();
    fs::write(folder.path().join("scrapes.txt"), &text).unwrap();
    let (code, first) = judged(folder.path(), "scrapes: scrapes.txt", ERRORS, MARGIN);
    assert!([0, 10, 11].contains(&code), "{code} {first}");
    assert!(first.contains(&told(&truth)), "{}: {first}", told(&truth));
    let latency = "values: { histogram: latency_seconds, unit: s }";
    let (_, text_of) = judged(folder.path(), "scrapes: scrapes.txt", latency, "statistic: p95, pass: \"<= 2s\"");
    assert!(text_of.contains("more bucket edges between 1,000 ms and 2,500 ms would decide"), "{text_of}");
    let queue = "gauge: { query: queue_length, unit: requests }";
    let (code, text_of) = judged(folder.path(), "scrapes: scrapes.txt", queue, "pass: \"<= baseline + 10%\"");
    assert_eq!(code, 65, "several instances: {text_of}");
    let sum = "gauge: { query: 'sum(queue_length)', unit: requests }";
    let (code, text_of) = judged(folder.path(), "scrapes: scrapes.txt", sum, "pass: \"<= baseline + 10%\"");
    assert_eq!(code, 65, "{text_of}");
    assert!(text_of.contains("is an expression, which only a server computes"), "{text_of}");
}

#[test]
fn a_scrape_that_breaks_off_is_refused() {
    let truth = Truth::new(7);
    let folder = tempfile::tempdir().unwrap();
    let text = truth.openmetrics();
    // OpenMetrics may end without a line feed, and nothing else
    fs::write(folder.path().join("scrapes.txt"), format!("{text}# EOF")).unwrap();
    let (code, whole) = judged(folder.path(), "scrapes: scrapes.txt", ERRORS, MARGIN);
    assert!([0, 10, 11].contains(&code) && whole.contains(&told(&truth)), "{code} {whole}");
    fs::write(folder.path().join("scrapes.txt"), &text[..text.len() - 3]).unwrap();
    let (code, cut) = judged(folder.path(), "scrapes: scrapes.txt", ERRORS, MARGIN);
    assert_eq!(code, 65, "{cut}");
    let line = text.lines().count().to_string();
    let said = ["scrapes.txt", &line, "breaks off: its last line has no end", "Save the scrape again"];
    assert!(said.iter().all(|part| cut.contains(part)), "{cut}");
}

#[test]
fn a_folder_with_a_file_for_each_scrape_needs_the_times_of_its_files_or_of_its_lines() {
    let truth = Truth::new(7);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scrapes")).unwrap();
    let mut by_time: BTreeMap<i64, String> = BTreeMap::new();
    for line in truth.openmetrics().lines().filter(|line| !line.starts_with('#')) {
        let (sample, at) = line.rsplit_once(' ').unwrap();
        by_time.entry(at.parse().unwrap()).or_default().push_str(&format!("{sample}\n"));
    }
    for (at, text) in by_time {
        let path = folder.path().join(format!("scrapes/{at}.prom"));
        fs::write(&path, text).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at as u64);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    let (code, text) = judged(folder.path(), "scrapes: scrapes, times: file", ERRORS, MARGIN);
    assert!([0, 10, 11].contains(&code), "{code} {text}");
    assert!(text.contains(&told(&truth)), "{}: {text}", told(&truth));
    let (code, text) = judged(folder.path(), "scrapes: \"scrapes/*.prom\"", ERRORS, MARGIN);
    assert_eq!(code, 65, "{text}");
    assert!(text.contains("a sample without a time"), "{text}");
    let (code, text) = judged(folder.path(), "scrapes: \"absent/*\"", ERRORS, MARGIN);
    assert_eq!(code, 69, "{text}");
    fs::write(folder.path().join("page.html"), "<html>Sign in</html>\n").unwrap();
    let (code, text) = judged(folder.path(), "scrapes: page.html", ERRORS, MARGIN);
    assert_eq!(code, 65, "{text}");
    assert!(text.contains("cannot be read as a sample"), "{text}");
}
