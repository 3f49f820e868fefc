//! The text of a cell as a number, or as nothing measured, or as a mistake with its remedy.

use crate::source::error::Error;

/// The largest whole number below which all whole numbers are exact as floating point.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether a cell says that nothing was measured.
pub(in crate::source) fn is_gap(cell: &str) -> bool {
    const GAPS: [&str; 8] = ["", "-", "na", "n/a", "nan", "null", "none", "nil"];
    cell.len() <= 4 && GAPS.iter().any(|gap| cell.eq_ignore_ascii_case(gap))
}

/// A number of any sign; nothing for a gap.
pub(super) fn real(cell: &str) -> Result<Option<f64>, Error> {
    if is_gap(cell) {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        Ok(number) if number > 0.0 => Err(beyond(cell)),
        Err(_) if cell.trim_start_matches('+') == "∞" => Err(beyond(cell)),
        Ok(_) => Err(Error::unreadable("is not finite")
            .value(cell)
            .expected("a number")
            .hint("Leave the cell empty where nothing was measured.")),
        Err(_) => Err(not_a_number(cell, "a number")),
    }
}

/// What a histogram answers when most of its requests lie beyond its last bucket: slower than anything it can tell.
fn beyond(cell: &str) -> Error {
    Error::unreadable("is beyond everything that was measured, so that no limit holds")
        .value(cell)
        .expected("a number")
        .hint("A percentile of +Inf lies beyond the last bucket of its histogram: add larger buckets.")
}

/// A number in the metric's unit; of an `amount`, none below zero.
pub(super) fn measured(cell: &str, factor: f64, is_amount: bool) -> Result<Option<f64>, Error> {
    let number = if is_amount { amount(cell)? } else { real(cell)? };
    match number.map(|number| number * factor) {
        Some(number) if !number.is_finite() => Err(Error::unreadable("is too large in the metric's unit").value(cell)),
        number => Ok(number),
    }
}

/// A number that is not negative; nothing for a gap.
pub(super) fn amount(cell: &str) -> Result<Option<f64>, Error> {
    match real(cell)? {
        Some(number) if number < 0.0 => {
            Err(Error::unreadable("is negative").value(cell).expected("a number of 0 or more"))
        }
        number => Ok(number),
    }
}

/// A whole number of things; nothing for a gap.
pub(super) fn count(cell: &str) -> Result<Option<u64>, Error> {
    const WANTED: &str = "a count: a whole number of 0 or more";
    let wrong = |problem: &str| Error::unreadable(problem).value(cell).expected(WANTED);
    if is_gap(cell) {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Err(_) => Err(not_a_number(cell, WANTED)),
        Ok(number) if !number.is_finite() => Err(wrong("is not finite")),
        Ok(number) if number < 0.0 => Err(wrong("is negative")),
        Ok(number) if number.fract() != 0.0 => Err(wrong("is not whole")
            .hint("A share or a mean is not a count: give the counts behind it, or judge it as a gauge.")),
        Ok(number) if number > EXACT => Err(wrong("is larger than 2^53, where counts stop being exact")),
        Ok(number) => Ok(Some(number as u64)),
    }
}

fn not_a_number(cell: &str, wanted: &str) -> Error {
    let error = Error::unreadable("is not a number").value(cell).expected(wanted);
    match remedy(cell) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn remedy(cell: &str) -> Option<String> {
    let digits_end = cell.find(|c: char| !c.is_ascii_digit() && !"+-.,_' \u{a0}".contains(c)).unwrap_or(cell.len());
    let (number, unit) = (cell[..digits_end].trim(), cell[digits_end..].trim());
    if !number.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if !unit.is_empty() && unit.chars().count() <= 6 && number.parse::<f64>().is_ok() {
        return Some(format!("Write {number}; the unit ({unit}) belongs into the configuration."));
    }
    let bare: String = number.chars().filter(|c| c.is_ascii_digit() || "+-.".contains(*c)).collect();
    let grouped = number.split([',', '\'', '_', ' ', '\u{a0}']).skip(1);
    if unit.is_empty() && grouped.clone().all(|part| part.split('.').next().is_some_and(|p| p.len() == 3)) {
        return Some(format!("Write {bare} without separators between thousands."));
    }
    if unit.is_empty() && number.matches(',').count() == 1 {
        return Some(format!("Write {} with a point before the fraction.", number.replace('.', "").replace(',', ".")));
    }
    None
}
