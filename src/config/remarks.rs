//! What a configuration says of data that no criterion shows: what nobody judges, and what a recording knows of its points.
//!
//! Both limit the verdict. `not_judged` is written by `davy init` for columns that it does not understand; a person removes the
//! entries that do not matter. `recording: { remarks }` is written by `--record`, so that a replay answers as the first run did.

use schemars::JsonSchema;

use super::file::File;
use crate::judge::rules::NotJudged;
use crate::series::{Gravity, Remark};
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Text};

/// Something that the data holds and no criterion judges. Every report shows it.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct NotJudgedEntry {
    /// What it is: a column, a latency without a unit.
    #[schemars(with = "Text")]
    pub(super) what: At<String>,
    /// Why no criterion judges it.
    #[schemars(with = "Text")]
    pub(super) why: At<String>,
    /// The best outcome of the verdict without it: pass (it is only shown), warn (default) or inconclusive.
    pub(super) at_best: Option<At<Choice<Gravity>>>,
}

/// A remark on the data of a metric.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RemarkEntry {
    /// The metric.
    pub(super) metric: At<String>,
    /// The best outcome of the metric's criteria: pass, warn or inconclusive.
    pub(super) at_best: At<Choice<Gravity>>,
    /// The sentence.
    #[schemars(with = "Text")]
    pub(super) says: At<String>,
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

/// What the data holds and no criterion judges, as the file lists it.
pub(super) fn not_judged(file: &File) -> Vec<NotJudged> {
    let entry = |entry: &NotJudgedEntry| NotJudged {
        what: entry.what.value.clone(),
        why: entry.why.value.clone(),
        gravity: entry.at_best.as_ref().map_or(Gravity::Suspect, |at_best| at_best.value.0),
    };
    file.not_judged.iter().map(entry).collect()
}

/// What a recording says of the data of a metric.
pub(super) fn of(file: &File, metric: &str) -> Vec<Remark> {
    let all = file.recording.iter().flat_map(|recording| &recording.remarks);
    let own = all.filter(|remark| remark.metric.value == metric);
    own.map(|remark| Remark { gravity: remark.at_best.value.0, text: remark.says.value.clone() }).collect()
}
