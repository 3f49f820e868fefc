//! What a gauge or a value of a request is measured in: one unit, or one for each arm.
//!
//! Two systems may publish the same quantity in two units: milliseconds in the old one, seconds in the new. Both are
//! converted when they are read, so that the judge sees one unit.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalar::UnitText;
use crate::judge::rules::Unit;
use crate::series::{Arm, Pair};
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read};

/// The unit of each arm. Both are units of the same quantity.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// Where it is written.
    pub(super) place: Place,
    arms: Pair<UnitText>,
}

impl Units {
    /// The unit that the judge uses.
    pub(super) fn unit(&self) -> Unit {
        self.arms.canary.unit.clone()
    }

    /// What one unit of an arm's numbers is in the unit that the judge uses.
    pub(super) fn factor(&self, arm: Arm) -> f64 {
        self.arms.get(arm).factor
    }
}

impl Read for Units {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            let unit = At::<UnitText>::read(node, report)?.value;
            return Some(Units { place: node.place, arms: Pair { baseline: unit.clone(), canary: unit } });
        }
        let mut keys = Keys::open(node, report, "`unit`", "unit: { baseline: ms, canary: s }")?;
        let parts: (Option<At<UnitText>>, Option<At<UnitText>>) = (keys.must("baseline"), keys.must("canary"));
        let units = match parts {
            (Some(baseline), Some(canary)) if baseline.value.unit == canary.value.unit => {
                Some(Units { place: node.place, arms: Pair { baseline: baseline.value, canary: canary.value } })
            }
            (Some(_), Some(canary)) => {
                let hint = "write two units of time (`ms`, `s`), two of size (`B`, `MiB`), or the same unit twice";
                keys.report.add_with(canary.place, "the two arms are measured in different quantities", hint);
                None
            }
            _ => None,
        };
        keys.close(units, |_| None)
    }
}

impl JsonSchema for Units {
    fn schema_name() -> Cow<'static, str> {
        "Units".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let unit = generator.subschema_for::<UnitText>();
        json_schema!({
            "description": "A unit of both arms, or one for each arm.",
            "anyOf": [unit, {
                "type": "object",
                "properties": { "baseline": unit, "canary": unit },
                "required": ["baseline", "canary"],
                "additionalProperties": false,
            }],
        })
    }
}
