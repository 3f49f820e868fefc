//! A first configuration for files that have none: columns are recognised by name, and usual tolerances proposed.
//!
//! What is understood in either arm is judged. What is not judged stands in the configuration with the reason, and with
//! the best outcome that the verdict may have without it; so it stands in every report. What somebody said of the files
//! ([`Wish`]) goes before what their names say. The tolerances are those that are used where nobody
//! gave any: errors half again as many or 0.1 percentage points, p50 5 %, p95 10 %, p99 15 %, gauges 10 %.

mod draft;
mod logs;
mod matched;
mod names;
mod tables;
mod wish;

pub use draft::Starter;
pub use logs::which_is_which;
pub(in crate::config) use names::{known_unit, units};
pub use wish::Wish;

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
    starter_as(surveyed, called, &Wish::default())
}

/// The same, with what somebody said of the files.
pub fn starter_as(surveyed: &Surveyed, called: &str, wish: &Wish) -> Starter {
    match surveyed {
        Surveyed::One(survey) => tables::starter(Pair { baseline: survey, canary: survey }, true, called, wish),
        Surveyed::Two(pair) => tables::starter(*pair, false, called, wish),
        Surveyed::Log(log) => logs::starter(&[log], called, wish),
        Surveyed::Logs(pair) => logs::starter(&[pair.baseline, pair.canary], called, wish),
    }
}
