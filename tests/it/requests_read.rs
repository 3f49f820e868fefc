//! Which field of a log is read as what: the same rows in every form give the same answer, and what is not read is said.
//!
//! Each log is written here in the form of a server, a load generator or a table of one's own, once as good as the baseline and
//! once slower or with more errors. A broken canary fails in every form; what cannot be understood never passes.

use std::fmt::Write as _;
use std::fs;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::soaks::noise::Noise;

const NOON: i64 = 1_795_953_600;

/// A request: when (milliseconds), how long (microseconds), how it ended.
#[derive(Clone, Copy)]
pub struct Request {
    pub at: i64,
    pub took: u64,
    pub status: u16,
}

/// Twenty minutes of requests.
pub fn requests(arm: &str, slower: f64, failing: f64) -> Vec<Request> {
    let mut noise = Noise::of(13, "requests", arm, 0);
    let one = |i: i64| {
        let took = (100_000.0 * slower * (0.1 * noise.normal()).exp()) as u64;
        let status = if noise.happens(failing) { 503 } else { 200 };
        Request { at: NOON * 1_000 + i * 400, took, status }
    };
    (0..3_000).map(one).collect()
}

pub fn time(request: &Request) -> String {
    jiff::Timestamp::from_millisecond(request.at).unwrap().to_string()
}

pub fn access(request: &Request, tail: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(request.at).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
    format!("192.0.2.7 - - [{at}] \"GET /p HTTP/1.1\" {} 512 \"-\" \"agent\" {tail}", request.status)
}

pub fn seconds(request: &Request) -> String {
    format!("{}.{:03}", request.took / 1_000_000, request.took / 1_000 % 1_000)
}

