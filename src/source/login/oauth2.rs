//! OAuth2 by client credentials (RFC 6749, section 4.4): a token from a server of its own.
//!
//! The client says who it is in the header, as the RFC wants it; a server that does not take it so is told in the body.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::client::client;
use super::read::in_header;
use crate::plain;
use crate::series::Timestamp;
use crate::source::error::Error;
use crate::source::outside::{Outside, Told};
use crate::source::secret::OAuth2;
use crate::source::tokens::Token;
use crate::url::{Url, encode};
use crate::web::{self, Reply, Request};

/// More than any answer has.
const MOST_BYTES: u64 = 1 << 20;
/// How often a request is repeated that failed for now.
const RETRIES: usize = 3;
/// A token is not used in its last minute, or in the last fifth of a short life.
const MARGIN: Duration = Duration::from_secs(60);

/// Asks for a token.
///
/// # Errors
///
/// Unreachable: the server of tokens cannot be asked, refuses, or answers without a token.
pub(super) fn ask(oauth2: &OAuth2, deadline: Duration, outside: &Outside) -> Result<Token, Error> {
    let url = &oauth2.token_url;
    let parsed = Url::parse(url).map_err(|why| Error::unreachable(format!("the address of `token_url` {why}")))?;
    let server = format!("the server of tokens {}://{}", parsed.scheme, plain::line(parsed.authority));
    if parsed.is_readable_on_the_way() {
        let error =
            Error::unreachable(format!("{server} speaks plain HTTP, and others could read the client's secret"));
        return Err(error.hint("Write `token_url: https://…`; plain HTTP with secrets is for this machine alone."));
    }
    let secret = oauth2.client_secret.header("the secret of the client", outside)?;
    let connection = client(&oauth2.tls)?;
    let basic = STANDARD.encode(format!("{}:{}", encode(&oauth2.client_id), encode(&secret)));
    let in_header = ("authorization".to_owned(), format!("Basic {basic}"));
    let in_body = format!("&client_id={}&client_secret={}", encode(&oauth2.client_id), encode(&secret));
    let again = |why: &str| (outside.told)(Told::Again(format!("{server}: {why}; again")));
    let post = |header: Option<&(String, String)>, body: &str| {
        let usual = [("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
        let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: Vec<_> = usual.into_iter().chain(header.cloned()).collect();
        let request = Request { url, headers: &headers, body: Some(body), most: MOST_BYTES, timeout: deadline };
        let reply = connection.ask(&request, RETRIES, &again);
        reply.map_err(|trouble| Error::unreachable(format!("{server}: {}", trouble.why)))
    };
    let form = form(oauth2);
    let mut reply = post(Some(&in_header), &form)?;
    if matches!(reply.status, 400 | 401) {
        reply = post(None, &format!("{form}{in_body}"))?;
    }
    token(&reply, &[&secret, &basic], outside.now)
        .map_err(|(problem, hint)| Error::unreachable(format!("{server} {problem}")).hint(hint))
}

fn form(oauth2: &OAuth2) -> String {
    let scopes = oauth2.scopes.join(" ");
    let more = [("scope", Some(&scopes).filter(|scopes| !scopes.is_empty())), ("audience", oauth2.audience.as_ref())];
    let more = more.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", encode(value?))));
    format!("grant_type=client_credentials{}", more.collect::<String>())
}

/// The token of an answer; or what is wrong, and what to do.
fn token(reply: &Reply, secrets: &[&str], now: Timestamp) -> Result<Token, (String, &'static str)> {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |key: &str| answer.get(key).and_then(Value::as_str).map(plain::line).filter(|text| !text.is_empty());
    if let Some(refused) = web::refusal(reply.status) {
        let said: Vec<String> = ["error", "error_description"].into_iter().filter_map(text).collect();
        let said = secrets.iter().fold(said.join(": "), |said, secret| said.replace(*secret, "…"));
        let said = if said.is_empty() { refused.why } else { format!("{said} (HTTP {})", reply.status) };
        return Err((
            format!("gives no token: {said}"),
            "Look at the client, its secret, the scopes and the audience.",
        ));
    }
    let is_bearer = text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let Some(token) = text("access_token").filter(|_| is_bearer).and_then(|text| in_header(&text).map(str::to_owned))
    else {
        let problem =
            if is_bearer { "answers without an `access_token`" } else { "gives a token of another type than Bearer" };
        return Err((problem.into(), "Is `token_url` the address of tokens, not that of a login page?"));
    };
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let life = answer.get("expires_in").and_then(number).filter(|seconds| *seconds >= 0.0 && seconds.is_finite());
    let life = life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let until = life.and_then(|life| now.checked_add(life - MARGIN.min(life / 5)).ok());
    Ok(Token { text: token, until })
}
