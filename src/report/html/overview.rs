//! All differences of a comparison on one scale: a mark and its interval in a row each, so that what stands out does.
//!
//! Ratios share a scale of factors, shares one of points, and other differences one for each unit. An end that is far off, or open, is an arrow.

use maud::{Markup, html};

use super::interval::{Interval, MARGIN};
use super::part::{left_out, name, prose};
use super::scale::{Axis, extent, px};
use crate::judge::rules::Unit;
use crate::judge::words::change;
use crate::report::comparison::canaries::Comparisons;
use crate::report::comparison::document::{Comparison, Line, Shown};
use crate::report::comparison::page::effect as words;
use crate::report::document::{Effect, EffectKind, Number, UnitName};
use crate::report::prose::plain;

const MOST: usize = 80;
const WIDTH: f64 = 360.0;
const ROW: f64 = 22.0;
/// Beside the picture, where it stands alone: at least so much, and as much as the longest text takes.
const BESIDE: f64 = 250.0;
/// A letter of a wide font.
const LETTER: f64 = 7.0;
/// How many times the span of all estimates an interval may reach before it is cut.
const FAR: f64 = 1.5;
/// Factors that deserve a label, the ones that people think in first.
const FACTORS: [f64; 17] = [1.0, 0.5, 2.0, 0.2, 5.0, 0.1, 10.0, 0.8, 1.2, 0.9, 1.1, 0.7, 1.5, 0.95, 1.05, 0.3, 3.0];

/// A difference with its name.
struct Row<'c> {
    name: String,
    effect: &'c Effect,
    unit: Unit,
    shown: Shown,
}

/// Rows that share a scale.
pub(super) struct Overview<'c> {
    kind: EffectKind,
    /// What differences are measured in.
    unit: Unit,
    rows: Vec<Row<'c>>,
    axis: Axis,
    ends: (f64, f64),
}

/// The ratios, and the differences of shares; none of a kind that nothing is of.
pub(super) fn all(compared: &Comparison) -> Vec<Overview<'_>> {
    let lines = compared.metrics.iter().flat_map(|metric| metric.numbers.iter().map(move |line| (metric, line)));
    sorted(lines.map(|(metric, line)| {
        let name = format!("{}, {}", plain(&metric.metric), plain(&line.statistic));
        (name, &metric.unit, line)
    }))
}

/// The same of several canaries, which stand below each other.
pub(super) fn of_several(compared: &Comparisons) -> Vec<Overview<'_>> {
    let rows = compared.metrics.iter().flat_map(|metric| metric.numbers.iter().map(move |row| (metric, row)));
    sorted(rows.flat_map(|(metric, row)| {
        row.canaries.iter().map(move |own| {
            let of = [&metric.metric, &row.statistic, &own.canary].map(|name| plain(name));
            (of.join(", "), &metric.unit, &own.number)
        })
    }))
}

/// Rows by the scale that they share.
fn sorted<'c>(lines: impl Iterator<Item = (String, &'c UnitName, &'c Line)>) -> Vec<Overview<'c>> {
    let mut ratios = Vec::new();
    let mut points = Vec::new();
    for (name, unit, line) in lines {
        let row = |effect: &'c Effect| Row { name, effect, unit: Unit::from(unit), shown: line.shown };
        let is_ratio = |effect: &&Effect| effect.kind == EffectKind::Ratio;
        if let Some(effect) = line.ratio.as_ref().or(line.effect.as_ref()).filter(is_ratio) {
            ratios.push(row(effect));
        } else if let Some(effect) = line.effect.as_ref().filter(|effect| effect.kind == EffectKind::Difference) {
            points.push(row(effect));
        }
    }
    let mut scales: Vec<(EffectKind, Unit, Vec<Row>)> = vec![(EffectKind::Ratio, Unit::Share, ratios)];
    for row in points {
        match scales.iter_mut().find(|(kind, unit, _)| *kind == EffectKind::Difference && *unit == row.unit) {
            Some((.., rows)) => rows.push(row),
            None => scales.push((EffectKind::Difference, row.unit.clone(), vec![row])),
        }
    }
    scales.into_iter().filter_map(|(kind, unit, rows)| Overview::of(kind, unit, rows)).collect()
}

impl Row<'_> {
    fn class(&self) -> &'static str {
        match self.shown {
            Shown::Worse => "worse",
            Shown::Better => "better",
            Shown::Different => "other",
            Shown::Nothing => "open",
        }
    }

    /// `-54 % better [-55.2 %, -51.1 %]`
    fn words(&self) -> String {
        let (estimate, interval) = words(self.effect, &self.unit);
        let shown = match self.shown {
            Shown::Worse => " worse ",
            Shown::Better => " better ",
            Shown::Different | Shown::Nothing => " ",
        };
        format!("{estimate}{shown}{interval}")
    }
}

