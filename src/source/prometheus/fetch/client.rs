//! Calls over HTTP: who asks, how often it is tried, how much of an answer is read, and what a refusal means.
//!
//! Secrets are read for each call and kept nowhere else. Messages are made of the kind of a failure and of what the API says
//! of the query, never of the client's own texts, which may quote an address. A redirect is not followed: it would take the
//! credentials along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::wire::Body;
use crate::source::prometheus::{Access, Authentication, Secret};
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
    access: &'o Access,
    outside: &'o Outside<'o>,
    stop: Arc<AtomicBool>,
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
    Lasting(Error),
}

impl<'o> Client<'o> {
    /// # Errors
    ///
    /// The address cannot be asked, or not with credentials.
    pub fn new(access: &'o Access, outside: &'o Outside<'o>, stop: Arc<AtomicBool>) -> Result<Client<'o>, Error> {
        let shown = access.shown();
        let url = Url::parse(&access.url).map_err(|why| {
            Error::unreachable(format!("its address {why}"))
                .within("Prometheus")
                .hint("Write `https://host/path`; a user and a password have keys of their own.")
        })?;
        if url.is_readable_on_the_way() && has_credentials(access) {
            let error = Error::unreachable("others could read the credentials on the way, because it is asked by http");
            return Err(error
                .within(&shown)
                .hint("Write an address that begins with https, or ask without credentials."));
        }
        Ok(Client { client: Arc::new(web::Client::new(false)), access, outside, stop })
    }

    /// The answer to a call of the API.
    ///
    /// # Errors
    ///
    /// As [`Refused`] says.
    pub fn call(&self, path: &str, form: &[(&'static str, String)]) -> Result<Body, Refused> {
        let failed = |error: Error| Refused::Failed(error.within(&self.access.shown()));
        let form = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
        let url = format!("{}/api/v1/{path}", self.access.url.trim_end_matches('/'));
        let mut left = Duration::try_from(self.access.deadline).unwrap_or(ATTEMPT).max(TICK);
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let headers = self.headers().map_err(failed)?;
            let (client, url, form) = (Arc::clone(&self.client), url.clone(), form.clone());
            let post = Post { client, url, headers, form, timeout: left };
            let (failure, took) = match self.attempt(post, left) {
                (Ok(body), _) => return Ok(body),
                (Err(failure), took) => (failure, took),
            };
            left = left.saturating_sub(took);
            let (why, after) = match failure {
                Failure::Lasting(error) => return Err(failed(error)),
                Failure::TooMuch(why) => return Err(Refused::TooMuch(why)),
                Failure::Passing(why, after) => (why, after),
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
    fn attempt(&self, post: Post, left: Duration) -> (Result<Body, Failure>, Duration) {
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
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::SeqCst) => {
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

    fn headers(&self) -> Result<Vec<(String, String)>, Error> {
        let mut headers = self.access.authentication.headers(&self.access.headers, self.outside)?;
        headers.push(("accept".into(), "application/json".into()));
        headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        Ok(headers)
    }

    fn pause(&self, time: Duration) -> Result<(), Error> {
        let mut left = time;
        while !left.is_zero() {
            if self.stop.load(Ordering::SeqCst) {
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
    form: String,
    timeout: Duration,
}

impl Post {
    fn send(&self) -> Result<Body, Failure> {
        let timeout = self.timeout.min(ATTEMPT);
        let request =
            web::Request { url: &self.url, headers: &self.headers, body: Some(&self.form), most: MOST, timeout };
        let reply = self.client.send(&request).map_err(|trouble| match trouble.may_pass {
            true => Failure::Passing(trouble.why, None),
            false => Failure::Lasting(
                Error::unreachable(trouble.why).hint("Look at the address, and at the server's certificate."),
            ),
        })?;
        if reply.is_cut {
            return Err(Failure::TooMuch(format!("an answer has more than {} MiB", MOST >> 20)));
        }
        judged(reply.status, &reply.body, &reply.kind, reply.after)
    }
}

/// What an answer means.
fn judged(status: u16, bytes: &[u8], kind: &str, after: Option<Duration>) -> Result<Body, Failure> {
    let body: Result<Body, serde_json::Error> = serde_json::from_slice(bytes);
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
fn of_api(status: u16, body: &Body, after: Option<Duration>) -> Failure {
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
        401 => lasting("does not know who asks", "Give a token or a password that is valid."),
        403 => lasting("does not allow it", "Ask with a token or a tenant that may read these metrics."),
        404 | 405 | 410 => lasting(
            "knows no API at this address",
            "Write the address before `/api/v1`, with its path if there is one.",
        ),
        413 => Failure::TooMuch("the server sends no answer so large".into()),
        429 => Failure::Passing("is asked too often (HTTP 429)".into(), after),
        408 | 500..=599 => Failure::Passing(format!("failed (HTTP {status})"), after),
        _ => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned();
            lasting(&format!("refused: {}", crate::plain::line(text.trim())), "")
        }
    }
}
