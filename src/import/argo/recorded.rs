//! The measurements that an AnalysisRun recorded, as data: they are judged again without asking anybody.

use crate::import::condition::{Every, Value};
use crate::import::controller::{Phase, Rule};
use crate::import::documents::{Document, list, text_at};
use crate::import::draft::{Gate, file_name};
use crate::import::measure::{self, Asked, Bound};
use crate::import::number::plain;
use crate::import::stores::Store;
use crate::series::{SignedDuration, Timestamp};
use crate::text::node::Node;
use crate::text::spell::spell;
use crate::text::yaml::quoted;

/// What was recorded of a metric, oldest first.
fn measurements<'n>(document: &'n Document, name: &str) -> &'n [Node] {
    let results = list(&document.node, &["status", "metricResults"]).iter();
    let own = results.rev().find(|result| text_at(result, &["name"]) == Some(name));
    own.map(|own| list(own, &["measurements"])).unwrap_or_default()
}

/// The values that were recorded of a metric; an error recorded none.
pub(super) fn values(document: &Document, name: &str) -> Vec<Value> {
    let values = measurements(document, name).iter().map(|one| text_at(one, &["value"]).unwrap_or_default());
    values.map(Value::recorded).collect()
}

/// Why a pass of what was recorded could be wrong, if so: the controller stopped at what is not a number.
pub(super) fn unmeasured(rule: &Rule, field: Option<&str>) -> Option<String> {
    let is_finite = |value: &Value, of| number(value, field, of).is_some_and(f64::is_finite);
    let is_number = |value: &Value| [None, Some(true), Some(false)].into_iter().all(|of| is_finite(value, of));
    let many = rule.recorded.iter().filter(|value| !is_number(value)).count();
    let assessed = rule.of_recorded()?;
    let passes = matches!(assessed.phase, Phase::Successful | Phase::Running);
    (many > 0 && !passes).then(|| {
        let (word, reason) = (assessed.phase.word(), &assessed.reason);
        format!("{many} of them are not numbers, and davy has gaps for them. The controller says {word}: {reason}")
    })
}

/// Whether the smallest or the largest of several values decides: a limit on all of them is one on the largest.
///
/// # Errors
///
/// Several values were measured at once, and both decide.
fn decisive(rule: &Rule, field: Option<&str>, bounds: &[Bound]) -> Result<Option<bool>, String> {
    if let Some(is_upper) = measure::one_side(bounds) {
        return Ok(Some(is_upper));
    }
    let is_several = |value: &Value| matches!(at(value, field), Some(Value::List(items)) if items.len() > 1);
    match bounds.iter().any(|one| one.every == Every::All) && rule.recorded.iter().any(is_several) {
        true => Err("it measured several values at once, and more than one of them decides".into()),
        false => Ok(None),
    }
}

/// Adds a metric that reads what was recorded, if that are numbers with times.
///
/// # Errors
///
/// More than one number of a measurement decides.
pub(super) fn add(
    gate: &mut Gate,
    document: &Document,
    rule: &Rule,
    bounds: &[Bound],
    (interval, field): (SignedDuration, Option<&str>),
) -> Result<Option<String>, String> {
    let largest = decisive(rule, field, bounds)?;
    Ok(put(gate, document, rule, bounds, (interval, field, largest)))
}

fn put(
    gate: &mut Gate,
    document: &Document,
    rule: &Rule,
    bounds: &[Bound],
    (interval, field, largest): (SignedDuration, Option<&str>, Option<bool>),
) -> Option<String> {
    let mut points: Vec<(Timestamp, String)> = Vec::new();
    for (one, value) in measurements(document, &rule.name).iter().zip(&rule.recorded) {
        let time = text_at(one, &["finishedAt"]).or_else(|| text_at(one, &["startedAt"]))?;
        let number = number(value, field, largest).filter(|number| number.is_finite()).map(plain).unwrap_or_default();
        let time: Timestamp = time.trim().parse().ok()?;
        points.push((on_grid(&points, time, interval), number));
    }
    let (first, last) = (points.first()?.0, points.last()?.0);
    if bounds.is_empty() || points.iter().all(|(_, number)| number.is_empty()) {
        return None;
    }
    if gate.window.is_empty() {
        let step = spell(interval);
        let end = last.checked_add(interval).ok()?;
        gate.window = vec![
            format!("from: {}", quoted(&first.to_string())),
            format!("to: {}", quoted(&end.to_string())),
            format!("step: {step}"),
        ];
    }
    let rows: String = points.iter().map(|(time, number)| format!("{time},canary,{number}\n")).collect();
    let file = format!("{}-{}.csv", file_name(&gate.name), gate.data.len() + 1);
    let keys = format!(
        "file: {{ path: {}, time: time, arm: {{ column: arm, baseline: baseline, canary: canary }} }}",
        quoted(&file)
    );
    let source = gate.source("measurements", keys);
    gate.data.push((file, format!("time,arm,value\n{rows}")));
    let comment = format!("{}: the measurements that were recorded", document.shown);
    let asked = Asked::new(&rule.name, Store::of(source.clone()), comment);
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

/// The value that a condition looks at.
fn at(value: &Value, field: Option<&str>) -> Option<Value> {
    let mut at = value.clone();
    for key in field.into_iter().flat_map(|path| path.split('.')) {
        // `result[0].Values` has the field of the first one
        let of = match at {
            Value::List(items) => items.into_iter().next()?,
            other => other,
        };
        let Value::Map(entries) = of else { return None };
        at = entries.into_iter().find(|(own, _)| own == key)?.1;
    }
    Some(at)
}

/// The number that decides: of several the first, or the largest, or the smallest.
fn number(value: &Value, field: Option<&str>, largest: Option<bool>) -> Option<f64> {
    match (at(value, field)?, largest) {
        (Value::List(items), Some(largest)) => {
            let numbers = items.iter().map(alone).collect::<Option<Vec<f64>>>()?;
            // NaN is within no limit
            let most = |a: f64, b: f64| if a.is_nan() || (a > b) == largest { a } else { b };
            numbers.into_iter().reduce(|a, b| if b.is_nan() { b } else { most(a, b) })
        }
        (Value::List(items), None) => alone(items.first()?),
        (one, _) => alone(&one),
    }
}

/// A number, or the number that a text is.
fn alone(value: &Value) -> Option<f64> {
    match value {
        Value::Text(text) => text.parse().ok(),
        other => other.number(),
    }
}
