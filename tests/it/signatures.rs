//! Lines of logs: which ones are named, which never are, and what must not be seen of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use davy::judge::judge;
use davy::judge::rules::{Mismatch, OnLines, Per, Rules, SignatureRule, Traffic};
use davy::series::{Dataset, Pair, Series, Signatures, SignedDuration, Template, Timestamp, Window};
use davy::source::signatures::{masked, templates};
use proptest::prelude::*;
use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::judging::{at_most, margin, rate};

const MINUTES: usize = 60;

/// A number from 0 to 1.
fn uniform(rng: &mut Pcg64) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn poisson(mean: f64, rng: &mut Pcg64) -> usize {
    if mean > 0.0 { Poisson::new(mean).unwrap().sample(rng) as usize } else { 0 }
}

/// A line: the second of the hour, its level and its text.
type Line = (f64, &'static str, String);

/// The log of a healthy service: templates of very different rates, and bursts of some of them.
fn healthy(templates: usize, lines: f64, rng: &mut Pcg64) -> Vec<Line> {
    let weights: f64 = (1..=templates).map(|k| 1.0 / k as f64).sum();
    let mut log = Vec::new();
    for k in 1..=templates {
        let level = ["info", "info", "warn", "error"][k % 4];
        let text = |rng: &mut Pcg64| {
            let n = (uniform(rng) * 100_000.0) as u64;
            format!("step{}{} done with {n} in {} ms", word(k / 26), word(k), n % 977)
        };
        // a third of them comes in bursts: up to forty lines in two seconds
        let mean = lines / k as f64 / weights;
        let burst = if k % 3 == 0 { 20.0 } else { 1.0 };
        for _ in 0..poisson(mean / burst, rng) {
            let at = uniform(rng) * 3_590.0;
            for _ in 0..1 + poisson(burst - 1.0, rng) {
                let text = text(rng);
                log.push((at + uniform(rng) * 2.0, level, text));
            }
        }
    }
    log.sort_by(|a, b| a.0.total_cmp(&b.0));
    log
}

fn word(k: usize) -> char {
    char::from(b'a' + (k % 26) as u8)
}

fn time(second: f64) -> String {
    format!("2026-11-29T09:{:02}:{:06.3}Z", (second / 60.0) as u64, second % 60.0)
}

fn ndjson(log: &[Line]) -> String {
    log.iter().fold(String::new(), |mut text, (at, level, says)| {
        let says = Value::from(says.as_str());
        writeln!(text, "{{\"ts\":\"{}\",\"level\":\"{level}\",\"msg\":{says}}}", time(*at)).unwrap();
        text
    })
}

/// A folder with the logs of both arms, a metric that is well, and a configuration.
struct Place(tempfile::TempDir);

impl Place {
    fn new(signatures: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "name: shop\narms: {{ baseline: {{ version: v41 }}, canary: {{ version: v42 }} }}\n\
             sources: {{ counts: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n\
             metrics: {{ errors: {{ rate: {{ bad: errors, total: requests }} }} }}\n\
             signatures:\n  app: {signatures}\n\
             criteria:\n  - {{ metric: errors, pass: \"<= baseline + 1pp\" }}\n"
        );
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        for arm in ["baseline", "canary"] {
            let rows = (0..MINUTES)
                .map(|minute| format!("2026-11-29T09:{minute:02}:00Z,1000,{}\n", 8 + minute * arm.len() % 5));
            fs::write(
                folder.path().join(format!("{arm}.csv")),
                format!("time,requests,errors\n{}", rows.collect::<String>()),
            )
            .unwrap();
        }
        Place(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::cargo_bin("davy").unwrap().current_dir(self.0.path()).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    }

    /// The verdict, and what it says of the log.
    fn judged(&self) -> (String, Value, Value) {
        let (_, text) = self.run(&["judge", "canary.yaml", "--format", "json"]);
        let verdict: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let finding = verdict["findings"].as_array().unwrap().last().unwrap().clone();
        (verdict["outcome"].as_str().unwrap().to_owned(), finding, verdict["signatures"][0].clone())
    }
}

fn names(signed: &Value, key: &str) -> Vec<String> {
    signed[key].as_array().unwrap().iter().map(|line| line["template"].as_str().unwrap().to_owned()).collect()
}

/// Planted lines of the canary: `n` spread evenly from a second on.
fn planted(n: usize, since: f64, text: impl Fn(usize) -> String) -> Vec<Line> {
    (0..n).map(|k| (since + (3_599.0 - since) * k as f64 / n as f64, "error", text(k))).collect()
}

fn with(mut log: Vec<Line>, more: Vec<Line>) -> Vec<Line> {
    log.extend(more);
    log.sort_by(|a, b| a.0.total_cmp(&b.0));
    log
}

#[test]
fn a_new_error_is_named_with_its_lines_and_since_when() {
    let mut rng = Pcg64::seed_from_u64(1);
    let place = Place::new("{ path: \"${arm}.log\", new: fail }");
    let (baseline, canary) = (healthy(300, 12_000.0, &mut rng), healthy(300, 12_000.0, &mut rng));
    let n = 37;
    let canary = with(canary, planted(n, 600.0, |k| format!("connection pool exhausted after {} ms", 40 * k)));
    place.write("baseline.log", &ndjson(&baseline));
    place.write("canary.log", &ndjson(&canary));
    let (outcome, finding, signed) = place.judged();
    assert_eq!(outcome, "fail", "{finding}");
    assert_eq!(names(&signed, "named"), ["connection pool exhausted after <n> ms"]);
    let sentence = finding["sentence"].as_str().unwrap();
    let wanted = format!(
        "fails: {n} lines `connection pool exhausted after <n> ms` that the baseline never wrote, since 09:10 UTC"
    );
    assert_eq!(sentence, wanted);
    let line = &signed["named"][0];
    assert_eq!((line["lines"]["baseline"].as_u64(), line["lines"]["canary"].as_u64()), (Some(0), Some(n as u64)));
    assert!(line["low"].as_f64().unwrap() > 1.0 && line["high"].is_null(), "{line}");
}

/// How many lines an arm writes of a template in each minute.
fn minutes(k: usize, mean: f64, rng: &mut Pcg64) -> Vec<u64> {
    let mut minutes = vec![0; MINUTES];
    // single lines; twenty lines at once; a few minutes in a row
    let (size, long) = [(1.0, 1.0), (20.0, 1.0), (30.0, 4.0)][k % 3];
    for _ in 0..poisson(mean / size, rng) {
        let first = (uniform(rng) * MINUTES as f64) as usize;
        let last = (first + (uniform(rng) * long) as usize).min(MINUTES - 1);
        for _ in 0..1 + poisson(size - 1.0, rng) {
            minutes[first + (uniform(rng) * (last - first + 1) as f64) as usize] += 1;
        }
    }
    minutes
}

/// A pair of logs that were counted: so many templates, of which the canary has a share of the lines.
fn counted(templates: usize, share: f64, rng: &mut Pcg64) -> Signatures {
    let start: Timestamp = "2026-11-29T09:00:00Z".parse().unwrap();
    let time: Vec<Timestamp> = (0..MINUTES).map(|minute| start + SignedDuration::from_mins(minute as i64)).collect();
    let events = |count: Vec<u64>| Series::Events { time: time.clone(), count, exposure: None };
    let template = |k: usize| {
        let mean = 95_000.0 / (k + 1) as f64;
        let of = [1.0 - share, share].map(|share| minutes(k, mean * share, rng));
        let [baseline, canary] = of.map(events);
        Template { text: format!("t{k:03}"), example: String::new(), counts: Pair { baseline, canary } }
    };
    let templates = (0..templates).map(template).collect();
    let lines = Pair::build(|_| events(vec![500; MINUTES]));
    Signatures { templates, lines, remarks: Pair::default(), origin: String::new() }
}

/// How many of so many pairs name anything.
fn naming(pairs: u64, templates: usize, share: f64) -> u64 {
    let pair =
        |pair: &u64| !named(counted(templates, share, &mut Pcg64::seed_from_u64(1_000 + pair)), share).is_empty();
    (0..pairs).filter(pair).count() as u64
}

/// The templates that are named of a pair of logs.
fn named(log: Signatures, share: f64) -> Vec<String> {
    let rule = SignatureRule { new: OnLines::Warn, more: OnLines::Warn, margin: 0.5, per: Per::Usual };
    let traffic = Some(Traffic { share, metric: None, on_mismatch: Mismatch::Warn });
    let rules = Rules { signatures: BTreeMap::from([("app".to_owned(), rule)]), traffic, ..rate(at_most(margin(0.2))) };
    let start: Timestamp = "2026-11-29T09:00:00Z".parse().unwrap();
    let window = Window { start, end: start + SignedDuration::from_hours(1) };
    let mut data = Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1));
    data.signatures.insert("app".into(), log);
    judge(&rules, &data).signed[0].named.iter().map(|line| line.text.clone()).collect()
}

