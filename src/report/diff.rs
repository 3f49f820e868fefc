//! What differs between two verdicts, in sentences, the worst first: the check behind every recording.
//!
//! Only what a reader would act on counts: the answers, their reasons and the numbers. The version of davy, the sentences and
//! the way a time is written may change between releases. A criterion is the same criterion if it judges the same, whatever its
//! bound: an edited limit is shown as an edited limit.

use super::document::{Document, Evidence, Finding, Number, Outcome};
use super::localised::{Localised, Mix, MixAnswer, MixDecides, called};
use super::prose::plain;
use super::words;

/// Numbers closer than this, relative to their size, are the same.
const TOLERANCE: f64 = 1e-9;

/// What the two verdicts are called: `when recorded` and `now`.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The first.
    pub before: &'a str,
    /// The second.
    pub after: &'a str,
}

/// A recorded verdict and that of today.
pub const RECORDED: Sides = Sides { before: "when recorded", after: "now" };

/// One sentence per difference, the worst first; none if both say the same.
pub fn diff(before: &Document, after: &Document, sides: Sides) -> Vec<String> {
    let Sides { before: then, after: now } = sides;
    let mut found = Vec::new();
    if before.outcome != after.outcome {
        let (old, new) = (before.outcome.word(), after.outcome.word());
        found.push((Rank::Verdict, format!("the verdict was {old} {then} and is {new} {now}")));
    }
    if before.recommendation != after.recommendation {
        let [old, new] = [before, after].map(|document| words::recommendation(&document.recommendation));
        found.push((Rank::Verdict, format!("the recommendation was `{old}` {then} and is `{new}` {now}")));
    }
    let (pairs, gone, added) = matched(&before.findings, &after.findings);
    for (old, new) in pairs {
        compare(old, new, sides, &mut found);
    }
    for old in gone {
        let (name, word) = (plain(&old.criterion), old.outcome.word());
        found.push((Rank::Answer(old.outcome), format!("`{name}` was {word} {then} and is not judged {now}")));
    }
    for new in added {
        let (name, word) = (plain(&new.criterion), new.outcome.word());
        found.push((Rank::Answer(new.outcome), format!("`{name}` is {word} {now} and was not judged {then}")));
    }
    slices(before, after, sides, &mut found);
    if before.not_judged != after.not_judged {
        found.push((Rank::Reason, format!("what no criterion judges is not the same {then} and {now}")));
    }
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    found.into_iter().map(|(_, sentence)| sentence).collect()
}

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number,
    Reason,
    Bound,
    Answer(Outcome),
    Verdict,
}

/// What two findings are compared by, the surest first.
type Same = fn(&Finding, &Finding) -> bool;

/// The pairs of findings that judge the same, those that only the first has, and those that only the second has.
fn matched<'d>(
    before: &'d [Finding],
    after: &'d [Finding],
) -> (Vec<(&'d Finding, &'d Finding)>, Vec<&'d Finding>, Vec<&'d Finding>) {
    let same: [Same; 3] = [
        |one, other| one.criterion == other.criterion,
        |one, other| judges_same(one, other) && operator(one) == operator(other),
        judges_same,
    ];
    let mut partners: Vec<Option<usize>> = vec![None; before.len()];
    let mut free: Vec<bool> = vec![true; after.len()];
    for same in same {
        for (at, old) in before.iter().enumerate().filter(|(at, _)| partners[*at].is_none()).collect::<Vec<_>>() {
            let partner = after.iter().enumerate().find(|(nth, new)| free[*nth] && same(old, new));
            if let Some((nth, _)) = partner {
                partners[at] = Some(nth);
                free[nth] = false;
            }
        }
    }
    let pairs = before.iter().zip(&partners).filter_map(|(old, nth)| Some((old, &after[(*nth)?])));
    let gone = before.iter().zip(&partners).filter(|(_, nth)| nth.is_none()).map(|(old, _)| old);
    let added = after.iter().zip(&free).filter(|(_, free)| **free).map(|(new, _)| new);
    (pairs.collect(), gone.collect(), added.collect())
}

fn judges_same(one: &Finding, other: &Finding) -> bool {
    one.metric == other.metric && one.statistic == other.statistic && one.rule.kind == other.rule.kind
}

/// The direction of a bound, and whether it is one against the baseline.
fn operator(finding: &Finding) -> (char, bool) {
    (finding.target.chars().next().unwrap_or(' '), finding.target.contains("baseline"))
}

fn compare(old: &Finding, new: &Finding, sides: Sides, found: &mut Vec<(Rank, String)>) {
    let Sides { before: then, after: now } = sides;
    let name = plain(&new.criterion);
    if old.outcome != new.outcome {
        let (was, is) = (old.outcome.word(), new.outcome.word());
        found
            .push((Rank::Answer(old.outcome.max(new.outcome)), format!("`{name}` was {was} {then} and is {is} {now}")));
    }
    for (what, was, is) in [("bound", &old.target, &new.target), ("severity", &word(old), &word(new))] {
        if was != is {
            let (was, is) = (plain(was), plain(is));
            found.push((Rank::Bound, format!("`{name}`: the {what} was {was} {then} and is {is} {now}")));
        }
    }
    if old.reason != new.reason {
        let (was, is) = (plain(&old.reason), plain(&new.reason));
        found.push((Rank::Reason, format!("`{name}`: the reason was {was} {then} and is {is} {now}")));
    }
    let began = |finding: &Finding| finding.evidence.since.as_ref().map_or("none", |since| &since.at).to_owned();
    let (was, is) = (plain(&began(old)), plain(&began(new)));
    if was != is {
        found.push((
            Rank::Number,
            format!("`{name}`: the beginning of what is worse was {was} {then} and is {is} {now}"),
        ));
    }
    for ((what, was), (_, is)) in numbers(&old.evidence).into_iter().zip(numbers(&new.evidence)) {
        found.extend(other_number(&format!("`{name}`: {what}"), &was, &is, sides));
    }
}

