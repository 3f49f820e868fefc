//! Sources as meant: one file for each backend, and the registry that names them all.
//!
//! How a backend is written is in `written`; here its section and a metric become a question as plain data, which
//! `source` can ask. What a backend can answer is a table (`abilities`).

mod abilities;
pub(super) mod access;
mod arm;
mod cloudwatch;
mod exec;
mod file;
mod http;
mod logs;
mod prometheus;
mod registry;
mod secrets;
mod sql;
mod tabled;

pub use access::endpoint;
pub use prometheus::server;
pub(super) use registry::{place, query, referenced};
