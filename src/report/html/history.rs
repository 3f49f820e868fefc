//! What became of each criterion of a gate, from verdict to verdict: the answers as a row of marks, the effect with its interval over
//! time, and how often it was undecided and why.
//!
//! A criterion is known by its name. One that the latest verdict does not have stands at the end, as no longer judged. Effects of
//! another kind than the latest one, or in another unit, share no scale with it and are left out of the picture.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::document::{Document, EffectKind, Finding, Number, Outcome};
use super::super::words;
use super::forest::{Good, good};
use super::part::{ANSWERS, class, counted, name, prose, scrolling};
use super::scale::{Axis, extent, px};
use crate::judge::words::count;

/// So many of the latest verdicts are drawn.
const DRAWN: usize = 40;
/// Criteria with a row of their own.
const MOST: usize = 200;
/// Reasons that a row names.
const REASONS: usize = 3;
/// From one verdict to the next.
const COLUMN: f64 = 7.0;
const MARKS: f64 = 14.0;
const EFFECTS: f64 = 54.0;
/// How many times the span of the bounds and estimates an interval may reach before it is cut.
const FAR: f64 = 1.0;

/// A criterion through the verdicts, the latest first; nothing where a verdict does not have it.
struct Past<'a> {
    of: Vec<Option<&'a Finding>>,
    latest: &'a Finding,
}

/// The table of all criteria; nothing without a verdict.
pub(in crate::report) fn criteria(documents: &[&Document]) -> Option<Markup> {
    let all = pasts(documents);
    if all.is_empty() {
        return None;
    }
    let drawn = documents.len().min(DRAWN);
    Some(html! {
        p class="key" {
            "From left to right the latest " (count(drawn as u64)) " verdicts, the last one at the right. A mark is what became of the criterion: low is a \
             pass, high a fail, and a ring in the middle means that the data could not tell. Below, the line is the interval of the effect, the dot its \
             estimate, and the level line the bound to pass."
        }
        (scrolling("Criteria over time, a table that scrolls sideways", &table(&all)))
        @if all.len() > MOST {
            p class="cut" { (count((all.len() - MOST) as u64)) " more criteria are left out. Each verdict has them." }
        }
    })
}

/// How often verdicts were undecided, and by which criteria: a sentence, if any was.
pub(in crate::report) fn undecided(documents: &[&Document]) -> Option<String> {
    let open: Vec<&Document> = documents.iter().copied().filter(|one| one.outcome == Outcome::Inconclusive).collect();
    if open.is_empty() {
        return None;
    }
    let mut by: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for document in &open {
        let deciding = document.findings.iter().filter(|one| !words::is_muted(one));
        for finding in deciding.filter(|one| one.outcome == Outcome::Inconclusive) {
            *by.entry((words::criterion(finding), finding.reason.as_str())).or_default() += 1;
        }
    }
    let each = most(by).into_iter().map(|((criterion, reason), n)| {
        format!("{} {} ({} of {})", name(&criterion), open_because(reason), count(n as u64), count(open.len() as u64))
    });
    let each: Vec<String> = each.collect();
    let why = if each.is_empty() { "no criterion of it was".into() } else { each.join("; ") };
    Some(format!("{} of {} were undecided: {why}.", count(open.len() as u64), count(documents.len() as u64)))
}

/// The most frequent ones first.
fn most<K: Ord>(counted: BTreeMap<K, usize>) -> Vec<(K, usize)> {
    let mut all: Vec<(K, usize)> = counted.into_iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    all.truncate(REASONS);
    all
}

fn pasts<'a>(documents: &[&'a Document]) -> Vec<Past<'a>> {
    let mut order: Vec<&str> = Vec::new();
    let mut by: BTreeMap<&str, Vec<Option<&'a Finding>>> = BTreeMap::new();
    for (at, document) in documents.iter().enumerate() {
        for finding in words::worst_first(document) {
            let own = by.entry(&finding.criterion).or_insert_with(|| {
                order.push(&finding.criterion);
                vec![None; documents.len()]
            });
            own[at] = Some(finding);
        }
    }
    let past = |criterion: &str| {
        let of = by.remove(criterion)?;
        let latest = of.iter().flatten().next()?;
        Some(Past { latest, of })
    };
    order.into_iter().filter_map(past).collect()
}

