//! The success criteria of the rollout: whether each is met, by what was measured, and how that was validated.

use maud::{Markup, html};

use super::super::document::{Document, Finding, Success};
use super::super::method;
use super::super::prose::{fit, plain};
use super::super::words;
use super::{Part, chip, left_out, name, prose, scrolling};

const MOST: usize = 500;
const MOST_CRITERIA: usize = 20;

pub(super) fn part(document: &Document) -> Option<Part> {
    if document.success.is_empty() {
        return None;
    }
    let table = html! {
        table class="success" {
            caption class="hidden" { "The success criteria of the rollout" }
            thead {
                tr {
                    th scope="col" { "Id" }
                    th scope="col" { "Success criterion" }
                    th scope="col" { "Status" }
                    th scope="col" { "Measured" }
                    th scope="col" { "How it was validated" }
                }
            }
            tbody { @for one in document.success.iter().take(MOST) { (row(one, document)) } }
        }
    };
    let body = html! {
        (scrolling("Success criteria, a table that scrolls sideways", &table))
        (left_out(document.success.len(), MOST, "success criteria"))
    };
    Some(Part { id: "success", title: "Success criteria", body })
}

fn row(success: &Success, document: &Document) -> Markup {
    let criteria = success.criteria.iter().take(MOST_CRITERIA);
    let found: Vec<(&String, Vec<&Finding>)> =
        criteria.map(|criterion| (criterion, shown_by(document, criterion))).collect();
    let worst = found.iter().flat_map(|(_, findings)| findings).map(|finding| finding.outcome).max();
    html! {
        tr {
            th scope="row" { (fit(&plain(&success.id), 40)) }
            td { (prose(&success.says)) }
            td { @match worst { Some(outcome) => (chip(outcome)), None => span class="chip open" { "NOT JUDGED" } } }
            td {
                ul class="plain" {
                    @for (criterion, findings) in &found {
                        @if findings.is_empty() { li { (name(criterion)) ": not judged" } }
                        @for finding in findings.iter().take(MOST_CRITERIA) { li { (measured(finding)) } }
                    }
                }
            }
            td {
                ul class="plain" {
                    @for finding in found.iter().flat_map(|(_, findings)| findings).take(MOST_CRITERIA) {
                        li { (validated(finding)) }
                    }
                }
            }
        }
    }
}

/// The findings of a criterion: of its own name, or of each of its groups.
fn shown_by<'d>(document: &'d Document, criterion: &str) -> Vec<&'d Finding> {
    let is_its = |finding: &&Finding| {
        finding.criterion.strip_prefix(criterion).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ["))
    };
    document.findings.iter().filter(is_its).collect()
}

fn measured(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let (canary, effect) = (words::estimate(evidence, evidence.estimate.canary), words::effect(evidence));
    let seen = match (canary.as_str(), effect.as_str()) {
        (words::NOTHING, words::NOTHING) => "nothing".into(),
        (canary, words::NOTHING) => canary.into(),
        (words::NOTHING, effect) => effect.into(),
        (canary, effect) => format!("{canary}, {effect}"),
    };
    prose(&format!("{} {}: {seen}", finding.outcome.word(), words::criterion(finding)))
}

fn validated(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let how = evidence.method.as_deref().map_or("not validated", method::describe);
    match words::samples(evidence) {
        text if text == words::NOTHING => prose(how),
        samples => prose(&format!("{how}; {samples}")),
    }
}
