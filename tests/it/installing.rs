//! What davy is installed and run by elsewhere: the GitHub Action in an environment like a step's, and files that refer to each
//! other.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use super::shell::{Ran, Shell, of_arm, root};

fn yaml(name: &str) -> Value {
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A step of a job about a pull request: a folder with data, and a `gh` that writes down what it is asked.
struct Step(Shell);

const GH: &str = r#"#!/bin/sh
echo "$@" >> "$STEP/gh.txt"
case "$*" in
  *--paginate*) if [ -f "$STEP/comment.md" ]; then echo 4711; fi ;;
  *body=@*) for word in "$@"; do case "$word" in body=@*) cp "${word#body=@}" "$STEP/comment.md" ;; esac; done ;;
esac
"#;

impl Step {
    fn new() -> Step {
        let shell = Shell::new();
        shell.write("old.csv", &of_arm(10, 100.0));
        shell.write("good.csv", &of_arm(11, 101.0));
        shell.write("slow.csv", &of_arm(11, 130.0));
        shell.write("bin/gh", GH);
        std::fs::set_permissions(shell.path("bin/gh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let davy = assert_cmd::cargo::cargo_bin("davy");
        std::os::unix::fs::symlink(davy, shell.path("bin/davy")).unwrap();
        Step(shell)
    }

    fn judge(&self, inputs: &[(&str, &str)]) -> Ran {
        let shell = &self.0;
        shell.write("output.txt", "");
        let path = format!("{}:{}", shell.path("bin").display(), std::env::var("PATH").unwrap());
        let mut step = Command::new("bash");
        step.arg(root().join("ci/judge")).current_dir(shell.path("")).env("PATH", path).env("STEP", shell.path(""));
        step.env("RUNNER_TEMP", shell.path("temp")).env("GITHUB_OUTPUT", shell.path("output.txt"));
        step.env("GITHUB_STEP_SUMMARY", shell.path("summary.md")).env("GITHUB_REPOSITORY", "shop/checkout");
        let output = step.envs(inputs.iter().copied()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), told: text(output.stderr) }
    }

    fn outputs(&self) -> (String, String) {
        let text = self.0.read("output.txt");
        let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        assert!(of("report").ends_with("/davy/verdict.md"));
        (of("verdict"), of("exit-code"))
    }
}

#[test]
fn a_step_has_its_outputs_its_summary_and_its_exit() {
    let step = Step::new();
    let good =
        step.judge(&[("DAVY_CONFIG", "old.csv good.csv"), ("DAVY_ARGS", "--name 'the shop' --margin latency_p95=5%")]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.told);
    assert_eq!(step.outputs(), ("pass".into(), "0".into()));
    good.says(&["PASS  the shop", "latency_p95 <= baseline + 5%"]);
    assert!(step.0.read("summary.md").contains("the shop"));

    let slow = step.judge(&[("DAVY_CONFIG", "old.csv slow.csv")]);
    assert_eq!((slow.code, step.outputs()), (10, ("fail".into(), "10".into())));
    assert!(slow.told.contains("::error"), "annotations: {}", slow.told);
    let never = step.judge(&[("DAVY_CONFIG", "old.csv slow.csv"), ("DAVY_FAIL_ON", "never")]);
    assert_eq!((never.code, step.outputs().0), (0, "fail".into()));
    assert!(!step.0.path("gh.txt").exists(), "nobody asked for a comment");
    // what is written as arguments is never run
    let hostile =
        step.judge(&[("DAVY_CONFIG", "old.csv good.csv"), ("DAVY_ARGS", "--name '$(touch owned)' ; touch owned")]);
    assert_eq!(hostile.code, 2, "{}{}", hostile.out, hostile.told);
    assert!(!step.0.path("owned").exists());
}

#[test]
fn what_could_not_be_judged_is_never_green() {
    let step = Step::new();
    for fail_on in ["fail inconclusive", "never"] {
        let lost = step.judge(&[("DAVY_CONFIG", "old.csv nowhere.csv"), ("DAVY_FAIL_ON", fail_on)]);
        assert_eq!((lost.code, step.outputs()), (69, ("error".into(), "69".into())), "{}{}", lost.out, lost.told);
    }
    let odd = step.judge(&[("DAVY_CONFIG", "old.csv good.csv"), ("DAVY_FAIL_ON", "failure")]);
    assert_eq!(odd.code, 2, "{}", odd.out);
    odd.says(&["`failure` is not a verdict"]);
    // a list without words fails nothing, and an open quote loses all that comes after it
    let none = step.judge(&[("DAVY_CONFIG", "old.csv slow.csv"), ("DAVY_FAIL_ON", " ")]);
    assert_eq!((none.code, step.outputs()), (2, ("error".into(), "2".into())), "{}", none.out);
    none.says(&["::error::fail-on has no word"]);
    let strict = "--name it's --margin latency_p95=0.1%";
    for inputs in [
        [("DAVY_CONFIG", "old.csv good.csv"), ("DAVY_ARGS", strict)],
        [("DAVY_CONFIG", "'old.csv"), ("DAVY_ARGS", " ")],
    ] {
        let open = step.judge(&inputs);
        assert_eq!((open.code, step.outputs()), (2, ("error".into(), "2".into())), "{}{}", open.out, open.told);
        open.says(&["a quote is not closed"]);
    }
    let blank = step.judge(&[("DAVY_CONFIG", "old.csv good.csv"), ("DAVY_ARGS", "\t\n")]);
    assert_eq!(blank.code, 0, "{}{}", blank.out, blank.told);
}

#[test]
fn what_the_arguments_make_a_failure_is_one() {
    let step = Step::new();
    let few: String = of_arm(11, 101.0).split_inclusive('\n').take(4).collect();
    step.0.write("few.csv", &few);
    let judge = |fail_on: &str| {
        let inputs =
            [("DAVY_CONFIG", "old.csv few.csv"), ("DAVY_ARGS", "--on-inconclusive fail"), ("DAVY_FAIL_ON", fail_on)];
        (step.judge(&inputs).code, step.outputs())
    };
    let found = ("inconclusive".to_owned(), "10".to_owned());
    assert_eq!([judge("fail"), judge("never")], [(10, found.clone()), (0, found)]);
    step.0.expect(0, &["init", "old.csv", "slow.csv", "-o", "canary.yaml"]);
    let gate = step
        .0
        .read("canary.yaml")
        .replace("pass: \"<= baseline + 10%\"", "pass: \"<= baseline + 10%\", fail: \"> baseline + 500%\"");
    step.0.write("canary.yaml", &gate);
    let judge = |fail_on: &str| {
        let inputs = [("DAVY_ARGS", "--fail-on-warn"), ("DAVY_FAIL_ON", fail_on)];
        (step.judge(&inputs).code, step.outputs())
    };
    let found = ("warn".to_owned(), "12".to_owned());
    assert_eq!([judge("fail inconclusive"), judge("never")], [(12, found.clone()), (0, found)]);
}

#[test]
fn a_comment_replaces_its_predecessor() {
    let step = Step::new();
    let comment = |data: &str| {
        let inputs = [
            ("DAVY_COMMENT", "true"),
            ("DAVY_PULL_REQUEST", "17"),
            ("DAVY_NAME", "gate / judge"),
            ("DAVY_FAIL_ON", "never"),
        ];
        step.judge(&[&inputs[..], &[("DAVY_CONFIG", data)]].concat())
    };
    assert_eq!(comment("old.csv slow.csv").code, 0);
    let first = step.0.read("comment.md");
    assert!(first.starts_with("<!-- davy: gate / judge -->\n") && first.contains("FAIL"), "{first}");
    assert_eq!(comment("old.csv good.csv").code, 0);
    let asked = step.0.read("gh.txt");
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(asked.len(), 4, "{asked:#?}");
    assert!(asked[1].contains("-X POST repos/shop/checkout/issues/17/comments"), "{asked:#?}");
    assert!(asked[3].contains("-X PATCH repos/shop/checkout/issues/comments/4711"), "{asked:#?}");
    assert!(step.0.read("comment.md").contains("PASS"));
}

/// What stands between `${{` and `}}`.
fn expressions(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.extend(
                text.split("${{").skip(1).filter_map(|rest| rest.split("}}").next()).map(|one| one.trim().to_owned()),
            );
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| expressions(field, found)),
        _ => {}
    }
}

