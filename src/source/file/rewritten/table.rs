//! Tables as spreadsheets and dashboards write them: what stands around the columns and the rows becomes empty lines.
//!
//! Before the names of the columns there may be `sep=,`, comments or a title; below them a row with their units, which then
//! belong to the names: `p95` in `ms` is `p95 (ms)`. A row that has `Total` or `Mean` for its time is of all rows, and is none.

use super::rewrite::Rewrite;
use crate::source::error::Error;
use crate::source::file::usual::is_usual_time;

/// How many lines may stand before the names of the columns.
const AHEAD: usize = 30;
/// What a row of all rows has for its time.
const OF_ALL: [&str; 14] = [
    "total",
    "totals",
    "grand total",
    "sum",
    "average",
    "avg",
    "mean",
    "median",
    "min",
    "max",
    "minimum",
    "maximum",
    "count",
    "stddev",
];
/// The units of columns that a name may say.
const UNITS: [&str; 13] = ["ns", "us", "µs", "ms", "s", "sec", "seconds", "%", "percent", "bytes", "kb", "mb", "gb"];
/// What else may stand in a row of units.
const OTHERS: [&str; 12] = ["", "-", "n", "#", "count", "requests", "req/s", "reqps", "1/s", "short", "none", "utc"];

struct Table {
    /// How many lines that are not empty are still to come before the names.
    ahead: usize,
    header: Option<Vec<u8>>,
    units: bool,
    comments: bool,
    by: u8,
    /// Where the time is, if rows of all rows can be told by it.
    time: Option<usize>,
    /// How Influx names its columns, which it repeats for each table.
    repeated: Option<Vec<u8>>,
}

/// For a file that begins with a table that has more than names and rows.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let text = |at: usize| lines.get(at).and_then(|line| std::str::from_utf8(line).ok());
    if lines[0].starts_with(b"{") || lines[0].starts_with(b"[") || lines[0].starts_with(b"<") {
        return None;
    }
    let marks: [&[u8]; 5] = [b"#Version", b"#Fields", b"#Software", b"#[", b"#Date"];
    if lines.iter().take(AHEAD).any(|line| marks.iter().any(|mark| line.starts_with(mark))) {
        return None;
    }
    let comments = lines[0].starts_with(b"#");
    let influx =
        lines[0].starts_with(b"#datatype") || lines[0].starts_with(b"#group") || lines[0].starts_with(b"#default");
    let mut ahead = 0;
    let mut named = None;
    for at in 0..lines.len().min(AHEAD) {
        let line = text(at)?;
        if let Some(header) = header_in_comment(line, text(at + 1)) {
            named = Some(header.to_owned());
            break;
        }
        if line.starts_with('#') || line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep=")) {
            ahead += 1;
            continue;
        }
        let cells = cells(line, separator(line));
        if cells.iter().any(|cell| is_usual_time(cell)) && cells.len() > 1 {
            named = Some(line.to_owned());
            break;
        }
        // a title has no columns, or empty ones only
        if cells.iter().filter(|cell| !cell.is_empty()).count() > 2 {
            return None;
        }
        ahead += 1;
    }
    let named = named?;
    let by = separator(&named);
    let names = cells(&named, by);
    let renamed = text(ahead + 1).and_then(|line| with_units(&names, &cells(line, by), by));
    let first = usize::from(influx);
    let time = names.iter().position(|name| is_usual_time(name)).filter(|at| *at <= first);
    let of_all = lines.iter().skip(ahead + 1).any(|line| is_of_all(line, by, time));
    if ahead == 0 && renamed.is_none() && !lines[0].starts_with(b"#") && !of_all {
        return None;
    }
    let units = renamed.is_some();
    let header = renamed.unwrap_or(named).into_bytes();
    let repeated = influx.then(|| header.clone());
    Some(Box::new(Table { ahead, header: Some(header), units, comments, by, time, repeated }))
}

/// The names of the columns in a comment, where the row below it has as many cells and begins with a value.
fn header_in_comment<'l>(line: &'l str, next: Option<&str>) -> Option<&'l str> {
    let names = line.strip_prefix('#')?.trim_start_matches(['#', ' ']);
    let by = separator(names);
    let (names_of, values) = (cells(names, by), cells(next?, by));
    let value = values.first().is_some_and(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
    (names_of.len() > 1 && names_of.len() == values.len() && value && names_of.iter().any(|name| is_usual_time(name)))
        .then_some(names)
}

