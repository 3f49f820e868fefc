//! What is being written while it is read: of a file that grows, only lines that have an end are taken.
//!
//! The beginning of a number is a number too (`12:05,canary,3` of `12:05,canary,35`), so a line whose end has not been
//! written yet is left for the next time.

use std::io::{self, Read};

use memchr::memrchr;

/// How much is read at once.
const CHUNK: usize = 1 << 16;

/// The lines of a reader that have an end.
pub(super) struct WholeLines<R> {
    inner: R,
    held: Vec<u8>,
    /// How much of `held` is whole lines, and how much of that has been handed over.
    whole: usize,
    given: usize,
}

impl<R: Read> WholeLines<R> {
    pub(super) fn new(inner: R) -> Self {
        WholeLines { inner, held: Vec::new(), whole: 0, given: 0 }
    }

    /// Reads until there is another whole line; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.held.drain(..self.whole);
        (self.whole, self.given) = (0, 0);
        loop {
            let before = self.held.len();
            self.held.resize(before + CHUNK, 0);
            let read = self.inner.read(&mut self.held[before..]);
            self.held.truncate(before + *read.as_ref().unwrap_or(&0));
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
                Ok(0) => return Ok(false),
                Ok(_) => {}
            }
            if let Some(end) = memrchr(b'\n', &self.held[before..]) {
                self.whole = before + end + 1;
                return Ok(true);
            }
        }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.whole && !self.more()? {
            return Ok(0);
        }
        let some = into.len().min(self.whole - self.given);
        into[..some].copy_from_slice(&self.held[self.given..self.given + some]);
        self.given += some;
        Ok(some)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        WholeLines::new(text).read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn a_line_without_an_end_is_left() {
        assert_eq!(whole(b"a,b\n1,2\n3,"), b"a,b\n1,2\n");
        assert_eq!(whole(b"a,b\n1,2\n"), b"a,b\n1,2\n");
        assert_eq!(whole(b"a,b"), b"");
        assert_eq!(whole(b""), b"");
        let long: Vec<u8> = (0..100_000).flat_map(|i| format!("line {i}\n").into_bytes()).collect();
        assert_eq!(whole(&[long.as_slice(), b"begun"].concat()), long);
        let wide = [vec![b'x'; 3 * CHUNK], vec![b'\n']].concat();
        assert_eq!(whole(&wide), wide);
    }
}
