//! What a reader of a report sees, and what a program can rely on.
//!
//! Snapshots are rewritten with `INSTA_UPDATE=always`, the published schema with `UPDATE=1`.

mod formats;
mod generated;
mod html;
mod outlets;
pub mod samples;

use std::path::Path;
use std::sync::LazyLock;

use davy::judge::verdict::{Outcome, Reason, Verdict};
use davy::report::{self, Document, Format, RECORDED, Style, render, schema};
use insta::assert_snapshot;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

const COLORED: Style = Style { color: true, width: 80, details: true };
const DETAILED: Style = Style { color: false, width: 80, details: true };
const NARROW: Style = Style { color: false, width: 40, details: false };
/// What a comment may have is 64 KiB; the rest is for what others add to it.
const COMMENT: usize = 48 * 1024;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());

fn text(verdict: &Verdict, style: &Style) -> String {
    render(&Document::from(verdict), Format::Terminal, style)
}

fn markdown(verdict: &Verdict) -> String {
    render(&Document::from(verdict), Format::Markdown, &Style::default())
}

fn json(verdict: &Verdict) -> String {
    render(&Document::from(verdict), Format::Json, &Style::default())
}

fn assert_fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.width() <= columns, "{} columns instead of {columns}: {line:?}", line.width());
    }
}

fn assert_harmless(text: &str) {
    let control = |c: char| c != '\n' && c.is_control();
    let turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmful = text.chars().find(|c| control(*c) || turning(*c));
    assert_eq!(harmful, None, "in {text:?}");
}

#[test]
fn terminal_shows_the_answer_first() {
    assert_snapshot!("terminal_pass", text(&samples::pass(), &Style::default()));
    assert_snapshot!("terminal_warn", text(&samples::warn(), &Style::default()));
    assert_snapshot!("terminal_fail", text(&samples::fail(), &Style::default()));
    assert_snapshot!("terminal_inconclusive", text(&samples::inconclusive(), &Style::default()));
    assert_snapshot!("terminal_empty", text(&samples::empty(), &Style::default()));
}

#[test]
fn terminal_with_details_explains_every_finding() {
    assert_snapshot!("terminal_details", text(&samples::fail(), &DETAILED));
}

#[test]
fn a_narrow_terminal_gets_a_list() {
    assert_snapshot!("terminal_narrow", text(&samples::fail(), &NARROW));
}

#[test]
fn markdown_reads_as_a_comment() {
    assert_snapshot!("markdown_fail", markdown(&samples::fail()));
    assert_snapshot!("markdown_empty", markdown(&samples::empty()));
}

#[test]
fn json_is_the_contract() {
    assert_snapshot!("json_inconclusive", json(&samples::inconclusive()));
}

#[test]
fn hostile_names_stay_names() {
    assert_snapshot!("terminal_hostile", text(&samples::hostile(), &Style::default()));
    let comment = markdown(&samples::hostile());
    assert_snapshot!("markdown_hostile", comment);
    assert!(!comment.contains("@octocat"), "a mention");
    assert!(!comment.contains("<script>") || comment.matches("<script>").count() == 1, "HTML outside the code block");
    assert!(!comment.contains("://"), "a link");
    assert_eq!(comment.lines().filter(|line| line.starts_with('#')).count(), 1, "a second heading");
    assert_eq!(comment.lines().filter(|line| line.contains("```") && line.starts_with('`')).count(), 2, "fences");
    assert_eq!(comment.matches("</details>").count(), 3);
}

#[test]
fn a_table_row_has_as_many_cells_as_the_heading() {
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    for verdict in [samples::fail(), samples::hostile(), samples::many(300)] {
        let comment = markdown(&verdict);
        let rows: Vec<&str> = comment.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 2);
        assert!(rows.iter().all(|row| bars(row) == bars(rows[0])), "{comment}");
    }
}

#[test]
fn colour_only_repeats_what_words_say() {
    for verdict in [samples::pass(), samples::warn(), samples::fail(), samples::inconclusive(), samples::hostile()] {
        let colored = text(&verdict, &COLORED);
        assert!(colored.contains("\u{1b}["));
        assert_eq!(without_color(&colored), text(&verdict, &DETAILED));
    }
}

