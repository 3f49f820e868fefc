//! Argo Rollouts: templates of analyses, runs with their measurements, and what refers to templates.
//!
//! A run is a gate. So is a Rollout or an Experiment with the templates that it refers to, and a template that nothing in the files
//! refers to. Arguments become names (`--set NAME=VALUE`) with their values as defaults; the hash of the latest pods is a label of
//! the canary, and that of the stable ones of the baseline.

mod args;
mod metric;
mod provider;
mod recorded;

use std::collections::BTreeSet;

use super::documents::{Document, at, list, text, text_at};
use super::draft::Gate;
use super::imported::Imported;
use super::kind::Kind;
use super::note::Note;
use super::number;
use super::rule::Rule;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use args::Args;

/// A template, or what else has metrics.
struct Template<'d> {
    document: &'d Document,
    name: String,
    spec: &'d Node,
}

/// A template with the arguments that it is called with.
struct Call<'n> {
    name: String,
    given: Vec<&'n Node>,
    at: &'n Node,
}

/// The gates of the documents.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut reader =
        Reader { templates: documents.iter().filter_map(|one| template(one)).collect(), ..Reader::default() };
    for document in documents {
        match kind(document) {
            "AnalysisRun" => reader.run(document)?,
            "Rollout" | "Experiment" => reader.caller(document)?,
            "AnalysisTemplate" | "ClusterAnalysisTemplate" | "" => {}
            other => reader.notes.push(Note::told(document, document.node.place, other.to_owned(), "it gates nothing")),
        }
    }
    reader.left_over()?;
    let Reader { gates, notes, .. } = reader;
    Ok(Imported { gates, notes })
}

fn kind(document: &Document) -> &str {
    text_at(&document.node, &["kind"]).unwrap_or_default()
}

fn name_of(document: &Document) -> String {
    let metadata = |key| text_at(&document.node, &["metadata", key]).map(|name| name.trim_end_matches('-').to_owned());
    metadata("name").or_else(|| metadata("generateName")).unwrap_or_else(|| "analysis".into())
}

/// The template that a document is; a bare list of metrics is one too.
fn template(document: &Document) -> Option<Template<'_>> {
    match kind(document) {
        "AnalysisTemplate" | "ClusterAnalysisTemplate" => {
            Some(Template { document, name: name_of(document), spec: document.at(&["spec"])? })
        }
        "" if document.at(&["metrics"]).is_some() => {
            Some(Template { document, name: "analysis".into(), spec: &document.node })
        }
        _ => None,
    }
}

#[derive(Default)]
struct Reader<'d> {
    templates: Vec<Template<'d>>,
    called: BTreeSet<String>,
    gates: Vec<Gate>,
    notes: Vec<Note>,
}

impl<'d> Reader<'d> {
    fn run(&mut self, document: &'d Document) -> Result<(), Problems> {
        let Some(spec) = document.at(&["spec"]) else {
            return Err(document.problem(document.node.place, "the AnalysisRun has no `spec`"));
        };
        let mut gate = Gate::new(Kind::Argo, name_of(document));
        let args = Args::of(list(spec, &["args"]), &[]);
        self.metrics(&mut gate, document, spec, &args)?;
        self.add(gate);
        Ok(())
    }

    /// A Rollout or an Experiment with the templates that it refers to.
    fn caller(&mut self, document: &'d Document) -> Result<(), Problems> {
        let mut gate = Gate::new(Kind::Argo, name_of(document));
        let calls = calls(document);
        if calls.is_empty() {
            let why = "it refers to no template: nothing is judged while it proceeds";
            self.notes.push(Note::told(
                document,
                document.node.place,
                format!("{} {}", kind(document), gate.name),
                why,
            ));
        }
        for call in calls {
            self.call(&mut gate, document, &call, 0)?;
        }
        self.add(gate);
        Ok(())
    }

