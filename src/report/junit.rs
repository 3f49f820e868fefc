//! The verdict as test results, in the dialect that Jenkins reads and GitLab, Azure and others understand: a suite per verdict, a
//! case per finding.
//!
//! Where another rule decides, its labels are the cases. A suite is as green as the verdict and never greener. What fails is a
//! failure; what the data cannot tell is an error, since a test that did not come to its end has not passed; what never decides
//! cannot turn the suite red. Where no case says what the verdict says, because nothing was judged, a case of its own does.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::decided;
use super::document::{Document, Finding, NotJudged, Outcome, Severity};
use super::prose::{cut, plain};
use super::words;

const LONGEST_NAME: usize = 500;
const LONGEST_TEXT: usize = 4_000;

/// The verdict as JUnit XML.
pub fn render(document: &Document) -> String {
    let decided = decided::decided(document);
    let document = decided.as_ref();
    let name = Some(words::title(document)).filter(|title| !title.is_empty());
    let mut suite = TestSuite::new(text(&name.unwrap_or_else(|| "davy".into()), LONGEST_NAME));
    // years that XML's dates have
    let end = Some(&document.arms.canary.window.end).filter(|end| !end.starts_with(['-', '+']));
    suite.timestamp = end.and_then(|end| end.parse().ok());
    suite.add_properties(properties(document));
    suite.add_test_cases(document.findings.iter().map(|finding| case(document, finding)));
    suite.add_test_cases(words::not_judged(document).into_iter().map(not_judged));
    let missing = unsaid(document, &suite);
    suite.add_test_cases(missing);
    let mut report = Report::new("davy");
    report.add_test_suite(suite);
    // to memory: nothing can go wrong
    report.to_string().unwrap_or_default()
}

/// Text without anything that XML has no place for.
fn text(text: &str, longest: usize) -> String {
    cut(&plain(text), longest).replace(['\u{fffe}', '\u{ffff}'], "")
}

fn properties(document: &Document) -> Vec<Property> {
    let mut rows = vec![
        ("outcome", document.outcome.word().to_string()),
        ("recommendation", words::advice(document)),
        ("summary", document.summary.clone()),
        ("davy", document.davy.clone()),
        ("fingerprint", document.fingerprint.clone()),
    ];
    rows.extend(decided::rule(document).map(|answer| ("decided by", answer.by.clone())));
    rows.extend(words::setting(document).into_iter().map(|(name, texts)| (name, texts.join("; "))));
    rows.extend(words::score(document).map(|score| ("score", score)));
    rows.into_iter().map(|(name, value)| Property::new(name, text(&value, LONGEST_TEXT))).collect()
}

fn case(document: &Document, finding: &Finding) -> TestCase {
    let muted = finding.severity == Severity::Muted;
    let status = match decided::limited(document, finding.outcome) {
        Outcome::Inconclusive if muted => TestCaseStatus::skipped(),
        Outcome::Fail if !muted => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Pass | Outcome::Warn | Outcome::Fail => TestCaseStatus::success(),
    };
    let passes = matches!(status, TestCaseStatus::Success { .. });
    let mut case = TestCase::new(text(&words::criterion(finding), LONGEST_NAME), status);
    let group = if finding.group.is_empty() { &finding.metric } else { &finding.group };
    case.set_classname(text(group, LONGEST_NAME));
    let sentence = text(&finding.sentence, LONGEST_TEXT);
    if passes {
        let word = finding.outcome.word();
        let lead = match (muted, finding.outcome) {
            (_, Outcome::Pass) => String::new(),
            (true, _) => format!("would be {word} if it were not muted: "),
            (false, _) => format!("{word}: "),
        };
        case.set_system_out(lines(Some(format!("{lead}{sentence}")), finding));
    } else {
        let reason = text(&finding.reason, LONGEST_NAME);
        case.status.set_type(reason).set_message(sentence).set_description(lines(None, finding));
    }
    case
}

/// What no criterion judges: a case that was skipped.
fn not_judged(one: &NotJudged) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_type("not_judged").set_message(text(&words::why_not(one), LONGEST_TEXT));
    let mut case = TestCase::new(text(&one.what, LONGEST_NAME), status);
    case.set_classname("not judged");
    case
}

/// What is to be known beside the sentence: what would decide it, remarks, and the numbers.
fn lines(first: Option<String>, finding: &Finding) -> String {
    let decide = finding.decide.iter().cloned();
    let notes = finding.notes.iter().map(|note| format!("note: {note}"));
    let details = words::details(finding).into_iter().map(|(name, texts)| format!("{name}: {}", texts.join("; ")));
    let lines = first.into_iter().chain(decide).chain(notes).chain(details);
    lines.take(100).map(|line| text(&line, LONGEST_TEXT)).collect::<Vec<_>>().join("\n")
}

/// The verdict itself as a case, where the others leave the suite greener than it, or where there are none.
fn unsaid(document: &Document, suite: &TestSuite) -> Option<TestCase> {
    let kind = match document.outcome {
        Outcome::Fail if suite.failures == 0 => NonSuccessKind::Failure,
        Outcome::Inconclusive if suite.failures + suite.errors == 0 => NonSuccessKind::Error,
        _ if document.findings.is_empty() => NonSuccessKind::Error,
        _ => return None,
    };
    let summary = text(&document.summary, LONGEST_TEXT);
    let nothing = match (document.findings.is_empty(), document.not_judged.is_empty()) {
        (true, _) => "Nothing was judged.",
        (false, true) => "No criterion decides.",
        (false, false) => "Not everything was judged.",
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(if document.findings.is_empty() { "nothing_judged" } else { "verdict" });
    status.set_message(if summary.is_empty() { nothing.to_string() } else { summary });
    let notes: Vec<String> = document.notes.iter().take(100).map(|note| text(note, LONGEST_TEXT)).collect();
    status.set_description([nothing.to_string()].into_iter().chain(notes).collect::<Vec<_>>().join("\n"));
    let mut case = TestCase::new("verdict", status);
    case.set_classname("davy");
    Some(case)
}
