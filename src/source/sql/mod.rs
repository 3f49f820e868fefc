//! PostgreSQL: one query, asked in a read-only transaction, whose rows are read as a file's would be.
//!
//! ```text
//!  query ──► Statement ──► prepare ──► bind $1, $2 … ──► rows ──► cells ──► Sheet
//!            ${…} → $n     types by the server           streamed  text
//! ```
//!
//! Whatever a configuration names by `${…}` is sent as a bound parameter, never as a part of the query's text. So a label
//! is a value, whatever stands in it. The server infers each parameter's type from where it stands.

mod address;
mod asked;
#[cfg(feature = "sql")]
mod cell;
#[cfg(feature = "sql")]
mod connect;
mod statement;

#[cfg(not(feature = "sql"))]
#[path = "fetch_disabled.rs"]
mod fetch;
#[cfg(feature = "sql")]
mod fetch;
#[cfg(feature = "sql")]
mod trouble;

pub use address::{Address, Host, NoAddress};
pub use asked::{Sql, Where};
pub use fetch::{answer, fetch};
pub(crate) use statement::MARK;
pub use statement::{Bind, Mistake, Statement};
