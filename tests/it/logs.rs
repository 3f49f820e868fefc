//! Logs of requests against a computation that has nothing in common with the engine: one row after the other, in memory.
//!
//! The rows are made by chance, with quotes, gaps, bad rows of every kind and in no order of time; what the engine counts, and
//! which bad rows it shows, has to be exactly what the plain computation finds, and a quantile as near as it is promised.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use davy::series::{SignedDuration, Timestamp, Window};
use davy::source::requests::{
    Arms, BadRows, By, Cell, Columns, Condition, Counted, Format, GRID, LONGEST, Requests, SCALE, Slice, Taken, Valued,
    When, read,
};
use davy::source::{Kind, Outside};
use davy::stats::slow;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::soaks::noise::Noise;
use crate::world::answer;

const START: i64 = 1_772_366_400;
const HEADER: &str = "ts,arm,route,status,latency_ms,agent";

/// A row, and what is wrong with it.
#[derive(Debug, Clone)]
struct Row {
    /// Milliseconds since START.
    ms: i64,
    arm: &'static str,
    route: &'static str,
    status: u16,
    /// Microseconds.
    took: u64,
    wrong: Option<&'static str>,
}

const ROUTES: [&str; 5] = ["/cart", "/search?q=a,b", "/say \"hi\"", "/health", ""];
const WRONG: [&str; 10] = [
    "does not say its arm",
    "has a status below 100",
    "has a time that cannot be read",
    "has no time",
    "has a latency that is not a number",
    "has a negative latency",
    "has no latency",
    "has a status that is not a number",
    "has more or fewer fields than there are columns",
    "has a quote that does not end in its line",
];

/// Rows in no order, of two hours from START on.
fn rows(noise: &mut Noise, n: usize, wrong: f64) -> Vec<Row> {
    let below = |noise: &mut Noise, n: usize| ((noise.uniform() * n as f64) as usize).min(n - 1);
    let row = |_| {
        let arm = ["baseline", "canary", "canary", "other"][below(noise, 4)];
        let took = (4.0 + 2.0 * noise.normal()).exp() * 1_000.0;
        let status = [200, 200, 200, 404, 500, 503][below(noise, 6)];
        let wrong = noise.happens(wrong).then(|| WRONG[below(noise, WRONG.len())]);
        let ms = (noise.uniform() * 7_200_000.0) as i64;
        Row { ms, arm, route: ROUTES[below(noise, ROUTES.len())], status, took: took as u64, wrong }
    };
    (0..n).map(row).collect()
}

fn quoted(text: &str, by: char) -> String {
    match text.contains([by, '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn line(row: &Row, by: char) -> String {
    let mut time = Timestamp::from_millisecond(1_000 * START + row.ms).unwrap().to_string();
    let mut took = format!("{}.{:03}", row.took / 1_000, row.took % 1_000);
    let (mut status, mut agent) = (row.status.to_string(), "curl");
    let arm = if row.wrong == Some("does not say its arm") { " " } else { row.arm };
    match row.wrong {
        Some("has a time that cannot be read") => time = "yesterday".into(),
        Some("has no time") => time.clear(),
        Some("has a latency that is not a number") => took = "slow".into(),
        Some("has a negative latency") => took.insert(0, '-'),
        Some("has no latency") => took.clear(),
        Some("has a status that is not a number") => status = "melted".into(),
        Some("has a status below 100") => status = "042".into(),
        Some("has more or fewer fields than there are columns") => agent = "curl,8",
        Some("has a quote that does not end in its line") => agent = "\"curl",
        _ => {}
    }
    let route = quoted(row.route, by);
    [time.as_str(), arm, &route, &status, &took, agent].join(&by.to_string())
}

/// A file of rows, now and then with an empty line or the header again, which are no rows; with the number of each row's line.
fn text(rows: &[Row]) -> (String, Vec<usize>) {
    let (mut text, mut numbers, mut number) = (format!("{HEADER}\n"), Vec::new(), 1);
    for (at, row) in rows.iter().enumerate() {
        if at % 97 == 50 {
            text += ["\n", "ts,arm,route,status,latency_ms,agent\n"][at % 2];
            number += 1;
        }
        number += 1;
        numbers.push(number);
        text += &line(row, ',');
        text.push('\n');
    }
    (text, numbers)
}

fn packed(path: &Path, text: &str) {
    let bytes = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(text.as_bytes()).unwrap();
            packer.finish().unwrap()
        }
        Some("zst") => zstd::encode_all(text.as_bytes(), 1).unwrap(),
        _ => text.as_bytes().to_vec(),
    };
    fs::write(path, bytes).unwrap();
}

fn log(inputs: Vec<PathBuf>) -> Requests {
    let shown = "the log".to_owned();
    let (columns, arms) = (Columns::default(), Arms::Column(None));
    Requests {
        inputs,
        shown,
        format: Format::Auto,
        columns,
        arms,
        filter: None,
        layout: None,
        max_bad: 1.0,
        table: None,
    }
}

