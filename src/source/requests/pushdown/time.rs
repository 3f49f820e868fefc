//! How a table holds times, and which of them count.

use crate::series::Timestamp;
use crate::source::requests::TimeUnit;

/// An end of the time that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// An instant.
    At(Timestamp),
    /// One that davy fills in when it sends the query: `from` or `to`.
    Named(&'static str),
}

/// What a column with times holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeType {
    /// An instant: `TIMESTAMP WITH TIME ZONE`, ClickHouse's `DateTime`, Spark's `TIMESTAMP`, BigQuery's `TIMESTAMP`.
    Instant,
    /// A date and a time of the day without a zone, which is UTC: `TIMESTAMP`, `TIMESTAMP_NTZ`, BigQuery's `DATETIME`.
    Utc,
    /// A number of units since 1970.
    Epoch(TimeUnit),
}

impl TimeType {
    /// The words that name a type.
    pub const NAMES: [(&'static str, TimeType); 6] = [
        ("timestamptz", TimeType::Instant),
        ("timestamp", TimeType::Utc),
        ("epoch_s", TimeType::Epoch(TimeUnit::Seconds)),
        ("epoch_ms", TimeType::Epoch(TimeUnit::Milliseconds)),
        ("epoch_us", TimeType::Epoch(TimeUnit::Microseconds)),
        ("epoch_ns", TimeType::Epoch(TimeUnit::Nanoseconds)),
    ];
}
