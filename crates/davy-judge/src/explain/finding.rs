//! The finding of a criterion: its answer with the words that belong to it.

use super::sentence::{self, Answer};
use super::{remedy, why};
use crate::case::Case;
use crate::decide::Decision;
use crate::look::Look;
use crate::rules::Severity;
use crate::verdict::{Evidence, Finding, Outcome, Reason};
use crate::why::Why;
use crate::words;

/// The finding that a decision comes to.
pub(crate) fn of(decision: Decision, look: &Look) -> Finding {
    let Decision { case, outcome, reason, why, numbers, .. } = decision;
    let Some(numbers) = numbers else { return bare(&case, outcome, reason, why.as_ref()) };
    let why = why.map(|why| self::why::why(&why, case.metric));
    let answer = Answer {
        case: &case,
        measured: &numbers.measured,
        test: numbers.shown(),
        look,
        needs: numbers.needs,
        strength: &numbers.strength,
        outcome,
        reason,
        levels: numbers.levels,
        why: why.as_deref(),
    };
    let sentence = sentence::sentence(&answer, &numbers.bounds, &numbers.evidence);
    let decide = remedy::what_would_decide(&answer, &numbers.bounds, &numbers.evidence);
    let mut finding = case.finding(outcome, reason, sentence, numbers.evidence);
    finding.decide = match numbers.measured.scarce {
        Some(scarce) if reason == Reason::Undecided => Some(scarce),
        _ => decide,
    };
    finding.notes.extend(numbers.measured.notes);
    finding
}

/// The finding of a criterion that could not be judged.
pub(crate) fn unanswered(case: &Case, reason: Reason, why: &Why) -> Finding {
    bare(case, case.without_answer(reason), reason, Some(why))
}

/// A finding without numbers.
fn bare(case: &Case, outcome: Outcome, reason: Reason, why: Option<&Why>) -> Finding {
    let because = |why| format!("{}: {}", words::outcome_verb(outcome), self::why::why(why, case.metric));
    let evidence = Evidence { n_of: "steps", ..Evidence::default() };
    let mut finding = case.finding(outcome, reason, why.map(because).unwrap_or_default(), evidence);
    if reason == Reason::NotReached && case.criterion.severity == Severity::Optional {
        finding.severity = Severity::Muted;
    }
    finding
}

impl Case<'_> {
    /// A finding with everything filled in that does not depend on the answer.
    pub(crate) fn finding(&self, outcome: Outcome, reason: Reason, sentence: String, evidence: Evidence) -> Finding {
        let c = self.criterion;
        let unit = self.unit();
        let bound = |bound| words::bound(bound, &unit);
        let notes = self.notes().into_iter().filter(|note| !sentence.contains(note)).collect();
        Finding {
            criterion: c.name.clone(),
            metric: c.metric.clone(),
            statistic: c.statistic,
            target: c.target().map(bound).unwrap_or_default(),
            fail_at: c.pass.and(c.fail.as_ref()).map(bound),
            rule: c.rule,
            severity: c.severity,
            role: c.role,
            weight: c.weight,
            group: c.group.clone(),
            outcome,
            reason,
            sentence,
            decide: None,
            notes,
            evidence: Evidence { unit: Some(self.unit()), coverage: self.coverage(), ..evidence },
        }
    }

    /// What a reader must know of the data behind a finding.
    fn notes(&self) -> Vec<String> {
        let alone = self.alone().map(|alone| alone.notes(self)).unwrap_or_default();
        self.remarks().map(|remark| remark.text.clone()).chain(alone).collect()
    }
}
