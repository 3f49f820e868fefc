//! Stores that are asked over HTTP, as written: a request, how its answer is taken apart, and presets of both.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::arm::ArmColumnEntry;
use super::login::{self, LoginEntry};
use crate::config::presets;
use crate::notation::Span;
use crate::source::Format;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Origin, Place, Report, suggestion};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Named, Text};

/// A store with an HTTP interface. ${query} in the request is the metric's query, or each of its columns in turn. The window is
/// ${from}, ${to} (RFC 3339), ${from_unix}, ${to_unix}, ${from_ms}, ${to_ms} and ${step_seconds}.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct HttpEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// A preset whose keys hold where they are not written here: `davy packs` lists them.
    pub(in crate::config) preset: Option<At<String>>,
    /// The address. Plain HTTP with secrets is for this machine alone.
    pub(in crate::config) url: Option<At<String>>,
    /// Parameters of the address, encoded as an address needs them.
    #[schemars(default)]
    pub(in crate::config) parameters: Named<At<Text>>,
    /// Headers that hold no secret.
    #[schemars(default)]
    pub(in crate::config) headers: Named<At<Text>>,
    /// Who asks.
    #[schemars(flatten)]
    pub(in crate::config) login: LoginEntry,
    /// What is posted: a text, or a map that becomes JSON. Without it the request is a GET.
    pub(in crate::config) body: Option<BodyEntry>,
    /// JSONPaths to where an answer says that it failed or is not whole: anything there but false, 0 and nothing is an error.
    #[schemars(default)]
    pub(in crate::config) errors: Vec<At<String>>,
    /// The JSONPath of the rows.
    pub(in crate::config) rows: Option<At<String>>,
    /// Names of columns, and the JSONPath of each in a row; without `rows`, of lists of equal length in the answer.
    #[schemars(default)]
    pub(in crate::config) columns: Named<At<String>>,
    /// Where the next page is.
    pub(in crate::config) next: Option<NextEntry>,
    /// How often a request is repeated that failed for now. Default 3.
    pub(in crate::config) retries: Option<At<usize>>,
    /// How long a request may take with its retries. Default 1m.
    pub(in crate::config) deadline: Option<At<Span>>,
    /// Without rows and columns: csv, tsv, json, ndjson or parquet; by content when absent.
    pub(in crate::config) format: Option<At<Choice<Format>>>,
    /// The column with the time; usual names are recognised when absent.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without an offset. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// The column that tells the arms apart, where one answer has both.
    pub(in crate::config) arm: Option<ArmColumnEntry>,
}

/// Where the next page is: exactly one of both.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct NextEntry {
    /// The JSONPath of the next page's address, on the same host.
    pub(in crate::config) url: Option<At<String>>,
    /// The parameter that asks for the next page.
    pub(in crate::config) parameter: Option<At<String>>,
    /// The JSONPath of the parameter's value.
    pub(in crate::config) value: Option<At<String>>,
}

/// What is posted.
#[derive(Debug, Clone)]
pub(in crate::config) enum BodyEntry {
    /// A text.
    Text(At<String>),
    /// A map that becomes JSON.
    Json(Node),
}

impl Read for HttpEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "http: { url: \"https://…\", rows: \"$.data[*]\", columns: { time: \"$.t\", value: \"$.v\" } }";
        let mut keys = Keys::open(node, report, "`http`", form)?;
        let entry = HttpEntry {
            place: node.place,
            preset: keys.may("preset"),
            url: keys.may("url"),
            parameters: keys.all("parameters"),
            headers: keys.all("headers"),
            login: LoginEntry::keys(&mut keys),
            body: keys.may("body"),
            errors: keys.all("errors"),
            rows: keys.may("rows"),
            columns: keys.all("columns"),
            next: keys.may("next"),
            retries: keys.may("retries"),
            deadline: keys.may("deadline"),
            format: keys.may("format"),
            time: keys.may("time"),
            zone: keys.may("zone"),
            arm: keys.may("arm"),
        };
        let entry = entry.completed(keys.report);
        keys.close(entry, |key| match key {
            "method" => Some("leave it out: a request with a `body` is posted, any other is a GET".into()),
            "query" | "params" => Some("parameters of the address are `parameters`; the metric has the `query`".into()),
            "timeout" => Some("write `deadline: 1m`".into()),
            _ => login::habits(key),
        })
    }
}

