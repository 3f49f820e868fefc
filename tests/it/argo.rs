//! The plugin under the library that the controller of Argo Rollouts starts plugins with: a real host, built from Debian's Go by
//! `.ci/argo-host`, that a test tells what the controller would do. And hostile bytes from a host that is none.

mod host;
mod hostile;

use std::time::{Duration, Instant};

use davy::series::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::shell::{Shell, of_arm};
use host::{Host, folder};

const GATE: &str = "name: checkout\narms: { baseline: { file: old }, canary: { file: good } }\n\
    sources: { data: { file: { path: \"${file}.csv\" } } }\n\
    metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
    criteria: [{ metric: errors, pass: \"<= baseline + 100%\" }]\n";

/// A gate that is looked at each two seconds for six; every question to its source is written down.
const SOAK: &str = "name: soak\nwindow: { step: 1s, settle: 0s }\nsoak: 6s\nevery: 2s\n\
    arms: { baseline: { file: old }, canary: { file: good } }\n\
    sources: { data: { exec: { command: [./ask, \"${file}\"], format: csv } } }\n\
    metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
    criteria: [{ metric: errors, pass: \"<= baseline + 100%\" }]\n";

/// Prints an arm's rows of a window, a second each. A file `broken` keeps it from that.
const ASK: &str = "#!/bin/sh\n[ -e broken ] && { echo 'no route to the store' >&2; exit 3; }\n\
    echo \"$1 $DAVY_FROM $DAVY_TO\" >> asked\nsleep $(cat slow 2>/dev/null || echo 0)\n\
    bad=10; [ $1 = bad ] && bad=60\nat=$(date -ud \"$DAVY_FROM\" +%s)\nto=$(date -ud \"$DAVY_TO\" +%s)\n\
    echo time,requests,errors\nwhile [ $at -lt $to ]; do echo \"$(date -ud @$at +%FT%TZ),1000,$bad\"; at=$((at + 1)); done\n";

fn gates() -> Shell {
    let shell = Shell::new();
    for (name, bad) in [("old", 10), ("good", 9), ("bad", 60)] {
        shell.write(&format!("gates/{name}.csv"), &of_arm(bad, 100.0));
    }
    for (name, canary) in [("fine", "good"), ("worse", "bad"), ("open", "${hash}")] {
        shell.write(&format!("gates/{name}.yaml"), &GATE.replace("file: good", &format!("file: \"{canary}\"")));
    }
    shell.write("gates/thin.yaml", &GATE.replace("+ 100%", "- 9%"));
    shell.write("gates/strict.yaml", &(GATE.replace("+ 100%", "- 9%") + "policy: { on_inconclusive: fail }\n"));
    shell.write("gates/gone.yaml", &GATE.replace(".csv", ".gone"));
    soak_into(&shell, "gates");
    shell
}

/// Writes gates with a soak, and the program that they ask.
pub fn soak_into(shell: &Shell, folder: &str) {
    shell.write(&format!("{folder}/soak.yaml"), SOAK);
    shell.write(&format!("{folder}/sinks.yaml"), &SOAK.replace("file: good", "file: bad"));
    shell.write(&format!("{folder}/ask"), ASK);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(shell.path(&format!("{folder}/ask")), mode).unwrap();
}

/// An AnalysisRun that was created now.
fn created() -> Value {
    let at = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    json!({ "metadata": { "name": "checkout-7", "namespace": "shop", "creationTimestamp": at.to_string() } })
}

fn metric(configuration: Value) -> Value {
    json!({ "name": "davy", "provider": { "plugin": { "davy/judge": configuration } } })
}

fn run(configuration: Value) -> Value {
    json!({ "do": "run", "run": created(), "metric": metric(configuration) })
}

/// Waits until a measurement is to be resumed, and resumes it, until it has ended; all that came, the first with them.
fn followed(host: &mut Host, first: Value, run: &Value, metric: &Value) -> Vec<Value> {
    let mut all = vec![first];
    let began = Instant::now();
    while all[all.len() - 1]["phase"] == "Running" {
        assert!(began.elapsed() < Duration::from_secs(40), "{all:#?}");
        let last = stored(&all[all.len() - 1]);
        wait_for(&last);
        all.push(host.call(json!({ "do": "resume", "run": run, "metric": metric, "measurement": last })));
    }
    all
}

fn wait_for(measurement: &Value) {
    let at: Timestamp = measurement["resumeAt"].as_str().unwrap().parse().unwrap();
    std::thread::sleep(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
}

/// As the cluster gives it back: its times have whole seconds.
fn stored(measurement: &Value) -> Value {
    let mut stored = measurement.clone();
    for name in ["startedAt", "finishedAt", "resumeAt"] {
        if let Some(at) = stored[name].as_str().map(|at| at.parse::<Timestamp>().unwrap().as_second()) {
            stored[name] = json!(Timestamp::from_second(at).unwrap().to_string());
        }
    }
    stored
}

/// The questions that the source was asked, which are all different.
pub fn asked(shell: &Shell, folder: &str) -> Vec<String> {
    let mut lines: Vec<String> = shell.read(&format!("{folder}/asked")).lines().map(str::to_owned).collect();
    let all = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), all, "a look was taken twice: {lines:#?}");
    lines
}

#[test]
fn a_controller_hears_every_answer_as_itself() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &[]);
    assert_eq!(host.call(json!({ "do": "type" })), "davy");
    assert!(host.call(json!({ "do": "unknown" }))["failed"].as_str().unwrap().contains("can't find method"));
    assert_eq!(host.call(json!({ "do": "collect", "limit": 10 })), json!({ "ErrorString": "" }));
    let about = host.call(json!({ "do": "metadata", "metric": metric(json!({ "config": "fine" })) }));
    assert_eq!(about, json!({ "config": "fine", "davy": env!("CARGO_PKG_VERSION") }));
    for (gate, phase, verdict, says) in [
        ("fine", "Successful", "pass", "the one criterion holds"),
        ("worse", "Failed", "fail", "1 of 1 criteria fails"),
        ("thin", "Inconclusive", "inconclusive", "could not be decided"),
        ("strict", "Failed", "inconclusive", "could not be decided"),
    ] {
        let heard = host.call(run(json!({ "config": gate })));
        assert_eq!((&heard["phase"], &heard["value"]), (&json!(phase), &json!(verdict)), "{heard}");
        assert!(heard["message"].as_str().unwrap().contains(says), "{heard}");
        assert_eq!(heard["metadata"]["verdict"], verdict);
        let numbers = heard["metadata"].as_object().unwrap().iter().find(|(name, _)| name.starts_with("criterion."));
        let numbers = numbers.unwrap().1.as_str().unwrap();
        assert!(numbers.starts_with(verdict) && numbers.contains("effect ") && numbers.contains("; n 6"), "{numbers}");
        assert!(heard["startedAt"].is_string() && heard["finishedAt"].is_string() && heard["resumeAt"].is_null());
    }
    for (configuration, says) in [
        (json!({ "config": "nowhere" }), "there is no gate \"nowhere\"; there are: fine, gone, open,"),
        (json!({ "config": "../gates/fine" }), "cannot be the name of a gate"),
        (json!({ "config": "gone" }), "old.gone: does not exist"),
        (json!({ "config": "open" }), "refers to `${hash}`, which is not set"),
        (json!({ "config": "open", "args": { "hash": "../../secret" } }), "cannot be asked with"),
        (json!({ "config": "fine", "args": { "nothing": 1 } }), "leaves no name \"nothing\" open"),
        (json!({ "config": "fine", "phase": "7%" }), "phase"),
        (json!({ "config": "fine", "limit": 1 }), "unknown field `limit`"),
        (json!({ "config": { "name": "own" } }), "--allow-inline"),
        (json!({ "config": "soak" }), "start it with --allow-exec"),
    ] {
        let heard = host.call(run(configuration));
        assert_eq!(heard["phase"], "Error", "{heard}");
        assert!(heard["message"].as_str().unwrap().contains(says), "{heard}");
    }
    let none = host.call(json!({ "do": "run", "run": created(), "metric": { "name": "davy" } }));
    assert!(none["phase"] == "Error" && none["message"].as_str().unwrap().contains("below `provider.plugin"), "{none}");
    // the AnalysisRun's own arguments set what the configuration leaves open, and its secrets do not
    let mut with = run(json!({ "config": "open" }));
    with["run"]["spec"] = json!({ "args": [{ "name": "hash", "value": "bad" }, { "name": "other", "value": "a/b" }] });
    assert_eq!(host.call(with.clone())["value"], "fail");
    with["run"]["spec"]["args"][0]["valueFrom"] = json!({ "SecretKeyRef": { "Name": "a", "Key": "b" } });
    assert_eq!(host.call(with.clone())["phase"], "Error");
    // nor do they stand in what is said
    with["run"]["spec"]["args"][0]["value"] = json!("s3cret/x");
    with["metric"] = metric(json!({ "config": "open", "args": { "hash": "s3cret/x" } }));
    let heard = host.call(with);
    assert!(heard["message"].as_str().unwrap().contains("hash=\"*****\" cannot be asked with"), "{heard}");
    assert!(!shell.read("log").contains("s3cret"));
    // many at once, each with an answer of its own
    let mut many = run(json!({ "config": "fine" }));
    (many["do"], many["at"]) = (json!("together"), json!(40));
    assert!(host.call(many).as_array().unwrap().iter().all(|heard| heard["phase"] == "Successful"));
    let pid = host.call(json!({ "do": "ping" }))["pid"].as_u64().unwrap();
    assert!(host.call(json!({ "do": "stop" }))["ms"].as_u64().unwrap() < 1_900, "it ends when the host says so");
    assert!(!is_alive(pid));
}

#[test]
fn a_source_that_repeats_a_secret_is_heard_without_it() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let once = SOAK.replace("soak: 6s\nevery: 2s\n", "").replace("settle: 0s", "settle: 0s, last: 60s");
    shell.write("gates/talks.yaml", &once.replace("file: good", "file: \"${hash}\"").replace("./ask", "sh, talk"));
    shell.write("gates/talk", &format!("echo \"asked for $1\" >&2\n{ASK}"));
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let mut with = run(json!({ "config": "talks", "args": { "hash": "s3cret" } }));
    let reference = json!({ "SecretKeyRef": { "Name": "a", "Key": "b" } });
    with["run"]["spec"] = json!({ "args": [{ "name": "hash", "value": "s3cret", "valueFrom": reference }] });
    let heard = host.call(with);
    assert!(heard["phase"] != "Error" && !heard.to_string().contains("s3cret"), "{heard}");
    let log = shell.read("log");
    assert!(log.contains("asked for *****") && !log.contains("s3cret"), "{log}");
}

