//! Flagger: a Canary with its metrics, built in or from a MetricTemplate.
//!
//! The baseline is the primary: where a query names the canary's workload, the arm says which one.

mod mesh;
mod template;

use super::condition::Op;
use super::documents::{Document, at, list, of_kind, text, text_at};
use super::draft::{Gate, NotJudged};
use super::imported::Imported;
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number;
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
    for entry in metrics {
        metric(&mut gate, (document, spec, all), (entry, &names), &mut imported.notes)?;
    }
    if text_at(spec, &["skipAnalysis"]) == Some("true") {
        let why = "Flagger skips the analysis (`skipAnalysis: true`), and davy judges it";
        imported.notes.push(Note::told(document, spec.place, format!("Canary {called}"), why));
    }
    if gate.criteria() == 0 {
        return Ok(());
    }
    gate.arms = names.arms();
    surroundings(&mut gate, document, analysis, &mut imported.notes)?;
    imported.gates.push(gate);
    Ok(())
}

/// One metric of a Canary.
fn metric(
    gate: &mut Gate,
    (document, spec, all): (&Document, &Node, &[&Document]),
    (entry, names): (&Node, &Names),
    notes: &mut Vec<Note>,
) -> Result<(), Problems> {
    let called = text_at(entry, &["name"]).ok_or_else(|| document.problem(entry.place, "a metric has no `name`"))?;
    let what = format!("metric {called}");
    let bounds = match bounds(document, entry, called)? {
        bounds if bounds.is_empty() => {
            let why = "it has no threshold: Flagger passes whatever it measures";
            notes.push(Note::told(document, entry.place, what, why));
            return Ok(());
        }
        bounds => bounds,
    };
    let comment = format!("{}:{}: {}", document.shown, entry.place.line, described(entry));
    let interval = text_at(entry, &["interval"]).unwrap_or("1m");
    let template = text_at(entry, &["templateRef", "name"]);
    if template.is_none() && at(entry, &["query"]).is_none() {
        let provider = text_at(spec, &["provider"]);
        if provider.is_none() {
            let why = "the Canary names no `provider`: its built-in metrics are taken to be those of Istio";
            notes.push(Note::told(document, entry.place, what.clone(), why));
        }
        let Some(mesh) = Mesh::of(provider.unwrap_or("istio"), called) else {
            let why = "it is neither built in nor of a template";
            gate.lose(Note::open(document, entry.place, what, why), notes);
            return Ok(());
        };
        let (lasting, bounds): (Vec<Bound>, Vec<Bound>) =
            bounds.into_iter().partition(|bound| mesh.always_keeps(bound));
        for bound in lasting {
            let why = format!("every value is {} {}, so davy leaves this limit out", bound.op.sign(), bound.number);
            notes.push(Note::told(document, entry.place, what.clone(), why));
        }
        if !bounds.is_empty() {
            mesh.add(gate, names, &comment, &bounds);
        }
        return Ok(());
    }
    let asked = match text_at(entry, &["query"]) {
        Some(query) => template::inline(gate, query, &names.with(entry, interval)).map(|store| (store, None)),
        None => template::find(document, entry, all)
            .and_then(|own| template::ask(gate, own, &names.with(entry, interval), notes)),
    };
    match asked {
        Ok((store, None)) => {
            measure::add(gate, &Asked::new(called, store, comment), &bounds);
        }
        Ok((store, Some(cloud))) => {
            cloud.add(gate, &Asked::new(called, store, comment), &bounds);
        }
        Err(why) => gate.lose(Note::open(document, entry.place, what, why), notes),
    }
    Ok(())
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

/// What must hold: a range, or the older single threshold.
fn bounds(document: &Document, entry: &Node, called: &str) -> Result<Vec<Bound>, Problems> {
    let number = |path: &[&str]| -> Result<Option<f64>, Problems> {
        let Some(node) = at(entry, path) else { return Ok(None) };
        let text = text(node).unwrap_or_default();
        let read = number::number(text).map(Some);
        read.ok_or_else(|| document.problem(node.place, format!("`{text}` is not a number: write `max: 500`")))
    };
    let (min, max) = (number(&["thresholdRange", "min"])?, number(&["thresholdRange", "max"])?);
    let older = number(&["threshold"])?.filter(|_| min.is_none() && max.is_none());
    // the older key is the least success rate, and the most of anything else
    let (min, max) = if called == "request-success-rate" { (min.or(older), max) } else { (min, max.or(older)) };
    let least = min.map(|min| Bound::new(Op::AtLeast, min));
    let most = max.map(|max| Bound::new(Op::AtMost, max));
    Ok(least.into_iter().chain(most).collect())
}

/// The window and the soak, and what Flagger does beside its metrics.
fn surroundings(gate: &mut Gate, document: &Document, analysis: &Node, notes: &mut Vec<Note>) -> Result<(), Problems> {
    let interval = document.read(analysis, &["interval"], number::span, "a duration: write `1m`")?;
    let interval = interval.unwrap_or(SignedDuration::from_mins(1));
    let step = interval.clamp(SignedDuration::from_secs(15), SignedDuration::from_mins(1));
    let soak = checks(analysis).and_then(|checks| interval.checked_mul(checks)).unwrap_or(interval * 10).max(step * 10);
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
    Ok(())
}

/// How many checks Flagger makes: iterations, or the steps of the weight.
fn checks(analysis: &Node) -> Option<i32> {
    let whole =
        |key: &str| text_at(analysis, &[key]).and_then(number::count).and_then(|count| i32::try_from(count).ok());
    let weights = list(analysis, &["stepWeights"]).len();
    if let Some(iterations) = whole("iterations").filter(|count| *count > 0) {
        return Some(iterations);
    }
    if weights > 0 {
        return i32::try_from(weights).ok();
    }
    let step = whole("stepWeight").filter(|step| *step > 0)?;
    Some(whole("maxWeight").unwrap_or(100).max(step) / step)
}
