//! What could not be reached when it was recorded, as written.

use schemars::JsonSchema;

use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};

/// Written by `--record` instead of a source that could not be reached.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct LostEntry {
    /// Why not.
    pub(in crate::config) why: At<String>,
}

impl Read for LostEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`unreachable`", "unreachable: { why: access denied }")?;
        let why = keys.must("why");
        keys.close(why.map(|why| LostEntry { why }), no_hint)
    }
}
