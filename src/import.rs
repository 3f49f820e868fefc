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
mod rule;
mod slo;
mod stores;

use crate::text::problem::{Problem, Problems};

pub use documents::Given;
pub use draft::Gate;
pub use imported::Imported;
pub use kind::Kind;
pub use note::Note;
pub use rule::{Assessed, Phase, Rule};

use documents::Document;

/// Which tool a text is a configuration of, by its shape; nothing for one of davy and for what is none.
pub fn recognise(text: &str) -> Option<Kind> {
    let documents = documents::parse(&Given { shown: "", text }).ok()?;
    documents.iter().find_map(|document| Kind::of(&document.node))
}

/// Reads files together.
///
/// # Errors
///
/// A file is of no tool that davy knows, cannot be read, or gates nothing that davy can judge.
pub fn read(files: &[Given]) -> Result<Imported, Problems> {
    let mut documents = Vec::new();
    for file in files {
        let known = documents.len();
        let parsed = documents::parse(file)?.into_iter();
        documents.extend(parsed.filter_map(|document| Some((Kind::of(&document.node)?, document))));
        if documents.len() == known {
            return Err(unknown(file));
        }
    }
    let imported = gates(&documents)?;
    match imported.gates.is_empty() {
        true => Err(nothing(&documents, &imported.notes)),
        false => Ok(imported),
    }
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
    let shown = documents.first().map_or("", |(_, document)| document.shown.as_str());
    let why: Vec<String> = notes.iter().map(|note| format!("  {note}")).collect();
    let message = match why.is_empty() {
        true => "nothing in it judges a metric".to_owned(),
        false => format!("nothing in it can be judged\n{}", why.join("\n")),
    };
    Problems(vec![document_less(shown, message)])
}

fn document_less(shown: &str, message: String) -> Problem {
    Problem { shown: shown.to_owned(), line: 0, column: 0, snippet: String::new(), message, hint: None }
}
