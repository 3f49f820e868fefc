//! The dimensions in which a difference is localised, as written: one column or up to three.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::judge::rules::{MixDecides, OneBad};
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Report};
use crate::text::read::Read;
use crate::text::scalar::words;

/// So many dimensions at once are looked at: every combination of their values is a slice.
const MOST: usize = 3;

/// Columns whose values are the dimensions.
#[derive(Debug, Clone)]
pub(in crate::config) struct LocaliseEntry(pub(in crate::config) Vec<At<String>>);

impl Read for LocaliseEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let columns: Vec<At<String>> = match &node.value {
            Value::List(_) => Vec::read(node, report)?,
            _ => vec![At::read(node, report)?],
        };
        let hint = "write one to three columns: `localise: [route, region]`";
        if columns.is_empty() || columns.len() > MOST {
            report.add_with(node.place, format!("`localise` has {} columns", columns.len()), hint);
            return None;
        }
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|before| before.value == column.value) {
                report.add_with(column.place, format!("`{}` is there twice", column.value), hint);
                return None;
            }
        }
        Some(LocaliseEntry(columns))
    }
}

impl JsonSchema for LocaliseEntry {
    fn schema_name() -> Cow<'static, str> {
        "Localise".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One to three columns.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": MOST, "uniqueItems": true },
            ],
        })
    }
}

words! {
    MixDecides, "an answer to mixes that differ": { "adjust" => Adjusted, "tell" => Plain }
    OneBad, "an answer to one bad instance": { "warn" => Warn, "fail" => Fail }
}
