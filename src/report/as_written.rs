//! What a rule that somebody used so far says of the same data, beside davy's answer.
//!
//! Who moves from another judge wants to see both answers until they trust one. The other rule's answer never changes
//! davy's own findings. It decides only if the configuration says so; then davy's answer stands beside it.

use super::document::{
    Action, AsWritten, Decider, Document, Finding, Outcome, OwnAnswer, Recommendation, WrittenMetric,
};
use super::prose::plain;
use super::words;

/// The document with the other rule's answer; if that decides, it is the document's answer.
pub fn beside(document: Document, answer: AsWritten) -> Document {
    let own = OwnAnswer { outcome: document.outcome, summary: document.summary.clone() };
    let answer = AsWritten { davy: Some(own), ..answer };
    let line = line(&document, &answer);
    match answer.decides {
        Decider::Davy => Document { as_written: Some(answer), ..document },
        Decider::AsWritten => Document {
            recommendation: recommendation(answer.outcome, &document.recommendation),
            outcome: answer.outcome,
            summary: format!("{} decides: {line}", plain(&answer.by)),
            as_written: Some(answer),
            ..document
        },
    }
}

/// What to do by the other rule. Where davy would go or go back to is known only if it says the same.
fn recommendation(outcome: Outcome, own: &Recommendation) -> Recommendation {
    let action = match outcome {
        Outcome::Pass | Outcome::Warn => Action::Promote,
        Outcome::Inconclusive => Action::Hold,
        Outcome::Fail => Action::RollBack,
    };
    let to = own.to.clone().filter(|_| own.action == action);
    Recommendation { action, to }
}

/// Both answers in a line.
fn line(document: &Document, answer: &AsWritten) -> String {
    let own = answer.davy.as_ref().map_or(document.outcome, |own| own.outcome);
    let davy = match words::worst_first(document).into_iter().find(|finding| finding.outcome == own) {
        Some(finding) if own != Outcome::Pass => format!("{}, {}", own.word(), brief(finding)),
        _ => own.word().to_owned(),
    };
    format!("{}; davy: {davy}", plain(&answer.sentence))
}

/// A finding in a few words: what, and by how much.
fn brief(finding: &Finding) -> String {
    let effect = words::effect(&finding.evidence);
    let (name, said) = (plain(&finding.criterion), finding.statistic.as_str());
    let name = if name.contains(said) { name } else { format!("{name} ({said})") };
    if effect == words::NOTHING { name } else { format!("{name} {effect}") }
}

/// What a report shows of both answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// Whose answer it is, as a heading.
    pub by: String,
    /// Both answers in a line.
    pub line: String,
    /// A row for each metric: its name, the other rule's label with the reason, what davy found.
    pub rows: Vec<[String; 3]>,
    /// What to know of the other answer.
    pub notes: Vec<String>,
}

/// Both answers, if there are two.
pub fn of(document: &Document) -> Option<Beside> {
    let answer = document.as_written.as_ref()?;
    let line = line(document, answer);
    let row = |metric: &WrittenMetric| {
        let reason = metric.reason.as_deref().map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
        [plain(&metric.name), format!("{}{reason}", plain(&metric.label)), found(document, metric)]
    };
    let notes = answer.notes.iter().map(|note| plain(note)).collect();
    Some(Beside { by: plain(&answer.by), line, rows: answer.metrics.iter().map(row).collect(), notes })
}

/// What davy found of the same metric.
pub(super) fn found(document: &Document, metric: &WrittenMetric) -> String {
    let name = metric.metric.as_ref().unwrap_or(&metric.name);
    let its = document.findings.iter().filter(|finding| finding.metric == *name);
    let found: Vec<String> = its.map(|finding| format!("{} {}", finding.outcome.word(), brief(finding))).collect();
    if found.is_empty() { "not judged".into() } else { found.join("; ") }
}
