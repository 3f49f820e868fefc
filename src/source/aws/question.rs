//! Questions with their time, and what they brought.

use crate::series::Window;
use crate::source::Query;
use crate::source::file::Sheet;

/// A query with the time it is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The query; its source is one of this module's.
    pub query: &'q Query,
    /// The window, in whole periods.
    pub window: Window,
}

/// What a question brought.
#[derive(Debug)]
pub struct Brought {
    /// The rows.
    pub sheet: Sheet,
    /// What a reader should know of them: bytes scanned, periods that CloudWatch widened.
    pub notes: Vec<String>,
}

/// Which metrics to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Of which namespace; of all when not given.
    pub namespace: Option<String>,
    /// Only those that had a point in the last three hours, rather than in the last two weeks.
    pub recent: bool,
}

/// A metric that is there to be asked for, by `ListMetrics`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric: String,
    /// Its dimensions, sorted by name.
    pub dimensions: Vec<(String, String)>,
}
