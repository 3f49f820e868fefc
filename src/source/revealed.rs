//! Secrets read where they are, at the moment at which a call needs them.

use std::path::Path;

use super::error::Error;
use super::outside::Outside;
use super::secret::Secret;

impl Secret {
    /// The value, without spaces around it, and where it was found.
    ///
    /// # Errors
    ///
    /// Unreachable: it is not there, empty, or more than a line.
    pub(in crate::source) fn read(&self, what: &str, outside: &Outside) -> Result<(String, String), Error> {
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
        let text = text.trim();
        if text.is_empty() || text.contains(|c: char| c.is_control() && c != '\t') {
            let problem = format!("{what}, in {from}, is empty, or has more than one line");
            return Err(Error::unreachable(problem).hint("Write the value and nothing else."));
        }
        Ok((text.to_owned(), from))
    }
}

/// What is said of a file that cannot be read.
pub(in crate::source) fn no_file(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::unreachable(format!("{}, which holds {what}, cannot be read ({error})", crate::plain::path(path)))
        .hint("Name a file that exists and that davy may read.")
}
