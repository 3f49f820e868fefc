//! Logs with one row per request, as meant: the log and the slice of it that a metric asks for.
//!
//! Columns of a metric over them are `requests`, `errors`, `latency`, or a condition on a row. What is counted of what is
//! decided here: a total that is a condition chooses the rows, so that a part is never of other rows than its whole.

use std::path::Path;

use super::columns::{self, Names};
use super::units::Units;
use super::values::Values;
use super::written::column::Column;
use super::written::file::MetricEntry;
use super::written::requests::{ArmsEntry, ByEntry, RequestsEntry, Texts, complaint};
use crate::judge::rules::Unit;
use crate::series::Arm;
use crate::source::Ask;
use crate::source::requests::{
    Arms, Asked, By, Columns, Condition, Counted, Format, Latency, MAX_BAD, Requests, Slice, Valued,
};
use crate::text::problem::{At, Complaint, Report};
use crate::text::yaml::quoted;

/// How many groups are judged by themselves where nothing is said.
const MOST_GROUPS: usize = 20;

impl ByEntry {
    /// What the groups are of, for people.
    pub(super) fn shown(&self) -> &str {
        &self.called.as_ref().unwrap_or(&self.column).value
    }

    /// The groups of a recording.
    pub(super) fn recorded(&self) -> String {
        let most = self.most.as_ref().map_or(MOST_GROUPS, |most| most.value);
        format!("{{ column: group, called: {}, most: {} }}", quoted(self.shown()), most)
    }

    /// The groups of one query.
    pub(super) fn filled(&self, values: &Values, report: &mut Report) -> By {
        if let Some(none) = self.most.as_ref().filter(|most| most.value == 0) {
            report.add_with(none.place, "no group at all would be judged", "write at least `1`, or leave `by` out");
        }
        let most = self.most.as_ref().map_or(MOST_GROUPS, |most| most.value);
        By { column: values.fill(&self.column, report), most }
    }
}

impl RequestsEntry {
    /// Every text that may refer to labels.
    pub(super) fn texts(&self) -> impl Iterator<Item = &At<String>> {
        let own = [&self.time, &self.zone, &self.status, &self.error, &self.filter].into_iter().flatten();
        let latency = self.latency.iter().map(|latency| &latency.column);
        let arm = self.arm.iter().flat_map(|arm| arm.column.iter().chain([&arm.baseline, &arm.canary]));
        let table = self.table.iter().flat_map(|table| table.text.iter().chain([&table.name]));
        self.path.0.iter().chain(own).chain(latency).chain(arm).chain(table)
    }
}

