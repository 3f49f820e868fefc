//! The configuration: parse twice, shape first and then meaning.
//!
//! [`load`] reads the file as written (`node`, `read`, `file`) and knows every mistake of shape: unknown keys, wrong
//! kinds of values, bounds that are no bounds. [`Config::plan`] then makes the file as meant out of it: labels are
//! substituted (`substitute`), phases merged (`resolve`), windows placed in time (`window`), metrics and criteria
//! brought into the judge's terms (`metrics`, `criteria`). A question that the shape of a metric cannot answer is
//! refused there, with the reason. Both report all problems at once, with their places (`problem`).
//!
//! The same knowledge runs the other way in `starter` (a configuration for data that has none), `recorded` (the
//! configuration of a recording) and `schema` (for editors). Nothing here does IO or reads the clock.

pub mod bound;
mod criteria;
mod file;
mod fingerprint;
mod limits;
mod metrics;
mod node;
pub mod plan;
mod problem;
pub mod quantity;
mod read;
mod recorded;
mod resolve;
mod scalar;
mod schema;
mod sources;
mod starter;
mod substitute;
mod window;
mod yaml;

use std::path::Path;

pub use problem::{Complaint, Problem, Problems};
pub use recorded::{Recorded, recorded};
pub use schema::schema;
pub use starter::{Starter, Surveyed, starter};

use crate::series::Timestamp;
use file::File;
use node::Node;
use plan::Plan;
use problem::{Origin, Report};
use read::Read;

/// A configuration as written.
#[derive(Debug, Clone)]
pub struct Config {
    origin: Origin,
    tree: Node,
    file: File,
}

/// What a plan needs beside the file.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The configuration's folder, which relative paths start from.
    pub folder: &'a Path,
    /// The present instant.
    pub now: Timestamp,
    /// Labels set for both arms (`--set NAME=value`).
    pub set: &'a [(String, String)],
    /// The phase to judge (`--phase`).
    pub phase: Option<&'a str>,
    /// Replaces the start of the canary's window (`--from`).
    pub from: Option<Timestamp>,
    /// Replaces the end of the canary's window (`--to`).
    pub to: Option<Timestamp>,
}

/// Reads a configuration. `shown` is its path as the user wrote it.
pub fn load(text: &str, shown: &str) -> Result<Config, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let origin = Origin { shown: shown.to_owned(), text: text.to_owned() };
    let tree = node::parse(&origin)?;
    let mut report = Report::new(&origin);
    let file = File::read(&tree, &mut report);
    let file = report.finish(file)?;
    Ok(Config { origin, tree, file })
}

impl Config {
    /// What to ask of the sources and of the data. All phases are checked, the one to judge is planned.
    pub fn plan(&self, options: &Options) -> Result<Plan, Problems> {
        let mut report = Report::new(&self.origin);
        let plan = resolve::plan(&self.file, options, &mut report);
        report.finish(plan)
    }

    /// The name of the comparison.
    pub fn name(&self) -> &str {
        &self.file.name.value
    }

    /// The names of the phases, in order.
    pub fn phases(&self) -> Vec<&str> {
        self.file.phases.iter().map(|phase| phase.name.value.as_str()).collect()
    }

    /// How often the phase (or the one judged by default) is meant to be judged.
    pub fn every(&self, phase: Option<&str>) -> Option<crate::series::SignedDuration> {
        resolve::phase(&self.file, phase)?.every.as_ref().map(|span| span.value.0)
    }

    /// How long the phase (or the one judged by default) is meant to last.
    pub fn soak(&self, phase: Option<&str>) -> Option<crate::series::SignedDuration> {
        resolve::phase(&self.file, phase)?.soak.as_ref().map(|span| span.value.0)
    }

    /// The version of davy that recorded it and when, if it is a recording.
    pub fn recording(&self) -> Option<(&str, Timestamp)> {
        let recording = self.file.recording.as_ref().filter(|recording| recording.version.value == scalar::Version)?;
        Some((&recording.davy.value, recording.recorded.value))
    }
}
