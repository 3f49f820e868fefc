//! Which time is taken from which file, and what happens to points that do not fit the step.

use std::path::Path;

use davy::config::plan::{Span, TimePlan};
use davy::ingest::{Error, ingest};
use davy::series::{Arm, Dataset, Series, SignedDuration, Timestamp, Window};
use davy::source::{ArmColumn, Ask, File, Format, Kind, Least, Missing, Query, Source};

const ALL: TimePlan =
    TimePlan { canary: Span::All, baseline: Span::All, step: None, steady: false, zone: None, days: None };

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn window(start: &str, end: &str) -> Window {
    Window { start: at(start), end: at(end) }
}

fn counts() -> Ask {
    Ask::Counts {
        total: Some("requests".into()),
        bad: Some("errors".into()),
        good: None,
        missing: Missing::Gap,
        instance: None,
        counter: None,
    }
}

fn gauge() -> Ask {
    Ask::Gauge { value: "p95".into(), factor: 1.0, requests: None, least: Least::Any, counter: None }
}

fn values() -> Ask {
    Ask::Values { value: "ms".into(), factor: 1.0, least: Least::Any }
}

fn query(folder: &Path, metric: &str, arm: Arm, name: &str, ask: Ask) -> Query {
    let (path, shown) = (folder.join(name), name.to_string());
    let file = File { path, shown, format: Format::Auto, time: None, zone: None, arm: None, long: None };
    Query {
        metric: metric.into(),
        arm,
        source: Source::File(file),
        ask,
        unit: None,
        by: None,
        slices: None,
        step: None,
        compared: true,
        required: true,
    }
}

/// Writes the files and asks one metric of them, the baseline of the first and the canary of the last.
fn one_metric(files: &[(&str, &str)], ask: Ask, plan: &TimePlan) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (baseline, canary) = (files[0].0, files[files.len() - 1].0);
    let queries = [
        query(folder.path(), "m", Arm::Baseline, baseline, ask.clone()),
        query(folder.path(), "m", Arm::Canary, canary, ask),
    ];
    ingest(&queries, plan, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH))
}

fn rows(header: &str, rows: &[(&str, &str)]) -> String {
    let rows = rows.iter().map(|(time, cells)| format!("2026-11-21T{time}Z,{cells}\n"));
    format!("ts,{header}\n{}", rows.collect::<String>())
}

fn times(dataset: &Dataset, arm: Arm) -> Vec<String> {
    let series = dataset.metrics["m"].get(arm);
    series.time().iter().map(|time| time.to_string()["2026-11-21T".len()..].trim_end_matches('Z').to_string()).collect()
}

fn minutes(first: u32, last: u32, cells: &str) -> Vec<(String, String)> {
    (first..=last).map(|m| (format!("{:02}:{:02}:00", 10 + m / 60, m % 60), cells.to_string())).collect()
}

fn csv(header: &str, points: &[(String, String)]) -> String {
    rows(header, &points.iter().map(|(t, c)| (t.as_str(), c.as_str())).collect::<Vec<_>>())
}

#[test]
fn without_a_window_a_canary_in_a_longer_history_begins_with_itself_and_ends_with_the_baseline() {
    let mut points = minutes(0, 30, "baseline,900,9");
    points.extend(minutes(10, 19, "canary,100,1"));
    let dataset = one_metric(&[("data.csv", &csv("arm,requests,errors", &points))], counts(), &ALL).unwrap();
    assert_eq!(dataset.step, SignedDuration::from_mins(1));
    assert_eq!(dataset.windows.canary, window("10:10:00", "10:31:00"), "nobody knows that its end was planned");
    assert_eq!(dataset.windows.baseline, dataset.windows.canary);
    assert_eq!(dataset.metrics["m"].baseline.len(), 21);
    assert_eq!(dataset.metrics["m"].canary.len(), 10);
    assert_eq!(dataset.origins["m"], "data.csv: errors of requests (RFC 3339)");
    let remark = "the baseline reaches further back; it is compared from 2026-11-21 10:10 UTC on";
    assert_eq!(dataset.remarks["m"], [davy::series::Remark::note(remark)]);
}

