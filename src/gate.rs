//! Unit tests of a gate: hand-written cases in one file, with the answers that they expect.
//!
//! ```text
//!  gate.test.yaml ──► Cases ──► Dataset ──► judge::judge ──► Document ──► what is not as expected
//!                   cases::load  data::dataset                          unmet
//! ```
//!
//! The model is promtool's tests of rules: series in a notation of a few characters, a rule under test, an expected answer. The
//! configuration under test is the one that guards production; only where its numbers come from is replaced. Noise follows from
//! a seed, so a case answers the same everywhere.

mod cases;
mod data;
mod notation;
mod unmet;

pub use cases::{Case, Cases, Source, load};
pub use data::dataset;
pub use unmet::unmet;
