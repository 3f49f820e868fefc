//! A hook that does something in an account of AWS: one signed call of one service.
//!
//! What a service answers is read for its error code alone. An attempt whose answer is lost may have gone through: what refuses the
//! next one then, because it is done, is a success.

mod lost;

use serde_json::{Value, json};

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::attempts::{self, Refused};
use super::occasion::{Occasion, digest};
use crate::hooks::{Action, Aws, Body, Split};
use crate::plain;
use crate::report::{self, Document};
use crate::url::encode;
use crate::web::account::{Account, Task, refusal, word};
use crate::web::{Reply, Trouble};
use lost::Lost;

/// How many more attempts there are.
const RETRIES: usize = 3;
/// The longest subject of a message of SNS.
const LONGEST_SUBJECT: usize = 100;
/// The longest event and the longest message.
const LONGEST_TEXT: usize = 240 * 1024;

/// Does it, again where another attempt may help.
pub(super) fn run(console: &Console, aws: &Aws, occasion: &Occasion, interrupt: &Interrupt) -> Result<(), String> {
    let account = Account::open(aws.region.as_deref(), aws.profile.as_deref(), aws.endpoint_url.as_deref());
    let account = account.map_err(|why| plain::line(&why))?;
    let (task, lost) = (task(&aws.action, occasion), Lost::of(&aws.action));
    let attempt = move || attempt(&account, &task, &lost);
    attempts::run(console, occasion, &aws.action.to_string(), RETRIES, attempt, interrupt)
}

fn attempt(account: &Account, task: &Task, lost: &Lost) -> Result<(), Refused> {
    let reply = match account.call(task) {
        Ok(reply) => reply,
        Err(trouble) => return Err(lost.after(Refused { trouble, after: None })),
    };
    match refusal(&reply) {
        None if task.service == "sns" => Ok(()),
        None => taken(&reply),
        Some(trouble) => lost.refused(account, &reply, trouble),
    }
}

/// What is sent to which service.
fn task(action: &Action, occasion: &Occasion) -> Task {
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
            Task { method: "PUT", path, ..Task::json("lambda", None, &body) }
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
            Task::json("codedeploy", Some("CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"), &body)
        }
        Action::Event { bus } => {
            let entry = json!({
                "Source": "davy", "DetailType": "davy verdict", "EventBusName": bus, "Detail": detail(occasion),
            });
            Task::json("events", Some("AWSEvents.PutEvents"), &json!({ "Entries": [entry] }))
        }
        Action::Sns { topic, body } => publish(topic, *body, occasion),
    }
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
    Task { headers, body: body.join("&"), ..Task::json("sns", None, &Value::Null) }
}

/// Events are refused one by one, in an answer that is a success.
fn taken(reply: &Reply) -> Result<(), Refused> {
    if reply.body.trim_ascii().is_empty() {
        return Ok(());
    }
    let answer = serde_json::from_slice::<Value>(&reply.body);
    let answer = answer
        .map_err(|_| Refused::for_good("something else than AWS answered: look at `endpoint_url` and proxies"))?;
    if answer["FailedEntryCount"].as_u64().unwrap_or(0) == 0 {
        return Ok(());
    }
    let code = answer["Entries"][0]["ErrorCode"].as_str().map(word).unwrap_or_default();
    let may_pass = matches!(code.as_str(), "ThrottlingException" | "InternalFailure");
    let why = format!("the bus did not take the event ({code})");
    Err(Refused { trouble: Trouble { why, may_pass, said: Vec::new() }, after: None })
}

/// The verdict as JSON, or in short where a service takes less.
fn detail(occasion: &Occasion) -> String {
    if occasion.json.len() <= LONGEST_TEXT {
        return occasion.json.clone();
    }
    let Document { name, phase, outcome, summary, .. } = occasion.document;
    json!({ "name": name, "phase": phase, "outcome": outcome, "summary": summary }).to_string()
}
