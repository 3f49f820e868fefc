//! The format `buckets`: what an engine counted of single requests, a row per step, arm, group and cell of the histogram.
//!
//! [`pushdown`](crate::source::requests::pushdown) prints the query and describes the columns. The answer travelled: through a
//! client that may cut it, a file that may be copied in part, a join that may double it. Nothing of it is used before the whole
//! of it is held to its own count of rows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::asked::File;
use super::bucket_names::{mark_of, step_of};
use super::number;
use super::read;
use super::table::{Column, Table};
use super::wanted::Wanted;
use crate::encoded;
use crate::series::{Bins, Grid, SignedDuration, Timestamp};
use crate::source::error::{Error, columns, quoted};
use crate::source::requests::LONGEST;

/// What such an answer calls the latency where metrics name it.
pub(super) const LATENCY: &str = "latency";
/// The column of a table with the requests that have no latency.
pub(super) const UNMEASURED: &str = "(unmeasured)";
/// The share of rows that may be unreadable, where nothing else is said.
pub(super) const MOST_UNREAD: f64 = 0.001;
/// What rows of the log have that could not be read.
pub(super) const UNREAD: &str = "no time, arm or status that can be read, or a wrong latency";

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    /// How long a step is.
    pub step: SignedDuration,
    /// How finely latencies are told apart; nothing if the answer has none.
    pub grid: Option<Grid>,
    /// The digits of how the log was counted, if the answer has them.
    pub mark: Option<String>,
    /// The columns that tell requests apart, by their names in the log.
    pub groups: Vec<String>,
    /// The columns that say which conditions hold, by their own names.
    pub flags: Vec<String>,
    /// Whether errors were counted.
    pub errors: bool,
    /// What was counted, sorted.
    pub rows: Vec<Counted>,
    /// Rows of the log that have no time, arm or status that can be read, and those that count and have a latency that is below
    /// zero or a word, by their arm.
    pub unread: BTreeMap<String, u64>,
}

/// Requests of one step, arm and group.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// When the step began.
    pub time: Timestamp,
    /// Whose they are; empty if no condition says so.
    pub arm: String,
    /// The values of [`Buckets::groups`].
    pub groups: Vec<String>,
    /// Whether the conditions of [`Buckets::flags`] hold.
    pub flags: Vec<bool>,
    /// How many.
    pub requests: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// How long they took, in nanoseconds; without those that nobody measured.
    pub bins: Option<Bins>,
}

/// What tells one row from another: step, arm, groups, flags.
type Key = (Timestamp, String, Vec<String>, Vec<bool>);

/// What is known of a key while rows are read.
#[derive(Default)]
struct Sum {
    requests: u64,
    errors: u64,
    cells: Vec<(u32, u64)>,
    seen: BTreeSet<Option<u32>>,
}

/// The places of the columns.
struct Layout {
    step: (usize, i64),
    arm: usize,
    groups: Vec<(usize, String)>,
    flags: Vec<(usize, String)>,
    bucket: Option<(usize, Grid)>,
    requests: usize,
    errors: Option<usize>,
    unread: Option<usize>,
    total: (usize, Option<String>),
}

impl Buckets {
    /// Reads an answer: CSV, TSV, JSON, NDJSON or Parquet.
    ///
    /// # Errors
    ///
    /// Unreadable, with the place, if it is not such an answer, or not the whole of one.
    pub fn read(file: &File, content: impl Read + Send) -> Result<Buckets, Error> {
        Buckets::of(&read::table(file, content, &Wanted::all(), false)?)
    }

