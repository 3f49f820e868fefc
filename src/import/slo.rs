//! Objectives of a service level as criteria: OpenSLO, Sloth and Pyrra.
//!
//! They promise a share of good events over weeks. davy judges whether the canary keeps the share in its own window; how much of an
//! error budget is left it does not ask.

mod open;
mod pyrra;
mod sloth;

use super::condition::Op;
use super::documents::Document;
use super::draft::Gate;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number::percent;
use super::promql;
use super::stores::{self, Login, Store};
use crate::text::yaml::quoted;

pub(super) use open::gates as openslo;
pub(super) use pyrra::gates as pyrra;
pub(super) use sloth::gates as sloth;

/// Adds a share of counters: `bad` or `good` among all.
fn counted(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) {
    let bound = match key {
        "bad" => Bound::new(Op::AtMost, 1.0 - target),
        _ => Bound::new(Op::AtLeast, target),
    };
    let shape =
        format!("source: {}, rate: {{ {key}: {}, total: {} }}", asked.store.source, quoted(part), quoted(total));
    measure::put(gate, asked, shape, &[bound], percent);
}

/// Adds two queries whose quotient is wanted: counts if they can be taken apart, else a gauge of the quotient.
fn quotient(gate: &mut Gate, asked: &Asked, (key, part, total): (&str, &str, &str), target: f64) {
    if let (Some(part), Some(total)) = (promql::counter(part), promql::counter(total)) {
        return counted(gate, asked, (key, &part, &total), target);
    }
    let bound = if key == "bad" { Bound::new(Op::AtMost, 1.0 - target) } else { Bound::new(Op::AtLeast, target) };
    let store = Store { query: format!("({part}) / ({total})"), ..asked.store.clone() };
    measure::add(gate, &Asked { store, ..asked.clone() }, &[bound]);
}

/// A metric of the Prometheus whose address the files do not say.
fn of_prometheus(gate: &mut Gate, called: &str, query: &str, comment: String) -> Asked {
    let (source, _) = stores::prometheus(gate, None, &Login::default());
    let store = Store { source, query: query.to_owned(), is_prometheus: true };
    Asked { called: called.to_owned(), store, comment: Some(comment), every_point: false }
}

/// The window, and what it is not.
fn finish(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) {
    gate.window = vec!["last: 1h".into(), "step: 1m".into()];
    let why = "davy judges the last hour (`window`), and no error budget of weeks and no burn rate";
    notes.push(Note::told(document, document.node.place, gate.name.clone(), why));
}
