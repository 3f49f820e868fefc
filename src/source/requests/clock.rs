//! When a row was, from its text: the writing is found once, on the first row, and then held to.
//!
//! Neighbouring rows share their minute. So the instant of a minute is kept with the text it was read from, and for the next
//! row with the same text only the seconds are read. What is not written like that is read by the same code that reads the
//! times of any other file, which knows zones and leap days; so is every new minute.

use jiff::tz::TimeZone;

use super::Value;
use super::layout::strftime;
use crate::source::error::Error;
use crate::source::file::time::{self, Writing};

/// What keeps a cell from being a time.
pub(super) const NO_TIME: &str = "has no time";
pub(super) const NOT_A_TIME: &str = "has a time that cannot be read";
const OTHERWISE: &str = "has its time written otherwise than the first row";

const SECOND: i64 = 1_000_000_000;

/// The zone of a date and a time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InZone {
    Utc,
    OfSource,
}

/// Reads times that are all written in one way.
#[derive(Debug, Clone)]
pub(in crate::source) struct Clock {
    zone: TimeZone,
    zone_name: String,
    writing: Option<Writing>,
    epoch: Option<Epoch>,
    minute: Minute,
    joined: Vec<u8>,
    /// The last text in a way of `strftime`, and its instant.
    formed: Option<(Vec<u8>, i64)>,
}

/// Numbers since 1970 in one unit: those that are plausible, and what one is in nanoseconds.
#[derive(Debug, Clone)]
struct Epoch {
    plausible: std::ops::Range<i64>,
    worth: i64,
}

impl Epoch {
    /// The instant of a number, where it is of the size of the others.
    #[inline]
    fn instant(&self, text: &[u8]) -> Option<i64> {
        let (mut whole, mut at) = eight_digits(text).map_or((0, 0), |number| (number, 8));
        while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            if at >= 19 {
                return None;
            }
            whole = whole.wrapping_mul(10).wrapping_add(i64::from(digit));
            at += 1;
        }
        // nineteen digits may be too many, and are then negative or small: no time either way
        if at == 0 || !self.plausible.contains(&whole) {
            return None;
        }
        if at == text.len() {
            return Some(whole * self.worth);
        }
        let (fraction, rest) = fraction(&text[at..]);
        rest.is_empty().then(|| whole * self.worth + fraction / (SECOND / self.worth))
    }

    fn of(unit: time::EpochUnit) -> Epoch {
        let range = unit.range();
        let whole = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
        Epoch { plausible: whole(range.start)..whole(range.end), worth: whole(unit.nanoseconds()) }
    }
}

/// The instant of a minute and the texts before and after its seconds.
#[derive(Debug, Clone, Default)]
struct Minute {
    before: Vec<u8>,
    after: Vec<u8>,
    instant: i64,
}

impl Clock {
    /// Of times without an offset in this zone.
    pub(in crate::source) fn new(zone: Option<&str>) -> Result<Clock, Error> {
        let zone_name = zone.unwrap_or("UTC").to_owned();
        let zone = time::time_zone(&zone_name)?;
        Ok(Clock {
            zone,
            zone_name,
            writing: None,
            epoch: None,
            minute: Minute::default(),
            joined: Vec::new(),
            formed: None,
        })
    }

    /// How times are written, in words; nothing before the first.
    pub(super) fn words(&self) -> Option<String> {
        self.writing.map(|writing| writing.clock(&self.zone_name).to_string())
    }

