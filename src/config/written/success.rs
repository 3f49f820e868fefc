//! The success criteria of a rollout, as written.

use schemars::JsonSchema;

use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Text;

/// A success criterion of the rollout: met when all the criteria that show it pass.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct SuccessEntry {
    /// Its identifier: SC-001.
    #[schemars(with = "Text")]
    pub(in crate::config) id: At<String>,
    /// What it says: "all requests are authenticated".
    #[schemars(with = "Text")]
    pub(in crate::config) says: At<String>,
    /// The names of the criteria that show it, of any phase.
    pub(in crate::config) criteria: Vec<At<String>>,
}

impl Read for SuccessEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "{ id: SC-001, says: \"all requests are authenticated\", criteria: [\"errors < 1%\"] }";
        let mut keys = Keys::open(node, report, "a success criterion", form)?;
        let parts = (keys.must("id"), keys.must("says"), keys.must::<Vec<At<String>>>("criteria"));
        let entry = match parts {
            (Some(id), Some(says), Some(criteria)) => Some(SuccessEntry { id, says, criteria }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}
