//! The templates of a recording: a row for each step, arm and template, and rows for what is to be known of the lines.
//!
//! The last row counts the others. Without it nobody could tell a log that says nothing new from one that was cut before.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use crate::series::{Arm, Gravity, Pair, Remark, Series, Signatures, Template, Timestamp};
use crate::source::error::{Error, Place};
use crate::source::file::compression::broken;
use crate::source::open;

/// The columns. A row without a template counts all lines; one with a remark is of no step.
pub const COLUMNS: [&str; 6] = ["time", "arm", "count", "template", "example", "remark"];

/// What the last row has for a remark.
pub const END: &str = "end";

/// The words of remarks, by how far they limit the answer.
const GRAVITIES: [Gravity; 4] = [Gravity::Detail, Gravity::Note, Gravity::Suspect, Gravity::Incomplete];

type Counts = Pair<BTreeMap<Timestamp, u64>>;

/// Reads what a recording holds of a log.
///
/// # Errors
///
/// Unreachable: it cannot be opened. Unreadable: other columns, a row that is no such row.
pub fn recorded(path: &Path) -> Result<Signatures, Error> {
    let shown = path.display().to_string();
    let about = |error: Error| error.within(&shown);
    let mut text = Vec::new();
    let read = open::file(path).and_then(|mut file| file.read_to_end(&mut text).map_err(|error| broken(&error)));
    read.map_err(about)?;
    let cut = |why: &str| about(Error::unreadable(format!("was cut: {why}")).hint("Take the whole recording."));
    if text.last() != Some(&b'\n') {
        return Err(cut("its last line has no end"));
    }
    let mut rows = csv::Reader::from_reader(text.as_slice());
    let broken = |error: csv::Error| about(Error::unreadable(format!("cannot be read ({error})")));
    if !rows.headers().map_err(broken)?.iter().eq(COLUMNS) {
        let problem = format!("is not what was recorded of a log: its columns are not {}", COLUMNS.join(", "));
        return Err(about(Error::unreadable(problem)));
    }
    let mut lines = Counts::default();
    let mut templates: BTreeMap<String, (String, Counts)> = BTreeMap::new();
    let mut remarks: Pair<Vec<Remark>> = Pair::default();
    let mut is_whole = false;
    for (number, row) in rows.records().enumerate() {
        let row = row.map_err(broken)?;
        let place = Place::line(row.position().map_or(0, csv::Position::line));
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let wrong = |at: usize, expected: &str| {
            Err(about(Error::unreadable("is not one").column(COLUMNS[at]).value(cell(at)).expected(expected).at(place)))
        };
        is_whole = cell(5) == END && cell(2) == number.to_string();
        if is_whole {
            continue;
        }
        let Some(arm) = Arm::BOTH.into_iter().find(|arm| arm.name() == cell(1)) else {
            return wrong(1, "baseline or canary");
        };
        if let Some((gravity, text)) = cell(5).split_once(": ") {
            let Some(gravity) = GRAVITIES.into_iter().find(|one| one.name() == gravity) else {
                return wrong(5, "a remark such as `note: …`");
            };
            remarks.get_mut(arm).push(Remark { gravity, text: text.to_owned() });
            continue;
        }
        let Ok(time) = cell(0).parse::<Timestamp>() else { return wrong(0, "an instant") };
        let Ok(count) = cell(2).parse::<u64>() else { return wrong(2, "a whole number") };
        let counts = match cell(3) {
            "" => &mut lines,
            text => {
                let known = templates.entry(text.to_owned()).or_default();
                if !cell(4).is_empty() {
                    known.0 = cell(4).to_owned();
                }
                &mut known.1
            }
        };
        let step = counts.get_mut(arm).entry(time).or_default();
        *step = step.saturating_add(count);
    }
    if !is_whole {
        return Err(cut("its last row does not count the others"));
    }
    let template = |(text, (example, counts)): (String, (String, Counts))| {
        let example = if example.is_empty() { text.clone() } else { example };
        Template { text, example, counts: counts.map(events) }
    };
    let templates = templates.into_iter().map(template).collect();
    let origin = path.file_name().map_or(shown.clone(), |name| format!("signatures/{}", name.to_string_lossy()));
    Ok(Signatures { templates, lines: lines.map(events), remarks, origin })
}

fn events(counts: BTreeMap<Timestamp, u64>) -> Series {
    let (time, count) = counts.into_iter().unzip();
    Series::Events { time, count, exposure: None }
}