#[test]
fn without_a_window_arms_that_ran_together_share_all_of_their_time() {
    let all = |from, to, canary_from, canary_to| {
        let mut points = minutes(from, to, "baseline,900,9");
        points.extend(minutes(canary_from, canary_to, "canary,100,1"));
        let dataset = one_metric(&[("data.csv", &csv("arm,requests,errors", &points))], counts(), &ALL).unwrap();
        assert_eq!(dataset.windows.baseline, dataset.windows.canary);
        (dataset.windows.canary, dataset.remarks.len())
    };
    assert_eq!(all(0, 59, 0, 39), (window("10:00:00", "11:00:00"), 0), "the canary ended early");
    assert_eq!(all(0, 59, 10, 59), (window("10:00:00", "11:00:00"), 0), "the canary began late");
    assert_eq!(all(0, 39, 0, 59), (window("10:00:00", "11:00:00"), 0), "the baseline ended early");
    assert_eq!(all(10, 59, 0, 59), (window("10:00:00", "11:00:00"), 0), "the baseline began late");
}

#[test]
fn runs_that_hardly_overlap_are_two_windows() {
    let two = |canary_from, canary_to| {
        let files = [
            ("old.csv", csv("requests,errors", &minutes(0, 59, "900,9"))),
            ("new.csv", csv("requests,errors", &minutes(canary_from, canary_to, "900,9"))),
        ];
        one_metric(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)], counts(), &ALL).unwrap()
    };
    let touching = two(59, 118);
    assert_eq!(touching.windows.baseline, window("10:00:00", "11:00:00"));
    assert_eq!(touching.windows.canary, window("10:59:00", "11:59:00"));
    assert!(touching.remarks.is_empty());
    let overlapping = two(50, 109);
    assert_eq!(overlapping.windows.baseline, overlapping.windows.canary);
    let shorter = two(120, 150);
    assert_eq!(shorter.remarks["m"][0].gravity, davy::series::Gravity::Suspect);
    assert!(shorter.remarks["m"][0].text.starts_with("the canary ran for 31m and the baseline for 1h;"));
}

#[test]
fn points_that_lie_further_apart_have_steps_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let five: Vec<(String, String)> = minutes(0, 59, "100").into_iter().step_by(5).collect();
    for arm in ["old", "new"] {
        std::fs::write(folder.path().join(format!("{arm}.csv")), csv("requests,errors", &minutes(0, 59, "900,9")))
            .unwrap();
        std::fs::write(folder.path().join(format!("{arm}-p95.csv")), csv("p95", &five)).unwrap();
    }
    let queries = [
        query(folder.path(), "errors", Arm::Baseline, "old.csv", counts()),
        query(folder.path(), "errors", Arm::Canary, "new.csv", counts()),
        query(folder.path(), "p95", Arm::Baseline, "old-p95.csv", gauge()),
        query(folder.path(), "p95", Arm::Canary, "new-p95.csv", gauge()),
    ];
    let quiet = davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH);
    let dataset = ingest(&queries, &ALL, &quiet).unwrap();
    assert_eq!((dataset.step, dataset.step_of("errors")), (SignedDuration::from_mins(1), SignedDuration::from_mins(1)));
    assert_eq!(dataset.step_of("p95"), SignedDuration::from_mins(5));
    let origin = &dataset.origins["p95"];
    assert!(origin.ends_with("; its points are 5m apart: these are its steps, not 1m"), "{origin}");
    let written = ingest(&queries, &TimePlan { step: Some(SignedDuration::from_mins(1)), ..ALL }, &quiet).unwrap();
    assert!(written.steps.is_empty(), "a step that is written is what was to be measured");
}

#[test]
fn rows_without_the_counted_cell_are_gaps_and_make_no_longer_steps() {
    let rows = |cell: &str| -> Vec<(String, String)> {
        let filled =
            |(i, (time, _)): (usize, (String, String))| (time, if i % 5 == 0 { cell } else { "200," }.to_owned());
        minutes(0, 59, "").into_iter().enumerate().map(filled).collect()
    };
    let files = [csv("requests,errors", &rows("200,1")), csv("requests,errors", &rows("200,3"))];
    let dataset = one_metric(&[("old.csv", &files[0]), ("new.csv", &files[1])], counts(), &ALL).unwrap();
    assert_eq!((dataset.step, dataset.steps.len()), (SignedDuration::from_mins(1), 0));
    assert_eq!(dataset.metrics["m"].canary.len(), 12);
}

