//! The reports that other programs take, read back as those programs would.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use davy::judge::rules::{Severity, Unit};
use davy::judge::verdict::{Outcome, Reason, Verdict};
use davy::report::document::{self, PastLook, Success};
use davy::report::{Document, Format, SUMMARY_BYTES, Style, annotations, render, summary};
use insta::assert_snapshot;
use proptest::prelude::*;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus, TestSuite};

use super::{assert_harmless, generated, markdown, samples};

const MANY: usize = 2_000;
/// No finding takes more than this, whatever it holds.
const MOST_OF_A_FINDING: usize = 128 * 1024;

fn shown(document: &Document, format: Format) -> String {
    let text = render(document, format, &Style::default());
    assert_harmless(&text);
    text
}

fn of(verdict: &Verdict, format: Format) -> String {
    shown(&Document::from(verdict), format)
}

/// Every sample in one format.
fn all(format: Format) -> String {
    let samples = [
        ("pass", samples::pass()),
        ("warn", samples::warn()),
        ("fail", samples::fail()),
        ("inconclusive", samples::inconclusive()),
        ("empty", samples::empty()),
        ("hostile", samples::hostile()),
    ];
    samples.map(|(name, verdict)| format!("──── {name}\n{}", of(&verdict, format))).join("\n")
}

#[test]
fn they_read_as_they_did() {
    assert_snapshot!("junit", all(Format::Junit));
    assert_snapshot!("annotations", all(Format::Annotations));
    assert_snapshot!("csv", all(Format::Csv));
    assert_snapshot!("prometheus", all(Format::Prometheus));
    assert_snapshot!("review", all(Format::Review));
}

fn suite(xml: &str) -> TestSuite {
    let mut report = Report::deserialize_from_str(xml).unwrap();
    assert_eq!(report.test_suites.len(), 1);
    let suite = report.test_suites.remove(0);
    assert_eq!((report.tests, report.failures, report.errors), (suite.tests, suite.failures, suite.errors));
    assert_eq!(suite.tests, suite.test_cases.len());
    suite
}

fn kind(status: &TestCaseStatus) -> &'static str {
    match status {
        TestCaseStatus::Success { .. } => "success",
        TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => "failure",
        TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => "error",
        TestCaseStatus::Skipped { .. } => "skipped",
    }
}

#[test]
fn a_suite_has_a_case_per_finding_and_is_never_greener_than_the_verdict() {
    let fail = suite(&of(&samples::fail(), Format::Junit));
    let kinds: Vec<&str> = fail.test_cases.iter().map(|case| kind(&case.status)).collect();
    assert_eq!(kinds, ["success", "error", "success", "failure", "failure", "skipped"]);
    assert_eq!(fail.name.as_str(), "redis-migration, phase 5%");
    assert_eq!(fail.timestamp.unwrap().to_rfc3339(), "2026-11-21T13:00:00+00:00");
    assert!(fail.test_cases[2].system_out.as_ref().unwrap().starts_with("WARN: "));
    let outcome = fail.properties.iter().find(|property| property.name.as_str() == "outcome").unwrap();
    assert_eq!(outcome.value.as_str(), "FAIL");

    let mut muted = samples::pass();
    muted.findings = vec![samples::errors(), samples::cache_failed()];
    muted.findings[1].severity = Severity::Muted;
    let muted = suite(&of(&muted, Format::Junit));
    assert_eq!((muted.failures, muted.errors), (0, 0));
    assert!(muted.test_cases[1].system_out.as_ref().unwrap().starts_with("would be FAIL if it were not muted: "));

    for outcome in [Outcome::Pass, Outcome::Warn, Outcome::Inconclusive, Outcome::Fail] {
        let nothing = suite(&of(&Verdict { outcome, ..samples::empty() }, Format::Junit));
        assert_eq!((nothing.tests, nothing.failures + nothing.errors), (1, 1), "an empty verdict is no green suite");
    }
    let unsaid = Verdict { outcome: Outcome::Inconclusive, ..samples::pass() };
    assert_eq!(suite(&of(&unsaid, Format::Junit)).errors, 1, "no finding says what the verdict says");
}