    /// The answer in a table.
    pub(super) fn of(table: &Table) -> Result<Buckets, Error> {
        let layout = Layout::of(table)?;
        let (mut sums, mut unread): (BTreeMap<Key, Sum>, BTreeMap<String, u64>) = Default::default();
        let (mut counted, mut total, mut without) = (0_u64, None, BTreeSet::new());
        for row in 0..table.len() {
            let wrong = |error: Error, column: usize| error.at(table.place(row)).column(&table.columns[column].name);
            let count = |column: usize| count(&table.columns[column], row).map_err(|error| wrong(error, column));
            let must = |column: usize| count(column)?.ok_or_else(|| wrong(Error::unreadable("is empty"), column));
            let requests = must(layout.requests)?;
            let bad = layout.unread.map(must).transpose()?.unwrap_or(0);
            let errors = layout.errors.map(must).transpose()?.unwrap_or(0);
            let all = must(layout.total.0)?;
            if *total.get_or_insert(all) != all {
                let hint = "Each row has the total of its whole answer: this file has parts of two.";
                return Err(wrong(
                    Error::unreadable("is another total than in the rows before").hint(hint),
                    layout.total.0,
                ));
            }
            if errors > requests {
                let problem = format!("is more than the {requests} requests of the row");
                return Err(wrong(Error::unreadable(problem).value(&errors.to_string()), layout.errors.unwrap_or(0)));
            }
            counted = counted.saturating_add(requests).saturating_add(bad);
            let arm = text(&table.columns[layout.arm], row);
            if bad > 0 {
                *unread.entry(arm.clone()).or_default() += bad;
            }
            let twice = || {
                let hint = "The answer was joined with itself, or is of another query.";
                Err(wrong(
                    Error::unreadable("counts the same arm, step and cell a second time").hint(hint),
                    layout.step.0,
                ))
            };
            let Some(time) = layout.time(table, row).map_err(|error| wrong(error, layout.step.0))? else {
                if requests > 0 {
                    return Err(wrong(Error::unreadable("is empty, and the row has requests"), layout.step.0));
                }
                if !without.insert(arm) {
                    return twice();
                }
                continue;
            };
            let flags = layout.flags(table, row).map_err(|(error, column)| wrong(error, column))?;
            let groups = layout.groups.iter().map(|(at, _)| table.columns[*at].cell(row).to_owned()).collect();
            let sum = sums.entry((time, arm, groups, flags)).or_default();
            let cell = layout.cell(table, row).map_err(|error| wrong(error, layout.bucket.map_or(0, |(at, _)| at)))?;
            if !sum.seen.insert(cell) {
                return twice();
            }
            sum.requests = sum.requests.saturating_add(requests);
            sum.errors = sum.errors.saturating_add(errors);
            sum.cells.extend(cell.map(|cell| (cell, requests)));
        }
        whole(table.len(), counted, total)?;
        Ok(layout.buckets(sums, unread))
    }

    /// How many requests were counted.
    pub fn requests(&self) -> u64 {
        self.rows.iter().map(|row| row.requests).fold(0, u64::saturating_add)
    }

    /// An error where more rows could not be read than may be.
    ///
    /// # Errors
    ///
    /// Unreadable, with how many.
    pub fn bearable(&self) -> Result<(), Error> {
        let unread: u64 = self.unread.values().sum();
        let all = self.requests().saturating_add(unread);
        if unread as f64 <= MOST_UNREAD * all as f64 {
            return Ok(());
        }
        let problem = format!("{unread} of {all} rows of the log have {UNREAD}");
        Err(Error::unreadable(problem).hint("At most 0.1 % may be. Does the query name the right columns?"))
    }

