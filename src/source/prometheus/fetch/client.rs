//! Calls over HTTP: who asks, how often it is tried, how much of an answer is read, and what a refusal means.
//!
//! Secrets are read for each call and kept nowhere else. Messages are made of the kind of a failure and of what the API says
//! of the query, never of the client's own texts, which may quote an address. A redirect is not followed: it would take the
//! credentials along.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::wire::Body;
use crate::source::login::{self, Login};
use crate::source::prometheus::{Access, Authentication, Secret};
use crate::source::stop::Stop;
use crate::source::{Error, Outside, Told};
use crate::url::{Url, encode};
use crate::web;

/// The most bytes of one answer. Larger ones are asked for in parts.
const MOST: u64 = 64 << 20;
/// The first wait before another attempt; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Attempts are as many as the deadline leaves room for; this only bounds a server that refuses at once, for ever.
const ATTEMPTS: usize = 10;
/// Where nobody listens, waiting seldom helps: a server that starts again is back in a moment, a wrong port is not.
const ATTEMPTS_AT_NOBODY: usize = 3;
/// How often it is looked whether somebody wants an end.
const TICK: Duration = Duration::from_millis(20);
/// One attempt may take so long.
const ATTEMPT: Duration = Duration::from_secs(120);
/// So much of a text that is not the API's is looked at.
const SHOWN: usize = 160;

/// One server.
pub(super) struct Client<'o> {
    client: Arc<web::Client>,
    login: Login<'o>,
    access: &'o Access,
    outside: &'o Outside<'o>,
    stop: &'o Stop<'o>,
}

/// How the API is called: most calls take their parameters in either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// The server would have to read or send too much: a part of it may do.
    TooMuch(String),
    /// For good.
    Failed(Error),
}

/// Why an attempt did not succeed.
enum Failure {
    /// Another one may do better, perhaps when the server says.
    Passing(String, Option<Duration>),
    TooMuch(String),
    /// The server does not know who asks.
    Unknown(Error),
    Lasting(Error),
}

