//! Answers that are whole are judged by every source that reads rows; answers that are not, or are of something else, by none.

use std::fmt::Write;
use std::fs;

use davy::report::document::Outcome;
use davy::series::Grid;

use super::{CONDITIONS, Shop};

const METRICS: &str = r#"metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
  by_route: { by: route, values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: latency, statistic: p95, pass: "<= baseline + 20%" }
  - { metric: by_route, statistic: p95, pass: "<= baseline + 20%" }
"#;

/// Two arms and two routes for an hour. The canary takes so many times as long.
fn answer(slower: u64) -> String {
    answer_of(slower, 2)
}

/// The same on the grid of so many digits.
fn answer_of(slower: u64, digits: u8) -> String {
    let (grid, mut rows, mut total) = (Grid::of_digits(digits, 1), Vec::new(), 0);
    for step in 0..12 {
        for (arm, factor) in [("baseline", 1), ("canary", slower)] {
            for (route, ms) in [("/", 40), ("/checkout", 130)] {
                for cell in 0..8_u64 {
                    let bucket = grid.index((ms + 9 * cell) * 1_000_000 * factor);
                    let requests = 60 + 7 * ((cell * 5 + step + u64::from(arm == "canary")) % 8);
                    rows.push(format!("{},{arm},{route},{bucket},{requests},1,0", 1_772_366_400 + 300 * step));
                    total += requests;
                }
                rows.push(format!("{},{arm},{route},,3,0,0", 1_772_366_400 + 300 * step));
                total += 3;
            }
        }
    }
    rows.push(",canary,,,0,0,2".to_owned());
    total += 2;
    let mut text = format!("step_300s,arm,by_route,bucket_{digits},requests,errors,unread,total\n");
    rows.iter().for_each(|row| writeln!(text, "{row},{total}").unwrap());
    text
}

fn shop(source: &str) -> Shop {
    let shop = Shop::new(CONDITIONS, 10);
    fs::write(shop.path().join("file.yaml"), format!("name: shop\nwindow: {{ from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 5m }}\nsources:\n  table: {source}\n{METRICS}")).unwrap();
    shop
}

fn outcome(shop: &Shop) -> Outcome {
    shop.judge("file.yaml").outcome
}

#[test]
fn every_source_of_rows_reads_an_answer() {
    for source in [
        "{ file: { path: answer.csv } }",
        "{ exec: { command: [cat, answer.csv], arm: { column: arm, baseline: baseline, canary: canary } } }",
    ] {
        let shop = shop(source);
        for (slower, expected) in [(1, Outcome::Pass), (3, Outcome::Fail)] {
            fs::write(shop.path().join("answer.csv"), answer(slower)).unwrap();
            assert_eq!(outcome(&shop), expected, "{source}");
        }
        let document = shop.judge("file.yaml");
        let failed = document.findings.iter().filter(|finding| finding.outcome == Outcome::Fail).count();
        assert_eq!(failed, 3, "the latency, and each route's: {document:?}");
    }
}

/// An answer with this done to its lines, and what davy says of it.
type Damage = (&'static str, fn(&mut Vec<String>), &'static str);

const DAMAGES: [Damage; 12] = [
    ("cut at the end", |lines| lines.truncate(lines.len() - 1), "requests that the query counted"),
    ("an arm cut off", |lines| lines.retain(|line| !line.contains("canary")), "requests that the query counted"),
    ("a step cut off", |lines| lines.retain(|line| !line.starts_with("1772367000")), "requests that the query counted"),
    ("a header alone", |lines| lines.truncate(1), "nothing says whether it is whole"),
    ("a row twice", |lines| lines.push(lines[5].clone()), "a second time"),
    ("a part of another", |lines| lines[5] = lines[5].replace(",1,0,", ",1,0,9"), "another total"),
    ("a negative count", |lines| change(lines, 4, "-60"), "is negative"),
    ("a fraction", |lines| change(lines, 4, "60.5"), "60.5"),
    ("a cell beyond all", |lines| change(lines, 3, "5150"), "is beyond the last cell"),
    ("another step", |lines| change(lines, 0, "1772366460"), "is not where a step of 300 seconds begins"),
    ("more errors than requests", |lines| change(lines, 5, "61"), "is more than the 60 requests"),
    (
        "a column too many",
        |lines| lines.iter_mut().for_each(|line| line.push_str(",x")),
        "is not a column that the query",
    ),
];

fn change(lines: &mut [String], column: usize, to: &str) {
    let mut cells: Vec<&str> = lines[1].split(',').collect();
    cells[column] = to;
    lines[1] = cells.join(",");
}

