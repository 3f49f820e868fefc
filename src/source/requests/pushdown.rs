//! The pass over a log as one query, for logs that lie in a table which nobody copies.
//!
//! ```text
//!  log, slices ──► asked columns ──► SQL of a dialect ──► an engine ──► buckets ──► what a pass would have found
//!  as configured   condition, value  query                counts        file::Buckets
//! ```
//!
//! An engine counts where the data are, and hands back what davy keeps of a log: a row per step, arm, group and cell of the
//! histogram. The cell is HdrHistogram's own index, computed in whole numbers ([`Grid`](crate::series::Grid)), so that the
//! answer equals what davy counts in the same rows, cell by cell. Floats appear once, where a latency becomes whole
//! nanoseconds, by the same two IEEE multiplications that davy makes.
//!
//! Conditions keep their meaning: a missing cell satisfies `!=` and nothing else, a number is compared as a number, a text byte
//! by byte without the white space around it. What a dialect cannot say in that way is [`Refused`].
//!
//! The names of the answer's columns say how it was counted. So the answer explains itself, whichever format carries it:
//!
//! | column       | content                                                                                    |
//! |--------------|--------------------------------------------------------------------------------------------|
//! | `step_300s`  | when a step of 300 seconds began, in seconds since 1970; null for rows that cannot be read   |
//! | `arm`        | whose requests they are; null if no condition says so                                      |
//! | `by_route`   | the value of the column `route`                                                            |
//! | `if_1f0c…`   | 1 if a condition of a metric holds, else 0; the digits are of the condition ([`flag`])     |
//! | `bucket_2`   | the cell of the latency on the grid of 2 digits, in nanoseconds; null if nobody measured it |
//! | `requests`   | how many                                                                                   |
//! | `errors`     | how many of them are errors; absent if nothing of the log says it                          |
//! | `unread`     | rows that have no time, arm or status that can be read, and requests with a wrong latency  |
//! | `total_9a3…` | requests and unread rows of the whole answer, in every row; the digits are of the log ([`log_mark`]) |

mod condition;
mod dialect;
mod mark;
mod query;
mod refused;
mod table;
mod time;
mod value;

pub use dialect::Dialect;
pub use mark::{flag, log_mark};
pub use query::{explained, query};
pub use refused::Refused;
pub use table::Table;
pub use time::{Edge, TimeType};
