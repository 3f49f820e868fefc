//! Pyrra: objectives with the counters or the histogram behind them.

use super::share::{counted, finish, of_prometheus, promised};
use crate::import::condition::Op;
use crate::import::documents::{Document, at, list, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure::{self, Bound};
use crate::import::note::Note;
use crate::import::number;
use crate::import::promql::selector;
use crate::import::stores::literal;
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::yaml::quoted;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for document in documents {
        let called = document.name().unwrap_or("objective");
        let spec = document.at(&["spec"]).ok_or_else(|| document.problem(document.node.place, "it has no `spec`"))?;
        let mut gate = Gate::new(Kind::Pyrra, called);
        let target = document.read(spec, &["target"], number::share_of_hundred, "a percentage")?;
        let target = target.ok_or_else(|| document.problem(spec.place, "it has no `target`"))?;
        if let Err(why) = add(&mut gate, document, spec, target, &mut imported.notes) {
            gate.lose(Note::open(document, spec.place, format!("objective {called}"), why), &mut imported.notes);
        }
        if gate.criteria() > 0 {
            finish(&mut gate, document, &mut imported.notes);
            imported.gates.push(gate);
        }
    }
    Ok(imported)
}

fn add(gate: &mut Gate, document: &Document, spec: &Node, target: f64, notes: &mut Vec<Note>) -> Result<(), String> {
    let indicator = at(spec, &["indicator"]).ok_or("it has no indicator")?;
    let called = gate.name.clone();
    let comment = format!("{}:{}: target {}%", document.shown, indicator.place.line, number::plain(target * 100.0));
    for kind in ["ratio", "latency", "latencyNative", "bool_gauge", "boolGauge"] {
        let Some(grouping) =
            at(indicator, &[kind, "grouping"]).filter(|_| !list(indicator, &[kind, "grouping"]).is_empty())
        else {
            continue;
        };
        let why = "the objective holds for each group, and davy judges all of them together";
        notes.push(Note::told(document, grouping.place, format!("grouping of {called}"), why));
    }
    let metric = |path: &[&str]| -> Result<String, String> {
        let written = text_at(indicator, path).ok_or_else(|| format!("it has no `{}`", path.join(".")))?;
        selector(written).map(|text| literal(&text)).ok_or_else(|| format!("`{written}` is not a selector of series"))
    };
    let asked = of_prometheus(gate, &called, "", comment);
    if at(indicator, &["ratio"]).is_some() {
        let (errors, total) = (metric(&["ratio", "errors", "metric"])?, metric(&["ratio", "total", "metric"])?);
        counted(gate, &asked, ("bad", &errors, &total), target);
        return Ok(());
    }
    if at(indicator, &["latency"]).is_some() {
        let (fast, total) = (metric(&["latency", "success", "metric"])?, metric(&["latency", "total", "metric"])?);
        counted(gate, &asked, ("good", &fast, &total), target);
        return Ok(());
    }
    if at(indicator, &["latencyNative"]).is_some() {
        let histogram = metric(&["latencyNative", "total", "metric"])?;
        let limit = text_at(indicator, &["latencyNative", "latency"])
            .and_then(number::span)
            .ok_or("its `latency` is not a duration")?;
        let statistic = format!("statistic: p{}", number::plain(target * 100.0));
        let bound = Bound::new(Op::AtMost, limit.as_secs_f64()).with(statistic);
        let shape = format!("source: {}, values: {{ histogram: {}, unit: s }}", asked.store.source, quoted(&histogram));
        measure::put(gate, &asked, shape, &[bound], |limit| format!("{}ms", number::plain(limit * 1000.0)));
        return Ok(());
    }
    if let Some(key) = ["bool_gauge", "boolGauge"].into_iter().find(|key| at(indicator, &[key]).is_some()) {
        let shape = measure::gauge_of(&asked.store.source, &format!("avg({})", metric(&[key, "metric"])?));
        measure::put(gate, &asked, shape, &[promised(false, target)], number::plain);
        return Ok(());
    }
    Err("davy does not know its indicator".into())
}
