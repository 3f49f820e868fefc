//! The measurements that an AnalysisRun recorded, as data: they are judged again without asking anybody.

use crate::import::condition::Value;
use crate::import::documents::{Document, list, text_at};
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::number::plain;
use crate::import::stores::Store;
use crate::text::node::Node;
use crate::text::yaml::quoted;

/// What was recorded of a metric, oldest first.
fn measurements<'n>(document: &'n Document, name: &str) -> &'n [Node] {
    let results = list(&document.node, &["status", "metricResults"]).iter();
    let own = results.filter(|result| text_at(result, &["name"]) == Some(name)).last();
    own.map(|own| list(own, &["measurements"])).unwrap_or_default()
}

/// The values that were recorded of a metric; an error recorded none.
pub(super) fn values(document: &Document, name: &str) -> Vec<String> {
    measurements(document, name).iter().map(|one| text_at(one, &["value"]).unwrap_or_default().to_owned()).collect()
}

/// Adds a metric that reads what was recorded, if that are numbers with times.
pub(super) fn add(
    gate: &mut Gate,
    document: &Document,
    called: &str,
    bounds: &[Bound],
    field: Option<&str>,
) -> Option<String> {
    let mut rows = String::new();
    for one in measurements(document, called) {
        let time = text_at(one, &["finishedAt"]).or_else(|| text_at(one, &["startedAt"]))?;
        let value = Value::recorded(text_at(one, &["value"]).unwrap_or_default());
        let number = number(&value, field).filter(|number| number.is_finite()).map(plain).unwrap_or_default();
        rows.push_str(&format!("{},canary,{number}\n", time.trim()));
    }
    if rows.is_empty() || bounds.is_empty() || rows.lines().all(|row| row.ends_with(',')) {
        return None;
    }
    let file = format!("{}-{}.csv", gate.name, gate.data.len() + 1);
    let keys = format!(
        "file: {{ path: {}, time: time, arm: {{ column: arm, baseline: baseline, canary: canary }} }}",
        quoted(&file)
    );
    let source = gate.source("measurements", keys);
    gate.data.push((file, format!("time,arm,value\n{rows}")));
    let comment = Some(format!("{}: the measurements that were recorded", document.shown));
    let store = Store { source: source.clone(), query: String::new(), is_prometheus: false };
    let asked = Asked { called: called.to_owned(), store, comment, every_point: false };
    let shape = format!("source: {source}, gauge: {{ value: value }}");
    Some(measure::put(gate, &asked, shape, bounds, plain))
}

/// The number that a condition looks at.
fn number(value: &Value, field: Option<&str>) -> Option<f64> {
    let Some(path) = field else { return first(value) };
    let mut at = value.clone();
    for key in path.split('.') {
        let Value::Map(entries) = at else { return None };
        at = entries.into_iter().find(|(own, _)| own == key)?.1;
    }
    first(&at)
}

/// A number, the number that a text is, or the first of a list.
fn first(value: &Value) -> Option<f64> {
    match value {
        Value::Text(text) => text.parse().ok(),
        Value::List(items) => first(items.first()?),
        other => other.number(),
    }
}
