//! What each kind of source can answer, and what is wrong with a metric that asks for more.

use crate::config::written::column::Column;
use crate::config::written::file::{MetricEntry, ValuesEntry};
use crate::text::problem::{At, Report};

/// What a source can answer: a table with a line for each thing, from which a kindred source may differ in a few.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// A value of every single request; if not, why, and what to write.
    pub(super) values: Result<(), (&'static str, &'static str)>,
    /// Histograms of many values.
    pub(super) histogram: bool,
    /// One number per step; if not, why, and what to write.
    pub(super) gauge: Result<(), (&'static str, &'static str)>,
    /// `by`: each value of a column or label by itself.
    pub(super) groups: bool,
    /// `by` beside a gauge.
    pub(super) groups_of_gauges: bool,
    /// `where`: a condition on rows.
    pub(super) filter: bool,
    /// `counter`: columns that are totals since some start.
    pub(super) counter: bool,
    /// `instance` beside a rate; if not, why.
    pub(super) instance: Result<(), &'static str>,
    /// `query`.
    pub(super) query: Query,
    /// Dimensions of CloudWatch.
    pub(super) dimensions: bool,
    /// Alarms of CloudWatch.
    pub(super) alarms: bool,
    /// `alive`: what shows that a counter could have counted.
    pub(super) alive: bool,
}

/// Whether a metric has a query of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    Never,
    Maybe,
    Always,
}

const NO_SINGLE_REQUEST: (&str, &str) =
    ("CloudWatch keeps no value of a single request", "write `gauge: { metric: …, stat: p95, unit: ms }`");

pub(super) const FILE: Abilities = Abilities {
    values: Ok(()),
    histogram: true,
    gauge: Ok(()),
    groups: true,
    groups_of_gauges: false,
    filter: false,
    counter: true,
    instance: Ok(()),
    query: Query::Never,
    dimensions: false,
    alarms: false,
    alive: false,
};

pub(super) const REQUESTS: Abilities =
    Abilities { histogram: false, groups_of_gauges: true, filter: true, counter: false, ..FILE };

pub(super) const CLOUDWATCH: Abilities = Abilities {
    values: Err(NO_SINGLE_REQUEST),
    histogram: false,
    gauge: Ok(()),
    groups: false,
    groups_of_gauges: false,
    filter: false,
    counter: false,
    instance: Err("CloudWatch has no instances in one metric"),
    query: Query::Never,
    dimensions: true,
    alarms: true,
    alive: true,
};

pub(super) const INSIGHTS: Abilities = Abilities {
    values: Ok(()),
    histogram: false,
    gauge: Ok(()),
    groups: false,
    groups_of_gauges: false,
    filter: false,
    counter: false,
    instance: Ok(()),
    query: Query::Always,
    dimensions: false,
    alarms: false,
    alive: false,
};

pub(super) const LOG_EVENTS: Abilities = Abilities {
    values: Err(NO_SINGLE_REQUEST),
    gauge: Err(("log events are counted, not measured", "ask with `logs_insights`")),
    query: Query::Never,
    ..INSIGHTS
};

pub(super) const PROMETHEUS: Abilities = Abilities {
    values: Err((
        "Prometheus keeps no value of a single request",
        "write `values: { histogram: http_request_duration_seconds, unit: s }`",
    )),
    histogram: true,
    gauge: Ok(()),
    groups: true,
    groups_of_gauges: false,
    filter: false,
    counter: false,
    instance: Ok(()),
    query: Query::Maybe,
    dimensions: false,
    alarms: false,
    alive: true,
};

pub(super) const HTTP: Abilities = Abilities { query: Query::Maybe, ..FILE };

pub(super) const SQL: Abilities = Abilities { query: Query::Maybe, ..FILE };

/// What a recording holds in place of a source that could not be reached.
pub(super) const LOST: Abilities = Abilities { query: Query::Maybe, alarms: true, ..FILE };

impl Abilities {
    /// Complains of what a metric asks and the source cannot answer; returns whether there is anything left to ask.
    pub(super) fn fit(&self, name: &At<String>, entry: &MetricEntry, report: &mut Report) -> bool {
        self.fit_service(name, entry, report);
        if let (Some(values), Err((message, hint))) = (&entry.values, self.values)
            && !(self.histogram && values.histogram.is_some())
        {
            report.add_with(values.column().map_or(name.place, Column::place), message, hint);
            return false;
        }
        if let Some(histogram) = entry.values.as_ref().and_then(|values| values.histogram.as_ref())
            && !self.histogram
        {
            report.add_with(histogram.place(), "only files and Prometheus have histograms", "write `value: …`");
        }
        if let (Some(gauge), Err((message, hint))) = (&entry.gauge, self.gauge) {
            report.add_with(gauge.value.place(), message, hint);
        }
        self.fit_groups(entry, report);
        self.fit_rows(entry, report);
        self.fit_query(name, entry, report);
        true
    }