    /// A row per step and arm, and per value of a column if one is named: `time`, `arm`, the column, `requests`, `errors`, the
    /// requests without a latency, and the latencies as an encoded histogram.
    pub(super) fn table(&self, by: Option<&str>) -> Result<Table, Error> {
        let by = by.map(|name| self.group(name).map(|at| (at, name))).transpose()?;
        let mut parts: BTreeMap<(Timestamp, &str, &str), Vec<&Counted>> = BTreeMap::new();
        for row in &self.rows {
            let group = by.map_or("", |(at, _)| row.groups[at].as_str());
            parts.entry((row.time, &row.arm, group)).or_default().push(row);
        }
        let mut table = Table::new("row");
        let group = by.map(|(_, name)| name);
        let errors = self.errors.then_some("errors");
        let latency = self.grid.map(|_| [UNMEASURED, LATENCY]).into_iter().flatten();
        let names = ["time", "arm"].into_iter().chain(group).chain(["requests"]).chain(errors).chain(latency);
        table.columns = names.map(|name| Column::new(name, &|_| true)).collect();
        for (number, ((time, arm, group), rows)) in parts.into_iter().enumerate() {
            let sum = |of: fn(&Counted) -> u64| rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
            let bins = Bins::sum(rows.iter().filter_map(|row| row.bins.as_ref()).collect::<Vec<_>>());
            let requests = sum(|row| row.requests);
            let mut cells = vec![time.to_string(), arm.to_owned()];
            cells.extend(by.map(|_| group.to_owned()));
            cells.push(requests.to_string());
            cells.extend(self.errors.then(|| sum(|row| row.errors).to_string()));
            if self.grid.is_some() {
                let measured = bins.as_ref().map_or(0, Bins::total);
                cells.push(requests.saturating_sub(measured).to_string());
                cells.push(bins.as_ref().map(encoded::text).unwrap_or_default());
            }
            table.push(number as u64 + 1, cells.iter().map(String::as_str).enumerate())?;
        }
        Ok(table.finish())
    }

    fn group(&self, name: &str) -> Result<usize, Error> {
        let found = self.groups.iter().position(|group| group.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let problem = format!("does not tell requests apart by {}", quoted(name));
            let hint = format!(
                "Print the query again with `by: {name}` in the configuration. {}",
                columns(self.groups.iter().map(String::as_str))
            );
            Error::unreadable(problem).hint(hint)
        })
    }
}

/// An error where an answer is not all that the query counted.
fn whole(rows: usize, counted: u64, total: Option<u64>) -> Result<(), Error> {
    match total {
        None => Err(Error::unreadable("has no row, so that nothing says whether it is whole")
            .hint("Does the query's window have any requests, and did the client write all rows?")),
        Some(total) if total != counted => {
            let problem = format!("has {counted} of the {total} requests that the query counted, in {rows} rows");
            Err(Error::unreadable(problem)
                .hint("It was cut or put together: let the client write all rows, and read them again."))
        }
        Some(_) => Ok(()),
    }
}

/// A count; nothing where the cell is empty.
fn count(column: &Column, row: usize) -> Result<Option<u64>, Error> {
    match column.cell(row) {
        "\\N" => Ok(None),
        cell => number::count(cell),
    }
}

/// A name; empty where there is none.
fn text(column: &Column, row: usize) -> String {
    let cell = column.cell(row);
    // what clients write for null; an arm may be called `na`
    if matches!(cell, "\\N" | "NULL" | "null") { String::new() } else { cell.to_owned() }
}

impl Layout {
    fn of(table: &Table) -> Result<Layout, Error> {
        let (mut step, mut arm, mut bucket, mut total) = (None, None, None, None);
        let (mut requests, mut errors, mut unread) = (None, None, None);
        let (mut groups, mut flags) = (Vec::new(), Vec::new());
        for (at, column) in table.columns.iter().enumerate() {
            let name = column.name.to_ascii_lowercase();
            let is_new = match name.as_str() {
                "arm" => arm.replace(at).is_none(),
                "requests" => requests.replace(at).is_none(),
                "errors" => errors.replace(at).is_none(),
                "unread" => unread.replace(at).is_none(),
                name => {
                    let digits = name.strip_prefix("bucket_").and_then(|digits| digits.parse().ok());
                    match (step_of(name), digits.filter(|digits| (1..=3).contains(digits)), mark_of(name)) {
                        (Some(seconds), ..) => step.replace((at, seconds)).is_none(),
                        (_, Some(digits), _) => bucket.replace((at, Grid::of_digits(digits, 1))).is_none(),
                        (.., Some(mark)) => total.replace((at, mark)).is_none(),
                        _ if name.starts_with("by_") => {
                            groups.push((at, column.name[3..].to_owned()));
                            true
                        }
                        _ if name.starts_with("if_") => {
                            flags.push((at, name.to_owned()));
                            true
                        }
                        _ => return Err(stranger(&column.name)),
                    }
                }
            };
            if !is_new {
                return Err(Error::unreadable("stands for two columns").value(&column.name));
            }
        }
        let lacks = |name: &str| {
            let problem = format!("has no column {}, which an answer of `davy sketch --sql` has", quoted(name));
            Error::unreadable(problem).hint(columns(table.names()))
        };
        Ok(Layout {
            step: step.ok_or_else(|| lacks("step_…s"))?,
            arm: arm.ok_or_else(|| lacks("arm"))?,
            requests: requests.ok_or_else(|| lacks("requests"))?,
            total: total.ok_or_else(|| lacks("total"))?,
            groups,
            flags,
            bucket,
            errors,
            unread,
        })
    }

