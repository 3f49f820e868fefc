//! Secrets read where they are.

use std::path::Path;

use crate::source::error::Error;
use crate::source::outside::Outside;
use crate::source::secret::Secret;

impl Secret {
    /// The value, which stands in a header.
    pub(super) fn read(&self, what: &str, outside: &Outside) -> Result<String, Error> {
        let (text, from) = match self {
            Secret::Text(text) => (text.clone(), "the configuration".to_owned()),
            Secret::Variable(name) => {
                let value = (outside.variable)(name).ok_or_else(|| {
                    Error::unreachable(format!("the environment variable {name}, which holds {what}, is not set"))
                        .hint(format!("Set {name}."))
                })?;
                (value, format!("the environment variable {name}"))
            }
            Secret::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| no_file(path, what, &error))?;
                (text, crate::plain::path(path))
            }
        };
        let value = in_header(&text).ok_or_else(|| {
            let problem = format!("{what}, in {from}, is empty, has more than one line, or letters beyond ASCII");
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

/// What is said of a file that cannot be read.
pub(super) fn no_file(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::unreachable(format!("{}, which holds {what}, cannot be read ({error})", crate::plain::path(path)))
        .hint("Name a file that exists and that davy may read.")
}
