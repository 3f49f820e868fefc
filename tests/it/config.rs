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

/// Every problem of every bad file.
pub fn mistakes() -> Vec<config::Problem> {
    files("config/bad", &["yaml"]).iter().flat_map(|(name, text)| said_of(name, text).0.0).collect()
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

fn metric_plan(metrics: &str, criteria: &str) -> Plan {
    planned(&format!(
        "name: t\nsources: {{ data: {{ file: {{ path: d.csv }} }} }}\nmetrics:\n{metrics}\ncriteria:\n{criteria}\n"
    ))
}

#[test]
fn bounds_arrive_in_the_metrics_own_unit() {
    let plan = metric_plan(
        "  e: { rate: { bad: b, total: t } }\n  l: { gauge: { value: p, unit: s, quantile: p95 } }\n  m: { gauge: { value: m, unit: MiB } }\n  c: { gauge: { value: c, unit: \"%\" } }\n  d: { events: { count: d } }\n  o: { events: { count: o, exposure: sessions } }",
        "  - { metric: e, pass: \"< 0.1%\" }\n  - { metric: e, pass: \"<= baseline + max(50%, 0.1pp)\" }\n  - { metric: l, pass: \"<= 0.2s\", fail: \"> 300ms\" }\n  - { metric: m, pass: \"<= 1GiB\" }\n  - { metric: c, pass: \"<= baseline + 2pp\" }\n  - { metric: d, pass: \"<= 10 / 5m\", periods: 2 of 3 }\n  - { metric: d, pass: \"<= 7\" }\n  - { metric: o, pass: \"<= 10/session\" }\n  - { metric: d, pass: \"== 0\" }\n  - { metric: c, pass: \">= baseline - 5%\" }",
    );
    let at_most = |limit| Bound { side: Side::AtMost, strict: false, limit, per: None };
    let margin = |relative, absolute| Limit::Margin { relative, absolute };
    let bounds: Vec<Bound> = plan.rules.criteria.iter().filter_map(|c| c.pass).collect();
    assert_eq!(bounds[0], Bound { strict: true, ..at_most(Limit::Threshold(0.001)) });
    assert_eq!(bounds[1], at_most(margin(Some(0.5), Some(0.001))));
    assert_eq!(bounds[2], at_most(Limit::Threshold(200.0)));
    let fail = Bound { side: Side::AtLeast, strict: true, limit: Limit::Threshold(300.0), per: None };
    assert_eq!(plan.rules.criteria[2].fail, Some(fail));
    assert_eq!(bounds[3], at_most(Limit::Threshold(1024.0 * 1024.0 * 1024.0)));
    assert_eq!(bounds[4], at_most(margin(None, Some(2.0))));
    let five = SignedDuration::from_mins(5);
    assert_eq!(bounds[5], Bound { per: Some(five), ..at_most(Limit::Threshold(10.0 / 300.0)) });
    assert_eq!(plan.rules.criteria[5].rule, Rule::Periods { m: 2, n: 3, min_count: 1 });
    assert_eq!((bounds[6], plan.rules.criteria[6].statistic), (at_most(Limit::Threshold(7.0)), Statistic::Count));
    assert_eq!((bounds[7], plan.rules.criteria[7].statistic), (at_most(Limit::Threshold(10.0)), Statistic::Frequency));
    assert_eq!((bounds[8], plan.rules.criteria[8].rule), (at_most(Limit::Threshold(0.0)), Rule::Observed));
    assert_eq!(bounds[9], Bound { side: Side::AtLeast, ..at_most(margin(Some(-0.05), None)) });
    assert_eq!(plan.rules.metrics["o"].unit, Unit::Per("session".into()));
    assert_eq!(plan.rules.metrics["e"].of, "trials");
}

#[test]
fn names_groups_and_families_have_defaults() {
    let plan = metric_plan(
        "  api_p95: { gauge: { value: a, unit: ms, quantile: p95 } }\n  api_p99.9: { gauge: { value: b, unit: ms } }\n  v: { values: { value: v } }",
        "  - { metric: api_p95, pass: \"<=100ms\" }\n  - { metric: api_p95, pass: \"<= 100ms\" }\n  - { metric: api_p99.9, fail: \"> 1s\" }\n  - { metric: v, statistic: p99, pass: \"<= baseline\" }\n  - { metric: api_p95, pass: \"<= 100ms\", periods: 2 of 2 }",
    );
    let names: Vec<&str> = plan.rules.criteria.iter().map(|c| c.name.as_str()).collect();
    let expected = [
        "api_p95 <= 100ms",
        "api_p95 <= 100ms (2)",
        "api_p99.9 fails > 1s",
        "v p99 <= baseline",
        "api_p95 <= 100ms, 2 of 2 periods",
    ];
    assert_eq!(names, expected);
    let families: Vec<&str> = plan.rules.criteria.iter().map(|c| c.family.as_str()).collect();
    assert_eq!(families, ["api", "api", "api", "v", "api"]);
    assert_eq!(plan.rules.criteria[0].group, "api_p95");
}

fn good(name: &str) -> Config {
    loaded(&fs::read_to_string(fixtures("config/good").join(name)).unwrap())
}

#[test]
fn phases_add_to_what_is_common() {
    let config = good("every-key.yaml");
    assert_eq!(config.phases(), ["10%", "50%"]);
    let ten = config.plan(&Options { phase: Some("10%"), ..options(&[]) }).unwrap();
    let fifty = config.plan(&options(&[])).unwrap();
    assert_eq!(fifty.rules.phase.as_deref(), Some("50%"));
    assert_eq!(ten.rules.traffic.as_ref().unwrap().share, 0.1);
    assert_eq!(fifty.rules.traffic.as_ref().unwrap().share, 0.5);
    assert_eq!((ten.rules.criteria.len(), fifty.rules.criteria.len()), (22, 23));
    let path_share =
        |plan: &Plan| plan.rules.criteria.iter().find(|c| c.name == "path share").unwrap().pass.unwrap().limit;
    assert_eq!((path_share(&ten), path_share(&fifty)), (Limit::Threshold(0.09), Limit::Threshold(0.48)));
    assert_eq!(ten.rules.policy.promote_to.as_deref(), Some("phase 50%"));
    assert_eq!(fifty.rules.policy.promote_to, None);
    assert_eq!(fifty.rules.policy.warmup_steps(SignedDuration::from_mins(5)), 2);
    assert_ne!(ten.rules.fingerprint, fifty.rules.fingerprint);
    assert_eq!(config.every(Some("10%")), Some(SignedDuration::from_mins(5)));
    let back = good("api-gateway-iam.yaml").plan(&Options { phase: Some("100%"), ..options(&[]) }).unwrap();
    assert_eq!((back.rules.policy.roll_back_to.as_str(), back.rules.traffic), ("phase 50%", None));
}

#[test]
fn windows_end_now_or_where_they_are_told_to() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let config = good("every-key.yaml");
    let ten = config.plan(&Options { phase: Some("10%"), ..options(&[]) }).unwrap().time;
    let hour = Window { start: at("2026-11-21T10:58:00Z"), end: at("2026-11-21T11:58:00Z") };
    assert_eq!((ten.canary, ten.baseline), (Span::Exactly(hour), Span::Earlier(SignedDuration::from_hours(24 * 7))));
    assert_eq!(ten.step, Some(SignedDuration::from_mins(5)));
    let (from, to) = (at("2026-11-01T00:00:00Z"), at("2026-11-01T01:00:00Z"));
    let given = config.plan(&Options { from: Some(from), to: Some(to), ..options(&[]) }).unwrap().time;
    assert_eq!(given.canary, Span::Exactly(Window { start: from, end: to }));
    let own = Window { start: at("2026-11-14T08:00:00Z"), end: at("2026-11-14T09:00:00Z") };
    assert_eq!(given.baseline, Span::Exactly(own));
    let smallest = good("smallest.yaml");
    assert_eq!(smallest.plan(&options(&[])).unwrap().time.canary, Span::All);
    let both = smallest.plan(&Options { from: Some(from), to: Some(to), ..options(&[]) }).unwrap().time;
    assert_eq!(both.baseline, Span::Exactly(Window { start: from, end: to }));
}

