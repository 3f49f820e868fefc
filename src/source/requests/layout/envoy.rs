//! Envoy's access log: `[%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% %DURATION%`.
//!
//! What its operators write: <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage>.

use super::pieces::{Holds, Pieces, Placed, mistake};
use super::strftime;
use crate::source::requests::condition::Mistake;
use crate::source::requests::unit::TimeUnit;

/// Whole numbers.
const WHOLE: [&str; 3] = ["response_code", "bytes_received", "bytes_sent"];
/// Numbers of milliseconds that a part of a request took: none of them is the latency.
const PARTS: [&str; 4] = ["request_duration", "request_tx_duration", "response_duration", "response_tx_duration"];

/// Whether a text is written so.
pub(super) fn is(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| operator(&text[at..]).is_some())
}

/// An operator: `%REQ(:METHOD)%`, `%REQ(USER-AGENT):40%`.
struct Operator<'t> {
    name: &'t str,
    argument: Option<&'t str>,
    len: usize,
}

fn operator(text: &str) -> Option<Operator<'_>> {
    let rest = text.strip_prefix('%')?;
    let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let (argument, rest) = match rest.strip_prefix('(') {
        Some(inner) => {
            let close = inner.find(")%").or_else(|| inner.find("):"))?;
            (Some(&inner[..close]), &inner[close + 1..])
        }
        None => (None, rest),
    };
    let rest = match rest.strip_prefix(':') {
        Some(cut) => cut.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let rest = rest.strip_prefix('%').filter(|_| name.len() > 2)?;
    Some(Operator { name, argument, len: text.len() - rest.len() })
}

pub(super) fn parse(text: &str) -> Result<Vec<Placed>, Mistake> {
    Pieces::by_percent(text, |pieces, at, rest| {
        let hint = "Envoy's operators are written `%RESPONSE_CODE%` or `%REQ(:PATH)%`; a percent sign is `%%`";
        let found = operator(rest).ok_or_else(|| mistake(at, "`%` begins no operator", hint))?;
        let (name, holds) = field(&found).map_err(|(problem, hint)| mistake(at, problem, hint))?;
        pieces.field(at, name, holds);
        Ok(found.len)
    })
}

fn field(found: &Operator) -> Result<(String, Holds), (String, &'static str)> {
    let word = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
    };
    let name = found.name.to_ascii_lowercase();
    Ok(match (name.as_str(), found.argument) {
        ("start_time", Some(form)) if !form.is_empty() => (name, Holds::Formed(strftime::checked(form)?)),
        ("start_time" | "start_time_local", _) => (name, Holds::Time),
        ("req", Some(header)) => {
            // of two the second is written where the first is absent
            let last = header.rsplit('?').next().unwrap_or(header);
            let known = last.strip_prefix(':').map(|pseudo| pseudo.to_ascii_lowercase());
            (known.unwrap_or_else(|| format!("http_{}", word(last))), Holds::Text)
        }
        ("resp", Some(header)) => {
            let is_upstream = header.eq_ignore_ascii_case("x-envoy-upstream-service-time");
            let name = if is_upstream { "upstream_service_time".into() } else { format!("sent_http_{}", word(header)) };
            (name, Holds::Text)
        }
        (plain, None) if WHOLE.contains(&plain) => (name, Holds::Whole),
        ("duration", None) => (name, Holds::Took(TimeUnit::Milliseconds)),
        (plain, None) if PARTS.contains(&plain) => (name, Holds::Number),
        (_, Some(argument)) => (format!("{name}_{}", word(argument)), Holds::Text),
        _ => (name, Holds::Text),
    })
}
