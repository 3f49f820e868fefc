//! What every kind of file becomes before anything is understood: named columns of text cells, each row with its
//! place in the file.
//!
//! A column keeps its cells back to back in one string, so ten million rows cost little more than their text.
//! Columns that nobody asks for keep their name only; each row keeps a fingerprint of all its cells, so that an
//! exact repetition is still told from a row that merely looks the same in the columns asked for.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use crate::series::Remark;
use crate::source::error::{Error, Place, columns, nearest, quoted};

pub(super) type Keep<'a> = &'a dyn Fn(&str) -> bool;

#[derive(Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    /// Where the columns are that were made one by one.
    index: BTreeMap<String, usize>,
    rows: Vec<Row>,
    /// What a row is called in messages: "line", "record", "datapoint".
    pub counted: &'static str,
    /// Whether cells of columns that nobody asks for were never read, so that no two rows are known to be the same.
    pub partial: bool,
    /// Whether semicolons separate the columns.
    pub semicolons: bool,
    /// Whether the last row is a line without an end.
    pub unended: bool,
    /// What is to be known of each column, where they are the results of benchmarks.
    pub benchmarks: Option<BTreeMap<String, Vec<Remark>>>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    number: u32,
    print: u64,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    pub name: String,
    /// A second name it answers to: the label of a CloudWatch result.
    pub alias: Option<String>,
    /// What its numbers are measured in, where the file says so beside its name.
    pub unit: Option<String>,
    kept: bool,
    text: String,
    ends: Vec<u32>,
    /// The row of each cell, from the first row on in which there is none.
    at: Option<Vec<u32>>,
    /// How many rows there are.
    rows: usize,
}

impl Column {
    pub fn new(name: &str, keep: Keep) -> Self {
        Column { name: name.to_string(), kept: keep(name), ..Column::default() }
    }

    pub fn cell(&self, row: usize) -> &str {
        self.index(row).map_or("", |index| self.nth(index))
    }

    /// Whether the file has a cell there, though it may be empty; objects may lack one.
    pub fn has(&self, row: usize) -> bool {
        self.index(row).is_some()
    }

    /// The cells of all rows, empty where a row has none.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..if self.kept { self.rows } else { 0 }).map(|row| self.cell(row))
    }

    /// The cells that the file has, with their rows.
    pub fn written(&self) -> impl Iterator<Item = (usize, &str)> {
        (0..self.ends.len()).map(|index| {
            let row = self.at.as_ref().map_or(index, |at| at[index] as usize);
            (row, self.nth(index))
        })
    }

    /// Whether any of its cells has this byte.
    pub fn contains(&self, byte: u8) -> bool {
        memchr::memchr(byte, self.text.as_bytes()).is_some()
    }

    fn index(&self, row: usize) -> Option<usize> {
        match &self.at {
            None => Some(row).filter(|row| *row < self.ends.len()),
            Some(at) => at.binary_search(&u32::try_from(row).ok()?).ok(),
        }
    }

    fn nth(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// Puts a cell into a row, which comes after all that were put before. Rows that are skipped cost nothing, so that many
    /// different keys of objects do not.
    fn put(&mut self, row: usize, cell: &str) -> Result<(), Error> {
        if !self.kept {
            return Ok(());
        }
        let large = |_| {
            Error::unreadable("has too many rows")
                .hint("Cut the file to the window that is judged, or aggregate it per step.")
        };
        if row != self.ends.len() && self.at.is_none() {
            self.at = Some((0..u32::try_from(self.ends.len()).map_err(large)?).collect());
        }
        if let Some(at) = &mut self.at {
            at.push(u32::try_from(row).map_err(large)?);
        }
        self.text.push_str(cell);
        let end = u32::try_from(self.text.len()).map_err(|_| {
            Error::unreadable("has more than 4 GiB in one column")
                .column(&self.name)
                .hint("Cut the file to the window that is judged, or aggregate it per step.")
        })?;
        self.ends.push(end);
        Ok(())
    }

    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.alias.as_deref() == Some(name)
    }

    fn clear(&mut self) {
        (self.text, self.ends, self.at, self.rows) = (String::new(), Vec::new(), None, 0);
    }
}

