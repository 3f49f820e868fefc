//! The controller's answer on what a server says now: each query asked as it was written.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::davy;
use crate::heard::Heard;

/// What a query answers in a minute: a number for each series.
type Answers = fn(query: &str, minute: i64) -> Vec<f64>;

/// A server that speaks enough of Prometheus: each step of a range has the answer of its minute.
pub fn prometheus(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let heard = Heard::read(&stream).expect("the request broke off");
            let text = format!("{}&{}", heard.line.replace(['?', ' '], "&"), heard.body);
            let value = |key: &str| -> String {
                let own = text.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")));
                decoded(own.unwrap_or_else(|| panic!("no {key} in {text}")))
            };
            let whole = |key: &str| value(key).parse::<f64>().unwrap() as i64;
            let (query, step) = (value("query"), whole("step"));
            let times: Vec<i64> = (whole("start")..=whole("end")).step_by(step as usize).collect();
            let many = times.iter().map(|at| answers(&query, at / 60).len()).max().unwrap_or(0);
            let series = (0..many).map(|nth| {
                let points = times.iter().filter_map(|at| {
                    let number = answers(&query, at / 60).get(nth).copied()?;
                    Some(format!("[{at},\"{number}\"]"))
                });
                let points: Vec<String> = points.collect();
                format!("{{\"metric\":{{\"nth\":\"{nth}\"}},\"values\":[{}]}}", points.join(","))
            });
            let body = format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{}]}}}}",
                series.collect::<Vec<_>>().join(",")
            );
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    address
}

