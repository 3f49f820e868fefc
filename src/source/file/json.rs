//! JSON as tables: an array of objects, an object of arrays, one object per line, and what the AWS command line
//! prints (see [`super::aws`]).
//!
//! An array is read row by row while it is parsed, so that a large one is never held as a tree, and each row knows
//! the line on which it starts.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::compression::broken;
use super::lines;
use super::object::{push, text};
use super::table::{Keep, Table};
use super::{aws, documents};
use crate::source::error::{Error, Place};

const SHAPES: &str = "an array of objects, an object of arrays, or an answer saved from the AWS command line";

/// Reads one JSON document.
pub(super) fn read(content: impl BufRead, keep: Keep) -> Result<Table, Error> {
    let line = Cell::new(1);
    let mut table = Table::new("line");
    let mut stopped = None;
    let mut json = serde_json::Deserializer::from_reader(Lines { content, line: &line });
    let document = Document { table: &mut table, line: &line, keep, stopped: &mut stopped };
    let object = document.deserialize(&mut json);
    if let Some(error) = stopped {
        return Err(error);
    }
    let object = object.map_err(|e| syntax(&e))?;
    json.end().map_err(|error| {
        let error = syntax(&error);
        error.hint("If the file has one object per line, its format is ndjson.")
    })?;
    match object {
        Found::Rows => Ok(table.finish()),
        Found::Series(array) => match documents::of_series(&array, keep) {
            Some(table) => table,
            None => Err(Error::unreadable("holds series that are not alike").expected(SHAPES)),
        },
        Found::Object(object) => match aws::read(&object, keep).or_else(|| documents::of_object(&object, keep)) {
            Some(table) => table,
            None => of_arrays(&object, keep),
        },
    }
}

/// Reads one object per line; empty lines do not count.
pub(super) fn read_lines(content: impl BufRead, keep: Keep) -> Result<Table, Error> {
    let last = Cell::new(0);
    let mut content = BufReader::with_capacity(1 << 16, lines::Lines::new(content, &last));
    let mut table = Table::new("line");
    let (mut bytes, mut line, mut metrics) = (Vec::new(), 0, documents::Metrics::default());
    loop {
        bytes.clear();
        line += 1;
        if content.read_until(b'\n', &mut bytes).map_err(|e| broken(&e))? == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let row: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| {
            Error::unreadable(format!("is not a JSON object ({})", reason(&error)))
                .at(Place::line(line))
                .expected("one object per line")
        })?;
        if documents::Metrics::are_in(&row) {
            metrics.add(&row).map_err(|error| error.at(Place::line(line)))?;
        } else {
            push(&mut table, line, &row, keep)?;
        }
    }
    match (metrics.is_empty(), table.len()) {
        (false, 0) => return metrics.table(keep),
        (false, _) => {
            return Err(Error::unreadable("holds metrics of OpenTelemetry and other rows").hint("Give each a file."));
        }
        _ => {}
    }
    if table.len() == 0 {
        return Err(Error::unreadable("is empty").expected("one JSON object per line"));
    }
    Ok(table.finish())
}

/// What a document is that has no rows where davy looks for them.
fn one_object(object: &Map<String, Value>) -> Error {
    let mut keys: Vec<String> =
        object.keys().take(5).map(|key| format!("`{}`", crate::plain::shorten(key, 40))).collect();
    if object.len() > keys.len() {
        keys.push("…".to_owned());
    }
    // an answer of an API says so in words or by a status
    let failed = ["error", "errors", "errorMessage", "message"].iter().find(|key| object.contains_key(**key));
    let error = Error::unreadable(format!("is one JSON object with the keys {}, and no table", keys.join(", ")))
        .expected(SHAPES);
    match failed {
        Some(key) => error.hint(format!("It has a key `{key}`: is it the answer to a request that failed?")),
        None => error.hint(
            "If each line is an object, its format is ndjson. Rows within it become a table with `jq '.path.to.rows' FILE`, \
             and a source `http` reads them from the service by a JSONPath.",
        ),
    }
}

fn of_arrays(object: &Map<String, Value>, keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("row");
    let mut arrays: Vec<(&str, &Vec<Value>)> = Vec::new();
    for (name, value) in object {
        let Value::Array(array) = value else { return Err(one_object(object)) };
        if let Some((first, longest)) = arrays.first().filter(|(_, first)| first.len() != array.len()) {
            let (here, there) = (array.len(), longest.len());
            return Err(Error::unreadable(format!("has {here} entries, but {first:?} has {there}")).value(name));
        }
        arrays.push((name, array));
        table.column_or_new(name.trim(), keep);
    }
    if table.columns.len() != arrays.len() {
        return Err(Error::unreadable("names a column twice").expected(SHAPES));
    }
    for row in 0..arrays.first().map_or(0, |(_, array)| array.len()) {
        let cells: Vec<String> = arrays.iter().map(|(_, array)| text(&array[row])).collect();
        table.push(row as u64 + 1, cells.iter().map(String::as_str).enumerate())?;
    }
    Ok(table.finish())
}

fn syntax(error: &serde_json::Error) -> Error {
    if error.is_io() {
        return Error::unreadable(format!("cannot be read to its end ({error})")).hint("Is the file complete?");
    }
    let problem = match error.classify() {
        serde_json::error::Category::Eof => format!("stops in the middle ({})", reason(error)),
        serde_json::error::Category::Data => misplaced(&reason(error)),
        _ => format!("is not JSON ({})", reason(error)),
    };
    Error::unreadable(problem).at(Place::line(error.line() as u64)).expected(SHAPES)
}

/// `invalid type: integer `1`, expected a map` in the words of a person who looks at the file.
fn misplaced(reason: &str) -> String {
    let found = reason.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "));
    found.map_or(reason.to_string(), |(found, _)| format!("does not hold what it should ({found})"))
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_string())
}

/// What a document holds.
enum Found {
    /// Rows, which are in the table.
    Rows,
    /// An array of whole series.
    Series(Vec<Value>),
    Object(Map<String, Value>),
}

/// The whole document: rows go straight into the table, all else is handed back.
struct Document<'a> {
    table: &'a mut Table,
    line: &'a Cell<u64>,
    keep: Keep<'a>,
    stopped: &'a mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SHAPES)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut series = Vec::new();
        while let Some((line, row)) = array.next_element_seed(Row(self.line))? {
            if documents::is_series(&row) {
                series.push(Value::Object(row));
                continue;
            }
            if let Err(error) = push(self.table, line, &row, self.keep) {
                *self.stopped = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        if !series.is_empty() && self.table.len() > 0 {
            *self.stopped = Some(Error::unreadable("holds both rows and whole series").expected(SHAPES));
            return Err(serde::de::Error::custom("stopped"));
        }
        Ok(if series.is_empty() { Found::Rows } else { Found::Series(series) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            object.insert(name, value);
        }
        Ok(Found::Object(object))
    }
}

/// One element of the array, with the line on which it starts.
struct Row<'a>(&'a Cell<u64>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = (u64, Map<String, Value>);

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        let line = self.0.get();
        serde::Deserialize::deserialize(json).map(|row| (line, row))
    }
}

/// Counts the lines that went by.
struct Lines<'a, R> {
    content: R,
    line: &'a Cell<u64>,
}

impl<R: BufRead> Read for Lines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(buffer)?;
        let ends = buffer[..read].iter().filter(|b| **b == b'\n').count();
        self.line.set(self.line.get() + ends as u64);
        Ok(read)
    }
}
