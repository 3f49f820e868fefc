//! Lines with a separator between their fields: CSV, TSV, W3C.
//!
//! Only the fields that are wanted are looked at, and the rest is counted: a line with more or fewer fields than there are
//! columns has its fields in wrong places, and is not a row. A field in quotes ends in its line.

use memchr::memchr;

use super::{Is, Split};
use crate::source::requests::Value;

/// How the line begins in which the W3C format names its columns.
const FIELDS: &[u8] = b"#Fields:";
const UNEVEN: &str = "has more or fewer fields than there are columns";
const OPEN_QUOTE: &str = "has a quote that does not end in its line";

/// Fields between separators.
#[derive(Debug)]
pub(in crate::source::requests) struct Delimited {
    by: u8,
    /// How many fields a line has.
    columns: usize,
    /// The wanted columns in order, with their slots.
    wanted: Vec<(usize, usize)>,
    /// Lines that begin so are no rows.
    comment: Option<u8>,
    /// The header, which stands again where files were joined.
    header: Box<[u8]>,
}

impl Delimited {
    /// The columns by their names, and those that are wanted; the error is a wanted one that there is not (or twice).
    pub(in crate::source::requests) fn new(
        by: u8,
        header: &[u8],
        names: &[String],
        wanted: &[String],
        comment: Option<u8>,
    ) -> Result<Delimited, String> {
        let place = |name: &String| {
            let mut found = names.iter().enumerate().filter(|(_, known)| *known == name).map(|(at, _)| at);
            match (found.next(), found.next()) {
                (Some(at), None) => Ok(at),
                _ => Err(name.clone()),
            }
        };
        let places = wanted.iter().enumerate().map(|(slot, name)| place(name).map(|at| (at, slot)));
        let mut wanted = places.collect::<Result<Vec<_>, _>>()?;
        wanted.sort_unstable();
        Ok(Delimited { by, columns: names.len(), wanted, comment, header: header.into() })
    }

    /// Whether a line is the header in another order.
    #[cold]
    fn is_reordered(&self, line: &[u8]) -> bool {
        let sorted = |line: &[u8]| {
            let mut names: Vec<Vec<u8>> = line.split(|byte| *byte == self.by).map(<[u8]>::to_vec).collect();
            names.sort();
            names
        };
        first_letters(line) && sorted(line) == sorted(&self.header)
    }

    fn plain<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        let (mut from, mut column) = (0, 0);
        let mut separators = Separators::of(line, self.by);
        for (at, slot) in &self.wanted {
            while column < *at {
                from = separators.next().ok_or(UNEVEN)? + 1;
                column += 1;
            }
            // the next separator ends this field, and the field after it begins there
            let end = separators.next();
            fields[*slot] = text(&line[from..end.unwrap_or(line.len())]);
            match end {
                Some(end) => {
                    from = end + 1;
                    column += 1;
                }
                None if *at + 1 == self.columns => return Ok(Is::Row),
                None => return Err(UNEVEN),
            }
        }
        if column + separators.rest() + 1 == self.columns { Ok(Is::Row) } else { Err(UNEVEN) }
    }

    fn quoted<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        let (mut rest, mut column, mut wanted) = (Some(line), 0, self.wanted.iter().peekable());
        while let Some(line) = rest {
            let (field, after) = self.field(line)?;
            if let Some((_, slot)) = wanted.next_if(|(at, _)| *at == column) {
                fields[*slot] = field;
            }
            column += 1;
            rest = after;
        }
        if column == self.columns { Ok(Is::Row) } else { Err(UNEVEN) }
    }

    /// The first field of what is left of a line, and what comes after its separator.
    fn field<'l>(&self, line: &'l [u8]) -> Result<(Value<'l>, Option<&'l [u8]>), &'static str> {
        let Some(inside) = line.strip_prefix(b"\"") else {
            return Ok(match memchr(self.by, line) {
                Some(end) => (text(&line[..end]), Some(&line[end + 1..])),
                None => (text(line), None),
            });
        };
        let (mut end, mut doubled) = (0, false);
        loop {
            end += memchr(b'"', &inside[end..]).ok_or(OPEN_QUOTE)?;
            match inside.get(end + 1) {
                Some(b'"') => {
                    doubled = true;
                    end += 2;
                }
                Some(next) if *next != self.by => return Err("has text after a quote"),
                next => {
                    let field = &inside[..end];
                    let value = if doubled { Value::Unescaped(undoubled(field)) } else { text(field) };
                    return Ok((value, next.map(|_| &inside[end + 2..])));
                }
            }
        }
    }
}

/// Whether a line begins like a name rather than like a number.
fn first_letters(line: &[u8]) -> bool {
    line.iter().find(|byte| **byte != b'"').is_some_and(|byte| !byte.is_ascii_digit())
}

fn text(field: &[u8]) -> Value<'_> {
    if field.is_empty() { Value::Missing } else { Value::Text(field) }
}

fn undoubled(field: &[u8]) -> Box<[u8]> {
    let mut plain = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        plain.push(*byte);
        if *byte == b'"' {
            bytes.next();
        }
    }
    plain.into()
}

impl Split for Delimited {
    #[inline]
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        let first = line.first();
        if first.is_none() || *line == *self.header {
            return Ok(Is::Nothing);
        }
        if self.comment.is_some() && first == self.comment.as_ref() {
            let other = line.starts_with(FIELDS) && *line != *self.header;
            return Ok(if other { Is::OtherColumns } else { Is::Nothing });
        }
        if line.len() == self.header.len() && self.is_reordered(line) {
            return Ok(Is::OtherColumns);
        }
        let mut fields_of = |line: &'l [u8]| match memchr(b'"', line) {
            None => self.plain(line, fields),
            Some(_) => self.quoted(line, fields),
        };
        match fields_of(line) {
            // some logs in the W3C format have lines that end with a separator more
            Err(UNEVEN) if self.comment.is_some() && line.ends_with(&[self.by]) => fields_of(&line[..line.len() - 1]),
            split => split,
        }
    }
}

