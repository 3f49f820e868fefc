//! What is asked of a server that speaks the API of Prometheus, and how it is reached.

use std::path::PathBuf;

use crate::series::{SignedDuration, Window};
use crate::source::Ask;
use crate::source::secret::{Authentication, Secret, Tls};

/// A question about one arm of one metric, with its time.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'q> {
    /// What is asked, and of which server.
    pub asked: &'q Prometheus,
    /// The shape of the answer; its names are those of columns.
    pub ask: &'q Ask,
    /// The window. Steps are counted from its start, so that it begins on their grid.
    pub window: Window,
}

/// Columns of numbers per step.
#[derive(Debug, Clone, PartialEq)]
pub struct Prometheus {
    /// How to get there.
    pub access: Access,
    /// Scrapes that were saved, which are read instead of asking a server.
    pub scrapes: Option<Scrapes>,
    /// What is asked for. The names are those of the query's [`Ask`], and others that only show life: where they have a
    /// sample and a count has no series, the count is zero.
    pub columns: Vec<Column>,
    /// The length of a step.
    pub step: SignedDuration,
    /// The label that names the instances, to have each by itself.
    pub instance: Option<String>,
    /// The label that names the groups, to have each by itself.
    pub group: Option<String>,
    /// Labels of replicas that scrape the same: of series that differ in these alone, one is taken.
    pub without: Vec<String>,
    /// How far before the window a counter is looked for. A counter without a sample there begins inside, at zero.
    pub lookback: SignedDuration,
}

/// Files with saved scrapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrapes {
    /// A file, a folder, or a pattern.
    pub path: PathBuf,
    /// Whether samples without a time are of the time of their file.
    pub by_file: bool,
}

impl Scrapes {
    /// The files in words.
    pub fn shown(&self) -> String {
        format!("the scrapes {}", crate::plain::path(&self.path))
    }
}

/// One column of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub measure: Measure,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// What counters counted: a selector of series, as [`selector`](super::selector) has checked it.
    Counter(String),
    /// Histograms, by a selector of the `_bucket` series or of native histograms.
    Histogram(String),
    /// One number per step, by any expression.
    Gauge(String),
}

impl Measure {
    /// The selector or the expression.
    pub fn text(&self) -> &str {
        match self {
            Measure::Counter(text) | Measure::Histogram(text) | Measure::Gauge(text) => text,
        }
    }
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Where its API begins, without `/api/v1`: `https://metrics.example.com/prometheus`.
    pub url: String,
    /// Who asks.
    pub authentication: Authentication,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Headers for every call, such as `X-Scope-OrgID`.
    pub headers: Vec<(String, Secret)>,
    /// How long one call may take with all its retries.
    pub deadline: SignedDuration,
}

impl Prometheus {
    /// Where the samples come from, in words.
    pub fn shown(&self) -> String {
        self.scrapes.as_ref().map_or_else(|| self.access.shown(), Scrapes::shown)
    }
}

impl Access {
    /// The server in words, for messages; a query in its address, which may hold a key, is left out.
    pub fn shown(&self) -> String {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        format!("Prometheus {}", crate::plain::line(url.trim_end_matches('/')))
    }
}
