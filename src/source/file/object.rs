//! A JSON object as a row of a table.

use serde_json::{Map, Value};

use super::table::{Keep, Table};
use crate::source::error::{Error, Place};

/// Appends an object as a row.
pub(super) fn push(table: &mut Table, number: u64, row: &Map<String, Value>, keep: Keep) -> Result<(), Error> {
    let cell = |(name, value): (&String, &Value)| match (name.trim(), value.get("Timestamp")) {
        // CloudWatch's embedded metrics have their time beside what they mean
        ("_aws", Some(time)) => (table.column_or_new("timestamp", keep), text(time)),
        (name, _) => (table.column_or_new(name, keep), text(value)),
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

/// A JSON value as the text of a cell; null is the empty cell.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
