//! What a case is expected to answer: `expect: fail`, or more about its criteria. A replay and a unit test of a gate hold the
//! verdict to it.

use std::borrow::Cow;
use std::mem::discriminant;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::judge::verdict::Outcome;
use crate::notation::Quantity;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Complaint, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Scalar};

/// What a case is expected to answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// The answers that are right; any, if there are none.
    pub outcomes: Vec<Outcome>,
    /// What is expected of criteria, by their name or by their metric.
    pub criteria: Vec<(String, ExpectedFinding)>,
}

/// What is expected of a criterion.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpectedFinding {
    /// The answers that are right; any, if there are none.
    pub outcomes: Vec<Outcome>,
    /// The reason, as programs read it.
    pub reason: Option<String>,
    /// Where the estimate of the effect lies.
    pub effect: Option<Between>,
}

/// A range of numbers with units: `10% .. 30%`, `.. 5ms`.
#[derive(Debug, Clone, PartialEq)]
pub struct Between {
    /// Its lower end.
    pub low: Option<Quantity>,
    /// Its upper end.
    pub high: Option<Quantity>,
    /// As it was written.
    pub written: String,
}

impl Scalar for Between {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let wrong = || {
            Complaint::new(format!("`{text}` is not a range"))
                .hint("write both ends with `..` between: `10% .. 30%`, `.. 5ms`")
        };
        let (low, high) = text.split_once("..").ok_or_else(wrong)?;
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            text => match text.strip_prefix('-') {
                Some(rest) => Quantity::parse(rest).map(|end| Some(Quantity { number: -end.number, ..end })),
                None => Quantity::parse(text.trim_start_matches('+')).map(Some),
            },
        };
        let (low, high) = (end(low).map_err(|_| wrong())?, end(high).map_err(|_| wrong())?);
        if low.is_none() && high.is_none() {
            return Err(wrong());
        }
        if let (Some(low), Some(high)) = (&low, &high)
            && discriminant(&low.unit) == discriminant(&high.unit)
            && low.in_base() > high.in_base()
        {
            return Err(Complaint::new(format!("nothing lies in `{text}`: its lower end is above its upper one"))
                .hint(format!("write `{high} .. {low}`")));
        }
        Ok(Between { low, high, written: text.trim().to_owned() })
    }
}

/// Notes an expectation that every verdict meets.
fn expects_nothing(node: &Node, report: &mut Report, form: &str) {
    report.add_with(node.place, "this expects nothing, so every verdict meets it", format!("write `{form}`"));
}

/// An outcome, or a list of those that are right.
struct Outcomes(Vec<Outcome>);

impl Read for Outcomes {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let one = |node: &Node, report: &mut Report| At::<Choice<Outcome>>::read(node, report).map(|one| one.value.0);
        match &node.value {
            Value::List(items) if items.is_empty() => {
                expects_nothing(node, report, "[fail, inconclusive]");
                None
            }
            Value::List(items) => items.iter().map(|item| one(item, report)).collect::<Option<_>>().map(Outcomes),
            _ => one(node, report).map(|one| Outcomes(vec![one])),
        }
    }
}

impl Read for ExpectedFinding {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return Outcomes::read(node, report).map(|one| ExpectedFinding { outcomes: one.0, ..Self::default() });
        }
        let form = "{ outcome: fail, reason: beyond_bound, effect: 10% .. 30% }";
        let mut keys = Keys::open(node, report, "an expectation", form)?;
        let outcomes = keys.may::<Outcomes>("outcome").map_or(Vec::new(), |outcomes| outcomes.0);
        let (reason, effect) = (keys.may::<At<String>>("reason"), keys.may::<At<Between>>("effect"));
        let (reason, effect) = (reason.map(|at| at.value), effect.map(|at| at.value));
        let read = keys.close(Some(ExpectedFinding { outcomes, reason, effect }), no_hint)?;
        if read == ExpectedFinding::default() {
            expects_nothing(node, report, form);
            return None;
        }
        Some(read)
    }
}

/// Expectations by the name of a criterion or of a metric.
struct ByName(Vec<(String, ExpectedFinding)>);

impl Read for ByName {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let hint = "write `criteria: { errors: fail }`";
            report.add_with(node.place, format!("a map of criteria is expected here, not {}", node.kind()), hint);
            return None;
        };
        let one = |(name, node): &(At<String>, Node)| Some((name.value.clone(), ExpectedFinding::read(node, report)?));
        entries.iter().map(one).collect::<Option<_>>().map(ByName)
    }
}

impl Read for Expected {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return Outcomes::read(node, report).map(|one| Expected { outcomes: one.0, criteria: Vec::new() });
        }
        let form = "expect: { outcome: fail, criteria: { errors: fail } }";
        let mut keys = Keys::open(node, report, "`expect`", form)?;
        let outcomes = keys.may::<Outcomes>("outcome").map_or(Vec::new(), |outcomes| outcomes.0);
        let criteria = keys.may::<ByName>("criteria").map_or(Vec::new(), |by_name| by_name.0);
        let read = keys.close(Some(Expected { outcomes, criteria }), no_hint)?;
        if read == Expected::default() {
            expects_nothing(node, report, form);
            return None;
        }
        Some(read)
    }
}

impl JsonSchema for Expected {
    fn schema_name() -> Cow<'static, str> {
        "Expected".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let word = json_schema!({ "enum": ["pass", "warn", "inconclusive", "fail"] });
        let outcomes = json_schema!({ "anyOf": [word, { "type": "array", "minItems": 1, "items": word }] });
        let mut outcome = outcomes.clone();
        outcome.insert("description".into(), "The answer, or a list of those that are right.".into());
        json_schema!({
            "description": "What a case is expected to answer: an outcome, or more about its criteria.",
            "anyOf": [outcomes, {
                "type": "object", "additionalProperties": false, "minProperties": 1,
                "properties": {
                    "outcome": outcome,
                    "criteria": {
                        "description": "What is expected of criteria, by their name or by their metric.",
                        "type": "object",
                        "additionalProperties": { "anyOf": [outcomes, {
                            "type": "object", "additionalProperties": false, "minProperties": 1,
                            "properties": {
                                "outcome": outcome,
                                "reason": { "description": "The reason, as programs read it: beyond_bound.", "type": "string" },
                                "effect": { "description": "Where the estimate of the effect lies: 10% .. 30%.", "type": "string" }
                            }
                        }] }
                    }
                }
            }]
        })
    }
}
