//! What is left of a configuration when its broken parts are cut out, so that the rest is checked in the same run.
//!
//! A typo in one criterion must not hide that another asks for a metric that does not exist. Entries of the lists and
//! maps of entries (metrics, sources, criteria, phases) that hold a problem of shape are left out, and so is any other
//! section with one. What then only looks wrong because something was cut out (a metric that a criterion names) is
//! not a problem of its own: the names that went are kept for that.

use crate::cost::METRICS;
use crate::text::node::{Node, Value};
use crate::text::problem::{Problem, Problems};

/// The sections whose entries stand for themselves.
const OF_ENTRIES: [&str; 5] = ["metrics", "sources", "criteria", "phases", "signatures"];

/// Where something begins: line and column.
type Spot = (usize, usize);

/// The tree without the parts that hold problems, and the names that went with them; nothing when a section is left
/// empty, since what is said of the rest would only be that.
pub(super) fn prune(tree: &Node, problems: &Problems) -> Option<(Node, Vec<String>)> {
    let spots: Vec<Spot> = problems.iter().map(|problem| (problem.line, problem.column)).collect();
    let mut pruning = Pruning { spots, gone: Vec::new(), emptied: false };
    let whole = ((0, 0), (usize::MAX, 0));
    let left = pruning.section(tree, whole);
    (!pruning.emptied && !is_read_elsewhere(tree, &left)).then_some((left, pruning.gone))
}

/// Whether a metric that names no source would be read from the only one that is left.
fn is_read_elsewhere(whole: &Node, left: &Node) -> bool {
    let entries = |tree: &Node, key: &str| match tree.get(key).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    let (before, after) = (entries(whole, "sources").len(), entries(left, "sources").len());
    let metrics = entries(left, "metrics");
    after == 1 && before > 1 && metrics.iter().any(|(_, metric)| metric.get("source").is_none())
}

/// Whether a problem of the pruned configuration is one of the whole: it may not be about a name that was cut out.
pub(super) fn stands(problem: &Problem, gone: &[String]) -> bool {
    !gone.iter().any(|name| problem.message.contains(&format!("`{name}`")))
}

struct Pruning {
    spots: Vec<Spot>,
    gone: Vec<String>,
    emptied: bool,
}

impl Pruning {
    fn broken(&self, (from, to): (Spot, Spot)) -> bool {
        self.spots.iter().any(|spot| from <= *spot && *spot < to)
    }

    /// A map of keys: sections of entries lose their broken entries, other broken values go whole.
    fn section(&mut self, node: &Node, extent: (Spot, Spot)) -> Node {
        let Value::Map(entries) = &node.value else { return node.clone() };
        let begins: Vec<Spot> = entries.iter().map(|(key, _)| (key.place.line, key.place.column)).collect();
        let mut kept = Vec::new();
        for (i, (key, value)) in entries.iter().enumerate() {
            let extent = (begins[i], begins.get(i + 1).copied().unwrap_or(extent.1));
            if !self.broken(extent) {
                kept.push((key.clone(), value.clone()));
            } else if OF_ENTRIES.contains(&key.value.as_str()) {
                kept.push((key.clone(), self.entries(value, extent)));
            } else if key.value == "cost" {
                self.gone.extend(METRICS.map(str::to_owned));
            }
        }
        Node { value: Value::Map(kept), place: node.place }
    }

    fn entries(&mut self, node: &Node, extent: (Spot, Spot)) -> Node {
        let value = match &node.value {
            Value::Map(entries) => {
                let begins: Vec<Spot> = entries.iter().map(|(key, _)| (key.place.line, key.place.column)).collect();
                let end = |i: usize| begins.get(i + 1).copied().unwrap_or(extent.1);
                let (bad, good): (Vec<_>, Vec<_>) =
                    entries.iter().enumerate().partition(|(i, _)| self.broken((begins[*i], end(*i))));
                self.gone.extend(bad.into_iter().map(|(_, (key, _))| key.value.clone()));
                Value::Map(good.into_iter().map(|(_, entry)| entry.clone()).collect())
            }
            Value::List(items) => {
                let begins: Vec<Spot> = items.iter().map(|item| (item.place.line, item.place.column)).collect();
                let mut kept = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    let extent = (begins[i], begins.get(i + 1).copied().unwrap_or(extent.1));
                    if !self.broken(extent) {
                        kept.push(item.clone());
                    } else if item.get("criteria").is_some() {
                        kept.push(self.section(item, extent));
                    }
                }
                Value::List(kept)
            }
            _ => return node.clone(),
        };
        self.emptied |= matches!(&value, Value::Map(left) if left.is_empty());
        self.emptied |= matches!(&value, Value::List(left) if left.is_empty());
        Node { value, place: node.place }
    }
}