#[test]
fn an_error_of_one_line_in_ten_thousand_is_found_among_three_hundred_templates() {
    // of 300,000 lines, thirty
    let finds = |pair: &u64| {
        let mut rng = Pcg64::seed_from_u64(*pair);
        let mut log = counted(300, 0.5, &mut rng);
        let error = minutes(0, 30.0, &mut rng);
        let events = |count: Vec<u64>| Series::Events { time: log.lines.canary.time().to_vec(), count, exposure: None };
        let counts = Pair { baseline: events(vec![0; MINUTES]), canary: events(error) };
        log.templates.push(Template { text: "planted".into(), example: String::new(), counts });
        named(log, 0.5).contains(&"planted".to_owned())
    };
    let found = (0..40).filter(finds).count();
    // some have fewer lines than thirty, or lines that look like bursts
    assert!(found >= 36, "{found} of 40");
}

#[test]
fn healthy_logs_with_bursts_rarely_name_anything() {
    // each arm has bursts and incidents of its own
    for (templates, share) in [(300, 0.5), (40, 0.5), (300, 0.1), (8, 0.5)] {
        let named = naming(200, templates, share);
        assert!(
            named <= 10,
            "{named} of 200 healthy pairs of {templates} templates name something at a share of {share}"
        );
    }
}

