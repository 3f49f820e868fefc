//! What is read into a column of a metric, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::text::node::{Node, Value};
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Named, Text};

/// Names and values of dimensions, exactly those that a metric is published with.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Dimensions(pub(in crate::config) Vec<(At<String>, At<Text>)>);

/// What is read into a column of a metric: the column's name in a file or in the rows of a query, a filter pattern of log
/// events, or a metric of CloudWatch.
#[derive(Debug, Clone)]
pub(in crate::config) enum Column {
    /// A name.
    Named(At<String>),
    /// A metric with what there is to say of it.
    Asked(Box<AskedEntry>),
}

/// A metric of CloudWatch, or metric math.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct AskedEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The metric: `Errors`, or with its namespace `AWS/Lambda Errors`.
    pub(in crate::config) metric: Option<At<String>>,
    /// Its namespace, where the metric's text does not begin with it.
    pub(in crate::config) namespace: Option<At<String>>,
    /// Sum, SampleCount, Average, Minimum, Maximum, p95, tm99, TC(…), PR(…) and so on.
    pub(in crate::config) stat: Option<At<String>>,
    /// Dimensions beside those of the source and of the metric.
    #[schemars(default)]
    pub(in crate::config) dimensions: Dimensions,
    /// Only what was published with this unit: Milliseconds.
    pub(in crate::config) reported_unit: Option<At<String>>,
    /// The account that owns it.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) account: Option<At<Text>>,
    /// The numbers are percentages of the rate's total, from which the count follows.
    pub(in crate::config) percent_of_total: Option<At<bool>>,
    /// Metric math over `inputs`, or a SEARCH that finds one series.
    pub(in crate::config) expression: Option<At<String>>,
    /// What the names in the expression stand for.
    #[schemars(default)]
    pub(in crate::config) inputs: Named<Column>,
}

impl Column {
    /// Where it is written.
    pub(in crate::config) fn place(&self) -> Place {
        match self {
            Column::Named(name) => name.place,
            Column::Asked(asked) => asked.place,
        }
    }

    /// The name, where it is one.
    pub(in crate::config) fn name(&self) -> Option<&At<String>> {
        match self {
            Column::Named(name) => Some(name),
            Column::Asked(_) => None,
        }
    }

    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> Vec<&str> {
        match self {
            Column::Named(name) => vec![&name.value],
            Column::Asked(asked) => {
                let own = [&asked.metric, &asked.namespace, &asked.stat, &asked.reported_unit, &asked.expression];
                let mut texts: Vec<&str> = own.into_iter().flatten().map(|text| text.value.as_str()).collect();
                texts.extend(asked.account.iter().map(|account| account.value.0.as_str()));
                texts.extend(asked.dimensions.texts());
                texts.extend(asked.inputs.0.iter().flat_map(|(_, input)| input.texts()));
                texts
            }
        }
    }
}

impl Dimensions {
    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(name, value)| [name.value.as_str(), value.value.0.as_str()])
    }
}

impl Read for Dimensions {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let message = format!("`dimensions` is a map of names and values, not {}", node.kind());
            report.add_with(node.place, message, "write `dimensions: { FunctionName: checkout }`");
            return None;
        };
        let read = entries.iter().map(|(name, node)| {
            let value: Option<At<Text>> = At::read(node, report);
            value.map(|value| (name.clone(), value))
        });
        read.collect::<Option<Vec<_>>>().map(Dimensions)
    }
}

impl AskedEntry {
    /// The keys by which a metric is asked for.
    pub(in crate::config) const KEYS: [&str; 3] = ["metric", "expression", "stat"];

    /// Reads its keys, which may stand among others.
    pub(in crate::config) fn keys(keys: &mut Keys) -> AskedEntry {
        AskedEntry {
            place: keys.place,
            metric: keys.may("metric"),
            namespace: keys.may("namespace"),
            stat: keys.may("stat"),
            dimensions: keys.all("dimensions"),
            reported_unit: keys.may("reported_unit"),
            account: keys.may("account"),
            percent_of_total: keys.may("percent_of_total"),
            expression: keys.may("expression"),
            inputs: keys.all("inputs"),
        }
    }
}

impl Read for Column {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return At::<Text>::read(node, report)
                .map(|text| Column::Named(At { place: text.place, value: text.value.0 }));
        }
        let mut keys = Keys::open(node, report, "a column", "{ metric: AWS/Lambda Errors, stat: Sum }")?;
        let asked = AskedEntry::keys(&mut keys);
        let hint = |key: &str| {
            match key {
            "statistic" => Some("CloudWatch's own word is `stat`".to_owned()),
            "name" => Some("write `metric`".to_owned()),
            "unit" => Some("the unit of a gauge stands beside `gauge`'s keys; to ask only for what was published with a unit write `reported_unit`".to_owned()),
            _ => None,
        }
        };
        keys.close(Some(asked), hint).map(|asked| Column::Asked(Box::new(asked)))
    }
}

impl JsonSchema for Dimensions {
    fn schema_name() -> Cow<'static, str> {
        "Dimensions".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    }
}

impl JsonSchema for Column {
    fn schema_name() -> Cow<'static, str> {
        "Column".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let asked = generator.subschema_for::<AskedEntry>();
        json_schema!({
            "description": "A column's name, a filter pattern, or a metric of CloudWatch.",
            "anyOf": [{ "type": ["string", "number", "boolean"] }, asked],
        })
    }
}

/// The schema of a section in which the keys of [`AskedEntry`] stand among its own.
pub(in crate::config) fn with_asked_keys(schema: &mut Schema) {
    let asked =
        SchemaGenerator::new(schemars::generate::SchemaSettings::draft2020_12()).into_root_schema_for::<AskedEntry>();
    let keys = asked.get("properties").and_then(|keys| keys.as_object()).cloned().unwrap_or_default();
    if let Some(own) = schema.ensure_object().get_mut("properties").and_then(|keys| keys.as_object_mut()) {
        for (key, described) in keys {
            own.entry(key).or_insert(described);
        }
    }
}