/// The places of one byte in a line, found eight bytes at a time (Mycroft's test for a zero byte, in the form without false
/// hits): the fields of a log are a few bytes long, and a search that begins anew for each takes longer than to step over them.
struct Separators<'l> {
    line: &'l [u8],
    by: u64,
    /// Where the word begins whose hits are left in `hits`.
    at: usize,
    /// The highest bit of each byte of the word that is one.
    hits: u64,
}

impl<'l> Separators<'l> {
    #[inline]
    fn of(line: &'l [u8], by: u8) -> Separators<'l> {
        let by = u64::from(by) * 0x0101_0101_0101_0101;
        let mut separators = Separators { line, by, at: 0, hits: 0 };
        separators.look();
        separators
    }

    /// Finds the hits of the word at `at`.
    #[inline]
    fn look(&mut self) {
        const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        let word = match self.line.get(self.at..self.at + 8).and_then(|word| <[u8; 8]>::try_from(word).ok()) {
            Some(word) => u64::from_le_bytes(word),
            // what is behind the end is zero, and no separator
            None => self.line[self.at..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        let other = word ^ self.by;
        self.hits = !(((other & LOW) + LOW) | other | LOW);
    }

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.hits == 0 {
            self.at += 8;
            if self.at >= self.line.len() {
                self.at = self.line.len();
                return None;
            }
            self.look();
        }
        let place = self.at + self.hits.trailing_zeros() as usize / 8;
        self.hits &= self.hits - 1;
        Some(place)
    }

    /// How many are left.
    #[inline]
    fn rest(mut self) -> usize {
        let mut count = self.hits.count_ones() as usize;
        while self.at + 8 < self.line.len() {
            self.at += 8;
            self.look();
            count += self.hits.count_ones() as usize;
        }
        count
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn split(line: &str, wanted: &[&str]) -> Result<Vec<String>, &'static str> {
        let columns = names(&["a", "b", "c"]);
        let split = Delimited::new(b',', b"a,b,c", &columns, &names(wanted), Some(b'#')).unwrap();
        let mut fields = vec![Value::Missing; wanted.len()];
        let is = split.split(line.as_bytes(), &mut fields)?;
        let shown = |value: &Value| match value {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Value::Unescaped(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        Ok(if is == Is::Nothing { vec!["nothing".to_owned()] } else { fields.iter().map(shown).collect() })
    }

    #[test]
    fn wanted_fields_are_found_in_their_slots() {
        assert_eq!(split("1,2,3", &["c", "a"]), Ok(names(&["3", "1"])));
        assert_eq!(split("1,2,3", &["b"]), Ok(names(&["2"])));
        assert_eq!(split("1,2,3", &[]), Ok(vec![]));
        assert_eq!(split("1,,3", &["b", "c"]), Ok(names(&["Missing", "3"])));
        assert_eq!(split("1,2,", &["c"]), Ok(names(&["Missing"])));
        assert_eq!(split(r#""1,5","a ""b""",x"#, &["a", "b", "c"]), Ok(names(&["1,5", r#"a "b""#, "x"])));
        assert_eq!(split(r#"5" disk,"","#, &["a", "b", "c"]), Ok(names(&[r#"5" disk"#, "Missing", "Missing"])));
        assert_eq!(split("#x", &["a"]), Ok(names(&["nothing"])));
        assert_eq!(split("", &["a"]), Ok(names(&["nothing"])));
        assert_eq!(split("a,b,c", &["a"]), Ok(names(&["nothing"])));
    }

    #[test]
    fn a_line_of_other_columns_is_no_row() {
        for wanted in [&["a"][..], &["b"], &["c"], &[], &["a", "b", "c"]] {
            for line in ["1,2", "1,2,3,4", "1", r#""1",2"#, r#"1,2,"3",4"#] {
                assert_eq!(split(line, wanted), Err(UNEVEN), "{line} {wanted:?}");
            }
        }
        assert_eq!(split(r#"1,"2,3"#, &["a"]), Err(OPEN_QUOTE));
        assert_eq!(split(r#"1,"2"x,3"#, &["a"]), Err("has text after a quote"));
        let twice = Delimited::new(b',', b"a,a", &names(&["a", "a"]), &names(&["a"]), None);
        assert_eq!(twice.err(), Some("a".to_owned()));
    }

    proptest! {
        #[test]
        fn separators_are_all_that_there_are(line in proptest::collection::vec(any::<u8>(), 0..40), by in any::<u8>()) {
            let mut line = line;
            line.iter_mut().step_by(3).for_each(|byte| *byte = by);
            prop_assume!(by != 0);
            let mut separators = Separators::of(&line, by);
            let places: Vec<usize> = std::iter::from_fn(|| separators.next()).collect();
            let known: Vec<usize> = memchr::memchr_iter(by, &line).collect();
            prop_assert_eq!(&places, &known);
            prop_assert_eq!(Separators::of(&line, by).rest(), known.len());
        }

        #[test]
        fn fields_are_those_of_the_csv_library(row in proptest::collection::vec("[a-z,\" ]{0,6}", 3)) {
            let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
            writer.write_record(&row).unwrap();
            let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let shown: Vec<String> =
                row.iter().map(|f| if f.is_empty() { "Missing".to_owned() } else { f.clone() }).collect();
            prop_assert_eq!(split(line.trim_end_matches('\n'), &["a", "b", "c"]), Ok(shown));
        }
    }
}
