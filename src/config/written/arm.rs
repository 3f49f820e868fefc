//! The column that tells the arms apart, as written.

use schemars::JsonSchema;

use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Text;

/// The column that tells the arms apart.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct ArmColumnEntry {
    /// Its name.
    pub(in crate::config) column: At<String>,
    /// The value that marks the baseline.
    #[schemars(with = "Text")]
    pub(in crate::config) baseline: At<String>,
    /// The value that marks the canary.
    #[schemars(with = "Text")]
    pub(in crate::config) canary: At<String>,
}

impl Read for ArmColumnEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "arm: { column: group, baseline: control, canary: treatment }";
        let mut keys = Keys::open(node, report, "`arm`", form)?;
        let parts = (keys.must("column"), keys.must("baseline"), keys.must("canary"));
        let entry = match parts {
            (Some(column), Some(baseline), Some(canary)) => Some(ArmColumnEntry { column, baseline, canary }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}
