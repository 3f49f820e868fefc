//! A log in a table, as meant: the source that runs the query found, and the query tried before anything is asked.

use super::{exec, http, sql};
use crate::config::columns::of_metric;
use crate::config::values::Values;
use crate::config::written::column::Column;
use crate::config::written::file::{MetricEntry, SourceEntry};
use crate::config::written::requests::RequestsEntry;
use crate::config::written::tabled::TabledEntry;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::Backend;
use crate::source::requests::pushdown::Dialect;
use crate::source::requests::{Asked, DIGITS, Engine, Requests, Tabled};
use crate::text::problem::{At, Report};
use crate::text::scalar::Named;

/// What runs the queries of tables, by name.
pub(super) fn engines(sources: &Named<SourceEntry>) -> impl Iterator<Item = &At<String>> {
    let tables = sources.0.iter().filter_map(|(_, source)| source.requests.as_ref()?.table.as_ref());
    tables.map(|table| &table.engine)
}

/// The same question to a log that lies in a table.
pub(super) fn tabled(
    (log, written, metric): (&RequestsEntry, &TabledEntry, &MetricEntry),
    asked: Asked,
    (source, values): (&SourceEntry, &Values),
    folder: &std::path::Path,
    report: &mut Report,
) -> Option<Asked> {
    let before = report.len();
    let engine = engine(written, source, values, folder, report)?;
    let usual = matches!(engine, Engine::Sql(_)).then_some(Dialect::Postgres);
    let Some(dialect) = written.dialect.as_ref().map(|dialect| dialect.value.0).or(usual) else {
        let hint = "write `dialect: clickhouse`, or duckdb, spark, athena, bigquery, snowflake";
        report.add_with(written.place, "nothing says which SQL the source speaks", hint);
        return None;
    };
    let table = Tabled {
        name: values.fill(&written.name, report),
        dialect,
        time: written.time_type.value.0,
        texts: written.text.iter().map(|column| values.fill(column, report)).collect(),
        digits: written.digits.as_ref().map_or(DIGITS, |digits| digits.value.0),
        engine,
    };
    let shown = format!("{} in {}", table.name, table.describe());
    let window = Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH };
    let slices = std::slice::from_ref(&asked.slice);
    if let Err(refused) = table.query(&asked.log, slices, SignedDuration::from_mins(1), window) {
        let texts = log.texts().chain(&metric.filter).chain(of_metric(metric).filter_map(Column::name));
        let mut about = texts.filter(|text| refused.about.as_deref().is_some_and(|about| text.value.contains(about)));
        let place = about.next().map_or(written.place, |text| text.place);
        report.add_with(place, refused.problem, refused.hint);
    }
    let log = Requests { shown, table: Some(Box::new(table)), ..asked.log };
    (report.len() == before).then_some(Asked { log, ..asked })
}

/// The source that runs the query, which has a place for it.
fn engine(
    written: &TabledEntry,
    source: &SourceEntry,
    values: &Values,
    folder: &std::path::Path,
    report: &mut Report,
) -> Option<Engine> {
    let place = written.engine.place;
    let has_place = |has_query: bool, report: &mut Report| {
        if !has_query {
            let problem = format!("the source `{}` has no place for the query", written.engine.value);
            report.add_with(place, problem, "write `${query}` where its command or its request has the query");
        }
        has_query
    };
    match source {
        SourceEntry { sql: Some(database), .. } => {
            sql::database(database, values, folder, report).map(|database| Engine::Sql(Box::new(database)))
        }
        SourceEntry { http: Some(store), .. } => {
            let store = http::engine(store, (values, folder), report)?;
            has_place(store.has_query(), report).then(|| Engine::Http(Box::new(store)))
        }
        SourceEntry { exec: Some(program), .. } => {
            let program = exec::engine(program, values, folder, report);
            has_place(program.has_query(), report).then(|| Engine::Exec(Box::new(program)))
        }
        _ => {
            let problem = format!("the source `{}` runs no query", written.engine.value);
            report.add_with(place, problem, "name a source `sql`, `http` or `exec`");
            None
        }
    }
}
