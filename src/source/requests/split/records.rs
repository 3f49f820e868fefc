//! Lines of several kinds, the first field saying which, separated by one byte and never quoted: Gatling's log.
//!
//! Its messages hold whatever a check found, quotes among it, so reading it as CSV would join lines that are two.

use memchr::memchr;

use super::{Is, Split};
use crate::source::requests::Value;

/// Splits lines that begin with the name of their kind.
pub(in crate::source::requests) struct Records {
    kind: &'static str,
    by: u8,
    /// Fields that a line has at least.
    least: usize,
    /// Fields and their slots, in the order of the line.
    wanted: Vec<(usize, usize)>,
}

impl Records {
    /// For lines of this kind with these fields; the last one, a message, may be absent. `Err` is the name that the
    /// format does not have.
    pub(in crate::source::requests) fn new(
        kind: &'static str,
        by: u8,
        names: &[&str],
        wanted: &[String],
    ) -> Result<Records, String> {
        let place = |(slot, name): (usize, &String)| {
            let field = names.iter().position(|known| known == name);
            field.map(|field| (field, slot)).ok_or_else(|| name.clone())
        };
        let mut wanted = wanted.iter().enumerate().map(place).collect::<Result<Vec<_>, String>>()?;
        wanted.sort_unstable();
        Ok(Records { kind, by, least: names.len().saturating_sub(1), wanted })
    }
}

impl Split for Records {
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        fields.fill(Value::Missing);
        let mut rest = Some(line);
        let mut wanted = self.wanted.iter().peekable();
        let mut count = 0;
        while let Some(text) = rest {
            let end = memchr(self.by, text).unwrap_or(text.len());
            let (field, after) = (text[..end].trim_ascii(), text.get(end + 1..));
            if count == 0 && field != self.kind.as_bytes() {
                return Ok(Is::Nothing);
            }
            while let Some((_, slot)) = wanted.next_if(|(place, _)| *place == count) {
                fields[*slot] = if field.is_empty() { Value::Missing } else { Value::Text(field) };
            }
            (count, rest) = (count + 1, after);
        }
        if count < self.least { Err("has too few fields") } else { Ok(Is::Row) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_kind_are_rows_and_quotes_mean_nothing() {
        let wanted = ["end".to_string(), "message".into(), "group".into()];
        let records = Records::new("REQUEST", b'\t', &["record", "group", "end", "message"], &wanted).unwrap();
        let mut fields = vec![Value::Int(7); 3];
        assert_eq!(records.split(b"REQUEST\tg\t12\t\"open", &mut fields), Ok(Is::Row));
        assert_eq!(fields, [Value::Text(b"12"), Value::Text(b"\"open"), Value::Text(b"g")]);
        assert_eq!(records.split(b"REQUEST\t\t12", &mut fields), Ok(Is::Row));
        assert_eq!(fields, [Value::Text(b"12"), Value::Missing, Value::Missing]);
        assert_eq!(records.split(b"USER\tg\t12", &mut fields), Ok(Is::Nothing));
        assert_eq!(records.split(b"", &mut fields), Ok(Is::Nothing));
        assert_eq!(records.split(b"REQUEST\tg", &mut fields), Err("has too few fields"));
        assert_eq!(Records::new("REQUEST", b'\t', &["record"], &wanted).err(), Some("end".into()));
    }
}
