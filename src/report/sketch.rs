//! What was counted in requests, as tables: per arm altogether, and per arm and step.

use std::collections::BTreeMap;

use super::prose::{pad, pad_left, width};
use crate::judge::words;
use crate::series::{Bins, Timestamp};
use crate::stats::slow::Requests;

/// The quantiles that are shown.
const QUANTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)];

/// One step of one arm and group.
pub struct Line<'a> {
    /// When the step began.
    pub time: Timestamp,
    /// The arm.
    pub arm: &'a str,
    /// What tells its requests apart from others of the arm.
    pub groups: &'a [String],
    /// How many requests there were.
    pub requests: u64,
    /// How many of them were errors, where that is known.
    pub errors: Option<u64>,
    /// How long they took, where that was measured.
    pub bins: Option<&'a Bins>,
    /// What a unit of the histogram is in milliseconds.
    pub scale: f64,
}

fn quantiles(bins: Option<&Bins>, scale: f64) -> [Option<f64>; 5] {
    let requests = bins.map(|bins| Requests::binned(bins.clone(), scale));
    QUANTILES.map(|(_, q)| requests.as_ref().and_then(|requests| requests.quantile(q)))
}

/// Per arm and step, as CSV: `time,arm,…,requests,errors,p50_ms,p90_ms,p95_ms,p99_ms,max_ms`. What is not known is empty.
pub fn steps(lines: &[Line], columns: &[String]) -> String {
    let mut rows = csv::Writer::from_writer(Vec::new());
    let fixed = ["requests", "errors", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"];
    let header = ["time", "arm"].into_iter().chain(columns.iter().map(String::as_str)).chain(fixed);
    let mut written = rows.write_record(header);
    for line in lines {
        let mut record = vec![line.time.to_string(), line.arm.to_owned()];
        record.extend(line.groups.iter().cloned());
        record.push(line.requests.to_string());
        record.push(line.errors.map_or(String::new(), |errors| errors.to_string()));
        let shown = |ms: Option<f64>| ms.map_or(String::new(), |ms| rounded(ms).to_string());
        record.extend(quantiles(line.bins, line.scale).map(shown));
        written = written.and_then(|()| rows.write_record(&record));
    }
    match written.map_err(|_| ()).and_then(|()| rows.into_inner().map_err(|_| ())) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // a vector takes everything
        Err(()) => String::new(),
    }
}

/// To six digits: the cells are no finer than three.
fn rounded(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// Everything of an arm and group.
#[derive(Default)]
struct Sum<'a> {
    requests: u64,
    errors: Option<u64>,
    bins: Vec<&'a Bins>,
    scale: f64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Per arm (and group) altogether, as a table for people.
pub fn whole(lines: &[Line], columns: &[String]) -> String {
    let mut sums: BTreeMap<(&str, &[String]), Sum> = BTreeMap::new();
    for line in lines {
        let empty = Sum { errors: Some(0), scale: line.scale, ..Sum::default() };
        let sum = sums.entry((line.arm, line.groups)).or_insert(empty);
        sum.requests = sum.requests.saturating_add(line.requests);
        sum.errors = sum.errors.zip(line.errors).map(|(sum, errors)| sum.saturating_add(errors));
        sum.bins.extend(line.bins);
        sum.first = Some(sum.first.map_or(line.time, |first| first.min(line.time)));
        sum.last = Some(sum.last.map_or(line.time, |last| last.max(line.time)));
    }
    let mut header = vec!["arm".to_owned()];
    header.extend(columns.iter().cloned());
    header.extend(["requests", "errors", "rate"].map(str::to_owned));
    header.extend(QUANTILES.map(|(name, _)| format!("{name} ms")));
    header.push("from, to (last step)".to_owned());
    let mut table = vec![header];
    for ((arm, groups), sum) in sums {
        let mut row = vec![arm.to_owned()];
        row.extend(groups.iter().cloned());
        row.push(words::count(sum.requests));
        row.push(sum.errors.map_or("-".to_owned(), words::count));
        let rate = sum.errors.filter(|_| sum.requests > 0).map(|errors| errors as f64 / sum.requests as f64);
        row.push(rate.map_or("-".to_owned(), |rate| format!("{} %", words::number(100.0 * rate))));
        let all = Bins::sum(sum.bins.iter().copied());
        let shown = |ms: Option<f64>| ms.map_or("-".to_owned(), words::number);
        row.extend(quantiles(all.as_ref(), sum.scale).map(shown));
        let ends = sum.first.zip(sum.last).map(|(first, last)| format!("{first}, {last}"));
        row.push(ends.unwrap_or_default());
        table.push(row);
    }
    aligned(&table, 1 + columns.len())
}

/// Columns beneath each other: the first ones to the left, numbers to the right.
fn aligned(table: &[Vec<String>], names: usize) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let widest = |at: usize| table.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in table {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            _ if at < names || at + 1 == columns => pad(cell, *width),
            _ => pad_left(cell, *width),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::Grid;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_772_366_400 + 60 * minute).unwrap()
    }

    #[test]
    fn steps_and_arms_are_told_with_their_quantiles() {
        let grid = Grid::THREE_DIGITS;
        let bins = |ms: &[u64]| Bins::new(grid, None, ms.iter().map(|ms| (grid.index(ms * 1_000_000), 1)).collect());
        let (one, two) = (bins(&[10, 20, 30]), bins(&[40]));
        let line = |minute, arm, requests, errors, bins| Line {
            time: at(minute),
            arm,
            groups: &[],
            requests,
            errors,
            bins,
            scale: 1e-6,
        };
        let lines = [
            line(0, "baseline", 3, Some(1), Some(&one)),
            line(1, "baseline", 1, Some(0), Some(&two)),
            line(0, "canary", 2, None, None),
        ];
        let csv = steps(&lines, &[]);
        let rows: Vec<&str> = csv.lines().collect();
        assert_eq!(rows[0], "time,arm,requests,errors,p50_ms,p90_ms,p95_ms,p99_ms,max_ms");
        let cells: Vec<&str> = rows[1].split(',').collect();
        assert_eq!(cells[..4], ["2026-03-01T12:00:00Z", "baseline", "3", "1"]);
        for (cell, ms) in cells[4..].iter().zip([20.0, 30.0, 30.0, 30.0, 30.0]) {
            assert!((cell.parse::<f64>().unwrap() / ms - 1.0).abs() < 1e-3, "{csv}");
        }
        assert_eq!(rows[3], "2026-03-01T12:00:00Z,canary,2,,,,,,");
        let table = whole(&lines, &[]);
        assert!(table.lines().nth(1).unwrap().starts_with("baseline         4       1  25 %"), "{table}");
        assert!(table.lines().nth(2).unwrap().contains(" -  "), "{table}");
    }
}
