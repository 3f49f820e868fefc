//! The outside world as series: one file per backend or kind of file, and nothing else in davy waits on it.
//!
//! A [`Query`] is a complete, resolved question about one metric in one arm. Building one does no IO, so a
//! configuration is checked offline by construction; [`fetch`](crate::ingest::ingest) is where it is asked.

mod ask;
pub mod aws;
pub(crate) mod error;
pub mod file;
mod growing;
mod open;
mod outside;
pub mod prometheus;
mod query;
pub mod requests;
pub mod survey;

pub use ask::{ArmColumn, Ask, Least, Missing};
pub use error::{About, Error, Kind, Place};
pub use file::{File, Format, Long};
pub use outside::{Outside, Told};
pub use query::{Query, Source};
