//! The configuration file.

pub mod plan;
