//! The bytes of messages, and the numbers and texts in them.

use std::io::{ErrorKind, Read};

use super::value::{Error, MOST_BYTES, wrong};

/// What is left of a message.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
    at: usize,
}

impl Message {
    /// Reads the next one; nothing where the stream ends between two.
    pub(super) fn read(input: &mut impl Read) -> Result<Option<Message>, Error> {
        let Some(length) = length(input)? else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= MOST_BYTES);
        let length = length.ok_or(Error::TooLarge { most: MOST_BYTES, of: "bytes" })?;
        let mut bytes = Vec::new();
        // what is announced and never comes is not kept room for
        input.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(Error::BreaksOff);
        }
        Ok(Some(Message { bytes, at: 0 }))
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Error> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or(Error::BreaksOff)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn uint(&mut self) -> Result<u64, Error> {
        let first = self.take(1)?[0];
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let count = width(first)?;
        Ok(self.take(count)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn int(&mut self) -> Result<i64, Error> {
        let number = self.uint()?;
        let half = i64::try_from(number >> 1).unwrap_or_default();
        Ok(if number & 1 == 1 { !half } else { half })
    }

    pub(super) fn float(&mut self) -> Result<f64, Error> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    /// How many elements follow, each of which has at least `least` bytes.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, Error> {
        let count = usize::try_from(self.uint()?).unwrap_or(usize::MAX);
        if count.saturating_mul(least) > self.left() { Err(Error::BreaksOff) } else { Ok(count) }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        let count = self.count(1)?;
        Ok(self.take(count)?.to_vec())
    }

    pub(super) fn text(&mut self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }
}

/// How many bytes follow the first of a number.
fn width(first: u8) -> Result<usize, Error> {
    let count = 0x100 - usize::from(first);
    if count > 8 { wrong(format!("a number of {count} bytes")) } else { Ok(count) }
}

/// The length before a message; nothing at the end of the stream.
fn length(input: &mut impl Read) -> Result<Option<u64>, Error> {
    let mut first = [0];
    if input.read(&mut first)? == 0 {
        return Ok(None);
    }
    if first[0] < 0x80 {
        return Ok(Some(u64::from(first[0])));
    }
    let count = width(first[0])?;
    let mut rest = [0; 8];
    input.read_exact(&mut rest[8 - count..]).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::BreaksOff,
        _ => Error::Stream(error),
    })?;
    Ok(Some(u64::from_be_bytes(rest)))
}
