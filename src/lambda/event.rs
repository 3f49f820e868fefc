//! What an event asks, and who sent it.
//!
//! | Sender | It is known by | What is asked stands in |
//! |---|---|---|
//! | ECS, at a hook of a deployment | `lifecycleStage`, `executionDetails` | `hookDetails` |
//! | CodeDeploy, at a hook of a deployment | `DeploymentId`, `LifecycleEventHookExecutionId` | nowhere: the function's own settings |
//! | Step Functions, a program, a person | everything else | the event |

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::serve::{Soak, Window, arguments};

/// What may be written.
const HINT: &str = "write {\"config\": NAME, \"phase\": …, \"args\": {…}, \"window\": {\"from\": …, \"to\": …}, \"from\": TIME, \"now\": TIME}; all of it may be absent";

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// The gate; the function's own if the event does not name one.
    pub config: Option<String>,
    /// Its phase.
    pub phase: Option<String>,
    /// Names that the configuration leaves open.
    pub args: BTreeMap<String, String>,
    /// The same for names that it may not know.
    pub offered: BTreeMap<String, String>,
    /// The beginning and the end of the window.
    pub window: Option<Window>,
    /// When the canary's window begins.
    pub from: Option<Timestamp>,
    /// The instant to take for now.
    pub now: Option<Timestamp>,
    /// Where its soak stands.
    pub state: Option<Carried>,
}

/// What an event carries from one invocation to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// Where the soak stands, if it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
    /// How often in a row nothing was found out.
    #[serde(default)]
    pub failures: usize,
}

/// Who sent it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sender {
    /// ECS, with the details that it brings again.
    Ecs(Map<String, Value>),
    /// ECS, while traffic goes back.
    RollingBack,
    /// CodeDeploy.
    CodeDeploy { deployment: String, execution: String },
    /// Somebody who reads the verdict.
    Reader,
}

/// The question as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    config: Option<String>,
    phase: Option<String>,
    #[serde(default)]
    args: BTreeMap<String, Value>,
    window: Option<Window>,
    from: Option<Timestamp>,
    now: Option<Timestamp>,
    state: Option<Carried>,
}

/// Reads an event.
pub(super) fn read(body: &[u8]) -> Result<(Sender, Asked), Fault> {
    let event: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| Fault::wrong(format!("the event cannot be read: {error}; {HINT}")))?;
    if event.contains_key("lifecycleStage") && event.contains_key("executionDetails") {
        return of_ecs(&event);
    }
    if let (Some(deployment), Some(execution)) = (event.get("DeploymentId"), event.get("LifecycleEventHookExecutionId"))
    {
        let (Some(deployment), Some(execution)) = (deployment.as_str(), execution.as_str()) else {
            return Err(Fault::wrong("the event of CodeDeploy has an identifier that is not a text"));
        };
        return Ok((
            Sender::CodeDeploy { deployment: deployment.into(), execution: execution.into() },
            Asked::default(),
        ));
    }
    Ok((Sender::Reader, asked(event, "the event")?))
}

fn of_ecs(event: &Map<String, Value>) -> Result<(Sender, Asked), Fault> {
    let execution = &event["executionDetails"];
    let stage = event["lifecycleStage"].as_str().unwrap_or_default();
    if rolls_back(stage, execution) {
        // whatever else stands in it
        return Ok((Sender::RollingBack, Asked::default()));
    }
    let details = match event.get("hookDetails") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(details)) => details.clone(),
        // CloudFormation holds them as a text
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| Fault::wrong(format!("`hookDetails` of the event cannot be read: {error}; {HINT}")))?,
        Some(other) => return Err(Fault::wrong(format!("`hookDetails` of the event is {other}: {HINT}"))),
    };
    let mut asked = asked(details.clone(), "`hookDetails` of the event")?;
    let resource = event.get("resourceArn").and_then(Value::as_str).unwrap_or_default();
    let last = |arn: &Value| arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
    let offered = [
        ("ecs_stage", stage.to_owned()),
        ("ecs_deployment", resource.rsplit('/').next().unwrap_or_default().to_owned()),
        ("ecs_service", last(&execution["serviceArn"])),
        ("ecs_revision", last(&execution["targetServiceRevisionArn"])),
    ];
    let known = offered.into_iter().filter(|(_, value)| !value.is_empty());
    asked.offered = known.map(|(name, value)| (name.to_owned(), value)).collect();
    Ok((Sender::Ecs(details), asked))
}

