//! The text of a cell as a number, or as nothing measured, or as a mistake with its remedy.

use crate::source::Least;
use crate::source::error::Error;

/// The largest whole number below which all whole numbers are exact as floating point.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What says that nothing was measured, in small letters.
pub(in crate::source) const GAPS: [&str; 8] = ["", "-", "na", "n/a", "nan", "null", "none", "nil"];

/// Whether a cell says that nothing was measured.
pub(in crate::source) fn is_gap(cell: &str) -> bool {
    cell.len() <= 4 && GAPS.iter().any(|gap| cell.eq_ignore_ascii_case(gap))
}

/// A number of any sign; nothing for a gap.
pub(super) fn real(cell: &str) -> Result<Option<f64>, Error> {
    if is_gap(cell) {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        Ok(number) if number > 0.0 && is_infinite(cell) => Err(beyond(cell)),
        Err(_) if cell.trim_start_matches('+') == "∞" => Err(beyond(cell)),
        Ok(_) => Err(Error::unreadable("is not finite")
            .value(cell)
            .expected("a number")
            .hint("Leave the cell empty where nothing was measured.")),
        Err(_) => Err(not_a_number(cell, "a number")),
    }
}

/// Whether a cell says infinity, rather than a number that is too large.
fn is_infinite(cell: &str) -> bool {
    let word = cell.trim_start_matches(['+', '-']);
    word == "∞" || word.starts_with(['i', 'I']) && word.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// What a histogram answers when most of its requests lie beyond its last bucket: slower than anything it can tell.
fn beyond(cell: &str) -> Error {
    Error::unreadable("is beyond everything that was measured, so that no limit holds")
        .value(cell)
        .expected("a number")
        .hint("A percentile of +Inf lies beyond the last bucket of its histogram: add larger buckets.")
}

/// A number in the metric's unit, and none below the least that can be right.
pub(super) fn measured(cell: &str, factor: f64, least: Least) -> Result<Option<f64>, Error> {
    let number = if least == Least::Any { real(cell)? } else { amount(cell)? };
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
        Ok(number) if number.fract() != 0.0 && is_grouped(cell) => {
            Err(wrong("is not whole")
                .hint(format!("Write {} without a point between thousands.", cell.replace('.', ""))))
        }
        Ok(number) if number.fract() != 0.0 => Err(wrong("is not whole")
            .hint("A share or a mean is not a count: give the counts behind it, or judge it as a gauge.")),
        Ok(number) if number > EXACT => Err(wrong("is larger than 2^53, where counts stop being exact")),
        Ok(number) => Ok(Some(number as u64)),
    }
}

/// Whether a cell that cannot be read is meant as a number: `9,876`, `213,51`, `3%`, `12ms`, `+Inf`.
pub(super) fn is_meant(cell: &str) -> bool {
    const UNITS: [&str; 18] =
        ["%", "ns", "us", "µs", "ms", "s", "sec", "m", "min", "h", "b", "kb", "mb", "gb", "kib", "mib", "gib", "k"];
    let (number, unit) = parts(cell);
    let measured = number.parse::<f64>().is_ok() && UNITS.contains(&unit.to_lowercase().as_str());
    let written = unit.is_empty() && remedy(cell).is_some();
    measured || written || is_infinite(cell)
}

fn not_a_number(cell: &str, wanted: &str) -> Error {
    let error = Error::unreadable("is not a number").value(cell).expected(wanted);
    match remedy(cell) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A number and what follows it.
fn parts(cell: &str) -> (&str, &str) {
    let digits_end = cell.find(|c: char| !c.is_ascii_digit() && !"+-.,_' \u{a0}".contains(c)).unwrap_or(cell.len());
    (cell[..digits_end].trim(), cell[digits_end..].trim())
}

fn remedy(cell: &str) -> Option<String> {
    let (number, unit) = parts(cell);
    if !number.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if !unit.is_empty() && unit.chars().count() <= 6 && number.parse::<f64>().is_ok() {
        return Some(format!("Write {number}; the unit ({unit}) belongs into the configuration."));
    }
    let bare: String = number.chars().filter(|c| c.is_ascii_digit() || "+-.".contains(*c)).collect();
    let grouped = || number.split([',', '\'', '_', ' ', '\u{a0}']).skip(1);
    let of_three = |part: &str| part.split('.').next().is_some_and(|whole| whole.len() == 3);
    if unit.is_empty() && grouped().next().is_some() && grouped().all(of_three) && bare.parse::<f64>().is_ok() {
        return Some(format!("Write {bare} without separators between thousands."));
    }
    if unit.is_empty() && number.matches('.').count() > 1 && is_grouped(number) {
        return Some(format!("Write {} without points between thousands.", number.replace('.', "")));
    }
    let point = number.replace('.', "").replace(',', ".");
    if unit.is_empty() && number.matches(',').count() == 1 && point.parse::<f64>().is_ok() {
        return Some(format!("Write {point} with a point before the fraction."));
    }
    None
}

/// Whether the points of a number could stand between thousands: `1.783`, but neither `0.783` nor `1.78`.
pub(super) fn is_grouped(number: &str) -> bool {
    let mut groups = number.trim_start_matches(['+', '-']).split('.');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().is_some_and(|g| (1..=3).contains(&g.len()) && digits(g) && !g.starts_with('0'));
    first && number.contains('.') && groups.all(|group| group.len() == 3 && digits(group))
}

/// Looks at the cells of one column for points that stand between thousands, so that 1.783 is 1783.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    /// The first number with such a point and its row.
    first: Option<(usize, String)>,
    /// Whether a number has a point that stands before a fraction.
    fractions: bool,
    /// The largest number with a point, as it reads, and the least of those from 100 without one.
    most: f64,
    least: Option<f64>,
}

impl Grouping {
    pub(super) fn see(&mut self, row: usize, cell: &str) {
        if self.fractions {
            return;
        }
        let number = || cell.parse::<f64>().unwrap_or(0.0).abs();
        if memchr::memchr(b'.', cell.as_bytes()).is_none() {
            let hundreds = Some(number()).filter(|number| *number >= 100.0);
            self.least = self.least.into_iter().chain(hundreds).reduce(f64::min);
        } else if is_grouped(cell) {
            self.first.get_or_insert_with(|| (row, cell.to_owned()));
            self.most = self.most.max(number());
        } else {
            self.fractions = true;
        }
    }

    /// The first cell that is likely a number of thousands. Where semicolons separate the columns, as they do where a comma
    /// stands before a fraction, any point is one; elsewhere only beside larger numbers without.
    pub(super) fn found(self, semicolons: bool) -> Option<(usize, String)> {
        let beside = self.least.is_some_and(|least| self.most < least);
        self.first.filter(|_| !self.fractions && (semicolons || beside))
    }
}

pub(super) fn of_thousands(cell: &str) -> Error {
    let plain = cell.replace('.', "");
    Error::unreadable("may be a number of thousands: every point of the column has three digits after it")
        .value(cell)
        .expected("numbers without separators between thousands")
        .hint(format!(
            "Write {plain}, if that is meant. If it is a fraction, write another number of digits after the point."
        ))
}
