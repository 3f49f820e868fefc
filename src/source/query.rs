//! A question to a source: the points of one metric in one arm.

use std::path::PathBuf;

use super::ask::{ArmColumn, Ask};
use super::aws::{Alarms, CloudWatch, Insights, LogEvents};
use super::file::File;
use super::requests::{Asked, By, files};
use crate::series::{Arm, MetricName, SignedDuration};

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
    /// Each of a column's values by itself.
    pub by: Option<By>,
    /// How far its points are apart, where that is written.
    pub step: Option<SignedDuration>,
    /// Whether anything compares the arms of this metric. If not, one arm's rows may be all there are.
    pub compared: bool,
    /// Whether there is no verdict without it. If not, what cannot be reached is a metric without points.
    pub required: bool,
}

impl Query {
    /// The same question; to a recording, which holds what each step counted whatever it was counted by.
    pub(crate) fn or_recorded(self, is_recorded: bool) -> Query {
        let ask = if is_recorded { self.ask.per_step() } else { self.ask };
        Query { ask, ..self }
    }
}

/// Where points come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file with rows or a saved answer of a monitoring API.
    File(File),
    /// A log with one row per request.
    Requests(Box<Asked>),
    /// CloudWatch metrics.
    CloudWatch(CloudWatch),
    /// CloudWatch alarms.
    Alarms(Alarms),
    /// CloudWatch Logs Insights.
    Insights(Insights),
    /// CloudWatch log events.
    LogEvents(LogEvents),
    /// What could not be reached when it was recorded, and why.
    Lost(String),
}

impl Source {
    /// Whether a service is asked, about a window.
    pub fn is_service(&self) -> bool {
        !matches!(self, Source::File(_) | Source::Requests(_) | Source::Lost(_))
    }

    /// The files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::File(file) => vec![file.path.clone()],
            Source::Requests(asked) => files(&asked.log.inputs),
            _ => Vec::new(),
        }
    }

    /// What tells the rows of the arms apart, where one answer has both.
    pub fn arm(&self) -> Option<&ArmColumn> {
        match self {
            Source::File(file) => file.arm.as_ref(),
            Source::Insights(asked) => asked.arm.as_ref(),
            _ => None,
        }
    }

    /// What is asked there, in full: `: AWS/Lambda Errors Sum {FunctionName: checkout}`; nothing of a file.
    pub fn asked(&self) -> String {
        match self {
            Source::CloudWatch(asked) => {
                let columns: Vec<String> = asked.columns.iter().map(|column| column.measure.in_full()).collect();
                format!(": {}", columns.join("; "))
            }
            Source::Alarms(asked) => {
                let prefix = asked.prefix.iter().map(|prefix| format!("{prefix}*"));
                format!(": {}", asked.names.iter().cloned().chain(prefix).collect::<Vec<_>>().join(", "))
            }
            Source::Insights(asked) => format!(": {}", asked.query),
            Source::LogEvents(asked) => {
                let patterns: Vec<String> = asked.columns.iter().map(|(_, pattern)| format!("{pattern:?}")).collect();
                format!(": {}", patterns.join(", "))
            }
            Source::File(_) | Source::Requests(_) | Source::Lost(_) => String::new(),
        }
    }

    /// Where points come from, in words.
    pub fn shown(&self) -> String {
        match self {
            Source::File(file) => crate::plain::line(&file.shown),
            Source::Requests(asked) => crate::plain::line(&asked.log.shown),
            Source::CloudWatch(asked) => asked.access.shown("CloudWatch"),
            Source::Alarms(asked) => asked.access.shown("CloudWatch alarms"),
            Source::Insights(asked) => format!("{} ({})", asked.access.shown("Logs Insights"), asked.groups.join(", ")),
            Source::LogEvents(asked) => format!("{} ({})", asked.access.shown("log events"), asked.groups.join(", ")),
            Source::Lost(_) => "(not reached when it was recorded)".to_owned(),
        }
    }
}