    /// The instant in a cell, in nanoseconds since 1970.
    #[inline]
    pub(in crate::source) fn instant(&mut self, cell: &Value) -> Result<i64, &'static str> {
        match cell {
            Value::Text(text) => self.of_text(text),
            Value::Unescaped(text) => self.of_text(text),
            Value::Instant(nanoseconds) => Ok(*nanoseconds),
            Value::Int(number) => self.of_number(*number),
            Value::Float(number) => self.of_text(number.to_string().as_bytes()),
            Value::Missing => Err(NO_TIME),
            Value::Bool(_) => Err(NOT_A_TIME),
        }
    }

    /// The instant of a date and a time of the day.
    pub(super) fn joined(&mut self, date: &Value, of_day: &Value, zone: InZone) -> Result<i64, &'static str> {
        let (Value::Text(date), Value::Text(of_day)) = (date, of_day) else { return Err(NO_TIME) };
        let mut text = std::mem::take(&mut self.joined);
        text.clear();
        let zone: &[u8] = if zone == InZone::Utc { b"Z" } else { b"" };
        [date, &b"T"[..], of_day, zone].into_iter().for_each(|part| text.extend_from_slice(part));
        let instant = self.of_text(&text);
        self.joined = text;
        instant
    }

    /// The instant of a text that is written in a way of `strftime`.
    pub(super) fn formed(&mut self, cell: &Value, form: &str) -> Result<i64, &'static str> {
        let Value::Text(text) = cell else { return Err(NO_TIME) };
        if let Some((before, instant)) = &self.formed
            && before == text
        {
            return Ok(*instant);
        }
        let instant = std::str::from_utf8(text).ok().and_then(|text| strftime::instant(form, text, &self.zone));
        let instant = instant.and_then(|at| i64::try_from(at.as_nanosecond()).ok()).ok_or(NOT_A_TIME)?;
        self.writing.get_or_insert(if form.contains('z') { Writing::Offset } else { Writing::Local });
        self.formed = Some((text.to_vec(), instant));
        Ok(instant)
    }

    #[inline]
    fn of_number(&mut self, number: i64) -> Result<i64, &'static str> {
        match &self.epoch {
            Some(epoch) if epoch.plausible.contains(&number) => Ok(number.saturating_mul(epoch.worth)),
            _ => self.slowly(number.to_string().as_bytes()),
        }
    }

    #[inline]
    fn of_text(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        if let Some(epoch) = &self.epoch {
            if let Some(instant) = epoch.instant(text) {
                return Ok(instant);
            }
        } else if let Some(instant) = self.minute.instant(text) {
            return Ok(instant);
        }
        self.slowly(text)
    }

    #[cold]
    fn slowly(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        let cell = std::str::from_utf8(text).map_err(|_| NOT_A_TIME)?.trim();
        let (instant, writing) = time::instant(cell, &self.zone, &self.zone_name).map_err(|_| match cell {
            "" | "-" => NO_TIME,
            _ => NOT_A_TIME,
        })?;
        if *self.writing.get_or_insert(writing) != writing {
            return Err(OTHERWISE);
        }
        if let Writing::Epoch(unit) = writing {
            self.epoch = Some(Epoch::of(unit));
        }
        let instant = i64::try_from(instant.as_nanosecond()).map_err(|_| NOT_A_TIME)?;
        self.minute.learn(text, instant);
        Ok(instant)
    }
}

impl Minute {
    #[inline]
    fn instant(&self, text: &[u8]) -> Option<i64> {
        let rest = text.strip_prefix(self.before.as_slice())?;
        if self.before.is_empty() {
            return None;
        }
        let seconds = two_digits(rest)?;
        let (fraction, rest) = fraction(&rest[2..]);
        (seconds < 60 && rest == self.after).then_some(self.instant + seconds * SECOND + fraction)
    }

    /// Keeps the minute of a text whose instant is known: `…:MM:SS…`, where the seconds are what follows the second colon.
    fn learn(&mut self, text: &[u8], instant: i64) {
        let colons: Vec<usize> = memchr::memchr_iter(b':', text).collect();
        // in `21/Nov/2026:10:00:00` the first colon stands before the hour
        let at = if text.contains(&b'/') { colons.get(2) } else { colons.get(1) };
        let Some(at) = at.map(|at| at + 1) else { return };
        let Some(seconds) = two_digits(&text[at..]) else { return };
        let (fraction, after) = fraction(&text[at + 2..]);
        *self = Minute {
            before: text[..at].to_vec(),
            after: after.to_vec(),
            instant: instant - seconds * SECOND - fraction,
        };
    }
}

/// The first eight digits at once, where there are so many: neighbours are put together to numbers of two digits, those to
/// numbers of four, and those to one (Lemire's way).
#[inline]
fn eight_digits(text: &[u8]) -> Option<i64> {
    let word = u64::from_le_bytes(text.get(..8)?.try_into().ok()?);
    let digits = word.wrapping_sub(0x3030_3030_3030_3030);
    if (word.wrapping_add(0x4646_4646_4646_4646) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let (even, odd) = (pairs & 0x0000_00ff_0000_00ff, (pairs >> 16) & 0x0000_00ff_0000_00ff);
    let sum = even.wrapping_mul(0x000f_4240_0000_0064).wrapping_add(odd.wrapping_mul(0x0000_2710_0000_0001));
    Some((sum >> 32) as i64)
}

#[inline]
fn two_digits(text: &[u8]) -> Option<i64> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    }
}