impl Table {
    pub fn new(counted: &'static str) -> Self {
        Table { counted, ..Table::default() }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }

    /// Appends a row: its number and its cells, each with the index of its column.
    pub fn push<'c>(&mut self, number: u64, cells: impl Iterator<Item = (usize, &'c str)>) -> Result<(), Error> {
        let mut print = DefaultHasher::new();
        let row = self.rows.len();
        for (at, cell) in cells {
            let cell = cell.trim();
            print.write_usize(at);
            print.write(cell.as_bytes());
            self.columns[at].put(row, cell)?;
        }
        self.rows.push(Row { number: u32::try_from(number).unwrap_or(u32::MAX), print: print.finish() });
        Ok(())
    }

    /// The index of the column with this name, made when there is none.
    pub fn column_or_new(&mut self, name: &str, keep: Keep) -> usize {
        if let Some(at) = self.index.get(name) {
            return *at;
        }
        self.columns.push(Column::new(name, keep));
        self.index.insert(name.to_owned(), self.columns.len() - 1);
        self.columns.len() - 1
    }

    /// Tells every column how many rows there are.
    pub fn finish(mut self) -> Self {
        let rows = self.rows.len();
        self.columns.iter_mut().for_each(|c| c.rows = rows);
        self
    }

    /// Writes the cells of a column anew, and what belongs to its name.
    pub fn rewrite(&mut self, column: usize, mark: &str, read: impl Fn(&str) -> String) -> Result<(), Error> {
        let old = std::mem::take(&mut self.columns[column]);
        let mut new = Column { name: format!("{}{mark}", old.name), kept: true, rows: old.rows, ..Column::default() };
        for (row, cell) in old.written() {
            new.put(row, &read(cell))?;
        }
        self.columns[column] = new;
        Ok(())
    }

    /// Puts the cells of a second column behind those of a first, and takes the second away.
    pub fn join(&mut self, first: usize, second: usize) -> Result<(), Error> {
        let mut joined = Column { name: self.columns[first].name.clone(), kept: true, ..Column::default() };
        for row in 0..self.len() {
            let cells = format!("{} {}", self.columns[first].cell(row), self.columns[second].cell(row));
            joined.put(row, cells.trim())?;
        }
        joined.rows = self.len();
        self.columns[first] = joined;
        self.columns.remove(second);
        Ok(())
    }

    /// Forgets the cells of a column that has been read for good.
    pub fn forget(&mut self, column: usize) {
        self.columns[column].clear();
    }

    /// The last row, where a column ends its line and the line has no end.
    pub fn unended(&self, column: &Column) -> Option<usize> {
        let is_last = self.columns.last().is_some_and(|last| std::ptr::eq(last, column));
        self.rows.len().checked_sub(1).filter(|_| self.unended && is_last)
    }

    pub fn place(&self, row: usize) -> Place {
        Place { what: self.counted, number: self.rows.get(row).map_or(0, |r| u64::from(r.number)) }
    }

    /// Whether two rows are known to agree in all their cells.
    pub fn identical(&self, one: usize, other: usize) -> bool {
        !self.partial && self.rows[one].print == self.rows[other].print
    }

    /// The one column with this name.
    pub fn find(&self, name: &str) -> Result<usize, Error> {
        let mut hits = (0..self.columns.len()).filter(|at| self.columns[*at].answers_to(name));
        match (hits.next(), hits.next()) {
            (Some(at), None) => Ok(at),
            (Some(one), Some(other)) => {
                Err(Error::unreadable(format!("stands for two columns, the {} and the {}", nth(one), nth(other)))
                    .value(name)
                    .hint("Give each column a name of its own."))
            }
            (None, _) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let aliases = self.columns.iter().filter_map(|c| c.alias.as_deref());
        let meant = nearest(name, self.names().chain(aliases));
        let hint = match meant {
            Some(meant) => format!("Did you mean {}? {}", quoted(meant), columns(self.names())),
            None => columns(self.names()),
        };
        Error::unreadable("is not a column of the file").value(name).hint(hint)
    }
}

fn nth(at: usize) -> String {
    let n = at + 1;
    let ending = match (n % 10, n % 100) {
        (1, r) if r != 11 => "st",
        (2, r) if r != 12 => "nd",
        (3, r) if r != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