fn condition(text: &str) -> Condition {
    Condition::parse(text).unwrap()
}

/// All requests, and those of each route but one.
fn slices() -> Vec<Slice> {
    let counted = vec![
        ("requests".to_owned(), Counted::Requests),
        ("errors".to_owned(), Counted::Errors),
        ("lost".to_owned(), Counted::When(condition("status = 404"))),
    ];
    let all = Slice { filter: None, by: None, split: Vec::new(), counted, valued: Some(Valued::Latency) };
    let by = Some(By { column: "route".into(), most: usize::MAX });
    let grouped = Slice { filter: Some(condition("route != \"/health\"")), by, ..all.clone() };
    vec![all, grouped]
}

fn passed(log: &Requests, when: &When) -> Taken {
    let outside = Outside::quiet(Timestamp::from_second(START + 86_400).unwrap());
    read(log, &slices(), when, &outside).unwrap()
}

/// What a cell has to be: the counts and all latencies in nanoseconds.
type Plain = BTreeMap<(usize, String, String, i64), (Vec<u64>, Vec<u64>)>;

/// The plain computation: cells, bad rows by reason with the places of the first, and rows outside of the windows.
fn plainly(files: &[(PathBuf, Vec<Row>, Vec<usize>)], when: &When) -> (Plain, BTreeMap<&'static str, BadRows>, u64) {
    let (mut cells, mut bad, mut outside) = (Plain::new(), BTreeMap::new(), 0);
    for (path, rows, numbers) in files {
        for (row, number) in rows.iter().zip(numbers) {
            let time = Timestamp::from_millisecond(1_000 * START + row.ms).unwrap();
            let misread = row
                .wrong
                .is_some_and(|wrong| wrong.contains("time") || wrong.contains("its line") || wrong.contains("fields"));
            let within = when.windows.is_empty() || when.windows.iter().any(|w| w.start <= time && time < w.end);
            if !misread && !within {
                outside += 1;
                continue;
            }
            if let Some(wrong) = row.wrong {
                let bad: &mut BadRows = bad.entry(wrong).or_default();
                bad.count += 1;
                if bad.examples.len() < 3 {
                    bad.examples.push(format!("{}, line {number}: ", path.display()));
                }
            }
            // a request that only lacks its latency is one
            let measured = !row.wrong.is_some_and(|wrong| wrong.contains("latency"));
            if row.wrong.is_none() || !measured {
                let since = time.as_nanosecond() - when.origin.as_nanosecond();
                let step = since.div_euclid(when.step.as_nanos()) as i64;
                let route = if row.route.is_empty() { "(none)" } else { row.route };
                let both = [Some((0, "")), (route != "/health").then_some((1, route))];
                for (slice, group) in both.into_iter().flatten() {
                    let (counts, took) = cells
                        .entry((slice, row.arm.to_owned(), group.to_owned(), step))
                        .or_insert_with(|| (vec![0; 3], Vec::new()));
                    counts[0] += 1;
                    counts[1] += u64::from(row.status >= 500);
                    counts[2] += u64::from(row.status == 404);
                    took.extend(measured.then_some(row.took * 1_000));
                }
            }
        }
    }
    (cells, bad, outside)
}

fn assert_cell(cell: &Cell, counts: &[u64], took: &mut [u64]) {
    assert_eq!(cell.counts, counts);
    let Some(bins) = cell.bins.as_ref() else {
        assert!(took.is_empty());
        return;
    };
    took.sort_unstable();
    let cells = took.iter().map(|ns| (GRID.index((*ns).min(LONGEST)), 1)).collect();
    assert_eq!(*bins, davy::series::Bins::new(GRID, Some(GRID.index(LONGEST)), cells));
    // and so a quantile is as near to that of the requests themselves as the cells are narrow
    let ours = slow::Requests::binned(bins.clone(), SCALE);
    for q in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0] {
        let (rank, n) = (q * took.len() as f64, took.len() as f64);
        let of_rank = |rank: f64| took[rank.clamp(1.0, n) as usize - 1] as f64 * SCALE;
        let (low, high) = (of_rank((q * (n - 1.0)).floor() + 1.0), of_rank(rank.ceil()));
        let (found, near) = (ours.quantile(q).unwrap(), GRID.resolution() * high + SCALE);
        assert!(low - near <= found && found <= high + near, "p{}: {found} is not in {low} to {high}", 100.0 * q);
    }
}