#[test]
fn the_summary_shows_more_than_a_comment_and_fits_what_it_is_given() {
    let document = Document::from(&samples::many(MANY));
    let whole = shown(&document, Format::Github);
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows(&whole), MANY + 1, "every finding is in the table");
    assert!(rows(&markdown(&samples::many(MANY))) < MANY / 4);
    assert!(shown(&Document::from(&samples::many(20_000)), Format::Github).len() <= SUMMARY_BYTES);
    assert_eq!(of(&samples::fail(), Format::Github), markdown(&samples::fail()));
    for bytes in [0, 1, 20, 60, 200, 500, 1_000, 2_000, 5_000, 20_000, 100_000] {
        let text = summary(&document, bytes);
        assert!(text.len() <= bytes, "{} bytes instead of {bytes}", text.len());
        assert!(text.is_empty() || text.starts_with("## ❌\u{a0}FAIL: redis-migration"), "{text}");
        assert!(bytes < 100 || text.contains("FAIL"), "the answer alone has room in {bytes}");
    }
}

/// A workflow command as the runner takes it apart.
fn command(line: &str) -> (String, String, String) {
    let (kind, rest) = line.strip_prefix("::").unwrap().split_once(' ').unwrap();
    let (properties, message) = rest.split_once("::").unwrap();
    let title = properties.strip_prefix("title=").unwrap();
    assert!(!title.contains([':', ',']), "{title}");
    let plain = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    (kind.to_owned(), plain(title), plain(message))
}

#[test]
fn annotations_say_the_worst_first_and_count_the_rest() {
    let text = annotations(&Document::from(&samples::many(MANY)));
    let commands: Vec<_> = text.lines().map(command).collect();
    assert_eq!(commands.len(), 10, "{text}");
    assert_eq!(commands[0].1, "FAIL: redis-migration, phase 5%");
    assert!(commands[0].2.ends_with("\nRoll back to baseline."));
    assert!(commands.iter().all(|(kind, ..)| kind == "error"));
    assert_eq!(commands[9].1, format!("… and {} more", MANY / 50 - 8));
    let kinds = |verdict: &Verdict| {
        let text = of(verdict, Format::Annotations);
        text.lines().map(|line| command(line).0).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(&samples::pass()), "notice");
    assert_eq!(kinds(&samples::warn()), "warning warning");
    assert_eq!(kinds(&samples::fail()), "error error error warning warning notice");
    assert_eq!(kinds(&samples::empty()), "warning");
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn a_table_has_a_row_per_finding_and_no_formula() {
    let table = rows(&of(&samples::fail(), Format::Csv));
    assert_eq!(table.len(), 6);
    let row = &table[1];
    let cells = ["outcome", "reason", "canary", "unit", "effect_kind", "effect", "low", "high", "n_canary", "rule"];
    let cells = cells.map(|name| row[name].as_str());
    assert_eq!(
        cells,
        ["inconclusive", "undecided", "86.9", "ms", "ratio", "1.031", "0.986", "1.079", "11", "interval"]
    );
    assert_eq!((table[4]["rule"].as_str(), table[3]["effect"].as_str()), ("2 of 2 periods", "-0.142"));
    assert_eq!(table[5]["canary"], "", "what is not known is nothing");
    let heading = of(&samples::empty(), Format::Csv);
    assert_eq!(heading.lines().count(), 1);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reports.md")).unwrap();
    let listed = page.split("## CSV\n\n```text\n").nth(1).unwrap().split("\n```").next().unwrap();
    assert_eq!(listed.replace('\n', " ").replace(", ", ","), heading.trim_end(), "docs/reports.md lists the columns");

    let mut formulas = samples::pass();
    for (at, text) in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", " =cmd|' /C calc'!A0"].into_iter().enumerate() {
        formulas.findings.push(samples::errors());
        formulas.findings[at + 1].criterion = text.into();
    }
    let table = rows(&of(&formulas, Format::Csv));
    assert!(table[1..].iter().all(|row| row["criterion"].starts_with('\'')), "{table:?}");
    assert_eq!(table[1]["criterion"], "'=1+1");
}

type Series = (String, BTreeMap<String, String>);

/// What a reader of the text format takes from it, with what it would refuse.
fn scraped(text: &str) -> Vec<(Series, f64)> {
    let (mut series, mut seen, mut family) = (Vec::new(), BTreeSet::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(seen.insert((family.clone(), BTreeMap::new())), "{family} comes twice");
        } else if line.starts_with('#') {
            assert_eq!(line, format!("# TYPE {family} gauge"));
        } else {
            let (name, rest) = line.split_once('{').unwrap();
            let (labels, value) = rest.rsplit_once("} ").unwrap();
            assert_eq!(name, family);
            let one = (name.to_owned(), self::labels(labels));
            assert!(seen.insert(one.clone()), "twice: {line}");
            series.push((one, value.parse().unwrap()));
        }
    }
    series
}

