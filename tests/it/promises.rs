//! README's promises in every way of calling davy: missing or too little data is never a pass, and bad data is an error
//! with file, line and column.
//!
//! An hour of a healthy service passes in each way. Then the canary's data is damaged in each of the ways that its owner
//! would not notice, and nothing passes any more.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::soaks::noise::Noise;
use crate::world::answer;

/// How davy is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Configuration,
    ConfigurationOfOneFile,
    TwoFiles,
    OneFile,
    TwoLogs,
    ConfigurationOfALog,
    Recording,
    Watch,
    Compare,
    CompareTwoFiles,
}

const WAYS: [Way; 10] = [
    Way::Configuration,
    Way::ConfigurationOfOneFile,
    Way::TwoFiles,
    Way::OneFile,
    Way::TwoLogs,
    Way::ConfigurationOfALog,
    Way::Recording,
    Way::Watch,
    Way::Compare,
    Way::CompareTwoFiles,
];

/// What happened to the canary's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    None,
    /// The column of errors is absent; where the arms share a file, it is empty in the canary's rows.
    ColumnMissing,
    /// Cells of it are no numbers.
    CellDamaged,
    /// Nothing was written.
    FileEmpty,
    /// Nothing was written but the names of the columns.
    NoRows,
    /// The last third is missing.
    EndsEarly,
    /// In the last third there is no request.
    Silent,
    /// Half of the rows are of an arm that nobody named.
    ArmUnknown,
}

const DAMAGES: [Damage; 7] = [
    Damage::ColumnMissing,
    Damage::CellDamaged,
    Damage::FileEmpty,
    Damage::NoRows,
    Damage::EndsEarly,
    Damage::Silent,
    Damage::ArmUnknown,
];

/// The damaged row, and the line it stands in in a file of one arm.
const ROW: usize = 30;

impl Way {
    fn is_log(self) -> bool {
        matches!(self, Way::TwoLogs | Way::ConfigurationOfALog)
    }

    fn is_one_file(self) -> bool {
        matches!(self, Way::ConfigurationOfOneFile | Way::OneFile | Way::ConfigurationOfALog)
    }

    /// Whether a damage can happen to its files.
    fn can_have(self, damage: Damage) -> bool {
        match damage {
            Damage::ArmUnknown => self.is_one_file(),
            // a file of both arms that is empty is missing for both, and nobody could take that for an answer
            Damage::FileEmpty => !self.is_one_file(),
            // a log has a row for each request, and ends early when there are none
            Damage::Silent => !self.is_log(),
            _ => true,
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Way::Configuration | Way::ConfigurationOfOneFile | Way::ConfigurationOfALog => &["judge", "canary.yaml"],
            Way::TwoFiles => &["judge", "--baseline", "baseline.csv", "--canary", "canary.csv"],
            Way::TwoLogs => &["judge", "--baseline", "baseline.log", "--canary", "canary.log"],
            Way::OneFile => &["judge", "--data", "both.csv"],
            Way::Recording => &["judge", "kept"],
            Way::Watch => &["watch", "canary.yaml", "--give-up-after", "1"],
            Way::Compare => &["compare", "canary.yaml", "--format", "json"],
            Way::CompareTwoFiles => {
                &["compare", "--baseline", "baseline.csv", "--canary", "canary.csv", "--format", "json"]
            }
        }
    }
}

// --- the data --------------------------------------------------------------------------------------------------------

const HEAD: [&str; 4] = ["time", "requests", "errors", "p95_ms"];

/// A row per minute of one arm.
fn minutes(arm: &str, damage: Damage) -> Vec<Vec<String>> {
    let mut noise = Noise::of(13, "promises", arm, 0);
    let row = |minute: usize| {
        let silent = damage == Damage::Silent && minute >= 40;
        let requests = if silent { 0 } else { 1000 + (noise.uniform() * 50.0) as u64 };
        let errors = noise.binomial(requests, 0.01);
        let p95 = 200.0 * (1.0 + 0.03 * noise.normal());
        let p95 = if silent { String::new() } else { format!("{p95:.1}") };
        vec![format!("2026-03-01T12:{minute:02}:00Z"), requests.to_string(), errors.to_string(), p95]
    };
    let mut rows: Vec<Vec<String>> = (0..60).map(row).collect();
    match damage {
        Damage::CellDamaged => rows[ROW][2] = "oops".into(),
        Damage::EndsEarly => rows.truncate(40),
        Damage::NoRows | Damage::FileEmpty => rows.clear(),
        _ => {}
    }
    rows
}

