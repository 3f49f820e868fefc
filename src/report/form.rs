//! The ways in which an answer can be written, and how a text should look.

use std::fmt;
use std::str::FromStr;

use super::prose::listed;

/// The ways in which a verdict can be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    #[default]
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
#[error("`{0}` is not a report format; expected {formats}", formats = listed(&Format::ALL.map(named)))]
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

/// The ways in which a page can be written: it has no findings for those who read findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFormat {
    /// For people at a terminal.
    Terminal,
    /// For a pull request's comment.
    Markdown,
    /// For programs.
    Json,
    /// For a browser.
    Html,
}

/// Not a way of writing a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPage {
    /// It writes verdicts.
    #[error("`{0}` is a form of verdicts, and this is none; expected {pages}", pages = listed(&PAGES))]
    Verdict(Format),
    /// It does not exist.
    #[error("`{0}` is not a form of this answer; expected {pages}", pages = listed(&PAGES))]
    Unknown(String),
}

const PAGES: [&str; 4] = ["text", "markdown (md)", "json", "html"];

impl FromStr for PageFormat {
    type Err = NotAPage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.parse::<Format>() {
            Ok(Format::Terminal) => Ok(PageFormat::Terminal),
            Ok(Format::Markdown) => Ok(PageFormat::Markdown),
            Ok(Format::Json) => Ok(PageFormat::Json),
            Ok(Format::Html) => Ok(PageFormat::Html),
            Ok(other) => Err(NotAPage::Verdict(other)),
            Err(_) => Err(NotAPage::Unknown(name.into())),
        }
    }
}
