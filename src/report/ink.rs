//! The colours of a terminal. A colour never says what a word does not say too.

use anstyle::{AnsiColor, Effects, Style as Paint};

use super::document::{Finding, Outcome, Severity};

/// Colours, where they may be used.
#[derive(Clone, Copy)]
pub struct Ink {
    pub(super) color: bool,
}

impl Ink {
    /// The answer's own colour; a finding that never decides has none.
    pub fn outcome(self, finding: &Finding, text: &str) -> String {
        if finding.severity == Severity::Muted { self.dim(text) } else { self.paint(answer(finding.outcome), text) }
    }

    /// What may be overlooked.
    pub fn dim(self, text: &str) -> String {
        self.paint(Paint::new().effects(Effects::DIMMED), text)
    }

    /// What must not be overlooked.
    pub fn bold(self, text: &str) -> String {
        self.paint(Paint::new().bold(), text)
    }

    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        if self.color && !text.trim().is_empty() { format!("{paint}{text}{paint:#}") } else { text.to_string() }
    }
}

pub(super) fn answer(outcome: Outcome) -> Paint {
    let color = match outcome {
        Outcome::Pass => AnsiColor::Green,
        Outcome::Warn => AnsiColor::Yellow,
        Outcome::Inconclusive => AnsiColor::Cyan,
        Outcome::Fail => AnsiColor::Red,
    };
    let paint = Paint::new().fg_color(Some(color.into()));
    if outcome == Outcome::Pass { paint } else { paint.bold() }
}
