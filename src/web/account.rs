//! An account of AWS: signed calls of its services, and what a service says when it refuses one.
//!
//! The clients of these services are large, and davy needs one or two calls of each. So a call is written where it is needed, and
//! keys and signature come from the AWS SDK.

use std::time::Duration;

use serde_json::Value;

use super::aws::{Call, Caller, NO_KEYS, find, signature};
use super::{Client, Reply, Request, Trouble};

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An account with all that a call needs.
pub struct Account {
    caller: Caller,
    region: String,
    endpoint: Option<String>,
    client: Client,
}

/// What is sent to which service.
pub struct Task {
    /// The service, as its addresses and signatures name it.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path with its query.
    pub path: String,
    /// Headers with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// This many bytes of the answer are read.
    pub most: u64,
}

impl Task {
    /// A call in JSON; `target` is the operation of a service that has one address.
    pub fn json(service: &'static str, target: Option<&str>, body: &Value) -> Task {
        let kind = if target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(target.map(|target| ("x-amz-target".to_owned(), target.to_owned())));
        Task { service, method: "POST", path: "/".into(), headers, body: body.to_string(), most: 64 * 1024 }
    }
}

impl Account {
    /// The account that the environment or a profile leads to, in the region that is said there or here.
    ///
    /// # Errors
    ///
    /// It has no keys or no region, in words.
    pub fn open(region: Option<&str>, profile: Option<&str>, endpoint: Option<&str>) -> Result<Account, String> {
        let caller = find(region, profile).map_err(|why| format!("keys of AWS cannot be found: {why}: {NO_KEYS}"))?;
        let Some(region) = region.map(str::to_owned).or(caller.region.clone()) else {
            return Err("the region is not known: write `region: us-east-1`, or set AWS_REGION".into());
        };
        if !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(format!("the region {region:?} cannot be one: write `region: us-east-1`"));
        }
        let endpoint = endpoint.map(str::to_owned).or(caller.endpoint.clone());
        Ok(Account { caller, region, endpoint, client: Client::new(false) })
    }

    /// Makes a call, and reads the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// No answer came, or not all of it.
    pub fn call(&self, task: &Task) -> Result<Reply, Trouble> {
        let Task { service, method, path, headers, body, most } = task;
        let host = self.endpoint.clone().unwrap_or_else(|| address(service, &self.region));
        let url = &format!("{}{path}", host.trim_end_matches('/'));
        let signed = signature(&self.caller.keys, &self.region, service, &Call { method, url, headers, body });
        let signed = signed.ok_or_else(|| Trouble::for_good("the call cannot be signed: look at `region`"))?;
        let headers: Vec<(String, String)> = headers.iter().cloned().chain(signed).collect();
        let body = (*method != "GET").then_some(body.as_str());
        let request = Request { url, headers: &headers, body, most: *most, timeout: TIMEOUT };
        if *method == "PUT" { self.client.put(&request) } else { self.client.send(&request) }
    }
}

/// The address of a service.
fn address(service: &str, region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{end}")
}

/// What an answer means that is not a success, with the service's own word for it; nothing of a success.
pub fn refusal(reply: &Reply) -> Option<Trouble> {
    let trouble = super::refusal(reply.status)?;
    let Some(code) = code(reply) else { return Some(trouble) };
    let is_throttled = code.contains("Throttling")
        || ["TooManyRequestsException", "TooManyUpdates", "SlowDown"].contains(&code.as_str());
    Some(Trouble { why: format!("{} ({code})", trouble.why), may_pass: trouble.may_pass || is_throttled, ..trouble })
}

/// The error code of an answer: Lambda's stands in a header, others in a body of JSON or XML.
pub fn code(reply: &Reply) -> Option<String> {
    let answer = String::from_utf8_lossy(&reply.body);
    let of_header = || Some(reply.header("x-amzn-errortype")?.split(':').next()?.to_owned());
    let of_json = || {
        let answer: Value = serde_json::from_str(&answer).ok()?;
        ["__type", "code", "Code"].into_iter().find_map(|key| answer[key].as_str().map(str::to_owned))
    };
    let of_xml = || {
        let (_, rest) = answer.split_once("<Code>")?;
        Some(rest.split_once("</Code>")?.0.to_owned())
    };
    let found = of_header().or_else(of_json).or_else(of_xml)?;
    Some(word(found.rsplit('#').next().unwrap_or(&found))).filter(|code| !code.is_empty())
}

/// A word of letters and digits: an answer may hold anything.
pub fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(60).collect()
}
