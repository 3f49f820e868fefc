//! Any store with an HTTP interface: requests as data, answers taken apart by JSONPath, rows read as a file would be.
//!
//! ```text
//!  request ──► answer ──► errors? ──► rows ──► columns ──► Sheet
//!  (pages)                (JSONPath)  (JSONPath, NDJSON)
//! ```
//!
//! A store that answers one query per request is asked once for each column of the metric. An answer that says it is not
//! whole is an error: `errors` names where it says so.

mod asked;
mod path;
#[cfg(feature = "http")]
mod rows;

#[cfg(not(feature = "http"))]
#[path = "fetch_disabled.rs"]
mod fetch;
#[cfg(feature = "http")]
mod fetch;

pub use asked::{Body, Http, Next, Request, Shape};
pub use fetch::{answer, fetch};
pub use path::Path;
