//! What of an expectation a verdict does not meet, in sentences.

use crate::config::{Between, Expected, ExpectedFinding};
use crate::judge::reading::names_unit;
use crate::judge::rules::Unit;
use crate::judge::verdict;
use crate::judge::words::change;
use crate::notation::{Measure, Quantity};
use crate::report::document::{Document, EffectKind, Finding, Outcome};

/// One sentence for each expectation that is not met; none if all are.
pub fn unmet(expected: &Expected, document: &Document) -> Vec<String> {
    let mut unmet = Vec::new();
    if let Some(wanted) = not_among(&expected.outcomes, document.outcome) {
        unmet.push(format!("the verdict: expected {wanted}, found {}: {}", document.outcome.word(), document.summary));
    }
    for (name, wanted) in &expected.criteria {
        let named: Vec<&Finding> = document.findings.iter().filter(|finding| finding.criterion == *name).collect();
        let meant: Vec<&Finding> = match named.is_empty() {
            true => document.findings.iter().filter(|finding| finding.metric == *name).collect(),
            false => named,
        };
        if meant.is_empty() {
            let known: Vec<String> = document.findings.iter().map(|one| format!("`{}`", one.criterion)).collect();
            unmet.push(format!("`{name}` is not judged. There is {}", known.join(", ")));
        }
        meant.into_iter().for_each(|finding| of_finding(wanted, finding, &mut unmet));
    }
    unmet
}

/// The outcomes that were wanted, if the one that came out is not among them.
fn not_among(wanted: &[verdict::Outcome], found: Outcome) -> Option<String> {
    let wanted: Vec<Outcome> = wanted.iter().map(|one| Outcome::from(*one)).collect();
    let is_unmet = !wanted.is_empty() && !wanted.contains(&found);
    is_unmet.then(|| wanted.iter().map(|one| one.word()).collect::<Vec<_>>().join(" or "))
}

/// What of a criterion is not as expected, and then what was found of it.
fn of_finding(wanted: &ExpectedFinding, finding: &Finding, unmet: &mut Vec<String>) {
    let (name, before) = (&finding.criterion, unmet.len());
    if let Some(outcomes) = not_among(&wanted.outcomes, finding.outcome) {
        unmet.push(format!("`{name}`: expected {outcomes}, found {}", finding.outcome.word()));
    }
    if let Some(reason) = wanted.reason.as_ref().filter(|reason| **reason != finding.reason) {
        unmet.push(format!("`{name}`: expected the reason {reason}, found {}", finding.reason));
    }
    if let Some(range) = &wanted.effect
        && let Some(found) = outside(range, finding)
    {
        unmet.push(format!("`{name}`: expected an effect of {}, {found}", range.written));
    }
    if unmet.len() > before {
        unmet.push(format!("`{name}`: {}", finding.sentence));
    }
}

/// What an effect is that does not lie in a range; nothing if it does.
fn outside(range: &Between, finding: &Finding) -> Option<String> {
    let evidence = &finding.evidence;
    let effect = evidence.since.as_ref().map(|since| &since.effect).or(evidence.effect.as_ref());
    let Some((effect, found)) = effect.and_then(|effect| Some((effect, effect.estimate?.get()))) else {
        return Some("found none".into());
    };
    let unit = evidence.unit.as_ref().map_or(Unit::Plain(String::new()), Unit::from);
    let shown = change(found, effect.kind.into(), &unit);
    let scaled = |end: &Quantity| scaled(end, effect.kind, &unit);
    let ends = [&range.low, &range.high].map(|end| end.as_ref().map(scaled));
    if ends.contains(&Some(None)) {
        return Some(format!("whose unit is not that of the effect, {shown}"));
    }
    let [low, high] = ends.map(Option::flatten);
    let is_inside = low.is_none_or(|low| low <= found) && high.is_none_or(|high| found <= high);
    (!is_inside).then(|| format!("found {shown}"))
}

/// A number on the scale of an effect; nothing if its unit is of something else.
fn scaled(end: &Quantity, kind: EffectKind, unit: &Unit) -> Option<f64> {
    let number = end.number;
    match (kind, &end.unit, unit) {
        (EffectKind::Ratio, Measure::Percent, _) => Some(1.0 + number / 100.0),
        (EffectKind::Ratio, ..) => None,
        (EffectKind::Level, Measure::Percent, Unit::Share) | (EffectKind::Difference, Measure::Points, Unit::Share) => {
            Some(number / 100.0)
        }
        (EffectKind::Level, Measure::Percent, Unit::Percent)
        | (EffectKind::Difference, Measure::Points, Unit::Percent)
        | (_, Measure::Bare, Unit::Plain(_)) => Some(number),
        (_, Measure::Time(_), Unit::Milliseconds)
        | (_, Measure::Storage(_), Unit::Bytes)
        | (_, Measure::PerTime(_), Unit::PerSecond) => Some(end.in_base()),
        (_, Measure::PerUnit(word), Unit::Per(own)) if word == own => Some(number),
        (_, Measure::Word(word), Unit::Plain(own)) if names_unit(word, own) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_on_the_scale_of_the_effect_or_means_nothing() {
        let (level, difference) = (EffectKind::Level, EffectKind::Difference);
        let plain = |own: &str| Unit::Plain(own.into());
        for (end, kind, unit, wanted) in [
            ("20", level, plain(""), Some(20.0)),
            ("20", level, plain("jobs"), Some(20.0)),
            ("20 jobs", level, plain("jobs"), Some(20.0)),
            ("20 USD", level, plain("USD/month"), Some(20.0)),
            ("20 jobs", level, plain("users"), None),
            ("20", level, Unit::Share, None),
            ("20", level, Unit::Milliseconds, None),
            ("20", difference, Unit::Percent, None),
            ("20 jobs", level, Unit::Share, None),
            ("2pp", difference, Unit::Share, Some(0.02)),
            ("2%", difference, Unit::Share, None),
            ("2s", level, Unit::Milliseconds, Some(2_000.0)),
            ("60/min", level, Unit::PerSecond, Some(1.0)),
            ("2/session", level, Unit::Per("session".into()), Some(2.0)),
            ("2/order", level, Unit::Per("session".into()), None),
            ("20%", EffectKind::Ratio, Unit::Milliseconds, Some(1.2)),
            ("20", EffectKind::Ratio, plain(""), None),
        ] {
            assert_eq!(scaled(&Quantity::parse(end).unwrap(), kind, &unit), wanted, "{end} {kind:?} {unit:?}");
        }
    }
}
