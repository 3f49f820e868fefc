//! The libraries as a program uses them: builders, examples, what is public, and how little comes with it.

use std::collections::BTreeSet;
use std::path::Path;

use davy::config::{self, Options};
use davy::judge::judge;
use davy::judge::rules::{Criterion, Metric, Rules, Unit};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Flaw, Series, SignedDuration, Timestamp};

use crate::world::root;

#[path = "../../crates/davy-judge/examples/judge_two_series.rs"]
#[allow(dead_code)]
mod judge_two_series;

#[path = "../../examples/custom_source.rs"]
#[allow(dead_code)]
mod custom_source;

#[path = "../../examples/watch_with_own_clock.rs"]
#[allow(dead_code)]
mod watch_with_own_clock;

mod surface;

/// The criteria of a configuration with these metrics.
fn configured(metrics: &str, criteria: &str) -> Vec<Criterion> {
    let text =
        format!("name: x\nsources: {{ a: {{ file: {{ path: a.csv }} }} }}\nmetrics: {metrics}\ncriteria: {criteria}\n");
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let options = Options { folder: Path::new("."), now, set: &[], phase: None, from: None, to: None };
    let plan = config::load(&text, "x.yaml").unwrap().plan(&options).unwrap_or_else(|error| panic!("{error}"));
    plan.rules.criteria
}

#[test]
fn a_program_asks_the_same_as_a_configuration() {
    let written = configured(
        "{ errors: { rate: { bad: bad, total: all, of: requests } }, found: { rate: { good: found, total: all, of: lookups } }, \
           latency: { values: { value: latency, unit: ms } }, restarts: { events: { count: restarts } }, crashes: { events: { count: c, exposure: s, per: session } }, \
           memory: { gauge: { value: memory, unit: MiB } }, cpu: { gauge: { value: cpu, unit: \"%\" } } }",
        "[{ metric: errors, pass: '<= 1%' }, { metric: errors, pass: '<= baseline + max(50%, 0.1pp)' }, { metric: errors, pass: '== 0' }, \
          { metric: errors, statistic: count, pass: '<= 10' }, { metric: found, pass: '>= baseline - 1pp' }, \
          { metric: latency, statistic: p95, pass: '<= baseline + 10%', role: guardrail }, { metric: latency, statistic: p99.9, pass: '< 800ms' }, \
          { metric: latency, statistic: any quantile from p50 to p99, pass: '<= baseline + 10%' }, { metric: latency, statistic: max, pass: '<= 5s' }, \
          { metric: restarts, pass: '<= 3/h' }, { metric: restarts, pass: '<= 5' }, { metric: crashes, pass: '<= baseline + 20%' }, \
          { metric: memory, pass: '<= baseline + 5%' }, { metric: memory, statistic: trend, pass: '<= 1MiB/d' }, { metric: cpu, pass: '<= 80%' }]",
    );
    let built = Rules::new("x")
        .metric("errors", Metric::bad_share("requests"))
        .metric("found", Metric::good_share("lookups"))
        .metric("latency", Metric::latencies())
        .metric("restarts", Metric::events())
        .metric("crashes", Metric::events_per("session"))
        .metric("memory", Metric::gauge(Unit::Bytes))
        .metric("cpu", Metric::gauge(Unit::Percent));
    let asked = [
        ("errors", "<= 1%"),
        ("errors", "<= baseline + max(50%, 0.1pp)"),
        ("errors", "== 0"),
        ("errors", "count <= 10"),
        ("found", ">= baseline - 1pp"),
        ("latency", "guard p95 <= baseline + 10%"),
        ("latency", "p99.9 < 800ms"),
        ("latency", "any quantile from p50 to p99 <= baseline + 10%"),
        ("latency", "max <= 5s"),
        ("restarts", "<= 3/h"),
        ("restarts", "<= 5"),
        ("crashes", "<= baseline + 20%"),
        ("memory", "<= baseline + 5%"),
        ("memory", "trend <= 1MiB/d"),
        ("cpu", "<= 80%"),
    ];
    let built = asked.into_iter().fold(built, |rules, (metric, text)| match text.strip_prefix("guard ") {
        Some(text) => rules.guardrail(metric, text).unwrap(),
        None => rules.must(metric, text).unwrap(),
    });
    assert_eq!(written.len(), asked.len());
    for (written, built) in written.iter().zip(&built.criteria) {
        assert_eq!(written, built);
    }
}

#[test]
fn what_a_metric_cannot_answer_is_refused_with_a_remedy() {
    let rules =
        || Rules::new("x").metric("errors", Metric::bad_share("requests")).metric("latency", Metric::latencies());
    let said = |metric: &str, text: &str| rules().must(metric, text).unwrap_err().to_string();
    for (metric, text, message) in [
        (
            "latency",
            "<= 300ms",
            "`latency` has one value per request: which quantile of them is meant? (write `p95 <= 300ms`)",
        ),
        (
            "latency",
            "mean <= 300ms",
            "a mean is not judged: a few slow requests decide it, and it hides everyone else's (write a quantile (`p50`, `p95`) for values, or `typical` for a gauge)",
        ),
        (
            "errors",
            ">= 1%",
            "`errors` is a share of bad ones, so a pass cannot ask for more of them (write `<= …`; or name the good ones: `rate: { good: … }`)",
        ),
        ("errors", "p95 <= 1%", "a rate has no `p95` (leave `statistic` out, or write `rate` or `count`)"),
        (
            "errors",
            "<= 100%",
            "everything passes with `<= 100%` (write `pass: \"== 0\"` if none is tolerated, or a bound that can be met and broken)",
        ),
        ("erors", "<= 1%", "there is no metric `erors` (add it by `metric` first; so far: `errors`, `latency`)"),
    ] {
        assert_eq!(said(metric, text), message);
    }
    let part = |text: &'static str| text.get(rules().must("latency", text).unwrap_err().part).unwrap();
    assert_eq!(part("p95 <= baseline * 2"), "* 2");
    let twice = rules().must("errors", "<= 1%").and_then(|rules| rules.must("errors", "<= 1%"));
    assert_eq!(twice.unwrap_err().message, "`errors <= 1%` is there twice");
}

