//! Which metrics CloudWatch has.

/// Which metrics to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Only this namespace; all of them when absent.
    pub namespace: Option<String>,
    /// Only those that had a point in the last three hours, rather than in the last two weeks.
    pub recent: bool,
}

/// A metric that can be queried, by `ListMetrics`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric: String,
    /// Its dimensions, sorted by name.
    pub dimensions: Vec<(String, String)>,
}
