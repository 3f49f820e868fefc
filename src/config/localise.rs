//! Which metrics are asked for slice by slice: those that read single requests, and those of a recording that has slices.

use super::written::file::{File, MetricEntry};
use crate::source::requests::Split;
use crate::source::{Query, Source};
use crate::text::problem::Report;

/// The same query, its rows split by the dimensions of the file where they can be.
pub(super) fn split(file: &File, entry: &MetricEntry, query: Query) -> Query {
    let Some(dimensions) = &file.localise else { return query };
    let called: Vec<String> = dimensions.0.iter().map(|column| column.value.clone()).collect();
    let has_parts = entry.by.is_some() || entry.rate.is_none() && entry.values.is_none();
    let columns = match (&query.source, &entry.slices) {
        (Source::Requests(_), _) if !has_parts => called.clone(),
        (Source::File(_), Some(column)) => vec![column.value.clone()],
        _ => return query,
    };
    Query { slices: Some(Split { columns, called }), ..query }
}

/// Complains of dimensions that no metric is asked for.
pub(super) fn check(file: &File, queries: &[Query], report: &mut Report) {
    let Some(first) = file.localise.as_ref().and_then(|dimensions| dimensions.0.first()) else { return };
    if !queries.is_empty() && file.recording.is_none() && queries.iter().all(|query| query.slices.is_none()) {
        let hint = "only a `rate` or `values` metric of a `requests` source, without `by`, has slices: read the metric from \
                    a `requests` source, or leave `localise` out";
        report.add_with(first.place, "no metric has rows to localise in", hint);
    }
}
