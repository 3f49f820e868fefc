//! Hooks that do something in an account of AWS: each call as its service takes it, signed, against a listener that checks
//! the signature by its recipe, and against an independent server that does what is asked.

use std::process::Command;

use serde_json::{Value, json};

use super::server::{Listener, Reply};
use super::{Run, Workshop};
use crate::aws::server::Server as Independent;
use crate::heard::{Heard, parameters};
use crate::login::SECRET;
use crate::login::server::Server;
use crate::login::signed::is_signed;

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_EC2_METADATA_DISABLED", "true")];

fn on_fail(url: &str, action: &str) -> Workshop {
    let hook = format!("aws: {{ region: eu-west-1, endpoint_url: \"{url}\", {action} }}");
    Workshop::failing(&format!("hooks: {{ on_fail: {{ {hook} }} }}\n"))
}

/// What a service hears of an action, and the run; the listener answers with a status and a body.
fn heard(action: &str, service: &'static str, answer: (u16, &'static str)) -> (Vec<Heard>, Run) {
    let server = Server::start(None, move |heard, _| match is_signed(heard, service) {
        true => (answer.0, answer.1.into()),
        false => (403, "{\"__type\":\"InvalidSignatureException\"}".into()),
    });
    let run = on_fail(&server.url(), action).fails(&KEYS);
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    (server.heard(), run)
}

/// The one call of an action that is taken.
fn call(action: &str, service: &'static str) -> Heard {
    let (heard, run) = heard(action, service, (200, "{}"));
    assert!(!run.stderr.contains("warning: "), "{action}: {}", run.stderr);
    let [call] = <[Heard; 1]>::try_from(heard).unwrap();
    call
}

fn body(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap()
}

#[test]
fn each_service_hears_what_it_takes() {
    let weighed =
        call("lambda_alias: { function: checkout, alias: live, version: \"${version}\", weight: 25% }", "lambda");
    assert_eq!(weighed.line, "PUT /2015-03-31/functions/checkout/aliases/live HTTP/1.1");
    assert_eq!(body(&weighed), json!({ "RoutingConfig": { "AdditionalVersionWeights": { "42": 0.25 } } }));
    let whole = call("lambda_alias: { function: a/b, alias: live, version: \"42\", weight: all }", "lambda");
    assert_eq!(whole.line, "PUT /2015-03-31/functions/a%2Fb/aliases/live HTTP/1.1");
    let none = json!({ "AdditionalVersionWeights": {} });
    assert_eq!(body(&whole), json!({ "RoutingConfig": none, "FunctionVersion": "42" }));
    let back = call("lambda_alias: { function: checkout, alias: live, weight: none }", "lambda");
    assert_eq!(body(&back), json!({ "RoutingConfig": none }));

    let parameter = call("ssm_parameter: { name: /checkout/percent, value: \"0\" }", "ssm");
    assert_eq!(parameter.header("x-amz-target"), "AmazonSSM.PutParameter");
    let written = json!({ "Name": "/checkout/percent", "Value": "0", "Type": "String", "Overwrite": true });
    assert_eq!(body(&parameter), written);

    let ecs = call("ecs_deployment: { deployment: \"arn:d\", hook: h1, action: rollback }", "ecs");
    assert_eq!(ecs.header("x-amz-target"), "AmazonEC2ContainerServiceV20141113.ContinueServiceDeployment");
    assert_eq!(body(&ecs), json!({ "serviceDeploymentArn": "arn:d", "hookId": "h1", "action": "ROLLBACK" }));

    let codedeploy = call("codedeploy: { deployment: d-1, execution: e-1, status: failed }", "codedeploy");
    assert_eq!(codedeploy.header("x-amz-target"), "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus");
    let failed = json!({ "deploymentId": "d-1", "lifecycleEventHookExecutionId": "e-1", "status": "Failed" });
    assert_eq!(body(&codedeploy), failed);

    let event = call("event: { bus: deployments }", "events");
    assert_eq!(event.header("x-amz-target"), "AWSEvents.PutEvents");
    let entry = &body(&event)["Entries"][0];
    assert_eq!((&entry["Source"], &entry["EventBusName"]), (&json!("davy"), &json!("deployments")));
    let verdict: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!((&verdict["name"], &verdict["outcome"]), (&json!("checkout"), &json!("fail")));

    let sns = call("sns: { topic: \"arn:aws:sns:eu-west-1:1:t.fifo\", body: slack }", "sns");
    let fields = parameters(&sns.body);
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(field("Action"), Some("Publish"));
    assert_eq!(field("TopicArn"), Some("arn:aws:sns:eu-west-1:1:t.fifo"));
    assert_eq!(field("Subject"), Some("checkout: FAIL"));
    assert!(field("Message").unwrap().contains("checkout") && field("MessageGroupId").is_some(), "{fields:?}");
}

