//! Requests over HTTP: one client for hooks and sources, which follows no redirect and reaches no link-local address.
//!
//! Addresses and headers may hold secrets. Messages are made of the kind of a failure, never of the client's own texts,
//! which may quote an address.

#[cfg(any(feature = "lambda", all(feature = "aws", feature = "webhooks")))]
pub mod account;
#[cfg(feature = "aws")]
pub mod aws;
mod tls;

use std::io::{self, Read};
#[cfg(feature = "aws")]
use std::time::SystemTime;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ureq::config::{Config, ConfigBuilder};
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, http};

pub use tls::Pem;

use crate::pem::Flaw;
use crate::url::is_link_local;

/// The first wait before another attempt; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait, whatever a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The address.
    pub url: &'a str,
    /// Headers with their values.
    pub headers: &'a [(String, String)],
    /// What is posted; a request without a body is a GET.
    pub body: Option<&'a str>,
    /// So many bytes of the answer are read, at most.
    pub most: u64,
    /// How long it may take; [`Client::ask`] takes that long with all attempts. [`NO_END`] is as long as the server likes.
    pub timeout: Duration,
}

/// What a server answered.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, up to the limit.
    pub body: Vec<u8>,
    /// Whether the body was longer than the limit.
    pub is_cut: bool,
    /// Its `content-type`.
    pub kind: String,
    /// How long the server asks to wait before another attempt.
    pub after: Option<Duration>,
    #[cfg(any(feature = "lambda", all(feature = "aws", feature = "webhooks")))]
    headers: http::HeaderMap,
}

#[cfg(any(feature = "lambda", all(feature = "aws", feature = "webhooks")))]
impl Reply {
    /// What a header says.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Trouble {
    /// What happened.
    pub why: String,
    /// Whether another attempt may do better.
    pub may_pass: bool,
    /// What the server said of it, which may repeat secrets.
    pub said: Vec<u8>,
}

impl Trouble {
    fn for_good(why: impl Into<String>) -> Trouble {
        Trouble { why: why.into(), may_pass: false, said: Vec::new() }
    }

    fn for_now(why: impl Into<String>) -> Trouble {
        Trouble { why: why.into(), may_pass: true, said: Vec::new() }
    }
}

/// The time of a request that a server answers when something happens.
#[cfg(feature = "lambda")]
pub const NO_END: Duration = Duration::MAX;

/// What is said where no server listens.
pub const NOBODY: &str = "no server listens there: the connection was refused";

/// The present instant, which a signature has to have whatever a judgement takes for the present.
#[cfg(feature = "aws")]
pub fn clock() -> SystemTime {
    SystemTime::now()
}

/// A client with its connections.
pub struct Client(Agent);

impl Client {
    /// A client; its connections are kept for further requests.
    pub fn new(allow_link_local: bool) -> Client {
        Client(agent(tls::usual().build(), allow_link_local))
    }

    /// A client for what runs beside davy: no proxy stands between, and an address of the link is as good as any.
    #[cfg(feature = "lambda")]
    pub fn beside() -> Client {
        Client(config(tls::usual().build()).proxy(None).build().new_agent())
    }

    /// A client whose encrypted connections rest on certificates of their own.
    ///
    /// # Errors
    ///
    /// A certificate or a key cannot be used.
    pub fn trusting(pem: &Pem) -> Result<Client, Flaw> {
        Ok(Client(agent(tls::config(pem)?, false)))
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// No answer came, or not all of it.
    pub fn send(&self, request: &Request) -> Result<Reply, Trouble> {
        self.send_as(request, false)
    }

    /// The same with the method PUT.
    ///
    /// # Errors
    ///
    /// As [`send`](Client::send).
    #[cfg(any(feature = "lambda", all(feature = "aws", feature = "webhooks")))]
    pub fn put(&self, request: &Request) -> Result<Reply, Trouble> {
        self.send_as(request, true)
    }

    fn send_as(&self, request: &Request, is_put: bool) -> Result<Reply, Trouble> {
        let (headers, limit) = (request.headers, Some(request.timeout).filter(|limit| *limit < Duration::MAX));
        let explain = |error: ureq::Error| explain(&error, request.timeout);
        let sent = match request.body {
            Some(body) => {
                let post = if is_put { self.0.put(request.url) } else { self.0.post(request.url) };
                let post = post.config().timeout_global(limit).build();
                headers.iter().fold(post, |post, (name, value)| post.header(name, value)).send(body)
            }
            None => {
                let get = self.0.get(request.url).config().timeout_global(limit).build();
                headers.iter().fold(get, |get, (name, value)| get.header(name, value)).call()
            }
        };
        let mut response = sent.map_err(explain)?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let after = header(http::header::RETRY_AFTER).and_then(pause);
        let kind = header(http::header::CONTENT_TYPE).unwrap_or_default().to_owned();
        // a compressed answer says how long it is before it is unpacked, and knows by itself where it ends
        let is_packed = header(http::header::CONTENT_ENCODING).is_some();
        let announced = header(http::header::CONTENT_LENGTH).filter(|_| !is_packed);
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        let mut body = Vec::new();
        let reader = response.body_mut().with_config().limit(u64::MAX).reader();
        reader
            .take(request.most + 1)
            .read_to_end(&mut body)
            .map_err(|error| explain_broken(&error, request.timeout))?;
        let is_cut = body.len() as u64 > request.most;
        if !is_cut && announced.is_some_and(|announced| announced != body.len() as u64) {
            return Err(Trouble::for_now("the answer was cut off"));
        }
        Ok(Reply {
            status: response.status().as_u16(),
            body,
            is_cut,
            kind,
            after,
            #[cfg(any(feature = "lambda", all(feature = "aws", feature = "webhooks")))]
            headers: std::mem::take(response.headers_mut()),
        })
    }

    /// Sends a request, again after a pause where that may help, all within the request's time.
    ///
    /// # Errors
    ///
    /// As [`send`](Client::send), or what the last answer's status means. Statuses that another attempt does not change are
    /// answers.
    pub fn ask(&self, request: &Request, retries: usize, again: &dyn Fn(&str)) -> Result<Reply, Trouble> {
        let end = Instant::now() + request.timeout;
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            let timeout = end.saturating_duration_since(Instant::now());
            let (trouble, after) = match self.send(&Request { timeout, ..*request }) {
                Ok(reply) => match refusal(reply.status).filter(|refused| refused.may_pass) {
                    None => return Ok(reply),
                    Some(refused) => (Trouble { said: reply.body, ..refused }, reply.after),
                },
                Err(trouble) => (trouble, None),
            };
            let pause = after.unwrap_or(wait).min(LONGEST_WAIT);
            if !trouble.may_pass || attempt >= retries || Instant::now() + pause >= end {
                let attempts =
                    if attempt == 0 { String::new() } else { format!(", at the last of {} attempts", attempt + 1) };
                return Err(Trouble { why: format!("{}{attempts}", trouble.why), ..trouble });
            }
            again(&trouble.why);
            std::thread::sleep(pause);
            wait = wait.saturating_mul(2);
        }
        Err(Trouble::for_good("no attempt was made"))
    }
}

