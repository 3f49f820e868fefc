//! What Prometheus' HTTP API answers, and those that answer like it (Thanos, Mimir, VictoriaMetrics), and `promtool query`.
//!
//! The labels of a series are columns; `__name__` is the metric. `NaN` is a gap. An answer with warnings lacks something.

use serde_json::Value;

use super::super::table::{Keep, Table};
use super::members::{Object, text};
use super::points::{self, Series, pairs};
use crate::source::error::{Error, quoted};

/// Reads `{"status": …, "data": {"resultType": …, "result": […]}}`.
pub(super) fn read(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    if let (Some("error"), Some(kind)) = (text(document, "status"), text(document, "errorType")) {
        let said = text(document, "error").unwrap_or_default();
        let error = Error::unreadable(format!("is an error of Prometheus ({kind}: {said})"));
        return Some(Err(error.hint("Ask the query again.")));
    }
    let data = document.get("data")?.as_object()?;
    let kind = text(data, "resultType")?;
    Some(match (kind, data.get("result")) {
        ("matrix" | "vector", Some(Value::Array(result))) => table(result, keep),
        ("streams", _) => Err(Error::unreadable("is an answer of Loki with the lines of a log")
            .expected("lines that are requests, or a matrix")
            .hint("Ask Loki for counts: `sum(count_over_time({app=\"shop\"}[1m]))`.")),
        (kind, _) => Err(Error::unreadable(format!("is an answer of Prometheus with a {kind}"))
            .expected("a matrix, which a query over a range has")
            .hint("Ask `/api/v1/query_range` with `start`, `end` and `step`.")),
    })
}

/// Reads the array that `promtool query range -o json` prints.
pub(super) fn of_array(array: &[Value], keep: Keep) -> Option<Result<Table, Error>> {
    let is = |one: &Value| one.get("metric").is_some_and(Value::is_object);
    array.iter().all(is).then(|| table(array, keep))
}

fn table(result: &[Value], keep: Keep) -> Result<Table, Error> {
    let series = result.iter().enumerate().map(|(at, one)| series(at, one)).collect::<Result<Vec<_>, _>>()?;
    points::table(&series, keep)
}

fn series(at: usize, one: &Value) -> Result<Series<'_>, Error> {
    let labels = one.get("metric").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(label, value)| (label.clone(), value.as_str().unwrap_or_default().to_owned()));
    let (names, labels): (Vec<_>, Vec<_>) = labels.partition(|(label, _)| label == "__name__");
    let name = names.into_iter().next().map(|(_, name)| name);
    let points = match (one.get("values"), one.get("value")) {
        (Some(values), _) => pairs(values, true),
        (None, Some(Value::Array(point))) if point.len() == 2 => Some(vec![(&point[0], &point[1])]),
        _ => None,
    };
    let Some(points) = points else {
        let histogram = one.get("histograms").is_some() || one.get("histogram").is_some();
        let what = if histogram { "holds native histograms" } else { "has no values" };
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={}", quoted(value))).collect();
        return Err(Error::unreadable(format!("(result {}, {{{}}}) {what}", at + 1, labels.join(", ")))
            .expected("times with values")
            .hint("Ask for a quantile: `histogram_quantile(0.95, …)`."));
    };
    Ok(Series { name, labels, points })
}
