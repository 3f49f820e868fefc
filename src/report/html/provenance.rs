//! Where everything came from, folded away: sources, questions, windows, and the davy that judged.

use maud::{Markup, html};

use super::super::document::Document;
use super::super::prose::{fit, plain};
use super::super::words;
use super::part::{Part, facts, left_out, name, prose, scrolling};

const MOST: usize = 1_000;

pub(super) fn part(document: &Document) -> Option<Part> {
    let windows = words::setting(document).into_iter().map(|(name, texts)| (name, texts.join("; ")));
    let contract = ("contract", format!("verdict {}", fit(&plain(&document.schema_version), 20)));
    let judged = ("judged by", words::judged_by(document));
    let body = html! {
        details {
            summary { "Sources, questions and versions" }
            (facts(windows.chain([judged, contract])))
            @if !document.traces.is_empty() { (origins(document)) }
            @if !document.queries.is_empty() { (queries(document)) }
        }
    };
    Some(Part { id: "provenance", title: "Provenance", body })
}

fn origins(document: &Document) -> Markup {
    let table = html! {
        table {
            caption { "Where each metric came from" }
            thead { tr { th scope="col" { "Metric" } th scope="col" { "Origin" } } }
            tbody {
                @for trace in document.traces.iter().take(MOST) {
                    tr { th scope="row" { (name(&trace.metric)) } td { (prose(&trace.origin)) } }
                }
            }
        }
    };
    html! {
        (scrolling("Origins, a table that scrolls sideways", &table))
        (left_out(document.traces.len(), MOST, "metrics"))
    }
}

fn queries(document: &Document) -> Markup {
    let table = html! {
        table {
            caption { "What was asked" }
            thead { tr { @for column in ["Metric", "Arm", "Source", "Question"] { th scope="col" { (column) } } } }
            tbody {
                @for query in document.queries.iter().take(MOST) {
                    tr {
                        th scope="row" { (name(&query.metric)) }
                        td { (fit(&plain(&query.arm), 40)) }
                        td { (prose(&query.source)) }
                        td { code { (prose(&query.asked)) } }
                    }
                }
            }
        }
    };
    html! {
        (scrolling("Questions, a table that scrolls sideways", &table))
        (left_out(document.queries.len(), MOST, "questions"))
    }
}
