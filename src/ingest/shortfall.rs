//! What the numbers of a log do not have: rows that could not be read, requests without a latency, rows of neither arm, and
//! conditions that no row fulfils. A reader of the verdict must know it, and where the answer could hide there, nothing passes.
//!
//! Three rules decide:
//!
//! - **A hundredth.** The highest quantile that is judged by default, p99, looks at the slowest hundredth of an arm's requests.
//!   Where more than that lack what is measured, the slow ones may all be among them: what timed out has no latency.
//! - **More than the baseline.** What both arms lack alike changes neither against the other. Where the canary lacks more than
//!   twice what the baseline's share predicts, and at least [`FEW`] rows more, what it lacks is part of what is to be judged:
//!   a canary may write its errors in a form of its own.
//! - **Nothing at all.** A condition that no row of an arm fulfils counts zero whatever happened, as does a misspelt one.

use crate::series::{Arm, Gravity, Pair, Remark};

/// The share of an arm's rows that may lack what is measured.
const HUNDREDTH: f64 = 0.01;
/// So many rows more than the baseline predicts are no chance of a log that was cut or torn.
const FEW: f64 = 5.0;

/// What is known of one arm's rows, for one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// The log, for people.
    pub shown: String,
    /// Rows of the arm that count.
    pub counted: u64,
    /// Rows of it that could not be read, those whose arm is not known among them.
    pub bad: u64,
    /// One sentence for each reason.
    pub why_bad: Vec<String>,
    /// Rows that the metric's conditions choose.
    pub chosen: u64,
    /// The metric's condition, where it has one.
    pub filter: Option<String>,
    /// Conditions that are counted, and hold for no row.
    pub unseen: Vec<String>,
    /// Whether the metric measures anything of a row.
    pub measures: bool,
    /// Chosen rows without what is measured.
    pub unmeasured: u64,
    /// An example of them.
    pub example: Option<String>,
    /// What the rows of neither arm say, and how many they are.
    pub strangers: Vec<(String, u64)>,
    /// Of those, what resembles this arm's name.
    pub alike: Vec<String>,
    /// Whether the arms have their usual names, so that all rows should be of one.
    pub usual: bool,
    /// Where an access log has the latency.
    pub place: Option<String>,
    /// How the log begins, where it is long enough to tell it from others.
    pub beginning: Option<u64>,
}

/// What to say of both arms of a metric.
pub(super) fn remarks(facts: &Pair<Option<Facts>>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for arm in Arm::BOTH {
        let Some(own) = facts.get(arm) else { continue };
        let other = if arm == Arm::Canary { facts.baseline.as_ref() } else { None };
        unread(own, other, &mut remarks);
        unmeasured(arm, own, other, &mut remarks);
        strangers(arm, own, &mut remarks);
        if let Some(filter) = own.filter.as_ref().filter(|_| own.chosen == 0 && own.counted > 0) {
            remarks.push(Remark::incomplete(format!(
                "{}: none of the {}'s {} fulfils `{filter}`",
                own.shown,
                arm.name(),
                rows(own.counted)
            )));
        }
    }
    if let (Some(baseline), Some(canary)) = (&facts.baseline, &facts.canary) {
        if let (Some(one), Some(other)) = (&baseline.place, &canary.place)
            && one != other
        {
            let text = format!("the latency is {one} in {} and {other} in {}", baseline.shown, canary.shown);
            remarks.push(Remark::suspect(text));
        }
        for condition in baseline.unseen.iter().filter(|condition| canary.unseen.contains(condition)) {
            remarks.push(Remark::note(format!("no row of either arm fulfils `{condition}`")));
        }
        let same = baseline.beginning.is_some() && baseline.beginning == canary.beginning;
        if same && baseline.shown != canary.shown {
            let text = format!(
                "{} and {} begin with the same rows: a log compared with itself says nothing of the canary",
                baseline.shown, canary.shown
            );
            remarks.push(Remark::incomplete(text));
        }
    }
    remarks.dedup();
    remarks
}

fn unread(own: &Facts, other: Option<&Facts>, remarks: &mut Vec<Remark>) {
    let whole = |facts: &Facts| facts.counted + facts.bad;
    let excess = other.is_some_and(|other| exceeds(own.bad, whole(own), other.bad, whole(other)));
    let gravity =
        if excess || own.bad as f64 > HUNDREDTH * whole(own) as f64 { Gravity::Incomplete } else { Gravity::Note };
    remarks.extend(own.why_bad.iter().map(|text| Remark { gravity, text: text.clone() }));
}

fn unmeasured(arm: Arm, own: &Facts, other: Option<&Facts>, remarks: &mut Vec<Remark>) {
    if !own.measures || own.unmeasured == 0 {
        return;
    }
    let (name, example) = (arm.name(), own.example.as_deref().unwrap_or_default());
    let mut text = format!(
        "{}: {} of {} of the {name} lack what is measured{example}",
        own.shown,
        own.unmeasured,
        requests(own.chosen)
    );
    let excess = other.is_some_and(|other| exceeds(own.unmeasured, own.chosen, other.unmeasured, other.chosen));
    let many = own.unmeasured as f64 > HUNDREDTH * own.chosen as f64;
    if !excess && !many {
        remarks.push(Remark::note(text));
        return;
    }
    text.push_str(if many { "; the slowest may be among them" } else { "; the baseline lacks fewer" });
    text.push_str(". If they need none, leave them out with `where`");
    remarks.push(Remark::incomplete(text));
}