fn text(head: &[&str], rows: &[Vec<String>]) -> String {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    head.join(",") + "\n" + &lines.collect::<String>()
}

/// A file of one arm.
fn file(arm: &str, damage: Damage) -> String {
    if damage == Damage::FileEmpty {
        return String::new();
    }
    let (mut head, mut rows) = (HEAD.to_vec(), minutes(arm, damage));
    if damage == Damage::ColumnMissing {
        head.remove(2);
        rows.iter_mut().for_each(|row| drop(row.remove(2)));
    }
    text(&head, &rows)
}

/// A file of both arms.
fn both(damage: Damage) -> String {
    let mut rows = Vec::new();
    for (arm, damage) in [("baseline", Damage::None), ("canary", damage)] {
        for (minute, mut row) in minutes(arm, damage).into_iter().enumerate() {
            let unknown = damage == Damage::ArmUnknown && minute % 2 == 1;
            row.push(if unknown { "canary-v2" } else { arm }.to_owned());
            if damage == Damage::ColumnMissing {
                row[2].clear();
            }
            rows.push(row);
        }
    }
    text(&[&HEAD[..], &["arm"]].concat(), &rows)
}

/// Requests of one arm: seconds since the start, status, milliseconds.
fn requests(arm: &str, damage: Damage) -> Vec<(usize, String, String)> {
    let mut noise = Noise::of(13, "promises of logs", arm, 0);
    let row = |i: usize| {
        let status = if noise.happens(0.02) { "503" } else { "200" };
        (i * 3_600 / 9_000, status.to_owned(), format!("{:.1}", 100.0 * (0.4 * noise.normal()).exp()))
    };
    let mut rows: Vec<(usize, String, String)> = (0..9_000).map(row).collect();
    match damage {
        Damage::CellDamaged => rows.iter_mut().step_by(10).for_each(|row| row.1 = "oops".into()),
        Damage::ColumnMissing => rows.iter_mut().for_each(|row| row.1.clear()),
        Damage::EndsEarly => rows.truncate(6_000),
        Damage::NoRows | Damage::FileEmpty => rows.clear(),
        _ => {}
    }
    rows
}

fn log(arm: &str, damage: Damage) -> String {
    let line = |(second, status, ms): (usize, String, String)| {
        let time = format!("01/Mar/2026:12:{:02}:{:02} +0000", second / 60, second % 60);
        let seconds = ms.parse::<f64>().unwrap() / 1_000.0;
        let status = if status.is_empty() { "-" } else { &status };
        format!("192.0.2.1 - - [{time}] \"GET /a HTTP/1.1\" {status} 512 \"-\" \"test\" {seconds:.3}\n")
    };
    requests(arm, damage).into_iter().map(line).collect()
}

fn log_of_both(damage: Damage) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (arm, damage) in [("baseline", Damage::None), ("canary", damage)] {
        for (i, (second, status, ms)) in requests(arm, damage).into_iter().enumerate() {
            let unknown = damage == Damage::ArmUnknown && i % 2 == 1;
            let arm = if unknown { "canary-v2" } else { arm };
            let time = format!("2026-03-01T12:{:02}:{:02}Z", second / 60, second % 60);
            rows.push(vec![time, status, ms, arm.to_owned()]);
        }
    }
    text(&["time", "status", "latency_ms", "arm"], &rows)
}

const RULES: &str = r#"
metrics:
  errors: { rate: { bad: errors, total: requests } }
  p95: { gauge: { value: p95_ms, unit: ms, quantile: p95, requests: requests } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: errors, pass: "<= 2%" }
  - { metric: p95, pass: "<= baseline + 10%" }
"#;
const WINDOW: &str = "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\n";
const ARM: &str = "arm: { column: arm, baseline: baseline, canary: canary }";

fn configuration(way: Way) -> String {
    let source = match way {
        Way::ConfigurationOfOneFile => format!("data: {{ file: {{ path: both.csv, {ARM} }} }}"),
        Way::ConfigurationOfALog => format!("log: {{ requests: {{ path: both.csv, {ARM} }} }}"),
        _ => "data: { file: { path: \"${arm}.csv\" } }".to_owned(),
    };
    let latency = "  latency: { values: { value: latency, unit: ms } }\n";
    let rules = if way.is_log() {
        let p95 = RULES.lines().filter(|line| !line.contains("p95")).map(|line| format!("{line}\n"));
        let rules: String = p95.collect();
        let rules = rules.replace("criteria:\n", &format!("{latency}criteria:\n"));
        rules.replace("<= 2%", "<= 4%") + "  - { metric: latency, statistic: p95, pass: \"<= baseline + 20%\" }\n"
    } else {
        RULES.to_owned()
    };
    let soak = if way == Way::Watch { "soak: 1h\nevery: 20m\n" } else { "" };
    format!("name: promises\n{WINDOW}sources: {{ {source} }}{rules}{soak}")
}

