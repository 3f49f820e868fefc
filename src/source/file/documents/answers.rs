//! What Datadog, Graphite and New Relic answer.

use serde_json::Value;

use super::super::object::push;
use super::super::table::{Keep, Table};
use super::members::{Object, at, text};
use super::points::{self, Series, pairs, with_unit};
use crate::source::error::{Error, Place};

pub(super) fn read(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    datadog(document, keep).or_else(|| datadog_v2(document, keep)).or_else(|| new_relic(document, keep))
}

/// `GET /api/v1/query`: the unit of a series belongs to its name.
fn datadog(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let series = document.get("series")?.as_array()?;
    text(document, "status")?;
    if let Some(said) = text(document, "error").filter(|said| !said.is_empty()) {
        return Some(Err(Error::unreadable(format!("is an error of Datadog ({said})")).hint("Ask the query again.")));
    }
    let mut all = Vec::new();
    for one in series {
        let name = one.get("metric").or_else(|| one.get("display_name"))?.as_str()?;
        let tags = one.get("tag_set").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let labels = tags.filter_map(|tag| tag.split_once(':')).map(|(key, value)| (key.to_owned(), value.to_owned()));
        let unit = at(one, &["unit"]).and_then(|units| units.get(0)).and_then(|unit| unit.get("short_name"));
        let name = with_unit(name, unit.and_then(Value::as_str));
        all.push(Series { name: Some(name), labels: labels.collect(), points: pairs(one.get("pointlist")?, true)? });
    }
    Some(points::table(&all, keep))
}

/// `POST /api/v2/query/timeseries`: one list of times, and a list of values for each series.
fn datadog_v2(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let attributes = document.get("data")?.get("attributes")?;
    let (times, values) = (attributes.get("times")?.as_array()?, attributes.get("values")?.as_array()?);
    let series = attributes.get("series")?.as_array()?;
    if series.len() != values.len() {
        let problem = format!("has {} series but {} lists of values", series.len(), values.len());
        return Some(Err(Error::unreadable(problem)));
    }
    let mut all = Vec::new();
    for (number, (one, values)) in series.iter().zip(values).enumerate() {
        let values = values.as_array()?;
        if values.len() != times.len() {
            let problem = format!("has {} times but {} values", times.len(), values.len());
            return Some(Err(Error::unreadable(problem).at(Place { what: "series", number: number as u64 + 1 })));
        }
        let tags = one.get("group_tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let labels = tags.filter_map(|tag| tag.split_once(':')).map(|(key, value)| (key.to_owned(), value.to_owned()));
        let query = one.get("query_index").and_then(Value::as_u64).unwrap_or_default();
        let unit = at(one, &["unit"]).and_then(|units| units.get(0)).and_then(|unit| unit.get("short_name"));
        let name = with_unit(&format!("query {query}"), unit.and_then(Value::as_str));
        all.push(Series { name: Some(name), labels: labels.collect(), points: times.iter().zip(values).collect() });
    }
    Some(points::table(&all, keep))
}

/// `render?format=json`: the value stands before the time, or both have names (`rickshaw`).
pub(super) fn graphite(array: &[Value], keep: Keep) -> Option<Result<Table, Error>> {
    let mut all = Vec::new();
    for one in array {
        let (name, datapoints) = (one.get("target")?.as_str()?, one.get("datapoints")?);
        let named = || datapoints.as_array()?.iter().map(|point| Some((point.get("x")?, point.get("y")?))).collect();
        let points = pairs(datapoints, false).or_else(named)?;
        all.push(Series { name: Some(name.to_owned()), labels: Vec::new(), points });
    }
    Some(points::table(&all, keep))
}

/// An answer of NerdGraph: a row for each result, named by its first moment.
fn new_relic(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let actor = document.get("data")?.get("actor")?;
    let nrql = at(actor, &["account", "nrql"]).or_else(|| actor.get("nrql"))?;
    let results = nrql.get("results")?.as_array()?;
    if let Some(error) = document.get("errors").and_then(|errors| errors.get(0)) {
        let said = error.get("message").and_then(Value::as_str).unwrap_or("no reason");
        return Some(Err(Error::unreadable(format!("is an error of New Relic ({said})")).hint("Ask the query again.")));
    }
    if at(nrql, &["queryProgress", "complete"]) == Some(&Value::Bool(false)) {
        return Some(Err(Error::unreadable("is not complete: the query still ran").hint("Ask for it again.")));
    }
    let mut table = Table::new("result");
    for (number, result) in results.iter().enumerate() {
        let Some(begins) = result.get("beginTimeSeconds") else {
            return Some(Err(Error::unreadable("has no beginTimeSeconds")
                .at(Place { what: "result", number: number as u64 + 1 })
                .hint("Ask with TIMESERIES: `… SINCE 1 hour ago TIMESERIES 1 minute`.")));
        };
        let mut row = Object::new();
        row.insert("time".to_owned(), begins.clone());
        for (name, value) in result.as_object()? {
            match (name.as_str(), value) {
                ("beginTimeSeconds" | "endTimeSeconds" | "inspectedCount", _) => {}
                // {"percentile.duration": {"95": 0.2}}
                (_, Value::Object(inner)) => {
                    let base = name.strip_prefix("percentile.").unwrap_or(name);
                    row.extend(inner.iter().map(|(percent, value)| (format!("{base} p{percent}"), value.clone())));
                }
                _ => {
                    row.insert(name.clone(), value.clone());
                }
            }
        }
        if let Err(error) = push(&mut table, number as u64 + 1, &row, keep) {
            return Some(Err(error));
        }
    }
    Some(Ok(table.finish()))
}
