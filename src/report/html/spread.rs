//! How the requests of both arms spread: the percentiles over one another, since a canary may be as fast as ever for most
//! and slow for the rest, which no single number shows.
//!
//! The axis gives every nine the same room: half of the requests, 90 %, 99 %, 99.9 %.

use maud::{Markup, html};

use super::super::document::{Distribution, Document, EffectKind, Finding, Quantile};
use super::super::prose::{fit, plain};
use super::super::words::NOTHING;
use super::part::{Part, axis_label, left_out, name, prose, scrolling, swatch};
use super::scale::{Axis, airy, decades, extent, grain, px, ticks};
use crate::judge::rules::Unit;
use crate::judge::words::{change, count, quantile_name, quantity};

const MOST: usize = 30;
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 226.0;
const LEFT: f64 = 82.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;
/// Values that differ by more than this factor are laid out as factors.
const STEEP: f64 = 30.0;
const SHOWN: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 1.0];

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    if document.distributions.is_empty() {
        return None;
    }
    let rank =
        |one: &&Distribution| findings.iter().position(|finding| finding.metric == one.metric).unwrap_or(usize::MAX);
    let mut all: Vec<&Distribution> = document.distributions.iter().collect();
    if findings.len() <= 1_000 {
        all.sort_by_key(rank);
    }
    let body = html! {
        p class="key" {
            "All requests of the judged time together: for each per cent of them, the value that none of these exceeds. \
             Every further nine has the same room. What was decided on is in the table of criteria."
        }
        div class="plots" { @for one in all.iter().take(MOST) { (figure(one)) } }
        (left_out(all.len(), MOST, "metrics"))
    };
    Some(Part { id: "requests", title: "How the requests spread", body })
}

/// The drawing of each metric by itself.
pub(super) fn drawings(document: &Document) -> impl Iterator<Item = (&str, Markup)> {
    let drawn = |one: &Distribution| {
        let unit = Unit::from(&one.unit);
        Plot::new(one, &unit).map(|plot| plot.drawing(one, &unit))
    };
    document.distributions.iter().take(MOST).filter_map(move |one| Some((one.metric.as_str(), drawn(one)?)))
}

fn figure(one: &Distribution) -> Markup {
    let unit = Unit::from(&one.unit);
    html! {
        figure {
            h3 { (name(&one.metric)) }
            @if let Some(plot) = Plot::new(one, &unit) { (plot.drawing(one, &unit)) }
            figcaption {
                @for (arm, n) in one.n.named() {
                    span class="arm" {
                        (swatch(arm)) " " (arm) " " (count(*n)) " requests"
                    }
                    " "
                }
            }
            (scrolling(&format!("Percentiles of {}", name(&one.metric)), &table(one, &unit)))
        }
    }
}

fn table(one: &Distribution, unit: &Unit) -> Markup {
    let of = |arm: &[Quantile], q: f64| {
        arm.iter().find(|quantile| quantile.q.get() == q).map(|quantile| quantile.value.get())
    };
    let shown = |value: Option<f64>| value.map_or(NOTHING.into(), |value| fit(&plain(&quantity(value, unit)), 40));
    html! {
        table class="small" {
            caption class="hidden" { "Percentiles of " (name(&one.metric)) }
            thead {
                tr {
                    th scope="col" { "Percentile" }
                    th scope="col" class="number" { "Baseline" }
                    th scope="col" class="number" { "Canary" }
                    th scope="col" class="number" { "Canary against baseline" }
                }
            }
            tbody {
                @for q in SHOWN {
                    @let (baseline, canary) = (of(&one.quantiles.baseline, q), of(&one.quantiles.canary, q));
                    tr {
                        th scope="row" { (if q == 1.0 { "largest".into() } else { quantile_name(q) }) }
                        td class="number" { (shown(baseline)) }
                        td class="number" { (shown(canary)) }
                        td class="number" { (ratio(baseline, canary, unit)) }
                    }
                }
            }
        }
    }
}

fn ratio(baseline: Option<f64>, canary: Option<f64>, unit: &Unit) -> String {
    match baseline.zip(canary) {
        Some((baseline, canary)) if baseline > 0.0 && (canary / baseline).is_finite() => {
            plain(&change(canary / baseline, EffectKind::Ratio.into(), unit))
        }
        _ => NOTHING.into(),
    }
}

struct Plot {
    nines: f64,
    x: Axis,
    range: (f64, f64),
    log: bool,
    y: Axis,
}

