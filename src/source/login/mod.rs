//! Who asks over HTTP: secrets read where they are, tokens got where they are given, requests signed; as headers of one call.
//!
//! What was sent is remembered, so that a server that repeats it in an error does not bring it into a message.

mod client;
mod helper;
mod oauth2;
mod read;
#[cfg(not(feature = "aws"))]
#[path = "sigv4_disabled.rs"]
mod sigv4;
#[cfg(feature = "aws")]
mod sigv4;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use super::outside::Outside;
use super::secret::{Authentication, Secret};
use super::tokens::Token;
use crate::text::secret::without;
pub(in crate::source) use client::client;

/// A shorter text is not looked for in what servers say: it may be a part of any word.
const LEAST_VEILED: usize = 6;

/// Who asks a server, while it is asked.
pub(in crate::source) struct Login<'a> {
    who: &'a Authentication,
    given: &'a [(String, Secret)],
    deadline: Duration,
    outside: &'a Outside<'a>,
    keys: sigv4::Keys,
    sent: Mutex<BTreeSet<String>>,
}

impl<'a> Login<'a> {
    /// Who asks, with further headers; a token may take so long.
    pub fn new(
        who: &'a Authentication,
        given: &'a [(String, Secret)],
        deadline: Duration,
        outside: &'a Outside<'a>,
    ) -> Login<'a> {
        Login { who, given, deadline, outside, keys: sigv4::Keys::default(), sent: Mutex::default() }
    }

    /// The headers of a call: the given ones, and who asks.
    ///
    /// # Errors
    ///
    /// Unreachable: a secret is not there, or cannot stand in a header; a token is not given; a signature cannot be made.
    /// Interrupted.
    pub fn headers(&self, url: &str, body: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        let mut headers = Vec::new();
        for (name, value) in self.given {
            let text = value.header(&format!("the header {name}"), self.outside)?;
            if !matches!(value, Secret::Text(_)) {
                self.remember(&text);
            }
            headers.push((name.clone(), text));
        }
        let bearer = |token: String| {
            self.remember(&token);
            ("authorization".to_owned(), format!("Bearer {token}"))
        };
        match self.who {
            Authentication::None => {}
            Authentication::Bearer(token) => headers.push(bearer(token.header("the token", self.outside)?)),
            Authentication::Basic { user, password } => {
                let password = password.header("the password", self.outside)?;
                let pair = STANDARD.encode(format!("{user}:{password}"));
                self.remember(&password);
                self.remember(&pair);
                headers.push(("authorization".into(), format!("Basic {pair}")));
            }
            Authentication::Helper(program) => {
                headers.push(bearer(self.token(|| helper::ask(program, self.deadline, self.outside))?));
            }
            Authentication::OAuth2(client) => {
                headers.push(bearer(self.token(|| oauth2::ask(client, self.deadline, self.outside))?));
            }
            Authentication::SigV4(account) => {
                let signed = self.keys.sign(account, url, body)?;
                signed.iter().for_each(|(_, value)| self.remember(value));
                headers.extend(signed);
            }
        }
        Ok(headers)
    }

    fn token(&self, ask: impl FnOnce() -> Result<Token, Error>) -> Result<String, Error> {
        self.outside.tokens.get(self.who, self.outside.now, ask)
    }

    /// Hears that the server does not know who asked with these headers. Whether a token that is got anew may do better.
    pub fn refuse(&self, headers: &[(String, String)]) -> bool {
        self.given_token(headers).is_some_and(|token| self.outside.tokens.refuse(self.who, token))
    }

    /// Hears that the server knows who asked with these headers.
    pub fn accept(&self, headers: &[(String, String)]) {
        if let Some(token) = self.given_token(headers) {
            self.outside.tokens.accept(self.who, token);
        }
    }

    /// The token in these headers, if somebody else gave it.
    fn given_token<'h>(&self, headers: &'h [(String, String)]) -> Option<&'h str> {
        let is_given = matches!(self.who, Authentication::Helper(_) | Authentication::OAuth2(_));
        let found = headers.iter().find(|(name, _)| name == "authorization").filter(|_| is_given);
        found.and_then(|(_, value)| value.strip_prefix("Bearer "))
    }

    fn remember(&self, secret: &str) {
        if secret.len() >= LEAST_VEILED {
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
        }
    }

    /// A text of a server, without what it was sent in secret.
    #[cfg(feature = "prometheus")]
    pub fn veil_text(&self, said: &mut String) {
        *said = String::from_utf8_lossy(&self.veil(std::mem::take(said).into_bytes())).into_owned();
    }

    /// What a server says, without what it was sent in secret.
    pub fn veil(&self, said: Vec<u8>) -> Vec<u8> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = |secret: &String| memchr::memmem::find(&said, secret.as_bytes()).is_some();
        if !sent.iter().any(is_told) {
            return said;
        }
        without(String::from_utf8_lossy(&said).into_owned(), sent.iter(), "…").into_bytes()
    }
}
