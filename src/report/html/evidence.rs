//! How the evidence grew over the looks: for each criterion what there was for either answer at every look, as a part of
//! what was needed there.
//!
//! Evidence comes as a standard normal value and as the logarithm of evidence that holds at any time; either kind is
//! enough. What each must reach differs from look to look, so both are drawn as parts of it, and the larger part counts.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::document::{Document, Finding, Number, Outcome, PastFinding, PastLook, Proof, Strength};
use super::super::words;
use super::looks;
use super::part::{ANSWERS, Part, chip, left_out, name, prose, scrolling, sign, swatch};
use super::scale::{Axis, px};
use crate::judge::words::count;

const MOST: usize = 40;
/// Looks in a picture, and in the table.
const MOST_DRAWN: usize = 24;
const MOST_LOOKS: usize = 200;
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 132.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const FOOT: f64 = 96.0;
/// Evidence is drawn up to so many times what was needed.
const HIGHEST: f64 = 2.0;

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    if document.looks.len() < 2 {
        return None;
    }
    let all = &document.looks;
    let looks: Vec<&PastLook> = all[all.len().saturating_sub(MOST_LOOKS)..].iter().collect();
    let shown = all.len().min(MOST_DRAWN);
    let drawn: Vec<&PastLook> = (1..=shown).filter_map(|nth| all.get(nth * all.len() / shown - 1)).collect();
    let found = Found::at(&drawn);
    let grown: Vec<Grown> = findings.iter().filter_map(|finding| Grown::of(finding, &found)).collect();
    let body = html! {
        p class="key" {
            "At every look: the evidence for each answer as a part of what was needed. A dot is a look at which that answer \
             could be given; it is given at 100 %. Where it could not yet be given, the line is a part of what the first look \
             needs that can give it. Below each picture: the answer at each look ("
            @for (at, (outcome, word)) in ANSWERS.into_iter().enumerate() {
                @if at > 0 { ", " }
                (sign(outcome)) " " (word)
            }
            ")."
            @if drawn.len() < all.len() {
                " Of " (count(all.len() as u64)) " looks " (count(drawn.len() as u64)) " are drawn, evenly spread."
            }
        }
        p class="arms" {
            span class="arm" { (swatch("failing")) " for a fail" } " "
            span class="arm" { (swatch("passing")) " for a pass" }
        }
        div class="small-plots" { @for one in grown.iter().take(MOST) { (one.figure()) } }
        (left_out(grown.len(), MOST, "criteria"))
        details {
            summary { "What each look said" }
            (scrolling("Looks, a table that scrolls sideways", &table(document, &looks)))
            (left_out(all.len(), looks.len(), "looks"))
        }
    };
    Some(Part { id: "evidence", title: "Evidence over the looks", body })
}

fn table(document: &Document, looks: &[&PastLook]) -> Markup {
    let of =
        |look: &PastLook, outcome| look.findings.iter().filter(|finding| finding.outcome == outcome).count() as u64;
    html! {
        table class="small" {
            caption class="hidden" { "What each look said" }
            thead {
                tr {
                    th scope="col" { "Data up to" }
                    th scope="col" { "Look" }
                    th scope="col" { "Outcome" }
                    @for (_, word) in ANSWERS { th scope="col" class="number" { (word) } }
                }
            }
            tbody {
                @for look in looks {
                    tr {
                        th scope="row" { (looks::instant(look)) }
                        td { (looks::which(document, look)) }
                        td { (chip(look.outcome)) }
                        @for (outcome, _) in ANSWERS { td class="number" { (count(of(look, outcome))) } }
                    }
                }
            }
        }
    }
}

/// What was found at each look, by criterion.
struct Found<'d>(Vec<BTreeMap<&'d str, &'d PastFinding>>);

impl<'d> Found<'d> {
    fn at(looks: &[&'d PastLook]) -> Found<'d> {
        let by_name = |look: &&'d PastLook| look.findings.iter().map(|past| (past.criterion.as_str(), past)).collect();
        Found(looks.iter().map(by_name).collect())
    }
}

/// A criterion with what was found of it at each look.
struct Grown<'d> {
    finding: &'d Finding,
    looks: Vec<Option<&'d PastFinding>>,
}

/// Evidence for one answer at one look.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// As a part of what was needed.
    part: f64,
    /// Whether the answer could be given at that look.
    is_possible: bool,
}

