//! What is asked of a log: where its requests are, what its rows say, and which of them count.

use std::path::PathBuf;
use std::sync::Arc;

use super::condition::Condition;
use super::layout::Layout;
use super::tabled::Tabled;
use super::unit::TimeUnit;
use crate::series::{SignedDuration, Timestamp, Window};

/// The share of rows that may be unreadable, where nothing else is said.
pub const MAX_BAD: f64 = 0.001;

/// Where requests are and what their rows say.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests {
    /// Files, folders, patterns (`logs/*.gz`), or `-` for standard input. Relative paths are already resolved.
    pub inputs: Vec<PathBuf>,
    /// The inputs as the user wrote them, for messages.
    pub shown: String,
    /// How a row is written.
    pub format: Format,
    /// Where the fields of a line are, if the format is [`Format::Layout`].
    pub layout: Option<Arc<Layout>>,
    /// Which columns mean what, where the format or usual names do not say it.
    pub columns: Columns,
    /// Whose request a row is.
    pub arms: Arms,
    /// Which rows are requests at all.
    pub filter: Option<Condition>,
    /// The share of rows that may be unreadable.
    pub max_bad: f64,
    /// Where the log lies, if that is no file: then nothing is read, and there are no inputs.
    pub table: Option<Box<Tabled>>,
}

/// Which columns mean what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// When the request happened.
    pub time: Option<String>,
    /// The time zone of timestamps without an offset (IANA name); UTC when not given.
    pub zone: Option<String>,
    /// The status: errors are those of 500 and more, where no `error` says otherwise.
    pub status: Option<String>,
    /// Which requests are errors.
    pub error: Option<Condition>,
    /// How long it took.
    pub latency: Option<Latency>,
}

/// A column with latencies.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    /// The column's name.
    pub column: String,
    /// What its numbers are in. When not given, the name has to say it (`latency_ms`).
    pub unit: Option<TimeUnit>,
}

/// Whose request a row is.
#[derive(Debug, Clone, PartialEq)]
pub enum Arms {
    /// All rows are of one arm.
    All(String),
    /// The arm is what this column says. Where no name is given: a column `arm`, or where there is none, all rows are of
    /// the arm [`NO_ARM`].
    Column(Option<String>),
    /// The first condition that holds says the arm. A row for which none does is of no arm.
    When(Vec<(String, Condition)>),
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// By the name's extension, then by content.
    Auto,
    /// A layout of one's own.
    Layout,
    /// Comma, semicolon or tab separated, with a header line.
    Csv,
    /// Tab separated, with a header line.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Access logs of an AWS application load balancer.
    Alb,
    /// Access logs of an AWS classic load balancer.
    Clb,
    /// HAProxy's log of HTTP requests.
    Haproxy,
    /// Envoy's access log as text, and Istio's.
    Envoy,
    /// CloudFront standard logs, and others in the W3C extended format (`#Fields:`).
    W3c,
    /// nginx and Apache access logs in the combined format, with the time a request took at the end.
    Combined,
    /// JMeter's results (JTL), as CSV or XML.
    Jtl,
    /// k6, `--out json` or `--out csv`.
    K6,
    /// Gatling's `simulation.log`, a text or binary.
    Gatling,
    /// HdrHistogram's interval logs, V0 to V2.
    Hlog,
    /// HdrHistogram's percentile listings, as wrk2 prints them.
    Percentiles,
    /// What `davy sketch` wrote.
    Sketch,
    /// What an engine answered to the query of `davy sketch --sql`.
    Buckets,
    /// Access logs of AWS S3 buckets.
    S3,
    /// Squid's access log in its native format.
    Squid,
    /// The lines of chi's logger.
    Chi,
    /// The transactions that `pgbench -l` writes.
    Pgbench,
}

impl Format {
    /// The words that name a format.
    pub const NAMES: [(&'static str, Format); 22] = [
        ("combined", Format::Combined),
        ("alb", Format::Alb),
        ("clb", Format::Clb),
        ("w3c", Format::W3c),
        ("s3", Format::S3),
        ("envoy", Format::Envoy),
        ("istio", Format::Envoy),
        ("haproxy", Format::Haproxy),
        ("squid", Format::Squid),
        ("chi", Format::Chi),
        ("pgbench", Format::Pgbench),
        ("jtl", Format::Jtl),
        ("k6", Format::K6),
        ("gatling", Format::Gatling),
        ("csv", Format::Csv),
        ("tsv", Format::Tsv),
        ("ndjson", Format::Ndjson),
        ("parquet", Format::Parquet),
        ("hlog", Format::Hlog),
        ("percentiles", Format::Percentiles),
        ("sketch", Format::Sketch),
        ("buckets", Format::Buckets),
    ];
}

/// What one metric asks of a log, about one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The log.
    pub log: Requests,
    /// What of it.
    pub slice: Slice,
    /// What [`Requests::arms`] calls the arm. Where the arms are told apart by a column that does not exist, all rows are of
    /// the arm without a name, [`NO_ARM`], which is then the one that is meant.
    pub arm: String,
}

/// The arm of all rows, where they have no column that tells the arms apart.
pub const NO_ARM: &str = "";

/// What is asked of one pass, about some of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Only these rows.
    pub filter: Option<Condition>,
    /// Each of this column's values by itself.
    pub by: Option<By>,
    /// Each combination of these columns' values by itself; instead of `by`.
    pub split: Vec<String>,
    /// What is counted, by the names that an [`Ask`](crate::source::Ask) has for it.
    pub counted: Vec<(String, Counted)>,
    /// What is measured, if anything.
    pub valued: Option<Valued>,
}

/// Groups of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The column whose values tell the groups apart.
    pub column: String,
    /// How many groups there are at most: the busiest; the requests of all others are one more, [`REST`].
    pub most: usize,
}

/// Rows by the values of some columns at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The columns; of a recording the one that holds the names of the slices.
    pub columns: Vec<String>,
    /// What they are called.
    pub called: Vec<String>,
}

/// What stands between the values of a group that is of several columns: the separator of units, which no log has in a value.
pub const BETWEEN: char = '\u{1f}';

/// The group of all that are in no group of their own.
pub const REST: &str = "(the rest)";

/// Which rows are counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// All.
    Requests,
    /// Those that are errors.
    Errors,
    /// Those that are errors, and none where the log does not know ([`Account::errors`](super::Account::errors)).
    ErrorsIfKnown,
    /// Those without what the slice measures.
    Unmeasured,
    /// Those for which it holds.
    When(Condition),
}

/// What is measured of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Valued {
    /// How long it took, in nanoseconds.
    Latency,
    /// The same, where the log knows it.
    LatencyIfKnown,
    /// The number in a column, in thousandths.
    Column(String),
}

/// When: what lies outside of all windows does not count, and steps begin at `origin`.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// The windows that count; all time, where there is none.
    pub windows: Vec<Window>,
    /// A beginning of a step.
    pub origin: Timestamp,
    /// How long one is.
    pub step: SignedDuration,
    /// Whether steps are put together where a series has many, so that memory stays small: ten of them if it reaches over 600,
    /// fifty over 36,000, a hundred over 144,000.
    pub coarsen: bool,
}
