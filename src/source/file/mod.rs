//! Files: rows of any kind become one [`Sheet`], and a sheet answers questions with series.
//!
//! ```text
//!  bytes ──► compression ──► rewritten ──► csv | json | parquet ──► Table ──► Sheet ──► Answer
//!             magic bytes    line by line  one reader per kind     cells     clock     series
//! ```
//!
//! What is measured is never guessed: a cell that is not what its column should be stops the reading, with its
//! place in the file. What is missing stays missing.

mod answer;
mod asked;
mod aws;
mod benchmarks;
mod bucket_names;
mod bucketed;
mod buckets;
mod cells;
pub(in crate::source) mod compression;
mod counted;
mod counter;
mod csv;
mod days;
mod documents;
mod gatling;
mod half;
mod jmeter;
mod json;
mod lines;
mod live;
pub(in crate::source) mod number;
mod object;
#[cfg(feature = "frames")]
mod parquet;
#[cfg(not(feature = "frames"))]
#[path = "parquet_disabled.rs"]
mod parquet;
mod peek;
mod read;
pub(in crate::source) mod rewritten;
mod riddles;
mod rows;
mod several;
mod sheet;
mod stated;
mod sum;
mod survey;
mod surveyed;
mod table;
mod tail;
pub(in crate::source) mod time;
pub(in crate::source) mod usual;
mod wanted;

pub use answer::Answer;
pub use asked::{File, Format, Long};
pub(crate) use benchmarks::is_of_operations;
pub(super) use bucket_names::is_of_buckets;
pub use buckets::{Buckets, Counted};
pub(super) use documents::rows_of_requests;
#[cfg(feature = "frames")]
pub(super) use parquet::{guarded, plausible, undecodable};
pub(in crate::source) use read::is_answer_in_yaml;
pub(in crate::source) use rewritten::{Wrap, logfmt};
pub(super) use several::are_results;
pub use sheet::Sheet;
pub(crate) use sum::{sum_of_counts, sum_of_series};
pub(super) use survey::survey;
pub use surveyed::{Column, ColumnKind, Motion, Survey};
pub use time::{Clock, EpochUnit};
pub(crate) use usual::usual_arm;
pub use wanted::Wanted;
