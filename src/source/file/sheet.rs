//! A table whose time has been read: the rows of one file, ready to answer for either arm.

use std::collections::BTreeMap;
use std::io::Read;

use super::bucket_names::is_of_buckets;
use super::buckets::Buckets;
use super::table::{Column, Table};
use super::time::{self, Clock};
use super::usual::{is_usual_arm, rank, usual_arm};
use super::wanted::Wanted;
use super::{number, read, several};
use crate::series::{Arm, FIRST_DATED, Remark, Timestamp};
use crate::source::error::{Error, columns, listed, quoted};
use crate::source::{ArmColumn, File, open};

/// The rows of a file with their times: read once, asked as often as there are metrics.
#[derive(Debug)]
pub struct Sheet {
    pub(super) table: Table,
    pub(super) time: Vec<Timestamp>,
    pub(super) clock: Clock,
    /// Which column tells the time; nothing when the file is an answer without any row.
    pub(super) time_column: Option<usize>,
    pub(super) shown: String,
    /// What was counted of single requests, where the rows are the sums of that.
    pub(super) buckets: Option<Box<Buckets>>,
}

impl Sheet {
    /// Reads a file: its format, its path, its time column and zone; whose arm is asked for comes later.
    ///
    /// # Errors
    ///
    /// Unreachable when the file cannot be opened; unreadable, with the place and the remedy, when its content is
    /// not what it should be, or when no column tells the time.
    pub fn open(file: &File, wanted: &Wanted) -> Result<Sheet, Error> {
        match Sheet::of_several(file, wanted)? {
            Some(sheet) => Ok(sheet),
            None => Sheet::read(file, opened(file)?, wanted),
        }
    }

    /// Reads what there is of a file that may be being written: a last line without an end is left out.
    pub fn open_growing(file: &File, wanted: &Wanted) -> Result<Sheet, Error> {
        match Sheet::of_several(file, wanted)? {
            Some(sheet) => Ok(sheet),
            None => Sheet::read_as(file, opened(file)?, wanted, true),
        }
    }

    /// The results of several runs, if the path is a folder or a pattern.
    fn of_several(file: &File, wanted: &Wanted) -> Result<Option<Sheet>, Error> {
        let plain = File { time: None, zone: None, ..file.clone() };
        let table = several::table(&file.path, &|name| wanted.keeps(name));
        let sheet = table.and_then(|table| table.map(|table| Sheet::of(table, &plain)).transpose());
        // what is wrong with one of the files names that file
        sheet.map_err(|error| if error.about.shown.is_empty() { error.within(&file.shown) } else { error })
    }

    /// Reads bytes as if they were the file's.
    pub fn read(file: &File, bytes: impl Read + Send, wanted: &Wanted) -> Result<Sheet, Error> {
        Sheet::read_as(file, bytes, wanted, false)
    }

    fn read_as(file: &File, bytes: impl Read + Send, wanted: &Wanted, growing: bool) -> Result<Sheet, Error> {
        let sheet = read::table(file, bytes, wanted, growing).and_then(|table| Sheet::of(table, file));
        sheet.map_err(|error| error.within(&file.shown))
    }

    pub(super) fn of(mut table: Table, file: &File) -> Result<Sheet, Error> {
        let shown = file.shown.clone();
        if is_of_buckets(table.names()) {
            return Sheet::of_buckets(Buckets::of(&table)?, file);
        }
        if table.columns.is_empty() {
            return Ok(Sheet {
                table,
                time: Vec::new(),
                clock: Clock::Unknown,
                time_column: None,
                shown,
                buckets: None,
            });
        }
        let column = match &file.time {
            Some(name) => table.find(name).map_err(|error| as_option(error, "time"))?,
            None => {
                if let Some((date, of_day)) = date_and_time(&table) {
                    table.join(date, of_day)?;
                }
                usual_time(&table)?
            }
        };
        let (time, mut clock) = time::read(&table, &table.columns[column], file.zone.as_deref())?;
        if time.iter().min().is_some_and(|first| *first < FIRST_DATED) {
            clock = Clock::Numbered;
        }
        table.forget(column);
        Ok(Sheet { table, time, clock, time_column: Some(column), shown, buckets: None })
    }

