//! Secrets read where they are, as the headers of one call.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use super::outside::Outside;
use super::secret::{Authentication, Secret};

impl Authentication {
    /// The headers of a call: the given ones, and who asks.
    ///
    /// # Errors
    ///
    /// Unreachable: a secret is not there, or cannot stand in a header.
    pub(in crate::source) fn headers(
        &self,
        given: &[(String, Secret)],
        outside: &Outside,
    ) -> Result<Vec<(String, String)>, Error> {
        let mut headers = Vec::new();
        for (name, value) in given {
            headers.push((name.clone(), value.read(&format!("the header {name}"), outside)?));
        }
        match self {
            Authentication::None => {}
            Authentication::Bearer(token) => {
                headers.push(("authorization".into(), format!("Bearer {}", token.read("the token", outside)?)));
            }
            Authentication::Basic { user, password } => {
                let pair = format!("{user}:{}", password.read("the password", outside)?);
                headers.push(("authorization".into(), format!("Basic {}", STANDARD.encode(pair))));
            }
        }
        Ok(headers)
    }
}

impl Secret {
    fn read(&self, what: &str, outside: &Outside) -> Result<String, Error> {
        let (text, from) = match self {
            Secret::Text(text) => (text.clone(), "the configuration".to_owned()),
            Secret::Variable(name) => {
                let value = (outside.variable)(name).ok_or_else(|| {
                    Error::unreachable(format!("the environment variable {name}, which holds {what}, is not set"))
                        .hint(format!("Set {name}."))
                })?;
                (value, format!("the environment variable {name}"))
            }
            Secret::File(path) => (of_file(path, what)?, crate::plain::path(path)),
        };
        let text = text.trim();
        let is_header = |c: char| c == ' ' || c == '\t' || c.is_ascii_graphic();
        if text.is_empty() || !text.chars().all(is_header) {
            let problem = format!("{what}, in {from}, is empty, has more than one line, or letters beyond ASCII");
            return Err(Error::unreachable(problem).hint("Write the value and nothing else."));
        }
        Ok(text.to_owned())
    }
}

fn of_file(path: &Path, what: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::unreachable(format!("{}, which holds {what}, cannot be read ({error})", crate::plain::path(path)))
            .hint("Name a file that exists and that davy may read.")
    })
}
