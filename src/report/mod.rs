//! Verdict in, text out: one document, and one file per way of writing it.
//!
//! [`Document`] is the published contract and the only thing that a renderer sees; so a verdict that was saved as
//! JSON renders again to the same bytes as when it was judged. Names in a verdict come from configuration files and
//! monitoring systems: every renderer makes them plain before they reach a terminal or a browser.

pub mod document;

mod calibration;
mod comparison;
mod diff;
mod draft;
mod json;
mod look;
mod markdown;
mod method;
mod page;
mod plan;
mod prose;
mod reason;
pub mod sketch;
mod spark;
mod table;
mod terminal;
mod words;

use std::fmt;
use std::str::FromStr;

pub use calibration::calibration;
pub use comparison::{Comparison, comparison, comparison_schema};
pub use diff::diff;
pub use document::Document;
pub use json::Error;
pub use plan::plan;

/// The ways in which a verdict can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// For a pull request's comment.
    Markdown,
    /// For programs.
    Json,
}

impl Format {
    /// Every format, in the order in which help texts list them.
    pub const ALL: [Format; 3] = [Format::Terminal, Format::Markdown, Format::Json];

    /// The format's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Terminal => "text",
            Format::Markdown => "markdown",
            Format::Json => "json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a report format; expected text, markdown (md) or json")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "text" => Ok(Format::Terminal),
            "markdown" | "md" => Ok(Format::Markdown),
            "json" => Ok(Format::Json),
            other => Err(UnknownFormat(other.into())),
        }
    }
}

/// How a text should look; what is not for a terminal needs none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether every finding is explained, not only those that did not pass.
    pub details: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, width: 80, details: false }
    }
}

/// The document as text, ending in a line's end.
pub fn render(document: &Document, format: Format, style: &Style) -> String {
    match format {
        Format::Terminal => terminal::render(document, style),
        Format::Markdown => markdown::render(document),
        Format::Json => json::render(document),
    }
}

/// One look in a line of so many columns: `12:15  look 3 of 12  INCONCLUSIVE  no fail shown, too early to pass`.
pub fn look(document: &Document, columns: usize) -> String {
    look::line(document, columns)
}

/// The JSON Schema of the document, as published.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}
