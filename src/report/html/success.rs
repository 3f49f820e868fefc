//! The success criteria of the rollout: whether each is met, by what was measured, and how that was validated.

use maud::{Markup, html};

use super::super::document::Document;
use super::super::success::{self, Row};
use super::part::{Part, chip, left_out, name, prose, scrolling};

const MOST: usize = 500;
const MOST_CRITERIA: usize = 20;

pub(super) fn part(document: &Document) -> Option<Part> {
    let rows = success::rows(&[document]);
    (!rows.is_empty()).then(|| Part { id: "success", title: "Success criteria", body: table(&rows) })
}

/// The table of a rollout, of one phase or of all.
pub(super) fn table(rows: &[Row]) -> Markup {
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
            tbody { @for one in rows.iter().take(MOST) { (row(one)) } }
        }
    };
    html! {
        (scrolling("Success criteria, a table that scrolls sideways", &table))
        (left_out(rows.len(), MOST, "success criteria"))
    }
}

fn row(row: &Row) -> Markup {
    let shown = || row.shown.iter().take(MOST_CRITERIA);
    html! {
        tr {
            th scope="row" { (name(&row.id)) }
            td { (prose(&row.says)) }
            td { @match row.status() { Some(outcome) => (chip(outcome)), None => span class="chip open" { (row.word()) } } }
            td {
                ul class="plain" {
                    @for one in shown() { li { (prose(&format!("{} {}: {}", one.outcome.word(), one.target, one.measured))) } }
                    @for missing in row.missing.iter().take(MOST_CRITERIA) { li { (name(missing)) ": not judged" } }
                }
            }
            td { ul class="plain" { @for one in shown() { li { (prose(&one.validated)) } } } }
        }
    }
}
