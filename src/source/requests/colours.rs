//! Lines as programs write them to a terminal: their colours are left out.
//!
//! A log that was copied from a terminal, or that a container wrote, has `ESC [ 3 2 m` between its words. Content without one at
//! its beginning is read as it is.

use std::io::{self, Read};

use memchr::memmem;

use crate::source::error::Error;
use crate::source::file::compression;

/// How much is looked at.
const HEAD: u64 = 1 << 12;
/// What a colour begins with.
const BEGIN: &[u8] = b"\x1b[";

/// The content without colours.
pub(super) fn without(content: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>, Error> {
    let (head, content) = compression::peek(content, HEAD)?;
    Ok(match memmem::find(&head, BEGIN) {
        Some(_) => Box::new(Plain { inner: content, within: Within::Text }),
        None => Box::new(content),
    })
}

/// Where the last byte was.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Text,
    /// Behind an escape.
    Escape,
    /// In a sequence, which a byte from `@` to `~` ends.
    Sequence,
}

struct Plain<R> {
    inner: R,
    within: Within,
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(to)?;
            let mut kept = 0;
            for at in 0..read {
                let byte = to[at];
                self.within = match (self.within, byte) {
                    (Within::Text, 0x1b) => Within::Escape,
                    (Within::Escape, b'[') => Within::Sequence,
                    (Within::Sequence, 0x40..=0x7e) => Within::Text,
                    // a sequence does not reach into the next line
                    (Within::Sequence, byte) if byte != b'\n' => Within::Sequence,
                    _ => {
                        to[kept] = byte;
                        kept += 1;
                        Within::Text
                    }
                };
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow(&'static [u8]);

    impl Read for Slow {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            to[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn colours_are_left_out_however_the_bytes_come() {
        let coloured = b"10:00 \x1b[36m\"GET /p\"\x1b[0m - \x1b[1;32m200\x1b[0m in 3ms\n\x1b[cut\nnext\n";
        for mut content in [without(&coloured[..]).unwrap(), without(Slow(coloured)).unwrap()] {
            let mut text = String::new();
            content.read_to_string(&mut text).unwrap();
            assert_eq!(text, "10:00 \"GET /p\" - 200 in 3ms\nut\nnext\n");
        }
        let mut plain = String::new();
        without(&b"no colour\n"[..]).unwrap().read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "no colour\n");
    }
}
