//! Presets: each asks as its store's documentation says, and reads the answer that is printed there.

use davy::config::presets::PRESETS;
use davy::report::document::Outcome;

use super::server::{Request, Response, Server};
use super::{START, Shop};

/// The numbers of a query that is about the canary's version, or about the baseline's.
fn value(request: &Request) -> i64 {
    let asked = format!("{:?}{}", request.parameters, request.body);
    match (asked.contains("errors"), asked.contains("42")) {
        (true, true) => 60,
        (true, false) => 10,
        (false, _) => 1000,
    }
}

fn rows(row: impl Fn(i64) -> String) -> String {
    (0..60).map(|minute| row(START + minute * 60)).collect::<Vec<_>>().join(",")
}

/// A preset, what its configuration adds, the metric, and its store.
type Case = (&'static str, &'static str, &'static str, fn(&Request) -> Response);

const CASES: [Case; 8] = [
    ("datadog", "", RATE, |request| {
        assert_eq!(request.header("dd-api-key"), "s3cret-DD_API_KEY");
        assert_eq!((request.number("from"), request.number("to")), (START, START + 3600));
        let points = rows(|at| format!("[{}.0,{}.0]", at * 1000, value(request)));
        Response::json(format!(r#"{{"status":"ok","series":[{{"scope":"*","pointlist":[{points}]}}],"message":""}}"#))
    }),
    ("dynatrace", "", RATE, |request| {
        assert_eq!(request.header("authorization"), "s3cret-DYNATRACE_TOKEN");
        assert_eq!((request.number("from"), request.parameter("resolution")), (START * 1000, "60s".into()));
        let (times, values) = (rows(|at| (at * 1000).to_string()), rows(|_| value(request).to_string()));
        let data = format!(r#"{{"dimensions":[],"timestamps":[{times}],"values":[{values}]}}"#);
        Response::json(format!(
            r#"{{"totalCount":1,"nextPageKey":null,"result":[{{"metricId":"m","data":[{data}]}}]}}"#
        ))
    }),
    (
        "elasticsearch",
        "",
        "  errors: { rate: { query: 'level:errors AND version:${version}', bad: bad, total: total } }\n",
        |request| {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(body["size"], 0);
            assert_eq!(body["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gte"], "2026-03-01T12:00:00Z");
            assert_eq!(body["aggs"]["steps"]["date_histogram"]["fixed_interval"], "60s");
            let buckets = rows(|at| {
                format!(r#"{{"key":{},"doc_count":1000,"bad":{{"doc_count":{}}}}}"#, at * 1000, value(request))
            });
            Response::json(format!(
                r#"{{"timed_out":false,"_shards":{{"total":1,"failed":0}},"aggregations":{{"steps":{{"buckets":[{buckets}]}}}}}}"#
            ))
        },
    ),
    ("graphite", "", RATE, |request| {
        assert_eq!((request.number("until"), request.parameter("format")), (START + 3600, "json".into()));
        let points = rows(|at| format!("[{}.0,{at}]", value(request)));
        Response::json(format!(r#"[{{"target":"entries","datapoints":[{points}]}}]"#))
    }),
    ("influxdb", ", database: shop", RATE, |request| {
        assert_eq!((request.parameter("db"), request.parameter("epoch")), ("shop".into(), "ms".into()));
        let values = rows(|at| format!("[{},{}]", at * 1000, value(request)));
        Response::json(format!(
            r#"{{"results":[{{"statement_id":0,"series":[{{"name":"http","columns":["time","sum"],"values":[{values}]}}]}}]}}"#
        ))
    }),
    ("loki", "", RATE, |request| {
        assert_eq!(request.parameter("step"), "60");
        let values = rows(|at| format!(r#"[{at},"{}"]"#, value(request)));
        Response::json(format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{values}]}}]}}}}"#
        ))
    }),
    ("newrelic", ", account: 7, region: ''", RATE, |request| {
        assert_eq!(request.header("api-key"), "s3cret-NEW_RELIC_API_KEY");
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["variables"]["account"], 7);
        let nrql = body["variables"]["nrql"].as_str().unwrap();
        assert!(nrql.ends_with(" SINCE 1772366400000 UNTIL 1772370000000 TIMESERIES 60 seconds"), "{nrql}");
        let results = rows(|at| {
            format!(r#"{{"beginTimeSeconds":{at},"endTimeSeconds":{},"value":{}}}"#, at + 60, value(request))
        });
        Response::json(format!(
            r#"{{"data":{{"actor":{{"account":{{"nrql":{{"results":[{results}],"metadata":{{"messages":[]}}}}}}}}}}}}"#
        ))
    }),
    ("victorialogs", "", RATE, |request| {
        assert_eq!(
            (request.parameter("start"), request.parameter("step")),
            ("2026-03-01T12:00:00Z".into(), "60s".into())
        );
        let values = rows(|at| format!(r#"[{at},"{}"]"#, value(request)));
        Response::json(format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"values":[{values}]}}]}}}}"#
        ))
    }),
];

const RATE: &str = "  errors: { rate: { bad: 'errors of ${version}', total: 'all of ${version}' } }\n";
const CRITERION: &str = r#"metric: errors, pass: "<= baseline + 0.5pp""#;

#[test]
fn every_preset_asks_as_documented_and_counts_what_is_answered() {
    let mut named: Vec<&str> = CASES.iter().map(|(name, ..)| *name).collect();
    named.sort_unstable();
    assert_eq!(named, PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>(), "each preset has its case");
    for (name, labels, metric, answer) in CASES {
        let server = Server::start(move |request, _| answer(request));
        let http = format!("      preset: {name}\n      url: \"{}\"\n", server.url("/api"));
        let document = Shop::new(labels, &http, metric, CRITERION).judge();
        assert_eq!(document.outcome, Outcome::Fail, "{name}");
        let summary = &document.summary;
        assert!(summary.contains("3,600 of 60,000 against 600 of 60,000"), "{name}: {summary}");
    }
}

#[test]
fn what_stores_say_of_half_answers_stops_the_judgement() {
    let cases = [
        ("datadog", r#"{"status":"error","error":"Rate limit"}"#, "Rate limit"),
        (
            "dynatrace",
            r#"{"error":{"code":400,"message":"Metric selector parse error"}}"#,
            "Metric selector parse error",
        ),
        ("elasticsearch", r#"{"timed_out":true,"aggregations":{"steps":{"buckets":[]}}}"#, "$.timed_out is true"),
        (
            "elasticsearch",
            r#"{"timed_out":false,"_shards":{"failed":1},"aggregations":{"steps":{"buckets":[]}}}"#,
            "failed is 1",
        ),
        ("influxdb", r#"{"results":[{"error":"database not found: shop"}]}"#, "database not found"),
        ("newrelic", r#"{"errors":[{"message":"NRQL Syntax Error"}],"data":null}"#, "NRQL Syntax Error"),
    ];
    for (name, answer, expected) in cases {
        let (_, labels, metric, _) = CASES.into_iter().find(|(case, ..)| *case == name).unwrap();
        let server = Server::start(move |_, _| Response::json(answer));
        let http = format!("      preset: {name}\n      url: \"{}\"\n      retries: 0\n", server.url("/api"));
        let message = Shop::new(labels, &http, metric, CRITERION).fails(69);
        assert!(message.contains(expected), "{name}: {message}");
    }
}
