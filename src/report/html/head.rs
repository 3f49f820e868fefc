//! The beginning of the page: the answer, why, what to do, and what was compared. Who reads no further knows enough.

use maud::{Markup, html};

use super::super::document::{Document, Outcome};
use super::super::words;
use super::looks;
use super::part::{class, counted, facts, name, prose, sign};

const MOST_NOTES: usize = 50;

pub(super) fn head(document: &Document) -> Markup {
    let outcome = document.outcome;
    let title = name(&words::title(document));
    html! {
        header class=(format!("verdict {}", class(outcome))) {
            h1 {
                span class="word" { span aria-hidden="true" { (sign(outcome)) } " " (outcome.word()) }
                @if !title.is_empty() { " " span class="of" { (title) } }
            }
            @let summary = prose(&document.summary);
            @if !summary.is_empty() { p class="summary" { (summary) } }
            p class="advice" { strong { (name(&words::advice(document))) } "." }
            (tally(document))
        }
        (setting(document))
    }
}

/// How many criteria became what.
fn tally(document: &Document) -> Markup {
    let words = [
        (Outcome::Fail, "failed"),
        (Outcome::Warn, "between target and limit"),
        (Outcome::Inconclusive, "undecided"),
        (Outcome::Pass, "passed"),
    ];
    let said = counted(words, document.findings.iter().map(|finding| finding.outcome));
    html! { @if !said.is_empty() { p class="tally" { "Findings: " (said) "." } } }
}

fn setting(document: &Document) -> Markup {
    let rows = words::setting(document).into_iter().map(|(name, texts)| (name, texts.join("; ")));
    let score = words::score(document).map(|score| ("score", score));
    let clear = looks::sentence(document).map(|text| ("clear since", text));
    let notes = document.notes.iter().take(MOST_NOTES);
    html! {
        section class="setting" aria-label="What was compared" {
            (facts(rows.chain(score).chain(clear)))
            @if !document.notes.is_empty() {
                ul class="notes" { @for note in notes { li { (prose(note)) } } }
                (super::part::left_out(document.notes.len(), MOST_NOTES, "notes"))
            }
        }
    }
}
