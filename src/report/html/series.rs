//! Both arms of every metric over time: what the judge saw, step by step.
//!
//! The baseline is dashed, so that no colour is needed; a step that was not measured is a gap, a point between two gaps
//! a dot. What was left out of the judgement (the warm-up, and what came after the end of the soak) is shaded.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::document::{Document, EffectKind, Finding, Number, Trace};
use super::super::prose::{fit, plain};
use super::super::words;
use super::clock::{self, Clock};
use super::looks;
use super::part::{Part, axis_label, chip, left_out, name, prose, swatch};
use super::scale::{Axis, airy, extent, grain, px, ticks};
use super::thin::runs;
use crate::judge::rules::Unit;
use crate::judge::words::{count, quantity};

const MOST: usize = 60;
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 206.0;
const LEFT: f64 = 82.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 40.0;
/// A line of labels.
const LABEL: f64 = 18.0;
/// Of each of so many columns the lowest and the highest point are drawn.
const COLUMNS: usize = 240;
/// A bound is drawn where it makes the picture at most so many times as high as the points alone would.
const TALLER: f64 = 4.0;
const MOST_LOOKS: usize = 200;

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    let traces = worst_first(document, findings);
    if traces.is_empty() {
        return None;
    }
    let other = (!clock::is_shared(document))
        .then_some("The baseline is another window: both arms are drawn by the time since the beginning of their own.");
    let body = html! {
        p class="key" {
            "What the judge saw, step by step; a gap is a step that was not measured. " (other.unwrap_or_default())
            @if document.warmup_steps > 0 || has_rest(document) {
                " Shaded is what was not judged: the warm-up, and what came after the soak."
            }
            @if findings.iter().any(|finding| finding.evidence.since.is_some()) {
                " A red line marks the step from which on the canary is worse."
            }
            @if document.looks.len() > 1 { " Ticks at the foot of a picture are the looks that were taken." }
        }
        div class="plots" {
            @for (trace, its) in traces.iter().take(MOST) { (figure(document, trace, its)) }
        }
        (left_out(traces.len(), MOST, "metrics"))
    };
    Some(Part { id: "metrics", title: "Metrics over time", body })
}

/// The drawing of each metric by itself.
pub(super) fn drawings<'d>(
    document: &'d Document,
    findings: &[&'d Finding],
) -> impl Iterator<Item = (&'d str, Markup)> {
    let drawn = |(trace, its): (&'d Trace, Vec<&'d Finding>)| {
        Some((trace.metric.as_str(), Plot::new(document, trace, &its)?.drawing()))
    };
    worst_first(document, findings).into_iter().take(MOST).filter_map(drawn)
}

/// Every trace with its findings, the trace with the worst finding first.
fn worst_first<'d>(document: &'d Document, findings: &[&'d Finding]) -> Vec<(&'d Trace, Vec<&'d Finding>)> {
    let mut by_metric: BTreeMap<&str, (usize, Vec<&Finding>)> = BTreeMap::new();
    for (rank, finding) in findings.iter().enumerate() {
        by_metric.entry(&finding.metric).or_insert_with(|| (rank, Vec::new())).1.push(finding);
    }
    let rank = |trace: &Trace| by_metric.get(trace.metric.as_str()).map_or(usize::MAX, |(rank, _)| *rank);
    let mut traces: Vec<&Trace> = document.traces.iter().collect();
    traces.sort_by_key(|trace| rank(trace));
    let its = |trace: &Trace| by_metric.get(trace.metric.as_str()).map(|(_, its)| its.clone()).unwrap_or_default();
    traces.into_iter().map(|trace| (trace, its(trace))).collect()
}

fn figure(document: &Document, trace: &Trace, findings: &[&Finding]) -> Markup {
    let worst = findings.iter().map(|finding| finding.outcome).max();
    let plot = Plot::new(document, trace, findings);
    let statistic = trace.statistic.as_deref().map(|name| format!("{} of the requests of each step. ", plain(name)));
    html! {
        figure {
            h3 { (name(&trace.metric)) " " @if let Some(worst) = worst { (chip(worst)) } }
            @if let Some(plot) = &plot { (plot.drawing()) } @else { p class="nothing" { "Not one step was measured." } }
            figcaption {
                (arm("baseline", trace)) " " (arm("canary", trace))
                @let far = plot.as_ref().map(Plot::beyond).unwrap_or_default();
                @if statistic.is_some() || !far.is_empty() { div { (statistic.unwrap_or_default()) (far) } }
            }
        }
    }
}

