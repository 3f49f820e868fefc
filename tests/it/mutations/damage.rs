//! The mutations: what may happen to the data of one arm, and what makes a canary worse.
//!
//! Each changes a base by chance, and says in a few words what it did, or that it does not apply.
//!
//! Damage is what happens to files by accident, by a tool or by a person in a hurry. It is no forgery: nobody who can write
//! a healthy canary's numbers can be told from a healthy canary. So a mutation never invents a number that could have been
//! measured and is better, and never picks single rows by their values. Removing a stretch of time is damage, whatever was in it.

use super::bases::{Base, File, Whose, Worse, worse};
use super::tables::Form;
use crate::soaks::noise::Noise;

/// What stands in cells that hold no number.
const NO_NUMBERS: [&str; 16] = [
    "timeout", "3%", "213,51", "-1", "?", "#DIV/0!", "1.2.3", "true", "0x1f", "1e999", "12 ms", "--", "+Inf", "inf",
    "1_000", "'12",
];
/// What stands in cells in which nothing was measured.
const NOTHING: [&str; 5] = ["", "NaN", "null", "-", "N/A"];
const OTHER_NAMES: [&str; 6] = ["", "other", "notes", "x_{}", "{}_old", "total_{}"];

pub fn below(noise: &mut Noise, n: usize) -> usize {
    ((noise.uniform() * n as f64) as usize).min(n.saturating_sub(1))
}

fn pick<'a>(noise: &mut Noise, of: &[&'a str]) -> &'a str {
    of[below(noise, of.len())]
}

/// The kinds of damage, so that each base meets all of them.
pub const DAMAGES: usize = 16;
/// Those that leave rows chosen by chance from all of the time.
pub const SAMPLES: [usize; 2] = [3, 4];

/// Damages the canary's data in one of the ways.
pub fn damage(base: &mut Base, kind: usize, noise: &mut Noise) -> Option<String> {
    let files = base.files_of(true);
    let all_files = noise.happens(0.5);
    let chosen: Vec<usize> = if all_files { files.clone() } else { vec![files[below(noise, files.len())]] };
    let since = base.broken_since;
    let name = chosen.iter().map(|i| base.files[*i].name.clone()).collect::<Vec<_>>().join(" and ");
    let (one_file, per_request) = (chosen[0], base.requests);
    let told = match kind {
        0..=5 => {
            let part = Part::of(kind, since, noise);
            for i in chosen {
                remove(&mut base.files[i], true, &part);
            }
            format!("{part:?} removed")
        }
        6 => column(&mut base.files[one_file], noise, Column::Removed)?,
        7 => column(&mut base.files[one_file], noise, Column::Renamed)?,
        8 => cells(&mut base.files[one_file], noise, &NOTHING, Cells::All)?,
        9 => cells(&mut base.files[one_file], noise, &NO_NUMBERS, Cells::All)?,
        10 => cells(&mut base.files[one_file], noise, &NO_NUMBERS, Cells::One)?,
        11 => cells(&mut base.files[one_file], noise, &NO_NUMBERS, Cells::Some)?,
        12 => {
            let since = since.filter(|_| !per_request)?;
            let with = if noise.happens(0.5) { &NOTHING[..] } else { &NO_NUMBERS[..] };
            cells(&mut base.files[one_file], noise, with, Cells::Since(since))?
        }
        13 => arms(&mut base.files[one_file], noise)?,
        14 => times(&mut base.files[one_file], noise)?,
        _ => truncate(base, one_file, noise)?,
    };
    Some(format!("{name}: {told}"))
}

/// A part of an arm's time, in steps of equal numbers of rows.
#[derive(Debug, Clone)]
pub enum Part {
    First(f64),
    Last(f64),
    /// A stretch from a share of the time to another.
    Between(f64, f64),
    /// Each row by chance, with the seed.
    Chance(f64, u64),
    /// All but every so many rows.
    AllBut(usize),
    All,
}

impl Part {
    pub fn of(kind: usize, since: Option<usize>, noise: &mut Noise) -> Part {
        let share = noise.uniform();
        match kind {
            0 => Part::First(share),
            // from where the canary breaks on, or any end
            1 => match since.filter(|since| *since > 0 && noise.happens(0.5)) {
                Some(since) => Part::Last(1.0 - since as f64 / super::bases::MINUTES as f64),
                None => Part::Last(share),
            },
            2 => Part::Between(share * 0.7, share * 0.7 + 0.25 + 0.05 * noise.uniform()),
            3 => Part::Chance(0.05 + 0.9 * share, (noise.uniform() * 1e6) as u64),
            4 => Part::AllBut(2 + below(noise, 6)),
            _ => Part::All,
        }
    }

    fn holds(&self, i: usize, n: usize, chance: &mut Noise) -> bool {
        let at = i as f64 / n as f64;
        match self {
            Part::First(share) => at < *share,
            Part::Last(share) => at >= 1.0 - share,
            Part::Between(from, to) => (*from..*to).contains(&at),
            Part::Chance(share, _) => chance.happens(*share),
            Part::AllBut(k) => !i.is_multiple_of(*k),
            Part::All => true,
        }
    }
}

