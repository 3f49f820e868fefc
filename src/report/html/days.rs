//! Several earlier days beside today: a dot for each day, what they lead to expect, and today's number with the limit.

use maud::{Markup, html};

use super::super::days::{Days, OneDay};
use super::super::document::{Document, EffectKind, Finding, Number};
use super::super::words;
use super::part::{Part, axis_label, chip, left_out, name, prose, scrolling, swatch};
use super::scale::{Axis, px};
use crate::judge::words::quantity;

const MOST: usize = 30;
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    let all: Vec<(&Finding, &Days)> =
        findings.iter().filter_map(|finding| Some((*finding, finding.evidence.days.as_ref()?))).collect();
    if all.is_empty() || document.findings.is_empty() {
        return None;
    }
    let body = html! {
        p class="key" {
            "One number of each earlier day, in the canary's hours, and today's. The line is what the days lead to expect of today. \
             How much they differ is part of the interval."
        }
        p class="arms" {
            span class="arm" { (swatch("baseline")) " earlier days" } " "
            span class="arm" { (swatch("canary")) " today" } " "
            span class="arm" { (swatch("bound")) " limit" }
        }
        div class="plots" { @for (finding, days) in all.iter().take(MOST) { (figure(finding, days)) } }
        (left_out(all.len(), MOST, "criteria"))
    };
    Some(Part { id: "days", title: "Earlier days", body })
}

fn figure(finding: &Finding, days: &Days) -> Markup {
    html! {
        figure {
            h3 { (name(&words::criterion(finding))) " " (chip(finding.outcome)) }
            (drawing(finding, days))
            (scrolling(&format!("Earlier days of {}", name(&finding.metric)), &table(finding, days)))
        }
    }
}

fn table(finding: &Finding, days: &Days) -> Markup {
    let unit = words::unit(&finding.evidence.unit);
    let value = |value: Option<Number>| value.map_or(words::NOTHING.into(), |value| quantity(value.get(), &unit));
    let adjusted = days.slope.is_some();
    html! {
        table class="small" {
            caption class="hidden" { "Earlier days of " (name(&finding.metric)) }
            thead {
                tr {
                    th scope="col" { "Window" }
                    @if adjusted { th scope="col" class="number" { "Before" } }
                    th scope="col" class="number" { "Value" }
                    th scope="col" { "Counts" }
                }
            }
            tbody {
                @for day in &days.each {
                    tr {
                        th scope="row" { (words::moment(&day.start)) }
                        @if adjusted { td class="number" { (value(day.before)) } }
                        td class="number" { (value(day.value)) }
                        td { (name(&day.standing)) }
                    }
                }
                tr {
                    th scope="row" { "today" }
                    @if adjusted { td class="number" { (value(days.before)) } }
                    td class="number" { (value(finding.evidence.estimate.canary)) }
                    td { "expected: " (value(days.expected)) }
                }
            }
        }
    }
}

/// The limit in the metric's unit, beside what is expected.
fn limit(finding: &Finding, expected: f64) -> Option<f64> {
    let limit = finding.evidence.pass_limit?.get();
    match finding.evidence.effect.as_ref()?.kind {
        EffectKind::Ratio => Some(limit * expected),
        EffectKind::Difference => Some(limit + expected),
        EffectKind::Level => Some(limit),
    }
}

fn drawing(finding: &Finding, days: &Days) -> Markup {
    let known: Vec<&OneDay> = days.each.iter().rev().collect();
    let expected = days.expected.map(Number::get);
    let limit = expected.and_then(|expected| limit(finding, expected));
    let today = finding.evidence.estimate.canary.map(Number::get);
    let values = || known.iter().filter_map(|day| day.value.map(Number::get)).chain(today).chain(expected);
    let (low, high) =
        values().chain(limit).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let log = days.by_factor && low > 0.0;
    let of = |value: f64| if log { value.ln() } else { value };
    let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let ends = (of(low), of(high));
    let Some(y) = Axis::around(ends, ends, 0.0, (1.0, 0.12), log, (foot, TOP)) else { return html! {} };
    let x = Axis::linear((0.0, known.len() as f64 + 0.5), (LEFT + 12.0, right));
    let dot = |at: usize, value: f64| format!("M{} {}h.01", px(x.at(at as f64)), px(y.at(value)));
    let dots = |used: bool| -> String {
        let own = known.iter().enumerate().filter(|(_, day)| day.is_used() == used);
        own.filter_map(|(at, day)| Some(dot(at, day.value?.get()))).collect()
    };
    let unit = words::unit(&finding.evidence.unit);
    html! {
        svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { "Earlier days of " (name(&finding.metric)) }
            desc { (prose(&finding.sentence)) }
            @for value in [low, high] {
                @let place = px(y.at(value));
                line class="grid" x1=(LEFT) x2=(right) y1=(place) y2=(place) {}
                text class="end" x=(LEFT - 6.0) y=(px(y.at(value) + 4.0)) { (axis_label(value, &unit)) }
            }
            line class="rule" x1=(LEFT) x2=(right) y1=(foot) y2=(foot) {}
            @if let Some(expected) = expected {
                @let place = px(y.at(expected));
                line class="baseline" x1=(LEFT) x2=(right) y1=(place) y2=(place) {}
            }
            @if let Some(limit) = limit {
                @let place = px(y.at(limit));
                line class="bound limit" x1=(LEFT) x2=(right) y1=(place) y2=(place) {}
            }
            path class="baseline dots" d=(dots(true)) {}
            @if known.iter().any(|day| !day.is_used() && day.value.is_some()) { path class="none dots" d=(dots(false)) {} }
            @if let Some(today) = today { path class="canary dots" d=(dot(known.len(), today)) {} }
            @if let Some(first) = known.first() {
                text class="start" x=(LEFT + 4.0) y=(foot + 18.0) { (first.start.get(..10).unwrap_or_default()) }
            }
            text class="end" x=(right) y=(foot + 18.0) { "today" }
        }
    }
}
