//! Metrics over single requests and over groups: what is asked of a log, what comes of it, and that a recording answers alike.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use davy::config::plan::Plan;
use davy::config::{self, Options};
use davy::ingest::{Error, ingest};
use davy::judge::groups::spread;
use davy::judge::judge;
use davy::judge::verdict::{Outcome, Reason};
use davy::series::{Arm, Dataset, Pair, Series, SignedDuration, Timestamp};
use davy::source::requests::{Arms, Counted, Valued};
use davy::source::{Outside, Source};

fn now() -> Timestamp {
    "2026-03-01T14:00:00Z".parse().unwrap()
}

fn planned(text: &str, folder: &Path) -> Plan {
    let config = config::load(text, "canary.yaml").unwrap_or_else(|problems| panic!("{problems}"));
    let options = Options { folder, now: now(), set: &[], phase: None, from: None, to: None };
    config.plan(&options).unwrap_or_else(|problems| panic!("{problems}"))
}

fn fetched(text: &str, folder: &Path) -> Result<Dataset, Error> {
    let plan = planned(text, folder);
    ingest(&plan.queries, &plan.time, &Outside::quiet(now()))
}

#[test]
fn a_metric_over_requests_is_a_slice_of_its_log() {
    let plan = planned(
        r#"
name: a
arms: { baseline: { v: 41 }, canary: { v: 42 } }
sources: { log: { requests: { path: "logs/*.gz", arm: { baseline: 'version = "41"', canary: 'version = "42"' } } } }
metrics:
  errors: { by: route, rate: { bad: errors, total: requests } }
  cold: { where: 'version = "${v}"', rate: { bad: 'cache = "Miss"', total: 'cache in [Hit, Miss]' } }
  latency: { values: { value: latency, unit: s } }
criteria:
  - { metric: errors, pass: "<= 1%" }
  - { metric: cold, pass: "<= 1%" }
  - { metric: latency, statistic: p95, pass: "<= 1s" }
"#,
        Path::new("folder"),
    );
    let asked = |metric: &str, arm: Arm| {
        let query = plan.queries.iter().find(|q| q.metric == metric && q.arm == arm).unwrap();
        let Source::Requests(asked) = &query.source else { panic!("{metric}") };
        (**asked).clone()
    };
    let errors = asked("errors", Arm::Canary);
    assert_eq!(errors.log.inputs, [Path::new("folder/logs/*.gz")]);
    assert_eq!(errors.slice.by.as_ref().map(|by| (by.column.as_str(), by.most)), Some(("route", 20)));
    let names: Vec<&str> = errors.slice.counted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["requests", "errors"]);
    let Arms::When(arms) = &errors.log.arms else { panic!("{:?}", errors.log.arms) };
    assert_eq!(arms[1].0, "canary");
    assert_eq!(arms[1].1.to_string(), "version = \"42\"");
    assert_eq!(errors.log, asked("latency", Arm::Baseline).log, "both arms and all metrics are one log");
    assert_eq!(plan.rules.metrics["errors"].by.as_deref(), Some("route"));

    // a total that is a condition chooses the rows; labels are those of the arm
    let cold = asked("cold", Arm::Baseline).slice;
    let filter = cold.filter.unwrap().to_string();
    assert_eq!(filter, "version = \"41\" and cache in [\"Hit\", \"Miss\"]");
    assert_eq!(cold.counted[0], ("cache in [Hit, Miss]".to_owned(), Counted::Requests));
    assert!(matches!(cold.counted[1].1, Counted::When(_)));
    assert_eq!(asked("latency", Arm::Canary).slice.valued, Some(Valued::Latency));
}

/// An hour by the minute: three routes, of which one has requests in the canary alone.
fn routes(canary_bad: u64) -> String {
    let mut text = "ts,arm,route,requests,errors\n".to_owned();
    for minute in 0..60 {
        for arm in ["baseline", "canary"] {
            let bad = if arm == "canary" { canary_bad } else { 5 } + minute % 3;
            text += &format!("2026-03-01T12:{minute:02}:00Z,{arm},/checkout,500,{bad}\n");
            text += &format!("2026-03-01T12:{minute:02}:00Z,{arm},/search,800,{}\n", 4 + minute % 4);
        }
        text += &format!("2026-03-01T12:{minute:02}:00Z,canary,/new,50,0\n");
    }
    text
}

const ROUTES: &str = r#"
name: by-route
sources: { data: { file: { path: data.csv } } }
metrics:
  errors: { by: route, rate: { bad: errors, total: requests } }
criteria:
  - { name: error rate, metric: errors, pass: "<= baseline + max(100%, 0.5pp)", weight: 3 }
"#;

