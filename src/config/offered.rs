//! What metrics of AWS's namespaces are good for, by their documentation; and what others look like.

use std::collections::BTreeSet;

use crate::text::yaml::literal;

/// The usual bound of what goes wrong among all.
pub(super) const NO_MORE_BAD: &str = "<= baseline + max(50%, 0.1pp)";

/// A metric of a configuration to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What it may be called.
    pub(super) name: String,
    /// Its shape: `rate: { … }`.
    pub(super) shape: String,
    /// A usual bound.
    pub(super) bound: String,
    /// Whether it need not be shown to hold, since another of its kind is: a guardrail.
    pub(super) guardrail: bool,
    /// Whether the shape is only what the name looks like.
    pub(super) guessed: bool,
}

/// What a documented metric is.
enum Is {
    /// Bad ones (second) of all (third).
    Rate(&'static str, &'static str, &'static str),
    /// A percentage (second) of all (third).
    Percent(&'static str, &'static str, &'static str),
    /// Good ones (second) and bad ones (third).
    Hits(&'static str, &'static str, &'static str),
    /// Durations of requests, in a unit.
    Latency(&'static str, &'static str, &'static str),
    /// Occurrences, with what shows that they could have been counted.
    Events(&'static str, &'static str, Option<&'static str>),
    /// A level, of which more is worse, in a unit.
    Level(&'static str, &'static str, &'static str),
}

const KNOWN: &[(&str, &[Is])] = &[
    (
        "AWS/Lambda",
        &[
            Is::Rate("errors", "Errors", "Invocations"),
            Is::Latency("duration", "Duration", "ms"),
            Is::Events("throttles", "Throttles", Some("Invocations")),
            Is::Events("dead_letter_errors", "DeadLetterErrors", Some("Invocations")),
        ],
    ),
    (
        "AWS/ApiGateway",
        &[
            Is::Rate("errors_5xx", "5XXError", "Count"),
            Is::Rate("errors_4xx", "4XXError", "Count"),
            Is::Rate("errors_5xx", "5xx", "Count"),
            Is::Rate("errors_4xx", "4xx", "Count"),
            Is::Latency("latency", "Latency", "ms"),
            Is::Latency("integration_latency", "IntegrationLatency", "ms"),
        ],
    ),
    (
        "AWS/ApplicationELB",
        &[
            Is::Rate("errors_5xx", "HTTPCode_Target_5XX_Count", "RequestCount"),
            Is::Rate("errors_4xx", "HTTPCode_Target_4XX_Count", "RequestCount"),
            Is::Latency("response_time", "TargetResponseTime", "s"),
            Is::Events("balancer_5xx", "HTTPCode_ELB_5XX_Count", Some("RequestCount")),
            Is::Events("rejected_connections", "RejectedConnectionCount", Some("RequestCount")),
            Is::Events("connection_errors", "TargetConnectionErrorCount", Some("RequestCount")),
        ],
    ),
    (
        "AWS/CloudFront",
        &[
            Is::Percent("errors_5xx", "5xxErrorRate", "Requests"),
            Is::Percent("errors_4xx", "4xxErrorRate", "Requests"),
            Is::Latency("origin_latency", "OriginLatency", "ms"),
        ],
    ),
    (
        "AWS/DynamoDB",
        &[
            Is::Latency("latency", "SuccessfulRequestLatency", "ms"),
            Is::Events("system_errors", "SystemErrors", Some("SuccessfulRequestLatency")),
            Is::Events("user_errors", "UserErrors", Some("SuccessfulRequestLatency")),
            Is::Events("throttled_requests", "ThrottledRequests", Some("SuccessfulRequestLatency")),
            Is::Events("read_throttles", "ReadThrottleEvents", Some("ConsumedReadCapacityUnits")),
            Is::Events("write_throttles", "WriteThrottleEvents", Some("ConsumedWriteCapacityUnits")),
        ],
    ),
    (
        "AWS/ElastiCache",
        &[
            Is::Hits("cache_hits", "CacheHits", "CacheMisses"),
            Is::Latency("read_latency", "SuccessfulReadRequestLatency", "us"),
            Is::Latency("write_latency", "SuccessfulWriteRequestLatency", "us"),
            Is::Level("engine_cpu", "EngineCPUUtilization", "%"),
            Is::Level("cpu", "CPUUtilization", "%"),
            Is::Level("memory", "DatabaseMemoryUsagePercentage", "%"),
            Is::Events("evictions", "Evictions", None),
        ],
    ),
];

/// What the metrics of one dimension set are good for, and those of which nothing is known.
pub(super) fn offered<'m>(namespace: &str, metrics: &BTreeSet<&'m str>) -> (Vec<Found>, Vec<&'m str>) {
    let known = KNOWN.iter().find(|(of, _)| *of == namespace).map_or(&[][..], |(_, known)| known);
    let found: Vec<(&Is, Vec<Found>)> =
        known.iter().map(|is| (is, is.found(metrics))).filter(|(_, found)| !found.is_empty()).collect();
    let used: Vec<&str> = found.iter().flat_map(|(is, _)| is.metrics()).collect();
    let rest: Vec<&str> = metrics.iter().copied().filter(|metric| !used.contains(metric)).collect();
    let found: Vec<Found> = found.into_iter().flat_map(|(_, found)| found).collect();
    match found.is_empty() {
        // Somebody asked for these: better a guess than nothing.
        true => (rest.into_iter().map(|metric| guess(namespace, metric)).collect(), Vec::new()),
        false => (found, rest),
    }
}

impl Is {
    fn metrics(&self) -> Vec<&'static str> {
        match *self {
            Is::Rate(_, one, other) | Is::Percent(_, one, other) | Is::Hits(_, one, other) => vec![one, other],
            Is::Latency(_, metric, _) | Is::Events(_, metric, _) | Is::Level(_, metric, _) => vec![metric],
        }
    }

    /// The metrics of a configuration, where all that they need is there.
    fn found(&self, there: &BTreeSet<&str>) -> Vec<Found> {
        if !self.metrics().iter().all(|metric| there.contains(metric)) {
            return Vec::new();
        }
        let one = |name: &str, shape: String, bound: &str| Found {
            name: name.to_owned(),
            shape,
            bound: bound.to_owned(),
            guardrail: false,
            guessed: false,
        };
        match *self {
            Is::Rate(name, bad, total) => {
                let shape = format!("rate: {{ bad: {}, total: {}, of: requests }}", literal(bad), literal(total));
                vec![one(name, shape, NO_MORE_BAD)]
            }
            Is::Percent(name, percent, total) => {
                let bad = format!("{{ metric: {}, stat: Average, percent_of_total: true }}", literal(percent));
                vec![one(name, format!("rate: {{ bad: {bad}, total: {}, of: requests }}", literal(total)), NO_MORE_BAD)]
            }
            Is::Hits(name, good, bad) => {
                let shape = format!("rate: {{ good: {}, bad: {}, of: lookups }}", literal(good), literal(bad));
                vec![one(name, shape, ">= baseline - 1pp")]
            }
            Is::Latency(name, metric, unit) => {
                let of = |(stat, percent): (&str, u32)| {
                    let shape = format!("gauge: {{ metric: {}, stat: {stat}, unit: {unit} }}", literal(metric));
                    let found = one(&format!("{name}_{stat}"), shape, &format!("<= baseline + {percent}%"));
                    Found { guardrail: stat != "p95", ..found }
                };
                [("p50", 5), ("p95", 10), ("p99", 15)].map(of).to_vec()
            }
            Is::Events(name, metric, alive) => {
                let alive = alive.filter(|alive| there.contains(alive));
                let alive = alive.map(|alive| format!(", alive: {}", literal(alive))).unwrap_or_default();
                vec![one(name, format!("events: {{ count: {}{alive} }}", literal(metric)), "<= baseline + 50%")]
            }
            Is::Level(name, metric, unit) => {
                let shape = format!("gauge: {{ metric: {}, stat: Average, unit: \"{unit}\" }}", literal(metric));
                vec![one(name, shape, "<= baseline + 10%")]
            }
        }
    }
}

/// Words that a counter's name ends with.
const COUNTED: [&str; 18] = [
    "count",
    "counts",
    "counter",
    "total",
    "errors",
    "error",
    "failures",
    "faults",
    "requests",
    "invocations",
    "calls",
    "hits",
    "misses",
    "timeouts",
    "retries",
    "fallbacks",
    "exceptions",
    "events",
];

/// What a metric looks like of which nothing is known.
fn guess(namespace: &str, metric: &str) -> Found {
    let plain = plain(metric);
    let counter = plain.rsplit('_').next().is_some_and(|last| COUNTED.contains(&last));
    // A name with a space would be taken for a namespace with a name.
    let spaced = if metric.contains(' ') { format!(", namespace: {}", literal(namespace)) } else { String::new() };
    let (shape, bound) = match (counter, spaced.is_empty()) {
        (true, true) => (format!("events: {{ count: {} }}", literal(metric)), "<= baseline + 50%"),
        (true, false) => {
            (format!("events: {{ count: {{ metric: {}{spaced}, stat: Sum }} }}", literal(metric)), "<= baseline + 50%")
        }
        (false, _) => (format!("gauge: {{ metric: {}{spaced}, stat: Average }}", literal(metric)), "<= baseline + 10%"),
    };
    let name = if plain.is_empty() { "metric".to_owned() } else { plain };
    Found { name, shape, bound: bound.to_owned(), guardrail: false, guessed: true }
}

/// A text as a name: its words in lower case, `_` between them.
pub(super) fn plain(text: &str) -> String {
    let mut result = String::new();
    let mut before_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && before_small {
            result.push('_');
        }
        before_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        match c.is_ascii_alphanumeric() {
            true => result.push(c.to_ascii_lowercase()),
            false if !result.ends_with('_') => result.push('_'),
            false => {}
        }
    }
    result.trim_matches('_').to_owned()
}
