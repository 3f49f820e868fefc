//! The outside world as series: one folder per backend or kind of file, and nothing else in davy waits on it.
//!
//! A [`Query`] is a complete, resolved question about one metric in one arm. Building one does no IO, so a
//! configuration is checked offline by construction; [`ingest`](crate::ingest::ingest) is where it is asked.

mod allowed;
mod ask;
pub mod aws;
mod backend;
mod brought;
pub(crate) mod error;
pub mod exec;
mod exposition;
pub mod file;
mod growing;
pub mod http;
#[cfg(any(feature = "http", feature = "prometheus"))]
mod login;
mod open;
mod outside;
pub mod prometheus;
mod reach;
mod registry;
pub mod requests;
#[cfg(any(feature = "http", feature = "prometheus", feature = "sql"))]
mod revealed;
pub mod secret;
mod services;
#[cfg(any(feature = "http", feature = "prometheus"))]
mod shared;
pub mod signatures;
pub mod sql;
mod stop;
pub mod survey;
pub mod template;
mod together;
mod tokens;
mod unit;

pub use allowed::{Allow, Allowed};
pub use ask::{ArmColumn, Ask, Least, Missing};
pub use backend::{Backend, Grid, MINUTE};
pub use brought::{Brought, Points};
pub use error::{About, Error, Kind, Place};
pub use file::{File, Format, Long};
pub use outside::{Interrupt, Outside, Told};
pub use registry::{Query, Question, Source};
pub use services::fetch;
pub use template::Template;
pub use tokens::Tokens;
pub use unit::{BaseUnit, Named, StatedUnit};
