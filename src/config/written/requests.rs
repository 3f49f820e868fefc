//! Logs with one row per request, as written: where they are, what their columns mean, whose request a row is.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::tabled::TabledEntry;
use crate::notation::Share;
use crate::source::requests::condition::Mistake;
use crate::source::requests::{Format, Layout, TimeUnit};
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Complaint, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Scalar, Text};

/// Logs with one row per request. gzip and zstd are recognised by content.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{ "required": ["path"] }, { "required": ["table"] }]))]
pub(in crate::config) struct RequestsEntry {
    /// Files, folders, patterns (`logs/*.gz`) or `-` for standard input: one, or a list. Relative to the configuration.
    /// ${label} of the arm and ${arm} are substituted.
    #[schemars(default)]
    pub(in crate::config) path: Texts,
    /// Instead of files, a table in which the log lies.
    pub(in crate::config) table: Option<TabledEntry>,
    /// The format. By default davy detects it.
    pub(in crate::config) format: Option<At<Choice<Format>>>,
    /// A layout of one's own instead of a format, in the words of nginx's log_format, Apache's LogFormat or Envoy. Or a
    /// pattern with names: {time} {level} status={status:int} took={latency:ms}.
    pub(in crate::config) layout: Option<LayoutEntry>,
    /// The column with the time. By default davy recognises usual names.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without an offset. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// The column with the status: errors are those of 500 and more.
    pub(in crate::config) status: Option<At<String>>,
    /// Which requests are errors, as a condition: status >= 500 or timeout = true.
    pub(in crate::config) error: Option<At<String>>,
    /// How long a request took: a column whose name says the unit (latency_ms), or column and unit.
    pub(in crate::config) latency: Option<LatencyEntry>,
    /// Whose request a row is: a column with a value for each arm, or a condition for each. Default the
    /// column `arm`; without it all rows are the arm's.
    pub(in crate::config) arm: Option<ArmsEntry>,
    /// Which rows are requests at all, as a condition: route != "/health".
    #[schemars(rename = "where")]
    pub(in crate::config) filter: Option<At<String>>,
    /// The share of rows that may be unreadable. Default 0.1%.
    pub(in crate::config) max_bad_rows: Option<At<Share>>,
}

/// One text, or several.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Texts(pub(in crate::config) Vec<At<String>>);

/// Where the fields of a line are.
#[derive(Debug, Clone)]
pub(in crate::config) struct LayoutEntry(pub(in crate::config) Arc<Layout>);

/// A column with latencies.
#[derive(Debug, Clone)]
pub(in crate::config) struct LatencyEntry {
    pub(in crate::config) column: At<String>,
    pub(in crate::config) unit: Option<At<TimeUnit>>,
}

/// Whose request a row is.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct ArmsEntry {
    /// The column that tells the arms apart. Without it the arms are conditions.
    pub(in crate::config) column: Option<At<String>>,
    /// The value that marks the baseline, or the condition that holds for its rows.
    #[schemars(with = "Text")]
    pub(in crate::config) baseline: At<String>,
    /// The value that marks the canary, or the condition that holds for its rows.
    #[schemars(with = "Text")]
    pub(in crate::config) canary: At<String>,
}

/// Each of a column's values by itself.
#[derive(Debug, Clone)]
pub(in crate::config) struct ByEntry {
    pub(in crate::config) column: At<String>,
    pub(in crate::config) most: Option<At<usize>>,
    pub(in crate::config) called: Option<At<String>>,
}

impl Scalar for TimeUnit {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let wrong = || Complaint::new(format!("`{text}` is not a unit of time")).hint("write ns, us, ms or s");
        TimeUnit::named(text.trim()).ok_or_else(wrong)
    }
}

impl Read for Texts {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::List(items) if items.is_empty() => {
                report.add_with(node.place, "the list is empty", "write where the logs are: `path: \"logs/*.gz\"`");
                None
            }
            Value::List(_) => Vec::read(node, report).map(Texts),
            _ => At::read(node, report).map(|one| Texts(vec![one])),
        }
    }
}

impl Read for RequestsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`requests`", "requests: { path: \"logs/*.gz\" }")?;
        let table: Option<TabledEntry> = keys.may("table");
        let path = if keys.mentions("table") { keys.may("path").or(Some(Texts::default())) } else { keys.must("path") };
        let (format, layout) = (keys.may("format"), keys.may("layout"));
        let (time, zone, status) = (keys.may("time"), keys.may("zone"), keys.may("status"));
        let (error, latency, arm) = (keys.may("error"), keys.may("latency"), keys.may("arm"));
        let (filter, max_bad_rows) = (keys.may("where"), keys.may("max_bad_rows"));
        let entry = path.map(|path| RequestsEntry {
            path,
            table,
            format,
            layout,
            time,
            zone,
            status,
            error,
            latency,
            arm,
            filter,
            max_bad_rows,
        });
        keys.close(entry, |key| match key {
            "log_format" | "pattern" | "fields" => Some("write `layout: '…'` in the words of nginx or Apache".into()),
            "file" | "files" | "paths" | "log" | "logs" => Some("write `path: …`, a text or a list".into()),
            "latency_unit" | "unit" => Some("write `latency: { column: …, unit: ms }`".into()),
            "filter" | "only" | "condition" => Some("write `where: 'route != \"/health\"'`".into()),
            "bad" | "failed" | "is_error" => Some("write `error: \"status >= 500\"`".into()),
            "timezone" | "tz" => Some("write `zone: Europe/Berlin`".into()),
            "route" | "region" | "instance" | "by" => {
                Some("columns need no mention: metrics name them in `where` and `by`".into())
            }
            "baseline" | "canary" => Some(format!("write `arm: {{ {key}: … }}`")),
            _ => None,
        })
    }
}

