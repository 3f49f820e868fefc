//! Cells that are not what they seem, rows that are nobody's, and files that are no files: refused with their place, or said in
//! the verdict. Never a number that nobody measured.

mod units;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

struct Run {
    code: i32,
    verdict: Value,
    said: String,
}

impl Run {
    fn notes(&self) -> String {
        self.verdict["findings"].to_string()
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(arguments).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        verdict: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Forty minutes of rows under a header.
fn rows(header: &str, row: impl Fn(u64) -> String) -> String {
    format!("{header}\n")
        + &(0..40).map(|minute| format!("2026-03-02T10:{minute:02}:00Z{}\n", row(minute))).collect::<String>()
}

fn two_files(baseline: &str, canary: &str) -> Run {
    let folder = folder(&[("b.csv", baseline), ("c.csv", canary)]);
    run(folder.path(), &["judge", "--baseline", "b.csv", "--canary", "c.csv", "--format", "json"])
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

fn config(source: &str, metric: &str, bound: &str) -> String {
    format!(
        "name: t\narms: {{ baseline: {{ v: b }}, canary: {{ v: c }} }}\nsources: {{ d: {{ file: {{ {source} }} }} }}\n\
         metrics: {{ m: {{ {metric} }} }}\ncriteria: [ {{ metric: m, pass: \"{bound}\" }} ]\n"
    )
}

/// The verdict on two files by a configuration.
fn judged(metric: &str, bound: &str, baseline: &str, canary: &str) -> Run {
    judged_as("csv", metric, bound, baseline, canary)
}

/// The same for files with another ending.
fn judged_as(ending: &str, metric: &str, bound: &str, baseline: &str, canary: &str) -> Run {
    let folder = folder(&[(&format!("b.{ending}"), baseline), (&format!("c.{ending}"), canary)]);
    let text = config(&format!("path: \"${{v}}.{ending}\""), metric, bound);
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    run(folder.path(), &["judge", "--format", "json"])
}

/// The verdict on one file with both arms.
fn in_one(name: &str, text: &str, source: &str, metric: &str, bound: &str) -> Run {
    let folder = folder(&[(name, text)]);
    fs::write(folder.path().join("canary.yaml"), config(&format!("path: {name}{source}"), metric, bound)).unwrap();
    run(folder.path(), &["judge", "--format", "json"])
}

fn p95(minute: u64) -> u64 {
    80 + minute * 7 % 13
}

const GAUGE: &str = "gauge: { value: p95_ms, unit: ms, quantile: p95 }";
const RATE: &str = "rate: { bad: errors, total: requests }";

#[test]
fn a_percentile_beyond_every_bucket_is_no_gap() {
    let healthy = rows("ts,p95_ms", |minute| format!(",{}", p95(minute)));
    for word in ["+Inf", "inf", "Infinity", "∞"] {
        let slow = rows("ts,p95_ms", |m| if m % 3 == 0 { format!(",{word}") } else { format!(",{}", p95(m)) });
        for run in [judged(GAUGE, "<= baseline + 10%", &healthy, &slow), two_files(&healthy, &slow)] {
            assert_eq!(run.code, 65, "{word}: {}", run.said);
            assert!(run.said.contains("c.csv, line 2") && run.said.contains("p95_ms"), "{word}: {}", run.said);
        }
    }
    let gaps = rows("ts,p95_ms", |m| if m == 5 { ",NaN".into() } else { format!(",{}", p95(m)) });
    assert_eq!(judged(GAUGE, "<= 200ms", &healthy, &gaps).code, 0);
}

#[test]
fn a_time_is_not_below_zero() {
    let healthy = rows("ts,p95_ms", |minute| format!(",{}", p95(minute)));
    let below = rows("ts,p95_ms", |m| if m == 3 { ",-1".into() } else { format!(",{}", p95(m)) });
    for run in [judged(GAUGE, "<= baseline + 10%", &healthy, &below), two_files(&healthy, &below)] {
        assert_eq!(run.code, 65, "{}", run.said);
        assert!(run.said.contains("c.csv, line 5"), "{}", run.said);
    }
    for (value, metric) in [
        ("rss", "gauge: { value: rss, unit: MiB }"),
        ("mean_latency", "gauge: { value: mean_latency }"),
        ("p50", "gauge: { value: p50, quantile: p50 }"),
    ] {
        let below = below.replace("p95_ms", value);
        let run = judged(metric, "<= baseline + 10%", &healthy.replace("p95_ms", value), &below);
        assert_eq!(run.code, 65, "{value}: {}", run.said);
    }
    let folder = folder(&[("b.csv", &healthy), ("c.csv", &below)]);
    let single = config("path: \"${v}.csv\"", "values: { value: p95_ms, unit: s }", "<= 2min");
    fs::write(folder.path().join("canary.yaml"), single.replace("metric: m,", "metric: m, statistic: p95,")).unwrap();
    let single = run(folder.path(), &["judge"]);
    assert!(single.code == 65 && single.said.contains("line 5"), "{}", single.said);
    let frost = rows("ts,celsius", |m| format!(",-{}.5", 3 + m % 3));
    let run = judged("gauge: { value: celsius, scale: difference }", "<= -1", &frost, &frost);
    assert_eq!(run.code, 0, "{}", run.said);
}

#[test]
fn a_point_between_thousands_is_no_fraction() {
    let metric = "gauge: { value: p95_ms, unit: ms }";
    let baseline = rows("ts;p95_ms", |minute| format!(";{}", 880 + minute * 7 % 50));
    let canary = rows("ts;p95_ms", |minute| format!(";1.{}", 750 + minute * 7 % 50));
    let mixed = rows("ts;p95_ms", |m| if m < 20 { format!(";{}", 960 + m) } else { format!(";1.0{}", 10 + m) });
    for slow in [&canary, &mixed, &mixed.replace(';', ",")] {
        for run in [judged(metric, "<= baseline + 10%", &baseline, slow), two_files(&baseline, slow)] {
            assert_eq!(run.code, 65, "{}", run.said);
            assert!(run.said.contains("thousands") && run.said.contains("Write 1"), "{}", run.said);
        }
    }
    let counted = rows("ts;requests;errors", |m| format!(";{}.000;3", 1 + m % 3));
    assert_eq!(judged(RATE, "<= 1%", &counted, &counted).code, 65);
    let quoted = rows("ts,requests,errors", |m| format!(",\"9,4{:02}\",30", m));
    for run in [judged(RATE, "<= 1%", &quoted, &quoted), two_files(&quoted, &quoted)] {
        assert_eq!(run.code, 65, "{}", run.said);
        assert!(run.said.contains("Write 9400"), "{}", run.said);
    }
    let german = rows("ts;p95_ms", |m| format!(";{},5", p95(m)));
    // a fraction of one digit cannot be a group of thousands
    let run = two_files(&german, &german);
    assert!(matches!(run.code, 0 | 11) && !run.said.contains("805"), "{}", run.said);
    // fractions stay fractions
    for fraction in ["1", "25", "125"] {
        let plain = rows("ts,p95_ms", |m| format!(",{}.{fraction}", p95(m)));
        assert_eq!(judged(metric, "<= 200ms", &plain, &plain).code, 0, "{fraction}");
    }
    let plain = rows("ts;p95_ms", |m| format!(";{}.25", p95(m)));
    assert_eq!(judged(metric, "<= 200ms", &plain, &plain).code, 0);
}

#[test]
fn a_last_line_that_was_cut_is_said() {
    let events = "events: { count: errors }";
    let quiet = rows("ts,errors", |_| ",0".into());
    let loud = rows("ts,errors", |m| if m == 39 { ",250".into() } else { ",0".into() });
    let cut = |text: &str, bytes: usize| text[..text.len() - bytes].to_owned();
    assert_eq!(judged(events, "<= 10", &quiet, &loud).code, 10);
    for bytes in [3, 4] {
        let run = judged(events, "<= 10", &quiet, &cut(&loud, bytes));
        assert_eq!(run.code, 11, "{bytes}: {}", run.verdict["summary"]);
        assert!(run.notes().contains("c.csv, line 41"), "{}", run.notes());
    }
    // most files without a last line end are whole
    let slow = rows("ts,p95_ms", |minute| format!(",{}", p95(minute)));
    assert_eq!(judged(events, "<= 10", &quiet, &cut(&quiet, 1)).code, 0);
    assert_eq!(judged(events, "<= 10", &quiet, &cut(&loud, 1)).code, 10);
    assert_eq!(judged(GAUGE, "<= 200ms", &slow, &cut(&slow, 1)).code, 0);
    assert_eq!(judged(GAUGE, "<= 200ms", &slow, &cut(&slow, 2)).code, 11);
    let named = rows("ts,p95_ms,arm", |m| format!(",{},{}", p95(m), if m < 39 { "canary" } else { "canary-west" }));
    let one = rows("ts,p95_ms,arm", |m| format!(",{},baseline", p95(m))) + &named[named.find('\n').unwrap() + 1..];
    let run = in_one("d.csv", &cut(&one, 9), "", GAUGE, "<= 200ms");
    assert_eq!(run.code, 11, "the last row is nobody's: {}", run.verdict["summary"]);
}

#[test]
fn zero_is_only_what_was_looked_for() {
    let zero = "rate: { bad: errors, total: requests, missing: zero }";
    let long = ", long: { name: name, value: value }";
    let arm = |arm: &str, errors: &str| {
        let lines = |m: u64| {
            let line = |name: &str, value: u64| format!("2026-03-02T10:{m:02}:00Z,{arm},{name},{value}\n");
            line("requests", 1000) + &line(errors, 5)
        };
        (0..40).map(lines).collect::<String>()
    };
    for (errors, code) in [("errors", 0), ("failures_total", 11)] {
        let text = "ts,arm,name,value\n".to_owned() + &arm("baseline", "errors") + &arm("canary", errors);
        let run = in_one("d.csv", &text, long, zero, "<= baseline + 50%");
        assert_eq!(run.code, code, "{errors}: {}", run.verdict["summary"]);
    }
    let events = "events: { count: errors, missing: zero }";
    let text = "ts,arm,name,value\n".to_owned() + &arm("baseline", "errors") + &arm("canary", "failed");
    assert_eq!(in_one("d.csv", &text, long, events, "<= 10").code, 11);

    let object = |m: u64, arm: &str, errors: &str| {
        format!("{{\"ts\":\"2026-03-02T10:{m:02}:00Z\",\"arm\":\"{arm}\",\"requests\":1000,{errors}}}\n")
    };
    for (errors, code) in [("\"failures\":50", 11), ("\"errors\":null", 0), ("\"errors\":50", 10)] {
        let both = |m: u64| object(m, "baseline", "\"errors\":5") + &object(m, "canary", errors);
        let text: String = (0..40).map(both).collect();
        let run = in_one("d.ndjson", &text, "", zero, "<= baseline + 50%");
        assert_eq!(run.code, code, "{errors}: {}", run.verdict["summary"]);
        if code == 0 {
            assert_eq!(run.verdict["outcome"], "warn", "{}", run.verdict["summary"]);
        }
    }
    // what neither arm has counts as zero, and the verdict says so
    let blank = rows("ts,requests,errors", |_| ",1000,".into());
    let run = judged(zero, "<= 1%", &blank, &blank);
    assert_eq!((run.code, run.verdict["outcome"].as_str()), (0, Some("pass")), "{}", run.verdict["summary"]);
    assert!(run.notes().contains("no number at all in the canary"), "{}", run.notes());
}

#[test]
fn rows_of_an_arm_that_is_nearly_called_so_are_said() {
    let text = |column: &str, arms: [&str; 3]| {
        let line = |m: u64, arm: &str, errors: u64| format!("2026-03-02T10:{m:02}:00Z,{arm},1000,{errors}\n");
        let lines = |m: u64| line(m, arms[0], 5) + &line(m, if m.is_multiple_of(2) { arms[1] } else { arms[2] }, 5);
        format!("ts,{column},requests,errors\n") + &(0..40).map(lines).collect::<String>()
    };
    for stranger in ["canary-v2", "canary2", "Canary_b", "canar", "shadow", ""] {
        let run = in_one("d.csv", &text("arm", ["baseline", "canary", stranger]), "", RATE, "<= 1%");
        assert_eq!(run.code, 11, "{stranger}: {}", run.verdict["summary"]);
    }
    let by = ", arm: { column: version, baseline: v1, canary: v2 }";
    for (stranger, code) in [("v2-hotfix", 11), ("V2", 11), ("canary", 11), ("", 11)] {
        let run = in_one("d.csv", &text("version", ["v1", "v2", stranger]), by, RATE, "<= 1%");
        assert_eq!(run.code, code, "{stranger}: {}", run.verdict["summary"]);
        assert!(run.notes().contains("20 rows belong to neither arm"), "{}", run.notes());
    }
    let lines = |m: u64| {
        let line = |arm: &str| format!("2026-03-02T10:{m:02}:00Z,{arm},1000,5\n");
        line("v1") + &line("v2") + &line("v10") + &line("v3")
    };
    let text = "ts,version,requests,errors\n".to_owned() + &(0..40).map(lines).collect::<String>();
    let run = in_one("d.csv", &text, by, RATE, "<= 1%");
    assert_eq!((run.code, run.verdict["outcome"].as_str()), (0, Some("pass")), "{}", run.verdict["summary"]);
    assert!(run.notes().contains("80 rows belong to other arms"), "{}", run.notes());
}

#[test]
fn counts_beyond_all_sums_are_refused() {
    let most = 1_u64 << 53;
    let line = |m: u64, errors: u64| format!("{},{most},{errors}\n", 1_779_181_200 + 60 * m);
    let rows =
        |errors: u64| "ts,requests,errors\n".to_owned() + &(0..2048).map(|m| line(m, errors)).collect::<String>();
    for metric in ["events: { count: errors }", RATE] {
        let run = judged(metric, "<= baseline + 50%", &rows(0), &rows(most));
        assert_eq!(run.code, 65, "{}", run.said);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file() {
    let folder = folder(&[]);
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("p.csv")).status();
    assert!(made.unwrap().success());
    let of_file = config("path: p.csv", RATE, "<= 1%");
    let judge = &["judge"][..];
    for (config, arguments) in [
        (of_file.as_str(), judge),
        (&of_file, &["judge", "--baseline", "p.csv", "--canary", "p.csv"]),
        (&of_file.replace("d: { file:", "d: { requests:"), judge),
        (&of_file, &["sketch", "p.csv", "--time", "ts", "-o", "s.parquet"]),
        (&of_file, &["init", "--data", "p.csv", "-o", "new.yaml"]),
    ] {
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        let mut davy = Command::cargo_bin("davy").unwrap();
        let davy = davy.current_dir(folder.path()).args(arguments).timeout(Duration::from_secs(20));
        let output = davy.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{arguments:?}: {said}");
        assert!(said.contains("p.csv: is a pipe or a device, not a file"), "{arguments:?}: {said}");
    }
}

#[test]
fn requests_whose_errors_nobody_wrote_are_left_out_and_remarked() {
    let healthy = rows("ts,requests,errors", |_| ",1000,5".into());
    let blank = |nth: u64, cell: &str| {
        rows("ts,requests,errors", |m| if m % nth == 0 { format!(",1000,{cell}") } else { ",1000,5".into() })
    };
    let remark = |run: &Run, text: &str| run.notes().contains(text);
    let zero = "if an empty cell means none, write `missing: zero`";
    let run = judged(RATE, "<= 1%", &healthy, &blank(5, ""));
    let text = format!("8 of 40 rows with `requests` have no `errors`: they are left out; {zero}");
    assert!(run.code == 11 && remark(&run, &text), "{}", run.notes());
    let run = judged(RATE, "<= 1%", &healthy, &blank(20, "-"));
    assert!(run.code == 0 && remark(&run, "2 of 40 rows with `requests` have no `errors`"), "{}", run.notes());
    // the canary alone is judged; in a comparison the baseline counts too
    assert!(!remark(&judged(RATE, "<= 1%", &blank(5, ""), &healthy), zero));
    assert!(remark(&judged(RATE, "<= baseline + 1pp", &blank(5, ""), &healthy), zero));

    let said = judged("rate: { bad: errors, total: requests, missing: zero }", "<= 1%", &healthy, &blank(5, ""));
    assert!(said.code == 0 && !remark(&said, zero), "{}", said.notes());
    let idle = rows("ts,requests,errors", |m| if m % 5 == 0 { ",0,".into() } else { ",1000,5".into() });
    assert!(!remark(&judged(RATE, "<= 1%", &healthy, &idle), zero));
    let run = judged("rate: { bad: errors, good: requests, show: bad }", "<= 1%", &healthy, &blank(5, ""));
    assert!(remark(&run, "8 of 40 rows have only one of `errors` and `requests`"), "{}", run.notes());

    let hosts = |cell: &str| {
        let host = |host: &str, m: u64| format!(",1000,{},{host}", if m.is_multiple_of(5) { cell } else { "5" });
        rows("ts,requests,errors,host", |m| host("a", m)) + &rows("", |m| host("b", m))[1..]
    };
    let run = judged("rate: { bad: errors, total: requests, instance: host }", "<= 1%", &hosts("5"), &hosts(""));
    assert!(run.code == 11 && remark(&run, "16 of 80 rows with `requests`"), "{}", run.notes());
}

#[test]
fn a_line_has_a_length_and_keys_cost_what_they_are() {
    let healthy = rows("ts,requests,errors", |_| ",1000,5".into());
    let long = format!("{}2026-03-02T10:40:00Z,1000,{}", healthy, "5".repeat((1 << 24) + 10));
    let refused = judged(RATE, "<= 1%", &healthy, &long);
    assert!(refused.code == 65 && refused.said.contains("16 MB"), "{}", refused.said);

    let object = |row: u64| {
        let keys: String = (0..10).map(|key| format!(",\"k{row}_{key}\":1")).collect();
        format!("{{\"ts\":{},\"requests\":1000,\"errors\":5{keys}}}\n", 1_779_181_200 + row)
    };
    let text: String = (0..3_000).map(object).collect();
    let folder = folder(&[("b.ndjson", &text), ("c.ndjson", &text.replace(":1000", ":1001"))]);
    let begun = Instant::now();
    let run = run(folder.path(), &["judge", "--baseline", "b.ndjson", "--canary", "c.ndjson", "--format", "json"]);
    assert!(run.code < 60, "{}", run.said);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn nothing_takes_no_time() {
    let healthy = rows("ts,p95_ms", |minute| format!(",{}", p95(minute)));
    let zeros = rows("ts,p95_ms", |m| if m % 4 == 0 { ",0".into() } else { format!(",{}", p95(m)) });
    let none = rows("ts,p95_ms", |_| ",0".into());
    for canary in [&zeros, &none] {
        for run in [judged(GAUGE, "<= 200ms", &healthy, canary), two_files(&healthy, canary)] {
            assert_eq!(run.code, 11, "{}", run.verdict["summary"]);
            assert!(run.notes().contains("nothing takes no time"), "{}", run.notes());
        }
    }
    let rounded = rows("ts,p95_s", |m| format!(",0.00{}", m % 4));
    let run = judged("gauge: { value: p95_s, unit: s, quantile: p95 }", "<= 200ms", &rounded, &rounded);
    assert_eq!(run.code, 0, "{}", run.verdict["summary"]);
    let idle = rows("ts,p95_ms,requests", |m| if m % 4 == 0 { ",0,0".into() } else { format!(",{},100", p95(m)) });
    let metric = "gauge: { value: p95_ms, unit: ms, quantile: p95, requests: requests }";
    let run = judged(metric, "<= 200ms", &idle, &idle);
    assert!(!run.notes().contains("nothing takes no time"), "{}", run.notes());
}

/// A saved answer of CloudWatch with the p95 of forty minutes, in the unit that each minute has.
fn answer_of_cloudwatch(p95: f64, unit: impl Fn(u64) -> &'static str) -> String {
    let point = |minute: u64| {
        let (wave, unit) = (1.0 + 0.03 * (minute as f64 * 1.7).sin(), unit(minute));
        format!(
            r#"{{"Timestamp":"2026-03-02T10:{minute:02}:00Z","SampleCount":900,"ExtendedStatistics":{{"p95":{}}},"Unit":"{unit}"}}"#,
            p95 * wave
        )
    };
    format!(r#"{{"Label":"Duration","Datapoints":[{}]}}"#, (0..40).map(point).collect::<Vec<_>>().join(","))
}

fn judged_answers(unit: &str, baseline: &str, canary: &str) -> Run {
    let metric = format!("gauge: {{ value: p95, quantile: p95, {unit} }}");
    judged_as("json", &metric, "<= baseline + 10%", baseline, canary)
}

#[test]
fn a_unit_that_cloudwatch_states_is_never_taken_for_another() {
    let (quick, slow) = (answer_of_cloudwatch(50.0, |_| "Milliseconds"), answer_of_cloudwatch(0.5, |_| "Seconds"));
    let same = answer_of_cloudwatch(0.05, |_| "Seconds");

    let refused = judged_answers("", &quick, &slow);
    assert_eq!(refused.code, 65, "{}", refused.said);
    assert!(refused.said.contains("which is in s here and in ms in b.json"), "{}", refused.said);
    assert!(refused.said.contains("Write `unit: {baseline: ms, canary: s}`."), "{}", refused.said);
    let refused = judged_answers("unit: ms", &quick, &slow);
    assert_eq!(refused.code, 65, "{}", refused.said);
    assert!(
        refused.said.contains("c.json: metric \"m\" reads \"p95\", which is in s, as another unit."),
        "{}",
        refused.said
    );
    // a time is no size, whatever the numbers are
    assert_eq!(judged_answers("unit: B", &quick, &quick).code, 65);
    let busy = answer_of_cloudwatch(50.0, |_| "Percent");
    assert_eq!(judged_answers("unit: ms", &busy, &busy).code, 65);

    let both = "unit: { baseline: ms, canary: s }";
    assert_eq!(judged_answers(both, &quick, &slow).code, 10);
    let better = judged_answers(both, &slow, &same);
    assert!(better.said.contains("which is in s, as another unit"), "{}", better.said);
    let alike = judged_answers(both, &quick, &same);
    assert!(alike.code < 60 && alike.code != 10, "{}: {}", alike.code, alike.said);
    for (unit, baseline, canary) in [("", &slow, &slow), ("unit: s", &same, &slow), ("unit: ms", &quick, &quick)] {
        let run = judged_answers(unit, baseline, canary);
        assert!(run.code < 60, "{unit}: {}", run.said);
    }

    let mixed = answer_of_cloudwatch(50.0, |minute| if minute == 7 { "Seconds" } else { "Milliseconds" });
    let refused = judged_answers("unit: ms", &quick, &mixed);
    assert_eq!(refused.code, 65, "{}", refused.said);
    assert!(
        refused.said.contains("datapoint 8: is in Seconds, and datapoint 1 is in Milliseconds"),
        "{}",
        refused.said
    );
    assert!(refused.said.contains("--unit Milliseconds"), "{}", refused.said);

    // without a configuration each arm has its own
    let folder = folder(&[("b.json", &quick), ("c.json", &slow)]);
    let files = ["--baseline", "b.json", "--canary", "c.json", "--format", "json"];
    assert_eq!(run(folder.path(), &[&["judge"][..], &files].concat()).code, 10);
}

#[test]
fn a_unit_of_an_embedded_metric_is_never_taken_for_another() {
    let lines = |latency: f64, unit: &str| -> String {
        let line = |minute: u64| {
            let metrics = format!(r#"[{{"Namespace":"n","Metrics":[{{"Name":"Latency","Unit":"{unit}"}}]}}]"#);
            let aws =
                format!(r#"{{"Timestamp":{},"CloudWatchMetrics":{metrics}}}"#, 1_772_445_600_000 + minute * 60_000);
            format!("{{\"_aws\":{aws},\"Latency\":{}}}\n", latency * (1.0 + 0.03 * (minute as f64 * 1.7).sin()))
        };
        (0..40).map(line).collect()
    };
    let (quick, slow) = (lines(50.0, "Milliseconds"), lines(0.5, "Seconds"));
    let by = |metric: &str| judged_as("ndjson", metric, "<= baseline + 10%", &quick, &slow);
    let refused = by("gauge: { value: Latency }");
    assert_eq!(refused.code, 65, "{}", refused.said);
    assert!(refused.said.contains("\"Latency\", which is in s here and in ms in b.ndjson"), "{}", refused.said);
    assert_eq!(by("gauge: { value: Latency, unit: { baseline: ms, canary: s } }").code, 10);
    let folder = folder(&[("b.ndjson", &quick), ("c.ndjson", &slow)]);
    let files = ["--baseline", "b.ndjson", "--canary", "c.ndjson", "--format", "json"];
    assert_eq!(run(folder.path(), &[&["judge"][..], &files].concat()).code, 10);
}

#[test]
fn a_unit_in_the_name_of_a_column_is_never_taken_for_another() {
    let column = |name: &str, level: f64| {
        rows(&format!("ts,{name}"), |minute| format!(",{}", level * (1.0 + 0.03 * (minute as f64 * 1.7).sin())))
    };
    let seconds = column("p95_seconds", 0.4);
    for (name, unit, wanted) in [
        ("p95_ms", "s", 65),
        ("p95_seconds", "ms", 65),
        ("\"p95 (s)\"", "ms", 65),
        ("p95_bytes", "ms", 65),
        ("p95_seconds", "s", 0),
        ("requests_us", "s", 0),
        ("p95_s", "ms", 65),
    ] {
        let text = column(name.trim_matches('"'), 0.4);
        let run = judged(&format!("gauge: {{ value: {name}, unit: {unit} }}"), "<= 2min", &text, &text);
        assert_eq!(run.code, wanted, "{name} {unit}: {}", run.said);
        assert!(wanted == 0 || run.said.contains("as another unit. Write `unit: "), "{}", run.said);
    }
    let folder = folder(&[("b.csv", &column("p95_ms", 50.0)), ("c.csv", &seconds)]);
    let text = config("path: \"${v}.csv\"", "gauge: { value: \"${name}\" }", "<= baseline + 10%")
        .replace("{ v: b }", "{ v: b, name: p95_ms }")
        .replace("{ v: c }", "{ v: c, name: p95_seconds }");
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let refused = run(folder.path(), &["judge", "canary.yaml", "--format", "json"]);
    assert_eq!(refused.code, 65, "{}", refused.said);
    assert!(refused.said.contains("Write `unit: {baseline: ms, canary: s}`"), "{}", refused.said);
}
