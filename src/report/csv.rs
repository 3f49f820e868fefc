//! The findings as a table for spreadsheets and data frames: one row each, numbers as plain numbers, nothing where nothing is known.
//!
//! Where another rule decides, its labels are the first rows, and davy's own findings never decide: they are `muted`.
//!
//! The columns are part of the interface: a new one comes at the end, none goes away. A spreadsheet takes a cell that begins as a
//! formula for one and runs it, whoever wrote the criterion's name; such a cell gets an apostrophe in front.

use super::decided;
use super::document::{Document, Finding, Number, RuleKind};
use super::prose::plain;
use super::words::term;

/// A column: its name, and what it says of a finding.
type Column = (&'static str, fn(&Document, &Finding) -> String);

const COLUMNS: &[Column] = &[
    ("comparison", |document, _| text(&document.name)),
    ("phase", |document, _| text(document.phase.as_deref().unwrap_or_default())),
    ("window_start", |document, _| text(&document.arms.canary.window.start)),
    ("window_end", |document, _| text(&document.arms.canary.window.end)),
    ("criterion", |_, finding| text(&finding.criterion)),
    ("metric", |_, finding| text(&finding.metric)),
    ("statistic", |_, finding| text(&finding.statistic)),
    ("target", |_, finding| text(&finding.target)),
    ("fail_at", |_, finding| text(finding.fail_at.as_deref().unwrap_or_default())),
    ("rule", |_, finding| rule(finding)),
    ("severity", |_, finding| term(&finding.severity)),
    ("weight", |_, finding| number(finding.weight)),
    ("group", |_, finding| text(&finding.group)),
    ("outcome", |_, finding| term(&finding.outcome)),
    ("reason", |_, finding| text(&finding.reason)),
    ("baseline", |_, finding| number(finding.evidence.estimate.baseline)),
    ("canary", |_, finding| number(finding.evidence.estimate.canary)),
    ("unit", |_, finding| finding.evidence.unit.as_ref().map(|unit| text(&unit.0)).unwrap_or_default()),
    ("effect_kind", |_, finding| finding.evidence.effect.as_ref().map(|effect| term(&effect.kind)).unwrap_or_default()),
    ("effect", |_, finding| number(finding.evidence.effect.as_ref().and_then(|effect| effect.estimate))),
    ("low", |_, finding| number(finding.evidence.effect.as_ref().and_then(|effect| effect.low))),
    ("high", |_, finding| number(finding.evidence.effect.as_ref().and_then(|effect| effect.high))),
    ("pass_limit", |_, finding| number(finding.evidence.pass_limit)),
    ("fail_limit", |_, finding| number(finding.evidence.fail_limit)),
    ("n_baseline", |_, finding| number(finding.evidence.n.baseline)),
    ("n_canary", |_, finding| number(finding.evidence.n.canary)),
    ("n_of", |_, finding| text(&finding.evidence.n_of)),
    ("coverage_baseline", |_, finding| number(finding.evidence.coverage.baseline)),
    ("coverage_canary", |_, finding| number(finding.evidence.coverage.canary)),
    ("method", |_, finding| text(finding.evidence.method.as_deref().unwrap_or_default())),
    ("level_fail", |_, finding| number(finding.evidence.level.as_ref().and_then(|level| level.fail))),
    ("level_pass", |_, finding| number(finding.evidence.level.as_ref().and_then(|level| level.pass))),
    ("sentence", |_, finding| text(&finding.sentence)),
    ("fingerprint", |document, _| text(&document.fingerprint)),
    ("role", |_, finding| term(&finding.role)),
];

/// The findings as CSV, below a heading that is there even when they are none.
pub fn render(document: &Document) -> String {
    let decided = decided::with_own(document);
    let document = decided.as_ref();
    let cells =
        document.findings.iter().map(|finding| COLUMNS.iter().map(|(_, cell)| cell(document, finding)).collect());
    rows(COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect(), cells)
}

/// Rows of cells below their heading.
pub(super) fn rows(heading: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // to memory, and every row is as long as the heading: nothing can go wrong
    let written = [heading].into_iter().chain(rows).try_for_each(|row| writer.write_record(row));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Text that no spreadsheet takes for a formula.
pub(super) fn text(text: &str) -> String {
    let begins_a_formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let clean = plain(text);
    if clean.starts_with(begins_a_formula) || text.starts_with(['\t', '\r']) { format!("'{clean}") } else { clean }
}

/// A number as the verdict's JSON has it.
pub(super) fn number(value: Option<Number>) -> String {
    value.and_then(|value| serde_json::to_string(&value).ok()).unwrap_or_default()
}

/// `interval`, `observed`, or `2 of 3 periods`.
fn rule(finding: &Finding) -> String {
    match (finding.rule.kind, finding.rule.m, finding.rule.n) {
        (RuleKind::Periods, Some(m), Some(n)) => format!("{m} of {n} periods"),
        (kind, ..) => term(&kind),
    }
}
