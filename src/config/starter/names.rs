//! What a column's name says: which quantity it holds, in which unit, and whether that matters to a canary.
//!
//! The same quantity has many names: `p95_ms`, `latency_p95`, `P95 (s)`. A name is compared by its words, its unit apart.

use crate::source::Named;

/// Counts of requests.
const REQUESTS: [&str; 14] = [
    "requests",
    "request_count",
    "requestcount",
    "count",
    "total",
    "invocations",
    "calls",
    "n",
    "num_requests",
    "total_requests",
    "trials",
    "total_request_count",
    "http_requests",
    "http_reqs",
];
/// Counts of requests that failed.
const ERRORS: [&str; 17] = [
    "errors",
    "error_count",
    "errorcount",
    "bad",
    "failures",
    "failed",
    "failure_count",
    "5xx",
    "5xxerror",
    "5xxerrors",
    "5xx_error",
    "5xx_errors",
    "http_5xx",
    "errors_5xx",
    "status_5xx",
    "faults",
    "total_failure_count",
];
/// Lookups that found something, and those that did not.
const HITS: [&str; 4] = ["hits", "hit", "cache_hits", "cachehits"];
const MISSES: [&str; 4] = ["misses", "miss", "cache_misses", "cachemisses"];
/// Latencies.
const LATENCIES: [&str; 6] = ["latency", "duration", "elapsed", "response_time", "responsetime", "took"];
/// Gauges of which more is worse; names of one gauge stand together.
const GAUGES: [&[&str]; 8] = [
    &["value"],
    &["cpu", "cpu_usage", "cpuutilization", "cpu_utilization"],
    &["memory", "mem", "memory_usage"],
    &["rss"],
    &["heap"],
    &["load"],
    &["threads"],
    &["queue_depth"],
];
/// Words of quantities that matter to a canary and that no name says how to judge.
const TELLING: [&str; 34] = [
    "success",
    "successes",
    "successful",
    "succeeded",
    "ok",
    "error",
    "errors",
    "err",
    "errs",
    "failure",
    "failures",
    "failed",
    "fail",
    "fails",
    "fault",
    "faults",
    "exception",
    "exceptions",
    "timeout",
    "timeouts",
    "crash",
    "crashes",
    "rejected",
    "dropped",
    "availability",
    "available",
    "uptime",
    "throughput",
    "apdex",
    "5xx",
    "latency",
    "latencies",
    "delay",
    "lag",
];

/// Units of columns as a configuration writes them.
const UNITS: [&str; 14] = ["ns", "us", "ms", "s", "%", "B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB"];

/// A unit of columns, if the text is one.
pub(in crate::config) fn known_unit(text: &str) -> Option<&'static str> {
    UNITS.into_iter().find(|unit| *unit == text)
}

/// The units of columns, for messages.
pub(in crate::config) fn units() -> String {
    UNITS.join(", ")
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// How many requests there were.
    Requests,
    /// How many of them failed.
    Errors,
    /// Lookups that found something.
    Hits,
    /// Lookups that did not.
    Misses,
    /// A quantile of an endpoint's latency per step.
    Percentile(Percentile),
    /// A latency.
    Latency,
    /// A gauge, by the first of its names.
    Gauge(&'static str),
    /// Something that matters, and that no name says how to judge.
    Telling,
    /// Anything else.
    Unknown,
}

/// A quantile in a name.
#[derive(Debug, Clone)]
pub(super) struct Percentile {
    /// Of what: "latency", "checkout".
    pub(super) endpoint: String,
    /// As written: "p95".
    pub(super) quantile: String,
    /// In (0, 1).
    pub(super) q: f64,
}

impl PartialEq for Percentile {
    fn eq(&self, other: &Self) -> bool {
        let endpoint = |of: &str| if LATENCIES.contains(&of) { LATENCIES[0].to_owned() } else { of.to_owned() };
        self.q == other.q && endpoint(&self.endpoint) == endpoint(&other.endpoint)
    }
}

/// A column's name, understood.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// Its words in lower case, joined by `_`.
    pub(super) plain: String,
    /// The same without the unit.
    pub(super) base: String,
    /// The unit as a configuration writes it, where the name has one.
    pub(super) unit: Option<&'static str>,
    pub(super) meaning: Meaning,
}

impl Name {
    pub(super) fn of(column: &str) -> Name {
        Name::measured_in(column, None)
    }

    /// A column whose unit somebody named.
    pub(super) fn measured_in(column: &str, said: Option<&str>) -> Name {
        let named = Named::of(column);
        let (plain, base) = (named.words.join("_"), named.base.join("_"));
        let unit = said.and_then(known_unit).or(named.unit);
        let meaning = meaning(&plain, &base, unit);
        Name { plain, base, unit, meaning }
    }

    /// Whether the two names may mean the same quantity.
    pub(super) fn means_same(&self, other: &Name) -> bool {
        let known = !matches!(self.meaning, Meaning::Telling | Meaning::Unknown);
        known && self.meaning == other.meaning && self.same_dimension(other)
    }

    fn same_dimension(&self, other: &Name) -> bool {
        match (self.unit, other.unit) {
            (Some(one), Some(other)) => dimension(one) == dimension(other),
            _ => true,
        }
    }
}

/// What units of one quantity have in common.
fn dimension(unit: &str) -> &'static str {
    match unit {
        "ms" | "s" | "us" | "ns" => "time",
        "%" => "share",
        _ => "size",
    }
}

