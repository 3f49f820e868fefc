//! davy as a Lambda function: the real process as `bootstrap`, under the runtime's API on loopback. What ECS, CodeDeploy and Step
//! Functions would hear is heard; services of AWS are a listener that checks signatures, and an independent server.

mod api;
mod services;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use davy::series::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::argo::soak_into;
use crate::login::SECRET;
use crate::shell::{Shell, of_arm};
use api::{Api, Said};

const GATE: &str = "name: checkout\narms: { baseline: { file: old }, canary: { file: good } }\n\
    sources: { data: { file: { path: \"${file}.csv\" } } }\n\
    metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
    criteria: [{ metric: errors, pass: \"<= baseline + 100%\" }]\n";

/// Time enough.
const LONG: Duration = Duration::from_secs(60);

/// A function with its bundle and its API; it is killed when the test ends.
struct Function {
    shell: Shell,
    api: Api,
    child: Child,
    variables: Vec<(String, String)>,
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bundle with gates in a folder.
fn bundle() -> Shell {
    let shell = Shell::new();
    for (name, bad) in [("old", 10), ("good", 9), ("bad", 60)] {
        shell.write(&format!("gates/{name}.csv"), &of_arm(bad, 100.0));
    }
    for (name, canary) in [("fine", "good"), ("worse", "bad"), ("open", "${hash}")] {
        shell.write(&format!("gates/{name}.yaml"), &GATE.replace("file: good", &format!("file: \"{canary}\"")));
    }
    shell.write("gates/thin.yaml", &GATE.replace("+ 100%", "- 9%"));
    shell.write("gates/gone.yaml", &GATE.replace(".csv", ".gone"));
    let elsewhere = "http: { url: \"http://${host}/x?q=${query}\", rows: \"$.rows[*]\", columns: { time: \"$[0]\", value: \"$[1]\" } }";
    let hour = "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\n";
    shell.write("gates/where.yaml", &(hour.to_owned() + &GATE.replace("file: { path: \"${file}.csv\" }", elsewhere)));
    soak_into(&shell, "gates");
    symlink(env!("CARGO_BIN_EXE_davy"), shell.path("bootstrap")).unwrap();
    shell
}

fn command(shell: &Shell, port: u16, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(shell.path("bootstrap"));
    command.env_clear().current_dir("/").stdin(Stdio::null());
    command.stderr(std::fs::OpenOptions::new().create(true).append(true).open(shell.path("log")).unwrap());
    // a proxy leads outside, and the API is beside
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("PATH", "/usr/bin:/bin");
    command.env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}")).env("LAMBDA_TASK_ROOT", shell.path(""));
    command.envs(variables.iter().cloned());
    command
}

impl Function {
    fn start(variables: &[(&str, &str)]) -> Function {
        Function::of(bundle(), variables)
    }

    fn of(shell: Shell, variables: &[(&str, &str)]) -> Function {
        let own = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables: Vec<(String, String)> = own.collect();
        let api = Api::start();
        let child = command(&shell, api.port, &variables).spawn().unwrap();
        Function { shell, api, child, variables }
    }

    /// One whose configurations run programs.
    fn running_programs() -> Function {
        let shell = bundle();
        std::fs::remove_file(shell.path("bootstrap")).unwrap();
        shell.write("bootstrap", &format!("#!/bin/sh\nexec {} lambda --allow-exec\n", env!("CARGO_BIN_EXE_davy")));
        std::fs::set_permissions(shell.path("bootstrap"), PermissionsExt::from_mode(0o755)).unwrap();
        Function::of(shell, &[("DAVY_CONFIG", "gates")])
    }

    /// The process dies at once, and Lambda starts another.
    fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.api.forget();
        self.child = command(&self.shell, self.api.port, &self.variables).spawn().unwrap();
    }

    #[track_caller]
    fn ask(&self, event: &Value) -> Said {
        self.ask_within(event, LONG)
    }

    #[track_caller]
    fn ask_within(&self, event: &Value, time: Duration) -> Said {
        self.api.send(&event.to_string(), time);
        self.api.hear()
    }

    /// The answer to an event.
    #[track_caller]
    fn answer(&self, event: &Value) -> Value {
        let said = self.ask(event);
        assert_eq!(said.kind, "response", "{said:?}\n{}", self.log());
        said.body
    }

    /// The error to an event: its type and its sentence.
    #[track_caller]
    fn error(&self, event: &Value) -> (String, String) {
        let said = self.ask(event);
        assert_eq!(
            (said.kind.as_str(), said.error.as_str()),
            ("error", said.body["errorType"].as_str().unwrap()),
            "{said:?}"
        );
        (said.error, said.body["errorMessage"].as_str().unwrap().to_owned())
    }

    fn log(&self) -> String {
        let log = self.shell.read("log");
        assert!(!log.contains(SECRET), "{log}");
        log
    }
}

/// What ECS sends at a hook.
fn ecs(stage: &str, details: Value) -> Value {
    json!({
        "executionId": "e8d5a28f-eb01-4f3c-9454-a30ba6dc54bc", "lifecycleStage": stage,
        "resourceArn": "arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28",
        "executionDetails": {
            "serviceArn": "arn:aws:ecs:us-west-2:123456789012:service/my-cluster/my-service",
            "targetServiceRevisionArn": "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/931",
            "testTrafficWeights": {}, "productionTrafficWeights": {},
        },
        "hookDetails": details,
    })
}

#[test]
fn an_event_is_answered_with_the_verdict_or_an_error_that_has_a_name() {
    let function = Function::start(&[("DAVY_CONFIG", "gates")]);
    let fine = function.answer(&json!({ "config": "fine" }));
    assert_eq!(
        (&fine["verdict"], &fine["decision"], &fine["report"]["name"]),
        (&json!("pass"), &json!("go"), &json!("checkout"))
    );
    let worse = function.answer(&json!({ "config": "worse" }));
    assert_eq!((&worse["verdict"], &worse["decision"]), (&json!("fail"), &json!("stop")));
    let thin = function.answer(&json!({ "config": "thin" }));
    assert_eq!((&thin["verdict"], &thin["decision"]), (&json!("inconclusive"), &json!("wait")));
    let open = function.answer(&json!({ "config": "open", "args": { "hash": "bad" } }));
    assert_eq!(open["verdict"], "fail");
    let window = json!({ "from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:30:00Z" });
    let half = function.answer(&json!({ "config": "fine", "window": window, "now": "2026-03-01T13:00:00Z" }));
    assert_eq!(half["report"]["arms"]["canary"]["window"]["end"], "2026-03-01T12:30:00Z", "{half:#}");
    for (event, words) in [
        (json!({}), "names no configuration"),
        (json!({ "config": "other" }), "there is no gate \"other\""),
        (json!({ "config": "../gates/fine" }), "cannot be the name of a gate"),
        (json!({ "config": "fine", "confg": 1 }), "unknown field `confg`"),
        (json!({ "config": "fine", "args": { "file": "bad" } }), "leaves no name \"file\" open"),
        (json!({ "config": "open", "args": { "hash": "../../etc/passwd" } }), "cannot be asked with"),
        (json!({ "config": "where", "args": { "host": "elsewhere.example" } }), "in the address of a server"),
        (json!({ "config": "soak" }), "runs a program"),
        (json!({ "config": "gone" }), "old.gone"),
        (json!([1, 2]), "expected a map"),
        (json!("fine"), "expected a map"),
    ] {
        let (kind, why) = function.error(&event);
        assert!(kind.starts_with("davy.") && why.contains(words), "{event}: {kind}: {why}");
    }
    function.api.send("{\"config\": ", LONG);
    assert_eq!(function.api.hear().error, "davy.Wrong");
    assert!(function.log().contains("FAIL: "), "{}", function.log());
    let calls = function.api.calls();
    assert_eq!(calls.iter().filter(|call| *call == "error").count(), 12);
}

#[test]
fn a_hundred_events_in_a_row_are_answered_in_their_order() {
    let function = Function::start(&[("DAVY_CONFIG", "gates")]);
    let begun = Instant::now();
    (0..100).for_each(|n| {
        let event = match n % 4 {
            0 => json!({ "config": "fine" }),
            1 => json!({ "config": "worse" }),
            2 => ecs("POST_SCALE_UP", json!({ "config": "fine" })),
            _ => json!({ "config": n }),
        };
        function.api.send(&event.to_string(), LONG);
    });
    for n in 0..100 {
        let said = function.api.hear();
        let found = (said.kind.as_str(), said.body["verdict"].as_str(), said.body["hookStatus"].as_str());
        let expected = [
            ("response", Some("pass"), None),
            ("response", Some("fail"), None),
            ("response", None, Some("SUCCEEDED")),
            ("error", None, None),
        ];
        assert_eq!(found, expected[n % 4], "{n}");
    }
    println!("100 events took {:?}", begun.elapsed());
    let calls = function.api.calls();
    let one = |kind: &'static str| ["next", kind];
    let four = [one("response"), one("response"), one("response"), one("error")].concat();
    assert_eq!(calls[..200], four.repeat(25));
}

#[test]
fn ecs_hears_a_status_and_a_rollback_is_not_held_up() {
    let function = Function::start(&[("DAVY_CONFIG", "gates")]);
    for (gate, status) in [("fine", "SUCCEEDED"), ("worse", "FAILED"), ("thin", "FAILED")] {
        let answer = function.answer(&ecs("POST_TEST_TRAFFIC_SHIFT", json!({ "config": gate })));
        assert_eq!(answer, json!({ "hookStatus": status }), "{gate}");
    }
    let mut back = ecs("PRODUCTION_TRAFFIC_SHIFT", json!({ "config": "worse" }));
    let target = back["executionDetails"]["targetServiceRevisionArn"].as_str().unwrap().to_owned();
    back["executionDetails"]["productionTrafficWeights"] = json!({ target.clone(): 0, "r/old": 100 });
    assert_eq!(function.answer(&back), json!({ "hookStatus": "SUCCEEDED" }));
    assert!(function.log().contains("ECS rolls back and is not held up: nothing was judged"), "{}", function.log());
    back["executionDetails"]["productionTrafficWeights"] = json!({ target: 10, "r/old": 90 });
    assert_eq!(function.answer(&back), json!({ "hookStatus": "FAILED" }));
    // what cannot be judged is an error, and ECS rolls back
    let (kind, _) = function.error(&ecs("POST_SCALE_UP", json!({ "config": "nothing" })));
    assert_eq!(kind, "davy.Wrong");
    // what is offered is taken by those who ask for it
    let text = GATE
        .replace("file: good", "file: \"${hash}\"")
        .replace("name: checkout", "name: \"checkout ${ecs_service} ${ecs_stage}\"");
    function.shell.write("gates/named.yaml", &text);
    let answer = function.answer(&ecs("POST_SCALE_UP", json!({ "config": "named", "args": { "hash": "good" } })));
    assert_eq!(answer["hookStatus"], "SUCCEEDED", "{}", function.log());
}

/// Goes on with a soak until ECS hears how it ends; all answers.
fn followed(function: &mut Function, gate: &str, crash_after: usize) -> Vec<Value> {
    let mut details = json!({ "config": gate });
    let mut all: Vec<Value> = Vec::new();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(50), "{all:#?}\n{}", function.log());
        let answer = function.answer(&ecs("POST_TEST_TRAFFIC_SHIFT", details.clone()));
        all.push(answer.clone());
        if answer["hookStatus"] != "IN_PROGRESS" {
            return all;
        }
        // ECS merges what it hears into what is configured
        details.as_object_mut().unwrap().extend(answer["hookDetails"].as_object().unwrap().clone());
        if all.len() == crash_after {
            function.crash();
        }
        std::thread::sleep(Duration::from_secs(answer["callBackDelay"].as_u64().unwrap()));
    }
}

