//! What is asked: a gate by its name, with what its configuration leaves open.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const LONGEST: usize = 200;
/// The longest time that a request may ask for.
pub(super) const LONGEST_TIME: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A question; two that are equal have one answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    /// The gate.
    pub gate: String,
    /// Its phase.
    pub phase: Option<String>,
    /// Names that the configuration refers to as `${NAME}`.
    pub args: BTreeMap<String, String>,
    /// The same for names that it may not know: those are left out.
    pub offered: BTreeMap<String, String>,
    /// The beginning and the end of the window.
    pub window: Option<Window>,
    /// The instant to take for now.
    pub now: Option<Timestamp>,
    /// Who asks, where the same question has more than one asker: each hears an answer of its own.
    pub asker: String,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Question {
    /// A question about a gate alone.
    pub fn of(gate: &str) -> Question {
        Question {
            gate: gate.into(),
            phase: None,
            args: BTreeMap::new(),
            offered: BTreeMap::new(),
            window: None,
            now: None,
            asker: String::new(),
        }
    }

    /// Whether it may be asked: names of files are made of arguments, so none may lead elsewhere.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what may be written.
    pub fn check(&self) -> Result<(), String> {
        if !is_name(&self.gate) {
            return Err(format!(
                "{:?} cannot be the name of a gate: names consist of letters, digits, `_`, `-` and `.`",
                self.gate
            ));
        }
        if self.phase.as_ref().is_some_and(|phase| phase.chars().count() > LONGEST) {
            return Err(format!("the name of the phase has more than {LONGEST} characters"));
        }
        if let Some(Window { from, to }) = self.window
            && to.duration_since(from) > LONGEST_TIME
        {
            return Err("the window is longer than 31 days: ask for a shorter one, or run `davy judge`".into());
        }
        let wrong = self.args.iter().chain(&self.offered).find(|(name, value)| !is_name(name) || !is_safe(value));
        wrong.map_or(Ok(()), |(name, value)| {
            Err(format!(
                "the argument {name}={value:?} cannot be asked with: a value has at most {LONGEST} characters, no `/` or `\\`, no `..`, and nothing unprintable"
            ))
        })
    }
}

/// Whether it may be the name of a gate: that of a file, and of nothing hidden.
pub(super) fn is_name(text: &str) -> bool {
    let letters = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    letters && !text.is_empty() && text.len() <= LONGEST && !text.starts_with('.')
}

fn is_safe(value: &str) -> bool {
    value.chars().count() <= LONGEST
        && !value.contains("..")
        && !value.chars().any(|letter| letter.is_control() || "/\\".contains(letter))
}
