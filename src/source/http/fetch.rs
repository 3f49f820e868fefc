//! Asking over HTTP: pages, retries within a deadline, and answers that are whole or an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::asked::{Http, Next, Request};
use crate::series::{Remark, Series, Timestamp, Window};
use crate::source::ask::{Ask, Least};
use crate::source::backend::Backend;
use crate::source::brought::Brought;
use crate::source::error::Error;
use crate::source::file::{File, Format, Sheet, Wanted};
use crate::source::login::{self, Login};
use crate::source::outside::{Outside, Told};
use crate::source::secret::{Authentication, Tls};
use crate::source::shared::Shared;
use crate::source::template::Template;
use crate::source::together::{Call, Rows, each_once};
use crate::url::{Url, encode};
use crate::web::{self, Client, Reply, Trouble};

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
    let mut clients: Vec<(&Tls, Result<Arc<Client>, Error>)> = Vec::new();
    for Call { asked: Http { tls, .. }, .. } in calls {
        if !clients.iter().any(|(known, _)| *known == tls) {
            clients.push((tls, login::client(tls)));
        }
    }
    let queries = calls.iter().filter(|call| call.asked.file().is_none());
    let queries = queries.flat_map(|call| call.asked.requests.iter().map(move |(_, request)| Query { call, request }));
    let queries = Shared::of(queries);
    each_once(calls, is_same, |call, wanted| {
        let client = clients.iter().find(|(known, _)| *known == &call.asked.tls).map(|(_, client)| client.clone());
        let unmade = || Err(Error::unreachable("was not asked"));
        let rows = client.unwrap_or_else(unmade).and_then(|client| {
            let store = Store::new(call.asked, call.window, client, outside);
            Asking { call, store, queries: &queries }.rows(wanted)
        });
        rows.map_err(|error| error.within(&call.asked.describe()))
    })
}

/// What a store answers to its one request: a file as it came, or its rows as lines of JSON.
///
/// # Errors
///
/// Unreachable with the server's message and the remedy; unreadable when the answer is not what the source says.
pub fn answer(asked: &Http, window: Window, outside: &Outside) -> Result<Vec<u8>, Error> {
    let content = login::client(&asked.tls).and_then(|client| {
        let (_, request) = asked.requests.first().ok_or_else(|| Error::unreachable("has no request"))?;
        Store::new(asked, window, client, outside).content(request)
    });
    let (Content::File(bytes) | Content::Lines(bytes)) = content.map_err(|error| error.within(&asked.describe()))?;
    Ok(bytes)
}

/// Whether one answer does for both: whose rows are read from it does not matter.
fn is_same(one: &Call<Http>, other: &Call<Http>) -> bool {
    one.asked.requests == other.asked.requests && is_alike(one, other)
}

/// Whether two calls ask the same server in the same way about the same time.
fn is_alike(one: &Call<Http>, other: &Call<Http>) -> bool {
    let Http { requests: _, secrets, authentication, tls, shape, deadline, retries, file, step } = one.asked;
    let there = other.asked;
    *secrets == there.secrets
        && *authentication == there.authentication
        && *tls == there.tls
        && *shape == there.shape
        && *deadline == there.deadline
        && *retries == there.retries
        && *step == there.step
        && file.reads_the_same(&there.file)
        && one.window == other.window
}

/// A request that answers one query, which several metrics may have: the total of their rates.
struct Query<'q> {
    call: &'q Call<'q, Http>,
    request: &'q Request,
}

impl PartialEq for Query<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.request == other.request && is_alike(self.call, other.call)
    }
}

/// The numbers of a query, and what there is to say of them.
type Numbers = Result<(BTreeMap<Timestamp, f64>, Vec<Remark>), Error>;

/// One call while it is made.
struct Asking<'c> {
    call: &'c Call<'c, Http>,
    store: Store<'c>,
    queries: &'c Shared<Query<'c>, Numbers>,
}

/// A store while it is asked about a window.
struct Store<'c> {
    asked: &'c Http,
    window: Window,
    outside: &'c Outside<'c>,
    client: Arc<Client>,
    login: Login<'c>,
}

