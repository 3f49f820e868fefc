//! The baseline's own window, or several earlier ones, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::notation::Span;
use crate::series::Timestamp;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read, no_hint};

/// The baseline's own window: `ago`, or `from` and `to`. Or several earlier windows: `ago` with a list, or `days`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct BaselineEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The canary's window, this much earlier: 7d. Several earlier windows: [1d, 7d, 14d].
    pub(in crate::config) ago: Option<AgoEntry>,
    /// The canary's hours on each of the days before: 14 for two weeks.
    pub(in crate::config) days: Option<At<usize>>,
    /// How long a time before each of several windows, and before the canary's, is read to adjust by: 1h. The canary's window
    /// must begin with the deployment.
    pub(in crate::config) before: Option<At<Span>>,
    /// The time zone (IANA name) whose clock counts the days of `ago`. Two windows then begin at the same time of day, even
    /// if clocks changed in between. Without it a day is 24 hours.
    pub(in crate::config) zone: Option<At<String>>,
    /// The first instant, RFC 3339.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(in crate::config) from: Option<At<Timestamp>>,
    /// The first instant after, RFC 3339. By default the window is as long as the canary's.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(in crate::config) to: Option<At<Timestamp>>,
}

/// How much earlier a window is, or several are.
#[derive(Debug, Clone)]
pub(in crate::config) enum AgoEntry {
    One(At<Span>),
    Many(Vec<At<Span>>),
}

impl AgoEntry {
    /// Each of them, as they were written.
    pub(in crate::config) fn each(&self) -> &[At<Span>] {
        match self {
            AgoEntry::One(one) => std::slice::from_ref(one),
            AgoEntry::Many(many) => many,
        }
    }
}

impl JsonSchema for AgoEntry {
    fn schema_name() -> Cow<'static, str> {
        "Ago".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = Span::json_schema(generator);
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl Read for AgoEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::List(_)) {
            return At::read(node, report).map(AgoEntry::One);
        }
        let many: Vec<At<Span>> = Vec::read(node, report)?;
        if many.is_empty() {
            report.add_with(node.place, "`ago` is an empty list", "write `ago: 7d`, or `ago: [1d, 7d, 14d]`");
            return None;
        }
        Some(AgoEntry::Many(many))
    }
}

impl Read for BaselineEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "the baseline's window", "baseline: { ago: 7d }")?;
        let window = BaselineEntry {
            place: node.place,
            ago: keys.may("ago"),
            days: keys.may("days"),
            before: keys.may("before"),
            zone: keys.may("zone"),
            from: keys.may("from"),
            to: keys.may("to"),
        };
        keys.close(Some(window), no_hint)
    }
}
