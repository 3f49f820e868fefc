//! Logs of requests as proxies, platforms and load generators write them: the same requests are found in every form.
//!
//! Each log is written here as its program writes it, whole: lines before and after the requests, prefixes, documents around
//! them. A slow canary fails in every form, a failing one where the form tells it, and a good one never.

use std::fmt::Write as _;

use crate::requests_read::{Request, access, judged, requests, seconds, time};

/// A way to write a log, and whether it tells which requests failed.
struct Form {
    ending: &'static str,
    write: fn(&[Request]) -> String,
    tells_errors: bool,
}

fn form(ending: &'static str, write: fn(&[Request]) -> String) -> Form {
    Form { ending, write, tells_errors: true }
}

fn each(requests: &[Request], line: impl Fn(usize, &Request) -> String) -> String {
    requests.iter().enumerate().map(|(i, request)| line(i, request) + "\n").collect()
}

fn milliseconds(request: &Request) -> u64 {
    request.took / 1_000
}

fn written(request: &Request, form: &str) -> String {
    jiff::Timestamp::from_millisecond(request.at).unwrap().strftime(form).to_string()
}

/// Seconds since the first request of the test, as load generators count.
fn since_start(request: &Request, first: &Request) -> f64 {
    (request.at - first.at) as f64 / 1e3
}

fn haproxy(r: &Request) -> String {
    let at = written(r, "%d/%b/%Y:%H:%M:%S.%3f");
    let took = milliseconds(r);
    format!(
        "192.0.2.7:5512 [{at}] web~ shop/s1 0/0/1/{}/{took} {} 512 - - ---- 3/3/0/0/0 0/0 {{shop|x y}} \"GET /p HTTP/1.1\"",
        took - 1,
        r.status
    )
}

fn syslog(r: &Request, tag: &str) -> String {
    format!("{} host {tag}[811]: ", written(r, "%b %d %H:%M:%S"))
}

fn report(r: &Request) -> String {
    format!(
        "REPORT RequestId: 36\tDuration: {}.{:03} ms\tBilled Duration: 900 ms\tMemory Size: 512 MB\tMax Memory Used: 83 MB\t",
        r.took / 1_000,
        r.took % 1_000
    )
}

fn pino(r: &Request) -> String {
    format!(
        "{{\"level\":30,\"req\":{{\"url\":\"/p\"}},\"res\":{{\"statusCode\":{}}},\"responseTime\":{}}}",
        r.status,
        milliseconds(r)
    )
}

