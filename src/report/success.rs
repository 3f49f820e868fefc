//! The final table of a rollout: what should be reached, what was measured, whether it is shown, and how.
//!
//! A success criterion is met when every finding that shows it passes. Of several phases the latest that judged a criterion
//! says what is true of it now; what no phase has judged is not met, and is said not to be judged.

use super::document::{Document, Finding, Outcome, Success};
use super::prose::plain;
use super::{method, words};

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The identifier: SC-001.
    pub id: String,
    /// What it says.
    pub says: String,
    /// What shows it.
    pub shown: Vec<Shown>,
    /// The criteria that should show it and were not judged.
    pub missing: Vec<String>,
}

/// One of the findings that show a success criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The answer.
    pub outcome: Outcome,
    /// The criterion with its target.
    pub target: String,
    /// The canary's number, with its interval where there is one.
    pub measured: String,
    /// By what method, over how much, in which phase.
    pub validated: String,
}

impl Row {
    /// The worst of its findings; nothing where all that was judged passes, but not all was judged.
    pub fn status(&self) -> Option<Outcome> {
        let worst = self.shown.iter().map(|shown| shown.outcome).max();
        worst.filter(|worst| *worst != Outcome::Pass || self.missing.is_empty())
    }

    /// The status in a word.
    pub fn word(&self) -> &'static str {
        self.status().map_or("NOT JUDGED", Outcome::word)
    }
}

/// A row for each success criterion that the rollout has, from one phase or several in order.
pub fn rows(documents: &[&Document]) -> Vec<Row> {
    let Some(last) = documents.last() else { return Vec::new() };
    last.success.iter().map(|success| row(success, documents)).collect()
}

fn row(success: &Success, documents: &[&Document]) -> Row {
    let (mut shown, mut missing) = (Vec::new(), Vec::new());
    for name in &success.criteria {
        let judged = documents.iter().rev().map(|document| (*document, of(document, name)));
        match judged.into_iter().find(|(_, findings)| !findings.is_empty()) {
            Some((document, findings)) => shown.extend(findings.into_iter().map(|finding| showing(document, finding))),
            None => missing.push(plain(name)),
        }
    }
    Row { id: plain(&success.id), says: plain(&success.says), shown, missing }
}

/// The findings of a criterion; of one with groups, those of its groups.
fn of<'a>(document: &'a Document, name: &str) -> Vec<&'a Finding> {
    let is_its = |finding: &&Finding| {
        finding.criterion.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ["))
    };
    document.findings.iter().filter(is_its).collect()
}

fn showing(document: &Document, finding: &Finding) -> Shown {
    let phase = document.phase.as_deref().map(|phase| format!(", phase {}", plain(phase))).unwrap_or_default();
    let (target, measured) = (words::criterion(finding), measured(finding));
    Shown { outcome: finding.outcome, target, measured, validated: format!("{}{phase}", validated(finding)) }
}

/// The canary's number with what was compared; `–` where nothing was measured.
pub fn measured(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let parts = [words::estimates(evidence).canary, words::effect(evidence)];
    let known: Vec<String> = parts.into_iter().filter(|part| part != words::NOTHING).collect();
    if known.is_empty() { words::NOTHING.into() } else { known.join(", ") }
}

fn validated(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let method =
        evidence.method.as_deref().map_or("not validated".to_owned(), |method| plain(method::describe(method)));
    match words::samples(evidence) {
        samples if samples == words::NOTHING => method,
        samples => format!("{method}; {samples}"),
    }
}
