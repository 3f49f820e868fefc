//! Numbers with units and bounds, as people write them: `200ms`, `0.5pp`, `<= baseline + max(50%, 0.1pp)`.
//!
//! Only the grammar is here. [`reading`](crate::reading) says what a text means for a metric.

mod bound;
mod complaint;
mod quantity;
#[cfg(feature = "schema")]
mod schema;

pub use bound::{BoundText, LimitText, MarginText, Op};
pub use complaint::Complaint;
pub use quantity::{Measure, Quantity, Share, Span, Storage, Timely, is_word, number};
