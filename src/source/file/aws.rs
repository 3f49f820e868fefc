//! What `aws cloudwatch get-metric-statistics`, `aws cloudwatch get-metric-data` and `aws logs get-query-results`
//! print, as tables.
//!
//! All three can answer incompletely and still look like an answer. Such an answer is refused with its reason: a
//! gate that judges half of the data says Pass for the wrong reason. What is printed as YAML, as a text or as a table becomes the
//! same document first.

mod boxes;
mod lines;
mod printed;

use std::collections::{BTreeSet, HashMap};

use jiff::civil::DateTime;
use serde_json::{Map, Value};

pub(super) use self::printed::Printed;
use super::object::{push, push_measured, text};
use super::table::{Keep, Table};
use super::usual::is_usual_time;
use crate::source::StatedUnit;
use crate::source::error::{Error, Place, quoted};

type Object = Map<String, Value>;

const ANSWERS: &str = "what the AWS command line prints";

/// Reads the document when it is one of the three.
pub(super) fn read(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let table = if document.contains_key("Datapoints") {
        elements(document, "Datapoints").and_then(|points| statistics(points, keep))
    } else if document.contains_key("MetricDataResults") {
        elements(document, "MetricDataResults").and_then(|results| metric_data(document, results, keep))
    } else if let (Some(Value::Array(rows)), Some(status)) = (document.get("results"), document.get("status")) {
        query_results(rows, &text(status), keep)
    } else {
        return None;
    };
    Some(match document.get("NextToken") {
        Some(Value::String(_)) => Err(Error::unreadable("ends with a NextToken: more pages follow")
            .hint("Ask again without --no-paginate and --max-items.")),
        _ => table,
    })
}

/// `get-metric-statistics`: one row per datapoint, the extended statistics (p95) beside the plain ones. Their unit becomes a
/// part of their names, which answer to the plain ones as well.
fn statistics(points: &[Value], keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("datapoint");
    let unit = one_unit(points)?.as_deref().and_then(StatedUnit::of);
    for (at, point) in points.iter().enumerate() {
        let number = at as u64 + 1;
        let mut row = object(point, "datapoint", number)?.clone();
        row.shift_remove("Unit");
        if let Some(Value::Object(extended)) = row.shift_remove("ExtendedStatistics") {
            row.extend(extended);
        }
        let is_measured = |name: &str| !matches!(name, "Timestamp" | "SampleCount");
        let unit = |name: &str| unit.as_ref().filter(|_| is_measured(name)).map(|unit| unit.text.as_str());
        push_measured(&mut table, number, &row, keep, &unit)?;
    }
    Ok(table.finish())
}

/// The unit of all datapoints. CloudWatch answers with those of every unit that was published, unless it is asked for one.
fn one_unit(points: &[Value]) -> Result<Option<String>, Error> {
    let units: Vec<String> = points.iter().map(|point| field(point, "Unit")).collect();
    let Some(first) = units.iter().position(|unit| !unit.is_empty()) else { return Ok(None) };
    // a count has no unit, and some stores say so by `None`
    let class = |unit: &str| if unit == "None" { "Count".to_owned() } else { unit.to_owned() };
    let known = &units[first];
    let Some(other) = units.iter().position(|unit| !unit.is_empty() && class(unit) != class(known)) else {
        return Ok(Some(known.clone()));
    };
    let problem = format!("is in {}, and datapoint {} is in {known}", units[other], first + 1);
    Err(Error::unreadable(problem).at(Place { what: "datapoint", number: other as u64 + 1 }).hint(format!(
        "Save the points of one unit: ask with `--unit {}`.",
        if known == "None" { &units[other] } else { known }
    )))
}

/// `get-metric-data`: one column per id, which also answers to its label; one row per instant.
fn metric_data(document: &Object, results: &[Value], keep: Keep) -> Result<Table, Error> {
    if let Some(Value::Array(messages)) = document.get("Messages")
        && let Some(message) = messages.first()
    {
        return Err(Error::unreadable(format!("is incomplete: CloudWatch says {}", message_text(message))));
    }
    complete(results)?;
    let labelled = say_more(results);
    let mut table = Table::new("instant");
    let time = table.column_or_new("Timestamp", &|_| true);
    let mut rows: Vec<(String, Vec<(usize, String)>)> = Vec::new();
    let mut instants: HashMap<String, usize> = HashMap::new();
    for (at, result) in results.iter().enumerate() {
        let (id, label) = (field(result, "Id"), field(result, "Label"));
        let (name, alias) = if labelled { (&label, &id) } else { (&id, &label) };
        let column = table.column_or_new(name, &|_| keep(&id) || keep(&label));
        table.columns[column].alias = Some(alias.clone()).filter(|alias| !alias.is_empty() && alias != name);
        let place = Place { what: "result", number: at as u64 + 1 };
        let result = object(result, place.what, place.number)?;
        let [times, values] = ["Timestamps", "Values"].map(|name| elements(result, name).map_err(|e| e.at(place)));
        let (times, values) = (times?, values?);
        if times.len() != values.len() {
            let problem = format!("has {} timestamps but {} values", times.len(), values.len());
            return Err(Error::unreadable(problem).value(&id).at(place));
        }
        for (instant, value) in times.iter().zip(values) {
            let (instant, value) = (text(instant), text(value));
            let row = *instants.entry(instant.clone()).or_insert(rows.len());
            if row == rows.len() {
                rows.push((instant.clone(), Vec::new()));
            }
            match rows[row].1.iter().find(|(c, _)| *c == column) {
                None => rows[row].1.push((column, value)),
                Some((_, other)) if *other == value => {}
                Some((_, other)) => {
                    let problem = format!("has two values at {instant}: {other} and {value}");
                    return Err(Error::unreadable(problem).value(&id));
                }
            }
        }
    }
    let columns = table.columns.len();
    for (row, (instant, cells)) in rows.iter().enumerate() {
        // what has no point was asked for all the same
        let found = |column| cells.iter().find(|(at, _)| *at == column).map_or("", |(_, value)| value.as_str());
        let cells = (0..columns).filter(|column| *column != time).map(|column| (column, found(column)));
        table.push(row as u64 + 1, std::iter::once((time, instant.as_str())).chain(cells))?;
    }
    Ok(table.finish())
}