#[test]
fn a_refusal_is_told_with_the_services_own_word_and_tried_again_where_that_helps() {
    let action = "ssm_parameter: { name: /checkout/percent, value: \"0\" }";
    let (calls, run) =
        heard(action, "ssm", (400, "{\"__type\":\"com.amazon#AccessDeniedException\",\"message\":\"x\"}"));
    assert_eq!(calls.len(), 1);
    assert!(
        run.stderr.contains(
            "SSM parameter /checkout/percent = \"0\": the server refused it (HTTP 400) (AccessDeniedException)"
        ),
        "{}",
        run.stderr
    );
    let (calls, run) = heard(action, "ssm", (400, "{\"__type\":\"ThrottlingException\"}"));
    assert_eq!(calls.len(), 4);
    assert!(run.stderr.contains("(ThrottlingException), at the last of 4 attempts"), "{}", run.stderr);
    let refused = "{\"FailedEntryCount\":1,\"Entries\":[{\"ErrorCode\":\"NotAuthorizedForSourceException\"}]}";
    let (_, run) = heard("event: {}", "events", (200, refused));
    assert!(run.stderr.contains("the bus did not take the event (NotAuthorizedForSourceException)"), "{}", run.stderr);
    let keyless = [("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nowhere"), ("AWS_ACCESS_KEY_ID", "")];
    let run = on_fail("http://127.0.0.1:9", action).fails(&keyless);
    assert!(run.stderr.contains("keys of AWS cannot be found: "), "{}", run.stderr);
}

#[test]
fn the_word_of_lambda_stands_in_a_header() {
    let refused =
        "x-amzn-errortype: ResourceNotFoundException:http://internal.amazon.com/coral/com.amazonaws.lambda/\r\n";
    let listener = Listener::start(&[Reply::Status(404, refused)]);
    let run =
        on_fail(&listener.url(""), "lambda_alias: { function: checkout, alias: live, weight: none }").fails(&KEYS);
    assert!(run.stderr.contains("(HTTP 404) (ResourceNotFoundException)"), "{}", run.stderr);
    let throttled = Listener::start(&[Reply::Status(400, "x-amzn-errortype: TooManyRequestsException\r\n")]);
    let run =
        on_fail(&throttled.url(""), "lambda_alias: { function: checkout, alias: live, weight: none }").fails(&KEYS);
    assert!(run.stderr.contains("(TooManyRequestsException), at the last of 4 attempts"), "{}", run.stderr);
}

const CODEDEPLOY: &str = "codedeploy: { deployment: d-1, execution: e-1, status: failed }";
const ECS: &str = "ecs_deployment: { deployment: \"arn:d\", hook: h1, action: rollback }";

