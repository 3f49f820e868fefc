//! JSON documents that are no plain arrays, by who writes them: answers of monitoring systems and reports of load generators.
//!
//! Each kind is known by members that stand together nowhere else, and becomes rows: a point of a series is a row with its time,
//! its labels and its value. An answer that says that it is not complete is refused. What is not known may still be one array of
//! objects with something around it.

mod answers;
mod grafana;
mod members;
mod metrics;
mod points;
mod prometheus;
pub(super) mod reports;
pub(super) mod scraped;
mod spans;
mod whole;

use serde_json::Value;

pub(super) use self::members::Object;
use self::members::sole_array;
pub(super) use self::metrics::Metrics;
pub(in crate::source) use self::spans::rows as rows_of_requests;
use super::object::push;
use super::table::{Keep, Table};
use crate::source::error::Error;

/// The table of a document that is known; nothing where it is not.
pub(super) fn of_object(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let checked = |read: Result<Table, Error>| read.and_then(|table| whole::check(document).map(|()| table));
    of_store(document, keep)
        .map(checked)
        // the errors in a report are those of the requests
        .or_else(|| reports::read(document, keep))
        .or_else(|| wrapped(document, keep).map(checked))
}

/// The table of what a store answers or exports.
fn of_store(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    of_metrics(document, keep)
        .or_else(|| prometheus::read(document, keep))
        .or_else(|| answers::read(document, keep))
        .or_else(|| grafana::read(document, keep))
}

/// The table of one export of OpenTelemetry.
fn of_metrics(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let mut metrics = Metrics::default();
    Metrics::are_in(document).then(|| metrics.add(document).and_then(|()| metrics.table(keep)))
}

/// The table of an array whose elements are whole series; nothing where they are rows.
pub(super) fn of_series(array: &[Value], keep: Keep) -> Option<Result<Table, Error>> {
    answers::graphite(array, keep).or_else(|| prometheus::of_array(array, keep))
}

/// Whether an element of an array may be a whole series.
pub(super) fn is_series(element: &Object) -> bool {
    let has = |name: &str| element.contains_key(name);
    has("target") && has("datapoints")
        || has("metric") && (has("values") || has("value")) && element["metric"].is_object()
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