/// How an arm is drawn, and between what its points lie.
fn arm(arm: &'static str, trace: &Trace) -> Markup {
    let points = if arm == "baseline" { &trace.steps.baseline } else { &trace.steps.canary };
    html! {
        span class="arm" {
            (swatch(arm)) " " (arm) " " (fit(&words::range(trace, points), 60))
        }
    }
}

/// One drawing.
struct Plot<'d> {
    document: &'d Document,
    trace: &'d Trace,
    unit: Unit,
    clock: Clock,
    /// Seconds, or steps, from the left end to the right.
    length: f64,
    x: Axis,
    range: (f64, f64),
    y: Axis,
    /// Bounds on the metric's own values: whether it is the one to fail, and which.
    bounds: Vec<(bool, f64)>,
    far: Vec<(bool, f64)>,
    /// Since when the canary is worse: how far along that is, and the time of day.
    since: Option<(f64, String)>,
    /// Where the picture begins below its labels.
    top: f64,
}

impl<'d> Plot<'d> {
    fn new(document: &'d Document, trace: &'d Trace, findings: &[&Finding]) -> Option<Plot<'d>> {
        let unit = Unit::from(&trace.unit);
        let both = trace.steps.baseline.iter().chain(&trace.steps.canary);
        let points = extent(both.flatten().map(|point| point.get()))?;
        let own = airy(points, &unit);
        let near = |bound: f64| {
            let (low, high) = (own.0.min(bound), own.1.max(bound));
            high / 2.0 - low / 2.0 <= TALLER * (own.1 / 2.0 - own.0 / 2.0)
        };
        let (bounds, far): (Vec<_>, Vec<_>) = bounds(trace, findings).into_iter().partition(|(_, bound)| near(*bound));
        let all = bounds.iter().map(|(_, bound)| *bound).chain([points.0, points.1]);
        let range = airy(extent(all)?, &unit);
        let clock = Clock::of(document);
        let steps = trace.steps.baseline.len().max(trace.steps.canary.len()).max(1);
        let length = clock.along(steps as f64);
        let since = worse_since(findings).and_then(|at| Some((clock.instant(at)?, words::clock(at))));
        let since = since.filter(|(at, _)| (0.0..=length).contains(at));
        // the labels of looks stand above
        let top = if since.is_some() { TOP + LABEL } else { TOP };
        let x = Axis::linear((0.0, length), (LEFT, WIDTH - RIGHT));
        let y = Axis::linear(range, (HEIGHT - BOTTOM, top));
        Some(Plot { document, trace, unit, clock, length, x, range, y, bounds, far, since, top })
    }

    fn drawing(&self) -> Markup {
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
                title { (name(&self.trace.metric)) " over time" }
                desc { (prose(&self.said())) }
                (self.left_out())
                (self.grid())
                @for (fail, bound) in &self.bounds { (self.bound(*fail, *bound)) }
                (self.looks())
                (self.line("baseline", &self.trace.steps.baseline))
                (self.line("canary", &self.trace.steps.canary))
                @for (fail, bound) in &self.bounds { (self.bound_name(*fail, *bound)) }
                @if let Some((at, time)) = &self.since { (self.since(*at, time)) }
            }
        }
    }

    fn grid(&self) -> Markup {
        let (foot, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let size = self.range.0.abs().max(self.range.1.abs());
        let values = ticks(self.range, grain(&self.unit, size), 4);
        let times = self.clock.labels(self.length, &self.x);
        html! {
            @for value in values {
                @let place = self.y.at(value);
                line class="grid" x1=(LEFT) x2=(right) y1=(px(place)) y2=(px(place)) {}
                text class="end" x=(LEFT - 6.0) y=(px(place + 4.0)) { (axis_label(value, &self.unit)) }
            }
            line class="rule" x1=(LEFT) x2=(right) y1=(foot) y2=(foot) {}
            @for (place, label) in times {
                line class="rule" x1=(px(place)) x2=(px(place)) y1=(foot) y2=(foot + 4.0) {}
                // near the ends a label would leave the picture
                text class=(if place > right - 24.0 { "end" } else { "middle" })
                    x=(px(if place > right - 24.0 { right } else { place })) y=(foot + 19.0) { (label) }
            }
            text class="end quiet" x=(right) y=(HEIGHT - 4.0) { (self.clock.name()) }
        }
    }

    /// What was not judged, shaded.
    fn left_out(&self) -> Markup {
        let warmup = self.clock.along(self.document.warmup_steps as f64).min(self.length);
        let soak = self.document.look.as_ref().and_then(|look| look.soak_seconds);
        let soak = soak.and_then(|soak| self.clock.seconds(soak.get())).filter(|end| *end < self.length);
        let spans =
            [(warmup > 0.0).then_some((0.0, warmup, "warm-up")), soak.map(|end| (end, self.length, "after soak"))];
        html! {
            @for (from, to, what) in spans.into_iter().flatten() {
                @let (from, to) = (self.x.at(from), self.x.at(to));
                rect class="unjudged" x=(px(from)) y=(self.top) width=(px(to - from)) height=(HEIGHT - BOTTOM - self.top) {}
                @if to - from > 6.0 * what.len() as f64 {
                    text class="quiet middle" x=(px((from + to) / 2.0)) y=(TOP - 6.0) { (what) }
                }
            }
        }
    }

    fn bound(&self, fail: bool, bound: f64) -> Markup {
        let (class, place) = (if fail { "bound limit" } else { "bound" }, px(self.y.at(bound)));
        html! { line class=(class) x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place) y2=(place) {} }
    }

    /// The bound's name, where it hides the fewest points.
    fn bound_name(&self, fail: bool, bound: f64) -> Markup {
        let place = self.y.at(bound);
        let name = format!("{} {}", if fail { "fails at" } else { "bound" }, plain(&quantity(bound, &self.unit)));
        let name = fit(&name, 30);
        let wide = 7.0 * name.chars().count() as f64;
        let places = [("end", WIDTH - RIGHT - 3.0 - wide), ("start", LEFT + 4.0)];
        let heights =
            [place - 4.0, place + 13.0].into_iter().filter(|foot| (self.top + 10.0..HEIGHT - BOTTOM).contains(foot));
        let boxes = heights.flat_map(|foot| places.map(|(anchor, from)| (anchor, from, foot)));
        let hidden =
            |(_, from, foot): &(&str, f64, f64)| self.points_within((*from, from + wide), (foot - 12.0, foot + 2.0));
        let Some((anchor, from, foot)) = boxes.min_by_key(hidden) else { return Markup::default() };
        let at = if anchor == "end" { from + wide } else { from };
        html! { text class=(format!("{anchor} halo")) x=(px(at)) y=(px(foot)) { (name) } }
    }

    /// How many points of both arms are drawn within a part of the picture.
    fn points_within(&self, across: (f64, f64), down: (f64, f64)) -> usize {
        let is_within = |(step, point): (usize, &Option<Number>)| {
            let Some(value) = point else { return false };
            let (x, y) = (self.x.at(self.clock.along(step as f64 + 0.5)), self.y.at(value.get()));
            (across.0..=across.1).contains(&x) && (down.0..=down.1).contains(&y)
        };
        self.trace
            .steps
            .named()
            .into_iter()
            .map(|(_, points)| points.iter().enumerate().filter(|p| is_within(*p)).count())
            .sum()
    }

    /// The looks as ticks, and since when the answer was clear.
    fn looks(&self) -> Markup {
        let foot = HEIGHT - BOTTOM;
        let taken = &self.document.looks;
        let places = taken.iter().filter_map(|look| self.clock.instant(&look.end)).filter(|at| self.x.has(*at));
        let clear = looks::clear(self.document);
        let line = clear.and_then(|look| self.clock.instant(&look.end)).filter(|at| self.x.has(*at));
        html! {
            @if taken.len() > 1 {
                @for place in places.take(MOST_LOOKS) {
                    line class="look" x1=(px(self.x.at(place))) x2=(px(self.x.at(place))) y1=(foot - 6.0) y2=(foot) {}
                }
            }
            @if let Some(place) = line.map(|at| self.x.at(at)) {
                @let ends = place > (LEFT + WIDTH) / 2.0;
                @let (anchor, at) = if ends { ("end", place - 4.0) } else { ("start", place + 4.0) };
                line class="clear" x1=(px(place)) x2=(px(place)) y1=(TOP - 6.0) y2=(foot) {}
                text class=(anchor) x=(px(at)) y=(TOP - 6.0) {
                    (self.document.outcome.word()) " since here"
                }
            }
        }
    }

    /// The step from which on the canary is worse. The label stands before it where there is room: looks come later.
    fn since(&self, at: f64, time: &str) -> Markup {
        let (place, text) = (self.x.at(at), format!("worse from {time}"));
        let wide = 8.5 * text.chars().count() as f64;
        let (anchor, from) = if place - wide > LEFT { ("end", place - 4.0) } else { ("start", place + 4.0) };
        html! {
            line class="since" x1=(px(place)) x2=(px(place)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
            text class=(format!("{anchor} halo")) x=(px(from)) y=(TOP + LABEL - 6.0) { (text) }
        }
    }

    fn line(&self, arm: &str, points: &[Option<Number>]) -> Markup {
        let points: Vec<Option<f64>> = points.iter().map(|point| point.map(Number::get)).collect();
        // a step's value is of all of it, so it stands in its middle
        let place =
            |(step, value): &(usize, f64)| (px(self.x.at(self.clock.along(*step as f64 + 0.5))), px(self.y.at(*value)));
        let (mut lines, mut dots) = (String::new(), String::new());
        for run in runs(&points, COLUMNS) {
            if let [one] = run.as_slice() {
                let (x, y) = place(one);
                dots.push_str(&format!("M{x} {y}h0"));
                continue;
            }
            for (at, point) in run.iter().enumerate() {
                let (x, y) = place(point);
                lines.push_str(&format!("{}{x} {y}", if at == 0 { "M" } else { "L" }));
            }
        }
        html! {
            @if !lines.is_empty() { path class=(arm) d=(lines) {} }
            @if !dots.is_empty() { path class=(format!("{arm} dots")) d=(dots) {} }
        }
    }

    /// The bounds that the picture has no room for.
    fn beyond(&self) -> String {
        let said = self.far.iter().map(|(fail, bound)| {
            let side = if *bound > self.range.1 { "above" } else { "below" };
            let what = if *fail { "limit to fail" } else { "bound" };
            format!("The {what} of {} is far {side} the picture.", plain(&quantity(*bound, &self.unit)))
        });
        prose(&said.collect::<Vec<_>>().join(" "))
    }

    /// What the picture shows, in words.
    fn said(&self) -> String {
        let arm = |(arm, points): (&str, &Vec<Option<Number>>)| {
            let missing = points.iter().filter(|point| point.is_none()).count();
            let gaps = match missing {
                0 => String::new(),
                n => format!(", {} of {} steps missing", count(n as u64), count(points.len() as u64)),
            };
            format!("The {arm} lies at {}{gaps}.", words::range(self.trace, points))
        };
        let mut texts: Vec<String> = self.trace.steps.named().map(arm).into();
        let quiet = |(fail, bound): &(bool, f64)| {
            let what = if *fail { "limit to fail" } else { "bound" };
            format!("The {what} is {}.", plain(&quantity(*bound, &self.unit)))
        };
        texts.extend(self.bounds.iter().map(quiet));
        if self.document.warmup_steps > 0 {
            texts.push(format!("The first {} steps are warm-up.", count(self.document.warmup_steps)));
        }
        texts.extend(self.since.iter().map(|(_, time)| format!("The canary is worse from {time} on.")));
        if let Some(clear) = looks::clear(self.document) {
            let (word, which) = (self.document.outcome.word(), looks::which(self.document, clear));
            texts.push(format!("The verdict is {word} since {which}, {}.", looks::instant(clear)));
        }
        texts.join(" ")
    }
}

