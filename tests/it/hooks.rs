//! Hooks from outside: real programs, real listeners, a real davy. Whatever they do, the answer and the exit code stay.

#[cfg(all(feature = "aws", feature = "http", feature = "prometheus", feature = "webhooks"))]
mod aws;
mod commands;
#[cfg(feature = "webhooks")]
mod server;
#[cfg(feature = "webhooks")]
mod tls;
#[cfg(feature = "webhooks")]
mod webhooks;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use davy::report::document::Outcome;
use davy::report::{self, Document};

/// A folder with two arms of one service and hooks; `canary_bad` of 1,000 requests a minute fail in the canary.
pub struct Workshop(tempfile::TempDir);

/// What one run of davy did.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Run {
    fn of(output: Output, took: Duration) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr), took }
    }
}

impl Workshop {
    pub fn new(canary_bad: u64, hooks: &str) -> Workshop {
        let folder = tempfile::tempdir().unwrap();
        for (name, bad) in [("baseline", 10), ("canary", canary_bad)] {
            let rows = (0..60).map(|minute| format!("2026-03-01T12:{minute:02}:00Z,1000,{}\n", bad + minute % 3 - 1));
            fs::write(
                folder.path().join(format!("{name}.csv")),
                format!("ts,requests,errors\n{}", rows.collect::<String>()),
            )
            .unwrap();
        }
        let shop = Workshop(folder);
        shop.write("canary.yaml", &format!("{CONFIG}{hooks}"));
        shop
    }

