//! Stores over HTTP from outside: a real davy against listeners on loopback, whole answers and broken ones.

mod presets;
pub mod server;
mod stores;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use davy::report::Document;
use davy::report::document::Outcome;
use server::{Request, Response, Server};

const WINDOW: &str = r#"window: { from: "2026-03-01T12:00:00Z", to: "2026-03-01T13:00:00Z", step: 1m }"#;
/// 2026-03-01T12:00:00Z.
const START: i64 = 1_772_366_400;

/// A folder with a configuration.
pub struct Shop(tempfile::TempDir);

impl Shop {
    pub fn new(labels: &str, http: &str, metrics: &str, criterion: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let text = format!(
            "name: store\narms: {{ baseline: {{ version: 41{labels} }}, canary: {{ version: 42{labels} }} }}\n{WINDOW}\n\
             sources:\n  store:\n    http:\n{http}metrics:\n{metrics}criteria:\n  - {{ {criterion} }}\n"
        );
        fs::write(shop.path("canary.yaml"), text).unwrap();
        shop
    }

    /// One whose store answers a query per column.
    fn of_queries(server: &Server, more: &str) -> Shop {
        let http = format!(
            "      url: \"{}\"\n      parameters: {{ q: \"${{query}}\", from: \"${{from_unix}}\", to: \"${{to_unix}}\", step: \"${{step_seconds}}\" }}\n\
             \x20     errors: [\"$.error\", \"$.partial\"]\n      rows: \"$.points[*]\"\n      columns: {{ time: \"$[0]\", value: \"$[1]\" }}\n\
             \x20     retries: 2\n{more}",
            server.url("/query")
        );
        let metrics =
            "  errors: { rate: { bad: 'errors{version=\"${version}\"}', total: 'all{version=\"${version}\"}' } }\n";
        Shop::new("", &http, metrics, r#"metric: errors, pass: "<= baseline + 0.5pp""#)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn davy(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        command.args(arguments).current_dir(self.0.path()).env("STORE_TOKEN", "s3cret-token").env_remove("NO_TOKEN");
        for name in [
            "DD_API_KEY",
            "DD_APP_KEY",
            "DYNATRACE_TOKEN",
            "NEW_RELIC_API_KEY",
            "AZURE_ACCESS_TOKEN",
            "GOOGLE_ACCESS_TOKEN",
            "INFLUX_TOKEN",
            "SFX_TOKEN",
            "SPLUNK_TOKEN",
            "CLICKHOUSE_PASSWORD",
        ] {
            command.env(name, format!("s3cret-{name}"));
        }
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    pub fn judge(&self) -> Document {
        let (code, stdout, stderr) = self.davy(&["judge", "canary.yaml", "--format", "json"]);
        assert!([0, 10, 11].contains(&code), "{code}: {stderr}");
        Document::read(&stdout).unwrap()
    }

    fn fails(&self, code: i32) -> String {
        let (got, stdout, stderr) = self.davy(&["judge", "canary.yaml"]);
        assert_eq!(got, code, "{stdout}{stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
        stderr
    }
}

/// The numbers of a query: 1,000 requests a minute, of them 10 errors in the baseline and 60 in the canary.
pub fn points(request: &Request) -> String {
    let (from, to) = (request.number("from"), request.number("to"));
    let step = request.number("step");
    let query = request.parameter("q");
    let value = match (query.starts_with("errors"), query.contains("42")) {
        (true, true) => 60,
        (true, false) => 10,
        (false, _) => 1000,
    };
    let points: Vec<String> = (from..to).step_by(step as usize).map(|at| format!("[{at},{value}]")).collect();
    format!("{{\"error\":null,\"partial\":false,\"points\":[{}]}}", points.join(","))
}

#[test]
fn each_column_is_a_query_and_the_counts_are_judged() {
    let server = Server::start(|request, _| Response::json(points(request)));
    let shop = Shop::of_queries(&server, "      bearer_env: STORE_TOKEN\n      headers: { X-Tenant: shop }\n");
    let document = shop.judge();
    assert_eq!(document.outcome, Outcome::Fail);
    assert!(document.summary.contains("3,600 of 60,000 against 600 of 60,000"), "{}", document.summary);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "two columns of two arms");
    for request in &requests {
        assert_eq!(request.header("authorization"), "Bearer s3cret-token");
        assert_eq!(request.header("x-tenant"), "shop");
        assert_eq!(request.number("from"), START);
    }
    let mut queries: Vec<String> = requests.iter().map(|request| request.parameter("q")).collect();
    queries.sort();
    let expected =
        [r#"all{version="41"}"#, r#"all{version="42"}"#, r#"errors{version="41"}"#, r#"errors{version="42"}"#];
    assert_eq!(queries, expected);
}

#[test]
fn a_query_of_several_metrics_is_asked_once() {
    let server = Server::start(|request, _| Response::json(points(request)));
    let shop = Shop::of_queries(&server, "");
    let text = fs::read_to_string(shop.path("canary.yaml")).unwrap();
    let more = "  timeouts: { rate: { bad: 'errors{version=\"${version}\",kind=\"timeout\"}', total: 'all{version=\"${version}\"}' } }\n";
    let text = text.replace("criteria:\n", &format!("{more}criteria:\n  - {{ metric: timeouts, pass: \"<= 50%\" }}\n"));
    fs::write(shop.path("canary.yaml"), text).unwrap();
    let document = shop.judge();
    assert!(document.summary.contains("3,600 of 60,000 against 600 of 60,000"), "{}", document.summary);
    assert_eq!(server.requests().len(), 6, "the total of an arm is one query");
}

#[test]
fn a_recording_replays_without_the_store_and_holds_no_secret() {
    let server = Server::start(|request, _| Response::json(points(request)));
    let shop = Shop::of_queries(&server, "      bearer_env: STORE_TOKEN\n");
    let (code, first, _) = shop.davy(&["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
    assert_eq!(code, 10);
    let asked = server.requests().len();
    let (code, again, stderr) = shop.davy(&["replay", "kept", "--format", "json"]);
    assert_eq!(code, 10, "{stderr}");
    assert_eq!(Document::read(&first).unwrap().findings, Document::read(&again).unwrap().findings);
    assert_eq!(server.requests().len(), asked);
    for entry in [shop.path("kept/canary.yaml"), shop.path("kept/verdict.json")] {
        assert!(!fs::read_to_string(entry).unwrap().contains("s3cret"));
    }
}

#[test]
fn what_a_store_says_of_its_failure_is_no_answer() {
    let cases = [
        (Response::json(r#"{"error":"unknown metric","points":[]}"#), 69, "the answer says: unknown metric"),
        (Response::json(r#"{"partial":true,"points":[[1772366400,1000]]}"#), 69, "$.partial is true"),
        (Response::of(401, "no"), 69, "does not allow it (HTTP 401): no"),
        (Response::of(404, "<html>none</html>"), 69, "knows no such address (HTTP 404)"),
        (Response::of(400, "bad query"), 69, "refused it (HTTP 400): bad query"),
        (Response::of(503, ""), 69, "the server failed (HTTP 503), at the last of 3 attempts"),
        (Response::of(302, "").with("location: http://127.0.0.1:1/"), 69, "redirect (HTTP 302), which is not followed"),
        (Response::of(200, "<html>Sign in</html>"), 65, "is HTML, not JSON"),
        (Response::of(200, r#"{"points":[[177"#), 65, "is not JSON"),
        (Response::json(r#"{"points":[[1772366400,"many"]]}"#), 65, "\"many\""),
        (Response::json(r#"{"points":[[1772366400,[1]]]}"#), 65, "a list, not one value"),
        (Response::json(r#"{"points":[[1772366400,1],[1772366400,2]]}"#), 65, "has the same time"),
        (Response::json(r#"{"points":[[1772366400,5],[1772366400,5]]}"#), 65, "holds several series"),
        (Response::cut(r#"{"points":[[1772366400,1000]]}"#), 69, "without an answer"),
    ];
    for (response, code, expected) in cases {
        let server = Server::start(move |_, _| response.clone());
        let message = Shop::of_queries(&server, "").fails(code);
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.contains("metric \"errors\""), "{message}");
    }
}

#[test]
fn what_fails_for_now_is_asked_again() {
    let server = Server::start(|request, number| match number {
        0 => Response::of(429, "").with("retry-after: 0"),
        1 => Response::nothing(),
        _ => Response::json(points(request)),
    });
    let shop = Shop::of_queries(&server, "");
    let document = shop.judge();
    assert!(document.summary.contains("3,600 of 60,000"), "{}", document.summary);
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn packed_answers_are_unpacked_and_cut_ones_asked_again() {
    let server = Server::start(|request, number| {
        assert!(request.header("accept-encoding").contains("gzip"));
        // half of it, without its checksum, without the last byte
        let all_but = [200, 8, 1].get(number).copied().unwrap_or(0);
        Response::json(points(request)).packed(all_but)
    });
    let document = Shop::of_queries(&server, "").judge();
    assert!(document.summary.contains("3,600 of 60,000"), "{}", document.summary);
    assert_eq!(server.requests().len(), 7);
}

#[test]
fn an_answer_without_rows_never_passes() {
    let server = Server::start(|request, _| {
        let answer = points(request);
        match request.parameter("q").contains("42") {
            true => Response::json(r#"{"points":[]}"#),
            false => Response::json(answer),
        }
    });
    let shop = Shop::of_queries(&server, "");
    let (code, _, stderr) = shop.davy(&["judge", "canary.yaml"]);
    assert_eq!(code, 11, "{stderr}");
    assert!(stderr.contains("the answer has no row at `$.points[*]`"), "{stderr}");
}

#[test]
fn pages_are_followed_to_the_last_and_no_further() {
    let page = |request: &Request, _| {
        let number: i64 = request.parameter("cursor").parse().unwrap_or(0);
        let rows: Vec<String> = (0..20)
            .map(|row| {
                let at = START + (number * 20 + row) * 60;
                format!("{{\"t\":{at},\"v\":\"41\",\"bad\":10,\"all\":1000}},{{\"t\":{at},\"v\":\"42\",\"bad\":11,\"all\":1000}}")
            })
            .collect();
        let next = if number < 2 { format!("\"{}\"", number + 1) } else { "null".into() };
        Response::json(format!("{{\"rows\":[{}],\"next\":{next}}}", rows.join(",")))
    };
    let server = Server::start(page);
    let http = |url: String| {
        format!(
            "      url: \"{url}\"\n      rows: \"$.rows[*]\"\n      columns: {{ time: \"$.t\", version: \"$.v\", bad: \"$.bad\", all: \"$.all\" }}\n\
             \x20     next: {{ parameter: cursor, value: \"$.next\" }}\n      arm: {{ column: version, baseline: \"41\", canary: \"42\" }}\n"
        )
    };
    let metrics = "  errors: { rate: { bad: bad, total: all } }\n";
    let criterion = r#"metric: errors, pass: "<= baseline + 0.5pp""#;
    let shop = Shop::new("", &http(server.url("/rows")), metrics, criterion);
    let document = shop.judge();
    assert_eq!(document.outcome, Outcome::Pass, "{}", document.summary);
    assert_eq!(server.requests().len(), 3, "one walk through the pages answers both arms");

    let endless =
        Server::start(|_, _| Response::json(r#"{"rows":[{"t":1772366400,"v":"41","bad":1,"all":9}],"next":"7"}"#));
    let message = Shop::new("", &http(endless.url("/rows")), metrics, criterion).fails(69);
    assert!(message.contains("the same page again and again"), "{message}");
}

#[test]
fn a_next_page_elsewhere_gets_no_secret() {
    let other = Server::start(|_, _| Response::json(r#"{"rows":[]}"#));
    let elsewhere = other.url("/steal");
    let server = Server::start(move |_, _| {
        Response::json(format!(
            "{{\"rows\":[{{\"t\":1772366400,\"errors\":1,\"requests\":9}}],\"next\":\"{elsewhere}\"}}"
        ))
    });
    let http = format!(
        "      url: \"{}\"\n      rows: \"$.rows[*]\"\n      next: {{ url: \"$.next\" }}\n      bearer_env: STORE_TOKEN\n      time: t\n",
        server.url("/rows?v=${version}")
    );
    let metrics = "  errors: { rate: { bad: errors, total: requests } }\n";
    let message = Shop::new("", &http, metrics, r#"metric: errors, pass: "<= 1%""#).fails(69);
    assert!(message.contains("another host, which is not asked"), "{message}");
    assert!(other.requests().is_empty());
}

#[test]
fn secrets_are_named_when_they_are_missing_and_never_sent_in_the_open() {
    let server = Server::start(|request, _| Response::json(points(request)));
    let message = Shop::of_queries(&server, "      bearer_env: NO_TOKEN\n").fails(69);
    assert!(message.contains("the environment variable NO_TOKEN, which holds the token, is not set"), "{message}");
    assert!(server.requests().is_empty());
    let http = "      url: \"http://192.0.2.1/query\"\n      parameters: { q: \"${query}\" }\n      bearer_env: STORE_TOKEN\n\
                \x20     rows: \"$[*]\"\n      columns: { time: \"$[0]\", value: \"$[1]\" }\n";
    let metrics = "  load: { gauge: { query: 'load{v=${version}}', unit: ms } }\n";
    let message = Shop::new("", http, metrics, r#"metric: load, pass: "<= baseline + 10%""#).fails(69);
    assert!(message.contains("not encrypted, and the request holds a secret"), "{message}");
}

/// Whatever a network does, the answer is the whole one or none.
#[test]
fn faults_never_change_an_answer() {
    let (mut answered, mut refused) = (0, 0);
    for seed in 0..100_u64 {
        let server = Server::start(move |request, number| {
            let answer = points(request);
            let dice =
                (seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number as u64 * 1_442_695_040_888_963_407))
                    >> 33;
            match dice % 12 {
                0 => Response::of(503, "busy"),
                1 => Response::nothing(),
                2 => Response::cut(&answer),
                3 => Response::of(200, &answer[..answer.len() / 2]),
                4 => Response::of(200, "<html>proxy</html>"),
                5 => Response::json(answer.replacen("\"partial\":false", "\"partial\":true", 1)),
                _ => Response::json(answer),
            }
        });
        let shop = Shop::of_queries(&server, "");
        let (code, stdout, stderr) = shop.davy(&["judge", "canary.yaml", "--format", "json"]);
        match code {
            10 => {
                answered += 1;
                let summary = Document::read(&stdout).unwrap().summary;
                assert!(summary.contains("3,600 of 60,000 against 600 of 60,000"), "{seed}: {summary}");
            }
            65 | 69 => refused += 1,
            _ => panic!("{seed}: {code} {stderr}"),
        }
    }
    assert!(answered > 5 && refused > 5, "{answered} answered, {refused} refused");
}
