//! JSON documents that are no plain arrays, by who writes them: answers of monitoring systems and reports of load generators.
//!
//! Each kind is known by members that stand together nowhere else, and becomes rows: a point of a series is a row with its time,
//! its labels and its value. An answer that says that it is not complete is refused. What is not known may still be one array of
//! objects with something around it.

mod answers;
mod grafana;
mod points;
mod prometheus;
mod reports;
mod spans;

use serde_json::{Map, Value};

pub(in crate::source) use self::spans::rows as rows_of_requests;
use super::object::push;
use super::table::{Keep, Table};
use crate::source::error::Error;

pub(super) type Object = Map<String, Value>;

/// The table of a document that is known; nothing where it is not.
pub(super) fn of_object(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    prometheus::read(document, keep)
        .or_else(|| answers::read(document, keep))
        .or_else(|| grafana::read(document, keep))
        .or_else(|| reports::read(document, keep))
        .or_else(|| wrapped(document, keep))
}

/// The table of an array whose elements are whole series; nothing where they are rows.
pub(super) fn of_series(array: &[Value], keep: Keep) -> Option<Result<Table, Error>> {
    answers::graphite(array, keep).or_else(|| prometheus::of_array(array, keep))
}

/// Whether an element of an array may be a whole series.
pub(super) fn is_series(element: &Object) -> bool {
    let has = |name: &str| element.contains_key(name);
    has("target") && has("datapoints") || has("metric") && (has("values") || has("value")) && element["metric"].is_object()
}

/// One array of objects beside members that are none.
fn wrapped(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let rows = sole_array(document)?;
    let mut table = Table::new("row");
    for (at, row) in rows.iter().enumerate() {
        if let Err(error) = push(&mut table, at as u64 + 1, row.as_object()?, keep) {
            return Some(Err(error));
        }
    }
    Some(Ok(table.finish()))
}

/// The only array of objects in a document, which may be one object deeper: `{"data": {"rows": […]}}`.
fn sole_array(document: &Object) -> Option<&Vec<Value>> {
    let arrays = |object: &'_ Object| object.values().filter(|value| value.is_array()).count();
    let objects = |value: &'_ Value| value.as_array().is_some_and(|array| !array.is_empty() && array.iter().all(Value::is_object));
    if arrays(document) == 1 {
        return document.values().find(|value| objects(value))?.as_array();
    }
    let mut inner = document.values().filter_map(Value::as_object).filter(|object| arrays(object) > 0);
    match (arrays(document), inner.next(), inner.next()) {
        (0, Some(object), None) => sole_array(object),
        _ => None,
    }
}

/// A member by its path.
fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The text of a member.
fn text<'v>(object: &'v Object, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}