fn strangers(arm: Arm, own: &Facts, remarks: &mut Vec<Remark>) {
    let all: u64 = own.strangers.iter().map(|(_, rows)| rows).sum();
    if all == 0 {
        return;
    }
    let names: Vec<String> = own.strangers.iter().take(6).map(|(name, _)| format!("{name:?}")).collect();
    let text = format!("{}: {} of neither arm: {}", own.shown, rows(all), names.join(", "));
    if let Some(alike) = own.alike.first() {
        let text = format!("{text}; {alike:?} may be the {}", arm.name());
        remarks.push(Remark::incomplete(text));
    } else if own.usual && all > own.counted {
        remarks.push(Remark::incomplete(format!("{text}, more than of the {}", arm.name())));
    } else {
        remarks.push(Remark::note(text));
    }
}

/// Whether the canary lacks more than twice what the baseline's share predicts, and some rows more.
fn exceeds(canary: u64, of: u64, baseline: u64, of_baseline: u64) -> bool {
    let predicted = if of_baseline == 0 { 0.0 } else { baseline as f64 * of as f64 / of_baseline as f64 };
    canary as f64 > 2.0 * predicted && canary as f64 >= predicted + FEW
}

fn rows(n: u64) -> String {
    format!("{n} row{}", if n == 1 { "" } else { "s" })
}

fn requests(n: u64) -> String {
    format!("{n} request{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn arms(baseline: Facts, canary: Facts) -> Vec<Gravity> {
        remarks(&Pair { baseline: Some(baseline), canary: Some(canary) })
            .into_iter()
            .map(|remark| remark.gravity)
            .collect()
    }

    fn facts() -> Facts {
        Facts { shown: "log".into(), counted: 10_000, chosen: 10_000, measures: true, ..Facts::default() }
    }

    #[test]
    fn what_both_arms_lack_alike_is_a_note_until_it_is_a_hundredth() {
        let lacking = |unmeasured| Facts { unmeasured, ..facts() };
        assert_eq!(arms(facts(), facts()), []);
        assert_eq!(arms(lacking(50), lacking(60)), [Gravity::Note, Gravity::Note]);
        assert_eq!(arms(facts(), lacking(4)), [Gravity::Note]);
        assert_eq!(arms(facts(), lacking(5)), [Gravity::Incomplete]);
        assert_eq!(arms(lacking(10), lacking(21)), [Gravity::Note, Gravity::Incomplete]);
        assert_eq!(arms(lacking(101), lacking(60)), [Gravity::Incomplete, Gravity::Note]);
        assert_eq!(arms(facts(), Facts { measures: false, ..lacking(500) }), []);
    }

    #[test]
    fn a_canary_with_more_bad_rows_than_the_baseline_does_not_pass() {
        let bad = |bad| Facts { bad, why_bad: vec![format!("{bad} bad")], ..facts() };
        assert_eq!(arms(bad(3), bad(5)), [Gravity::Note, Gravity::Note]);
        assert_eq!(arms(bad(3), bad(9)), [Gravity::Note, Gravity::Incomplete]);
        assert_eq!(arms(bad(9), bad(3)), [Gravity::Note, Gravity::Note]);
        assert_eq!(arms(bad(200), bad(201)), [Gravity::Incomplete, Gravity::Incomplete]);
    }

    #[test]
    fn rows_of_neither_arm_and_conditions_that_nothing_fulfils_are_said() {
        let strange = |rows, usual| Facts { strangers: vec![("main".into(), rows)], usual, ..facts() };
        assert_eq!(arms(facts(), strange(50, true)), [Gravity::Note]);
        assert_eq!(arms(facts(), strange(20_000, true)), [Gravity::Incomplete]);
        assert_eq!(arms(facts(), strange(20_000, false)), [Gravity::Note]);
        assert_eq!(
            arms(facts(), Facts { alike: vec!["canary-v2".into()], ..strange(5, false) }),
            [Gravity::Incomplete]
        );
        let none = Facts { filter: Some("route = \"/x\"".into()), chosen: 0, ..facts() };
        assert_eq!(arms(none.clone(), none.clone()), [Gravity::Incomplete, Gravity::Incomplete]);
        assert_eq!(arms(facts(), Facts { counted: 0, ..none }), []);
    }

    #[test]
    fn a_condition_that_holds_nowhere_is_said() {
        let unseen = Facts { unseen: vec!["kind = \"panic\"".into()], ..facts() };
        assert_eq!(arms(unseen.clone(), unseen.clone()), [Gravity::Note]);
        assert_eq!(arms(unseen, facts()), []);
    }

    #[test]
    fn the_same_beginning_or_another_place_of_the_latency_is_doubtful() {
        let begun = |shown: &str, place: &str| Facts {
            shown: shown.into(),
            beginning: Some(7),
            place: Some(place.into()),
            ..facts()
        };
        assert_eq!(arms(begun("a", "rt"), begun("a", "rt")), []);
        assert_eq!(arms(begun("a", "rt"), begun("b", "rt")), [Gravity::Incomplete]);
        assert_eq!(arms(begun("a", "rt"), Facts { beginning: None, ..begun("b", "field 9") }), [Gravity::Suspect]);
    }
}
