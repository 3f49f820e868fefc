//! Configurations of other tools: what each kind becomes, what is refused and with which words, and the files of other people.
//!
//! `fixtures/import/good` has a file of each kind with the configuration that it becomes (`NAME.canary.yaml`) and what is lost
//! (`NAME.notes.txt`); `fixtures/import/bad` has mistakes with their messages. `UPDATE=1` writes both.

#[cfg(feature = "prometheus")]
pub mod asked;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use davy::config::{self, Options};
use davy::import::{self, Gate, Given, Imported};
use davy::series::{SignedDuration, Timestamp, Window};

use crate::world::root;

/// Files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let pattern = folder.join("**/*").to_string_lossy().into_owned();
    glob::glob(&pattern).unwrap().map(|path| path.unwrap()).filter(|path| path.is_file()).collect()
}

fn hold(path: &Path, fresh: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, fresh).unwrap();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, fresh, "{}: run with UPDATE=1 and read the difference", path.display());
}

fn inputs(folder: &str) -> Vec<PathBuf> {
    let all = files(&root().join("fixtures/import").join(folder));
    let is_input = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        !name.ends_with(".canary.yaml") && !name.ends_with(".txt")
    };
    all.into_iter().filter(is_input).collect()
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What `davy check` does: every phase is planned, with a value for each name that is left open.
fn check(gate: &Gate) -> Result<(), String> {
    let config = config::load(&gate.written(), "imported").map_err(|problems| problems.to_string())?;
    let value = |name: &String| if name.contains("url") { "https://store.example" } else { "1" };
    let set: Vec<(String, String)> = config.open().iter().map(|name| (name.clone(), value(name).to_owned())).collect();
    let now: Timestamp = "2026-05-19T10:02:00Z".parse().unwrap();
    let options = Options { folder: Path::new("."), now, set: &set, phase: None, from: None, to: None };
    let plan = config.plan(&options).map_err(|problems| format!("{problems}\n{}", gate.written()))?;
    assert!(!plan.rules.criteria.is_empty());
    let window = Window { start: now - SignedDuration::from_mins(30), end: now };
    if let Some(queries) = gate.as_queries(window, SignedDuration::from_mins(1)) {
        let config = config::load(&queries, "queries").map_err(|problems| format!("{problems}\n{queries}"))?;
        config.plan_everything(&options).map_err(|problems| format!("{problems}\n{queries}"))?;
    }
    Ok(())
}

#[test]
fn every_kind_becomes_a_configuration_that_checks() {
    let inputs = inputs("good");
    assert!(inputs.len() >= 12, "the fixtures were not found");
    for path in inputs {
        let text = fs::read_to_string(&path).unwrap();
        let Imported { gates, notes } = import::read(&[Given { shown: &shown(&path), text: &text }]).unwrap();
        assert!(import::recognise(&text).is_some(), "{}", path.display());
        let [gate] = &gates[..] else { panic!("{}: {} gates", path.display(), gates.len()) };
        check(gate).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        hold(&path.with_extension("canary.yaml"), &gate.written());
        let notes: String = notes.iter().map(|note| format!("{note}\n")).collect();
        hold(&path.with_extension("notes.txt"), &notes);
    }
}

#[test]
fn every_mistake_has_its_message() {
    let inputs = inputs("bad");
    assert!(inputs.len() >= 15, "the fixtures were not found");
    for path in inputs {
        let text = fs::read_to_string(&path).unwrap();
        let refused = import::read(&[Given { shown: &shown(&path), text: &text }]);
        let problems = refused.expect_err(&format!("{} was read", path.display()));
        hold(&path.with_extension("txt"), &format!("{problems}\n"));
    }
}

#[test]
fn what_is_lost_never_passes_silently() {
    for path in inputs("good") {
        let text = fs::read_to_string(&path).unwrap();
        let Imported { gates, notes } = import::read(&[Given { shown: &shown(&path), text: &text }]).unwrap();
        let written = gates[0].written();
        for note in notes.iter().filter(|note| note.is_open) {
            assert!(note.line > 0 && !note.shown.is_empty(), "{note}");
            assert!(written.contains(&note.what) && written.contains("at_best: inconclusive"), "{note}\n{written}");
        }
    }
}

