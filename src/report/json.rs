//! The document as JSON text and back: two spaces, stable order, a row of numbers on one line.

use serde_json::error::Category;
use serde_json::{Map, Value};

use super::document::{Document, SCHEMA_VERSION};
use super::prose::plain;

/// Why a text is not a verdict that can be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not JSON at all.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but nothing that davy wrote.
    #[error("this is JSON, but not a verdict: {0}; expected what `davy judge --format json` prints")]
    NotAVerdict(String),
    /// It is from a later time.
    #[error(
        "this verdict has schema version {found}, but this davy reads 1.x: use the davy that wrote it, or a newer one"
    )]
    Version {
        /// The version found.
        found: String,
    },
    /// It says that it is a verdict, but something is missing or of the wrong type.
    #[error("this verdict does not follow its schema: {0}")]
    Broken(String),
}

impl Document {
    /// Reads a verdict from its JSON. Fields that this davy does not know are accepted, because the contract grows.
    pub fn read(text: &str) -> Result<Document, Error> {
        let text = text.trim_start_matches('\u{feff}');
        let fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| match error.classify() {
            Category::Data => Error::NotAVerdict("it is not an object".into()),
            _ => Error::NotJson(plain(&error.to_string())),
        })?;
        let Some(version) = fields.get("schema_version") else {
            return Err(Error::NotAVerdict("it has no `schema_version`".into()));
        };
        let Some(major) = version.as_str().and_then(major) else {
            let problem = format!("`schema_version` is {version}, not a string like \"{SCHEMA_VERSION}\"");
            return Err(Error::NotAVerdict(plain(&problem)));
        };
        if Some(major) != self::major(SCHEMA_VERSION) {
            return Err(Error::Version { found: plain(version.as_str().unwrap_or_default()) });
        }
        serde_json::from_str(text).map_err(|error| Error::Broken(plain(&error.to_string())))
    }
}

fn major(version: &str) -> Option<u64> {
    version.split('.').next()?.parse().ok()
}

/// The document as JSON, with a line's end at the end.
pub fn render(document: &impl serde::Serialize) -> String {
    let mut text = String::new();
    if let Ok(value) = serde_json::to_value(document) {
        write(&value, 0, &mut text);
    }
    text.push('\n');
    text
}

/// Two spaces per level; lists of plain values stay on one line, so that a trace is a row and not a page.
fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let items = fields.iter().map(|(key, value)| (Some(key), value));
            write_block(('{', '}'), items, depth, text);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            write_block(('[', ']'), items.iter().map(|item| (None, item)), depth, text);
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            text.push_str(&format!("[{}]", items.join(", ")));
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_block<'a>(
    (open, close): (char, char),
    items: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    for (at, (key, value)) in items.enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            text.push_str(&format!("{}: ", Value::String(key.clone())));
        }
        write(value, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}
