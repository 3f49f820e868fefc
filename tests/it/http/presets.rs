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

const CASES: [Case; 16] = [
    AZURE,
    CLICKHOUSE,
    ("datadog", "", RATE, |request| {
        assert_eq!(request.header("dd-api-key"), "s3cret-DD_API_KEY");
        assert_eq!((request.number("from"), request.number("to")), (START, START + 3600));
        let points = rows(|at| format!("[{}.0,{}.0]", at * 1000, value(request)));
        Response::json(format!(r#"{{"status":"ok","series":[{{"scope":"*","pointlist":[{points}]}}],"message":""}}"#))
    }),
    DATADOG_2,
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
    GOOGLE,
    ("graphite", "", RATE, |request| {
        assert_eq!((request.number("from"), request.number("until")), (START - 1, START + 3599));
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
    FLUX,
    SQL,
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
    SIGNALFX,
    SPLUNK,
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

const AZURE: Case =
    ("azure-monitor", ", resource: subscriptions/1/providers/Microsoft.Web/sites/shop", RATE, |request| {
        assert_eq!(request.header("authorization"), "Bearer s3cret-AZURE_ACCESS_TOKEN");
        assert_eq!(request.parameter("timespan"), "2026-03-01T12:00:00Z/2026-03-01T13:00:00Z");
        assert_eq!((request.parameter("aggregation"), request.parameter("interval")), ("Total".into(), "PT1M".into()));
        let data = rows(|at| format!(r#"{{"timeStamp":"{}","total":{}.0}}"#, instant(at), value(request)));
        let series = format!(r#"[{{"metadatavalues":[],"data":[{data}]}}]"#);
        Response::json(format!(
            r#"{{"cost":0,"value":[{{"unit":"Count","timeseries":{series},"errorCode":"Success"}}]}}"#
        ))
    });

const DATADOG_2: Case = ("datadog-v2", "", RATE, |request| {
    assert_eq!(request.header("dd-application-key"), "s3cret-DD_APP_KEY");
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    let asked = &body["data"]["attributes"];
    assert_eq!((asked["from"].as_i64(), asked["to"].as_i64()), (Some(START * 1000), Some((START + 3600) * 1000)));
    assert_eq!(asked["queries"][0]["data_source"], "metrics");
    let (times, values) = (rows(|at| (at * 1000).to_string()), rows(|_| value(request).to_string()));
    let series = r#"[{"group_tags":[],"query_index":0,"unit":null}]"#;
    let attributes = format!(r#"{{"series":{series},"times":[{times}],"values":[[{values}]]}}"#);
    Response::json(format!(r#"{{"data":{{"id":"0","type":"timeseries_response","attributes":{attributes}}}}}"#))
});

/// The errors are a counter; all requests are those of a distribution, on two pages, the newest first.
const GOOGLE: Case = ("google-monitoring", ", project: shop", RATE, |request| {
    assert_eq!(request.header("authorization"), "Bearer s3cret-GOOGLE_ACCESS_TOKEN");
    assert_eq!(request.parameter("interval.startTime"), "2026-03-01T12:00:00Z");
    assert_eq!(request.parameter("aggregation.perSeriesAligner"), "ALIGN_DELTA");
    let number = value(request);
    let measured = match number {
        1000 => format!(
            r#"{{"distributionValue":{{"count":"{number}","mean":0.1,"bucketOptions":{{"explicitBuckets":{{"bounds":[0.1]}}}},"bucketCounts":["900","100"]}}}}"#
        ),
        number => format!(r#"{{"int64Value":"{number}"}}"#),
    };
    let minutes: Vec<i64> =
        if request.parameter("pageToken").is_empty() { (30..60).rev().collect() } else { (0..30).rev().collect() };
    let point = |minute: &i64| {
        let (from, to) = (instant(START + minute * 60), instant(START + minute * 60 + 60));
        format!(r#"{{"interval":{{"startTime":"{from}","endTime":"{to}"}},"value":{measured}}}"#)
    };
    let points = minutes.iter().map(point).collect::<Vec<_>>().join(",");
    let next = if minutes[0] == 59 { r#","nextPageToken":"2""# } else { "" };
    Response::json(format!(r#"{{"timeSeries":[{{"metric":{{}},"metricKind":"DELTA","points":[{points}]}}]{next}}}"#))
});

const FLUX: Case = (
    "influxdb-flux",
    ", org: shop",
    "  errors: { rate: { bad: 'from(bucket: \"errors ${version}\") |> range(start: ${from}, stop: ${to})', total: 'all ${version}' } }\n",
    |request| {
        assert_eq!(
            (request.header("authorization"), request.header("accept")),
            ("Bearer s3cret-INFLUX_TOKEN", "application/csv")
        );
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let query = body["query"].as_str().unwrap();
        let window = "range(start: 2026-03-01T12:00:00Z, stop: 2026-03-01T13:00:00Z)";
        assert!(query.starts_with("all") || query.ends_with(window), "{query}");
        let lines: String = (0..60)
            .map(|minute| format!(",_result,0,{},{}\r\n", instant(START + minute * 60), value(request)))
            .collect();
        Response::of(200, format!(",result,table,time,value\r\n{lines}\r\n"))
    },
);

const CLICKHOUSE: Case = ("clickhouse", "", RATE, |request| {
    assert_eq!(request.header("x-clickhouse-key"), "s3cret-CLICKHOUSE_PASSWORD");
    assert_eq!(request.header("x-clickhouse-user"), "default");
    assert_eq!((request.parameter("readonly"), request.number("wait_end_of_query")), ("2".into(), 1));
    assert_eq!(request.parameter("default_format"), "CSVWithNames");
    let time = |second: i64| instant(second).replace('T', " ").replace('Z', "");
    let lines: String =
        (0..60).map(|minute| format!("\"{}\",{}\n", time(START + minute * 60), value(request))).collect();
    Response::of(200, format!("\"time\",\"value\"\n{lines}"))
});

const SQL: Case = ("influxdb-sql", ", database: shop", RATE, |request| {
    assert_eq!((request.parameter("db"), request.parameter("format")), ("shop".into(), "json".into()));
    let points = rows(|at| format!(r#"{{"time":"{}","value":{}}}"#, instant(at).trim_end_matches('Z'), value(request)));
    Response::json(format!("[{points}]"))
});

const SIGNALFX: Case = ("signalfx", "", RATE, |request| {
    assert_eq!(request.header("x-sf-token"), "s3cret-SFX_TOKEN");
    assert_eq!((request.number("startMS"), request.parameter("resolution")), (START * 1000, "60000".into()));
    let points = rows(|at| format!("[{},{}.0]", at * 1000, value(request)));
    Response::json(format!(r#"{{"data":{{"Dn1tBQ0AAAA":[{points}]}},"errors":[]}}"#))
});

const SPLUNK: Case = ("splunk", "", RATE, |request| {
    assert_eq!((request.parameter("output_mode"), request.parameter("preview")), ("csv".into(), "false".into()));
    assert_eq!((request.number("earliest_time"), request.number("latest_time")), (START, START + 3600));
    let lines: String = (0..60)
        .map(|minute| {
            format!("\"{}\",{},60\n", instant(START + minute * 60).replace('Z', ".000+00:00"), value(request))
        })
        .collect();
    Response::of(200, format!("\"_time\",value,\"_span\"\n{lines}"))
});

fn instant(second: i64) -> String {
    davy::series::Timestamp::from_second(second).unwrap().to_string()
}

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
        (
            "azure-monitor",
            r#"{"error":{"code":"BadRequest","message":"Failed to find metric configuration"}}"#,
            "Failed to find metric",
        ),
        (
            "azure-monitor",
            r#"{"value":[{"timeseries":[],"errorCode":"InternalError","errorMessage":"Query failed"}]}"#,
            "Query failed",
        ),
        ("datadog-v2", r#"{"errors":["API input validation failed"]}"#, "API input validation failed"),
        (
            "google-monitoring",
            r#"{"executionErrors":[{"code":4,"message":"deadline exceeded"}],"timeSeries":[]}"#,
            "deadline exceeded",
        ),
        ("signalfx", r#"{"data":{},"errors":["no such metric"]}"#, "no such metric"),
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

/// Two series in one answer are two numbers for a time, of which davy takes neither.
#[test]
fn several_series_are_never_one() {
    let cases = [
        ("datadog-v2", r#"{"data":{"attributes":{"series":[{},{}],"times":[1772366400000],"values":[[1],[2]]}}}"#),
        ("signalfx", r#"{"data":{"A":[[1772366400000,1]],"B":[[1772366400000,2]]},"errors":[]}"#),
        ("graphite", r#"[{"datapoints":[[1,1772366400]]},{"datapoints":[[2,1772366400]]}]"#),
    ];
    for (name, answer) in cases {
        let (_, labels, metric, _) = CASES.into_iter().find(|(case, ..)| *case == name).unwrap();
        let server = Server::start(move |_, _| Response::json(answer));
        let http = format!("      preset: {name}\n      url: \"{}\"\n", server.url("/api"));
        let message = Shop::new(labels, &http, metric, CRITERION).fails(65);
        assert!(message.contains("values") || message.contains("several series"), "{name}: {message}");
    }
}

/// Answers that others recorded, where they are: a preset finds every point in them.
#[test]
fn recorded_answers_are_read_point_by_point() {
    let Some(root) = std::env::var_os("DAVY_SHARED") else { return println!("skipped: DAVY_SHARED is not set") };
    let root = std::path::PathBuf::from(root).join("data/monitoring-api");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let azure: serde_json::Value = serde_json::from_str(&read("azure-monitor/azure_metrics_responses.json")).unwrap();
    let mut azure = azure[0].clone();
    azure["value"].as_array_mut().unwrap().truncate(1);
    // it was asked for two aggregations, and the preset asks for one
    for point in azure["value"][0]["timeseries"][0]["data"].as_array_mut().unwrap() {
        point.as_object_mut().unwrap().remove("maximum");
    }
    let cases = [
        (
            "datadog-v2",
            read("datadog/v2.Timeseries_query_with_events_data_source.0.http200.json"),
            "2026-04-15T22:00:00Z",
            "2026-04-16T00:00:00Z",
            322.0,
        ),
        ("azure-monitor", azure.to_string(), "2022-02-22T22:00:00Z", "2022-02-22T23:00:00Z", 12.5),
    ];
    for (name, answer, from, to, sum) in cases {
        let (_, labels, ..) = CASES.into_iter().find(|(case, ..)| *case == name).unwrap();
        let server = Server::start(move |_, _| Response::json(answer.clone()));
        let http = format!("      preset: {name}\n      url: \"{}\"\n", server.url("/api"));
        let metric = "  load: { values: { value: 'load ${version}', unit: \"%\" } }\n";
        let shop = Shop::new(labels, &http, metric, r#"metric: load, statistic: p50, pass: "<= baseline + 10%""#);
        let (code, _, stderr) = shop.davy(&["judge", "canary.yaml", "--from", from, "--to", to, "--record", "kept"]);
        assert!([0, 10, 11].contains(&code), "{name}: {code} {stderr}");
        let kept = std::fs::read_to_string(shop.path("kept/series/load.csv")).unwrap();
        let own = kept.lines().filter(|line| line.contains(",canary,"));
        let found: f64 = own.filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok()).sum();
        assert_eq!(found, sum, "{name}: {kept}");
    }
}
