//! The controller's answer on what a server says now: each query asked as it was written.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use super::davy;
use crate::heard::Heard;

/// A server that speaks enough of Prometheus: each step of a range has the value of its minute.
fn prometheus(value: fn(i64) -> f64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let heard = Heard::read(&stream).expect("the request broke off");
            let text = format!("{}\n{}", heard.line, heard.body);
            let number = |key: &str| -> f64 {
                let (_, rest) = text.split_once(&format!("{key}=")).unwrap_or_else(|| panic!("no {key} in {text}"));
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                rest[..end].parse().unwrap()
            };
            let (start, end, step) = (number("start") as i64, number("end") as i64, number("step") as i64);
            let values: Vec<String> =
                (start..=end).step_by(step as usize).map(|at| format!("[{at},\"{}\"]", value(at / 60))).collect();
            let body = format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{{\"metric\":{{}},\"values\":[{}]}}]}}}}",
                values.join(",")
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

#[test]
fn a_template_is_asked_as_it_was_written_for_the_controllers_answer() {
    let address = prometheus(|minute| if minute % 5 == 0 { 20.0 } else { 4.0 + (minute % 3) as f64 / 10.0 });
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
