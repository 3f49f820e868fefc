//! From sources and columns as written to complete queries: labels substituted, paths joined, nothing asked yet.

use std::path::Path;

use super::asking;
use super::requests;
use super::values::{Values, zone};
use super::written::arm::ArmColumnEntry;
use super::written::file::{FileEntry, MetricEntry, SourceEntry, ValuesEntry};
use super::written::requests::RequestsEntry;
use super::written::service::{
    AccessEntry, AlarmsEntry, CloudWatchEntry, Column, InsightsEntry, LogEventsEntry, LostEntry,
};
use crate::series::{Arm, SignedDuration};
use crate::source::aws::{Access, Alarms, CloudWatch, Insights, LogEvents, Role};
use crate::source::{ArmColumn, File, Format, Long, Query, Source};
use crate::text::problem::{At, Place, Report, suggestion};
use crate::text::scalar::Named;
use crate::text::substitute::names;
use crate::url::Url;

/// How long a call of a service may take with all its retries.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);
/// How long a query of Logs Insights may run.
const QUERY_DEADLINE: SignedDuration = SignedDuration::from_mins(5);

/// The query of one metric in one arm. Of a service, its period is a minute until the plan knows the window.
pub(super) fn query(
    metric: (&At<String>, &MetricEntry),
    sources: &Named<SourceEntry>,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<Query> {
    let (name, entry) = metric;
    let source = source_of(metric, sources, report)?;
    let kind = Kind::of(source)?;
    if !kind.fits(name, entry, report) {
        return None;
    }
    let (source, ask) = match kind {
        Kind::File(file) => {
            let source = Source::File(read_file(file, values, folder, report));
            (source, asking::ask(entry, &mut plain(values, "the column's name", false), values, report)?)
        }
        Kind::Requests(log) => requests::asked(log, entry, values, folder, report)?,
        Kind::CloudWatch(cloudwatch) => match &entry.alarms {
            Some(alarms) => {
                let ask = asking::ask(entry, &mut plain(values, "", false), values, report)?;
                (Source::Alarms(read_alarms(cloudwatch, alarms, values, report)), ask)
            }
            None => {
                let metrics = asking::Metrics { source: cloudwatch, entry, values, columns: Vec::new() };
                let (columns, ask) = metrics.asked(report)?;
                let access = read_access(&cloudwatch.access, DEADLINE, values, report);
                (Source::CloudWatch(CloudWatch { access, columns, period: asking::PERIOD, note: None }), ask)
            }
        },
        Kind::Insights(insights) => {
            let source = read_insights(insights, entry.query()?, values, report);
            (
                Source::Insights(source),
                asking::ask(entry, &mut plain(values, "the field's name", false), values, report)?,
            )
        }
        Kind::LogEvents(events) => {
            let ask = asking::ask(entry, &mut plain(values, "the filter pattern", true), values, report)?;
            let mut columns: Vec<(String, String)> = Vec::new();
            for pattern in ask.names() {
                if !columns.iter().any(|(known, _)| known == pattern) {
                    columns.push((pattern.to_owned(), pattern.to_owned()));
                }
            }
            let access = read_access(&events.access, DEADLINE, values, report);
            let groups = read_groups(events.place, &events.log_groups, values, report);
            (Source::LogEvents(LogEvents { access, groups, columns, step: asking::PERIOD }), ask)
        }
        Kind::Lost(lost) => {
            let ask = asking::ask(entry, &mut plain(values, "a name", true), values, report)?;
            (Source::Lost(lost.why.value.clone()), ask)
        }
    };
    let by = entry.by.as_ref().map(|by| by.filled(values, report));
    let step = entry.step.as_ref().map(|step| step.value.0).filter(|step| step.is_positive());
    Some(Query { metric: name.value.clone(), arm: values.arm, source, ask, by, step, compared: true, required: true })
}

fn plain<'v>(values: &'v Values<'v>, what: &'static str, may_be_empty: bool) -> asking::Plain<'v> {
    asking::Plain { values, what, may_be_empty }
}

