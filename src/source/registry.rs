//! Questions to sources, and the registry of sources: one variant and one line in each `match` for every backend.
//!
//! Nothing else in davy names a backend, apart from how its section of the configuration is written and understood
//! (`config/backend`). No `match` here has a wildcard, so a new backend does not compile until each question is answered.

use std::path::PathBuf;

use super::ask::{ArmColumn, Ask};
use super::aws::{Alarms, CloudWatch, Insights, LogEvents};
use super::backend::Backend;
use super::exec::Exec;
use super::file::File;
use super::http::Http;
use super::prometheus::Prometheus;
use super::requests::{Asked, By, Split, files};
use super::sql::Sql;
use super::unit::BaseUnit;
use crate::series::{Arm, MetricName, SignedDuration, Window};

/// One question to one source: the points of one metric in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The metric the answer belongs to.
    pub metric: MetricName,
    /// The arm it belongs to.
    pub arm: Arm,
    /// Where to ask.
    pub source: Source,
    /// What to ask for.
    pub ask: Ask,
    /// What its numbers are in once they are in the metric's unit, where that is a time or a size.
    pub unit: Option<BaseUnit>,
    /// Each of a column's values by itself.
    pub by: Option<By>,
    /// Beside the whole, the rows by the values of some columns at once.
    pub slices: Option<Split>,
    /// How far its points are apart, where that is written.
    pub step: Option<SignedDuration>,
    /// Whether anything compares the arms of this metric. If not, one arm's rows may be all there are.
    pub compared: bool,
    /// Whether there is no verdict without it. If not, what cannot be reached is a metric without points.
    pub required: bool,
}

impl Query {
    /// The column of rows that tells their groups apart, or the slices of a recording.
    pub fn column(&self) -> Option<&str> {
        let recorded = self.slices.as_ref().filter(|_| !matches!(self.source, Source::Requests(_)));
        let column = recorded.and_then(|split| split.columns.first()).map(String::as_str);
        self.by.as_ref().map(|by| by.column.as_str()).or(column)
    }

    /// The same question; to a recording, which holds what each step counted whatever it was counted by.
    pub(crate) fn or_recorded(self, is_recorded: bool) -> Query {
        if !is_recorded {
            return self;
        }
        let source = match self.source {
            Source::File(file) => Source::File(file.recorded()),
            other => other,
        };
        Query { ask: self.ask.per_step(), source, ..self }
    }
}

/// A query with the window it is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The query; its source is a service.
    pub query: &'q Query,
    /// The window, in whole steps.
    pub window: Window,
}

/// Where points come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file with rows or a saved answer of a monitoring API.
    File(File),
    /// A log with one row per request, in files or in a table.
    Requests(Box<Asked>),
    /// CloudWatch metrics.
    CloudWatch(CloudWatch),
    /// CloudWatch alarms.
    Alarms(Alarms),
    /// CloudWatch Logs Insights.
    Insights(Insights),
    /// CloudWatch log events.
    LogEvents(LogEvents),
    /// Prometheus, or what speaks its API.
    Prometheus(Box<Prometheus>),
    /// What a program prints.
    Exec(Exec),
    /// What a store answers over HTTP.
    Http(Box<Http>),
    /// A query to PostgreSQL.
    Sql(Box<Sql>),
    /// What could not be reached when it was recorded, and why.
    Lost(String),
}

impl Source {
    /// The service that answers about a window; nothing for files.
    pub fn service(&self) -> Option<&dyn Backend> {
        match self {
            Source::File(_) | Source::Lost(_) => None,
            Source::Requests(asked) => asked.log.table.as_deref().map(|table| table as &dyn Backend),
            Source::CloudWatch(asked) => Some(asked),
            Source::Alarms(asked) => Some(asked),
            Source::Insights(asked) => Some(asked),
            Source::LogEvents(asked) => Some(asked),
            Source::Exec(asked) => Some(asked),
            Source::Http(asked) => Some(asked.as_ref()),
            Source::Prometheus(asked) => Some(asked.as_ref()),
            Source::Sql(asked) => Some(asked.as_ref()),
        }
    }

    /// The same, to change it.
    pub fn service_mut(&mut self) -> Option<&mut dyn Backend> {
        match self {
            Source::File(_) | Source::Lost(_) => None,
            Source::Requests(asked) => asked.log.table.as_deref_mut().map(|table| table as &mut dyn Backend),
            Source::CloudWatch(asked) => Some(asked),
            Source::Alarms(asked) => Some(asked),
            Source::Insights(asked) => Some(asked),
            Source::LogEvents(asked) => Some(asked),
            Source::Exec(asked) => Some(asked),
            Source::Http(asked) => Some(asked.as_mut()),
            Source::Prometheus(asked) => Some(asked.as_mut()),
            Source::Sql(asked) => Some(asked.as_mut()),
        }
    }

    /// The program, if it is one.
    pub(super) fn exec(&self) -> Option<&Exec> {
        if let Source::Exec(asked) = self { Some(asked) } else { None }
    }

    /// The server that speaks the API of Prometheus, if it is one.
    pub(super) fn prometheus(&self) -> Option<&Prometheus> {
        if let Source::Prometheus(asked) = self { Some(asked) } else { None }
    }

    /// The store that is asked over HTTP, if it is one.
    pub(super) fn http(&self) -> Option<&Http> {
        if let Source::Http(asked) = self { Some(asked) } else { None }
    }

    /// The database, if it is one.
    pub(super) fn sql(&self) -> Option<&Sql> {
        if let Source::Sql(asked) = self { Some(asked) } else { None }
    }

    /// The files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::File(file) => file.files(),
            Source::Requests(asked) => files(&asked.log.inputs),
            _ => Vec::new(),
        }
    }

    /// What tells the rows of the arms apart, where one answer has both.
    pub fn arm(&self) -> Option<&ArmColumn> {
        match self {
            Source::File(file) => file.arm.as_ref(),
            other => other.service().and_then(Backend::arm),
        }
    }

    /// The question in full: `AWS/Lambda Errors Sum {FunctionName: checkout}`; nothing for a file.
    pub fn question(&self) -> Option<String> {
        self.service().map(Backend::question)
    }

    /// Where points come from, in words.
    pub fn shown(&self) -> String {
        match self {
            Source::File(file) => crate::plain::line(&file.shown),
            Source::Requests(asked) => crate::plain::line(&asked.log.shown),
            Source::Lost(_) => "(not reached when it was recorded)".to_owned(),
            other => other.service().map(Backend::describe).unwrap_or_default(),
        }
    }
}
