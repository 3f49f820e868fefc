//! Unpacking by what the first bytes say, whatever the file is called; UTF-16 becomes UTF-8, a binary log of Gatling text, and lines
//! the ones that are read.

use std::io::{BufRead, Read};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;

pub(in crate::source) use super::peek::{broken, peek};
use super::{gatling, rewritten};
use crate::source::error::Error;
use crate::source::open;

/// How a file begins, unpacked: up to so many bytes.
pub(in crate::source) fn head(path: &Path, bytes: u64) -> Result<Vec<u8>, Error> {
    Ok(peek(open::file(path).and_then(unpacked)?, bytes)?.0)
}

/// The content of a file, unpacked while it is read, a byte order mark removed.
pub(in crate::source) fn plain<'r>(packed: impl Read + Send + 'r) -> Result<Box<dyn BufRead + Send + 'r>, Error> {
    rewritten::of(unpacked(packed)?)
}

/// The same, its lines as they are.
pub(in crate::source) fn unpacked<'r>(packed: impl Read + Send + 'r) -> Result<Box<dyn Read + Send + 'r>, Error> {
    let (head, packed) = peek(packed, 6)?;
    let content: Box<dyn Read + Send + 'r> = match head.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::new(packed).map_err(|e| broken(&e))?),
        [b'P', b'K', 3, 4, ..] => return Err(unknown("a zip archive (Excel files are, too)")),
        [b'B', b'Z', b'h', ..] => return Err(unknown("packed with bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => return Err(unknown("packed with xz")),
        _ => Box::new(packed),
    };
    let (head, content) = peek(content, gatling::HEAD)?;
    if gatling::is(&head) {
        return Ok(Box::new(gatling::Lines::new(content)));
    }
    Ok(match head.as_slice() {
        [0xef, 0xbb, 0xbf] => Box::new(Skip(3, content)),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Box::new(DecodeReaderBytesBuilder::new().strip_bom(true).build(content)),
        _ => Box::new(content),
    })
}

fn unknown(what: &str) -> Error {
    Error::unreadable(format!("is {what}")).expected("plain text or Parquet, as it is or packed with gzip or zstd")
}

struct Skip<R>(u64, R);

impl<R: Read> Read for Skip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 > 0 {
            std::io::copy(&mut self.1.by_ref().take(self.0), &mut std::io::sink())?;
            self.0 = 0;
        }
        self.1.read(buffer)
    }
}