#[test]
fn an_answer_that_is_not_whole_is_never_judged() {
    let shop = shop("{ file: { path: answer.csv } }");
    for (what, damage, says) in DAMAGES {
        let mut lines: Vec<String> = answer(1).lines().map(str::to_owned).collect();
        damage(&mut lines);
        fs::write(shop.path().join("answer.csv"), lines.join("\n") + "\n").unwrap();
        let (code, stdout, stderr) = shop.davy(&["judge", "file.yaml"]);
        assert_eq!(code, 65, "{what}: {stdout}{stderr}");
        assert!(stderr.contains(says) && stderr.contains("answer.csv"), "{what}: {stderr}");
    }
}

#[test]
fn a_program_that_is_cut_off_is_noticed() {
    let source = "{ exec: { command: [head, -n, \"300\", answer.csv], arm: { column: arm, baseline: baseline, canary: canary } } }";
    let shop = shop(source);
    fs::write(shop.path().join("answer.csv"), answer(1)).unwrap();
    let (code, _, stderr) = shop.davy(&["judge", "file.yaml"]);
    assert_eq!(code, 65, "{stderr}");
    assert!(stderr.contains("requests that the query counted"), "{stderr}");
}

#[test]
fn rows_that_an_engine_could_not_read_and_latencies_that_nobody_measured_let_nothing_pass() {
    let shop = shop("{ file: { path: answer.csv } }");
    // 40,000 of 110,000 rows could not be read
    let total: u64 = answer(1).lines().last().unwrap().rsplit(',').next().unwrap().parse().unwrap();
    let text = answer(1).replace(",canary,,,0,0,2,", ",canary,,,0,0,40002,");
    fs::write(shop.path().join("answer.csv"), text.replace(&format!(",{total}\n"), &format!(",{}\n", total + 40_000)))
        .unwrap();
    let (code, _, stderr) = shop.davy(&["judge", "file.yaml"]);
    assert_eq!(code, 65, "{stderr}");
    assert!(stderr.contains("no time, arm or status that can be read"), "{stderr}");
    // of every second request nobody knows how long it took
    let grow = |line: &str| line.replace(",,3,0,0,", ",,3003,0,0,");
    let text: String = answer(1).lines().map(|line| grow(line) + "\n").collect();
    let more = 3_000 * text.matches(",,3003,").count() as u64;
    fs::write(shop.path().join("answer.csv"), text.replace(&format!(",{total}\n"), &format!(",{}\n", total + more)))
        .unwrap();
    let document = shop.judge("file.yaml");
    assert_eq!(document.outcome, Outcome::Inconclusive);
    let (_, stdout, _) = shop.davy(&["judge", "file.yaml"]);
    assert!(stdout.contains("have no latency"), "{stdout}");
}

#[test]
fn rows_of_a_small_arm_that_an_engine_could_not_read_let_nothing_pass() {
    // 20 of 33,000 rows are few, and 20 of the canary's 16,000 are not
    let shop = shop("{ file: { path: answer.csv } }");
    let total: u64 = answer(1).lines().last().unwrap().rsplit(',').next().unwrap().parse().unwrap();
    for arm in ["canary", ""] {
        let text = answer(1).replace(",canary,,,0,0,2,", &format!(",{arm},,,0,0,20,"));
        let text = text.replace(&format!(",{total}\n"), &format!(",{}\n", total + 18));
        fs::write(shop.path().join("answer.csv"), text).unwrap();
        assert_eq!(outcome(&shop), Outcome::Inconclusive, "{arm}");
        let (_, stdout, _) = shop.davy(&["judge", "file.yaml"]);
        assert!(stdout.contains("may be the canary's"), "{stdout}");
    }
}

#[test]
fn an_answer_without_errors_knows_of_none() {
    let shop = shop("{ file: { path: answer.csv } }");
    let without = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells.remove(5);
        cells.join(",") + "\n"
    };
    fs::write(shop.path().join("answer.csv"), answer(1).lines().map(without).collect::<String>()).unwrap();
    for source in ["{ file: { path: answer.csv } }", "{ requests: { path: answer.csv } }"] {
        let text = fs::read_to_string(shop.path().join("file.yaml")).unwrap();
        fs::write(shop.path().join("file.yaml"), text.replace("{ file: { path: answer.csv } }", source)).unwrap();
        let (code, _, stderr) = shop.davy(&["judge", "file.yaml"]);
        assert_eq!(code, 65, "{stderr}");
        assert!(stderr.contains("errors") && stderr.contains("answer.csv"), "{stderr}");
    }
}

