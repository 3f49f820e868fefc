//! Whether both arms, and the metric, mean the same unit.
//!
//! A file may say what its numbers are in, also by the names of its columns. Where the configuration names another unit, or none while the files of the two arms
//! differ, half a second would be compared with 50 milliseconds, and would look a hundred times faster.

use super::error::Error;
use super::fetched::Fetched;
use crate::series::{Arm, Pair};
use crate::source::{Ask, Quantity, Query};

/// A size may be counted in thousands or in 1024s, which CloudWatch does not say.
const CLOSE: f64 = 1.2;

const PERCENT: &str = "%";

/// Complains of units that cannot be compared as they are.
pub(super) fn check(name: &str, arms: &Pair<Option<(&Query, &Fetched)>>) -> Result<(), Error> {
    let stated = arms.map(|asked| asked.and_then(|(query, fetched)| Some((query, fetched.answer.unit.as_deref()?))));
    let error = |query: &Query, problem: String, remedy: String| {
        Err(Error::Units { metric: name.to_owned(), shown: query.source.shown(), problem, remedy })
    };
    for (query, unit) in Arm::BOTH.iter().filter_map(|arm| *stated.get(*arm)) {
        let read = query.quantity.zip(factor(&query.ask));
        let is_percent = unit == PERCENT && query.quantity.is_some();
        let is_other = is_percent
            || read.zip(scale(unit)).is_some_and(|((quantity, factor), (own, scale))| {
                quantity != own || !(1.0 / CLOSE..CLOSE).contains(&(factor / scale))
            });
        if is_other {
            let problem = format!("reads {}, which is in {unit}, as another unit", column(query));
            let remedy = format!("Write `unit: {unit}`, or one for each arm: `unit: {{baseline: …, canary: …}}`");
            return error(query, problem, remedy);
        }
    }
    match (stated.baseline, stated.canary) {
        (Some((baseline, one)), Some((canary, other)))
            if one != other && is_known(one) && is_known(other) && canary.quantity.is_none() =>
        {
            let shown = baseline.source.shown();
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

fn is_known(unit: &str) -> bool {
    unit == PERCENT || scale(unit).is_some()
}

/// What one unit is in milliseconds or bytes.
fn scale(unit: &str) -> Option<(Quantity, f64)> {
    Some(match unit {
        "ns" => (Quantity::Time, 1e-6),
        "us" => (Quantity::Time, 1e-3),
        "ms" => (Quantity::Time, 1.0),
        "s" => (Quantity::Time, 1e3),
        "B" => (Quantity::Size, 1.0),
        "KB" => (Quantity::Size, 1e3),
        "MB" => (Quantity::Size, 1e6),
        "GB" => (Quantity::Size, 1e9),
        _ => return None,
    })
}