#[test]
fn labels_reach_sources_and_can_be_set() {
    let paths = |set: &[(String, String)]| -> Vec<String> {
        let plan = good("redis-migration.yaml").plan(&options(set)).unwrap();
        let of = |query: &davy::source::Query| {
            let davy::source::Source::File(file) = &query.source else { panic!("no file") };
            assert_eq!(file.path, Path::new("folder").join(&file.shown));
            file.shown.clone()
        };
        plan.queries.iter().take(2).map(of).collect()
    };
    assert_eq!(paths(&[]), ["lambda-41.csv", "lambda-42.csv"]);
    assert_eq!(paths(&[("version".into(), "9".into())]), ["lambda-9.csv", "lambda-9.csv"]);
    let secret = [("region".to_owned(), "secret".to_owned())];
    let plan = good("every-key.yaml").plan(&options(&secret)).unwrap();
    assert!(plan.queries.iter().any(|query| format!("{query:?}").contains("secret/canary/latency.ndjson")));
    assert!(!format!("{:?}", plan.rules).contains("secret"), "what only a source uses is no label");
    let traps = good("traps.yaml").plan(&options(&[])).unwrap();
    let labels = traps.rules.labels.canary.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(labels, ["version=1.20", "on=no", "build=0x10"]);
    let davy::source::Source::File(file) = &traps.queries[0].source else { panic!("no file") };
    assert_eq!(file.shown, "prices-${literal}-1.10.csv");
}

