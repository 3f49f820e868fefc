//! Files that a person hands over without a configuration: what either arm has is judged, and what is not judged is in the answer.
//!
//! Each test damages or renames something in one of two files that are fine together, and runs the real binary.

use std::fs;
use std::io::Write;

use assert_cmd::Command;
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

const HEAD: &str = "time,requests,errors,p95_ms,cpu";

/// An hour by the minute; `seed` makes the arms differ a little, `ms` is the level of the latency.
fn table(head: &str, seed: u64, ms: f64) -> String {
    let row = |minute: u64| {
        let noise = (minute * 7919 + seed * 104_729).wrapping_mul(2_654_435_761) >> 16;
        let (requests, errors) = (9_800 + noise % 400, 40 + noise / 7 % 9);
        let (p95, cpu) = (ms * (1.0 + (noise % 97) as f64 / 2_000.0), 40.0 + (noise % 31) as f64 / 10.0);
        format!("2026-03-02T10:{minute:02}:00Z,{requests},{errors},{p95:.2},{cpu:.1}\n")
    };
    format!("{head}\n{}", (0..60).map(row).collect::<String>())
}

/// Every row without one column, or with another cell in it.
fn column(table: &str, name: &str, cell: Option<&str>) -> String {
    let at = table.lines().next().unwrap().split(',').position(|head| head == name).unwrap();
    let line = |(nth, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        match cell {
            None => drop(cells.remove(at)),
            Some(_) if nth == 0 => {}
            Some(cell) => cells[at] = cell,
        }
        cells.join(",") + "\n"
    };
    table.lines().enumerate().map(line).collect()
}

fn bench(baseline: &str, canary: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("b.csv"), baseline).unwrap();
    fs::write(folder.path().join("c.csv"), canary).unwrap();
    folder
}

const TWO: [&str; 5] = ["judge", "--baseline", "b.csv", "--canary", "c.csv"];

fn healthy() -> (String, String) {
    (table(HEAD, 1, 200.0), table(HEAD, 2, 200.0))
}

#[test]
fn two_healthy_files_pass() {
    let (baseline, canary) = healthy();
    let judged = davy(&bench(&baseline, &canary), &TWO);
    assert_eq!(judged.code, 0, "{}{}", judged.out, judged.told);
    assert!(!judged.out.contains("Not judged") && judged.out.contains("→ Promote"), "{}", judged.out);
}

#[test]
fn a_column_that_one_arm_lacks_is_never_dropped() {
    let (baseline, canary) = healthy();
    for name in ["requests", "errors", "p95_ms", "cpu"] {
        let without = |table: &str| column(table, name, None);
        for (b, c, file) in
            [(baseline.clone(), without(&canary), "c.csv"), (without(&baseline), canary.clone(), "b.csv")]
        {
            let folder = bench(&b, &c);
            let judged = davy(&folder, &TWO);
            assert_eq!(judged.code, 11, "{name}: {}{}", judged.out, judged.told);
            let why = format!("{name}: {file} has no such column (the verdict is at best INCONCLUSIVE)");
            assert!(judged.out.contains(&why), "{}", judged.out);
            let compared = davy(&folder, &[&["compare"], &TWO[1..]].concat());
            assert!(!compared.out.contains("HEALTHY") && compared.out.contains("UNKNOWN"), "{}", compared.out);
            assert!(compared.out.contains(&format!("{file} has no such column")), "{}", compared.out);
        }
        // an empty column is missing data
        for (b, c) in
            [(baseline.clone(), column(&canary, name, Some(""))), (column(&baseline, name, Some("")), canary.clone())]
        {
            let judged = davy(&bench(&b, &c), &TWO);
            assert_eq!(judged.code, 11, "{name}: {}{}", judged.out, judged.told);
        }
    }
}

#[test]
fn a_bad_cell_is_an_error_in_either_arm() {
    let (baseline, canary) = healthy();
    let damaged = |table: &str, cell: &str| {
        let at = table.match_indices("2026-03-02T10:30:00Z,").next().unwrap().0;
        let line = table[at..].lines().next().unwrap();
        let cells: Vec<&str> = line.split(',').collect();
        table.replace(line, &[cells[0], cells[1], cells[2], cell, cells[4]].join(","))
    };
    for cell in ["3%", "timeout", "?", "220.6 ms", "\"213,51\""] {
        for (b, c, file) in
            [(baseline.clone(), damaged(&canary, cell), "c.csv"), (damaged(&baseline, cell), canary.clone(), "b.csv")]
        {
            let judged = davy(&bench(&b, &c), &TWO);
            assert_eq!(judged.code, 65, "{cell}: {}{}", judged.out, judged.told);
            let place = format!("{file}, line 32, column \"p95_ms\"");
            assert!(judged.told.contains(&place), "{}", judged.told);
        }
    }
}