/// Whether traffic goes back: ECS then asks the hooks of both shifts again, with nothing for the new revision and all for another.
fn rolls_back(stage: &str, execution: &Value) -> bool {
    let weights = match stage {
        "PRODUCTION_TRAFFIC_SHIFT" => &execution["productionTrafficWeights"],
        "TEST_TRAFFIC_SHIFT" => &execution["testTrafficWeights"],
        _ => return false,
    };
    let (Some(weights), Some(target)) = (weights.as_object(), execution["targetServiceRevisionArn"].as_str()) else {
        return false;
    };
    let is = |weight: &Value, number: f64| weight.as_f64() == Some(number);
    weights.get(target).is_some_and(|weight| is(weight, 0.0))
        && weights.iter().any(|(revision, weight)| revision != target && is(weight, 100.0))
}

fn asked(written: Map<String, Value>, place: &str) -> Result<Asked, Fault> {
    let written: Written = serde_json::from_value(written.into())
        .map_err(|error| Fault::wrong(format!("{place} cannot be read: {error}; {HINT}")))?;
    let Written { config, phase, args, window, from, now, state } = written;
    let args = arguments(args).map_err(|why| Fault::wrong(format!("{place}: the argument {why}")))?;
    Ok(Asked { config, phase, args, offered: BTreeMap::new(), window, from, now, state })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ecs(stage: &str, weights: Value) -> Value {
        json!({
            "executionId": "e8d5a28f", "lifecycleStage": stage, "resourceArn": "arn:aws:ecs:r:1:service-deployment/shop/checkout/EZe5",
            "executionDetails": {
                "serviceArn": "arn:aws:ecs:r:1:service/shop/checkout", "targetServiceRevisionArn": "r/new",
                "productionTrafficWeights": weights, "testTrafficWeights": {},
            },
        })
    }

    fn event(event: &Value) -> (Sender, Asked) {
        read(event.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_sender_is_known_by_its_fields() {
        let (sender, asked) = event(&ecs("POST_SCALE_UP", json!({})));
        assert_eq!(sender, Sender::Ecs(Map::new()));
        assert_eq!(
            (asked.offered["ecs_service"].as_str(), asked.offered["ecs_revision"].as_str()),
            ("checkout", "new")
        );
        let mut detailed = ecs("POST_SCALE_UP", json!({}));
        detailed["hookDetails"] = json!({ "config": "checkout", "args": { "version": 42 } });
        assert_eq!(event(&detailed).1.args["version"], "42");
        detailed["hookDetails"] = json!("{\"config\": \"checkout\"}");
        assert_eq!(event(&detailed).1.config.as_deref(), Some("checkout"));
        let codedeploy = json!({ "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1" });
        let known = Sender::CodeDeploy { deployment: "d-1".into(), execution: "e-1".into() };
        assert_eq!(event(&codedeploy), (known, Asked::default()));
        assert_eq!(event(&json!({})), (Sender::Reader, Asked::default()));
    }

    #[test]
    fn a_rollback_is_known_by_the_weights_of_a_shift() {
        let back = json!({ "r/new": 0, "r/old": 100 });
        let is_back = |stage: &str, weights: Value| event(&ecs(stage, weights)).0 == Sender::RollingBack;
        assert!(is_back("PRODUCTION_TRAFFIC_SHIFT", back.clone()));
        let mut unreadable = ecs("PRODUCTION_TRAFFIC_SHIFT", back.clone());
        unreadable["hookDetails"] = json!(7);
        assert_eq!(event(&unreadable).0, Sender::RollingBack);
        // before the shift the weights are the same
        assert!(!is_back("PRE_PRODUCTION_TRAFFIC_SHIFT", back.clone()));
        assert!(!is_back("TEST_TRAFFIC_SHIFT", back));
        for forward in [
            json!({ "r/new": 10, "r/old": 90 }),
            json!({ "r/new": 100, "r/old": 0 }),
            json!({}),
            json!({ "r/old": 100 }),
        ] {
            assert!(!is_back("PRODUCTION_TRAFFIC_SHIFT", forward));
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_with_what_may_be_written() {
        for (text, why) in [
            ("", "EOF"),
            ("[]", "expected a map"),
            ("{\"confg\": \"x\"}", "unknown field `confg`"),
            ("{\"config\": 7}", "expected a string"),
            ("{\"args\": {\"a\": []}}", "the argument a is []"),
            ("{\"state\": {\"look\": 9}}", "unknown field `look`"),
            ("{\"lifecycleStage\": \"x\", \"executionDetails\": {}, \"hookDetails\": 7}", "is 7"),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert!(fault.why.contains(why) && fault.why.contains("rite "), "{}", fault.why);
        }
    }
}
