//! The documents of a file: several in one YAML file, the items of a Kubernetes list, or one JSON text.
//!
//! Each keeps the lines of the whole file, so that a note names the line that a person sees.

use super::number;
use crate::text::node::{self, Node, Value};
use crate::text::problem::{At, Origin, Place, Problem, Problems};

/// A file of another tool.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Its path as the user wrote it.
    pub shown: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// One document of a file.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The file as the user named it.
    pub(crate) shown: String,
    pub(crate) node: Node,
}

/// The documents of a file, without the empty ones.
pub(crate) fn parse(file: &Given) -> Result<Vec<Document>, Problems> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let mut documents = Vec::new();
    for (before, part) in split(text) {
        let blank = part.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if blank {
            continue;
        }
        let origin = Origin { shown: file.shown.to_owned(), text: format!("{}{part}", "\n".repeat(before)) };
        let node = node::parse(&origin).map_err(|problems| fragment(file, &part, before).unwrap_or(problems))?;
        flatten(node, file.shown, &mut documents);
    }
    Ok(documents)
}

/// What is wrong with a text that leaves something out, as pages of documentation do.
fn fragment(file: &Given, part: &str, before: usize) -> Option<Problems> {
    let is_left_out = |line: &str| matches!(line.trim(), "..." | "[...]");
    let (line, message) = match part.lines().position(is_left_out) {
        Some(line) => (line, "`...` stands here for something that was left out: this is a part of a file"),
        None => (
            part.lines().position(|line| line.contains(": {{"))?,
            "`{{ … }}` stands here without quotes: this is a template. Render it first",
        ),
    };
    let (shown, hint, message) = (file.shown.to_owned(), None, message.to_owned());
    Some(Problems(vec![Problem { shown, line: before + line + 1, column: 1, snippet: String::new(), message, hint }]))
}

/// The parts between lines that begin with `---`, each with the number of lines before it.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut parts = vec![(0, String::new())];
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("---") {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '\t', '\r']) => {
                parts.push((number, format!("{}\n", rest.trim_end())));
            }
            _ => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push_str(line);
                    part.push('\n');
                }
            }
        }
    }
    parts
}

/// A list of Kubernetes is its items.
fn flatten(node: Node, shown: &str, documents: &mut Vec<Document>) {
    let is_list = node.get("kind").and_then(text).is_some_and(|kind| kind == "List");
    match node.value {
        Value::Nothing => {}
        Value::Map(entries) if is_list => {
            let items = entries.into_iter().find(|(key, _)| key.value == "items");
            if let Some(Node { value: Value::List(items), .. }) = items.map(|(_, items)| items) {
                items.into_iter().for_each(|item| flatten(item, shown, documents));
            }
        }
        _ => documents.push(Document { shown: shown.to_owned(), node }),
    }
}

impl Document {
    /// One problem at a place.
    pub(crate) fn problem(&self, place: Place, message: impl Into<String>) -> Problems {
        let (line, column, message) = (place.line, place.column, message.into());
        Problems(vec![Problem { shown: self.shown.clone(), line, column, snippet: String::new(), message, hint: None }])
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        at(&self.node, path)
    }

    /// Its kind, as resources of Kubernetes have one.
    pub(crate) fn kind(&self) -> Option<&str> {
        text_at(&self.node, &["kind"])
    }

    /// Its name.
    pub(crate) fn name(&self) -> Option<&str> {
        text_at(&self.node, &["metadata", "name"])
    }

    /// Its namespace.
    pub(crate) fn namespace(&self) -> Option<&str> {
        text_at(&self.node, &["metadata", "namespace"])
    }

    /// What the text at a path of keys means, if something stands there.
    ///
    /// # Errors
    ///
    /// It is not `what`.
    pub(crate) fn read<T>(
        &self,
        node: &Node,
        path: &[&str],
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, Problems> {
        let Some(found) = at(node, path) else { return Ok(None) };
        let (key, written) = (path.last().copied().unwrap_or_default(), text(found).unwrap_or_default());
        let read = parse(written).map(Some);
        read.ok_or_else(|| self.problem(found.place, format!("`{key}: {written}` is not {what}")))
    }
}

/// The documents of a kind.
pub(crate) fn of_kind<'d>(documents: &[&'d Document], kind: &str) -> Vec<&'d Document> {
    documents.iter().copied().filter(|document| document.kind() == Some(kind)).collect()
}

/// The value at a path of keys.
pub(crate) fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key)).filter(|node| !matches!(node.value, Value::Nothing))
}

/// The text of a single value.
pub(crate) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text.as_str()),
        _ => None,
    }
}

/// The text at a path of keys.
pub(crate) fn text_at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n str> {
    at(node, path).and_then(text)
}

/// The number at a path of keys, also one that is written as a text.
pub(crate) fn number_at(node: &Node, path: &[&str]) -> Option<f64> {
    text_at(node, path).and_then(number::number)
}

/// The entries of a map at a path of keys; none if there is no map.
pub(crate) fn entries<'n>(node: &'n Node, path: &[&str]) -> &'n [(At<String>, Node)] {
    match at(node, path).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

/// The entries of a list at a path of keys; none if there is no list.
pub(crate) fn list<'n>(node: &'n Node, path: &[&str]) -> &'n [Node] {
    match at(node, path).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_keep_the_lines_of_the_file() {
        let text = "# head\n---\nkind: A\n---\n\nkind: B\n--- # end\n";
        let parsed = parse(&Given { shown: "f", text }).unwrap();
        let lines: Vec<usize> = parsed.iter().map(|one| one.node.get("kind").unwrap().place.line).collect();
        assert_eq!(lines, [3, 6]);
    }

    #[test]
    fn a_list_is_its_items() {
        let text = "{\"kind\": \"List\", \"items\": [{\"kind\": \"A\"}, {\"kind\": \"B\"}]}";
        assert_eq!(parse(&Given { shown: "f", text }).unwrap().len(), 2);
    }
}
