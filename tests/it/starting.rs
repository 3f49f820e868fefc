//! Logs of requests without a configuration: what is recognised, what is judged, and what is asked of who gave them.

use std::fs;
use std::io::Write;

use assert_cmd::Command;
use davy::config::{self, Surveyed};
use davy::source::requests::Format;
use davy::source::requests::survey::{Telling, survey};
use tempfile::TempDir;

struct Run {
    code: i32,
    out: String,
    told: String,
}

fn davy(folder: &TempDir, arguments: &[&str]) -> Run {
    let mut davy = Command::cargo_bin("davy").unwrap();
    let output = davy.current_dir(folder.path()).env_remove("COLUMNS").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), told: text(output.stderr) }
}

/// An hour of a service at `start` (seconds since 1970): time, status and milliseconds of each request.
fn hour(start: u64, ms: u64, bad: u64) -> impl Iterator<Item = (u64, u32, u64)> {
    (0..6_000u64).map(move |i| {
        // as uneven as requests are, and the same every time
        let uneven = i.wrapping_mul(2_654_435_761) >> 7;
        let status = if i * 389 % 1_000 < bad { 503 } else { 200 };
        (start + i * 3_600 / 6_000, status, ms + uneven % ms)
    })
}

fn combined(start: u64, ms: u64, bad: u64) -> String {
    let line = |(at, status, ms): (u64, u32, u64)| {
        let (minute, second) = (at / 60 % 60, at % 60);
        let time = format!("21/Nov/2026:{:02}:{minute:02}:{second:02} +0000", at / 3_600 % 24);
        let (whole, ms) = (ms / 1_000, ms % 1_000);
        format!("192.0.2.1 - - [{time}] \"GET /a HTTP/1.1\" {status} 512 \"-\" \"test\" {whole}.{ms:03}\n")
    };
    hour(start, ms, bad).map(line).collect()
}

fn csv(rows: impl Iterator<Item = (u64, u32, u64)>, version: &str) -> String {
    rows.map(|(at, status, ms)| format!("{at},{version},{status},{ms}\n")).collect()
}

const NOON: u64 = 1_795_262_400;

#[test]
fn two_logs_are_judged_as_their_format_says() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("old.log"), combined(NOON, 100, 30)).unwrap();
    fs::write(folder.path().join("new.log"), combined(NOON, 160, 29)).unwrap();
    let judged = davy(&folder, &["judge", "--baseline", "old.log", "--canary", "new.log"]);
    assert_eq!(judged.code, 10, "{}{}", judged.out, judged.told);
    for told in
        ["new.log: a log of requests (combined)", "status of 500 and more -> rate `errors`", "request_time in s"]
    {
        assert!(judged.told.contains(told), "{}", judged.told);
    }
    let rows = |of: &str| judged.out.lines().filter(|line| line.starts_with(of) && line.contains('[')).count();
    assert_eq!((rows("FAIL  latency"), rows("PASS  errors")), (3, 1), "{}", judged.out);

    let init = davy(&folder, &["init", "--baseline", "old.log", "--canary", "new.log", "-o", "canary.yaml"]);
    assert_eq!(init.code, 0, "{}", init.told);
    let both = [["judge", "canary.yaml"].to_vec(), ["judge", "--baseline", "old.log", "--canary", "new.log"].to_vec()];
    let [with, without] = both.map(|arguments| davy(&folder, &[&arguments[..], &["--format", "json"]].concat()).out);
    assert_eq!(with, without);
}

#[test]
fn an_access_log_is_judged_path_by_path() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("old.log"), combined(NOON, 100, 30)).unwrap();
    fs::write(folder.path().join("new.log"), combined(NOON, 160, 29)).unwrap();
    let by = |column: &str| davy(&folder, &["judge", "old.log", "new.log", "--by", column]);
    let help = davy(&folder, &["judge", "--help"]);
    assert!(help.out.contains("davy judge old.log.gz new.log.gz --by path "), "{}", help.out);
    let judged = by("path");
    assert_eq!(judged.code, 10, "{}{}", judged.out, judged.told);
    assert!(judged.out.contains("[/a]"), "{}", judged.out);
    let other = by("route");
    assert_eq!((other.code, other.told.matches("remote_addr").count()), (65, 1), "{}", other.told);
}

