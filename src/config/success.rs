//! The success criteria of the rollout, as its plan has them: each is a sentence, shown by criteria of any phase.

use super::written::success::SuccessEntry;

use super::plan::{Plan, Success};
use crate::judge::rules::TRAFFIC_SHARE;
use crate::text::problem::{Report, suggestion};

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
