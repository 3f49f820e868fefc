//! Services of AWS that a function calls: CodeDeploy to answer, SSM and S3 for its configuration.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Function, GATE, LONG, bundle};
use crate::aws::server::Server as Independent;
use crate::heard::Heard;
use crate::login::SECRET;
use crate::login::server::Server;
use crate::login::signed::is_signed;

/// Variables of an account behind a server.
fn account(url: &str) -> Vec<(String, String)> {
    let own = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL", url),
        ("NO_PROXY", "localhost,127.0.0.1"),
    ];
    own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn function(url: &str, config: &str) -> Function {
    function_in("eu-west-1", url, config)
}

fn function_in(region: &str, url: &str, config: &str) -> Function {
    let mut variables = account(url);
    variables.extend([("DAVY_CONFIG".into(), config.into()), ("AWS_REGION".into(), region.into())]);
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Function::of(bundle(), &variables)
}

/// A service that checks signatures, and answers by number.
fn service(name: &'static str, answer: impl Fn(&Heard, usize) -> (u16, String) + Send + Sync + 'static) -> Server {
    Server::start(None, move |heard, number| match is_signed(heard, name) {
        true => answer(heard, number),
        false => (403, "{\"__type\":\"InvalidSignatureException\"}".into()),
    })
}

fn statuses(server: &Server) -> Vec<String> {
    let status = |heard: &Heard| {
        let body: Value = serde_json::from_str(&heard.body).unwrap();
        assert_eq!((&body["deploymentId"], &body["lifecycleEventHookExecutionId"]), (&json!("d-1"), &json!("e-1")));
        assert_eq!(heard.header("x-amz-target"), "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus");
        body["status"].as_str().unwrap().to_owned()
    };
    server.heard().iter().map(status).collect()
}

fn hook() -> Value {
    json!({ "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1" })
}

#[test]
fn codedeploy_hears_each_answer_by_a_call_of_its_own() {
    for (gate, status) in
        [("fine", "Succeeded"), ("worse", "Failed"), ("thin", "Failed"), ("gone", "Failed"), ("soak", "Failed")]
    {
        let server = service("codedeploy", |_, _| (200, "{}".into()));
        let function = function(&server.url(), &format!("gates/{gate}.yaml"));
        let answer = function.answer(&hook());
        assert_eq!(answer["status"], status, "{gate}: {answer}\n{}", function.log());
        assert_eq!(statuses(&server), [status], "{gate}");
        function.api.calls();
    }
}

#[test]
fn codedeploy_is_told_again_and_one_that_knows_already_is_content() {
    let server = service("codedeploy", |_, number| match number {
        0 => (500, "{}".into()),
        1 => (400, "{\"__type\":\"LifecycleEventAlreadyCompletedException\"}".into()),
        _ => (400, "{\"__type\":\"DeploymentDoesNotExistException\"}".into()),
    });
    let function = function(&server.url(), "gates/fine.yaml");
    assert_eq!(function.answer(&hook())["status"], "Succeeded");
    assert_eq!(statuses(&server).len(), 2);
    let (kind, why) = function.error(&hook());
    assert!(kind == "davy.Source" && why.contains("(DeploymentDoesNotExistException)"), "{kind}: {why}");
    assert!(function.log().contains("CodeDeploy has had its answer before"));
}

#[test]
fn codedeploy_waits_for_a_soak_that_fits_into_the_functions_time() {
    let server = service("codedeploy", |_, _| (200, "{}".into()));
    let mut function = Function::running_programs();
    function.variables = account(&server.url());
    let more = [("DAVY_CONFIG", "gates/soak.yaml"), ("AWS_REGION", "eu-west-1")];
    function.variables.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    function.crash();
    assert_eq!(function.answer(&hook())["status"], "Succeeded", "{}", function.log());
    let late = function.ask_within(&hook(), Duration::from_millis(10_500));
    assert_eq!(late.body["status"], "Failed", "{late:?}");
    assert!(late.body["sentence"].as_str().unwrap().contains("give the function a longer timeout"), "{late:?}");
    assert_eq!(statuses(&server), ["Succeeded", "Failed"]);
}

