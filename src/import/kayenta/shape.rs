//! Which documents are of Kayenta, by their keys.

use crate::import::documents::{at, entries, list, text_at};
use crate::text::node::{Node, Value};

/// Whether a document is of Kayenta.
pub(in crate::import) fn is_one(node: &Node) -> bool {
    is_config(node)
        || at(node, &["canaryConfig"]).is_some_and(is_config)
        || is_request(node)
        || !stages(node).is_empty()
}

/// Whether it is a canary configuration.
pub(super) fn is_config(node: &Node) -> bool {
    let is_its = |metric: &Node| {
        let query = metric.get("query").is_some_and(|query| matches!(query.value, Value::Map(_)));
        metric.get("analysisConfigurations").is_some() || (query && metric.get("groups").is_some())
    };
    list(node, &["metrics"]).iter().any(is_its)
}

/// The stages of a pipeline in which a canary is judged.
pub(super) fn stages(node: &Node) -> Vec<&Node> {
    let is_its = |stage: &&Node| text_at(stage, &["type"]) == Some("kayentaCanary");
    list(node, &["stages"]).iter().filter(is_its).collect()
}

/// Whether a document asks for a canary: `scopes` of control and experiment, or of an ad-hoc request.
pub(super) fn is_request(node: &Node) -> bool {
    entries(node, &["scopes"]).iter().any(|(_, scope)| scope.get("controlScope").is_some())
}
