//! The unit that a file states of the numbers that answer a question.
//!
//! It stands in the name of a column or of rows, beside the name of a metric, or in a column `unit` of a long file. Numbers of two
//! units in one answer would be compared with each other, and are refused.

use super::answer::Asking;
use super::number;
use super::sheet::Sheet;
use super::table::Column;
use super::usual::is_usual_unit;
use crate::source::error::{Error, quoted};
use crate::source::{Ask, StatedUnit};

impl Sheet {
    /// The unit that a column, a name of rows or the rows themselves say, also where a column is asked for without it.
    pub(super) fn unit_of(&self, asking: &Asking, ask: &Ask) -> Result<Option<StatedUnit>, Error> {
        let Some(name) = ask.names().next() else { return Ok(None) };
        let Some((value, named)) = asking.column(name)? else { return Ok(None) };
        if let Some(unit) = &value.unit {
            return Ok(StatedUnit::of(unit));
        }
        let (Ask::Gauge { .. } | Ask::Values { .. }) = ask else { return Ok(None) };
        let shares_name =
            |other: &&Column| !std::ptr::eq(*other, value) && other.alias.is_some() && other.alias == value.alias;
        if let Some(other) = self.table.columns.iter().find(shares_name).filter(|_| named.is_none()) {
            let (plain, other) = (value.alias.as_deref().unwrap_or_default(), quoted(&other.name));
            let problem = format!("has the numbers of some rows alone: those of others are in {other}");
            let hint = format!("Give {} one unit in all rows, or one file for each unit.", quoted(plain));
            return Err(Error::unreadable(problem).value(&value.name).hint(hint));
        }
        if named.is_none() && !value.name.trim().eq_ignore_ascii_case("value") {
            return Ok(StatedUnit::in_name(&value.name));
        }
        let said = asking.unit_in_rows(name, value, named)?.and_then(StatedUnit::of);
        let of_name = || StatedUnit::in_name(name).or_else(|| StatedUnit::in_name(&value.name));
        Ok(said.or_else(of_name))
    }
}

impl Asking<'_> {
    /// What a column of units says in all rows of a name that have a number.
    fn unit_in_rows(&self, name: &str, value: &Column, named: Option<&Column>) -> Result<Option<&str>, Error> {
        let table = &self.sheet.table;
        let Some(column) = table.columns.iter().find(|column| is_usual_unit(&column.name)) else { return Ok(None) };
        let mut said: Option<(usize, &str)> = None;
        for row in self.rows_of(named, name) {
            let cell = column.cell(row).trim();
            match said {
                _ if cell.is_empty() || number::is_gap(value.cell(row)) => {}
                None => said = Some((row, cell)),
                Some((_, first)) if first == cell => {}
                Some((first, unit)) => {
                    let problem = format!("is in another unit than {}, {unit}", table.place(first));
                    let error = Error::unreadable(problem).value(cell).hint("Write one unit in all rows of a name.");
                    return Err(error.at(table.place(row)).column(&column.name));
                }
            }
        }
        Ok(said.map(|(_, unit)| unit))
    }
}
