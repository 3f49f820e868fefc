//! The logs of proxies and load balancers whose lines are fields between spaces: HAProxy, Envoy and Istio, AWS' classic one.
//!
//! A request that the client gave up has no status: Envoy writes 0 with the flag DC. It is no error of the server. Any other
//! text in the place of a status counts as an error, so that nothing passes because it cannot be read.

use super::super::TimeUnit;
use super::super::condition::Condition;
use super::super::split::spaced::{Field, Fields};
use super::head::{self, is_digits};
use super::{LatencyFrom, Lines, Means, Recipe, TimeFrom};

/// How many of the first lines are looked at.
const LOOKED_AT: usize = 50;

/// As AWS documents them.
const CLASSIC: [&str; 15] = [
    "time",
    "elb",
    "client:port",
    "backend:port",
    "request_processing_time",
    "backend_processing_time",
    "response_processing_time",
    "elb_status_code",
    "backend_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
];

/// As they stand when timers and server are fields of their own.
const HAPROXY: [&str; 18] = [
    "client",
    "accept_date",
    "frontend",
    "backend",
    "server",
    "Tq",
    "Tw",
    "Tc",
    "Tr",
    "Ta",
    "status",
    "bytes_read",
    "captured_request_cookie",
    "captured_response_cookie",
    "termination_state",
    "connections",
    "queues",
    "request",
];

/// Envoy's own format.
const ENVOY: [&str; 13] = [
    "start_time",
    "request",
    "response_code",
    "response_flags",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
];

/// Istio's, which says more of the answer.
const ISTIO: [&str; 22] = [
    "start_time",
    "request",
    "response_code",
    "response_flags",
    "response_code_details",
    "connection_termination_details",
    "upstream_transport_failure_reason",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
    "upstream_cluster",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "route_name",
];

const ENVOY_ERRORS: &str =
    "not (response_code >= 100 and response_code < 500) and not (response_code = 0 and response_flags like \"DC*\")";

fn recipe(names: &'static [&'static str], time: &str, latency: LatencyFrom) -> Recipe {
    let time = vec![TimeFrom::Column(time.into())];
    Recipe { time, latency: vec![latency], ..Recipe::plain(Lines::Spaced { names }) }
}

/// The time that a request took is the sum of three; each is -1 where no instance answered.
pub(super) fn classic() -> Recipe {
    let times = ["request_processing_time", "backend_processing_time", "response_processing_time"];
    let took = LatencyFrom::Sum(times.map(String::from).to_vec(), TimeUnit::Seconds);
    Recipe { ends: vec![("elb_status_code".into(), Means::Status)], ..recipe(&CLASSIC, "time", took) }
}

/// `Ta` is the time from the first byte of a request to the last one of its answer.
pub(super) fn haproxy() -> Recipe {
    let took = LatencyFrom::Column("Ta".into(), TimeUnit::Milliseconds);
    Recipe {
        ends: vec![("status".into(), Means::Status)],
        because: Some("HAProxy"),
        ..recipe(&HAPROXY, "accept_date", took)
    }
}

/// Envoy's format or Istio's, as the first lines show.
pub(super) fn envoy(head: &[u8]) -> Recipe {
    let names: &[&str] = if rows(head).any(|row| is_istio(&row)) { &ISTIO } else { &ENVOY };
    let took = LatencyFrom::Column("duration".into(), TimeUnit::Milliseconds);
    Recipe { error: envoy_errors(), because: Some("Envoy"), ..recipe(names, "start_time", took) }
}

/// Which of Envoy's requests are errors.
pub(super) fn envoy_errors() -> Option<Condition> {
    Condition::parse(ENVOY_ERRORS).ok()
}

pub(super) fn is_classic(head: &[u8]) -> bool {
    most(head, |row| {
        let parts = |at: usize| {
            row[at].inner.split(|byte| *byte == b'.').all(|part| is_digits(part.strip_prefix(b"-").unwrap_or(part)))
        };
        row.len() >= 12
            && row[0].mark == b' '
            && is_stamp(row[0].inner)
            && (4..7).all(parts)
            && (is_digits(row[7].inner) || row[7].inner == b"-")
            && row[11].mark == b'"'
    })
}

pub(super) fn is_haproxy(head: &[u8]) -> bool {
    most(head, |row| {
        let number = |at: usize| is_digits(row[at].inner.strip_prefix(b"-").unwrap_or(row[at].inner));
        row.len() == HAPROXY.len() && row[1].mark == b'[' && (5..11).all(number) && row[17].mark == b'"'
    })
}

pub(super) fn is_envoy(head: &[u8]) -> bool {
    most(head, |row| is_plain_envoy(row) || is_istio(row))
}

fn is_plain_envoy(row: &[Field]) -> bool {
    begins_like_envoy(row) && row.len() >= 12 && (4..7).all(|at| is_digits(row[at].inner))
}

fn is_istio(row: &[Field]) -> bool {
    begins_like_envoy(row) && row.len() >= 16 && row[6].mark == b'"' && (7..10).all(|at| is_digits(row[at].inner))
}

fn begins_like_envoy(row: &[Field]) -> bool {
    row.len() > 6 && row[0].mark == b'[' && is_stamp(row[0].inner) && row[1].mark == b'"' && is_digits(row[2].inner)
}

fn rows(head: &[u8]) -> impl Iterator<Item = Vec<Field<'_>>> {
    head::whole(head).take(LOOKED_AT).filter_map(|line| Fields::of(line).collect())
}

fn most(head: &[u8], is: impl Fn(&[Field]) -> bool) -> bool {
    let hits = rows(head).filter(|row| is(row)).count();
    hits > 0 && 2 * hits >= head::whole(head).take(LOOKED_AT).count()
}

/// `2026-11-29T10:00:00.000Z`
fn is_stamp(text: &[u8]) -> bool {
    text.len() >= 20 && text[10] == b'T' && text.ends_with(b"Z") && text[..4].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_is_can_be_read() {
        assert!(envoy_errors().is_some() && envoy(b"").error.is_some());
    }
}
