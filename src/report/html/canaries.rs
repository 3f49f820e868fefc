//! Several canaries as a page: what each comes to, all differences on one scale, the tables, and each canary's pictures by themselves.

use maud::{Markup, html};

use super::part::{Part, name, prose};
use super::{alone, chrome, compared, overview, page, series, spread};
use crate::report::comparison::canaries::{Canary, Comparisons};
use crate::report::document::Finding;
use crate::report::page::Page;
use crate::report::words;

/// The page for a browser; `tables` has the same in words and numbers.
pub(in crate::report) fn render(all: &Comparisons, tables: &Page) -> String {
    let differences = overview::of_several(all);
    let body = html! {
        header class="verdict open" {
            h1 { span class="word" { (tables.word) } " " span class="of" { (name(&tables.title)) } }
            @for text in &tables.summary { p class="summary" { (prose(text)) } }
        }
        main id="main" {
            (page::facts_of(tables))
            @if !differences.is_empty() {
                section aria-labelledby="differences" {
                    h2 id="differences" { "All differences" }
                    p class="key" {
                        "Each canary against the baseline; an interval that does not touch the line shows a difference. The intervals of a \
                         metric's canaries hold together."
                    }
                    @for one in &differences {
                        @if differences.len() > 1 { h3 { (one.title()) } }
                        (one.list())
                    }
                }
            }
            (page::parts(tables))
            section aria-labelledby="pictures" {
                h2 id="pictures" { "Each canary over time" }
                @for canary in &all.canaries { (pictures(canary)) }
            }
        }
    };
    chrome::shell(&name(&format!("{}: {}", tables.word, tables.title)), &body)
}

/// The pictures of one canary, folded away.
fn pictures(canary: &Canary) -> Markup {
    let seen = compared::seen(&canary.comparison);
    let findings: Vec<&Finding> = words::worst_first(&seen);
    let parts: Vec<Part> =
        [series::part(&seen, &findings), spread::part(&seen, &findings)].into_iter().flatten().collect();
    html! {
        details {
            summary { (name(&canary.canary)) " beside the baseline" }
            @for part in &parts { h3 { (part.title) } (part.body) }
            @if parts.is_empty() { p { "There is no metric over time." } }
        }
    }
}

/// Each picture by itself, with a name for its file.
pub(in crate::report) fn drawings(all: &Comparisons) -> Vec<(String, String)> {
    let differences = overview::of_several(all);
    let differences = differences.iter().map(|one| (compared::file(&one.file()), alone::alone(&one.drawing())));
    let own = all.canaries.iter().flat_map(|canary| {
        let seen = compared::seen(&canary.comparison);
        let findings: Vec<&Finding> = words::worst_first(&seen);
        let canary = compared::file(&canary.canary);
        compared::of_metrics(&seen, &findings).into_iter().map(move |(name, text)| (format!("{canary}-{name}"), text))
    });
    differences.chain(own).collect()
}
