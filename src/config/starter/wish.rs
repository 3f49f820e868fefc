//! What somebody says of files beside their names: margins, units, groups. All of it may be left out.
//!
//! A wish that nothing fulfils is a problem with the words to type, because a margin for a metric that does not exist would
//! otherwise leave the usual one in place without a sound.

use super::draft::{Found, grouped};
use super::names::Name;
use crate::series::SignedDuration;
use crate::source::Format;

/// What somebody says of files that have no configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// The spacing of the points.
    pub step: Option<SignedDuration>,
    /// A column whose values are judged one by one.
    pub by: Option<String>,
    /// Columns in whose values a difference is localised.
    pub localise: Vec<String>,
    /// A condition that chooses rows of a log.
    pub filter: Option<String>,
    /// What columns are measured in.
    pub units: Vec<(String, String)>,
    /// Margins of metrics (`errors`) and of their statistics (`latency:p99`).
    pub margins: Vec<(String, String)>,
    /// How the files are written.
    pub format: Option<Format>,
    /// The layout of a log's lines.
    pub layout: Option<String>,
}

impl Wish {
    /// What a column is measured in, if that is said.
    pub(super) fn unit(&self, column: &str) -> Option<&str> {
        self.units.iter().find(|(named, _)| named == column).map(|(_, unit)| unit.as_str())
    }

    /// Puts the margins in. What names nothing comes back as a problem.
    pub(super) fn bound(&self, found: &mut [Found]) -> Vec<String> {
        let mut problems = Vec::new();
        for (wanted, margin) in &self.margins {
            let (metric, statistic) = match wanted.split_once(':') {
                Some((metric, statistic)) => (metric, Some(statistic)),
                None => (wanted.as_str(), None),
            };
            let own = found.iter_mut().filter(|found| found.metric == metric);
            let criteria = own.flat_map(|found| found.criteria.iter_mut());
            let meant = criteria.filter(|one| statistic.is_none() || one.statistic == statistic);
            let mut changed = false;
            meant.for_each(|one| {
                one.margin.clone_from(margin);
                changed = true;
            });
            if !changed {
                problems.push(format!(
                    "--margin {wanted}={margin}: nothing is called {wanted:?} here. There is {}",
                    named(found)
                ));
            }
        }
        problems
    }

    /// The units of columns that no file has, or whose names say another one.
    pub(super) fn wrong_units(&self, columns: &[&str]) -> Vec<String> {
        let why = |column: &str, unit: &str| match Name::of(column).unit {
            _ if !columns.contains(&column) => Some(no_column(column, columns)),
            Some(named) if named != unit => Some(format!(
                "`--unit` gives {column:?} the unit {unit}, but its name says {named}: leave `--unit` out"
            )),
            _ => None,
        };
        let wrong = |(column, unit): &(String, String)| Some(format!("--unit {column}={unit}: {}", why(column, unit)?));
        self.units.iter().filter_map(wrong).collect()
    }

    /// The groups of a column that no file has.
    pub(super) fn unknown_group(&self, columns: &[&str]) -> Option<String> {
        let by = self.by.as_ref().filter(|by| !columns.contains(&by.as_str()))?;
        Some(format!("--by {by}: {}", no_column(by, columns)))
    }

    /// The columns to localise in that no log has.
    pub(super) fn unknown_dimensions(&self, columns: &[&str]) -> Vec<String> {
        let unknown = self.localise.iter().filter(|column| !columns.contains(&column.as_str()));
        unknown.map(|column| format!("--localise {column}: {}", no_column(column, columns))).collect()
    }

    /// Adds the groups of what is known of single requests.
    pub(super) fn by_groups(&self, found: &mut Vec<Found>) {
        if let Some(by) = &self.by {
            let each: Vec<Found> = found.iter().map(|one| grouped(one, by)).collect();
            found.extend(each);
        }
    }
}

/// `errors, latency (latency:p50, latency:p95, latency:p99)`.
fn named(found: &[Found]) -> String {
    let of = |one: &Found| {
        let parts: Vec<String> =
            one.criteria.iter().filter_map(|c| c.statistic).map(|s| format!("{}:{s}", one.metric)).collect();
        if parts.is_empty() { one.metric.clone() } else { format!("{} ({})", one.metric, parts.join(", ")) }
    };
    let names: Vec<String> = found.iter().map(of).collect();
    if names.is_empty() { "nothing that can be judged".into() } else { names.join(", ") }
}

fn no_column(column: &str, columns: &[&str]) -> String {
    // the arms have most columns in common
    let mut known: Vec<&str> = Vec::new();
    for column in columns {
        if !known.contains(column) {
            known.push(column);
        }
    }
    let known = if known.is_empty() { "its columns have no names".into() } else { known.join(", ") };
    format!("there is not a column {column:?}. The columns are: {known}")
}
