//! What all ways of writing lines have in common.

use crate::source::error::Error;

/// What the lines of a file become.
pub(super) trait Rewrite: Send {
    /// Appends what a line becomes, without its end; nothing is a line without anything.
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error>;

    /// Whether what the line became is given out later, and its end with it.
    fn waits(&self) -> bool {
        false
    }

    /// Appends what is left when there are no more lines.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// Whether most of the first lines are so, and at least one.
pub(super) fn most(lines: &[&[u8]], is: impl Fn(&[u8]) -> bool) -> bool {
    const LOOKED_AT: usize = 50;
    let looked_at = &lines[..lines.len().min(LOOKED_AT)];
    let hits = looked_at.iter().filter(|line| is(line)).count();
    hits > 0 && 2 * hits >= looked_at.len()
}

/// Appends a text as JSON writes it.
pub(super) fn quote(text: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(text);
    out.extend_from_slice(serde_json::Value::from(text.as_ref()).to_string().as_bytes());
}