/// A mistake in a condition or a layout, with the character at which it is; its end has none.
pub(in crate::config) fn complaint(mistake: Mistake, text: &str) -> Complaint {
    let complaint = Complaint::new(mistake.problem).hint(mistake.hint);
    match text[mistake.at..].chars().next() {
        Some(c) => complaint.within(mistake.at..mistake.at + c.len_utf8()),
        None => complaint,
    }
}

impl Read for LayoutEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let (text, lines_with): (At<String>, Option<At<String>>) = match node.value {
            Value::Map(_) => {
                let mut keys = Keys::open(node, report, "`layout`", "layout: { text: '…', lines_with: took= }")?;
                let (text, lines_with) = (keys.must("text"), keys.may("lines_with"));
                keys.close(text.map(|text| (text, lines_with)), |key| match key {
                    "only" | "like" | "where" => {
                        Some("write `lines_with: took=`, a text that requests' lines have".into())
                    }
                    _ => None,
                })?
            }
            _ => (At::read(node, report)?, None),
        };
        // elsewhere `$$` is a dollar sign, and nginx has no such thing
        let text = At { value: text.value.replace("$$", "$"), ..text };
        match Layout::parse(&text.value) {
            Ok(layout) => Some(match lines_with {
                Some(with) => LayoutEntry(Arc::new(layout.of_lines_with(with.value))),
                None => LayoutEntry(Arc::new(layout)),
            }),
            Err(mistake) => {
                report.complain_of(&text, complaint(mistake, &text.value));
                None
            }
        }
    }
}

impl Read for LatencyEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return At::read(node, report).map(|column| LatencyEntry { column, unit: None });
        }
        let mut keys = Keys::open(node, report, "`latency`", "latency: { column: latency, unit: ms }")?;
        let path = keys.may("path");
        let column = if path.is_some() { path } else { keys.must("column") };
        let unit = keys.may("unit");
        keys.close(column.map(|column| LatencyEntry { column, unit }), no_hint)
    }
}

impl Read for ArmsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "arm: { column: version, baseline: \"41\", canary: \"42\" }";
        let mut keys = Keys::open(node, report, "`arm`", form)?;
        let column = keys.may("column");
        let both = keys.must("baseline").zip(keys.must("canary"));
        keys.close(both.map(|(baseline, canary)| ArmsEntry { column, baseline, canary }), no_hint)
    }
}

impl Read for ByEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return At::read(node, report).map(|column| ByEntry { column, most: None, called: None });
        }
        let mut keys = Keys::open(node, report, "`by`", "by: { column: route, most: 20 }")?;
        let (column, most, called) = (keys.must("column"), keys.may("most"), keys.may("called"));
        keys.close(column.map(|column| ByEntry { column, most, called }), |key| match key {
            "limit" | "top" | "max" => Some("write `most: 20`".into()),
            _ => None,
        })
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] })
    }
}

impl JsonSchema for LayoutEntry {
    fn schema_name() -> Cow<'static, str> {
        "Layout".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where the fields of a line are: the layout, or the layout and what the lines of requests have in them.",
            "anyOf": [{ "type": "string" }, {
                "type": "object", "additionalProperties": false, "required": ["text"],
                "properties": {
                    "text": { "type": "string", "description": "The layout." },
                    "lines_with": { "type": "string", "description": "Only lines with this text have requests. By default all have." },
                },
            }],
        })
    }
}

impl JsonSchema for LatencyEntry {
    fn schema_name() -> Cow<'static, str> {
        "Latency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let units = ["ns", "us", "ms", "s"];
        json_schema!({
            "description": "The column whose name says the unit (latency_ms), or column and unit.",
            "anyOf": [{ "type": "string" }, {
                "type": "object", "additionalProperties": false,
                "anyOf": [{ "required": ["column"] }, { "required": ["path"] }],
                "properties": {
                    "column": { "type": "string", "description": "The column's name." },
                    "path": { "type": "string", "description": "Where the number is in a JSON object: response.took" },
                    "unit": { "type": "string", "examples": units, "description": "What its numbers are in." },
                },
            }],
        })
    }
}

impl JsonSchema for ByEntry {
    fn schema_name() -> Cow<'static, str> {
        "By".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A column, each of whose values is judged by itself; or column and how many.",
            "anyOf": [{ "type": "string" }, {
                "type": "object", "additionalProperties": false, "required": ["column"],
                "properties": {
                    "column": { "type": "string", "description": "The column's name." },
                    "most": { "type": "integer", "minimum": 1, "description": "The number of groups, the busiest; the requests of all others are one more. Default 20." },
                    "called": { "type": "string", "description": "What the groups are of, if the column does not say it." },
                },
            }],
        })
    }
}
