//! Columns that tell rows apart, as written: by arm, and by what a row of a long file measures.

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

/// The columns of a long file.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct LongEntry {
    /// The column that names what the row measures.
    pub(in crate::config) name: At<String>,
    /// The column with the measured value.
    pub(in crate::config) value: At<String>,
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

impl Read for LongEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`long`", "long: { name: metric, value: value }")?;
        let entry = keys.must("name").zip(keys.must("value")).map(|(name, value)| LongEntry { name, value });
        keys.close(entry, no_hint)
    }
}
