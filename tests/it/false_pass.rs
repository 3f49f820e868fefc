//! The gate that passed although it should not have: the commonest complaint about canary tools, class by class.
//!
//! Each test breaks an experiment the way people report it, runs the real binary on files, and expects anything but
//! exit code 0, with the reason that a pipeline can read.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const HEAD: &str = "ts,requests,errors,p95,fallbacks,sessions\n";

/// A folder with an hour of both arms by minute, and the rules to judge them by.
struct Bench(TempDir);

/// One minute of one arm; `None` leaves the whole row out.
type Row = Option<[String; 5]>;

fn row(requests: u64, errors: u64, p95: f64, fallbacks: u64) -> Row {
    Some([requests.to_string(), errors.to_string(), p95.to_string(), fallbacks.to_string(), requests.to_string()])
}

fn healthy(minute: usize) -> Row {
    row(1000, (minute % 3) as u64, 80.0 + (minute * 7 % 11) as f64, 0)
}

/// A healthy minute with one cell as written.
fn with(minute: usize, column: usize, cell: &str) -> Row {
    let mut cells = healthy(minute)?;
    cells[column] = cell.to_owned();
    Some(cells)
}

fn file(minutes: usize, rows: impl Fn(usize) -> Row) -> String {
    let line = |minute: usize| {
        let cells = rows(minute)?;
        Some(format!("2026-03-01T12:{minute:02}:00Z,{}\n", cells.join(",")))
    };
    HEAD.to_owned() + &(0..minutes).filter_map(line).collect::<String>()
}

const METRICS: &str = r#"
name: checkout
window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }
sources:
  files: { file: { path: "${arm}.csv" } }
metrics:
  errors: { source: files, rate: { bad: errors, total: requests } }
  latency_p95: { source: files, gauge: { value: p95, unit: ms, quantile: p95, requests: requests } }
  fallbacks: { source: files, events: { count: fallbacks } }
  per_session: { source: files, events: { count: fallbacks, exposure: sessions, per: session } }
"#;

/// One rule of each kind, each of which a healthy canary meets.
const RULES: [&str; 10] = [
    r#"{ metric: errors, pass: "<= 1%", severity: critical }"#,
    r#"{ metric: errors, pass: "<= baseline + max(50%, 0.5pp)" }"#,
    r#"{ metric: errors, pass: "<= 2%", rule: observed }"#,
    r#"{ metric: errors, pass: "<= 2%", periods: 2 of 2 }"#,
    r#"{ metric: latency_p95, pass: "<= 200ms" }"#,
    r#"{ metric: latency_p95, pass: "<= baseline + 25%" }"#,
    r#"{ metric: latency_p95, statistic: max, pass: "<= 500ms" }"#,
    r#"{ metric: fallbacks, pass: "== 0" }"#,
    r#"{ metric: latency_p95, statistic: trend, pass: "<= baseline + 20%/h" }"#,
    r#"{ metric: errors, steps_beyond: "> 2%", pass: "<= 40%" }"#,
];

