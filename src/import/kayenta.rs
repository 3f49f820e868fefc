//! Kayenta: canary configurations, what is asked of them, and the Spinnaker stages that ask.
//!
//! ```text
//! shape.rs    which files are of Kayenta
//! scopes.rs   which scopes are compared, over which time       query.rs   what is asked of a store, by the type of query
//! rule.rs     what Kayenta's own judge reads                    keys.rs    keys that Kayenta ignores without a word
//! ```
//!
//! Two rules come out of one file. `kayenta` holds Kayenta's own, to the letter, so that its answer can be had again.
//! `criteria` hold what davy makes of it: the same direction and the same tolerance, as a bound on the baseline.

mod keys;
mod query;
mod rule;
mod scopes;
pub(super) mod shape;

use std::collections::BTreeSet;

use super::documents::{Document, at, list, text, text_at};
use super::draft::{Criterion, Gate, Measured};
use super::imported::Imported;
use super::kind::Kind;
use super::measure;
use super::note::Note;
use crate::text::node::Node;
use crate::text::problem::Problems;
use query::Asked;
use rule::Told;
use scopes::{Asking, Scope};

/// What a metric may change without a tolerance of its own, so that davy can show that it holds.
const MARGIN: f64 = 10.0;

/// A canary configuration with its file.
struct Config<'d> {
    document: &'d Document,
    node: &'d Node,
}

/// The gates of configurations and of what asks for them.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let mut configs = Vec::new();
    let mut asking = Vec::new();
    for document in documents {
        let node = &document.node;
        if shape::is_config(node) {
            configs.push(Config { document, node });
        } else if let Some(config) = at(node, &["canaryConfig"]).filter(|config| shape::is_config(config)) {
            let config = Config { document, node: config };
            imported.gates.extend(gate(&config, &scopes::of_request(document, node)?, &mut imported.notes)?);
        } else if shape::is_request(node) {
            asking.push((*document, scopes::of_request(document, node)?));
        } else {
            for stage in shape::stages(node) {
                asking.push((*document, scopes::of_stage(document, stage)?));
            }
        }
    }
    for config in configs.iter().filter(|_| asking.is_empty()) {
        imported.gates.extend(gate(config, &Asking::default(), &mut imported.notes)?);
    }
    for (document, asking) in &asking {
        imported.gates.extend(gate(asked(&configs, document, asking)?, asking, &mut imported.notes)?);
    }
    Ok(imported)
}

/// The configuration that is asked for: that of the name, or the only one.
fn asked<'c, 'd>(configs: &'c [Config<'d>], document: &Document, asking: &Asking) -> Result<&'c Config<'d>, Problems> {
    let wanted = asking.config.as_deref();
    let is_it = |config: &&Config| {
        let named = |key| text_at(config.node, &[key]).is_some_and(|name| Some(name) == wanted);
        named("id") || named("name")
    };
    let only = configs.first().filter(|_| configs.len() == 1);
    configs.iter().find(is_it).or(only).ok_or_else(|| {
        let name = wanted.map_or("that it asks for".to_owned(), |name| format!("{name:?}"));
        let message = format!(
            "the canary configuration {name} is not among the files: name its file too, `davy import PIPELINE CONFIG`"
        );
        document.problem(asking.place, message)
    })
}

/// The gate of a configuration; none if nothing of it can be asked.
fn gate(config: &Config, asking: &Asking, notes: &mut Vec<Note>) -> Result<Option<Gate>, Problems> {
    let Config { document, node } = *config;
    refuse_twins(document, node)?;
    notes.extend(keys::ignored(document, node));
    let name = text_at(node, &["name"]).unwrap_or("kayenta");
    let mut gate = Gate::new(Kind::Kayenta, name);
    gate.head.push(format!("Read from the canary configuration of Kayenta in {}.", document.shown));
    let lost = notes.len();
    let mut told = Vec::new();
    for metric in list(node, &["metrics"]) {
        told.extend(add(&mut gate, (config, metric), asking, notes)?);
    }
    if told.is_empty() {
        return Ok(None);
    }
    if notes.len() > lost {
        gate.head
            .push("What could not be carried over stands under `not_judged`, or in the notes of `davy import`.".into());
    }
    if let Some(judge) = text_at(node, &["judge", "name"]).filter(|judge| *judge != crate::aca::NAME) {
        let why = format!("davy knows the judge {} alone, and answers by it", crate::aca::NAME);
        let place = at(node, &["judge", "name"]).map_or(node.place, |judge| judge.place);
        notes.push(Note::told(document, place, format!("judge {judge}"), why));
    }
    scopes::place(&mut gate, asking, notes, document);
    gate.kayenta = rule::section(document, node, asking, &told, notes)?;
    gate.tail.push("`judge: netflix-aca` lets Kayenta's rule decide, with davy's answer beside it.".into());
    gate.tail.push("Without it davy decides; `davy judge --as-written` shows Kayenta's answer beside it.".into());
    Ok(Some(gate))
}

/// Kayenta refuses to store two metrics of one name.
fn refuse_twins(document: &Document, node: &Node) -> Result<(), Problems> {
    let mut seen = BTreeSet::new();
    for metric in list(node, &["metrics"]) {
        let Some(name) = at(metric, &["name"]).and_then(text) else {
            return Err(document.problem(metric.place, "a metric has no `name`: give it one"));
        };
        if !seen.insert(name) {
            let message = format!("there is more than one metric {name:?}, and Kayenta refuses that: rename one");
            return Err(document.problem(metric.place, message));
        }
    }
    Ok(())
}

