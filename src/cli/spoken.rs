//! Values of arguments as they are typed, each with the words to type instead.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use crate::report::{ComparisonFormat, Format, NotAComparison};
use crate::source::Allow;
use crate::source::prometheus::Listing;
use crate::source::requests::Condition;
use crate::source::requests::pushdown::{Dialect, TimeType};

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its form.
    pub format: Format,
    /// The file; without one, where the form belongs: the summary of a step on GitHub Actions.
    pub path: Option<PathBuf>,
}

/// What a configuration may ask that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowInline {
    /// Anything that one of the operator's may ask.
    Anything,
    /// An entry of a list.
    Listed(Allow),
}

pub(super) fn allow_inline(text: &str) -> Result<AllowInline, String> {
    if text == "anything" { Ok(AllowInline::Anything) } else { Allow::parse(text).map(AllowInline::Listed) }
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

pub(super) fn dialect(text: &str) -> Result<Dialect, String> {
    named(text, &Dialect::NAMES).ok_or_else(|| {
        let names: Vec<&str> = Dialect::NAMES.iter().map(|(name, _)| *name).collect();
        format!("no such dialect: write one of {}", names.join(", "))
    })
}

pub(super) fn time_type(text: &str) -> Result<TimeType, String> {
    let wrong = || "no such type: write timestamptz, timestamp, epoch_s, epoch_ms, epoch_us or epoch_ns".to_owned();
    named(text, &TimeType::NAMES).ok_or_else(wrong)
}

fn named<T: Copy>(text: &str, names: &[(&str, T)]) -> Option<T> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

pub(super) fn condition(text: &str) -> Result<Condition, String> {
    Condition::parse(text).map_err(|mistake| {
        let hint = if mistake.hint.is_empty() { String::new() } else { format!(": {}", mistake.hint) };
        format!("{}{hint}", mistake.problem)
    })
}

/// Where a comparison goes beside stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// Into a file.
    File(ComparedFormat, PathBuf),
    /// Its pictures into a folder, a file each.
    Pictures(PictureFormat, PathBuf),
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedFormat {
    /// As text of some form.
    Text(ComparisonFormat),
    /// As the columns of the CSV in a Parquet file.
    Parquet,
}

impl FromStr for ComparedFormat {
    type Err = NotAComparison;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "parquet" { Ok(ComparedFormat::Parquet) } else { name.parse().map(ComparedFormat::Text) }
    }
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// As a drawing.
    Svg,
    /// As pixels.
    Png,
}

pub(super) fn compared(text: &str) -> Result<Compared, String> {
    match text.split_once('=') {
        Some((_, "-")) => Err("standard output has the answer already: say its form with --format".into()),
        Some(("svg", path)) if !path.is_empty() => pictures(PictureFormat::Svg, path),
        Some(("png", path)) if !path.is_empty() => pictures(PictureFormat::Png, path),
        Some((name, path)) if !path.is_empty() => {
            let format = name.parse::<ComparedFormat>().map_err(|unknown| unknown.to_string())?;
            Ok(Compared::File(format, PathBuf::from(path)))
        }
        _ => Err("expected FORMAT=PATH, such as markdown=comparison.md".into()),
    }
}

/// Each metric has a picture of its own, so they need a folder.
fn pictures(format: PictureFormat, path: &str) -> Result<Compared, String> {
    let path = PathBuf::from(path);
    let is_picture = path.extension().is_some_and(|ending| ending == "svg" || ending == "png");
    match (is_picture && !path.is_dir()) || path.is_file() {
        true => Err("each metric has a picture of its own: name a folder for them, such as svg=pictures".into()),
        false => Ok(Compared::Pictures(format, path)),
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

/// How many judgements may run at once.
pub(super) fn at_once(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000)
}

/// How many verdicts are kept.
pub(super) fn keep_at_most(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000_000)
}

/// Seconds until a server ends whatever goes on.
pub(super) fn grace(text: &str) -> Result<Duration, String> {
    number(text, 0, 3_600).map(|seconds| Duration::from_secs(seconds as u64))
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a number from {least} to {most}"))
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
