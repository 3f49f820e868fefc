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

use super::controller::Rule;
use super::documents::{Document, list, text, text_at};
use super::draft::{Gate, NotJudged};
use super::imported::Imported;
use super::kind::Kind;
use super::note::Note;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use crate::text::spell::spell;
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
    /// Whether a ClusterAnalysisTemplate is meant.
    is_cluster: bool,
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
    document.kind().unwrap_or_default()
}

fn name_of(document: &Document) -> String {
    let name = document.name().or_else(|| text_at(&document.node, &["metadata", "generateName"]));
    name.map_or("analysis", |name| name.trim_end_matches('-')).to_owned()
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
    /// The templates that something refers to.
    called: BTreeSet<usize>,
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
        let found = match self.find(document, call) {
            Ok(found) => found,
            Err(why) => {
                gate.lose(Note::open(document, call.at.place, format!("template {}", call.name), why), &mut self.notes);
                return Ok(());
            }
        };
        self.template(gate, found, &call.given, depth)
    }

    /// The template that is meant: of its kind, and of the namespace of what refers to it.
    fn find(&self, document: &Document, call: &Call) -> Result<usize, &'static str> {
        let own = document.namespace();
        let is_meant = |template: &Template| match kind(template.document) {
            "ClusterAnalysisTemplate" => call.is_cluster,
            "AnalysisTemplate" => {
                let other = template.document.namespace();
                !call.is_cluster && (own.is_none() || other.is_none() || own == other)
            }
            _ => true,
        };
        let named: Vec<usize> = (0..self.templates.len()).filter(|at| self.templates[*at].name == call.name).collect();
        let meant: Vec<usize> = named.iter().copied().filter(|at| is_meant(&self.templates[*at])).collect();
        match (&meant[..], named.is_empty()) {
            ([one], _) => Ok(*one),
            ([], true) => Err("the template is not in the files: name its file too"),
            ([], false) => Err("the files have this name only in another namespace, or with another `clusterScope`"),
            _ => Err("several templates of the files have this name: name only the file of the right one"),
        }
    }

    fn template(&mut self, gate: &mut Gate, found: usize, given: &[&'d Node], depth: usize) -> Result<(), Problems> {
        self.called.insert(found);
        let Template { document: own, spec, .. } = self.templates[found];
        let args = Args::of(list(spec, &["args"]), given);
        self.metrics(gate, own, spec, &args)?;
        for inner in list(spec, &["templates"]) {
            let Some(name) = text_at(inner, &["templateName"]) else { continue };
            if depth < 8 {
                let inner =
                    Call { name: name.to_owned(), is_cluster: is_cluster(inner), given: given.to_vec(), at: inner };
                self.call(gate, own, &inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Templates that nothing refers to are gates of their own.
    fn left_over(&mut self) -> Result<(), Problems> {
        let inner: BTreeSet<(String, bool)> = self
            .templates
            .iter()
            .flat_map(|template| list(template.spec, &["templates"]))
            .filter_map(|one| Some((text_at(one, &["templateName"])?.to_owned(), is_cluster(one))))
            .collect();
        for at in 0..self.templates.len() {
            let Template { document, name, .. } = &self.templates[at];
            let own = (name.clone(), kind(document) == "ClusterAnalysisTemplate");
            if self.called.contains(&at) || inner.contains(&own) {
                continue;
            }
            let mut gate = Gate::new(Kind::Argo, own.0);
            self.template(&mut gate, at, &[], 0)?;
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
            calls.push(Call { name: name.to_owned(), is_cluster: is_cluster(one), given: given.clone(), at: one });
        }
    }
    if let Some(name) = node.get("templateName").and_then(text).filter(|_| node.get("name").is_some()) {
        calls.push(Call { name: name.to_owned(), is_cluster: is_cluster(node), given, at: node });
    }
    match &node.value {
        Value::Map(entries) => {
            entries.iter().filter(|(key, _)| key.value != "templates").for_each(|(_, inner)| collect(inner, calls))
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, calls)),
        _ => {}
    }
}

/// Whether a reference means a template of the whole cluster.
fn is_cluster(reference: &Node) -> bool {
    text_at(reference, &["clusterScope"]) == Some("true")
}

/// The window, the soak and the looks, from the intervals of the metrics.
fn timing(gate: &mut Gate) {
    let rules: Vec<Rule> = gate.argo().iter().filter(|rule| rule.metric.is_some()).cloned().collect();
    if !gate.window.is_empty() || rules.is_empty() {
        // the window is that of what was recorded: more steps than it has are never enough for a pass
        fill_steps(gate, |_| MOST_STEPS);
        return;
    }
    let minute = SignedDuration::from_mins(1);
    let least = SignedDuration::from_secs(15);
    let step = rules.iter().filter_map(|rule| rule.interval).min().unwrap_or(minute).max(least);
    // every metric is judged from when the first one is measured on
    let none = SignedDuration::ZERO;
    let own = |rule: &Rule| rule.delay.unwrap_or(none);
    let delay = rules.iter().map(own).min().filter(|delay| *delay > none);
    let soak = rules.iter().filter_map(|rule| Some(rule.soak()?.saturating_add(own(rule)))).max();
    let least = (step * 5).saturating_add(delay.unwrap_or(none));
    // failures that are counted to the end need room for one more than are allowed
    let room = |rule: &Rule| {
        let allowed = rule.failure_limit.max(rule.inconclusive_limit);
        let steps = i32::try_from(allowed.saturating_add(1)).ok().filter(|_| rule.count.is_none() && allowed > 0)?;
        rule.interval?.checked_mul(steps.clamp(10, 1000))?.checked_add(delay.unwrap_or(none))
    };
    let room = rules.iter().filter_map(room).max().unwrap_or(none);
    let last = soak.unwrap_or((step * 10).saturating_add(delay.unwrap_or(none))).max(least).max(room);
    for rule in rules.iter().filter(|rule| own(rule) > delay.unwrap_or(none)) {
        let (name, own) = (&rule.name, spell(own(rule)));
        gate.tail.push(format!("The initialDelay of {name}, {own}, is left out: the warmup holds for all metrics."));
    }
    gate.window = vec![format!("last: {}", spell(last)), format!("step: {}", spell(step))];
    gate.window.extend(delay.map(|delay| format!("warmup: {}", spell(delay))));
    if soak.is_some() {
        gate.soak = Some(spell(last));
        gate.every = Some(spell(step));
    } else {
        gate.tail.push(format!("For `davy watch`, say how long: soak: 1h, every: {}", spell(step)));
    }
    rules.iter().for_each(|rule| own_step(gate, rule, step));
    let judged = last.saturating_sub(delay.unwrap_or(none));
    let own =
        |metric: &str| rules.iter().find(|rule| rule.metric.as_deref() == Some(metric)).and_then(|rule| rule.interval);
    fill_steps(gate, |metric| {
        let interval = own(metric.trim_end_matches("-numbers")).unwrap_or(step).max(step);
        judged.as_millis() / interval.as_millis().max(1)
    });
}

/// More periods than an alarm looks at.
const MOST_STEPS: i128 = 1000;

/// Writes the number of steps of the window into the alarms that look at all of them.
fn fill_steps(gate: &mut Gate, steps: impl Fn(&str) -> i128) {
    for criterion in &mut gate.criteria {
        for key in &mut criterion.keys {
            let Some(alarm) = key.strip_suffix(metric::ALL_STEPS) else { continue };
            let steps = steps(&criterion.metric);
            *key = if steps > MOST_STEPS { "periods: 1 of 1".to_owned() } else { format!("{alarm}{steps}") };
        }
    }
}

/// The alarm of a metric counts its own intervals, also if another metric is measured more often.
fn own_step(gate: &mut Gate, rule: &Rule, step: SignedDuration) {
    let (Some(interval), Some(name)) = (rule.interval.filter(|own| *own > step), &rule.metric) else { return };
    // an alarm on a single interval is one on a single step
    let is_alarm = |key: &String| key.starts_with("periods") && key != "periods: 1 of 1";
    if !gate.criteria.iter().any(|one| one.metric == *name && one.keys.iter().any(is_alarm)) {
        return;
    }
    if interval.as_millis() % step.as_millis().max(1) == 0 {
        let is_own = |own: &str| own.trim_end_matches("-numbers") == name;
        let own = gate.metrics.iter_mut().filter(|metric| is_own(&metric.name));
        own.for_each(|metric| metric.step = metric.step.or(Some(interval)));
        return;
    }
    gate.criteria.retain(|one| one.metric != *name || !one.keys.iter().any(is_alarm));
    if !rule.is_dry {
        let what = format!("metric {name}, failureLimit");
        let why =
            "it is not an alarm here, for the interval does not fit into the steps: give all metrics one interval";
        gate.not_judged.push(NotJudged { what, why: why.to_owned(), at_best: "inconclusive" });
    }
}