fn labels(text: &str) -> BTreeMap<String, String> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").unwrap();
        let (mut read, mut chars) = (String::new(), value.char_indices());
        let end = loop {
            match chars.next().unwrap() {
                (_, '\\') => read.push(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c }).unwrap()),
                (at, '"') => break at,
                (_, c) => read.push(c),
            }
        };
        assert!(labels.insert(name.trim_start_matches(',').to_owned(), read).is_none());
        rest = &value[end + 1..];
    }
    labels
}

fn value(series: &[(Series, f64)], name: &str, wanted: &[(&str, &str)]) -> Vec<f64> {
    let fits = |(own, labels): &Series| {
        own == name && wanted.iter().all(|(name, value)| labels.get(*name).is_some_and(|label| label == value))
    };
    series.iter().filter(|(one, _)| fits(one)).map(|(_, value)| *value).collect()
}

#[test]
fn metrics_are_in_base_units_and_no_series_comes_twice() {
    let series = scraped(&of(&samples::fail(), Format::Prometheus));
    let of = |name: &str, labels: &[(&str, &str)]| value(&series, name, labels);
    assert_eq!(of("davy_verdict", &[("outcome", "fail")]), [1.0]);
    assert_eq!(of("davy_verdict", &[]).iter().sum::<f64>(), 1.0);
    assert_eq!(of("davy_finding", &[]).iter().sum::<f64>(), 6.0);
    let p95 = ("criterion", "latency_p95 <= baseline + 5%");
    assert_eq!(of("davy_estimate", &[p95, ("arm", "canary"), ("unit", "seconds")]), [0.0869]);
    assert_eq!(of("davy_effect", &[p95, ("kind", "ratio"), ("unit", "ratio")]), [1.031]);
    assert_eq!(of("davy_limit", &[("metric", "latency_p99"), ("outcome", "fail"), ("unit", "seconds")]), [0.3]);
    assert_eq!(of("davy_samples", &[p95, ("of", "steps")]), [12.0, 11.0]);
    assert_eq!(of("davy_score", &[]), [75.0]);
    assert_eq!(of("davy_judged_timestamp_seconds", &[]), [1_795_266_000.0]);

    let mut doubled = samples::pass();
    doubled.findings = ["", "#2", "", " ", "a\nb", "a b", "a b #2"].map(str::to_owned).map(named).to_vec();
    doubled.findings.extend([named("long".repeat(100) + "a"), named("long".repeat(100) + "b")]);
    let series = scraped(&super::formats::of(&doubled, Format::Prometheus));
    assert_eq!(value(&series, "davy_finding", &[("outcome", "pass")]).len(), 9);
}

fn named(criterion: String) -> davy::judge::verdict::Finding {
    davy::judge::verdict::Finding { criterion, ..samples::errors() }
}