fn davy(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn each_group_is_judged_by_itself_recorded_together_and_replayed_alike() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), routes(60)).unwrap();
    fs::write(folder.path().join("canary.yaml"), ROUTES).unwrap();
    let (code, text) = davy(folder.path(), &["judge", "--format", "json", "--record", "recording"]);
    assert_eq!(code, 10, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text[..text.rfind('}').unwrap() + 1]).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let outcome = |name: &str| {
        let found = findings.iter().find(|finding| finding["criterion"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {text}"))["outcome"].as_str().unwrap().to_lowercase()
    };
    assert_eq!(outcome("error rate [/checkout]"), "fail");
    assert_eq!(outcome("error rate [/search]"), "pass");
    assert_eq!(outcome("error rate [/new]"), "inconclusive", "a group of one arm is not left out");
    let recorded = fs::read_to_string(folder.path().join("recording/series/errors.csv")).unwrap();
    assert!(recorded.starts_with("time,arm,group,total,bad\n"), "{recorded}");
    assert_eq!(fs::read_dir(folder.path().join("recording/series")).unwrap().count(), 1);
    let (code, text) = davy(folder.path(), &["replay", "--check", "recording"]);
    assert_eq!(code, 0, "{text}");
    // and a recording of the recording
    let (code, _) = davy(folder.path(), &["judge", "recording", "--record", "again"]);
    assert_eq!(code, 10);
    let verdict = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(folder.path().join(name).join("verdict.json")).unwrap()).unwrap()
    };
    assert_eq!(verdict("again")["fingerprint"], verdict("recording")["fingerprint"]);
    assert_eq!(davy(folder.path(), &["replay", "--check", "again"]).0, 0);
}

#[test]
fn a_history_with_groups_is_planned_and_calibrated() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), routes(5)).unwrap();
    fs::write(folder.path().join("canary.yaml"), ROUTES).unwrap();
    for command in ["plan", "calibrate"] {
        let (code, text) = davy(folder.path(), &[command, "canary.yaml", "--history", "data.csv"]);
        assert_eq!(code, 0, "{command}: {text}");
        assert!(text.contains("[/checkout]") && text.contains("[/search]"), "{command}: {text}");
    }
}

#[test]
fn groups_share_what_their_criterion_was_worth() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), routes(5)).unwrap();
    let plan = planned(ROUTES, folder.path());
    let dataset = fetched(ROUTES, folder.path()).unwrap();
    assert_eq!(dataset.groups["errors"], ["/checkout", "/new", "/search"]);
    assert!(!dataset.metrics.contains_key("errors"));
    let spread = spread(&plan.rules, &dataset.groups);
    assert_eq!(spread.criteria.len(), 3);
    assert!((spread.criteria.iter().map(|c| c.weight).sum::<f64>() - 3.0).abs() < 1e-12);
    let verdict = judge(&plan.rules, &dataset);
    assert_eq!(verdict.fingerprint, plan.rules.fingerprint);
    let judged = verdict.findings.iter().filter_map(|finding| finding.evidence.level);
    let chances: Vec<f64> = judged.map(|levels| 1.0 - levels.fail).collect();
    assert!(chances.len() >= 2 && chances.iter().all(|chance| (chance - 0.05 / 3.0).abs() < 1e-9), "{chances:?}");
}

#[test]
fn without_any_group_nothing_is_known() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), routes(5)).unwrap();
    let plan = planned(ROUTES, folder.path());
    let mut dataset = fetched(ROUTES, folder.path()).unwrap();
    dataset.groups = BTreeMap::from([("errors".to_owned(), Vec::new())]);
    let verdict = judge(&plan.rules, &dataset);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert_eq!((verdict.findings.len(), verdict.findings[0].reason), (1, Reason::NoData));
    assert!(verdict.findings[0].sentence.contains("no group of `route` was seen"), "{}", verdict.findings[0].sentence);
}

#[test]
fn the_rest_of_many_groups_is_one_group() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), routes(5)).unwrap();
    let text = ROUTES.replace("by: route", "by: { column: route, most: 1 }");
    let dataset = fetched(&text, folder.path()).unwrap();
    assert_eq!(dataset.groups["errors"], ["/search", "(the rest)"]);
    let Series::Counts { total, .. } = &dataset.metrics["errors [(the rest)]"].canary else { panic!() };
    assert_eq!(total.iter().sum::<u64>(), 60 * 550);
}

/// Requests of half an hour: per ten seconds six of the baseline and three of the canary, of two routes; now and then one of a
/// route that only the canary has. With each its arm.
fn requests() -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for tick in 0..180_u64 {
        for (arm, n) in [("baseline", 6), ("canary", 3)] {
            for i in 0..n {
                let (second, route) = (tick * 10 + i, if i % 3 == 0 { "/a" } else { "/b" });
                let route = if arm == "canary" && tick % 20 == 19 && i == 0 { "/c" } else { route };
                let status = if (tick + i) % 20 == 0 { 503 } else { 200 };
                let time = format!("2026-03-01T12:{:02}:{:02}Z", second / 60, second % 60);
                rows.push((arm, format!("{time},{arm},{route},{status},{}", 100 + (tick * 7 + i) % 50)));
            }
        }
    }
    rows
}