#[test]
fn a_burst_is_little_evidence_however_long_it_is() {
    let mut rng = Pcg64::seed_from_u64(3);
    let place = Place::new("{ path: \"${arm}.log\", new: fail }");
    let baseline = healthy(60, 5_000.0, &mut rng);
    let burst: Vec<Line> =
        (0..500).map(|k| (1_800.0 + k as f64 / 500.0, "error", "upstream reset".to_owned())).collect();
    place.write("baseline.log", &ndjson(&baseline));
    place.write("canary.log", &ndjson(&with(healthy(60, 5_000.0, &mut rng), burst)));
    let (outcome, finding, signed) = place.judged();
    assert_eq!((outcome.as_str(), names(&signed, "named").len()), ("pass", 0), "{finding}");
    assert_eq!(names(&signed, "open")[0], "upstream reset");
    assert!(finding["notes"][0].as_str().unwrap().contains("500 lines `upstream reset`"), "{finding}");
}

#[test]
fn what_is_written_more_often_is_named_with_its_ratio_and_a_margin_is_no_rise() {
    let mut rng = Pcg64::seed_from_u64(4);
    let line = |k: usize| format!("retry {k} of the payment");
    for (times, outcome, named) in [(3, "warn", 1), (1, "pass", 0)] {
        let place = Place::new("{ path: \"${arm}.log\" }");
        place.write("baseline.log", &ndjson(&with(healthy(40, 2_000.0, &mut rng), planted(300, 0.0, line))));
        place.write("canary.log", &ndjson(&with(healthy(40, 2_000.0, &mut rng), planted(times * 300 + 60, 0.0, line))));
        let (found, finding, signed) = place.judged();
        assert_eq!((found.as_str(), names(&signed, "named").len()), (outcome, named), "{finding}");
        if named == 1 {
            let sentence = finding["sentence"].as_str().unwrap();
            assert!(
                sentence.contains("960 lines `retry <n> of the payment` against 300 of the baseline, 2."),
                "{sentence}"
            );
        }
    }
}