#[test]
fn the_action_refers_to_what_there_is() {
    let action = yaml("action.yml");
    let mut used = BTreeSet::new();
    expressions(&action["runs"], &mut used);
    let inputs = action["inputs"].as_object().unwrap();
    for name in used.iter().filter_map(|one| one.strip_prefix("inputs.")) {
        assert!(inputs.contains_key(name), "no input {name}");
    }
    for (name, input) in inputs {
        assert!(input["description"].is_string(), "{name}");
        let is_used = used.contains(&format!("inputs.{name}"));
        assert!(is_used, "the input {name} does nothing");
    }
    let script = std::fs::read_to_string(root().join("ci/judge")).unwrap();
    for (name, output) in action["outputs"].as_object().unwrap() {
        assert_eq!(output["value"].as_str().unwrap(), format!("${{{{ steps.judge.outputs.{name} }}}}"));
        assert!(script.contains(&format!("echo \"{name}=$")), "ci/judge writes no {name}");
    }
    // every variable that the steps set is read, and every script is there and may be run
    for step in action["runs"]["steps"].as_array().unwrap() {
        let name = step["run"].as_str().unwrap().trim_matches('"').rsplit_once("$GITHUB_ACTION_PATH/").unwrap().1;
        let path = root().join(name.trim_end_matches('"'));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(path.metadata().unwrap().permissions().mode() & 0o111 != 0, "{name} cannot be run");
        for variable in step["env"].as_object().unwrap().keys().filter(|variable| variable.starts_with("DAVY")) {
            assert!(text.contains(variable), "{name} does not read {variable}");
        }
    }
}

