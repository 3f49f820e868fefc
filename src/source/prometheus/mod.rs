//! Prometheus and what speaks its API (Thanos, Mimir, VictoriaMetrics and others), as counts that are counts.
//!
//! ```text
//!  Asked ──► raw samples, in chunks ──► Tracks (one a series) ──► Totals ──► Answer
//!  (columns   GET-like POSTs of          differences, restarts,    per step,
//!   and its   `selector[range]`          births, ends              instance, group
//!   window)
//!             query_range                ────────────────────────► Gauge
//! ```
//!
//! `increase()` extrapolates: at two scrapes a step it doubles the variance of a count. So counters are read as they were
//! scraped, and what happened between two samples belongs to the step of the later one. The sum of all steps is then
//! exactly what the counters counted between the last sample before the window and the last one inside.
//!
//! What is asked (`asked`) and how PromQL is checked (`promql`) are plain values in every build. The calls and what
//! becomes of their answers need the feature `prometheus`; without it `fetch` says so.

mod asked;
mod listing;
mod promql;
mod service;

#[cfg(feature = "prometheus")]
mod answered;
#[cfg(feature = "prometheus")]
mod buckets;
#[cfg(not(feature = "prometheus"))]
#[path = "fetch_disabled.rs"]
mod fetch;
#[cfg(feature = "prometheus")]
mod fetch;
#[cfg(feature = "prometheus")]
mod native;
#[cfg(feature = "prometheus")]
mod ranges;
#[cfg(feature = "prometheus")]
mod scrapes;
#[cfg(feature = "prometheus")]
mod totals;
#[cfg(feature = "prometheus")]
mod tracks;

pub use super::secret::{Authentication, Secret, Tls};
pub use asked::{Access, Asked, Column, Measure, Prometheus, Scrapes};
pub use fetch::{discover, fetch};
pub use listing::{Found, Kind, Listed, Listing, Matching};
pub use promql::{Mistake, Selector, query, selector};
