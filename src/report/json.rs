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
    let mut text = serde_json::to_string(document).map(|dense| spaced(&dense)).unwrap_or_default();
    text.push('\n');
    text
}

/// Two spaces per level; lists of plain values stay on one line, so that a trace is a row and not a page. The text has no spaces yet.
fn spaced(dense: &str) -> String {
    let mut text = String::with_capacity(2 * dense.len());
    // for each object and list that is open, whether its values have lines of their own
    let mut open: Vec<bool> = Vec::new();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        (0..depth).for_each(|_| text.push_str("  "));
    };
    let mut rest = dense;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',', ':']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let (sign, after) = from.split_at(1);
        rest = after;
        match sign {
            "\"" => {
                let end = end_of_string(after);
                text.push('"');
                text.push_str(&after[..end]);
                rest = &after[end..];
            }
            "{" | "[" => {
                text.push_str(sign);
                let is_block = if sign == "{" { !after.starts_with('}') } else { after.starts_with(['{', '[']) };
                open.push(is_block);
                if is_block {
                    line(&mut text, open.len());
                }
            }
            "}" | "]" => {
                if open.pop() == Some(true) {
                    line(&mut text, open.len());
                }
                text.push_str(sign);
            }
            ":" => text.push_str(": "),
            _ => match open.last() {
                Some(true) => {
                    text.push(',');
                    line(&mut text, open.len());
                }
                _ => text.push_str(", "),
            },
        }
    }
    text.push_str(rest);
    text
}

/// Where the rest of a string ends, with its quote.
fn end_of_string(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |at| at + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_lists_are_rows_and_all_else_has_lines() {
        let document = json!({
            "a": [1, 2.5, null, "x, {y}: [z] \\ \" end"], "empty": [[], {}], "none": [],
            "of": [{ "b": [], "c": {} }, { "d": [[1, 2], [3]] }],
        });
        let text = render(&document);
        let expected = r#"{
  "a": [1, 2.5, null, "x, {y}: [z] \\ \" end"],
  "empty": [
    [],
    {}
  ],
  "none": [],
  "of": [
    {
      "b": [],
      "c": {}
    },
    {
      "d": [
        [1, 2],
        [3]
      ]
    }
  ]
}
"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
