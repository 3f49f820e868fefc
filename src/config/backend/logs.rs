//! Logs of CloudWatch as meant: queries of Logs Insights, and events that match a pattern.

use super::access::{DEADLINE, read_access};
use super::arm::arm_column;
use crate::config::values::Values;
use crate::config::written::aws::{InsightsEntry, LogEventsEntry};
use crate::series::SignedDuration;
use crate::source::aws::{Insights, LogEvents};
use crate::source::{Ask, MINUTE};
use crate::text::problem::{At, Place, Report};

/// How long a query of Logs Insights may run.
const QUERY_DEADLINE: SignedDuration = SignedDuration::from_mins(5);

/// Events by the patterns that a metric names as its columns.
pub(super) fn events(source: &LogEventsEntry, ask: &Ask, values: &Values, report: &mut Report) -> LogEvents {
    let mut columns: Vec<(String, String)> = Vec::new();
    for pattern in ask.names() {
        if !columns.iter().any(|(known, _)| known == pattern) {
            columns.push((pattern.to_owned(), pattern.to_owned()));
        }
    }
    let access = read_access(&source.access, DEADLINE, values, report);
    let groups = read_groups(source.place, &source.log_groups, values, report);
    LogEvents { access, groups, columns, step: MINUTE }
}

/// A query of Logs Insights.
pub(super) fn insights(source: &InsightsEntry, query: &At<String>, values: &Values, report: &mut Report) -> Insights {
    if let Some(none) = source.concurrency.as_ref().filter(|queries| queries.value == 0) {
        report.add_with(none.place, "no query could run at all", "write at least `1`");
    }
    Insights {
        access: read_access(&source.access, QUERY_DEADLINE, values, report),
        groups: read_groups(source.place, &source.log_groups, values, report),
        query: values.fill(query, report),
        time: values.maybe(source.time.as_ref(), report),
        arm: source.arm.as_ref().map(|arm| arm_column(arm, values, report)),
        max_scanned: source.max_scanned.as_ref().map(|bytes| bytes.value.0),
        concurrency: source.concurrency.as_ref().map_or(8, |queries| queries.value.max(1)),
    }
}

fn read_groups(place: Place, groups: &[At<String>], values: &Values, report: &mut Report) -> Vec<String> {
    if groups.is_empty() {
        report.add_with(place, "which log groups is not said", "write `log_groups: [/aws/lambda/api]`");
    }
    groups.iter().map(|group| values.fill(group, report)).collect()
}
