//! The bytes of one input in chunks of whole lines, unpacked on the way.
//!
//! Reading is the one thing that has to happen in order, so it does nothing else: it fills a buffer and cuts it at the last
//! line end. What a chunk means is found out by whoever took it, while the next one is read.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memrchr;

use super::colours;
use super::document;
use super::layout::Layout;
use super::recipe;
use super::unrolled::{self, Unrolled};
use crate::source::error::{Error, Place};
use crate::source::file::compression;
use crate::source::file::rewritten;
use crate::source::growing::WholeLines;

/// How much is read at once.
const CHUNK: usize = 1 << 18;
/// How much is looked at for the bracket of an array and the brace of its first object.
const AHEAD_OF_ARRAY: u64 = 256;
/// A longer line than this is taken for a file without lines.
const LONGEST_LINE: usize = 1 << 24;

/// One input, read chunk by chunk.
pub(super) struct Feed {
    reader: Box<dyn Read + Send>,
    /// The beginning of a line whose end has not been read.
    begun: Vec<u8>,
    /// How many chunks there were.
    chunks: usize,
    ended: bool,
}

/// Whole lines.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    len: usize,
    /// Its place among the chunks of its input.
    pub(super) number: usize,
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Feed {
    /// Reads `packed`, which counts what lies on the disk into `read`.
    pub(super) fn new(packed: impl Read + Send + 'static, read: Arc<AtomicU64>) -> Result<Feed, Error> {
        let (head, content) =
            compression::peek(colours::without(compression::plain(Counted { inner: packed, read })?)?, AHEAD_OF_ARRAY)?;
        let reader: Box<dyn Read + Send> = match unrolled::is_array(&head) {
            true => Box::new(Unrolled::new(BufReader::with_capacity(CHUNK, content))),
            false if head.trim_ascii_start().starts_with(b"{") => document::read(content)?,
            false => Box::new(content),
        };
        Ok(Feed { reader, begun: Vec::new(), chunks: 0, ended: false })
    }

    /// The same of lines in a layout of one's own; a last line without an end is left out while the input is growing.
    pub(super) fn laid(
        packed: impl Read + Send + 'static,
        read: Arc<AtomicU64>,
        layout: &Layout,
        growing: bool,
    ) -> Result<Feed, Error> {
        let fits = |lines: &[&[u8]]| recipe::fits(layout, lines);
        let content =
            rewritten::unwrapped(colours::without(compression::unpacked(Counted { inner: packed, read })?)?, fits)?;
        let reader: Box<dyn Read + Send> = if growing { Box::new(WholeLines::new(content)) } else { Box::new(content) };
        Ok(Feed { reader, begun: Vec::new(), chunks: 0, ended: false })
    }

    /// The same of an input that may be being written: a last line without an end is left out.
    pub(super) fn growing(packed: impl Read + Send + 'static, read: Arc<AtomicU64>) -> Result<Feed, Error> {
        let reader = Box::new(WholeLines::new(colours::without(compression::plain(Counted { inner: packed, read })?)?));
        Ok(Feed { reader, begun: Vec::new(), chunks: 0, ended: false })
    }

    /// What comes first, which [`next`](Self::next) will bring again: up to so many bytes.
    pub(super) fn head(&mut self, bytes: usize) -> Result<&[u8], Error> {
        while self.begun.len() < bytes && !self.ended {
            let mut more = vec![0; bytes - self.begun.len()];
            let read = self.read(&mut more)?;
            self.ended = read == 0;
            self.begun.extend_from_slice(&more[..read]);
        }
        Ok(&self.begun)
    }

    /// The next whole lines; false at the end. The last line need not have an end.
    pub(super) fn next(&mut self, chunk: &mut Chunk) -> Result<bool, Error> {
        let mut len = self.begun.len();
        chunk.bytes.resize(chunk.bytes.len().max(CHUNK + len), 0);
        chunk.bytes[..len].copy_from_slice(&self.begun);
        self.begun.clear();
        loop {
            while len < chunk.bytes.len() && !self.ended {
                let read = self.read(&mut chunk.bytes[len..])?;
                self.ended = read == 0;
                len += read;
            }
            let lines = if self.ended { Some(len) } else { memrchr(b'\n', &chunk.bytes[..len]).map(|end| end + 1) };
            if let Some(whole) = lines {
                self.begun.extend_from_slice(&chunk.bytes[whole..len]);
                chunk.len = whole;
                chunk.number = self.chunks;
                self.chunks += 1;
                return Ok(whole > 0);
            }
            if len > LONGEST_LINE {
                return Err(
                    Error::unreadable("has a line of more than 16 MB").hint("Is it a log with one request per line?")
                );
            }
            chunk.bytes.resize(chunk.bytes.len() * 2, 0);
        }
    }

    /// Everything from the beginning, for who does not read lines.
    pub(super) fn into_reader(self) -> impl Read + Send {
        io::Cursor::new(self.begun).chain(self.reader)
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        loop {
            match self.reader.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(compression::broken(&error)),
                Ok(read) => return Ok(read),
            }
        }
    }
}

/// Hands over the lines of an input that is small enough for one thread, each with its number; longer ones are cut.
pub(super) fn each_line(
    mut content: impl BufRead,
    longest: u64,
    mut each: impl FnMut(&[u8], u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = content.by_ref().take(longest).read_until(b'\n', &mut line);
        if read.map_err(|error| compression::broken(&error))? == 0 {
            break;
        }
        each(&line, number).map_err(|error| error.at(Place::line(number)))?;
    }
    Ok(())
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Gives its bytes a few at a time.
    struct Drip(Vec<u8>, usize);

    impl Read for Drip {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(self.0.len()).min(into.len());
            into[..some].copy_from_slice(&self.0[..some]);
            self.0.drain(..some);
            Ok(some)
        }
    }

    fn all(packed: Vec<u8>, drip: usize, head: usize) -> (Vec<u8>, usize) {
        let read = Arc::new(AtomicU64::new(0));
        let size = packed.len() as u64;
        let mut feed = Feed::new(Drip(packed, drip), read.clone()).unwrap();
        feed.head(head).unwrap();
        let (mut bytes, mut chunks, mut chunk) = (Vec::new(), 0, Chunk::default());
        while feed.next(&mut chunk).unwrap() {
            assert_eq!(chunk.number, chunks);
            chunks += 1;
            bytes.extend_from_slice(chunk.bytes());
        }
        assert_eq!(read.load(Ordering::Relaxed), size);
        (bytes, chunks)
    }

    #[test]
    fn chunks_are_whole_lines_and_all_of_them() {
        let lines: String = (0..300_000).map(|i| format!("line {i}\n")).collect();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(lines.as_bytes()).unwrap();
        let packed = [lines.clone().into_bytes(), gz.finish().unwrap(), zstd::encode_all(lines.as_bytes(), 1).unwrap()];
        for bytes in packed {
            let (read, chunks) = all(bytes, 100_000, 4096);
            assert!(read == lines.as_bytes());
            assert!(chunks >= lines.len() / (CHUNK + 4096), "{chunks} chunks");
        }
        assert_eq!(all(b"a\nb".to_vec(), 1, 0), (b"a\nb".to_vec(), 1));
        assert_eq!(all(Vec::new(), 1, 100), (Vec::new(), 0));
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_for_ever() {
        let mut feed = Feed::new(io::repeat(b'x'), Arc::default()).unwrap();
        let error = feed.next(&mut Chunk::default()).unwrap_err();
        assert!(error.to_string().contains("a line of more than 16 MB"), "{error}");
    }
}