impl<'d> Grown<'d> {
    /// Nothing where no look had evidence to draw.
    fn of(finding: &'d Finding, found: &Found<'d>) -> Option<Grown<'d>> {
        let grown = Grown {
            finding,
            looks: found.0.iter().map(|look| look.get(finding.criterion.as_str()).copied()).collect(),
        };
        let is_drawn = |of| grown.points(of).iter().any(Option::is_some);
        (is_drawn(fail) || is_drawn(pass)).then_some(grown)
    }

    /// What there was at each look for an answer. Where none was possible yet, it is a part of what the first look needed
    /// at which one was.
    fn points(&self, of: fn(&Strength) -> &Proof) -> Vec<Option<Point>> {
        let proofs = || self.looks.iter().map(|past| past.and_then(|past| past.strength.as_ref()).map(of));
        let first = proofs().flatten().find(|proof| proof.z_needed.is_some() || proof.ln_e_needed.is_some());
        let point = |proof: &Proof| {
            let own = part_of(proof, proof).map(|part| Point { part, is_possible: true });
            own.or_else(|| Some(Point { part: part_of(proof, first?)?, is_possible: false }))
        };
        proofs().map(|proof| point(proof?)).collect()
    }

    fn figure(&self) -> Markup {
        html! {
            figure {
                h3 { (name(&words::criterion(self.finding))) " " (chip(self.finding.outcome)) }
                (self.drawing())
            }
        }
    }

    fn drawing(&self) -> Markup {
        let last = (self.looks.len().max(2) - 1) as f64;
        let x = Axis::linear((0.0, last), (LEFT + 6.0, WIDTH - RIGHT - 6.0));
        let y = Axis::linear((0.0, HIGHEST), (FOOT, TOP));
        let right = WIDTH - RIGHT;
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
                title { "Evidence over the looks: " (name(&words::criterion(self.finding))) }
                desc { (self.said()) }
                @for (part, label) in [(0.0, "0"), (1.0, "100 %"), (HIGHEST, "200 %")] {
                    @let place = px(y.at(part));
                    line class=(if part == 1.0 { "bound" } else { "grid" }) x1=(LEFT) x2=(right) y1=(place) y2=(place) {}
                    text class="end" x=(LEFT - 5.0) y=(px(y.at(part) + 4.0)) { (label) }
                }
                (line("passing", &self.points(pass), &x, &y))
                (line("failing", &self.points(fail), &x, &y))
                @for (at, past) in self.looks.iter().enumerate() {
                    @if let Some(past) = past { text class="middle" x=(px(x.at(at as f64))) y="112" { (sign(past.outcome)) } }
                }
                text class="end quiet" x=(right) y=(HEIGHT - 4.0) { "looks" }
            }
        }
    }

    /// What the picture shows, in words.
    fn said(&self) -> String {
        let known = self.looks.iter().flatten();
        let mut changes: Vec<Outcome> = known.map(|past| past.outcome).collect();
        changes.dedup();
        let answers: Vec<&str> = changes.iter().map(|outcome| outcome.word()).collect();
        let last = self.looks.iter().rev().flatten().find_map(|past| past.strength.as_ref()).map(words::strength);
        let last = last.map_or(String::new(), |strength| format!(" At the last look: {strength}."));
        prose(&format!("Over {} looks: {}.{last}", count(self.looks.len() as u64), answers.join(", then ")))
    }
}

fn fail(strength: &Strength) -> &Proof {
    &strength.fail
}

fn pass(strength: &Strength) -> &Proof {
    &strength.pass
}

/// The larger of both kinds of evidence, each as a part of what it must be; nothing where neither can decide.
fn part_of(proof: &Proof, needed: &Proof) -> Option<f64> {
    let part = |have: Option<Number>, needed: Option<Number>| {
        let part = have?.get() / needed.filter(|needed| needed.get() > 0.0)?.get();
        part.is_finite().then_some(part)
    };
    let parts = [part(proof.z, needed.z_needed), part(proof.ln_e, needed.ln_e_needed)];
    parts.into_iter().flatten().reduce(f64::max)
}

/// A line over the looks, with a dot where the answer could be given.
fn line(class: &str, points: &[Option<Point>], x: &Axis, y: &Axis) -> Markup {
    let (mut path, mut dots) = (String::new(), String::new());
    let mut before = false;
    for (at, point) in points.iter().enumerate() {
        if let Some(point) = point {
            let place = format!("{} {}", px(x.at(at as f64)), px(y.at(point.part)));
            path.push_str(&format!("{}{place}", if before { "L" } else { "M" }));
            if point.is_possible {
                dots.push_str(&format!("M{place}h0"));
            }
        }
        before = point.is_some();
    }
    html! {
        @if !path.is_empty() { path class=(class) d=(path) {} }
        @if !dots.is_empty() { path class=(format!("{class} dots")) d=(dots) {} }
    }
}
