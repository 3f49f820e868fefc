//! The registry of sources as written: one variant and one line in each `match` for every kind.
//!
//! No `match` here has a wildcard, and sections are taken apart whole, so a new kind does not compile until every
//! question is answered: what it can do, how it is asked, which of its texts refer to labels.

use std::path::Path;

use super::abilities::{self, Abilities};
use super::{cloudwatch, exec, file, http, logs, prometheus, sql, tabled};
use crate::config::columns::{Plain, ask, of_metric};
use crate::config::requests;
use crate::config::values::Values;
use crate::config::written::aws::{CloudWatchEntry, InsightsEntry, LogEventsEntry};
use crate::config::written::column::Column;
use crate::config::written::exec::ExecEntry;
use crate::config::written::file::{FileEntry, MetricEntry, SourceEntry, WindowEntry};
use crate::config::written::http::HttpEntry;
use crate::config::written::lost::LostEntry;
use crate::config::written::prometheus::PrometheusEntry;
use crate::config::written::requests::RequestsEntry;
use crate::config::written::sql::SqlEntry;
use crate::judge::rules::Unit;
use crate::series::Timestamp;
use crate::source::{Ask, BaseUnit, Query, Source};
use crate::text::problem::{At, Report, suggestion};
use crate::text::scalar::Named;
use crate::text::substitute::names;

