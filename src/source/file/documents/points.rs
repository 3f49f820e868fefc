//! Points of series with labels, as the rows of a table: time, name, labels, value.

use serde_json::Value;

use super::super::object;
use super::super::table::{Keep, Table};
use crate::source::error::Error;

/// What the columns are called that every point has.
const TIME: &str = "time";
const NAME: &str = "metric";
const VALUE: &str = "value";

/// One series.
#[derive(Debug, Default)]
pub(super) struct Series<'v> {
    /// Its name, if it has one.
    pub name: Option<String>,
    pub labels: Vec<(String, String)>,
    pub points: Vec<(&'v Value, &'v Value)>,
}

/// All points of the series, in their order.
pub(super) fn table(series: &[Series], keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("point");
    if series.iter().all(|one| one.points.is_empty()) {
        return Ok(table.finish());
    }
    let all = |_: &str| true;
    let time = table.column_or_new(TIME, &all);
    let named = series.iter().any(|one| one.name.is_some());
    let name = named.then(|| table.column_or_new(NAME, keep));
    let mut number = 0;
    for one in series {
        let mut labels = Vec::with_capacity(one.labels.len());
        for (label, value) in &one.labels {
            let taken = [TIME, NAME, VALUE].contains(&label.as_str());
            let label = if taken { format!("label_{label}") } else { label.clone() };
            labels.push((table.column_or_new(&label, keep), value.as_str()));
        }
        let value_at = table.column_or_new(VALUE, keep);
        for (instant, value) in &one.points {
            number += 1;
            let (instant, value) = (object::text(instant), object::text(value));
            let named = name.map(|at| (at, one.name.as_deref().unwrap_or_default()));
            let cells = [(time, instant.as_str())].into_iter().chain(named).chain(labels.iter().copied());
            table.push(number, cells.chain([(value_at, value.as_str())]))?;
        }
    }
    Ok(table.finish())
}

/// Units of Datadog and Grafana that count things one by one.
const COUNTS: [&str; 10] = ["", "none", "short", "sishort", "req", "err", "hit", "miss", "event", "op"];

/// A name with its unit. One that is not known stands there as it is: the arms may have it otherwise.
pub(super) fn with_unit(name: &str, unit: Option<&str>) -> String {
    match unit {
        None => name.to_owned(),
        Some(unit) if COUNTS.contains(&unit) => name.to_owned(),
        // both letters are in use: the micro sign and the Greek mu
        Some("µs" | "μs") => format!("{name} (us)"),
        Some("percent") => format!("{name} (%)"),
        Some(unit) => format!("{name} ({unit})"),
    }
}

/// Elements that are a time and a value each, in this order or the other.
pub(super) fn pairs(points: &Value, time_first: bool) -> Option<Vec<(&Value, &Value)>> {
    let points = points.as_array()?;
    let whole = points.iter().all(|point| point.as_array().is_some_and(|pair| pair.len() == 2));
    whole.then_some(())?;
    Some(points.iter().map(|point| if time_first { (&point[0], &point[1]) } else { (&point[1], &point[0]) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_belongs_to_the_name_whoever_writes_it() {
        for (unit, name) in [
            (None, "p95"),
            (Some("short"), "p95"),
            (Some("req"), "p95"),
            (Some("ms"), "p95 (ms)"),
            (Some("\u{b5}s"), "p95 (us)"),
            (Some("\u{3bc}s"), "p95 (us)"),
            (Some("percent"), "p95 (%)"),
            (Some("percentunit"), "p95 (percentunit)"),
            (Some("m"), "p95 (m)"),
        ] {
            assert_eq!(with_unit("p95", unit), name);
        }
    }
}