#[test]
fn nothing_passes_that_is_missing_cut_or_unreadable_where_new_lines_fail() {
    let mut rng = Pcg64::seed_from_u64(5);
    let (baseline, canary) = (ndjson(&healthy(40, 2_000.0, &mut rng)), ndjson(&healthy(40, 2_000.0, &mut rng)));
    let place = Place::new("{ path: \"${arm}.log\", new: fail }");
    let outcome = |one: &str, other: &str| {
        place.write("baseline.log", one);
        place.write("canary.log", other);
        let (outcome, finding, _) = place.judged();
        (outcome, finding["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(outcome(&baseline, &canary).0, "pass");
    let other_day = canary.replace("2026-11-29", "2026-11-20");
    let open = |reason: &str| ("inconclusive".to_owned(), reason.to_owned());
    assert_eq!(outcome(&baseline, &other_day), open("no_data"));
    assert_eq!(outcome(&other_day, &canary), open("no_baseline"));
    let half: String = canary
        .lines()
        .take_while(|line| line < &"{\"ts\":\"2026-11-29T09:30")
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(outcome(&baseline, &half), open("canary_silent"));
    let broken = canary.replacen("{\"ts\"", "ts", 40);
    assert_eq!(outcome(&baseline, &broken), open("incomplete_data"));
    // an answer that stopped at the limit of a store
    let loki = |lines: usize| {
        let at = |k: usize| 1_795_942_800_000_000_000_u64 + (3_600_000_000_000 / lines * k) as u64;
        let values: Vec<String> =
            (0..lines).map(|k| format!("[\"{}\",\"level=info msg=fine n={k}\"]", at(k))).collect();
        format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"streams\",\"result\":[{{\"stream\":{{\"app\":\"shop\"}},\"values\":[{}]}}]}}}}",
            values.join(",")
        )
    };
    assert_eq!(outcome(&loki(777), &loki(778)).0, "pass");
    assert_eq!(outcome(&loki(1_000), &loki(778)), open("incomplete_data"));
    assert_eq!(outcome(&loki(777), &loki(1_000)), open("incomplete_data"));
}

#[test]
fn what_a_program_writes_when_it_dies_is_named_though_it_has_no_time() {
    let mut rng = Pcg64::seed_from_u64(8);
    let place = Place::new("{ path: \"${arm}.log\", where: \"level in [error, fatal]\", new: fail }");
    let write = |arm: &str, log: &[Line], dies: &str| {
        let line = |(at, (second, level, says)): (usize, &Line)| {
            let after = if at % 100 == 99 { dies } else { "" };
            format!("{} {} {says}\n{after}", time(*second), level.to_uppercase())
        };
        place.write(&format!("{arm}.log"), &log.iter().enumerate().map(line).collect::<String>());
    };
    write("baseline", &healthy(40, 3_000.0, &mut rng), "");
    for (dies, named) in [
        ("panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n", "panic: runtime"),
        ("thread 'main' panicked at src/main.rs:4:5:\nno entry\n", "thread"),
        ("Exception in thread \"main\" shop.Gone\n    at shop.Cart.load(Cart.java:17)\n", "Exception in thread"),
    ] {
        write("canary", &healthy(40, 3_000.0, &mut rng), dies);
        let (outcome, finding, signed) = place.judged();
        assert_eq!(outcome, "fail", "{finding}");
        let names = names(&signed, "named");
        assert!(names.len() == 1 && names[0].starts_with(named), "{names:?}");
    }
}

#[test]
fn a_copy_of_the_other_log_is_told() {
    let mut rng = Pcg64::seed_from_u64(9);
    let place = Place::new("{ path: \"${arm}.log\", new: fail }");
    let log = ndjson(&healthy(40, 2_000.0, &mut rng));
    place.write("baseline.log", &log);
    place.write("canary.log", &log);
    let (outcome, finding, _) = place.judged();
    assert_eq!((outcome.as_str(), &finding["reason"]), ("warn", &Value::from("suspect_data")), "{finding}");
    let (_, text) = place.run(&["judge", "canary.yaml"]);
    assert!(text.contains("copy of the other"), "{text}");
}

/// What a form is called, and a line in it.
type Way = (&'static str, fn(&Line) -> String);

#[test]
fn every_way_of_writing_a_log_says_the_same() {
    let mut rng = Pcg64::seed_from_u64(6);
    let baseline = healthy(40, 3_000.0, &mut rng);
    let canary =
        with(healthy(40, 3_000.0, &mut rng), planted(60, 0.0, |k| format!("cannot reach 192.0.2.{k} in {k} ms")));
    let traced = |(at, level, says): &Line, rest: &str| {
        let trace =
            if *level == "error" { "\n    at shop.Cart.load(Cart.java:17)\nCaused by: shop.Gone: no" } else { "" };
        format!("{} {} {says}{rest}{trace}\n", time(*at), level.to_uppercase())
    };
    let ways: [Way; 5] = [
        ("pino", |(at, level, says)| {
            let level = match *level {
                "info" => 30,
                "warn" => 40,
                _ => 50,
            };
            format!("{{\"level\":{level},\"time\":\"{}\",\"pid\":7,\"msg\":\"{says}\"}}\n", time(*at))
        }),
        ("logfmt", |(at, level, says)| format!("time={} level={level} msg=\"{says}\" caller=a.go:12\n", time(*at))),
        ("cri", |(at, level, says)| format!("{} stderr F {} {says}\n", time(*at), level.to_uppercase())),
        ("docker", |(at, level, says)| {
            format!("{{\"log\":\"{level}: {says}\\n\",\"stream\":\"stderr\",\"time\":\"{}\"}}\n", time(*at))
        }),
        ("kubectl", |(at, level, says)| format!("{} {{\"level\":\"{level}\",\"message\":\"{says}\"}}\n", time(*at))),
    ];
    let mut texts: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, way) in ways {
        texts.push((name, [&baseline, &canary].map(|log| log.iter().map(way).collect()).to_vec()));
    }
    texts.push(("text", [&baseline, &canary].map(|log| log.iter().map(|line| traced(line, "")).collect()).to_vec()));
    texts.push((
        "csv",
        [&baseline, &canary]
            .map(|log| {
                let rows = log.iter().map(|(at, level, says)| format!("{},{level},\"{says}\"\n", time(*at)));
                format!("timestamp,level,message\n{}", rows.collect::<String>())
            })
            .to_vec(),
    ));
    for (name, texts) in texts {
        let place = Place::new("{ path: \"${arm}.log\", where: \"level in [warn, error]\", new: fail }");
        place.write("baseline.log", &texts[0]);
        place.write("canary.log", &texts[1]);
        let (outcome, finding, signed) = place.judged();
        assert_eq!(outcome, "fail", "{name}: {finding}");
        let found = names(&signed, "named");
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].ends_with("cannot reach <ip> in <n> ms"), "{name}: {found:?}");
        assert_eq!(signed["named"][0]["lines"]["canary"], 60, "{name}");
    }
}

