//! What davy writes as configuration is read back: starters and recordings; and no text at all makes it panic.

use std::collections::BTreeMap;
use std::path::Path;

use davy::config::plan::Plan;
use davy::config::{self, Options, Recorded, Starter, Surveyed};
use davy::judge::rules::Limit;
use davy::series::{Arm, Gravity, Pair, SignedDuration, Window};
use davy::source::survey::{Column, ColumnKind, Motion, Survey};
use davy::source::{Ask, Long};
use proptest::prelude::*;

use super::config::{loaded, now, planned};

fn options() -> Options<'static> {
    Options { folder: Path::new("folder"), now: now(), set: &[], phase: None, from: None, to: None }
}

/// The metrics that are read from histograms.
fn histograms(plan: &Plan) -> BTreeMap<String, f64> {
    let factor = |ask: &Ask| if let Ask::Histograms { factor, .. } = ask { Some(*factor) } else { None };
    plan.queries.iter().filter_map(|query| Some((query.metric.clone(), factor(&query.ask)?))).collect()
}

/// Records a configuration and compares the rules of the recording, phase by phase.
fn check_recording(text: &str) {
    let config = loaded(text);
    let step = SignedDuration::from_mins(5);
    let window = |hours| {
        let start = now().checked_sub(SignedDuration::from_hours(hours)).unwrap();
        Window { start, end: start.checked_add(SignedDuration::from_hours(1)).unwrap() }
    };
    let windows = Pair { baseline: window(25), canary: window(1) };
    let phases: Vec<Option<&str>> = [None].into_iter().chain(config.phases().into_iter().map(Some)).collect();
    for phase in phases {
        let Ok(plan) = config.plan(&Options { phase, ..options() }) else { continue };
        let (lost, histograms, remarks, steps) =
            (&BTreeMap::new(), &histograms(&plan), &BTreeMap::new(), &BTreeMap::new());
        let recording = Recorded {
            windows,
            step,
            now: now(),
            davy: "0.1.0",
            lost,
            steps,
            has_past: false,
            histograms,
            remarks,
            slices: &BTreeMap::new(),
        };
        let written = config::recorded(&config, &plan, &recording);
        let read = config::load(&written, "recorded.yaml").unwrap_or_else(|problems| panic!("{problems}\n{written}"));
        assert_eq!(read.recording(), Some(("0.1.0", now())));
        let replayed = read.plan(&options()).unwrap_or_else(|problems| panic!("{problems}\n{written}"));
        assert_eq!(replayed.rules, plan.rules, "{written}");
        assert_eq!(replayed.time.canary, config::plan::Span::Exactly(windows.canary));
        // several earlier windows are those before the recorded one
        let baseline = plan.time.days.as_ref().map(|_| plan.time.baseline);
        assert_eq!(replayed.time.baseline, baseline.unwrap_or(config::plan::Span::Exactly(windows.baseline)));
        assert_eq!(replayed.time.days, plan.time.days);
        assert_eq!(replayed.time.step, Some(step));
        assert_eq!(replayed.queries.len(), plan.queries.len());
        let series = |query: &davy::source::Query| format!("folder/series/{}.csv", query.metric);
        for query in &replayed.queries {
            let davy::source::Source::File(file) = &query.source else { panic!("no file") };
            assert_eq!(file.path, Path::new(&series(query)));
        }
        let again = config::recorded(&read, &replayed, &recording);
        assert_eq!(again, written, "recording a recording changes nothing");
    }
}

#[test]
fn a_recording_has_the_rules_of_its_configuration() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config/good")).unwrap() {
        check_recording(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
}

#[test]
fn a_recording_forgets_its_sources() {
    let text = "name: t\nsources: { secret_source: { file: { path: /secret/path.csv, time: secret_time, zone: Asia/Tokyo, long: { name: secret_name, value: secret_value } } } }\nmetrics:\n  e: { source: secret_source, rate: { bad: secret_bad, total: secret_total, of: requests } }\ncriteria:\n  - { metric: e, pass: \"<= 1%\" }\n";
    let plan = planned(text);
    let window = Window { start: now(), end: now() };
    let windows = Pair { baseline: window, canary: window };
    let recording = Recorded {
        windows,
        step: SignedDuration::from_mins(1),
        now: now(),
        davy: "0.1.0",
        lost: &BTreeMap::new(),
        steps: &BTreeMap::new(),
        has_past: false,
        histograms: &BTreeMap::new(),
        remarks: &BTreeMap::new(),
        slices: &BTreeMap::new(),
    };
    let written = config::recorded(&loaded(text), &plan, &recording);
    assert!(!written.contains("secret") && !written.contains("Tokyo"), "{written}");
    assert_eq!(planned(&written).rules.fingerprint, plan.rules.fingerprint);
}

