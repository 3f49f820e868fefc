//! Verdict in, text out: one document, and one file per way of writing it.
//!
//! [`Document`] is the published contract and the only thing that a renderer sees; so a verdict that was saved as
//! JSON renders again to the same bytes as when it was judged. Names in a verdict come from configuration files and
//! monitoring systems: every renderer makes them plain before they reach a terminal or a browser.

pub mod document;

mod calibration;
mod comparison;
mod csv;
mod diff;
mod draft;
mod github;
mod html;
mod json;
mod junit;
mod live;
mod look;
mod markdown;
mod method;
mod page;
mod plan;
mod prometheus;
mod prose;
mod reason;
mod review;
pub mod rollout;
pub mod sketch;
mod slack;
mod spark;
mod success;
mod table;
mod terminal;
mod words;

use std::fmt;
use std::str::FromStr;

pub use calibration::calibration;
pub use comparison::{Comparison, comparison, comparison_schema};
pub use diff::diff;
pub use document::Document;
pub use github::{SUMMARY_BYTES, annotations, summary};
pub use json::Error;
pub use live::Live;
pub use page::{NotAPage, PageFormat};
pub use plan::plan;
pub use slack::slack;

/// The ways in which a verdict can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// For a pull request's comment.
    Markdown,
    /// For programs.
    Json,
    /// For a browser: one page with drawings, which needs nothing beside itself.
    Html,
    /// For Jenkins, GitLab and what else shows test results.
    Junit,
    /// For the summary of a step on GitHub Actions.
    Github,
    /// For the margin of a run on GitHub Actions: workflow commands.
    Annotations,
    /// For spreadsheets: the findings.
    Csv,
    /// For Prometheus: a textfile collector or a push gateway.
    Prometheus,
    /// For the people who look back at a rollout: a document to complete.
    Review,
}

impl Format {
    /// Every format, in the order in which help texts list them.
    pub const ALL: [Format; 10] = [
        Format::Terminal,
        Format::Markdown,
        Format::Json,
        Format::Html,
        Format::Junit,
        Format::Github,
        Format::Annotations,
        Format::Csv,
        Format::Prometheus,
        Format::Review,
    ];

    /// The format's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Terminal => "text",
            Format::Markdown => "markdown",
            Format::Json => "json",
            Format::Html => "html",
            Format::Junit => "junit",
            Format::Github => "github",
            Format::Annotations => "annotations",
            Format::Csv => "csv",
            Format::Prometheus => "prometheus",
            Format::Review => "review",
        }
    }

    /// Another name that is accepted.
    fn also(self) -> Option<&'static str> {
        match self {
            Format::Markdown => Some("md"),
            Format::Review => Some("review.md"),
            _ => None,
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
#[error("`{0}` is not a report format; expected {formats}", formats = prose::listed(&Format::ALL.map(named)))]
pub struct UnknownFormat(pub String);

/// The name of a format, with the other one where it has two.
fn named(format: Format) -> String {
    format.also().map_or(format.to_string(), |also| format!("{format} ({also})"))
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_meant = |format: &Format| format.name() == name || format.also() == Some(name);
        Format::ALL.into_iter().find(is_meant).ok_or_else(|| UnknownFormat(name.into()))
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
        Format::Markdown => markdown::render(document, markdown::COMMENT_BYTES),
        Format::Json => json::render(document),
        Format::Html => html::render(document),
        Format::Junit => junit::render(document),
        Format::Github => github::summary(document, SUMMARY_BYTES),
        Format::Annotations => github::annotations(document),
        Format::Csv => csv::render(document),
        Format::Prometheus => prometheus::render(document),
        Format::Review => review::render(document),
    }
}

/// One look in a line of so many columns: `12:15  look 3 of 12  INCONCLUSIVE  no fail shown, too early to pass`.
pub fn look(document: &Document, columns: usize) -> String {
    look::line(document, columns)
}

/// What a verdict recommends, as a sentence.
pub fn advice(document: &Document) -> String {
    words::advice(document)
}

/// The JSON Schema of the document, as published.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}
