//! `davy discover prometheus` on real servers: what it writes is a configuration, and it judges what is there.

use std::fs;
use std::process::Command;

use super::server::{Kind, Server};

/// Exit code, stdout and stderr.
fn davy(folder: &std::path::Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
    let output = command.args(arguments).current_dir(folder).env("DAVY_TOKEN", "s3cret-token").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The last half of an hour of two jobs: an API in two versions, whose newer one fails more, and a worker.
fn recent() -> String {
    let now = jiff::Timestamp::now().as_second() / 15 * 15;
    let mut text = String::new();
    let mut add = |series: &str, value: i64, at: i64| text.push_str(&format!("{series} {value} {at}\n"));
    for scrape in 0..=120_i64 {
        let at = now - 15 * (120 - scrape);
        for (version, bad) in [("v9", 1), ("v10", 20)] {
            let labels = format!("job=\"api\",instance=\"a:1\",version=\"{version}\"");
            add(&format!("http_requests_total{{{labels},code=\"200\"}}"), 200 * scrape, at);
            add(&format!("http_requests_total{{{labels},code=\"500\"}}"), bad * scrape, at);
            add(&format!("orders_total{{{labels},result=\"ok\"}}"), 50 * scrape, at);
            add(&format!("orders_total{{{labels},result=\"failed\"}}"), scrape, at);
            for (edge, count) in [("0.1", 190), ("0.5", 200), ("+Inf", 200)] {
                add(&format!("http_request_duration_seconds_bucket{{{labels},le=\"{edge}\"}}"), count * scrape, at);
            }
            add(&format!("http_request_duration_seconds_count{{{labels}}}"), 200 * scrape, at);
            add(&format!("http_request_duration_seconds_sum{{{labels}}}"), 9 * scrape, at);
            add(&format!("temperature{{{labels}}}"), 20, at);
            add(&format!("go_goroutines{{{labels}}}"), 20, at);
        }
        add("queue_dropped_total{job=\"worker\",instance=\"b:1\",price=\"$5\"}", scrape, at);
    }
    text
}

#[test]
fn what_is_there_becomes_a_configuration_that_judges() {
    for kind in [Kind::Victoria1, Kind::Victoria179] {
        let Some(server) = Server::start(kind, &recent(), false) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let ask = |more: &[&str]| {
            let arguments = [&["discover", "prometheus", "--url", &server.url], more].concat();
            davy(folder.path(), &arguments)
        };
        let (code, text, stderr) = ask(&["--bearer-env", "DAVY_TOKEN", "--header", "X-Scope-OrgID: shop"]);
        assert_eq!(code, 0, "{stderr}");
        for expected in [
            "arms: { baseline: { version: \"v9\" }, canary: { version: \"v10\" } }",
            "bearer_env: \"DAVY_TOKEN\", headers: { X-Scope-OrgID: \"shop\" }",
            r#"- prometheus/http-server: { match: "job=\"api\",version=\"${version}\"" }"#,
            r#"orders_errors: { rate: { bad: "orders_total{job=\"api\",version=\"${version}\",result=~\"failed\"}""#,
            r#"queue_dropped: { events: { count: "queue_dropped_total{job=\"worker\",version=\"${version}\"}" } }"#,
            "judges one): temperature",
            "{ metric: latency, statistic: p95, pass: \"<= baseline + 10%\" }",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(!text.contains("go_goroutines") && !text.contains("_sum"), "{text}");
        fs::write(folder.path().join("canary.yaml"), &text).unwrap();
        let (code, checked, stderr) = davy(folder.path(), &["check"]);
        assert_eq!(code, 0, "{checked}{stderr}");
        let (_, verdict, stderr) = davy(folder.path(), &["judge"]);
        assert!(verdict.contains("errors <= baseline") && !stderr.contains("error:"), "{verdict}{stderr}");

        let (code, text, stderr) = ask(&["--match", "{job=\"worker\"}"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(
            text.contains("baseline: { ago: 7d }") && text.contains("queue_dropped_total{job=\\\"worker\\\"}"),
            "{text}"
        );
        fs::write(folder.path().join("canary.yaml"), &text).unwrap();
        assert_eq!(davy(folder.path(), &["check"]).0, 0, "{text}");

        let (code, text, stderr) = ask(&["--match", "queue_dropped_total{price=\"$5\"}"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(text.contains("queue_dropped_total{price=\\\"$$5\\\""), "{text}");
        fs::write(folder.path().join("canary.yaml"), &text).unwrap();
        assert_eq!(davy(folder.path(), &["check"]).0, 0, "{text}");

        let (code, _, stderr) = ask(&["--match", "temper"]);
        assert_eq!(code, 65, "{stderr}");
        assert!(stderr.contains("Gauges are: temperature"), "{stderr}");
        let (code, _, stderr) = ask(&["--match", "absent"]);
        assert_eq!(code, 65, "{stderr}");
        assert!(stderr.contains("no metric has a series in the last hour"), "{stderr}");
    }
}

#[test]
fn prometheus_tells_what_it_scrapes_with_kinds_and_native_histograms() {
    for kind in [Kind::Prometheus2, Kind::Prometheus3] {
        let Some(server) = Server::start(kind, "", true) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let text = loop {
            let (code, text, stderr) = davy(folder.path(), &["discover", "prometheus", "--url", &server.url]);
            if code == 0 && text.contains("prometheus_http_request_duration_seconds") {
                break text;
            }
            assert!(std::time::Instant::now() < end, "{code} {text} {stderr}");
            std::thread::sleep(std::time::Duration::from_millis(500));
        };
        assert!(text.contains("prometheus_http_requests_errors: { rate: { bad: \"prometheus_http_requests_total{job=\\\"self\\\",code=~\\\"5..\\\"}\""), "{text}");
        fs::write(folder.path().join("canary.yaml"), &text).unwrap();
        let (code, checked, stderr) = davy(folder.path(), &["check"]);
        assert_eq!(code, 0, "{checked}{stderr}");
    }
}

#[test]
fn what_cannot_be_asked_is_told_before_anything_is() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |more: &[&str]| davy(folder.path(), &[&["discover", "prometheus"], more].concat());
    let (code, _, stderr) = ask(&["--url", "http://metrics.example", "--bearer-env", "DAVY_TOKEN"]);
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains("not encrypted, and requests to it hold a secret"), "{stderr}");
    let (code, _, stderr) = ask(&["--url", "http://127.0.0.1:1", "--match", "{job=api}"]);
    assert_eq!(code, 2, "{stderr}");
    let (code, _, stderr) = ask(&["--url", "http://127.0.0.1:1"]);
    assert_eq!(code, 69, "{stderr}");
    assert!(stderr.contains("no server listens there"), "{stderr}");
}