/// Removes a part of an arm's rows.
pub fn remove(file: &mut File, canary: bool, part: &Part) {
    let rows = file.rows_of(canary);
    let seed = if let Part::Chance(_, seed) = part { *seed } else { 0 };
    let mut chance = Noise::of(seed, "part", "", 0);
    let n = rows.len();
    let gone: Vec<usize> =
        rows.iter().enumerate().filter(|(i, _)| part.holds(*i, n, &mut chance)).map(|(_, row)| *row).collect();
    let mut at = 0;
    file.table.rows.retain(|_| {
        at += 1;
        gone.binary_search(&(at - 1)).is_err()
    });
}

#[derive(Clone, Copy, PartialEq)]
enum Column {
    Removed,
    Renamed,
}

/// A column is absent or has another name; where both arms share a file, in the canary's rows it is empty.
fn column(file: &mut File, noise: &mut Noise, how: Column) -> Option<String> {
    let named = !matches!(file.form, Form::Combined | Form::Alb | Form::Lines);
    let numbers = file.numbers();
    if !named || numbers.is_empty() || matches!(file.whose, Whose::Both { .. }) {
        return None;
    }
    let i = numbers[below(noise, numbers.len())];
    let name = file.table.columns[i].clone();
    if how == Column::Removed {
        file.table.columns.remove(i);
        for row in &mut file.table.rows {
            row.remove(i);
        }
        return Some(format!("column {name} removed"));
    }
    let stem = name.rsplit_once('_').map_or(name.clone(), |(stem, _)| stem.to_owned());
    let other = pick(noise, &OTHER_NAMES).replace("{}", &name);
    let other = if noise.happens(0.3) { stem } else { other };
    if other == name {
        return None;
    }
    file.table.columns[i].clone_from(&other);
    Some(format!("column {name} named {other:?}"))
}

#[derive(Clone, Copy)]
enum Cells {
    All,
    One,
    Some,
    Since(usize),
}

fn cells(file: &mut File, noise: &mut Noise, with: &[&str], which: Cells) -> Option<String> {
    let (numbers, rows) = (file.numbers(), file.rows_of(true));
    if numbers.is_empty() || rows.is_empty() || file.form == Form::Lines {
        return None;
    }
    let column = numbers[below(noise, numbers.len())];
    let text = pick(noise, with);
    let name = file.table.columns[column].clone();
    let rows: Vec<usize> = match which {
        Cells::All => rows,
        Cells::One => vec![rows[below(noise, rows.len())]],
        Cells::Some => {
            let share = 0.02 + 0.9 * noise.uniform();
            rows.into_iter().filter(|_| noise.happens(share)).collect()
        }
        Cells::Since(step) => rows[(step * rows.len() / super::bases::MINUTES).min(rows.len())..].to_vec(),
    };
    let mut changed = 0;
    for row in rows {
        let cell = &mut file.table.rows[row][column];
        changed += usize::from(cell != text);
        text.clone_into(cell);
    }
    (changed > 0).then(|| format!("{changed} cells of {name} are {text:?}"))
}

/// The rows say another arm, or none.
fn arms(file: &mut File, noise: &mut Noise) -> Option<String> {
    let Whose::Both { column, baseline, .. } = file.whose.clone() else { return None };
    if file.form == Form::Lines {
        return None;
    }
    let other = pick(noise, &["canary-v2", "", "Canary ", "unknown", "CANARY"]);
    // a step that is given twice is an error; of requests nobody knows, and a row of the other arm is a forgery
    let other = if !file.name.contains("log") && noise.happens(0.2) { baseline.as_str() } else { other };
    let share = if noise.happens(0.3) { 1.0 } else { noise.uniform() };
    let mut changed = 0;
    for row in file.rows_of(true) {
        if noise.happens(share) {
            other.clone_into(&mut file.table.rows[row][column]);
            changed += 1;
        }
    }
    (changed > 0).then(|| format!("{changed} rows are of arm {other:?}"))
}

/// Some rows have no time, or none that can be read.
fn times(file: &mut File, noise: &mut Noise) -> Option<String> {
    let text = pick(noise, &["", "yesterday", "2026-13-01T00:00:00Z", "0", "NaN"]);
    let rows = file.rows_of(true);
    if file.form == Form::Lines || rows.is_empty() {
        return None;
    }
    let share = noise.uniform();
    let mut changed = 0;
    for row in rows {
        if noise.happens(share) {
            text.clone_into(&mut file.table.rows[row][0]);
            changed += 1;
        }
    }
    (changed > 0).then(|| format!("the time of {changed} rows is {text:?}"))
}

/// The file ends early, at any byte. A file with both arms ends early for both: without a window nothing says that there was
/// more, and what remains may be a healthy hour.
fn truncate(base: &mut Base, file: usize, noise: &mut Noise) -> Option<String> {
    let file = &mut base.files[file];
    if matches!(file.whose, Whose::Both { .. }) && !base.window && base.broken_since != Some(0) {
        return None;
    }
    let mut bytes = file.bytes();
    let at = match noise.happens(0.5) {
        true => below(noise, bytes.len()),
        false => bytes.len() - 1 - below(noise, 80.min(bytes.len())),
    };
    bytes.truncate(at);
    let all = file.bytes().len();
    file.bytes = Some(bytes);
    Some(format!("cut after {at} of {all} bytes"))
}

