//! A hook that is an address: the verdict or a message is posted there.
//!
//! Address and headers may be secrets. They are read from the environment here, and nothing that is said here holds them:
//! messages are made of the kind of a failure, never of the client's own texts, which may quote an address. What a server
//! answers is read so that it can finish, and not shown.

use std::time::Duration;

use jiff::Timestamp;

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::attempts::{self, Refused};
use super::occasion::{Occasion, digest};
use crate::hooks::{Address, Body, Webhook};
use crate::report;
use crate::url::Url;
use crate::web::{Client, LINK_LOCAL, Request, refusal};

/// So much of an answer is read.
const MOST_ANSWER: u64 = 64 * 1024;

/// Posts until it is taken, or until there is no use in trying.
pub(super) fn run(
    console: &Console,
    webhook: &Webhook,
    occasion: &Occasion,
    interrupt: &Interrupt,
) -> Result<(), String> {
    let post = Post::new(webhook, occasion)?;
    let called = format!("POST {}", webhook.address);
    attempts::run(console, occasion, &called, webhook.retries, move || post.send(), interrupt)
}

/// Everything that one request needs.
struct Post {
    client: Client,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    timeout: Duration,
}

impl Post {
    fn new(webhook: &Webhook, occasion: &Occasion) -> Result<Post, String> {
        let url = match &webhook.address {
            Address::Url(url) => url.clone(),
            Address::Variable(name) => variable(name)?,
        };
        let parsed = Url::parse(&url).map_err(|why| format!("the address in {} {why}", named(&webhook.address)))?;
        if parsed.is_link_local() && !webhook.allow_link_local {
            return Err(LINK_LOCAL.into());
        }
        let mut headers = webhook.headers.clone();
        for (header, name) in &webhook.headers_env {
            let value = variable(name)?;
            if !value.chars().all(|c| c == ' ' || c == '\t' || c.is_ascii_graphic()) {
                return Err(format!(
                    "the value of ${name} cannot be that of the header {header}: it has more than one line, or letters beyond ASCII"
                ));
            }
            headers.push((header.clone(), value));
        }
        headers.push(("content-type".into(), "application/json".into()));
        headers.push(("idempotency-key".into(), key(occasion, webhook)));
        let body = match webhook.body {
            Body::Verdict => occasion.json.clone(),
            Body::Slack => serde_json::json!({ "text": report::slack(occasion.document) }).to_string(),
        };
        let client = Client::new(webhook.allow_link_local);
        Ok(Post { client, url, headers, body, timeout: webhook.timeout.unsigned_abs() })
    }

    fn send(&self) -> Result<(), Refused> {
        let Post { url, headers, body, timeout, .. } = self;
        let request = Request { url, headers, body: Some(body), most: MOST_ANSWER, timeout: *timeout };
        let reply = self.client.send(&request).map_err(|trouble| Refused { after: None, trouble })?;
        // What the server says beside its status is read only so that it can finish.
        match refusal(reply.status) {
            Some(trouble) => Err(Refused { after: reply.after, trouble }),
            None => Ok(()),
        }
    }
}

fn variable(name: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) if value.trim().is_empty() => Err(format!("the environment variable {name} is empty")),
        Ok(value) => Ok(value.trim().to_owned()),
        Err(std::env::VarError::NotPresent) => Err(format!("the environment variable {name} is not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not text")),
    }
}

fn named(address: &Address) -> String {
    match address {
        Address::Url(_) => "the configuration".into(),
        Address::Variable(name) => format!("${name}"),
    }
}

/// The same for all attempts of one hook, and for no other.
fn key(occasion: &Occasion, webhook: &Webhook) -> String {
    let now = Timestamp::now().as_nanosecond();
    digest(&format!("{now} {} {} {webhook:?} {}", std::process::id(), occasion.key, occasion.json))
}
