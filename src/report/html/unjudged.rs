//! What no criterion judges: what it is, why, and the best verdict without it.

use maud::html;

use super::super::document::Document;
use super::super::words;
use super::part::{Part, chip, left_out, name, prose, scrolling};

const MOST: usize = 200;

pub(super) fn part(document: &Document) -> Option<Part> {
    if document.not_judged.is_empty() {
        return None;
    }
    let all = words::not_judged(document);
    let table = html! {
        table {
            caption class="hidden" { "What no criterion judges" }
            thead { tr { @for column in ["What", "Why", "Best verdict without it"] { th scope="col" { (column) } } } }
            tbody {
                @for one in all.iter().take(MOST) {
                    tr {
                        th scope="row" { (name(&one.what)) }
                        td { (prose(&one.why)) }
                        td { (chip(one.at_best)) }
                    }
                }
            }
        }
    };
    let body = html! {
        (scrolling("What is not judged, a table that scrolls sideways", &table))
        (left_out(all.len(), MOST, "entries"))
    };
    Some(Part { id: "not-judged", title: "Not judged", body })
}
