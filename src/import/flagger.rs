//! Flagger: a Canary with its metrics, built in or from a MetricTemplate.
//!
//! The baseline is the primary: where a query names the canary's workload, the arm says which one.

mod mesh;
mod template;

use super::cloudwatch::Cloud;
use super::condition::Op;
use super::controller::Controller;
use super::controller::flagger::{Checks, Metric, Strategy, Whole};
use super::documents::{Document, at, list, of_kind, text, text_at};
use super::draft::{Gate, NotJudged};
use super::imported::Imported;
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number;
use super::stores::{self, Store};
use crate::series::SignedDuration;
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::spell::spell;
use mesh::Mesh;
use template::Names;

/// The gates of the documents.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let mut canaries = 0;
    for document in documents {
        match document.kind() {
            Some("Canary") | None => {
                canaries += 1;
                canary(document, documents, &mut imported)?;
            }
            Some("MetricTemplate") => {}
            Some(other) => {
                let why = "it gates nothing";
                imported.notes.push(Note::told(document, document.node.place, other.to_owned(), why));
            }
        }
    }
    if canaries == 0 {
        for document in of_kind(documents, "MetricTemplate") {
            let why = "a template has no limits: they stand in the Canary. Name its file too";
            imported.notes.push(Note::told(document, document.node.place, "MetricTemplate", why));
        }
    }
    Ok(imported)
}

fn canary(document: &Document, all: &[&Document], imported: &mut Imported) -> Result<(), Problems> {
    // a block of documentation may begin below `spec`
    let spec = document.at(&["spec"]).unwrap_or(&document.node);
    let called = document.name().or_else(|| text_at(spec, &["targetRef", "name"])).unwrap_or("canary");
    let Some(analysis) = at(spec, &["analysis"]).or_else(|| at(spec, &["canaryAnalysis"])) else {
        let why = "it has no `analysis`: nothing is judged";
        imported.notes.push(Note::told(document, document.node.place, format!("Canary {called}"), why));
        return Ok(());
    };
    let names = Names::of(document, spec, called);
    let mut gate = Gate::new(Kind::Flagger, called);
    let metrics = list(analysis, &["metrics"]);
    if metrics.is_empty() {
        let why = "it has no metrics: Flagger promotes it if its webhooks allow it";
        imported.notes.push(Note::told(document, analysis.place, format!("Canary {called}"), why));
    }
    let mut asked = Vec::new();
    for entry in metrics {
        asked.extend(metric(&mut gate, (document, spec, all), (entry, &names), &mut imported.notes)?);
    }
    let is_skipped = text_at(spec, &["skipAnalysis"]) == Some("true");
    if is_skipped {
        let why = "Flagger skips the analysis (`skipAnalysis: true`), and davy judges it";
        imported.notes.push(Note::told(document, spec.place, format!("Canary {called}"), why));
    }
    if gate.criteria() == 0 {
        return Ok(());
    }
    gate.arms = names.arms();
    let checks = Checks { metrics: asked, is_skipped, ..checks(analysis, text_at(spec, &["provider"])) };
    surroundings(&mut gate, document, (analysis, &checks), &mut imported.notes);
    gate.controller = Some(Controller::Flagger(checks));
    imported.gates.push(gate);
    Ok(())
}

/// One metric of a Canary: Flagger asks for what is built in, for a query in it, and for a template.
fn metric(
    gate: &mut Gate,
    (document, spec, all): (&Document, &Node, &[&Document]),
    (entry, names): (&Node, &Names),
    notes: &mut Vec<Note>,
) -> Result<Vec<Metric>, Problems> {
    let called = text_at(entry, &["name"]).ok_or_else(|| document.problem(entry.place, "a metric has no `name`"))?;
    let one = One {
        document,
        entry,
        called,
        comment: format!("{}:{}: {}", document.shown, entry.place.line, described(entry)),
    };
    let interval = text_at(entry, &["interval"]).unwrap_or("1m");
    let names = names.with(entry, interval);
    let (query, template) = (text_at(entry, &["query"]), text_at(entry, &["templateRef", "name"]));
    let is_built_in = matches!(called, "request-success-rate" | "request-duration");
    let mut asked = Vec::new();
    if is_built_in {
        let provider = text_at(spec, &["provider"]);
        if provider.is_none() {
            let why = "the Canary names no `provider`: its built-in metrics are taken to be those of Istio";
            notes.push(Note::told(document, entry.place, one.what(), why));
        }
        asked.extend(built_in(gate, &one, (provider.unwrap_or("istio"), &names, interval), notes)?);
    }
    if let Some(query) = query {
        let store = template::inline(gate, query, &names).map(|store| (store, None));
        asked.push(one.add(gate, store, notes)?);
    }
    if template.is_some() {
        let own = template::find(document, entry, all);
        let store = own.and_then(|own| template::ask(gate, own, &names, notes));
        asked.push(one.add(gate, store, notes)?);
    }
    if asked.is_empty() {
        let why = "it is neither built in nor of a template: Flagger fails each check";
        gate.lose(Note::open(document, entry.place, one.what(), why), notes);
        asked.push(Metric { name: called.to_owned(), metric: None, min: None, max: None, whole: Whole::No });
    }
    Ok(asked)
}