fn proxies() -> Vec<Form> {
    vec![
        form("haproxy.log", |all| {
            let started = syslog(&all[0], "haproxy") + "Proxy web started.\n";
            started + &each(all, |_, r| syslog(r, "haproxy") + &haproxy(r))
        }),
        form("clb.log", |all| {
            each(all, |_, r| {
                let took = format!("0.000073 {}.{:06} 0.000057", r.took / 1_000_000, r.took % 1_000_000);
                format!(
                    "{} my-lb 192.0.2.7:2817 192.0.2.9:80 {took} {s} {s} 0 512 \"GET http://shop.example:80/p HTTP/1.1\" \"agent\" - -",
                    time(r),
                    s = r.status
                )
            })
        }),
        form("envoy.log", |all| {
            each(all, |_, r| {
                format!(
                    "[{}] \"GET /p HTTP/1.1\" {} - 0 512 {} 94 \"-\" \"agent\" \"0000\" \"shop.example\" \"192.0.2.9:80\"",
                    written(r, "%Y-%m-%dT%H:%M:%S.%3fZ"),
                    r.status,
                    milliseconds(r)
                )
            })
        }),
        form("istio.log", |all| {
            each(all, |_, r| {
                let at = written(r, "%Y-%m-%dT%H:%M:%S.%3fZ");
                let status = r.status;
                let took = milliseconds(r);
                format!(
                    "[{at}] \"GET /p HTTP/1.1\" {status} - via_upstream - \"-\" 0 512 {took} 94 \"-\" \"agent\" \"0000\" \"shop\" \"192.0.2.9:80\" inbound|80|| 127.0.0.6:1 192.0.2.9:80 192.0.2.7:2 - default"
                )
            })
        }),
        form("ltsv.log", |all| {
            each(all, |_, r| {
                format!(
                    "time:{}\thost:192.0.2.7\treq:GET /p HTTP/1.1\tstatus:{}\tvhost:shop\treqtime:{}",
                    written(r, "%d/%b/%Y:%H:%M:%S +0000"),
                    r.status,
                    seconds(r)
                )
            })
        }),
        form("heroku.log", |all| {
            each(all, |_, r| {
                format!(
                    "{} heroku[router]: at=info method=GET path=\"/p\" host=shop.example dyno=web.1 connect=1ms service={}ms status={} bytes=512",
                    written(r, "%Y-%m-%dT%H:%M:%S.%6f+00:00"),
                    milliseconds(r),
                    r.status
                )
            })
        }),
        form("morgan.log", |all| each(all, |_, r| access(r, &format!("{}.{:03} ms", r.took / 1_000, r.took % 1_000)))),
        form("uwsgi.log", |all| {
            each(all, |_, r| {
                let at = written(r, "%a %b %d %H:%M:%S %Y");
                format!(
                    "[pid: 7|app: 0|req: 1/1] 192.0.2.7 () {{38 vars in 696 bytes}} [{at}] GET /p => generated 47 bytes in {} msecs (HTTP/1.1 {}) 9 headers in 378 bytes (1 switches on core 3)",
                    milliseconds(r),
                    r.status
                )
            })
        }),
        form("gin.log", |all| {
            let line = |_, r: &Request| {
                format!(
                    "[GIN] {} | {} | {}µs | 192.0.2.7 | GET \"/p\"",
                    written(r, "%Y/%m/%d - %H:%M:%S"),
                    r.status,
                    r.took
                )
            };
            "[GIN-debug] Listening and serving HTTP on :8080\n".to_owned() + &each(all, line)
        }),
        form("logfmt.log", |all| {
            each(all, |_, r| {
                format!("time={} level=info msg=\"GET /p\" path=/p status={} duration={}µs", time(r), r.status, r.took)
            })
        }),
    ]
}

fn platforms() -> Vec<Form> {
    vec![
        form("tail.log", |all| {
            each(all, |_, r| {
                let at = format!("{} 2026/11/29/[41]8ab7e8b8 ", written(r, "%Y-%m-%dT%H:%M:%S.%6f+00:00"));
                let error = if r.status == 503 { format!("{at}[ERROR] Runtime.ExitError\n") } else { String::new() };
                format!("{at}START RequestId: 36 Version: 41\n{error}{at}END RequestId: 36\n{at}{}", report(r))
            })
        }),
        form("events.json", |all| {
            let status = |r: &Request| if r.status == 503 { "Status: timeout" } else { "" };
            let event = |r: &Request| serde_json::json!({ "logStreamName": "2026/11/29/[41]8ab7e8b8", "timestamp": r.at, "message": report(r) + status(r) + "\n" });
            let events: Vec<_> = all.iter().map(event).collect();
            serde_json::to_string_pretty(&serde_json::json!({ "events": events, "searchedLogStreams": [] })).unwrap()
        }),
        form("platform.ndjson", |all| {
            each(all, |_, r| {
                let status = if r.status == 503 { "error" } else { "success" };
                format!(
                    "{{\"time\":\"{t}\",\"type\":\"platform.runtimeDone\",\"record\":{{\"status\":\"success\"}}}}\n{{\"time\":\"{t}\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"a\",\"metrics\":{{\"durationMs\":{}.{:03}}},\"status\":\"{status}\"}}}}",
                    r.took / 1_000,
                    r.took % 1_000,
                    t = time(r)
                )
            })
        }),
        form("cri.log", |all| {
            each(all, |_, r| format!("{} stdout F {}", time(r), access(r, &format!("rt={}", seconds(r)))))
        }),
        form("docker.log", |all| {
            each(all, |_, r| {
                serde_json::json!({ "log": pino(r) + "\n", "stream": "stdout", "time": time(r) }).to_string()
            })
        }),
        form("kubectl.log", |all| each(all, |_, r| format!("{} {}", time(r), pino(r)))),
        form("syslog.log", |all| each(all, |_, r| syslog(r, "nginx") + &access(r, &format!("rt={}", seconds(r))))),
        form("google.ndjson", |all| {
            each(all, |_, r| {
                format!(
                    "{{\"httpRequest\":{{\"latency\":\"{}s\",\"requestMethod\":\"GET\",\"status\":{}}},\"timestamp\":\"{}\",\"receiveTimestamp\":\"{}\"}}",
                    r.took as f64 / 1e6,
                    r.status,
                    time(r),
                    time(r)
                )
            })
        }),
        form("gateway.ndjson", |all| {
            each(all, |_, r| {
                format!(
                    "{{\"timeStamp\":\"{}\",\"properties\":{{\"httpStatus\":{},\"timeTaken\":{},\"serverResponseLatency\":\"0.1\"}}}}",
                    time(r),
                    r.status,
                    r.took as f64 / 1e6
                )
            })
        }),
    ]
}