fn without_color(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_string();
    first + &pieces.map(|piece| piece.split_once('m').unwrap().1).collect::<String>()
}

#[test]
fn three_hundred_findings_are_all_in_the_terminal_with_the_bad_ones_first() {
    let report = text(&samples::many(300), &Style::default());
    assert_fits(&report, 80);
    let rows: Vec<&str> = report.lines().filter(|line| line.contains("endpoint_")).collect();
    assert!((0..300).all(|i| rows.iter().any(|row| row.contains(&format!("endpoint_{i} ")))));
    let first_pass = rows.iter().position(|row| row.starts_with("PASS")).unwrap();
    assert!(rows[..first_pass].iter().all(|row| row.starts_with("FAIL")));
    assert_eq!(first_pass, 6);
}

#[test]
fn a_comment_cuts_passing_findings_first_and_says_so() {
    let comment = markdown(&samples::many(10_000));
    assert!(comment.len() <= COMMENT, "{} bytes", comment.len());
    let table: Vec<&str> = comment.lines().filter(|line| line.starts_with("| ")).collect();
    let left_out = comment.lines().find(|line| line.starts_with("… and ")).unwrap();
    assert!(table[1].contains("FAIL"));
    let number: usize = left_out.split(' ').nth(2).unwrap().replace(',', "").parse().unwrap();
    assert_eq!(number + table.len() - 1, 10_000, "{left_out}");

    let comment = markdown(&samples::many(150));
    assert!(comment.contains("more that are left out here; all of them passed."));
    assert_eq!(comment.lines().filter(|line| line.starts_with("| ❌\u{a0}FAIL")).count(), 3);
}

#[test]
fn the_published_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema/verdict.schema.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    assert!(published == fresh, "{} is not what the code says; run this test with UPDATE=1", path.display());
}

#[test]
fn the_schema_refuses_what_is_not_a_verdict() {
    let good = serde_json::to_value(Document::from(&samples::fail())).unwrap();
    assert!(SCHEMA.is_valid(&good));
    for (pointer, bad) in [("/outcome", "good"), ("/step_seconds", "5m"), ("/findings/0/severity", "high")] {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).unwrap() = bad.into();
        assert!(!SCHEMA.is_valid(&broken), "{pointer}");
    }
    let mut grown = good.clone();
    grown["something_new"] = 1.into();
    assert!(SCHEMA.is_valid(&grown), "the contract grows");
}

#[test]
fn a_verdict_is_read_back_and_what_is_unknown_is_accepted() {
    for verdict in [samples::pass(), samples::fail(), samples::hostile(), samples::empty()] {
        let document = Document::from(&verdict);
        let text = json(&verdict);
        assert_eq!(Document::read(&text).unwrap(), document);
        let newer = text.replacen("\"schema_version\": \"1.8\",", "\"schema_version\": \"1.9\", \"more\": [{}],", 1);
        let newer = newer.replace("\"binomial_tail\"", "\"moon_phase\"").replace("\"share\"", "\"furlong\"");
        let read = Document::read(&newer).unwrap();
        assert_eq!(read.schema_version, "1.9");
        assert!(!render(&read, Format::Terminal, &DETAILED).is_empty());
    }
}

#[test]
fn what_is_not_a_verdict_is_refused_with_the_reason() {
    let text = json(&samples::pass());
    let message = |text: &str| Document::read(text).unwrap_err().to_string();
    let texts = [
        String::new(),
        "PASS".into(),
        text[..200].into(),
        "[1, 2]".into(),
        "{\"status\": \"ok\"}".into(),
        "{\"schema_version\": 1}".into(),
        text.replacen("1.8", "2.3", 1),
        text.replacen("\"1.8\"", "\"new\"", 1),
        text.replacen("\"pass\"", "\"good\"", 1),
        "{\"schema_version\": \"1.0\"}".into(),
    ];
    assert_snapshot!("unreadable", texts.map(|text| message(&text)).join("\n"));
    assert_harmless(&message(&text.replacen("\"pass\"", "\"\\u001b[2J\u{9b}31m\"", 1)));
    assert!(Document::read(&"[".repeat(100_000)).is_err());
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
    }
    assert_eq!("md".parse::<Format>().unwrap(), Format::Markdown);
    assert_eq!("review.md".parse::<Format>().unwrap(), Format::Review);
    assert_eq!(
        "pdf".parse::<Format>().unwrap_err().to_string(),
        "`pdf` is not a report format; expected text, markdown (md), json, html, junit, github, annotations, csv, prometheus or \
         review (review.md)"
    );
}

