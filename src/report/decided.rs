//! What decided, as findings: those of davy, or the labels of another rule where that decides.
//!
//! A report that lists davy's findings below an answer of another rule would show what has not decided. So the labels of the rule
//! are findings here, each with what davy found of the same metric as a remark.

use std::borrow::Cow;

use super::as_written::found;
use super::document::{
    Arms, AsWritten, Decider, Document, Evidence, Finding, Outcome, Role, Rule, RuleKind, Score, Severity,
    WrittenMetric,
};
use super::prose::plain;

/// The rule that decides, if it is not davy's own.
pub(super) fn rule(document: &Document) -> Option<&AsWritten> {
    document.as_written.as_ref().filter(|answer| answer.decides == Decider::AsWritten)
}

/// The document with the findings that decided, and the score.
pub fn decided(document: &Document) -> Cow<'_, Document> {
    match rule(document) {
        None => Cow::Borrowed(document),
        Some(answer) => {
            let findings = answer.metrics.iter().map(|metric| finding(document, answer, metric));
            let score = Score { total: answer.score, groups: Vec::new() };
            Cow::Owned(Document { findings: findings.collect(), score, ..document.clone() })
        }
    }
}

/// The same, followed by davy's own findings, which never decide.
pub(super) fn with_own(document: &Document) -> Cow<'_, Document> {
    let own = document.findings.iter().map(|own| Finding { severity: Severity::Muted, ..own.clone() });
    match decided(document) {
        Cow::Borrowed(document) => Cow::Borrowed(document),
        Cow::Owned(mut decided) => {
            decided.findings.extend(own);
            Cow::Owned(decided)
        }
    }
}

/// A finding is no worse than the answer that it is a part of: a rule may pass what one of its metrics does not.
pub(super) fn limited(document: &Document, outcome: Outcome) -> Outcome {
    if rule(document).is_some() { outcome.min(document.outcome) } else { outcome }
}

fn finding(document: &Document, answer: &AsWritten, metric: &WrittenMetric) -> Finding {
    let reason = metric.reason.as_deref().filter(|reason| !reason.is_empty());
    let word: String = metric.label.chars().take_while(char::is_ascii_alphanumeric).collect();
    Finding {
        criterion: metric.name.clone(),
        metric: metric.metric.clone().unwrap_or_else(|| metric.name.clone()),
        statistic: String::new(),
        target: String::new(),
        fail_at: None,
        rule: Rule { kind: RuleKind::Observed, m: None, n: None },
        severity: metric.severity.unwrap_or(Severity::Normal),
        role: Role::Primary,
        weight: None,
        group: answer.by.clone(),
        outcome: metric.outcome.unwrap_or(document.outcome),
        reason: word.to_lowercase(),
        sentence: match reason {
            Some(reason) => format!("{} by {}: {reason}", metric.label, answer.by),
            None => format!("{} by {}", metric.label, answer.by),
        },
        decide: None,
        notes: vec![format!("davy, which does not decide: {}", plain(&found(document, metric)))],
        evidence: nothing(),
    }
}

/// The rule's numbers are not davy's.
fn nothing() -> Evidence {
    let none = || Arms { baseline: None, canary: None };
    Evidence {
        unit: None,
        n: none(),
        n_of: String::new(),
        bad: None,
        coverage: none(),
        estimate: none(),
        estimate_interval: None,
        effect: None,
        pass_limit: None,
        fail_limit: None,
        method: None,
        level: None,
        design_effect: None,
        detectable: None,
        p_value: None,
        strength: None,
        since: None,
        periods: None,
        quantiles: None,
        days: None,
    }
}
