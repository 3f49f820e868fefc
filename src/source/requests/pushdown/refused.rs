//! What a query cannot say, and what to do about it.

/// Why a query cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The text in the configuration that it is about, if there is one.
    pub about: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl Refused {
    pub(super) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Refused {
        Refused { about: None, problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn about(self, text: &str) -> Refused {
        Refused { about: Some(text.to_owned()), ..self }
    }
}