#[test]
fn the_release_builds_what_the_installers_fetch() {
    let release = yaml(".github/workflows/release.yml");
    let matrix = release["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let targets: Vec<&str> = matrix.iter().map(|one| one["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]);
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let binstall = manifest["package"]["metadata"]["binstall"].to_string();
    for name in ["ci/install", "ci/davy.rb"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(targets.iter().all(|target| text.contains(target)), "{name}");
    }
    assert!(targets.iter().all(|target| binstall.contains(target)), "{binstall}");
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    for asset in assets.iter().map(|asset| asset[0].as_str().unwrap()).filter(|asset| !asset.starts_with("target/")) {
        assert!(root().join(asset).is_file(), "{asset}");
    }
    assert_eq!(yaml("ci/gitlab.yml")[".davy"]["artifacts"]["reports"]["junit"], "verdict.xml");
    // a report that cannot be kept keeps no canary in place
    let jenkins = std::fs::read_to_string(root().join("ci/davyJudge.groovy")).unwrap();
    let at = |words: &str| jenkins.find(words).unwrap();
    assert!(
        at("{ sh options.rollBack }") < at("archiveArtifacts")
            && at("{ sh options.rollBack }") < at("junit 'verdict.xml'")
    );
    let python: toml::Table = std::fs::read_to_string(root().join("pyproject.toml")).unwrap().parse().unwrap();
    assert_eq!(python["project"]["dynamic"][0].as_str(), Some("version"), "the wheel has the version of Cargo.toml");
    for script in ["ci/install", "ci/judge", "ci/check-binary", ".ci/dist", ".ci/python"] {
        let checked = Command::new("bash").arg("-n").arg(root().join(script)).status().unwrap();
        assert!(checked.success(), "{script}");
    }
}