impl<'c> Overview<'c> {
    fn of(kind: EffectKind, unit: Unit, rows: Vec<Row<'c>>) -> Option<Overview<'c>> {
        let log = kind == EffectKind::Ratio;
        let onto = |value: f64| if log { value.ln() } else { value };
        let value = |number: Option<Number>| number.map(|number| onto(number.get())).filter(|value| value.is_finite());
        let same = onto(if log { 1.0 } else { 0.0 });
        let core = extent(rows.iter().filter_map(|row| value(row.effect.estimate)).chain([same]))?;
        let ends = rows.iter().flat_map(|row| [value(row.effect.low), value(row.effect.high)]).flatten();
        let whole = extent(ends.chain([core.0, core.1]))?;
        let size = core.0.abs().max(core.1.abs());
        let least = match log {
            true => 1.1_f64.ln(),
            false if size > 0.0 => size / 10.0,
            false => 1e-4,
        };
        let span = (core.1 - core.0).max(least);
        let low = whole.0.max(core.0 - FAR * span) - 0.05 * span;
        let high = whole.1.min(core.1 + FAR * span) + 0.05 * span;
        let places = (MARGIN, WIDTH - MARGIN);
        let ends = if log { (low.exp(), high.exp()) } else { (low, high) };
        let axis = if log { Axis::log(ends, places) } else { Axis::linear(ends, places) };
        (!rows.is_empty()).then_some(Overview { kind, unit, rows, axis, ends })
    }

    /// What the scale is called.
    pub(super) fn title(&self) -> String {
        match (self.kind, &self.unit) {
            (EffectKind::Ratio, _) => "Changes".into(),
            (_, Unit::Share) => "Differences of shares".into(),
            (_, unit) => format!("Differences, {}", name(&UnitName::from(unit).0)),
        }
    }

    /// A name that a file may have.
    pub(super) fn file(&self) -> String {
        match (self.kind, &self.unit) {
            (EffectKind::Ratio, _) => "changes".into(),
            (_, Unit::Share) => "differences".into(),
            (_, unit) => format!("differences-{}", UnitName::from(unit).0),
        }
    }

    /// Rows for a browser, which a narrow screen folds: the name, the words, the picture.
    pub(super) fn list(&self) -> Markup {
        html! {
            div class="overview" role="list" {
                @for row in self.rows.iter().take(MOST) {
                    div class=(format!("difference {}", row.class())) role="listitem" {
                        span class="name" { (name(&row.name)) }
                        svg viewBox=(format!("0 0 {WIDTH} {ROW}")) aria-hidden="true" {
                            (self.same(0.0, ROW))
                            (self.mark(row, ROW / 2.0))
                        }
                        span class="words" { (prose(&row.words())) }
                    }
                }
                div class="difference scale" aria-hidden="true" {
                    span class="name" {}
                    svg viewBox=(format!("0 0 {WIDTH} {ROW}")) { (self.ticks(0.0, 14.0)) }
                }
            }
            (left_out(self.rows.len(), MOST, "differences"))
        }
    }

    /// One picture that stands alone.
    pub(super) fn drawing(&self) -> Markup {
        let rows = &self.rows[..self.rows.len().min(MOST)];
        let foot = ROW * rows.len() as f64;
        let room = |of: &dyn Fn(&Row) -> String| {
            let letters = rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
            BESIDE.max(letters as f64 * LETTER + 16.0)
        };
        let names = room(&|row| name(&row.name));
        let (wide, high) = (names + WIDTH + room(&|row| prose(&row.words())), foot + ROW + 4.0);
        html! {
            svg class="plot" viewBox=(format!("0 0 {wide} {high}")) role="img" {
                title { (self.title()) }
                @for (at, row) in rows.iter().enumerate() {
                    @let middle = ROW * (at as f64 + 0.5);
                    text class="end" x=(names - 8.0) y=(middle + 4.0) { (name(&row.name)) }
                    text x=(names + WIDTH + 8.0) y=(middle + 4.0) { (prose(&row.words())) }
                }
                g transform=(format!("translate({names} 0)")) {
                    (self.same(0.0, foot))
                    @for (at, row) in rows.iter().enumerate() {
                        g class=(row.class()) { (self.mark(row, ROW * (at as f64 + 0.5))) }
                    }
                    (self.ticks(foot, 16.0))
                }
            }
        }
    }

    fn same(&self, from: f64, to: f64) -> Markup {
        let place = px(self.axis.at(if self.kind == EffectKind::Ratio { 1.0 } else { 0.0 }));
        html! { line class="rule" x1=(place) x2=(place) y1=(from) y2=(to) {} }
    }

    fn mark(&self, row: &Row, middle: f64) -> Markup {
        Interval::of(row.effect).drawing(&self.axis, WIDTH, middle, false)
    }

    fn ticks(&self, top: f64, below: f64) -> Markup {
        let wanted: Vec<f64> = match self.kind {
            EffectKind::Ratio => FACTORS.to_vec(),
            EffectKind::Difference | EffectKind::Level => {
                let size = self.ends.0.abs().max(self.ends.1.abs());
                super::scale::ticks(self.ends, super::scale::grain(&self.unit, size), 4)
            }
        };
        // one that would touch its neighbour is left out
        let mut kept: Vec<f64> = Vec::new();
        for value in wanted.into_iter().filter(|value| self.axis.has(*value)) {
            if kept.iter().all(|other| (self.axis.at(*other) - self.axis.at(value)).abs() > 52.0) {
                kept.push(value);
            }
        }
        html! {
            @for value in kept {
                @let place = self.axis.at(value);
                @let edge = if place < 30.0 { "start" } else if place > WIDTH - 30.0 { "end" } else { "middle" };
                line class="rule" x1=(px(place)) x2=(px(place)) y1=(top) y2=(top + 4.0) {}
                text class=(edge) x=(px(place)) y=(top + below) { (prose(&change(value, self.kind.into(), &self.unit))) }
            }
        }
    }
}