const METRICS: [&str; 7] = [
    "errors: { rate: { bad: errors, total: requests } }",
    "hits: { rate: { good: hits, bad: misses, of: lookups }, history: { phi: 1.5, nu: 12 } }",
    "part: { rate: { part: a, total: all } }",
    "drops: { events: { count: drops } }",
    "orphans: { events: { count: orphans, exposure: sessions } }",
    "api_p95: { gauge: { value: p95, unit: s, quantile: p95, requests: requests, scale: ratio } }",
    "latency: { values: { value: took, unit: us } }",
];

const CRITERIA: [&[&str]; 7] = [
    &[
        "pass: \"<= 0.1%\"",
        "pass: \"<= baseline + max(50%, 0.1pp)\"",
        "statistic: count, pass: \"<= 20\"",
        "fail: \"> 5%\"",
    ],
    &["pass: \">= 80%\"", "pass: \">= baseline - 1pp\"", "pass: \">= 90%\", fail: \"< 70%\""],
    &["pass: \">= 4%\"", "pass: \"<= 6%\"", "pass: \"== 0\""],
    &["pass: \"== 0\"", "pass: \"<= 10 / 5m\", periods: 1 of 1", "pass: \"<= baseline + 20%\"", "pass: \"<= 3\""],
    &["pass: \"<= 10/session\"", "pass: \"<= 0.1/session\", periods: 2 of 3"],
    &[
        "pass: \"<= 1.5s\"",
        "pass: \"<= baseline + 10ms\"",
        "statistic: max, pass: \"<= 1min\"",
        "pass: \"<= baseline\"",
    ],
    &["statistic: p99, pass: \"<= baseline + 5%\"", "statistic: p50, pass: \"<= 20ms\", fail: \"> 40ms\""],
];

const EXTRAS: [&str; 5] = [
    "",
    ", severity: critical",
    ", weight: 2.5, group: all",
    ", name: \"a: \\\"b\\\" #c\"",
    ", family: x, severity: muted",
];

