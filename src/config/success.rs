//! The success criteria of the rollout, as its plan has them: each is a sentence, shown by criteria of any phase.

use schemars::JsonSchema;

use super::plan::{Plan, Success};
use crate::judge::rules::TRAFFIC_SHARE;
use crate::text::node::Node;
use crate::text::problem::{At, Report, suggestion};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Text;

/// A success criterion of the rollout: met when all the criteria that show it pass.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SuccessEntry {
    /// Its identifier: SC-001.
    #[schemars(with = "Text")]
    id: At<String>,
    /// What it says: "all requests are authenticated".
    #[schemars(with = "Text")]
    says: At<String>,
    /// The names of the criteria that show it, of any phase.
    criteria: Vec<At<String>>,
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

/// What is meant, where every criterion that is named is one of some phase.
pub(super) fn meant(entries: &[SuccessEntry], plans: &[Plan], report: &mut Report) -> Vec<Success> {
    let mut known: Vec<&str> = plans.iter().flat_map(|plan| &plan.rules.criteria).map(|c| c.name.as_str()).collect();
    known.extend(plans.iter().any(|plan| plan.rules.traffic.is_some()).then_some(TRAFFIC_SHARE));
    for (at, entry) in entries.iter().enumerate() {
        if entries[..at].iter().any(|other| other.id.value == entry.id.value) {
            report.add(entry.id.place, format!("there is more than one success criterion `{}`", entry.id.value));
        }
        if entry.criteria.is_empty() {
            report.add_with(entry.id.place, "nothing shows it", "name the criteria that do: `criteria: [errors < 1%]`");
        }
        for name in entry.criteria.iter().filter(|name| !known.contains(&name.value.as_str())) {
            let hint = suggestion(&name.value, known.iter().copied());
            let hint =
                hint.unwrap_or("a criterion is called by its `name`, else by metric and bound: `errors < 1%`".into());
            report.add_with(name.place, format!("no phase has a criterion `{}`", name.value), hint);
        }
    }
    let names = |entry: &SuccessEntry| entry.criteria.iter().map(|name| name.value.clone()).collect();
    let success = |entry: &SuccessEntry| Success {
        id: entry.id.value.clone(),
        says: entry.says.value.clone(),
        criteria: names(entry),
    };
    entries.iter().map(success).collect()
}
