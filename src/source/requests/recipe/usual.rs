//! The names that columns usually have, and what they say: `latency_ms` is a latency in milliseconds.

use super::super::TimeUnit;
use super::super::Value;
use super::super::outcome;
use super::Means;
use super::sample::Sample;

/// Latencies, without their unit; what comes first is preferred.
const LATENCIES: [&str; 19] = [
    "latency",
    "duration",
    "elapsed",
    "elapsed_time",
    "response_time",
    "request_time",
    "time_taken",
    "took",
    "request_duration",
    "response_duration",
    "request_latency",
    "response_latency",
    "http_request_duration",
    "http_server_request_duration",
    "total_time",
    "responsetime",
    "reqtime",
    "processing_time",
    "rtt",
];

/// Columns with an HTTP status; what comes first is preferred.
pub const STATUS: [&str; 24] = [
    "status",
    "status_code",
    "statusCode",
    "http_status",
    "httpStatus",
    "http_status_code",
    "response_code",
    "responseCode",
    "response_status",
    "sc-status",
    "http.status_code",
    "http.response.status_code",
    "res.statusCode",
    "res.status",
    "response.status",
    "response.status_code",
    "response.statusCode",
    "response.code",
    "http.status",
    "http.statusCode",
    "httpRequest.status",
    "DownstreamStatus",
    "code",
    "rc",
];

/// What tells one request from another.
const ASKED: [&str; 16] = [
    "path",
    "uri",
    "url",
    "route",
    "method",
    "endpoint",
    "request",
    "request_id",
    "trace_id",
    "request_path",
    "request_uri",
    "request_method",
    "http_method",
    "operation",
    "remote_addr",
    "user_agent",
];

/// How a request went, beside its status or instead of it.
const OUTCOMES: [(&str, Means); 32] = [
    ("success", Means::Success),
    ("successful", Means::Success),
    ("is_success", Means::Success),
    ("succeeded", Means::Success),
    ("ok", Means::Success),
    ("is_ok", Means::Success),
    ("passed", Means::Success),
    ("expected_response", Means::Success),
    ("failed", Means::Failure),
    ("is_failed", Means::Failure),
    ("failure", Means::Failure),
    ("is_error", Means::Failure),
    ("has_error", Means::Failure),
    ("errored", Means::Failure),
    ("http_req_failed", Means::Failure),
    ("timeout", Means::Failure),
    ("timed_out", Means::Failure),
    ("is_timeout", Means::Failure),
    ("error", Means::Fault),
    ("err", Means::Fault),
    ("error_message", Means::Fault),
    ("err_msg", Means::Fault),
    ("error_msg", Means::Fault),
    ("error_text", Means::Fault),
    ("failure_message", Means::Fault),
    ("exception", Means::Fault),
    ("result", Means::Status),
    ("outcome", Means::Status),
    ("grpc_code", Means::Grpc),
    ("grpc_status", Means::Grpc),
    ("grpc_status_code", Means::Grpc),
    ("rpc_grpc_status_code", Means::Grpc),
];

/// Words in the names of columns that are about many requests, or (a span's parent) about parts of one.
const AGGREGATES: [&str; 28] = [
    "requests",
    "errors",
    "failures",
    "count",
    "counts",
    "total",
    "totals",
    "hits",
    "rate",
    "rps",
    "qps",
    "tps",
    "avg",
    "average",
    "mean",
    "median",
    "min",
    "max",
    "stddev",
    "stdev",
    "sum",
    "percentile",
    "quantile",
    "samples",
    "bucket",
    "users",
    "stats",
    "parent",
];

/// Whether a column with this name usually is an HTTP status.
fn is_status(name: &str) -> bool {
    STATUS.iter().any(|status| means(name, status))
}

/// Whether a name is the usual one, in whatever case; GELF puts `_` before names of one's own.
fn means(name: &str, usual: &str) -> bool {
    name.strip_prefix('_').unwrap_or(name).eq_ignore_ascii_case(usual)
}

/// Whether a column with this name usually is a latency, and if so the unit that its name says.
pub fn latency(name: &str) -> Option<Option<TimeUnit>> {
    rank(name).map(|(_, unit)| unit)
}

/// Which of these columns is the latency: of those whose unit is known the most usual name, or else of all.
pub fn pick_latency<'n>(names: &[&'n str]) -> Option<(&'n str, Option<TimeUnit>)> {
    let known = names.iter().filter_map(|name| rank(name).map(|(rank, unit)| (unit.is_none(), rank, *name, unit)));
    known.min_by_key(|(unknown, rank, ..)| (*unknown, *rank)).map(|(.., name, unit)| (name, unit))
}

/// Whether a table with these columns has a row for each request: it says two of how long one took, how it went and what
/// was asked, and nothing about many requests at once. A latency alone may be a metric's.
pub fn is_request(names: &[&str]) -> bool {
    let any = |is: &dyn Fn(&str) -> bool| names.iter().any(|name| is(name));
    let timed = any(&|name| latency(name).is_some());
    let status = any(&is_status);
    let ended = status || any(&|name| outcome(name).is_some());
    let asked = any(&|name| ASKED.contains(&joined(last(name)).as_str()));
    let known = |name: &str| latency(name).is_some() || is_status(name);
    // what is counted within an object may be anything, such as the length of a header
    let outer = |name: &str| words(name.split('.').next().unwrap_or(name));
    let many = any(&|name| !known(name) && outer(name).iter().any(|word| is_aggregate(word)));
    !many && (timed && (ended || asked) || status && asked)
}