impl Bench {
    fn new(rules: &[&str], baseline: &str, canary: &str) -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        bench.write("baseline.csv", baseline);
        bench.write("canary.csv", canary);
        bench.configure(METRICS, rules, "");
        bench
    }

    fn configure(&self, metrics: &str, rules: &[&str], more: &str) {
        let rules: String = rules.iter().map(|rule| format!("  - {rule}\n")).collect();
        self.write("canary.yaml", &format!("{metrics}criteria:\n{rules}{more}"));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::cargo_bin("davy").unwrap().current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    /// The exit code and the verdict.
    fn judge(&self, more: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["judge", "--format", "json"], more].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let verdict = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
        (output.status.code().unwrap(), verdict)
    }

    /// Expects that there is no verdict at all: the exit code, and each part of the message.
    fn refuses(&self, exit: i32, parts: &[&str]) {
        let output = self.run(&["judge"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{}{message}", String::from_utf8_lossy(&output.stdout));
        assert!(output.stdout.is_empty());
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

fn reasons(verdict: &Value) -> Vec<(&str, &str)> {
    let findings = verdict["findings"].as_array().unwrap().iter();
    findings.map(|f| (f["outcome"].as_str().unwrap(), f["reason"].as_str().unwrap())).collect()
}

/// Every rule by itself, so that none hides behind another: exit code 11 and one of the reasons.
fn each_is_inconclusive(rules: &[&str], baseline: &str, canary: &str, wanted: &[&str]) {
    for rule in rules {
        let (exit, verdict) = Bench::new(&[rule], baseline, canary).judge(&[]);
        let found = reasons(&verdict);
        assert_eq!(exit, 11, "{rule}: {}", verdict["summary"]);
        assert!(found.iter().all(|(o, r)| *o == "inconclusive" && wanted.contains(r)), "{rule}: {found:?}");
    }
}

fn whole() -> String {
    file(60, healthy)
}

#[test]
fn the_experiment_that_is_broken_below_passes_when_it_is_not() {
    for rule in RULES {
        let (exit, verdict) = Bench::new(&[rule], &whole(), &whole().replace(":00Z,1000,0", ":00Z,1001,0")).judge(&[]);
        assert_eq!(exit, 0, "{rule}: {}", verdict["summary"]);
    }
}

/// Class 1: every measurement failed, so nothing was measured; and a metric that never ran.
#[test]
fn nothing_measured_is_no_pass() {
    each_is_inconclusive(&RULES, &whole(), HEAD, &["no_data"]);
    let (exit, verdict) = Bench::new(&RULES, &whole(), HEAD).judge(&["--fail-on-warn"]);
    assert_eq!((exit, verdict["recommendation"]["action"].as_str()), (11, Some("hold")), "{verdict:#}");
}

/// Class 1: every cell says that there is no number.
#[test]
fn cells_without_numbers_are_no_pass() {
    for gap in ["", "NaN", "null", "-", "N/A"] {
        let canary = file(60, |i| healthy(i).map(|cells| cells.map(|_| gap.to_owned())));
        each_is_inconclusive(&RULES, &whole(), &canary, &["no_data"]);
    }
}

/// Class 1: one metric of several was never measured, the others are healthy.
#[test]
fn one_unmeasured_metric_is_heard_among_healthy_ones() {
    let canary = file(60, |i| with(i, 2, ""));
    let (exit, verdict) = Bench::new(&RULES, &whole(), &canary).judge(&[]);
    let found = reasons(&verdict);
    assert_eq!(exit, 11, "{}", verdict["summary"]);
    assert_eq!(found.iter().filter(|(outcome, _)| *outcome == "pass").count(), 6, "{found:?}");
    assert_eq!(found.iter().filter(|(_, reason)| *reason == "no_data").count(), 4, "{found:?}");
    // Nor does a score that the others earn pass what is critical.
    let bench = Bench::new(&[], &whole(), &file(60, |i| with(i, 0, "")));
    bench.configure(METRICS, &[RULES[0], RULES[4], RULES[7]], "policy: { score: { pass: 50, marginal: 20 } }\n");
    let (exit, verdict) = bench.judge(&[]);
    assert_eq!(exit, 11, "{}", verdict["summary"]);
    // And a score of nothing is not enough, however little is asked for.
    let bench = Bench::new(&[], &whole(), HEAD);
    bench.configure(METRICS, &[RULES[1], RULES[4]], "policy: { score: { pass: 0, marginal: 0 } }\n");
    assert_eq!(bench.judge(&[]).0, 11);
}

/// Class 1: a metric, column or file that does not exist.
#[test]
fn unknown_names_are_errors() {
    let bench = Bench::new(&[r#"{ metric: erors, pass: "<= 1%" }"#], &whole(), &whole());
    bench.refuses(78, &["erors", "errors"]);
    let bench = Bench::new(&RULES, &whole(), &whole());
    bench.configure(&METRICS.replace("bad: errors", "bad: failures"), &RULES[..1], "");
    bench.refuses(65, &["failures"]);
    bench.configure(&METRICS.replace("${arm}.csv", "${arm}s.csv"), &RULES[..1], "");
    bench.refuses(69, &["baselines.csv"]);
    bench.configure(METRICS, &[], "");
    let output = bench.run(&["judge"]);
    assert_ne!(output.status.code(), Some(0), "no criterion at all");
}

/// Class 1: traffic stops during the soak. Either the rows end, or they go on without requests.
#[test]
fn traffic_that_stops_is_no_pass() {
    for stopped in [10, 35, 45] {
        let ended = file(stopped, healthy);
        each_is_inconclusive(&RULES, &whole(), &ended, &["canary_silent", "low_coverage"]);
        each_is_inconclusive(&RULES[..1], HEAD, &ended, &["canary_silent", "low_coverage"]);
        let idle = file(60, |i| if i < stopped { healthy(i) } else { row(0, 0, 80.0, 0) });
        each_is_inconclusive(&RULES[..4], &whole(), &idle, &["canary_silent", "low_coverage"]);
        // Without a baseline to compare with, its own past says that there should be traffic.
        each_is_inconclusive(&[RULES[0], RULES[2], RULES[3]], HEAD, &idle, &["canary_silent", "low_coverage"]);
    }
    let bench = Bench::new(&[], &whole(), &file(35, healthy));
    bench.configure(METRICS, &RULES, "policy: { silent: fail }\n");
    assert_eq!(bench.judge(&[]).0, 10);
}

/// Class 2: empty, zero and no traffic are three things, and which is which is said per metric.
/// What nobody sends any more is no delay, however little of the hour is missing.
#[test]
fn a_canary_that_stops_reporting_before_the_end_is_no_pass() {
    for last in [47, 50, 54] {
        let ended = file(60, |minute| healthy(minute).filter(|_| minute <= last));
        each_is_inconclusive(&RULES, &whole(), &ended, &["canary_silent"]);
    }
}

#[test]
fn empty_is_zero_only_where_that_is_said() {
    let blank = file(60, |i| with(i, 1, ""));
    each_is_inconclusive(&RULES[..4], &whole(), &blank, &["no_data"]);
    let zero = METRICS.replace("total: requests }", "total: requests, missing: zero }");
    assert_ne!(zero, METRICS);
    let bench = Bench::new(&[], &whole(), &blank);
    bench.configure(&zero, &RULES[..4], "");
    assert_eq!(bench.judge(&[]).0, 0, "an error counter that is not written while there are no errors");
    // Even then nothing is made of an arm that has no rows, or no requests.
    let empties = [
        HEAD.to_owned(),
        file(60, |_| row(0, 0, 80.0, 0)),
        file(60, |i| {
            with(i, 0, "").map(|mut c| {
                c[1].clear();
                c
            })
        }),
    ];
    for nothing in empties {
        for rule in &RULES[..4] {
            let bench = Bench::new(&[], &whole(), &nothing);
            bench.configure(&zero, &[rule], "");
            let (exit, verdict) = bench.judge(&[]);
            assert_eq!(exit, 11, "{rule}: {}", verdict["summary"]);
        }
    }
}

/// Class 2: no occurrence among no sessions.
#[test]
fn nothing_happened_where_nobody_was() {
    let nobody = file(60, |_| row(0, 0, 80.0, 0));
    let rules = [
        r#"{ metric: per_session, pass: "== 0" }"#,
        r#"{ metric: per_session, pass: "<= 1/session" }"#,
        r#"{ metric: per_session, pass: "<= baseline + 50%" }"#,
    ];
    each_is_inconclusive(&rules, &whole(), &nobody, &["too_few", "canary_silent", "undecided"]);
}

/// Class 2: a variable that is not set does not become an empty selector that matches nothing, or everything.
#[test]
fn an_unresolved_variable_is_an_error() {
    let bench = Bench::new(&RULES, &whole(), &whole());
    bench.configure(&METRICS.replace("${arm}.csv", "${version}/${arm}.csv"), &RULES, "");
    bench.refuses(78, &["version"]);
}

/// Class 4: little traffic neither fails nor passes.
#[test]
fn little_traffic_is_no_pass_and_no_fail() {
    let quiet = |errors: u64| file(60, move |i| row(1, if i == 30 { errors } else { 0 }, 80.0, 0));
    for errors in [0, 1] {
        each_is_inconclusive(&RULES[..2], &file(60, |_| row(1, 0, 80.0, 0)), &quiet(errors), &["undecided"]);
    }
    let (_, verdict) = Bench::new(&RULES[..1], &whole(), &quiet(0)).judge(&[]);
    let decide = verdict["findings"][0]["decide"].as_str().unwrap();
    assert!(decide.contains("too little data"), "{decide}");
    let (_, verdict) = Bench::new(&RULES[..1], &whole(), &file(60, |_| row(4, 0, 80.0, 0))).judge(&[]);
    let decide = verdict["findings"][0]["decide"].as_str().unwrap();
    assert!(decide.starts_with("needs about ") && decide.contains(" canary requests with none bad"), "{decide}");
}

/// Class 9: the query answers with gaps, because its period is too fine or it was asked too early.
#[test]
fn gaps_are_no_pass() {
    // One step in three was measured.
    let sparse = file(60, |i| healthy(i).filter(|_| i % 3 == 0));
    each_is_inconclusive(&RULES, &whole(), &sparse, &["canary_silent", "low_coverage"]);
    each_is_inconclusive(&RULES, &sparse, &sparse, &["low_coverage"]);
    // An alarm on two consecutive periods, of which every other one is missing, looks at those that were measured; of which
    // one in five was measured, it could never go off.
    let slow = |every: usize| file(60, |i| with(i, 2, "900").filter(|_| i % every == 0));
    let alarm = r#"{ metric: latency_p95, pass: "<= 200ms", periods: 2 of 2 }"#;
    let (exit, verdict) = Bench::new(&[alarm], &slow(2), &slow(2)).judge(&[]);
    assert_eq!((exit, reasons(&verdict)), (10, vec![("fail", "beyond_bound")]));
    each_is_inconclusive(&[alarm], &slow(5), &slow(5), &["low_coverage"]);
    each_is_inconclusive(
        &[r#"{ metric: latency_p95, pass: "<= 200ms", periods: 90 of 90 }"#],
        &whole(),
        &whole(),
        &["low_coverage"],
    );
    each_is_inconclusive(
        &[r#"{ metric: fallbacks, pass: "<= 10 / 2h", periods: 1 of 1 }"#],
        &whole(),
        &whole(),
        &["too_few"],
    );
}

/// Class 11: the canary compared with itself.
#[test]
fn the_same_rows_on_both_sides_are_an_error() {
    let bench = Bench::new(&RULES, &whole(), &whole());
    bench.configure(&METRICS.replace("${arm}.csv", "canary.csv"), &RULES, "");
    bench.refuses(65, &["the same rows with themselves"]);
}

/// Class 14: many healthy criteria do not outvote a sick one.
#[test]
fn one_failure_among_many_passes_fails() {
    let sick = file(60, |i| with(i, 3, if i == 17 { "1" } else { "0" }));
    let (exit, verdict) = Bench::new(&RULES, &whole(), &sick).judge(&[]);
    let found = reasons(&verdict);
    // all else passes, or would if both arms were not the same rows
    let fine = found.iter().filter(|(outcome, _)| matches!(*outcome, "pass" | "warn")).count();
    assert_eq!((exit, fine), (10, 9), "{found:?}");
}

/// Class 21: no baseline yet. Margins have no answer; thresholds still apply.
#[test]
fn without_a_baseline_margins_have_no_answer() {
    each_is_inconclusive(&[RULES[1], RULES[5]], HEAD, &whole(), &["no_baseline"]);
    let (exit, verdict) = Bench::new(&[RULES[0], RULES[1]], HEAD, &whole()).judge(&[]);
    assert_eq!((exit, reasons(&verdict)), (11, vec![("pass", "within_bound"), ("inconclusive", "no_baseline")]));
    let sick = file(60, |i| with(i, 1, "100"));
    assert_eq!(Bench::new(&[RULES[0], RULES[1]], HEAD, &sick).judge(&[]).0, 10);
    // A baseline that is there but idle is none.
    let idle = file(60, |_| row(0, 0, 80.0, 0));
    let observed = r#"{ metric: errors, pass: "<= baseline + 1pp", rule: observed }"#;
    each_is_inconclusive(&[RULES[1], observed], &idle, &whole(), &["no_baseline", "too_few", "undecided"]);
}

/// Class 22: the split is not the configured one; compared with the configuration, and only where it matters.
#[test]
fn a_wrong_split_is_told_and_a_right_one_does_not_cry_wolf() {
    let split = |more: &str, requests: u64| {
        let canary = file(60, |i| row(requests + (i % 5) as u64, 0, 80.0, 0));
        let bench = Bench::new(&[], &whole(), &canary);
        bench.configure(&format!("{METRICS}traffic: {{ canary: 5%{more} }}\n"), &RULES[..1], "");
        let (exit, verdict) = bench.judge(&["--fail-on-warn"]);
        let findings = verdict["findings"].as_array().unwrap().clone();
        (exit, findings.last().unwrap()["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(split("", 51), (0, "share_as_expected".into()));
    assert_eq!(split("", 150), (12, "share_mismatch".into()));
    assert_eq!(split(", on_mismatch: fail", 150), (10, "share_mismatch".into()));
    // A score does not outvote it.
    let bench = Bench::new(&[], &whole(), &whole());
    let metrics = format!("{METRICS}traffic: {{ canary: 5%, on_mismatch: fail }}\n");
    bench.configure(&metrics, &RULES[..1], "policy: { score: { pass: 50, marginal: 20 } }\n");
    assert_eq!(bench.judge(&[]).0, 10);
}

/// Class 25: inconclusive, then promoted.
#[test]
fn inconclusive_never_promotes_unless_that_was_asked_for() {
    let open = file(60, |i| with(i, 1, if i % 3 == 0 { "9" } else { "10" }));
    let bench = Bench::new(&RULES[..1], &whole(), &open);
    let (exit, verdict) = bench.judge(&[]);
    assert_eq!((exit, verdict["outcome"].as_str()), (11, Some("inconclusive")), "{}", verdict["summary"]);
    assert_eq!(verdict["recommendation"]["action"].as_str(), Some("hold"), "{}", verdict["recommendation"]);
    assert_eq!(bench.judge(&["--on-inconclusive", "fail"]).0, 10);
    // What is asked for is the exit code alone; the verdict stays what it is.
    let (exit, verdict) = bench.judge(&["--on-inconclusive", "pass"]);
    assert_eq!((exit, verdict["outcome"].as_str()), (0, Some("inconclusive")));
    // Too early is no Pass either.
    let bench = Bench::new(&[], &whole(), &whole());
    bench.configure(METRICS, &RULES, "policy: { min_soak: 2h }\n");
    let (exit, verdict) = bench.judge(&[]);
    assert_eq!(exit, 11, "{}", verdict["summary"]);
    assert!(reasons(&verdict).iter().all(|(_, reason)| *reason == "soak_too_short"));
}

/// Class 28: not being able to look is not a bad canary, and not a good one.
#[test]
fn what_could_not_be_read_is_no_verdict() {
    let bench = Bench::new(&RULES, &whole(), &whole());
    fs::remove_file(bench.path("canary.csv")).unwrap();
    bench.refuses(69, &["canary.csv"]);
    fs::create_dir(bench.path("canary.csv")).unwrap();
    bench.refuses(69, &["canary.csv"]);
    fs::remove_dir(bench.path("canary.csv")).unwrap();
    for (text, part) in
        [("", "canary.csv"), ("<html>502 Bad Gateway</html>", "canary.csv"), ("{\"error\":", "canary.csv")]
    {
        bench.write("canary.csv", text);
        bench.refuses(65, &[part]);
    }
    bench.write("canary.csv", &file(60, |i| with(i, 1, "2000")));
    bench.refuses(65, &["errors", "2000", "1000"]);
}

/// A use that could not be measured is written as -1 by many exporters. Fewer than none is no improvement.
#[test]
fn nothing_is_used_less_than_not_at_all() {
    let rows = |value: &str| "ts,cpu_percent\n".to_owned() + &file_of(value);
    let criterion = r#"{ metric: cpu, pass: "<= baseline + 5pp" }"#;
    let metrics = "name: checkout\nsources: { files: { file: { path: \"${arm}.csv\" } } }\n\
                   metrics: { cpu: { source: files, gauge: { value: cpu_percent, unit: \"%\" } } }\n";
    let bench = Bench::new(&[], &rows("8.5"), &rows("-1"));
    bench.configure(metrics, &[criterion], "");
    bench.refuses(65, &["canary.csv", "line 2", "cpu_percent", "-1"]);
    assert_eq!(bench.run(&["judge", "--baseline", "baseline.csv", "--canary", "canary.csv"]).status.code(), Some(65));
}

fn file_of(value: &str) -> String {
    (0..60).map(|minute| format!("2026-03-01T12:{minute:02}:00Z,{value}\n")).collect()
}