/// What the engine makes of files is what the plain computation makes of their rows.
fn assert_same(files: &[(PathBuf, Vec<Row>, Vec<usize>)], when: &When) {
    let taken = passed(&log(files.iter().map(|(path, ..)| path.clone()).collect()), when);
    let (cells, bad, outside) = plainly(files, when);
    let account = &taken.account;
    assert_eq!(account.rows, files.iter().map(|(_, rows, _)| rows.len() as u64).sum::<u64>());
    assert_eq!((account.files, account.outside, account.armless), (files.len(), outside, 0));
    let unread = |why: &str| if why == "has no latency" { &account.unmeasured } else { &account.bad };
    let whys = account.bad.keys().chain(account.unmeasured.keys()).collect::<BTreeSet<_>>();
    assert_eq!(whys, bad.keys().collect::<BTreeSet<_>>());
    for (why, wanted) in &bad {
        let found = &unread(why)[why];
        assert_eq!((found.count, found.examples.len()), (wanted.count, wanted.examples.len()), "{why}");
        for (found, wanted) in found.examples.iter().zip(&wanted.examples) {
            assert!(found.starts_with(wanted) && found.len() > wanted.len(), "{why}: {found:?} is not at {wanted:?}");
        }
    }
    let found = taken.slices.iter().flatten().flat_map(|(_, steps)| steps).count();
    assert_eq!(found, cells.len());
    for ((slice, arm, group, step), (counts, mut took)) in cells {
        let time = when.origin + when.step * i32::try_from(step).unwrap();
        assert_cell(&taken.slices[slice][&(arm, group)][&time], &counts, &mut took);
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(START + 60 * minute).unwrap()
}

fn whens() -> [When; 3] {
    let window = |from, to| Window { start: at(from), end: at(to) };
    let minute = SignedDuration::from_mins(1);
    [
        When { windows: Vec::new(), origin: at(0), step: minute, coarsen: false },
        When { windows: vec![window(10, 40), window(70, 80)], origin: at(10), step: minute, coarsen: false },
        // steps that begin after most rows
        When { windows: Vec::new(), origin: at(95), step: SignedDuration::from_secs(420), coarsen: false },
    ]
}

const NAMES: [&str; 3] = ["b.csv", "a.csv.gz", "c.csv.zst"];

fn written(folder: &Path, parts: &[Vec<Row>]) -> Vec<(PathBuf, Vec<Row>, Vec<usize>)> {
    let file = |(at, rows): (usize, &Vec<Row>)| {
        let path = folder.join(format!("{at}-{}", NAMES[at % NAMES.len()]));
        let (text, numbers) = text(rows);
        packed(&path, &text);
        (path, rows.clone(), numbers)
    };
    parts.iter().enumerate().map(file).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_pass_is_what_the_plain_computation_finds(
        seed: u64, sizes in prop::collection::vec(1_usize..400, 1..5), wrong in 0.0..0.3_f64, which in 0_usize..3,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut noise = Noise::of(seed, "logs", "", 0);
        let parts: Vec<Vec<Row>> = sizes.iter().map(|n| rows(&mut noise, *n, wrong)).collect();
        assert_same(&written(folder.path(), &parts), &whens()[which]);
    }
}

#[test]
fn files_of_many_chunks_are_the_same_whoever_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut noise = Noise::of(7, "logs", "large", 0);
    let parts = [rows(&mut noise, 90_000, 0.001), rows(&mut noise, 60_000, 0.0), rows(&mut noise, 10, 0.5)];
    let files = written(folder.path(), &parts);
    assert!(fs::metadata(&files[0].0).unwrap().len() > 4 << 20, "several chunks are wanted");
    assert_same(&files, &whens()[0]);
    // one processor or all of them
    let inputs: Vec<&str> = files.iter().map(|(path, ..)| path.to_str().unwrap()).collect();
    let arguments = [&["sketch", "--csv", "-", "--by", "route", "--max-bad-rows", "50%"], inputs.as_slice()].concat();
    let all = Command::cargo_bin("davy").unwrap().args(&arguments).output().unwrap();
    assert!(all.status.success(), "{}", String::from_utf8_lossy(&all.stderr));
    let davy = assert_cmd::cargo::cargo_bin("davy");
    match std::process::Command::new("taskset").args(["-c", "0"]).arg(davy).args(&arguments).output() {
        Ok(one) => assert!(one.stdout == all.stdout && one.stderr == all.stderr && one.status.success()),
        Err(error) => println!("skipped: there is no taskset ({error})"),
    }
}

/// The same rows in another form.
fn formed(rows: &[Row], form: &str) -> String {
    let separated = |by: char| {
        let lines = rows.iter().map(|row| line(row, by) + "\n");
        HEADER.replace(',', &by.to_string()) + "\n" + &lines.collect::<String>()
    };
    match form {
        "tsv" => separated('\t'),
        "semicolon.csv" => separated(';'),
        "ndjson" => {
            let object = |row: &Row| {
                let time = Timestamp::from_millisecond(1_000 * START + row.ms).unwrap().to_string();
                let route = (!row.route.is_empty()).then_some(row.route);
                let arm = row.arm;
                let took = row.took as f64 / 1_000.0;
                serde_json::json!({ "ts": time, "arm": arm, "route": route, "status": row.status, "latency_ms": took })
                    .to_string()
            };
            rows.iter().map(|row| object(row) + "\n").collect()
        }
        "crlf.csv" => separated(',').replace('\n', "\r\n"),
        "bom.csv" => format!("\u{feff}{}", separated(',')),
        "open.csv" => separated(',').trim_end().to_owned(),
        _ => separated(','),
    }
}

