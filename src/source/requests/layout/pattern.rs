//! A pattern with names: `{time} {level} status={status:int} took={latency:ms}`.
//!
//! `{name}` is a field, `{name:kind}` says what it holds, `{_}` is a field that nobody needs. A name with other characters
//! stands in backquotes, a brace is written twice.

use super::pieces::{Holds, Pieces, Placed, mistake};
use super::strftime;
use crate::source::requests::condition::Mistake;
use crate::source::requests::unit::TimeUnit;

const KINDS: &str =
    "kinds are text, int, number, ms, s, us, ns, duration (12ms), time, time(%Y-%m-%d %H:%M:%S) and list";

/// Whether a text is written so: a brace begins a name, and no directive of Apache.
pub(super) fn is(text: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || matches!(c, '_' | '`' | '@');
    text.match_indices('{').any(|(at, _)| {
        let before = text[..at].trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '!' | ',' | '<' | '>'));
        !before.ends_with('%') && !text[..at].ends_with('{') && text[at + 1..].starts_with(begins)
    })
}

pub(super) fn parse(text: &str) -> Result<Vec<Placed>, Mistake> {
    let mut pieces = Pieces::default();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        pieces.text(at, &text[at..brace]);
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            pieces.text(brace, &rest[..1]);
            at = brace + 2;
            continue;
        }
        if rest.starts_with('}') {
            return Err(mistake(brace, "`}` ends no field", "a brace of the log is written twice: `}}`"));
        }
        let close =
            end(rest).ok_or_else(|| mistake(brace, "`{` has no end", "a brace of the log is written twice: `{{`"))?;
        let (name, kind) = named(&rest[1..close]);
        let name = name.trim();
        let bare = name.starts_with('`') && name.ends_with('`') && name.len() > 2;
        let name = if bare { &name[1..name.len() - 1] } else { name };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
        if name.is_empty() || !bare && !name.chars().all(is_word) {
            let problem = format!("`{{{}}}` has no name for its field", &rest[1..close]);
            return Err(mistake(
                brace,
                problem,
                "write `{name}` or `{name:kind}`; a brace of the log is written twice",
            ));
        }
        let holds = holds(name, kind).map_err(|(problem, hint)| mistake(brace, problem, hint))?;
        pieces.field(brace, if name == "_" { "" } else { name }, holds);
        at = brace + close + 1;
    }
    pieces.text(at, &text[at..]);
    Ok(pieces.all)
}

/// Where a field ends: a brace in backquotes does not end it.
fn end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '`';
        (c == '}' && !quoted).then_some(at)
    })
}

/// A name and its kind.
fn named(inner: &str) -> (&str, Option<&str>) {
    let from = if inner.trim_start().starts_with('`') { inner.rfind('`').unwrap_or(0) } else { 0 };
    match inner[from..].find(':') {
        Some(colon) => (&inner[..from + colon], Some(inner[from + colon + 1..].trim())),
        None => (inner, None),
    }
}

fn holds(name: &str, kind: Option<&str>) -> Result<Holds, (String, String)> {
    if let Some(form) = kind.and_then(|kind| kind.strip_prefix("time(")?.strip_suffix(')')) {
        let form = strftime::checked(form).map_err(|(problem, hint)| (problem, hint.to_owned()))?;
        return Ok(Holds::Formed(form));
    }
    Ok(match kind {
        None if name == "time" => Holds::Time,
        None if name == "request" => Holds::Request,
        None | Some("text" | "word" | "string") => Holds::Text,
        Some("int" | "integer" | "whole") => Holds::Whole,
        Some("number" | "float") => Holds::Number,
        Some("duration") => Holds::Written,
        Some("time") => Holds::Time,
        Some("list") => Holds::Several,
        Some("request") => Holds::Request,
        Some(unit) => match TimeUnit::named(unit) {
            Some(unit) => Holds::Took(unit),
            None => return Err((format!("`{unit}` is not a kind of field"), KINDS.to_owned())),
        },
    })
}
