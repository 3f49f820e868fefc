//! What differs between a verdict as recorded and as judged now, in sentences: the check behind every recording.
//!
//! Only what a reader would act on counts: the answers, their reasons and the numbers. The version of davy, the
//! sentences and the way a time is written may change between releases.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Finding, Number};
use super::prose::plain;
use super::words;

/// Numbers closer than this, relative to their size, are the same.
const TOLERANCE: f64 = 1e-9;

/// One sentence per difference; none when both say the same.
pub fn diff(recorded: &Document, now: &Document) -> Vec<String> {
    let mut differences = Vec::new();
    if recorded.outcome != now.outcome {
        differences.push(format!(
            "the verdict was {} when recorded and is {} now",
            recorded.outcome.word(),
            now.outcome.word()
        ));
    }
    if recorded.recommendation != now.recommendation {
        let (before, after) =
            (words::recommendation(&recorded.recommendation), words::recommendation(&now.recommendation));
        differences.push(format!("the recommendation was `{before}` when recorded and is `{after}` now"));
    }
    let (before, after) = (by_name(recorded), by_name(now));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) => compare(before, after, &mut differences),
            (Some(before), None) => {
                differences.push(format!(
                    "`{}` was {} when recorded and is not judged now",
                    plain(&before.criterion),
                    before.outcome.word()
                ));
            }
            (None, Some(after)) => {
                differences.push(format!(
                    "`{}` is {} now and was not recorded",
                    plain(&after.criterion),
                    after.outcome.word()
                ));
            }
            (None, None) => {}
        }
    }
    if recorded.not_judged != now.not_judged {
        differences.push("what is not judged differs from what was recorded".into());
    }
    differences
}

/// Findings by name; should a name come twice, its second finding is compared with the other's second.
fn by_name(document: &Document) -> BTreeMap<(&str, usize), &Finding> {
    let mut seen = BTreeMap::new();
    let keyed = document.findings.iter().map(|finding| {
        let nth = seen.entry(finding.criterion.as_str()).and_modify(|n| *n += 1).or_insert(0);
        ((finding.criterion.as_str(), *nth), finding)
    });
    keyed.collect()
}

fn compare(before: &Finding, after: &Finding, differences: &mut Vec<String>) {
    let name = plain(&before.criterion);
    if before.outcome != after.outcome {
        let words = (before.outcome.word(), after.outcome.word());
        differences.push(format!("`{name}` was {} when recorded and is {} now", words.0, words.1));
    }
    if before.reason != after.reason {
        let (old, new) = (plain(&before.reason), plain(&after.reason));
        differences.push(format!("`{name}`: the reason was {old} when recorded and is {new} now"));
    }
    for ((what, old), (_, new)) in numbers(before).into_iter().zip(numbers(after)) {
        if !same(old, new) {
            let (old, new) = (shown(old), shown(new));
            differences.push(format!("`{name}`: {what} was {old} when recorded and is {new} now"));
        }
    }
}

fn numbers(finding: &Finding) -> [(&'static str, Option<Number>); 7] {
    let evidence = &finding.evidence;
    let effect = evidence.effect.as_ref();
    [
        ("the baseline's sample size", evidence.n.baseline),
        ("the canary's sample size", evidence.n.canary),
        ("the baseline's estimate", evidence.estimate.baseline),
        ("the canary's estimate", evidence.estimate.canary),
        ("the effect", effect.and_then(|effect| effect.estimate)),
        ("the lower end of the interval", effect.and_then(|effect| effect.low)),
        ("the upper end of the interval", effect.and_then(|effect| effect.high)),
    ]
}

fn same(old: Option<Number>, new: Option<Number>) -> bool {
    match (old.map(Number::get), new.map(Number::get)) {
        (Some(old), Some(new)) => (old - new).abs() <= TOLERANCE * old.abs().max(new.abs()),
        (old, new) => old.is_none() && new.is_none(),
    }
}

fn shown(number: Option<Number>) -> String {
    number.map_or("nothing".into(), |number| number.get().to_string())
}