/// All that a store answered to a request.
enum Content {
    /// As it came.
    File(Vec<u8>),
    /// The rows of all pages, a line of JSON each.
    Lines(Vec<u8>),
}

impl Asking<'_> {
    fn rows(&self, wanted: &Wanted) -> Result<Rows, Error> {
        let asked = self.call.asked;
        if asked.file().is_some() {
            let (_, request) = asked.requests.first().ok_or_else(|| Error::unreachable("has no request"))?;
            return Ok((self.sheet(request, wanted)?, Vec::new()));
        }
        let (mut columns, mut notes) = (Vec::new(), Vec::new());
        for (column, request) in &asked.requests {
            let name = column.clone().unwrap_or_default();
            let numbers = self.queries.get(&Query { call: self.call, request }, || self.points(request));
            let (points, remarks) = numbers.map_err(|error| error.column(&name))?;
            columns.push((name, points));
            notes.extend(remarks);
        }
        Ok((Sheet::of_points(&asked.describe(), &columns)?, notes))
    }

    /// The numbers of a request that answers one query. Equal rows of several series are no copies, so none is dropped.
    fn points(&self, request: &Request) -> Numbers {
        let sheet = self.sheet(request, &Wanted::all())?;
        if sheet.rows() == 0 {
            return Ok((BTreeMap::new(), Vec::new()));
        }
        // a value for each row, so that none is taken for a copy
        let ask = Ask::Values { value: VALUE.into(), factor: 1.0, least: Least::Any };
        let answer = sheet.answer_by(self.call.arm, None, None, &ask)?;
        let Series::Values { time, value } = answer.series else {
            return Err(Error::unreadable("the answer has no numbers"));
        };
        let mut points = BTreeMap::new();
        for (time, value) in time.into_iter().zip(value) {
            if points.insert(time, value).is_some() {
                let problem = format!("a row has the same time as another, {time}: the answer holds several series");
                return Err(Error::unreadable(problem).hint("Let the query add them up, or select one."));
            }
        }
        Ok((points, answer.notes))
    }

    /// The rows of all pages.
    fn sheet(&self, request: &Request, wanted: &Wanted) -> Result<Sheet, Error> {
        let asked = self.call.asked;
        match self.store.content(request)? {
            Content::File(bytes) => Sheet::read(&asked.file, bytes.as_slice(), wanted),
            Content::Lines(lines) if lines.is_empty() => {
                let rows = asked.shape.rows.as_ref();
                let place = rows.map_or("its columns".to_owned(), |rows| format!("`{}`", rows.text()));
                let doubt = format!("{}: the answer has no row at {place}", asked.describe());
                (self.store.outside.told)(Told::Doubt(doubt));
                let names = self.call.ask.names().map(|name| (name.to_owned(), BTreeMap::new()));
                Sheet::of_points(&asked.describe(), &names.collect::<Vec<_>>())
            }
            Content::Lines(lines) => {
                Sheet::read(&File { format: Format::Ndjson, ..asked.file.clone() }, lines.as_slice(), wanted)
            }
        }
    }
}

