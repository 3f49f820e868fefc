//! Lines of a file as they go by: none is longer than memory should hold, and the last byte tells whether the last one has an end.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

use crate::source::error::Error;

/// The longest line, as for logs.
pub(super) const LONGEST_LINE: usize = 1 << 24;

/// A reader that refuses lines that are too long, and keeps the last byte.
pub(super) struct Lines<'a, R> {
    inner: R,
    begun: usize,
    last: &'a Cell<u8>,
}

impl<'a, R: Read> Lines<'a, R> {
    pub(super) fn new(inner: R, last: &'a Cell<u8>) -> Self {
        Lines { inner, begun: 0, last }
    }
}

impl<R: Read> Read for Lines<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let bytes = &into[..read];
        self.begun = match memrchr(b'\n', bytes) {
            Some(end) => {
                let first = memchr_iter(b'\n', bytes).next().unwrap_or(end);
                if self.begun + first > LONGEST_LINE {
                    return Err(io::Error::other(TooLong));
                }
                read - end - 1
            }
            None => self.begun + read,
        };
        if self.begun > LONGEST_LINE {
            return Err(io::Error::other(TooLong));
        }
        self.last.set(bytes.last().copied().unwrap_or(self.last.get()));
        Ok(read)
    }
}

/// Why a line cannot be read, on its way through a reader.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) Error);

/// Why the reading of lines stopped.
#[derive(Debug)]
pub(super) struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("has a line of more than 16 MB")
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_length() {
        let last = Cell::new(0);
        let long = [vec![b'x'; LONGEST_LINE], b"\ny".to_vec()].concat();
        let mut all = Vec::new();
        Lines::new(long.as_slice(), &last).read_to_end(&mut all).unwrap();
        assert_eq!((all.len(), last.get()), (long.len(), b'y'));
        let longer = vec![b'x'; LONGEST_LINE + 1];
        let error = Lines::new(longer.as_slice(), &last).read_to_end(&mut all).unwrap_err();
        assert_eq!(error.to_string(), "has a line of more than 16 MB");
    }
}
