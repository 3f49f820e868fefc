//! Whose a row of one file is, if the file does not say it in the usual words.
//!
//! Nobody guesses which of two versions is the baseline. What the columns hold is asked of the file by the ordinary way of
//! reading, and the option to type is offered for those with two values.

use std::collections::BTreeMap;

use super::Failure;
use crate::cli::{ArmNames, Files};
use crate::config::plan::{Span, TimePlan};
use crate::ingest::{self, ingest};
use crate::plain;
use crate::series::{Arm, SignedDuration, Timestamp, group_name};
use crate::source::requests::survey::Telling;
use crate::source::requests::{self, By, REST};
use crate::source::survey::{self, Column, ColumnKind, Found, Survey};
use crate::source::{Ask, File, Format, Least, Outside, Query, Source};

/// Columns with more values than this do not tell arms apart.
const FEW: usize = 4;
/// So many columns are looked at.
const MOST: usize = 12;
/// Words of columns that may tell arms apart even by numbers.
const VERSIONS: [&str; 14] = [
    "arm",
    "canary",
    "variant",
    "version",
    "group",
    "cohort",
    "experiment",
    "release",
    "build",
    "revision",
    "deployment",
    "slot",
    "track",
    "commit",
];

/// What a file seems to hold; one of a format that somebody named is a table.
pub(super) fn found(file: &File, files: &Files) -> Result<Found, Failure> {
    if let Some(layout) = &files.layout {
        let log = requests::survey::laid(file.path.clone(), layout);
        return log.map(Found::Log).map_err(|error| Failure::Data(ingest::Error::from(error)));
    }
    let found = if file.format == Format::Auto { survey::found(file) } else { survey::survey(file).map(Found::Table) };
    let found = found.map_err(|error| Failure::Data(ingest::Error::from(error)))?;
    Ok(match (found, &files.by) {
        (Found::Table(table), Some(by)) if table.step.is_none() => {
            let step = column_of_times(file, &table, by).into_values().find_map(|times| spacing(&times));
            Found::Table(Survey { step, ..table })
        }
        (found, _) => found,
    })
}

/// The same for one file of both arms, with whose a row is: as somebody says, or as the file does.
///
/// # Errors
///
/// Nobody says it. The columns that could are named, with the option to type.
pub(super) fn told(found: Found, file: &File, files: &Files) -> Result<Found, Failure> {
    match (found, &files.arm) {
        (Found::Log(mut log), Some(arm)) => {
            known(&arm.column, &log.columns.iter().map(String::as_str).collect::<Vec<_>>())?;
            log.arms = Telling::Column(arm.column.clone(), arm.baseline.clone(), arm.canary.clone());
            Ok(Found::Log(log))
        }
        (Found::Table(table), Some(arm)) => {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            let of_usual = table.arm.as_ref().is_some_and(|(column, ..)| *column == arm.column);
            if !of_usual {
                known(&arm.column, &names)?;
            }
            Ok(Found::Table(split(table, file, arm)?))
        }
        (Found::Table(table), None) if table.arm.is_none() => {
            let candidates = candidates(file, &table);
            if candidates.is_empty() {
                Ok(Found::Table(table))
            } else {
                Err(Failure::Unusable(offered(&table, &candidates)))
            }
        }
        (found, None) => Ok(found),
    }
}

fn known(column: &str, columns: &[&str]) -> Result<(), Failure> {
    if columns.is_empty() || columns.contains(&column) {
        return Ok(());
    }
    let list = columns.join(", ");
    Err(Failure::Misused(format!("--arm {column}=…: there is not a column {column:?}. The columns are: {list}")))
}

/// A table whose arms somebody told apart, with the spacing of an arm's rows.
fn split(table: Survey, file: &File, arm: &ArmNames) -> Result<Survey, Failure> {
    let values = column_of_times(file, &table, &arm.column);
    for wanted in [&arm.baseline, &arm.canary] {
        if !values.is_empty() && !values.contains_key(wanted) {
            let has: Vec<String> = values.keys().map(|value| plain::line(value)).collect();
            return Err(Failure::Misused(format!(
                "--arm {}={},{}: no row of {} has {wanted:?} there. It has {}",
                arm.column,
                arm.baseline,
                arm.canary,
                table.shown,
                has.join(", ")
            )));
        }
    }
    let step = values.get(&arm.canary).and_then(|times| spacing(times)).or(table.step);
    let names = (arm.column.clone(), arm.baseline.clone(), arm.canary.clone());
    Ok(Survey { arm: Some(names), unclear_arm: None, step, ..table })
}

