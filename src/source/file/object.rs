//! A JSON object as a row of a table.
//!
//! Some objects say what their numbers are in, such as a line of CloudWatch's embedded metric format: the unit becomes a part of
//! their names, which answer to the plain ones as well.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::table::{Keep, Table};
use crate::source::StatedUnit;
use crate::source::error::{Error, Place};

/// Appends an object as a row.
pub(super) fn push(table: &mut Table, number: u64, row: &Map<String, Value>, keep: Keep) -> Result<(), Error> {
    let place = Place { what: table.counted, number };
    let units = row.get("_aws").map(units).transpose().map_err(|error| error.at(place))?.unwrap_or_default();
    push_measured(table, number, row, keep, &|name| units.get(name).map(String::as_str))
}

/// Appends an object whose numbers are in known units.
pub(super) fn push_measured<'u>(
    table: &mut Table,
    number: u64,
    row: &Map<String, Value>,
    keep: Keep,
    unit: &dyn Fn(&str) -> Option<&'u str>,
) -> Result<(), Error> {
    let cell = |(name, value): (&String, &Value)| match (name.trim(), value.get("Timestamp")) {
        // its time stands beside what it means
        ("_aws", Some(time)) => (table.column_or_new("timestamp", keep), text(time)),
        (name, _) => match unit(name) {
            Some(unit) => (measured(table, name, unit, keep), text(value)),
            None => (table.column_or_new(name, keep), text(value)),
        },
    };
    let cells: Vec<(usize, String)> = row.iter().map(cell).collect();
    let mut seen: Vec<usize> = cells.iter().map(|(at, _)| *at).collect();
    seen.sort_unstable();
    if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
        let place = Place { what: table.counted, number };
        return Err(Error::unreadable("appears twice in the same row").value(&table.columns[twice[0]].name).at(place));
    }
    table.push(number, cells.iter().map(|(at, text)| (*at, text.as_str())))
}

/// The column of a name with its unit, which answers to the plain name as well.
fn measured(table: &mut Table, name: &str, unit: &str, keep: Keep) -> usize {
    let at = table.column_or_new(&format!("{name} ({unit})"), &|full| keep(full) || keep(name));
    table.columns[at].alias.get_or_insert_with(|| name.to_owned());
    at
}

/// The units of the numbers in a line of the embedded metric format, by their names.
fn units(embedded: &Value) -> Result<BTreeMap<&str, String>, Error> {
    let mut units = BTreeMap::new();
    let directives = embedded.get("CloudWatchMetrics").and_then(Value::as_array).into_iter().flatten();
    for metric in directives.filter_map(|directive| directive.get("Metrics")?.as_array()).flatten() {
        let said = |key: &str| metric.get(key).and_then(Value::as_str);
        let (Some(name), Some(unit)) = (said("Name"), said("Unit").and_then(StatedUnit::of)) else { continue };
        if let Some(before) = units.insert(name, unit.text.clone()).filter(|before| *before != unit.text) {
            let problem = format!("is published in {before} and in {}", unit.text);
            return Err(Error::unreadable(problem).value(name).hint("Publish each metric in one unit."));
        }
    }
    Ok(units)
}

/// A JSON value as the text of a cell; null is the empty cell.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
