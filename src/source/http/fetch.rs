//! Asking over HTTP: pages, retries within a deadline, and answers that are whole or an error.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::{Http, Next, Request};
use crate::series::{Arm, Series, Timestamp};
use crate::source::ask::{Ask, Least};
use crate::source::backend::Backend;
use crate::source::brought::Brought;
use crate::source::error::Error;
use crate::source::file::{File, Format, Sheet, Wanted};
use crate::source::outside::{Outside, Told};
use crate::source::template::Template;
use crate::source::together::{Call, each_once};
use crate::url::{Url, encode};
use crate::web::{self, Client};

/// More of an answer than this is not read.
const MOST_BYTES: u64 = 256 << 20;
/// More pages than any window has.
const PAGES: usize = 1000;
/// So much of what a server says of an error is quoted.
const QUOTED: usize = 300;
/// The column of a store that answers one query per request.
const VALUE: &str = "value";

/// Asks the stores of the questions.
///
/// # Errors
///
/// For each question by itself: unreachable with the server's message and the remedy; unreadable when the answer is not
/// what the source says, or says itself that it is not whole.
pub fn fetch(calls: &[Call<Http>], outside: &Outside) -> Vec<Result<Brought, Error>> {
    // whose rows are read from an answer does not matter
    let of_nobody =
        |call: &Call<Http>| Http { file: File { arm: None, ..call.asked.file.clone() }, ..call.asked.clone() };
    let is_same =
        |one: &Call<Http>, other: &Call<Http>| one.window == other.window && of_nobody(one) == of_nobody(other);
    each_once(calls, is_same, |call, wanted| {
        let asking = Asking::new(call, outside).map_err(|error| error.within(&call.asked.describe()))?;
        asking.sheet(wanted).map_err(|error| error.within(&call.asked.describe()))
    })
}

/// One call while it is made.
struct Asking<'c> {
    call: &'c Call<'c, Http>,
    outside: &'c Outside<'c>,
    client: Client,
    secrets: Vec<(String, String)>,
}

impl<'c> Asking<'c> {
    fn new(call: &'c Call<'c, Http>, outside: &'c Outside<'c>) -> Result<Asking<'c>, Error> {
        let variable = |name: &str| {
            (outside.variable)(name).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
                Error::unreachable(format!("the environment variable {name} is not set, or empty"))
                    .hint("Set it to the secret; the configuration names it.")
            })
        };
        let mut secrets = Vec::new();
        for (header, before, name) in &call.asked.secrets {
            secrets.push((header.clone(), format!("{before}{}", variable(name)?.trim())));
        }
        if let Some((user, name)) = &call.asked.basic {
            use base64::Engine;
            let pair = format!("{user}:{}", variable(name)?.trim());
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            secrets.push(("authorization".into(), format!("Basic {encoded}")));
        }
        Ok(Asking { call, outside, client: Client::new(call.asked.deadline.unsigned_abs(), false), secrets })
    }

    fn sheet(&self, wanted: &Wanted) -> Result<Sheet, Error> {
        let asked = self.call.asked;
        if asked.file().is_some() {
            let (_, request) = asked.requests.first().ok_or_else(|| Error::unreachable("has no request"))?;
            return self.rows(request, &asked.file, wanted);
        }
        let mut columns = Vec::new();
        for (column, request) in &asked.requests {
            let name = column.clone().unwrap_or_default();
            let points = self.points(request).map_err(|error| error.column(&name))?;
            columns.push((name, points));
        }
        Sheet::of_points(&asked.describe(), &columns)
    }

    /// The numbers of a request that answers one query.
    fn points(&self, request: &Request) -> Result<BTreeMap<Timestamp, f64>, Error> {
        let sheet = self.rows(request, &self.call.asked.file, &Wanted::all())?;
        if sheet.rows() == 0 {
            return Ok(BTreeMap::new());
        }
        let ask = Ask::Gauge { value: VALUE.into(), factor: 1.0, requests: None, least: Least::Any, counter: None };
        let answer = sheet.answer_by(Arm::Canary, None, None, &ask)?;
        match answer.series {
            Series::Gauge { time, value, .. } => Ok(time.into_iter().zip(value).collect()),
            _ => Ok(BTreeMap::new()),
        }
    }

    /// The rows of all pages.
    fn rows(&self, request: &Request, file: &File, wanted: &Wanted) -> Result<Sheet, Error> {
        let shape = &self.call.asked.shape;
        let (mut lines, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let body = self.page(request, next.as_ref())?;
            if !shape.takes_apart() {
                return Sheet::read(file, body.as_slice(), wanted);
            }
            let answer: Value = serde_json::from_slice(&body).map_err(|error| not_json(&error, &body))?;
            if let Some(failure) = shape.failure(&answer) {
                return Err(Error::unreachable(format!("the answer says: {failure}"))
                    .hint("Repair the query, or judge again when the store answers whole."));
            }
            for row in shape.rows(&answer)? {
                lines.extend_from_slice(row.to_string().as_bytes());
                lines.push(b'\n');
            }
            let following = shape.next.as_ref().and_then(|next| page_after(next, &answer));
            match following {
                None => return self.read(&lines, file, wanted),
                Some(page) if next.as_ref() == Some(&page) => {
                    return Err(Error::unreachable("the store names the same page again and again"));
                }
                Some(page) => next = Some(page),
            }
        }
        Err(Error::unreachable(format!("has more than {PAGES} pages"))
            .hint("Ask for a shorter window or a longer step."))
    }

    fn read(&self, lines: &[u8], file: &File, wanted: &Wanted) -> Result<Sheet, Error> {
        if lines.is_empty() {
            let asked = self.call.asked;
            let place = asked.shape.rows.as_ref().map_or("its columns".to_owned(), |rows| format!("`{}`", rows.text()));
            (self.outside.told)(Told::Doubt(format!("{}: the answer has no row at {place}", asked.describe())));
            let names = self.call.ask.names().map(|name| (name.to_owned(), BTreeMap::new()));
            return Sheet::of_points(&asked.describe(), &names.collect::<Vec<_>>());
        }
        Sheet::read(&File { format: Format::Ndjson, ..file.clone() }, lines, wanted)
    }

    /// The body of one page.
    fn page(&self, request: &Request, page: Option<&Page>) -> Result<Vec<u8>, Error> {
        let asked = self.call.asked;
        let fill = |text: &Template| text.fill(self.call.window, asked.step);
        let first = address(request, &fill);
        let url = match page {
            None => first,
            Some(Page::Address(address)) => on_the_same_host(&first, address)?,
            Some(Page::Parameter(name, value)) => with_parameters(first, [(name.as_str(), value.clone())]),
        };
        let parsed = Url::parse(&url).map_err(|why| Error::unreachable(format!("the address {why}")))?;
        if parsed.is_readable_on_the_way() && !self.secrets.is_empty() {
            return Err(Error::unreachable("the address is not encrypted, and the request holds a secret")
                .hint("Write `https://…`; plain HTTP with secrets is for this machine alone."));
        }
        let mut headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        headers.extend(self.secrets.iter().cloned());
        let body = request.body.as_ref().map(|body| body.fill(&fill));
        let named = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if matches!(request.body, Some(super::Body::Json(_))) && !named("content-type") {
            headers.push(("content-type".into(), "application/json".into()));
        }
        let sent = web::Request { url: &url, headers: &headers, body: body.as_deref(), most: MOST_BYTES };
        let again = |why: &str| (self.outside.told)(Told::Again(format!("{}: {why}; again", asked.describe())));
        let reply = self.client.ask(&sent, asked.retries, &again);
        let reply = reply.map_err(|trouble| Error::unreachable(trouble.why))?;
        if let Some(refused) = web::refusal(reply.status) {
            return Err(Error::unreachable(format!("{}{}", refused.why, said(&reply.body))));
        }
        if reply.is_cut {
            return Err(Error::unreachable("the answer is longer than 256 MiB")
                .hint("Ask for a shorter window, a longer step, or fewer series."));
        }
        Ok(reply.body)
    }
}

