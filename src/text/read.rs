//! From the tree to the file as written: every key of every section is looked at, and every mistake is noted.
//!
//! A section asks for its keys one by one and then closes. What nobody asked for is an unknown key, and the keys
//! that were asked for are the ones it may have meant.

use super::node::{Node, Value};
use super::problem::{At, Complaint, Place, Report, nearest, suggestion};
use super::scalar::{Named, Scalar, is_name};

/// A part of the file that can be read from a node. Nothing means that a problem was noted.
pub(crate) trait Read: Sized {
    fn read(node: &Node, report: &mut Report) -> Option<Self>;
}

impl<T: Scalar> Read for At<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Scalar { text, .. } = &node.value else {
            report.add(node.place, format!("a single value is expected here, not {}", node.kind()));
            return None;
        };
        match T::scalar(text) {
            Ok(value) => Some(At { place: node.place, value }),
            Err(complaint) => {
                report.complain_of(&At { place: node.place, value: text.clone() }, complaint);
                None
            }
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::List(items) = &node.value else {
            report.add_with(
                node.place,
                format!("a list is expected here, not {}", node.kind()),
                "begin each entry with `- `",
            );
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, report)).collect();
        read.into_iter().collect()
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            report.add(node.place, format!("a map of names is expected here, not {}", node.kind()));
            return None;
        };
        let mut named = Vec::new();
        let before = report.len();
        for (key, node) in entries {
            if !is_name(&key.value) {
                let hint = "names consist of letters, digits, `_`, `-` and `.`";
                report.add_with(key.place, format!("`{}` cannot be a name", key.value), hint);
            }
            named.extend(T::read(node, report).map(|value| (key.clone(), value)));
        }
        (report.len() == before).then_some(Named(named))
    }
}

/// The keys of one section while it is read.
pub(crate) struct Keys<'n, 'r, 'a> {
    what: &'static str,
    pub(crate) place: Place,
    pub(crate) entries: &'n [(At<String>, Node)],
    pub(crate) asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    pub(crate) report: &'r mut Report<'a>,
    before: usize,
}

impl<'n, 'r, 'a> Keys<'n, 'r, 'a> {
    /// Opens a section. `form` shows how it is written, for when it is not a map at all.
    pub(crate) fn open(node: &'n Node, report: &'r mut Report<'a>, what: &'static str, form: &str) -> Option<Self> {
        let before = report.len();
        match &node.value {
            Value::Map(entries) => {
                Some(Keys { what, place: node.place, entries, asked: Vec::new(), missing: Vec::new(), report, before })
            }
            _ => {
                let message = format!("{what} is a map of keys, not {}", node.kind());
                report.add_with(node.place, message, format!("write `{form}`"));
                None
            }
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'n Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let found = self.entries.iter().find(|(name, _)| name.value == key);
        found.map(|(_, node)| node).filter(|node| !matches!(node.value, Value::Nothing))
    }

    /// A key that may be absent.
    pub(crate) fn may<T: Read>(&mut self, key: &'static str) -> Option<T> {
        let node = self.find(key)?;
        T::read(node, self.report)
    }

    /// A key that must be there.
    pub(crate) fn must<T: Read>(&mut self, key: &'static str) -> Option<T> {
        match self.find(key) {
            Some(node) => T::read(node, self.report),
            None => {
                match self.entries.iter().find(|(name, _)| name.value == key) {
                    Some((name, _)) => self.report.add(name.place, format!("`{key}` has no value")),
                    None => self.missing.push(key),
                }
                None
            }
        }
    }

    /// A section with free entries that may be absent.
    pub(crate) fn all<T: Read + Default>(&mut self, key: &'static str) -> T {
        self.may(key).unwrap_or_default()
    }

    /// Notes every key that was not asked for and every one that is missing, unless the two are one slip; nothing
    /// when anything in the section was wrong.
    pub(crate) fn close<T>(mut self, value: Option<T>, hint: impl Fn(&str) -> Option<String>) -> Option<T> {
        for (key, _) in self.entries.iter().filter(|(key, _)| !self.asked.contains(&key.value.as_str())) {
            let message = format!("{} has no key `{}`", self.what, key.value);
            let near = nearest(&key.value, self.asked.iter().copied());
            self.missing.retain(|missing| Some(*missing) != near);
            let remedy = near.map(|name| format!("did you mean `{name}`?")).or_else(|| hint(&key.value));
            let remedy = remedy.or_else(|| suggestion(&key.value, self.asked.iter().copied()));
            let complaint = Complaint { part: 0..0, message, hint: remedy };
            self.report.complain(key.place, complaint);
        }
        for key in self.missing {
            self.report.add(self.place, format!("{} needs the key `{key}`", self.what));
        }
        value.filter(|_| self.report.len() == self.before)
    }

    /// Whether a key is there, or one that may be meant by it.
    pub(crate) fn mentions(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| nearest(&name.value, [key]).is_some())
    }
}

pub(crate) fn no_hint(_: &str) -> Option<String> {
    None
}