impl HttpEntry {
    /// With the keys of its preset where it has none of its own.
    fn completed(self, report: &mut Report) -> Option<HttpEntry> {
        let Some(name) = &self.preset else { return Some(self) };
        let Some(preset) = presets::find(&name.value) else {
            let hint = suggestion(&name.value, presets::PRESETS.iter().map(|preset| preset.name)).unwrap_or_default();
            report.add_with(name.place, format!("there is no preset `{}`", name.value), hint);
            return None;
        };
        let origin = Origin { shown: format!("the preset {}", name.value), text: preset.text.to_owned() };
        let preset = crate::text::node::parse(&origin).ok().and_then(|node| {
            let mut report = Report::new(&origin);
            HttpEntry::read(&node, &mut report)
        })?;
        let named = |own: Named<At<Text>>, preset: Named<At<Text>>| -> Named<At<Text>> {
            let missing = preset.0.into_iter().filter(|(name, _)| own.get(&name.value).is_none()).collect::<Vec<_>>();
            Named(own.0.into_iter().chain(missing).collect())
        };
        let tls = self.login.tls.clone();
        let login = if self.login.is_some() { self.login } else { LoginEntry { tls, ..preset.login } };
        Some(HttpEntry {
            place: self.place,
            preset: self.preset,
            url: self.url.or(preset.url),
            parameters: named(self.parameters, preset.parameters),
            headers: named(self.headers, preset.headers),
            login,
            body: self.body.or(preset.body),
            errors: if self.errors.is_empty() { preset.errors } else { self.errors },
            rows: self.rows.or(preset.rows),
            columns: if self.columns.0.is_empty() { preset.columns } else { self.columns },
            next: self.next.or(preset.next),
            retries: self.retries.or(preset.retries),
            deadline: self.deadline.or(preset.deadline),
            format: self.format.or(preset.format),
            time: self.time.or(preset.time),
            zone: self.zone.or(preset.zone),
            arm: self.arm.or(preset.arm),
        })
    }

    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> Vec<&str> {
        let plain = self.url.iter().chain(&self.time).chain(&self.zone);
        let arm = self.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
        let named = self.parameters.0.iter().chain(&self.headers.0).map(|(_, value)| value.value.0.as_str());
        let body = match &self.body {
            Some(BodyEntry::Text(text)) => vec![text.value.as_str()],
            Some(BodyEntry::Json(node)) => scalars(node),
            None => Vec::new(),
        };
        plain.chain(arm).map(|text| text.value.as_str()).chain(named).chain(body).chain(self.login.texts()).collect()
    }
}

fn scalars(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::Nothing => Vec::new(),
        Value::Scalar { text, .. } => vec![text],
        Value::List(items) => items.iter().flat_map(scalars).collect(),
        Value::Map(entries) => entries.iter().flat_map(|(_, node)| scalars(node)).collect(),
    }
}

impl Read for NextEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "next: { parameter: cursor, value: \"$.meta.after\" }";
        let mut keys = Keys::open(node, report, "`next`", form)?;
        let next = NextEntry { url: keys.may("url"), parameter: keys.may("parameter"), value: keys.may("value") };
        if next.url.is_some() == next.parameter.is_some() || next.parameter.is_some() != next.value.is_some() {
            let hint = "write `url: \"$.links.next\"`, or `parameter: cursor` and `value: \"$.meta.after\"`";
            keys.report.add_with(keys.place, "the next page is at an address, or is named by a parameter", hint);
        }
        keys.close(Some(next), no_hint)
    }
}

impl Read for BodyEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Map(_) | Value::List(_) => Some(BodyEntry::Json(node.clone())),
            _ => At::<String>::read(node, report).map(BodyEntry::Text),
        }
    }
}

impl JsonSchema for BodyEntry {
    fn schema_name() -> Cow<'static, str> {
        "HttpBody".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object", "array"] })
    }
}
