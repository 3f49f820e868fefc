//! The measurements that an AnalysisRun recorded, as data: they are judged again without asking anybody.

use crate::import::condition::Value;
use crate::import::documents::{Document, list, text_at};
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::number::{self, plain};
use crate::import::stores::Store;
use crate::series::{SignedDuration, Timestamp};
use crate::text::node::Node;
use crate::text::yaml::quoted;

/// What was recorded of a metric, oldest first.
fn measurements<'n>(document: &'n Document, name: &str) -> &'n [Node] {
    let results = list(&document.node, &["status", "metricResults"]).iter();
    let own = results.rev().find(|result| text_at(result, &["name"]) == Some(name));
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
    (interval, field): (SignedDuration, Option<&str>),
) -> Option<String> {
    let mut points: Vec<(Timestamp, String)> = Vec::new();
    for one in measurements(document, called) {
        let time = text_at(one, &["finishedAt"]).or_else(|| text_at(one, &["startedAt"]))?;
        let value = Value::recorded(text_at(one, &["value"]).unwrap_or_default());
        let number = number(&value, field).filter(|number| number.is_finite()).map(plain).unwrap_or_default();
        let time: Timestamp = time.trim().parse().ok()?;
        points.push((on_grid(&points, time, interval), number));
    }
    let (first, last) = (points.first()?.0, points.last()?.0);
    if bounds.is_empty() || points.iter().all(|(_, number)| number.is_empty()) {
        return None;
    }
    if gate.window.is_empty() {
        let step = number::written(interval);
        let end = last.checked_add(interval).ok()?;
        gate.window = vec![
            format!("from: {}", quoted(&first.to_string())),
            format!("to: {}", quoted(&end.to_string())),
            format!("step: {step}"),
        ];
    }
    let rows: String = points.iter().map(|(time, number)| format!("{time},canary,{number}\n")).collect();
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let stem: String = gate.name.chars().map(|c| if is_fine(c) { c } else { '_' }).collect();
    let file = format!("{stem}-{}.csv", gate.data.len() + 1);
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
    let bounds: Vec<Bound> = bounds.iter().flat_map(measure::around).collect();
    Some(measure::put(gate, &asked, shape, &bounds, plain))
}

/// The time of a measurement on the grid of the interval: a controller is a little late each time, and never twice at once.
fn on_grid(before: &[(Timestamp, String)], time: Timestamp, interval: SignedDuration) -> Timestamp {
    let (Some((first, _)), Some((last, _))) = (before.first(), before.last()) else { return time };
    let steps = (time.duration_since(*first).as_secs_f64() / interval.as_secs_f64()).round().max(0.0);
    let at = i32::try_from(steps as i64).ok().and_then(|steps| first.checked_add(interval.checked_mul(steps)?).ok());
    match at.filter(|at| at > last) {
        Some(at) => at,
        None => last.checked_add(interval).unwrap_or(time),
    }
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
