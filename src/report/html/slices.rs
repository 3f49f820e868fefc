//! Which slices carry a difference: the sentence, and the tree as a table with a picture of each ratio.

use maud::{Markup, html};

use super::super::document::Document;
use super::super::localised::{COLUMNS, Localised, SliceLine, Standing, called, row};
use super::interval::{Interval, MARGIN};
use super::part::{Part, left_out, name, prose, scrolling};
use super::scale::{Axis, extent, px};
use crate::report::document::Number;

const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 26.0;
const MOST: usize = 60;
/// Ratios beyond this are arrows.
const FARTHEST: f64 = 8.0;

pub(super) fn part(document: &Document) -> Option<Part> {
    if document.localised.is_empty() && document.mixes.is_empty() {
        return None;
    }
    let body = html! {
        @for mix in &document.mixes {
            p { (prose(&format!("Mix of {}: {}.", mix.metric, mix.says))) }
            @for obstacle in &mix.obstacles { p class="cut" { (prose(&format!("The plain comparison decides: {obstacle}."))) } }
        }
        @for one in &document.localised {
            p { strong { (prose(&one.says)) "." } }
            (scrolling("Slices, a table that scrolls sideways", &table(one)))
            (left_out(one.tree.len(), MOST, "slices"))
        }
        @if !document.localised.is_empty() {
            p class="cut" {
                "Each slice is compared with its own baseline. “Named from” is the ratio of rates from which the slice would have been \
                 named nineteen times of twenty."
            }
        }
    };
    Some(Part { id: "slices", title: "Which part", body })
}

fn table(one: &Localised) -> Markup {
    let shown: Vec<&SliceLine> = one.tree.iter().take(MOST).collect();
    let axis = axis(&shown, &one.whole);
    let line = |line: &SliceLine, name: &str, depth: usize| {
        let [requests, bad, ratio, share, from] = row(line);
        let named = line.standing == Standing::Named;
        html! {
            tr {
                th scope="row" class=(format!("depth-{}", depth.min(2))) {
                    (name) @if named { " " span class="chip fail" { "named" } }
                }
                td class="number" { (requests) }
                td class="number" { (bad) }
                td { (picture(line, name, &axis)) div class="note" { (ratio) } }
                td class="number" { (share) }
                td class="number" { (from) }
            }
        }
    };
    html! {
        table class="slices" {
            caption class="hidden" { (prose(&format!("Slices of {} by {}", one.metric, one.dimensions.join(", ")))) }
            thead {
                tr {
                    th scope="col" { (prose(&one.dimensions.join(" × "))) }
                    @for column in &COLUMNS[..2] { th scope="col" class="number" { (column) } }
                    th scope="col" { (COLUMNS[2]) }
                    @for column in &COLUMNS[3..] { th scope="col" class="number" { (column) } }
                }
            }
            tbody {
                (line(&one.whole, "all", 0))
                @for own in &shown { @let (text, depth) = called(own); (line(own, &name(&text), depth)) }
                @if let Some(rest) = &one.rest { (line(rest, "all but the named", 0)) }
            }
        }
    }
}

/// One scale for all rows, on which a half is as far as a double.
fn axis(lines: &[&SliceLine], whole: &SliceLine) -> Axis {
    let ends =
        |line: &SliceLine| [line.low, line.high, line.ratio].into_iter().flatten().map(Number::get).collect::<Vec<_>>();
    let all = lines.iter().flat_map(|line| ends(line)).chain(ends(whole)).filter(|value| *value > 0.0);
    let (low, high) = extent(all.chain([1.0])).unwrap_or((0.5, 2.0));
    let (low, high) = (low.max(1.0 / FARTHEST) * 0.95, high.min(FARTHEST) * 1.05);
    Axis::log((low, high), (MARGIN, WIDTH - MARGIN))
}

fn picture(line: &SliceLine, name: &str, axis: &Axis) -> Markup {
    let number = |number: Option<Number>| number.map(Number::get);
    let bar = Interval { low: number(line.low), high: number(line.high), estimate: number(line.ratio) };
    let none = px(axis.at(1.0));
    html! {
        svg class="forest" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { (prose(&format!("{name}: canary / baseline {}", row(line)[2]))) }
            line class="rule" x1="0" x2=(WIDTH) y1=(HEIGHT / 2.0) y2=(HEIGHT / 2.0) {}
            line class="none" x1=(none) x2=(none) y1="3" y2=(HEIGHT - 3.0) {}
            (bar.drawing(axis, WIDTH, HEIGHT / 2.0, line.standing == Standing::Unnamed))
        }
    }
}
