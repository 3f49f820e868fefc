//! The configuration from outside: every good file plans, every mistake has the message it deserves.
//!
//! `fixtures/config/bad/NAME.yaml` is a mistake and `NAME.txt` what davy says of it; `UPDATE=1` writes them anew. A
//! first line `# options: --phase 5% --set a=b` gives options, `# not in the schema: …` says why an editor cannot know.

use std::fs;
use std::path::{Path, PathBuf};

use davy::config::plan::{Plan, Span};
use davy::config::{self, Config, Options, Problems};
use davy::judge::rules::{Bound, Kind, Limit, Rule, Side, Statistic, Unit};
use davy::series::{SignedDuration, Timestamp, Window};

pub fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder)
}

/// The files of a folder with one of some extensions, by name.
fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<PathBuf> = fs::read_dir(fixtures(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| extensions.iter().any(|known| e == *known)));
    found.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn options<'a>(set: &'a [(String, String)]) -> Options<'a> {
    Options { folder: Path::new("folder"), now: now(), set, phase: None, from: None, to: None }
}

pub fn loaded(text: &str) -> Config {
    config::load(text, "canary.yaml").unwrap_or_else(|problems| panic!("{problems}"))
}

pub fn planned(text: &str) -> Plan {
    loaded(text).plan(&options(&[])).unwrap_or_else(|problems| panic!("{problems}"))
}

/// YAML as an editor sees it: version 1.2, in which `no` is a text.
fn as_json(text: &str) -> Option<serde_json::Value> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true }).ok()
}

#[test]
fn every_good_file_plans_in_every_phase_and_fits_the_schema() {
    let validator = jsonschema::validator_for(&config::schema()).unwrap();
    let good = files("config/good", &["yaml", "json"]);
    assert!(good.len() >= 8);
    for (name, text) in good {
        let config = config::load(&text, &name).unwrap_or_else(|problems| panic!("{problems}"));
        let phases: Vec<Option<&str>> = [None].into_iter().chain(config.phases().into_iter().map(Some)).collect();
        for phase in phases {
            let plan = config.plan(&Options { phase, ..options(&[]) }).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(!plan.rules.criteria.is_empty() && !plan.queries.is_empty(), "{name}");
            let mut names: Vec<&str> = plan.rules.criteria.iter().map(|c| c.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), plan.rules.criteria.len(), "{name}: names of criteria are unique");
        }
        let json = as_json(&text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|e| format!("{name}{}: {e}", e.instance_path)).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}

/// What is said of a bad file, and whether its very shape is wrong.
fn said_of(name: &str, text: &str) -> (Problems, bool) {
    let first = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.strip_prefix("# options: ").unwrap_or_default().split_whitespace().collect();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let (mut set, mut phase, mut from, mut to) = (Vec::new(), None, None, None);
    for pair in words.chunks(2) {
        match pair {
            ["--set", both] => {
                set.extend(both.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            }
            ["--phase", name] => phase = Some(*name),
            ["--from", at] => from = Some(instant(at)),
            ["--to", at] => to = Some(instant(at)),
            other => panic!("{name}: {other:?}"),
        }
    }
    match config::load(text, name) {
        Err(problems) => (problems, true),
        Ok(config) => match config.plan(&Options { phase, from, to, ..options(&set) }) {
            Err(problems) => (problems, false),
            Ok(_) => panic!("{name} is not bad"),
        },
    }
}

#[test]
fn every_mistake_has_its_message() {
    let validator = jsonschema::validator_for(&config::schema()).unwrap();
    let bad = files("config/bad", &["yaml"]);
    assert!(bad.len() >= 45, "{}", bad.len());
    let mut wrong = Vec::new();
    for (name, text) in &bad {
        let (problems, by_shape) = said_of(name, text);
        let message = format!("{problems}\n");
        assert!(!problems.is_empty() && problems.iter().all(|p| !p.message.is_empty()), "{name}");
        let known = fixtures("config/bad").join(name).with_extension("txt");
        if updating() {
            fs::write(&known, &message).unwrap();
        }
        let expected = fs::read_to_string(&known).unwrap_or_default();
        if message != expected {
            wrong.push(format!("{name} says\n{message}\nand should say\n{expected}"));
        }
        let beyond = text.starts_with("# not in the schema");
        if let Some(json) = as_json(text).filter(|_| by_shape && !beyond)
            && validator.is_valid(&json)
        {
            wrong.push(format!("{name}: the schema does not see the mistake"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_belongs_to_a_mistake() {
    let bad: Vec<String> = files("config/bad", &["yaml"]).into_iter().map(|(name, _)| name).collect();
    for (name, _) in files("config/bad", &["txt"]) {
        assert!(bad.contains(&name.replace(".txt", ".yaml")), "{name}");
    }
}

#[test]
fn the_published_schema_is_fresh() {
    let path = fixtures("schema").join("config.schema.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&config::schema()).unwrap());
    if updating() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == fresh, "run the tests with UPDATE=1");
}
