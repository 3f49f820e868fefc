//! Values of PostgreSQL as the text of cells, exactly: what is bound goes as text, what comes is taken apart by its type.

use std::error::Error as StdError;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};

use crate::series::Timestamp;

type Failure = Box<dyn StdError + Sync + Send>;

/// 2000-01-01T00:00:00Z in seconds, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800;
const EPOCH_DATE: Date = date(2000, 1, 1);

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
            Type::TIMESTAMPTZ => instant(raw)?.to_string(),
            Type::TIMESTAMP => instant(raw)?.to_zoned(jiff::tz::TimeZone::UTC).datetime().to_string(),
            Type::DATE => day(raw)?.to_string(),
            Type::UUID => raw.iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => std::str::from_utf8(raw)?.to_owned(),
        };
        Ok(Cell(text))
    }

    fn accepts(of: &Type) -> bool {
        is_readable(of)
    }
}

/// Microseconds since the year 2000; the largest and the least are without end.
fn instant(raw: &[u8]) -> Result<Timestamp, Failure> {
    let since = i64::from_be_bytes(raw.try_into()?);
    if [i64::MAX, i64::MIN].contains(&since) {
        return Err("a time without end".into());
    }
    Ok(Timestamp::from_second(EPOCH)?.checked_add(SignedDuration::from_micros(since))?)
}

fn day(raw: &[u8]) -> Result<Date, Failure> {
    let since = i32::from_be_bytes(raw.try_into()?);
    if [i32::MAX, i32::MIN].contains(&since) {
        return Err("a day without end".into());
    }
    Ok(EPOCH_DATE.checked_add(jiff::Span::new().try_days(since)?)?)
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
