//! The runtime's API of Lambda: the next event, its answer or its error, and an error before the first event.
//!
//! It listens beside the function, so no proxy stands between. The next event may come in a second or in an hour, and the process
//! sleeps until then: that call has no end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault::Fault;
use crate::web::{Client, NO_END, Reply, Request};

/// The variable that says where the API is.
pub const API: &str = "AWS_LAMBDA_RUNTIME_API";

/// An event is at most 6 MB.
const MOST: u64 = 8 * 1024 * 1024;
/// How long the API may take to take an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer is sent so often, at most.
const ATTEMPTS: usize = 3;

/// Where the API is.
pub struct Api {
    client: Client,
    base: String,
}

/// An event with what comes beside it.
pub(super) struct Invocation {
    pub(super) id: String,
    /// When the function's time is over; nothing if the API does not say so.
    pub(super) deadline: Option<Timestamp>,
    pub(super) body: Vec<u8>,
    /// What an answer has to repeat.
    stamp: Option<String>,
}

impl Api {
    /// The API at a host and a port.
    pub fn at(place: &str) -> Api {
        Api { client: Client::beside(), base: format!("http://{place}/2018-06-01/runtime") }
    }

    /// Waits for the next event.
    pub(super) fn next(&self) -> Result<Invocation, String> {
        let url = format!("{}/invocation/next", self.base);
        let request = Request { url: &url, headers: &[], body: None, most: MOST, timeout: NO_END };
        let reply = self.client.send(&request).map_err(|trouble| trouble.why)?;
        if reply.status != 200 {
            return Err(format!("it answers the question for the next event with HTTP {}", reply.status));
        }
        let header = |name: &str| reply.header(name).map(str::to_owned);
        let id = header("lambda-runtime-aws-request-id").filter(|id| !id.is_empty() && id.chars().all(is_of_an_id));
        let id = id.ok_or("an event came without the identifier that its answer needs")?;
        let deadline = header("lambda-runtime-deadline-ms").and_then(|text| text.parse().ok());
        let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let stamp = header("lambda-runtime-invocation-id");
        Ok(Invocation { id, deadline, stamp, body: reply.body })
    }

    /// Answers an event.
    pub(super) fn respond(&self, invocation: &Invocation, answer: &Value) -> Result<(), String> {
        let place = format!("invocation/{}/response", invocation.id);
        self.post(&place, &answer.to_string(), invocation.stamped())
    }

    /// Says that an event cannot be answered.
    pub(super) fn fail(&self, invocation: &Invocation, fault: &Fault) -> Result<(), String> {
        let kind = ("lambda-runtime-function-error-type".to_owned(), fault.kind.to_owned());
        let headers = [kind].into_iter().chain(invocation.stamped()).collect();
        self.post(&format!("invocation/{}/error", invocation.id), &body(fault.kind, &fault.why), headers)
    }

    /// Says that the function cannot begin at all.
    ///
    /// # Errors
    ///
    /// The API does not take it, in words.
    pub fn cannot_begin(&self, why: &str) -> Result<(), String> {
        let kind = "Runtime.ConfigInvalid";
        let headers = vec![("lambda-runtime-function-error-type".to_owned(), kind.to_owned())];
        self.post("init/error", &body(kind, why), headers)
    }

    fn post(&self, place: &str, body: &str, mut headers: Vec<(String, String)>) -> Result<(), String> {
        headers.push(("content-type".into(), "application/json".into()));
        let url = format!("{}/{place}", self.base);
        let request = Request { url: &url, headers: &headers, body: Some(body), most: MOST, timeout: TIMEOUT };
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            // a connection may have died while the process slept
            match self.client.send(&request) {
                Ok(Reply { status: 200..=299, .. }) => return Ok(()),
                Ok(reply) => return Err(format!("it answers {place} with HTTP {}", reply.status)),
                Err(trouble) => why = trouble.why,
            }
        }
        Err(why)
    }
}

impl Invocation {
    fn stamped(&self) -> Vec<(String, String)> {
        let stamp = self.stamp.clone().map(|stamp| ("lambda-runtime-invocation-id".to_owned(), stamp));
        stamp.into_iter().collect()
    }
}

/// An identifier becomes a part of a path.
fn is_of_an_id(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}

/// An error as the API takes it.
fn body(kind: &str, why: &str) -> String {
    json!({ "errorType": kind, "errorMessage": why, "stackTrace": [] }).to_string()
}
