//! What logs say: the sentence, and the templates as a table with bars of the lines of each part of the window.

use maud::{Markup, html};

use super::super::document::Document;
use super::super::signatures::{COLUMNS, Signed, SignedLine, lines, row};
use super::part::{Part, left_out, prose, scrolling};
use super::scale::px;

const WIDTH: f64 = 144.0;
const HEIGHT: f64 = 30.0;
const MOST: usize = 60;

pub(super) fn part(document: &Document) -> Option<Part> {
    if document.signatures.is_empty() {
        return None;
    }
    let body = html! {
        @for one in &document.signatures {
            p { strong { (prose(&one.name)) ": " } (prose(&one.says)) "." }
            @if lines(one).next().is_some() {
                (scrolling("Lines of logs, a table that scrolls sideways", &table(one)))
                (left_out(lines(one).count(), MOST, "templates"))
            }
        }
        p class="cut" {
            "Bars are the lines of each part of the window, the baseline's above the canary's. Marks such as <n> stand for what \
             differs from line to line."
        }
    };
    Some(Part { id: "logs", title: "Log lines", body })
}

fn table(one: &Signed) -> Markup {
    html! {
        table {
            caption class="hidden" { (prose(&format!("Lines of {} by template", one.name))) }
            thead {
                tr {
                    @for column in &COLUMNS[..2] { th scope="col" { (column) } }
                    @for column in &COLUMNS[2..] { th scope="col" class="number" { (column) } }
                    th scope="col" { "Over time" }
                }
            }
            tbody {
                @for (line, is_named) in lines(one).take(MOST) {
                    @let [kind, template, baseline, canary, ratio, since] = row(line, is_named);
                    tr {
                        td { @if is_named { span class="chip fail" { (kind) } } @else { (kind) } }
                        th scope="row" {
                            code { (template) }
                            @if line.example != line.template { div class="note" { (prose(&line.example)) } }
                        }
                        @for number in [baseline, canary, ratio, since] { td class="number" { (number) } }
                        td { (picture(line)) }
                    }
                }
            }
        }
    }
}

/// The lines of each part of the window; both arms on one scale.
fn picture(line: &SignedLine) -> Markup {
    let arms = [("cost-baseline", &line.parts.baseline), ("cost-canary", &line.parts.canary)];
    let most = arms.iter().flat_map(|(_, parts)| parts.iter()).copied().max().unwrap_or(0).max(1) as f64;
    let half = HEIGHT / 2.0;
    html! {
        svg class="forest" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { (prose(&format!("Lines of the baseline above the canary's; at most {most} in one part"))) }
            @for (at, (class, parts)) in arms.iter().enumerate() {
                @let width = WIDTH / parts.len().max(1) as f64;
                @for (place, count) in parts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    @let height = (half - 2.0) * *count as f64 / most;
                    rect class=(class) x=(px(place as f64 * width)) y=(px(half * (at + 1) as f64 - height))
                        width=(px((width - 1.0).max(1.0))) height=(px(height)) {}
                }
            }
        }
    }
}
