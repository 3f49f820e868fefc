//! JSONPath (RFC 9535), parsed once.

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

/// A JSONPath.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    query: JpQuery,
}

impl PartialEq for Path {
    fn eq(&self, other: &Path) -> bool {
        self.text == other.text
    }
}

impl Path {
    /// Reads a path; nothing when it cannot be understood.
    pub fn parse(text: &str) -> Option<Path> {
        let query = parse_json_path(text.trim()).ok()?;
        Some(Path { text: text.trim().to_owned(), query })
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it finds in a value, in the value's order.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let found = js_path_process(&self.query, value).unwrap_or_default();
        found.into_iter().map(|found| found.val()).collect()
    }
}