#[test]
fn the_same_rows_in_any_form_and_from_anywhere_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(&mut Noise::of(3, "logs", "forms", 0), 3_000, 0.0);
    let when = &whens()[0];
    let path = |name: &str| folder.path().join(name);
    let whole = path("whole.csv");
    fs::write(&whole, formed(&rows, "csv")).unwrap();
    let wanted = passed(&log(vec![whole.clone()]), when).slices;
    assert!(wanted[0].len() == 3 && wanted[1].len() == 3 * 4);
    for form in ["tsv", "semicolon.csv", "ndjson", "crlf.csv", "bom.csv", "open.csv"] {
        let path = path(&format!("one.{form}"));
        fs::write(&path, formed(&rows, form)).unwrap();
        assert!(passed(&log(vec![path]), when).slices == wanted, "{form}");
    }
    // several files: with nothing in them, with a header alone, with their columns in another order
    let parts = path("parts");
    fs::create_dir(&parts).unwrap();
    fs::write(parts.join("0.csv"), "").unwrap();
    fs::write(parts.join("1.csv"), format!("{HEADER}\n")).unwrap();
    fs::write(parts.join("2.csv"), formed(&rows[..1_000], "crlf.csv")).unwrap();
    let (mut exchanged, by) = ("latency_ms;status;ts;arm;route\n".to_owned(), ";");
    for row in &rows[1_000..2_000] {
        let line = line(&Row { route: "ROUTE", ..row.clone() }, ';');
        let [time, arm, _, status, took, _] = line.split(by).collect::<Vec<_>>()[..] else { panic!("{line}") };
        writeln!(exchanged, "{}", [took, status, time, arm, &quoted(row.route, ';')].join(by)).unwrap();
    }
    fs::write(parts.join("3.csv"), exchanged).unwrap();
    packed(&parts.join("4.csv.gz"), &formed(&rows[2_000..], "open.csv"));
    fs::write(parts.join(".hidden"), "nothing to read").unwrap();
    let listed = (0..4).map(|n| parts.join(format!("{n}.csv"))).chain([parts.join("4.csv.gz")]).collect();
    // whatever is named twice is read once
    for inputs in [vec![parts.clone()], vec![parts.join("*.csv*")], listed, vec![parts.clone(), parts.join("2.csv")]] {
        let taken = passed(&log(inputs.clone()), when);
        assert!(taken.slices == wanted && taken.account.files == 5, "{inputs:?}");
    }
    let sketch = |input: &str, stdin: &[u8]| {
        let mut davy = Command::cargo_bin("davy").unwrap();
        let output = davy.args(["sketch", "--csv", "-", input]).write_stdin(stdin).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let of_file = sketch(whole.to_str().unwrap(), b"");
    assert!(of_file.lines().count() > 300);
    assert_eq!(sketch("-", &fs::read(&whole).unwrap()), of_file);
    assert_eq!(sketch("-", formed(&rows, "ndjson").as_bytes()), of_file);
}

#[test]
fn a_header_alone_is_a_log_without_requests_and_an_empty_file_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    fs::write(&path, format!("{HEADER}\n")).unwrap();
    let taken = passed(&log(vec![path.clone()]), &whens()[0]);
    assert_eq!((taken.account.rows, taken.slices.iter().all(BTreeMap::is_empty)), (0, true));
    fs::write(&path, "\n\n").unwrap();
    let outside = Outside::quiet(at(0));
    let error = read(&log(vec![path]), &slices(), &whens()[0], &outside).unwrap_err();
    assert_eq!((error.kind, error.to_string().contains("is empty")), (Kind::Unreadable, true), "{error}");
}

#[test]
fn times_of_other_centuries_are_counted_or_refused_but_not_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    for time in ["1680-01-01T00:00:00Z", "2261-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
        fs::write(&path, format!("{HEADER}\n{time},canary,/,200,1,curl\n2026-03-01T12:00:00Z,canary,/,200,1,curl\n"))
            .unwrap();
        for when in whens() {
            let account = passed(&log(vec![path.clone()]), &when).account;
            assert_eq!(account.rows, 2, "{time}");
        }
    }
}

