//! A line becomes fields: only those that are wanted, each in its slot.

pub(super) mod attributes;
pub(super) mod delimited;
pub(in crate::source) mod json;
pub(super) mod laid;
pub(super) mod records;
pub(super) mod spaced;

use super::Value;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Is {
    /// A request.
    Row,
    /// A comment, an empty line, a record of another kind: not a row, and nothing is wrong.
    Nothing,
    /// A header of other columns: nothing after it can be read as before.
    OtherColumns,
}

/// Finds the wanted fields of a line.
pub(in crate::source) trait Split: Send + Sync {
    /// Puts the field of each wanted column into its slot; [`Value::Missing`] where the line has none. The line comes
    /// without its end. `Err` says in a few words, the same for all such lines, why it cannot be split.
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str>;
}