#[test]
fn an_earlier_baseline_keeps_its_own_time() {
    let files = [("old.csv", csv("p95", &minutes(0, 9, "100"))), ("new.csv", csv("p95", &minutes(60, 64, "100")))];
    let dataset = one_metric(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)], gauge(), &ALL).unwrap();
    assert_eq!(dataset.windows.baseline, window("10:00:00", "10:10:00"));
    assert_eq!(dataset.windows.canary, window("11:00:00", "11:05:00"));
    assert_eq!(dataset.origins["m"], "old.csv and new.csv: p95 (RFC 3339)");
}

#[test]
fn the_same_rows_are_never_compared_with_themselves() {
    let text = csv("p95", &minutes(0, 89, "100"));
    let error = one_metric(&[("data.csv", &text)], gauge(), &ALL).unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(error.to_string().starts_with("data.csv: metric \"m\" would compare the same rows with themselves."));
    assert!(error.to_string().contains("ago: 7d"));

    let shifted = TimePlan {
        canary: Span::Exactly(window("11:00:00", "11:30:00")),
        baseline: Span::Earlier(SignedDuration::from_hours(1)),
        ..ALL
    };
    let dataset = one_metric(&[("data.csv", &text)], gauge(), &shifted).unwrap();
    assert_eq!(dataset.windows.baseline, window("10:00:00", "10:30:00"));
    assert_eq!(times(&dataset, Arm::Baseline).first().unwrap(), "10:00:00");
    assert_eq!(times(&dataset, Arm::Canary), minutes(60, 89, "").iter().map(|(t, _)| t.clone()).collect::<Vec<_>>());
}

#[test]
fn the_same_rows_by_another_path_or_the_same_word_are_seen_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), csv("group,p95", &minutes(0, 9, "a,100"))).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let ask = |arm, name| query(folder.path(), "m", arm, name, gauge());
    let error = ingest(
        &[ask(Arm::Baseline, "data.csv"), ask(Arm::Canary, "sub/../data.csv")],
        &ALL,
        &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH),
    )
    .unwrap_err();
    assert!(matches!(error, Error::SameRows { .. }));

    let same_word = |arm| {
        let mut query = ask(arm, "data.csv");
        let Source::File(file) = &mut query.source else { panic!("no file") };
        file.arm = Some(ArmColumn { column: "group".into(), value: "a".into(), other: None });
        query
    };
    let error = ingest(
        &[same_word(Arm::Baseline), same_word(Arm::Canary)],
        &ALL,
        &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH),
    )
    .unwrap_err();
    assert!(matches!(error, Error::SameRows { .. }));
}

#[test]
fn finer_counts_are_added_up_exactly() {
    let plan = TimePlan { step: Some(SignedDuration::from_mins(5)), ..ALL };
    let mut points = minutes(0, 11, "baseline,10,1");
    points.extend(minutes(0, 11, "canary,20,2"));
    let dataset = one_metric(&[("data.csv", &csv("arm,requests,errors", &points))], counts(), &plan).unwrap();
    let Series::Counts { total, bad, .. } = &dataset.metrics["m"].canary else { panic!() };
    assert_eq!((total.as_slice(), bad.as_slice()), ([100, 100, 40].as_slice(), [10, 10, 4].as_slice()));
    assert_eq!(times(&dataset, Arm::Canary), ["10:00:00", "10:05:00", "10:10:00"]);
}

#[test]
fn finer_gauges_are_refused_with_the_step_to_write() {
    let plan = TimePlan { step: Some(SignedDuration::from_mins(5)), ..ALL };
    let mut points = minutes(0, 11, "baseline,100");
    points.extend(minutes(0, 11, "canary,100"));
    let error = one_metric(&[("data.csv", &csv("arm,p95", &points))], gauge(), &plan).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.csv: the baseline of metric \"m\" has points 1m apart, several in each step of 5m (2026-11-21T10:00:00Z \
         and 2026-11-21T10:01:00Z are the first). Numbers computed per step (percentiles, means) cannot be combined: \
         write `window: {step: 1m}`, or let the source compute them per 5m"
    );
}

#[test]
fn a_stray_point_of_a_gauge_is_refused_by_its_time() {
    let mut points = minutes(0, 9, "canary,100");
    points.push(("10:04:10".into(), "canary,101".into()));
    points.extend(minutes(0, 9, "baseline,100"));
    let error = one_metric(&[("data.csv", &csv("arm,p95", &points))], gauge(), &ALL).unwrap_err().to_string();
    assert!(
        error.contains("canary of metric \"m\" has two points in one step of 1m: 2026-11-21T10:04:00Z and"),
        "{error}"
    );
}

