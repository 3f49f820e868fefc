//! `--output table` of the AWS command line: boxes of lines and pluses, one in the other, each with its name above it.
//!
//! A box has the names of its columns and rows below them, or pairs of a name and a value, or a plain list. The line below a box
//! closes it: an answer whose last line is none was cut.

use serde_json::{Map, Value};

use super::lines::undecided;
use crate::source::error::{Error, Place};

type Object = Map<String, Value>;

/// The names that a box inside the whole may have.
const NAMES: [&str; 6] = ["Datapoints", "ExtendedStatistics", "MetricDataResults", "Messages", "Timestamps", "Values"];

/// A box as it is read.
#[derive(Debug, Default)]
struct Section {
    name: String,
    depth: usize,
    line: u64,
    /// What stands between its lines: first the names of the columns, if there are two.
    blocks: Vec<Vec<Vec<String>>>,
}

/// The document that a table is of.
pub(super) fn document(text: &str) -> Result<Object, Error> {
    let sections = sections(text)?;
    let mut document = Object::new();
    for section in &sections {
        taken(&mut document, section).map_err(|error| error.at(Place::line(section.line)))?;
    }
    Ok(document)
}

fn sections(text: &str) -> Result<Vec<Section>, Error> {
    let mut sections: Vec<Section> = Vec::new();
    let mut columns: Vec<usize> = Vec::new();
    let mut closed = true;
    let lines = (1..).zip(text.lines()).skip(1).filter(|(_, line)| !line.trim().is_empty());
    let mut last = 1;
    for (number, line) in lines {
        last = number;
        let wrong = || undecided("is not a line of a table of the AWS command line").at(Place::line(number));
        let line = line.trim_end();
        let depth = line.bytes().take_while(|byte| *byte == b'|').count();
        if let Some(inner) = line.get(depth..).filter(|inner| inner.starts_with('+')) {
            let inner =
                inner.get(..inner.len() - depth).filter(|inner| inner.bytes().all(|byte| b"+-".contains(&byte)));
            columns = inner.ok_or_else(wrong)?.match_indices('+').map(|(at, _)| at).collect();
            let section = sections.last_mut().ok_or_else(wrong)?;
            if columns.len() < 2 || depth > section.depth {
                return Err(wrong());
            }
            section.blocks.push(Vec::new());
            closed = true;
            continue;
        }
        let depth = depth.checked_sub(1).ok_or_else(wrong)?;
        let inner = line.get(depth..line.len().saturating_sub(depth)).filter(|inner| inner.ends_with('|'));
        let inner = inner.ok_or_else(wrong)?;
        let title = inner.trim_matches(['|', ' ']);
        let is_title = closed && (sections.is_empty() || NAMES.contains(&title));
        if is_title {
            sections.push(Section { name: title.to_owned(), depth, line: number, blocks: Vec::new() });
        } else {
            let section = sections.last_mut().filter(|section| section.depth == depth).ok_or_else(wrong)?;
            let cells = cells(inner, &columns).ok_or_else(wrong)?;
            section.blocks.last_mut().ok_or_else(wrong)?.push(cells);
        }
        closed = false;
    }
    if !closed || sections.is_empty() {
        return Err(Error::unreadable("has no line that closes the table, so the answer may be cut")
            .at(Place::line(last))
            .hint("Save the answer again."));
    }
    // the line that closes a box opens nothing
    sections.iter_mut().for_each(|section| section.blocks.retain(|block| !block.is_empty()));
    Ok(sections)
}

/// The cells of a row: between its lines, or where the pluses stand if a cell has such a line itself.
fn cells(row: &str, columns: &[usize]) -> Option<Vec<String>> {
    let inside = row.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inside.split('|').collect();
    let cells = match cells.len() + 1 == columns.len() {
        true => cells,
        false => {
            let between = |pair: &[usize]| row.get(pair[0] + 1..pair[1]);
            let whole = row.is_ascii() && columns.iter().all(|at| row.as_bytes().get(*at) == Some(&b'|'));
            columns.windows(2).map(between).collect::<Option<Vec<&str>>>().filter(|_| whole)?
        }
    };
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

impl Section {
    /// The rows as objects; a single one may be written as pairs.
    fn objects(&self) -> Result<Vec<Object>, Error> {
        let object = |names: &[String], row: &[String]| -> Object {
            let cells = names.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            cells.map(|(name, cell)| (name.clone(), Value::from(cell.clone()))).collect()
        };
        match self.blocks.as_slice() {
            [] => Ok(Vec::new()),
            [names, rows] if names.len() == 1 && rows.iter().all(|row| row.len() == names[0].len()) => {
                Ok(rows.iter().map(|row| object(&names[0], row)).collect())
            }
            [pairs] if pairs.iter().all(|pair| pair.len() == 2) => {
                let (names, values): (Vec<String>, Vec<String>) =
                    pairs.iter().map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
                Ok(vec![object(&names, &values)])
            }
            _ => Err(self.odd()),
        }
    }

    /// The entries of a plain list.
    fn list(&self) -> Result<Vec<Value>, Error> {
        match self.blocks.as_slice() {
            [rows] if rows.iter().all(|row| row.len() == 1) => {
                Ok(rows.iter().map(|row| Value::from(row[0].clone())).collect())
            }
            _ => Err(self.odd()),
        }
    }

    fn odd(&self) -> Error {
        undecided("is a box that davy cannot read").value(&self.name)
    }
}

fn last<'d>(document: &'d mut Object, name: &str) -> Option<&'d mut Object> {
    document.get_mut(name)?.as_array_mut()?.last_mut()?.as_object_mut()
}

