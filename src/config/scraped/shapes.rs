//! What a metric of Prometheus looks like, by its kind, its name and the labels of its series.

use std::collections::BTreeSet;

use crate::source::prometheus::{Kind, Listed};

/// Labels with a status.
const STATUS: [&str; 9] = [
    "code",
    "status",
    "status_code",
    "http_status",
    "http_status_code",
    "response_code",
    "http_response_status_code",
    "statuscode",
    "grpc_code",
];
/// Labels with an outcome in words.
const OUTCOME: [&str; 5] = ["outcome", "result", "status", "state", "success"];
/// Words of what went wrong, as values of such a label.
const WRONG: [&str; 12] = [
    "error",
    "errors",
    "err",
    "failure",
    "failures",
    "failed",
    "fail",
    "server_error",
    "exception",
    "timeout",
    "5xx",
    "false",
];
/// Words of what went wrong, in names of counters.
const EVENTS: [&str; 12] = [
    "error",
    "errors",
    "failure",
    "failures",
    "failed",
    "timeout",
    "timeouts",
    "exceptions",
    "panics",
    "rejected",
    "dropped",
    "restarts",
];

/// The shape that a metric is judged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Bad ones, by a matcher, among all.
    Rate { base: String, bad: String },
    /// Occurrences of what goes wrong.
    Events { base: String },
    /// How long requests took, or how large they are.
    Latency { base: String, unit: &'static str },
}

/// The shape; nothing for what only says how busy a service is, and for gauges.
pub(super) fn shape(listed: &Listed) -> Option<Shape> {
    match listed.kind {
        Kind::Gauge => None,
        Kind::Histogram => latency(&listed.name),
        Kind::Counter => rate(listed).or_else(|| events(&listed.name)),
    }
}

fn rate(listed: &Listed) -> Option<Shape> {
    let base = plain(listed.name.trim_end_matches("_total").trim_end_matches("_count"));
    let is_status = |value: &&str| value.len() == 3 && value.starts_with(['1', '2', '3', '4', '5']) && is_class(value);
    let by_status = STATUS.iter().find(|label| {
        let values = listed.values(label);
        !values.is_empty() && values.iter().all(is_status)
    });
    if let Some(label) = by_status {
        return Some(Shape::Rate { base: format!("{base}_errors"), bad: format!("{label}=~\"5..\"") });
    }
    let by_outcome = OUTCOME.iter().find_map(|label| {
        let values = listed.values(label);
        let wrong: BTreeSet<&str> =
            values.iter().copied().filter(|value| WRONG.contains(&value.to_lowercase().as_str())).collect();
        // of a label that has errors alone, nothing says what all of them are
        (!wrong.is_empty() && wrong.len() < values.len()).then_some((label, wrong))
    });
    by_outcome.map(|(label, wrong)| Shape::Rate {
        base: format!("{base}_errors"),
        bad: format!("{label}=~\"{}\"", wrong.into_iter().collect::<Vec<_>>().join("|")),
    })
}

/// `200`, `2xx`.
fn is_class(value: &str) -> bool {
    let rest = &value[1..];
    rest.bytes().all(|byte| byte.is_ascii_digit()) || rest.eq_ignore_ascii_case("xx")
}

fn events(name: &str) -> Option<Shape> {
    let base = name.trim_end_matches("_total");
    base.split(['_', ':']).any(|word| EVENTS.contains(&word)).then(|| Shape::Events { base: plain(base) })
}

fn latency(name: &str) -> Option<Shape> {
    let base = name.trim_end_matches("_bucket");
    let units = [("_seconds", "s"), ("_milliseconds", "ms"), ("_ms", "ms"), ("_microseconds", "us"), ("_bytes", "B")];
    let (end, unit) = units.into_iter().find(|(end, _)| base.ends_with(end))?;
    // how large answers are is seldom what a canary is judged by
    (unit != "B").then(|| Shape::Latency { base: plain(&base[..base.len() - end.len()]), unit })
}

/// A name of Prometheus as one of davy: without the colons of recording rules.
fn plain(text: &str) -> String {
    text.replace(':', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, kind: Kind, label: &str, values: &[&str]) -> Option<Shape> {
        let series = values.iter().map(|value| vec![(label.to_owned(), (*value).to_owned())]).collect();
        shape(&Listed { name: name.into(), kind, series })
    }

    #[test]
    fn a_status_an_outcome_and_a_name_tell_what_is_bad() {
        let rate = |bad: &str| Some(Shape::Rate { base: "rpc_errors".into(), bad: bad.into() });
        assert_eq!(of("rpc_total", Kind::Counter, "code", &["200", "503"]), rate("code=~\"5..\""));
        assert_eq!(of("rpc_total", Kind::Counter, "status", &["2xx"]), rate("status=~\"5..\""));
        assert_eq!(
            of("rpc_total", Kind::Counter, "result", &["ok", "error", "failed"]),
            rate("result=~\"error|failed\"")
        );
        assert_eq!(of("rpc_total", Kind::Counter, "code", &["200", "€€"]), None);
        assert_eq!(of("rpc_total", Kind::Counter, "result", &["error"]), None);
        let events = Some(Shape::Events { base: "queue_dropped".into() });
        assert_eq!(of("queue_dropped_total", Kind::Counter, "a", &["b"]), events);
        let latency = Some(Shape::Latency { base: "rpc_duration".into(), unit: "s" });
        assert_eq!(of("rpc_duration_seconds_bucket", Kind::Histogram, "le", &["1"]), latency);
        assert_eq!(of("load", Kind::Gauge, "code", &["200"]), None);
    }
}