impl<'o> Client<'o> {
    /// # Errors
    ///
    /// The address cannot be asked, or not with credentials; a certificate cannot be used.
    pub fn new(access: &'o Access, outside: &'o Outside<'o>, stop: &'o Stop<'o>) -> Result<Client<'o>, Error> {
        let shown = access.shown();
        let url = Url::parse(&access.url).map_err(|why| {
            Error::unreachable(format!("its address {why}"))
                .within("Prometheus")
                .hint("Write `https://host/path`; a user and a password have keys of their own.")
        })?;
        if url.is_readable_on_the_way() && has_credentials(access) {
            let error = Error::unreachable(
                "others could read the credentials on the way, because its address begins with http",
            );
            return Err(error
                .within(&shown)
                .hint("Write an address that begins with https, or ask without credentials."));
        }
        let client = login::client(&access.tls).map_err(|error| error.within(&shown))?;
        let deadline = Duration::try_from(access.deadline).unwrap_or(ATTEMPT);
        let login = Login::new(&access.authentication, &access.headers, deadline, outside);
        Ok(Client { client, login, access, outside, stop })
    }

    /// The answer to a call of the API.
    ///
    /// # Errors
    ///
    /// As [`Refused`] says.
    pub fn call(&self, path: &str, form: &[(&'static str, String)]) -> Result<Body, Refused> {
        self.ask(Verb::Post, path, form)
    }

    /// The same with another verb, or of other data.
    ///
    /// # Errors
    ///
    /// As [`Refused`] says.
    pub fn ask<T: DeserializeOwned>(
        &self,
        verb: Verb,
        path: &str,
        form: &[(&'static str, String)],
    ) -> Result<Body<T>, Refused> {
        let failed = |error: Error| Refused::Failed(error.within(&self.access.shown()));
        let form = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
        let url = format!("{}/api/v1/{path}", self.access.url.trim_end_matches('/'));
        let (url, form) = match verb {
            Verb::Post => (url, Some(form)),
            Verb::Get if form.is_empty() => (url, None),
            Verb::Get => (format!("{url}?{form}"), None),
        };
        let mut left = Duration::try_from(self.access.deadline).unwrap_or(ATTEMPT).max(TICK);
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        let mut is_renewed = false;
        loop {
            let headers = self.headers(&url, form.as_deref()).map_err(failed)?;
            let (client, url, form) = (Arc::clone(&self.client), url.clone(), form.clone());
            let post = Post { client, url, headers: headers.clone(), form, timeout: left };
            let (sent, took) = self.attempt(post, left);
            left = left.saturating_sub(took);
            let (why, after) = match sent.and_then(|reply| self.judged(&headers, reply)) {
                Ok(body) => return Ok(body),
                Err(Failure::Unknown(_)) if !is_renewed && self.login.refuse(&headers) => {
                    is_renewed = true;
                    continue;
                }
                Err(Failure::Lasting(error) | Failure::Unknown(error)) => return Err(failed(error)),
                Err(Failure::TooMuch(why)) => return Err(Refused::TooMuch(why)),
                Err(Failure::Passing(why, after)) => (why, after),
            };
            let pause = after.unwrap_or(wait).min(LONGEST_WAIT);
            let most = if why == web::NOBODY { ATTEMPTS_AT_NOBODY } else { ATTEMPTS };
            if pause >= left || attempt >= most {
                let tried = if attempt == 1 { String::new() } else { format!(" (at the last of {attempt} attempts)") };
                let error = Error::unreachable(format!("{why}{tried}"));
                return Err(failed(
                    error.hint("Look whether the server is well, or give it more time with `deadline:`."),
                ));
            }
            let shown = self.access.shown();
            (self.outside.told)(Told::Again(format!("{shown}: {why}; again in {} ms", pause.as_millis())));
            self.pause(pause).map_err(Refused::Failed)?;
            left = left.saturating_sub(pause);
            wait *= 2;
            attempt += 1;
        }
    }

    /// One attempt and how long it took. The client cannot be interrupted, so it works beside and is left alone when
    /// somebody wants to stop.
    fn attempt(&self, post: Post, left: Duration) -> (Result<web::Reply, Failure>, Duration) {
        let (to, answer) = sync_channel(1);
        // nobody hears an answer that comes too late
        std::thread::spawn(move || drop(to.send(post.send())));
        let (mut took, limit) = (Duration::ZERO, left.min(ATTEMPT));
        loop {
            match answer.recv_timeout(TICK) {
                Ok(answer) => return (answer, took),
                Err(RecvTimeoutError::Disconnected) => {
                    return (Err(Failure::Passing("the attempt broke off".into(), None)), took);
                }
                Err(RecvTimeoutError::Timeout) if self.stop.is_wanted() => {
                    return (Err(Failure::Lasting(Error::interrupted())), took);
                }
                Err(RecvTimeoutError::Timeout) if took >= limit => {
                    let seconds = limit.as_secs_f64();
                    return (Err(Failure::Passing(format!("no answer within {seconds} s"), None)), took);
                }
                Err(RecvTimeoutError::Timeout) => took += TICK,
            }
        }
    }

    fn headers(&self, url: &str, form: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        let mut headers = self.login.headers(url, form)?;
        headers.push(("accept".into(), "application/json".into()));
        headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        Ok(headers)
    }

    /// What an answer to a call with these headers means.
    fn judged<T: DeserializeOwned>(&self, headers: &[(String, String)], reply: web::Reply) -> Result<Body<T>, Failure> {
        if reply.status != 401 {
            self.login.accept(headers);
        }
        match judged::<T>(reply.status, &reply.body, &reply.kind, reply.after) {
            Ok(mut body) => {
                body.warnings.iter_mut().chain(&mut body.infos).for_each(|said| self.login.veil_text(said));
                Ok(body)
            }
            Err(_) => judged(reply.status, &self.login.veil(reply.body), &reply.kind, reply.after),
        }
    }

    fn pause(&self, time: Duration) -> Result<(), Error> {
        let mut left = time;
        while !left.is_zero() {
            if self.stop.is_wanted() {
                return Err(Error::interrupted());
            }
            let part = left.min(TICK);
            std::thread::sleep(part);
            left -= part;
        }
        Ok(())
    }
}

/// Whether something is sent that others must not see. A tenant's name is not a secret.
fn has_credentials(access: &Access) -> bool {
    let named = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["auth", "cookie", "key", "token", "secret"].iter().any(|part| name.contains(part))
    };
    let is_secret = |(name, value): &(String, Secret)| {
        !name.eq_ignore_ascii_case("x-scope-orgid") && !matches!(value, Secret::Text(_))
    };
    access.authentication != Authentication::None
        || access.headers.iter().any(|header| named(&header.0) || is_secret(header))
}

/// Everything that one attempt needs.
struct Post {
    client: Arc<web::Client>,
    url: String,
    headers: Vec<(String, String)>,
    form: Option<String>,
    timeout: Duration,
}

impl Post {
    fn send(&self) -> Result<web::Reply, Failure> {
        let timeout = self.timeout.min(ATTEMPT);
        let request =
            web::Request { url: &self.url, headers: &self.headers, body: self.form.as_deref(), most: MOST, timeout };
        let reply = self.client.send(&request).map_err(|trouble| match trouble.may_pass {
            true => Failure::Passing(trouble.why, None),
            false => Failure::Lasting(
                Error::unreachable(trouble.why).hint("Look at the address, and at the server's certificate."),
            ),
        })?;
        if reply.is_cut {
            return Err(Failure::TooMuch(format!("an answer has more than {} MiB", MOST >> 20)));
        }
        Ok(reply)
    }
}

/// What an answer means.
fn judged<T: DeserializeOwned>(
    status: u16,
    bytes: &[u8],
    kind: &str,
    after: Option<Duration>,
) -> Result<Body<T>, Failure> {
    let body: Result<Body<T>, serde_json::Error> = serde_json::from_slice(bytes);
    match (status, body) {
        (200, Ok(body)) if body.status == "success" && body.data.is_some() => Ok(body),
        (_, Ok(body)) if body.status == "error" => Err(of_api(status, &body, after)),
        (200, _) if kind.contains("html") => Err(Failure::Lasting(
            Error::unreachable("answers with a web page instead of JSON")
                .hint("Is this the address of the API, and does it let you in without a login?"),
        )),
        (200, Ok(_)) => Err(Failure::Passing("the answer is JSON, but not that of the API".into(), after)),
        (200, Err(error)) => Err(Failure::Passing(format!("the answer cannot be read ({error})"), after)),
        (status, _) => Err(of_status(status, bytes, after)),
    }
}

/// What the API says of a query.
fn of_api<T>(status: u16, body: &Body<T>, after: Option<Duration>) -> Failure {
    let said = crate::plain::line(&body.error);
    let lower = said.to_lowercase();
    let is_much = ["too many samples", "maxsamples", "too many points", "max-samples", "would exceed the limit"]
        .iter()
        .any(|words| lower.contains(words))
        || lower.contains("cannot select more than");
    let kind = body.error_type.as_str();
    match status {
        _ if is_much => Failure::TooMuch(said),
        _ if kind == "timeout" || lower.contains("query timed out") => Failure::TooMuch(said),
        429 | 500..=599 => Failure::Passing(format!("{said} (HTTP {status})"), after),
        401 | 403 => of_status(status, &[], after),
        400 | 422 => Failure::Lasting(
            Error::unreadable(format!("refuses the query: {said}")).hint("Write a query that the server accepts."),
        ),
        _ => Failure::Lasting(Error::unreachable(format!("refused: {said} (HTTP {status})"))),
    }
}

fn of_status(status: u16, bytes: &[u8], after: Option<Duration>) -> Failure {
    let lasting = |problem: &str, hint: &str| {
        let error = Error::unreachable(format!("{problem} (HTTP {status})"));
        Failure::Lasting(if hint.is_empty() { error } else { error.hint(hint) })
    };
    match status {
        300..=399 => lasting("answers with a redirect, which is not followed", "Write the address that it leads to."),
        401 => Failure::Unknown(
            Error::unreachable("does not know who asks (HTTP 401)").hint("Give a token or a password that is valid."),
        ),
        403 => lasting("does not allow it", "Ask with a token or a tenant that may read these metrics."),
        404 | 405 | 410 => lasting(
            "knows no API at this address",
            "Write the address before `/api/v1`, with its path if there is one.",
        ),
        413 => Failure::TooMuch("the server sends no answer so large".into()),
        429 => Failure::Passing("gets too many queries (HTTP 429)".into(), after),
        408 | 500..=599 => Failure::Passing(format!("failed (HTTP {status})"), after),
        _ => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned();
            lasting(&format!("refused: {}", crate::plain::line(text.trim())), "")
        }
    }
}