/// A metric as it stands in a Canary.
struct One<'n> {
    document: &'n Document,
    entry: &'n Node,
    called: &'n str,
    comment: String,
}

impl One<'_> {
    fn what(&self) -> String {
        format!("metric {}", self.called)
    }

    /// Adds what is asked of a store, or says why nothing is.
    fn add(
        &self,
        gate: &mut Gate,
        store: Result<(Store, Option<Cloud>), String>,
        notes: &mut Vec<Note>,
    ) -> Result<Metric, Problems> {
        let (bounds, metric) = self.bounds(false, Whole::No)?;
        let (store, cloud) = match store {
            Ok(found) => found,
            Err(why) => {
                gate.lose(Note::open(self.document, self.entry.place, self.what(), why), notes);
                return Ok(metric);
            }
        };
        let asked = Asked::new(self.called, store, self.comment.clone());
        let is_bare = at(self.entry, &["thresholdRange"]).or_else(|| at(self.entry, &["threshold"])).is_none();
        if is_bare {
            let why = "it has no threshold: Flagger then fails every value above 0";
            notes.push(Note::told(self.document, self.entry.place, self.what(), why));
        }
        let name = match (&cloud, bounds.is_empty()) {
            (_, true) => {
                let why =
                    "its `thresholdRange` is empty: Flagger passes whatever it measures, and fails a missing number";
                notes.push(Note::told(self.document, self.entry.place, self.what(), why));
                gate.metric_name(self.called)
            }
            (Some(cloud), false) => cloud.add(gate, &asked, &bounds),
            (None, false) => measure::add(gate, &asked, &bounds),
        };
        if asked.store.is_prometheus && cloud.is_none() {
            gate.ask_as_written(&name, &asked.store.source, &asked.store.query);
        }
        Ok(Metric { metric: Some(name), ..metric })
    }

    /// What must hold: a range, or the older single threshold, which is 0 if nothing is written.
    fn bounds(&self, is_success: bool, whole: Whole) -> Result<(Vec<Bound>, Metric), Problems> {
        let number = |path: &[&str]| -> Result<Option<f64>, Problems> {
            let Some(node) = at(self.entry, path) else { return Ok(None) };
            let text = text(node).unwrap_or_default();
            let read = number::number(text).map(Some);
            read.ok_or_else(|| self.document.problem(node.place, format!("`{text}` is not a number: write `max: 500`")))
        };
        let (min, max) = match at(self.entry, &["thresholdRange"]) {
            Some(_) => (number(&["thresholdRange", "min"])?, number(&["thresholdRange", "max"])?),
            // the older key is the least success rate, and the most of anything else
            None => match number(&["threshold"])?.unwrap_or(0.0) {
                threshold if is_success => (Some(threshold), None),
                threshold => (None, Some(threshold)),
            },
        };
        let least = min.map(|min| Bound::new(Op::AtLeast, min));
        let most = max.map(|max| Bound::new(Op::AtMost, max));
        let metric = Metric { name: self.called.to_owned(), metric: None, min, max, whole };
        Ok((least.into_iter().chain(most).collect(), metric))
    }
}