/// Whether the labels of the results say more than their ids: all of those are numbers of an expression, as in `m1`, and each
/// has a label of its own.
fn say_more(results: &[Value]) -> bool {
    let numbered =
        |id: &str| id.len() > 1 && id.starts_with(['m', 'e', 'q']) && id[1..].bytes().all(|byte| byte.is_ascii_digit());
    let pairs: BTreeSet<(String, String)> =
        results.iter().map(|result| (field(result, "Id"), field(result, "Label"))).collect();
    let labels: BTreeSet<&str> = pairs.iter().map(|(_, label)| label.as_str()).collect();
    pairs.iter().all(|(id, label)| numbered(id) && !label.is_empty()) && labels.len() == pairs.len()
}

/// The command line joins pages: an id may come several times, PartialData until the last. That one decides.
fn complete(results: &[Value]) -> Result<(), Error> {
    for (at, result) in results.iter().enumerate() {
        let (id, status) = (field(result, "Id"), field(result, "StatusCode"));
        let goes_on = results[at + 1..].iter().any(|later| field(later, "Id") == id);
        if status == "Complete" || status.is_empty() || (status == "PartialData" && goes_on) {
            continue;
        }
        let said = array(result, "Messages").first().map(message_text);
        let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
        return Err(Error::unreadable(format!("has the status {status}{said}: its data is not complete"))
            .value(&id)
            .expected("Complete")
            .hint("Ask CloudWatch again."));
    }
    Ok(())
}

/// `get-query-results` of Logs Insights: one row per result, a column per field.
fn query_results(rows: &[Value], status: &str, keep: Keep) -> Result<Table, Error> {
    if status != "Complete" {
        let hint = match status {
            "Running" | "Scheduled" => "Ask for the results again when the query has ended.",
            _ => "Start the query again.",
        };
        return Err(Error::unreadable(format!("has the status {status}: the query did not end well or at all"))
            .expected("Complete")
            .hint(hint));
    }
    let mut named = Vec::with_capacity(rows.len());
    for (at, fields) in rows.iter().enumerate() {
        let number = at as u64 + 1;
        let Value::Array(fields) = fields else {
            return Err(Error::unreadable("is not an array of fields").at(Place { what: "result", number }));
        };
        named.push(fields.iter().map(|entry| (field(entry, "field"), field(entry, "value"))).collect::<Vec<_>>());
    }
    rows_of_fields(named.iter().map(Vec::as_slice), keep)
}

/// One row per result of Logs Insights, a column per field.
pub(super) fn rows_of_fields<'r>(
    rows: impl Iterator<Item = &'r [(String, String)]>,
    keep: Keep,
) -> Result<Table, Error> {
    let mut table = Table::new("result");
    for (at, fields) in rows.enumerate() {
        let mut row = Object::new();
        for (name, value) in fields.iter().filter(|(name, _)| name != "@ptr") {
            // Logs Insights answers in UTC and leaves the offset out.
            let utc = is_usual_time(name) && value.parse::<DateTime>().is_ok();
            row.insert(name.clone(), Value::String(if utc { format!("{value}Z") } else { value.clone() }));
        }
        push(&mut table, at as u64 + 1, &row, keep)?;
    }
    Ok(table.finish())
}

/// Reads what is printed otherwise than as JSON.
pub(super) fn read_printed(printed: Printed, content: impl std::io::Read, keep: Keep) -> Result<Table, Error> {
    let document = printed.document(content)?;
    read(&document, keep).unwrap_or_else(|| Err(Error::unreadable("is an answer without data").expected(ANSWERS)))
}

fn object<'v>(value: &'v Value, what: &'static str, number: u64) -> Result<&'v Object, Error> {
    value.as_object().ok_or_else(|| Error::unreadable("is not an object").at(Place { what, number }))
}

fn field(value: &Value, name: &str) -> String {
    value.get(name).map(text).unwrap_or_default()
}

/// The elements of a member that must be a list where it is there at all.
fn elements<'v>(object: &'v Object, name: &str) -> Result<&'v [Value], Error> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(array)) => Ok(array),
        Some(_) => Err(Error::unreadable("is not a list").value(name).expected(ANSWERS)),
    }
}

fn array<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn message_text(message: &Value) -> String {
    let (code, said) = (field(message, "Code"), field(message, "Value"));
    if said.is_empty() { quoted(&code) } else { format!("{code}: {said}") }
}