/// How many nines a quantile has; the largest of n requests is about the quantile 1 - 1/n.
fn nines(q: f64, n: u64) -> f64 {
    let most = (n.max(2) as f64).log10();
    if q >= 1.0 { most } else { (-(1.0 - q.max(0.0)).log10()).clamp(0.0, most.max(0.0)) }
}

impl Plot {
    fn new(one: &Distribution, unit: &Unit) -> Option<Plot> {
        let arms = [(&one.quantiles.baseline, one.n.baseline), (&one.quantiles.canary, one.n.canary)];
        let values = || arms.iter().flat_map(|(quantiles, _)| quantiles.iter()).map(|quantile| quantile.value.get());
        let range = extent(values())?;
        let most = arms.iter().flat_map(|(quantiles, n)| quantiles.iter().map(|quantile| nines(quantile.q.get(), *n)));
        let most = most.fold(1.0, f64::max);
        let log = range.0 > 0.0 && range.1 / range.0 > STEEP;
        let range = if log { range } else { airy(range, unit) };
        let places = (HEIGHT - BOTTOM, TOP);
        let y = if log { Axis::log((range.0 * 0.9, range.1 * 1.1), places) } else { Axis::linear(range, places) };
        Some(Plot { nines: most, x: Axis::linear((0.0, most), (LEFT, WIDTH - RIGHT)), range, log, y })
    }

    fn drawing(&self, one: &Distribution, unit: &Unit) -> Markup {
        let arms =
            [("baseline", &one.quantiles.baseline, one.n.baseline), ("canary", &one.quantiles.canary, one.n.canary)];
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
                title { "Percentiles of " (name(&one.metric)) }
                desc { (said(one, unit)) }
                (self.grid(unit))
                @for (arm, quantiles, n) in arms {
                    @let places: Vec<(f64, f64)> = quantiles.iter().map(|quantile| self.place(quantile, n)).collect();
                    @if let [(x, y)] = places.as_slice() {
                        path class=(format!("{arm} dots")) d=(format!("M{} {}h0", px(*x), px(*y))) {}
                    } @else if !places.is_empty() {
                        @let points: Vec<String> = places.iter().map(|(x, y)| format!("{} {}", px(*x), px(*y))).collect();
                        path class=(arm) d=(format!("M{}", points.join("L"))) {}
                    }
                }
            }
        }
    }

    fn place(&self, quantile: &Quantile, n: u64) -> (f64, f64) {
        (self.x.at(nines(quantile.q.get(), n)), self.y.at(quantile.value.get()))
    }

    fn grid(&self, unit: &Unit) -> Markup {
        let size = self.range.0.abs().max(self.range.1.abs());
        let values = if self.log { decades(self.range) } else { ticks(self.range, grain(unit, size), 4) };
        let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let shares =
            [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].map(|q: f64| (-(1.0 - q).log10(), quantity(q, &Unit::Share)));
        html! {
            @for value in values {
                @let place = self.y.at(value);
                line class="grid" x1=(LEFT) x2=(right) y1=(px(place)) y2=(px(place)) {}
                text class="end" x=(LEFT - 6.0) y=(px(place + 4.0)) { (axis_label(value, unit)) }
            }
            line class="rule" x1=(LEFT) x2=(right) y1=(foot) y2=(foot) {}
            @for (nines, label) in shares.iter().filter(|(nines, _)| *nines <= self.nines) {
                @let place = px(self.x.at(*nines));
                line class="grid" x1=(place) x2=(place) y1=(TOP) y2=(foot + 4.0) {}
                text class="middle" x=(place) y=(foot + 19.0) { (label) }
            }
            text class="end quiet" x=(right) y=(HEIGHT - 4.0) {
                "share of the requests" @if self.log { "; values on a scale of factors" }
            }
        }
    }
}

/// What the picture shows, in words.
fn said(one: &Distribution, unit: &Unit) -> String {
    let arm = |(arm, quantiles): (&str, &Vec<Quantile>)| {
        let told = quantiles.iter().filter(|quantile| SHOWN.contains(&quantile.q.get()));
        let told = told.map(|quantile| {
            let (q, value) = (quantile.q.get(), quantity(quantile.value.get(), unit));
            if q == 1.0 { format!("largest {value}") } else { format!("{} {value}", quantile_name(q)) }
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() {
            format!("The {arm} has no percentile.")
        } else {
            format!("The {arm}: {}.", told.join(", "))
        }
    };
    prose(&one.quantiles.named().map(arm).join(" "))
}