#[test]
fn files_that_belong_together_are_read_together() {
    let read = |name: &str| fs::read_to_string(root().join("fixtures/import").join(name)).unwrap();
    let (rollout, template) = (read("bad/argo-template-elsewhere.yaml"), read("good/argo-rollout.yaml"));
    let template = template.split("---\n").nth(1).unwrap();
    let rollout = rollout.replace("templateName: errors", "templateName: errors, clusterScope: true");
    let given = [Given { shown: "rollout.yaml", text: &rollout }, Given { shown: "template.yaml", text: template }];
    let Imported { gates, .. } = import::read(&given).unwrap();
    assert_eq!((gates.len(), gates[0].name.as_str(), gates[0].criteria()), (1, "shop", 2));
}

#[test]
fn a_configuration_of_davy_is_none_of_another_tool() {
    for path in files(&root().join("fixtures/config/good")).into_iter().chain(files(&root().join("fixtures/cases"))) {
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(import::recognise(&text), None, "{}", path.display());
        }
    }
}

fn davy(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("davy").unwrap().current_dir(root()).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_controllers_answer_stands_beside_davys() {
    let (code, out, told) = davy(&["judge", "--as-written", "fixtures/import/good/argo-run.yaml"]);
    assert!(out.contains("Argo Rollouts would: Successful, 2 failures of 8; davy:"), "{out}{told}");
    assert!(out.contains("error-rate  Successful: 2 failures of 8"), "{out}");
    // eight points of which two break the limit by far: davy does not call that shown
    assert_eq!(code, 11, "{out}");
    assert!(told.contains("is of Argo Rollouts, read as a configuration of davy"), "{told}");
    let (code, _, told) = davy(&["judge", "--as-written", "fixtures/cases/redis-recorded-healthy"]);
    assert!(code == 2 && told.contains("--as-written"), "{told}");
}

#[test]
fn thresholds_of_k6_look_at_the_requests_that_davy_judged() {
    let (code, out, told) = davy(&["judge", "--as-written", "fixtures/import/as-written/k6/thresholds.json"]);
    assert!(out.contains("k6 would: exit with 0: 3 of 3 thresholds hold; davy:"), "{out}{told}");
    assert!(out.contains("http_req_failed: rate<0.02    holds: 0.0025"), "{out}");
    assert_eq!(code, 11, "{out}");
}

/// The gate of a text, and the queries that its rule asks for half an hour.
fn asked_by_rule(text: &str) -> (Gate, String) {
    let imported = import::read(&[Given { shown: "f", text }]).unwrap();
    let gate = imported.gates.into_iter().next().unwrap();
    let end: Timestamp = "2026-05-19T10:00:00Z".parse().unwrap();
    let window = Window { start: end - SignedDuration::from_mins(30), end };
    let queries = gate.as_queries(window, SignedDuration::from_mins(1)).unwrap_or_default();
    check(&gate).unwrap();
    (gate, queries)
}

#[test]
fn alerts_on_burn_rates_ask_each_of_their_windows() {
    let good = |name: &str| fs::read_to_string(root().join("fixtures/import/good").join(name)).unwrap();
    // 2 weeks are half of the 28 days that the windows of Pyrra are made for
    let pyrra = "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: { name: shop }\nspec: { target: '99', window: 2w, \
        indicator: { ratio: { errors: { metric: 'e{code=\"5\"}' }, total: { metric: e } } } }\n";
    let (_, queries) = asked_by_rule(pyrra);
    for query in ["sum(rate(e{code=\\\"5\\\"}[3m])) / sum(rate(e[3m]))", "[30m]", "[3h]", "[2d]"] {
        assert!(queries.contains(query), "{query}: {queries}");
    }
    // an alert of the last tier lasts 90 minutes, so it may be pending before the window
    assert!(queries.contains("from: \"2026-05-19T07:59:00Z\""), "{queries}");
    let (_, queries) = asked_by_rule(&good("sloth.yaml"));
    assert!(queries.contains("availability.3d") && queries.contains("stale[6h]"), "{queries}");
    let policy = "alertPolicies: [{ kind: AlertPolicy, spec: { conditions: [{ kind: AlertCondition, spec: { severity: page, condition: \
        { kind: burnrate, op: gte, threshold: 10, lookbackWindow: 1h, alertAfter: 5m } } }] } }]";
    let query = |of: &str| format!("{{ metricSource: {{ type: prometheus, spec: {{ query: \"{of}\" }} }} }}");
    let slo = |ratio: &str| {
        format!(
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec:\n  budgetingMethod: Occurrences\n  {policy}\n  \
             objectives: [{{ target: 0.99 }}]\n  indicator: {{ spec: {{ ratioMetric: {ratio} }} }}\n"
        )
    };
    let counted =
        |counter: bool| slo(&format!("{{ counter: {counter}, good: {}, total: {} }}", query("g"), query("t")));
    let (_, queries) = asked_by_rule(&counted(true));
    assert!(queries.contains("1 - ((sum(rate(g[1h]))) / (sum(rate(t[1h]))))"), "{queries}");
    let (gate, queries) = asked_by_rule(&counted(false));
    assert!(queries.is_empty() && gate.written().contains("(sum(g)) / (sum(t))"), "{}", gate.written());
    let grown =
        slo(&format!("{{ good: {}, total: {} }}", query("sum(increase(g[{{.window}}]))"), query("sum(rate(t[5m]))")));
    let refused = import::read(&[Given { shown: "f", text: &grown }]).unwrap_err().to_string();
    assert!(refused.contains("its answer grows with `{{.window}}`"), "{refused}");
}

#[test]
fn alarms_ask_for_what_lies_before_the_window() {
    let (_, queries) = asked_by_rule(&fs::read_to_string(root().join("fixtures/import/good/alarms.json")).unwrap());
    // four periods of five minutes, and seven of one
    assert!(queries.contains("from: \"2026-05-19T09:10:00Z\"") && queries.contains("step: 5m"), "{queries}");
}

#[test]
fn a_metric_of_flagger_without_a_threshold_fails_above_zero() {
    let canary = |metric: &str| {
        format!(
            "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{ name: shop, namespace: prod }}\nspec: {{ provider: istio, \
             targetRef: {{ name: shop }}, analysis: {{ metrics: [{metric}] }} }}\n"
        )
    };
    let (gate, _) = asked_by_rule(&canary("{ name: errors, query: avg(errors) }"));
    assert!(gate.written().contains("{ metric: errors, pass: \"<= 0\" }"), "{}", gate.written());
    // a built-in name with a query of its own is both
    let both = "{ name: request-duration, query: avg(d), thresholdRange: { max: 500 } }";
    let (gate, queries) = asked_by_rule(&canary(both));
    assert_eq!((gate.metrics(), gate.criteria()), (2, 2), "{}", gate.written());
    assert!(queries.contains("[1m])) by (le))") && queries.contains("avg(d)"), "{queries}");
}

#[test]
fn importing_replaces_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("canary.yaml");
    let to = to.to_str().unwrap();
    let arguments = ["import", "fixtures/import/good/argo-run.yaml", "--to", to];
    assert_eq!(davy(&arguments).0, 0);
    let written: Vec<String> = files(folder.path()).iter().map(|path| shown(path)).collect();
    assert_eq!(written, ["canary.yaml", "checkout-7-1.csv"]);
    assert_eq!(davy(&["judge", to]).0, 11);
    let (code, _, told) = davy(&arguments);
    assert!(code == 74 && told.contains("it exists and is left as it is"), "{told}");
}

