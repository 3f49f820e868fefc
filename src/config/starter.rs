//! A first configuration for files that have none: columns are recognised by name, and usual tolerances proposed.
//!
//! What is understood in either arm is judged. What is not judged stands in the configuration with the reason, and with
//! the best outcome that the verdict may have without it; so it stands in every report. The tolerances are those that are used where nobody
//! gave any: errors half again as many or 0.1 percentage points, p50 5 %, p95 10 %, p99 15 %, gauges 10 %.

mod draft;
mod logs;
mod names;
mod tables;

pub use draft::Starter;

use crate::series::Pair;
use crate::source::requests::survey::Log;
use crate::source::survey::Survey;

/// The data that a configuration is wanted for.
#[derive(Debug, Clone, Copy)]
pub enum Surveyed<'a> {
    /// One file with both arms in it.
    One(&'a Survey),
    /// A file for each arm.
    Two(Pair<&'a Survey>),
    /// One log with the requests of both arms.
    Log(&'a Log),
    /// A log for each arm.
    Logs(Pair<&'a Log>),
}

/// A configuration for files that have none, called `called`.
pub fn starter(surveyed: &Surveyed, called: &str) -> Starter {
    match surveyed {
        Surveyed::One(survey) => tables::starter(Pair { baseline: survey, canary: survey }, true, called),
        Surveyed::Two(pair) => tables::starter(*pair, false, called),
        Surveyed::Log(log) => logs::starter(&[log], called),
        Surveyed::Logs(pair) => logs::starter(&[pair.baseline, pair.canary], called),
    }
}