#[test]
fn names_and_units_differ_and_the_quantity_is_the_same() {
    let (baseline, canary) = healthy();
    let slow = table(HEAD, 2, 400.0);
    let in_seconds = |table: &str| {
        let line = |line: &str| {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            cells[3] = cells[3].parse::<f64>().map_or("Latency P95 (s)".into(), |ms| format!("{:.5}", ms / 1_000.0));
            cells.join(",") + "\n"
        };
        table.lines().map(line).collect::<String>()
    };
    for (canary, code) in [(&canary, 0), (&slow, 10)] {
        for canary in [canary.replace("p95_ms", "latency_p95_ms"), in_seconds(canary)] {
            let folder = bench(&baseline, &canary);
            let judged = davy(&folder, &TWO);
            assert_eq!(judged.code, code, "{}{}", judged.out, judged.told);
            // the configuration that `init` writes, and a recording, answer the same
            davy(&folder, &["init", "--baseline", "b.csv", "--canary", "c.csv", "-o", "canary.yaml"]);
            let with = davy(&folder, &["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
            let without = davy(&folder, &[&TWO[..], &["--format", "json"]].concat());
            assert_eq!(with.out, without.out, "{}", with.told);
            let replayed = davy(&folder, &["replay", "kept", "--format", "json"]);
            // a recording has files of its own, which its traces name
            let findings = |run: &Run| run.out.split("\"traces\"").next().unwrap().to_owned();
            assert_eq!((replayed.code, findings(&replayed)), (with.code, findings(&with)), "{}", replayed.told);
        }
    }
}

#[test]
fn a_unit_that_one_arm_hides_is_no_pass_when_it_matters() {
    let (baseline, canary) = healthy();
    let bare = |table: &str, factor: f64| {
        let line = |line: &str| {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            cells[3] = cells[3].parse::<f64>().map_or("p95".into(), |ms| format!("{:.4}", ms * factor));
            cells.join(",") + "\n"
        };
        table.lines().map(line).collect::<String>()
    };
    let same = davy(&bench(&baseline, &bare(&canary, 1.0)), &TWO);
    assert!(same.out.starts_with("WARN") && same.out.contains("it is read as ms"), "{}", same.out);
    // seconds, and twice as slow
    let slow = davy(&bench(&baseline, &bare(&canary, 0.002)), &TWO);
    assert_eq!(slow.code, 11, "{}", slow.out);
}

#[test]
fn what_is_not_judged_is_in_every_report() {
    let (baseline, canary) = healthy();
    let success = |table: &str, rate: &str| {
        let add = |(nth, line): (usize, &str)| {
            let (rate, region) = if nth == 0 { ("success_rate", "region") } else { (rate, "eu") };
            // a rate that moves, so that it says something
            let digit = if nth == 0 { String::new() } else { (nth % 7).to_string() };
            format!("{line},{rate}{digit},{region}\n")
        };
        table.lines().enumerate().map(add).collect::<String>()
    };
    let folder = bench(&success(&baseline, "99.5"), &success(&canary, "99.5"));
    let judged = davy(&folder, &TWO);
    assert!(judged.out.starts_with("WARN") && judged.out.contains("Not judged\n  success_rate: "), "{}", judged.out);
    assert!(!judged.out.contains("Promote") && judged.out.contains("region: not a number"), "{}", judged.out);
    for (format, part) in [
        ("markdown", "**Not judged**\n\n- success_rate: "),
        ("json", "\"what\": \"success_rate\""),
        ("html", "id=\"not-judged\""),
        ("junit", "classname=\"not judged\""),
        ("github", "Not judged"),
        ("review", "**Not judged**"),
        ("prometheus", "davy_not_judged{"),
    ] {
        let report = davy(&folder, &[&TWO[..], &["--format", format]].concat());
        assert!(report.out.contains(part) && !report.out.contains("Promote"), "{format}: {}", report.out);
    }
    let compared = davy(&folder, &[&["compare"], &TWO[1..]].concat());
    assert!(compared.out.contains("Overall health: UNKNOWN"), "{}", compared.out);

    // a rate that has fallen is more than nothing to say
    let fallen = davy(&bench(&success(&baseline, "99.5"), &success(&canary, "60.1")), &TWO);
    assert_eq!(fallen.code, 11, "{}", fallen.out);
    assert!(fallen.out.contains("the arms differ"), "{}", fallen.out);
    // nor does it help to take it away
    let fine = success(&baseline, "99.5");
    let emptied = |cell: &str| column(&success(&canary, "60.1"), "success_rate", Some(cell));
    for canary in [canary.clone(), emptied(""), emptied("?")] {
        let judged = davy(&bench(&fine, &canary), &TWO);
        assert_eq!(judged.code, 11, "{}", judged.out);
    }
}

#[test]
fn an_empty_file_is_missing_data_in_either_arm() {
    let (baseline, canary) = healthy();
    let empty = format!("{HEAD}\n");
    for (b, c, arm) in [(&baseline, &empty, "canary"), (&empty, &canary, "baseline")] {
        let judged = davy(&bench(b, c), &TWO);
        assert_eq!(judged.code, 11, "{}{}", judged.out, judged.told);
        assert!(judged.out.contains(&format!("the {arm} has no data")), "{}", judged.out);
    }
}

#[test]
fn the_same_rows_in_both_arms_are_no_silent_pass() {
    let (baseline, _) = healthy();
    let mut lines: Vec<&str> = baseline.lines().collect();
    lines[1..].reverse();
    let reversed = lines.join("\n") + "\n";
    for canary in [baseline.clone(), reversed] {
        let folder = bench(&baseline, &canary);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(canary.as_bytes()).unwrap();
        fs::write(folder.path().join("c.csv.gz"), packed.finish().unwrap()).unwrap();
        for file in ["c.csv", "c.csv.gz"] {
            let judged = davy(&folder, &["judge", "--baseline", "b.csv", "--canary", file, "--fail-on-warn"]);
            assert_eq!(judged.code, 12, "{}{}", judged.out, judged.told);
            assert!(judged.out.contains("both arms have the same values at the same times"), "{}", judged.out);
        }
    }
}

#[test]
fn the_message_names_the_file_and_its_columns() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let row = "2026-03-02T10:00:00Z,1\n2026-03-02T10:01:00Z,1\n";
    write("b.csv", &format!("time,foo\n{row}"));
    write("c.csv", &format!("time,bar\n{row}"));
    let nothing = davy(&folder, &TWO);
    assert_eq!(nothing.code, 65);
    assert!(
        nothing.told.contains("the columns of b.csv are `foo`; the columns of c.csv are `bar`"),
        "{}",
        nothing.told
    );
    write(
        "both.csv",
        "arm,time,errors,requests\nbaseline,2026-03-02T10:00:00Z,1,10\ncanary,2026-03-02T10:00:00Z,1,10\ncanary-v2,2026-03-02T10:00:00Z,1,10\n",
    );
    let unclear = davy(&folder, &["judge", "--data", "both.csv"]);
    assert_eq!(unclear.code, 65);
    assert!(
        unclear.told.contains("its column `arm` has the values `baseline`, `canary`, `canary-v2`"),
        "{}",
        unclear.told
    );
}

#[test]
fn a_name_in_the_rows_of_one_arm_only_is_never_dropped() {
    let rows = |names: &[&str], seed: u64| {
        let row = |minute: u64| {
            let value = |name: &str| match name {
                "requests" => 9_000 + minute * 31 * seed % 100,
                "errors" => 30 + minute * 7 * seed % 9,
                _ => 200 + minute * 13 * seed % 11,
            };
            names
                .iter()
                .map(move |name| format!("2026-03-02T10:{minute:02}:00Z,{name},{}\n", value(name)))
                .collect::<String>()
        };
        format!("time,name,value\n{}", (0..60).map(row).collect::<String>())
    };
    let all = rows(&["requests", "errors", "p95_ms"], 3);
    let judged = davy(&bench(&all, &rows(&["requests", "p95_ms"], 5)), &TWO);
    assert_eq!(judged.code, 11, "{}{}", judged.out, judged.told);
    assert!(judged.out.contains("errors: c.csv has no row of that name"), "{}", judged.out);
    assert_eq!(davy(&bench(&all, &rows(&["requests", "errors", "p95_ms"], 5)), &TWO).code, 0);
}

#[test]
fn one_file_at_two_times_is_no_copy() {
    let (baseline, _) = healthy();
    let folder = bench(&baseline, &baseline);
    let config = "name: later\nsources: { data: { file: { path: b.csv } } }\n\
                  window: { from: 2026-03-02T10:30:00Z, to: 2026-03-02T11:00:00Z, step: 1m, baseline: { ago: 30m } }\n\
                  metrics: { p95: { gauge: { value: p95_ms, unit: ms } } }\n\
                  criteria: [ { metric: p95, pass: \"<= baseline + 10%\" } ]\n";
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let judged = davy(&folder, &["judge", "--fail-on-warn"]);
    assert_eq!(judged.code, 0, "{}{}", judged.out, judged.told);
}
