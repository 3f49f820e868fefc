//! The criteria, worst first: what was wanted, what was seen, why that is the answer, and what would change it.

use maud::{Markup, html};

use super::super::document::{Arms, Finding, RuleKind};
use super::super::prose::fit;
use super::super::words;
use super::forest;
use super::part::{Part, chip, left_out, name, prose, scrolling};
use crate::judge::words::count;

/// Rows with everything; then rows with the answer and the name alone.
const MOST_ROWS: usize = 1_000;
const MOST_NAMES: usize = 20_000;
const MOST_NOTES: usize = 10;

pub(super) fn part(findings: &[&Finding]) -> Option<Part> {
    if findings.is_empty() {
        return None;
    }
    let (shown, others) = findings.split_at(findings.len().min(MOST_ROWS));
    let body = html! {
        p class="key" {
            "Worst first. In the pictures the bar is the interval (an arrow where it goes on), the dot the estimate, the \
             solid line the bound to pass, the dashed line the bound to fail where that is another, and the good side is \
             shaded; a dotted line marks no change at all."
            @if findings.iter().any(|finding| finding.evidence.since.is_some()) {
                " Where a canary is worse from some step on, the numbers are of the steps since then; all steps are the thin \
                 bar below."
            }
        }
        (scrolling("Criteria, a table that scrolls sideways", &table(shown)))
        (names(others))
    };
    Some(Part { id: "criteria", title: "Criteria", body })
}

fn table(findings: &[&Finding]) -> Markup {
    html! {
        table class="criteria" {
            caption class="hidden" { "What became of each criterion" }
            thead {
                tr {
                    th scope="col" { "Outcome" }
                    th scope="col" { "Criterion" }
                    th scope="col" class="number" { "Baseline" }
                    th scope="col" class="number" { "Canary" }
                    th scope="col" { "Effect" }
                    th scope="col" class="number" { "Sample" }
                }
            }
            @for finding in findings { (row(finding)) }
        }
    }
}

fn row(finding: &Finding) -> Markup {
    let evidence = &finding.evidence;
    let sentence = prose(&finding.sentence);
    let Arms { baseline, canary } = words::estimates(evidence);
    html! {
        tbody {
            tr class="row" {
                td { (chip(finding.outcome)) }
                th scope="row" { (name(&words::criterion(finding))) }
                td class="number" { (fit(&baseline, 40)) }
                td class="number" { (fit(&canary, 40)) }
                td class="effect" { (effect(finding)) }
                td class="number" { (sample(finding)) }
            }
            tr class="why" {
                td colspan="6" {
                    div class="prose" {
                        @if !sentence.is_empty() { p { (sentence) } }
                        @if let Some(decide) = &finding.decide { p class="decide" { (prose(decide)) } }
                        @for note in finding.notes.iter().take(MOST_NOTES) { p class="note" { "Note: " (prose(note)) } }
                    }
                }
            }
        }
    }
}

/// The effect as a picture and in words; of an alarm what it counts, since no estimate stands against its bound.
fn effect(finding: &Finding) -> Markup {
    if let (RuleKind::Periods, Some(alarm)) = (finding.rule.kind, words::alarm(finding)) {
        return html! { div { (prose(&alarm)) } };
    }
    let picture = forest::forest(finding);
    let words = fit(&words::effect(&finding.evidence), 80);
    let is_said = picture.is_none() || words != words::NOTHING;
    html! { (picture.unwrap_or_default()) @if is_said { div { (words) } } }
}

/// Both sizes below each other, and what they count.
fn sample(finding: &Finding) -> Markup {
    let text = fit(&words::samples(&finding.evidence), 80);
    match text.split_once(" / ") {
        Some((baseline, canary)) => html! { (baseline) " /" br; (canary) },
        None => html! { (text) },
    }
}

fn names(findings: &[&Finding]) -> Markup {
    html! {
        @if !findings.is_empty() {
            details {
                summary { (count(findings.len() as u64)) " more criteria, by name" }
                ul class="names" {
                    @for finding in findings.iter().take(MOST_NAMES) {
                        li { (finding.outcome.word()) " " (name(&words::criterion(finding))) }
                    }
                }
                p class="cut" { "Their numbers are in the verdict as JSON (" code { "--report json=verdict.json" } ")." }
            }
            (left_out(findings.len(), MOST_NAMES, "criteria"))
        }
    }
}