/// Windows that were asked for, of one arm.
fn looks(function: &Function, arm: &str) -> Vec<String> {
    let asked = function.shell.read("gates/asked");
    asked.lines().filter(|line| line.starts_with(arm)).map(str::to_owned).collect()
}

#[test]
fn a_soak_of_ecs_goes_on_with_its_details_and_takes_no_look_twice() {
    let mut function = Function::running_programs();
    let all = followed(&mut function, "soak", 2);
    assert_eq!(all.last().unwrap()["hookStatus"], "SUCCEEDED", "{all:#?}\n{}", function.log());
    let numbers: Vec<u64> =
        all.iter().filter_map(|answer| answer["hookDetails"]["state"]["soak"]["look"].as_u64()).collect();
    assert_eq!(numbers, [0, 1, 2], "{all:#?}");
    let good = looks(&function, "good");
    let distinct: std::collections::BTreeSet<&String> = good.iter().collect();
    assert_eq!((good.len(), distinct.len()), (3, 3), "{good:?}");
    function.api.calls();

    let mut function = Function::running_programs();
    let all = followed(&mut function, "sinks", 0);
    assert_eq!(all.last().unwrap(), &json!({ "hookStatus": "FAILED" }), "{all:#?}");
    // a configuration that changes meanwhile begins no other soak under the same name
    let details = all[0]["hookDetails"].clone();
    function.shell.write("gates/sinks.yaml", &(function.shell.read("gates/sinks.yaml") + "# other\n"));
    let (_, why) = function.error(&ecs("POST_TEST_TRAFFIC_SHIFT", details));
    assert!(why.contains("has changed since the soak began"), "{why}");
}

