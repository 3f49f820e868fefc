//! A promised share of good events as a criterion, and the window that it is judged in.

use crate::import::condition::Op;
use crate::import::documents::Document;
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number::percent;
use crate::import::promql;
use crate::import::stores::{self, Store};

/// Adds a share of counters, `bad` or `good` among all, and gives its name.
pub(super) fn counted(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) -> String {
    let shape = measure::rate_of(&asked.store.source, key, part, total);
    measure::put(gate, asked, shape, &[promised(key == "bad", target)], percent)
}

/// The bound of a share of good events, or of the bad ones.
pub(super) fn promised(is_bad: bool, target: f64) -> Bound {
    if is_bad { Bound::new(Op::AtMost, 1.0 - target) } else { Bound::new(Op::AtLeast, target) }
}

/// Adds two queries whose quotient is wanted: counts if they can be taken apart, else a gauge of the quotient.
pub(super) fn quotient(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) -> String {
    if let Some((part, total)) = promql::counters(part, total) {
        return counted(gate, asked, (key, &part, &total), target);
    }
    let store = Store { query: format!("({part}) / ({total})"), ..asked.store.clone() };
    measure::add(gate, &Asked { store, ..asked.clone() }, &[promised(key == "bad", target)])
}

/// A metric of the Prometheus whose address the files do not say.
pub(super) fn of_prometheus(gate: &mut Gate, called: &str, query: &str, comment: String) -> Asked {
    let source = stores::any_prometheus(gate);
    Asked::new(called, Store { source, query: query.to_owned(), is_prometheus: true }, comment)
}

/// The window, and what it is not.
pub(super) fn finish(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) {
    gate.window = vec!["last: 1h".into(), "step: 1m".into()];
    let why = "davy judges the last hour (`window`), and no error budget of weeks. `--as-written` shows its alerts on burn rates";
    notes.push(Note::told(document, document.node.place, gate.name.clone(), why));
}
