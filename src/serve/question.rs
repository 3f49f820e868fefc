//! What is asked: a gate by its name, or one whose configuration came with the request; with what the configuration leaves open.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

const LONGEST: usize = 200;
/// The longest configuration of a request.
const LONGEST_CONFIGURATION: usize = 32 * 1024;
/// How the name of a gate begins whose configuration came with the request. No name in the folder can be asked that begins so.
pub(super) const INLINE: char = '~';
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
    /// The configuration, if it came with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
}

/// A configuration as a request has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    /// The name of a gate.
    Named(String),
    /// The configuration itself, as YAML or JSON.
    Inline(String),
}

impl Configuration {
    /// Reads it: a name, a text, or an object.
    ///
    /// # Errors
    ///
    /// What it is instead, and what to write.
    pub fn read(value: Value) -> Result<Configuration, String> {
        match value {
            Value::String(text) if text.contains('\n') || text.trim_start().starts_with('{') => {
                Ok(Configuration::Inline(text))
            }
            Value::String(name) => Ok(Configuration::Named(name)),
            // with lines of its own, so that a message can say where something is wrong
            object @ Value::Object(_) => Ok(Configuration::Inline(format!("{object:#}"))),
            other => Err(format!("{other} is neither the name of a gate nor a configuration: write `config: NAME`")),
        }
    }
}

/// Names with their values as a request may write them: texts, numbers, or `true` and `false`.
///
/// # Errors
///
/// Which one is something else, and what to write.
pub fn arguments(written: BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, String> {
    let text = |(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
        other => Err(format!("{name} is {other}: write a text or a number")),
    };
    written.into_iter().map(text).collect()
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
            inline: None,
        }
    }

    /// A question about a configuration as a request has it. One that came with the request has a name of its own, or its digest.
    ///
    /// # Errors
    ///
    /// A gate of the folder has its name already.
    pub fn about(configuration: Configuration, name: Option<String>) -> Result<Question, String> {
        match (configuration, name) {
            (Configuration::Named(gate), None) => Ok(Question::of(&gate)),
            (Configuration::Named(gate), Some(_)) => {
                Err(format!("`name` is for a configuration in the request, and {gate:?} has a name: leave `name` out"))
            }
            (Configuration::Inline(text), name) => {
                let gate = format!("{INLINE}{}", name.unwrap_or_else(|| digest(&text)));
                Ok(Question { inline: Some(text), ..Question::of(&gate) })
            }
        }
    }

    /// What a log says of it: never what came with a request.
    pub fn told(&self) -> String {
        match &self.inline {
            Some(text) => format!("{} (a configuration of a request, sha256 {})", self.gate, digest(text)),
            None => self.gate.clone(),
        }
    }

    /// Whether it may be asked: names of files are made of arguments, so none may lead elsewhere.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what may be written.
    pub fn check(&self) -> Result<(), String> {
        let name = match self.inline {
            Some(_) => self.gate.strip_prefix(INLINE).unwrap_or_default(),
            None => &self.gate,
        };
        if !is_name(name) {
            return Err(format!(
                "{name:?} cannot be the name of a gate: names consist of letters, digits, `_`, `-` and `.`"
            ));
        }
        if self.inline.as_ref().is_some_and(|text| text.len() > LONGEST_CONFIGURATION) {
            let most = LONGEST_CONFIGURATION / 1024;
            return Err(format!("the configuration has more than {most} KiB: put it into the folder of `--configs`"));
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

/// Sixteen hexadecimal digits that tell a configuration from others.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(String::new(), |mut text, byte| {
        // writing into a text does not fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn is_safe(value: &str) -> bool {
    value.chars().count() <= LONGEST
        && !value.contains("..")
        && !value.chars().any(|letter| letter.is_control() || "/\\".contains(letter))
}