/// A change of a configuration whose source `requests` reads answers, and what davy says of it.
const REFUSED: [(&str, &str, &str); 5] = [
    ("12:00:00Z", "12:02:00Z", "2026-03-01T12:02:00Z is inside one"),
    ("13:00:00Z", "12:57:30Z", "2026-03-01T12:57:30Z is inside one"),
    ("step: 5m", "step: 6m", "counts steps of 5m, and steps of 6m are judged"),
    ("path: answer.csv", "path: [answer.csv, sorted.csv]", "has the same counts as an answer before it"),
    ("path: answer.csv", "path: \"${arm}.csv\"", "counts the arms \"baseline\", \"canary\""),
];

#[test]
fn a_source_of_requests_judges_whole_steps_of_each_answer_once() {
    let shop = shop("{ requests: { path: answer.csv } }");
    fs::write(shop.path().join("answer.csv"), answer(1)).unwrap();
    assert_eq!(outcome(&shop), Outcome::Pass);
    let mut lines: Vec<String> = answer(1).lines().map(str::to_owned).collect();
    lines[1..].reverse();
    for name in ["sorted.csv", "baseline.csv", "canary.csv"] {
        fs::write(shop.path().join(name), lines.join("\n") + "\n").unwrap();
    }
    let text = fs::read_to_string(shop.path().join("file.yaml")).unwrap();
    for (from, to, says) in REFUSED {
        assert!(text.contains(from), "{from}");
        fs::write(shop.path().join("file.yaml"), text.replacen(from, to, 1)).unwrap();
        let (code, stdout, stderr) = shop.davy(&["judge", "file.yaml"]);
        assert_eq!(code, 65, "{to}: {stdout}{stderr}");
        assert!(stderr.contains(says) && stderr.contains(".csv"), "{to}: {stderr}");
    }
}

#[cfg(feature = "frames")]
#[test]
fn a_group_of_a_sketch_of_which_nothing_was_measured_is_no_sketch_without_latencies() {
    let shop = shop("{ requests: { path: small.parquet } }");
    let mut log = String::from("time,arm,route,status,latency_ms\n");
    for row in 0..24_000 {
        let (arm, at) = (["baseline", "canary"][row % 2], 1_772_366_400_000 + 150 * row);
        let took = 40 + row * 2_654_435_761 / 65_536 % 50;
        let (route, took) = if row % 3_000 < 2 { ("/rare", String::new()) } else { ("/", took.to_string()) };
        writeln!(log, "{at},{arm},{route},200,{took}").unwrap();
    }
    fs::write(shop.path().join("log.csv"), log).unwrap();
    let (code, _, stderr) = shop.davy(&["sketch", "log.csv", "--by", "route", "--output", "small.parquet"]);
    assert_eq!(code, 0, "{stderr}");
    let document = shop.judge("file.yaml");
    let latency = document.findings.iter().find(|finding| finding.metric == "latency").unwrap();
    assert_eq!(latency.outcome, Outcome::Pass, "{document:?}");
}

#[test]
fn answers_of_different_digits_are_joined_with_a_note() {
    let shop = shop("{ requests: { path: [answer.csv, coarse.csv] } }");
    fs::write(shop.path().join("answer.csv"), answer(1)).unwrap();
    fs::write(shop.path().join("coarse.csv"), answer_of(1, 1)).unwrap();
    let (code, stdout, stderr) = shop.davy(&["judge", "file.yaml"]);
    assert!([0, 10, 11].contains(&code), "{stdout}{stderr}");
    assert!(stderr.contains("latencies are merged to 1 significant digits, the fewest of the inputs"), "{stderr}");
}

#[test]
fn an_answer_of_another_configuration_is_refused() {
    let shop = shop("{ file: { path: answer.csv } }");
    fs::write(shop.path().join("answer.csv"), answer(1)).unwrap();
    shop.answered("answer.csv");
    let (code, _, stderr) = shop.davy(&["judge", "answer.yaml"]);
    assert_eq!(code, 65, "{stderr}");
    assert!(stderr.contains("was not counted by this configuration"), "{stderr}");
}

#[test]
fn sketches_and_answers_add_up_on_the_coarser_grid() {
    let shop = shop("{ file: { path: answer.csv } }");
    fs::write(shop.path().join("answer.csv"), answer(1)).unwrap();
    let (code, table, said) = shop.davy(&["sketch", "--merge", "answer.csv", "--csv", "-"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(table.lines().count(), 1 + 12 * 2 * 2, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with("2026-03-01T12:00:00Z,baseline,/,"), "{table}");
}