fn extended(document: &mut Object, name: &str, entries: Vec<Value>) -> Option<()> {
    let list = document.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    list.as_array_mut()?.extend(entries);
    Some(())
}

/// Puts a box where it belongs in the document.
fn taken(document: &mut Object, section: &Section) -> Result<(), Error> {
    let objects = || Ok::<_, Error>(section.objects()?.into_iter().map(Value::Object).collect::<Vec<_>>());
    let done = match (section.name.as_str(), section.depth) {
        (_, 0) => {
            let mut whole = section.objects()?;
            document.extend(whole.pop().unwrap_or_default());
            whole.is_empty().then_some(())
        }
        (name @ ("Datapoints" | "MetricDataResults" | "Messages"), 1) => extended(document, name, objects()?),
        ("ExtendedStatistics", 2) => {
            let statistics = section.objects()?.pop();
            last(document, "Datapoints").zip(statistics).and_then(|(point, statistics)| {
                let before = point.insert(section.name.clone(), Value::Object(statistics));
                before.is_none().then_some(())
            })
        }
        ("Messages", 2) => {
            let messages = objects()?;
            last(document, "MetricDataResults").and_then(|result| extended(result, "Messages", messages))
        }
        (name @ ("Timestamps" | "Values"), 2) => {
            let list = section.list()?;
            last(document, "MetricDataResults").and_then(|result| extended(result, name, list))
        }
        _ => None,
    };
    done.ok_or_else(|| section.odd())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ONE: &str = "\
--------------------------------------------
|             get-metric-data              |
+-------------------+----------------------+
|  NextToken        |  abcdef==            |
+-------------------+----------------------+
||           MetricDataResults            ||
|+----+-----------------+-----------------+|
|| Id |      Label      |   StatusCode    ||
|+----+-----------------+-----------------+|
||  m1|  Latency | p95  |  Complete       ||
|+----+-----------------+-----------------+|
|||             Timestamps               |||
||+--------------------------------------+||
|||  2026-11-21T10:00:00Z                |||
|||  2026-11-21T10:05:00Z                |||
||+--------------------------------------+||
|||               Values                 |||
||+--------------------------------------+||
|||  120.0                               |||
|||  130.0                               |||
||+--------------------------------------+||
";

    #[test]
    fn boxes_are_the_document_that_they_show() {
        let read = document(ONE).unwrap();
        assert_eq!(
            Value::Object(read),
            serde_json::json!({
                "NextToken": "abcdef==",
                "MetricDataResults": [{
                    "Id": "m1", "Label": "Latency | p95", "StatusCode": "Complete",
                    "Timestamps": ["2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z"],
                    "Values": ["120.0", "130.0"],
                }],
            })
        );
        let narrow = "\
------------------------------
|    get-metric-statistics   |
+-------+--------------------+
|  Label|  Latency           |
+-------+--------------------+
||        Datapoints        ||
|+------------+-------------+|
||  Average   |  120.5      ||
||  Timestamp |  2026-11-21 ||
|+------------+-------------+|
|||   ExtendedStatistics   |||
||+-----------+------------+||
|||  p95      |  200.25    |||
||+-----------+------------+||
";
        let read = document(narrow).unwrap();
        let point = serde_json::json!([{"Average": "120.5", "Timestamp": "2026-11-21", "ExtendedStatistics": {"p95": "200.25"}}]);
        assert_eq!((&read["Label"], &read["Datapoints"]), (&Value::from("Latency"), &point));
    }

    #[test]
    fn a_box_that_is_cut_or_torn_is_refused() {
        let lines: Vec<&str> = ONE.lines().collect();
        for cut in 1..lines.len() {
            let text: String = lines[..cut].iter().map(|line| format!("{line}\n")).collect();
            match document(&text) {
                Err(error) => assert!(error.to_string().contains("line "), "{error}"),
                // what is left ends with a line that closes a box
                Ok(_) => assert!(lines[cut - 1].contains('+'), "{text}"),
            }
        }
        let torn = ONE.replace("|||  130.0                               |||", "|||  130.0");
        assert_eq!(
            document(&torn).unwrap_err().to_string().trim_start_matches([',', ' ']),
            "line 20: is not a line of a table of the AWS command line. Save the answer with `--output json`."
        );
        let foreign = ONE.replace("Latency | p95", "Größe | p95 ");
        assert!(document(&foreign).unwrap_err().to_string().contains("line 10: is not a line"));
    }
}
