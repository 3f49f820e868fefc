//! Real stores on loopback, from packages that `.ci/stores` unpacks: truth is written in, and the preset reads it back.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use davy::report::document::Outcome;

use super::{START, Shop};
use crate::heard::program;

const CRITERION: &str = r#"metric: errors, pass: "<= baseline + 0.5pp""#;

/// A running store with a folder of its own.
struct Store {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Store {
    fn start(command: &mut Command, port: u16, folder: tempfile::TempDir) -> Store {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the store does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Store { child, port, _folder: folder }
    }
}

/// How many errors and requests there are in each minute around the window; never those of the next minute.
fn truth(version: &str, minute: i64) -> (i64, i64) {
    let errors = if version == "42" { 60 } else { 10 };
    (errors + minute.rem_euclid(5) - 2, 1000 + minute.rem_euclid(7) - 3)
}

/// The sums over the hour that is judged.
fn sums(version: &str) -> (i64, i64) {
    (0..60).map(|minute| truth(version, minute)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn thousands(number: i64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

fn answers_the_truth(shop: &Shop) {
    let document = shop.judge();
    assert_eq!(document.outcome, Outcome::Fail, "{}", document.summary);
    let side = |version: &str| {
        let (errors, requests) = sums(version);
        format!("{} of {}", thousands(errors), thousands(requests))
    };
    let expected = format!("{} against {}", side("42"), side("41"));
    assert!(document.summary.contains(&expected), "{expected}: {}", document.summary);
}

#[test]
fn influxdb_reads_back_what_was_written() {
    let Some(influxd) = program("stores", "influxdb", "usr/bin/influxd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (port, rpc) = (free_port(), free_port());
    let place = folder.path().display();
    let text = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:{rpc}\"\n[meta]\ndir = \"{place}/meta\"\n\
         [data]\ndir = \"{place}/data\"\nwal-dir = \"{place}/wal\"\n[http]\nbind-address = \"127.0.0.1:{port}\"\n"
    );
    fs::write(folder.path().join("influx.conf"), text).unwrap();
    let configuration = folder.path().join("influx.conf");
    let store = Store::start(Command::new(influxd).arg("-config").arg(&configuration), port, folder);
    let post = |path: &str, body: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", store.port)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        write!(stream, "{head}content-type: application/x-www-form-urlencoded\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    };
    post("/query", "q=CREATE%20DATABASE%20shop");
    let mut lines = String::new();
    for version in ["41", "42"] {
        for minute in -5..65 {
            let (errors, requests) = truth(version, minute);
            // two hosts, and a time within the minute
            let at = START + minute * 60;
            lines += &format!("http,version={version},host=a errors={errors}i,requests={}i {}\n", requests - 100, at);
            lines += &format!("http,version={version},host=b errors=0i,requests=100i {}\n", at + 59);
        }
    }
    post("/write?db=shop&precision=s", &lines);
    let query = |field: &str| {
        format!(
            "SELECT sum(\"{field}\") FROM \"http\" WHERE \"version\" = '${{version}}' AND time >= '${{from}}' AND time < '${{to}}' GROUP BY time(${{step}})"
        )
    };
    let metric = format!(
        "  errors:\n    rate:\n      bad: >-\n        {}\n      total: >-\n        {}\n",
        query("errors"),
        query("requests")
    );
    let http = format!("      preset: influxdb\n      url: \"http://127.0.0.1:{}/query\"\n", store.port);
    answers_the_truth(&Shop::new(", database: shop", &http, &metric, CRITERION));
    let absent = Shop::new(", database: nowhere", &http, &metric, CRITERION).fails(69);
    assert!(absent.contains("database not found: nowhere"), "{absent}");
}

const WRITE: &str = "
import os, sys, whisper
folder, start = sys.argv[1], int(sys.argv[2])
for line in sys.stdin:
    name, minute, value = line.split()
    path = os.path.join(folder, *name.split('.')) + '.wsp'
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        whisper.create(path, [(60, 60 * 24 * 365 * 20)], xFilesFactor=0, aggregationMethod='sum', sparse=True)
    whisper.update_many(path, [(start + 60 * int(minute), float(value))])
";

#[test]
fn graphite_reads_back_what_was_written() {
    let Some(gunicorn) = program("stores", "graphite", "bin/gunicorn") else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let text = format!(
        "search_index: {place}/index\nfinders: [graphite_api.finders.whisper.WhisperFinder]\n\
         functions: [graphite_api.functions.SeriesFunctions]\nwhisper: {{ directories: [{place}/data] }}\ntime_zone: UTC\n"
    );
    fs::write(folder.path().join("graphite.yaml"), text).unwrap();
    let mut writing = Command::new(gunicorn.with_file_name("python"))
        .args(["-c", WRITE, &format!("{place}/data"), &START.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = String::new();
    for version in ["41", "42"] {
        for minute in -5..65 {
            let (errors, requests) = truth(version, minute);
            lines += &format!(
                "shop.v{version}.a.errors {minute} {errors}\nshop.v{version}.a.requests {minute} {}\n",
                requests - 100
            );
            lines += &format!("shop.v{version}.b.errors {minute} 0\nshop.v{version}.b.requests {minute} 100\n");
        }
    }
    writing.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(writing.wait().unwrap().success());
    let port = free_port();
    let mut command = Command::new(gunicorn);
    command.args(["-b", &format!("127.0.0.1:{port}"), "graphite_api.app:app"]).current_dir(folder.path());
    command.env("GRAPHITE_API_CONFIG", folder.path().join("graphite.yaml"));
    let store = Store::start(&mut command, port, folder);
    let metric = "  errors: { rate: { bad: 'sumSeries(shop.v${version}.*.errors)', total: 'sumSeries(shop.v${version}.*.requests)' } }\n";
    let http = format!("      preset: graphite\n      url: \"http://127.0.0.1:{}/render\"\n", store.port);
    answers_the_truth(&Shop::new("", &http, metric, CRITERION));
    let several = metric.replace("sumSeries(shop.v${version}.*.errors)", "shop.v${version}.*.errors");
    let message = Shop::new("", &http, &several, CRITERION).fails(65);
    assert!(message.contains("several series"), "{message}");
}
