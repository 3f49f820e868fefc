//! The report as one page for a browser: open it from a ticket, a build's artefacts or a mail, online or not.
//!
//! It is one file that asks nobody for anything: no script, no font, no picture from elsewhere, and a policy in its head
//! that forbids them, since names in a verdict come from other people's systems. Markup and drawings are both written
//! through one escaping writer. Everything is said in words; a picture repeats it for the eye, a colour repeats a word.
//!
//! A page must open whatever the verdict holds. So every part has its allowance, the worst comes first, and what is left
//! out is said with where it is: in the JSON.

mod alone;
mod bars;
mod beside;
pub(super) mod canaries;
mod chrome;
mod clock;
pub(super) mod compared;
mod criteria;
mod days;
mod evidence;
mod forest;
mod head;
pub(super) mod history;
mod interval;
mod looks;
mod method;
mod overview;
pub(super) mod page;
mod part;
mod provenance;
mod ratios;
mod scale;
mod series;
mod signatures;
mod slices;
mod spread;
mod success;
mod thin;
mod unjudged;

use maud::{Markup, html};

use super::document::Document;
use super::words;

pub(super) use chrome::{moving, shell};
use part::Part;
pub(super) use part::{ANSWERS, chip, class, counted, name, prose};

/// The whole page.
pub fn render(document: &Document) -> String {
    let findings = words::worst_first(document);
    let parts: Vec<Part> = [
        beside::part(document),
        criteria::part(&findings),
        slices::part(document),
        signatures::part(document),
        unjudged::part(document),
        success::part(document),
        series::part(document, &findings),
        days::part(document, &findings),
        ratios::part(document, &findings),
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

/// What is known of each criterion at a look, and how that came about.
pub(super) fn live(document: &Document) -> Markup {
    let findings = words::worst_first(document);
    let parts = [criteria::part(&findings), evidence::part(document, &findings)];
    html! {
        @for part in parts.iter().flatten() {
            section aria-labelledby=(part.id) {
                h2 id=(part.id) { (part.title) }
                (part.body)
            }
        }
    }
}