/// A text of a form.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// A shop: its success rate swings around a limit, its queue and its response time do not.
pub fn shop(query: &str, minute: i64) -> Vec<f64> {
    match () {
        () if query.contains("success_percent") => vec![if minute % 2 == 0 { 99.9 } else { 98.0 }],
        () if query.contains("queue_depth") => vec![4.0 + (minute % 3) as f64 / 10.0],
        () if query.contains("response_time") => vec![625.0 - (minute % 5) as f64 * 15.0],
        () => Vec::new(),
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/import").join(name)
}

/// The answer of a file of which `SERVER` is the server.
fn judged(text: &str, answers: Answers, more: &[&str]) -> (TempDir, i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.yaml");
    let address = prometheus(answers);
    fs::write(&path, text.replace("SERVER", &address)).unwrap();
    let set = format!("prometheus-url={address}");
    let mut arguments = vec!["judge", "--as-written", "--now", "2026-03-02T10:30:00Z", path.to_str().unwrap()];
    arguments.extend(more);
    if text.contains("flagger") || !text.contains("SERVER") {
        arguments.extend(["--set", &set]);
    }
    let (code, out, told) = davy(&arguments);
    (folder, code, out.split_whitespace().collect::<Vec<_>>().join(" "), told)
}

#[test]
fn flagger_counts_failed_checks_and_fails_a_missing_number() {
    let text = fs::read_to_string(fixture("as-written/flagger.yaml")).unwrap();
    let (_folder, code, out, told) = judged(&text, shop, &[]);
    assert!(out.contains("Flagger would: roll back after 5 failed checks at 10:30; davy: "), "{out}{told}");
    assert!(out.contains("success rate halt: 5 of 10 checks failed, the first with 98 < 99 at 10:21"), "{out}");
    assert!(out.contains("queue depth within: 10 checks"), "{out}");
    assert_ne!(code, 0);
    // four of ten answers are missing
    let gone: Answers =
        |query, minute| if query.contains("success") && minute % 5 < 2 { vec![] } else { shop(query, 0) };
    let (_folder, _, out, _) = judged(&text, gone, &[]);
    assert!(
        out.contains("Flagger would: go on after 9 checks so far") || out.contains("go on after 10 checks"),
        "{out}"
    );
    assert!(out.contains("4 of 10 checks failed, the first with no values found"), "{out}");
}

#[test]
fn keptn_compares_with_recorded_answers() {
    let text = fs::read_to_string(fixture("as-written/keptn.yaml")).unwrap();
    let service: &[&str] = &["--set", "SERVICE=shop"];
    let (_folder, _, out, told) = judged(&text, shop, service);
    assert!(out.contains("Keptn would: warning or pass, 75 to 100 of 100"), "{out}{told}");
    assert!(out.contains("earlier evaluations are not known"), "{out}");
    let earlier = tempfile::tempdir().unwrap();
    let (dir, first) = (earlier.path().to_str().unwrap(), earlier.path().join("1"));
    let calm: Answers = |query, _| if query.contains("response") { vec![500.0] } else { vec![4.0] };
    let record: Vec<&str> = [service, &["--earlier", dir, "--record", first.to_str().unwrap()]].concat();
    let (_folder, _, out, told) = judged(&text, calm, &record);
    assert!(out.contains("Keptn would: pass, 100 of 100"), "{out}{told}");
    // 565 at the end of the window is more than 500 and 10 %, and less than the warning's 800
    let compared: Vec<&str> = [service, &["--earlier", dir]].concat();
    let (_folder, _, out, _) = judged(&text, shop, &compared);
    assert!(out.contains("Keptn would: warning, 75 of 100"), "{out}");
    assert!(out.contains("response_time warning: "), "{out}");
}

#[test]
fn keptns_operator_takes_the_first_value() {
    let text = "apiVersion: metrics.keptn.sh/v1\nkind: AnalysisDefinition\nmetadata: { name: shop }\nspec:\n  objectives:\n    \
        - { analysisValueTemplateRef: { name: depth }, target: { failure: { greaterThan: { fixedValue: 5 } } } }\n  \
        totalScore: { passPercentage: 90, warningPercentage: 75 }\n---\napiVersion: metrics.keptn.sh/v1\nkind: AnalysisValueTemplate\n\
        metadata: { name: depth }\nspec: { provider: { name: prom }, query: avg(queue_depth) }\n---\n\
        apiVersion: metrics.keptn.sh/v1\nkind: KeptnMetricsProvider\nmetadata: { name: prom }\nspec: { type: prometheus, targetServer: \"SERVER\" }\n";
    // only the first of the minutes is low
    let rises: Answers = |query, minute| {
        if query.starts_with("count") { vec![0.0] } else { vec![if minute % 30 == 29 { 1.0 } else { 9.0 }] }
    };
    let (_folder, code, out, told) =
        judged(text, rises, &["--from", "2026-03-02T09:59:00Z", "--to", "2026-03-02T10:29:00Z"]);
    assert!(out.contains("Keptn's operator would: pass, 100 %; davy: FAIL"), "{out}{told}");
    assert_eq!(code, 10);
}

#[test]
fn burn_rates_are_asked_for_each_window() {
    let text = "version: prometheus/v1\nservice: shop\nslos:\n  - { name: fresh, objective: 99.9, sli: { raw: { error_ratio_query: \
        'avg(avg_over_time(stale[{{.window}}]))' } }, alerting: { ticket_alert: { disable: true } } }\n";
    // the short windows are beyond 14.4 times the budget from 10:10 on
    let burns: Answers = |query, minute| {
        let is_late = minute % 60 >= 10 && minute % 60 < 30;
        vec![if (query.contains("[5m") || query.contains("[1h")) && is_late { 0.0145 } else { 0.0 }]
    };
    let (_folder, _, out, told) =
        judged(text, burns, &["--from", "2026-03-02T10:00:00Z", "--to", "2026-03-02T10:29:00Z"]);
    assert!(out.contains("Sloth's alerts would: page at 10:10 (fresh, page); davy: "), "{out}{told}");
    assert!(out.contains("fires: errors > 1.44 % over 5m and 1h at 10:10"), "{out}");
    assert!(out.contains("fresh: its ticket alert is disabled"), "{out}");
}

fn template(metric: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{ name: queue }}\nspec:\n  metrics:\n    - {{ name: depth, \
         interval: 1m, {metric}, provider: {{ prometheus: {{ address: \"SERVER\", query: avg(queue_depth) }} }} }}\n"
    )
}

#[test]
fn an_answer_that_is_not_a_number_does_not_pass_for_a_gap() {
    // every third answer is NaN, which the controller fails and a coverage of half the steps would forgive
    let nan: Answers = |query, minute| match (query.starts_with("count"), minute % 3 == 0) {
        (true, is_nan) => vec![f64::from(u8::from(is_nan))],
        (false, true) => vec![f64::NAN],
        (false, false) => vec![4.0],
    };
    let (_folder, code, out, told) = judged(&template("count: 9, successCondition: 'result[0] < 5'"), nan, &[]);
    assert!(out.contains("Argo Rollouts would: Failed, 1 failure of "), "{out}{told}");
    assert_eq!(code, 10, "{out}");
    let lenient = template("count: 9, failureLimit: 4, successCondition: 'isNaN(result[0]) || result[0] < 5'");
    let (_folder, _, out, _) = judged(&lenient, nan, &[]);
    assert!(out.contains("Argo Rollouts would: Successful, 0 failures of 9"), "{out}");
}

#[test]
fn failures_without_a_count_are_those_of_the_window() {
    // three of ten minutes are beyond the limit
    let some: Answers = |query, minute| match query.starts_with("count") {
        true => vec![0.0],
        false => vec![if minute % 10 < 3 { 9.0 } else { 1.0 }],
    };
    let (_folder, code, out, told) = judged(&template("failureLimit: 2, successCondition: 'result[0] < 5'"), some, &[]);
    assert!(out.contains("Argo Rollouts would: Failed, 3 failures of "), "{out}{told}");
    assert_eq!(code, 10, "{out}");
    assert!(told.contains("without `count` the controller counts failures until the rollout is over"), "{told}");
}

#[test]
fn several_series_must_all_keep_the_limit() {
    let two: Answers = |query, _| match () {
        () if query.starts_with("count") => vec![0.0],
        () if query.starts_with("max(") => vec![9.0],
        () => vec![1.0, 9.0],
    };
    let text = template("count: 9, successCondition: 'result[0] < 5'").replace("avg(queue_depth)", "queue_depth");
    let (_folder, code, out, told) = judged(&text, two, &[]);
    // which of them the controller would take first is not known
    assert!(out.contains("unknown: ") && out.contains("2 series answer"), "{out}{told}");
    assert_eq!(code, 10, "{out}");
}

#[test]
fn a_template_is_asked_as_it_was_written_for_the_controllers_answer() {
    let address = prometheus(|query, minute| match query.starts_with("count") {
        true => vec![1.0],
        false => vec![if minute % 5 == 0 { 20.0 } else { 4.0 + (minute % 3) as f64 / 10.0 }],
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    let metric = |name: &str, limit: u32| {
        format!(
            "    - {{ name: {name}, interval: 1m, count: 10, failureLimit: {limit}, successCondition: 'len(result) > 0 && result[0] < 10', \
             provider: {{ prometheus: {{ address: \"{address}\", query: avg(queue_depth) }} }} }}\n"
        )
    };
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{ name: queue }}\nspec:\n  metrics:\n{}{}",
        metric("strict", 1),
        metric("lenient", 3)
    );
    fs::write(&path, text).unwrap();
    let (_, out, told) = davy(&["judge", "--as-written", "--now", "2026-03-02T10:30:00Z", path.to_str().unwrap()]);
    assert!(out.contains("Argo Rollouts would: Failed, "), "{out}{told}");
    assert!(out.contains("Failed: failed (2) > failureLimit (1)"), "{out}{told}");
    assert!(out.contains("Successful: 2 failures of 10"), "{out}{told}");
}
