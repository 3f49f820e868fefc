//! A comparison as a table for spreadsheets and data frames: a row per metric and statistic, numbers as plain numbers.
//!
//! The columns are part of the interface: a new one comes at the end, none goes away.

use super::super::csv::{number, rows, text};
use super::super::document::{Number, UnitName};
use super::super::words::term;
use super::canaries::{Canary, Comparisons};
use super::document::{About, Comparison, Cost, Line, Metric};
use crate::cost::METRICS;

/// A column: its name, and what it says of a number of a metric.
type Column = (&'static str, Of);

/// What a column says.
enum Of {
    Text(fn(&Metric, &Line) -> String),
    Number(fn(&Line) -> Option<Number>),
    Count(fn(&Line) -> u64),
}

const COLUMNS: &[Column] = &[
    ("metric", Of::Text(|metric, _| metric.metric.clone())),
    ("group_of", Of::Text(|metric, _| metric.group_of.clone().unwrap_or_default())),
    ("statistic", Of::Text(|_, line| line.statistic.clone())),
    ("shown", Of::Text(|_, line| term(&line.shown))),
    ("baseline", Of::Number(|line| line.estimate.baseline)),
    ("canary", Of::Number(|line| line.estimate.canary)),
    ("unit", Of::Text(|metric, _| metric.unit.0.clone())),
    ("effect_kind", Of::Text(|_, line| line.effect.as_ref().map(|effect| term(&effect.kind)).unwrap_or_default())),
    ("effect", Of::Number(|line| line.effect.as_ref()?.estimate)),
    ("low", Of::Number(|line| line.effect.as_ref()?.low)),
    ("high", Of::Number(|line| line.effect.as_ref()?.high)),
    ("ratio", Of::Number(|line| line.ratio.as_ref()?.estimate)),
    ("ratio_low", Of::Number(|line| line.ratio.as_ref()?.low)),
    ("ratio_high", Of::Number(|line| line.ratio.as_ref()?.high)),
    ("n_baseline", Of::Count(|line| line.n.baseline)),
    ("n_canary", Of::Count(|line| line.n.canary)),
    ("n_of", Of::Text(|_, line| line.n_of.clone())),
    ("at_equal_mix", Of::Number(|line| line.at_equal_mix.as_ref()?.estimate)),
    ("at_equal_mix_low", Of::Number(|line| line.at_equal_mix.as_ref()?.low)),
    ("at_equal_mix_high", Of::Number(|line| line.at_equal_mix.as_ref()?.high)),
];

/// The column of several canaries that says whose a row is.
const WHOSE: &str = "canary_name";

/// A column by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// The cells of a column, one for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Texts; nothing where the CSV has an empty cell.
    Texts(Vec<Option<String>>),
    /// Numbers; nothing where one is not known.
    Numbers(Vec<Option<f64>>),
    /// How many.
    Counts(Vec<u64>),
}

impl Cells {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Cells::Texts(texts) => texts.len(),
            Cells::Numbers(numbers) => numbers.len(),
            Cells::Counts(counts) => counts.len(),
        }
    }

    /// Whether there is not any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The table, below a heading that is there even when nothing was compared.
pub(super) fn render(compared: &Comparison) -> String {
    rows(heading().collect(), each(compared, written).into_iter())
}

/// The same of several canaries, a row for each: the columns are those of one, and then its name.
pub(super) fn of_several(compared: &Comparisons) -> String {
    let all = compared.canaries.iter().flat_map(|canary| {
        let name = text(&canary.canary);
        each(&canary.comparison, written).into_iter().map(move |row| row.into_iter().chain([name.clone()]).collect())
    });
    rows(heading().chain([WHOSE.to_owned()]).collect(), all)
}

/// The same rows, column by column.
pub(super) fn columns(compared: &Comparison) -> Vec<Named> {
    typed(&[compared])
}

/// The same rows of several canaries, column by column.
pub(super) fn columns_of_several(compared: &Comparisons) -> Vec<Named> {
    let mut columns = typed(&compared.canaries.iter().map(|canary| &canary.comparison).collect::<Vec<_>>());
    let whose = |canary: &Canary| each(&canary.comparison, |_, _| Some(canary.canary.clone()));
    let whose = compared.canaries.iter().flat_map(whose).collect();
    columns.push(Named { name: WHOSE.into(), cells: Cells::Texts(whose) });
    columns
}

fn heading() -> impl Iterator<Item = String> {
    COLUMNS.iter().map(|(name, _)| (*name).to_owned())
}

/// Something of each row, in order.
fn each<T>(compared: &Comparison, of: impl Fn(&Metric, &Line) -> T) -> Vec<T> {
    let costs: Vec<Metric> = compared.cost.iter().flat_map(costs).collect();
    let all = compared.metrics.iter().chain(&costs);
    all.flat_map(|metric| metric.numbers.iter().map(|line| of(metric, line)).collect::<Vec<T>>()).collect()
}

/// A row as the CSV has it.
fn written(metric: &Metric, line: &Line) -> Vec<String> {
    let cell = |(_, of): &Column| match of {
        Of::Text(of) => text(&of(metric, line)),
        Of::Number(of) => number(of(line)),
        Of::Count(of) => of(line).to_string(),
    };
    COLUMNS.iter().map(cell).collect()
}

/// The rows of all of them, below each other.
fn typed(all: &[&Comparison]) -> Vec<Named> {
    let column = |(name, of): &Column| {
        let cells = match of {
            Of::Text(of) => {
                let cell = |metric: &Metric, line: &Line| Some(of(metric, line)).filter(|text| !text.is_empty());
                Cells::Texts(all.iter().flat_map(|one| each(one, cell)).collect())
            }
            Of::Number(of) => {
                Cells::Numbers(all.iter().flat_map(|one| each(one, |_, line| of(line).map(Number::get))).collect())
            }
            Of::Count(of) => Cells::Counts(all.iter().flat_map(|one| each(one, |_, line| of(line))).collect()),
        };
        Named { name: (*name).to_owned(), cells }
    };
    COLUMNS.iter().map(column).collect()
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
