//! What an AnalysisTemplate writes below `provider.plugin.davy/judge`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::command::gates::Gates;
use crate::command::pipeline::Loaded;
use crate::plugin::Asked;
use crate::serve::{Configuration, Question, Refused, arguments};

/// The configuration as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `config`")]
struct Written {
    config: Value,
    phase: Option<String>,
    #[serde(default)]
    args: BTreeMap<String, Value>,
    from: Option<Timestamp>,
}

/// What is to be measured.
#[derive(Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) gate: Configuration,
    pub(super) phase: Option<String>,
    /// When the canary's window begins.
    pub(super) from: Option<Timestamp>,
    args: BTreeMap<String, String>,
}

/// What an inline configuration is called in messages.
const INLINE: &str = "provider.plugin.davy/judge.config";

impl Wish {
    pub(super) fn read(json: &[u8]) -> Result<Wish, String> {
        let written: Written = serde_json::from_slice(json).map_err(|error| {
            format!("provider.plugin.davy/judge: {error}. Write `config: NAME`, and `phase`, `args` or `from` if they are needed")
        })?;
        let gate = Configuration::read(written.config).map_err(|why| format!("{INLINE}: {why}"))?;
        let args = arguments(written.args).map_err(|why| format!("provider.plugin.davy/judge.args: {why}"))?;
        Ok(Wish { gate, phase: written.phase, from: written.from, args })
    }

    /// Reads the configuration, if the operator allows it.
    pub(super) fn load(&self, gates: &Gates) -> Result<Loaded, String> {
        let question = Question::about(self.gate.clone(), None)?;
        question.check()?;
        gates.load(&question, INLINE).map_err(Refused::words)
    }

    /// The names that are set: those that the template writes, and those of the AnalysisRun that the configuration leaves open.
    pub(super) fn set(&self, gates: &Gates, loaded: &Loaded, asked: &Asked) -> Result<Vec<(String, String)>, String> {
        let open = loaded.config.open();
        let known = asked.args.iter().filter(|(name, _)| open.contains(*name) && !self.args.contains_key(*name));
        let question = Question {
            phase: self.phase.clone(),
            args: self.args.clone(),
            offered: known.map(|(name, value)| (name.clone(), value.clone())).collect(),
            ..Question::of("template")
        };
        question.check()?;
        gates.set_by(loaded, &question).map_err(Refused::words)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_a_gate_or_holds_a_configuration() {
        let read = |text: &str| Wish::read(text.as_bytes());
        let wish = read(r#"{"config": "checkout", "phase": "5%", "args": {"new": 42, "old": "41"}}"#).unwrap();
        assert_eq!((&wish.gate, wish.phase.as_deref()), (&Configuration::Named("checkout".into()), Some("5%")));
        assert_eq!(wish.args["new"], "42");
        assert_eq!(
            read(r#"{"config": {"name": "x"}}"#).unwrap().gate,
            Configuration::Inline("{\n  \"name\": \"x\"\n}".into())
        );
        assert_eq!(
            read(r#"{"config": "name: x\narms: {}"}"#).unwrap().gate,
            Configuration::Inline("name: x\narms: {}".into())
        );
        for (text, why) in [
            ("", "EOF"),
            ("7", "expected a mapping with `config`"),
            (r#"{"phase": "5%"}"#, "missing field `config`"),
            (r#"{"config": "x", "count": 1}"#, "unknown field `count`"),
            (r#"{"config": 7}"#, "7 is neither the name"),
            (r#"{"config": "x", "args": {"a": []}}"#, "a is []"),
            (r#"{"config": "x", "from": "yesterday"}"#, "as year"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why) && said.contains("rite "), "{said}");
        }
    }
}
