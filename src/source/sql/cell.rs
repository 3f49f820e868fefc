//! Values of PostgreSQL as the text of cells, exactly: what is bound goes as text, what comes is taken apart by its type.

use std::error::Error as StdError;

use jiff::civil::{Date, DateTime};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};

use crate::series::Timestamp;

type Failure = Box<dyn StdError + Sync + Send>;

/// A bound value. The server reads it as whatever type stands in its place.
#[derive(Debug)]
pub struct Bound(pub String);

impl ToSql for Bound {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The text of a cell.
#[derive(Debug)]
pub struct Cell(pub String);

/// The type itself, of one with another name.
fn plain(of: &Type) -> &Type {
    match of.kind() {
        Kind::Domain(inner) => plain(inner),
        _ => of,
    }
}

/// Whether cells of a type can be read.
pub fn is_readable(of: &Type) -> bool {
    const READABLE: [Type; 15] = [
        Type::BOOL,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::NUMERIC,
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::UUID,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMP,
        Type::DATE,
    ];
    let of = plain(of);
    READABLE.contains(of) || matches!(of.kind(), Kind::Enum(_))
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Cell, Failure> {
        let of = plain(of);
        let text = match *of {
            Type::BOOL => (raw == [1]).to_string(),
            Type::INT2 => i16::from_be_bytes(raw.try_into()?).to_string(),
            Type::INT4 => i32::from_be_bytes(raw.try_into()?).to_string(),
            Type::INT8 => i64::from_be_bytes(raw.try_into()?).to_string(),
            Type::FLOAT4 => f32::from_be_bytes(raw.try_into()?).to_string(),
            Type::FLOAT8 => f64::from_be_bytes(raw.try_into()?).to_string(),
            Type::NUMERIC => numeric(raw).ok_or("a numeric that cannot be read")?,
            Type::TIMESTAMPTZ => Timestamp::from_sql(of, with_end(raw, "a time")?)?.to_string(),
            Type::TIMESTAMP => DateTime::from_sql(of, with_end(raw, "a time")?)?.to_string(),
            Type::DATE => Date::from_sql(of, with_end(raw, "a day")?)?.to_string(),
            Type::UUID => uuid(raw),
            _ => std::str::from_utf8(raw)?.to_owned(),
        };
        Ok(Cell(text))
    }

    fn accepts(of: &Type) -> bool {
        is_readable(of)
    }
}

/// The bytes of a time; the largest and the least are without end.
fn with_end<'r>(raw: &'r [u8], what: &str) -> Result<&'r [u8], Failure> {
    let instants = [i64::MAX, i64::MIN].map(i64::to_be_bytes);
    let days = [i32::MAX, i32::MIN].map(i32::to_be_bytes);
    let is_endless = instants.iter().any(|bytes| bytes == raw) || days.iter().any(|bytes| bytes == raw);
    if is_endless { Err(format!("{what} without end").into()) } else { Ok(raw) }
}

/// Hexadecimal digits in groups: 8, 4, 4, 4 and 12.
fn uuid(raw: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in raw.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Digits to the base of 10,000, the weight of the first, the sign, and how many decimals are shown.
fn numeric(raw: &[u8]) -> Option<String> {
    let word = |at: usize| raw.get(at * 2..at * 2 + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let (count, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, usize::from(word(3)?));
    match sign {
        0xc000 => return Some("NaN".into()),
        0xd000 => return Some("inf".into()),
        0xf000 => return Some("-inf".into()),
        _ => {}
    }
    let digit = |place: i32| match usize::try_from(i32::from(weight) - place) {
        Ok(at) if at < usize::from(count) => word(4 + at),
        _ => Some(0),
    };
    let mut whole = String::new();
    for place in (0..=i32::from(weight).max(0)).rev() {
        whole.push_str(&format!("{:04}", digit(place)?));
    }
    let whole = whole.trim_start_matches('0');
    let mut fraction = String::new();
    for place in 1..=scale.div_ceil(4) {
        fraction.push_str(&format!("{:04}", digit(-i32::try_from(place).ok()?)?));
    }
    fraction.truncate(scale);
    let (minus, whole) = (if sign == 0x4000 { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    Some(if fraction.is_empty() { format!("{minus}{whole}") } else { format!("{minus}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_are_as_postgresql_prints_them() {
        let second = 825_681_630_250_000_i64.to_be_bytes();
        let day = 9_556_i32.to_be_bytes();
        let name: Vec<u8> = (0..16).map(|at| at * 0x11).collect();
        for (of, raw, expected) in [
            (Type::TIMESTAMPTZ, second.as_slice(), "2026-03-01T12:00:30.25Z"),
            (Type::TIMESTAMP, second.as_slice(), "2026-03-01T12:00:30.25"),
            (Type::DATE, day.as_slice(), "2026-03-01"),
            (Type::UUID, name.as_slice(), "00112233-4455-6677-8899-aabbccddeeff"),
        ] {
            let read = Cell::from_sql(&of, raw).map(|cell| cell.0).map_err(|error| error.to_string());
            assert_eq!(read.as_deref(), Ok(expected), "{of}");
        }
    }

    #[test]
    fn a_time_without_end_is_not_read() {
        let endless = |of: Type, raw: &[u8]| Cell::from_sql(&of, raw).map_err(|error| error.to_string()).err();
        for end in [i64::MAX, i64::MIN] {
            for of in [Type::TIMESTAMPTZ, Type::TIMESTAMP] {
                assert_eq!(endless(of, &end.to_be_bytes()).as_deref(), Some("a time without end"));
            }
        }
        for end in [i32::MAX, i32::MIN] {
            assert_eq!(endless(Type::DATE, &end.to_be_bytes()).as_deref(), Some("a day without end"));
        }
    }
}
