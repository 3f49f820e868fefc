//! Where reports go: files of their own, and the summary of a step on GitHub Actions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

use super::samples;
use davy::report::{Document, Format, Style, annotations, render};

/// What the summary of a step may have.
const MEBIBYTE: usize = 1024 * 1024;

/// A folder with the verdict of a canary that fails.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let verdict = render(&Document::from(&samples::fail()), Format::Json, &Style::default());
        fs::write(folder.path().join("verdict.json"), verdict).unwrap();
        Desk(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, summary: Option<&Path>, arguments: &[&str]) -> Output {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(self.0.path()).env_remove("GITHUB_STEP_SUMMARY").args(arguments);
        if let Some(path) = summary {
            davy.env("GITHUB_STEP_SUMMARY", path);
        }
        davy.output().unwrap()
    }

    fn report(&self, summary: Option<&Path>, more: &[&str]) -> Output {
        self.run(summary, &[&["report", "verdict.json"], more].concat())
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn case() -> String {
    format!("{}/fixtures/cases/redis-migration-5-redis-slow", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_saved_verdict_is_written_in_every_format() {
    let desk = Desk::new();
    for format in Format::ALL {
        let file = format!("out.{format}");
        let output = desk.report(None, &["--report", &format!("{format}={file}")]);
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        assert_eq!(desk.read(&file), render(&Document::from(&samples::fail()), format, &Style::default()));
        let printed = desk.report(None, &["--format", format.name()]);
        assert_eq!(text(&printed.stdout), desk.read(&file));
    }
    assert_eq!(code(&desk.report(None, &["--report", "review.md=review.md"])), Some(0));
}

#[test]
fn reports_leave_the_exit_code_and_the_answer_as_they_are() {
    let desk = Desk::new();
    let plain = desk.run(None, &["judge", &case()]);
    let summary = desk.path("summary.md");
    let reports = ["--report", "github", "--report", "junit=v.xml", "--report", "csv=v.csv"];
    let output = desk.run(Some(&summary), &[&["judge", &case()], &reports[..]].concat());
    assert_eq!((code(&plain), code(&output)), (Some(10), Some(10)), "{}", text(&output.stderr));
    assert_eq!(output.stdout, plain.stdout);
    assert!(desk.read("summary.md").starts_with("## ❌\u{a0}FAIL: redis-migration, phase 5%"));
    assert!(desk.read("v.xml").contains("<failure ") && desk.read("v.csv").contains(",fail,"));
    assert!(text(&output.stderr).starts_with("::error title=FAIL%3A redis-migration%2C phase 5%25::"));
}

#[test]
fn the_summary_of_a_step_grows_and_annotations_go_to_stderr() {
    let desk = Desk::new();
    let summary = desk.path("summary.md");
    fs::write(&summary, "# What others say").unwrap();
    let output = desk.report(Some(&summary), &["-q", "--report", "github", "--format", "json"]);
    assert_eq!(code(&output), Some(0));
    assert!(text(&output.stdout).starts_with("{\n"), "stdout has the answer alone");
    assert_eq!(text(&output.stderr), annotations(&Document::from(&samples::fail())));
    assert_eq!(code(&desk.report(Some(&summary), &["--report", "github"])), Some(0));
    let once = render(&Document::from(&samples::fail()), Format::Github, &Style::default());
    assert_eq!(desk.read("summary.md"), format!("# What others say\n\n{once}\n\n{once}"));
}

#[test]
fn without_a_step_a_path_is_asked_for() {
    let desk = Desk::new();
    for unset in [None, Some(Path::new(""))] {
        let output = desk.run(unset, &["judge", &case(), "--report", "github"]);
        assert_eq!(code(&output), Some(2));
        assert!(text(&output.stderr).contains("--report github=summary.md"), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "it is said before anything is judged");
    }
    let output = desk.report(None, &["--report", "github=summary.md"]);
    assert_eq!((code(&output), text(&output.stderr)), (Some(0), ""));
    assert!(desk.read("summary.md").starts_with("## ❌"));
}

#[test]
fn a_summary_stays_within_what_is_shown() {
    let desk = Desk::new();
    let verdict = render(&Document::from(&samples::many(3_000)), Format::Json, &Style::default());
    fs::write(desk.path("verdict.json"), verdict).unwrap();
    let summary = desk.path("summary.md");
    for present in [0, MEBIBYTE / 2, MEBIBYTE - 30_000, MEBIBYTE - 18_000, MEBIBYTE - 10, MEBIBYTE, MEBIBYTE + 7] {
        let before = "x".repeat(present);
        fs::write(&summary, &before).unwrap();
        let output = desk.report(Some(&summary), &["--report", "github"]);
        assert_eq!(code(&output), Some(0));
        let after = desk.read("summary.md");
        assert!(after.starts_with(&before));
        assert!(after.len() <= MEBIBYTE.max(present), "{} bytes after {present}", after.len());
        let is_full = present > MEBIBYTE - 17_000;
        assert_eq!(after.len() == present, is_full, "{} bytes after {present}", after.len());
        assert_eq!(text(&output.stderr).contains("the step's summary is full"), is_full);
        assert!(text(&output.stderr).starts_with("::error title=FAIL"), "annotations are told either way");
    }
}

#[test]
fn a_place_that_cannot_be_written_keeps_nothing_else_from_being_written() {
    let desk = Desk::new();
    let nowhere = desk.path("no/such/folder/summary.md");
    let output = desk.run(Some(&nowhere), &["judge", &case(), "--report", "github", "--report", "junit=v.xml"]);
    assert_eq!(code(&output), Some(74));
    assert!(text(&output.stderr).contains("no/such/folder/summary.md"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("FAIL"), "the verdict is heard");
    assert!(desk.read("v.xml").contains("<testsuite "));
    assert_eq!(code(&desk.report(Some(desk.0.path()), &["--report", "github"])), Some(74), "a folder is no file");
}

#[test]
fn two_reports_to_one_path_are_a_mistake() {
    let desk = Desk::new();
    let absolute = format!("csv={}", desk.path("out").display());
    let pairs =
        [["junit=out", "csv=out"], ["junit=out", "csv=./out"], ["junit=out", &absolute], ["github", "markdown=out"]];
    for pair in pairs {
        let reports = ["--report", pair[0], "--report", pair[1]];
        let output = desk.run(Some(&desk.path("out")), &[&["judge", &case()], &reports[..]].concat());
        assert_eq!(code(&output), Some(2), "{pair:?}");
        assert!(text(&output.stderr).contains("two reports go to"), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !desk.path("out").exists());
    }
    let twice = desk.report(Some(&desk.path("out")), &["--report", "github", "--report", "github"]);
    assert_eq!(code(&twice), Some(2));
    let several = desk.run(None, &["replay", &case(), &case(), "--report", "junit=out"]);
    assert_eq!(code(&several), Some(2), "each recording's report would replace the one before");
    assert!(text(&several.stderr).contains("2 recordings"), "{}", text(&several.stderr));
    let summary = desk.path("summary.md");
    assert_eq!(code(&desk.run(Some(&summary), &["replay", &case(), &case(), "--report", "github"])), Some(10));
    assert_eq!(desk.read("summary.md").matches("## ❌").count(), 2);
}

#[test]
fn mistakes_in_formats_are_usage_errors() {
    let desk = Desk::new();
    let mistakes: [(&[&str], &str); 6] = [
        (
            &["plan", "canary.yaml", "--format", "junit"],
            "`junit` is a form of verdicts, and this is none; expected text, markdown (md), json or html",
        ),
        (&["plan", "canary.yaml", "--format", "pdf"], "expected text, markdown (md), json or html"),
        (&["calibrate", "canary.yaml", "--history", "x", "--format", "csv"], "`csv` is a form of verdicts"),
        (&["report", "verdict.json", "--format", "pdf"], "expected text, markdown (md), json, html, junit, github"),
        (&["report", "verdict.json", "--report", "junit"], "FORMAT=PATH"),
        (&["report", "verdict.json", "--report", "github="], "FORMAT=PATH"),
    ];
    for (arguments, says) in mistakes {
        let output = desk.run(None, arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
}
