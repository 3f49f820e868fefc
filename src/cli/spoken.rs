//! Values of arguments as they are typed, each with the words to type instead.

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::report::{Format, PageFormat};
use crate::source::prometheus::Listing;
use crate::source::requests::Condition;

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its form.
    pub format: Format,
    /// The file; without one, where the form belongs: the summary of a step on GitHub Actions.
    pub path: Option<PathBuf>,
}

pub(super) fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as version=42".into()),
    }
}

pub(super) fn failures(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "expected a number of failures, such as 10".into())
}

pub(super) fn span(text: &str) -> Result<SignedDuration, String> {
    crate::config::span(text).map_err(|complaint| match complaint.hint {
        Some(hint) => format!("{}: {hint}", complaint.message),
        None => complaint.message,
    })
}

/// A condition as it was written, if it is one.
pub(super) fn condition_text(text: &str) -> Result<String, String> {
    condition(text).map(|_| text.to_owned())
}

pub(super) fn condition(text: &str) -> Result<Condition, String> {
    Condition::parse(text).map_err(|mistake| {
        let hint = if mistake.hint.is_empty() { String::new() } else { format!(": {}", mistake.hint) };
        format!("{}{hint}", mistake.problem)
    })
}

pub(super) fn page(text: &str) -> Result<(PageFormat, PathBuf), String> {
    match text.split_once('=') {
        Some((_, "-")) => Err("standard output has the answer already: say its form with --format".into()),
        Some((name, path)) if !path.is_empty() => {
            let format = name.parse::<PageFormat>().map_err(|unknown| unknown.to_string())?;
            Ok((format, PathBuf::from(path)))
        }
        _ => Err("expected FORMAT=PATH, such as markdown=comparison.md".into()),
    }
}

pub(super) fn destination(text: &str) -> Result<Destination, String> {
    let format = |name: &str| name.parse::<Format>().map_err(|unknown| unknown.to_string());
    match text.split_once('=') {
        Some((_, "-")) => Err("standard output has the answer already: say its form with --format".into()),
        Some((name, path)) if !path.is_empty() => {
            Ok(Destination { format: format(name)?, path: Some(PathBuf::from(path)) })
        }
        None if text == Format::Github.name() => Ok(Destination { format: Format::Github, path: None }),
        _ => Err("expected FORMAT=PATH, such as markdown=verdict.md".into()),
    }
}

/// `NAME: VALUE`.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write `NAME: VALUE`")?;
    let (name, value) = (name.trim(), value.trim());
    let is_sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_sound && !value.is_empty() { Ok((name.into(), value.into())) } else { Err("write `NAME: VALUE`".into()) }
}

/// What to look for in Prometheus.
pub(super) fn matching(text: &str) -> Result<Listing, String> {
    Listing::of(text).map_err(|mistake| mistake.to_string())
}
