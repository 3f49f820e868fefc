//! The answer of the rule that somebody used so far, beside davy's.

use maud::html;

use super::super::as_written;
use super::super::document::Document;
use super::part::{Part, left_out, prose, scrolling};

const MOST: usize = 200;

pub(super) fn part(document: &Document) -> Option<Part> {
    let beside = as_written::of(document)?;
    let table = html! {
        table {
            caption class="hidden" { "Both answers by metric" }
            thead { tr { @for column in ["Metric", beside.by.as_str(), "davy"] { th scope="col" { (prose(column)) } } } }
            tbody {
                @for [metric, theirs, ours] in beside.rows.iter().take(MOST) {
                    tr { th scope="row" { (prose(metric)) } td { (prose(theirs)) } td { (prose(ours)) } }
                }
            }
        }
    };
    let body = html! {
        p { strong { (prose(&beside.by)) } ": " (prose(&beside.line)) }
        @if !beside.rows.is_empty() {
            (scrolling("Both answers, a table that scrolls sideways", &table))
            (left_out(beside.rows.len(), MOST, "metrics"))
        }
        @if !beside.notes.is_empty() { ul class="notes" { @for note in &beside.notes { li { (prose(note)) } } } }
    };
    Some(Part { id: "as-written", title: "As written before", body })
}
