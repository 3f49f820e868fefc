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
//! The judge on series from memory, by the rules of a configuration (`default-features = false` is enough; [`judge`] has
//! builders for rules without one):
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::path::Path;
//!
//! use davy::config::{self, Options};
//! use davy::judge::{judge, verdict::Outcome};
//! use davy::report::{self, Document, Format, Style};
//! use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The rules, in the words of the configuration file. Nothing is read: planning does no IO.
//! let config = config::load(
//!     r#"
//! name: checkout
//! sources: { memory: { file: { path: unused.csv } } }
//! metrics: { errors: { rate: { bad: bad, total: all, of: requests } } }
//! criteria:
//!   - { metric: errors, pass: "<= 2%" }
//!   - { metric: errors, pass: "<= baseline + 0.5pp" }
//! "#,
//!     "checkout",
//! )?;
//! let start: Timestamp = "2026-03-01T12:00:00Z".parse()?;
//! let (folder, step) = (Path::new("."), SignedDuration::from_mins(1));
//! let plan = config.plan(&Options { folder, now: start, set: &[], phase: None, from: None, to: None })?;
//!
//! // An hour of both arms: 1,000 requests a minute, of which 10 and 40 are bad.
//! let time: Vec<Timestamp> = (0..60).map(|minute| start + step * minute).collect();
//! let counts = |bad: u64| Series::Counts { time: time.clone(), total: vec![1_000; 60], bad: vec![bad; 60] };
//! let window = Window { start, end: start + step * 60 };
//! let windows = Pair { baseline: window, canary: window };
//! let errors = Pair { baseline: counts(10), canary: counts(40) };
//! let data = Dataset { metrics: BTreeMap::from([("errors".to_owned(), errors)]), ..Dataset::new(windows, step) };
//!
//! let verdict = judge(&plan.rules, &data);
//! assert_eq!(verdict.outcome, Outcome::Fail);
//! assert!(verdict.findings[0].sentence.starts_with("fails: 2,400 of 60,000 requests (4 %"));
//! println!("{}", report::render(&Document::from(&verdict), Format::Markdown, &Style::default()));
//! # Ok(())
//! # }
//! ```
//!
//! Two crates of their own hold what decides: `davy-stats` ([`stats`]) and `davy-judge` ([`judge`], with [`series`],
//! [`notation`] and [`localise`]). The rest is this one.
//!
//! Read the modules in this order: [`series`] (what is measured), [`encoded`] (histograms as text),
//! [`stats`] (numbers in, numbers out), [`judge`]
//! (rules and data in, verdict out; pure and total), [`source`] and [`ingest`] (the outside world as series),
//! [`config`] (the file as written and as meant), [`import`] (configurations of other tools), [`hooks`] (what is to be done with an answer), [`record`] (a judged dataset as a configuration again),
//! [`localise`] (which part is worse), [`cost`] (what both arms cost, from prices), [`history`] (a service's past as pairs of windows), [`forecast`] (what an answer will take), [`calibrate`] (the
//! judge on trial), [`aca`] (Kayenta's rule, for those who come from there), [`url`] (where addresses lead), [`watch`] (judging again and again until there is an answer), [`comparison`] (everything of both arms side by side), [`gate`] (hand-written cases of a gate with the answers that they expect), [`report`] (a verdict as text) and [`command`] (the only place that joins layers, prints, and reads the clock).

pub use davy_judge as judge;
pub use davy_judge::{localise, notation, series};
pub use davy_stats as stats;

pub mod encoded;

pub mod cost;

pub mod aca;

pub mod calibrate;

pub mod comparison;

pub mod forecast;

pub mod history;

pub mod source;

pub mod ingest;

pub mod config;

pub mod gate;

pub mod hooks;

pub mod import;

pub mod output;

pub mod plain;

mod process;

pub mod record;

mod text;

pub mod url;

pub mod watch;

#[cfg(any(feature = "serve", feature = "web"))]
mod pem;

#[cfg(feature = "web")]
mod web;

pub mod report;

#[cfg(feature = "serve")]
pub mod serve;

#[cfg(feature = "serve")]
pub mod plugin;

#[cfg(feature = "lambda")]
pub mod lambda;

pub mod cli;

pub mod command;

/// The program in the book runs with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Library;
