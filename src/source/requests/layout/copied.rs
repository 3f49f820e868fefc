//! A layout as it is copied out of a server's configuration, and layouts of programs that davy does not read.

use std::borrow::Cow;

use super::pieces::mistake;
use crate::source::requests::condition::Mistake;

/// The layout without what is around it: `log_format main '…' '…';`, `LogFormat "…" combined`, an end of a line.
pub(super) fn text(written: &str) -> Cow<'_, str> {
    let trimmed = written.trim_matches(['\n', '\r']);
    let trimmed = trimmed.strip_suffix("\\n").unwrap_or(trimmed);
    let begun = trimmed.trim_start();
    let directive = ["log_format ", "LogFormat ", "CustomLog "].iter().find_map(|name| begun.strip_prefix(name));
    let is_quoted = |text: &str| {
        let text = text.trim().trim_end_matches(';');
        ['\'', '"'].iter().any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote))
    };
    if directive.is_none() && !is_quoted(trimmed) {
        return if trimmed.contains("\\\"") { trimmed.replace("\\\"", "\"").into() } else { trimmed.into() };
    }
    let joined = quoted(directive.unwrap_or(trimmed));
    if joined.is_empty() { trimmed.into() } else { joined.into() }
}

/// The texts in quotes, one behind the other.
fn quoted(text: &str) -> String {
    let (mut joined, mut open) = (String::new(), None);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (open, c) {
            (None, '\'' | '"') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            (Some(_), '\\') if matches!(rest.peek(), Some('"' | '\'' | '\\')) => joined.extend(rest.next()),
            (Some(_), c) => joined.push(c),
            (None, _) => {}
        }
    }
    joined
}

/// What a layout is that davy does not read.
pub(super) fn foreign(text: &str) -> Option<Mistake> {
    const HINT: &str = "write a pattern with names: `{time} {level} {route} status={status:int} took={latency:ms}`";
    let find = |marks: &[&str]| marks.iter().find_map(|mark| text.find(mark));
    if let Some(at) = find(&["%ci", "%ST", "%tr", "%Ta", "%Tt", "%ft"]) {
        return Some(mistake(at, "this is HAProxy's `log-format`, which davy does not read", HINT));
    }
    if let Some(at) = find(&["%(asctime)", "%(message)", "%(levelname)", "%(h)s", "%(t)s"]) {
        return Some(mistake(at, "this is a format of Python, which davy does not read", HINT));
    }
    let at = find(&["%d{", "%date{", "%msg", "%-5level", "%-5p", "%logger"])?;
    Some(mistake(at, "this is a pattern of Log4j or Logback, which davy does not read", HINT))
}