#[test]
fn logs_of_different_times_are_compared_step_by_step() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("old.log"), combined(NOON, 100, 30)).unwrap();
    fs::write(folder.path().join("new.log"), combined(NOON + 7_200, 100, 30)).unwrap();
    let judged = davy(&folder, &["judge", "--baseline", "old.log", "--canary", "new.log", "--details"]);
    assert_eq!(judged.code, 0, "{}{}", judged.out, judged.told);
    assert!(judged.out.contains("the baseline is another window, 2 h earlier"), "{}", judged.out);
}

#[test]
fn one_log_says_by_a_column_whose_a_request_was() {
    let folder = TempDir::new().unwrap();
    let rows = |names: [&str; 2]| csv(hour(NOON, 100, 30), names[0]) + &csv(hour(NOON, 100, 30), names[1]);
    let text = |column: &str, names: [&str; 2]| format!("time,{column},status,took_ms\n{}", rows(names));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // the head of the log has to have both
    let mut lines: Vec<String> = rows(["control", "treatment"]).lines().map(str::to_owned).collect();
    lines.sort();
    write!(packed, "time,cohort,status,took_ms\n{}\n", lines.join("\n")).unwrap();
    fs::write(folder.path().join("all.csv.gz"), packed.finish().unwrap()).unwrap();
    let judged = davy(&folder, &["judge", "--data", "all.csv.gz"]);
    assert_eq!(judged.code, 0, "{}{}", judged.out, judged.told);
    assert!(judged.out.contains("latency p99"), "{}", judged.out);
    let init = davy(&folder, &["init", "--data", "all.csv.gz"]);
    assert!(
        init.out.contains(r#"arm: { column: "cohort", baseline: "control", canary: "treatment" }"#),
        "{}{}",
        init.out,
        init.told
    );

    fs::write(folder.path().join("arm.csv"), text("arm", ["baseline", "canary"])).unwrap();
    assert_eq!(davy(&folder, &["judge", "--data", "arm.csv"]).code, 0);

    lines.iter_mut().for_each(|line| *line = line.replace("control", "41").replace("treatment", "42"));
    fs::write(folder.path().join("versions.csv"), format!("time,version,status,took_ms\n{}\n", lines.join("\n")))
        .unwrap();
    let asked = davy(&folder, &["judge", "--data", "versions.csv"]);
    assert_eq!(asked.code, 65);
    let hint = "This could: `version` (41, 42). If 41 is the baseline, add `--arm version=41,42`; if 42 is, `--arm version=42,41`";
    assert!(asked.told.contains(hint), "{}", asked.told);
    assert_eq!(davy(&folder, &["judge", "--data", "versions.csv", "--arm", "version=41,42"]).code, 0);
}

#[test]
fn a_folder_and_a_pattern_are_one_log() {
    let folder = TempDir::new().unwrap();
    for arm in ["old", "new"] {
        fs::create_dir(folder.path().join(arm)).unwrap();
        // another client each: the same rows twice would be one log
        let text = combined(NOON, 100, 30).replace("192.0.2.", if arm == "old" { "192.0.2." } else { "198.51.100." });
        let (first, second) = text.split_at(text.len() / 2 + text[text.len() / 2..].find('\n').unwrap() + 1);
        fs::write(folder.path().join(arm).join("1.log"), first).unwrap();
        fs::write(folder.path().join(arm).join("2.log"), second).unwrap();
    }
    let judged = davy(&folder, &["judge", "--baseline", "old", "--canary", "new/*.log", "--details"]);
    assert_eq!(judged.code, 0, "{}{}", judged.out, judged.told);
    assert!(judged.out.contains("6,000"), "{}", judged.out);
    let none = davy(&folder, &["judge", "--baseline", "old", "--canary", "new/*.txt"]);
    assert_eq!(none.code, 69);
    assert!(none.told.contains("new/*.txt: matches no file"), "{}", none.told);
}

#[test]
fn what_cannot_be_judged_is_said() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("steps.csv", "time,requests,errors\n2026-11-21T12:00:00Z,10,1\n");
    write("log.csv", &format!("time,path,duration\n{NOON},/a,12\n"));
    let unlike = davy(&folder, &["judge", "--baseline", "steps.csv", "--canary", "log.csv"]);
    assert_eq!(unlike.code, 65);
    assert!(
        unlike.told.contains("log.csv is a log with one row per request, and steps.csv is none"),
        "{}",
        unlike.told
    );
    let unit = davy(&folder, &["init", "--baseline", "log.csv", "--canary", "log.csv"]);
    assert_eq!(unit.code, 65);
    assert!(unit.told.contains("`latency: { column: duration, unit: ms }`"), "{}", unit.told);
    let input = davy(&folder, &["judge", "--data", "-"]);
    assert!(input.told.contains("standard input: is read once"), "{}", input.told);
}

