//! Looking over a sheet: what its columns hold, what tells the arms apart, how its points are spaced.

use std::collections::BTreeMap;

use super::sheet::Sheet;
use super::surveyed::{Column, ColumnKind, Motion, Survey};
use super::usual::{is_usual_arm, usual_arm};
use super::wanted::Wanted;
use super::{counter, number, table};
use crate::series::{Arm, SignedDuration, Timestamp};
use crate::source::error::Error;
use crate::source::{File, Long};

/// Of a column that does not tell the arms apart so many values are shown.
const SHOWN_ARMS: usize = 6;

pub(in crate::source) fn survey(file: &File) -> Result<Survey, Error> {
    let sheet = Sheet::open(file, &Wanted::all())?;
    let arm = arm_column(&sheet, file);
    let unclear_arm = if arm.is_none() { unclear_arm(&sheet) } else { None };
    let long = long_columns(&sheet, file);
    let by = arm.as_ref().map(|arm| arm.0);
    let columns = match &long {
        Some((at, _, names)) => names.iter().map(|name| summary_of_name(&sheet, *at, name, by)).collect(),
        None => {
            let measured = |at: &usize| Some(*at) != sheet.time_column && arm.as_ref().is_none_or(|arm| arm.0 != *at);
            (0..sheet.table.columns.len()).filter(measured).map(|at| summary_of_column(&sheet, at, by)).collect()
        }
    };
    let time = sheet.time_column.map_or(String::new(), |at| sheet.table.columns[at].name.clone());
    Ok(Survey {
        shown: file.shown.clone(),
        columns,
        time: (time, sheet.clock().to_string()),
        step: step(&sheet, by, long.as_ref().map(|long| long.0.0)),
        arm: arm.map(|(at, baseline, canary)| (sheet.table.columns[at].name.clone(), baseline, canary)),
        unclear_arm,
        long: long.map(|(_, long, names)| (long, names)),
        rows: sheet.rows(),
        benchmarks: sheet.table.benchmarks.is_some(),
    })
}

/// The first column whose words mean both arms, and nothing else.
fn arm_column(sheet: &Sheet, file: &File) -> Option<(usize, String, String)> {
    let named = file.arm.as_ref().map(|arm| arm.column.as_str());
    (0..sheet.table.columns.len()).filter(|at| Some(*at) != sheet.time_column).find_map(|at| {
        let column = &sheet.table.columns[at];
        if named.is_some_and(|name| name != column.name) {
            return None;
        }
        let values = few_values(column, 2)?;
        let meaning = |arm: Arm| values.iter().find(|value| usual_arm(value) == Some(arm)).map(|v| v.to_string());
        Some((at, meaning(Arm::Baseline)?, meaning(Arm::Canary)?))
    })
}

/// A column called `arm` that does not tell one arm from the other, with its first values.
fn unclear_arm(sheet: &Sheet) -> Option<(String, Vec<String>)> {
    let column = sheet.table.columns.iter().find(|column| is_usual_arm(&column.name))?;
    let mut values: Vec<&str> = Vec::new();
    for cell in column.cells() {
        if values.len() < SHOWN_ARMS && !values.contains(&cell) {
            values.push(cell);
        }
    }
    Some((column.name.clone(), values.into_iter().map(str::to_owned).collect()))
}

/// A column of names beside a column of values, when they are called so.
fn long_columns(sheet: &Sheet, file: &File) -> Option<((usize, usize), Long, Vec<String>)> {
    let find = |names: &[&str]| {
        let is = |column: &table::Column| names.iter().any(|name| column.name.eq_ignore_ascii_case(name));
        sheet.table.columns.iter().position(is)
    };
    let (name, value) = match &file.long {
        Some(long) => (sheet.table.find(&long.name).ok()?, sheet.table.find(&long.value).ok()?),
        None => (find(&["metric", "name", "metric_name", "measure"])?, find(&["value"])?),
    };
    let columns = &sheet.table.columns;
    let names = few_values(&columns[name], 200)?;
    let long = Long { name: columns[name].name.clone(), value: columns[value].name.clone() };
    Some(((name, value), long, names.iter().map(|name| name.to_string()).collect()))
}

/// The different cells of a column, in their order, when they are no more than so many.
fn few_values(column: &table::Column, most: usize) -> Option<Vec<&str>> {
    let mut values: Vec<&str> = Vec::new();
    for (_, cell) in column.written().filter(|(_, cell)| !number::is_gap(cell)) {
        if !values.contains(&cell) {
            if values.len() == most {
                return None;
            }
            values.push(cell);
        }
    }
    (!values.is_empty()).then_some(values)
}