fn explain_broken(error: &io::Error, timeout: Duration) -> Trouble {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(inner) => explain(inner, timeout),
        None => broken(error),
    }
}

/// What went wrong, in words of our own.
fn explain(error: &ureq::Error, timeout: Duration) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::for_now(format!("no answer within {}", spell(timeout))),
        ureq::Error::HostNotFound => Trouble::for_now("the host is not known"),
        ureq::Error::ConnectionFailed => Trouble::for_now("the server cannot be reached"),
        ureq::Error::Rustls(error) => untrusted(error),
        ureq::Error::Tls(_) | ureq::Error::Pem(_) => Trouble::for_good("no encrypted connection can be made"),
        ureq::Error::Io(error) => broken(error),
        ureq::Error::Decompress(..) => Trouble::for_now("the packed answer was cut off or damaged"),
        ureq::Error::Protocol(_) => Trouble::for_now("the server does not speak HTTP as it should"),
        ureq::Error::InvalidProxyUrl => Trouble::for_good("the proxy that the environment names cannot be used"),
        ureq::Error::Other(error) if error.is::<LinkLocal>() => Trouble::for_good(LINK_LOCAL),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Trouble::for_good("the address or a header cannot be used"),
        _ => Trouble::for_good("the request could not be sent"),
    }
}

/// What a status that is not a success means, in words; nothing of a success.
pub fn refusal(status: u16) -> Option<Trouble> {
    Some(match status {
        200..=299 => return None,
        300..=399 => Trouble::for_good(format!(
            "the server answers with a redirect (HTTP {status}), which is not followed: write the address that it leads to"
        )),
        429 => Trouble::for_now("the server gets too many requests (HTTP 429)"),
        500..=599 => Trouble::for_now(format!("the server failed (HTTP {status})")),
        401 | 403 => Trouble::for_good(format!("the server does not allow it (HTTP {status})")),
        404 | 410 => Trouble::for_good(format!("the server knows no such address (HTTP {status})")),
        _ => Trouble::for_good(format!("the server refused it (HTTP {status})")),
    })
}

/// A waiting time in words, as the configuration writes it.
fn spell(time: Duration) -> String {
    crate::text::spell::spell(time.try_into().unwrap_or_default())
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

/// Why an address of the link is not reached.
pub const LINK_LOCAL: &str = "the address is link-local or a metadata service, which knows the machine's credentials: write \
                          another address, or `allow_link_local: true` if you mean it";

fn config(tls: TlsConfig) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("davy/", env!("CARGO_PKG_VERSION")))
}

fn agent(tls: TlsConfig, allow_link_local: bool) -> Agent {
    let config = config(tls).build();
    match allow_link_local {
        true => config.new_agent(),
        false => Agent::with_parts(config, DefaultConnector::default(), Fenced::default()),
    }
}

/// How long a server asks to wait: seconds, or a date.
fn pause(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}

fn broken(error: &io::Error) -> Trouble {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return untrusted(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Trouble::for_now(NOBODY),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Trouble::for_now("the server broke the connection off")
        }
        io::ErrorKind::UnexpectedEof => Trouble::for_now("the server closed the connection without an answer"),
        kind => Trouble::for_now(format!("the connection failed ({kind})")),
    }
}

fn untrusted(error: &rustls::Error) -> Trouble {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::AlertReceived(alert) => return Trouble::for_good(tls::refused(*alert)),
        _ => return Trouble::for_good("no encrypted connection can be made: the two sides do not agree how"),
    };
    let why = match certificate {
        UnknownIssuer => "no authority that this machine trusts has signed it",
        Expired | ExpiredContext { .. } => "it has expired",
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet",
        NotValidForName | NotValidForNameContext { .. } => "it is for another host",
        _ => "it is self-signed, or not sound",
    };
    Trouble::for_good(format!("the server's certificate is not trusted: {why}"))
}
