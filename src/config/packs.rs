//! Packs: the metrics that everybody wants of an AWS service, with the dimensions by which it publishes them.
//!
//! A pack is a file of metrics as anybody would write them, in `packs/`, with `${parameter}` in its dimensions. AWS
//! publishes a metric under a few sets of dimensions and no others; the first set whose parameters are all given is taken.
//! What comes out are ordinary metrics: they are named by criteria, fetched only when one does, recorded and replayed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::file::{File, MetricEntry};
use crate::text::node::{self, Node, Value};
use crate::text::problem::{At, Origin, Place, Report, suggestion};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Text, is_name};
use crate::text::substitute::{names, substitute};

/// A pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pack {
    /// Its name: `aws/lambda`.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// What it is told.
    pub parameters: &'static [Parameter],
    text: &'static str,
}

/// A parameter of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

const fn must(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, required: true }
}

const fn may(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, required: false }
}

/// Every pack there is.
pub const PACKS: &[Pack] = &[
    Pack {
        name: "aws/lambda",
        about: "a function of AWS Lambda: all of it, an alias, or a version",
        parameters: &[
            must("function", "the function's name"),
            may("alias", "the alias it is called by"),
            may("version", "the version that ran, behind the alias or by itself"),
        ],
        text: include_str!("packs/lambda.yaml"),
    },
    Pack {
        name: "aws/api-gateway",
        about: "a REST API of Amazon API Gateway",
        parameters: &[
            must("api", "the API's name"),
            may("stage", "its stage"),
            may("resource", "a resource, with its method"),
            may("method", "the method"),
        ],
        text: include_str!("packs/api-gateway.yaml"),
    },
    Pack {
        name: "aws/http-api",
        about: "an HTTP API of Amazon API Gateway",
        parameters: &[must("api_id", "the API's id"), may("stage", "its stage")],
        text: include_str!("packs/http-api.yaml"),
    },
    Pack {
        name: "aws/alb",
        about: "an Application Load Balancer, or one of its target groups",
        parameters: &[
            must("load_balancer", "the end of its ARN: app/NAME/ID"),
            may("target_group", "the end of its ARN: targetgroup/NAME/ID"),
        ],
        text: include_str!("packs/alb.yaml"),
    },
    Pack {
        name: "aws/cloudfront",
        about: "a distribution of Amazon CloudFront (its metrics are in us-east-1)",
        parameters: &[must("distribution", "the distribution's id")],
        text: include_str!("packs/cloudfront.yaml"),
    },
    Pack {
        name: "aws/dynamodb",
        about: "an operation on a table of Amazon DynamoDB",
        parameters: &[must("table", "the table's name"), must("operation", "GetItem, Query, PutItem …")],
        text: include_str!("packs/dynamodb.yaml"),
    },
    Pack {
        name: "aws/elasticache",
        about: "a Redis, Valkey or Memcached node of Amazon ElastiCache",
        parameters: &[must("cluster", "the cache cluster's id"), may("node", "the node's id: 0001")],
        text: include_str!("packs/elasticache.yaml"),
    },
];

impl Pack {
    /// Its metrics by name, each with what it measures.
    pub fn metrics(&self) -> Vec<(&'static str, &'static str)> {
        let (mut found, mut about) = (Vec::new(), "");
        for line in self.text.lines().skip_while(|line| *line != "metrics:").skip(1) {
            match line.strip_prefix("  ") {
                Some(rest) if rest.starts_with("# ") => about = &rest[2..],
                Some(rest) if !rest.starts_with(' ') => {
                    found.extend(rest.split_once(':').map(|(name, _)| (name, about)))
                }
                _ => {}
            }
        }
        found
    }

    fn sets(&self, tree: &Node) -> Vec<Node> {
        match tree.get("dimensions").map(|node| &node.value) {
            Some(Value::List(sets)) => sets.clone(),
            _ => Vec::new(),
        }
    }
}

