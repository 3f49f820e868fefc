//! The logs that servers and load generators write as objects or tables with names of their own: known by keys that stand
//! together nowhere else, which say what the unit of the latency is.

use super::super::TimeUnit::{self, Microseconds, Milliseconds, Nanoseconds, Seconds};

/// A program's log.
pub(super) struct Known {
    /// Whose it is, for people.
    pub(super) program: &'static str,
    /// What every row has, by which it is known.
    keys: &'static [&'static str],
    /// Where the latency is, and what it is in.
    pub(super) latency: (&'static str, TimeUnit),
    /// Where the status is, if there is one.
    pub(super) status: Option<&'static str>,
    /// Where the time is, if its name is not a usual one.
    pub(super) time: &'static [&'static str],
    /// Whether other messages stand between the requests, which have neither status nor latency.
    pub(super) mixed: bool,
}

const KNOWN: [Known; 27] = [
    Known {
        program: "Caddy",
        keys: &["logger", "request.uri", "duration", "status"],
        latency: ("duration", Seconds),
        status: Some("status"),
        time: &["ts"],
        mixed: true,
    },
    Known {
        program: "Caddy",
        keys: &["duration", "size", "status", "resp_headers"],
        latency: ("duration", Seconds),
        status: Some("status"),
        time: &["ts"],
        mixed: true,
    },
    Known {
        program: "Caddy",
        keys: &["duration", "size", "status", "request.uri"],
        latency: ("duration", Seconds),
        status: Some("status"),
        time: &["ts"],
        mixed: true,
    },
    Known {
        program: "pino-http",
        keys: &["res.statusCode", "responseTime"],
        latency: ("responseTime", Milliseconds),
        status: Some("res.statusCode"),
        time: &["time"],
        mixed: true,
    },
    Known {
        program: "express-winston",
        keys: &["meta.res.statusCode", "meta.responseTime"],
        latency: ("meta.responseTime", Milliseconds),
        status: Some("meta.res.statusCode"),
        time: &[],
        mixed: true,
    },
    Known {
        program: "Traefik",
        keys: &["DownstreamStatus", "Duration"],
        latency: ("Duration", Nanoseconds),
        status: Some("DownstreamStatus"),
        time: &["StartUTC", "time"],
        mixed: false,
    },
    Known {
        program: "vegeta",
        keys: &["attack", "seq", "code", "latency"],
        latency: ("latency", Nanoseconds),
        status: Some("code"),
        time: &["timestamp"],
        mixed: false,
    },
    Known {
        program: "the Elastic Common Schema",
        keys: &["event.duration", "http.response.status_code"],
        latency: ("event.duration", Nanoseconds),
        status: Some("http.response.status_code"),
        time: &["@timestamp"],
        mixed: true,
    },
    Known {
        program: "Envoy",
        keys: &["response_code", "response_flags", "duration"],
        latency: ("duration", Milliseconds),
        status: Some("response_code"),
        time: &["start_time"],
        mixed: false,
    },
    Known {
        program: "CloudFront",
        keys: &["sc-status", "time-taken", "x-edge-location"],
        latency: ("time-taken", Seconds),
        status: Some("sc-status"),
        time: &[],
        mixed: false,
    },
    Known {
        program: "Kong",
        keys: &["latencies.request", "response.status"],
        latency: ("latencies.request", Milliseconds),
        status: Some("response.status"),
        time: &["started_at"],
        mixed: false,
    },
    Known {
        program: "Serilog",
        keys: &["Elapsed", "StatusCode", "RequestMethod"],
        latency: ("Elapsed", Milliseconds),
        status: Some("StatusCode"),
        time: &["@t", "Timestamp"],
        mixed: true,
    },
    Known {
        program: "Serilog",
        keys: &["Properties.Elapsed", "Properties.StatusCode"],
        latency: ("Properties.Elapsed", Milliseconds),
        status: Some("Properties.StatusCode"),
        time: &["@t", "Timestamp"],
        mixed: true,
    },
    Known {
        program: "lograge",
        keys: &["controller", "action", "status", "duration"],
        latency: ("duration", Milliseconds),
        status: Some("status"),
        time: &["@timestamp", "time", "timestamp"],
        mixed: true,
    },
    Known {
        program: "logback-access",
        keys: &["status_code", "elapsed_time", "requested_uri"],
        latency: ("elapsed_time", Milliseconds),
        status: Some("status_code"),
        time: &["@timestamp"],
        mixed: false,
    },
    Known {
        program: "API Gateway",
        keys: &["responseLatency", "status", "requestId"],
        latency: ("responseLatency", Milliseconds),
        status: Some("status"),
        time: &["requestTimeEpoch", "requestTime"],
        mixed: false,
    },
    Known {
        program: "Elastic APM",
        keys: &["transaction.duration.us", "http.response.status_code"],
        latency: ("transaction.duration.us", Microseconds),
        status: Some("http.response.status_code"),
        time: &["@timestamp"],
        mixed: true,
    },
    Known {
        program: "ab",
        keys: &["starttime", "seconds", "ctime", "dtime", "ttime", "wait"],
        latency: ("ttime", Milliseconds),
        status: None,
        time: &["seconds"],
        mixed: false,
    },
    Known {
        program: "hey",
        keys: &["response_time_s", "DNS+dialup", "status_code"],
        latency: ("response_time_s", Seconds),
        status: Some("status_code"),
        time: &["time"],
        mixed: false,
    },
    Known {
        program: "oha",
        keys: &["request_duration_s", "DNS+dialup", "status"],
        latency: ("request_duration_s", Seconds),
        status: Some("status"),
        time: &["time"],
        mixed: false,
    },
    Known {
        program: "Heroku",
        keys: &["dyno", "service", "status", "connect"],
        latency: ("service", Milliseconds),
        status: Some("status"),
        time: &[],
        mixed: false,
    },
    Known {
        program: "Google Cloud",
        keys: &["httpRequest.status", "httpRequest.latency"],
        latency: ("httpRequest.latency", Seconds),
        status: Some("httpRequest.status"),
        time: &["timestamp", "receiveTimestamp"],
        mixed: true,
    },
    Known {
        program: "Azure Application Gateway",
        keys: &["properties.httpStatus", "properties.timeTaken", "properties.serverResponseLatency"],
        latency: ("properties.timeTaken", Seconds),
        status: Some("properties.httpStatus"),
        time: &["timeStamp", "time"],
        mixed: true,
    },
    Known {
        program: "Azure Front Door",
        keys: &["properties.httpStatusCode", "properties.timeTaken", "properties.trackingReference"],
        latency: ("properties.timeTaken", Seconds),
        status: Some("properties.httpStatusCode"),
        time: &["time"],
        mixed: true,
    },
    Known {
        program: "restify",
        keys: &["audit", "latency", "res.statusCode"],
        latency: ("latency", Milliseconds),
        status: Some("res.statusCode"),
        time: &["time"],
        mixed: true,
    },
    Known {
        program: "AWS Lambda",
        keys: &["duration_ms", "cold_start"],
        latency: ("duration_ms", Milliseconds),
        status: None,
        time: &["time"],
        mixed: false,
    },
    Known {
        program: "AWS Lambda",
        keys: &["type", "record.status", "record.metrics.durationMs"],
        latency: ("record.metrics.durationMs", Milliseconds),
        status: Some("record.status"),
        time: &["time"],
        mixed: true,
    },
];

/// Programs that write no row of a request that got no answer.
const OF_ANSWERS: [&str; 3] = ["hey", "oha", "ab"];

/// Programs whose requests may fail without a word of it.
const SILENT: [&str; 2] = ["ab", "AWS Lambda"];

/// Whether requests of a program may fail without a word of it.
pub(super) fn is_silent(program: &str) -> bool {
    SILENT.contains(&program)
}

/// Whether a program writes only the requests that got an answer.
pub(super) fn is_of_answers(program: &str) -> bool {
    OF_ANSWERS.contains(&program)
}

/// Whether a column with this name is the latency of any of these programs.
pub(super) fn is_latency(name: &str) -> bool {
    KNOWN.iter().any(|known| known.latency.0 == name)
}

/// Whose log has columns of these names.
pub(super) fn of(names: &[&str]) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.keys.iter().all(|key| names.contains(key)))
}