#[test]
fn whoever_carries_the_state_goes_on_with_a_soak() {
    let function = Function::running_programs();
    let mut event = json!({ "config": "soak" });
    let mut seen = Vec::new();
    loop {
        let answer = function.answer(&event);
        seen.push(answer["verdict"].as_str().unwrap().to_owned());
        if answer["verdict"] != "pending" {
            break;
        }
        assert_eq!(answer["decision"], "wait");
        event["state"] = answer["state"].clone();
        std::thread::sleep(Duration::from_secs(answer["wait"].as_u64().unwrap()));
    }
    assert_eq!(seen, ["pending", "pending", "pending", "pass"]);
    assert_eq!(looks(&function, "good").len(), 3);
}

#[test]
fn the_time_of_a_function_ends_in_an_answer_and_never_in_a_pass() {
    let function = Function::running_programs();
    let slow =
        GATE.replace("file: { path: \"${file}.csv\" }", "exec: { command: [./slowly, \"${file}\"], format: csv }");
    let slow = format!("window: {{ from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }}\n{slow}");
    function.shell.write("gates/slow.yaml", &slow);
    function.shell.write("gates/slowly", "#!/bin/sh\nsleep $(cat pause)\ncat $1.csv\n");
    function.shell.write("gates/pause", "20");
    std::fs::set_permissions(function.shell.path("gates/slowly"), PermissionsExt::from_mode(0o755)).unwrap();
    let short = Duration::from_millis(2_500);
    let late = function.ask_within(&json!({ "config": "slow" }), short);
    assert_eq!((late.kind.as_str(), late.error.as_str()), ("error", "davy.Late"), "{late:?}");
    assert!(late.left > Duration::from_millis(300) && late.left < Duration::from_millis(1_500), "{late:?}");
    // ECS asks again, with nothing spent, as long as there is patience
    let mut details = json!({ "config": "slow" });
    for failures in [1, 2] {
        let again = function.ask_within(&ecs("POST_SCALE_UP", details), short);
        assert_eq!((&again.body["hookStatus"], &again.body["callBackDelay"]), (&json!("IN_PROGRESS"), &json!(30)));
        details = again.body["hookDetails"].clone();
        assert_eq!(details, json!({ "config": "slow", "state": { "failures": failures } }));
    }
    details["state"]["failures"] = json!(9);
    let last = function.ask_within(&ecs("POST_SCALE_UP", details), short);
    assert_eq!((last.kind.as_str(), last.error.as_str()), ("error", "davy.Late"));
    // a function that has been late answers the next event
    function.shell.write("gates/pause", "0");
    assert_eq!(function.answer(&json!({ "config": "slow" }))["verdict"], "pass");
    // and one that says when it ends, but not when it is over, has no time at all
    let none = function.ask_within(&json!({ "config": "fine" }), Duration::from_millis(900));
    assert_eq!(none.error, "davy.Late");
    function.api.calls();
}

