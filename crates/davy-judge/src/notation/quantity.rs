//! Numbers with units, as people write them: `0.1%`, `0.5pp`, `200ms`, `512 MiB`, `100/min`, `10 / 5m`, `1h30m`.
//!
//! One small grammar for every place that takes a number. It is total (any text is a quantity or a complaint that
//! says where and why), and what it prints it reads back. What a unit means depends on the metric, so a quantity
//! stays as written here; [`reading`](crate::reading) turns it into the metric's own unit.

use std::fmt;

use jiff::SignedDuration;

use super::complaint::Complaint;

/// The longest span that makes sense; longer ones are slips and would overflow the calendar.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 100);

/// A number with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// The number, always finite.
    pub number: f64,
    /// The unit.
    pub unit: Measure,
}

/// The unit of a quantity, as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// No unit.
    Bare,
    /// `%`.
    Percent,
    /// `pp`, percentage points.
    Points,
    /// A unit of time, with its length in milliseconds.
    Time(Timely),
    /// A unit of storage.
    Storage(Storage),
    /// `/min`, `/5m`: per span of time.
    PerTime(Span),
    /// `/session`: per unit of exposure.
    PerUnit(String),
    /// `%/h`, `MiB/d`: how much of a unit in a span of time.
    Change(Box<Measure>, Span),
    /// Any other word.
    Word(String),
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timely {
    /// `ns`.
    Nanoseconds,
    /// `us`.
    Microseconds,
    /// `ms`.
    Milliseconds,
    /// `s`.
    Seconds,
    /// `min`.
    Minutes,
    /// `h`.
    Hours,
}

impl Timely {
    const ALL: [(&'static str, Timely); 8] = [
        ("ns", Timely::Nanoseconds),
        ("us", Timely::Microseconds),
        ("µs", Timely::Microseconds),
        ("μs", Timely::Microseconds),
        ("ms", Timely::Milliseconds),
        ("s", Timely::Seconds),
        ("min", Timely::Minutes),
        ("h", Timely::Hours),
    ];

    /// Its length in milliseconds.
    pub fn milliseconds(self) -> f64 {
        match self {
            Timely::Nanoseconds => 1e-6,
            Timely::Microseconds => 1e-3,
            Timely::Milliseconds => 1.0,
            Timely::Seconds => 1e3,
            Timely::Minutes => 60e3,
            Timely::Hours => 3600e3,
        }
    }
}

/// A unit of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// `B`.
    B,
    /// `KB`, a thousand bytes.
    KB,
    /// `KiB`, 1024 bytes.
    KiB,
    /// `MB`.
    MB,
    /// `MiB`.
    MiB,
    /// `GB`.
    GB,
    /// `GiB`.
    GiB,
    /// `TB`.
    TB,
    /// `TiB`.
    TiB,
}