#[test]
fn columns_that_do_not_fit_are_no_series() {
    let at = |minute: i64| Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap();
    let times = || vec![at(0), at(1)];
    assert_eq!(
        Series::counts(times(), vec![10], vec![1, 1]).unwrap_err(),
        Flaw::Length { column: "total", len: 1, times: 2 }
    );
    assert_eq!(Series::counts(times(), vec![10, 10], vec![1, 11]).unwrap_err(), Flaw::MoreBad(1));
    assert_eq!(Series::values(vec![at(1), at(0)], vec![1.0, 1.0]).unwrap_err(), Flaw::Unsorted(1));
    assert_eq!(Series::gauge(times(), vec![1.0, f64::NAN]).unwrap_err(), Flaw::NotANumber(1));
    assert_eq!(Series::events_per(times(), vec![1, 1], vec![1.0, -1.0]).unwrap_err(), Flaw::NotANumber(1));
    let data = Dataset::steps(at(0), SignedDuration::from_mins(1), 2).unwrap();
    assert_eq!(data.times(), times());
    let counts = Series::counts(times(), vec![10, 10], vec![1, 1]).unwrap();
    let gauge = Series::gauge(times(), vec![1.0, 2.0]).unwrap();
    assert_eq!(data.metric("x", counts, gauge).unwrap_err(), Flaw::Shapes("x".into()));
    let none = Dataset::steps(at(0), SignedDuration::ZERO, 2);
    assert_eq!(none.unwrap_err(), Flaw::NoTime);
}

#[test]
fn the_examples_answer() {
    let verdict = judge_two_series::verdict().unwrap();
    let outcomes: Vec<Outcome> = verdict.findings.iter().map(|finding| finding.outcome).collect();
    assert_eq!((verdict.outcome, outcomes), (Outcome::Fail, vec![Outcome::Pass, Outcome::Fail]));

    let text = "12:00 blue ok=998 failed=2\n12:00 green ok=996 failed=4\n12:01 blue ok=1003 failed=1\n12:01 green ok=989 failed=5\n";
    assert!(custom_source::markdown(text).unwrap().contains("errors from memory"));
    let wrong = custom_source::markdown("12:00 blue ok=many failed=2").unwrap_err().to_string();
    assert_eq!(wrong, "line 1: `12:00 blue ok=many failed=2` is not `MINUTE ARM ok=N failed=N`");

    assert_eq!(watch_with_own_clock::soak(12).unwrap().len(), 1, "a canary that is worse is failed at the first look");
    let healthy = watch_with_own_clock::soak(4).unwrap();
    assert!(healthy.last().unwrap().contains("holds"), "{healthy:?}");
}

/// A criterion that was made for another metric of the same name shows nothing.
#[test]
fn a_metric_that_takes_the_place_of_another_passes_nothing() {
    let data = Dataset::steps("2026-03-01T12:00:00Z".parse().unwrap(), SignedDuration::from_mins(1), 60).unwrap();
    let counts = || Series::counts(data.times(), vec![1_000; 60], vec![0; 60]).unwrap();
    let data = data.clone().metric("m", counts(), counts()).unwrap();
    let rules = Rules::new("x").metric("m", Metric::latencies()).must("m", "p95 <= 100ms").unwrap();
    assert_eq!(judge(&rules, &data).outcome, Outcome::Inconclusive, "the data has another shape");
    let replaced = rules.metric("m", Metric::bad_share("requests"));
    assert_eq!(judge(&replaced, &data).outcome, Outcome::Inconclusive, "a rate has no p95");
    assert_eq!(judge(&Rules::new("x"), &data).outcome, Outcome::Inconclusive, "nothing is asked");
}

/// The README has the middle of the program that the tests of the documentation run.
#[test]
fn the_readme_quotes_the_program_of_the_book() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (readme, book) = (read("README.md"), read("docs/library.md"));
    let quoted = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines: Vec<&str> = book.lines().map(str::trim).collect();
    assert!(quoted.lines().count() > 3);
    for line in quoted.lines().map(str::trim) {
        assert!(lines.contains(&line), "docs/library.md has no line `{line}`");
    }
}

/// A program that judges builds few crates, and nothing that reads files or asks services.
#[test]
fn the_judge_comes_with_few_crates() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "davy-judge", "--edges", "normal", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains("davy-stats"), "{text}");
    assert!(names.len() <= 21, "{} crates with its own: {names:?}", names.len());
    assert!(["clap", "serde", "tokio", "polars"].iter().all(|heavy| !names.contains(heavy)), "{names:?}");
}
