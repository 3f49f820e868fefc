//! Lines of cells: comma, semicolon or tab separated, the first line naming the columns.

use std::cell::Cell;
use std::io::{BufRead, Read};

use super::cells;
use super::compression::{broken, peek};
use super::lines::Lines;
use super::table::{Column, Keep, Table};
use crate::source::error::{Error, Place};

/// Reads a separated file; without a separator, the one that is commonest in the first line.
pub(super) fn read(content: impl BufRead, separator: Option<u8>, keep: Keep) -> Result<Table, Error> {
    let (head, content) = peek(content, 1 << 16)?;
    let separator = separator.unwrap_or_else(|| commonest_separator(&head));
    let last = Cell::new(b'\n');
    let content = Lines::new(content, &last);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(content);
    let mut table = Table::new("line");
    table.semicolons = separator == b';';
    let mut record = csv::ByteRecord::new();
    let mut header = true;
    // behind `\r\n` the reader counts the end of a line with the record after it
    let ends_in_two = memchr::memchr(b'\n', &head).is_some_and(|end| end > 0 && head[end - 1] == b'\r');
    if is_of_graphite(&head) {
        table.columns = ["metric", "time", "value"].map(|name| Column::new(name, keep)).into();
        header = false;
    }
    while next(&mut reader, &mut record)? {
        let line = record.position().map_or(0, |at| at.line() + u64::from(ends_in_two && at.byte() > 0));
        if header {
            table.columns = columns(&record, line, keep)?;
            header = false;
        } else {
            push(&mut table, &record, line)?;
        }
    }
    if header {
        return Err(Error::unreadable("is empty").expected("a line with the names of the columns, and rows"));
    }
    // a cell in quotes is whole
    table.unended = !matches!(last.get(), b'\n' | b'\r' | b'"');
    let mut table = table.finish();
    cells::settle(&mut table)?;
    Ok(table)
}

fn next<R: Read>(reader: &mut csv::Reader<R>, record: &mut csv::ByteRecord) -> Result<bool, Error> {
    reader.read_byte_record(record).map_err(|error| match error.kind() {
        csv::ErrorKind::Io(io) => broken(io),
        _ => Error::unreadable(error.to_string()),
    })
}

fn columns(record: &csv::ByteRecord, line: u64, keep: Keep) -> Result<Vec<Column>, Error> {
    let names =
        record.iter().map(|cell| Ok(Column::new(text(cell, line, None)?.trim(), &|name| cells::is_kept(name, keep))));
    names.collect()
}

fn push(table: &mut Table, record: &csv::ByteRecord, line: u64) -> Result<(), Error> {
    let (wide, cells) = (table.columns.len(), record.len());
    if wide != cells {
        let (more, s) = (if cells > wide { "more" } else { "fewer" }, if cells == 1 { "" } else { "s" });
        let hint = match record.iter().any(|cell| cell.contains(&b'\n')) {
            true => "A cell goes on over the end of the line: is a double quote left open?",
            false => "A cell that contains the separator must stand in double quotes; a missing one stays empty.",
        };
        return Err(Error::unreadable(format!("has {cells} cell{s}, {more} than the {wide} columns named at the top"))
            .at(Place::line(line))
            .hint(hint));
    }
    for (at, cell) in record.iter().enumerate() {
        text(cell, line, Some(&table.columns[at].name))?;
    }
    table.push(line, record.iter().enumerate().map(|(at, cell)| (at, std::str::from_utf8(cell).unwrap_or_default())))
}

fn text<'c>(cell: &'c [u8], line: u64, column: Option<&str>) -> Result<&'c str, Error> {
    std::str::from_utf8(cell).map_err(|_| {
        let error = Error::unreadable("is not UTF-8").at(Place::line(line)).hint("Save the file as UTF-8.");
        // the line that should name the columns may be that of any file
        column.map_or(error.clone(), |name| error.column(name).value(&String::from_utf8_lossy(cell)))
    })
}

/// Whether a table is what Graphite's `format=csv` gives, which names no columns: `shop.p95,2026-11-29 10:00:00,220.5`.
fn is_of_graphite(head: &[u8]) -> bool {
    let first =
        head.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
    let mut cells = first.trim_end().rsplitn(3, ',');
    let (value, time, name) = (cells.next(), cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let number = value.is_some_and(|value| value.is_empty() || value.parse::<f64>().is_ok());
    let named =
        name.starts_with(|c: char| c.is_alphabetic() || c == '"') && !name.trim_matches('"').contains(['"', ';', ' ']);
    let is_time = time.len() == 19 && time.as_bytes()[4] == b'-' && time.as_bytes()[13] == b':';
    number && named && is_time
}

fn commonest_separator(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut inside_quotes = false;
    let begins = head.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(0);
    for byte in &head[begins..] {
        if *byte == b'\n' && !inside_quotes {
            break;
        }
        inside_quotes ^= *byte == b'"';
        if let Some(hit) = counts.iter_mut().find(|(separator, _)| !inside_quotes && separator == byte) {
            hit.1 += 1;
        }
    }
    counts.iter().fold((b',', 0), |best, next| if next.1 > best.1 { *next } else { best }).0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_one_that_an_editor_shows() {
        for end in ["\n", "\r\n"] {
            let text = ["time,errors", "1,2", "3,4", "5", ""].join(end);
            let error = read(text.as_bytes(), None, &|_| true).unwrap_err().to_string();
            assert!(error.contains("line 4"), "{error}");
        }
    }
}