fn meaning(plain: &str, base: &str, unit: Option<&str>) -> Meaning {
    let counted = counted(plain);
    let is = |names: &[&str]| names.contains(&plain) || names.contains(&counted);
    let time = unit.is_some_and(|unit| dimension(unit) == "time");
    match () {
        () if is(&REQUESTS) => Meaning::Requests,
        () if is(&ERRORS) => Meaning::Errors,
        () if is(&HITS) => Meaning::Hits,
        () if is(&MISSES) => Meaning::Misses,
        () => {
            let gauge = || GAUGES.iter().find(|names| names.contains(&base)).map(|names| Meaning::Gauge(names[0]));
            let latency = || LATENCIES.contains(&base).then_some(Meaning::Latency);
            let telling = || {
                let words: Vec<&str> = plain.split('_').collect();
                let told = time || words.iter().any(|word| TELLING.contains(word));
                let latency = LATENCIES.iter().any(|name| format!("_{plain}_").contains(&format!("_{name}_")));
                (told || latency).then_some(Meaning::Telling)
            };
            let known = percentile(base).map(Meaning::Percentile).or_else(latency).or_else(gauge);
            known.or_else(telling).unwrap_or(Meaning::Unknown)
        }
    }
}

/// The name of a count without the convention of Prometheus: `requests` of `http_requests_total`.
fn counted(plain: &str) -> &str {
    plain.strip_suffix("_total").map_or(plain, |base| base.strip_prefix("http_").unwrap_or(base))
}

/// The place of a count among its names: the smaller, the surer.
pub(super) fn rank(name: &Name) -> usize {
    let names: [&[&str]; 4] = [&REQUESTS, &ERRORS, &HITS, &MISSES];
    names.iter().find_map(|names| names.iter().position(|known| *known == counted(&name.plain))).unwrap_or(usize::MAX)
}

/// `latency_p95`, `p(95)`, `95th percentile` and `median latency` as the endpoint and the quantile.
fn percentile(base: &str) -> Option<Percentile> {
    let words: Vec<&str> = base.split('_').collect();
    let (at, count, percent) =
        (0..words.len()).find_map(|at| percent(&words[at..]).map(|(count, percent)| (at, count, percent)))?;
    let q = percent.parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent < 100.0)? / 100.0;
    let endpoint = [&words[..at], &words[at + count..]].concat().join("_");
    let named = !endpoint.is_empty() && crate::text::scalar::is_name(&endpoint);
    let endpoint = if named { endpoint } else { LATENCIES[0].to_owned() };
    Some(Percentile { endpoint, quantile: format!("p{percent}"), q })
}

/// The percentage that the first words say, and how many they are.
fn percent<'n>(words: &[&'n str]) -> Option<(usize, &'n str)> {
    let number = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok();
    let (first, next) = (*words.first()?, words.get(1).copied());
    if first == "median" {
        return Some((1, "50"));
    }
    if let Some(percent) = next.filter(|next| matches!(first, "p" | "percentile") && number(next)) {
        return Some((2, percent));
    }
    if let Some(percent) = first.strip_prefix('p').filter(number) {
        return Some((1, percent));
    }
    let (percent, ending) =
        ["percentile", "th", "p"].into_iter().find_map(|ending| Some((first.strip_suffix(ending)?, ending)))?;
    let followed = next == Some("percentile");
    let whole = ending != "th" || followed;
    (whole && number(&percent)).then_some((1 + usize::from(followed), percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_words_and_its_unit() {
        for name in ["p95_ms", "P95-ms", "p95Ms", "p95 (ms)", "p95.ms", "P95_MS", "p95MS", "latency_p95_milliseconds"] {
            let name = Name::of(name);
            assert_eq!(name.unit, Some("ms"), "{name:?}");
            assert!(name.means_same(&Name::of("p95_latency_s")), "{name:?}");
        }
        for name in ["p(95)", "95th percentile (ms)", "latency.95percentile", "duration 95p", "percentile 95"] {
            assert!(Name::of(name).means_same(&Name::of("p95_ms")), "{name}");
        }
        assert!(Name::of("Median Response Time").means_same(&Name::of("p50")));
        assert_eq!(Name::of("p99.9").plain, "p99.9");
        assert_eq!(Name::of("CPUUtilization").meaning, Meaning::Gauge("cpu"));
        assert_eq!(Name::of("cpu %").unit, Some("%"));
        assert_eq!(Name::of("RequestCount").meaning, Meaning::Requests);
    }

    #[test]
    fn different_quantities_are_never_the_same() {
        for (one, other) in [
            ("p95_ms", "p99_ms"),
            ("duration.95p", "duration.99p"),
            ("checkout_p95_ms", "search_p95_ms"),
            ("cpu_percent", "cpu_ms"),
            ("cpu", "memory"),
            ("errors", "requests"),
            ("region", "region"),
            ("success_rate", "success_rate"),
        ] {
            assert!(!Name::of(one).means_same(&Name::of(other)), "{one} {other}");
        }
    }

    #[test]
    fn what_matters_and_cannot_be_judged_is_noticed() {
        for name in [
            "success_rate",
            "successRate",
            "error",
            "availability_percent",
            "throughput",
            "response_ms",
            "avg_latency",
            "response_time_max",
        ] {
            assert_eq!(Name::of(name).meaning, Meaning::Telling, "{name}");
        }
        for name in ["region", "path", "request_id", "host", "orders", "size_bytes"] {
            assert_eq!(Name::of(name).meaning, Meaning::Unknown, "{name}");
        }
    }
}
