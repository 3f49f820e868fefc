//! Rows that a service answered, as the sheet that a file with the same rows would be.

use std::collections::BTreeMap;

use super::sheet::Sheet;
#[cfg(feature = "sql")]
use super::table::Column;
use super::table::Table;
use super::time::Clock;
use super::{File, Format, aws};
use crate::series::Timestamp;
use crate::source::error::Error;

impl Sheet {
    /// Numbers by time: one row per instant that any of the columns has, in which the others are empty.
    ///
    /// # Errors
    ///
    /// Unreadable when a column is too large to be held.
    pub fn of_points(shown: &str, columns: &[(String, BTreeMap<Timestamp, f64>)]) -> Result<Sheet, Error> {
        let mut table = Table::new("period");
        let clock = table.column_or_new("time", &|_| true);
        let at: Vec<usize> = columns.iter().map(|(name, _)| table.column_or_new(name, &|_| true)).collect();
        let mut rows: BTreeMap<Timestamp, BTreeMap<usize, String>> = BTreeMap::new();
        for (at, (_, points)) in at.iter().zip(columns) {
            for (time, value) in points {
                rows.entry(*time).or_default().insert(*at, value.to_string());
            }
        }
        for (number, cells) in rows.values().enumerate() {
            // what has no point was asked for all the same
            let cells = at.iter().map(|at| (*at, cells.get(at).map_or("", String::as_str)));
            table.push(number as u64 + 1, cells).map_err(|error| error.within(shown))?;
        }
        let time = rows.into_keys().collect();
        Ok(Sheet {
            table: table.finish(),
            time,
            clock: Clock::Offset,
            time_column: Some(clock),
            shown: shown.to_owned(),
            buckets: None,
        })
    }

    /// Rows of a query: names of columns, and cells in their order, of which one may be empty.
    ///
    /// # Errors
    ///
    /// Unreadable when no column, or not the one that is named, tells the time.
    #[cfg(feature = "sql")]
    pub fn of_rows(
        file: &File,
        names: &[String],
        rows: &[Vec<Option<String>>],
        wanted: &super::Wanted,
    ) -> Result<Sheet, Error> {
        let mut table = Table::new("row");
        table.columns = names.iter().map(|name| Column::new(name, &|name| wanted.keeps(name))).collect();
        let pushed = rows.iter().enumerate().try_for_each(|(number, cells)| {
            let cells = cells.iter().map(|cell| cell.as_deref().unwrap_or_default());
            table.push(number as u64 + 1, cells.enumerate())
        });
        pushed.and_then(|()| Sheet::of(table.finish(), file)).map_err(|error| error.within(&file.shown))
    }

    /// Rows of named fields, as Logs Insights answers them: instants are in UTC without saying so.
    ///
    /// # Errors
    ///
    /// Unreadable when no field, or not the one that is named, tells the time.
    pub fn of_fields(shown: &str, time: Option<&str>, rows: &[Vec<(String, String)>]) -> Result<Sheet, Error> {
        let file = File {
            path: std::path::PathBuf::new(),
            shown: shown.to_owned(),
            format: Format::Json,
            time: time.map(str::to_owned),
            zone: None,
            arm: None,
            long: None,
        };
        let table = aws::rows_of_fields(rows.iter().map(Vec::as_slice), &|_| true);
        table.and_then(|table| Sheet::of(table, &file)).map_err(|error| error.within(shown))
    }
}
