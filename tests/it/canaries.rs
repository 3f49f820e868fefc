//! Several canaries beside one baseline: the table, the names, the errors, and how often a difference is shown that is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use davy::comparison::{self, LEVEL, Shown, Subject};
use davy::judge::rules::{Metric, Rules};
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use rand_distr::{Binomial, Distribution as _};
use rand_pcg::Pcg64;
use serde_json::Value;

use crate::world::root;

/// An hour of a system whose p95 and errors are as told.
fn hour(folder: &Path, name: &str, p95: f64, errors: usize) {
    let mut text = "time,requests,errors,p95_ms\n".to_owned();
    rows("", p95, errors).iter().for_each(|row| writeln!(text, "{row}").unwrap());
    std::fs::write(folder.join(name), text).unwrap();
}

fn rows(version: &str, p95: f64, errors: usize) -> Vec<String> {
    let row = |minute: usize| {
        let noise = [0.0, 7.0, -4.0, 3.0, -9.0][minute % 5];
        format!("2026-03-01T12:{minute:02}:00Z,{version}1000,{},{}", errors + minute % 3, p95 + noise)
    };
    (0..60).map(row).collect()
}

fn three() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    hour(folder.path(), "old.csv", 200.0, 20);
    hour(folder.path(), "two.csv", 250.0, 20);
    hour(folder.path(), "three.csv", 160.0, 62);
    folder
}

const SEVERAL: [&str; 5] = ["old.csv", "--canary", "v2=two.csv", "--canary", "v3=three.csv"];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut davy = Command::cargo_bin("davy").unwrap();
    davy.current_dir(folder).env_remove("COLUMNS").env("NO_COLOR", "1").arg("compare").args(arguments).output().unwrap()
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(folder, &[arguments, &["--format", "json"]].concat())).unwrap()
}

/// What is said when it cannot be done.
fn refused(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

fn row<'v>(document: &'v Value, metric: &str, statistic: &str) -> &'v Value {
    let metrics = document["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|own| own["metric"] == metric).unwrap();
    metric["numbers"].as_array().unwrap().iter().find(|own| own["statistic"] == statistic).unwrap()
}

fn ends(line: &Value) -> [f64; 2] {
    ["low", "high"].map(|end| line["effect"][end].as_f64().unwrap())
}

#[test]
fn a_table_has_a_row_for_each_number_and_a_column_for_each_canary() {
    let folder = three();
    let document = json(folder.path(), &SEVERAL);
    let schema = std::fs::read_to_string(root().join("fixtures/schema/comparison.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(document["joint_level"], 0.95);
    assert_eq!(
        (document["interval_level"].as_f64(), document["correction"].as_str()),
        (Some(0.975), Some("bonferroni"))
    );
    let p95 = row(&document, "latency_p95", "typical p95");
    let shown: Vec<&str> =
        p95["canaries"].as_array().unwrap().iter().map(|own| own["number"]["shown"].as_str().unwrap()).collect();
    assert_eq!(shown, ["worse", "better"]);
    assert!(p95["baseline"].is_number(), "both canaries stand beside the same baseline: {p95}");
    let errors = row(&document, "errors", "rate");
    assert_eq!(errors["canaries"][0]["number"]["shown"], "nothing");
    assert_eq!(errors["canaries"][1]["number"]["shown"], "worse");
    assert_eq!(document["canaries"][1]["comparison"]["health"], "unhealthy");
    let said = text(folder.path(), &SEVERAL);
    let heading = said.lines().find(|line| line.trim_start().starts_with("metric")).unwrap();
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["metric", "baseline", "v2", "v3"], "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("hold together for all canaries with 95 %: each of the 2 by itself is one of 97.5 %"),
        "{said}"
    );
    assert!(flat.contains("v3: p95 20.1 % lower (159 against 199 ms), 3 times as many errors"), "{said}");
    let markdown = text(folder.path(), &[&SEVERAL[..], &["--format", "markdown"]].concat());
    assert!(markdown.contains("| metric | baseline | v2 | v3 |"), "{markdown}");
    let page = text(folder.path(), &[&SEVERAL[..], &["--format", "html"]].concat());
    for said in [">v2<", ">v3<", "latency_p95, typical p95, v3", "v2 beside the baseline"] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("<script") && page.matches("id=\"main\"").count() == 1);
}