#[test]
fn a_function_that_dies_in_the_middle_answers_the_next_event() {
    let mut function = Function::running_programs();
    function.shell.write("gates/slow", "30");
    function.api.send(&json!({ "config": "soak", "from": "2026-03-01T12:00:00Z" }).to_string(), LONG);
    let begun = Instant::now();
    while !function.api.is_busy() || !function.shell.path("gates/asked").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", function.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    function.crash();
    assert_eq!(function.answer(&json!({ "config": "fine" }))["verdict"], "pass");
    function.api.calls();
}

#[test]
fn what_keeps_a_function_from_beginning_is_said_to_lambda() {
    let shell = bundle();
    shell.write("canary.yaml", &GATE.replace("criteria", "criterias"));
    for (place, words, code) in
        [("canary.yaml", "criterias", 78), ("none.yaml", "none.yaml", 78), ("https://example.com/x", "write a path", 2)]
    {
        let api = Api::start();
        let mut child = command(&shell, api.port, &[("DAVY_CONFIG".into(), place.into())]).spawn().unwrap();
        let said = api.hear();
        assert_eq!((said.kind.as_str(), said.error.as_str()), ("init/error", "Runtime.ConfigInvalid"));
        assert!(said.body["errorMessage"].as_str().unwrap().contains(words), "{said:?}");
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(api.calls(), ["init/error"]);
    }
    shell.expect(2, &["lambda"]).says(&["Lambda starts this command", "as `bootstrap`"]);
    // a file of the bundle is the only one, and logs are JSON if Lambda says so
    shell.write("canary.yaml", &GATE.replace("${file}.csv", "gates/${file}.csv"));
    let function = Function::of(shell, &[("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    assert_eq!(function.answer(&json!({}))["verdict"], "pass");
    let (_, why) = function.error(&json!({ "config": "fine" }));
    assert!(why.contains("names one for all events"), "{why}");
    let log = function.log();
    let line = log.lines().find(|line| line.contains("PASS")).unwrap_or_else(|| panic!("{log}"));
    assert_eq!(serde_json::from_str::<Value>(line).unwrap()["level"], "note");
}

#[test]
fn the_template_holds_a_configuration_that_can_be_used_and_the_events_are_read() {
    let text = std::fs::read_to_string(crate::shell::root().join("fixtures/lambda/template.yaml")).unwrap();
    let gate = text.split_once("Value: |\n").unwrap().1;
    let lines = gate.lines().take_while(|line| line.starts_with("        ")).map(|line| &line[8..]);
    let shell = Shell::new();
    shell.write("canary.yaml", &lines.collect::<Vec<_>>().join("\n"));
    let to = Timestamp::from_second(Timestamp::now().as_second() / 60 * 60).unwrap();
    let from = to - SignedDuration::from_mins(30);
    shell.expect(0, &["check", "--from", &from.to_string(), "--to", &to.to_string()]);
    let function = Function::start(&[("DAVY_CONFIG", "gates")]);
    std::fs::rename(function.shell.path("gates/worse.yaml"), function.shell.path("gates/checkout.yaml")).unwrap();
    let event = |name: &str| {
        let path = crate::shell::root().join("fixtures/lambda").join(name);
        serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    assert_eq!(function.answer(&event("ecs.json")), json!({ "hookStatus": "FAILED" }));
    assert_eq!(function.answer(&event("event.json"))["verdict"], "fail");
    // CodeDeploy waits for an answer that this function cannot give
    assert_eq!(function.error(&event("codedeploy.json")).0, "davy.Source");
    let service = event("ecs-service.json");
    assert_eq!(service["deploymentConfiguration"]["lifecycleHooks"][0]["hookDetails"], json!({ "config": "checkout" }));
}