const CONFIG: &str = r#"
name: log
sources: { log: { requests: { path: "PATH", MORE } } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
  by_route: { by: route, values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 10pp" }
  - { metric: latency, statistic: p50, pass: "<= baseline + 50%" }
  - { metric: by_route, statistic: p90, pass: "<= baseline + 80%" }
"#;

/// A folder with a configuration over `access.csv`.
fn folder(more: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("access.csv"), text).unwrap();
    configured(folder.path(), "access.csv", more);
    folder
}

fn configured(folder: &Path, path: &str, more: &str) {
    let text = CONFIG.replace("PATH", path).replace(", MORE", more);
    fs::write(folder.join("canary.yaml"), text).unwrap();
}

/// Half an hour of two arms and some routes, in order.
fn half_an_hour() -> Vec<Row> {
    let mut noise = Noise::of(11, "logs", "judged", 0);
    let mut rows = rows(&mut noise, 8_000, 0.0);
    rows.retain(|row| ["baseline", "canary"].contains(&row.arm));
    rows.iter_mut().for_each(|row| row.ms /= 4);
    rows.sort_by_key(|row| row.ms);
    rows
}

#[test]
fn too_many_bad_rows_are_an_error_with_reasons_places_and_a_remedy() {
    let mut rows = half_an_hour();
    for (at, wrong) in [(10, WRONG[2]), (20, WRONG[4]), (30, WRONG[4]), (4_000, WRONG[4]), (4_500, WRONG[4])] {
        rows[at].wrong = Some(wrong);
    }
    let folder = folder(", max_bad_rows: 0.05%", &formed(&rows, "csv"));
    let (code, _, stderr) = answer(folder.path(), &["judge", "canary.yaml"]);
    let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, 65, "{stderr}");
    for part in [
        &format!("5 of {} rows", rows.len()),
        "1 has a time that cannot be read, such as",
        "access.csv, line 12: ts is \"yesterday\"",
        "4 has a latency that is not a number, such as",
        "access.csv, line 22: latency_ms is \"slow\"",
        "access.csv, line 4002: latency_ms is \"slow\"",
        "At most 0.05 % may be (`max_bad_rows`)",
    ] {
        assert!(flat.contains(part), "{part}: {stderr}");
    }
    assert!(!flat.contains("line 4502"), "three examples are enough: {stderr}");
    // below that they are told beside the verdict
    configured(folder.path(), "access.csv", ", max_bad_rows: 1%");
    let (code, stdout, stderr) = answer(folder.path(), &["judge", "canary.yaml", "--verbose"]);
    assert!([0, 11].contains(&code), "{stdout}{stderr}");
    assert!(
        stderr.contains("4 rows left out: has a latency that is not a number") && stderr.contains("line 22"),
        "{stderr}"
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_code() {
    let rows = half_an_hour();
    let folder = folder("", &formed(&rows, "csv"));
    let here = folder.path();
    let fails = |path: &str, more: &str, code: i32, parts: &[&str]| {
        configured(here, path, more);
        let (found, stdout, stderr) = answer(here, &["judge", "canary.yaml"]);
        assert_eq!(found, code, "{path}: {stdout}{stderr}");
        let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        parts.iter().for_each(|part| assert!(flat.contains(part), "{part}: {stderr}"));
    };
    let whole = here.join("whole.csv.gz");
    packed(&whole, &formed(&rows, "csv"));
    let bytes = fs::read(&whole).unwrap();
    fs::write(here.join("half.csv.gz"), &bytes[..bytes.len() / 2]).unwrap();
    fails("half.csv.gz", "", 65, &["half.csv.gz", "cannot be read to its end", "Is the file complete?"]);
    fails("no.csv", "", 69, &["no.csv", "does not exist"]);
    fails("no*.csv", "", 69, &["no*.csv", "matches no file"]);
    fails("access.csv", ", latency: took_ms", 65, &["took_ms", "ts", "route", "latency_ms", "agent"]);
    fails("access.csv", ", where: 'path = \"/\"'", 65, &["path", "route", "latency_ms"]);
    fs::write(here.join("empty.csv"), "").unwrap();
    fails("empty.csv", "", 65, &["empty.csv", "is empty"]);
}

#[test]
fn histograms_of_a_log_are_recorded_and_replayed_with_their_groups() {
    let mut rows = half_an_hour();
    // what takes days is at the end of its histogram
    rows[77].took = 3 * 86_400_000_000;
    let folder = folder("", &formed(&rows, "csv"));
    let (code, stdout, stderr) =
        answer(folder.path(), &["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
    assert!([0, 10, 11].contains(&code), "{stdout}{stderr}");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let verdict = json(&stdout);
    let findings = verdict["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2 + 5);
    assert!(findings.iter().any(|f| f["criterion"].as_str().unwrap().contains("[/search?q=a,b]")), "{stdout}");
    let replays = |name: &str| {
        let (code, stdout, stderr) = answer(folder.path(), &["replay", "--check", name]);
        assert_eq!(code, 0, "{stdout}{stderr}");
    };
    replays("kept");
    let (again, _, stderr) = answer(folder.path(), &["judge", "kept", "--record", "again"]);
    assert_eq!(again, code, "{stderr}");
    replays("again");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (kept, again) = (json(&read("kept/verdict.json")), json(&read("again/verdict.json")));
    assert_eq!((&kept["findings"], &kept["fingerprint"]), (&verdict["findings"], &verdict["fingerprint"]));
    assert_eq!((&kept["findings"], &kept["fingerprint"]), (&again["findings"], &again["fingerprint"]));
    assert!(read("kept/series/latency.csv").starts_with("time,arm,histogram\n"));
    assert!(read("kept/series/by_route.csv").starts_with("time,arm,group,histogram\n"));
    for series in ["latency", "by_route", "errors"] {
        assert_eq!(read(&format!("kept/series/{series}.csv")), read(&format!("again/series/{series}.csv")));
    }
    // the log is not needed any more, nor does the recording tell where it was
    fs::remove_file(folder.path().join("access.csv")).unwrap();
    replays("kept");
    assert!(!read("kept/canary.yaml").contains("access.csv"));
}

#[test]
fn a_log_may_come_through_a_pipe_but_only_once() {
    let text = formed(&half_an_hour(), "csv");
    let folder = folder("", &text);
    let piped = || {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(folder.path()).args(["judge", "canary.yaml", "--format", "json"]).write_stdin(text.as_bytes());
        let output = davy.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let findings = |(_, stdout, stderr): (_, String, String)| {
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        json["findings"].clone()
    };
    let of_file = findings(piped());
    configured(folder.path(), "-", "");
    assert_eq!(findings(piped()), of_file, "one pass answers all metrics of both arms");
    let config = fs::read_to_string(folder.path().join("canary.yaml")).unwrap();
    let other = "sources: { other: { requests: { path: \"-\", where: 'status < 600' } }, log:";
    let twice = config.replace("sources: { log:", other).replace("latency: {", "latency: { source: other,");
    let twice = twice.replace("errors: {", "errors: { source: log,").replace("by_route: {", "by_route: { source: log,");
    fs::write(folder.path().join("canary.yaml"), twice).unwrap();
    let (code, _, stderr) = piped();
    assert_eq!(code, Some(65), "{stderr}");
    assert!(stderr.contains("standard input") && stderr.contains("there once"), "{stderr}");
}

#[test]
fn a_recording_of_a_log_is_a_history() {
    let folder = folder("", &formed(&half_an_hour(), "csv"));
    let (code, stdout, stderr) = answer(folder.path(), &["judge", "canary.yaml", "--record", "kept"]);
    assert!([0, 10, 11].contains(&code), "{stdout}{stderr}");
    for command in ["plan", "calibrate"] {
        let of_log = answer(folder.path(), &[command, "canary.yaml", "--history", "access.csv"]);
        assert_eq!(of_log.0, 0, "{command}: {}", of_log.2);
        let (code, stdout, stderr) = answer(folder.path(), &[command, "canary.yaml", "--history", "kept"]);
        assert_eq!(code, 0, "{command}: {stderr}");
        assert!(stdout.contains("[/cart]") && stdout.contains("latency"), "{command}: {stdout}");
    }
}

#[test]
fn a_sketch_counts_what_the_judge_counts() {
    let rows = half_an_hour();
    let folder = folder("", &formed(&rows, "csv"));
    let (code, stdout, stderr) = answer(folder.path(), &["judge", "canary.yaml", "--record", "kept"]);
    assert!([0, 10, 11].contains(&code), "{stdout}{stderr}");
    let sum = |text: &str, columns: &[&str], which: &dyn Fn(&csv::StringRecord) -> bool| -> Vec<u64> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let place =
            |name: &&str| header.iter().position(|known| known == *name).unwrap_or_else(|| panic!("{name}: {text}"));
        let places: Vec<usize> = columns.iter().map(place).collect();
        let mut sums = vec![0; columns.len()];
        for record in reader.records().map(Result::unwrap).filter(|record| which(record)) {
            sums.iter_mut().zip(&places).for_each(|(sum, at)| *sum += record[*at].parse::<u64>().unwrap());
        }
        sums
    };
    let sketch = |arguments: &[&str]| {
        let (code, stdout, stderr) =
            answer(folder.path(), &[&["sketch", "access.csv", "--csv", "-"], arguments].concat());
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let errors = fs::read_to_string(folder.path().join("kept/series/errors.csv")).unwrap();
    let whole = sketch(&[]);
    for arm in ["baseline", "canary"] {
        let of = |record: &csv::StringRecord| &record[1] == arm;
        assert_eq!(sum(&whole, &["requests", "errors"], &of), sum(&errors, &["total", "bad"], &of));
        let of_arm = |row: &&Row| row.arm == arm;
        let cart = rows.iter().filter(of_arm).filter(|row| row.route == "/cart").count() as u64;
        let routes = sketch(&["--by", "route"]);
        assert_eq!(sum(&routes, &["requests"], &|r| &r[1] == arm && &r[2] == "/cart"), [cart]);
        assert_eq!(sum(&routes, &["requests", "errors"], &of), sum(&whole, &["requests", "errors"], &of));
        let only = sketch(&["--where", "route = \"/cart\" and status < 500", "--step", "5m"]);
        let lively = rows.iter().filter(of_arm).filter(|row| row.route == "/cart" && row.status < 500).count() as u64;
        assert_eq!(sum(&only, &["requests", "errors"], &of), [lively, 0]);
    }
    let one = sketch(&["--arm", "all of them", "--error", "status = 404"]);
    let lost = rows.iter().filter(|row| row.status == 404).count() as u64;
    assert_eq!(sum(&one, &["requests", "errors"], &|r| &r[1] == "all of them"), [rows.len() as u64, lost]);
    assert_eq!(
        sum(&sketch(&["--arm-column", "route", "--where", "route like \"/*\""]), &["requests"], &|r| &r[1] == "/cart")
            .len(),
        1
    );
    // a file instead of standard output leaves that for the table
    let (code, table, _) = answer(folder.path(), &["sketch", "access.csv", "--csv", "steps.csv"]);
    assert_eq!((code, fs::read_to_string(folder.path().join("steps.csv")).unwrap()), (0, whole));
    assert!(table.starts_with("arm ") && table.contains("p99 ms") && table.lines().count() == 3, "{table}");
    let (code, _, stderr) = answer(folder.path(), &["sketch", "access.csv", "--merge", "--by", "route"]);
    assert!(code == 2 && stderr.contains("--merge adds sketches up as they are"), "{stderr}");
}

#[test]
#[cfg(feature = "frames")]
fn sketches_are_written_added_up_and_judged_like_their_log() {
    let rows = half_an_hour();
    let folder = folder("", &formed(&rows, "csv"));
    let here = folder.path();
    for (at, part) in rows.chunks(rows.len() / 3).enumerate() {
        fs::write(here.join(format!("{at}.csv")), formed(part, "csv")).unwrap();
        let (input, output) = (format!("{at}.csv"), format!("{at}.sketch.parquet"));
        let (code, _, stderr) = answer(here, &["sketch", &input, "--by", "route", "-o", &output]);
        assert!(code == 0 && stderr.contains("wrote"), "{stderr}");
    }
    let csv = |arguments: &[&str]| {
        let (code, stdout, stderr) = answer(here, &[&["sketch", "--csv", "-"], arguments].concat());
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let parts = ["0.sketch.parquet", "1.sketch.parquet", "2.sketch.parquet", "3.sketch.parquet"];
    let parts: Vec<&str> = parts.into_iter().filter(|part| here.join(part).exists()).collect();
    let merged = csv(&[&["--merge", "-o", "all.sketch.parquet"], parts.as_slice()].concat());
    assert_eq!(merged, csv(&["access.csv", "--by", "route"]));
    assert_eq!(merged, csv(&["--merge", "all.sketch.parquet"]), "what was written is what was shown");
    let findings = |path: &str| {
        configured(here, path, "");
        // a sketch has its own step; the log is judged in the same
        let text = fs::read_to_string(here.join("canary.yaml")).unwrap();
        fs::write(here.join("canary.yaml"), text + "\nwindow: { step: 1m }\n").unwrap();
        let (_, stdout, stderr) = answer(here, &["judge", "canary.yaml", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        json["findings"].clone()
    };
    assert_eq!(findings("all.sketch.parquet"), findings("access.csv"));
}

#[test]
#[cfg(not(feature = "frames"))]
fn a_build_without_sketches_says_what_is_missing() {
    let folder = folder("", &formed(&half_an_hour(), "csv"));
    for arguments in [&["sketch", "access.csv", "-o", "out.parquet"][..], &["sketch", "--merge", "access.csv"]] {
        let (code, _, stderr) = answer(folder.path(), arguments);
        let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(code, 65, "{stderr}");
        assert!(
            flat.contains("this build of davy cannot") && flat.contains("Build with the feature `frames`"),
            "{stderr}"
        );
    }
    assert!(!folder.path().join("out.parquet").exists());
}

/// Writes a log and judges it with a configuration over it: exit code, and what was said on both streams.
fn judged(name: &str, text: &str, source: &str, bad: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let config = format!(
        "name: t\nsources: {{ log: {{ requests: {{ path: {name}, {source} }} }} }}\nmetrics: {{ errors: {{ rate: {{ bad: {bad}, total: requests }} }} }}\n\
         criteria: [{{ metric: errors, pass: \"<= baseline + 50%\" }}]\n"
    );
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let output = assert_cmd::Command::cargo_bin("davy").unwrap().arg("judge").arg(folder.path()).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap_or(-1), said)
}

/// Half an hour of both arms, the canary's every fourth request failed; `write` makes a line of time, arm and status.
fn failing(write: impl Fn(i64, &str, u16) -> String) -> String {
    let row = |i: i64| {
        let (arm, failed) = if i % 2 == 0 { ("baseline", i % 400 == 0) } else { ("canary", i % 8 == 1) };
        write(START + i, arm, if failed { 502 } else { 200 })
    };
    (0..1_800).map(row).collect()
}

#[test]
fn errors_cannot_hide_behind_what_is_missing_or_misspelt() {
    let json = failing(|ts, arm, status| format!("{{\"ts\":{ts},\"arm\":\"{arm}\",\"status\":{status}}}\n"));
    let (code, said) = judged("a.ndjson", &json, "status: status", "errors");
    assert_eq!(code, 10, "{said}");
    // a misspelt column, in the source or in the metric, is found out
    for (source, bad) in [("error: \"stauts >= 500\"", "errors"), ("status: status", "'stauts >= 500'")] {
        let (code, said) = judged("a.ndjson", &json, source, bad);
        assert_eq!(code, 65, "{said}");
        assert!(said.contains("not one of 1800 rows has a column \"stauts\""), "{said}");
    }
    // requests that failed before anybody answered for them
    let csv = |write: &dyn Fn(i64, &str, u16) -> String| "ts,arm,status\n".to_owned() + &failing(write);
    let nobody = csv(&|ts, arm, status| format!("{ts},{},{status}\n", if status == 502 { "-" } else { arm }));
    let (code, said) = judged("a.csv", &nobody, "status: status", "errors");
    assert!(code == 65 && said.contains("does not say its arm"), "{code} {said}");
    let unanswered = csv(&|ts, arm, status| format!("{ts},{arm},{}\n", if status == 502 { 0 } else { status }));
    let (code, said) = judged("a.csv", &unanswered, "status: status", "errors");
    assert_eq!(code, 10, "a status of 0 is a request that nobody answered: {said}");
    let odd = csv(&|ts, arm, status| format!("{ts},{arm},{}\n", if status == 502 { 50 } else { status }));
    let (code, said) = judged("a.csv", &odd, "status: status", "errors");
    assert!(code == 65 && said.contains("has a status below 100"), "{code} {said}");
    // the same arm with spaces around it, and truth in capitals
    let spaced = csv(&|ts, arm, status| format!("{ts}, {arm} ,{status}\n"));
    assert_eq!(judged("a.csv", &spaced, "status: status", "errors").0, 10);
    let truth = "ts,arm,ok\n".to_owned()
        + &failing(|ts, arm, s| format!("{ts},{arm},{}\n", if s == 502 { "False" } else { "True" }));
    assert_eq!(judged("a.csv", &truth, "error: \"ok = false\"", "errors").0, 10);
    // rows of a third arm are told
    let third = csv(&|ts, arm, status| format!("{ts},{},{status}\n", if status == 502 { "Canary-2" } else { arm }));
    let (_, said) = judged("a.csv", &third, "status: status", "errors");
    assert!(said.contains("rows are of neither arm: \"Canary-2\""), "{said}");
}

#[test]
fn columns_that_change_in_the_middle_are_an_error() {
    let half = failing(|ts, arm, status| format!("{ts},{arm},{status}\n"));
    let other = failing(|ts, arm, status| format!("{ts},{status},{arm}\n"));
    let (code, said) =
        judged("a.csv", &format!("ts,arm,status\n{half}ts,status,arm\n{other}"), "status: status", "errors");
    assert!(code == 65 && said.contains("names other columns in the middle"), "{code} {said}");
    let day = |order: &str, rows: &dyn Fn(u16) -> String| {
        format!("#Version: 1.0\n#Fields: date time x-arm {order}\n{}", rows(0))
    };
    let rows = |_: u16| {
        failing(|ts, arm, status| {
            format!("{} {arm} {status} 0\n", Timestamp::from_second(ts).unwrap().strftime("%Y-%m-%d %H:%M:%S"))
                .replace(' ', "\t")
        })
    };
    let (sound, changed) = (day("sc-status x", &rows), day("x sc-status", &rows));
    let source = "format: w3c, arm: { column: x-arm, baseline: baseline, canary: canary }";
    let (code, said) = judged("a.log", &format!("{sound}{sound}"), source, "errors");
    assert_eq!(code, 10, "{said}");
    let (code, said) = judged("a.log", &format!("{sound}{changed}"), source, "errors");
    assert!(code == 65 && said.contains("names other columns in the middle"), "{code} {said}");
}

#[test]
fn a_file_counts_once_and_for_one_arm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(
        &path,
        "ts,arm,route,status,latency_ms\n".to_owned() + &failing(|ts, _, status| format!("{ts},x,/a,{status},5\n")),
    )
    .unwrap();
    std::os::unix::fs::symlink(&path, folder.path().join("current.csv")).unwrap();
    let again = folder.path().join(".").join("a.csv");
    let inputs = vec![path.clone(), again, folder.path().to_owned()];
    let when =
        When { windows: Vec::new(), origin: Timestamp::UNIX_EPOCH, step: SignedDuration::from_mins(1), coarsen: false };
    assert_eq!(passed(&log(inputs), &when).account.rows, 1_800);
    let davy = |arguments: &[&std::ffi::OsStr]| {
        let output = assert_cmd::Command::cargo_bin("davy").unwrap().args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) =
        davy(&["judge".as_ref(), "--baseline".as_ref(), folder.path().as_ref(), "--canary".as_ref(), path.as_ref()]);
    assert!(code == Some(65) && said.contains("same rows"), "{code:?} {said}");
    let (code, said) = davy(&["sketch".as_ref(), path.as_ref(), "-o".as_ref(), path.as_ref()]);
    assert!(code == Some(2) && said.contains("would be lost"), "{code:?} {said}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("ts,arm"));
}