#[test]
fn metrics_are_what_their_columns_say() {
    let plan = good("every-key.yaml").plan(&options(&[])).unwrap();
    let kind = |name: &str| plan.rules.metrics[name].kind.clone();
    assert_eq!(
        (kind("errors"), kind("cache_hits"), kind("new_path")),
        (Kind::BadShare, Kind::GoodShare, Kind::PartShare)
    );
    assert_eq!(plan.rules.metrics["errors"].history, Some((1.3, 30.0)));
    let factors: Vec<f64> = good("requests.yaml")
        .plan(&options(&[]))
        .unwrap()
        .queries
        .iter()
        .filter_map(
            |query| if let davy::source::Ask::Values { factor, .. } = &query.ask { Some(*factor) } else { None },
        )
        .collect();
    assert_eq!(factors, [1000.0, 1000.0, 1000.0, 1000.0, 1.0, 1.0]);
}

/// All keys of all maps in a value, or of those under `properties` alone.
fn keys(value: &serde_json::Value, of_properties: bool, found: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                match (of_properties, key.as_str(), inner) {
                    (true, "properties", serde_json::Value::Object(properties)) => {
                        found.extend(properties.keys().cloned());
                    }
                    (true, ..) => {}
                    (false, ..) => {
                        found.insert(key.clone());
                    }
                }
                keys(inner, of_properties, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, of_properties, found)),
        _ => {}
    }
}

#[test]
fn the_file_with_every_key_has_every_key_of_the_schema() {
    let (mut known, mut used) = Default::default();
    keys(&config::schema(), true, &mut known);
    // several earlier windows do not go together with all of the rest
    for name in ["every-key.yaml", "before-and-after.yaml"] {
        let text = fs::read_to_string(fixtures("config/good").join(name)).unwrap();
        keys(&as_json(&text).unwrap(), false, &mut used);
    }
    assert!(known.len() > 60, "{known:?}");
    assert_eq!(known.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_key_of_the_schema_is_described() {
    let schema = config::schema();
    let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for definition in definitions {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{key}: {property}");
        }
    }
}

#[test]
fn traffic_is_counted_by_rates_and_by_the_requests_of_gauges() {
    let metric = |metrics: &str, criterion: &str| {
        let text = format!(
            "name: t\ntraffic: {{ canary: 5% }}\nsources: {{ d: {{ file: {{ path: d.csv }} }} }}\nmetrics:\n{metrics}criteria:\n  - {criterion}\n"
        );
        planned(&text).rules.traffic.and_then(|traffic| traffic.metric)
    };
    let gauge = "  l: { gauge: { value: p95, unit: ms, quantile: p95, requests: n } }\n";
    let both = format!("{gauge}  e: {{ rate: {{ bad: b, total: t }} }}\n");
    let criterion = "{ metric: l, pass: \"<= baseline\" }";
    assert_eq!(metric(gauge, criterion).as_deref(), Some("l"));
    assert_eq!(metric(&both, criterion).as_deref(), Some("e"));
}

#[test]
fn a_bare_baseline_is_a_margin_of_nothing() {
    let plan = metric_plan(
        "  e: { rate: { good: g, total: t } }",
        "  - { metric: e, pass: \">= baseline\", fail: \"< baseline - 1pp\" }",
    );
    let margin = |absolute| Limit::Margin { relative: None, absolute };
    assert_eq!(plan.rules.criteria[0].pass.unwrap().limit, margin(None));
    assert_eq!(plan.rules.criteria[0].fail.unwrap().limit, margin(Some(-0.01)));
}
