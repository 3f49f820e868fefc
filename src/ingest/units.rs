//! Whether both arms, and the metric, mean the same unit.
//!
//! A source may say what its numbers are in. Where the configuration names another unit, or none while the sources of the two arms
//! differ, half a second would be compared with 50 milliseconds, and would look a hundred times faster.

use super::error::Error;
use super::fetched::Fetched;
use crate::series::{Arm, Pair};
use crate::source::{Ask, Query, StatedUnit};

/// A size may be counted in thousands or in 1024s, which CloudWatch does not say.
const CLOSE: f64 = 1.2;

/// Complains of units that cannot be compared as they are.
pub(super) fn check(name: &str, arms: &Pair<Option<(&Query, &Fetched)>>) -> Result<(), Error> {
    let stated = arms.map(|asked| asked.and_then(|(query, fetched)| Some((query, fetched.answer.unit.as_ref()?))));
    let units = stated.map(|stated| stated.map(|(_, unit)| unit));
    let error = |query: &Query, problem: String| {
        let remedy = match factor(&query.ask) {
            Some(_) => remedy(&units),
            None => "Record both arms in one unit".to_owned(),
        };
        Err(Error::Units { metric: name.to_owned(), shown: query.source.shown(), problem, remedy })
    };
    for (query, StatedUnit { text, base }) in Arm::BOTH.iter().filter_map(|arm| *stated.get(*arm)) {
        let Some((unit, factor)) = query.unit.zip(factor(&query.ask)) else { continue };
        let is_same = base.is_some_and(|(own, scale)| own == unit && (1.0 / CLOSE..CLOSE).contains(&(factor / scale)));
        if !is_same {
            return error(query, format!("reads {}, which is in {text}, as another unit", column(query)));
        }
    }
    let factors = arms.map(|asked| asked.and_then(|(query, _)| factor(&query.ask)));
    match (stated.baseline, stated.canary) {
        // one unit for both, though KiB are not KB
        (Some((baseline, one)), Some((canary, other)))
            if !one.is_same(other) && (canary.unit.is_none() || factors.baseline == factors.canary) =>
        {
            let (shown, one, other) = (baseline.source.shown(), &one.text, &other.text);
            error(canary, format!("reads {}, which is in {other} here and in {one} in {shown}", column(canary)))
        }
        (Some((stating, unit)), None) | (None, Some((stating, unit)))
            if stating.unit.is_none() && factors.canary.is_some() =>
        {
            let silent = arms.map(|asked| asked.filter(|(_, fetched)| fetched.answer.unit.is_none()));
            let Some((silent, _)) = silent.baseline.or(silent.canary) else { return Ok(()) };
            let (shown, text) = (stating.source.shown(), &unit.text);
            error(
                silent,
                format!("reads {}, which has no stated unit here and is in {text} in {shown}", column(silent)),
            )
        }
        _ => Ok(()),
    }
}

/// What to write, as far as the units of the arms are known.
fn remedy(units: &Pair<Option<&StatedUnit>>) -> String {
    let text = |unit: &StatedUnit| if unit.text == "%" { "'%'".to_owned() } else { unit.text.clone() };
    let quantity = |unit: &StatedUnit| unit.base.map(|(base, _)| base);
    match (units.baseline, units.canary) {
        (Some(one), Some(other)) if quantity(one) != quantity(other) || one.base.is_none() => {
            "Compare two columns of one unit".to_owned()
        }
        (Some(one), Some(other)) if one.is_same(other) => format!("Write `unit: {}`", text(one)),
        (Some(one), Some(other)) => format!("Write `unit: {{baseline: {}, canary: {}}}`", text(one), text(other)),
        (Some(known), None) => {
            format!("Write `unit: {0}` if both arms are in {0}; else `unit: {{baseline: {0}, canary: …}}`", text(known))
        }
        (None, Some(known)) => {
            format!("Write `unit: {0}` if both arms are in {0}; else `unit: {{baseline: …, canary: {0}}}`", text(known))
        }
        (None, None) => "Write the unit of each arm".to_owned(),
    }
}

fn column(query: &Query) -> String {
    let names: Vec<&str> = query.ask.names().take(1).collect();
    format!("{:?}", names.concat())
}

fn factor(ask: &Ask) -> Option<f64> {
    match ask {
        Ask::Gauge { factor, .. } | Ask::Values { factor, .. } => Some(*factor),
        _ => None,
    }
}
