//! Simulated soaks, and how often the judge answers what in them: its operating characteristics.
//!
//! The full measurement is `benches/calibration`, a small one runs with the tests. [`scenario`] says what a soak may
//! look like, [`soak`] draws one from [`noise`], a [`panel`] asks the judge about it, [`cells`] counts the answers;
//! [`kayenta`] is the other judge in the tables. [`efficiency`] compares the judge with an oracle that knows the noise,
//! [`families`] asks many criteria at once.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod cells;
pub mod efficiency;
pub mod families;
pub mod kayenta;
pub mod noise;
pub mod panel;
pub mod scenario;
pub mod soak;
