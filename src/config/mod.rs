//! The configuration: parse twice, shape first and then meaning.
//!
//! [`load`] reads the file as written (`written`) and knows every mistake of shape: unknown keys, wrong
//! kinds of values, bounds that are no bounds. [`Config::plan`] then makes the file as meant out of it: labels are
//! substituted (`values`), phases merged (`resolve`), windows placed in time (`window`), metrics and criteria
//! brought into the judge's terms (`metrics`, `criteria`), sources turned into questions (`backend`). A question that the
//! shape of a metric cannot answer is refused there, with the reason. Both report all problems at once, with their places.
//!
//! The same knowledge runs the other way in `starter` (a configuration for data that has none), `discovered` (for metrics
//! of CloudWatch), `scraped` (for those of Prometheus), `recorded` (the configuration of a recording) and `schema` (for editors). Nothing here does IO or reads
//! the clock.

mod actions;
mod backend;
mod columns;
mod cost;
mod criteria;
mod days;
mod discovered;
mod expected;
mod fingerprint;
mod freshness;
mod hooks;
mod kayenta;
mod labels;
mod loaded;
mod localise;
mod metrics;
mod offered;
mod options;
pub mod packs;
pub mod plan;
pub mod presets;
mod prune;
mod pushdown;
mod recorded;
mod rejudged;
mod remarks;
mod requests;
mod resolve;
mod scalar;
mod schema;
mod scraped;
mod signatures;
mod spoken;
mod starter;
mod statistic;
mod success;
mod units;
mod unpacked;
mod values;
mod window;
mod written;

pub use crate::text::problem::{Complaint, Problem, Problems};
pub use backend::{endpoint, server};
pub use discovered::discovered;
pub use expected::{Between, Expected, ExpectedFinding};
pub use fingerprint::digest;
pub use loaded::{Config, load};
pub use options::Options;
pub use recorded::{END_OF_LOG, LOG_COLUMNS, PAST, Recorded, SIGNATURES, recorded};
pub use rejudged::rejudged;
pub use schema::schema;
pub use scraped::scraped;
pub use spoken::{file_format, margin, request_format, share, span, unit};
pub use starter::{Starter, Surveyed, Wish, starter, starter_as, which_is_which};
