//! What every kind of file becomes before anything is understood: named columns of text cells, each row with its
//! place in the file.
//!
//! A column keeps its cells back to back in one string, so ten million rows cost little more than their text.
//! Columns that nobody asks for keep their name only; each row keeps a fingerprint of all its cells, so that an
//! exact repetition is still told from a row that merely looks the same in the columns asked for.

use std::hash::{DefaultHasher, Hasher};

use crate::source::error::{Error, Place, columns, nearest, quoted};

pub(super) type Keep<'a> = &'a dyn Fn(&str) -> bool;

#[derive(Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    rows: Vec<Row>,
    /// What a row is called in messages: "line", "record", "datapoint".
    pub counted: &'static str,
    /// Whether cells of columns that nobody asks for were never read, so that no two rows are known to be the same.
    pub partial: bool,
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
    kept: bool,
    text: String,
    ends: Vec<u32>,
}

impl Column {
    pub fn new(name: &str, keep: Keep) -> Self {
        Column { name: name.to_string(), kept: keep(name), ..Column::default() }
    }

    pub fn cell(&self, row: usize) -> &str {
        let Some(end) = self.ends.get(row) else { return "" };
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start as usize..*end as usize]
    }

    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|row| self.cell(row))
    }

    /// Puts a cell into a row; rows that were skipped are empty.
    fn put(&mut self, row: usize, cell: &str) -> Result<(), Error> {
        if !self.kept {
            return Ok(());
        }
        self.pad(row);
        self.text.push_str(cell);
        let end = u32::try_from(self.text.len()).map_err(|_| {
            Error::unreadable("has more than 4 GiB in one column")
                .column(&self.name)
                .hint("Cut the file to the window that is judged, or aggregate it per step.")
        })?;
        self.ends.push(end);
        Ok(())
    }

    fn pad(&mut self, rows: usize) {
        if self.kept && self.ends.len() < rows {
            let end = self.ends.last().copied().unwrap_or(0);
            self.ends.resize(rows, end);
        }
    }

    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.alias.as_deref() == Some(name)
    }

    fn clear(&mut self) {
        (self.text, self.ends) = (String::new(), Vec::new());
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
        self.columns.iter().position(|c| c.name == name).unwrap_or_else(|| {
            self.columns.push(Column::new(name, keep));
            self.columns.len() - 1
        })
    }

    /// Gives every kept column a cell in every row.
    pub fn finish(mut self) -> Self {
        let rows = self.rows.len();
        self.columns.iter_mut().for_each(|c| c.pad(rows));
        self
    }

    /// Forgets the cells of a column that has been read for good.
    pub fn forget(&mut self, column: usize) {
        self.columns[column].clear();
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
