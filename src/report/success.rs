//! The final table of a rollout: what should be reached, what was measured, whether it is shown, and how.
//!
//! A success criterion is met when every finding that shows it passes. Of several phases the latest that judged a criterion
//! says what is true of it now; what no phase has judged is not met, and is said to be open.

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
    /// What must hold, criterion by criterion.
    pub targets: Vec<String>,
    /// What was measured, criterion by criterion.
    pub measured: Vec<String>,
    /// The worst of its findings; nothing where one of its criteria was not judged.
    pub status: Option<Outcome>,
    /// How it was found out, criterion by criterion.
    pub validated: Vec<String>,
}

impl Row {
    /// The status in a word.
    pub fn word(&self) -> &'static str {
        self.status.map_or("NOT JUDGED", Outcome::word)
    }
}

/// The rows, from one phase or several in order. Where the rollout names no success criteria, each criterion of the last phase is one.
pub fn rows(documents: &[&Document]) -> Vec<Row> {
    let Some(last) = documents.last() else { return Vec::new() };
    if last.success.is_empty() {
        return last
            .findings
            .iter()
            .map(|finding| row(&plain(&finding.criterion), "", &[(last, finding)], 1))
            .collect();
    }
    let named = |success: &Success| {
        let found: Vec<(&Document, &Finding)> = success
            .criteria
            .iter()
            .flat_map(|name| {
                let judged = documents.iter().rev().map(|document| (*document, of(document, name)));
                let latest = judged.into_iter().find(|(_, findings)| !findings.is_empty());
                latest.into_iter().flat_map(|(document, all)| all.into_iter().map(move |one| (document, one)))
            })
            .collect();
        let judged = success.criteria.iter().filter(|name| documents.iter().any(|d| !of(d, name).is_empty())).count();
        let missing = success.criteria.len() - judged;
        let mut row = row(&plain(&success.id), &plain(&success.says), &found, found.len());
        if missing > 0 || found.is_empty() {
            row.status = None;
        }
        row
    };
    last.success.iter().map(named).collect()
}

/// The findings of a criterion; of one with groups, those of its groups.
fn of<'a>(document: &'a Document, name: &str) -> Vec<&'a Finding> {
    let is = |finding: &&Finding| {
        finding.criterion == name || finding.criterion.strip_prefix(name).is_some_and(|rest| rest.starts_with(" ["))
    };
    document.findings.iter().filter(is).collect()
}

fn row(id: &str, says: &str, found: &[(&Document, &Finding)], of: usize) -> Row {
    let all = |say: &dyn Fn(&Document, &Finding) -> String| found.iter().map(|(d, f)| say(d, f)).collect();
    let phase = |document: &Document| document.phase.as_deref().map(|phase| format!(", phase {}", plain(phase)));
    Row {
        id: id.to_owned(),
        says: says.to_owned(),
        targets: all(&|_, finding| words::criterion(finding)),
        measured: all(&|_, finding| measured(finding)),
        status: found.iter().map(|(_, finding)| finding.outcome).max().filter(|_| of > 0),
        validated: all(&|document, finding| format!("{}{}", validated(finding), phase(document).unwrap_or_default())),
    }
}

/// The canary's number, with its interval where there is one.
fn measured(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let canary = words::estimate(evidence, evidence.estimate.canary);
    match words::effect(evidence) {
        effect if effect == words::NOTHING => canary,
        effect => format!("{canary}, {effect}"),
    }
}

/// By what method, over how much.
fn validated(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let method = evidence.method.as_deref().map_or("not measured".to_owned(), |method| plain(method::describe(method)));
    match words::samples(evidence) {
        samples if samples == words::NOTHING => method,
        samples => format!("{method}, {samples}"),
    }
}