#[test]
fn a_template_may_hold_a_configuration_if_the_operator_lets_it() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &["--allow-inline"]);
    let text = json!({ "config": GATE });
    let heard = host.call(run(text));
    assert_eq!(heard["phase"], "Successful", "{heard}");
    let object = json!({ "config": {
        "name": "own", "arms": { "baseline": { "file": "old" }, "canary": { "file": "bad" } },
        "sources": { "data": { "file": { "path": "${file}.csv" } } },
        "metrics": { "errors": { "rate": { "bad": "errors", "total": "requests" } } },
        "criteria": [{ "metric": "errors", "pass": "<= baseline + 100%" }]
    } });
    assert_eq!(host.call(run(object))["phase"], "Failed");
    let wrong = host.call(run(json!({ "config": { "nmae": "own" } })));
    assert!(wrong["message"].as_str().unwrap().contains("provider.plugin.davy/judge.config"), "{wrong}");
    // a list lets it ask that, and nothing else, whatever else is allowed
    let mut host = Host::start(&folder, &shell, &["--allow-exec", "--allow-inline", "file"]);
    assert_eq!(host.call(run(json!({ "config": GATE })))["phase"], "Successful");
    for (config, why) in [
        (SOAK.to_owned(), "no request may bring one"),
        (GATE.replace("${file}.csv", "../${file}.csv"), "inside of the folder"),
        (format!("{GATE}hooks: {{ on_fail: {{ command: [./x] }} }}\n"), "has no hooks"),
    ] {
        let heard = host.call(run(json!({ "config": config })));
        assert!(heard["phase"] == "Error" && heard["message"].as_str().unwrap().contains(why), "{heard}");
    }
}