    /// What only some services have.
    fn fit_service(&self, name: &At<String>, entry: &MetricEntry, report: &mut Report) {
        if let (Some((dimension, _)), false) = (entry.dimensions.0.first(), self.dimensions) {
            let hint = "leave them out, or read the metric from a `cloudwatch` source";
            report.add_with(dimension.place, "only metrics of CloudWatch have dimensions", hint);
        }
        if entry.alarms.is_some() && !self.alarms {
            report.add_with(
                name.place,
                "only a `cloudwatch` source has alarms",
                "write `source: …` with one of that kind",
            );
        }
        if let Some(alive) = entry.events.as_ref().and_then(|events| events.alive.as_ref()).filter(|_| !self.alive) {
            let hint = "leave it out: with `missing: zero` an empty cell is a zero wherever there is a row";
            report.add_with(alive.place(), "`alive` is for metrics of CloudWatch and Prometheus", hint);
        }
        if let Some(instance) = entry.rate.as_ref().and_then(|rate| rate.instance.as_ref())
            && let Err(message) = self.instance
        {
            report.add_with(instance.place, message, "leave `instance` out");
        }
    }

    fn fit_groups(&self, entry: &MetricEntry, report: &mut Report) {
        let Some(by) = &entry.by else { return };
        if !self.groups {
            let hint = "leave `by` out; or write a metric for each";
            report.add_with(
                by.column.place,
                "only Prometheus and rows of a `requests` source or of a file have groups",
                hint,
            );
        }
        if entry.gauge.is_some() && !self.groups_of_gauges {
            report.add_with(by.column.place, "a `gauge` has no groups", "write a metric for each");
        }
        if let Some(instance) = entry.rate.as_ref().and_then(|rate| rate.instance.as_ref()) {
            let hint = format!("leave it out, or `by: {}`", by.column.value);
            report.add_with(instance.place, "a metric has groups or instances, not both", hint);
        }
    }

    fn fit_rows(&self, entry: &MetricEntry, report: &mut Report) {
        if let Some(filter) = entry.filter.as_ref().filter(|_| !self.filter) {
            let hint = "leave `where` out: the rows of this source are counted already";
            report.add_with(filter.place, "only a `requests` source has rows to choose from", hint);
        }
        if let Some(counter) = entry.counter().filter(|_| !self.counter) {
            let hint = "leave `counter` out: this source counts each step by itself";
            report.add_with(counter.place, "only the rows of a file can be totals since some start", hint);
        }
        if let Some(counter) =
            entry.gauge.as_ref().filter(|gauge| gauge.requests.is_none()).and_then(|g| g.counter.as_ref())
        {
            let hint = "write `requests` too; a value that is a counter itself is judged as `events`";
            report.add_with(counter.place, "`counter` says what the `requests` of a gauge are", hint);
        }
    }

    fn fit_query(&self, name: &At<String>, entry: &MetricEntry, report: &mut Report) {
        match (entry.query(), self.query) {
            (None, Query::Always) => {
                let hint = "write `rate: { query: \"… | stats sum(miss) as misses, count(*) as lookups by bin(${step})\", bad: misses, total: lookups }`";
                report.add_with(name.place, format!("`{}` has no query", name.value), hint);
            }
            (Some(query), Query::Always)
                if entry.gauge.as_ref().is_some_and(|gauge| gauge.value.place() == query.place) =>
            {
                let hint = "write `value: p95` beside `query`, as the query calls it";
                report.add_with(query.place, "which field of the rows is the number is not said", hint);
            }
            (Some(query), Query::Never) => {
                report.add_with(query.place, "only a `logs_insights` source has queries", "leave `query` out");
            }
            _ => {}
        }
    }
}

impl ValuesEntry {
    /// The column with the values or with histograms of them.
    pub(in crate::config) fn column(&self) -> Option<&Column> {
        self.value.as_ref().or(self.histogram.as_ref())
    }
}

impl MetricEntry {
    /// Whether its counted columns are totals since some start, wherever its shape says so.
    pub(in crate::config) fn counter(&self) -> Option<&At<bool>> {
        let rate = self.rate.as_ref().and_then(|rate| rate.counter.as_ref());
        let events = self.events.as_ref().and_then(|events| events.counter.as_ref());
        rate.or(events).or(self.gauge.as_ref().and_then(|gauge| gauge.counter.as_ref()))
    }

    /// The query of Logs Insights, wherever its shape has it.
    pub(in crate::config) fn query(&self) -> Option<&At<String>> {
        let rate = self.rate.as_ref().and_then(|rate| rate.query.as_ref());
        let events = self.events.as_ref().and_then(|events| events.query.as_ref());
        let gauge = self.gauge.as_ref().and_then(|gauge| gauge.query.as_ref());
        rate.or(events).or(gauge).or(self.values.as_ref().and_then(|values| values.query.as_ref()))
    }
}
