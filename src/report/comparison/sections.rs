//! The sections of a comparison's page: what their metrics are about, and what is to be said of percentiles.

use std::cmp::Reverse;

use super::super::page::Part;
use super::document::{About, Line, Shown};
use crate::judge::words::count;

/// What metrics are about, in the order of the sections.
pub(super) const SECTIONS: [(About, &str); 4] = [
    (About::Errors, "Error rates"),
    (About::Latency, "Latency"),
    (About::Good, "Cache performance and other good shares"),
    (About::Other, "Other metrics"),
];

/// What percentiles are of.
const PERCENTILES: &str = "Percentiles are of requests where requests are known. A typical percentile is one that a \
                                      monitoring system computed, in the typical step; what is across steps is of those numbers and \
                                      of no request.";

/// Groups beyond this many are counted and not shown.
const MOST_GROUPS: usize = 50;

/// A metric as a section tells it.
pub(super) struct Told {
    pub(super) is_group: bool,
    /// How early a group is told: the largest comes first.
    pub(super) badness: (u8, u64),
    pub(super) rows: Vec<Vec<String>>,
}

/// The metrics of one kind, in a table below a heading: groups last, the worst of them first.
pub(super) fn section(about: About, name: &str, columns: Vec<String>, told: Vec<Told>) -> Vec<Part> {
    let (mut groups, own): (Vec<Told>, Vec<Told>) = told.into_iter().partition(|metric| metric.is_group);
    groups.sort_by_key(|metric| Reverse(metric.badness));
    let left_out = groups.len().saturating_sub(MOST_GROUPS);
    let shown = own.into_iter().chain(groups.into_iter().take(MOST_GROUPS));
    let rows: Vec<Vec<String>> = shown.flat_map(|metric| metric.rows).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut texts = Vec::new();
    if about == About::Latency {
        texts.push(PERCENTILES.to_owned());
    }
    if left_out > 0 {
        texts.push(format!("{} more groups are not shown; these are the worst.", count(left_out as u64)));
    }
    vec![Part::Remark { name: name.into(), texts }, Part::Table { columns, rows }]
}

/// Shown to be worse before different before nothing before better; then the busier one.
pub(super) fn badness<'l>(lines: impl Iterator<Item = &'l Line>) -> (u8, u64) {
    let shown = |line: &Line| match line.shown {
        Shown::Worse => 3,
        Shown::Different => 2,
        Shown::Nothing => 1,
        Shown::Better => 0,
    };
    lines.fold((0, 0), |(worst, busiest), line| (worst.max(shown(line)), busiest.max(line.n.canary)))
}
