//! The pages of a server: all gates with their last verdicts, and the history of one.

use jiff::Timestamp;
use maud::{Markup, html};

use super::document::Outcome;
use super::html::{chip, name, prose, shell};
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

/// Every verdict of a gate that is kept, the latest first, and how often it said what.
pub fn history(gate: &str, rows: &[Row]) -> String {
    let of = |outcome| rows.iter().filter(|row| row.outcome == Some(outcome)).count();
    let counted = [
        (Outcome::Pass, "passed"),
        (Outcome::Warn, "warned"),
        (Outcome::Inconclusive, "undecided"),
        (Outcome::Fail, "failed"),
    ];
    let said = counted.map(|(outcome, word)| (of(outcome), word));
    let said: Vec<String> = said.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let body = html! {
        header class="verdict open" {
            h1 { span class="word" { "GATE" } " " span class="of" { (name(gate)) } }
            p class="summary" { @if said.is_empty() { "It was not asked yet." } @else { (said.join(", ")) "." } }
            p { a href="/" { "All gates" } }
        }
        main id="main" { @if !rows.is_empty() { (table(rows, false)) } }
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
