//! A table of requests and how it is counted.

use std::collections::BTreeSet;

use super::{Dialect, Edge, TimeType};
use crate::series::SignedDuration;

/// Where the log lies and how it is counted there.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The table's name, its parts separated by points: `logs.requests`.
    pub name: String,
    /// Which SQL the engine speaks.
    pub dialect: Dialect,
    /// What the column with the time holds.
    pub time: TimeType,
    /// The columns that hold text although they are compared with numbers.
    pub texts: BTreeSet<String>,
    /// How long a step is, in whole seconds. Steps begin at multiples of it since 1970.
    pub step: SignedDuration,
    /// HdrHistogram's significant digits: 1, 2 or 3.
    pub digits: u8,
    /// Rows before this instant do not count.
    pub from: Option<Edge>,
    /// Rows from this instant on do not count.
    pub to: Option<Edge>,
}
