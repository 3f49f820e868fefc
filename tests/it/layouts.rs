//! Layouts of one's own: whatever a line looks like, the same requests give the same answer, and a line that does not fit is
//! never a good request.

use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;

use crate::requests_read::{Request, judged, requests, seconds};
use crate::world::answer;

/// A layout and how its lines are written.
type Laid = (&'static str, fn(&Request) -> String);

fn written(request: &Request, form: &str) -> String {
    jiff::Timestamp::from_millisecond(request.at).unwrap().strftime(form).to_string()
}

const LAYOUTS: [Laid; 9] = [
    (
        "$remote_addr [$time_iso8601] \"$request\" st=$status rt=$request_time up=$upstream_response_time \"$http_user_agent\"",
        |r| {
            let at = written(r, "%Y-%m-%dT%H:%M:%S+00:00");
            format!(
                "192.0.2.7 [{at}] \"GET /p HTTP/1.1\" st={} rt={} up=0.900, 0.001 : 0.2 \"a b\"",
                r.status,
                seconds(r)
            )
        },
    ),
    ("%v %h %t \"%r\" %>s %b %D", |r| {
        let at = written(r, "%d/%b/%Y:%H:%M:%S +0000");
        format!("shop.example 192.0.2.7 [{at}] \"GET /p HTTP/1.1\" {} - {}", r.status, r.took)
    }),
    ("%h %{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t \"%r\" %>s %{ms}T", |r| {
        let at = written(r, "%Y-%m-%d %H:%M:%S.%3f +0000");
        format!("192.0.2.7 {at} \"GET /p HTTP/1.1\" {} {}", r.status, r.took / 1_000)
    }),
    ("%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% code=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% took=%DURATION%", |r| {
        let at = written(r, "%Y-%m-%dT%H:%M:%S.%3fZ");
        format!("{at} GET /p code={} flags=- took={}", r.status, r.took / 1_000)
    }),
    ("{time} {level} {route} took={latency:duration} status={status:int}", |r| {
        let at = written(r, "%Y-%m-%d %H:%M:%S,%3f");
        format!("{at} INFO   /p took={}us status={}", r.took, r.status)
    }),
    ("{when:time(%d.%m.%Y %H:%M:%S)} | {status:int} | {took:us}", |r| {
        format!("{} |  {} |   {}", written(r, "%d.%m.%Y %H:%M:%S"), r.status, r.took)
    }),
    ("{time};{ok};{latency:s};", |r| format!("{};{};{};", r.at, r.status == 200, seconds(r))),
    ("{date} {time} [{_}] {status:int} {latency:ms}", |r| {
        format!("{} [x y] {} {}", written(r, "%Y-%m-%d %H:%M:%S"), r.status, r.took as f64 / 1e3)
    }),
    ("{{\"at\": {time}, \"what\": \"{request}\"}} => {status:int} in {latency:ms} ms", |r| {
        format!("{{\"at\": {}, \"what\": \"GET /p HTTP/1.1\"}} => {} in {} ms", r.at, r.status, r.took / 1_000)
    }),
];

fn log(form: fn(&Request) -> String, requests: &[Request]) -> String {
    requests.iter().map(|request| form(request) + "\n").collect()
}

/// Judges two logs by a layout.
fn by(layout: &str, baseline: &str, canary: &str) -> (i32, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("b.log"), baseline).unwrap();
    fs::write(folder.path().join("c.log"), canary).unwrap();
    let (code, said, complained) = answer(folder.path(), &["judge", "b.log", "c.log", "--layout", layout, "--details"]);
    (code, said + &complained)
}