/// Configurations of every shape, with and without phases, windows and policies.
fn configurations() -> impl Strategy<Value = String> {
    let criterion = (0..METRICS.len()).prop_flat_map(|metric| {
        (Just(metric), prop::sample::select(CRITERIA[metric]), prop::sample::select(&EXTRAS[..4]))
    });
    let name = |metric: usize| METRICS[metric].split(':').next().unwrap();
    let lines = move |list: &[(usize, &str, &str)], indent: &str| {
        let mut named = false;
        let mut text = String::new();
        for (metric, bound, extra) in list {
            let extra = if extra.contains("name:") && std::mem::replace(&mut named, true) { EXTRAS[4] } else { extra };
            text.push_str(&format!("{indent}- {{ metric: {}, {bound}{extra} }}\n", name(*metric)));
        }
        text
    };
    let list = prop::collection::vec(criterion, 1..5);
    let window = prop::sample::select(
        &["", "window: { last: 2h, step: 5m, warmup: 12m, settle: 1m }\n", "window: { step: 5m }\n"][..],
    );
    let policy = prop::sample::select(
        &[
            "",
            "policy: { level: 99%, min_soak: 30m, score: { pass: 90, marginal: 50 }, roll_back_to: \"the old one\" }\n",
        ][..],
    );
    let traffic = prop::sample::select(
        &["", "traffic: { canary: 5% }\n", "traffic: { canary: 0.1, metric: part, on_mismatch: fail }\n"][..],
    );
    (list.clone(), list, any::<bool>(), window, policy, traffic).prop_map(move |(common, own, phased, window, policy, traffic)| {
        let metrics: String = METRICS.iter().map(|metric| format!("  {metric}\n")).collect();
        let mut text = format!("name: \"x: {{y}} #z\"\narms: {{ baseline: {{ v: 1.10 }}, canary: {{ v: \"on\" }} }}\n{window}{policy}{traffic}");
        text.push_str(&format!("sources: {{ d: {{ file: {{ path: \"${{v}}.csv\" }} }} }}\nmetrics:\n{metrics}criteria:\n{}", lines(&common, "  ")));
        if phased {
            text.push_str("phases:\n  - { name: 5%, traffic: { canary: 5% } }\n  - name: 50%\n    window: { last: 30m }\n    criteria:\n");
            text.push_str(&lines(&own, "      "));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_recording_has_the_rules_of_its_configuration(text in configurations()) {
        check_recording(&text);
    }

    #[test]
    fn any_text_is_answered(text in r"\PC{0,80}") {
        let _ = config::load(&text, "t").map(|config| config.plan(&options()).is_ok());
    }

    #[test]
    fn any_damage_is_answered(text in configurations(), at in any::<prop::sample::Index>(), put in "[\\PC\n\t\"{}\\[\\]:,&*$%-]{0,3}", cut in 0_usize..4) {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at].iter().copied().chain(put.chars()).chain(chars[(at + cut).min(chars.len())..].iter().copied()).collect();
        match config::load(&damaged, "t").and_then(|config| config.plan(&options())) {
            Ok(_) => {}
            Err(problems) => prop_assert!(!problems.is_empty() && !problems.to_string().is_empty()),
        }
    }
}

fn survey(shown: &str, columns: &[(&str, ColumnKind)]) -> Survey {
    let column = |(name, kind): &(&str, ColumnKind)| Column {
        name: (*name).into(),
        kind: *kind,
        min: None,
        max: None,
        empty: 0,
        motion: Motion::Free,
        text: 0,
    };
    Survey {
        shown: shown.into(),
        unclear_arm: None,
        columns: columns.iter().map(column).collect(),
        time: ("ts".into(), "epoch seconds".into()),
        arm: None,
        long: None,
        rows: 100,
        step: Some(SignedDuration::from_mins(1)),
        benchmarks: false,
    }
}

use ColumnKind::{Empty, Real, Text, Whole};

fn not_judged(starter: &Starter) -> Vec<(&str, &str, Gravity)> {
    starter.not_judged.iter().map(|one| (one.what.as_str(), one.why.as_str(), one.gravity)).collect()
}

fn starter_of_two(baseline: &[(&str, ColumnKind)], canary: &[(&str, ColumnKind)]) -> Starter {
    let (baseline, canary) = (survey("b.csv", baseline), survey("c.csv", canary));
    config::starter(&Surveyed::Two(Pair { baseline: &baseline, canary: &canary }), "two")
}

#[test]
fn what_one_arm_lacks_allows_no_pass() {
    let whole = [
        ("requests", Whole),
        ("errors", Whole),
        ("p50_ms", Real),
        ("p95_ms", Real),
        ("hits", Whole),
        ("misses", Whole),
        ("cpu", Real),
    ];
    let both = starter_of_two(&whole, &whole);
    assert_eq!((both.not_judged.len(), both.recognised.len()), (0, 5), "{both:?}");
    for lacking in 0..whole.len() {
        let rest: Vec<_> =
            whole.iter().enumerate().filter(|(at, _)| *at != lacking).map(|(_, column)| *column).collect();
        let (name, _) = whole[lacking];
        for (starter, file) in [(starter_of_two(&whole, &rest), "c.csv"), (starter_of_two(&rest, &whole), "b.csv")] {
            let why = format!("{file} has no such column");
            assert!(not_judged(&starter).contains(&(name, why.as_str(), Gravity::Incomplete)), "{name}: {starter:?}");
            let plan = planned(&starter.yaml);
            assert!(plan.rules.not_judged.iter().any(|one| one.gravity == Gravity::Incomplete));
        }
        // empty or unreadable in one arm: a metric, whose data then says so
        for kind in [Empty, Text] {
            let mut other = whole;
            other[lacking].1 = kind;
            let starter = starter_of_two(&whole, &other);
            assert_eq!((starter.recognised.len(), not_judged(&starter)), (5, Vec::new()), "{name} {kind:?}");
        }
    }
}

#[test]
fn the_same_quantity_has_other_names_and_units_in_each_arm() {
    let baseline = [("requests", Whole), ("errors", Whole), ("p95_ms", Real), ("memory_mb", Real)];
    let canary = [("Memory-Bytes", Real), ("latencyP95 (s)", Real), ("failures", Whole), ("total", Whole)];
    let starter = starter_of_two(&baseline, &canary);
    assert_eq!(not_judged(&starter), []);
    let plan = planned(&starter.yaml);
    let asked =
        |metric: &str, arm: Arm| plan.queries.iter().find(|query| query.metric == metric && query.arm == arm).unwrap();
    let gauge = |metric: &str, arm: Arm| match &asked(metric, arm).ask {
        Ask::Gauge { value, factor, .. } => (value.clone(), *factor),
        other => panic!("{other:?}"),
    };
    assert_eq!(gauge("latency_p95", Arm::Baseline), ("p95_ms".to_owned(), 1.0));
    assert_eq!(gauge("latency_p95", Arm::Canary), ("latencyP95 (s)".to_owned(), 1000.0));
    assert_eq!(gauge("memory", Arm::Baseline), ("memory_mb".to_owned(), 1e6));
    assert_eq!(gauge("memory", Arm::Canary), ("Memory-Bytes".to_owned(), 1.0));
    let Ask::Counts { total, bad, .. } = &asked("errors", Arm::Canary).ask else { panic!("no counts") };
    assert_eq!((total.as_deref(), bad.as_deref()), (Some("total"), Some("failures")));
}

#[test]
fn a_unit_that_one_arm_does_not_say_is_in_the_verdict() {
    let starter = starter_of_two(&[("p95_ms", Real)], &[("p95", Real)]);
    let why = "its name does not say it; it is read as ms, the unit of the other arm. If that is right, say so with `--unit p95=ms`";
    assert_eq!(not_judged(&starter), [("the unit of p95 in c.csv", why, Gravity::Suspect)]);
    // two quantities are not one, whatever they are called
    let starter = starter_of_two(
        &[("requests", Whole), ("p95", Real), ("cpu_percent", Real)],
        &[("requests", Whole), ("p95", Real), ("cpu_ms", Real)],
    );
    let why = ["c.csv has no such column", "b.csv has no such column"];
    assert_eq!(
        not_judged(&starter)[..2],
        [("cpu_ms", why[1], Gravity::Incomplete), ("cpu_percent", why[0], Gravity::Incomplete)]
    );
}

#[test]
fn what_matters_and_is_not_understood_allows_no_pass() {
    for name in
        ["success_rate", "error", "success", "availability_percent", "throughput", "failures", "avg_response_ms"]
    {
        let columns = [("cpu", Real), (name, Real)];
        let starter = starter_of_two(&columns, &columns);
        let found: Vec<_> = not_judged(&starter).into_iter().map(|(what, _, gravity)| (what, gravity)).collect();
        assert_eq!(found, [(name, Gravity::Suspect)]);
    }
    let columns = [("cpu", Real), ("region", Text), ("orders", Whole)];
    assert!(not_judged(&starter_of_two(&columns, &columns)).iter().all(|(_, _, gravity)| *gravity == Gravity::Note));
}

#[test]
fn every_column_of_errors_is_judged() {
    let columns = [("requests", Whole), ("5xx", Whole), ("errors", Whole)];
    let plan = planned(&starter_of_two(&columns, &columns).yaml);
    let names: Vec<&str> = plan.rules.metrics.keys().map(String::as_str).collect();
    assert_eq!(names, ["5xx", "errors"]);
}

#[test]
fn a_starter_for_two_files_judges_what_it_knows() {
    let columns = [
        ("Requests", Whole),
        ("5XXError", Whole),
        ("p95_ms", Real),
        ("p99.9", Real),
        ("cpu", Real),
        ("foo", Real),
        ("host", Text),
    ];
    let baseline = survey("old/a $x.csv", &columns[..6]);
    let canary = survey("new/b.csv", &columns);
    let starter = config::starter(&Surveyed::Two(Pair { baseline: &baseline, canary: &canary }), "a and b");
    assert!(starter.problems.is_empty());
    assert_eq!(
        starter.recognised,
        [
            "Requests and 5XXError -> rate `errors`",
            "p95_ms -> gauge `latency_p95` in ms, a p95 per step",
            "p99.9 -> gauge `latency_p99.9`, a p99.9 per step",
            "cpu -> gauge `cpu`, more of it taken as worse",
        ]
    );
    assert_eq!(
        not_judged(&starter),
        [
            ("foo", "its name does not say whether more of it is good or bad", Gravity::Note),
            ("host", "not a number", Gravity::Note)
        ]
    );
    let plan = planned(&starter.yaml);
    let margins: Vec<Limit> = plan.rules.criteria.iter().filter_map(|c| Some(c.pass?.limit)).collect();
    let margin = |relative, absolute| Limit::Margin { relative: Some(relative), absolute };
    assert_eq!(margins, [margin(0.5, Some(0.001)), margin(0.1, None), margin(0.15, None), margin(0.1, None)]);
    let davy::source::Source::File(file) = &plan.queries[0].source else { panic!("no file") };
    assert_eq!(file.shown, "old/a $x.csv");
    assert_eq!(plan.queries.len(), 8);
}

#[test]
fn a_starter_for_one_file_of_requests_asks_for_quantiles() {
    let mut one = survey(
        "all.csv",
        &[("group", Text), ("latency_s", Real), ("hits", Whole), ("misses", Whole), ("errors", Whole)],
    );
    one.arm = Some(("group".into(), "control".into(), "treatment".into()));
    one.step = None;
    let starter = config::starter(&Surveyed::One(&one), "all");
    assert_eq!(not_judged(&starter), [("errors", "no column says of how many requests they are", Gravity::Suspect)]);
    let plan = planned(&starter.yaml);
    let names: Vec<&str> = plan.rules.criteria.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cache_hits >= baseline - 1pp",
            "latency p50 <= baseline + 5%",
            "latency p95 <= baseline + 10%",
            "latency p99 <= baseline + 15%"
        ]
    );
    let davy::source::Source::File(file) = &plan.queries[0].source else { panic!("no file") };
    assert_eq!(file.arm.as_ref().map(|arm| (arm.column.as_str(), arm.value.as_str())), Some(("group", "control")));
}