fn separator(line: &str) -> u8 {
    let count = |by: &u8| line.bytes().filter(|byte| byte == by).count();
    // of equals, the comma
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

fn cells(line: &str, by: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().delimiter(by).has_headers(false).from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The names with the units of the row below them, where that holds nothing else.
fn with_units(names: &[String], units: &[String], by: u8) -> Option<String> {
    let plain = |cell: &String| cell.trim_matches(['(', ')', '[', ']']).trim().to_lowercase();
    let words: Vec<String> = units.iter().map(plain).collect();
    let is_unit = |word: &String| UNITS.contains(&word.as_str());
    let right = words.iter().all(|word| is_unit(word) || OTHERS.contains(&word.as_str()));
    if words.len() != names.len() || !right || !words.iter().any(is_unit) {
        return None;
    }
    let renamed = names
        .iter()
        .zip(&words)
        .map(|(name, word)| if is_unit(word) { format!("{name} ({word})") } else { name.clone() });
    let quoted = renamed.map(|name| {
        if name.contains(['"', char::from(by)]) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name }
    });
    Some(quoted.collect::<Vec<_>>().join(&char::from(by).to_string()))
}

/// Whether a row is one of all rows.
fn is_of_all(line: &[u8], by: u8, time: Option<usize>) -> bool {
    let Some(cell) = time.and_then(|at| line.split(|byte| *byte == by).nth(at)) else { return false };
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell);
    let cell = cell.strip_suffix(b":").unwrap_or(cell);
    // times begin with a digit
    cell.first().is_some_and(u8::is_ascii_alphabetic)
        && OF_ALL.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()))
}

impl Rewrite for Table {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if self.ahead > 0 {
            self.ahead -= 1;
            return Ok(());
        }
        if let Some(header) = self.header.take() {
            out.extend_from_slice(&header);
            return Ok(());
        }
        let unit = std::mem::take(&mut self.units);
        let comment = self.comments && line.starts_with(b"#");
        let repeated = self.repeated.as_ref().is_some_and(|header| header == line);
        if !(unit || comment || repeated || is_of_all(line, self.by, self.time)) {
            out.extend_from_slice(line);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_stands_around_a_table_is_left_out() {
        let rows = "2026-11-29 10:00:00,5,7\n2026-11-29 10:01:00,6,8\n";
        for (before, header, after, read_as) in [
            ("sep=,\n", "Time,requests,p95", "", "Time,requests,p95"),
            ("# made by hand\n# on a Sunday\n", "Time,requests,p95", "# end\n", "Time,requests,p95"),
            ("Shop latency\n\n", "Time,requests,p95", "Total,11,\n", "Time,requests,p95"),
            ("Report,,\n", "Time,requests,p95", "Average,5.5,7.5\n", "Time,requests,p95"),
            ("", "Time,requests,p95\n,,ms", "", "Time,requests,p95 (ms)"),
            ("", "# Time,requests,p95", "", "Time,requests,p95"),
            ("", "Time,requests,p95", "\"Total\",11,15\n", "Time,requests,p95"),
        ] {
            let text = read(&format!("{before}{header}\n{rows}{after}"));
            let left: String = text.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
            assert_eq!(left, format!("{read_as}\n{rows}"), "{before}{header}{after}");
            assert_eq!(
                text.lines().count(),
                before.lines().count() + header.lines().count() + 2 + after.lines().count()
            );
        }
    }

    #[test]
    fn annotations_of_influx_are_no_rows() {
        let text = read(
            "#datatype,string,long,dateTime:RFC3339,double,string\n#group,false,false,false,false,true\n#default,_result,,,,\n,result,table,_time,_value,_field\n,,0,2026-11-29T10:00:00Z,5,p95\n\n#datatype,string,long,dateTime:RFC3339,double,string\n#group,false,false,false,false,true\n#default,_result,,,,\n,result,table,_time,_value,_field\n,,1,2026-11-29T10:00:00Z,9,p99\n",
        );
        let rows: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            rows,
            [",result,table,_time,_value,_field", ",,0,2026-11-29T10:00:00Z,5,p95", ",,1,2026-11-29T10:00:00Z,9,p99"]
        );
    }
}
