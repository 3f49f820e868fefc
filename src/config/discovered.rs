//! A first configuration for metrics of CloudWatch that are there: the shapes that AWS documents for its own, a guess for
//! others, and each with the dimensions that it is published with.
//!
//! It is to be cut down: whole dimension sets by the hundred help nobody, so a few of each kind are written and the others
//! counted. What is a guess says so.

use std::collections::{BTreeMap, BTreeSet};

use super::offered::{self, Found};
use crate::source::aws::{Access, Listed};
use crate::text::yaml::{braces, literal, name, quoted};

/// So many sets of the same dimensions are written.
const OF_A_KIND: usize = 3;
/// So many kinds of sets are.
const KINDS: usize = 8;

type Dimensions = [(String, String)];

/// A configuration for metrics of one namespace.
pub fn discovered(namespace: &str, listed: &[Listed], access: &Access) -> String {
    let kinds = kinds(listed);
    let mut draft = Draft {
        namespace,
        several: several(&kinds),
        names: BTreeSet::new(),
        metrics: Vec::new(),
        criteria: Vec::new(),
    };
    for (dimensions, sets) in kinds.iter().take(KINDS) {
        draft.kind(dimensions, sets);
    }
    if kinds.len() > KINDS {
        draft
            .metrics
            .push(format!("  # Left out: {} more kinds of dimensions (`--match` finds them).", kinds.len() - KINDS));
    }
    draft.text(access, kinds.keys().any(|names| names.contains(&"ExecutedVersion")))
}

type Sets<'a> = BTreeMap<&'a Dimensions, BTreeSet<&'a str>>;

/// The metrics by the names of their dimensions, and by their values.
fn kinds(listed: &[Listed]) -> BTreeMap<Vec<&str>, Sets<'_>> {
    let mut kinds: BTreeMap<Vec<&str>, Sets> = BTreeMap::new();
    for one in listed {
        let names = one.dimensions.iter().map(|(name, _)| name.as_str()).collect();
        let set = kinds.entry(names).or_default().entry(one.dimensions.as_slice()).or_default();
        set.insert(&one.metric);
    }
    kinds
}

fn several(kinds: &BTreeMap<Vec<&str>, Sets>) -> bool {
    kinds.values().map(BTreeMap::len).sum::<usize>() > 1
}

/// The lines while they are collected.
struct Draft<'a> {
    namespace: &'a str,
    /// Whether there is more than one set, so that names have to tell them apart.
    several: bool,
    names: BTreeSet<String>,
    metrics: Vec<String>,
    criteria: Vec<String>,
}

impl Draft<'_> {
    /// Sets of the same dimensions.
    fn kind(&mut self, dimensions: &[&str], sets: &Sets) {
        let by = match dimensions {
            [] => "Without dimensions".to_owned(),
            names => format!("By {}", commented(&names.join(", "))),
        };
        self.metrics.push(match sets.len() {
            1 => format!("  # {by}:"),
            n if n > OF_A_KIND => {
                format!("  # {by}: {OF_A_KIND} of {n} are written, {} left out (`--match` finds them).", n - OF_A_KIND)
            }
            n => format!("  # {by}, {n} sets:"),
        });
        for (set, metrics) in sets.iter().take(OF_A_KIND) {
            self.set(set, metrics);
        }
    }

    /// The metrics of one set.
    fn set(&mut self, dimensions: &Dimensions, metrics: &BTreeSet<&str>) {
        let (found, rest) = offered::offered(self.namespace, metrics);
        for one in &found {
            self.metric(dimensions, one);
        }
        if !rest.is_empty() {
            let names: Vec<String> = rest.iter().map(|name| commented(name)).collect();
            self.metrics.push(format!("  # Also there: {}", names.join(", ")));
        }
    }

    fn metric(&mut self, dimensions: &Dimensions, found: &Found) {
        let called = self.unique(dimensions, &found.name);
        let pairs = dimensions.iter().map(|(key, value)| format!("{}: {}", name(key), literal(value)));
        let dimensions = (!dimensions.is_empty()).then(|| format!("dimensions: {}", braces(pairs.collect())));
        let entry = braces(dimensions.into_iter().chain([found.shape.clone()]).collect());
        let guess = if found.guessed { "  # a guess: is it a number per step, or a counter?" } else { "" };
        self.metrics.push(format!("  {}: {entry}{guess}", name(&called)));
        let guess = if found.guessed { "  # a guess: is more of it worse?" } else { "" };
        let role = if found.guardrail { ", role: guardrail" } else { "" };
        self.criteria.push(format!("  - {{ metric: {}, pass: \"{}\"{role} }}{guess}", name(&called), found.bound));
    }

    /// A name that no other metric has: that of the measure, after the last value where there are several.
    fn unique(&mut self, dimensions: &Dimensions, base: &str) -> String {
        let of = dimensions.iter().map(|(_, value)| offered::plain(value)).filter(|value| !value.is_empty());
        let of = if self.several { of.max_by_key(String::len) } else { None };
        let base = of.map_or(base.to_owned(), |of| format!("{of}_{base}"));
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let called = [base.clone()].into_iter().chain(numbered).find(|name| !self.names.contains(name)).unwrap_or(base);
        self.names.insert(called.clone());
        called
    }

    fn text(&self, access: &Access, versions: bool) -> String {
        let own = [("region", &access.region), ("profile", &access.profile), ("endpoint_url", &access.endpoint_url)];
        let own =
            own.into_iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}: {}", literal(value))));
        let source = braces(own.chain([format!("namespace: {}", literal(self.namespace))]).collect());
        let mut lines = vec![
            "# What there is, to start with: keep what matters to you, and put in the limits that you mean.".to_owned(),
            format!("name: {}", quoted(self.namespace)),
            "# The last hours against the same hours a week ago. To compare two versions at the same time, leave `baseline` out".to_owned(),
            "# and tell them apart by a dimension:".to_owned(),
            "#   arms: { baseline: { version: \"41\" }, canary: { version: \"42\" } }".to_owned(),
            format!("#   dimensions: {{ …, {}: \"${{version}}\" }}", if versions { "ExecutedVersion" } else { "Version" }),
            "window: { last: 3h, step: 5m, baseline: { ago: 7d } }".to_owned(),
            "sources:".to_owned(),
            format!("  cloudwatch: {{ cloudwatch: {source} }}"),
            "metrics:".to_owned(),
        ];
        lines.extend(self.metrics.iter().cloned());
        lines.push("# What must hold; with `severity: critical` it decides alone, with `fail: \"…\"` there is a warning before.".to_owned());
        if self.criteria.iter().any(|line| line.contains("role: guardrail")) {
            lines.push("# A `guardrail` must not be broken; everything else must be shown to hold.".to_owned());
        }
        lines.push("criteria:".to_owned());
        lines.extend(self.criteria.iter().cloned());
        lines.join("\n") + "\n"
    }
}

fn commented(text: &str) -> String {
    text.replace(char::is_control, " ")
}
