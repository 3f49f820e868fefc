//! Sketches: what was counted in requests, kept for the next time.
//!
//! Reading a billion rows takes minutes; what comes of them is a histogram per arm and step. `davy sketch` keeps that, as a
//! file that is a source again, that other tools can read, and of which many add up to what one pass over all rows would have
//! found: without a loss where they are alike, and on the coarser grid and step where they are not.
//!
//! Version 1 of the file is Apache Parquet, compressed with Zstandard. One row is what is known of one step of one arm, and of
//! one combination of values where requests are told apart by columns. Rows are sorted by time, arm and those columns.
//!
//! | column      | type                 | content                                                                  |
//! |-------------|----------------------|--------------------------------------------------------------------------|
//! | `time`      | timestamp (ms, UTC)  | when the step began                                                      |
//! | `arm`       | string               |                                                                          |
//! | any others  | string               | what tells the requests apart: `route`                                   |
//! | `requests`  | unsigned, 64 bits    | how many                                                                 |
//! | `errors`    | unsigned, 64 bits    | how many of them failed; null where nobody knows                         |
//! | `histogram` | binary               | how long they took, as HdrHistogram V2 compressed; null if not measured  |
//!
//! The metadata of the file (key and value) says the rest: `davy.sketch` the version, `davy.step_ms` how long a step is,
//! `davy.unit` what the histograms count (`ns`), `davy.version` which davy wrote it. The same content gives the same bytes.
//! A reader of version 1 refuses files of later versions; columns are never given another meaning.

mod merged;
#[cfg(feature = "frames")]
#[path = "sketch/parquet.rs"]
mod stored;
#[cfg(not(feature = "frames"))]
#[path = "sketch/parquet_disabled.rs"]
mod stored;

pub use merged::{RESERVED, Row, Sketch, VERSION, fewest_digits, merge};
pub use stored::{read, write};
