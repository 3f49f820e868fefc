//! The texts of this notation in a JSON Schema, for configurations that hold them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{BoundText, Share, Span};

impl JsonSchema for BoundText {
    fn schema_name() -> Cow<'static, str> {
        "BoundText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*(<=|>=|==|<|>)\s*(-?[0-9]|baseline\s*($|[-+]\s*([0-9]|max\s*\())).*$" })
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"], "minimum": 0, "maximum": 1,
            "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*%?\s*$"
        })
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*([0-9][0-9_]*(\.[0-9]+)?\s*(ms|w|d|h|m|s|(week|day|hour|min|minute|sec|second)s?)\s*)+$" })
    }
}