/// A page after the first.
#[derive(Debug, Clone, PartialEq)]
enum Page {
    Address(String),
    Parameter(String, String),
}

fn page_after(next: &Next, answer: &Value) -> Option<Page> {
    let text = |path: &super::Path| match path.find(answer).first()? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match next {
        Next::Address(path) => text(path).map(Page::Address),
        Next::Parameter(name, path) => text(path).map(|value| Page::Parameter(name.clone(), value)),
    }
}

fn address(request: &Request, fill: &dyn Fn(&Template) -> String) -> String {
    let parameters = request.parameters.iter().map(|(name, value)| (name.as_str(), fill(value)));
    with_parameters(fill(&request.url), parameters)
}

fn with_parameters<'n>(url: String, parameters: impl IntoIterator<Item = (&'n str, String)>) -> String {
    let mut url = url;
    for (name, value) in parameters {
        let before = if url.contains('?') { '&' } else { '?' };
        url = format!("{url}{before}{}={}", encode(name), encode(&value));
    }
    url
}

/// An address of a next page, which may be relative. Secrets go to no other host.
fn on_the_same_host(first: &str, next: &str) -> Result<String, Error> {
    let url = Url::parse(first).map_err(|why| Error::unreachable(format!("the address {why}")))?;
    if next.starts_with('/') && !next.starts_with("//") {
        return Ok(format!("{}://{}{next}", url.scheme, url.authority));
    }
    match Url::parse(next) {
        Ok(next_url) if (next_url.scheme, next_url.authority) == (url.scheme, url.authority) => Ok(next.to_owned()),
        _ => Err(Error::unreachable("the next page is on another host, which is not asked")),
    }
}

/// What a server says of its refusal: a short text, never a page of HTML.
fn said(body: &[u8]) -> String {
    let text = crate::plain::line(String::from_utf8_lossy(body).trim());
    if text.is_empty() || text.starts_with('<') {
        return String::new();
    }
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!(": {}…", &text[..end]),
        None => format!(": {text}"),
    }
}

fn not_json(error: &serde_json::Error, body: &[u8]) -> Error {
    let problem = if body.trim_ascii_start().starts_with(b"<") {
        "the answer is HTML, not JSON: is the address that of the API?".to_owned()
    } else {
        format!("the answer is not JSON ({error})")
    };
    Error::unreadable(problem).hint("Without `rows` and `columns` an answer is read as a file: CSV, NDJSON.")
}
