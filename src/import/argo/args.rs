//! The arguments of an analysis: `{{args.name}}` as `${name}`, with its value as the default.

use crate::import::documents::{Document, at, text, text_at};
use crate::import::number;
use crate::import::stores::{self, literal, reference};
use crate::series::SignedDuration;
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::scalar::is_name;

/// What an argument is.
#[derive(Debug, Clone, PartialEq)]
enum Arg {
    Value(String),
    /// It comes from a secret of the cluster.
    Secret,
    /// The hash of the pods of the stable version, or of the latest.
    Stable,
    Latest,
    /// Nothing says what it is.
    Open,
}

/// The arguments of an analysis by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Args(Vec<(String, Arg)>);

/// The label that tells the arms apart by the hash of their pods.
const HASH: &str = "hash";

impl Args {
    /// The arguments of a template; what a caller gives goes before its own.
    pub(super) fn of(own: &[Node], given: &[&Node]) -> Args {
        let mut args = Args::default();
        for node in own.iter().chain(given.iter().copied()) {
            let Some(name) = text_at(node, &["name"]) else { continue };
            let arg = arg(name, node);
            match args.0.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) if arg != Arg::Open || at(node, &["value"]).is_some() => *known = arg,
                Some(_) => {}
                None => args.0.push((name.to_owned(), arg)),
            }
        }
        args
    }

    /// Whether the hash of the latest pods is an argument.
    pub(super) fn has_hashes(&self) -> bool {
        self.0.iter().any(|(_, arg)| *arg == Arg::Latest)
    }

    /// The labels of the arms by the hashes of their pods.
    pub(super) fn arms(&self) -> [Vec<(String, String)>; 2] {
        let named = |wanted: Arg, other: &str| {
            let name = self.0.iter().find(|(_, arg)| *arg == wanted).map_or(other, |(name, _)| name.as_str());
            vec![(HASH.to_owned(), reference(name, None))]
        };
        [named(Arg::Stable, "stable-hash"), named(Arg::Latest, "latest-hash")]
    }

    /// Whether a text holds a secret of the cluster.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        let mut is_held = false;
        self.replaced(text, |_, arg| {
            is_held |= arg == Some(&Arg::Secret);
            None
        });
        is_held
    }

    /// A text of a source or query with references of davy.
    pub(super) fn filled(&self, text: &str) -> String {
        self.replaced(&literal(text), |name, arg| match arg {
            Some(Arg::Value(value)) if !value.contains(['}', '$', '{']) && is_name(name) => {
                Some(reference(name, Some(value)))
            }
            Some(Arg::Value(value)) => Some(literal(value)),
            Some(Arg::Latest) => Some(reference(HASH, None)),
            _ => is_name(name).then(|| reference(name, None)),
        })
    }

    /// A text with the values of arguments; those without a value stay.
    pub(super) fn inline(&self, text: &str) -> String {
        self.replaced(text, |_, arg| match arg {
            Some(Arg::Value(value)) => Some(value.clone()),
            _ => None,
        })
    }

    /// The span at a key, with arguments filled in.
    pub(super) fn span(&self, document: &Document, node: &Node, key: &str) -> Result<Option<SignedDuration>, Problems> {
        self.read(document, node, key, number::span, "a duration: write `5m`, `30s`, `1h`")
    }

    /// The whole number at a key, with arguments filled in.
    pub(super) fn count(&self, document: &Document, node: &Node, key: &str) -> Result<Option<i64>, Problems> {
        self.read(document, node, key, number::count, "a whole number")
    }

    /// What a key means once arguments are filled in; nothing if one of them has no value.
    fn read<T>(
        &self,
        document: &Document,
        node: &Node,
        key: &str,
        parse: fn(&str) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, Problems> {
        let Some(value) = at(node, &[key]) else { return Ok(None) };
        let text = self.inline(text(value).unwrap_or_default());
        if text.contains("{{") {
            return Ok(None);
        }
        let read = parse(&text).map(Some);
        read.ok_or_else(|| document.problem(value.place, format!("`{key}: {text}` is not {what}")))
    }

    /// A text with something else for each `{{ args.name }}` that `of` knows.
    fn replaced(&self, text: &str, mut of: impl FnMut(&str, Option<&Arg>) -> Option<String>) -> String {
        stores::braced(text, |word, _| {
            let name = word.trim().strip_prefix("args.")?.trim();
            let arg = self.0.iter().find(|(own, _)| own == name).map(|(_, arg)| arg);
            Some((of(name, arg)?, 0))
        })
    }
}

fn arg(name: &str, node: &Node) -> Arg {
    let hash = text_at(node, &["valueFrom", "podTemplateHashValue"]);
    if at(node, &["valueFrom", "secretKeyRef"]).is_some() {
        return Arg::Secret;
    }
    match (hash, text_at(node, &["value"])) {
        (Some("Stable"), _) => Arg::Stable,
        (Some(_), _) => Arg::Latest,
        // what another part of the cluster fills in
        (None, Some(value)) if !value.contains("{{") => Arg::Value(value.to_owned()),
        (None, _) => match name {
            "latest-hash" | "canary-hash" => Arg::Latest,
            "stable-hash" | "baseline-hash" => Arg::Stable,
            _ => Arg::Open,
        },
    }
}
