//! A cell of a row, as an input holds it.

use crate::series::Timestamp;

/// A cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing there.
    Missing,
    /// Text as it stands in the input.
    Text(&'a [u8]),
    /// Text that had to be unescaped.
    Unescaped(Box<[u8]>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// An instant, in nanoseconds since 1970.
    Instant(i64),
    /// Yes or no.
    Bool(bool),
}

/// A cell as text.
pub(in crate::source) fn plain(value: &Value) -> String {
    match value {
        Value::Missing => String::new(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Unescaped(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Instant(ns) => {
            Timestamp::from_nanosecond(i128::from(*ns)).map_or(String::new(), |time| time.to_string())
        }
    }
}