#[test]
fn several_gates_are_chosen_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.yaml");
    let one = fs::read_to_string(root().join("fixtures/import/good/sloth.yaml")).unwrap();
    fs::write(&path, format!("{one}---\n{}", one.replace("service: shop", "service: cart"))).unwrap();
    let path = path.to_str().unwrap();
    let (code, _, told) = davy(&["import", path]);
    assert!(code == 2 && told.contains("these are 2 gates: shop, cart"), "{told}");
    let (code, out, _) = davy(&["import", path, "--gate", "cart"]);
    assert!(code == 0 && out.contains("name: \"cart\""), "{out}");
    let into = folder.path().join("gates");
    fs::create_dir(&into).unwrap();
    assert_eq!(davy(&["import", path, "--to", into.to_str().unwrap()]).0, 0);
    assert_eq!(files(&into).len(), 2);
}

/// Counts of the files of other people, by tool.
#[derive(Default)]
struct Count {
    files: usize,
    imported: usize,
    gates: usize,
    metrics: usize,
    criteria: usize,
    open: usize,
}

/// How many files of each tool import at least, and how many criteria they become.
const LEAST: &[(&str, usize, usize)] =
    &[("argo-rollouts", 16, 20), ("flagger", 18, 34), ("keptn", 11, 41), ("openslo", 31, 41)];

