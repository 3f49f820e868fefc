//! YAML as a small tree that remembers where everything stands.
//!
//! The parser gives up at its first type mismatch; a person wants to hear of all mistakes. So the text is first read
//! into this tree, which only bad YAML can prevent, and each part is then read on its own. Scalars keep their text
//! exactly as written: `version: 1.10` stays `1.10`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::problem::{At, Complaint, Origin, Place, Problems, Report};

/// A part of the file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What stands there.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Nothing,
    /// A text, number or boolean, as written; `plain` when without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order written.
    Map(Vec<(At<String>, Node)>),
}

impl Node {
    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Nothing => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The value under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// Reads a text as YAML.
pub(crate) fn parse(origin: &Origin) -> Result<Node, Problems> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 50_000,
            max_aliases: 1_000,
        },
    };
    let raw: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(&origin.text, options);
    match raw {
        Ok(raw) => Ok(Tree { text: &origin.text }.node(raw)),
        Err(error) => {
            let place = error.location().map_or(Place { line: 1, column: 1, ..Place::default() }, place);
            let mut report = Report::new(origin);
            report.complain(place, explained(&error));
            report.finish(None)
        }
    }
}

fn place(location: serde_saphyr::Location) -> Place {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(0) as usize;
    let end = start + span.byte_len().unwrap_or(0) as usize;
    Place { line: location.line() as usize, column: location.column() as usize, start, end }
}

fn explained(error: &serde_saphyr::Error) -> Complaint {
    use serde_saphyr::Error;
    match error.without_snippet() {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_ref().map_or("a key".to_owned(), |key| format!("`{key}`"));
            Complaint::new(format!("{key} is here twice")).hint("join the two, or remove one")
        }
        Error::MultipleDocuments { .. } => {
            Complaint::new("a second document begins here").hint("one file is one configuration: remove the `---`")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            Complaint::new("this is larger or deeper than any configuration")
        }
        Error::UnknownAnchor { .. } => {
            Complaint::new("this alias refers to nothing").hint("put quotes around a text that begins with `*`")
        }
        Error::AliasError { error, .. } => explained(error),
        Error::Unexpected { expected: "string scalar", .. } => Complaint::new("a key is a single word"),
        other => {
            let message = other.to_string();
            let first = message.lines().next().unwrap_or_default();
            let (first, _) = first.split_once(" at line ").unwrap_or((first, ""));
            let complaint = Complaint::new(format!("this is not YAML: {first}"));
            match first {
                _ if first.contains("unexpected character") || first.contains("mapping values") => {
                    complaint.hint("put quotes around texts with special characters: `pass: \"<= 5%\"`")
                }
                _ if first.contains("block scalar") => complaint
                    .hint("`>` and `|` begin a text over several lines: put quotes around a bound, `pass: \"> 5%\"`"),
                _ if first.contains("tabs") => complaint.hint("indent with spaces"),
                _ if first.contains("recursion limit") => Complaint::new("this is deeper than any configuration"),
                _ => complaint,
            }
        }
    }
}

/// The tree as the parser gives it; the text of plain scalars follows from their place.
enum Raw {
    Nothing,
    Scalar(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct Tree<'a> {
    text: &'a str,
}

impl Tree<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let (here, defined) = (place(raw.referenced), place(raw.defined));
        let value = match raw.value {
            Raw::Nothing => Value::Nothing,
            Raw::Scalar(text) => {
                let written = self.text.get(defined.start..defined.end).unwrap_or_default().trim();
                let plain = !written.is_empty() && !written.starts_with(['"', '\'', '|', '>', '!', '&']);
                let text = if plain && !written.contains('\n') { written.to_owned() } else { text };
                Value::Scalar { text, plain }
            }
            Raw::List(items) => Value::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => {
                let key = |key: Spanned<String>| At { place: place(key.referenced), value: key.value };
                Value::Map(entries.into_iter().map(|(name, value)| (key(name), self.node(value))).collect())
            }
        };
        Node { place: here, value }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
