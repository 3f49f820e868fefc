//! Secrets read where they are.

use crate::source::error::Error;
use crate::source::outside::Outside;
use crate::source::secret::Secret;

impl Secret {
    /// The value, which stands in a header.
    pub(super) fn header(&self, what: &str, outside: &Outside) -> Result<String, Error> {
        let (text, from) = self.read(what, outside)?;
        let value = in_header(&text).ok_or_else(|| {
            let problem = format!("{what}, in {from}, has letters beyond ASCII, which no header has");
            Error::unreachable(problem).hint("Write the value and nothing else.")
        })?;
        Ok(value.to_owned())
    }
}

/// A text as it may stand in a header, without the space around it.
pub(super) fn in_header(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_header = |c: char| c == ' ' || c == '\t' || c.is_ascii_graphic();
    (!text.is_empty() && text.chars().all(is_header)).then_some(text)
}
