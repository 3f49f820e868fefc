//! The table in which a log lies, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::source::requests::pushdown::{Dialect, TimeType};
use crate::text::node::Node;
use crate::text::problem::{At, Complaint, Place, Report};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Choice, Scalar, Words};

/// A table whose rows are requests. Another source runs the query that counts them, so that no row is copied.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct TabledEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The table or view: logs.requests. ${label} of the arm and ${arm} are substituted.
    pub(in crate::config) name: At<String>,
    /// The source that runs the query: `sql`; or `http` or `exec`, with ${query} where the query belongs.
    #[schemars(rename = "in")]
    pub(in crate::config) engine: At<String>,
    /// What the column with the time holds: timestamptz (an instant), timestamp (without a zone, in UTC), or a number since 1970.
    pub(in crate::config) time_type: At<Choice<TimeType>>,
    /// The SQL that the engine speaks. Default postgres for a source `sql`; other sources must say it.
    pub(in crate::config) dialect: Option<At<Choice<Dialect>>>,
    /// The significant digits of latencies: 1, 2 or 3. Default 2, which is within 1 %.
    pub(in crate::config) digits: Option<At<Digits>>,
    /// Columns that hold text although conditions compare them with numbers.
    #[schemars(default)]
    pub(in crate::config) text: Vec<At<String>>,
}

/// Significant digits of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Digits(pub(in crate::config) u8);

impl Words for TimeType {
    const NAME: &'static str = "a type of times";
    const WORDS: &'static [(&'static str, Self)] = &TimeType::NAMES;
}

impl Words for Dialect {
    const NAME: &'static str = "a dialect of SQL";
    const WORDS: &'static [(&'static str, Self)] = &Dialect::NAMES;
}

impl Scalar for Digits {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let digits = text.trim().parse().ok().filter(|digits| (1..=3).contains(digits));
        let wrong = || Complaint::new(format!("`{text}` is not a number of digits")).hint("write 1, 2 or 3");
        digits.map(Digits).ok_or_else(wrong)
    }
}

impl JsonSchema for Digits {
    fn schema_name() -> Cow<'static, str> {
        "Digits".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 3 })
    }
}

impl Read for TabledEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "table: { name: logs.requests, in: warehouse, time_type: timestamptz }";
        let mut keys = Keys::open(node, report, "`table`", form)?;
        let (name, engine, time_type) = (keys.must("name"), keys.must("in"), keys.must("time_type"));
        let (dialect, digits, text) = (keys.may("dialect"), keys.may("digits"), keys.all("text"));
        let must = name.zip(engine).zip(time_type);
        let place = node.place;
        let entry = must.map(|((name, engine), time_type)| TabledEntry {
            place,
            name,
            engine,
            time_type,
            dialect,
            digits,
            text,
        });
        keys.close(entry, |key| match key {
            "source" | "engine" | "database" | "via" => {
                Some("name the source that runs the query: `in: warehouse`".into())
            }
            "sql" | "language" => Some("write `dialect: clickhouse`".into()),
            "table" => Some("write `name: logs.requests`".into()),
            "time" | "status" | "latency" | "arm" => Some(format!("write `{key}` beside `table`")),
            "step" => Some("write `window: { step: 5m }`".into()),
            _ => None,
        })
    }
}
