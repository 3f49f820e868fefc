//! What a text means for a metric: a statistic, and a bound with its numbers in the metric's own unit.
//!
//! What the metric cannot answer is refused with the reason and with what to write instead. A share compared with a bare
//! number, the p95 of numbers that already are p95s, a margin on a maximum: each would give an answer that looks like one.

mod bound;
mod limit;
mod question;
pub mod statistic;

pub use bound::{Reach, Reading, bound, is_zero, reach};
pub use limit::{example_of, names_unit};
pub use question::{Question, family, is_observed};