#[test]
fn a_slow_or_failing_canary_fails_by_every_layout_and_a_good_one_does_not() {
    let mut wrong = String::new();
    for (layout, form) in LAYOUTS {
        let baseline = log(form, &requests("b", 1.0, 0.01));
        for (slower, failing) in [(3.0, 0.01), (1.0, 0.10), (1.0, 0.01)] {
            let (code, said) = by(layout, &baseline, &log(form, &requests("c", slower, failing)));
            let is_bad = slower > 1.0 || failing > 0.05;
            let right = if is_bad { code == 10 } else { matches!(code, 0 | 11) };
            let p95 = said.split("latency p95").nth(1).unwrap_or_default();
            let measured = slower > 1.0 || ["117 ms", "118 ms", "119 ms"].iter().any(|ms| p95.contains(ms));
            if !right || !measured || !said.contains("3,000") {
                writeln!(wrong, "{layout}, slower {slower}, failing {failing}: {code} {said}\n").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a container writes before a line is taken off, and a time of the program itself stays.
#[test]
fn a_line_in_a_container_is_the_line_of_the_layout() {
    let (layout, form) = LAYOUTS[4];
    let wrapped = |arm: &str, failing: f64| -> String {
        let line = |r: &Request| format!("2026-11-29T10:00:00.1Z stdout F {}\n", form(r));
        requests(arm, 1.0, failing).iter().map(line).collect()
    };
    let (code, said) = by(layout, &wrapped("b", 0.01), &wrapped("c", 0.10));
    assert!(code == 10 && said.contains("of 3,000"), "{code} {said}");
    let (code, said) = by(layout, &wrapped("b", 0.01), &wrapped("c", 0.01));
    assert!(matches!(code, 0 | 11) && said.contains("3,000"), "{code} {said}");
}

#[test]
fn a_line_that_does_not_fit_never_counts_as_a_good_request() {
    let (layout, form) = LAYOUTS[4];
    let baseline = log(form, &requests("b", 1.0, 0.01));
    for damage in [
        |line: &str| line.replace("status=200", "status=ok"),
        |line: &str| line.split(" took=").next().unwrap_or_default().to_owned(),
        |line: &str| line.replace("took=", "took:"),
        |line: &str| format!("{line} and more"),
        |line: &str| line[20..].to_owned(),
        |line: &str| line.replace("us status", " status"),
    ] {
        let good = log(form, &requests("c", 1.0, 0.01));
        let canary: String = good
            .lines()
            .enumerate()
            .map(|(at, line)| if at % 10 == 7 { damage(line) + "\n" } else { format!("{line}\n") })
            .collect();
        let (code, said) = by(layout, &baseline, &canary);
        assert!(matches!(code, 10 | 11 | 65), "{code} {said}");
    }
}

#[test]
fn lines_that_are_no_requests_are_left_out_if_somebody_says_which_are() {
    let (layout, form) = LAYOUTS[4];
    let folder = TempDir::new().unwrap();
    let mixed = |arm: &str, failing: f64| -> String {
        let line = |r: &Request| format!("{}\nworker 3 is idle\n", form(r));
        requests(arm, 1.0, failing).iter().map(line).collect()
    };
    let judge = |with: &str, failing: f64| {
        let config = format!(
            "name: own\nsources:\n  log: {{ requests: {{ path: \"${{arm}}.log\", layout: {with} }} }}\n\
             metrics:\n  errors: {{ rate: {{ bad: errors, total: requests }} }}\n\
             criteria: [ {{ metric: errors, pass: \"<= baseline + 2pp\" }} ]\n"
        );
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        fs::write(folder.path().join("baseline.log"), mixed("b", 0.01)).unwrap();
        fs::write(folder.path().join("canary.log"), mixed("c", failing)).unwrap();
        let (code, said, complained) = answer(folder.path(), &["judge", "canary.yaml"]);
        (code, said + &complained)
    };
    let with = format!("{{ text: '{layout}', lines_with: \" took=\" }}");
    assert_eq!(judge(&with, 0.01).0, 0);
    assert_eq!(judge(&with, 0.10).0, 10);
    let (code, said) = judge(&format!("'{layout}'"), 0.01);
    assert!(code == 65 && said.contains("does not fit the layout"), "{code} {said}");
    let (code, said) = judge("'{time} {level'", 0.01);
    assert!(code == 78 && said.contains("`{` has no end"), "{code} {said}");
    let (code, said) = judge("'{time} {x}', format: csv", 0.01);
    assert!(code == 78 && said.contains("both say how a row is written"), "{code} {said}");
}

/// Formats that are data alone are recognised, and judged like others.
#[test]
fn a_ready_made_layout_needs_no_word() {
    let forms: [Laid; 3] = [
        ("squid.log", |r| {
            let at = r.at as f64 / 1e3;
            format!(
                "{at:.3} {:>6} 192.0.2.7 TCP_MISS/{} 5 GET http://shop.example/p - HIER_DIRECT/192.0.2.9 text/html",
                r.took / 1_000,
                r.status
            )
        }),
        ("chi.log", |r| {
            let at = written(r, "%Y/%m/%d %H:%M:%S");
            format!(
                "{at} [web/GQ-1] \"GET http://shop.example/p HTTP/1.1\" from 192.0.2.7:5 - {} 5B in {}µs",
                r.status, r.took
            )
        }),
        ("s3.log", |r| {
            let at = written(r, "%d/%b/%Y:%H:%M:%S +0000");
            format!(
                "79a59d logs [{at}] 192.0.2.7 - 3E57 REST.GET.OBJECT p.jpg \"GET /logs/p.jpg HTTP/1.1\" {} - 5 5 {} 10 \"-\" \"a\" - x= SigV4 - - -",
                r.status,
                r.took / 1_000
            )
        }),
    ];
    for (name, form) in forms {
        let baseline = log(form, &requests("b", 1.0, 0.01));
        for (slower, failing) in [(3.0, 0.01), (1.0, 0.10), (1.0, 0.01)] {
            let (code, said) = judged(name, &baseline, &log(form, &requests("c", slower, failing)));
            let is_bad = slower > 1.0 || failing > 0.05;
            assert!(if is_bad { code == 10 } else { matches!(code, 0 | 11) }, "{name}: {code} {said}");
            assert!(said.contains("3,000"), "{name}: {said}");
        }
    }
}

/// What says how long a request took must be certain: a part of it, or another time span, is not taken for it.
#[test]
fn a_latency_that_is_not_certain_passes_nothing() {
    type Parts = fn(&Request) -> String;
    let layouts: [(&str, Parts); 4] = [
        ("$remote_addr [$time_local] \"$request\" $status $upstream_response_time", |r| {
            let at = written(r, "%d/%b/%Y:%H:%M:%S +0000");
            format!("192.0.2.7 [{at}] \"GET /p HTTP/1.1\" {} {}", r.status, seconds(r))
        }),
        ("{time} {status:int} queue={queue:ms} app={app:ms}", |r| {
            format!("{} {} queue=1 app={}", r.at, r.status, r.took / 1_000)
        }),
        ("{time} {status:int} latency={latency} db={db:ms}", |r| {
            format!("{} {} latency={} db=4.5", r.at, r.status, r.took / 1_000)
        }),
        (
            "[%START_TIME%] \"%REQ(:METHOD)% %REQ(:PATH)%\" %RESPONSE_CODE% %RESPONSE_DURATION% %REQUEST_DURATION%",
            |r| {
                let at = written(r, "%Y-%m-%dT%H:%M:%SZ");
                format!("[{at}] \"GET /p\" {} {} 12", r.status, r.took / 1_000)
            },
        ),
    ];
    for (layout, form) in layouts {
        let baseline = log(form, &requests("b", 1.0, 0.01));
        let (code, said) = by(layout, &baseline, &log(form, &requests("c", 5.0, 0.01)));
        assert!(matches!(code, 10 | 11), "{layout}: {code} {said}");
        assert!(said.contains("--unit"), "{layout}: {said}");
    }
    // a span that is missing does not make the next one the latency
    let layout = "{time} {status:int} {latency:ms} {db:ms} {method} {path}";
    let whole = |r: &Request| format!("{} {} {} 20.1 GET /p", r.at, r.status, r.took / 1_000);
    let gap = |r: &Request| format!("{} {}  20.1 GET /p", r.at, r.status);
    let (code, said) = by(layout, &log(whole, &requests("b", 1.0, 0.01)), &log(gap, &requests("c", 1.0, 0.01)));
    assert!(matches!(code, 10 | 11 | 65), "{code} {said}");
}

/// Of several fields that could be meant the configuration names one, and the layout says what it is in.
#[test]
fn a_field_that_is_named_means_what_the_layout_says() {
    let folder = TempDir::new().unwrap();
    let text = "{begun:time(%d.%m.%Y %H:%M:%S)} {ended:time(%d.%m.%Y %H:%M:%S)} {status:int} {queue:ms} {app:us} {sum:duration}";
    let line = |r: &Request| {
        let at = written(r, "%d.%m.%Y %H:%M:%S");
        format!("{at} {at} {} 1 {} {}us", r.status, r.took, r.took)
    };
    let judge = |keys: &str, slower: f64| {
        let config = format!(
            "name: own\nsources:\n  log: {{ requests: {{ path: \"${{arm}}.log\", time: begun, layout: '{text}', {keys} }} }}\n\
             metrics:\n  latency: {{ values: {{ value: latency, unit: ms }} }}\n\
             criteria: [ {{ metric: latency, statistic: p95, pass: \"<= baseline + 20%\" }} ]\n"
        );
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        let log = |arm: &str, slower| requests(arm, slower, 0.01).iter().map(|r| line(r) + "\n").collect::<String>();
        fs::write(folder.path().join("baseline.log"), log("b", 1.0)).unwrap();
        fs::write(folder.path().join("canary.log"), log("c", slower)).unwrap();
        let (code, said, complained) = answer(folder.path(), &["judge", "canary.yaml"]);
        (code, said + &complained)
    };
    for keys in ["latency: app", "latency: { column: app, unit: us }", "latency: sum"] {
        let (code, said) = judge(keys, 3.0);
        assert!(code == 10 && said.contains("against 117 ms"), "{keys}: {code} {said}");
        assert_eq!(judge(keys, 1.0).0, 0, "{keys}");
    }
    let (code, said) = judge("latency: { column: app, unit: ms }", 1.0);
    assert!(code == 65 && said.contains("The layout says us"), "{code} {said}");
    let (code, said) = judge("max_bad_rows: 1%", 1.0);
    assert!(code == 65 && said.contains("for the latency"), "{code} {said}");
}

#[test]
fn a_layout_is_copied_with_what_is_around_it() {
    for layout in [
        "log_format main '$remote_addr [$time_local] \"$request\" '\n    '$status $request_time';",
        "'$remote_addr [$time_local] \"$request\" $status $request_time'",
        "LogFormat \"%h %t \\\"%r\\\" %>s %{ms}T\" timed",
        "%h %t \\\"%r\\\" %>s %{ms}T",
        "%START_TIME% %RESPONSE_CODE% %DURATION%\\n",
    ] {
        let form: fn(&Request) -> String = match () {
            () if layout.contains('$') => |r| {
                let at = written(r, "%d/%b/%Y:%H:%M:%S +0000");
                format!("192.0.2.7 [{at}] \"GET /p HTTP/1.1\" {} {}", r.status, seconds(r))
            },
            () if layout.contains("%h") => |r| {
                let at = written(r, "%d/%b/%Y:%H:%M:%S +0000");
                format!("192.0.2.7 [{at}] \"GET /p HTTP/1.1\" {} {}", r.status, r.took / 1_000)
            },
            () => |r| {
                let at = written(r, "%Y-%m-%dT%H:%M:%S.%3fZ");
                format!("{at} {} {}", r.status, r.took / 1_000)
            },
        };
        let baseline = log(form, &requests("b", 1.0, 0.01));
        let (code, said) = by(layout, &baseline, &log(form, &requests("c", 3.0, 0.01)));
        assert!(code == 10 && said.contains("latency p95"), "{layout}: {code} {said}");
    }
}

#[test]
fn formats_shows_field_by_field_how_a_line_is_read() {
    let folder = TempDir::new().unwrap();
    let (layout, form) = LAYOUTS[4];
    fs::write(folder.path().join("own.log"), log(form, &requests("b", 1.0, 0.01)[..5]) + "starting\n").unwrap();
    let (code, said, _) = answer(folder.path(), &["formats", "--layout", layout, "own.log", "--lines", "9"]);
    assert_eq!(code, 0);
    for part in [
        "own.log, as the layout says:",
        "→ time      2026-11-29T12:00:00Z",
        "→ error     no   (status of 500 and more)",
        "does not fit the layout from `time` on, at character 1: it is a bad row",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (code, said, _) = answer(folder.path(), &["formats", "envoy"]);
    assert!(code == 0 && said.contains("→ latency") && said.contains("layout: [{start_time}]"), "{said}");
    let (code, said, _) = answer(folder.path(), &["formats"]);
    assert!(code == 0 && said.contains("squid") && said.contains("Parquet"), "{said}");
    for (arguments, problem) in [
        (&["formats", "nginx"][..], "`nginx` is neither a format nor a file"),
        (&["formats", "squit"], "did you mean `squid`?"),
        (&["formats", "--layout", "{time} {x"], "`{` has no end"),
        (&["formats", "--layout", "{time} {x}"], "--layout needs a file"),
        (&["formats", "squid", "absent.log"], "does not exist"),
    ] {
        let (code, _, complained) = answer(folder.path(), arguments);
        assert!(matches!(code, 2 | 69) && complained.contains(problem), "{code} {complained}");
    }
}
