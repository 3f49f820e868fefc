//! A question to a store over HTTP, as plain data.

use serde_json::Value;

use super::path::Path;
use crate::plain;
use crate::series::SignedDuration;
use crate::source::backend::Backend;
use crate::source::file::File;
use crate::source::secret::{Authentication, Secret, Tls};
use crate::source::template::Template;
use crate::url::Url;

/// A store that is asked over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// The requests: one, or one for each column of the metric.
    pub requests: Vec<(Option<String>, Request)>,
    /// Headers that are secrets.
    pub secrets: Vec<(String, Secret)>,
    /// Who asks.
    pub authentication: Authentication,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// How an answer is taken apart.
    pub shape: Shape,
    /// How long all of a request may take, with its pages and retries.
    pub deadline: SignedDuration,
    /// How often a request is repeated that failed for now.
    pub retries: usize,
    /// How rows are read; it has no path.
    pub file: File,
    /// The step that it is asked for.
    pub step: SignedDuration,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The address.
    pub url: Template,
    /// Parameters of the address.
    pub parameters: Vec<(String, Template)>,
    /// Headers that are no secrets.
    pub headers: Vec<(String, Template)>,
    /// What is posted; without it the request is a GET.
    pub body: Option<Body>,
}

/// What is posted.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A text.
    Text(Template),
    /// JSON, whose texts are templates.
    Json(Value),
}

/// How an answer is taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Where an answer says that it failed or is not whole.
    pub errors: Vec<Path>,
    /// Where the rows are.
    pub rows: Option<Path>,
    /// The columns of a row; without rows, lists of equal length.
    pub columns: Vec<(String, Path)>,
    /// Where the next page is.
    pub next: Option<Next>,
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// At an address on the same host.
    Address(Path),
    /// At the same address, with a parameter.
    Parameter(String, Path),
}

impl Http {
    /// Whether a query has a place in its requests.
    pub fn has_query(&self) -> bool {
        self.requests.iter().any(|(_, request)| request.has_query())
    }

    /// The same with a query in its place.
    pub fn with_query(&self, query: &str) -> Http {
        let with = |(column, request): &(Option<String>, Request)| (column.clone(), request.with_query(query));
        Http { requests: self.requests.iter().map(with).collect(), ..self.clone() }
    }
}

impl Request {
    fn has_query(&self) -> bool {
        let named = self.parameters.iter().chain(&self.headers).map(|(_, value)| value);
        [&self.url].into_iter().chain(named).any(Template::has_query) || self.body.as_ref().is_some_and(Body::has_query)
    }

    fn with_query(&self, query: &str) -> Request {
        let all = |named: &[(String, Template)]| {
            named.iter().map(|(name, value)| (name.clone(), value.with_query(query))).collect()
        };
        Request {
            url: self.url.with_query(query),
            parameters: all(&self.parameters),
            headers: all(&self.headers),
            body: self.body.as_ref().map(|body| body.with_query(query)),
        }
    }
}

impl Body {
    fn has_query(&self) -> bool {
        match self {
            Body::Text(text) => text.has_query(),
            Body::Json(value) => {
                value.to_string().contains(&serde_json::json!(Template::hold_query()).to_string()[1..])
            }
        }
    }

    fn with_query(&self, query: &str) -> Body {
        match self {
            Body::Text(text) => Body::Text(text.with_query(query)),
            Body::Json(value) => {
                Body::Json(mapped(value, &|text| Value::String(Template(text.to_owned()).with_query(query).0)))
            }
        }
    }

    /// The text to send.
    pub fn fill(&self, fill: &dyn Fn(&Template) -> String) -> String {
        match self {
            Body::Text(text) => fill(text),
            Body::Json(value) => mapped(value, &|text| number(text, fill(&Template(text.to_owned())))).to_string(),
        }
    }
}

/// The same with something else for each text.
fn mapped(value: &Value, text: &dyn Fn(&str) -> Value) -> Value {
    match value {
        Value::String(one) => text(one),
        Value::Array(items) => Value::Array(items.iter().map(|item| mapped(item, text)).collect()),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(name, value)| (name.clone(), mapped(value, text))).collect())
        }
        other => other.clone(),
    }
}

/// A text that is nothing but one number of the window becomes a number: `to: ${to_ms}`.
fn number(template: &str, filled: String) -> Value {
    match filled.parse::<i64>() {
        Ok(number) if Template::is_one_name(template) => Value::from(number),
        _ => Value::String(filled),
    }
}

impl Backend for Http {
    fn describe(&self) -> String {
        let address = self.requests.first().map(|(_, request)| request.url.describe()).unwrap_or_default();
        match Url::parse(&address) {
            Ok(url) => plain::line(&format!("{}://{}", url.scheme, url.authority)),
            Err(_) => "the HTTP source".to_owned(),
        }
    }

    fn question(&self) -> String {
        let columns = self.requests.iter().filter_map(|(column, _)| column.as_deref());
        let asked: Vec<&str> = columns.collect();
        match (asked.as_slice(), self.requests.first()) {
            ([], Some((_, request))) => plain::line(&request.url.describe()),
            (asked, _) => plain::line(&asked.join("; ")),
        }
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }

    /// Rows of one request are a file's; columns of several requests are points.
    fn file(&self) -> Option<&File> {
        self.requests.iter().all(|(column, _)| column.is_none()).then_some(&self.file)
    }
}
