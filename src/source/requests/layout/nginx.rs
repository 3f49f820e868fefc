//! nginx's `log_format`: `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent`.
//!
//! What its variables hold: <https://nginx.org/en/docs/http/ngx_http_log_module.html> and the pages of the other modules.

use super::pieces::{Holds, Pieces, Placed, mistake};
use crate::source::requests::condition::Mistake;
use crate::source::requests::unit::TimeUnit;

/// Whole numbers.
const WHOLE: [&str; 11] = [
    "status",
    "body_bytes_sent",
    "bytes_sent",
    "bytes_received",
    "request_length",
    "connection",
    "connection_requests",
    "content_length",
    "remote_port",
    "server_port",
    "pid",
];

/// Whether a text is written so.
pub(super) fn is(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| text[at + 1..].starts_with(|c: char| c == '{' || begins(c)))
}

fn begins(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn goes_on(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn parse(text: &str) -> Result<Vec<Placed>, Mistake> {
    let mut pieces = Pieces::default();
    let mut from = 0;
    while let Some(dollar) = text[from..].find('$').map(|at| from + at) {
        pieces.text(from, &text[from..dollar]);
        let rest = &text[dollar + 1..];
        let (name, end) = match rest.strip_prefix('{') {
            Some(braced) => {
                let close = braced.find('}').ok_or_else(|| mistake(dollar, "`${` has no end", "write `${name}`"))?;
                (&braced[..close], dollar + close + 3)
            }
            None => {
                let close = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
                (&rest[..close], dollar + 1 + close)
            }
        };
        if name.is_empty() || !name.starts_with(begins) || !name.chars().all(goes_on) {
            let hint = "nginx's variables are written `$status` or `${status}`";
            return Err(mistake(dollar, "`$` begins no variable", hint));
        }
        pieces.field(dollar, name, holds(name));
        from = end;
    }
    pieces.text(from, &text[from..]);
    Ok(pieces.all)
}

fn holds(name: &str) -> Holds {
    match name {
        "time_local" | "time_iso8601" | "msec" => Holds::Time,
        "request_time" | "session_time" => Holds::Took(TimeUnit::Seconds),
        "request" => Holds::Request,
        name if name.starts_with("upstream_") && !name.starts_with("upstream_http_") => Holds::Several,
        name if WHOLE.contains(&name) => Holds::Whole,
        _ => Holds::Text,
    }
}
