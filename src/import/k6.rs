//! Thresholds of k6, from its options or from the summary of a run: what davy judges of the requests that k6 recorded.
//!
//! davy reads the output of `k6 run --out json=canary.json`, with that of the version before as the baseline.

use super::condition::Op;
use super::controller::Controller;
use super::controller::k6::{Of, Threshold};
use super::documents::{Document, at, entries, text, text_at};
use super::draft::Gate;
use super::imported::Imported;
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number::{self, percent, plain};
use super::stores::Store;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use crate::text::yaml::quoted;

/// The gate of the thresholds of a document.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for document in documents {
        let mut gate = Gate::new(Kind::K6, "load test");
        let mut rules = Vec::new();
        for (metric, entry, threshold) in thresholds(&document.node) {
            let what = format!("threshold {metric}: {threshold}");
            let added = match add(&mut gate, document, (metric, threshold), entry) {
                Ok(called) => Some(called),
                Err(why) => {
                    gate.lose(Note::open(document, entry.place, what, why), &mut imported.notes);
                    None
                }
            };
            rules.push((metric, rule((metric, threshold), entry, added)));
        }
        gate.controller = Some(Controller::K6(with_data(rules)));
        if gate.criteria() > 0 {
            imported.gates.push(gate);
        }
    }
    Ok(imported)
}

/// The threshold as k6 has it.
fn rule((metric, threshold): (&str, &str), entry: &Node, davys: Option<String>) -> Threshold {
    let name = format!("{metric}: {threshold}");
    let unknown = Threshold { name, metric: None, of: Of::Rate, op: Op::Below, limit: f64::NAN, aborts: None };
    let Ok((aggregate, op, limit)) = parsed(threshold) else { return unknown };
    let quantile = |text: &str| Some(Of::Quantile(number::number(text.strip_prefix('p')?)? / 100.0));
    let of = match aggregate.as_str() {
        "avg" => Some(Of::Mean),
        "min" => Some(Of::Min),
        "max" => Some(Of::Max),
        "rate" => Some(Of::Rate),
        other => quantile(other),
    };
    // a number is one of milliseconds
    let delay = text_at(entry, &["delayAbortEval"]).and_then(|text| match number::number(text) {
        Some(milliseconds) => Some(SignedDuration::from_millis(milliseconds as i64)),
        None => number::span(text),
    });
    let aborts = at(entry, &["abortOnFail"]).and_then(text) == Some("true");
    let aborts = aborts.then(|| delay.unwrap_or(SignedDuration::ZERO));
    match of {
        Some(of) => Threshold { metric: davys, of, op, limit, aborts, ..unknown },
        None => unknown,
    }
}

/// The thresholds, each with davy's data of the same metric: a mean has no criterion, and its requests are known all the same.
fn with_data(rules: Vec<(&str, Threshold)>) -> Vec<Threshold> {
    let known: Vec<(&str, String)> =
        rules.iter().filter_map(|(metric, rule)| Some((*metric, rule.metric.clone()?))).collect();
    let data = |metric: &str| known.iter().find(|(own, _)| *own == metric).map(|(_, data)| data.clone());
    let of = |(metric, rule): (&str, Threshold)| match rule.of {
        Of::Rate => rule,
        _ => Threshold { metric: rule.metric.clone().or_else(|| data(metric)), ..rule },
    };
    rules.into_iter().map(of).collect()
}

/// Every threshold with its metric: of options, or of each metric of a summary.
fn thresholds(node: &Node) -> Vec<(&str, &Node, &str)> {
    let mut found = Vec::new();
    let of_options = entries(node, &["thresholds"]).iter().map(|(metric, of)| (metric, Some(of)));
    let of_summary = entries(node, &["metrics"]).iter().map(|(metric, of)| (metric, of.get("thresholds")));
    for (metric, of) in of_options.chain(of_summary) {
        of.into_iter().for_each(|of| collect(&metric.value, of, &mut found));
    }
    found
}