#[test]
fn clocks_may_jitter_and_arms_may_differ_in_phase() {
    let canary = ["10:00:27", "10:01:28", "10:02:26", "10:03:27", "10:04:29", "10:05:20", "10:06:27"];
    let baseline = ["10:00:59", "10:02:01", "10:03:00", "10:03:59", "10:05:00", "10:06:02"];
    let mut points: Vec<(String, String)> = canary.iter().map(|t| (t.to_string(), "canary,100".into())).collect();
    points.extend(baseline.iter().map(|t| (t.to_string(), "baseline,100".into())));
    let dataset = one_metric(&[("data.csv", &csv("arm,p95", &points))], gauge(), &ALL).unwrap();
    assert_eq!(dataset.step, SignedDuration::from_mins(1));
    assert_eq!(dataset.windows.canary, window("10:00:27", "10:07:27"));
    for arm in Arm::BOTH {
        let series = dataset.metrics["m"].get(arm);
        let start = dataset.windows.get(arm).start;
        let steps: Vec<i64> = series.time().iter().map(|t| t.duration_since(start).as_secs() / 60).collect();
        assert_eq!(steps, (0..series.len() as i64).collect::<Vec<_>>(), "{arm:?}");
    }
    assert_eq!(times(&dataset, Arm::Canary)[1], "10:01:28", "a point inside its step keeps its time");
    assert_eq!(times(&dataset, Arm::Canary)[2], "10:02:27", "an early one takes the start of its step");
}

#[test]
fn points_outside_of_the_window_do_not_count() {
    let mut points = minutes(0, 59, "canary,100,1");
    points.extend(minutes(0, 59, "baseline,900,1"));
    let plan = TimePlan { canary: Span::Exactly(window("10:10:00", "10:20:00")), ..ALL };
    let dataset = one_metric(&[("data.csv", &csv("arm,requests,errors", &points))], counts(), &plan).unwrap();
    assert_eq!(times(&dataset, Arm::Canary), minutes(10, 19, "").iter().map(|p| p.0.clone()).collect::<Vec<_>>());
    assert_eq!(dataset.windows.baseline, dataset.windows.canary);
}

#[test]
fn steps_of_single_requests_follow_from_how_long_they_last_and_how_many_they_are() {
    let long = [("a.csv", csv("ms", &minutes(0, 30, "5"))), ("b.csv", csv("ms", &minutes(0, 30, "5")))];
    let dataset = one_metric(&[(long[0].0, &long[0].1), (long[1].0, &long[1].1)], values(), &ALL).unwrap();
    assert_eq!(dataset.step, SignedDuration::from_mins(5), "one request a minute");
    let short = rows("ms", &[("10:00:00", "5"), ("10:00:00", "6"), ("10:03:00", "7")]);
    let dataset = one_metric(&[("a.csv", &short), ("b.csv", &short)], values(), &ALL).unwrap();
    assert_eq!(dataset.step, SignedDuration::from_mins(1), "its times are whole minutes");
    assert_eq!(dataset.metrics["m"].canary.len(), 3, "requests are never combined");
}

#[test]
fn an_arm_without_rows_is_empty_and_said() {
    let points = minutes(0, 9, "baseline,900,9");
    let dataset = one_metric(&[("data.csv", &csv("arm,requests,errors", &points))], counts(), &ALL).unwrap();
    assert!(dataset.metrics["m"].canary.is_empty());
    assert_eq!(dataset.metrics["m"].baseline.len(), 10);
    assert!(dataset.origins["m"].ends_with("no row is the canary in column \"arm\" (\"baseline\")"));

    let nothing = one_metric(&[("a.csv", "ts,requests,errors\n"), ("b.csv", "ts,requests,errors\n")], counts(), &ALL);
    assert!(nothing.unwrap_err().to_string().starts_with("a.csv, b.csv: no row belongs to either arm"));
    let plan = TimePlan { canary: Span::Exactly(window("10:00:00", "11:00:00")), ..ALL };
    let given = one_metric(&[("a.csv", "ts,requests,errors\n"), ("b.csv", "ts,requests,errors\n")], counts(), &plan);
    assert!(given.unwrap().metrics["m"].canary.is_empty());
}