#[test]
fn a_starter_knows_long_files_and_says_when_it_knows_nothing() {
    let mut long = survey("long.csv", &[("requests", Whole), ("errors", Whole)]);
    long.arm = Some(("arm".into(), "baseline".into(), "canary".into()));
    long.long = Some((Long { name: "metric".into(), value: "value".into() }, vec!["requests".into(), "errors".into()]));
    let plan = planned(&config::starter(&Surveyed::One(&long), "long").yaml);
    let davy::source::Source::File(file) = &plan.queries[0].source else { panic!("no file") };
    assert_eq!(file.long.as_ref().map(|long| long.value.as_str()), Some("value"));

    let nothing = survey("x.csv", &[("foo", Real), ("requests", Whole)]);
    let starter = config::starter(&Surveyed::One(&nothing), "x");
    assert!(starter.yaml.is_empty() && starter.problems.len() == 2, "{starter:?}");
}

proptest! {
    #[test]
    fn every_starter_is_a_configuration(names in prop::collection::vec(r#"[a-zA-Z0-9_$"{}: #.%\\é-]{1,12}|p[0-9]{1,2}_ms|errors|requests|value"#, 1..8), two in any::<bool>()) {
        let columns: Vec<(&str, ColumnKind)> = names.iter().map(|name| (name.as_str(), Whole)).collect();
        let mut baseline = survey("b $\"{}.csv", &columns);
        baseline.arm = (!two).then(|| ("$arm".into(), "a".into(), "b\\".into()));
        let canary = survey("c: #.csv", &columns);
        let surveyed = if two { Surveyed::Two(Pair { baseline: &baseline, canary: &canary }) } else { Surveyed::One(&baseline) };
        let starter = config::starter(&surveyed, "any \"name\"");
        if starter.problems.is_empty() {
            prop_assert!(!planned(&starter.yaml).rules.criteria.is_empty());
        }
    }
}