/// The columns that could tell the arms apart, the likeliest first.
fn candidates(file: &File, table: &Survey) -> Vec<(String, Vec<String>)> {
    let is_version = |column: &Column| {
        let name = column.name.to_lowercase();
        VERSIONS.iter().any(|word| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word))
    };
    let could = |column: &&Column| column.kind == ColumnKind::Text || is_version(column);
    let mut columns: Vec<&Column> = table.columns.iter().filter(could).collect();
    columns.sort_by_key(|column| !is_version(column));
    let values = |column: &Column| {
        let values: Vec<String> = column_of_times(file, table, &column.name).into_keys().collect();
        let is_few = values.len() == 2 || is_version(column) && (2..=FEW).contains(&values.len());
        is_few.then(|| (column.name.clone(), values))
    };
    columns.into_iter().take(MOST).filter_map(values).collect()
}

/// The values of a column with the times of the rows of each; nothing if it has many, or if it cannot be known.
fn column_of_times(file: &File, table: &Survey, column: &str) -> BTreeMap<String, Vec<Timestamp>> {
    let is_number =
        |one: &&Column| matches!(one.kind, ColumnKind::Whole | ColumnKind::Real) && one.text == 0 && one.name != column;
    let fullest = table.columns.iter().filter(is_number).min_by_key(|one| one.empty);
    let Some(measured) = fullest.filter(|_| table.long.is_none()) else { return BTreeMap::new() };
    let query = Query {
        metric: "rows".into(),
        arm: Arm::Canary,
        source: Source::File(file.clone()),
        ask: Ask::Values { value: measured.name.clone(), factor: 1.0, least: Least::Any },
        unit: None,
        by: Some(By { column: column.to_owned(), most: FEW }),
        slices: None,
        step: None,
        compared: false,
        required: true,
    };
    let step = Some(table.step.unwrap_or(SignedDuration::from_mins(1)));
    let time = TimePlan { canary: Span::All, baseline: Span::All, step, steady: false, zone: None, days: None };
    let Ok(data) = ingest(&[query], &time, &Outside::quiet(Timestamp::UNIX_EPOCH)) else { return BTreeMap::new() };
    let groups = data.groups.get("rows").cloned().unwrap_or_default();
    if groups.iter().any(|group| group == REST) {
        return BTreeMap::new();
    }
    let times = |group: &String| data.metrics.get(&group_name("rows", group)).map(|pair| pair.canary.time().to_vec());
    groups.iter().filter_map(|group| Some((group.clone(), times(group)?))).collect()
}

/// The spacing that most neighbours have.
fn spacing(times: &[Timestamp]) -> Option<SignedDuration> {
    let mut spacings: BTreeMap<SignedDuration, usize> = BTreeMap::new();
    let mut times = times.to_vec();
    times.sort_unstable();
    times.windows(2).for_each(|pair| *spacings.entry(pair[1].duration_since(pair[0])).or_default() += 1);
    let (spacing, count) = spacings.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 2 > times.len().saturating_sub(1) && spacing > SignedDuration::ZERO).then_some(spacing)
}

fn offered(table: &Survey, candidates: &[(String, Vec<String>)]) -> String {
    let shown = candidates.iter().map(|(column, values)| format!("`{column}` ({})", values.join(", ")));
    let which = if candidates.len() == 1 { "This could" } else { "One of these could" };
    let (column, values) = &candidates[0];
    let ends = [&values[0], &values[values.len() - 1]].map(String::as_str);
    format!(
        "{} does not say which rows are the baseline's: it has no column `arm`. {which}: {}. {}",
        table.shown,
        shown.collect::<Vec<_>>().join(", "),
        crate::config::which_is_which(column, ends)
    )
}