const LOG: &str = r#"
name: log
sources: { log: { requests: { path: "access.csv", ARMS } } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
  by_route: { by: route, values: { value: latency, unit: ms } }
  rare: { where: 'route = "/c"', events: { count: requests } }
criteria:
  - { metric: errors, pass: "<= baseline + 5pp" }
  - { metric: latency, statistic: p50, pass: "<= baseline + 10%" }
  - { metric: by_route, statistic: p50, pass: "<= baseline + 10%" }
  - { metric: rare, pass: "<= 100" }
"#;

const HEADER: &str = "ts,arm,route,status,latency_ms\n";

/// What a log becomes.
fn of_log(files: &[(&str, &str)], arms: &str, path: &str) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    fetched(&LOG.replace(", ARMS", arms).replace("access.csv", path), folder.path())
}

fn whole() -> String {
    HEADER.to_owned() + &requests().into_iter().map(|(_, row)| row + "\n").collect::<String>()
}

#[test]
fn one_pass_over_a_log_gives_counts_latencies_groups_and_zeros() {
    let dataset = of_log(&[("access.csv", &whole())], "", "access.csv").unwrap();
    assert_eq!(dataset.step, SignedDuration::from_secs(30), "half an hour has sixty steps");
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    assert_eq!((dataset.windows.canary.start, dataset.windows.canary.steps(dataset.step)), (start, 60));
    let sums = |series: &Series| {
        let Series::Counts { total, bad, time } = series else { panic!() };
        (time.len(), total.iter().sum::<u64>(), bad.iter().sum::<u64>())
    };
    let bad = |arm: &str| {
        let of_arm = |(of, row): &(&str, String)| *of == arm && row.contains(",503,");
        requests().iter().filter(|row| of_arm(row)).count() as u64
    };
    let errors = &dataset.metrics["errors"];
    assert_eq!(sums(&errors.baseline), (60, 1080, bad("baseline")));
    assert_eq!(sums(&errors.canary), (60, 540, bad("canary")));

    let Series::Buckets { bins, scale, time } = &dataset.metrics["latency"].canary else { panic!() };
    assert_eq!((time.len(), bins.iter().map(|bins| bins.total()).sum::<u64>()), (60, 540));
    let lowest = bins.iter().filter_map(|bins| bins.cells().next().map(|(at, _)| bins.grid().low(at))).min().unwrap();
    assert!((lowest as f64 * scale - 100.0).abs() < 0.2, "{lowest} x {scale}");

    assert_eq!(dataset.groups["by_route"], ["/a", "/b", "/c"]);
    let rare = &dataset.metrics["by_route [/c]"];
    assert!(rare.baseline.is_empty());
    let Series::Buckets { time, bins, .. } = &rare.canary else { panic!() };
    assert_eq!((time.len(), bins.iter().map(|bins| bins.total()).sum::<u64>()), (60, 9), "rare is not missing");

    let events = |series: &Series| {
        let Series::Events { count, .. } = series else { panic!() };
        (count.len(), count.iter().sum::<u64>())
    };
    let rare = dataset.metrics["rare"].as_ref().map(events);
    assert_eq!(rare, Pair { baseline: (60, 0), canary: (60, 9) });
    assert!(dataset.origins["errors"].contains("1620 rows"), "{}", dataset.origins["errors"]);
}

#[test]
fn arms_may_be_a_column_conditions_or_files() {
    let of_arm = |arm: &str| {
        HEADER.to_owned()
            + &requests().into_iter().filter(|(of, _)| *of == arm).map(|(_, row)| row + "\n").collect::<String>()
    };
    let (all, baseline, canary) = (whole(), of_arm("baseline"), of_arm("canary"));
    let by_column = of_log(&[("access.csv", &all)], "", "access.csv").unwrap();
    let named = ", arm: { column: arm, baseline: baseline, canary: canary }";
    let when = ", arm: { baseline: 'arm = \"baseline\"', canary: 'arm != \"baseline\"' }";
    let files = [("baseline.csv", baseline.replace(",arm,", ",of,")), ("canary.csv", canary.replace(",arm,", ",of,"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for (files, arms, path) in [
        (vec![("access.csv", all.as_str())], named, "access.csv"),
        (vec![("access.csv", all.as_str())], when, "access.csv"),
        (files, "", "${arm}.csv"),
    ] {
        let other = of_log(&files, arms, path).unwrap();
        assert_eq!(
            (&other.metrics, other.windows, &other.groups),
            (&by_column.metrics, by_column.windows, &by_column.groups)
        );
    }
}

#[test]
fn a_log_without_arms_is_not_compared_with_itself() {
    let text = whole().replace(",arm,", ",of,");
    let answered = of_log(&[("access.csv", &text)], "", "access.csv");
    assert!(matches!(answered, Err(Error::SameRows { .. })), "{answered:?}");
}
