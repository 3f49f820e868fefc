//! Amazon CloudWatch: metrics, alarms, Logs Insights and log events as series.
//!
//! ```text
//!  Question ──► few calls ──► GetMetricData    ──► Sheet ──► Answer
//!  (query and                 DescribeAlarms       as if it were a file
//!   its window)               StartQuery …
//!                             FilterLogEvents
//! ```
//!
//! What is asked (`asked`) and what CloudWatch keeps (`known`) are plain values in every build. The calls, with
//! credentials, retries and deadlines (`fetch`), need the feature `aws`; without it `fetch` says so.
//!
//! An answer becomes a [`Sheet`](super::file::Sheet), as a file would: so what is refused in a saved answer is refused
//! in a live one, and a recording of either replays alike.

mod asked;
pub mod known;
mod listing;
mod service;

#[cfg(not(feature = "aws"))]
#[path = "fetch_disabled.rs"]
mod fetch;
#[cfg(feature = "aws")]
mod fetch;

pub use asked::{ALARMS, Access, Alarms, CloudWatch, Column, Insights, LogEvents, Measure, PartOf, Role, Statistic};
pub use fetch::{discover, fetch};
pub use listing::{Listed, Listing};
