//! A column of timestamps, read as one thing: the first cell shows how time is written, and every other cell must
//! be written the same way.
//!
//! Epoch numbers are told apart by their size: from 1990 to 2100, seconds, milliseconds, microseconds and
//! nanoseconds never overlap. Local times need a zone (UTC when none is given); a local time that a change of
//! clocks skipped or repeated does not name one instant and is refused.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::days;
use super::table::{Column, Table};
use crate::series::Timestamp;
use crate::source::error::{Error, nearest, quoted};

/// How a column writes its timestamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clock {
    /// Numbers since 1970, in this unit.
    Epoch(EpochUnit),
    /// With an offset from UTC.
    Offset,
    /// Without an offset, in this time zone.
    Local(String),
    /// Not at all: the rows of a run are numbered.
    Numbered,
    /// There is no row to tell by.
    Unknown,
}

/// The unit of an epoch number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clock::Epoch(unit) => write!(f, "epoch {}", unit.name()),
            Clock::Offset => f.write_str("RFC 3339"),
            Clock::Local(zone) => write!(f, "local time, read as {zone}"),
            Clock::Numbered => f.write_str("no dates"),
            Clock::Unknown => f.write_str("no rows"),
        }
    }
}

impl EpochUnit {
    const ALL: [EpochUnit; 4] =
        [EpochUnit::Seconds, EpochUnit::Milliseconds, EpochUnit::Microseconds, EpochUnit::Nanoseconds];

    fn name(self) -> &'static str {
        match self {
            EpochUnit::Seconds => "seconds",
            EpochUnit::Milliseconds => "milliseconds",
            EpochUnit::Microseconds => "microseconds",
            EpochUnit::Nanoseconds => "nanoseconds",
        }
    }

    /// How many of them there were since 1970 in 1990 and will be in 2100.
    pub(in crate::source) fn range(self) -> std::ops::Range<i128> {
        let per_second = SECOND / self.nanoseconds();
        YEARS.0 * per_second..YEARS.1 * per_second
    }

    /// How long one is.
    pub(in crate::source) fn nanoseconds(self) -> i128 {
        match self {
            EpochUnit::Seconds => 1_000_000_000,
            EpochUnit::Milliseconds => 1_000_000,
            EpochUnit::Microseconds => 1_000,
            EpochUnit::Nanoseconds => 1,
        }
    }
}

/// 1990-01-01 and 2100-01-01 in seconds: timestamps outside are taken for mistakes.
const YEARS: (i128, i128) = (631_152_000, 4_102_444_800);
const SECOND: i128 = 1_000_000_000;
const WANTED: &str = "a time such as 2026-11-21T10:00:00Z or an epoch number";

/// Reads the whole column.
pub(super) fn read(table: &Table, column: &Column, zone: Option<&str>) -> Result<(Vec<Timestamp>, Clock), Error> {
    let zone_name = zone.unwrap_or("UTC");
    let zone = time_zone(zone_name)?;
    let mut times = Vec::with_capacity(table.len());
    let mut clock = None;
    let order = days::Order::of(|| column.cells());
    let excel = days::are_of_excel(column.cells());
    for (row, cell) in column.cells().enumerate() {
        let wrong = |error: Error| error.at(table.place(row)).column(&column.name);
        let plain =
            order.and_then(|order| order.year_first(cell)).or_else(|| excel.then(|| days::of_excel(cell)).flatten());
        let (time, this) = instant(plain.as_deref().unwrap_or(cell), &zone, zone_name).map_err(wrong)?;
        let first = *clock.get_or_insert(this);
        if first != this {
            let (first, this) = (first.clock(zone_name), this.clock(zone_name));
            let (place, there) = (table.place(0), quoted(column.cell(0)));
            let problem = format!("is written differently ({this}) from {place} ({there}, {first})");
            return Err(wrong(Error::unreadable(problem).value(cell).hint("Write all times of a file the same way.")));
        }
        times.push(time);
    }
    Ok((times, clock.map_or(Clock::Unknown, |writing| writing.clock(zone_name))))
}

/// How one cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Writing {
    Epoch(EpochUnit),
    Offset,
    Local,
}

impl Writing {
    pub(in crate::source) fn clock(self, zone: &str) -> Clock {
        match self {
            Writing::Epoch(unit) => Clock::Epoch(unit),
            Writing::Offset => Clock::Offset,
            Writing::Local => Clock::Local(zone.to_string()),
        }
    }
}

/// Whether a text could be a timestamp; for headers that are rows.
pub(super) fn looks_like_time(cell: &str) -> bool {
    instant(cell, &TimeZone::UTC, "UTC").is_ok()
}

