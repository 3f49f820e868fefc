//! A comparison as a page: what it comes to, large; all differences on one scale; both systems over time; how requests spread;
//! costs as bars; and every number in tables.

use maud::{Markup, html};

use super::part::{Part, arms_key, name, prose};
use super::{alone, bars, chrome, overview, page, series, spread};
use crate::judge::rules::Unit;
use crate::judge::words::quantity;
use crate::report::comparison::document::{About, Comparison, Line, Shown};
use crate::report::comparison::{headline, page as pages};
use crate::report::document::{Arms, Document, Finding, Number, UnitName};
use crate::report::page::Page;
use crate::report::prose::plain;
use crate::report::words;

/// The page for a browser; `tables` has the same in words and numbers.
pub(in crate::report) fn render(compared: &Comparison, tables: &Page) -> String {
    let seen = seen(compared);
    let findings: Vec<&Finding> = words::worst_first(&seen);
    let body = html! {
        header class="verdict open" {
            h1 { span class="word" { (tables.word) } " " span class="of" { (name(&tables.title)) } }
            @for text in &tables.summary { p class="summary" { (prose(text)) } }
        }
        main id="main" {
            (tiles(compared))
            (page::facts_of(tables))
            @for part in pictures(compared, &seen, &findings) {
                section aria-labelledby=(part.id) { h2 id=(part.id) { (part.title) } (part.body) }
            }
            (page::parts(tables))
        }
    };
    chrome::shell(&name(&format!("{}: {}", tables.word, tables.title)), &body)
}

/// Each picture by itself, with a name for its file.
pub(in crate::report) fn drawings(compared: &Comparison) -> Vec<(String, String)> {
    let seen = seen(compared);
    let findings: Vec<&Finding> = words::worst_first(&seen);
    let differences = overview::all(compared).into_iter().map(|one| (file(&one.file()), one.drawing()));
    let costs = compared.cost.as_ref().and_then(bars::drawing).map(|drawing| ("costs".to_owned(), drawing));
    let all = differences.chain(costs).map(|(name, drawing)| (name, alone::alone(&drawing)));
    all.chain(of_metrics(&seen, &findings)).collect()
}

/// Every metric over time, and how its requests spread.
pub(super) fn of_metrics(seen: &Document, findings: &[&Finding]) -> Vec<(String, String)> {
    let over_time = series::drawings(seen, findings);
    let over_time = over_time.map(|(metric, drawing)| (format!("over-time-{}", file(metric)), drawing));
    let spread = spread::drawings(seen).map(|(metric, drawing)| (format!("percentiles-{}", file(metric)), drawing));
    over_time.chain(spread).map(|(name, drawing)| (name, alone::alone(&drawing))).collect()
}

/// A metric's name as a part of a file's.
pub(super) fn file(metric: &str) -> String {
    let safe = |letter: char| if letter.is_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    name(metric).trim_start_matches('.').chars().take(100).map(safe).collect()
}

/// The verdict's document with every metric over time, not only those of criteria.
pub(super) fn seen(compared: &Comparison) -> Document {
    let (traces, distributions) = (compared.traces.clone(), compared.distributions.clone());
    Document { traces, distributions, ..compared.verdict.clone() }
}

fn pictures(compared: &Comparison, seen: &Document, findings: &[&Finding]) -> Vec<Part> {
    let differences = overview::all(compared);
    let all = (!differences.is_empty()).then(|| {
        let body = html! {
            p class="key" { "The canary against the baseline; an interval that does not touch the line shows a difference." }
            @for one in &differences {
                @if differences.len() > 1 { h3 { (one.title()) } }
                (one.list())
            }
        };
        Part { id: "differences", title: "All differences", body }
    });
    let costs = compared.cost.as_ref().and_then(bars::drawing).map(|drawing| {
        let body =
            html! { p class="arms" { (arms_key("cost-baseline", "cost-canary")) } figure class="wide" { (drawing) } };
        Part { id: "costs", title: "Costs with all of the traffic", body }
    });
    [all, costs, series::part(seen, findings), spread::part(seen, findings)].into_iter().flatten().collect()
}

/// A number that people ask for first.
struct Tile {
    what: String,
    line: Line,
    unit: Unit,
    /// Whether it is money, of which less is better.
    is_cost: bool,
}

fn tiles(compared: &Comparison) -> Markup {
    let good = compared.metrics.iter().find(|metric| metric.about == About::Good && metric.group_of.is_none());
    let good = good.and_then(|metric| Some((metric, metric.numbers.first()?)));
    let tile = |(metric, line): (&crate::report::comparison::document::Metric, &Line)| Tile {
        what: format!("{}, {}", plain(&metric.metric), plain(&line.statistic)),
        line: line.clone(),
        unit: Unit::from(&metric.unit),
        is_cost: false,
    };
    let measured = [headline::latency(compared), headline::counted(compared), good].into_iter().flatten().map(tile);
    let cost = compared.cost.as_ref().map(|cost| Tile {
        what: "cost with all of the traffic".into(),
        line: cost.full.clone(),
        unit: Unit::from(&UnitName(cost.unit.0.clone())),
        is_cost: true,
    });
    let tiles: Vec<Tile> = measured.chain(cost).filter(|tile| tile.line.effect.is_some()).collect();
    html! { @if !tiles.is_empty() { div class="tiles" { @for tile in &tiles { (tile.drawing()) } } } }
}

impl Tile {
    fn drawing(&self) -> Markup {
        let Arms { baseline, canary } = &self.line.estimate;
        let value = |number: &Option<Number>| {
            number.map_or(words::NOTHING.to_owned(), |number| plain(&quantity(number.get(), &self.unit)))
        };
        let ratio = self.line.ratio.as_ref().filter(|ratio| headline::ratio(ratio).is_some());
        let effect = ratio.or(self.line.effect.as_ref());
        let (estimate, interval) = effect.map(|effect| pages::effect(effect, &self.unit)).unwrap_or_default();
        let less = effect.and_then(|effect| effect.high).is_some_and(|high| high.get() < 1.0);
        let (class, word) = match self.line.shown {
            Shown::Different if self.is_cost && less => ("better", "cheaper"),
            Shown::Different if self.is_cost => ("worse", "dearer"),
            Shown::Nothing if interval.is_empty() => ("open", ""),
            Shown::Worse => ("worse", "worse"),
            Shown::Better => ("better", "better"),
            Shown::Different => ("other", "different"),
            Shown::Nothing => ("open", "not shown to differ"),
        };
        html! {
            div class=(format!("tile {class}")) {
                div class="what" { (name(&self.what)) }
                div class="big" { (prose(&value(canary))) }
                div { "against " (prose(&value(baseline))) }
                div { span class="effect-word" { (prose(&estimate)) " " (word) } }
                div class="quiet" { (prose(&interval)) }
                @if headline::contradicts(&self.line) { div class="quiet" { "at the same times; the traffic moved" } }
            }
        }
    }
}