/// Adds a metric with its criteria; what Kayenta's rule says of it.
fn add(
    gate: &mut Gate,
    (config, metric): (&Config, &Node),
    asking: &Asking,
    notes: &mut Vec<Note>,
) -> Result<Option<Told>, Problems> {
    let Config { document, node } = *config;
    let name = text_at(metric, &["name"]).unwrap_or_default();
    let scope = scope_of(document, metric, asking, notes);
    let Asked { source, kind, query, drops_gaps, notes: lost } = match query::query(node, metric, scope) {
        Ok(asked) => asked,
        Err(why) => {
            let place = metric.get("query").map_or(metric.place, |query| query.place);
            gate.lose(Note::open(document, place, format!("metric {name}"), why), notes);
            return Ok(None);
        }
    };
    for (what, why) in lost {
        gate.lose(Note::open(document, metric.place, format!("metric {name}: {what}"), why), notes);
    }
    let called = gate.metric_name(name);
    let told = rule::told(document, metric, &called, drops_gaps)?;
    let source = gate.source(kind, source);
    gate.metrics.push(Measured {
        name: called.clone(),
        comment: (called != name).then(|| format!("{name:?}, line {}", metric.place.line)),
        shape: measure::gauge_of(&source, &query),
        step: None,
    });
    for bound in bounds(&told) {
        gate.criteria.push(criterion(node, &called, &told, bound));
    }
    if told.outliers.is_some() {
        let why = "davy keeps every point, since what lies far out may be the fault";
        notes.push(Note::told(document, metric.place, format!("outliers of {name}"), why));
    }
    for (key, why) in unlike(&told) {
        notes.push(Note::told(document, metric.place, format!("{key} of {name}"), why));
    }
    if told.measure == "cles" {
        let why = format!("davy bounds the canary by its baseline, here by {MARGIN} %");
        notes.push(Note::told(document, metric.place, format!("the effect size cles of {name}"), why));
    }
    Ok(Some(told))
}

/// The scope of a metric; the first if it names none.
fn scope_of<'a>(
    document: &Document,
    metric: &Node,
    asking: &'a Asking,
    notes: &mut Vec<Note>,
) -> Option<(usize, &'a Scope)> {
    let first = asking.scopes.first().map(|scope| (0, scope));
    match text_at(metric, &["scopeName"]) {
        Some(name) => {
            let named = asking.scopes.iter().enumerate().find(|(_, scope)| scope.name == name);
            if let (None, Some((_, scope))) = (named, first) {
                let why = format!("the request does not have that scope, so davy takes {:?}", scope.name);
                notes.push(Note::told(document, metric.place, format!("scopeName {name}"), why));
            }
            named.or(first)
        }
        None => {
            let name = text_at(metric, &["name"]).unwrap_or_default();
            let why = "Kayenta cannot ask for this metric; davy takes the first scope";
            notes.push(Note::told(document, metric.place, format!("metric {name} without scopeName"), why));
            first
        }
    }
}

/// What davy asks of a metric: how it may change, in its bad directions.
fn bounds(told: &Told) -> Vec<String> {
    let percent = |share: f64| format!("{}", (share * 1e9).round() / 1e9);
    let up = told.allowed_increase.filter(|_| told.measure != "cles").map(|ratio| (ratio - 1.0) * 100.0);
    let down = told.allowed_decrease.filter(|_| told.measure != "cles").map(|ratio| (1.0 - ratio) * 100.0);
    let or_margin = |share: Option<f64>| percent(share.filter(|share| *share > 0.0).unwrap_or(MARGIN));
    let above = format!("<= baseline + {}%", or_margin(up));
    let below = format!(">= baseline - {}%", or_margin(down));
    match told.direction {
        "increase" => vec![above],
        "decrease" => vec![below],
        _ => vec![above, below],
    }
}

/// Where davy's criteria tolerate another change than Kayenta's rule.
fn unlike(told: &Told) -> Vec<(&'static str, String)> {
    let sides = [
        ("increase", told.allowed_increase, told.critical_increase),
        ("decrease", told.allowed_decrease.map(|ratio| 2.0 - ratio), told.critical_decrease),
    ];
    let is_bad = |way: &str| told.direction == way || told.direction == "either";
    let bad: Vec<_> = sides.into_iter().filter(|(way, ..)| is_bad(way)).collect();
    let mut found = Vec::new();
    if told.measure != "cles" && bad.iter().any(|(_, allowed, _)| allowed.is_none_or(|ratio| ratio == 1.0)) {
        let why = format!("Kayenta allows no significant change here, and the criterion allows {MARGIN} %");
        found.push(("the tolerance", why));
    }
    if told.measure != "cles" && bad.iter().any(|(_, allowed, _)| allowed.is_some_and(|ratio| ratio < 1.0)) {
        let why = format!("it asks for an improvement, and the criterion allows {MARGIN} % instead");
        found.push(("the allowed change", why));
    }
    if bad.iter().any(|(.., critical)| critical.is_some()) {
        let why =
            "the whole canary fails beyond it, and davy's criteria have no such limit: `judge: netflix-aca` keeps it";
        found.push(("the critical change", why.to_owned()));
    }
    found
}

fn criterion(node: &Node, called: &str, told: &Told, bound: String) -> Criterion {
    let mut keys = vec![format!("pass: {}", crate::text::yaml::quoted(&bound))];
    if told.muted {
        keys.push("severity: muted".into());
    } else if told.critical {
        keys.push("severity: critical".into());
    }
    if let Some(group) = told.groups.first() {
        keys.push(format!("group: {}", crate::text::yaml::quoted(group)));
        keys.extend(rule::weight(node, group).map(|weight| format!("weight: {weight}")));
    }
    Criterion { metric: called.to_owned(), comment: None, keys }
}
