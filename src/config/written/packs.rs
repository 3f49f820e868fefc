//! The metric packs that a file uses, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::config::packs::{PACKS, Pack};
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Place, Report, suggestion};
use crate::text::read::{Keys, Read};
use crate::text::scalar::Text;

/// Metrics from a pack, as written: the pack and what it is told.
#[derive(Debug, Clone)]
pub(in crate::config) struct UseEntry {
    pub(in crate::config) place: Place,
    pub(in crate::config) pack: &'static Pack,
    /// The source it is read from.
    pub(in crate::config) source: Option<At<String>>,
    /// Put before the names of its metrics.
    pub(in crate::config) prefix: Option<At<String>>,
    pub(in crate::config) told: Vec<(&'static str, At<Text>)>,
}

impl Read for UseEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "- aws/lambda: { function: checkout, version: \"${version}\" }";
        let entries = match &node.value {
            Value::Map(entries) if entries.len() == 1 => entries,
            _ => {
                let message = format!("an entry of `use` is one pack with its parameters, not {}", node.kind());
                report.add_with(node.place, message, format!("write `{form}`"));
                return None;
            }
        };
        let (name, node) = &entries[0];
        let Some(pack) = PACKS.iter().find(|pack| pack.name == name.value) else {
            let hint = suggestion(&name.value, PACKS.iter().map(|pack| pack.name)).unwrap_or_default();
            report.add_with(name.place, format!("there is no pack `{}`", name.value), hint);
            return None;
        };
        let mut keys = Keys::open(node, report, "a pack", form)?;
        let (source, prefix) = (keys.may("source"), keys.may("as"));
        let mut told = Vec::new();
        for parameter in pack.parameters {
            let value: Option<At<Text>> =
                if parameter.required { keys.must(parameter.name) } else { keys.may(parameter.name) };
            told.extend(value.map(|value| (parameter.name, value)));
        }
        let complete = pack.parameters.iter().all(|p| !p.required || told.iter().any(|(name, _)| *name == p.name));
        let entry = complete.then_some(UseEntry { place: name.place, pack, source, prefix, told });
        keys.close(entry, |_| Some(parameters(pack)))
    }
}

fn parameters(pack: &Pack) -> String {
    let all = pack.parameters.iter().map(|p| format!("`{}`", p.name));
    let all: Vec<String> = all.chain(["`source`".to_owned(), "`as`".to_owned()]).collect();
    format!("the parameters of {} are {}", pack.name, all.join(", "))
}

impl JsonSchema for UseEntry {
    fn schema_name() -> Cow<'static, str> {
        "Use".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let packs = PACKS.iter().map(|pack| {
            let about =
                |text: &str| serde_json::json!({ "description": text, "type": ["string", "number", "boolean"] });
            let own = pack.parameters.iter().map(|p| (p.name.to_owned(), about(p.about)));
            let common = [
                ("source", "The source it is read from; may be left out when there is exactly one."),
                ("as", "Put before the names of its metrics: `edge` makes `edge_errors`."),
            ];
            let common = common.into_iter().map(|(name, text)| (name.to_owned(), about(text)));
            let required: Vec<&str> = pack.parameters.iter().filter(|p| p.required).map(|p| p.name).collect();
            let properties: serde_json::Map<String, serde_json::Value> = own.chain(common).collect();
            let schema = serde_json::json!({
                "description": pack.about, "type": "object", "properties": properties, "required": required,
                "additionalProperties": false,
            });
            (pack.name.to_owned(), schema)
        });
        let packs: serde_json::Map<String, serde_json::Value> = packs.collect();
        json_schema!({
            "type": "object", "properties": packs, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        })
    }
}