/// The nanoseconds of `.123…` at the beginning, and what follows.
#[inline]
fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some(digits) = text.strip_prefix(b".") else { return (0, text) };
    let (mut nanoseconds, mut worth, mut at) = (0, SECOND / 10, 0);
    while let Some(digit) = digits.get(at).filter(|byte| byte.is_ascii_digit()) {
        nanoseconds += i64::from(digit - b'0') * worth;
        worth /= 10;
        at += 1;
    }
    if at == 0 { (0, text) } else { (nanoseconds, &digits[at..]) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(texts: &[&str]) -> Vec<Result<String, &'static str>> {
        let mut clock = Clock::new(Some("Europe/Berlin")).unwrap();
        let mut one = |text: &&str| {
            let instant = clock.instant(&Value::Text(text.as_bytes()))?;
            Ok(jiff::Timestamp::from_nanosecond(instant.into()).unwrap().to_string())
        };
        texts.iter().map(&mut one).collect()
    }

    fn ok(texts: &[&str]) -> Vec<Result<String, &'static str>> {
        texts.iter().map(|text| Ok((*text).to_owned())).collect()
    }

    #[test]
    fn every_usual_writing_is_read() {
        let z = &["2026-11-21T10:00:00Z", "2026-11-21T10:00:01.25Z", "2026-11-21T10:01:00Z"];
        assert_eq!(read(z), ok(z));
        let offset = &["2026-11-21T10:00:00+02:00", "2026-11-21T10:00:59.000001+02:00", "2026-11-21T10:00:59+01:00"];
        assert_eq!(read(offset), ok(&["2026-11-21T08:00:00Z", "2026-11-21T08:00:59.000001Z", "2026-11-21T09:00:59Z"]));
        let local = &["2026-11-21 10:00:00", "2026-11-21 10:00:30,5"];
        assert_eq!(read(local)[0], Ok("2026-11-21T09:00:00Z".to_owned()));
        let combined = &["21/Nov/2026:10:00:00 +0000", "21/Nov/2026:10:00:07 +0000", "22/Nov/2026:00:00:00 -0500"];
        assert_eq!(read(combined), ok(&["2026-11-21T10:00:00Z", "2026-11-21T10:00:07Z", "2026-11-22T05:00:00Z"]));
        assert_eq!(read(&["1763719200", "1763719200.5"]), ok(&["2025-11-21T10:00:00Z", "2025-11-21T10:00:00.5Z"]));
        assert_eq!(
            read(&["1763719200000", "1763719200001"]),
            ok(&["2025-11-21T10:00:00Z", "2025-11-21T10:00:00.001Z"])
        );
        assert_eq!(read(&["1763719200000000"]), ok(&["2025-11-21T10:00:00Z"]));
    }

    #[test]
    fn another_writing_and_no_time_are_told_apart() {
        let mixed = read(&["1763719200", "1763719200000", "x", "", "2026-11-21T10:00:00Z"]);
        assert_eq!(mixed[1..], [Err(OTHERWISE), Err(NOT_A_TIME), Err(NO_TIME), Err(OTHERWISE)]);
        let text =
            read(&["2026-11-21T10:00:00Z", "2026-11-21T10:00:60Z", "2026-11-21T10:00:0", "2026-13-21T10:00:00Z"]);
        assert_eq!(text[2..], [Err(NOT_A_TIME), Err(NOT_A_TIME)]);
        assert!(read(&["31/Foo/2026:10:00:00 +0000"])[0].is_err());
    }

    #[test]
    fn a_date_and_a_time_of_day_are_one() {
        let mut clock = Clock::new(None).unwrap();
        let at = clock.joined(&Value::Text(b"2026-11-21"), &Value::Text(b"10:00:05"), InZone::Utc);
        assert_eq!(at, clock.instant(&Value::Text(b"2026-11-21T10:00:05Z")));
        assert!(at.is_ok());
        assert_eq!(clock.joined(&Value::Missing, &Value::Text(b"10:00:05"), InZone::Utc), Err(NO_TIME));
    }

    proptest! {
        #[test]
        fn eight_digits_are_the_number_that_they_write(text in "[0-9]{8}", other in "[0-9a-z:. -]{8}") {
            prop_assert_eq!(eight_digits(text.as_bytes()), Some(text.parse().unwrap()));
            let digits = other.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(eight_digits(other.as_bytes()).is_some(), digits);
            prop_assert_eq!(eight_digits(b"1234567"), None);
        }

        #[test]
        fn remembered_minutes_change_nothing(seconds in proptest::collection::vec(0_i64..200_000_000, 1..40), digits in 0_usize..9) {
            let texts: Vec<String> = seconds.iter().map(|ms| {
                let at = jiff::Timestamp::from_millisecond(1_763_719_200_000 + ms).unwrap();
                format!("{at:.digits$}")
            }).collect();
            let mut clock = Clock::new(None).unwrap();
            for text in &texts {
                let alone: jiff::Timestamp = text.parse().unwrap();
                let read = clock.instant(&Value::Text(text.as_bytes()));
                prop_assert_eq!(read.map(i128::from), Ok(alone.as_nanosecond()));
            }
        }
    }
}