// --- the calls -------------------------------------------------------------------------------------------------------

fn write(folder: &Path, way: Way, damage: Damage) {
    let file_of = |arm: &str| file(arm, if arm == "canary" { damage } else { Damage::None });
    let put = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    put("canary.yaml", configuration(way));
    match way {
        Way::TwoLogs => ["baseline", "canary"].into_iter().for_each(|arm| {
            let damage = if arm == "canary" { damage } else { Damage::None };
            put(&format!("{arm}.log"), log(arm, damage));
        }),
        Way::ConfigurationOfALog => put("both.csv", log_of_both(damage)),
        Way::ConfigurationOfOneFile | Way::OneFile => put("both.csv", both(damage)),
        _ => ["baseline", "canary"].into_iter().for_each(|arm| put(&format!("{arm}.csv"), file_of(arm))),
    }
}

/// A recording of a healthy hour, damaged afterwards.
fn recorded(folder: &Path, damage: Damage) {
    write(folder, Way::Configuration, Damage::None);
    let (code, _, told) = answer(folder, &["judge", "canary.yaml", "--record", "kept"]);
    assert_eq!(code, 0, "{told}");
    let path = folder.join("kept/series/errors.csv");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    assert_eq!(head, "time,arm,total,bad");
    let mut seen = 0;
    let row = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[1] != "canary" {
            return Some(format!("{line}\n"));
        }
        seen += 1;
        match damage {
            Damage::ColumnMissing => cells[3] = "",
            Damage::CellDamaged if seen == ROW => cells[3] = "oops",
            Damage::NoRows => return None,
            Damage::EndsEarly if seen > 40 => return None,
            Damage::Silent if seen > 40 => (cells[2], cells[3]) = ("0", "0"),
            _ => {}
        }
        Some(cells.join(",") + "\n")
    };
    let rows: String = rows.lines().filter_map(row).collect();
    fs::write(&path, if damage == Damage::FileEmpty { String::new() } else { format!("{head}\n{rows}") }).unwrap();
}

/// What a pipeline would make of the answer: whether it goes on; and all that was said.
fn goes_on(way: Way, damage: Damage) -> (bool, i32, String) {
    let folder = TempDir::new().unwrap();
    if way == Way::Recording {
        recorded(folder.path(), damage);
    } else {
        write(folder.path(), way, damage);
    }
    let (code, out, told) = answer(folder.path(), way.arguments());
    let healthy = if matches!(way, Way::Compare | Way::CompareTwoFiles) && code == 0 {
        let comparison: Value = serde_json::from_str(&out).unwrap();
        comparison["health"] == "healthy"
    } else {
        code == 0
    };
    (healthy, code, out + &told)
}

#[test]
fn the_undamaged_hour_passes_in_every_way() {
    for way in WAYS {
        let (on, code, said) = goes_on(way, Damage::None);
        assert!(on, "{way:?} exits {code}: {said}");
    }
}

#[test]
fn missing_or_too_little_data_is_never_a_pass() {
    let mut wrong = Vec::new();
    for way in WAYS {
        for damage in DAMAGES.into_iter().filter(|damage| way.can_have(*damage)) {
            let (on, code, said) = goes_on(way, damage);
            if on || ![0, 10, 11, 65].contains(&code) {
                wrong.push(format!("{way:?}, {damage:?}: exit {code}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_cell_that_is_no_number_is_an_error_with_file_line_and_column() {
    let mut wrong = Vec::new();
    for way in WAYS {
        let (_, code, said) = goes_on(way, Damage::CellDamaged);
        // the header is a line, and lines count from one; both arms of a recording share a file, and of a log many rows are bad
        let (file, line, column) = match way {
            Way::TwoLogs => ("canary.log", "line 1".to_owned(), "status"),
            Way::ConfigurationOfALog => ("both.csv", "line 9002".to_owned(), "status"),
            Way::OneFile | Way::ConfigurationOfOneFile => ("both.csv", format!("line {}", 60 + ROW + 2), "errors"),
            Way::Recording => ("errors.csv", format!("line {}", 60 + ROW + 1), "bad"),
            _ => ("canary.csv", format!("line {}", ROW + 2), "errors"),
        };
        if code != 65 || ![file, &line, column, "oops"].iter().all(|part| said.contains(part)) {
            wrong.push(format!("{way:?} exits {code} and names not all of {file}, {line}, {column}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