    fn of_buckets(buckets: Buckets, file: &File) -> Result<Sheet, Error> {
        buckets.bearable()?;
        let plain = File { time: None, zone: None, ..file.clone() };
        let sheet = Sheet::of(buckets.table(None)?, &plain)?;
        Ok(Sheet { buckets: Some(Box::new(buckets)), ..sheet })
    }

    /// The sums of what was counted for each value of a column by itself.
    pub(super) fn by_group(&self, buckets: &Buckets, column: &str) -> Result<Sheet, Error> {
        let file = File { shown: self.shown.clone(), ..File::of_recording(std::path::Path::new("")) };
        Sheet::of(buckets.table(Some(column))?, &file)
    }

    /// How many rows there are, of whatever arm.
    pub fn rows(&self) -> usize {
        self.table.len()
    }

    /// When each row is, in the order of the rows.
    pub fn times(&self) -> &[Timestamp] {
        &self.time
    }

    /// Whether a column has a cell with anything in it.
    pub fn has_any(&self, column: &str) -> bool {
        self.table.find(column).is_ok_and(|at| self.table.columns[at].cells().any(|cell| !cell.is_empty()))
    }

    /// How the times are written.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether an empty answer is all there is, so that no column can be missing.
    pub(super) fn is_blank(&self) -> bool {
        self.time_column.is_none()
    }

    /// The rows of one arm; all rows where nothing tells the arms apart.
    pub(super) fn arm<'a>(&'a self, arm: Arm, by: Option<&'a ArmColumn>) -> Result<Rows<'a>, Error> {
        if self.is_blank() {
            return Ok(Rows { column: None, means: Means::Usual(arm) });
        }
        if let Some(by) = by {
            let at = self.table.find(&by.column).map_err(|error| as_option(error, "arm"))?;
            return Ok(Rows { column: Some(&self.table.columns[at]), means: Means::Exactly(by) });
        }
        let usual = self.table.columns.iter().find(|column| is_usual_arm(&column.name));
        Ok(Rows { column: usual, means: Means::Usual(arm) })
    }
}

/// Which rows belong to an arm.
pub(super) struct Rows<'a> {
    column: Option<&'a Column>,
    means: Means<'a>,
}

enum Means<'a> {
    Exactly(&'a ArmColumn),
    Usual(Arm),
}

impl<'a> Rows<'a> {
    pub fn contain(&self, row: usize) -> bool {
        self.column.is_none_or(|column| self.is_of(column.cell(row)))
    }

    /// Whether a row whose arm is called so belongs to it.
    pub fn is_of(&self, name: &str) -> bool {
        match &self.means {
            Means::Exactly(by) => name == by.value,
            Means::Usual(arm) => usual_arm(name) == Some(*arm),
        }
    }

    /// Whether a column tells the arms apart.
    pub fn are_split(&self) -> bool {
        self.column.is_some()
    }

    /// What to tell when no row belongs to the arm.
    pub fn none_found(&self) -> Option<String> {
        let column = self.column?;
        let wanted = match &self.means {
            Means::Exactly(by) => quoted(&by.value),
            Means::Usual(arm) => format!("the {}", arm.name()),
        };
        let mut values: Vec<&str> = Vec::new();
        for cell in column.cells() {
            if values.len() < 20 && !values.contains(&cell) {
                values.push(cell);
            }
        }
        Some(format!("no row is {wanted} in column {} ({})", quoted(&column.name), listed(values)))
    }

    /// The column that tells the arms apart.
    pub fn column(&self) -> Option<&'a Column> {
        self.column
    }

    /// What the verdict says of rows that belong to neither arm. Other arms may be none of its business; what is nearly called as
    /// one of the two, or has no name at all, is likely a part of it.
    pub fn left_out(&self) -> Option<Remark> {
        let column = self.column?;
        let is_own = |cell: &str| match &self.means {
            Means::Exactly(by) => cell == by.value || by.other.as_deref().is_none_or(|other| cell == other),
            Means::Usual(_) => usual_arm(cell).is_some(),
        };
        let is_near = |cell: &str| match &self.means {
            Means::Usual(_) => true,
            Means::Exactly(by) => {
                let names = [Some(by.value.as_str()), by.other.as_deref()];
                number::is_gap(cell)
                    || usual_arm(cell).is_some()
                    || names.into_iter().flatten().any(|name| resembles(cell, name))
            }
        };
        let (mut near, mut others) = (Strangers::default(), Strangers::default());
        let mut known = BTreeMap::new();
        for cell in column.cells().filter(|cell| !is_own(cell)) {
            let strangers = if *known.entry(cell).or_insert_with(|| is_near(cell)) { &mut near } else { &mut others };
            strangers.add(cell);
        }
        let name = quoted(&column.name);
        match (near.count, others.count) {
            (0, 0) => None,
            (0, _) => Some(Remark::note(format!("{} in column {name}", others.described("belong to other arms")))),
            _ => Some(Remark::incomplete(format!("{} in column {name}", near.described("belong to neither arm")))),
        }
    }
}