// --- worse -----------------------------------------------------------------------------------------------------------

/// Makes the canary worse: some of one column, or all of it.
pub fn worsen(base: &mut Base, noise: &mut Noise) -> Option<String> {
    let files = base.files_of(true);
    let file = &mut base.files[files[below(noise, files.len())]];
    let columns: Vec<(usize, Worse)> = file.numbers().into_iter().map(|i| (i, direction(file, i))).collect();
    let columns: Vec<(usize, Worse)> = columns.into_iter().filter(|(_, worse)| *worse != Worse::Neither).collect();
    if columns.is_empty() || file.form == Form::Lines {
        return None;
    }
    let (column, direction) = columns[below(noise, columns.len())];
    let factor = [1.02, 1.2, 2.0, 10.0][below(noise, 4)];
    let share = [0.05, 0.3, 1.0][below(noise, 3)];
    let rows: Vec<usize> = file.rows_of(true).into_iter().filter(|_| noise.happens(share)).collect();
    let mut changed = 0;
    for row in rows {
        changed += usize::from(worsen_row(file, row, (column, direction), factor));
    }
    let name = &file.table.columns[column];
    (changed > 0).then(|| format!("{}: {changed} cells of {name} worse by {factor}", file.name))
}

fn direction(file: &File, column: usize) -> Worse {
    let name = &file.table.columns[column];
    match name.as_str() {
        // recordings: by their file
        "count" if !file.name.contains("requests") => Worse::More,
        "bad" if file.name.contains("call_path_mix") => Worse::Neither,
        "status" | "responseCode" => Worse::Neither,
        name => worse(name),
    }
}

fn worsen_row(file: &mut File, row: usize, (column, worse): (usize, Worse), factor: f64) -> bool {
    let other = |names: &[&str]| names.iter().find_map(|name| file.table.column(name));
    let total = other(&["total", "requests", "invocations", "Invocations", "Count", "sessions"]);
    let misses = other(&["misses", "cache_misses"]);
    let name = file.table.columns[column].clone();
    let total = if name.starts_with("cloudfront") { other(&["cloudfront_requests"]) } else { total };
    let cells = &mut file.table.rows[row];
    let Ok(value) = cells[column].parse::<f64>() else { return false };
    let whole = !cells[column].contains('.');
    let written = |value: f64| if whole { format!("{}", value as u64) } else { format!("{value:.4}") };
    match worse {
        Worse::More if whole => cells[column] = written((value * factor).ceil() + 1.0),
        Worse::More => cells[column] = written(value * factor),
        Worse::MoreOfTotal => {
            let Some(total) = total.and_then(|i| cells[i].parse::<f64>().ok()) else { return false };
            cells[column] = written((value * factor + 1.0).ceil().min(total));
        }
        Worse::Fewer => {
            let Some((i, missed)) = misses.and_then(|i| Some((i, cells[i].parse::<f64>().ok()?))) else { return false };
            let lost = (value - value / factor).ceil().min(value);
            (cells[column], cells[i]) = (written(value - lost), written(missed + lost));
        }
        Worse::Neither => return false,
    }
    true
}

// --- units -----------------------------------------------------------------------------------------------------------

/// The units that a name can end in, each with what one of it is in the first of its kind.
const UNITS: [&[(&str, f64)]; 2] = [
    &[("ms", 1.0), ("s", 1e3), ("us", 1e-3), ("seconds", 1e3)],
    &[("mb", 1e6), ("mib", 1_048_576.0), ("bytes", 1.0), ("gb", 1e9), ("kib", 1024.0)],
];

/// Writes every column of one unit in another, in both files or in one; where the arms share a file, in both.
pub fn convert(base: &mut Base, noise: &mut Noise) -> Option<String> {
    let (which, to) = (below(noise, 3), below(noise, 5));
    let mut told = Vec::new();
    for (i, file) in base.files.iter_mut().enumerate() {
        if which < 2 && i != which && !matches!(file.whose, Whose::Both { .. }) {
            continue;
        }
        for column in file.numbers() {
            let Some((name, factor)) = converted(&file.table.columns[column], to) else { continue };
            for row in &mut file.table.rows {
                if let Ok(value) = row[column].parse::<f64>() {
                    row[column] = (value * factor).to_string();
                }
            }
            told.push(format!("{} {} -> {name}", file.name, file.table.columns[column]));
            file.table.columns[column] = name;
        }
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn converted(name: &str, to: usize) -> Option<(String, f64)> {
    let (stem, unit) = name.rsplit_once('_')?;
    let units = UNITS.iter().find(|units| units.iter().any(|(name, _)| *name == unit))?;
    let (from, (other, size)) = (units.iter().find(|(name, _)| *name == unit)?.1, units[to % units.len()]);
    (other != unit).then(|| (format!("{stem}_{other}"), from / size))
}
