//! What is known of the data and no criterion says: entries of `not_judged`, and the remarks of a recording.

use super::file::{NotJudgedEntry, RemarkEntry};
use super::node::Node;
use super::problem::Report;
use super::read::{Keys, Read, no_hint};

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