impl Storage {
    const ALL: [(&'static str, Storage); 10] = [
        ("B", Storage::B),
        ("KB", Storage::KB),
        ("kB", Storage::KB),
        ("KiB", Storage::KiB),
        ("MB", Storage::MB),
        ("MiB", Storage::MiB),
        ("GB", Storage::GB),
        ("GiB", Storage::GiB),
        ("TB", Storage::TB),
        ("TiB", Storage::TiB),
    ];

    /// Its size in bytes.
    pub fn bytes(self) -> f64 {
        match self {
            Storage::B => 1.0,
            Storage::KB => 1e3,
            Storage::KiB => 1024.0,
            Storage::MB => 1e6,
            Storage::MiB => 1024.0 * 1024.0,
            Storage::GB => 1e9,
            Storage::GiB => 1024.0 * 1024.0 * 1024.0,
            Storage::TB => 1e12,
            Storage::TiB => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        }
    }
}

fn word_of<T: PartialEq>(all: &[(&'static str, T)], unit: &T) -> &'static str {
    all.iter().find(|(_, u)| u == unit).map_or("", |(word, _)| word)
}

impl Quantity {
    /// Reads a quantity.
    pub fn parse(text: &str) -> Result<Quantity, Complaint> {
        let (number, rest) = number(text)?;
        let unit = Measure::parse(rest.trim()).map_err(|complaint| {
            let lead = text.len() - rest.len() + (rest.len() - rest.trim_start().len());
            complaint.within(lead..lead + rest.trim().len())
        })?;
        Ok(Quantity { number, unit })
    }

    /// The number in milliseconds, bytes or per second, if its unit is one of those; else as it is written.
    pub fn in_base(&self) -> f64 {
        match &self.unit {
            Measure::Time(time) => self.number * time.milliseconds(),
            Measure::Storage(size) => self.number * size.bytes(),
            Measure::PerTime(span) => self.number / span.0.as_secs_f64(),
            Measure::Bare
            | Measure::Percent
            | Measure::Points
            | Measure::PerUnit(_)
            | Measure::Change(..)
            | Measure::Word(_) => self.number,
        }
    }
}

impl Measure {
    /// Reads a unit.
    pub fn parse(text: &str) -> Result<Measure, Complaint> {
        if let Some(per) = text.strip_prefix('/') {
            return per_what(per.trim());
        }
        if let Some((_, unit)) = Timely::ALL.iter().find(|(word, _)| *word == text) {
            return Ok(Measure::Time(*unit));
        }
        if let Some((_, unit)) = Storage::ALL.iter().find(|(word, _)| *word == text) {
            return Ok(Measure::Storage(*unit));
        }
        if let Some(change) = changing(text) {
            return Ok(change);
        }
        match text {
            "" => Ok(Measure::Bare),
            "%" => Ok(Measure::Percent),
            "pp" => Ok(Measure::Points),
            "m" => Err(Complaint::new("`m` could be minutes or milli-something").hint("write `min` or `ms`")),
            "sec" | "secs" | "second" | "seconds" => Err(unit_hint(text, "s")),
            "msec" | "millis" | "milliseconds" => Err(unit_hint(text, "ms")),
            "mins" | "minute" | "minutes" => Err(unit_hint(text, "min")),
            "percent" => Err(unit_hint(text, "%")),
            "percentage points" | "points" | "p.p." | "%p" | "ppt" => Err(unit_hint(text, "pp")),
            "bytes" | "b" => Err(unit_hint(text, "B")),
            _ if is_word(text) => Ok(Measure::Word(text.to_owned())),
            _ => Err(Complaint::new(format!("`{text}` is not a unit")).hint(
                "units are %, pp, us, ms, s, min, B, KiB, MiB, GiB, /s, /min, /5m, /session or a metric's own word",
            )),
        }
    }
}

/// A unit of size and the span in which there is so much of it; words have slashes of their own.
fn changing(text: &str) -> Option<Measure> {
    let (of, per) = text.split_once('/')?;
    let known = !of.trim().is_empty() && !matches!(Measure::parse(of.trim()), Err(_) | Ok(Measure::Word(_)));
    let of = Measure::parse(of.trim()).ok().filter(|_| known)?;
    match per_what(per.trim()) {
        Ok(Measure::PerTime(span)) => Some(Measure::Change(Box::new(of), span)),
        _ => None,
    }
}

fn unit_hint(written: &str, short: &str) -> Complaint {
    Complaint::new(format!("`{written}` is not a unit")).hint(format!("write `{short}`"))
}

fn per_what(text: &str) -> Result<Measure, Complaint> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Span::parse(text).map(Measure::PerTime);
    }
    let whole = match text {
        "s" | "sec" | "second" => Some("1s"),
        "m" | "min" | "minute" => Some("1m"),
        "h" | "hour" => Some("1h"),
        "d" | "day" => Some("1d"),
        _ => None,
    };
    match whole {
        Some(span) => Span::parse(span).map(Measure::PerTime),
        None if is_word(text) && !text.contains('/') => Ok(Measure::PerUnit(text.to_owned())),
        None => Err(Complaint::new("what comes after `/` is neither a span of time nor a word")
            .hint("write `/s`, `/min`, `/h`, `/5m`, or the unit of exposure: `/session`")),
    }
}

/// Whether a text can be the word of a unit: `connections`, `req/s`, `°C`.
pub fn is_word(text: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() || matches!(c, '_' | '°' | '$' | '€');
    text.chars().next().is_some_and(letter)
        && text.chars().all(|c| letter(c) || c.is_ascii_digit() || matches!(c, '/' | '-' | '.' | '²' | '³'))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        match &self.unit {
            Measure::Bare => Ok(()),
            Measure::Word(word) => write!(f, " {word}"),
            unit => write!(f, "{unit}"),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Measure::Bare => Ok(()),
            Measure::Percent => f.write_str("%"),
            Measure::Points => f.write_str("pp"),
            Measure::Time(unit) => f.write_str(word_of(&Timely::ALL, unit)),
            Measure::Storage(unit) => f.write_str(word_of(&Storage::ALL, unit)),
            Measure::PerTime(span) => per_time(span, f),
            Measure::Change(of, span) => {
                of.fmt(f)?;
                per_time(span, f)
            }
            Measure::PerUnit(unit) => write!(f, "/{unit}"),
            Measure::Word(word) => f.write_str(word),
        }
    }
}

fn per_time(span: &Span, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match span.0.as_millis() {
        1_000 => f.write_str("/s"),
        60_000 => f.write_str("/min"),
        3_600_000 => f.write_str("/h"),
        86_400_000 => f.write_str("/d"),
        _ => write!(f, " / {span}"),
    }
}

/// The number that a text begins with, and the rest. `1_000`, `1.5` and `2e3` are numbers.
pub fn number(text: &str) -> Result<(f64, &str), Complaint> {
    let expected = || {
        let hint = "write a number, then its unit: `0.1%`, `200ms`, `100/min`";
        let shown = text.trim();
        let message = if shown.is_empty() {
            "a number is missing".to_owned()
        } else {
            format!("`{shown}` does not begin with a number")
        };
        Complaint::new(message).hint(hint).within(0..text.len())
    };
    let lead = text.len() - text.trim_start().len();
    let body = &text[lead..];
    let bytes = body.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count() + from;
    let sign = usize::from(bytes.first().is_some_and(|b| matches!(b, b'-' | b'+')));
    let whole = digits(sign);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if bytes.get(end).is_some_and(|b| matches!(b, b'e' | b'E')) {
        let signed = end + 1 + usize::from(bytes.get(end + 1).is_some_and(|b| matches!(b, b'-' | b'+')));
        if bytes.get(signed).is_some_and(u8::is_ascii_digit) {
            end = digits(signed);
        }
    }
    if !bytes.get(sign).is_some_and(u8::is_ascii_digit) {
        return Err(expected());
    }
    let written = &body[..end];
    let (value, rest) = (written.replace('_', "").parse::<f64>().map_err(|_| expected())?, &body[end..]);
    let range = lead..lead + end;
    if rest.starts_with(',') {
        let message = format!("`{}` has a comma", body.trim());
        return Err(Complaint::new(message).hint("write 1_000 or 1.5, without a comma").within(range));
    }
    if !value.is_finite() {
        return Err(Complaint::new(format!("`{written}` is too large a number")).within(range));
    }
    Ok((if value == 0.0 { 0.0 } else { value }, rest))
}

/// A span of time: `90s`, `5m`, `1h30m`, `7d`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub SignedDuration);

impl Span {
    const UNITS: [(&'static str, i64); 6] =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// Reads a span of time.
    pub fn parse(text: &str) -> Result<Span, Complaint> {
        let expected = "write a number with a unit: `90s`, `5m`, `1h30m`, `7d`, `2w`, `500ms`";
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(Complaint::new("a span of time is missing").hint(expected));
        }
        if rest.starts_with('-') {
            return Err(Complaint::new(format!("`{rest}` is negative")).hint("a span of time is always positive"));
        }
        let mut total = 0.0;
        while !rest.is_empty() {
            let (value, after) = number(rest)
                .map_err(|_| Complaint::new(format!("`{}` is not a span of time", text.trim())).hint(expected))?;
            let after = after.trim_start();
            let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
            let unit = match &after[..end] {
                "min" | "mins" | "minute" | "minutes" => "m",
                "sec" | "secs" | "second" | "seconds" => "s",
                "hour" | "hours" => "h",
                "day" | "days" => "d",
                "week" | "weeks" => "w",
                unit => unit,
            };
            let Some((_, factor)) = Self::UNITS.iter().find(|(word, _)| *word == unit) else {
                let message = match unit {
                    "" => format!("`{}` has no unit", text.trim()),
                    _ => format!("`{unit}` is not a unit of time"),
                };
                return Err(Complaint::new(message).hint(expected));
            };
            total += value * *factor as f64;
            rest = after[end..].trim_start();
        }
        let span = SignedDuration::from_millis(total.round() as i64);
        if span > LONGEST {
            return Err(Complaint::new(format!("`{}` is longer than a hundred years", text.trim())));
        }
        Ok(Span(span))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in Self::UNITS {
            let whole = rest / i128::from(factor);
            rest %= i128::from(factor);
            if whole != 0 {
                write!(f, "{whole}{unit}")?;
            }
        }
        Ok(())
    }
}

/// A share, as `5%` or `0.05`, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl Share {
    /// Reads a share.
    pub fn parse(text: &str) -> Result<Share, Complaint> {
        let quantity = Quantity::parse(text)?;
        let share = match quantity.unit {
            Measure::Percent => quantity.number / 100.0,
            Measure::Bare => quantity.number,
            _ => return Err(Complaint::new(format!("`{}` is not a share", text.trim())).hint("write `5%` or `0.05`")),
        };
        match (0.0..=1.0).contains(&share) {
            true => Ok(Share(share)),
            false if quantity.unit == Measure::Bare && (1.0..=100.0).contains(&share) => {
                Err(Complaint::new(format!("`{}` is more than the whole", text.trim()))
                    .hint(format!("write `{}%`", quantity.number)))
            }
            false => Err(Complaint::new(format!("`{}` is not between 0 % and 100 %", text.trim()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantities() -> impl Strategy<Value = Quantity> {
        let unit = prop_oneof![
            Just(Measure::Bare),
            Just(Measure::Percent),
            Just(Measure::Points),
            Just(Measure::Time(Timely::Microseconds)),
            Just(Measure::Time(Timely::Minutes)),
            Just(Measure::Storage(Storage::KB)),
            Just(Measure::Storage(Storage::GiB)),
            (1_i64..100_000_000).prop_map(|ms| Measure::PerTime(Span(SignedDuration::from_millis(ms)))),
            Just(Measure::PerUnit("session".into())),
            Just(Measure::Word("connections".into())),
        ];
        (prop::num::f64::NORMAL | prop::num::f64::ZERO, unit)
            .prop_map(|(number, unit)| Quantity { number: if number == 0.0 { 0.0 } else { number }, unit })
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,24}") {
            let _ = (Quantity::parse(&text), Span::parse(&text), Share::parse(&text));
        }

        #[test]
        fn text_that_looks_right_is_answered(text in "[-+]?[0-9_.,e]{0,9} ?[a-zµ%/ 0-9]{0,6}") {
            let _ = (Quantity::parse(&text), Span::parse(&text), Share::parse(&text));
        }

        #[test]
        fn what_is_printed_is_read_back(quantity in quantities()) {
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }

        #[test]
        fn spans_are_read_back(ms in 0_i64..3_000_000_000_000) {
            let span = Span(SignedDuration::from_millis(ms));
            prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
        }
    }

    #[test]
    fn numbers_and_units_as_people_write_them() {
        let read = |text: &str| Quantity::parse(text).map(|q| (q.number, q.unit));
        assert_eq!(read("0.1%"), Ok((0.1, Measure::Percent)));
        assert_eq!(read("1_000 ms"), Ok((1000.0, Measure::Time(Timely::Milliseconds))));
        assert_eq!(read("2e3"), Ok((2000.0, Measure::Bare)));
        assert_eq!(read("5µs"), Ok((5.0, Measure::Time(Timely::Microseconds))));
        assert_eq!(read("100/min"), Ok((100.0, Measure::PerTime(Span(SignedDuration::from_mins(1))))));
        assert_eq!(read("10 / 5m"), Ok((10.0, Measure::PerTime(Span(SignedDuration::from_mins(5))))));
        assert_eq!(read("10/session"), Ok((10.0, Measure::PerUnit("session".into()))));
        assert_eq!(read("50 req/s"), Ok((50.0, Measure::Word("req/s".into()))));
        for wrong in ["", "%", "x", "1,5%", "1e999", "5 /", "5 %%", "--5", ".5", "1 2", "inf", "NaN"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_as_people_write_them() {
        let read = |text: &str| Span::parse(text).map(|span| span.0.as_secs());
        assert_eq!(read("90s"), Ok(90));
        assert_eq!(read("1h30m"), Ok(5400));
        assert_eq!(read("1.5h"), Ok(5400));
        assert_eq!(read("2w"), Ok(1_209_600));
        for wrong in ["", "90", "-5m", "5 parsecs", "h", "999999w"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