fn differences(recorded: &Document, now: &Document) -> Vec<String> {
    report::diff(recorded, now, RECORDED)
}

#[test]
fn the_same_verdict_has_no_differences() {
    let recorded = Document::from(&samples::fail());
    let mut now = recorded.clone();
    now.davy = "9.9.9".into();
    now.arms.canary.window.start = "2026-11-21T13:00:00+01:00".into();
    now.findings[0].sentence = "The same in other words.".into();
    assert_eq!(differences(&recorded, &now), Vec::<String>::new());
    let mut verdict = samples::fail();
    verdict.findings[3].evidence.estimate.canary = Some(0.713 * (1.0 + 1e-11));
    assert_eq!(differences(&recorded, &Document::from(&verdict)), Vec::<String>::new());
}

#[test]
fn differences_of_hostile_verdicts_are_harmless() {
    let hostile = Document::from(&samples::hostile());
    assert_harmless(&differences(&hostile, &Document::from(&samples::fail())).join("\n"));
}

#[test]
fn differences_are_said_in_sentences() {
    let recorded = samples::fail();
    let mut now = samples::fail();
    now.outcome = Outcome::Inconclusive;
    now.recommendation = samples::inconclusive().recommendation;
    now.findings[0].outcome = Outcome::Inconclusive;
    now.findings[0].reason = Reason::TooFew;
    now.findings[1].evidence.estimate.canary = Some(87.0);
    let effect = now.findings[1].evidence.effect.as_mut().unwrap();
    (effect.low, effect.high) = (0.986 * (1.0 + 1e-8), f64::INFINITY);
    now.findings[2].evidence.effect = None;
    now.findings.remove(3);
    now.findings[3].criterion = "renamed".into();
    assert_snapshot!("differences", differences(&Document::from(&recorded), &Document::from(&now)).join("\n"));
}

#[test]
fn a_share_close_to_the_whole_keeps_its_distance() {
    let shown = |share: f64| davy::judge::words::quantity(share, &davy::judge::rules::Unit::Share);
    let shares = [0.5, 0.855, 0.985, 0.99, 0.9917, 0.9994, 0.99951, 0.999999, 1.0, 1.02, f64::NAN];
    assert_eq!(
        shares.map(shown).join(", "),
        "50 %, 85.5 %, 98.5 %, 99 %, 99.17 %, 99.94 %, 99.951 %, 99.9999 %, 100 %, 102 %, unknown"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_verdict_fits_the_terminal(verdict in generated::verdict(), width in 40usize..170, details: bool) {
        let report = text(&verdict, &Style { color: false, width, details });
        assert_fits(&report, width.min(160));
        assert_harmless(&report);
        prop_assert_eq!(&report, &text(&verdict, &Style { color: false, width, details }));
    }

    #[test]
    fn any_verdict_is_a_comment(verdict in generated::verdict()) {
        let comment = markdown(&verdict);
        assert_harmless(&comment);
        prop_assert!(comment.len() <= COMMENT);
        prop_assert!(comment.starts_with("## "));
        prop_assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
        prop_assert_eq!(comment, markdown(&verdict));
    }

    #[test]
    fn any_verdict_follows_the_schema_and_is_read_back(verdict in generated::verdict()) {
        let document = Document::from(&verdict);
        let text = json(&verdict);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let problems: Vec<String> = SCHEMA.iter_errors(&value).map(|error| error.to_string()).collect();
        prop_assert_eq!(problems, Vec::<String>::new());
        let read = Document::read(&text).unwrap();
        for format in Format::ALL {
            prop_assert_eq!(render(&read, format, &COLORED), render(&document, format, &COLORED));
        }
        prop_assert_eq!(differences(&document, &read), Vec::<String>::new());
        prop_assert_eq!(read, document);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Document::read(&text);
    }
}
