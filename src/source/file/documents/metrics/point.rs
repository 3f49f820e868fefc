//! Points of OpenTelemetry's metrics as they are written: numbers, histograms with bounds, histograms with a scale.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::members::{Object, at, attributes, list, whole};
use crate::source::error::Error;

/// Attributes by their names, in order.
pub(super) type Labels = BTreeMap<String, String>;

/// How the points of a stream relate to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each stands for itself.
    Gauge,
    /// Each counts from the end of the one before.
    Delta,
    /// Each counts from the start.
    Cumulative,
}

/// One point; its times are nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub start: u64,
    pub time: u64,
    pub sample: Sample,
}

/// What a point has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sample {
    Number(f64),
    /// A count, and how much of it is in each bucket; the last one has no bound.
    Explicit {
        count: f64,
        bounds: Vec<f64>,
        counts: Vec<f64>,
    },
    /// A count; what is not above zero; and buckets between powers of 2^(2^-scale), the first of this number.
    Exponential {
        count: f64,
        low: f64,
        threshold: f64,
        scale: i32,
        offset: i64,
        counts: Vec<f64>,
    },
}

/// A point with its stream; a point that says that nothing was recorded is none.
pub(super) struct Found {
    pub resource: Labels,
    pub name: String,
    /// What its values are measured in.
    pub unit: String,
    pub attributes: Labels,
    pub kind: Kind,
    pub point: Option<Point>,
}

/// All points of a document.
pub(super) fn all(document: &Object) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for resource in list(document.get("resourceMetrics")) {
        let resource_labels = labels(at(resource, &["resource", "attributes"]));
        for metric in list(resource.get("scopeMetrics")).flat_map(|scope| list(scope.get("metrics"))) {
            let name = metric.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let unit = metric.get("unit").and_then(Value::as_str).unwrap_or_default();
            let points = of_metric(metric).map_err(|error| error.value(&name))?;
            found.extend(points.into_iter().map(|(kind, attributes, point)| Found {
                resource: resource_labels.clone(),
                name: name.clone(),
                unit: unit.to_owned(),
                attributes,
                kind,
                point,
            }));
        }
    }
    Ok(found)
}

fn of_metric(metric: &Value) -> Result<Vec<(Kind, Labels, Option<Point>)>, Error> {
    let kinds = ["gauge", "sum", "histogram", "exponentialHistogram"];
    // summaries have percentiles of unknown windows, which nothing can be counted from
    let Some((kind, body)) = kinds.into_iter().find_map(|kind| Some((kind, metric.get(kind)?))) else {
        return Ok(Vec::new());
    };
    let is_monotonic = kind != "sum" || body.get("isMonotonic").and_then(Value::as_bool) == Some(true);
    let relation = match (kind, temporality(body)) {
        ("gauge", _) => Kind::Gauge,
        ("sum", Some(Kind::Cumulative)) if !is_monotonic => Kind::Gauge,
        (_, Some(relation)) if is_monotonic => relation,
        ("sum", Some(_)) => return Ok(Vec::new()),
        (_, _) => {
            return Err(Error::unreadable("does not say whether it is a delta or cumulative")
                .hint("Let the exporter write `aggregationTemporality`."));
        }
    };
    list(body.get("dataPoints"))
        .map(|written| Ok((relation, labels(written.get("attributes")), point(kind, relation, written)?)))
        .collect()
}

fn temporality(body: &Value) -> Option<Kind> {
    let written = body.get("aggregationTemporality")?;
    match (written.as_u64(), written.as_str()) {
        (Some(1), _) | (_, Some("AGGREGATION_TEMPORALITY_DELTA")) => Some(Kind::Delta),
        (Some(2), _) | (_, Some("AGGREGATION_TEMPORALITY_CUMULATIVE")) => Some(Kind::Cumulative),
        _ => None,
    }
}

fn point(kind: &str, relation: Kind, written: &Value) -> Result<Option<Point>, Error> {
    if whole(written, "flags").unwrap_or(0) & 1 == 1 {
        return Ok(None);
    }
    let incomplete = |what: &str| Error::unreadable(format!("has a point without {what}"));
    let start = whole(written, "startTimeUnixNano").unwrap_or(0);
    let time = whole(written, "timeUnixNano").filter(|time| *time > 0).ok_or_else(|| incomplete("its time"))?;
    if relation == Kind::Delta && (start == 0 || start > time) {
        return Err(incomplete("the start of its delta"));
    }
    let sample = match kind {
        "histogram" => explicit(written),
        "exponentialHistogram" => exponential(written),
        _ => number(written, "asInt").or_else(|| number(written, "asDouble")).map(Sample::Number),
    };
    Ok(Some(Point { start: start.min(time), time, sample: sample.ok_or_else(|| incomplete("what it counts"))? }))
}

