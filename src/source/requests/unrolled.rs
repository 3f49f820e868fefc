//! A JSON array of objects as one object per line, while it is read: `[{…}, {…}]` holds the same rows as a file of lines.
//!
//! Only brackets, commas between objects and line ends are changed, so whatever is wrong with an object is found where every
//! line is checked. An array that ends too soon leaves its last object cut off, which is then a bad row.

use std::io::{self, BufRead, Read};

/// How far the array has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its bracket.
    Ahead,
    /// Between objects.
    Between,
    /// In an object, in so many containers.
    Inside(u32),
    /// In a text of it.
    Text(u32),
    /// Behind a backslash in a text.
    Escape(u32),
    /// Behind its last bracket.
    Over,
}

/// A reader that hands over the objects of an array as lines.
pub(super) struct Unrolled<R> {
    inner: R,
    state: State,
}

/// Whether a content begins as an array of objects: `[`, then `{`.
pub(super) fn is_array(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'[') && bytes.next() == Some(&b'{')
}

impl<R: BufRead> Unrolled<R> {
    pub(super) fn new(inner: R) -> Unrolled<R> {
        Unrolled { inner, state: State::Ahead }
    }

    /// What a byte becomes, if anything.
    fn step(&mut self, byte: u8) -> Option<u8> {
        let (next, out) = match (self.state, byte) {
            (State::Ahead, b'[') => (State::Between, None),
            (State::Ahead | State::Over, _) => (self.state, None),
            (State::Between, b'{' | b'[') => (State::Inside(1), Some(byte)),
            (State::Between, b']') => (State::Over, None),
            (State::Between, b',') => (State::Between, None),
            (State::Between, byte) if byte.is_ascii_whitespace() => (State::Between, None),
            // no object, but a row that is said to be none
            (State::Between, _) => (State::Inside(0), Some(byte)),
            (State::Inside(0), b',') => (State::Between, Some(b'\n')),
            (State::Inside(0), b']') => (State::Over, Some(b'\n')),
            (State::Inside(depth), b'"') => (State::Text(depth), Some(byte)),
            (State::Inside(depth), b'{' | b'[') => (State::Inside(depth.saturating_add(1)), Some(byte)),
            (State::Inside(depth), b'}' | b']') => (State::Inside(depth.saturating_sub(1)), Some(byte)),
            (State::Inside(_), b'\n' | b'\r') => (self.state, Some(b' ')),
            (State::Text(depth), b'"') => (State::Inside(depth), Some(byte)),
            (State::Text(depth), b'\\') => (State::Escape(depth), Some(byte)),
            (State::Escape(depth), _) => (State::Text(depth), Some(byte)),
            (state, byte) => (state, Some(byte)),
        };
        self.state = next;
        out
    }
}

impl<R: BufRead> Read for Unrolled<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let buffer = self.inner.fill_buf()?;
            let taken = buffer.len().min(into.len());
            if taken == 0 {
                return Ok(0);
            }
            // a byte becomes one or none, so what is taken fits
            into[..taken].copy_from_slice(&buffer[..taken]);
            self.inner.consume(taken);
            let mut len = 0;
            for at in 0..taken {
                if let Some(byte) = self.step(into[at]) {
                    into[len] = byte;
                    len += 1;
                }
            }
            if len > 0 {
                return Ok(len);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str, buffer: usize) -> String {
        let mut all = String::new();
        Unrolled::new(io::BufReader::with_capacity(buffer, text.as_bytes())).read_to_string(&mut all).unwrap();
        all
    }

    #[test]
    fn objects_become_lines() {
        let text = "[\n  {\"a\": \"x, ]}\\\"\",\n   \"b\": [1, {\"c\": 2}]},{\"a\":2}\n , 7, {\"a\":3";
        for buffer in [1, 7, 4096] {
            let lines = lines(text, buffer);
            let lines: Vec<&str> = lines.lines().collect();
            assert_eq!(lines.len(), 4, "{lines:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(lines[0]).unwrap()["b"][1]["c"], 2);
            assert_eq!(lines[1..].iter().map(|line| line.trim()).collect::<Vec<_>>(), ["{\"a\":2}", "7", "{\"a\":3"]);
        }
        assert!(
            is_array(b" [\n {\"a\"") && !is_array(b"[2026-11-29T10:00:00Z] {") && !is_array(b"[]") && !is_array(b"[1")
        );
        assert_eq!(lines("[]", 9), "");
    }

    proptest! {
        #[test]
        fn an_array_holds_the_rows_of_its_lines(rows in proptest::collection::vec(("\\PC{0,9}", any::<i32>()), 1..20), pretty: bool, buffer in 1_usize..50) {
            let rows: Vec<serde_json::Value> = rows.into_iter().map(|(text, n)| serde_json::json!({ "t": text, "in": [n, { "n": n }] })).collect();
            let text = if pretty { serde_json::to_string_pretty(&rows) } else { serde_json::to_string(&rows) }.unwrap();
            let read: Vec<serde_json::Value> = lines(&text, buffer).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(read, rows);
        }
    }
}