/// Why a file was refused, without the names and numbers of it. A note begins with its place and with what it is of.
fn reason(problems: &config::Problems) -> String {
    let text = problems.iter().next().map(|problem| problem.message.clone()).unwrap_or_default();
    let last = text.lines().last().unwrap_or_default();
    let why = match last.strip_prefix("  ").map(|note| note.splitn(3, ": ").collect::<Vec<_>>()) {
        Some(parts) if parts.len() == 3 => parts[2],
        _ => last,
    };
    let parts = why.split('`').enumerate().map(|(nth, part)| if nth % 2 == 1 { "…" } else { part });
    parts.collect::<String>().replace('|', "/")
}

#[test]
fn every_file_of_other_people_imports_or_is_refused_with_a_reason() {
    let Some(shared) = std::env::var_os("DAVY_SHARED") else { return };
    let folder = Path::new(&shared).join("data/gate-configs");
    let (mut counts, mut refused) = (BTreeMap::<String, Count>::new(), BTreeMap::<String, usize>::new());
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let (tool, _) = name.split_once('/').unwrap_or((&name, ""));
        let is_other =
            ["LICENSE", "NOTICE", "README", "SOURCES", ".csv"].iter().any(|word| shown(&path).contains(word));
        // Kayenta has tests of its own
        if tool == "kayenta" || is_other || name == tool {
            continue;
        }
        let count = counts.entry(tool.to_owned()).or_default();
        count.files += 1;
        let text = fs::read_to_string(&path).unwrap();
        match import::read(&[Given { shown: &name, text: &text }]) {
            Ok(Imported { gates, .. }) => {
                count.imported += 1;
                for gate in &gates {
                    check(gate).unwrap_or_else(|why| panic!("{name}: {why}"));
                    count.gates += 1;
                    count.metrics += gate.metrics();
                    count.criteria += gate.criteria();
                    count.open += gate.open();
                }
            }
            Err(problems) => {
                let message = problems.to_string();
                assert!(message.len() > name.len() + 20, "{name}: {message}");
                *refused.entry(reason(&problems)).or_default() += 1;
            }
        }
    }
    let mut page = String::from(
        "# Configurations of other people, imported\n\nOne file at a time, as published in the documentation and the tests of each tool. Every configuration that comes out passes `davy check`.\n`UPDATE=1` with the tests of `importing` writes this page.\n\n| Tool | Files | Imported | Gates | Metrics | Criteria | Not judged |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (tool, Count { files, imported, gates, metrics, criteria, open }) in &counts {
        page.push_str(&format!("| {tool} | {files} | {imported} | {gates} | {metrics} | {criteria} | {open} |\n"));
    }
    page.push_str("\nThe others are refused, most of them because they have no limits or belong to files that are not there.\n\n| Why | Files |\n|---|--:|\n");
    let mut reasons: Vec<(&String, &usize)> = refused.iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    reasons.iter().for_each(|(why, count)| page.push_str(&format!("| {why} | {count} |\n")));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("reports/import.md"), &page).unwrap();
    }
    for (tool, imported, criteria) in LEAST {
        let count = counts.get(*tool).unwrap_or_else(|| panic!("no file of {tool} was found"));
        assert!(count.imported >= *imported && count.criteria >= *criteria, "{tool}\n{page}");
    }
}
