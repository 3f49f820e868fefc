//! The beginning of the page: the answer, why, what to do, and what was compared. Who reads no further knows enough.

use maud::{Markup, html};

use super::super::document::{Document, Outcome};
use super::super::words;
use super::looks;
use super::part::{class, facts, name, prose, sign};
use crate::judge::words::count;

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
    let of = |outcome| document.findings.iter().filter(|finding| finding.outcome == outcome).count() as u64;
    let all = [
        (Outcome::Fail, "failed"),
        (Outcome::Warn, "between target and limit"),
        (Outcome::Inconclusive, "undecided"),
        (Outcome::Pass, "passed"),
    ];
    let said = all.into_iter().map(|(outcome, word)| (of(outcome), word)).filter(|(n, _)| *n > 0);
    let said: Vec<String> = said.map(|(n, word)| format!("{} {word}", count(n))).collect();
    html! { @if !said.is_empty() { p class="tally" { "Findings: " (said.join(", ")) "." } } }
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