    fn call(&mut self, gate: &mut Gate, document: &'d Document, call: &Call<'d>, depth: usize) -> Result<(), Problems> {
        let Some(found) = self.templates.iter().position(|template| template.name == call.name) else {
            let why = "the template is not in the files: name its file too";
            gate.lose(Note::open(document, call.at.place, format!("template {}", call.name), why), &mut self.notes);
            return Ok(());
        };
        self.called.insert(call.name.clone());
        let Template { document: own, spec, .. } = self.templates[found];
        let args = Args::of(list(spec, &["args"]), &call.given);
        self.metrics(gate, own, spec, &args)?;
        for inner in list(spec, &["templates"]) {
            let Some(name) = text_at(inner, &["templateName"]) else { continue };
            if depth < 8 {
                let inner = Call { name: name.to_owned(), given: call.given.clone(), at: inner };
                self.call(gate, own, &inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Templates that nothing refers to are gates of their own.
    fn left_over(&mut self) -> Result<(), Problems> {
        let inner: BTreeSet<String> = self
            .templates
            .iter()
            .flat_map(|template| list(template.spec, &["templates"]))
            .filter_map(|one| text_at(one, &["templateName"]).map(str::to_owned))
            .collect();
        let left: Vec<(usize, String)> =
            self.templates.iter().map(|template| template.name.clone()).enumerate().collect();
        for (at, name) in left.into_iter().filter(|(_, name)| !inner.contains(name)) {
            if self.called.contains(&name) {
                continue;
            }
            let document = self.templates[at].document;
            let mut gate = Gate::new(Kind::Argo, name.clone());
            self.call(&mut gate, document, &Call { name, given: Vec::new(), at: &document.node }, 0)?;
            self.add(gate);
        }
        Ok(())
    }

    /// The metrics of a template or run.
    fn metrics(
        &mut self,
        gate: &mut Gate,
        document: &'d Document,
        spec: &'d Node,
        args: &Args,
    ) -> Result<(), Problems> {
        match spec.get("metrics").map(|node| &node.value) {
            Some(Value::List(_)) | None => {}
            Some(_) => {
                let place = spec.get("metrics").map_or(spec.place, |node| node.place);
                return Err(document.problem(place, "`metrics` is a list: begin each entry with `- name:`"));
            }
        }
        let dry: Vec<String> =
            list(spec, &["dryRun"]).iter().filter_map(|one| text_at(one, &["metricName"]).map(str::to_owned)).collect();
        for entry in list(spec, &["metrics"]) {
            let metric = metric::read(document, entry, args, &dry)?;
            metric::add(gate, document, &metric, args, &mut self.notes);
        }
        if args.has_hashes() && gate.arms.iter().all(Vec::is_empty) {
            gate.arms = args.arms();
        }
        Ok(())
    }

    fn add(&mut self, mut gate: Gate) {
        if gate.criteria() == 0 {
            return;
        }
        timing(&mut gate);
        self.gates.push(gate);
    }
}

/// The templates that a Rollout or an Experiment refers to, wherever that is.
fn calls(document: &Document) -> Vec<Call<'_>> {
    let mut calls = Vec::new();
    let spec = document.at(&["spec"]);
    spec.into_iter().for_each(|spec| collect(spec, &mut calls));
    calls
}

fn collect<'n>(node: &'n Node, calls: &mut Vec<Call<'n>>) {
    let given: Vec<&Node> = list(node, &["args"]).iter().collect();
    for one in list(node, &["templates"]) {
        if let Some(name) = text_at(one, &["templateName"]) {
            calls.push(Call { name: name.to_owned(), given: given.clone(), at: one });
        }
    }
    if let Some(name) = node.get("templateName").and_then(text).filter(|_| node.get("name").is_some()) {
        calls.push(Call { name: name.to_owned(), given, at: node });
    }
    match &node.value {
        Value::Map(entries) => {
            entries.iter().filter(|(key, _)| key.value != "templates").for_each(|(_, inner)| collect(inner, calls))
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, calls)),
        _ => {}
    }
}

/// The window, the soak and the looks, from the intervals of the metrics.
fn timing(gate: &mut Gate) {
    let rules: Vec<&Rule> = gate.rules.iter().filter(|rule| rule.metric.is_some()).collect();
    if !gate.window.is_empty() || rules.is_empty() {
        return;
    }
    let minute = SignedDuration::from_mins(1);
    let least = SignedDuration::from_secs(15);
    let step = rules.iter().filter_map(|rule| rule.interval).min().unwrap_or(minute).max(least);
    let soak = rules.iter().filter_map(|rule| rule.soak()).max();
    let delay = rules.iter().filter_map(|rule| rule.delay).max();
    let last = soak.unwrap_or(step * 10).max(step * 5) + delay.unwrap_or_default();
    gate.window = vec![format!("last: {}", number::written(last)), format!("step: {}", number::written(step))];
    gate.window.extend(delay.map(|delay| format!("warmup: {}", number::written(delay))));
    if soak.is_some() {
        gate.soak = Some(number::written(last));
        gate.every = Some(number::written(step));
    } else {
        let line = format!("# For `davy watch`, say how long: soak: 1h, every: {}", number::written(step));
        gate.tail.push(line.trim_start_matches("# ").to_owned());
    }
}
