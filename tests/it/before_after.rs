//! Several earlier days as the baseline: which windows are read, what each source brings, which days count, and that nothing
//! passes on days that are missing, broken or too few.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use davy::config::plan::{Days, Span, TimePlan};
use davy::series::{SignedDuration, Timestamp, Window};
use serde_json::Value;
use tempfile::TempDir;

use crate::soaks::noise::Noise;

/// A Tuesday.
const BEGINS: &str = "2026-05-19T09:00:00Z";
const DAYS: i64 = 14;

const CONFIG: &str = "\
name: checkout
sources: { data: { file: { path: data.csv } } }
window: { from: 2026-05-19T09:00:00Z, to: 2026-05-19T09:30:00Z, step: 1m, baseline: { days: 14 } }
metrics:
  errors: { rate: { bad: errors, total: requests } }
  p95: { gauge: { value: p95_ms, unit: ms } }
criteria:
  - { metric: errors, pass: \"<= baseline + max(100%, 0.8pp)\" }
  - { metric: p95, pass: \"<= baseline + 40%\" }
";
const BEFORE: &str = "baseline: { days: 14, before: 30m }";

fn begins() -> Timestamp {
    BEGINS.parse().unwrap()
}

/// What is measured about nine on each day; today's window with a factor, and each earlier day with one of its own.
struct Service {
    seed: usize,
    today: f64,
    incident: Option<(i64, f64)>,
    missing: Vec<i64>,
}

impl Service {
    fn healthy() -> Service {
        Service { seed: 0, today: 1.0, incident: None, missing: Vec::new() }
    }

    /// Rows of the half hours before and after nine, the earliest first: time, requests, errors, p95.
    fn rows(&self) -> Vec<(Timestamp, u64, u64, f64)> {
        let mut noise = Noise::of(1, "before and after", "days", self.seed);
        let mut rows = Vec::new();
        for ago in (0..=DAYS).rev() {
            let (level, trouble) = (0.08 * noise.normal(), 0.1 * noise.normal());
            for minute in -30..30_i64 {
                let time = begins() + SignedDuration::from_mins(minute - ago * 24 * 60);
                let own = match (ago, self.incident) {
                    (0, _) => self.today,
                    (ago, Some((day, factor))) if ago == day => factor,
                    _ => 1.0,
                };
                let factor = if minute >= 0 { own } else { 1.0 };
                let errors = noise.binomial(500, (0.01 * trouble.exp() * factor).min(1.0));
                let p95 = 200.0 * (level + 0.02 * noise.normal()).exp() * factor;
                if !self.missing.contains(&ago) {
                    rows.push((time, 500, errors, p95));
                }
            }
        }
        rows
    }

    fn csv(&self) -> String {
        let mut text = "time,requests,errors,p95_ms\n".to_owned();
        for (time, requests, errors, p95) in self.rows() {
            let _ = writeln!(text, "{time},{requests},{errors},{p95:.3}");
        }
        text
    }
}

fn folder(config: &str, service: &Service) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    fs::write(folder.path().join("data.csv"), service.csv()).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn judged(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let (code, out, said) = run(folder.path(), &[&["judge", "canary.yaml", "--format", "json"], arguments].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{said}")))
}

fn outcomes(verdict: &Value) -> Vec<&str> {
    verdict["findings"].as_array().unwrap().iter().map(|finding| finding["outcome"].as_str().unwrap()).collect()
}

fn notes(verdict: &Value) -> String {
    verdict["findings"].to_string()
}

#[test]
fn a_healthy_deployment_passes_beside_fourteen_days_and_a_slow_one_fails() {
    let (code, verdict) = judged(&folder(CONFIG, &Service::healthy()), &[]);
    assert_eq!((code, outcomes(&verdict)), (0, vec!["pass", "pass"]), "{verdict}");
    let days = &verdict["findings"][1]["evidence"]["days"];
    assert_eq!(days["each"].as_array().unwrap().len(), 14);
    assert_eq!(days["each"][0]["start"], "2026-05-18T09:00:00Z");
    let spread = days["spread"].as_f64().unwrap();
    assert!((0.04..0.14).contains(&spread), "days differ by 8 %: {spread}");
    assert_eq!(verdict["findings"][1]["evidence"]["method"], "earlier_days");
    let slow = Service { today: 3.5, ..Service::healthy() };
    let (code, verdict) = judged(&folder(CONFIG, &slow), &[]);
    assert_eq!((code, outcomes(&verdict)), (10, vec!["fail", "fail"]), "{verdict}");
}

#[test]
fn the_interval_is_that_of_a_prediction_from_the_days() {
    let (_, verdict) = judged(&folder(CONFIG, &Service::healthy()), &[]);
    let evidence = &verdict["findings"][1]["evidence"];
    let logs: Vec<f64> =
        evidence["days"]["each"].as_array().unwrap().iter().map(|day| day["value"].as_f64().unwrap().ln()).collect();
    let mean = logs.iter().sum::<f64>() / 14.0;
    let spread = (logs.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 13.0).sqrt();
    let effect = evidence["estimate"]["canary"].as_f64().unwrap().ln() - mean;
    // t of 13 degrees of freedom: 1.770933 at 95 %
    let high = (effect + 1.770_933_396 * spread * (1.0_f64 + 1.0 / 14.0).sqrt()).exp();
    assert!((evidence["effect"]["high"].as_f64().unwrap() / high - 1.0).abs() < 1e-6, "{evidence}");
}

#[test]
fn the_time_before_narrows_the_interval_and_must_be_of_a_deployment() {
    let width = |config: &str| {
        let (_, verdict) = judged(&folder(config, &Service::healthy()), &[]);
        let evidence = &verdict["findings"][1]["evidence"];
        let effect = &evidence["effect"];
        (effect["high"].as_f64().unwrap() / effect["low"].as_f64().unwrap(), evidence["days"]["slope"].as_f64())
    };
    let adjusted = CONFIG.replace("baseline: { days: 14 }", BEFORE);
    let ((plain, none), (narrow, slope)) = (width(CONFIG), width(&adjusted));
    assert_eq!(none, None);
    assert!(narrow.ln() < 0.3 * plain.ln(), "{narrow} {plain}");
    assert!((slope.unwrap() - 1.0).abs() < 0.2, "{slope:?}");
    let last = adjusted.replace("from: 2026-05-19T09:00:00Z, to: 2026-05-19T09:30:00Z", "last: 30m");
    let (code, _, said) = run(folder(&last, &Service::healthy()).path(), &["check", "canary.yaml"]);
    assert!(code != 0 && said.contains("`before` needs a window that begins with the deployment"), "{said}");
}

#[test]
fn a_recording_holds_every_day_and_answers_alike() {
    let config = CONFIG.replace("baseline: { days: 14 }", "baseline: { days: 14, before: 30m, zone: Europe/Berlin }");
    let folder = folder(&config, &Service { incident: Some((5, 3.0)), ..Service::healthy() });
    let (_, first) = judged(&folder, &["--record", "kept"]);
    let (_, out, said) = run(folder.path(), &["replay", "kept", "--format", "json"]);
    let again: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(first["findings"], again["findings"]);
    let (code, _, said) = run(folder.path(), &["replay", "kept", "--check", "--strict"]);
    assert_eq!(code, 0, "{said}");
    let rows = fs::read_to_string(folder.path().join("kept/series/p95.csv")).unwrap().lines().count();
    assert_eq!(rows, 1 + 15 * 60);
}

#[test]
fn a_missing_day_is_left_out_and_fewer_than_two_never_pass() {
    let some = Service { missing: vec![1, 3], ..Service::healthy() };
    let (code, verdict) = judged(&folder(CONFIG, &some), &[]);
    assert_eq!(code, 0, "{verdict}");
    assert!(notes(&verdict).contains("of 14 earlier days are left out: 2026-05-18 (no data), 2026-05-16 (no data)"));
    for left in 0..2 {
        let most = Service { missing: (1..=DAYS - left).collect(), ..Service::healthy() };
        let (code, verdict) = judged(&folder(CONFIG, &most), &[]);
        assert_eq!((code, outcomes(&verdict)), (11, vec!["inconclusive", "inconclusive"]), "{verdict}");
        let says = format!("only {left} of 14 earlier days can be used");
        assert!(notes(&verdict).contains(&says), "{verdict}");
    }
}

#[test]
fn a_day_with_gaps_is_no_day() {
    let folder = folder(CONFIG, &Service::healthy());
    let path = folder.path().join("data.csv");
    let text = fs::read_to_string(&path).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("2026-05-18T09:0") && !line.starts_with("2026-05-18T09:1"));
    fs::write(&path, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let (_, verdict) = judged(&folder, &[]);
    assert!(notes(&verdict).contains("2026-05-18 (measured in 33 % of its steps)"), "{verdict}");
    assert_eq!(verdict["findings"][1]["evidence"]["days"]["each"][0]["standing"], "incomplete");
}

#[test]
fn an_incident_on_an_earlier_day_makes_neither_answer_and_is_named() {
    for seed in 0..5 {
        let bad = Service { seed, incident: Some((4, 6.0)), today: 1.6, ..Service::healthy() };
        let (code, verdict) = judged(&folder(CONFIG, &bad), &[]);
        assert_ne!(code, 0, "the mean of the days is higher by the incident: {verdict}");
        let healthy = Service { seed, incident: Some((4, 0.1)), ..Service::healthy() };
        let (code, verdict) = judged(&folder(CONFIG, &healthy), &[]);
        assert_ne!(code, 10, "the mean of the days is lower by the incident: {verdict}");
        assert!(notes(&verdict).contains("2026-05-15 lies apart from the other days"), "{verdict}");
    }
}

#[test]
fn without_any_error_only_a_margin_in_points_passes() {
    let config = CONFIG.replace("bad: errors", "bad: none");
    let folder = folder(&config, &Service::healthy());
    let path = folder.path().join("data.csv");
    let text = fs::read_to_string(&path).unwrap();
    let text: String =
        text.lines().map(|line| format!("{line},{}\n", if line.starts_with("time") { "none" } else { "0" })).collect();
    fs::write(&path, text).unwrap();
    assert_eq!(outcomes(&judged(&folder, &[]).1)[0], "pass");
    let by_factor = config.replace("max(100%, 0.8pp)", "100%");
    fs::write(folder.path().join("canary.yaml"), by_factor).unwrap();
    assert_eq!(outcomes(&judged(&folder, &[]).1)[0], "inconclusive");
}

#[test]
fn a_soak_compares_with_days_at_its_end_alone() {
    let config = CONFIG.replace("metrics:", "soak: 30m\nevery: 5m\nmetrics:");
    let slow = Service { today: 3.0, ..Service::healthy() };
    let folder = folder(&config, &slow);
    let (code, verdict) = judged(&folder, &["--to", "2026-05-19T09:20:00Z"]);
    assert_eq!((code, outcomes(&verdict)), (11, vec!["inconclusive", "inconclusive"]), "{verdict}");
    assert!(notes(&verdict).contains("earlier days are compared at the end of the soak alone"), "{verdict}");
    assert_eq!(judged(&folder, &[]).0, 10);
}

#[test]
fn a_log_of_requests_holds_all_days() {
    let folder = tempfile::tempdir().unwrap();
    let config = "\
name: log
sources: { log: { requests: { path: log.ndjson } } }
window: { from: 2026-05-19T09:00:00Z, to: 2026-05-19T09:30:00Z, step: 1m, baseline: { days: 14, before: 30m } }
metrics:
  latency: { source: log, values: { value: latency, unit: ms } }
criteria:
  - { metric: latency, statistic: p50, pass: \"<= baseline + 30%\" }
";
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let write = |today: f64| {
        let mut noise = Noise::of(3, "log", "days", 0);
        let mut text = String::new();
        for (time, _, _, p95) in (Service { today, ..Service::healthy() }).rows() {
            for request in 0..20 {
                let at = time + SignedDuration::from_secs(3 * request);
                let ms = p95 * (0.3 * noise.normal()).exp();
                let _ = writeln!(text, "{{\"time\":\"{at}\",\"latency_ms\":{ms:.2},\"status\":200}}");
            }
        }
        fs::write(folder.path().join("log.ndjson"), text).unwrap();
    };
    write(1.0);
    let (code, verdict) = judged(&folder, &["--record", "kept"]);
    assert_eq!(code, 0, "{verdict}");
    assert!(notes(&verdict).contains("adjusted by the 30 min before each window"), "{verdict}");
    let (code, _, said) = run(folder.path(), &["replay", "kept", "--check", "--strict"]);
    assert_eq!(code, 0, "{said}");
    write(1.8);
    assert_eq!(judged(&folder, &[]).0, 10);
}

#[cfg(feature = "http")]
#[test]
fn a_service_is_asked_about_each_window_alone_and_answers_as_a_file() {
    use crate::http::server::{Response, Server};

    let service = Service { missing: vec![2], ..Service::healthy() };
    let rows = service.rows();
    let server = Server::start(move |request, _| {
        let (from, to) = (request.number("from"), request.number("to"));
        let column = request.parameter("q");
        let value = |row: &(Timestamp, u64, u64, f64)| match column.as_str() {
            "errors" => row.2.to_string(),
            "all" => row.1.to_string(),
            _ => format!("{:.3}", row.3),
        };
        let inside = rows.iter().filter(|row| (from..to).contains(&row.0.as_second()));
        let points: Vec<String> = inside.map(|row| format!("[{},{}]", row.0.as_second(), value(row))).collect();
        Response::json(format!("{{\"points\":[{}]}}", points.join(",")))
    });
    let http = format!(
        "sources:\n  data:\n    http:\n      url: \"{}\"\n      parameters: {{ q: \"${{query}}\", from: \"${{from_unix}}\", to: \
         \"${{to_unix}}\" }}\n      rows: \"$.points[*]\"\n      columns: {{ time: \"$[0]\", value: \"$[1]\" }}\n",
        server.url("/query")
    );
    let config = CONFIG
        .replace("sources: { data: { file: { path: data.csv } } }\n", &http)
        .replace("bad: errors, total: requests", "bad: errors, total: all")
        .replace("baseline: { days: 14 }", BEFORE);
    let of_service = folder(&config, &service);
    let (_, asked) = judged(&of_service, &[]);
    let (_, read) = judged(&folder(&CONFIG.replace("baseline: { days: 14 }", BEFORE), &service), &[]);
    let effects = |verdict: &Value| {
        let findings = verdict["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["evidence"]["effect"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(effects(&asked), effects(&read));
    assert_eq!(outcomes(&asked), outcomes(&read));
    let requests = server.requests();
    assert_eq!(requests.len(), 3 * (14 + 1 + 1), "three columns; each day, the time before today's, and today");
    assert!(requests.iter().all(|request| request.number("to") - request.number("from") <= 3_600));
}

#[test]
fn days_are_those_of_the_clock_where_clocks_change() {
    let start: Timestamp = "2026-03-30T07:00:00Z".parse().unwrap();
    let canary = Window { start, end: start + SignedDuration::from_hours(1) };
    let day = SignedDuration::from_hours(24);
    let plan = |zone: Option<&str>| TimePlan {
        canary: Span::Exactly(canary),
        baseline: Span::Earlier(day),
        step: None,
        steady: false,
        zone: zone.map(|zone| jiff::tz::TimeZone::get(zone).unwrap()),
        days: Some(Days { ago: vec![day, day * 2], before: Some(SignedDuration::from_hours(1)) }),
    };
    let begins = |plan: &TimePlan| -> Vec<String> {
        plan.days_before(canary).iter().map(|window| window.start.to_string()).collect()
    };
    // clocks went forward in the morning of the 29th
    assert_eq!(begins(&plan(Some("Europe/Berlin"))), ["2026-03-29T07:00:00Z", "2026-03-28T08:00:00Z"]);
    assert_eq!(begins(&plan(None)), ["2026-03-29T07:00:00Z", "2026-03-28T07:00:00Z"]);
    let stretches = plan(None).stretches(canary);
    assert_eq!(stretches.len(), 3);
    assert_eq!((stretches[2].start, stretches[2].end), (start - SignedDuration::from_hours(1), start));
    assert_eq!(plan(None).reach(canary).unwrap().end, start);
}

#[test]
fn a_time_before_unlike_that_of_any_day_takes_no_effect_away() {
    let adjusted = CONFIG.replace("baseline: { days: 14 }", BEFORE);
    let folder = folder(&adjusted, &Service { today: 1.7, ..Service::healthy() });
    let path = folder.path().join("data.csv");
    // an incident before the deployment, as large as the fault after it
    let raised = |line: &str| match line.rsplit_once(',') {
        Some((rest, p95)) if line.starts_with("2026-05-19T08:") => {
            format!("{rest},{:.3}\n", 1.7 * p95.parse::<f64>().unwrap())
        }
        _ => format!("{line}\n"),
    };
    let text: String = fs::read_to_string(&path).unwrap().lines().map(raised).collect();
    fs::write(&path, text).unwrap();
    let (_, verdict) = judged(&folder, &[]);
    assert_eq!(outcomes(&verdict)[1], "inconclusive", "{verdict}");
    assert!(notes(&verdict).contains("the time before the canary's window lies apart"), "{verdict}");
}
