//! What is wrong with a text, which part of it, and what to write instead.

use std::fmt;

/// What a little language says of a text: the part that is wrong, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The bytes of the text that are meant; all of it when empty.
    pub part: std::ops::Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Complaint {
    /// Says what is wrong with the whole text.
    pub fn new(message: impl Into<String>) -> Self {
        Complaint { part: 0..0, message: message.into(), hint: None }
    }

    /// Adds what to write instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Points at the bytes that are wrong.
    pub fn within(mut self, part: std::ops::Range<usize>) -> Self {
        self.part = part;
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.hint.as_deref().filter(|hint| !hint.is_empty()) {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Complaint {}
