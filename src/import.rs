//! Configurations of other tools, read as they are: shape first, then meaning, then the text of a configuration of davy.
//!
//! [`recognise`] knows a file by its shape: `apiVersion` and `kind`, or the keys that only one tool has. [`read`] takes files
//! together, since a template and what refers to it, or objectives and their queries, often stand apart. What it gives is text
//! with comments ([`Gate::written`]), which `config` checks as any other; nothing here builds the types of a configuration.
//!
//! A part that cannot be carried over becomes a [`Note`] with its file and line. If a pass could be wrong without it, it also
//! stands under `not_judged` with `at_best: inconclusive`, so that no verdict passes silently.

mod alarms;
mod argo;
mod cloudwatch;
mod condition;
mod controller;
mod documents;
mod draft;
mod flagger;
mod imported;
mod k6;
mod kayenta;
mod keptn;
mod kind;
mod measure;
mod note;
mod number;
mod operator;
mod promql;
mod slo;
mod stores;

use crate::text::problem::{Place, Problem, Problems};

pub use controller::{Answer, Controller, Decision, Earlier, Facts, Line, Requests, Seen, Steps};
pub use documents::Given;
pub use draft::Gate;
pub(crate) use draft::file_name;
pub use imported::Imported;
pub use kind::Kind;
pub use note::Note;

use documents::Document;
use draft::NotJudged;

/// Which tool a text is a configuration of, by its shape; nothing for one of davy and for what is none.
pub fn recognise(text: &str) -> Option<Kind> {
    let documents = documents::parse(&Given { shown: "", text }).ok()?;
    documents.iter().find_map(|document| Kind::of(&document.node))
}

/// Reads a file if it is of a known tool.
pub fn foreign(file: &Given) -> Option<Result<Imported, Problems>> {
    let documents = documents::parse(file).ok()?;
    let is_known = documents.iter().any(|document| Kind::of(&document.node).is_some());
    is_known.then(|| {
        let mut sorted = Sorted::default();
        sorted.add(file, documents)?;
        sorted.imported()
    })
}

/// Reads files together.
///
/// # Errors
///
/// A file is of no tool that davy knows, cannot be read, or gates nothing that davy can judge.
pub fn read(files: &[Given]) -> Result<Imported, Problems> {
    let mut sorted = Sorted::default();
    for file in files {
        sorted.add(file, documents::parse(file)?)?;
    }
    sorted.imported()
}

/// The documents of known tools, and notes on the others.
#[derive(Default)]
struct Sorted {
    known: Vec<(Kind, Document)>,
    strange: Vec<Note>,
}

impl Sorted {
    /// Adds the documents of a file, which has one of a known tool at least.
    fn add(&mut self, file: &Given, documents: Vec<Document>) -> Result<(), Problems> {
        let sorted = documents.into_iter().map(|document| (Kind::of(&document.node), document));
        let (known, others): (Vec<_>, Vec<_>) = sorted.partition(|(kind, _)| kind.is_some());
        if known.is_empty() {
            return Err(unknown(file));
        }
        self.known.extend(known.into_iter().filter_map(|(kind, document)| Some((kind?, document))));
        for (_, document) in others {
            self.strange.push(stranger(&document)?);
        }
        Ok(())
    }

    /// What they gate.
    fn imported(self) -> Result<Imported, Problems> {
        let mut imported = gates(&self.known)?;
        imported.notes.extend(self.strange);
        imported.notes = imported.notes.into_iter().map(draft::cut).collect();
        keep_open(&mut imported);
        match imported.gates.is_empty() {
            true => Err(nothing(&self.known, &imported.notes)),
            false => Ok(imported),
        }
    }
}

/// A note on a document beside those of a known tool. One of davy is a gate of its own, and nobody would judge it.
fn stranger(document: &Document) -> Result<Note, Problems> {
    if kind::is_own(&document.node) {
        let message = "a configuration of davy stands beside one of another tool: put each into a file of its own";
        return Err(document.problem(document.node.place, message));
    }
    let what = document.kind().unwrap_or("a document").to_owned();
    Ok(Note::told(document, document.node.place, what, "davy knows no tool with such a document, and leaves it out"))
}

/// A gate that davy cannot judge at all leaves no configuration behind. What it asked stands in the others, so that they do not
/// pass for it.
fn keep_open(imported: &mut Imported) {
    let Imported { gates, notes } = imported;
    let open: Vec<&Note> = notes.iter().filter(|note| note.is_open).collect();
    let is_same = |note: &Note, what: &str, why: &str| note.what == what && note.why == why;
    let is_lost = |note: &&&Note| {
        let entries = gates.iter().flat_map(|gate| &gate.not_judged);
        let kept = entries.filter(|one| is_same(note, &one.what, &one.why)).count();
        kept < open.iter().filter(|other| is_same(note, &other.what, &other.why)).count()
    };
    let lost: Vec<NotJudged> = open.iter().filter(is_lost).map(|note| elsewhere(note)).collect();
    for gate in gates {
        gate.not_judged.extend(lost.iter().cloned());
    }
}

/// What a gate without a configuration asks, in the words of another.
fn elsewhere(note: &Note) -> NotJudged {
    let what = format!("{} ({}:{})", note.what, note.shown, note.line);
    NotJudged { what, why: note.why.clone(), at_best: "inconclusive" }
}