impl<'c> Store<'c> {
    fn new(asked: &'c Http, window: Window, client: Arc<Client>, outside: &'c Outside<'c>) -> Store<'c> {
        let Http { authentication, secrets, deadline, .. } = asked;
        let login = Login::new(authentication, secrets, deadline.unsigned_abs(), outside);
        Store { asked, window, outside, client, login }
    }

    fn content(&self, request: &Request) -> Result<Content, Error> {
        let shape = &self.asked.shape;
        let (mut lines, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let body = self.page(request, next.as_ref())?;
            if !shape.takes_apart() {
                return Ok(Content::File(body));
            }
            let answer: Value = serde_json::from_slice(&body).map_err(|error| not_json(&error, &body))?;
            if let Some(failure) = shape.failure(&answer) {
                let failure = String::from_utf8_lossy(&self.login.veil(failure.into_bytes())).into_owned();
                return Err(Error::unreachable(format!("the answer says: {failure}"))
                    .hint("Repair the query, or judge again when the store answers whole."));
            }
            for row in shape.rows(&answer)? {
                lines.extend_from_slice(row.to_string().as_bytes());
                lines.push(b'\n');
            }
            let following = shape.next.as_ref().and_then(|next| page_after(next, &answer));
            match following {
                None => return Ok(Content::Lines(lines)),
                Some(page) if next.as_ref() == Some(&page) => {
                    return Err(Error::unreachable("the store names the same page again and again"));
                }
                Some(page) => next = Some(page),
            }
        }
        Err(Error::unreachable(format!("has more than {PAGES} pages"))
            .hint("Ask for a shorter window or a longer step."))
    }

    /// The body of one page.
    fn page(&self, request: &Request, page: Option<&Page>) -> Result<Vec<u8>, Error> {
        self.outside.interrupt.check()?;
        let asked = self.asked;
        let fill = |text: &Template| text.fill(self.window, asked.step);
        let first = address(request, &fill);
        let url = match page {
            None => first,
            Some(Page::Address(address)) => on_the_same_host(&first, address)?,
            Some(Page::Parameter(name, value)) => with_parameters(first, [(name.as_str(), value.clone())]),
        };
        let parsed = Url::parse(&url).map_err(|why| Error::unreachable(format!("the address {why}")))?;
        let is_secret = asked.authentication != Authentication::None || !asked.secrets.is_empty();
        if parsed.is_readable_on_the_way() && is_secret {
            return Err(Error::unreachable("the address is not encrypted, and the request holds a secret")
                .hint("Write `https://…`; plain HTTP with secrets is for this machine alone."));
        }
        let mut plain: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        let body = request.body.as_ref().map(|body| body.fill(&fill));
        let named = |wanted: &str| plain.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if matches!(request.body, Some(super::Body::Json(_))) && !named("content-type") {
            plain.push(("content-type".into(), "application/json".into()));
        }
        let reply = self.answer(&url, &plain, body.as_deref())?;
        if let Some(refused) = web::refusal(reply.status) {
            return Err(self.refused(&refused.why, reply.body));
        }
        if reply.is_cut {
            return Err(Error::unreachable("the answer is longer than 256 MiB")
                .hint("Ask for a shorter window, a longer step, or fewer series."));
        }
        Ok(reply.body)
    }

    /// An error with what the server says of it.
    fn refused(&self, why: &str, body: Vec<u8>) -> Error {
        Error::unreachable(format!("{why}{}", said(&self.login.veil(body))))
    }

    /// The answer to a request; with a token that is got anew, if the server does not know the first.
    fn answer(&self, url: &str, plain: &[(String, String)], body: Option<&str>) -> Result<Reply, Error> {
        let asked = self.asked;
        let timeout = asked.deadline.unsigned_abs();
        let again = |why: &str| (self.outside.told)(Told::Again(format!("{}: {why}; again", asked.describe())));
        let mut is_renewed = false;
        loop {
            let secrets = self.login.headers(url, body)?;
            let headers: Vec<_> = plain.iter().chain(&secrets).cloned().collect();
            let sent = web::Request { url, headers: &headers, body, most: MOST_BYTES, timeout };
            let reply = self.client.ask(&sent, asked.retries, &again);
            let failed = |trouble: Trouble| self.refused(&trouble.why, trouble.said);
            let reply = reply.map_err(failed)?;
            match reply.status {
                401 if !is_renewed && self.login.refuse(&secrets) => is_renewed = true,
                401 => return Ok(reply),
                _ => {
                    self.login.accept(&secrets);
                    return Ok(reply);
                }
            }
        }
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
    let text = crate::plain::shorten(String::from_utf8_lossy(body).trim(), QUOTED);
    if text.is_empty() || text.starts_with('<') { String::new() } else { format!(": {text}") }
}

fn not_json(error: &serde_json::Error, body: &[u8]) -> Error {
    let problem = if body.trim_ascii_start().starts_with(b"<") {
        "the answer is HTML, not JSON: is the address that of the API?".to_owned()
    } else {
        format!("the answer is not JSON ({error})")
    };
    Error::unreadable(problem).hint("Without `rows` and `columns` an answer is read as a file: CSV, NDJSON.")
}
