//! Values as the configuration writes them, for the command line.

use super::starter::{known_unit, units};
use crate::notation::{BoundText, Share, Span};
use crate::text::problem::Complaint;
use crate::text::scalar::{Choice, Scalar};

/// Reads a length of time as the configuration writes it: `90s`, `5m`, `1h30m`.
pub fn span(text: &str) -> Result<crate::series::SignedDuration, Complaint> {
    Span::parse(text).map(|span| span.0)
}

/// Reads a share as the configuration writes it: `0.1%`, `0.001`.
pub fn share(text: &str) -> Result<f64, String> {
    Share::parse(text).map(|share| share.0).map_err(spoken)
}

/// Reads how a log of requests is written, as the configuration says it: `alb`.
pub fn request_format(text: &str) -> Result<crate::source::requests::Format, String> {
    Choice::scalar(text).map(|choice| choice.0).map_err(spoken)
}

/// Reads how a file of measurements is written: `csv`.
pub fn file_format(text: &str) -> Result<crate::source::Format, String> {
    Choice::scalar(text).map(|choice| choice.0).map_err(spoken)
}

/// Reads a margin beyond the baseline: `errors=20%`, `latency:p99=30%`.
pub fn margin(text: &str) -> Result<(String, String), String> {
    let expected = "expected METRIC=MARGIN, such as errors=20%, errors=0.1pp or latency:p99=30%";
    let (metric, margin) = pair(text).ok_or(expected)?;
    BoundText::parse(&format!("<= baseline + {margin}"))
        .map_err(|_| format!("{margin:?} is not a margin: {expected}"))?;
    Ok((metric, margin))
}

/// Reads what a column is measured in: `took=ms`.
pub fn unit(text: &str) -> Result<(String, String), String> {
    let (column, unit) = pair(text).ok_or("expected COLUMN=UNIT, such as took=ms")?;
    match known_unit(&unit) {
        Some(_) => Ok((column, unit)),
        None => Err(format!("{unit:?} is not a unit of a column: write one of {}", units())),
    }
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.rsplit_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

fn spoken(complaint: Complaint) -> String {
    match complaint.hint {
        Some(hint) => format!("{}: {hint}", complaint.message),
        None => complaint.message,
    }
}
