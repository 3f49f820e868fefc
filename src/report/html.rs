//! The report as one page for a browser: open it from a ticket, a build's artefacts or a mail, online or not.
//!
//! It is one file that asks nobody for anything: no script, no font, no picture from elsewhere, and a policy in its head
//! that forbids them, since names in a verdict come from other people's systems. Markup and drawings are both written
//! through one escaping writer. Everything is said in words; a picture repeats it for the eye, a colour repeats a word.
//!
//! A page must open whatever the verdict holds. So every part has its allowance, the worst comes first, and what is left
//! out is said with where it is: in the JSON.

mod chrome;
mod clock;
mod criteria;
mod evidence;
mod forest;
mod head;
mod looks;
mod method;
pub(super) mod page;
mod provenance;
mod scale;
mod series;
mod spread;
mod success;
mod thin;
mod unjudged;

use maud::{Markup, html};

use super::document::{Document, Outcome};
use super::prose::{fit, plain};
use super::words;
use crate::judge::words::count;

pub(super) use chrome::shell;

const LONGEST_NAME: usize = 200;
const LONGEST_TEXT: usize = 1_200;

/// The whole page.
pub fn render(document: &Document) -> String {
    let findings = words::worst_first(document);
    let parts: Vec<Part> = [
        criteria::part(&findings),
        unjudged::part(document),
        success::part(document),
        series::part(document, &findings),
        spread::part(document, &findings),
        evidence::part(document, &findings),
        method::part(document, &findings),
        provenance::part(document),
    ]
    .into_iter()
    .flatten()
    .collect();
    let body = html! {
        (head::head(document))
        nav aria-label="Contents" {
            ul { @for part in &parts { li { a href=(format!("#{}", part.id)) { (part.title) } } } }
        }
        main id="main" {
            @for part in &parts {
                section aria-labelledby=(part.id) {
                    h2 id=(part.id) tabindex="-1" { (part.title) }
                    (part.body)
                }
            }
        }
        footer { p { (words::judged_by(document)) } }
    };
    shell(&format!("{}: {}", document.outcome.word(), name(&words::title(document))), &body)
}

/// A section of the page.
struct Part {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

/// A name, made plain and not longer than a page can bear.
fn name(text: &str) -> String {
    fit(&plain(text), LONGEST_NAME)
}

/// A sentence, made plain and not longer than a page can bear; a number stays with its unit.
fn prose(text: &str) -> String {
    [" %", " ms", " pp"]
        .iter()
        .fold(fit(&plain(text), LONGEST_TEXT), |text, unit| text.replace(unit, &unit.replace(' ', "\u{a0}")))
}

/// An outcome as a word with its sign, so that the colour is not needed.
fn chip(outcome: Outcome) -> Markup {
    html! { span class=(format!("chip {}", class(outcome))) { span aria-hidden="true" { (sign(outcome)) } " " (outcome.word()) } }
}

fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Inconclusive => "open",
        Outcome::Fail => "fail",
    }
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Warn => "!",
        Outcome::Inconclusive => "?",
        Outcome::Fail => "✕",
    }
}

/// What is left out of a list, and where it is.
fn left_out(all: usize, shown: usize, what: &str) -> Markup {
    html! {
        @if all > shown {
            p class="cut" {
                (count((all - shown) as u64)) " more " (what) " are left out here: a page must stay openable. They are in the \
                 verdict as JSON (" code { "--report json=verdict.json" } ")."
            }
        }
    }
}

/// A table that a narrow screen can scroll, also by keyboard.
fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div class="scroll" role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// How a line is drawn, to stand beside its name.
fn swatch(class: &str) -> Markup {
    html! {
        svg class="swatch" viewBox="0 0 26 8" aria-hidden="true" { line class=(class) x1="1" x2="25" y1="4" y2="4" {} }
    }
}

/// A name and its texts, row by row.
fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Markup {
    html! { dl class="facts" { @for (name, text) in rows { div { dt { (name) } dd { (prose(&text)) } } } } }
}
