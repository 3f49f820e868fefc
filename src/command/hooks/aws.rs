//! A hook that does something in an account of AWS: one signed call of one service.
//!
//! The clients of these services are large, and each is needed for one call: so the call is written here, and the keys and
//! the signature come from the AWS SDK. What a service answers is read for its error code alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::attempts::{self, Refused};
use super::occasion::{Occasion, digest};
use crate::hooks::{Action, Aws, Body, Split};
use crate::plain;
use crate::report::{self, Document};
use crate::url::encode;
use crate::web::aws::{Call, Caller, NO_KEYS, find, signature};
use crate::web::{Client, Request, Trouble, refusal};

/// So much of an answer is read.
const MOST_ANSWER: u64 = 64 * 1024;
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many more attempts there are.
const RETRIES: usize = 3;
/// The longest subject of a message of SNS.
const LONGEST_SUBJECT: usize = 100;
/// The longest event and the longest message.
const LONGEST_TEXT: usize = 240 * 1024;

/// Does it, again where another attempt may help.
pub(super) fn run(console: &Console, aws: &Aws, occasion: &Occasion, interrupt: &Interrupt) -> Result<(), String> {
    let (region, profile) = (aws.region.as_deref(), aws.profile.as_deref());
    let caller = find(region, profile)
        .map_err(|why| format!("keys of AWS cannot be found: {}: {NO_KEYS}", plain::line(&why)))?;
    let Some(region) = aws.region.clone().or(caller.region.clone()) else {
        return Err("the region is not known: write `region: us-east-1`, or set AWS_REGION".into());
    };
    if !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(format!("the region {region:?} cannot be one: write `region: us-east-1`"));
    }
    let task = Task::of(&aws.action, occasion);
    let host = aws.endpoint_url.clone().or(caller.endpoint.clone()).unwrap_or_else(|| address(task.service, &region));
    let url = format!("{}{}", host.trim_end_matches('/'), task.path);
    let client = Client::new(false);
    let attempt = move || task.call(&client, &url, &caller, &region);
    attempts::run(console, occasion, &aws.action.to_string(), RETRIES, attempt, interrupt)
}

/// The address of a service.
fn address(service: &str, region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{end}")
}

