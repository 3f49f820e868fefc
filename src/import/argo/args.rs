//! The arguments of an analysis: `{{args.name}}` as `${name}`, with its value as the default.

use crate::import::documents::{Document, at, text, text_at};
use crate::import::number;
use crate::import::stores::literal;
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

    /// Whether the hashes of both versions are arguments.
    pub(super) fn has_hashes(&self) -> bool {
        self.0.iter().any(|(_, arg)| *arg == Arg::Latest)
    }

    /// The labels of the arms by the hashes of their pods.
    pub(super) fn arms(&self) -> [Vec<(String, String)>; 2] {
        let named = |wanted: Arg, other: &str| {
            let name = self.0.iter().find(|(_, arg)| *arg == wanted).map_or(other, |(name, _)| name.as_str());
            vec![(HASH.to_owned(), format!("${{{name}}}"))]
        };
        [named(Arg::Stable, "stable-hash"), named(Arg::Latest, "latest-hash")]
    }

    /// Whether a text holds a secret of the cluster.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        let is_secret = |name: &str| self.0.iter().any(|(own, arg)| own == name && *arg == Arg::Secret);
        references(text).iter().any(|(_, name)| is_secret(name))
    }

    /// A text of a source or query with references of davy.
    pub(super) fn filled(&self, text: &str) -> String {
        self.replaced(&literal(text), |name, arg| match arg {
            Some(Arg::Value(value)) if !value.contains(['}', '$', '{']) && is_name(name) => {
                Some(format!("${{{name}:-{value}}}"))
            }
            Some(Arg::Value(value)) => Some(literal(value)),
            Some(Arg::Latest) => Some(format!("${{{HASH}}}")),
            _ if is_name(name) => Some(format!("${{{name}}}")),
            _ => None,
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
        let Some(value) = at(node, &[key]) else { return Ok(None) };
        let text = self.inline(text(value).unwrap_or_default());
        if text.contains("{{") {
            return Ok(None);
        }
        let read = number::span(&text).map(Some);
        read.ok_or_else(|| {
            document.problem(value.place, format!("`{key}: {text}` is not a duration: write `5m`, `30s`, `1h`"))
        })
    }

    /// The whole number at a key, with arguments filled in.
    pub(super) fn count(&self, document: &Document, node: &Node, key: &str) -> Result<Option<i64>, Problems> {
        let Some(value) = at(node, &[key]) else { return Ok(None) };
        let text = self.inline(text(value).unwrap_or_default());
        if text.contains("{{") {
            return Ok(None);
        }
        let read = number::count(&text).map(Some);
        read.ok_or_else(|| document.problem(value.place, format!("`{key}: {text}` is not a whole number")))
    }

    fn replaced(&self, text: &str, of: impl Fn(&str, Option<&Arg>) -> Option<String>) -> String {
        let mut result = text.to_owned();
        for (written, name) in references(text) {
            let arg = self.0.iter().find(|(own, _)| *own == name).map(|(_, arg)| arg);
            if let Some(value) = of(&name, arg) {
                result = result.replace(&written, &value);
            }
        }
        result
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

/// Every `{{ args.name }}` of a text with its name.
fn references(text: &str) -> Vec<(String, String)> {
    let parts = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
    let named = parts.filter_map(|(inner, _)| Some((inner, inner.trim().strip_prefix("args.")?.trim())));
    named.map(|(inner, name)| (format!("{{{{{inner}}}}}"), name.to_owned())).collect()
}