#[test]
fn a_spreadsheet_has_the_columns_of_one_canary_and_its_name() {
    let folder = three();
    let one = text(folder.path(), &["old.csv", "two.csv", "--format", "csv"]);
    let several = text(folder.path(), &[&SEVERAL[..], &["--format", "csv"]].concat());
    assert_eq!(several.lines().next().unwrap(), format!("{},canary_name", one.lines().next().unwrap()));
    let (lines, of) = (several.lines().count() - 1, |name: &str| several.lines().filter(|l| l.ends_with(name)).count());
    assert_eq!((of(",v2"), of(",v3")), (lines / 2, lines / 2));
    assert_eq!(of(",v2"), one.lines().count() - 1);
}

#[test]
fn intervals_are_as_much_wider_as_they_must_be() {
    let folder = three();
    let document = json(folder.path(), &SEVERAL);
    let alone = json(folder.path(), &["old.csv", "two.csv"]);
    let single = row(&alone, "errors", "rate");
    let joint = &row(&document, "errors", "rate")["canaries"][0]["number"];
    assert_eq!(joint["estimate"], single["estimate"]);
    let ([low, high], [lowest, highest]) = (ends(single), ends(joint));
    // 2.241 against 1.960 standard errors
    let wider = (highest - lowest) / (high - low);
    assert!(lowest < low && high < highest && (1.10..1.20).contains(&wider), "{wider}");
}

#[test]
fn one_canary_stays_as_it_was() {
    let folder = three();
    for format in ["text", "markdown", "json", "html", "csv"] {
        let before = text(folder.path(), &["old.csv", "two.csv", "--format", format]);
        for arguments in [
            &["old.csv", "--canary", "v2=two.csv"][..],
            &["old.csv", "--canary", "two.csv"],
            &["--baseline", "old.csv", "--canary", "two.csv"],
            &["--baseline", "old.csv", "--canary", "v2=two.csv"],
        ] {
            assert!(
                text(folder.path(), &[arguments, &["--format", format]].concat()) == before,
                "{arguments:?} {format}"
            );
        }
    }
}

#[test]
fn values_of_a_column_are_canaries_too() {
    let folder = three();
    let mut all = "time,version,requests,errors,p95_ms\n".to_owned();
    for (version, p95, errors) in [("41,", 200.0, 20), ("v2,", 250.0, 20), ("v3,", 160.0, 62)] {
        rows(version, p95, errors).iter().for_each(|row| writeln!(all, "{row}").unwrap());
    }
    std::fs::write(folder.path().join("all.csv"), all).unwrap();
    let of_column = json(folder.path(), &["--data", "all.csv", "--arm", "version=41,v2,v3"]);
    let of_files = json(folder.path(), &SEVERAL);
    assert_eq!(of_column["metrics"], of_files["metrics"]);
    let said = refused(folder.path(), &["--data", "all.csv", "--arm", "version=41,v2,v9"], 2);
    assert!(said.contains("canary v9: ") && said.contains("It has 41, v2, v3"), "{said}");
    let said = refused(folder.path(), &["--data", "all.csv", "--arm", "version=41,v2,41"], 2);
    assert!(said.contains("\"41\" is the baseline and a canary"), "{said}");
    let said = refused(folder.path(), &["--data", "all.csv", "--arm", "version=41,v2,"], 2);
    assert!(said.contains("a canary has an empty name"), "{said}");
}

#[test]
fn a_canary_that_cannot_be_compared_is_named() {
    let folder = three();
    let gone = refused(folder.path(), &["old.csv", "--canary", "v2=two.csv", "--canary", "v9=gone.csv"], 69);
    assert!(gone.contains("canary v9: ") && gone.contains("gone.csv"), "{gone}");
    std::fs::write(folder.path().join("broken.csv"), "time,requests,errors,p95_ms\nnever,1,2,3\n").unwrap();
    let broken = refused(folder.path(), &["old.csv", "--canary", "v2=two.csv", "--canary", "v8=broken.csv"], 65);
    assert!(broken.contains("canary v8: ") && broken.contains("broken.csv"), "{broken}");
}