/// Metrics from a pack, as written: the pack and what it is told.
#[derive(Debug, Clone)]
pub(super) struct UseEntry {
    place: Place,
    pack: &'static Pack,
    /// The source it is read from.
    source: Option<At<String>>,
    /// Put before the names of its metrics.
    prefix: Option<At<String>>,
    told: Vec<(&'static str, At<Text>)>,
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

/// Adds the metrics of the packs that a file uses to its own.
pub(super) fn add(file: &mut File, report: &mut Report) {
    for used in std::mem::take(&mut file.uses) {
        let metrics = used.metrics(file, report);
        for (name, entry) in metrics {
            if file.metrics.get(&name.value).is_some() {
                let hint = "give the pack's metrics a prefix: `as: edge` makes `edge_errors`";
                report.add_with(name.place, format!("there is a metric `{}` already", name.value), hint);
                break;
            }
            file.metrics.0.push((name, entry));
        }
    }
}

impl UseEntry {
    fn metrics(&self, file: &File, report: &mut Report) -> Vec<(At<String>, MetricEntry)> {
        let origin = Origin { shown: self.pack.name.to_owned(), text: self.pack.text.to_owned() };
        let Ok(tree) = node::parse(&origin) else { return Vec::new() };
        if let Some(prefix) = self.prefix.as_ref().filter(|prefix| !is_name(&prefix.value)) {
            let hint = "names consist of letters, digits, `_`, `-` and `.`";
            report.add_with(prefix.place, format!("`{}` cannot begin a name", prefix.value), hint);
        }
        let Some(source) = self.source(file, report) else { return Vec::new() };
        let Some(dimensions) = self.dimensions(&tree, report) else { return Vec::new() };
        let Some(Value::Map(metrics)) = tree.get("metrics").map(|node| node.value.clone()) else { return Vec::new() };
        let mut made = Vec::new();
        for (name, mut node) in metrics {
            self.put(&mut node);
            if let Value::Map(keys) = &mut node.value {
                if node_of(keys, "dimensions").is_none() {
                    keys.push((self.key("dimensions"), dimensions.clone()));
                }
                keys.push((self.key("source"), self.scalar(&source)));
            }
            let value = match &self.prefix {
                Some(prefix) => format!("{}_{}", prefix.value, name.value),
                None => name.value,
            };
            made.extend(MetricEntry::read(&node, report).map(|entry| (At { place: self.place, value }, entry)));
        }
        made
    }

    /// The source it names, else the only one that can be meant.
    fn source(&self, file: &File, report: &mut Report) -> Option<String> {
        if let Some(source) = &self.source {
            return Some(source.value.clone());
        }
        let clouds = file.sources.0.iter().filter(|(_, source)| source.cloudwatch.is_some());
        let clouds: Vec<&str> = clouds.map(|(name, _)| name.value.as_str()).collect();
        match clouds.as_slice() {
            [only] => Some((*only).to_owned()),
            [] => {
                let hint = "write `sources: { aws: { cloudwatch: { region: us-east-1 } } }`";
                report.add_with(self.place, "there is no `cloudwatch` source to read the pack from", hint);
                None
            }
            [first, ..] => {
                let message = "the pack does not say which source it is read from";
                report.add_with(self.place, message, format!("write `source: {first}`, or another one"));
                None
            }
        }
    }

    /// The first set of dimensions whose parameters are all given.
    fn dimensions(&self, tree: &Node, report: &mut Report) -> Option<Node> {
        let mut set = self.pack.sets(tree).into_iter().find(|set| {
            let needed = texts(set);
            needed.iter().flat_map(|text| names(text)).all(|name| self.told.iter().any(|(known, _)| *known == name))
        })?;
        let used: Vec<String> = texts(&set).iter().flat_map(|text| names(text)).map(str::to_owned).collect();
        for (name, value) in self.told.iter().filter(|(name, _)| !used.iter().any(|used| used == name)) {
            let sets = self.pack.sets(tree);
            let others =
                sets.iter().map(|set| texts(set).iter().flat_map(|text| names(text)).map(str::to_owned).collect());
            let with: Vec<String> = others.filter(|of: &Vec<String>| of.iter().any(|n| n == name)).flatten().collect();
            let lacking = self.pack.parameters.iter().filter(|p| with.iter().any(|n| n == p.name));
            let lacking =
                lacking.filter(|p| !self.told.iter().any(|(told, _)| *told == p.name)).map(|p| format!("`{}`", p.name));
            let hint = format!("write {} too, or leave it out", lacking.collect::<Vec<_>>().join(" and "));
            report.add_with(value.place, format!("AWS publishes no metric by `{name}` with these parameters"), hint);
        }
        self.put(&mut set);
        Some(set)
    }

    /// Puts what it is told into the texts of a part of the pack, and the part at its own place in the file.
    fn put(&self, node: &mut Node) {
        node.place = self.place;
        match &mut node.value {
            Value::Scalar { text, .. } => {
                let value = |name: &str| {
                    let told = self.told.iter().find(|(known, _)| *known == name);
                    told.map_or(Some(format!("${{{name}}}")), |(_, value)| Some(value.value.0.clone()))
                };
                if let Ok(filled) = substitute(text, &[], value) {
                    *text = filled;
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.put(item)),
            Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
                key.place = self.place;
                self.put(value);
            }),
            Value::Nothing => {}
        }
    }

    fn key(&self, name: &str) -> At<String> {
        At { place: self.place, value: name.to_owned() }
    }

    fn scalar(&self, text: &str) -> Node {
        Node { place: self.place, value: Value::Scalar { text: text.to_owned(), plain: false } }
    }
}

fn node_of<'n>(keys: &'n [(At<String>, Node)], name: &str) -> Option<&'n Node> {
    keys.iter().find(|(key, _)| key.value == name).map(|(_, node)| node)
}

fn texts(set: &Node) -> Vec<String> {
    let Value::Map(entries) = &set.value else { return Vec::new() };
    let text = |node: &Node| match &node.value {
        Value::Scalar { text, .. } => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(|(_, node)| text(node)).collect()
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