fn table(all: &[Past]) -> Markup {
    html! {
        table class="past" {
            caption class="hidden" { "What became of each criterion, verdict by verdict" }
            thead {
                tr {
                    th scope="col" { "Criterion" }
                    th scope="col" { "Over time" }
                    th scope="col" { "Effect at last" }
                    th scope="col" { "So far" }
                }
            }
            tbody {
                @for past in all.iter().take(MOST) {
                    tr {
                        th scope="row" {
                            (name(&words::criterion(past.latest)))
                            @if past.of.first().is_none_or(Option::is_none) { " (no longer judged)" }
                        }
                        td { (past.marks()) (past.effects()) }
                        td { (past.last()) }
                        td { (prose(&past.tally())) }
                    }
                }
            }
        }
    }
}

impl Past<'_> {
    /// Those that are drawn with the middle of their column, the oldest first.
    fn columns(&self) -> impl Iterator<Item = (f64, &Finding)> {
        let drawn = self.of.len().min(DRAWN);
        let newest = self.of.iter().take(drawn).enumerate();
        newest.filter_map(move |(at, one)| Some((COLUMN * ((drawn - 1 - at) as f64 + 0.5), (*one)?)))
    }

    fn width(&self) -> f64 {
        COLUMN * self.of.len().min(DRAWN) as f64
    }

    fn marks(&self) -> Markup {
        html! {
            svg class="marks" width=(self.width()) height=(MARKS) viewBox=(format!("0 0 {} {MARKS}", self.width())) role="img" {
                title { (prose(&self.tally())) }
                @for (at, finding) in self.columns() { (mark(at, finding.outcome)) }
            }
        }
    }

    /// The effects that share the scale of the latest one.
    fn comparable(&self) -> impl Iterator<Item = (f64, [Option<f64>; 3], &Finding)> {
        let kind = |finding: &Finding| finding.evidence.effect.as_ref().map(|effect| effect.kind);
        let own = self
            .columns()
            .filter(move |(_, one)| kind(one) == kind(self.latest) && one.evidence.unit == self.latest.evidence.unit);
        own.filter_map(|(at, finding)| {
            let effect = finding.evidence.effect.as_ref()?;
            Some((at, [effect.low, effect.estimate, effect.high].map(|end| end.map(Number::get)), finding))
        })
    }

    fn effects(&self) -> Markup {
        let bound = self.latest.evidence.pass_limit.map(Number::get);
        let Some(axis) = self.axis(bound) else { return Markup::default() };
        let (width, place) = (self.width(), |value: f64| px(axis.at(value)));
        let shade = bound.zip(good(self.latest)).map(|(bound, good)| match good {
            Good::Below => (axis.at(bound), EFFECTS),
            Good::Above => (0.0, axis.at(bound)),
        });
        html! {
            svg class="effects" width=(width) height=(EFFECTS) viewBox=(format!("0 0 {width} {EFFECTS}")) role="img" {
                title { "The effect over time; at last " (prose(&words::effect(&self.latest.evidence))) }
                @if let Some((from, to)) = shade { rect class="good" x="0" y=(px(from)) width=(width) height=(px(to - from)) {} }
                @if let Some(bound) = bound.filter(|bound| axis.has(*bound)) {
                    line class="bound" x1="0" x2=(width) y1=(place(bound)) y2=(place(bound)) {}
                }
                @for (at, [low, estimate, high], finding) in self.comparable() {
                    @let end = |value: Option<f64>, otherwise: f64| value.map_or(px(otherwise), place);
                    @if low.is_some() || high.is_some() {
                        line class="bar" x1=(px(at)) x2=(px(at)) y1=(end(low, EFFECTS)) y2=(end(high, 0.0)) {}
                    }
                    @if let Some(estimate) = estimate { circle class=(class(finding.outcome)) cx=(px(at)) cy=(place(estimate)) r="2.4" {} }
                }
            }
        }
    }

    /// The scale, high values above: factors are laid out as factors.
    fn axis(&self, bound: Option<f64>) -> Option<Axis> {
        let none = match self.latest.evidence.effect.as_ref()?.kind {
            EffectKind::Level => None,
            EffectKind::Ratio => Some(1.0),
            EffectKind::Difference => Some(0.0),
        };
        let estimates = self.comparable().filter_map(|(_, ends, _)| ends[1]);
        let core: Vec<f64> = estimates.chain(bound).chain(none).collect();
        let ends: Vec<f64> = self.comparable().flat_map(|(_, ends, _)| [ends[0], ends[2]]).flatten().collect();
        let log = none == Some(1.0) && core.iter().chain(&ends).all(|value| *value > 0.0);
        let onto = |value: f64| if log { value.ln() } else { value };
        let middle = extent(core.iter().copied().map(onto))?;
        let whole = extent(core.iter().chain(&ends).copied().map(onto))?;
        Axis::around(middle, whole, 0.0, (FAR, 0.05), log, (EFFECTS - 3.0, 3.0))
    }

    /// The latest numbers.
    fn last(&self) -> Markup {
        let evidence = &self.latest.evidence;
        let each = words::estimates(evidence);
        html! {
            div { (words::effect(evidence)) }
            @if each.canary != words::NOTHING {
                div class="note" { (each.canary) @if each.baseline != words::NOTHING { " against " (each.baseline) } }
            }
        }
    }

    /// How often it was what, and why it was open: `28 passed, 2 failed, 8 undecided: too few in 5, not clear in 3`.
    fn tally(&self) -> String {
        let own = || self.of.iter().flatten();
        let outcomes = own().map(|finding| finding.outcome);
        let mut why: BTreeMap<&str, usize> = BTreeMap::new();
        own()
            .filter(|one| one.outcome == Outcome::Inconclusive)
            .for_each(|one| *why.entry(open_because(&one.reason)).or_default() += 1);
        let why: Vec<String> = most(why).into_iter().map(|(why, n)| format!("{why} ({})", count(n as u64))).collect();
        let open = if why.is_empty() { String::new() } else { format!(". It {}", why.join(", ")) };
        format!("{}{open}", counted(ANSWERS, outcomes))
    }
}