/// Says that a number is another.
fn other_number(
    what: &str,
    was: &Shown,
    is: &Shown,
    Sides { before: then, after: now }: Sides,
) -> Option<(Rank, String)> {
    (!same(was.value, is.value)).then(|| {
        let (was, is) = told_apart(was, is);
        (Rank::Number, format!("{what} was {was} {then} and is {is} {now}"))
    })
}

/// What both say of slices: which are named, by how much, and what they make of the mixes. A release before 1.8 says nothing of them.
fn slices(before: &Document, after: &Document, sides: Sides, found: &mut Vec<(Rank, String)>) {
    let Sides { before: then, after: now } = sides;
    for new in &after.localised {
        let Some(old) = before.localised.iter().find(|old| old.criterion == new.criterion) else { continue };
        let (name, was, is) = (plain(&new.criterion), named(old), named(new));
        if was != is {
            found.push((Rank::Reason, format!("`{name}`: what is worse was {was} {then} and is {is} {now}")));
            continue;
        }
        for (before, own) in old.named.iter().zip(&new.named) {
            let slice = plain(&called(own).0);
            for (what, was, is) in [("ratio", before.ratio, own.ratio), ("lower end", before.low, own.low)] {
                let what = format!("`{name}`: the {what} of {slice}");
                found.extend(other_number(&what, &Shown::of(was), &Shown::of(is), sides));
            }
        }
    }
    for new in &after.mixes {
        let own = |old: &&Mix| old.metric == new.metric && old.dimensions == new.dimensions;
        let Some(old) = before.mixes.iter().find(own) else { continue };
        let (metric, was, is) = (plain(&new.metric), mix(old), mix(new));
        if was != is {
            found.push((Rank::Reason, format!("the mix of {metric} {was} {then} and {is} {now}")));
        } else {
            let what = format!("the distance of the mixes of {metric}");
            found.extend(other_number(&what, &Shown::of(old.distance), &Shown::of(new.distance), sides));
        }
    }
}

fn named(localised: &Localised) -> String {
    let each: Vec<String> = localised.named.iter().map(|line| plain(&called(line).0)).collect();
    if each.is_empty() { "no slice".into() } else { each.join(" and ") }
}

/// What is said of a mix, as a verb that fits before both "then" and "now".
fn mix(mix: &Mix) -> &'static str {
    match (mix.answer, mix.decides) {
        (MixAnswer::Same, _) => "does not differ",
        (MixAnswer::Differs, MixDecides::Plain) => "differs and decides nothing",
        (MixAnswer::Differs, MixDecides::Adjusted) => "differs and decides",
    }
}

fn word(finding: &Finding) -> String {
    format!("{:?}", finding.severity).to_lowercase()
}

/// A number as it is and as people read it.
struct Shown {
    value: Option<Number>,
    text: String,
}

impl Shown {
    /// A plain number.
    fn of(value: Option<Number>) -> Shown {
        Shown { value, text: value.map_or("nothing".into(), words::whole) }
    }
}

fn numbers(evidence: &Evidence) -> [(&'static str, Shown); 10] {
    let effect = evidence.effect.as_ref();
    let since = evidence.since.as_ref().map(|since| &since.effect);
    let level = |value: Option<Number>| Shown { value, text: words::estimate(evidence, value) };
    let scaled = |value: Option<Number>| Shown {
        value,
        text: value.map_or("nothing".into(), |value| words::on_effect_scale(evidence, value)),
    };
    [
        ("the baseline's sample size", Shown::of(evidence.n.baseline)),
        ("the canary's sample size", Shown::of(evidence.n.canary)),
        ("the baseline's estimate", level(evidence.estimate.baseline)),
        ("the canary's estimate", level(evidence.estimate.canary)),
        ("the effect", scaled(effect.and_then(|effect| effect.estimate))),
        ("the lower end of the interval", scaled(effect.and_then(|effect| effect.low))),
        ("the upper end of the interval", scaled(effect.and_then(|effect| effect.high))),
        ("the effect since that step", scaled(since.and_then(|effect| effect.estimate))),
        ("the lower end of its interval", scaled(since.and_then(|effect| effect.low))),
        ("the upper end of its interval", scaled(since.and_then(|effect| effect.high))),
    ]
}

fn same(old: Option<Number>, new: Option<Number>) -> bool {
    match (old.map(Number::get), new.map(Number::get)) {
        (Some(old), Some(new)) => (old - new).abs() <= TOLERANCE * old.abs().max(new.abs()),
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// Both numbers as people read them; in full if they would look the same.
fn told_apart(old: &Shown, new: &Shown) -> (String, String) {
    if old.text != new.text {
        return (old.text.clone(), new.text.clone());
    }
    let full =
        |shown: &Shown| shown.value.map_or(shown.text.clone(), |value| format!("{} ({})", shown.text, value.get()));
    (full(old), full(new))
}