#[test]
fn a_soak_is_looked_at_as_planned_and_each_look_is_taken_once() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let (about, metric) = (created(), metric(json!({ "config": "soak" })));
    let first = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    assert_eq!(first["phase"], "Running", "{first}");
    let all = followed(&mut host, first, &about, &metric);
    let last = &all[all.len() - 1];
    assert_eq!((&last["phase"], &last["value"]), (&json!("Successful"), &json!("pass")), "{all:#?}");
    assert_eq!(last["metadata"]["verdict"], "pass");
    assert!(
        all.iter().all(|one| one["startedAt"].as_str().unwrap()[..19] == all[0]["startedAt"].as_str().unwrap()[..19])
    );
    let looks: Vec<&str> = all.iter().map(|one| one["metadata"]["look"].as_str().unwrap()).collect();
    assert_eq!(looks, ["0", "1", "2", "3"], "{all:#?}");
    assert_eq!(asked(&shell, "gates").len(), 6, "two arms at three looks");
    // what fails is known before the soak is over
    let metric = self::metric(json!({ "config": "sinks" }));
    std::fs::remove_file(shell.path("gates/asked")).unwrap();
    let about = created();
    let first = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    let all = followed(&mut host, first, &about, &metric);
    let last = &all[all.len() - 1];
    assert_eq!(last["phase"], "Failed", "{all:#?}");
    assert_ne!(last["metadata"]["look"], "3");
}