/// The gates of documents of all kinds, each kind by its own reader.
fn gates(documents: &[(Kind, Document)]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for kind in Kind::ALL {
        let own: Vec<&Document> = documents.iter().filter(|(of, _)| of == kind).map(|(_, document)| document).collect();
        let Imported { mut gates, notes } = gates_of(*kind, &own)?;
        let mut files: Vec<&str> = own.iter().map(|document| document.shown.as_str()).collect();
        files.dedup();
        let head = format!("Of {}, read from {}.", kind.name(), files.join(", "));
        gates.iter_mut().for_each(|gate| gate.head.insert(0, head.clone()));
        imported.gates.extend(gates);
        imported.notes.extend(notes);
    }
    Ok(imported)
}

/// The gates of documents of one kind.
fn gates_of(kind: Kind, documents: &[&Document]) -> Result<Imported, Problems> {
    let Some(first) = documents.first() else { return Ok(Imported::default()) };
    match kind {
        Kind::Kayenta => kayenta::gates(documents),
        Kind::Argo => argo::gates(documents),
        Kind::Flagger => flagger::gates(documents),
        Kind::Keptn => keptn::gates(documents),
        Kind::KeptnMetrics => operator::gates(documents),
        Kind::OpenSlo => slo::openslo(documents),
        Kind::Sloth => slo::sloth(documents),
        Kind::Pyrra => slo::pyrra(documents),
        Kind::Alarms => alarms::gates(documents),
        Kind::K6 => k6::gates(documents),
        Kind::Taurus | Kind::Otava | Kind::Orion => {
            let why = kind.refusal().unwrap_or("not yet");
            let message = format!("davy does not read configurations of {}: {why}", kind.name());
            Err(first.problem(first.node.place, message))
        }
    }
}

/// A file of no tool that is known.
fn unknown(file: &Given) -> Problems {
    let names: Vec<&str> = Kind::ALL.iter().filter(|kind| kind.refusal().is_none()).map(|kind| kind.name()).collect();
    let hint = format!("davy reads {}", names.join(", "));
    let message = "this is not a configuration of a tool that davy knows".to_owned();
    Problems(vec![Problem { hint: Some(hint), ..document_less(file.shown, message) }])
}

/// Documents that gate nothing.
fn nothing(documents: &[(Kind, Document)], notes: &[Note]) -> Problems {
    let first = documents.first().map(|(_, document)| document);
    let (shown, place) = first.map_or(("", Place::default()), |one| (one.shown.as_str(), one.node.place));
    let why: Vec<String> = notes.iter().map(|note| format!("  {note}")).collect();
    let (message, hint) = match why.is_empty() {
        true => ("nothing in it judges a metric".to_owned(), "name the files with its metrics and limits too"),
        false => {
            let message = format!("nothing in it can be judged\n{}", why.join("\n"));
            (message, "name the files that it refers to, or write criteria on the system that has the numbers")
        }
    };
    let problem = document_less(shown, message);
    Problems(vec![Problem { line: place.line, column: place.column, hint: Some(hint.to_owned()), ..problem }])
}

fn document_less(shown: &str, message: String) -> Problem {
    Problem { shown: shown.to_owned(), line: 0, column: 0, snippet: String::new(), message, hint: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CANARIES: &str = r#"
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: { name: lost }
spec: { analysis: { metrics: [{ name: errors, templateRef: { name: errors }, thresholdRange: { max: 5 } }] } }
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: { name: kept }
spec: { provider: istio, analysis: { metrics: [{ name: request-success-rate, thresholdRange: { min: 99, max: 101 } }] } }
"#;

    #[test]
    fn a_lost_gate_keeps_the_others_from_passing() {
        let Imported { gates, notes } = read(&[Given { shown: "f", text: CANARIES }]).unwrap();
        let [gate] = &gates[..] else { panic!("{} gates", gates.len()) };
        assert_eq!((gate.name.as_str(), gate.criteria(), gate.open()), ("kept", 1, 1));
        assert!(gate.written().contains("metric errors (f:5)"), "{}", gate.written());
        assert!(notes.iter().any(|note| note.why.contains("every value is <= 101")), "{notes:?}");
    }

    #[test]
    fn documents_beside_those_of_a_tool_do_not_vanish() {
        let own = "---\nname: x\nwindow: { last: 1h }\nmetrics: { a: { gauge: { value: a } } }\n";
        let problems = read(&[Given { shown: "f", text: &format!("{CANARIES}{own}") }]).unwrap_err();
        assert!(problems.to_string().contains("a configuration of davy stands beside"), "{problems}");
        let other = format!("{CANARIES}---\napiVersion: v1\nkind: Service\n");
        let notes = read(&[Given { shown: "f", text: &other }]).unwrap().notes;
        assert!(notes.iter().any(|note| note.what == "Service"), "{notes:?}");
    }

    #[test]
    fn two_sections_of_davy_are_no_other_tool() {
        let own = "kind: Rollout\nwindow: { last: 1h }\narms: {}\nthresholds: { a: 1 }\n";
        assert_eq!(recognise(own), None);
    }
}