/// The earliest step from which on the canary is worse.
fn worse_since<'f>(findings: &[&'f Finding]) -> Option<&'f str> {
    findings.iter().filter_map(|finding| finding.evidence.since.as_ref()).map(|since| since.at.as_str()).min()
}

/// Whether the data goes on after the end of the soak.
fn has_rest(document: &Document) -> bool {
    let soak = document.look.as_ref().and_then(|look| look.soak_seconds);
    let length = document.step_seconds.map(|step| step.get() * document.arms.canary.window.steps as f64);
    soak.zip(length).is_some_and(|(soak, length)| soak.get() < length)
}

/// Whether a bound on a statistic is one on what a step shows.
fn is_of_steps(statistic: &str) -> bool {
    !matches!(statistic, "count" | "steps_beyond" | "trend")
}

/// The bounds on a trace's own values, each once: those on what the trace shows, in its unit.
fn bounds(trace: &Trace, findings: &[&Finding]) -> Vec<(bool, f64)> {
    let mut bounds: Vec<(bool, f64)> = Vec::new();
    for finding in findings {
        let evidence = &finding.evidence;
        let is_level = evidence.effect.as_ref().is_none_or(|effect| effect.kind == EffectKind::Level);
        let is_own = evidence.unit.as_ref() == Some(&trace.unit) && evidence.method.as_deref() != Some("traffic_share");
        let is_shown = trace.statistic.as_ref().is_none_or(|statistic| *statistic == finding.statistic);
        if !(is_level && is_own && is_shown) || finding.target.contains("baseline") || !is_of_steps(&finding.statistic)
        {
            continue;
        }
        let pass = evidence.pass_limit.map(|bound| (false, bound.get()));
        let fail =
            evidence.fail_limit.filter(|_| evidence.fail_limit != evidence.pass_limit).map(|bound| (true, bound.get()));
        for bound in [pass, fail].into_iter().flatten() {
            if !bounds.iter().any(|(_, known)| *known == bound.1) {
                bounds.push(bound);
            }
        }
    }
    bounds.truncate(6);
    bounds
}
