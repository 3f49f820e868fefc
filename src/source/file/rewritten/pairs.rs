//! Lines of pairs, `status=200 took=5ms` (logfmt), `status:200⇥took:5` (LTSV) or `shop,host=a errors=3i 1795946400000000000`
//! (Influx' line protocol), as JSON objects.

use super::rewrite::{Rewrite, most, quote};
use crate::source::error::Error;

/// How many pairs a line has at least.
const LEAST: usize = 3;

/// One way of writing pairs.
#[derive(Clone, Copy)]
enum Pairs {
    Logfmt,
    Ltsv,
    Influx,
}

pub(in crate::source) type Pair<'l> = (&'l [u8], Vec<u8>);

/// For a file that begins with such lines.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let kinds = [Pairs::Ltsv, Pairs::Logfmt, Pairs::Influx];
    let kind = kinds.into_iter().find(|kind| most(lines, |line| kind.pairs(line).is_some()))?;
    Some(Box::new(kind))
}

/// Whether a line is written in pairs.
pub(super) fn is(line: &[u8]) -> bool {
    Pairs::Logfmt.pairs(line).is_some()
}

impl Pairs {
    /// The pairs of a line that has nothing else.
    fn pairs<'l>(self, line: &'l [u8]) -> Option<Vec<Pair<'l>>> {
        let pairs = match self {
            Pairs::Logfmt => logfmt(line),
            Pairs::Ltsv => line.split(|byte| *byte == b'\t').map(|field| pair(field, b':')).collect(),
            Pairs::Influx => return influx(line),
        };
        pairs.filter(|pairs| pairs.len() >= LEAST)
    }
}

/// `measurement,tag=a field=1,other=2i time`, where nothing is escaped.
fn influx(line: &[u8]) -> Option<Vec<Pair<'_>>> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (series, fields, time) = (parts.next()?, parts.next()?, parts.next()?);
    let right = parts.next().is_none() && time.len() >= 10 && time.iter().all(u8::is_ascii_digit);
    if !right || line.contains(&b'\\') {
        return None;
    }
    let mut series = series.split(|byte| *byte == b',');
    let mut pairs = vec![(&b"time"[..], time.to_vec()), (&b"measurement"[..], series.next()?.to_vec())];
    for tag in series {
        pairs.push(pair(tag, b'=')?);
    }
    for field in fields.split(|byte| *byte == b',') {
        let (name, value) = pair(field, b'=')?;
        let value = value.strip_suffix(b"i").or_else(|| value.strip_suffix(b"u")).unwrap_or(&value);
        pairs.push((name, value.iter().copied().filter(|byte| *byte != b'"').collect()));
    }
    Some(pairs)
}

fn pair(field: &[u8], by: u8) -> Option<Pair<'_>> {
    let at = memchr::memchr(by, field)?;
    key(&field[..at]).map(|key| (key, field[at + 1..].to_vec()))
}

fn key(key: &[u8]) -> Option<&[u8]> {
    let first = key.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@'));
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-@/".contains(byte);
    (first && key.iter().all(word)).then_some(key)
}

/// `key=value key="a value" key=`; a word without a value says that it holds.
pub(in crate::source) fn logfmt(line: &[u8]) -> Option<Vec<Pair<'_>>> {
    let (mut pairs, mut rest, mut words) = (Vec::new(), line.trim_ascii(), 0);
    while !rest.is_empty() {
        let end = memchr::memchr2(b'=', b' ', rest).unwrap_or(rest.len());
        let name = key(&rest[..end])?;
        if rest.get(end) != Some(&b'=') {
            words += 1;
            pairs.push((name, b"true".to_vec()));
            rest = rest[end..].trim_ascii_start();
            continue;
        }
        let value = &rest[end + 1..];
        let (value, behind) = if value.starts_with(b"\"") { quoted(value)? } else { bare(value) };
        pairs.push((name, value));
        rest = behind.trim_ascii_start();
    }
    (pairs.len() >= 4 * words).then_some(pairs)
}

fn bare(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    (text[..end].to_vec(), &text[end..])
}

fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut value, mut at) = (Vec::new(), 1);
    loop {
        match text.get(at)? {
            b'"' => return Some((value, &text[at + 1..])),
            b'\\' => {
                value.push(*text.get(at + 1)?);
                at += 2;
            }
            byte => {
                value.push(*byte);
                at += 1;
            }
        }
    }
}

impl Rewrite for Pairs {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(pairs) = self.pairs(line) else {
            // what is written otherwise is a bad row, and is shown as such
            out.extend_from_slice(line);
            return Ok(());
        };
        for (at, (key, value)) in pairs.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            quote(key, out);
            out.push(b':');
            quote(value, out);
        }
        out.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn pairs_are_objects() {
        assert_eq!(
            read("time=2026-11-29T10:00:00Z msg=\"a \\\"b\\\"\" status=200 took=5ms\n\nstarted up\n"),
            "{\"time\":\"2026-11-29T10:00:00Z\",\"msg\":\"a \\\"b\\\"\",\"status\":\"200\",\"took\":\"5ms\"}\n\nstarted up\n"
        );
        assert_eq!(
            read("time:2026-11-29T10:00:00Z\tstatus:200\treqtime:0.005"),
            "{\"time\":\"2026-11-29T10:00:00Z\",\"status\":\"200\",\"reqtime\":\"0.005\"}"
        );
        assert_eq!(
            read("shop,host=a requests=110i,p95=1.5 1795946400000000000\n"),
            "{\"time\":\"1795946400000000000\",\"measurement\":\"shop\",\"host\":\"a\",\"requests\":\"110\",\"p95\":\"1.5\"}\n"
        );
        for text in ["time,a=b,c=d,e=f\n", "a=1 b=2\n", "10:00:01\t10:00:02\t10:00:03\n"] {
            assert_eq!(read(text), text);
        }
    }
}
