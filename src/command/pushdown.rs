//! `davy sketch --sql`: the query that counts a log where it lies, in a table.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::config::plan::{Plan, TimePlan};
use crate::series::Pair;
use crate::source::requests::pushdown::{self, Dialect, Edge, Table};
use crate::source::requests::{Asked, DIGITS, Slice, Tabled};
use crate::source::{Query, Source};

/// How long a step is where nothing says it: short enough for an hour, long enough for a small answer.
const STEP: SignedDuration = SignedDuration::from_mins(5);

/// Prints the query of the one configuration among the inputs.
pub(super) fn run(console: &Console, arguments: &cli::Sketch, dialect: Dialect) -> Result<Exit, Failure> {
    let [path] = arguments.inputs.as_slice() else {
        return Err(Failure::Misused("--sql: name one configuration, and nothing else".into()));
    };
    refuse_others(arguments)?;
    let now = arguments.table.resolve.now.unwrap_or_else(Timestamp::now);
    let loaded = pipeline::load(path)?.told(console);
    let options = pipeline::options(&loaded.folder, &arguments.table.resolve, now);
    let plan = loaded.config.plan_everything(&options)?;
    let asked = questions(&plan, path)?;
    let table = table(arguments, dialect, &plan.time, asked[0].1.log.table.as_deref())?;
    let slices: Vec<Slice> = asked.iter().map(|(query, asked)| split(query, asked)).collect();
    let text = pushdown::explained(&asked[0].1.log, &slices, &table);
    let text = text.map_err(|refused| loaded.config.refused(&refused))?;
    if let Some(edge) = inside(&plan.time, &table) {
        console.note(&format!(
            "{edge} is inside a step of {:#}, and the window begins or ends there: a source `requests` refuses the answer. Choose \
             `--from` and `--to`, or `--now`, where a step begins",
            table.step
        ));
    }
    console.answer(&text)?;
    Ok(Exit::Pass)
}

/// An end of a window of which the answer has a step only in part.
fn inside(time: &TimePlan, table: &Table) -> Option<Timestamp> {
    let windows = time.windows().filter(|_| matches!(table.from, Some(Edge::At(_))))?;
    let stretches = time.stretches(windows.canary).into_iter().chain([windows.baseline, windows.canary]);
    stretches.into_iter().find_map(|window| window.end_inside(table.step))
}

/// What says how to read a log is in the configuration.
fn refuse_others(arguments: &cli::Sketch) -> Result<(), Failure> {
    let named = [&arguments.time, &arguments.zone, &arguments.latency, &arguments.arm, &arguments.arm_column];
    let others = [&arguments.by, &arguments.status];
    let is_named = named.iter().chain(&others).any(|named| named.is_some());
    let writes = arguments.output.is_some() || arguments.csv.is_some() || arguments.merge;
    match is_named || writes || arguments.error.is_some() || arguments.filter.is_some() || arguments.format.is_some() {
        true => Err(Failure::Misused(
            "--sql reads the columns and conditions from the configuration: leave the other options out".into(),
        )),
        false => Ok(()),
    }
}

/// The questions to single requests, all of one log.
fn questions<'a>(plan: &'a Plan, path: &Path) -> Result<Vec<(&'a Query, &'a Asked)>, Failure> {
    let of = |query: &'a Query| match &query.source {
        Source::Requests(asked) => Some((query, &**asked)),
        _ => None,
    };
    let asked: Vec<_> = plan.queries.iter().filter_map(of).collect();
    let path = path.display();
    let Some((_, first)) = asked.first() else {
        let problem = format!("{path}: no metric reads a source `requests`, which describes the columns of the table");
        return Err(Failure::Misused(problem));
    };
    let is_same = |(_, other): &(&Query, &Asked)| {
        (&other.log.columns, &other.log.filter) == (&first.log.columns, &first.log.filter)
            && other.log.arms == first.log.arms
            && other.log.inputs == first.log.inputs
            && other.log.table == first.log.table
    };
    match asked.iter().all(is_same) {
        true => Ok(asked),
        false => Err(Failure::Misused(format!(
            "{path}: the metrics read more than one log, or each arm has a log of its own. A query is over one table: name the \
             column that tells the arms apart (`arm: {{ column: … }}`), and give each table a configuration"
        ))),
    }
}

/// What is asked of the rows, with the columns by which they are localised.
fn split(query: &Query, asked: &Asked) -> Slice {
    let split = query.slices.as_ref().map_or(Vec::new(), |split| split.columns.clone());
    Slice { split, ..asked.slice.clone() }
}

fn table(
    arguments: &cli::Sketch,
    dialect: Dialect,
    time: &TimePlan,
    written: Option<&Tabled>,
) -> Result<Table, Failure> {
    let step = arguments.step.or(time.step).unwrap_or(STEP);
    if step < SignedDuration::from_secs(1) || step.subsec_nanos() != 0 {
        return Err(Failure::Misused("--step: a step of a query is whole seconds long".into()));
    }
    let cli::Table { table, time_type, texts, digits, placeholders, .. } = &arguments.table;
    let name = table.clone().or_else(|| written.map(|table| table.name.clone()));
    let (Some(name), Some(time_type)) = (name, time_type.or(written.map(|table| table.time))) else {
        return Err(Failure::Misused("--sql needs --table and --time-type, or a `table` in the configuration".into()));
    };
    let own = written.iter().flat_map(|table| &table.texts);
    let (from, to) = match time.reaches() {
        _ if *placeholders => (Some(Edge::Named("from")), Some(Edge::Named("to"))),
        Some(Pair { baseline, canary }) => {
            (Some(Edge::At(baseline.start.min(canary.start))), Some(Edge::At(baseline.end.max(canary.end))))
        }
        None => (None, None),
    };
    Ok(Table {
        name,
        dialect,
        time: time_type,
        texts: texts.iter().chain(own).cloned().collect(),
        step,
        digits: digits.or(written.map(|table| table.digits)).unwrap_or(DIGITS),
        from,
        to,
    })
}