fn collect<'n>(metric: &'n str, of: &'n Node, found: &mut Vec<(&'n str, &'n Node, &'n str)>) {
    match &of.value {
        // a summary has each threshold as a key
        Value::Map(entries) => {
            found.extend(entries.iter().map(|(threshold, node)| (metric, node, threshold.value.as_str())))
        }
        Value::List(items) => found.extend(items.iter().filter_map(|item| {
            let threshold = text(item).or_else(|| text_at(item, &["threshold"]))?;
            Some((metric, item, threshold))
        })),
        Value::Scalar { text, .. } => found.push((metric, of, text.as_str())),
        Value::Nothing => {}
    }
}

fn add(
    gate: &mut Gate,
    document: &Document,
    (metric, threshold): (&str, &str),
    entry: &Node,
) -> Result<String, String> {
    let (name, filter) = match metric.split_once('{') {
        Some((name, tags)) => (name, Some(filter(tags.trim_end_matches('}'))?)),
        None => (metric, None),
    };
    let (aggregate, op, limit) = parsed(threshold)?;
    let source = gate.source("requests", "requests: { path: \"${arm}.json\", format: k6 }".into());
    let comment = format!("{}:{}: {threshold}", document.shown, entry.place.line);
    let asked = Asked::new(name, Store::of(source.clone()), comment);
    let filter = filter.map(|filter| format!(", where: {}", quoted(&filter))).unwrap_or_default();
    match (name, aggregate.as_str()) {
        ("http_req_duration", "avg") => {
            Err("davy compares percentiles of requests, not their mean: write p(50)".into())
        }
        ("http_req_duration", "min") => Err("the fastest request says nothing of the others".into()),
        ("http_req_duration", statistic) if statistic != "max" && !statistic.starts_with('p') => {
            Err(format!("davy reads percentiles and the maximum of durations, and not `{statistic}`"))
        }
        ("http_req_duration", statistic) => {
            let bound = Bound::new(op, limit).with(format!("statistic: {statistic}"));
            let shape = format!("source: {source}{filter}, values: {{ value: latency, unit: ms }}");
            Ok(measure::put(gate, &asked, shape, &[bound], |limit| format!("{}ms", plain(limit))))
        }
        ("http_req_failed", "rate") => {
            let shape = format!("source: {source}{filter}, rate: {{ bad: errors, total: requests }}");
            Ok(measure::put(gate, &asked, shape, &[Bound::new(op, limit)], percent))
        }
        _ => Err("davy reads durations and failures of requests from k6's output, and not this metric".into()),
    }
}

/// `p(95)<500`: what of the values, and its limit.
fn parsed(threshold: &str) -> Result<(String, Op, f64), String> {
    let signs = [
        ("<=", Op::AtMost),
        (">=", Op::AtLeast),
        ("===", Op::Equal),
        ("==", Op::Equal),
        ("<", Op::Below),
        (">", Op::Above),
    ];
    let wrong = || format!("`{threshold}` is not a threshold that davy reads: write `p(95)<500`");
    let (of, op, limit) = signs
        .into_iter()
        .find_map(|(sign, op)| threshold.split_once(sign).map(|(of, limit)| (of.trim(), op, limit.trim())))
        .ok_or_else(wrong)?;
    let limit = number::number(limit).ok_or_else(wrong)?;
    let aggregate = match of.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')')) {
        Some(q) => format!("p{}", number::number(q).map(plain).ok_or_else(wrong)?),
        None if of == "med" => "p50".into(),
        None => of.to_owned(),
    };
    Ok((aggregate, op, limit))
}

/// Tags as a condition on rows.
fn filter(tags: &str) -> Result<String, String> {
    let parts = tags.split(',').map(|tag| {
        let (key, value) = tag.split_once(':').ok_or_else(|| format!("`{tag}` is not a tag"))?;
        Ok(format!("{} = \"{}\"", key.trim(), value.trim().trim_matches('"')))
    });
    parts.collect::<Result<Vec<String>, String>>().map(|parts| parts.join(" and "))
}