fn opened(file: &File) -> Result<std::fs::File, Error> {
    open::file(&file.path).map_err(|error| error.within(&file.shown))
}

/// Rows whose arm is unknown.
#[derive(Default)]
struct Strangers<'a> {
    count: usize,
    names: Vec<&'a str>,
}

impl<'a> Strangers<'a> {
    fn add(&mut self, cell: &'a str) {
        self.count += 1;
        if self.names.len() < 5 && !self.names.contains(&cell) {
            self.names.push(cell);
        }
    }

    fn described(&self, what: &str) -> String {
        let (count, names) = (self.count, listed(self.names.iter().copied()));
        let (rows, what) = match count {
            1 => ("row", what.replacen("belong", "belongs", 1)),
            _ => ("rows", what.to_owned()),
        };
        format!("{count} {rows} {what}: {names}")
    }
}

/// Whether a name is nearly that of an arm: another case or spaces, something before or after it. `v10` is not nearly `v1`.
fn resembles(cell: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (cell, name) = (plain(cell), plain(name));
    let goes_on = |rest: &str, beside: Option<char>| {
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        !(digits(rest.chars().next()) && digits(beside))
    };
    let after = cell.strip_prefix(&name).is_some_and(|rest| goes_on(rest, name.chars().last()));
    let cut = name.strip_prefix(&cell).is_some_and(|rest| cell.len() >= 3 && goes_on(rest, cell.chars().last()));
    !cell.is_empty() && !name.is_empty() && (after || cut || cell.ends_with(&name) && name.len() >= 3)
}

/// The columns of a date and of a time of the day, where the first row shows that they belong together.
fn date_and_time(table: &Table) -> Option<(usize, usize)> {
    let place = |name: &str| table.names().position(|known| known.eq_ignore_ascii_case(name));
    let (date, of_day) = (place("date")?, place("time")?);
    let cell = |at: usize| table.columns[at].cells().find(|cell| !cell.is_empty()).unwrap_or_default();
    let is_date = !cell(date).is_empty() && !cell(date).contains(':');
    let is_of_day = cell(of_day).contains(':') && !cell(of_day).contains(['-', '/', 'T']);
    (is_date && is_of_day).then_some((date, of_day))
}

fn usual_time(table: &Table) -> Result<usize, Error> {
    let ranked = table.names().enumerate().filter_map(|(at, name)| rank(name).map(|rank| (rank, at)));
    let ranked: Vec<(usize, usize)> = ranked.collect();
    let Some(best) = ranked.iter().map(|(rank, _)| *rank).min() else { return Err(no_time(table)) };
    let mut hits = ranked.iter().filter(|(rank, _)| *rank == best).map(|(_, at)| *at);
    match (hits.next(), hits.next()) {
        (Some(one), Some(other)) => {
            let (one, other) = (&table.columns[one].name, &table.columns[other].name);
            Err(Error::unreadable(format!("could be timed by {} or by {}", quoted(one), quoted(other)))
                .hint("Name the column with `time:` in the source."))
        }
        (Some(at), None) => Ok(at),
        (None, _) => Err(no_time(table)),
    }
}

fn no_time(table: &Table) -> Error {
    let data = |name: &str| number::real(name).is_ok_and(|n| n.is_some()) || time::looks_like_time(name);
    let error = Error::unreadable("has no column with a usual name for the time");
    if table.len() > 0 && !table.columns.is_empty() && table.names().any(data) {
        return error.hint("The first line must name the columns, and it holds values.");
    }
    error.hint(format!("Name it with `time:` in the source. {}", columns(table.names())))
}

fn as_option(mut error: Error, option: &str) -> Error {
    error.about.problem = format!("(the source's `{option}`) {}", error.about.problem);
    error
}
