//! Where a configuration says what a query over a table cannot say.

use super::loaded::Config;
use crate::source::requests::pushdown::Refused;
use crate::text::node::{Node, Value};
use crate::text::problem::{Complaint, Place, Problems, Report};

impl Config {
    /// What was refused, at the first text of a source or a metric that it is about, else at the source of requests.
    pub fn refused(&self, refused: &Refused) -> Problems {
        let parts = || ["sources", "metrics", "localise"].into_iter().filter_map(|key| self.tree.get(key));
        let about = refused.about.as_deref().and_then(|text| parts().find_map(|part| place_of(part, text)));
        let source = || self.tree.get("sources").and_then(place_of_requests);
        let place = about.or_else(source).unwrap_or_default();
        let mut report = Report::new(&self.origin);
        report.complain(place, Complaint::new(refused.problem.clone()).hint(refused.hint.clone()));
        report.finish(None::<()>).err().unwrap_or(Problems(Vec::new()))
    }
}

/// The first single value with this text in it.
fn place_of(node: &Node, about: &str) -> Option<Place> {
    match &node.value {
        Value::Scalar { text, .. } => text.contains(about).then_some(node.place),
        Value::List(parts) => parts.iter().find_map(|part| place_of(part, about)),
        Value::Map(entries) => entries.iter().find_map(|(_, part)| place_of(part, about)),
        Value::Nothing => None,
    }
}

/// The first source of requests.
fn place_of_requests(sources: &Node) -> Option<Place> {
    let Value::Map(sources) = &sources.value else { return None };
    sources.iter().find_map(|(_, source)| source.get("requests")).map(|requests| requests.place)
}