pub(in crate::source) fn time_zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
        let error = Error::unreadable("is not a time zone").value(name).expected("a name such as Europe/Berlin or UTC");
        match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => error.hint(format!("Did you mean {meant}?")),
            None => error,
        }
    })
}

/// The instant that a cell names, and how it is written.
pub(in crate::source) fn instant(cell: &str, zone: &TimeZone, zone_name: &str) -> Result<(Timestamp, Writing), Error> {
    let numeric = cell.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if numeric && let Some((nanoseconds, unit)) = epoch(cell)? {
        return Ok((timestamp(nanoseconds, cell)?, Writing::Epoch(unit)));
    }
    let usual = days::usual(cell);
    let text = normalised(usual.as_deref().unwrap_or(cell));
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok((timestamp(time.as_nanosecond(), cell)?, Writing::Offset));
    }
    let Ok(local) = text.parse::<DateTime>() else {
        return Err(not_a_time(cell));
    };
    let time = zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| {
        let changed = zone.to_ambiguous_timestamp(local);
        let problem = match changed.offset() {
            jiff::tz::AmbiguousOffset::Gap { .. } => format!("does not exist in {zone_name}: the clocks skipped it"),
            _ => format!("happened twice in {zone_name}: the clocks were set back"),
        };
        Error::unreadable(problem)
            .value(cell)
            .hint("Write the times with their offset (2026-10-25T02:30:00+02:00) or in UTC.")
    })?;
    Ok((timestamp(time.as_nanosecond(), cell)?, Writing::Local))
}

fn not_a_time(cell: &str) -> Error {
    let error = Error::unreadable(if cell.is_empty() { "has no time" } else { "is not a time" }).expected(WANTED);
    let error = if cell.is_empty() { error } else { error.value(cell) };
    let starts_with_digit = cell.starts_with(|c: char| c.is_ascii_digit());
    if cell.contains('/') && starts_with_digit {
        error.hint("Write the year first: 03/04 is March in one country and April in another, and no other day of the file shows which.")
    } else if cell.contains(':') && !cell.contains('-') && starts_with_digit {
        error.hint("A time of day needs its date.")
    } else if !cell.is_empty() && !cell.contains(|c: char| c.is_ascii_digit()) {
        error.hint("Does the file have more than one header line? Exactly one is read.")
    } else {
        error
    }
}

/// Number and unit, or nothing when the text is not a number after all.
fn epoch(cell: &str) -> Result<Option<(i128, EpochUnit)>, Error> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
    let plain = cell.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !fraction.contains('.') && !whole.is_empty();
    let seconds_like = if plain && whole.len() <= 20 {
        let Ok(whole) = whole.parse::<i128>() else { return Ok(None) };
        Exact { whole, fraction }
    } else {
        match cell.parse::<f64>() {
            Ok(number) if number.abs() < 1e20 => Exact { whole: number.round() as i128, fraction: "" },
            _ => return Ok(None),
        }
    };
    let unit = EpochUnit::ALL.into_iter().find(|unit| unit.range().contains(&seconds_like.whole));
    match unit {
        Some(unit) => Ok(Some((seconds_like.nanoseconds(unit), unit))),
        None => Err(Error::unreadable("is not an epoch number between 1990 and 2100")
            .value(cell)
            .expected("seconds, milliseconds, microseconds or nanoseconds since 1970")
            .hint("Probably the unit or the column is wrong.")),
    }
}

struct Exact<'a> {
    whole: i128,
    fraction: &'a str,
}

impl Exact<'_> {
    fn nanoseconds(&self, unit: EpochUnit) -> i128 {
        let digits = &self.fraction[..self.fraction.len().min(9)];
        let fraction = digits.parse::<i128>().unwrap_or(0) * unit.nanoseconds();
        self.whole * unit.nanoseconds() + fraction / 10i128.pow(digits.len() as u32)
    }
}

fn timestamp(nanoseconds: i128, cell: &str) -> Result<Timestamp, Error> {
    let sane = (YEARS.0 * SECOND..YEARS.1 * SECOND).contains(&nanoseconds);
    match Timestamp::from_nanosecond(nanoseconds) {
        Ok(time) if sane => Ok(time),
        _ => Err(Error::unreadable("lies outside of the years 1990 to 2100").value(cell).expected(WANTED)),
    }
}

/// `2026-11-21 10:00:00 UTC` and `2026-11-21 10:00:00 +0200` as RFC 3339 has them.
fn normalised(cell: &str) -> std::borrow::Cow<'_, str> {
    match cell.rsplit_once(' ') {
        Some((local, "UTC" | "GMT" | "Z")) => format!("{local}Z").into(),
        Some((local, offset)) if offset.starts_with(['+', '-']) => format!("{local}{offset}").into(),
        _ => cell.into(),
    }
}