#[test]
fn a_window_of_too_many_steps_is_a_mistake() {
    let far = "ts,p95\n1990-01-02T00:00:00Z,1\n1990-01-02T00:00:01Z,1\n2099-01-01T00:00:00Z,1\n";
    let error = one_metric(&[("a.csv", far), ("b.csv", far)], gauge(), &ALL).unwrap_err().to_string();
    assert!(error.contains("more than 5000000 steps of 1s"), "{error}");
}

#[test]
fn coarser_points_are_said() {
    let plan = TimePlan { step: Some(SignedDuration::from_secs(30)), ..ALL };
    let text = csv("p95", &minutes(0, 9, "100"));
    let dataset = one_metric(&[("a.csv", &text), ("b.csv", &text)], gauge(), &plan).unwrap();
    assert!(dataset.origins["m"].ends_with("; its points are 1m apart, more than the step of 30s"));
}

#[test]
fn the_first_query_with_an_error_is_told_however_many_threads_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.csv"), csv("p95", &minutes(0, 9, "100"))).unwrap();
    let queries: Vec<Query> = (0..40)
        .map(|i| query(folder.path(), &format!("m{i}"), Arm::Canary, &format!("missing-{i}.csv"), gauge()))
        .collect();
    for _ in 0..20 {
        let error =
            ingest(&queries, &ALL, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH)).unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable);
        assert_eq!(error.to_string(), "missing-0.csv: does not exist");
    }
    let mut queries = queries;
    queries[0] = query(
        folder.path(),
        "m0",
        Arm::Canary,
        "good.csv",
        Ask::Gauge { value: "p99".into(), factor: 1.0, requests: None, least: Least::Any, counter: None },
    );
    let error = ingest(&queries, &ALL, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH)).unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(error.to_string().contains("Did you mean \"p95\"?"), "{error}");
    let error = ingest(
        &[query(folder.path(), "m", Arm::Canary, "", gauge())],
        &ALL,
        &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH),
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(error.to_string().contains("/good.csv: is not the result of a run."), "{error}");
}

#[test]
fn steps_start_where_the_points_per_step_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p95.csv"), csv("p95", &minutes(2, 9, "100"))).unwrap();
    std::fs::write(folder.path().join("other.csv"), csv("p95", &minutes(2, 9, "100"))).unwrap();
    std::fs::write(folder.path().join("requests.csv"), rows("ms", &[("10:00:31.5", "5"), ("10:09:59", "6")])).unwrap();
    let queries = [
        query(folder.path(), "g", Arm::Canary, "p95.csv", gauge()),
        query(folder.path(), "g", Arm::Baseline, "other.csv", gauge()),
        query(folder.path(), "m", Arm::Canary, "requests.csv", values()),
    ];
    let dataset = ingest(&queries, &ALL, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(dataset.windows.canary.start, at("10:00:00"));
    assert_eq!(dataset.metrics["g"].canary.time()[0], at("10:02:00"));
    assert_eq!(dataset.metrics["m"].canary.len(), 2);
    assert!(dataset.metrics["m"].baseline.is_empty(), "an arm that nobody asks for is empty, of the same shape");
    assert!(matches!(dataset.metrics["m"].baseline, Series::Values { .. }));
}

#[test]
fn one_file_is_told_apart_by_words_even_when_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.json"), "[]").unwrap();
    let plan = TimePlan { canary: Span::Exactly(window("10:00:00", "11:00:00")), ..ALL };
    let ask = |arm: Arm| {
        let mut query = query(folder.path(), "m", arm, "data.json", gauge());
        let Source::File(file) = &mut query.source else { panic!("no file") };
        file.arm = Some(ArmColumn { column: "group".into(), value: arm.name().into(), other: None });
        query
    };
    let dataset = ingest(
        &[ask(Arm::Baseline), ask(Arm::Canary)],
        &plan,
        &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH),
    )
    .unwrap();
    assert!(dataset.metrics["m"].canary.is_empty());
}