#[test]
fn a_configuration_of_ssm_or_s3_is_read_anew_for_each_event() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let gate =
        |canary: &str| GATE.replace("file: good", &format!("file: {canary}")).replace("${file}", "gates/${file}");
    let (fine, worse) = (gate("good"), gate("bad"));
    let texts = [fine, worse];
    let of_ssm = texts.clone();
    let server = service("ssm", move |heard, _| {
        let body: Value = serde_json::from_str(&heard.body).unwrap();
        assert_eq!(heard.header("x-amz-target"), "AmazonSSM.GetParameter");
        match body["Name"].as_str().unwrap() {
            "/davy/checkout" => {
                let text = &of_ssm[count.fetch_add(1, Ordering::Relaxed) % 2];
                (200, json!({ "Parameter": { "Value": text } }).to_string())
            }
            "/davy/bad" => (200, json!({ "Parameter": { "Value": "name: [" } }).to_string()),
            "/davy/busy" => (400, "{\"__type\":\"ThrottlingException\"}".into()),
            _ => (400, "{\"__type\":\"ParameterNotFound\"}".into()),
        }
    });
    let one = function(&server.url(), "ssm:/davy/checkout");
    assert_eq!(one.answer(&json!({}))["verdict"], "pass");
    assert_eq!(one.answer(&json!({}))["verdict"], "fail");
    let several = function(&server.url(), "ssm:/davy/");
    assert_eq!(several.answer(&json!({ "config": "checkout" }))["verdict"], "pass");
    for (name, kind, words) in [
        ("other", "davy.Wrong", "ssm:/davy/other cannot be read: the server refused it (HTTP 400) (ParameterNotFound)"),
        ("busy", "davy.Source", "(ThrottlingException)"),
        ("bad", "davy.Wrong", "ssm:/davy/bad"),
    ] {
        let (found, why) = several.error(&json!({ "config": name }));
        assert!(found == kind && why.contains(words), "{name}: {found}: {why}");
    }

    let server = service("s3", move |heard, _| match heard.line.as_str() {
        "GET /my.bucket/gates/checkout.yaml HTTP/1.1" => (200, texts[0].clone()),
        "GET /my.bucket/gates/moved.yaml HTTP/1.1" => (301, "<Error><Code>PermanentRedirect</Code></Error>".into()),
        _ => (404, "<Error><Code>NoSuchKey</Code></Error>".into()),
    });
    let several = function(&server.url(), "s3://my.bucket/gates/");
    assert_eq!(several.answer(&json!({ "config": "checkout" }))["verdict"], "pass");
    for (name, words) in [("none", "(NoSuchKey)"), ("moved", "in another region")] {
        let (_, why) = several.error(&json!({ "config": name }));
        assert!(why.contains(words), "{name}: {why}");
    }
}

#[test]
fn an_independent_server_hands_out_the_configuration() {
    let Some(server) = Independent::start(&[]) else { return };
    let gate = GATE.replace("${file}", "gates/${file}");
    let shell = bundle();
    shell.write("gate.yaml", &gate);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/aws/steps.py");
    let mut python = Command::new(server.python());
    let file = shell.path("gate.yaml");
    let output = python.arg("-B").arg(script).args(["--endpoint", &server.url, "gate"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for place in ["ssm:/davy/checkout", "s3://davy.gates/checkout.yaml"] {
        let function = function_in("us-east-1", &server.url, place);
        let said = function.ask_within(&json!({}), LONG);
        assert_eq!(said.body["verdict"], "pass", "{place}: {said:?}\n{}", function.log());
    }
}

#[test]
fn metrics_of_cloudwatch_are_judged_with_the_functions_own_keys() {
    let Some(server) = Independent::start(&["--page-size", "100"]) else { return };
    server.seed("partial-results", "10-healthy");
    let gates = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/aws");
    let function = function(&server.url, gates);
    let window = json!({ "from": "2026-06-02T06:00:00Z", "to": "2026-06-02T18:00:00Z" });
    let event = json!({ "config": "partial-results", "phase": "10%", "window": window, "now": "2026-06-02T18:15:00Z" });
    let answer = function.answer(&event);
    assert_eq!(answer["verdict"], "pass", "{answer:#}");
    assert!(server.calls()["GetMetricData"] > 0);
}