fn explicit(written: &Value) -> Option<Sample> {
    let numbers = |name: &str| list(written.get(name)).map(as_number).collect::<Option<Vec<f64>>>();
    let (count, bounds, counts) = (number(written, "count")?, numbers("explicitBounds")?, numbers("bucketCounts")?);
    let is_whole = counts.is_empty() && bounds.is_empty() || counts.len() == bounds.len() + 1;
    let adds_up = counts.is_empty() || counts.iter().sum::<f64>() == count;
    (is_whole && adds_up).then_some(Sample::Explicit { count, bounds, counts })
}

fn exponential(written: &Value) -> Option<Sample> {
    let side = |name: &str| list(at(written, &[name, "bucketCounts"])).map(as_number).collect::<Option<Vec<f64>>>();
    let (count, counts) = (number(written, "count")?, side("positive")?);
    let low = number(written, "zeroCount").unwrap_or(0.0) + side("negative")?.iter().sum::<f64>();
    let offset = at(written, &["positive", "offset"]).and_then(Value::as_i64).unwrap_or(0);
    let scale = i32::try_from(written.get("scale").map_or(Some(0), Value::as_i64)?).ok()?;
    let threshold = number(written, "zeroThreshold").unwrap_or(0.0);
    let adds_up = low + counts.iter().sum::<f64>() == count && (-10..=20).contains(&scale);
    adds_up.then_some(Sample::Exponential { count, low, threshold, scale, offset, counts })
}

impl Sample {
    /// All that was counted.
    pub fn total(&self) -> f64 {
        match self {
            Sample::Number(count) | Sample::Explicit { count, .. } | Sample::Exponential { count, .. } => *count,
        }
    }

    /// The bounds at which it is known how much lies below: of a scale, the powers of two.
    pub fn edges(&self) -> Vec<f64> {
        match self {
            Sample::Number(_) => Vec::new(),
            Sample::Explicit { bounds, .. } => bounds.clone(),
            Sample::Exponential { counts, .. } if counts.is_empty() => Vec::new(),
            Sample::Exponential { scale, offset, counts, .. } => {
                let exponent = |index: i64| index as f64 * 2_f64.powi(-scale);
                let (first, last) = (exponent(*offset).floor(), exponent(*offset + counts.len() as i64).ceil());
                (first.max(-1000.0) as i32..=last.min(1000.0) as i32).map(|power| 2_f64.powi(power)).collect()
            }
        }
    }

    /// All that was counted, and what lies at or below each of the bounds where that is known.
    pub fn counted(&self, edges: &[f64]) -> (f64, Vec<(f64, f64)>) {
        let up_to = edges.iter().filter_map(|edge| Some((*edge, self.up_to(*edge)?)));
        (self.total(), up_to.collect())
    }

    fn up_to(&self, edge: f64) -> Option<f64> {
        match self {
            Sample::Number(_) => None,
            Sample::Explicit { bounds, counts, .. } => {
                let at = bounds.iter().position(|bound| *bound == edge)?;
                Some(counts[..=at].iter().sum())
            }
            Sample::Exponential { low, threshold, scale, offset, counts, .. } => {
                // the bucket of this number is the first above the bound
                let index = edge.log2() * 2_f64.powi(*scale);
                let above = index - *offset as f64;
                let is_inside = above > 0.0 && above < counts.len() as f64;
                if edge < *threshold || is_inside && index.fract() != 0.0 {
                    return None;
                }
                let below = above.clamp(0.0, counts.len() as f64) as usize;
                Some(low + counts[..below].iter().sum::<f64>())
            }
        }
    }
}

fn number(value: &Value, name: &str) -> Option<f64> {
    value.get(name).and_then(as_number)
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// Attributes as texts.
fn labels(written: Option<&Value>) -> Labels {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    attributes(written).map(|(key, value)| (key, text(value))).collect()
}
