//! What is not judged, and what a recording knows of its data, as written.

use schemars::JsonSchema;

use crate::series::Gravity;
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Text};

/// Something that the data holds and no criterion judges. Every report shows it.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct NotJudgedEntry {
    /// What it is: a column, a latency without a unit.
    #[schemars(with = "Text")]
    pub(in crate::config) what: At<String>,
    /// Why no criterion judges it.
    #[schemars(with = "Text")]
    pub(in crate::config) why: At<String>,
    /// The best outcome of the verdict without it: pass (it is only shown), warn (default) or inconclusive.
    pub(in crate::config) at_best: Option<At<Choice<Gravity>>>,
}

/// A remark on the data of a metric.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct RemarkEntry {
    /// The metric.
    pub(in crate::config) metric: At<String>,
    /// The best outcome of the metric's criteria: pass, warn or inconclusive.
    pub(in crate::config) at_best: At<Choice<Gravity>>,
    /// The sentence.
    #[schemars(with = "Text")]
    pub(in crate::config) says: At<String>,
}

impl Read for NotJudgedEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "an entry of `not_judged`", "{ what: p95_ms, why: …, at_best: warn }")?;
        let (parts, at_best) = ((keys.must("what"), keys.must("why")), keys.may("at_best"));
        let entry = match parts {
            (Some(what), Some(why)) => Some(NotJudgedEntry { what, why, at_best }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}

impl Read for RemarkEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a remark", "{ metric: errors, at_best: warn, says: … }")?;
        let parts = (keys.must("metric"), keys.must("at_best"), keys.must("says"));
        let entry = match parts {
            (Some(metric), Some(at_best), Some(says)) => Some(RemarkEntry { metric, at_best, says }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}
