//! A promised share of good events as a criterion, and the window that it is judged in.

use crate::import::condition::Op;
use crate::import::documents::Document;
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number::percent;
use crate::import::promql;
use crate::import::stores::{self, Login, Store};
use crate::text::yaml::quoted;

/// Adds a share of counters: `bad` or `good` among all.
pub(super) fn counted(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) {
    let bound = match key {
        "bad" => Bound::new(Op::AtMost, 1.0 - target),
        _ => Bound::new(Op::AtLeast, target),
    };
    let shape =
        format!("source: {}, rate: {{ {key}: {}, total: {} }}", asked.store.source, quoted(part), quoted(total));
    measure::put(gate, asked, shape, &[bound], percent);
}

/// Adds two queries whose quotient is wanted: counts if they can be taken apart, else a gauge of the quotient.
pub(super) fn quotient(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) {
    if let Some((part, total)) = promql::counters(part, total) {
        return counted(gate, asked, (key, &part, &total), target);
    }
    let bound = if key == "bad" { Bound::new(Op::AtMost, 1.0 - target) } else { Bound::new(Op::AtLeast, target) };
    let store = Store { query: format!("({part}) / ({total})"), ..asked.store.clone() };
    measure::add(gate, &Asked { store, ..asked.clone() }, &[bound]);
}

/// A metric of the Prometheus whose address the files do not say.
pub(super) fn of_prometheus(gate: &mut Gate, called: &str, query: &str, comment: String) -> Asked {
    let (source, _) = stores::prometheus(gate, None, &Login::default());
    let store = Store { source, query: query.to_owned(), is_prometheus: true };
    Asked { called: called.to_owned(), store, comment: Some(comment), every_point: false }
}

/// The window, and what it is not.
pub(super) fn finish(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) {
    gate.window = vec!["last: 1h".into(), "step: 1m".into()];
    let why = "davy judges the last hour (`window`), and no error budget of weeks and no burn rate";
    notes.push(Note::told(document, document.node.place, gate.name.clone(), why));
}
