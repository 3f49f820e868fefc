//! Metric packs become metrics of the file that uses them.

use super::packs::Pack;
use super::written::file::{File, MetricEntry, SourceEntry};
use super::written::packs::UseEntry;
use crate::text::node::{self, Node, Value};
use crate::text::problem::{At, Origin, Report};
use crate::text::read::Read;
use crate::text::scalar::is_name;
use crate::text::substitute::{names, substitute};

impl Pack {
    fn sets(&self, tree: &Node) -> Vec<Node> {
        match tree.get("dimensions").map(|node| &node.value) {
            Some(Value::List(sets)) => sets.clone(),
            _ => Vec::new(),
        }
    }
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
        let by_dimensions = tree.get("dimensions").is_some();
        let dimensions = if by_dimensions { self.dimensions(&tree, report) } else { None };
        if by_dimensions && dimensions.is_none() {
            return Vec::new();
        }
        let Some(Value::Map(metrics)) = tree.get("metrics").map(|node| node.value.clone()) else { return Vec::new() };
        let mut made = Vec::new();
        for (name, mut node) in metrics {
            self.put(&mut node);
            if let Value::Map(keys) = &mut node.value {
                if let Some(dimensions) = dimensions.as_ref().filter(|_| node_of(keys, "dimensions").is_none()) {
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
        let (kind, form) = match self.pack.name.starts_with("prometheus/") {
            true => ("prometheus", "sources: { metrics: { prometheus: { url: \"http://prometheus:9090\" } } }"),
            false => ("cloudwatch", "sources: { aws: { cloudwatch: { region: us-east-1 } } }"),
        };
        let fits = |source: &SourceEntry| match kind {
            "prometheus" => source.prometheus.is_some(),
            _ => source.cloudwatch.is_some(),
        };
        let found = file.sources.0.iter().filter(|(_, source)| fits(source));
        let found: Vec<&str> = found.map(|(name, _)| name.value.as_str()).collect();
        match found.as_slice() {
            [only] => Some((*only).to_owned()),
            [] => {
                let message = format!("there is no `{kind}` source to read the pack from");
                report.add_with(self.place, message, format!("write `{form}`"));
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
                    let is_own = self.pack.parameters.iter().any(|parameter| parameter.name == name);
                    let open = || (!is_own).then(|| format!("${{{name}}}"));
                    told.map_or_else(open, |(_, value)| Some(value.value.0.clone()))
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
