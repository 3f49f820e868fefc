//! A comparison as a table for spreadsheets and data frames: a row per metric and statistic, numbers as plain numbers.
//!
//! The columns are part of the interface: a new one comes at the end, none goes away.

use super::super::csv::{number, rows, text};
use super::super::document::{Effect, UnitName};
use super::super::words::term;
use super::canaries::{Canary, Comparisons};
use super::document::{About, Comparison, Cost, Line, Metric};
use crate::cost::METRICS;

/// A column: its name, and what it says of a number of a metric.
type Column = (&'static str, fn(&Metric, &Line) -> String);

const COLUMNS: &[Column] = &[
    ("metric", |metric, _| text(&metric.metric)),
    ("group_of", |metric, _| text(metric.group_of.as_deref().unwrap_or_default())),
    ("statistic", |_, line| text(&line.statistic)),
    ("shown", |_, line| term(&line.shown)),
    ("baseline", |_, line| number(line.estimate.baseline)),
    ("canary", |_, line| number(line.estimate.canary)),
    ("unit", |metric, _| text(&metric.unit.0)),
    ("effect_kind", |_, line| line.effect.as_ref().map(|effect| term(&effect.kind)).unwrap_or_default()),
    ("effect", |_, line| estimate(line.effect.as_ref())),
    ("low", |_, line| low(line.effect.as_ref())),
    ("high", |_, line| high(line.effect.as_ref())),
    ("ratio", |_, line| estimate(line.ratio.as_ref())),
    ("ratio_low", |_, line| low(line.ratio.as_ref())),
    ("ratio_high", |_, line| high(line.ratio.as_ref())),
    ("n_baseline", |_, line| line.n.baseline.to_string()),
    ("n_canary", |_, line| line.n.canary.to_string()),
    ("n_of", |_, line| text(&line.n_of)),
    ("at_equal_mix", |_, line| estimate(line.at_equal_mix.as_ref())),
    ("at_equal_mix_low", |_, line| low(line.at_equal_mix.as_ref())),
    ("at_equal_mix_high", |_, line| high(line.at_equal_mix.as_ref())),
];

/// The table, below a heading that is there even when nothing was compared.
pub(super) fn render(compared: &Comparison) -> String {
    rows(heading().collect(), cells(compared).into_iter())
}

/// The same of several canaries, a row for each: the columns are those of one, and then its name.
pub(super) fn of_several(compared: &Comparisons) -> String {
    let row = |canary: &Canary| {
        let name = text(&canary.canary);
        cells(&canary.comparison).into_iter().map(move |row| row.into_iter().chain([name.clone()]).collect())
    };
    rows(heading().chain(["canary_name".to_owned()]).collect(), compared.canaries.iter().flat_map(row))
}

fn heading() -> impl Iterator<Item = String> {
    COLUMNS.iter().map(|(name, _)| (*name).to_owned())
}

fn cells(compared: &Comparison) -> Vec<Vec<String>> {
    let costs: Vec<Metric> = compared.cost.iter().flat_map(costs).collect();
    let all = compared.metrics.iter().chain(&costs);
    let lines = all.flat_map(|metric| metric.numbers.iter().map(move |line| (metric, line)));
    lines.map(|(metric, line)| COLUMNS.iter().map(|(_, cell)| cell(metric, line)).collect()).collect()
}

/// What both arms cost, by the names that criteria have for it.
fn costs(cost: &Cost) -> impl Iterator<Item = Metric> {
    METRICS.into_iter().zip([&cost.full, &cost.now]).map(|(name, line)| Metric {
        metric: name.to_owned(),
        group_of: None,
        about: About::Other,
        unit: UnitName(cost.unit.0.clone()),
        not_reached: None,
        numbers: vec![line.clone()],
    })
}

fn estimate(effect: Option<&Effect>) -> String {
    number(effect.and_then(|effect| effect.estimate))
}

fn low(effect: Option<&Effect>) -> String {
    number(effect.and_then(|effect| effect.low))
}

fn high(effect: Option<&Effect>) -> String {
    number(effect.and_then(|effect| effect.high))
}