#[test]
fn names_are_there_and_tell_canaries_apart() {
    let folder = three();
    let cases: [(&[&str], &str); 8] = [
        (&["old.csv", "--canary", "v2=two.csv", "--canary", "v2=three.csv"], "two canaries are called v2"),
        (&["old.csv", "--canary", "baseline=two.csv", "--canary", "v2=three.csv"], "a canary is called `baseline`"),
        (&["old.csv", "--canary", "=two.csv", "--canary", "v2=three.csv"], "a canary has an empty name"),
        (&["old.csv", "--canary", "two.csv", "--canary", "v3=three.csv"], "--canary NAME=two.csv"),
        (&["-", "--canary", "v2=two.csv", "--canary", "v3=three.csv"], "- can be read once"),
        (&["old.csv", "two.csv", "--canary", "v3=three.csv"], "stands beside two files"),
        (&["--canary", "v2=two.csv"], "has no baseline beside it"),
        (
            &["old.csv", "--canary", "v2=two.csv", "--canary", "v3=three.csv", "--record", "kept"],
            "a recording holds one canary",
        ),
    ];
    for (arguments, expected) in cases {
        let said = refused(folder.path(), arguments, 2);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let judged = Command::cargo_bin("davy").unwrap();
    let mut judged = judged;
    let judged = judged.current_dir(folder.path()).args(["judge", "--baseline"]).args(SEVERAL).output().unwrap();
    let said = String::from_utf8(judged.stderr).unwrap();
    assert!(judged.status.code() == Some(2) && said.contains("`davy compare BASELINE --canary v2=FILE"), "{said}");
}

#[test]
fn each_picture_of_each_canary_is_a_file() {
    let folder = three();
    text(folder.path(), &[&SEVERAL[..], &["--report", "svg=slides"]].concat());
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("slides"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "changes.svg",
            "v2-over-time-errors.svg",
            "v2-over-time-latency_p95.svg",
            "v3-over-time-errors.svg",
            "v3-over-time-latency_p95.svg"
        ]
    );
}

/// Five canaries that are all as their baseline, an hour each.
fn alike(seed: u64) -> Vec<Dataset> {
    let mut dice = Pcg64::new(u128::from(seed), 0x0a02_bdbf_7bb3_c0a7_ac28_fa16_a64a_bf96);
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let time: Vec<Timestamp> = (0..60).map(|minute| start + SignedDuration::from_mins(minute)).collect();
    let chance = Binomial::new(1000, 0.02).unwrap();
    let mut arm = || {
        let bad = time.iter().map(|_| chance.sample(&mut dice)).collect();
        Series::Counts { time: time.clone(), total: vec![1000; 60], bad }
    };
    let window = Window { start, end: start + SignedDuration::from_mins(60) };
    let baseline = arm();
    let pair = |canary| BTreeMap::from([("errors".to_owned(), Pair { baseline: baseline.clone(), canary })]);
    (0..5)
        .map(|_| {
            let metrics = pair(arm());
            let windows = Pair { baseline: window, canary: window };
            Dataset { metrics, ..Dataset::new(windows, SignedDuration::from_mins(1)) }
        })
        .collect()
}

/// Whether any of the canaries is marked, if each has this confidence.
fn marked(canaries: &[Dataset], level: f64) -> bool {
    let rules = Rules::new("alike").metric("errors", Metric::bad_share("requests"));
    canaries.iter().any(|data| {
        let subject = Subject { rules: &rules, metrics: &rules.metrics, cost: None, data, level };
        let compared = comparison::compare(&subject);
        compared.metrics.iter().any(|metric| metric.lines.iter().any(|line| line.shown != Shown::Nothing))
    })
}

#[test]
fn five_healthy_canaries_are_marked_as_seldom_as_one() {
    let soaks: Vec<Vec<Dataset>> = (0..400).map(alike).collect();
    let share = |level: f64| soaks.iter().filter(|soak| marked(soak, level)).count() as f64 / soaks.len() as f64;
    let (together, apart) = (share(comparison::together(LEVEL, 5)), share(LEVEL));
    println!("{together} together, {apart} apart");
    // 5 % with three standard errors; each by itself is marked more often
    assert!(together <= 0.05 + 3.0 * (0.05_f64 * 0.95 / soaks.len() as f64).sqrt(), "{together}");
    assert!(together < apart, "{together} together, {apart} apart");
}