#[test]
fn what_was_done_by_an_attempt_whose_answer_is_lost_is_done() {
    let completed = "x-amzn-errortype: LifecycleEventAlreadyCompletedException\r\n";
    let listener = Listener::start(&[Reply::Nothing, Reply::Status(400, completed)]);
    let run = on_fail(&listener.url(""), CODEDEPLOY).fails(&KEYS);
    assert!(!run.stderr.contains("warning: "), "{}", run.stderr);
    assert_eq!(listener.requests().len(), 2);
    // somebody else may have answered: no answer of davy's was lost
    let listener = Listener::start(&[Reply::Status(400, completed)]);
    let run = on_fail(&listener.url(""), CODEDEPLOY).fails(&KEYS);
    assert!(run.stderr.contains("(LifecycleEventAlreadyCompletedException)"), "{}", run.stderr);
    // another refusal stays one
    let other = "x-amzn-errortype: DeploymentDoesNotExistException\r\n";
    let listener = Listener::start(&[Reply::Nothing, Reply::Status(400, other)]);
    let run = on_fail(&listener.url(""), CODEDEPLOY).fails(&KEYS);
    assert!(run.stderr.contains("(DeploymentDoesNotExistException)"), "{}", run.stderr);
}

#[test]
fn a_hook_of_ecs_that_waits_no_more_after_a_lost_answer_is_looked_at() {
    let described = |status: &str| {
        let hook = json!({ "hookId": "h1", "status": status });
        json!({ "serviceDeployments": [{ "lifecycleHookDetails": [hook] }] }).to_string()
    };
    let gone = json!({ "serviceDeployments": [{ "lifecycleHookDetails": [] }] }).to_string();
    let unknown = "did not say so";
    for (answer, told) in [
        ((200, described("FAILED")), None),
        ((200, gone), None),
        ((200, described("SUCCEEDED")), Some("(ClientException)")),
        ((200, described("AWAITING_ACTION")), Some("(ClientException)")),
        ((200, "{\"serviceDeployments\":[]}".to_owned()), Some(unknown)),
        ((400, "{\"__type\":\"AccessDeniedException\"}".to_owned()), Some(unknown)),
    ] {
        let shown = answer.clone();
        let server = Server::start(None, move |heard, number| match heard.header("x-amz-target").rsplit('.').next() {
            Some("DescribeServiceDeployments") => answer.clone(),
            _ if number == 0 => (500, "{}".into()),
            _ => (400, "{\"__type\":\"ClientException\"}".into()),
        });
        let run = on_fail(&server.url(), ECS).fails(&KEYS);
        assert_eq!(server.heard().len(), 3, "{shown:?}");
        match told {
            None => assert!(!run.stderr.contains("warning: "), "{shown:?}: {}", run.stderr),
            Some(words) => assert!(run.stderr.contains(words), "{shown:?}: {}", run.stderr),
        }
    }
}

#[test]
fn an_independent_server_does_what_is_asked() {
    let Some(server) = Independent::start(&[]) else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/aws/steps.py");
    let steps = |what: &str| -> Value {
        let mut python = Command::new(server.python());
        let output = python.arg("-B").arg(script).args(["--endpoint", &server.url, what]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let made = steps("set-up");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hooks/aws-steps");
    let topic = format!("topic={}", made["topic"].as_str().unwrap());
    let mut seen = Vec::new();
    for (phase, numbers) in [("10%", "numbers=healthy"), ("50%", "numbers=broken")] {
        let shop = Workshop::failing("");
        let arguments = ["judge", example, "--hooks", "--phase", phase, "--set", &topic, "--set", numbers];
        let more = [("AWS_ENDPOINT_URL", server.url.as_str()), ("AWS_REGION", "us-east-1")];
        let run = shop.run(&arguments, &[&KEYS[..], &more].concat());
        assert!(!run.stderr.contains("warning: hook"), "{}", run.stderr);
        seen.push((run.code, steps("look")));
    }
    let [(passed, first), (failed, last)] = seen.try_into().unwrap();
    assert_eq!((passed, &first["weights"], &first["parameter"]), (0, &json!({ "2": 0.5 }), &json!("50")));
    assert_eq!((failed, &last["weights"], &last["parameter"]), (10, &json!({}), &json!("0")));
    let outcomes: Vec<&str> = last["messages"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(outcomes, ["event fail", "event pass", "sns fail"]);
}