fn summary_of_column(sheet: &Sheet, at: usize, arm: Option<usize>) -> Column {
    let column = &sheet.table.columns[at];
    let mut summary = summary(&column.name, column.written().map(|(_, cell)| cell));
    summary.empty += sheet.rows() - column.written().count();
    if matches!(summary.kind, ColumnKind::Whole | ColumnKind::Real) {
        summary.motion = motion(sheet, &column.name, arm, column.written());
    }
    summary
}

fn summary_of_name(sheet: &Sheet, (names, values): (usize, usize), name: &str, arm: Option<usize>) -> Column {
    let (names, values) = (&sheet.table.columns[names], &sheet.table.columns[values]);
    let own = || (0..sheet.rows()).filter(|row| names.cell(*row) == name).map(|row| (row, values.cell(row)));
    Column { motion: motion(sheet, name, arm, own()), ..summary(name, own().map(|(_, cell)| cell)) }
}

/// How the numbers of these rows move in each arm.
fn motion<'c>(sheet: &Sheet, name: &str, arm: Option<usize>, cells: impl Iterator<Item = (usize, &'c str)>) -> Motion {
    let mut arms: BTreeMap<&str, Vec<(Timestamp, f64)>> = BTreeMap::new();
    for (row, cell) in cells {
        if let Ok(Some(number)) = number::real(cell) {
            let arm = arm.map_or("", |at| sheet.table.columns[at].cell(row));
            arms.entry(arm).or_default().push((sheet.time[row], number));
        }
    }
    overall(arms.into_values().map(|mut points| {
        points.sort_by_key(|(time, _)| *time);
        let numbers: Vec<f64> = points.into_iter().map(|(_, number)| number).collect();
        counter::Motion::of(&numbers).seen(name)
    }))
}

/// That of all arms together: whatever falls in one is no counter.
fn overall(motions: impl Iterator<Item = Motion>) -> Motion {
    motions.fold(Motion::Still, |all, one| match (all, one) {
        (Motion::Free, _) | (_, Motion::Free) => Motion::Free,
        (all, Motion::Still) => all,
        (_, one) => one,
    })
}

/// What a column holds: numbers, where most of its cells that say anything are meant as some. One that is written wrongly is
/// refused with its place when the column is judged, rather than the column left out.
fn summary<'c>(name: &str, cells: impl Iterator<Item = &'c str>) -> Column {
    let motion = Motion::Free;
    let mut column =
        Column { name: name.to_string(), kind: ColumnKind::Empty, min: None, max: None, empty: 0, text: 0, motion };
    let (mut numbers, mut whole, mut others) = (0_usize, 0_usize, 0_usize);
    for cell in cells {
        match number::real(cell) {
            Ok(None) => column.empty += 1,
            // a number that is written wrongly, such as `213,51` or `+Inf`
            Err(_) if number::is_meant(cell) => others += 1,
            Err(_) => column.text += 1,
            Ok(Some(number)) => {
                numbers += 1;
                whole += usize::from(number::count(cell).is_ok());
                column.min = Some(column.min.map_or(number, |least| least.min(number)));
                column.max = Some(column.max.map_or(number, |most| most.max(number)));
            }
        }
    }
    column.kind = match (numbers + others, column.text) {
        (0, 0) => ColumnKind::Empty,
        (meant, texts) if texts >= meant.max(1) => ColumnKind::Text,
        _ if whole == numbers => ColumnKind::Whole,
        _ => ColumnKind::Real,
    };
    column.text += others;
    if column.kind == ColumnKind::Text {
        (column.min, column.max) = (None, None);
    }
    column
}

/// The spacing that most neighbours of an arm (and name) have, when most have the same.
fn step(sheet: &Sheet, arm: Option<usize>, names: Option<usize>) -> Option<SignedDuration> {
    let cell = |column: Option<usize>, row| column.map_or("", |at| sheet.table.columns[at].cell(row));
    let mut tracks: BTreeMap<(&str, &str), Vec<Timestamp>> = BTreeMap::new();
    for (row, time) in sheet.time.iter().enumerate() {
        tracks.entry((cell(arm, row), cell(names, row))).or_default().push(*time);
    }
    let mut spacings: BTreeMap<SignedDuration, usize> = BTreeMap::new();
    let mut neighbours = 0;
    for times in tracks.values_mut() {
        times.sort_unstable();
        for pair in times.windows(2) {
            *spacings.entry(pair[1].duration_since(pair[0])).or_default() += 1;
            neighbours += 1;
        }
    }
    let (spacing, count) = spacings.into_iter().max_by_key(|(spacing, count)| (*count, std::cmp::Reverse(*spacing)))?;
    (count * 2 > neighbours && spacing > SignedDuration::ZERO).then_some(spacing)
}