/// The kind that a source is.
#[derive(Clone, Copy)]
enum Kind<'f> {
    File(&'f FileEntry),
    Requests(&'f RequestsEntry),
    CloudWatch(&'f CloudWatchEntry),
    Insights(&'f InsightsEntry),
    LogEvents(&'f LogEventsEntry),
    Lost(&'f LostEntry),
}

impl<'f> Kind<'f> {
    fn of(source: &'f SourceEntry) -> Option<Kind<'f>> {
        let file = source.file.as_ref().map(Kind::File).or(source.requests.as_ref().map(Kind::Requests));
        let metrics = source.cloudwatch.as_ref().map(Kind::CloudWatch);
        let logs =
            source.logs_insights.as_ref().map(Kind::Insights).or(source.log_events.as_ref().map(Kind::LogEvents));
        file.or(metrics).or(logs).or(source.unreachable.as_ref().map(Kind::Lost))
    }

    /// Complains of what a metric says that its kind of source cannot answer, and whether there is anything left to ask.
    fn fits(self, name: &At<String>, entry: &MetricEntry, report: &mut Report) -> bool {
        let cloudwatch = matches!(self, Kind::CloudWatch(_));
        if let (Some((dimension, _)), false) = (entry.dimensions.0.first(), cloudwatch) {
            let hint = "leave them out, or read the metric from a `cloudwatch` source";
            report.add_with(dimension.place, "only metrics of CloudWatch have dimensions", hint);
        }
        if entry.alarms.is_some() && !cloudwatch && !matches!(self, Kind::Lost(_)) {
            report.add_with(
                name.place,
                "only a `cloudwatch` source has alarms",
                "write `source: …` with one of that kind",
            );
        }
        if let Some(values) = entry.values.as_ref().filter(|_| cloudwatch || matches!(self, Kind::LogEvents(_))) {
            let hint = "write `gauge: { metric: …, stat: p95, unit: ms }`";
            let place = values.column().map_or(name.place, Column::place);
            report.add_with(place, "CloudWatch keeps no value of a single request", hint);
            return false;
        }
        if let Some(histogram) = entry.values.as_ref().and_then(|values| values.histogram.as_ref())
            && !matches!(self, Kind::File(_) | Kind::Lost(_))
        {
            report.add_with(histogram.place(), "only files have histograms", "write `value: …`");
        }
        if let Some(gauge) = entry.gauge.as_ref().filter(|_| matches!(self, Kind::LogEvents(_))) {
            report.add_with(gauge.value.place(), "log events are counted, not measured", "ask with `logs_insights`");
        }
        let rows = matches!(self, Kind::File(_) | Kind::Requests(_) | Kind::Lost(_));
        if let Some(by) = entry.by.as_ref().filter(|_| !rows) {
            let hint = "leave `by` out; or write a metric for each";
            report.add_with(by.column.place, "only rows of a `requests` source or of a file have groups", hint);
        }
        if let (Some(by), Some(shape)) = (&entry.by, entry.gauge.as_ref().map(|_| "gauge"))
            && !matches!(self, Kind::Requests(_))
        {
            let hint = "write a metric for each";
            report.add_with(by.column.place, format!("a `{shape}` has no groups"), hint);
        }
        if let (Some(by), Some(instance)) = (&entry.by, entry.rate.as_ref().and_then(|rate| rate.instance.as_ref())) {
            let hint = format!("leave it out, or `by: {}`", by.column.value);
            report.add_with(instance.place, "a metric has groups or instances, not both", hint);
        }
        if let Some(filter) = entry.filter.as_ref().filter(|_| !matches!(self, Kind::Requests(_))) {
            let hint = "leave `where` out: the rows of this source are counted already";
            report.add_with(filter.place, "only a `requests` source has rows to choose from", hint);
        }
        if let Some(counter) = entry.counter().filter(|_| !matches!(self, Kind::File(_) | Kind::Lost(_))) {
            let hint = "leave `counter` out: this source counts each step by itself";
            report.add_with(counter.place, "only the rows of a file can be totals since some start", hint);
        }
        if let Some(counter) =
            entry.gauge.as_ref().filter(|gauge| gauge.requests.is_none()).and_then(|g| g.counter.as_ref())
        {
            let hint = "write `requests` too; a value that is a counter itself is judged as `events`";
            report.add_with(counter.place, "`counter` says what the `requests` of a gauge are", hint);
        }
        match (entry.query(), self) {
            (None, Kind::Insights(_)) => {
                let hint = "write `rate: { query: \"… | stats sum(miss) as misses, count(*) as lookups by bin(${step})\", bad: misses, total: lookups }`";
                report.add_with(name.place, format!("`{}` has no query", name.value), hint);
            }
            (Some(query), Kind::File(_) | Kind::Requests(_) | Kind::CloudWatch(_) | Kind::LogEvents(_)) => {
                report.add_with(query.place, "only a `logs_insights` source has queries", "leave `query` out");
            }
            _ => {}
        }
        if let Some(alive) = entry.events.as_ref().and_then(|events| events.alive.as_ref()).filter(|_| !cloudwatch) {
            let hint = "leave it out: with `missing: zero` an empty cell is a zero wherever there is a row";
            report.add_with(alive.place(), "`alive` is for metrics of CloudWatch", hint);
        }
        if let (Some(rate), true) = (&entry.rate, cloudwatch)
            && let Some(instance) = &rate.instance
        {
            report.add_with(instance.place, "CloudWatch has no instances in one metric", "leave `instance` out");
        }
        true
    }
}

impl ValuesEntry {
    /// The column with the values or with histograms of them.
    pub(super) fn column(&self) -> Option<&Column> {
        self.value.as_ref().or(self.histogram.as_ref())
    }
}

impl MetricEntry {
    /// Whether its counted columns are totals since some start, wherever its shape says so.
    pub(super) fn counter(&self) -> Option<&At<bool>> {
        let rate = self.rate.as_ref().and_then(|rate| rate.counter.as_ref());
        let events = self.events.as_ref().and_then(|events| events.counter.as_ref());
        rate.or(events).or(self.gauge.as_ref().and_then(|gauge| gauge.counter.as_ref()))
    }

    /// The query of Logs Insights, wherever its shape has it.
    pub(super) fn query(&self) -> Option<&At<String>> {
        let rate = self.rate.as_ref().and_then(|rate| rate.query.as_ref());
        let events = self.events.as_ref().and_then(|events| events.query.as_ref());
        let gauge = self.gauge.as_ref().and_then(|gauge| gauge.query.as_ref());
        rate.or(events).or(gauge).or(self.values.as_ref().and_then(|values| values.query.as_ref()))
    }
}

/// Whether an address is one of a server that credentials may be sent to, and if not, why and what to do.
pub fn endpoint(url: &str) -> Result<(), (String, &'static str)> {
    match Url::parse(url) {
        Ok(url) if url.is_readable_on_the_way() => {
            let why = "this address is not encrypted, and requests to it hold credentials";
            Err((why.into(), "write `https://…`; plain HTTP is for this machine alone: `http://127.0.0.1:4566`"))
        }
        Ok(_) => Ok(()),
        Err(why) => Err((format!("this address {why}"), "write `https://…`, or `http://127.0.0.1:4566`")),
    }
}

fn read_access(written: &AccessEntry, usual: SignedDuration, values: &Values, report: &mut Report) -> Access {
    if let Some(deadline) = written.deadline.as_ref().filter(|deadline| deadline.value.0.is_zero()) {
        report.add_with(deadline.place, "no time at all", "write `deadline: 2m`");
    }
    if let Some(url) = &written.endpoint_url {
        let filled = values.fill(url, report);
        if let (Err((message, hint)), false) = (endpoint(&filled), filled.is_empty()) {
            report.add_hushed(url.place, message, hint);
        }
    }
    Access {
        region: values.maybe(written.region.as_ref(), report),
        profile: values.maybe(written.profile.as_ref(), report),
        endpoint_url: values.maybe(written.endpoint_url.as_ref(), report),
        assume_role: written.assume_role.as_ref().map(|role| Role {
            arn: values.fill(&role.arn, report),
            external_id: values.maybe(role.external_id.as_ref(), report),
        }),
        deadline: written.deadline.as_ref().map_or(usual, |deadline| deadline.value.0),
    }
}

fn read_alarms(source: &CloudWatchEntry, alarms: &AlarmsEntry, values: &Values, report: &mut Report) -> Alarms {
    Alarms {
        access: read_access(&source.access, DEADLINE, values, report),
        names: alarms.names.iter().map(|name| values.fill(name, report)).collect(),
        prefix: values.maybe(alarms.prefix.as_ref(), report),
        step: asking::PERIOD,
    }
}

fn read_insights(source: &InsightsEntry, query: &At<String>, values: &Values, report: &mut Report) -> Insights {
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

fn arm_column(arm: &ArmColumnEntry, values: &Values, report: &mut Report) -> ArmColumn {
    if arm.baseline.value == arm.canary.value {
        report.add(arm.canary.place, format!("`{}` cannot mean both arms", arm.canary.value));
    }
    let (value, other) = match values.arm {
        Arm::Baseline => (&arm.baseline, &arm.canary),
        Arm::Canary => (&arm.canary, &arm.baseline),
    };
    ArmColumn {
        column: values.fill(&arm.column, report),
        value: values.fill(value, report),
        other: values.quietly(other),
    }
}

fn source_of<'s>(
    (name, metric): (&At<String>, &MetricEntry),
    sources: &'s Named<SourceEntry>,
    report: &mut Report,
) -> Option<&'s SourceEntry> {
    match (&metric.source, sources.0.as_slice()) {
        (Some(source), _) => {
            let found = sources.get(&source.value);
            if found.is_none() {
                let hint = suggestion(&source.value, sources.names()).unwrap_or_default();
                report.add_with(source.place, format!("there is no source `{}`", source.value), hint);
            }
            found
        }
        (None, [(_, only)]) => Some(only),
        (None, []) => None,
        (None, several) => {
            let hint = format!("write `source: {}`, or another one", several[0].0.value);
            report.add_with(name.place, format!("`{}` does not say which source it is read from", name.value), hint);
            None
        }
    }
}

fn read_file(file: &FileEntry, values: &Values, folder: &Path, report: &mut Report) -> File {
    let shown = values.fill(&file.path, report);
    let zone = zone(file.zone.as_ref(), values, report);
    let arm = file.arm.as_ref().map(|arm| arm_column(arm, values, report));
    let long = file
        .long
        .as_ref()
        .map(|long| Long { name: values.fill(&long.name, report), value: values.fill(&long.value, report) });
    File {
        path: folder.join(&shown),
        shown,
        format: file.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        time: values.maybe(file.time.as_ref(), report),
        zone,
        arm,
        long,
    }
}

/// Every name that any source or column refers to.
pub(super) fn referenced<'f>(sources: &'f Named<SourceEntry>, metrics: &'f Named<MetricEntry>) -> Vec<&'f str> {
    let files = sources.0.iter().filter_map(|(_, source)| source.file.as_ref()).flat_map(|file| {
        let arm = file.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
        let long = file.long.iter().flat_map(|long| [&long.name, &long.value]);
        [&file.path].into_iter().chain(&file.time).chain(&file.zone).chain(arm).chain(long)
    });
    let logs = sources.0.iter().filter_map(|(_, source)| source.requests.as_ref()).flat_map(RequestsEntry::texts);
    let accesses = sources.0.iter().flat_map(|(_, source)| {
        let cloudwatch = source.cloudwatch.iter().flat_map(|source| {
            let own = source.namespace.iter().map(|text| text.value.as_str());
            let account = source.account.iter().map(|account| account.value.0.as_str());
            source.access.texts().chain(own).chain(account).chain(source.dimensions.texts())
        });
        let insights = source.logs_insights.iter().flat_map(|source| {
            let arm = source.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
            let own = source.log_groups.iter().chain(&source.time).chain(arm).map(|text| text.value.as_str());
            source.access.texts().chain(own)
        });
        let events = source
            .log_events
            .iter()
            .flat_map(|source| source.access.texts().chain(source.log_groups.iter().map(|text| text.value.as_str())));
        cloudwatch.chain(insights).chain(events)
    });
    let columns = metrics.0.iter().flat_map(|(_, metric)| {
        let rate = metric.rate.iter().flat_map(|rate| asking::of_rate(rate).chain(None));
        let events = metric.events.iter().flat_map(|events| {
            [Some(&events.count), events.exposure.as_ref(), events.alive.as_ref()].into_iter().flatten()
        });
        let gauge = metric.gauge.iter().flat_map(|gauge| gauge.requests.iter().chain([&gauge.value]));
        let values = metric.values.iter().filter_map(ValuesEntry::column);
        let columns = rate.chain(events).chain(gauge).chain(values).flat_map(Column::texts);
        let instance = metric.rate.iter().filter_map(|rate| rate.instance.as_ref());
        let alarms = metric.alarms.iter().flat_map(|alarms| alarms.names.iter().chain(&alarms.prefix));
        let rows = metric.filter.iter().chain(metric.by.iter().map(|by| &by.column));
        let plain =
            metric.query().into_iter().chain(rows).chain(instance).chain(alarms).map(|text| text.value.as_str());
        columns.chain(plain).chain(metric.dimensions.texts())
    });
    files.chain(logs).map(|text| text.value.as_str()).chain(accesses).chain(columns).flat_map(names).collect()
}
