//! A hook that is an address: the verdict or a message is posted there.
//!
//! Address and headers may be secrets. They are read from the environment here, and nothing that is said here holds them:
//! messages are made of the kind of a failure, never of the client's own texts, which may quote an address. What a server
//! answers is read so that it can finish, and not shown.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, http};

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::{Occasion, TICK, spoken};
use crate::hooks::{Address, Body, Webhook};
use crate::report;
use crate::url::{Url, is_link_local};

/// So much of an answer is read.
const MOST_ANSWER: u64 = 64 * 1024;
/// The first wait before another attempt; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait, whatever a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Posts until it is taken, or until there is no use in trying.
pub(super) fn run(
    console: &Console,
    webhook: &Webhook,
    occasion: &Occasion,
    interrupt: &Interrupt,
) -> Result<(), String> {
    let post = Arc::new(Post::new(webhook, occasion)?);
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        let refused = match once(&post, interrupt) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let attempts = if attempt == 1 { String::new() } else { format!(", at the last of {attempt} attempts") };
        if !refused.may_pass || attempt > webhook.retries {
            return Err(format!("{}{attempts}", refused.why));
        }
        let pause = refused.after.unwrap_or(wait).min(LONGEST_WAIT);
        console.detail(&format!(
            "hook {}, POST {}: {}; again in {}",
            occasion.key,
            webhook.address,
            refused.why,
            spoken(pause)
        ));
        interrupt.wait(pause);
        if interrupt.signal().is_some() {
            return Err("given up, because davy was interrupted".into());
        }
        wait = wait.saturating_mul(2);
        attempt += 1;
    }
}

/// Why an attempt did not succeed.
struct Refused {
    why: String,
    /// Whether another attempt may do better.
    may_pass: bool,
    /// When the server wants to be asked again.
    after: Option<Duration>,
}

impl Refused {
    fn for_good(why: impl Into<String>) -> Refused {
        Refused { why: why.into(), may_pass: false, after: None }
    }

    fn for_now(why: impl Into<String>) -> Refused {
        Refused { why: why.into(), may_pass: true, after: None }
    }
}

/// One attempt. The client cannot be interrupted, so it works beside and is left alone when somebody wants to stop.
fn once(post: &Arc<Post>, interrupt: &Interrupt) -> Result<(), Refused> {
    let (to, answer) = sync_channel(1);
    let beside = Arc::clone(post);
    std::thread::spawn(move || to.send(beside.send()));
    loop {
        match answer.recv_timeout(TICK) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) if interrupt.signal().is_none() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Refused::for_good("given up, because davy was interrupted")),
            Err(RecvTimeoutError::Disconnected) => return Err(Refused::for_good("the attempt broke off")),
        }
    }
}

/// Everything that one request needs.
struct Post {
    agent: Agent,
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
        let timeout = webhook.timeout.unsigned_abs();
        Ok(Post { agent: agent(timeout, webhook.allow_link_local), url, headers, body, timeout })
    }

    fn send(&self) -> Result<(), Refused> {
        let mut request = self.agent.post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = request.send(self.body.as_str()).map_err(|error| self.explained(&error))?;
        let status = response.status();
        let after = response.headers().get(http::header::RETRY_AFTER).and_then(|value| pause(value.to_str().ok()?));
        // Only so that the server can finish: whatever becomes of this, the status has said it.
        let _ = io::copy(&mut response.body_mut().as_reader().take(MOST_ANSWER), &mut io::sink());
        let code = status.as_u16();
        match code {
            200..=299 => Ok(()),
            300..=399 => Err(Refused::for_good(format!(
                "the server answers with a redirect (HTTP {code}), which is not followed: write the address that it leads to"
            ))),
            429 => Err(Refused { after, ..Refused::for_now("the server is asked too often (HTTP 429)") }),
            500..=599 => Err(Refused { after, ..Refused::for_now(format!("the server failed (HTTP {code})")) }),
            401 | 403 => Err(Refused::for_good(format!("the server does not allow it (HTTP {code})"))),
            404 | 410 => Err(Refused::for_good(format!("the server knows no such address (HTTP {code})"))),
            _ => Err(Refused::for_good(format!("the server refused it (HTTP {code})"))),
        }
    }

    /// What went wrong, in words of its own.
    fn explained(&self, error: &ureq::Error) -> Refused {
        match error {
            ureq::Error::Timeout(_) => Refused::for_now(format!("no answer within {}", spoken(self.timeout))),
            ureq::Error::HostNotFound => Refused::for_now("the host is not known"),
            ureq::Error::ConnectionFailed => Refused::for_now("the server cannot be reached"),
            ureq::Error::Rustls(error) => untrusted(error),
            ureq::Error::Tls(_) | ureq::Error::Pem(_) => Refused::for_good("no encrypted connection can be made"),
            ureq::Error::Io(error) => broken(error),
            ureq::Error::Protocol(_) => Refused::for_now("the server does not speak HTTP as it should"),
            ureq::Error::InvalidProxyUrl => Refused::for_good("the proxy that the environment names cannot be used"),
            ureq::Error::Other(error) if error.is::<LinkLocal>() => Refused::for_good(LINK_LOCAL),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Refused::for_good("the address or a header cannot be used")
            }
            _ => Refused::for_good("it could not be posted"),
        }
    }
}

/// Finds addresses as usual, and none that a webhook may not reach.
#[derive(Debug, Default)]
struct Fenced(DefaultResolver);

impl Resolver for Fenced {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        if found.iter().any(|address| is_link_local(address.ip())) {
            return Err(ureq::Error::Other(Box::new(LinkLocal)));
        }
        Ok(found)
    }
}

/// A name that leads to the link or to a service of metadata.
#[derive(Debug, thiserror::Error)]
#[error("{LINK_LOCAL}")]
struct LinkLocal;

const LINK_LOCAL: &str = "the address is link-local or a metadata service, which knows the machine's credentials: write \
                          another address, or `allow_link_local: true` in the webhook if you mean it";

fn agent(timeout: Duration, allow_link_local: bool) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("davy/", env!("CARGO_PKG_VERSION")));
    let config = config.build();
    match allow_link_local {
        true => config.new_agent(),
        false => Agent::with_parts(config, DefaultConnector::default(), Fenced::default()),
    }
}

fn variable(name: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) if value.trim().is_empty() => Err(format!("the environment variable {name} is empty")),
        Ok(value) => Ok(value.trim().to_owned()),
        Err(std::env::VarError::NotPresent) => Err(format!("the environment variable {name} is not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is no text")),
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
    let text = format!("{now} {} {} {webhook:?} {}", std::process::id(), occasion.key, occasion.json);
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// How long a server asks to wait: seconds, or a date.
fn pause(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}

fn broken(error: &io::Error) -> Refused {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return untrusted(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Refused::for_now("nobody listens there: the connection was refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Refused::for_now("the server broke the connection off")
        }
        io::ErrorKind::UnexpectedEof => Refused::for_now("the server closed the connection without an answer"),
        kind => Refused::for_now(format!("the connection failed ({kind})")),
    }
}

fn untrusted(error: &rustls::Error) -> Refused {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return Refused::for_good("no encrypted connection can be made: the two sides do not agree how");
    };
    let why = match certificate {
        UnknownIssuer => "nobody whom this machine trusts has signed it",
        Expired | ExpiredContext { .. } => "it has expired",
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet",
        NotValidForName | NotValidForNameContext { .. } => "it is for another host",
        _ => "it is self-signed, or not sound",
    };
    Refused::for_good(format!("the server's certificate is not trusted: {why}"))
}