    /// When the row's step began; nothing for rows of the log that could not be read.
    fn time(&self, table: &Table, row: usize) -> Result<Option<Timestamp>, Error> {
        let (at, step) = self.step;
        let Some(seconds) = count(&table.columns[at], row)? else { return Ok(None) };
        let wrong = |problem: String| Error::unreadable(problem).value(&seconds.to_string());
        let seconds = i64::try_from(seconds).map_err(|_| wrong("is after all time".into()))?;
        if seconds % step != 0 {
            let expected = "seconds since 1970, a multiple of the step that the column's name says";
            return Err(wrong(format!("is not where a step of {step} seconds begins")).expected(expected));
        }
        Timestamp::from_second(seconds).map(Some).map_err(|_| wrong("is after all time".into()))
    }

    fn flags(&self, table: &Table, row: usize) -> Result<Vec<bool>, (Error, usize)> {
        let flag = |(at, _): &(usize, String)| match table.columns[*at].cell(row) {
            "1" => Ok(true),
            "0" => Ok(false),
            other => Err((Error::unreadable("is neither 1 nor 0").value(other), *at)),
        };
        self.flags.iter().map(flag).collect()
    }

    /// The cell of the row's latencies; nothing where nobody measured them.
    fn cell(&self, table: &Table, row: usize) -> Result<Option<u32>, Error> {
        let Some((at, grid)) = self.bucket else { return Ok(None) };
        let Some(index) = count(&table.columns[at], row)? else { return Ok(None) };
        let end = grid.index(LONGEST);
        let known = u32::try_from(index).ok().filter(|index| *index <= end);
        known.map(Some).ok_or_else(|| {
            let expected = format!("the index of a cell of {} digits, at most {end}", grid.digits());
            Error::unreadable("is beyond the last cell").value(&index.to_string()).expected(expected)
        })
    }

    fn buckets(self, sums: BTreeMap<Key, Sum>, unread: BTreeMap<String, u64>) -> Buckets {
        let grid = self.bucket.map(|(_, grid)| grid);
        let counted = |((time, arm, groups, flags), sum): (Key, Sum)| {
            let bins = grid
                .filter(|_| !sum.cells.is_empty())
                .map(|grid| Bins::new(grid, Some(grid.index(LONGEST)), sum.cells));
            Counted { time, arm, groups, flags, requests: sum.requests, errors: sum.errors, bins }
        };
        Buckets {
            step: SignedDuration::from_secs(self.step.1),
            grid,
            mark: self.total.1,
            groups: self.groups.into_iter().map(|(_, name)| name).collect(),
            flags: self.flags.into_iter().map(|(_, name)| name).collect(),
            errors: self.errors.is_some(),
            rows: sums.into_iter().map(counted).collect(),
            unread,
        }
    }
}

fn stranger(name: &str) -> Error {
    Error::unreadable("is not a column that the query of `davy sketch --sql` has")
        .value(name)
        .hint("A column that tells requests apart is called `by_` and its name.")
}
