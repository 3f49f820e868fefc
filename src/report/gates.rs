//! The pages of a server: all gates with their last verdicts, and the history of one.

use jiff::Timestamp;
use maud::{Markup, html};

use super::document::{Document, Outcome};
use super::html::history::{criteria, undecided};
use super::html::{ANSWERS, chip, counted, name, prose, shell};
use super::watched::{self, instant};

/// A gate, or one of its verdicts.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name.
    pub gate: String,
    /// The outcome, if it was judged.
    pub outcome: Option<Outcome>,
    /// When it was asked for.
    pub at: Option<Timestamp>,
    /// What is to be said of it.
    pub sentence: String,
    /// The name of the verdict.
    pub id: Option<String>,
}

/// Every gate with its last verdict.
pub fn overview(rows: &[Row], watches: &[watched::Row]) -> String {
    let body = html! {
        header class="verdict open" { h1 { span class="word" { "GATES" } " " span class="of" { (rows.len()) } } }
        main id="main" {
            (watched::list(watches))
            @if !watches.is_empty() { h2 { "Gates" } }
            @if rows.is_empty() { p { "There is no configuration in the folder." } }
            @else { (table(rows, true)) }
        }
    };
    shell("GATES", &body)
}

/// Every verdict of a gate that is kept, the latest first: how often it said what, what became of each criterion, and why it was undecided.
/// `documents` has the verdicts of those rows that were judged.
pub fn history(gate: &str, rows: &[Row], documents: &[&Document]) -> String {
    let said = counted(ANSWERS, rows.iter().filter_map(|row| row.outcome));
    let body = html! {
        header class="verdict open" {
            h1 { span class="word" { "GATE" } " " span class="of" { (name(gate)) } }
            p class="summary" { @if said.is_empty() { "It was not asked yet." } @else { (said) "." } }
            @if let Some(why) = undecided(documents) { p { (prose(&why)) } }
            p { a href="/" { "All gates" } }
        }
        main id="main" {
            @if let Some(over_time) = criteria(documents) {
                h2 { "Criteria" }
                (over_time)
                h2 { "Verdicts" }
            }
            @if !rows.is_empty() { (table(rows, false)) }
        }
    };
    shell(&format!("GATE: {}", name(gate)), &body)
}

fn table(rows: &[Row], gates: bool) -> Markup {
    html! {
        div class="scroll" role="region" aria-label="Verdicts" tabindex="0" {
            table {
                thead {
                    tr {
                        @if gates { th scope="col" { "Gate" } }
                        th scope="col" { "Verdict" }
                        th scope="col" { "Asked at" }
                        th scope="col" { "Why" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @if gates { th scope="row" { a href=(format!("/gates/{}", row.gate)) { (name(&row.gate)) } } }
                            td { @if let Some(outcome) = row.outcome { (chip(outcome)) } }
                            td {
                                @match (&row.id, row.at) {
                                    (Some(id), Some(time)) => { a href=(format!("/v1/verdicts/{id}.html")) { (instant(time)) } }
                                    (None, Some(time)) => { (instant(time)) }
                                    _ => {}
                                }
                            }
                            td { (prose(&row.sentence)) }
                        }
                    }
                }
            }
        }
    }
}
