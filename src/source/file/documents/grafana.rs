//! What Grafana's data sources answer (`/api/ds/query`): frames of fields, each a column of values.

use serde_json::Value;

use super::super::table::{Keep, Table};
use super::members::{Object, at};
use super::points::{self, Series};
use crate::source::error::{Error, quoted};

/// Reads `{"results": {"A": {"frames": […]}}}`, or `{"frames": […]}`.
pub(super) fn read(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    let mut frames = Vec::new();
    match (document.get("results"), document.get("frames")) {
        (Some(Value::Object(results)), _) => {
            results.values().find(|answer| answer.get("frames").is_some())?;
            for (query, answer) in results {
                if let Some(said) = answer.get("error").and_then(Value::as_str).filter(|said| !said.is_empty()) {
                    let error = Error::unreadable(format!("says that query {} failed ({said})", quoted(query)));
                    return Some(Err(error.hint("Ask the queries again.")));
                }
                frames.extend(answer.get("frames")?.as_array()?);
            }
        }
        (None, Some(Value::Array(all))) => frames.extend(all),
        _ => return None,
    }
    let mut series = Vec::new();
    for frame in frames {
        series.extend(of_frame(frame)?);
    }
    Some(points::table(&series, keep))
}

/// A series for each field of numbers beside the field of times.
fn of_frame(frame: &Value) -> Option<Vec<Series<'_>>> {
    let fields = at(frame, &["schema", "fields"])?.as_array()?;
    let values = at(frame, &["data", "values"])?.as_array()?;
    let kind = |field: &Value| field.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let time = fields.iter().position(|field| kind(field) == "time")?;
    let times = values.get(time)?.as_array()?;
    let numbers = fields.iter().zip(values).filter(|(field, _)| kind(field) == "number");
    let mut series = Vec::new();
    for (field, values) in numbers {
        let said = at(field, &["config", "displayNameFromDS"]).or_else(|| at(field, &["config", "displayName"]));
        let name = said.or_else(|| field.get("name")).and_then(Value::as_str).unwrap_or("value");
        let name = points::with_unit(name, at(field, &["config", "unit"]).and_then(Value::as_str));
        let labels = field.get("labels").and_then(Value::as_object).into_iter().flatten();
        let labels = labels.map(|(label, value)| (label.clone(), value.as_str().unwrap_or_default().to_owned()));
        let values = values.as_array().filter(|values| values.len() == times.len())?;
        series.push(Series { name: Some(name), labels: labels.collect(), points: times.iter().zip(values).collect() });
    }
    Some(series)
}
