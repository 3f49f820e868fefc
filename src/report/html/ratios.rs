//! Many quantiles at once: the canary's percentile curve divided by the baseline's, with what each quantile may truly be.
//!
//! The axis gives every tenfold of rare requests the same room on either side: p1, p10, half, p90, p99, p99.9.

use maud::{Markup, html};

use super::super::document::{Document, EffectKind, Finding};
use super::super::quantiles::{OneQuantile, QuantileStanding, Quantiles};
use super::super::words::{self, NOTHING};
use super::part::{Part, chip, left_out, name, prose, scrolling, swatch};
use super::scale::{Axis, decades, px};
use crate::judge::words::{change, quantile_name, quantity};
use crate::report::document::Number;

const MOST: usize = 30;
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 226.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;
/// Ratios beyond these are drawn at the edge.
const FARTHEST: f64 = 10.0;
const LABELLED: [f64; 7] = [0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999];

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    let known = |finding: &&&Finding| finding.evidence.quantiles.is_some();
    let all: Vec<&&Finding> = findings.iter().filter(known).collect();
    if all.is_empty() || document.findings.is_empty() {
        return None;
    }
    let body = html! {
        p class="key" {
            "The canary's quantile divided by the baseline's, at each quantile that is judged. The lower edge of the band holds for \
             all quantiles at once: where it is above the limit, the canary is worse. The upper edge holds for each by itself: where \
             it is below the limit, the canary is within."
        }
        p class="arms" {
            span class="arm" { (swatch("canary")) " canary against baseline" } " "
            span class="arm" { (swatch("bound")) " limit" }
        }
        div class="plots" {
            @for finding in all.iter().take(MOST) {
                @if let Some(quantiles) = &finding.evidence.quantiles { (figure(finding, quantiles)) }
            }
        }
        (left_out(all.len(), MOST, "criteria"))
    };
    Some(Part { id: "quantiles", title: "Which quantiles are worse", body })
}

fn figure(finding: &Finding, quantiles: &Quantiles) -> Markup {
    let limit = finding.evidence.pass_limit.map(Number::get);
    html! {
        figure {
            h3 { (name(&words::criterion(finding))) " " (chip(finding.outcome)) }
            (drawing(finding, quantiles, limit))
            figcaption {
                "A pass is about " (quantile_name(quantiles.from.get())) " to " (quantile_name(quantiles.to.get())) "."
            }
            (scrolling(&format!("Quantiles of {}", name(&finding.metric)), &table(finding, quantiles)))
        }
    }
}

fn table(finding: &Finding, quantiles: &Quantiles) -> Markup {
    let unit = words::unit(&finding.evidence.unit);
    let value = |value: Option<Number>| value.map_or(NOTHING.into(), |value| quantity(value.get(), &unit));
    let ratio = |value: Option<Number>, other: &str| {
        value.map_or(other.into(), |value| change(value.get(), EffectKind::Ratio.into(), &unit))
    };
    html! {
        table class="small" {
            caption class="hidden" { "Quantiles of " (name(&finding.metric)) }
            thead {
                tr {
                    th scope="col" { "Quantile" }
                    th scope="col" class="number" { "Baseline" }
                    th scope="col" class="number" { "Canary" }
                    th scope="col" class="number" { "Ratio" }
                    th scope="col" class="number" { "Lower end" }
                    th scope="col" class="number" { "Upper end" }
                    th scope="col" { "Shown" }
                }
            }
            tbody {
                @for one in &quantiles.each {
                    tr {
                        th scope="row" { (quantile_name(one.q.get())) }
                        td class="number" { (value(one.estimate.baseline)) }
                        td class="number" { (value(one.estimate.canary)) }
                        td class="number" { (ratio(one.ratio, NOTHING)) }
                        td class="number" { (ratio(one.low, NOTHING)) }
                        td class="number" { (ratio(one.high, "∞")) }
                        td { (shown(one)) }
                    }
                }
            }
        }
    }
}

fn shown(one: &OneQuantile) -> &'static str {
    match one.standing {
        QuantileStanding::Worse => "worse",
        QuantileStanding::Within => "within",
        QuantileStanding::Open => "open",
    }
}

/// How far out a quantile is: the logarithm of its odds.
fn place(q: f64) -> f64 {
    (q / (1.0 - q)).ln()
}

fn drawing(finding: &Finding, quantiles: &Quantiles, limit: Option<f64>) -> Markup {
    let clamped = |ratio: f64| ratio.clamp(1.0 / FARTHEST, FARTHEST);
    let of = |ratio: Option<Number>, other: f64| clamped(ratio.map_or(other, Number::get));
    let each: Vec<(f64, f64, f64, Option<f64>)> = quantiles
        .each
        .iter()
        .map(|one| (place(one.q.get()), of(one.low, 0.0), of(one.high, f64::INFINITY), one.ratio.map(Number::get)))
        .collect();
    let inside = each.iter().flat_map(|(_, low, high, ratio)| [Some(*low), Some(*high), *ratio]).flatten().map(clamped);
    let bounds = inside.chain(limit.map(clamped)).chain([0.8, 1.25]);
    let (low, high) = bounds.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), v| (low.min(v), high.max(v)));
    let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let ends = each.first().zip(each.last()).map_or((-1.0, 1.0), |(first, last)| (first.0, last.0));
    let (x, y) = (Axis::linear(ends, (LEFT, right)), Axis::log((low, high), (foot, TOP)));
    let point = |at: f64, ratio: f64| format!("{} {}", px(x.at(at)), px(y.at(ratio)));
    let upper = each.iter().map(|(at, _, high, _)| point(*at, *high));
    let lower = each.iter().rev().map(|(at, low, ..)| point(*at, *low));
    let band: Vec<String> = upper.chain(lower).collect();
    let line: Vec<String> = each.iter().filter_map(|(at, .., ratio)| Some(point(*at, clamped((*ratio)?)))).collect();
    let labels = LABELLED.into_iter().filter(|q| x.has(place(*q)));
    html! {
        svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { "Ratios of the quantiles of " (name(&finding.metric)) }
            desc { (prose(&finding.sentence)) }
            @if !band.is_empty() { path class="band" d=(format!("M{}Z", band.join("L"))) {} }
            @for value in decades((low, high)) {
                @let place = px(y.at(value));
                line class=(if value == 1.0 { "rule" } else { "grid" }) x1=(LEFT) x2=(right) y1=(place) y2=(place) {}
                text class="end" x=(LEFT - 6.0) y=(px(y.at(value) + 4.0)) { "×" (value) }
            }
            line class="rule" x1=(LEFT) x2=(right) y1=(foot) y2=(foot) {}
            @for q in labels {
                @let at = px(x.at(place(q)));
                line class="grid" x1=(at) x2=(at) y1=(TOP) y2=(foot + 4.0) {}
                text class="middle" x=(at) y=(foot + 19.0) { (quantile_name(q)) }
            }
            @if let Some(limit) = limit {
                @let at = px(y.at(clamped(limit)));
                line class="bound limit" x1=(LEFT) x2=(right) y1=(at) y2=(at) {}
            }
            @if !line.is_empty() { path class="canary" d=(format!("M{}", line.join("L"))) {} }
            text class="end quiet" x=(right) y=(HEIGHT - 4.0) { "quantile of the requests; ratios on a scale of factors" }
        }
    }
}