#[test]
fn a_plugin_that_is_killed_goes_on_with_the_soak_and_takes_no_look_twice() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let (mut about, metric) = (created(), metric(json!({ "config": "soak" })));
    let first = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    wait_for(&stored(&first));
    let one = host.call(json!({ "do": "resume", "run": about, "metric": metric, "measurement": stored(&first) }));
    assert_eq!(one["metadata"]["look"], "1", "{one}");
    host.call(json!({ "do": "crash" }));
    let failed = host.call(json!({ "do": "resume", "run": about, "metric": metric, "measurement": stored(&one) }));
    assert!(failed["failed"].is_string(), "{failed}");
    host.call(json!({ "do": "start" }));
    // nothing is due yet: nothing is asked, and nothing is lost
    let same = host.call(json!({ "do": "resume", "run": about, "metric": metric, "measurement": stored(&one) }));
    assert_eq!((&same["metadata"], &same["message"]), (&one["metadata"], &one["message"]));
    // the controller has marked the measurement as an error, and begins another one
    let mut error = stored(&one);
    error["phase"] = json!("Error");
    about["status"] = json!({ "metricResults": [{ "name": "davy", "count": 0, "measurements": [error] }] });
    let again = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    assert_eq!(
        (&again["phase"], &again["metadata"]["start"]),
        (&json!("Running"), &one["metadata"]["start"]),
        "{again}"
    );
    let all = followed(&mut host, again, &about, &metric);
    assert_eq!(all[all.len() - 1]["phase"], "Successful", "{all:#?}");
    assert_eq!(asked(&shell, "gates").len(), 6, "two arms at three looks");
}

#[test]
fn a_plugin_that_is_killed_while_it_judges_finds_the_same_looks() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    shell.write("gates/slow", "3");
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let mut about = created();
    let ago = Timestamp::now() - SignedDuration::from_secs(30);
    about["metadata"]["creationTimestamp"] = json!(Timestamp::from_second(ago.as_second()).unwrap().to_string());
    let metric = metric(json!({ "config": "soak" }));
    let pid = host.call(json!({ "do": "ping" }))["pid"].as_u64().unwrap();
    host.send(json!({ "do": "run", "run": about, "metric": metric }));
    let began = Instant::now();
    while !shell.path("gates/asked").exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "nothing was asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(pid);
    // what the controller knows of the measurement now is that it failed
    assert!(host.hear()["failed"].is_string());
    let before = shell.read("gates/asked");
    shell.write("gates/slow", "0");
    host.call(json!({ "do": "start" }));
    about["status"] =
        json!({ "metricResults": [{ "name": "davy", "count": 0, "measurements": [{ "phase": "Error" }] }] });
    let heard = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    assert_eq!((&heard["phase"], &heard["metadata"]["look"]), (&json!("Successful"), &json!("3")), "{heard}");
    let after = shell.read("gates/asked");
    let first = before.lines().next().unwrap();
    assert!(after.lines().skip(before.lines().count()).any(|line| line == first), "the same window: {after}");
}