#[test]
fn one_file_of_both_arms_is_told_apart_by_a_column_or_refused() {
    let line = |arm: &str, k: usize, says: &str| {
        format!("{{\"ts\":\"{}\",\"version\":\"{arm}\",\"msg\":\"{says} {k}\"}}\n", time(3_599.0 * k as f64 / 400.0))
    };
    let both: String = (0..400)
        .map(|k| {
            let new = if k % 4 == 0 { line("v42", k, "disk is full at") } else { String::new() };
            line("v41", k, "all is well") + &line("v42", k, "all is well") + &new
        })
        .collect();
    let arm = "arm: { column: version, baseline: \"${version}\", canary: \"${version}\" }";
    let arm = arm.replacen("${version}", "v41", 1).replace("${version}", "v42");
    let place = Place::new(&format!("{{ path: both.log, {arm} }}"));
    place.write("both.log", &both);
    let (outcome, finding, signed) = place.judged();
    assert_eq!(
        (outcome.as_str(), names(&signed, "named")),
        ("warn", vec!["disk is full at <n>".to_owned()]),
        "{finding}"
    );
    let place = Place::new("{ path: both.log }");
    place.write("both.log", &both);
    let (code, text) = place.run(&["judge", "canary.yaml"]);
    assert!(code == 65 && text.contains("nothing tells them apart"), "{code} {text}");
}