fn spans(r: &Request, kind: u8) -> serde_json::Value {
    serde_json::json!({
        "kind": kind, "name": "GET /p", "startTimeUnixNano": (r.at * 1_000_000).to_string(),
        "endTimeUnixNano": (r.at * 1_000_000 + r.took as i64 * 1_000).to_string(),
        "attributes": [{ "key": "http.response.status_code", "value": { "intValue": r.status.to_string() } }], "status": {}
    })
}

fn documents() -> Vec<Form> {
    vec![
        form("otlp.json", |all| {
            each(all, |_, r| {
                let scope =
                    serde_json::json!([{ "spans": [spans(r, 2), spans(&Request { took: 9_000_000, ..*r }, 3)] }]);
                serde_json::json!({ "resourceSpans": [{ "resource": {}, "scopeSpans": scope }] }).to_string()
            })
        }),
        form("jaeger.json", |all| {
            let span = |r: &Request, kind: &str| {
                serde_json::json!({ "operationName": "GET /p", "startTime": r.at * 1_000, "duration": r.took,
                    "tags": [{ "key": "span.kind", "value": kind }, { "key": "http.status_code", "value": r.status }] })
            };
            let trace =
                |r: &Request| serde_json::json!({ "traceID": "a", "spans": [span(r, "server"), span(r, "client")] });
            serde_json::json!({ "data": all.iter().map(trace).collect::<Vec<_>>() }).to_string()
        }),
        form("streams.json", |all| {
            let row =
                |r: &Request| serde_json::json!({ "status": r.status, "path": "/p", "latency_us": r.took }).to_string();
            let values: Vec<_> = all.iter().map(|r| serde_json::json!([format!("{}000000", r.at), row(r)])).collect();
            let result = serde_json::json!([{ "stream": { "app": "shop" }, "values": values }]);
            serde_json::json!({ "status": "success", "data": { "resultType": "streams", "result": result } })
                .to_string()
        }),
        form("hits.json", |all| {
            let hit = |r: &Request| serde_json::json!({ "_id": "a", "_source": { "@timestamp": time(r), "http": { "response": { "status_code": r.status } }, "event": { "duration": r.took * 1_000 } } });
            serde_json::json!({ "took": 5, "timed_out": false, "hits": { "total": 3000, "hits": all.iter().map(hit).collect::<Vec<_>>() } }).to_string()
        }),
        form("wrapped.json", |all| {
            let row = |r: &Request| serde_json::json!({ "time": time(r), "path": "/p", "status": r.status, "latency_us": r.took });
            serde_json::to_string_pretty(
                &serde_json::json!({ "page": 1, "requests": all.iter().map(row).collect::<Vec<_>>() }),
            )
            .unwrap()
        }),
    ]
}