#[test]
fn a_source_that_does_not_answer_is_waited_for_and_then_an_error() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let mut about = created();
    about["metadata"]["creationTimestamp"] = json!("2026-03-01T12:00:00Z");
    let metric = metric(json!({ "config": "soak" }));
    shell.write("gates/broken", "");
    let mut last = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    let mut times = 1;
    while last["phase"] == "Running" {
        assert_eq!(
            (&last["metadata"]["failures"], &last["metadata"]["look"]),
            (&json!(times.to_string()), &json!("0"))
        );
        assert!(last["message"].as_str().unwrap().contains("no route to the store"), "{last}");
        last = host.call(json!({ "do": "resume", "run": about, "metric": metric, "measurement": stored(&last) }));
        times += 1;
    }
    assert_eq!((&last["phase"], times), (&json!("Error"), 10), "{last}");
    assert!(last["message"].as_str().unwrap().contains("failed 10 times in a row"), "{last}");
    // the controller tries again, when the source does
    std::fs::remove_file(shell.path("gates/broken")).unwrap();
    about["status"] = json!({ "metricResults": [{ "name": "davy", "count": 0, "measurements": [stored(&last)] }] });
    let heard = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    assert_eq!((&heard["phase"], &heard["metadata"]["look"]), (&json!("Successful"), &json!("3")), "{heard}");
}

#[test]
fn a_soak_that_is_ended_or_whose_rules_change_never_passes() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let (about, metric) = (created(), metric(json!({ "config": "soak" })));
    let first = host.call(json!({ "do": "run", "run": about, "metric": metric }));
    let ended = host.call(json!({ "do": "terminate", "run": about, "metric": metric, "measurement": stored(&first) }));
    assert_eq!(ended["phase"], "Inconclusive", "{ended}");
    assert!(ended["finishedAt"].is_string() && ended["resumeAt"].is_null());
    let resume =
        |measurement: Value| json!({ "do": "resume", "run": about, "metric": metric, "measurement": measurement });
    let mut touched = stored(&first);
    touched["metadata"]["look"] = json!("many");
    let heard = host.call(resume(touched));
    assert!(heard["phase"] == "Error" && heard["message"].as_str().unwrap().contains("look = \"many\""), "{heard}");
    shell.write("gates/soak.yaml", &SOAK.replace("100%", "300%"));
    let changed = host.call(resume(stored(&first)));
    assert_eq!(changed["phase"], "Error", "{changed}");
    assert!(changed["message"].as_str().unwrap().contains("the configuration has changed"), "{changed}");
}

#[test]
fn a_host_that_dies_leaves_nothing_behind() {
    let Some(folder) = folder() else { return };
    let shell = gates();
    shell.write("gates/slow", "2");
    let mut host = Host::start(&folder, &shell, &["--allow-exec"]);
    let pid = host.call(json!({ "do": "ping" }))["pid"].as_u64().unwrap();
    let mut about = created();
    about["metadata"]["creationTimestamp"] = json!("2026-03-01T12:00:00Z");
    host.send(json!({ "do": "run", "run": about, "metric": metric(json!({ "config": "soak" })) }));
    std::thread::sleep(Duration::from_millis(300));
    assert!(is_alive(pid));
    host.killed();
    let began = Instant::now();
    while is_alive(pid) {
        assert!(began.elapsed() < Duration::from_secs(10), "the plugin lives on");
        std::thread::sleep(Duration::from_millis(50));
    }
    let left: Vec<_> = std::fs::read_dir(shell.path("tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn nobody_else_can_start_it() {
    let shell = gates();
    shell
        .expect(2, &["argo-plugin", "--configs", "gates"])
        .says(&["the controller of Argo Rollouts starts this command"]);
    let cookie = [("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider")];
    let ran = shell.run_with(&["argo-plugin", "--configs", "nowhere"], &cookie);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.told);
    ran.says(&["--configs nowhere: there is no such folder"]);
}

#[test]
fn the_bytes_are_those_that_go_writes() {
    let Some(folder) = folder() else { return };
    let shell = Shell::new();
    let host = std::process::Command::new(folder.join("host")).arg("--gob").arg(shell.path("")).status().unwrap();
    assert!(host.success());
    for name in ["values.gob", "calls.gob"] {
        let kept = std::fs::read(super::shell::root().join("fixtures/argo").join(name)).unwrap();
        assert!(std::fs::read(shell.path(name)).unwrap() == kept, "fixtures/argo/{name} is not what Go writes");
    }
}

fn is_alive(pid: u64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

fn kill(pid: u64) {
    assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}
