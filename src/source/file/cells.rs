//! Columns of numbers as dashboards and spreadsheets write them: `220 ms`, `1.02 s`, `3.5%`, `213,51`, `1,234,567`.
//!
//! A column is read so only where all its cells are, and the file proves what they mean. A unit in the cells becomes a part of
//! the name, `p95` of `220 ms` is `p95 (ms)`, so that nobody takes its numbers for those of another unit. Whether a comma stands
//! before a fraction or between thousands has to show in one of the cells: `213,51` is a fraction, `1,234` could be either.

use super::number::is_gap;
use super::table::{Column, Keep, Table};
use crate::source::error::Error;

/// What a name gets for its cells' unit.
const MARKS: [&str; 2] = [" (ms)", " (%)"];

/// Whether a column is wanted by its name, or by what it is called with the unit of its cells.
pub(super) fn is_kept(name: &str, keep: Keep) -> bool {
    keep(name) || MARKS.iter().any(|mark| keep(&format!("{name}{mark}")))
}

/// How the cells of a column are written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Times with their unit.
    Times,
    Percent,
    /// A comma before the fraction, points between thousands.
    Comma,
    /// Commas between thousands.
    Thousands,
}

/// Reads the columns of a table that are written so.
pub(super) fn settle(table: &mut Table) -> Result<(), Error> {
    let ways: Vec<Option<Way>> = table.columns.iter().map(way).collect();
    for (column, way) in ways.iter().enumerate() {
        let read: fn(&str) -> Option<String> = match way {
            Some(Way::Times) => in_milliseconds,
            Some(Way::Percent) => |cell| cell.strip_suffix('%').map(|number| number.trim_end().to_owned()),
            Some(Way::Comma) => |cell| Some(cell.replace('.', "").replace(',', ".")),
            Some(Way::Thousands) => |cell| Some(cell.replace(',', "")),
            None => continue,
        };
        let mark = match way {
            Some(Way::Times) => MARKS[0],
            Some(Way::Percent) => MARKS[1],
            _ => "",
        };
        table.rewrite(column, mark, |cell| {
            if is_gap(cell) { cell.to_owned() } else { read(cell).unwrap_or_else(|| cell.to_owned()) }
        })?;
    }
    Ok(())
}

fn way(column: &Column) -> Option<Way> {
    let cells = || column.written().map(|(_, cell)| cell).filter(|cell| !is_gap(cell));
    let first = cells().next()?;
    // most columns are plain numbers or words, as their first cell shows
    if !first.starts_with(|c: char| c.is_ascii_digit() || c == '-') || first.len() > 24 {
        return None;
    }
    let plain = first.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
    match () {
        () if !plain && cells().all(|cell| in_milliseconds(cell).is_some()) => Some(Way::Times),
        () if !plain
            && cells().all(|cell| cell.strip_suffix('%').is_some_and(|number| is_number(number.trim_end()))) =>
        {
            Some(Way::Percent)
        }
        () if !column.contains(b',') => None,
        () => comma(&|| Box::new(cells())),
    }
}

/// What the commas of a column are.
fn comma<'c>(cells: &dyn Fn() -> Box<dyn Iterator<Item = &'c str> + 'c>) -> Option<Way> {
    let all = |between, before| cells().all(|cell| grouped(cell, between, before).is_some());
    let proven = |between, before| cells().any(|cell| grouped(cell, between, before) == Some(true));
    match (all('.', ','), all(',', '.')) {
        (true, false) if proven('.', ',') => Some(Way::Comma),
        (false, true) if proven(',', '.') => Some(Way::Thousands),
        _ => None,
    }
}

/// Whether a cell is a number with this sign between thousands and that one before a fraction, and whether it can be no other.
fn grouped(cell: &str, between: char, before: char) -> Option<bool> {
    let cell = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = cell.split_once(before).map_or((cell, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(between);
    let first = groups.next().filter(|first| digits(first))?;
    let count = groups.clone().count();
    let right = groups.all(|group| group.len() == 3 && digits(group)) && (count == 0 || first.len() <= 3);
    if !right || !fraction.is_none_or(digits) {
        return None;
    }
    let certain_fraction = fraction.is_some_and(|rest| rest.len() != 3 || first.len() > 3 || first == "0");
    Some(count > 1 || count == 1 && fraction.is_some() || count == 0 && before == ',' && certain_fraction)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte)) && text.parse::<f64>().is_ok()
}

/// `1.02 s` in milliseconds.
fn in_milliseconds(cell: &str) -> Option<String> {
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')?;
    let (number, unit) = cell.split_at(end);
    let factor = match unit.trim() {
        "ns" => 1e-6,
        "us" | "µs" | "μs" => 1e-3,
        "ms" => 1.0,
        "s" | "sec" | "secs" | "seconds" => 1e3,
        "min" | "mins" => 60e3,
        "hour" | "hours" => 3600e3,
        _ => return None,
    };
    let number = is_number(number).then(|| number.parse::<f64>().ok()).flatten()?;
    // a decimal fraction is rarely a binary one
    Some(format!("{}", (number * factor * 1e9).round() / 1e9))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(cells: &[&str], other: &str) -> (String, Vec<String>) {
        let mut table = Table::new("line");
        let all = |_: &str| true;
        let (at, beside) = (table.column_or_new("p95", &all), table.column_or_new("other", &all));
        for (row, cell) in cells.iter().enumerate() {
            table.push(row as u64, [(at, *cell), (beside, other)].into_iter()).unwrap();
        }
        let mut table = table.finish();
        settle(&mut table).unwrap();
        (table.columns[at].name.clone(), table.columns[at].cells().map(str::to_owned).collect())
    }

    #[test]
    fn a_unit_in_the_cells_belongs_to_the_name() {
        assert_eq!(
            read(&["220 ms", "1.02 s", "", "950µs"], "1"),
            ("p95 (ms)".into(), vec!["220".into(), "1020".into(), "".into(), "0.95".into()])
        );
        assert_eq!(read(&["3.5%", "4 %"], "1").0, "p95 (%)");
        for cells in [&["220 ms", "230"][..], &["220", "230 ms"], &["1.5 K"], &["2026-11-29"], &["10:00:00"]] {
            assert_eq!(read(cells, "1"), ("p95".into(), cells.iter().map(|cell| (*cell).to_owned()).collect()));
        }
    }

    #[test]
    fn a_comma_is_read_where_it_can_be_one_thing_only() {
        for (cells, other, numbers) in [
            (&["213,51", "99"][..], "1", &["213.51", "99"][..]),
            (&["1.234,56", "7,5"], "1", &["1234.56", "7.5"]),
            (&["1,234,567", "99"], "1", &["1234567", "99"]),
            (&["1,234.5", "99"], "1", &["1234.5", "99"]),
            (&["1,234", "2,345"], "1", &["1,234", "2,345"]),
            (&["1,234", "2,34,5"], "0,5", &["1,234", "2,34,5"]),
        ] {
            assert_eq!(read(cells, other).1, numbers, "{cells:?} {other}");
        }
    }
}