/// What stands in planted lines and must not stand in anything that davy writes.
const PERSONAL: [&str; 9] = [
    "ada@example.org",
    "192.0.2.77",
    "Ada Lovelace",
    "hunter2secret",
    "AKIAIOSFODNN7EXAMPLE",
    "6f1c2a7e-0b1d-4c8e-9f00-1234567890ab",
    "4111111111111111",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    "s3cr3tvalue",
];

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn nothing_personal_is_in_any_report_or_recording_and_a_replay_answers_the_same() {
    let mut rng = Pcg64::seed_from_u64(7);
    let place = Place::new("{ path: \"${arm}.log\", new: fail }");
    let says = |k: usize| {
        let [mail, ip, name, password, key, uuid, card, token, query] = PERSONAL;
        match k % 3 {
            0 => format!("cannot charge {card} of \"{name}\" <{mail}> from {ip}:443, trace {uuid}"),
            1 => format!("login failed user={mail} password={password} key {key}"),
            _ => format!("GET https://shop.example/pay?token={query}&id=7 with Bearer {token} refused for '{name}'"),
        }
    };
    place.write("baseline.log", &ndjson(&healthy(40, 2_000.0, &mut rng)));
    place.write("canary.log", &ndjson(&with(healthy(40, 2_000.0, &mut rng), planted(180, 0.0, says))));
    let reports = ["json=v.json", "markdown=v.md", "html=v.html", "junit=v.xml", "text=v.txt", "csv=v.csv"];
    let mut arguments = vec!["judge", "canary.yaml", "--record", "recorded", "--details"];
    reports.iter().for_each(|report| arguments.extend(["--report", report]));
    let (code, text) = place.run(&arguments);
    assert_eq!(code, 10, "{text}");
    let mut files = Vec::new();
    all_files(&place.path("recorded"), &mut files);
    files.extend(reports.iter().map(|report| place.path(report.split('=').nth(1).unwrap())));
    assert!(files.iter().any(|path| path.ends_with("signatures/app.csv")), "{files:?}");
    for path in &files {
        let text = fs::read_to_string(path).unwrap() + &text;
        let seen: Vec<&&str> = PERSONAL.iter().filter(|personal| text.contains(**personal)).collect();
        assert!(seen.is_empty(), "{}: {seen:?}", path.display());
    }
    // the recording is a configuration that gives the same verdict
    let (code, text) = place.run(&["replay", "--check", "recorded"]);
    assert_eq!(code, 0, "{text}");
    let (code, _) = place.run(&["judge", "recorded", "--format", "json"]);
    assert_eq!(code, 10);
    // one that was cut is refused
    let counted = place.path("recorded/signatures/app.csv");
    let whole = fs::read(&counted).unwrap();
    let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let ends: Vec<usize> = ends.rev().skip(1).step_by(50).take(5).collect();
    assert!(ends.len() > 2, "{ends:?}");
    for end in [whole.len() - 2].into_iter().chain(ends) {
        fs::write(&counted, &whole[..end]).unwrap();
        let (code, text) = place.run(&["judge", "recorded"]);
        assert!(code == 65 && text.contains("was cut"), "{end}: {code} {text}");
    }
    // and lines as they are only where somebody asks for them
    let open = fs::read_to_string(place.path("canary.yaml")).unwrap().replace("new: fail", "new: fail, mask: \"off\"");
    place.write("canary.yaml", &open);
    let (_, text) = place.run(&["judge", "canary.yaml", "--details"]);
    assert!(text.contains("Ada Lovelace"), "{text}");
}

#[test]
fn hostile_lines_are_read_or_refused_and_never_more_than_that() {
    let place = Place::new("{ path: \"${arm}.log\", max_bad_rows: 100% }");
    let good = |arm: &str| -> String {
        (0..300).map(|k| format!("{} {arm} says {k}\n", time(3_599.0 * k as f64 / 300.0))).collect()
    };
    let stamp = time(7.0);
    let hostile: [Vec<u8>; 6] = [
        format!("{stamp} {}\n", "x".repeat(1 << 20)).into_bytes(),
        (0..=255_u8).cycle().take(300_000).collect(),
        [stamp.as_bytes(), b" \xff\xfe\xc3\x28 broken\n"].concat(),
        format!("{stamp} {}\n", "a=".repeat(40_000)).into_bytes(),
        format!("{{\"ts\":\"{stamp}\",\"msg\":{}\n", "[".repeat(100_000)).into_bytes(),
        (0..60_000).map(|k| format!("{stamp} w{}x y{k}z\n", word(k))).collect::<String>().into_bytes(),
    ];
    place.write("baseline.log", &good("one"));
    for lines in hostile {
        fs::write(place.path("canary.log"), [good("one").into_bytes(), lines].concat()).unwrap();
        let (outcome, finding, _) = place.judged();
        assert!(["pass", "warn"].contains(&outcome.as_str()), "{outcome} {finding}");
    }
    place.write("canary.log", "no time at all\n");
    let (code, text) = place.run(&["judge", "canary.yaml"]);
    assert!(code == 65 && text.contains("has no line that can be read"), "{code} {text}");
}

proptest! {
    #[test]
    fn any_line_is_masked_without_its_digits(line in "\\PC{0,80}", words in proptest::collection::vec("[a-z]{2,5}", 0..3)) {
        let text = masked(&line, &words);
        prop_assert!(!text.bytes().any(|byte| byte.is_ascii_digit()), "{} {}", line, text);
        // what is masked stays as it is
        prop_assert!(!text.contains('\n') && !text.starts_with(' ') && !text.ends_with(' '));
    }

    #[test]
    fn templates_do_not_depend_on_the_order_of_lines(lines in proptest::collection::btree_map("[ab] [a-z]{1,2} [a-z]{1,2}", 1_u64..9, 1..60)) {
        let forth: Vec<(&str, u64)> = lines.iter().map(|(line, count)| (line.as_str(), *count)).collect();
        let back: Vec<(&str, u64)> = forth.iter().rev().copied().collect();
        let mut turned = templates(&back);
        turned.reverse();
        prop_assert_eq!(templates(&forth), turned);
    }
}