/// What a column with this name usually says of how a request ended, beside a status.
fn outcome(name: &str) -> Option<Means> {
    let joined = joined(name);
    OUTCOMES.iter().find(|(usual, _)| *usual == joined).map(|(_, means)| *means)
}

/// Whether a column's cells may say how a request ended, or how long it took.
pub(super) fn is_telling(name: &str) -> bool {
    is_status(name) || outcome(name).is_some() || latency(name).is_some()
}

/// Whether a column with this name usually is of a single request.
pub fn is_of_a_request(name: &str) -> bool {
    is_telling(name) || ASKED.contains(&joined(last(name)).as_str())
}

/// The columns that say how a request ended: the most usual of each kind, whose cells can be understood.
pub(super) fn ends(sample: &Sample) -> Vec<(String, Means)> {
    let mut ends: Vec<(String, Means)> = Vec::new();
    let statuses = STATUS.iter().flat_map(|usual| {
        let is = move |name: &&String| means(name, usual);
        sample.names.iter().filter(is).map(|name| (name, Means::Status))
    });
    let outcomes = OUTCOMES.iter().flat_map(|(usual, means)| {
        let is = move |name: &&String| joined(name) == *usual;
        sample.names.iter().filter(is).map(|name| (name, *means))
    });
    for (name, means) in statuses.chain(outcomes) {
        let kind = |means: Means| if means == Means::Grpc { Means::Status } else { means };
        if ends.iter().any(|(_, known)| kind(*known) == kind(means)) {
            continue;
        }
        let cells = sample.cells(name);
        // a cell that is not understood is its row's fault, many are a column of another kind
        let is_understood = |cell: &String| outcome::of(&Value::Text(cell.as_bytes()), means).is_ok();
        let is_code = |cell: &String| cell.parse::<u8>().is_ok_and(|code| code <= 16);
        // small numbers alone may be codes of anything
        let unknown_codes = means == Means::Status && !cells.is_empty() && most(cells, is_code);
        if 2 * cells.iter().filter(|cell| is_understood(cell)).count() >= cells.len() && !unknown_codes {
            ends.push((name.clone(), means));
        }
    }
    ends
}

/// Whether nine of ten cells are so: what is wrong with one is said where its row is read.
pub(super) fn most<T>(cells: &[T], is: impl Fn(&T) -> bool) -> bool {
    !cells.is_empty() && 10 * cells.iter().filter(|cell| is(cell)).count() >= 9 * cells.len()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn rank(name: &str) -> Option<(usize, Option<TimeUnit>)> {
    let mut words = words(name);
    let unit = words.last().filter(|_| words.len() > 1).and_then(|word| TimeUnit::named(word));
    if unit.is_some() {
        words.pop();
        words.pop_if(|word| word == "in");
    }
    let stem = words.join("_");
    LATENCIES.iter().position(|usual| *usual == stem).map(|rank| (rank, unit))
}

fn joined(name: &str) -> String {
    words(name).join("_")
}

/// `responseTimeMs`, `response-time (ms)` and `response_time_ms` have the same words.
pub(in crate::source::requests) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let parts = !letter.is_alphanumeric() || letter.is_uppercase() && before.is_lowercase();
        if parts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.pop_if(|word| word.is_empty());
    words
}

fn is_aggregate(word: &str) -> bool {
    let quantile =
        word.strip_prefix('p').is_some_and(|rest| rest.len() > 1 && rest.bytes().all(|b| b.is_ascii_digit()));
    quantile || AGGREGATES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whether_it_is_a_latency_and_in_what() {
        let unit = TimeUnit::Milliseconds;
        for name in ["latency_ms", "latencyMs", "Response-Time (ms)", "took_ms", "duration_in_ms", "elapsed.millis"] {
            assert_eq!(latency(name), Some(Some(unit)), "{name}");
        }
        assert_eq!(latency("request_time"), Some(None));
        assert_eq!(latency("duration_s"), Some(Some(TimeUnit::Seconds)));
        assert_eq!(latency("latencyNs"), Some(Some(TimeUnit::Nanoseconds)));
        for name in ["time_ms", "ms", "p95_ms", "latency_avg", "status", "", "latency_budget", "avg_latency_ms"] {
            assert_eq!(latency(name), None, "{name}");
        }
    }

    #[test]
    fn the_latency_is_the_one_whose_unit_is_known() {
        let pick = |names: &[&str]| pick_latency(names).map(|(name, unit)| (name.to_string(), unit));
        assert_eq!(pick(&["time", "request_time", "took_us"]), Some(("took_us".into(), Some(TimeUnit::Microseconds))));
        assert_eq!(pick(&["elapsed", "latency"]), Some(("latency".into(), None)));
        assert_eq!(pick(&["time", "value"]), None);
    }

    #[test]
    fn a_row_per_request_is_told_from_a_row_per_step() {
        let is = |header: &str| is_request(&header.split(',').collect::<Vec<_>>());
        for header in [
            "time,arm,status,latency_ms",
            "ts,method,path,status",
            "timestamp,route,duration",
            "time,version,success,elapsed_ms",
            "@timestamp,statusCode,responseTimeMs,url",
        ] {
            assert!(is(header), "{header}");
        }
        for header in [
            "time,arm,errors,requests,p95_ms",
            "time,arm,latency_ms",
            "time,latency_ms,p99",
            "time,status,count",
            "time,route,latency_ms,request_count",
            "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time",
            "time,value",
            "TraceID,SpanID,ParentID,OperationName,StartTimeUnixNano,Duration",
            "starttime,seconds,ctime,dtime,ttime,wait",
            "",
        ] {
            assert!(!is(header), "{header}");
        }
    }
}