/// A metric that Flagger has built in.
fn built_in(
    gate: &mut Gate,
    one: &One,
    (provider, names, interval): (&str, &Names, &str),
    notes: &mut Vec<Note>,
) -> Result<Option<Metric>, Problems> {
    let Some(mesh) = Mesh::of(provider, one.called) else { return Ok(None) };
    let is_success = one.called == "request-success-rate";
    let (bounds, metric) = one.bounds(is_success, if is_success { Whole::No } else { Whole::Milliseconds })?;
    let (lasting, bounds): (Vec<Bound>, Vec<Bound>) = bounds.into_iter().partition(|bound| mesh.always_keeps(bound));
    for bound in lasting {
        let why = format!("every value is {} {}, so davy leaves this limit out", bound.op.sign(), bound.number);
        notes.push(Note::told(one.document, one.entry.place, one.what(), why));
    }
    let name = match bounds.is_empty() {
        true => gate.metric_name(one.called),
        false => mesh.add(gate, names, &one.comment, &bounds),
    };
    let source = stores::any_prometheus(gate);
    gate.ask_as_written(&name, &source, &mesh.query(names, interval));
    Ok(Some(Metric { metric: Some(name), ..metric }))
}

/// The limits as they were written.
fn described(entry: &Node) -> String {
    let key = |path: &[&str], shown: &str| text_at(entry, path).map(|value| format!("{shown}: {}", value.trim()));
    let keys = [
        key(&["thresholdRange", "min"], "min"),
        key(&["thresholdRange", "max"], "max"),
        key(&["threshold"], "threshold"),
        key(&["interval"], "interval"),
    ];
    keys.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The window and the soak, and what Flagger does beside its metrics.
fn surroundings(gate: &mut Gate, document: &Document, (analysis, checks): (&Node, &Checks), notes: &mut Vec<Note>) {
    let interval = checks.interval;
    let step = interval.clamp(SignedDuration::from_secs(15), SignedDuration::from_mins(1));
    let needed = checks.needed.and_then(|needed| i32::try_from(needed).ok());
    let soak = needed.and_then(|needed| interval.checked_mul(needed)).unwrap_or(interval * 10).max(step * 10);
    gate.window = vec![format!("last: {}", spell(soak)), format!("step: {}", spell(step))];
    gate.soak = Some(spell(soak));
    gate.every = Some(spell(interval.max(step)));
    if let Some(node) = at(analysis, &["threshold"]) {
        let why = "davy judges all of the window, with a confidence interval, and counts no failed checks";
        notes.push(Note::told(document, node.place, "threshold", why));
    }
    for hook in list(analysis, &["webhooks"]) {
        let (name, kind) =
            (text_at(hook, &["name"]).unwrap_or("webhook"), text_at(hook, &["type"]).unwrap_or("rollout"));
        let why = format!("Flagger calls it ({kind}), and davy does not: its answer is not part of the verdict");
        notes.push(Note::told(document, hook.place, format!("webhook {name}"), why.clone()));
        gate.not_judged.push(NotJudged { what: format!("webhook {name}"), why, at_best: "pass" });
    }
}

/// The interval of the checks, how many may fail, and how many Flagger makes.
fn checks(analysis: &Node, provider: Option<&str>) -> Checks {
    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    const LEAST: SignedDuration = SignedDuration::from_secs(10);
    let interval = text_at(analysis, &["interval"]).and_then(number::span).unwrap_or(MINUTE).max(LEAST);
    let whole = |key: &str| text_at(analysis, &[key]).and_then(number::count).filter(|count| *count > 0);
    let count = |key: &str| whole(key).and_then(|count| usize::try_from(count).ok());
    // without a mesh there is no traffic to shift, and Flagger makes ten checks
    let is_plain = provider == Some("kubernetes");
    let iterations = count("iterations").or(is_plain.then_some(10));
    let strategy = match iterations {
        Some(iterations) if !is_plain && !list(analysis, &["match"]).is_empty() => Strategy::AbTest { iterations },
        Some(iterations) => Strategy::BlueGreen { iterations },
        None => Strategy::Canary {
            step: whole("stepWeight").unwrap_or(0),
            weights: list(analysis, &["stepWeights"]).iter().filter_map(|one| number::count(text(one)?)).collect(),
            most: whole("maxWeight"),
            is_mirrored: text_at(analysis, &["mirror"]) == Some("true"),
        },
    };
    let asks = |hook: &&Node| matches!(text_at(hook, &["type"]), None | Some("" | "rollout"));
    let name = |hook: &Node| text_at(hook, &["name"]).unwrap_or("webhook").to_owned();
    Checks {
        interval,
        threshold: count("threshold").unwrap_or(1),
        needed: strategy.needed(),
        metrics: Vec::new(),
        webhooks: list(analysis, &["webhooks"]).iter().filter(asks).map(name).collect(),
        is_skipped: false,
    }
}
