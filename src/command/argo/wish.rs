//! What an AnalysisTemplate writes below `provider.plugin.davy/judge`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::command::gates::Gates;
use crate::command::pipeline::Loaded;
use crate::plugin::Asked;
use crate::serve::{Question, Refused};

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
    pub(super) gate: Gate,
    pub(super) phase: Option<String>,
    /// When the canary's window begins.
    pub(super) from: Option<Timestamp>,
    args: BTreeMap<String, String>,
}

/// Which configuration.
#[derive(Debug, PartialEq)]
pub(super) enum Gate {
    /// One of the operator's folder.
    Named(String),
    /// One that the template holds.
    Inline(String),
}

/// What an inline configuration is called in messages.
const INLINE: &str = "provider.plugin.davy/judge.config";

impl Wish {
    pub(super) fn read(json: &[u8]) -> Result<Wish, String> {
        let written: Written = serde_json::from_slice(json).map_err(|error| {
            format!("provider.plugin.davy/judge: {error}. Write `config: NAME`, and `phase`, `args` or `from` if they are needed")
        })?;
        let gate = match written.config {
            Value::String(text) if text.contains('\n') => Gate::Inline(text),
            Value::String(name) => Gate::Named(name),
            object @ Value::Object(_) => Gate::Inline(object.to_string()),
            other => {
                return Err(format!(
                    "provider.plugin.davy/judge.config: {other} is neither the name of a gate nor a configuration: write \
                     `config: NAME`"
                ));
            }
        };
        let args = written.args.into_iter().map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            other => Err(format!("provider.plugin.davy/judge.args: {name} is {other}: write a text or a number")),
        });
        Ok(Wish { gate, phase: written.phase, from: written.from, args: args.collect::<Result<_, _>>()? })
    }

    /// Reads the configuration, if the operator allows it.
    pub(super) fn load(&self, gates: &Gates, allow_inline: bool) -> Result<Loaded, String> {
        match &self.gate {
            Gate::Named(name) => {
                Question::of(name).check()?;
                gates.load(name).map_err(Refused::words)
            }
            Gate::Inline(_) if !allow_inline => Err(format!(
                "{INLINE}: the template holds a configuration itself, which may ask any server with the controller's secrets. Name a gate \
                 of the operator's folder, or let the operator start the plugin with --allow-inline"
            )),
            Gate::Inline(text) => gates.inline(text, INLINE).map_err(Refused::words),
        }
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
        assert_eq!((&wish.gate, wish.phase.as_deref()), (&Gate::Named("checkout".into()), Some("5%")));
        assert_eq!(wish.args["new"], "42");
        assert_eq!(read(r#"{"config": {"name": "x"}}"#).unwrap().gate, Gate::Inline(r#"{"name":"x"}"#.into()));
        assert_eq!(read(r#"{"config": "name: x\narms: {}"}"#).unwrap().gate, Gate::Inline("name: x\narms: {}".into()));
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
