//! The rows that could have held a point, whether or not they do.
//!
//! A table of one row per minute whose `errors` stand in every fifth row has points five minutes apart. Its steps are
//! minutes all the same, and four of five are gaps. So the spacing of what is counted is that of its rows.

use super::Sheet;
use crate::series::{Arm, Timestamp};
use crate::source::{Ask, File};

impl Sheet {
    /// When the rows are in which the arm's counts could stand, sorted; nothing for what is not counted.
    ///
    /// A row that names its trials is one, and so is any row of occurrences.
    pub fn row_times(&self, file: &File, arm: Arm, ask: &Ask) -> Option<Vec<Timestamp>> {
        let names: Vec<&str> = match ask {
            Ask::Counts { total: Some(total), .. } => vec![total],
            Ask::Counts { .. } => ask.names().collect(),
            Ask::Events { .. } => Vec::new(),
            Ask::Values { .. } | Ask::Histograms { .. } | Ask::Gauge { .. } => return None,
        };
        let rows = self.arm(arm, file.arm.as_ref()).ok()?;
        let column = |name: &str| self.table.find(name).ok().map(|at| &self.table.columns[at]);
        let long = file.long.as_ref().map(|long| (column(&long.name), column(&long.value)));
        let columns: Vec<_> = names.iter().filter_map(|name| column(name)).collect();
        let holds = |row: usize| match &long {
            Some((Some(of), Some(value))) => names.contains(&of.cell(row)) && !value.cell(row).is_empty(),
            _ => columns.is_empty() || columns.iter().any(|column| !column.cell(row).is_empty()),
        };
        let mut times: Vec<Timestamp> =
            (0..self.rows()).filter(|row| rows.contain(*row) && holds(*row)).map(|row| self.time[row]).collect();
        times.sort_unstable();
        times.dedup();
        Some(times)
    }
}
