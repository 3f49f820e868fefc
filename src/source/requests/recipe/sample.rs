//! The first rows of a table: what its columns are called, and what stands in those that may tell something.

use std::collections::HashSet;

use super::super::Value;
use super::super::number::is_empty;
use super::super::row::plain;
use super::super::split::json::Json;
use super::super::split::{Is, Split};
use super::{Lines, head};

/// How many rows are looked at.
const ROWS: usize = 200;

/// The first rows of a table.
pub(super) struct Sample {
    pub(super) names: Vec<String>,
    /// The cells that are not empty, of the columns that may tell something.
    cells: Vec<(String, Vec<String>)>,
}

impl Sample {
    /// Of a table whose rows are such lines; a column's name says whether its cells may tell something.
    pub(super) fn of(lines: &Lines, head: &[u8], is_telling: fn(&str) -> bool) -> Sample {
        let telling = |names: &[String]| names.iter().filter(|name| is_telling(name)).cloned().collect();
        match lines {
            Lines::Json => objects(head, telling),
            _ => separated(lines, head, telling),
        }
    }

    /// Of lines that are split in a way of their own, all cells of these columns; without cells if they cannot be split.
    pub(super) fn split<S: Split>(names: Vec<String>, head: &[u8], by: impl Fn(&[String]) -> Option<S>) -> Sample {
        match by(&names) {
            Some(split) => Sample::split_for(names.clone(), &names, head, &split),
            None => Sample { names, cells: Vec::new() },
        }
    }

    fn split_for(names: Vec<String>, wanted: &[String], head: &[u8], split: &dyn Split) -> Sample {
        let mut cells: Vec<(String, Vec<String>)> = wanted.iter().map(|name| (name.clone(), Vec::new())).collect();
        let mut rows = 0;
        for line in head::whole(head) {
            let mut fields = vec![Value::Missing; wanted.len()];
            if split.split(line, &mut fields) != Ok(Is::Row) {
                continue;
            }
            rows += 1;
            if rows > ROWS {
                break;
            }
            for ((_, cells), field) in cells.iter_mut().zip(&fields).filter(|(_, field)| !is_empty(field)) {
                cells.push(plain(field));
            }
        }
        Sample { names, cells }
    }

    /// What stands in a column's cells.
    pub(super) fn cells(&self, name: &str) -> &[String] {
        self.cells.iter().find(|(known, _)| known == name).map_or(&[], |(_, cells)| cells)
    }
}

fn objects(head: &[u8], telling: impl Fn(&[String]) -> Vec<String>) -> Sample {
    let names = keys(head);
    let wanted = telling(&names);
    Sample::split_for(names, &wanted, head, &Json::new(&wanted))
}

fn separated(lines: &Lines, head: &[u8], telling: impl Fn(&[String]) -> Vec<String>) -> Sample {
    let Some((names, by)) = head::header(head) else { return Sample { names: Vec::new(), cells: Vec::new() } };
    let by = match lines {
        Lines::Delimited { by: Some(by), .. } => *by,
        _ => by,
    };
    let whole = head::whole(head).fold(Vec::new(), |mut text, line| {
        text.extend_from_slice(line);
        text.push(b'\n');
        text
    });
    let mut reader = csv::ReaderBuilder::new().delimiter(by).flexible(true).from_reader(whole.as_slice());
    let mut cells: Vec<(String, Vec<String>)> = telling(&names).into_iter().map(|name| (name, Vec::new())).collect();
    for row in reader.byte_records().take(ROWS).filter_map(Result::ok).filter(|row| row.len() == names.len()) {
        for (name, cells) in &mut cells {
            let cell = names.iter().position(|known| known == name).and_then(|at| row.get(at));
            cells.extend(
                cell.filter(|cell| !is_empty(&Value::Text(cell)))
                    .map(|cell| String::from_utf8_lossy(cell).into_owned()),
            );
        }
    }
    Sample { names, cells }
}

/// The keys of JSON objects, with the paths of those inside.
pub(in crate::source::requests) fn keys(head: &[u8]) -> Vec<String> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    for line in head.split(|byte| *byte == b'\n').take(ROWS) {
        if let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
            add_keys(&object, "", &mut names, &mut seen);
        }
    }
    names
}

fn add_keys(
    object: &serde_json::Map<String, serde_json::Value>,
    before: &str,
    names: &mut Vec<String>,
    seen: &mut HashSet<String>,
) {
    for (key, value) in object {
        let name = format!("{before}{key}");
        match value {
            serde_json::Value::Object(inner) => add_keys(inner, &format!("{name}."), names, seen),
            _ if seen.insert(name.clone()) => names.push(name),
            _ => {}
        }
    }
}