/// The verdict of data that has rows from both instants on, which judged again is the same.
fn judged(window: &str, canary: &str, baseline: &str, arguments: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    for (arm, start) in [("canary", canary), ("baseline", baseline)] {
        let start: Timestamp = start.parse().unwrap();
        let row = |minute: i64| {
            let time = start + SignedDuration::from_mins(minute);
            format!("{time},1000,{},{}\n", 9 + minute % 3, 100 + minute % 7)
        };
        let text = format!("time,requests,errors,p95\n{}", (0..60).map(row).collect::<String>());
        std::fs::write(folder.path().join(format!("{arm}.csv")), text).unwrap();
    }
    let config = format!(
        "name: t\nwindow: {window}\nsources: {{ d: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\nmetrics: {{ e: {{ rate: {{ bad: \
         errors, total: requests }} }}, p: {{ gauge: {{ value: p95, unit: ms, quantile: p95 }} }} }}\ncriteria: [ {{ metric: e, \
         pass: \"<= baseline + 1pp\" }}, {{ metric: p, pass: \"<= baseline + 10%\" }} ]\n"
    );
    std::fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let davy = |arguments: &[&str]| {
        let mut davy = assert_cmd::Command::cargo_bin("davy").unwrap();
        let output = davy.current_dir(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        output.stdout
    };
    let verdict = davy(&[&["judge", "--format", "json"], arguments].concat());
    if !arguments.is_empty() {
        davy(&["replay", "--check", "rec"]);
    }
    serde_json::from_slice(&verdict).unwrap()
}

/// Where the windows begin, canary and baseline.
fn judged_windows(window: &str, canary: &str, baseline: &str) -> [String; 2] {
    let verdict = judged(window, canary, baseline, &[]);
    assert_eq!(verdict["findings"][0]["evidence"]["n"]["canary"], 60_000, "{verdict:#}");
    ["canary", "baseline"].map(|arm| verdict["arms"][arm]["window"]["start"].as_str().unwrap().to_owned())
}

#[test]
fn days_ago_by_the_clock_of_a_zone_are_the_same_time_of_day() {
    let from = |start: &str, ago: &str| {
        let end = start.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(1);
        format!("{{ from: \"{start}\", to: \"{end}\", step: 1m, baseline: {ago} }}")
    };
    // clocks in Berlin went forward on 29 March 2026 and back on 25 October: 10:00 is 09:00 UTC in winter, 08:00 in summer
    let zone = "{ ago: 7d, zone: Europe/Berlin }";
    for (canary, ago, baseline) in [
        ("2026-04-01T08:00:00Z", zone, "2026-03-25T09:00:00Z"),
        ("2026-10-28T09:00:00Z", zone, "2026-10-21T08:00:00Z"),
        ("2026-04-15T08:00:00Z", zone, "2026-04-08T08:00:00Z"),
        // a day of 23 hours, and of 25
        ("2026-03-29T08:00:00Z", "{ ago: 1d, zone: Europe/Berlin }", "2026-03-28T09:00:00Z"),
        ("2026-10-25T09:00:00Z", "{ ago: 24h, zone: Europe/Berlin }", "2026-10-24T08:00:00Z"),
        // hours are hours
        ("2026-04-01T08:00:00Z", "{ ago: 7d1h, zone: Europe/Berlin }", "2026-03-25T08:00:00Z"),
        ("2026-03-29T03:00:00Z", "{ ago: 3h, zone: Europe/Berlin }", "2026-03-29T00:00:00Z"),
        // without a zone, and in one whose clocks stay
        ("2026-04-01T08:00:00Z", "{ ago: 7d }", "2026-03-25T08:00:00Z"),
        ("2026-04-01T08:00:00Z", "{ ago: 7d, zone: Asia/Tokyo }", "2026-03-25T08:00:00Z"),
    ] {
        let windows = judged_windows(&from(canary, ago), canary, baseline);
        assert_eq!(windows, [canary, baseline], "{ago}");
    }
    // the steps of a percentile are paired, as within a week without a change; a recording keeps the clock
    let (canary, baseline) = ("2026-04-01T08:00:00Z", "2026-03-25T09:00:00Z");
    for (ago, paired) in [(zone, true), ("{ ago: 167h }", false)] {
        let verdict = judged(&from(canary, ago), canary, baseline, &["--record", "rec"]);
        let method = verdict["findings"][1]["evidence"]["method"].as_str().unwrap();
        assert_eq!(method == "paired_steps", paired, "{ago}: {verdict:#}");
        assert_eq!(verdict["notes"].to_string().contains("the same weekday"), paired, "{verdict:#}");
    }
    // where the data says when the canary's window is
    let all = judged_windows(&format!("{{ baseline: {zone} }}"), "2026-04-01T08:00:00Z", "2026-03-25T09:00:00Z");
    assert_eq!(all, ["2026-04-01T08:00:00Z", "2026-03-25T09:00:00Z"]);
}
