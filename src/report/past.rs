//! What answers from a history have in common: whose it is, and which time it covers.

use serde::Serialize;

use super::document::Number;
use super::prose::plain;
use crate::history::Arms;
use crate::judge::words::duration;
use crate::series::{SignedDuration, Window};

/// How the JSON of such an answer begins.
#[derive(Debug, Serialize)]
pub(super) struct Past {
    schema_version: &'static str,
    davy: &'static str,
    name: String,
    phase: Option<String>,
    level: Option<Number>,
    arms_in_history: &'static str,
    history_start: String,
    history_end: String,
    step_seconds: Option<Number>,
}

impl Past {
    /// The beginning of the answer about a phase, with the level of the rules and the history.
    pub(super) fn new(
        (name, phase): (&str, Option<&str>),
        level: f64,
        arms: Arms,
        history: &Window,
        step: SignedDuration,
    ) -> Past {
        Past {
            schema_version: "1.0",
            davy: env!("CARGO_PKG_VERSION"),
            name: name.to_owned(),
            phase: phase.map(str::to_owned),
            level: Number::new(level),
            arms_in_history: if arms == Arms::Both { "both" } else { "one" },
            history_start: history.start.to_string(),
            history_end: history.end.to_string(),
            step_seconds: Number::new(step.as_secs_f64()),
        }
    }
}

pub(super) fn title(name: &str, phase: Option<&str>) -> String {
    phase.map_or_else(|| plain(name), |phase| format!("{}, phase {}", plain(name), plain(phase)))
}

/// From when to when, in the words of reports.
pub(super) fn period(window: &Window, step: SignedDuration) -> String {
    let (start, end) = (window.start.strftime("%Y-%m-%d %H:%M"), window.end.strftime("%Y-%m-%d %H:%M UTC"));
    format!("{start} to {end}, {} in steps of {}", duration(window.duration()), duration(step))
}
