//! Decimal text as a whole number of some small unit, exactly: `12.345` milliseconds are 12,345,000 nanoseconds.
//!
//! Logs are read for their numbers, so this is most of the work of reading them. Nothing is rounded twice: the digits are
//! one whole number, and the place of the point says by what power of ten it is multiplied, or cut off.

use super::Value;

/// What keeps a cell from being an amount.
pub(super) const NO_NUMBER: &str = "is not a number";
pub(super) const NEGATIVE: &str = "is negative";

const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The amount in a cell in units of which one of the cell's own has `10^power`; nothing for an empty one. What is finer is
/// cut off, what is larger than all whole numbers is the largest.
pub(super) fn amount(cell: &Value, power: u32) -> Result<Option<u64>, &'static str> {
    match cell {
        Value::Text(text) => of_text(text, power),
        Value::Unescaped(text) => of_text(text, power),
        Value::Missing => Ok(None),
        Value::Int(number) => {
            let whole = u64::try_from(*number).map_err(|_| NEGATIVE)?;
            Ok(Some(whole.saturating_mul(POWERS[power as usize])))
        }
        Value::Float(number) => of_float(*number, power),
        Value::Instant(_) | Value::Bool(_) => Err(NO_NUMBER),
    }
}

fn of_text(text: &[u8], power: u32) -> Result<Option<u64>, &'static str> {
    match digits(text) {
        Some((number, decimals)) if decimals <= power => {
            Ok(Some(number.saturating_mul(POWERS[(power - decimals) as usize])))
        }
        Some((number, decimals)) => Ok(Some(number / POWERS[(decimals - power).min(19) as usize])),
        None => unusual(text, power),
    }
}

/// The digits as one number, and how many of them stand after the point. Nothing where there is anything else, or more
/// digits than fit.
#[inline]
fn digits(text: &[u8]) -> Option<(u64, u32)> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut number, mut at) = (0_u64, 0);
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        number = number * 10 + u64::from(digit);
        at += 1;
    }
    if at == text.len() {
        return Some((number, 0));
    }
    if text[at] != b'.' || text.len() == 1 {
        return None;
    }
    let after = &text[at + 1..];
    for byte in after {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some((number, after.len() as u32))
}

/// Signs, exponents, very long numbers, and what is no number.
#[cold]
fn unusual(text: &[u8], power: u32) -> Result<Option<u64>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| NO_NUMBER)?.trim();
    if super::super::file::number::is_gap(text) {
        return Ok(None);
    }
    // words such as `inf` are numbers to the library only
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(NO_NUMBER);
    }
    of_float(text.parse::<f64>().map_err(|_| NO_NUMBER)?, power)
}

fn of_float(number: f64, power: u32) -> Result<Option<u64>, &'static str> {
    if number.is_nan() {
        return Ok(None);
    }
    if number < 0.0 {
        return Err(NEGATIVE);
    }
    // a decimal fraction is rarely a binary one: 12.345 is meant, not the 12.3449999 that the product would be
    Ok(Some((number * POWERS[power as usize] as f64 * (1.0 + f64::EPSILON)) as u64))
}

/// A whole number without anything around it, such as a status.
#[inline]
pub(super) fn whole(cell: &Value) -> Result<Option<i64>, &'static str> {
    match cell {
        Value::Text(text) if text.len() < 19 && !text.is_empty() && text.iter().all(u8::is_ascii_digit) => {
            Ok(Some(text.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0'))))
        }
        Value::Int(number) => Ok(Some(*number)),
        Value::Float(number) if number.fract() == 0.0 => Ok(Some(*number as i64)),
        other => Ok(amount(other, 0)?.map(|number| number as i64)),
    }
}

/// Whether nothing stands in a cell: no text, or a sign for nothing.
pub(super) fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Missing => true,
        Value::Text(text) => is_gap(text),
        Value::Unescaped(text) => is_gap(text),
        _ => false,
    }
}

fn is_gap(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| super::super::file::number::is_gap(text.trim()))
}

/// A time that is written with its unit, in nanoseconds: `106ms`, `1.5s`, `1m2.5s`, `0.005192s`. Nothing where it has none.
#[cold]
pub(super) fn with_unit(text: &[u8]) -> Option<u64> {
    let mut rest = std::str::from_utf8(text).ok()?.trim();
    let mut sum = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let (number, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, next) = behind.split_at(end);
        let (factor, power) = match unit.trim() {
            "h" => (3600, 9),
            "m" | "min" => (60, 9),
            "μs" => (1, 3),
            word => (1, super::TimeUnit::named(word)?.power()),
        };
        let part = of_text(number.as_bytes(), power).ok()??;
        sum = sum.saturating_add(part.saturating_mul(factor));
        rest = next;
    }
    Some(sum)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_may_say_its_unit() {
        for (text, ns) in [
            ("106ms", 106_000_000),
            ("0.005192s", 5_192_000),
            ("1m2.5s", 62_500_000_000),
            ("12.5 µs", 12_500),
            ("12.5μs", 12_500),
            ("0s", 0),
            ("7ns", 7),
            ("1h", 3_600_000_000_000),
        ] {
            assert_eq!(with_unit(text.as_bytes()), Some(ns), "{text}");
        }
        for text in ["106", "", "ms", "1x", "-1ms", "1ms2", "1.5.2s"] {
            assert_eq!(with_unit(text.as_bytes()), None, "{text}");
        }
    }

    fn ns(text: &str) -> Result<Option<u64>, &'static str> {
        amount(&Value::Text(text.as_bytes()), 6)
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(ns("12.345"), Ok(Some(12_345_000)));
        assert_eq!(ns("0"), Ok(Some(0)));
        assert_eq!(ns("7"), Ok(Some(7_000_000)));
        assert_eq!(ns("0.1234567"), Ok(Some(123_456)));
        assert_eq!(ns("5."), Ok(Some(5_000_000)));
        assert_eq!(ns(".5"), Ok(Some(500_000)));
        assert_eq!(ns("1.5e3"), Ok(Some(1_500_000_000)));
        assert_eq!(ns("+3"), Ok(Some(3_000_000)));
        assert_eq!(ns("0.123456789012345678901234567890"), Ok(Some(123_456)));
        assert_eq!(ns("99999999999999999999999"), Ok(Some(u64::MAX)));
    }

    #[test]
    fn what_is_no_amount_says_why() {
        for gap in ["", "-", "null", "NaN"] {
            assert_eq!(ns(gap), Ok(None), "{gap}");
        }
        for word in ["abc", "1.2.3", ".", "12ms", "inf", "1,5", "--1", "0x10"] {
            assert_eq!(ns(word), Err(NO_NUMBER), "{word}");
        }
        assert_eq!(ns("-1"), Err(NEGATIVE));
        assert_eq!(amount(&Value::Float(-0.5), 6), Err(NEGATIVE));
        assert_eq!(amount(&Value::Float(12.345), 6), Ok(Some(12_345_000)));
        assert_eq!(whole(&Value::Text(b"503")), Ok(Some(503)));
        assert_eq!(whole(&Value::Text(b"-")), Ok(None));
        assert!(whole(&Value::Text(b"OK")).is_err());
    }

    proptest! {
        #[test]
        fn text_and_float_mean_the_same(thousandths in 0_u64..10_000_000_000) {
            let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            let float: f64 = text.parse().unwrap();
            prop_assert_eq!(ns(&text), Ok(Some(thousandths * 1000)));
            prop_assert_eq!(amount(&Value::Float(float), 6), Ok(Some(thousandths * 1000)));
        }
    }
}