/// A way to write a request.
type Form = (&'static str, fn(usize, &Request) -> String);

const FORMS: [Form; 19] = [
    ("rt.log", |_, r| access(r, &format!("\"-\" uct=\"0.000\" urt=\"0.900\" rt={}", seconds(r)))),
    ("key.log", |_, r| access(r, &format!("upstream_response_time=0.900 request_time={}", seconds(r)))),
    ("ingress.log", |_, r| {
        access(r, &format!("78 {} [shop-80] [] 192.0.2.9:80 512 {} {} 7dc5", seconds(r), seconds(r), r.status))
    }),
    ("traefik.log", |i, r| access(r, &format!("{} \"shop\" \"http://192.0.2.9:80\" {}ms", i + 1, r.took / 1_000))),
    ("iod.log", |_, r| access(r, &format!("78 800 {}", r.took))),
    ("td.log", |_, r| access(r, &format!("**{}/{}**", r.took / 1_000_000, r.took))),
    ("pino.log", |i, r| {
        format!(
            r#"{{"level":30,"time":{},"req":{{"id":{i},"url":"/p"}},"res":{{"statusCode":{}}},"responseTime":{}}}"#,
            r.at,
            r.status,
            r.took / 1_000
        )
    }),
    ("caddy.log", |_, r| {
        format!(
            r#"{{"ts":{},"logger":"http.log.access","request":{{"uri":"/p"}},"duration":{},"size":1,"status":{}}}"#,
            r.at as f64 / 1e3,
            r.took as f64 / 1e6,
            r.status
        )
    }),
    ("vegeta.json", |i, r| {
        let (code, error) = if r.status == 503 { (0, "connection refused") } else { (200, "") };
        format!(
            r#"{{"attack":"","seq":{i},"code":{code},"timestamp":"{}","latency":{},"error":"{error}"}}"#,
            time(r),
            r.took * 1_000
        )
    }),
    ("traefik.json", |_, r| {
        format!(r#"{{"DownstreamStatus":{},"Duration":{},"StartUTC":"{}"}}"#, r.status, r.took * 1_000, time(r))
    }),
    ("ecs.ndjson", |_, r| {
        format!(
            r#"{{"@timestamp":"{}","http":{{"response":{{"status_code":{}}}}},"event":{{"duration":{}}}}}"#,
            time(r),
            r.status,
            r.took * 1_000
        )
    }),
    ("envoy.json", |_, r| {
        format!(
            r#"{{"start_time":"{}","response_code":{},"response_flags":"-","duration":{}}}"#,
            time(r),
            r.status,
            r.took / 1_000
        )
    }),
    ("nginx.json", |_, r| {
        format!(
            r#"{{"time_iso8601":"{}","uri":"/p","status":"{}","request_time":"{}"}}"#,
            time(r),
            r.status,
            seconds(r)
        )
    }),
    ("written.ndjson", |_, r| {
        format!(r#"{{"time":"{}","path":"/p","status":{},"latency":"{}µs"}}"#, time(r), r.status, r.took)
    }),
    ("success.csv", |_, r| format!("{},{},{}", time(r), r.status == 200, r.took)),
    ("failed.csv", |_, r| format!("{},{},{}", time(r), u8::from(r.status != 200), r.took)),
    ("error.csv", |_, r| format!("{},{},{}", time(r), if r.status == 200 { "" } else { "reset by peer" }, r.took)),
    ("class.csv", |_, r| format!("{},{}xx,{}", time(r), r.status / 100, r.took)),
    ("words.csv", |_, r| format!("{},{},{}", time(r), if r.status == 200 { "OK" } else { "ERROR" }, r.took)),
];

fn header(name: &str) -> &'static str {
    match name {
        "success.csv" => "time,success,latency_us\n",
        "failed.csv" => "time,failed,latency_us\n",
        "error.csv" => "time,error,latency_us\n",
        "class.csv" | "words.csv" => "time,status,latency_us\n",
        _ => "",
    }
}

fn written(form: &Form, requests: &[Request]) -> String {
    let mut text = header(form.0).to_owned();
    for (i, request) in requests.iter().enumerate() {
        writeln!(text, "{}", (form.1)(i, request)).unwrap();
    }
    text
}

fn davy(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder.path()).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().unwrap_or(-1), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Judges two logs without a configuration.
pub fn judged(ending: &str, baseline: &str, canary: &str) -> (i32, String) {
    let folder = TempDir::new().unwrap();
    let name = |arm: &str| format!("{arm}-{ending}");
    fs::write(folder.path().join(name("b")), baseline).unwrap();
    fs::write(folder.path().join(name("c")), canary).unwrap();
    davy(&folder, &["judge", "--baseline", &name("b"), "--canary", &name("c"), "--details"])
}

#[test]
fn a_slow_or_failing_canary_fails_in_every_form_and_a_good_one_does_not() {
    let baseline = requests("b", 1.0, 0.01);
    for form in &FORMS {
        let text = written(form, &baseline);
        for (slower, failing, code) in [(3.0, 0.01, 10), (1.0, 0.10, 10)] {
            let (found, said) = judged(form.0, &text, &written(form, &requests("c", slower, failing)));
            assert_eq!(found, code, "{} slower {slower}, failing {failing}: {said}", form.0);
            assert!(said.contains("of 3,000"), "{}: {said}", form.0);
        }
        let (found, said) = judged(form.0, &text, &written(form, &requests("c", 1.0, 0.01)));
        assert!(matches!(found, 0 | 11), "{}: {said}", form.0);
        let p95 = said.split("latency p95").nth(1).unwrap_or_default();
        assert!(p95.contains("118 ms") || p95.contains("117 ms") || p95.contains("119 ms"), "{}: {said}", form.0);
    }
}

#[test]
fn an_array_of_objects_is_the_log_of_its_lines() {
    let form = FORMS.iter().find(|form| form.0 == "pino.log").unwrap();
    let array = |arm: &str, failing: f64| {
        let lines = written(form, &requests(arm, 1.0, failing));
        format!("[\n{}\n]", lines.trim_end().replace('\n', ",\n  "))
    };
    let (code, said) = judged("a.json", &array("b", 0.01), &array("c", 0.1));
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("of 3,000 requests"), "{said}");
}

#[test]
fn a_request_that_got_no_status_does_not_vanish() {
    let pino = |r: &Request| {
        let status = if r.status == 200 { "200" } else { "null" };
        format!(
            r#"{{"time":{},"req":{{"id":1}},"res":{{"statusCode":{status}}},"responseTime":{}}}"#,
            r.at,
            r.took / 1_000
        )
    };
    let google = |r: &Request| {
        let status = if r.status == 200 { r#""status":200,"# } else { "" };
        format!(r#"{{"timestamp":"{}","httpRequest":{{{status}"latency":"{}s"}}}}"#, time(r), seconds(r))
    };
    let elastic = |r: &Request| {
        let well = r#""http":{"response":{"status_code":200}}"#;
        let end = if r.status == 200 { well } else { r#""error":{"message":"reset"}"# };
        format!(r#"{{"@timestamp":"{}","event":{{"duration":{}}},{end}}}"#, time(r), r.took * 1_000)
    };
    type Form<'f> = &'f dyn Fn(&Request) -> String;
    let forms: [(Form, _, _); 3] =
        [(&pino, 65, "has no status"), (&google, 65, "has no status"), (&elastic, 10, "a text in error.message")];
    for (form, code, words) in forms {
        let started = "{\"level\":30,\"msg\":\"started\"}\n";
        let text = |arm, failing| {
            let lines = requests(arm, 1.0, failing).iter().map(|r| form(r) + "\n").collect::<String>();
            lines.replacen('\n', &format!("\n{started}"), 40)
        };
        let (found, said) = judged("a.log", &text("b", 0.0), &text("c", 0.10));
        assert!(found == code && said.contains(words), "{found}: {said}");
        // other messages are no requests
        let (found, said) = judged("a.log", &text("b", 0.0), &text("c", 0.0));
        assert!(matches!(found, 0 | 11) && said.contains("of 3,000"), "{found}: {said}");
    }
}

#[test]
fn a_unit_that_nothing_says_is_not_guessed() {
    let csv = |arm: &str, slower: f64| {
        let rows = requests(arm, slower, 0.0);
        "time,status,duration\n".to_owned()
            + &rows.iter().map(|r| format!("{},{},{}\n", time(r), r.status, r.took)).collect::<String>()
    };
    let (code, said) = judged("a.csv", &csv("b", 1.0), &csv("c", 3.0));
    assert_ne!(code, 10, "{said}");
    assert!(said.contains("does not say what `duration` is in"), "{said}");
}

#[test]
fn requests_without_a_latency_are_requests_and_too_many_of_them_do_not_pass() {
    // what fails has no latency
    let text = |arm: &str, failing: f64| {
        let rows = requests(arm, 1.0, failing);
        let row = |r: &Request| {
            access(r, &if r.status == 200 { format!("rt={}", seconds(r)) } else { "rt=-".to_owned() }) + "\n"
        };
        rows.iter().map(row).collect::<String>()
    };
    let (code, said) = judged("a.log", &text("b", 0.001), &text("c", 0.1));
    assert_eq!(code, 10, "{said}");
    // and where errors are not judged, the latency of the rest does not pass
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("baseline.log"), text("b", 0.001)).unwrap();
    fs::write(folder.path().join("canary.log"), text("c", 0.03)).unwrap();
    let config = "name: g\nsources: { d: { requests: { path: \"${arm}.log\" } } }\n\
                  metrics: { m: { source: d, values: { value: latency, unit: ms } } }\n\
                  criteria: [ { metric: m, statistic: p50, pass: \"<= baseline + 50%\" } ]\n";
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let (code, said) = davy(&folder, &["judge", "canary.yaml"]);
    assert_eq!(code, 11, "{said}");
    assert!(said.contains("the slowest may be among them"), "{said}");
}

#[test]
fn a_condition_that_no_row_fulfils_never_passes() {
    let folder = TempDir::new().unwrap();
    let csv = |route: &str| {
        let rows = requests(route, 1.0, 0.0);
        let route = |i: usize| if i.is_multiple_of(2) { route } else { "/b" };
        let row = |(i, r): (usize, &Request)| format!("{},200,{},{}\n", time(r), r.took, route(i));
        "time,status,latency_us,route\n".to_owned() + &rows.iter().enumerate().map(row).collect::<String>()
    };
    fs::write(folder.path().join("baseline.csv"), csv("/a")).unwrap();
    fs::write(folder.path().join("canary.csv"), csv("/404")).unwrap();
    for (condition, code, why) in [
        ("route = \"/a\"", 11, "none of the canary's 3000 rows fulfils"),
        ("route = \"/x\"", 11, "none of the canary's 3000 rows fulfils"),
        ("route = \"/b\"", 0, ""),
        ("rout = \"/a\"", 65, "has no column \"rout\""),
    ] {
        let config = format!(
            "name: g\nsources: {{ d: {{ requests: {{ path: \"${{arm}}.csv\" }} }} }}\n\
             metrics: {{ m: {{ source: d, where: '{condition}', events: {{ count: errors }} }} }}\n\
             criteria: [ {{ metric: m, pass: \"== 0\" }} ]\n"
        );
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        let (found, said) = davy(&folder, &["judge", "canary.yaml"]);
        assert_eq!(found, code, "{condition}: {said}");
        assert!(said.contains(why), "{condition}: {said}");
    }
}

#[test]
fn bad_rows_and_rows_of_neither_arm_are_in_the_verdict() {
    let folder = TempDir::new().unwrap();
    let mut text = "time,arm,status\n".to_owned();
    for (i, r) in requests("b", 1.0, 0.0).iter().enumerate() {
        let canary = match i {
            0..6 => "canary-v2",
            _ => "canary",
        };
        writeln!(text, "{},baseline,{}\n{},{canary},{}", time(r), r.status, time(r), r.status).unwrap();
    }
    fs::write(folder.path().join("a.csv"), &text).unwrap();
    let config = "name: g\nsources: { d: { requests: { path: a.csv, max_bad_rows: 1% } } }\n\
                  metrics: { m: { source: d, rate: { bad: errors, total: requests } } }\n\
                  criteria: [ { metric: m, pass: \"<= 5%\" } ]\n";
    fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let (code, said) = davy(&folder, &["judge", "canary.yaml"]);
    assert!(code == 11 && said.contains("\"canary-v2\" may be the canary"), "{code} {said}");
    // errors that the canary writes in a form of its own
    let odd = text.replace("canary-v2", "canary").replacen(",canary,200", ",canary,melted", 20);
    fs::write(folder.path().join("a.csv"), odd).unwrap();
    let (code, said) = davy(&folder, &["judge", "canary.yaml"]);
    assert!(
        code == 11 && said.contains("20 of 6000 rows left out: has a status that is not a number"),
        "{code} {said}"
    );
    // a few are a note
    let few = text.replace("canary-v2", "canary").replacen(",canary,200", ",canary,melted", 2);
    fs::write(folder.path().join("a.csv"), few).unwrap();
    let (code, said) = davy(&folder, &["judge", "canary.yaml"]);
    assert!(code == 0 && said.contains("2 of 6000 rows left out"), "{code} {said}");
}

#[test]
fn a_log_counts_once_and_is_not_compared_with_itself() {
    let folder = TempDir::new().unwrap();
    let text = written(&FORMS[0], &requests("b", 1.0, 0.01));
    fs::create_dir(folder.path().join("c")).unwrap();
    fs::write(folder.path().join("b.log"), &text).unwrap();
    fs::write(folder.path().join("c/1.log"), &text).unwrap();
    let (code, said) = davy(&folder, &["judge", "--baseline", "b.log", "--canary", "c/1.log"]);
    assert!(code == 11 && said.contains("begin with the same rows"), "{code} {said}");
    let canary = written(&FORMS[0], &requests("c", 1.0, 0.01));
    fs::write(folder.path().join("c/1.log"), &canary).unwrap();
    fs::write(folder.path().join("c/1.log.zst"), zstd::encode_all(canary.as_bytes(), 1).unwrap()).unwrap();
    let (code, said) = davy(&folder, &["judge", "--baseline", "b.log", "--canary", "c"]);
    assert!(code == 65 && said.contains("begins with the same rows as"), "{code} {said}");
}

#[test]
fn what_stands_before_the_first_request_is_no_bad_row() {
    let text = |arm: &str, failing: f64| {
        "nginx starts\n[notice] ready\n".to_owned() + &written(&FORMS[0], &requests(arm, 1.0, failing))
    };
    let (code, said) = judged("a.log", &text("b", 0.01), &text("c", 0.1));
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("of 3,000") && !said.contains("left out"), "{said}");
}

#[test]
fn minutes_as_time_stamps_give_steps_of_a_minute() {
    // eight minutes, in which steps of ten seconds would be empty but for the first of each minute
    let csv = |arm: &str, failing: f64| {
        let rows = requests(arm, 1.0, failing);
        let row = |(i, r): (usize, &Request)| {
            let minute = Request { at: (NOON + 60 * (i as i64 % 8)) * 1_000, ..*r };
            format!("{},{},{}\n", time(&minute), r.status, r.took)
        };
        "time,status,latency_us\n".to_owned() + &rows.iter().enumerate().map(row).collect::<String>()
    };
    let (code, said) = judged("a.csv", &csv("b", 0.01), &csv("c", 0.1));
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("8 steps of 1 min"), "{said}");
}

#[test]
fn a_log_that_is_not_known_is_no_table_of_thousands_of_steps() {
    let log = |arm: &str| {
        let row = |r: &Request| format!("{},{}\n", time(r), r.took as f64 / 1e3);
        "time,latency_ms\n".to_owned() + &requests(arm, 1.0, 0.0).iter().map(row).collect::<String>()
    };
    let (code, said) = judged("a.csv", &log("b"), &log("c"));
    assert!(code == 65 && said.contains("seems to be a log of requests"), "{code} {said}");
}

/// Tools write a flag in many words. One that says neither yes nor no is no success.
#[test]
fn a_flag_of_jmeter_is_read_as_any_flag_of_success() {
    let written = |requests: &[Request], failed: &str| {
        let line = |request: &Request| {
            let success = if request.status == 503 { failed } else { "true" };
            format!("{},{},cart,200,{success}\n", request.at, request.took / 1_000)
        };
        "timeStamp,elapsed,label,responseCode,success\n".to_owned() + &requests.iter().map(line).collect::<String>()
    };
    let (baseline, canary) = (requests("a", 1.0, 0.01), requests("b", 1.0, 0.1));
    for (failed, code) in [("false", 10), ("False", 10), ("0", 10), ("no", 10), ("failed", 10), ("", 65), ("inf", 65)] {
        let (exit, told) = judged("csv", &written(&baseline, "false"), &written(&canary, failed));
        assert_eq!(exit, code, "{failed:?}: {told}");
    }
}