/// What one metric asks of a log in one arm.
pub(super) fn asked(
    entry: &RequestsEntry,
    metric: &MetricEntry,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<(Asked, Ask)> {
    let before = report.len();
    let log = log(entry, values, folder, report);
    let filter = condition(metric.filter.as_ref(), values, report);
    let by = metric.by.as_ref().map(|by| by.filled(values, report));
    let mut names = Rows { values, counted: Vec::new(), valued: None, only: None };
    fits(metric, report);
    let mut ask = columns::ask(metric, &mut names, values, report)?;
    let Rows { counted, valued, only, .. } = names;
    if let (Ask::Values { factor, .. }, Some(Valued::Latency)) = (&mut ask, &valued) {
        // the unit of latencies is known, and milliseconds are what is used inside
        *factor = 1.0;
    }
    let (log, arm) = log;
    let slice = Slice { filter: Condition::both(filter, only), by, split: Vec::new(), counted, valued };
    (report.len() == before).then_some((Asked { log, slice, arm }, ask))
}

/// Complains of what cannot be asked of single requests.
fn fits(metric: &MetricEntry, report: &mut Report) {
    if let Some(gauge) = &metric.gauge {
        let hint = "write `values: { value: latency, unit: ms }` and the quantile in the criterion, or \
                    `rate: { bad: errors, total: requests }`";
        report.add_with(gauge.value.place(), "a log of requests has requests, not one number per step", hint);
    }
    if let Some(rate) = &metric.rate {
        if let Some(instance) = &rate.instance {
            let hint = "write `by` beside `rate` to judge each by itself, or leave it out";
            report.add_with(instance.place, "requests are not compared instance by instance", hint);
        }
        if rate.total.is_none() && (rate.bad.is_some() || rate.good.is_some()) {
            let hint = "write `total: requests`, or the condition that chooses them";
            report.add_with(rate.place, "which requests it is a share of is not said", hint);
        }
    }
    let events = metric.events.as_ref().and_then(|events| events.missing.as_ref());
    if let Some(missing) = metric.rate.as_ref().and_then(|rate| rate.missing.as_ref()).or(events) {
        report.add_with(missing.place, "a log of requests has no empty counts", "leave `missing` out");
    }
    if let Some(shape) = &metric.values
        && let Some(value) = &shape.value
        && value.name().is_some_and(|name| name.value == "latency")
        && shape.unit.as_ref().map(Units::unit) != Some(Unit::Milliseconds)
    {
        let place = shape.unit.as_ref().map_or(value.place(), |unit| unit.place);
        report.add_with(place, "a latency is a time", "write `values: { value: latency, unit: ms }`");
    }
}

/// The log as it is for one arm, and what its rows call that arm.
fn log(entry: &RequestsEntry, values: &Values, folder: &Path, report: &mut Report) -> (Requests, String) {
    let shown: Vec<String> = entry.path.0.iter().map(|path| values.fill(path, report)).collect();
    let maybe = |text: Option<&At<String>>, report: &mut Report| text.map(|text| column(values.fill(text, report)));
    let (arms, arm) = match &entry.arm {
        Some(arms) => arms_of(arms, values, report),
        None if paths_differ(&entry.path, values) => {
            (Arms::All(values.arm.name().to_owned()), values.arm.name().to_owned())
        }
        None => (Arms::Column(None), values.arm.name().to_owned()),
    };
    if let Some(table) = &entry.table {
        let files = [
            entry.path.0.first().map(|path| path.place),
            entry.format.as_ref().map(|format| format.place),
            entry.zone.as_ref().map(|zone| zone.place),
        ];
        let hint = "leave it out: a table has columns, and `time_type` says what its times are";
        for place in files.into_iter().flatten() {
            report.add_with(place, "this is of logs in files, and the log lies in a table", hint);
        }
        if entry.layout.is_some() {
            report.add_with(table.place, "a table has no `layout`", "leave `layout` or `table` out");
        }
    }
    if let (Some(format), Some(_)) = (&entry.format, &entry.layout) {
        let hint = "leave `format` out, or `layout` if the format is known";
        report.add_with(format.place, "`format` and `layout` both say how a row is written", hint);
    }
    let log = Requests {
        inputs: shown.iter().map(|path| if path == "-" { path.into() } else { folder.join(path) }).collect(),
        shown: shown.join(", "),
        format: entry.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        columns: Columns {
            time: maybe(entry.time.as_ref(), report),
            zone: super::values::zone(entry.zone.as_ref(), values, report),
            status: maybe(entry.status.as_ref(), report),
            error: condition(entry.error.as_ref(), values, report),
            latency: entry.latency.as_ref().map(|latency| Latency {
                column: column(values.fill(&latency.column, report)),
                unit: latency.unit.as_ref().map(|unit| unit.value),
            }),
        },
        arms,
        filter: condition(entry.filter.as_ref(), values, report),
        layout: entry.layout.as_ref().map(|layout| layout.0.clone()),
        max_bad: entry.max_bad_rows.as_ref().map_or(MAX_BAD, |share| share.value.0),
        table: None,
    };
    (log, arm)
}

/// The column of a path in JSON: `$.response.took` is `response.took`.
fn column(written: String) -> String {
    written.strip_prefix("$.").map(str::to_owned).unwrap_or(written)
}

/// Whether each arm has inputs of its own.
pub(super) fn paths_differ(path: &Texts, values: &Values) -> bool {
    let [one, other] = Arm::BOTH.map(|arm| {
        let values = Values { arm, ..*values };
        path.0.iter().map(|path| values.quietly(path)).collect::<Vec<_>>()
    });
    one != other
}

pub(super) fn arms_of(arms: &ArmsEntry, values: &Values, report: &mut Report) -> (Arms, String) {
    if arms.baseline.value == arms.canary.value {
        report.add(arms.canary.place, format!("`{}` cannot mean both arms", arms.canary.value));
    }
    let written = |arm: Arm| if arm == Arm::Baseline { &arms.baseline } else { &arms.canary };
    if let Some(column) = &arms.column {
        let value = values.fill(written(values.arm), report);
        return (Arms::Column(Some(values.fill(column, report))), value);
    }
    let both = Arm::BOTH.map(|arm| {
        let own = Values { arm, ..*values };
        // what is wrong with the other arm's is said when that one is asked
        let mut unheard = report.quiet();
        let heard = if arm == values.arm { &mut *report } else { &mut unheard };
        condition(Some(written(arm)), &own, heard).map(|condition| (arm.name().to_owned(), condition))
    });
    (Arms::When(both.into_iter().flatten().collect()), values.arm.name().to_owned())
}

/// A condition on a row, its labels put in.
pub(super) fn condition(text: Option<&At<String>>, values: &Values, report: &mut Report) -> Option<Condition> {
    let text = text?;
    let before = report.len();
    let filled = values.fill(text, report);
    // a mistake of the other arm's is told once
    if report.len() > before || values.quietly(text).is_none() {
        return None;
    }
    Condition::parse(&filled)
        .map_err(|mistake| {
            let complaint = match filled == text.value {
                true => complaint(mistake, &filled),
                // a place in what labels became is none of the text
                false => Complaint::new(mistake.problem).hint(mistake.hint),
            };
            report.complain_of(text, complaint);
        })
        .ok()
}

/// The columns of a metric over requests, collected while they are named.
struct Rows<'a> {
    values: &'a Values<'a>,
    counted: Vec<(String, Counted)>,
    valued: Option<Valued>,
    /// The rows that are the whole.
    only: Option<Condition>,
}