fn generators() -> Vec<Form> {
    vec![
        form("vegeta.csv", |all| {
            each(all, |i, r| {
                format!(
                    "{}000000,{},{},0,512,{},,\"\",{i},GET,http://shop.example/p,",
                    r.at,
                    if r.status == 503 { 0 } else { 200 },
                    r.took * 1_000,
                    if r.status == 503 { "refused" } else { "" }
                )
            })
        }),
        form("h2load.log", |all| {
            each(all, |_, r| format!("{}000\t{}\t{}", r.at, if r.status == 503 { -1 } else { 200 }, r.took))
        }),
        form("hey.csv", |all| {
            let row = |_, r: &Request| {
                format!(
                    "{:.4},0.0001,0.0000,0.0000,0.0900,0.0002,{},{:.4}",
                    r.took as f64 / 1e6,
                    r.status,
                    since_start(r, &all[0])
                )
            };
            "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n".to_owned()
                + &each(all, row)
        }),
        form("oha.csv", |all| {
            let row = |_, r: &Request| {
                format!("{},0,0,0.09,{},512,{}", since_start(r, &all[0]), r.took as f64 / 1e6, r.status)
            };
            "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n".to_owned() + &each(all, row)
        }),
        Form {
            ending: "ab.tsv",
            write: |all| {
                let row = |_, r: &Request| {
                    let took = milliseconds(r);
                    format!("{}\t{}\t0\t{took}\t{took}\t{took}", written(r, "%a %b %d %H:%M:%S %Y"), r.at / 1_000)
                };
                "starttime\tseconds\tctime\tdtime\tttime\twait\n".to_owned() + &each(all, row)
            },
            tells_errors: false,
        },
        form("parted.csv", |all| {
            let row = |_, r: &Request| format!("{},{},/p,{}", written(r, "%Y-%m-%d,%H:%M:%S.%3f"), r.status, r.took);
            "Date,Time,status,path,latency_us\n".to_owned() + &each(all, row)
        }),
        form("commented.csv", |all| {
            let row = |_, r: &Request| format!("{},{},{}", time(r), r.status, r.took);
            "sep=,\ntime,status,latency_us\n".to_owned() + &each(all, row)
        }),
    ]
}

#[test]
fn a_load_generator_that_leaves_out_failures_never_passes() {
    let baseline = requests("b", 1.0, 0.01);
    let canary = requests("c", 1.0, 0.01);
    for Form { ending, write, tells_errors } in generators() {
        let (code, said) = judged(ending, &write(&baseline), &write(&canary));
        let silent = ["hey.csv", "oha.csv", "ab.tsv"].contains(&ending);
        assert!(if silent { code == 11 } else { matches!(code, 0 | 11) }, "{ending}: {code} {said}");
        assert_eq!(said.contains("requests without an answer"), silent, "{ending}: {said}");
        assert_eq!(said.contains("not judged: errors, requests without an answer"), !tells_errors, "{ending}: {said}");
    }
}

#[test]
fn a_slow_or_failing_canary_fails_however_its_log_is_written() {
    let baseline = requests("b", 1.0, 0.01);
    let mut wrong = String::new();
    for Form { ending, write, tells_errors } in
        [proxies(), platforms(), documents(), generators()].into_iter().flatten()
    {
        let text = write(&baseline);
        for (slower, failing) in [(3.0, 0.01), (1.0, 0.10), (1.0, 0.01)] {
            let (code, said) = judged(ending, &text, &write(&requests("c", slower, failing)));
            let is_bad = slower > 1.0 || failing > 0.05 && tells_errors;
            let right = if is_bad { code == 10 } else { matches!(code, 0 | 11 | 12) };
            let p95 = said.split("latency p95").nth(1).unwrap_or_default();
            let measured = slower > 1.0 || ["117 ms", "118 ms", "119 ms"].iter().any(|ms| p95.contains(ms));
            if !right || !measured || !said.contains("3,000") {
                writeln!(wrong, "{ending}, slower {slower}, failing {failing}: {code} {said}\n").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