/// The kind that a source is.
#[derive(Clone, Copy)]
enum Kind<'f> {
    File(&'f FileEntry),
    Requests(&'f RequestsEntry),
    CloudWatch(&'f CloudWatchEntry),
    Insights(&'f InsightsEntry),
    LogEvents(&'f LogEventsEntry),
    Prometheus(&'f PrometheusEntry),
    Http(&'f HttpEntry),
    Exec(&'f ExecEntry),
    Sql(&'f SqlEntry),
    Lost(&'f LostEntry),
}

impl<'f> Kind<'f> {
    fn of(source: &'f SourceEntry) -> Option<Kind<'f>> {
        let SourceEntry {
            file,
            requests,
            cloudwatch,
            logs_insights,
            log_events,
            prometheus,
            http,
            sql,
            exec,
            unreachable,
        } = source;
        let kinds = [
            file.as_ref().map(Kind::File),
            requests.as_ref().map(Kind::Requests),
            cloudwatch.as_ref().map(Kind::CloudWatch),
            logs_insights.as_ref().map(Kind::Insights),
            log_events.as_ref().map(Kind::LogEvents),
            prometheus.as_ref().map(Kind::Prometheus),
            http.as_ref().map(Kind::Http),
            exec.as_ref().map(Kind::Exec),
            sql.as_ref().map(Kind::Sql),
            unreachable.as_ref().map(Kind::Lost),
        ];
        kinds.into_iter().flatten().next()
    }

    fn abilities(self) -> &'static Abilities {
        match self {
            Kind::File(_) => &abilities::FILE,
            Kind::Requests(_) => &abilities::REQUESTS,
            Kind::CloudWatch(_) => &abilities::CLOUDWATCH,
            Kind::Insights(_) => &abilities::INSIGHTS,
            Kind::LogEvents(_) => &abilities::LOG_EVENTS,
            Kind::Prometheus(_) => &abilities::PROMETHEUS,
            Kind::Http(_) => &abilities::HTTP,
            Kind::Exec(_) => &abilities::FILE,
            Kind::Sql(_) => &abilities::SQL,
            Kind::Lost(_) => &abilities::LOST,
        }
    }

    /// The question of one metric in one arm.
    fn question(
        self,
        entry: &MetricEntry,
        sources: &Named<SourceEntry>,
        (values, folder): (&Values, &Path),
        report: &mut Report,
    ) -> Option<(Source, Ask)> {
        let plain = |what: &'static str, may_be_empty: bool, report: &mut Report| {
            ask(entry, &mut Plain { values, what, may_be_empty, has_window: false }, values, report)
        };
        Some(match self {
            Kind::File(written) => {
                let source = Source::File(file::file(written, values, folder, report));
                (source, plain("the column's name", false, report)?)
            }
            Kind::Requests(log) => {
                let (asked, ask) = requests::asked(log, entry, values, folder, report)?;
                let asked = match &log.table {
                    Some(table) => {
                        let engine = named(&table.engine, sources, report)?;
                        tabled::tabled((log, table, entry), asked, (engine, values), folder, report)?
                    }
                    None => asked,
                };
                (Source::Requests(Box::new(asked)), ask)
            }
            Kind::CloudWatch(source) => match &entry.alarms {
                Some(alarms) => {
                    let ask = plain("", false, report)?;
                    (Source::Alarms(cloudwatch::alarms(source, alarms, values, report)), ask)
                }
                None => {
                    let (asked, ask) = cloudwatch::metrics(source, entry, values, report)?;
                    (Source::CloudWatch(asked), ask)
                }
            },
            Kind::Insights(source) => {
                let source = Source::Insights(logs::insights(source, entry.query()?, values, report));
                (source, plain("the field's name", false, report)?)
            }
            Kind::LogEvents(source) => {
                let ask = plain("the filter pattern", true, report)?;
                (Source::LogEvents(logs::events(source, &ask, values, report)), ask)
            }
            Kind::Prometheus(server) => {
                let (asked, ask) = prometheus::prometheus(server, entry, values, folder, report)?;
                (Source::Prometheus(Box::new(asked)), ask)
            }
            Kind::Http(store) => {
                let what = "the column's name, or its query";
                let names = &mut Plain { values, what, may_be_empty: false, has_window: true };
                let ask = ask(entry, names, values, report)?;
                (Source::Http(Box::new(http::http(store, (entry, &ask), (values, folder), report)?)), ask)
            }
            Kind::Exec(program) => {
                let source = Source::Exec(exec::exec(program, values, folder, report));
                (source, plain("the column's name", false, report)?)
            }
            Kind::Sql(database) => {
                let ask = plain("the column's name", false, report)?;
                (Source::Sql(Box::new(sql::sql(database, entry, values, folder, report)?)), ask)
            }
            Kind::Lost(lost) => {
                let ask = plain("a name", true, report)?;
                (Source::Lost(lost.why.value.clone()), ask)
            }
        })
    }

    /// Every text that may refer to labels.
    fn texts(self) -> Vec<&'f str> {
        fn plain(text: &At<String>) -> &str {
            &text.value
        }
        match self {
            Kind::File(file) => {
                let arm = file.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
                let long = file.long.iter().flat_map(|long| [&long.name, &long.value]);
                [&file.path].into_iter().chain(&file.time).chain(&file.zone).chain(arm).chain(long).map(plain).collect()
            }
            Kind::Requests(log) => log.texts().map(plain).collect(),
            Kind::CloudWatch(source) => {
                let own = source.namespace.iter().map(plain);
                let account = source.account.iter().map(|account| account.value.0.as_str());
                source.access.texts().chain(own).chain(account).chain(source.dimensions.texts()).collect()
            }
            Kind::Insights(source) => {
                let arm = source.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
                let own = source.log_groups.iter().chain(&source.time).chain(arm).map(plain);
                source.access.texts().chain(own).collect()
            }
            Kind::LogEvents(source) => source.access.texts().chain(source.log_groups.iter().map(plain)).collect(),
            Kind::Prometheus(server) => server.texts().collect(),
            Kind::Http(store) => store.texts(),
            Kind::Exec(program) => program.texts().collect(),
            Kind::Sql(database) => database.texts().collect(),
            Kind::Lost(_) => Vec::new(),
        }
    }
}

/// The query of one metric in one arm. A service's step is a minute until [`place`] knows the window.
pub(in crate::config) fn query(
    metric: (&At<String>, &MetricEntry),
    sources: &Named<SourceEntry>,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<Query> {
    let (name, entry) = metric;
    let kind = Kind::of(source_of(metric, sources, report)?)?;
    if !kind.abilities().fit(name, entry, report) {
        return None;
    }
    let (source, ask) = kind.question(entry, sources, (values, folder), report)?;
    let by = entry.by.as_ref().map(|by| by.filled(values, report));
    let step = entry.step.as_ref().map(|step| step.value.0).filter(|step| step.is_positive());
    Some(Query {
        metric: name.value.clone(),
        arm: values.arm,
        source,
        ask,
        unit: base_unit(entry),
        by,
        slices: None,
        step,
        compared: true,
        required: true,
    })
}

/// What a metric's numbers are in, where its unit is a time, a size or a percentage.
fn base_unit(entry: &MetricEntry) -> Option<BaseUnit> {
    let gauge = entry.gauge.as_ref().and_then(|gauge| gauge.unit.as_ref());
    let values = entry.values.as_ref().and_then(|values| values.unit.as_ref());
    match gauge.or(values)?.unit() {
        Unit::Milliseconds => Some(BaseUnit::Milliseconds),
        Unit::Bytes => Some(BaseUnit::Bytes),
        Unit::Percent => Some(BaseUnit::Percent),
        _ => None,
    }
}

/// Complains of steps that a service does not have, or does not keep from then on until now.
pub(in crate::config) fn place(
    source: &mut Source,
    window: Option<&WindowEntry>,
    kept: (Timestamp, Timestamp),
    report: &mut Report,
) {
    match source {
        Source::CloudWatch(asked) => cloudwatch::place(asked, window, kept, report),
        Source::Alarms(_)
        | Source::LogEvents(_)
        | Source::Insights(_)
        | Source::Exec(_)
        | Source::Http(_)
        | Source::Prometheus(_)
        | Source::Sql(_) => {}
        Source::File(_) | Source::Requests(_) | Source::Lost(_) => {}
    }
}

fn source_of<'s>(
    (name, metric): (&At<String>, &MetricEntry),
    sources: &'s Named<SourceEntry>,
    report: &mut Report,
) -> Option<&'s SourceEntry> {
    // a source that only runs the queries of others is nobody's data
    let engines: Vec<&At<String>> = tabled::engines(sources).collect();
    let is_engine = |name: &str| engines.iter().any(|engine| engine.value == name);
    let own: Vec<_> = sources.0.iter().filter(|(own, _)| !is_engine(&own.value)).collect();
    match (&metric.source, own.as_slice()) {
        (Some(source), _) => named(source, sources, report),
        (None, [(_, only)]) => Some(only),
        (None, []) => None,
        (None, several) => {
            if let Some(unknown) = engines.iter().find(|engine| sources.get(&engine.value).is_none()) {
                return named(unknown, sources, report);
            }
            let hint = format!("write `source: {}`, or another one", several[0].0.value);
            report.add_with(name.place, format!("`{}` does not say which source it is read from", name.value), hint);
            None
        }
    }
}

/// The source of a name; without it a complaint.
pub(super) fn named<'s>(
    name: &At<String>,
    sources: &'s Named<SourceEntry>,
    report: &mut Report,
) -> Option<&'s SourceEntry> {
    let found = sources.get(&name.value);
    if found.is_none() {
        let hint = suggestion(&name.value, sources.names()).unwrap_or_default();
        report.add_with(name.place, format!("there is no source `{}`", name.value), hint);
    }
    found
}

/// Every name that any source or column refers to.
pub(in crate::config) fn referenced<'f>(
    sources: &'f Named<SourceEntry>,
    metrics: &'f Named<MetricEntry>,
) -> Vec<&'f str> {
    let sources = sources.0.iter().filter_map(|(_, source)| Kind::of(source)).flat_map(Kind::texts);
    let columns = metrics.0.iter().flat_map(|(_, metric)| {
        let columns = of_metric(metric).flat_map(Column::texts);
        let instance = metric.rate.iter().filter_map(|rate| rate.instance.as_ref());
        let alarms = metric.alarms.iter().flat_map(|alarms| alarms.names.iter().chain(&alarms.prefix));
        let rows = metric.filter.iter().chain(metric.by.iter().map(|by| &by.column));
        let plain =
            metric.query().into_iter().chain(rows).chain(instance).chain(alarms).map(|text| text.value.as_str());
        columns.chain(plain).chain(metric.dimensions.texts())
    });
    sources.chain(columns).flat_map(names).collect()
}
