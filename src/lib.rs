//! **davy** loads baseline and canary metric series, judges them, and says what it found.
//!
//! The crate is one straight pipe of plain values:
//!
//! ```text
//!  canary.yaml     Config           Plan                  Dataset              Verdict           text
//!  ────────────► ───────────► ─────────────────► ─────────────────────► ───────────────► ───────────►
//!   config::load   .resolve(now)   ├─ queries ─► ingest::ingest         judge::judge      report::render
//!                  .plan()         └─ rules ────────────────────────────────▲
//!                                                    └── record::write ──► a folder that is a canary.yaml again
//! ```
//!
//! Read the modules in this order: [`series`] (what is measured), [`stats`] (numbers in, numbers out), [`judge`]
//! (rules and data in, verdict out; pure and total), [`source`] and [`ingest`] (the outside world as series),
//! [`config`] (the file as written and as meant), [`record`] (a judged dataset as a configuration again),
//! [`report`] (a verdict as text) and [`command`] (the only place that joins layers, prints, and reads the clock).

pub mod series;

pub mod stats;

pub mod judge;

pub mod source;

pub mod ingest;

pub mod config;

pub mod record;

pub mod report;

pub mod cli;

pub mod command;
