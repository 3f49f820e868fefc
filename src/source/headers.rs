//! Secrets read where they are, as the headers of one call.

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
            headers.push((name.clone(), value.header(&format!("the header {name}"), outside)?));
        }
        match self {
            Authentication::None => {}
            Authentication::Bearer(token) => {
                headers.push(("authorization".into(), format!("Bearer {}", token.header("the token", outside)?)));
            }
            Authentication::Basic { user, password } => {
                let pair = format!("{user}:{}", password.header("the password", outside)?);
                headers.push(("authorization".into(), format!("Basic {}", STANDARD.encode(pair))));
            }
        }
        Ok(headers)
    }
}

impl Secret {
    /// The value as a header may have it.
    fn header(&self, what: &str, outside: &Outside) -> Result<String, Error> {
        let (text, from) = self.read(what, outside)?;
        if !text.chars().all(|c| c == ' ' || c == '\t' || c.is_ascii_graphic()) {
            let problem = format!("{what}, in {from}, has letters beyond ASCII, which no header has");
            return Err(Error::unreachable(problem).hint("Write the value and nothing else."));
        }
        Ok(text)
    }
}