/// A pass is low and a fail high, so that the row needs no colour.
fn mark(at: f64, outcome: Outcome) -> Markup {
    let class = class(outcome);
    match outcome {
        Outcome::Pass => html! { rect class=(class) x=(px(at - 2.0)) y="9" width="4" height="4" {} },
        Outcome::Warn => html! { path class=(class) d=(format!("M{} 9.5l3-5 3 5z", px(at - 3.0))) {} },
        Outcome::Inconclusive => html! { circle class=(class) cx=(px(at)) cy="7" r="2.2" fill="none" {} },
        Outcome::Fail => html! { rect class=(class) x=(px(at - 2.0)) y="1" width="4" height="12" {} },
    }
}

/// Why a criterion was open, as the end of a sentence that begins with it. The words of other releases may be others.
fn open_because(reason: &str) -> &'static str {
    match reason {
        "undecided" | "between_bounds" | "leans_beyond" => "was not clear yet",
        "no_data" | "canary_silent" | "baseline_silent" | "no_baseline" | "no_partner" => "had no data of an arm",
        "low_coverage" | "incomplete_data" => "had gaps in its data",
        "too_few" | "small_excess" => "had too little data",
        "not_reached" => "had a source that did not answer",
        "early_look" | "soak_too_short" | "growing" => "was looked at too early",
        "not_comparable" | "wrong_shape" | "suspect_data" => "had data that cannot be compared",
        _ => "was open for other reasons",
    }
}