impl Rows<'_> {
    fn named(&mut self, column: &Column, report: &mut Report) -> Option<(String, At<String>)> {
        match column {
            Column::Named(text) => Some((self.values.fill(text, report), text.clone())),
            Column::Asked(asked) => {
                let hint = "write `requests`, `errors` or a condition, or read the metric from a `cloudwatch` source";
                report.add_with(asked.place, "only a `cloudwatch` source has metrics with statistics", hint);
                None
            }
        }
    }

    fn put(&mut self, name: String, counted: Counted) -> String {
        if !self.counted.iter().any(|(known, _)| *known == name) {
            self.counted.push((name.clone(), counted));
        }
        name
    }
}

impl Names for Rows<'_> {
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let (name, text) = self.named(column, report)?;
        let counted = match name.as_str() {
            "requests" => Counted::Requests,
            "errors" => Counted::Errors,
            _ => Counted::When(row_condition(&text, self.values, report)?),
        };
        Some(self.put(name, counted))
    }

    fn whole(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let (name, text) = self.named(column, report)?;
        match name.as_str() {
            "requests" => {}
            "errors" => {
                report.add_with(text.place, "a share of the errors", "write the condition that chooses the whole");
                return None;
            }
            _ => self.only = Some(row_condition(&text, self.values, report)?),
        }
        Some(self.put(name, Counted::Requests))
    }

    fn valued(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let (name, _) = self.named(column, report)?;
        self.valued = Some(if name == "latency" { Valued::Latency } else { Valued::Column(name.clone()) });
        Some(name)
    }
}

/// A condition in the place of a column, where a bare name is a mistake of its own.
fn row_condition(text: &At<String>, values: &Values, report: &mut Report) -> Option<Condition> {
    let bare = text.value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if bare && !text.value.is_empty() {
        let near = crate::text::problem::nearest(&text.value, ["requests", "errors"]);
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write `requests`, `errors`, or a condition: `{} = true`", text.value),
        };
        report.add_with(text.place, format!("`{}` counts nothing of a request", text.value), hint);
        return None;
    }
    condition(Some(text), values, report)
}
