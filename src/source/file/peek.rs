//! A look at the first bytes of a reader, and what is said when reading stops.

use std::io::Read;

use super::lines::{Refused, TooLong};
use crate::source::error::Error;

/// The first bytes and a reader that starts with them again.
pub(in crate::source) fn peek<'r>(mut reader: impl Read + 'r, bytes: u64) -> Result<(Vec<u8>, impl Read + 'r), Error> {
    let mut head = Vec::new();
    reader.by_ref().take(bytes).read_to_end(&mut head).map_err(|e| broken(&e))?;
    Ok((head.clone(), std::io::Cursor::new(head).chain(reader)))
}

/// What is said when reading stops in the middle.
pub(in crate::source) fn broken(error: &std::io::Error) -> Error {
    if let Some(Refused(error)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return error.clone();
    }
    if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) {
        return Error::unreadable(error.to_string()).hint("Is each row a line of its own?");
    }
    Error::unreadable(format!("cannot be read to its end ({error})")).hint("Is the file complete?")
}
