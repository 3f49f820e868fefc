//! Tokens that were asked for: kept in memory until shortly before they expire, for every fetch of a run.
//!
//! A program or a server that gives tokens is asked once, however many questions there are. A token that a server refuses is
//! asked for again once; if the new one is refused too, it is not the token's age. The next run asks for another.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::error::Error;
use super::secret::Authentication;
use crate::series::Timestamp;

/// A token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub text: String,
    /// Until when it may be used; nothing if nobody says it.
    pub until: Option<Timestamp>,
}

/// The tokens of a run.
#[derive(Default)]
pub struct Tokens(Mutex<Vec<(Authentication, Held)>>);

/// What is known of one way to a token.
#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// The time of the run that asked for it.
    asked: Timestamp,
    /// Whether the one before was refused.
    is_second: bool,
    /// Whether it was refused as well.
    is_refused: bool,
}

impl Held {
    /// The token, if a run may use it. One that was refused twice is kept for the run that asked for it.
    fn usable(&self, now: Timestamp) -> Option<&Token> {
        let is_of_before = self.is_refused && self.asked < now;
        let holds = |token: &&Token| !is_of_before && token.until.is_none_or(|until| now < until);
        self.token.as_ref().filter(holds)
    }
}

impl Tokens {
    /// The token of a way; asked for where there is none that holds. Others wait meanwhile, so that each is asked for once.
    ///
    /// # Errors
    ///
    /// It could not be got.
    pub fn get(
        &self,
        way: &Authentication,
        now: Timestamp,
        ask: impl FnOnce() -> Result<Token, Error>,
    ) -> Result<String, Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = held.iter().position(|(known, _)| known == way);
        let place = place.unwrap_or_else(|| {
            held.push((way.clone(), Held::default()));
            held.len() - 1
        });
        let held = &mut held[place].1;
        if let Some(token) = held.usable(now) {
            return Ok(token.text.clone());
        }
        let token = ask()?;
        let text = token.text.clone();
        *held = Held { token: Some(token), asked: now, is_second: held.is_second, is_refused: false };
        Ok(text)
    }

    /// Hears that a server refused a token. Whether it is worth asking with another one.
    pub fn refuse(&self, way: &Authentication, refused: &str) -> bool {
        self.with(way, |held| match &held.token {
            Some(token) if token.text == refused && held.is_second => {
                held.is_refused = true;
                false
            }
            Some(token) if token.text == refused => {
                *held = Held { is_second: true, ..Held::default() };
                true
            }
            // another question has asked for a new one meanwhile
            _ => true,
        })
    }

    /// Hears that a server took a token.
    pub fn accept(&self, way: &Authentication, taken: &str) {
        self.with(way, |held| {
            let is_this = held.token.as_ref().is_some_and(|token| token.text == taken);
            held.is_second &= !is_this;
            held.is_refused &= !is_this;
            is_this
        });
    }

    fn with(&self, way: &Authentication, change: impl FnOnce(&mut Held) -> bool) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter_mut().find(|(known, _)| known == way).is_some_and(|(_, held)| change(held))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;

    use super::super::secret::Secret;
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn way(name: &str) -> Authentication {
        Authentication::Bearer(Secret::Variable(name.into()))
    }

    #[test]
    fn a_token_is_asked_for_once_and_again_when_it_is_over_or_refused() {
        let (tokens, asked) = (Tokens::default(), Cell::new(0));
        let ask = |until| {
            asked.set(asked.get() + 1);
            Ok(Token { text: format!("token-{}", asked.get()), until })
        };
        assert_eq!(tokens.get(&way("a"), NOW, || ask(None)).unwrap(), "token-1");
        assert_eq!(tokens.get(&way("a"), NOW, || ask(None)).unwrap(), "token-1");
        assert!(tokens.refuse(&way("a"), "token-1"), "one more may do");
        assert_eq!(tokens.get(&way("a"), NOW, || ask(None)).unwrap(), "token-2");
        assert!(tokens.refuse(&way("a"), "token-1"), "who still had the first one has the second to try");
        assert!(!tokens.refuse(&way("a"), "token-2"), "the second was refused as well");
        tokens.accept(&way("a"), "token-2");
        assert!(tokens.refuse(&way("a"), "token-2"), "it was taken before, so it is over now");
        let past = Some(NOW);
        assert_eq!(tokens.get(&way("b"), NOW, || ask(past)).unwrap(), "token-3");
        assert_eq!(tokens.get(&way("b"), NOW, || ask(None)).unwrap(), "token-4");
        assert!(tokens.get(&way("c"), NOW, || Err(Error::unreachable("no"))).is_err());
        assert_eq!(tokens.get(&way("c"), NOW, || ask(None)).unwrap(), "token-5", "a failure is not kept");
    }

    #[test]
    fn a_token_that_was_refused_twice_is_not_kept_for_the_next_run() {
        let (tokens, asked) = (Tokens::default(), Cell::new(0));
        let get = |second: i64| {
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(Token { text: format!("token-{}", asked.get()), until: None })
            };
            tokens.get(&way("a"), Timestamp::from_second(second).unwrap(), ask).unwrap()
        };
        assert_eq!(get(0), "token-1");
        assert!(tokens.refuse(&way("a"), "token-1"));
        assert_eq!(get(0), "token-2");
        assert!(!tokens.refuse(&way("a"), "token-2"), "the second was refused as well");
        assert_eq!(get(0), "token-2", "the same run asks for no more");
        assert_eq!(get(60), "token-3", "the next run does");
        assert!(!tokens.refuse(&way("a"), "token-3"), "the server has taken none since");
        assert_eq!(get(120), "token-4");
        tokens.accept(&way("a"), "token-4");
        assert_eq!(get(180), "token-4", "what is taken is kept");
        assert!(tokens.refuse(&way("a"), "token-4"), "it was taken before, so it is over now");
    }
}
