//! A JSON object as a row of a table.
//!
//! Some objects say what their numbers are in, such as a line of CloudWatch's embedded metric format: the unit becomes a part of
//! their names, which answer to the plain ones as well.

use serde_json::{Map, Value};

use super::table::{Keep, Table};
use crate::source::error::{Error, Place};

/// Appends an object as a row.
pub(super) fn push(table: &mut Table, number: u64, row: &Map<String, Value>, keep: Keep) -> Result<(), Error> {
    let embedded = row.get("_aws");
    push_measured(table, number, row, keep, &|name| unit(embedded?, name))
}

/// Appends an object whose numbers are in known units.
pub(super) fn push_measured(
    table: &mut Table,
    number: u64,
    row: &Map<String, Value>,
    keep: Keep,
    unit: &dyn Fn(&str) -> Option<&'static str>,
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

/// The unit of a number in a line of the embedded metric format, as a configuration writes it.
fn unit(embedded: &Value, name: &str) -> Option<&'static str> {
    let directives = embedded.get("CloudWatchMetrics")?.as_array()?;
    let metrics = directives.iter().filter_map(|directive| directive.get("Metrics")?.as_array()).flatten();
    let mut own = metrics.filter(|metric| metric.get("Name").and_then(Value::as_str) == Some(name));
    unit_of_cloudwatch(own.next()?.get("Unit")?.as_str()?)
}

/// A unit of CloudWatch as a configuration writes it, where that says more than that something was counted.
pub(super) fn unit_of_cloudwatch(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "Seconds" => "s",
        "Milliseconds" => "ms",
        "Microseconds" => "us",
        "Bytes" => "B",
        "Kilobytes" => "KB",
        "Megabytes" => "MB",
        "Gigabytes" => "GB",
        "Percent" => "%",
        _ => return None,
    })
}

/// A JSON value as the text of a cell; null is the empty cell.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
