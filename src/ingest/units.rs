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
    let error = |query: &Query, problem: String, remedy: String| {
        Err(Error::Units { metric: name.to_owned(), shown: query.source.shown(), problem, remedy })
    };
    for (query, StatedUnit { text, base }) in Arm::BOTH.iter().filter_map(|arm| *stated.get(*arm)) {
        let Some((unit, factor)) = query.unit.zip(factor(&query.ask)) else { continue };
        let is_same = base.is_some_and(|(own, scale)| own == unit && (1.0 / CLOSE..CLOSE).contains(&(factor / scale)));
        if !is_same {
            let problem = format!("reads {}, which is in {text}, as another unit", column(query));
            let remedy = format!("Write `unit: {text}`, or one for each arm: `unit: {{baseline: …, canary: …}}`");
            return error(query, problem, remedy);
        }
    }
    match (stated.baseline, stated.canary) {
        (Some((baseline, one)), Some((canary, other))) if one.base != other.base && canary.unit.is_none() => {
            let (shown, one, other) = (baseline.source.shown(), &one.text, &other.text);
            let problem = format!("reads {}, which is in {other} here and in {one} in {shown}", column(canary));
            error(canary, problem, format!("Write `unit: {{baseline: {one}, canary: {other}}}`"))
        }
        _ => Ok(()),
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