#[test]
fn what_a_log_leaves_out_is_told() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let rows = csv(hour(NOON, 100, 30), "41") + &csv(hour(NOON, 100, 30), "43");
    write("log.csv", &format!("time,version,status,took_ms\n{rows}{NOON},41,200,abc\n"));
    let config = |arm: &str, status: &str| {
        format!(
            "name: a\nsources: {{ log: {{ requests: {{ path: log.csv, status: {status}, arm: {{ {arm} }} }} }} }}\n\
             metrics: {{ latency: {{ values: {{ value: latency, unit: ms }} }}, errors: {{ rate: {{ bad: errors, total: requests }} }} }}\n\
             criteria:\n  - {{ metric: latency, statistic: p95, pass: \"<= baseline + 10%\" }}\n  - {{ metric: errors, pass: \"<= 5%\" }}\n"
        )
    };
    for (arm, told) in [
        (
            r#"column: version, baseline: "41", canary: "42""#,
            r#"log.csv, canary: no row is of this arm in column "version", which has "41", "43""#,
        ),
        (r#"baseline: "version = 41", canary: "version = 42""#, "log.csv, canary: its condition holds for no row"),
    ] {
        write("canary.yaml", &config(arm, "status"));
        let judged = davy(&folder, &["judge"]);
        assert_eq!(judged.code, 11, "{}{}", judged.out, judged.told);
        assert!(judged.told.contains(told), "{}", judged.told);
        let bad = r#"log.csv: 1 of 12001 rows left out: has a latency that is not a number, such as log.csv, line 12002: took_ms is "abc""#;
        assert_eq!(judged.told.matches(bad).count(), 1, "{}", judged.told);
    }
    write("canary.yaml", &config(r#"column: version, baseline: "41", canary: "43""#, "state"));
    let judged = davy(&folder, &["judge"]);
    assert_eq!(judged.code, 65);
    assert!(judged.told.contains(r#"has no column "state", which the source's `status` names"#), "{}", judged.told);
}

#[test]
fn real_results_of_two_days_are_recognised() {
    let Some(folder) = super::wire::shared("load-test-results/jmeter") else { return };
    let log = |name: &str| survey(folder.join(name)).unwrap().unwrap();
    let (old, new) = (log("sample_log1.jtl"), log("sample_log1c.jtl"));
    assert_eq!(new.format, Format::Jtl);
    assert_eq!(new.arms, Telling::Perhaps(Vec::new()));
    assert_eq!((new.errors.as_deref(), new.latency.as_deref()), (Some("s = false"), Some("t in ms")));
    assert_eq!(new.columns, ["t", "lt", "ts", "s", "lb", "rc", "rm", "tn", "dt"]);
    let pair = davy::series::Pair { baseline: &old, canary: &new };
    let starter = config::starter(&Surveyed::Logs(pair), "two days");
    config::load(&starter.yaml, "starter").unwrap();
    let mut davy = Command::cargo_bin("davy").unwrap();
    davy.args(["judge", "--baseline", &old.shown, "--canary", &new.shown]);
    let output = davy.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // a run of a third of the time and three quarters of the requests may have stopped early
    let passed = text.lines().filter(|line| line.starts_with("WARN          latency")).count();
    // the second day was faster by far; no request failed, which is too few requests to say more
    assert_eq!((output.status.code(), passed), (Some(11), 3), "{text}");
}