/// The tool's own judgement, where it is installed.
#[test]
fn promtool_accepts_the_metrics() {
    let mut strange = samples::fail();
    strange.findings[0].evidence.unit = Some(Unit::Per("a\"b\\c\n".into()));
    let verdicts = [samples::pass(), samples::fail(), samples::empty(), samples::hostile(), samples::many(40), strange];
    for verdict in verdicts {
        let mut promtool = Command::new("promtool");
        promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut child) = promtool.spawn() else {
            println!("skipped: promtool is not installed");
            return;
        };
        child.stdin.take().unwrap().write_all(of(&verdict, Format::Prometheus).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn past(end: &str, number: u64, verdict: &Verdict) -> PastLook {
    PastLook { end: end.into(), number: Some(number), ..PastLook::of(&Document::from(verdict)) }
}

#[test]
fn a_review_tells_what_was_promised_and_when_it_turned() {
    let mut verdict = samples::fail();
    verdict.findings[5].reason = Reason::NoData;
    let mut document = Document::from(&verdict);
    let success = |id: &str, says: &str, criteria: &[&str]| Success {
        id: id.into(),
        says: says.into(),
        criteria: criteria.iter().map(|name| name.to_string()).collect(),
    };
    document.success = vec![
        success("SC-001", "errors stay rare", &["errors <= 0.1%"]),
        success("SC-002", "fast and cached", &["latency_p99 <= 200ms", "cache_hits >= baseline - 2pp"]),
        success("SC-003", "errors and | cost", &["errors <= 0.1%", "cost <= 60 USD"]),
        success("SC-004", "later", &["auth_failures == 0"]),
    ];
    document.looks = vec![
        past("2026-11-21T12:15:00Z", 1, &samples::inconclusive()),
        past("2026-11-21T12:30:00Z", 2, &samples::warn()),
        past("2026-11-21T12:45:00Z", 3, &samples::fail()),
        past("2026-11-21T13:00:00Z", 4, &samples::fail()),
    ];
    let text = shown(&document, Format::Review);
    assert_snapshot!("review_of_a_soak", text);
    let row = |id: &str| text.lines().find(|line| line.starts_with(&format!("| {id} "))).unwrap();
    assert!(row("SC-001").contains("✅\u{a0}PASS") && !row("SC-001").contains("not judged"));
    assert!(row("SC-002").contains("❌\u{a0}FAIL"));
    assert!(row("SC-003").contains("not judged<br>not judged: cost \\<= 60 USD") && !row("SC-003").contains("✅"));
    assert!(row("SC-004").contains("not judged: auth_failures") && !row("SC-004").contains("PASS"));
    assert!(text.contains("- 2026-11-21 12:30 UTC (look 2): first WARN, by latency_p99 \\<= 200ms"));
    assert!(text.contains("- 2026-11-21 12:45 UTC (look 3): FAIL from here on"));
}

#[test]
fn a_review_of_hostile_names_is_one_document() {
    let text = of(&samples::hostile(), Format::Review);
    assert!(!text.contains("@octocat") && !text.contains("<script>") && !text.contains("://"));
    assert_eq!(text.lines().filter(|line| line.starts_with("# ")).count(), 1);
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert!(table.len() > 2 && table.iter().all(|row| bars(row) == bars(table[0])), "{text}");
    let many = of(&samples::many(MANY), Format::Review);
    assert!(many.len() < 512 * 1024 && many.contains("more that are left out here"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_verdict_is_told_in_any_format(verdict in generated::verdict(), room in 0usize..40_000) {
        let document = Document::from(&verdict);
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Json) {
            let text = shown(&document, format);
            let most = MOST_OF_A_FINDING * (1 + document.findings.len());
            prop_assert!(text.len() <= most, "{format}: {} bytes", text.len());
            prop_assert_eq!(text, shown(&document, format));
        }
        prop_assert!(summary(&document, room).len() <= room);
    }

    #[test]
    fn any_verdict_is_read_back(verdict in generated::verdict()) {
        let document = Document::from(&verdict);
        let xml = suite(&shown(&document, Format::Junit));
        for (finding, case) in document.findings.iter().zip(&xml.test_cases) {
            let muted = finding.severity == document::Severity::Muted;
            let expected = match finding.outcome {
                document::Outcome::Inconclusive if muted => "skipped",
                document::Outcome::Inconclusive => "error",
                document::Outcome::Fail if !muted => "failure",
                _ => "success",
            };
            prop_assert_eq!(kind(&case.status), expected);
        }
        prop_assert!(document.outcome != document::Outcome::Fail || xml.failures > 0);
        prop_assert!(document.outcome != document::Outcome::Inconclusive || xml.failures + xml.errors > 0);
        prop_assert!(!document.findings.is_empty() || xml.failures + xml.errors > 0);

        let table = rows(&shown(&document, Format::Csv));
        prop_assert_eq!(table.len(), document.findings.len());
        for (finding, row) in document.findings.iter().zip(&table) {
            let number = row["canary"].parse::<f64>().ok();
            prop_assert_eq!(number, finding.evidence.estimate.canary.map(|number| number.get()));
            prop_assert!(!row["criterion"].starts_with(['=', '+', '-', '@']));
        }

        let series = scraped(&shown(&document, Format::Prometheus));
        prop_assert_eq!(value(&series, "davy_verdict", &[]).iter().sum::<f64>(), 1.0);
        prop_assert_eq!(value(&series, "davy_finding", &[]).iter().sum::<f64>(), document.findings.len() as f64);

        let annotated = shown(&document, Format::Annotations);
        prop_assert!(annotated.lines().map(command).all(|(kind, ..)| ["error", "warning", "notice"].contains(&kind.as_str())));
        prop_assert!(!annotated.is_empty());
    }
}
