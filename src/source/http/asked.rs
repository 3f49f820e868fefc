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

impl Body {
    /// The text to send.
    pub fn fill(&self, fill: &dyn Fn(&Template) -> String) -> String {
        match self {
            Body::Text(text) => fill(text),
            Body::Json(value) => filled(value, fill).to_string(),
        }
    }
}

fn filled(value: &Value, fill: &dyn Fn(&Template) -> String) -> Value {
    match value {
        Value::String(text) => number(text, fill(&Template(text.clone()))),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(item, fill)).collect()),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(name, value)| (name.clone(), filled(value, fill))).collect())
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