/// What is sent to which service.
struct Task {
    service: &'static str,
    is_put: bool,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Task {
    fn of(action: &Action, occasion: &Occasion) -> Task {
        match action {
            Action::LambdaAlias { function, alias, split } => {
                let (weights, version) = match split {
                    Split::Part(version, share) => (json!({ version: share }), None),
                    Split::Whole(version) => (json!({}), Some(version)),
                    Split::None => (json!({}), None),
                };
                let mut body = json!({ "RoutingConfig": { "AdditionalVersionWeights": weights } });
                if let Some(version) = version {
                    body["FunctionVersion"] = Value::from(version.as_str());
                }
                let path = format!("/2015-03-31/functions/{}/aliases/{}", encode(function), encode(alias));
                Task { is_put: true, path, ..Task::json("lambda", None, &body) }
            }
            Action::SsmParameter { name, value } => {
                let body = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
                Task::json("ssm", Some("AmazonSSM.PutParameter"), &body)
            }
            Action::EcsDeployment { deployment, hook, goes_on } => {
                let action = if *goes_on { "CONTINUE" } else { "ROLLBACK" };
                let body = json!({ "serviceDeploymentArn": deployment, "hookId": hook, "action": action });
                Task::json("ecs", Some("AmazonEC2ContainerServiceV20141113.ContinueServiceDeployment"), &body)
            }
            Action::CodeDeploy { deployment, execution, succeeds } => {
                let status = if *succeeds { "Succeeded" } else { "Failed" };
                let body = json!({
                    "deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status,
                });
                let target = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus";
                Task::json("codedeploy", Some(target), &body)
            }
            Action::Event { bus } => {
                let entry = json!({
                    "Source": "davy", "DetailType": "davy verdict", "EventBusName": bus, "Detail": detail(occasion),
                });
                Task::json("events", Some("AWSEvents.PutEvents"), &json!({ "Entries": [entry] }))
            }
            Action::Sns { topic, body } => Task::publish(topic, *body, occasion),
        }
    }

    fn json(service: &'static str, target: Option<&str>, body: &Value) -> Task {
        let kind = if target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(target.map(|target| ("x-amz-target".to_owned(), target.to_owned())));
        Task { service, is_put: false, path: "/".into(), headers, body: body.to_string() }
    }

    fn publish(topic: &str, body: Body, occasion: &Occasion) -> Task {
        let message = match body {
            Body::Verdict => detail(occasion),
            Body::Slack => report::slack(occasion.document),
        };
        // a subject is a line of ASCII
        let subject: String = format!("{}: {}", occasion.document.name, occasion.document.outcome.word())
            .chars()
            .filter(|c| *c == ' ' || c.is_ascii_graphic())
            .take(LONGEST_SUBJECT)
            .collect();
        let mut fields = vec![
            ("Action", "Publish".to_owned()),
            ("Version", "2010-03-31".to_owned()),
            ("TopicArn", topic.to_owned()),
            ("Subject", subject.trim().to_owned()),
            ("Message", message.clone()),
        ];
        if topic.ends_with(".fifo") {
            fields.push(("MessageGroupId", "davy".to_owned()));
            fields.push(("MessageDeduplicationId", digest(&message)));
        }
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Task { service: "sns", is_put: false, path: "/".into(), headers, body: body.join("&") }
    }

    fn call(&self, client: &Client, url: &str, caller: &Caller, region: &str) -> Result<(), Refused> {
        let Task { service, is_put, headers, body, .. } = self;
        let call = Call { method: if *is_put { "PUT" } else { "POST" }, url, headers, body };
        let signed = signature(&caller.keys, region, service, &call);
        let Some(signed) = signed else { return Err(Refused::for_good("the call cannot be signed: look at `region`")) };
        let headers: Vec<(String, String)> = headers.iter().cloned().chain(signed).collect();
        let request = Request { url, headers: &headers, body: Some(body), most: MOST_ANSWER, timeout: TIMEOUT };
        let reply = if *is_put { client.put(&request) } else { client.send(&request) };
        let reply = reply.map_err(|trouble| Refused { trouble, after: None })?;
        let answer = String::from_utf8_lossy(&reply.body);
        match refusal(reply.status) {
            Some(trouble) => Err(Refused { trouble: with_code(trouble, &answer), after: reply.after }),
            None if *service == "sns" => Ok(()),
            None => taken(&answer),
        }
    }
}

/// Events are refused one by one, in an answer that is a success.
fn taken(answer: &str) -> Result<(), Refused> {
    if answer.trim().is_empty() {
        return Ok(());
    }
    let answer = serde_json::from_str::<Value>(answer);
    let answer = answer
        .map_err(|_| Refused::for_good("something else than AWS answered: look at `endpoint_url` and proxies"))?;
    if answer["FailedEntryCount"].as_u64().unwrap_or(0) == 0 {
        return Ok(());
    }
    let code = answer["Entries"][0]["ErrorCode"].as_str().map(word).unwrap_or_default();
    let may_pass = matches!(code.as_str(), "ThrottlingException" | "InternalFailure");
    let why = format!("the bus did not take the event ({code})");
    Err(Refused { trouble: Trouble { why, may_pass }, after: None })
}

/// A trouble with the service's own word for it.
fn with_code(trouble: Trouble, answer: &str) -> Trouble {
    let Some(code) = code(answer) else { return trouble };
    let is_throttled =
        code.contains("Throttling") || ["TooManyRequestsException", "TooManyUpdates"].contains(&code.as_str());
    Trouble { why: format!("{} ({code})", trouble.why), may_pass: trouble.may_pass || is_throttled }
}

/// The error code of an answer, in JSON or XML.
fn code(answer: &str) -> Option<String> {
    let of_json = || {
        let answer: Value = serde_json::from_str(answer).ok()?;
        let code = ["__type", "code", "Code"].into_iter().find_map(|key| answer[key].as_str().map(str::to_owned))?;
        Some(code.rsplit('#').next().unwrap_or(&code).to_owned())
    };
    let of_xml = || {
        let (_, rest) = answer.split_once("<Code>")?;
        Some(rest.split_once("</Code>")?.0.to_owned())
    };
    of_json().or_else(of_xml).map(|code| word(&code)).filter(|code| !code.is_empty())
}

/// A word of letters and digits: an answer may hold anything.
fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(60).collect()
}

/// The verdict as JSON, or in short where a service takes less.
fn detail(occasion: &Occasion) -> String {
    if occasion.json.len() <= LONGEST_TEXT {
        return occasion.json.clone();
    }
    let Document { name, phase, outcome, summary, .. } = occasion.document;
    json!({ "name": name, "phase": phase, "outcome": outcome, "summary": summary }).to_string()
}