    /// One whose canary fails.
    pub fn failing(hooks: &str) -> Workshop {
        Workshop::new(60, hooks)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A program of this folder.
    pub fn script(&self, name: &str, body: &str) {
        self.write(name, &format!("#!/bin/bash\n{body}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn davy(&self, arguments: &[&str]) -> Command {
        let mut davy = Command::new(assert_cmd::cargo::cargo_bin("davy"));
        davy.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        for name in [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "DAVY_SHARED",
            "DAVY_PYTHON",
        ] {
            davy.env_remove(name);
        }
        davy
    }

    pub fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let begin = Instant::now();
        let output = self.davy(arguments).envs(environment.iter().copied()).output().unwrap();
        Run::of(output, begin.elapsed())
    }

    /// `judge --hooks`, whose answer is a fail and nothing else, whatever the hooks did.
    pub fn fails(&self, environment: &[(&str, &str)]) -> Run {
        let run = self.run(&["judge", "--hooks", "-v"], environment);
        assert_eq!(run.code, 10, "{}", run.stderr);
        let without = self.run(&["judge"], environment);
        assert_eq!(run.stdout, without.stdout, "hooks change nothing of the answer");
        run
    }
}

const CONFIG: &str = r#"
name: checkout
arms: { baseline: { version: "41" }, canary: { version: "42" } }
sources:
  files: { file: { path: "${arm}.csv" } }
metrics:
  errors: { source: files, rate: { bad: errors, total: requests } }
criteria:
  - { metric: errors, pass: "<= 2%" }
"#;

#[test]
fn the_hooks_of_the_answer_run_in_order_and_no_others() {
    let hooks = "
phases:
  - name: 5%
    hooks:
      on_pass: { command: [./tell.sh, phase pass] }
      on_fail: [{ command: [./tell.sh, phase fail] }]
  - name: 50%
    hooks: { on_fail: { command: [./tell.sh, other phase] } }
hooks:
  on_pass: [{ command: [./tell.sh, pass, \"${version}\", \"${phase}\"] }, { command: [./tell.sh, second] }]
  on_fail: { command: [./tell.sh, fail, \"${who}\"] }
  on_look: { command: [./tell.sh, look] }
";
    for (bad, code, told) in [(10, 0, "pass 42 5%\nsecond\nphase pass\n"), (60, 10, "fail me\nphase fail\n")] {
        let shop = Workshop::new(bad, hooks);
        shop.script("tell.sh", "echo \"$*\" >> told");
        assert_eq!(shop.run(&["judge", "--hooks", "--set", "who=me"], &[]).code, code);
        assert_eq!(shop.read("told"), told);
    }
}

#[test]
fn the_chapter_and_the_examples_are_configurations() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapter = fs::read_to_string(root.join("docs/hooks.md")).unwrap();
    let hooks = chapter.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let shop = Workshop::failing(hooks);
    let run = shop.run(&["check", "-v"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr.lines().filter(|line| line.contains("on_")).count(), 3, "{}", run.stderr);
    for (example, code) in [("lambda-alias", 0), ("ssm-parameter", 10)] {
        let folder = root.join("fixtures/hooks").join(example);
        let run = shop.run(&["check", "-v", folder.to_str().unwrap()], &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let programs = run.stderr.lines().filter_map(|line| line.split(": ./").nth(1)?.split(' ').next());
        let programs: std::collections::BTreeSet<&str> = programs.collect();
        assert!(!programs.is_empty() && programs.iter().all(|program| folder.join(program).is_file()), "{programs:?}");
        assert_eq!(shop.run(&["judge", "-q", folder.to_str().unwrap()], &[]).code, code, "{example}");
    }
}

#[test]
fn without_being_asked_none_runs_and_that_is_said() {
    let shop = Workshop::failing("hooks: { on_fail: { command: [./tell.sh] } }\n");
    shop.script("tell.sh", "touch told");
    let run = shop.run(&["judge"], &[]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (10, "note: the configuration's hooks are not run: --hooks runs them\n")
    );
    let plain = Workshop::failing("").run(&["judge"], &[]);
    assert_eq!((plain.stdout, plain.stderr.as_str()), (run.stdout, ""));
    assert!(!shop.path("told").exists());
}

#[test]
fn a_recording_has_no_hooks_and_the_same_fingerprint() {
    let shop = Workshop::failing(
        "phases: [{ name: 5%, hooks: { on_look: { command: [./a] } } }]\nhooks: { on_fail: { command: [./tell.sh] } }\n",
    );
    shop.script("tell.sh", "touch told-$DAVY_PHASE");
    assert_eq!(shop.run(&["judge", "--hooks", "--record", "rec", "--report", "json=with.json"], &[]).code, 10);
    assert!(shop.path("told-5%").exists());
    assert!(!shop.read("rec/canary.yaml").contains("hooks"), "{}", shop.read("rec/canary.yaml"));
    let again = shop.run(&["replay", "--check", "rec"], &[]);
    assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    let plain = Workshop::failing("phases: [{ name: 5% }]\n");
    plain.run(&["judge", "--report", "json=with.json"], &[]);
    let fingerprint = |shop: &Workshop| Document::read(&shop.read("with.json")).unwrap().fingerprint;
    assert_eq!(fingerprint(&shop), fingerprint(&plain));
}

#[test]
fn a_report_that_cannot_be_written_keeps_no_hook_from_running() {
    let shop = Workshop::failing("hooks: { on_fail: { command: [./tell.sh] } }\n");
    shop.script("tell.sh", "touch told");
    let run = shop.run(&["judge", "--hooks", "--report", "json=no/such/folder/a.json"], &[]);
    assert!(run.code == 74 || run.code == 10, "{}", run.stderr);
    assert!(shop.path("told").exists());
}

#[test]
fn check_shows_what_would_run_and_what_others_could_read() {
    let shop = Workshop::failing(
        "phases: [{ name: 5%, hooks: { on_pass: { command: [./promote.sh, \"${phase}\"] } } }, { name: 50% }]
hooks:
  on_fail:
    - { command: [./roll back.sh, \"${version}\", a b], deadline: 90s }
    - { webhook: { url_env: SLACK_WEBHOOK, body: slack, headers_env: { Authorization: TOKEN } } }
    - { webhook: { url: \"http://example.com/secret\", retries: 0 } }
    - { webhook: { url: \"http://localhost:80/\" } }
",
    );
    let run = shop.run(&["check", "-v"], &[("SLACK_WEBHOOK", "https://example.com/hidden"), ("TOKEN", "hidden")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for line in [
        "info: phase 5%, on_pass: ./promote.sh 5% (within 1m)",
        "info: phase 50%, on_fail: \"./roll back.sh\" 42 \"a b\" (within 1m 30s)",
        "info: phase 5%, on_fail: POST $SLACK_WEBHOOK: a message for Slack, Authorization from $TOKEN (within 10s, 3 retries)",
        "info: phase 5%, on_fail: POST http://example.com: the verdict (within 10s, 0 retries)",
    ] {
        assert!(run.stderr.lines().any(|told| told == line), "{line}\n{}", run.stderr);
    }
    let notes: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("note:")).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("note: POST http://example.com: not encrypted"), "{notes:?}");
    assert!(!run.stderr.contains("hidden") && !run.stderr.contains("/secret"), "{}", run.stderr);
}

#[test]
fn the_message_for_slack_is_short_and_holds_no_markup() {
    use crate::reports::samples;
    let verdicts = [samples::pass(), samples::warn(), samples::fail(), samples::inconclusive(), samples::empty()];
    for verdict in verdicts.into_iter().chain([samples::hostile(), samples::many(400)]) {
        let document = Document::from(&verdict);
        let name = &document.name;
        let text = report::slack(&document);
        assert!(text.chars().count() < 3_000, "{name}: {}", text.chars().count());
        let tags = text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
        assert!(!tags.contains(['<', '>', '&']), "{name}: {text}");
        assert!(text.lines().filter(|line| line.starts_with('•')).count() <= 10, "{name}: {text}");
        assert!(text.starts_with(&format!("*{}", document.outcome.word())), "{name}: {text}");
        assert!(text.lines().last().unwrap().starts_with("Recommendation: "), "{name}: {text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
    }
}

#[test]
fn the_longest_message_for_slack_is_cut_where_it_stays_whole() {
    let shop = Workshop::failing("");
    shop.run(&["judge", "--report", "json=v.json"], &[]);
    let mut document = Document::read(&shop.read("v.json")).unwrap();
    let long = "<!channel> & e\u{301}\u{301}\u{301} ".repeat(400);
    (document.name, document.summary, document.recommendation.to) = (long.clone(), long.clone(), Some(long.clone()));
    let mut finding = document.findings[0].clone();
    assert_eq!(finding.outcome, Outcome::Fail);
    (finding.criterion, finding.sentence) = (long.clone(), long);
    document.findings = vec![finding; 25];
    let text = report::slack(&document);
    assert!((1_500..3_000).contains(&text.chars().count()), "{}", text.chars().count());
    let told = text.lines().filter(|line| line.starts_with('•')).count();
    assert!(text.contains(&format!("\n… and {} more\nRecommendation: ", 25 - told)), "{text}");
    assert!(!text.contains("<!channel>") && text.contains("&lt;!channel&gt;"), "{text}");
}
