//! Recipes over lines in the style of each format, and the formats told by how such files begin.

use super::super::TimeUnit;
use super::*;

const NGINX: &str = "192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 612 \"-\" \"curl/8.0\"";

/// Where the latency of an access log is, its unit, and the names of its columns.
fn access(head: &str) -> (Option<Behind>, Option<LatencyFrom>, Vec<String>) {
    let recipe = of(Format::Combined, head.as_bytes()).unwrap();
    let Lines::Access(access) = recipe.lines else { panic!("{:?}", recipe.lines) };
    let names = access.names(head.as_bytes());
    (access.took, recipe.latency.first().cloned(), names)
}

fn seconds() -> Option<LatencyFrom> {
    Some(LatencyFrom::Column("request_time".into(), TimeUnit::Seconds))
}

fn microseconds() -> Option<LatencyFrom> {
    Some(LatencyFrom::Column("request_time".into(), TimeUnit::Microseconds))
}

#[track_caller]
fn tail(tails: &[&str], place: Option<Behind>, latency: Option<LatencyFrom>) {
    let lines: Vec<String> = tails.iter().map(|tail| format!("{NGINX} {tail}\n")).collect();
    let found = access(&lines.concat());
    assert_eq!((found.0, found.1), (place, latency), "{tails:?}");
}

#[test]
fn the_time_of_a_request_is_found_behind_the_combined_format() {
    let (s, at) = (seconds, |at| Some(Behind::Field(at)));
    tail(&["0.005"], at(0), s());
    tail(&["\"0.005\"", "\"12.005\""], at(0), s());
    tail(&["\"-\" 0.005 0.004 .", "\"203.0.113.9\" 1.005 - ."], at(1), s());
    tail(&["\"0.004\" \"0.105\"", "\"-\" \"0.000\""], at(1), s());
    tail(&["0.005 0.005"], at(0), s());
    // an upstream's time is rounded by itself
    tail(&["0.005 0.006", "0.007 0.007"], at(0), s());
    tail(&["\"2.43\" 0.005"], at(1), s());
    tail(&["1416396000.123 0.005"], at(1), s());
}

#[test]
fn a_key_says_which_time_it_is() {
    let rt = || Some(Behind::Key("rt".into()));
    tail(&["uct=\"0.001\" rt=0.005 urt=\"0.014, 0.001\""], rt(), seconds());
    tail(&["rt=0.005 urt=0.006", "urt=- rt=2.005"], rt(), seconds());
    tail(&["urt=\"0.014\" uht=\"0.003\""], None, None);
    let named = |key: &str| Some(Behind::Key(key.into()));
    tail(&["upstream_response_time=0.009 request_time=0.008"], named("request_time"), seconds());
    tail(&["took_us=812 status=ok"], named("took_us"), microseconds());
    tail(&["duration=12ms"], named("duration"), Some(LatencyFrom::Written("request_time".into())));
    tail(&["duration=12"], named("duration"), None);
    let (.., names) = access(&format!("{NGINX} 7 uct=\"0.001\" rt=0.005 urt=\"0.004, 0.001\"\n"));
    assert_eq!(names[9..], ["request_time", "field_10", "uct", "rt", "urt"]);
}

#[test]
fn counters_and_bytes_are_no_times() {
    let written = || Some(LatencyFrom::Written("request_time".into()));
    tail(&["1 \"shop\" \"http://192.0.2.9:80\" 106ms", "2 \"shop\" \"-\" 1.5s"], Some(Behind::Field(3)), written());
    tail(&["78 0.019 [shop-80] [] 192.0.2.9:80 1752 0.020 200 7dc5"], Some(Behind::Field(1)), seconds());
    tail(&["78 2470 15538", "115 1678 8226"], Some(Behind::Field(2)), microseconds());
    tail(&["**0/15538**", "**1/1008226**"], Some(Behind::Slash(0)), microseconds());
    tail(&["0/15538", "2/15538"], None, None);
    tail(&["51", "9999"], Some(Behind::Field(0)), None);
    tail(&["5123", "48211"], Some(Behind::Field(0)), None);
    // what rises with every line counts them, and what equals the bytes that were sent is those
    tail(&["1", "2", "3"], None, None);
    tail(&["612", "612"], None, None);
    tail(&["512 48211"], None, None);
    tail(&["\"2.43\""], None, None);
}

#[test]
fn what_a_program_says_before_its_first_request_is_no_row() {
    let banner = "nginx 1.27 starts\n2026/11/29 10:00:00 [notice] 7#7: start worker\n";
    let lines = format!("{banner}{NGINX} 0.005\n{NGINX} 0.006\n{NGINX} 0.007\n");
    assert_eq!(detect("a.log", lines.as_bytes()), Some(Format::Combined));
    assert_eq!(access(&lines).1, seconds());
    let object = r#"{"time":1795946400,"path":"/","status":200,"took_ms":3}"#;
    let lines = format!("listening on :8080\n{object}\n{object}\n");
    assert_eq!(detect("a.log", lines.as_bytes()), Some(Format::Ndjson));
    assert_eq!(detect("a.log", format!("{object}\n").replace("took_ms", "total").as_bytes()), None);
}

#[test]
fn objects_of_known_programs_say_their_unit() {
    let of = |line: &str| of(Format::Ndjson, line.as_bytes()).unwrap();
    let latency = |line: &str| of(line).latency.first().cloned();
    let is = |name: &str, unit| Some(LatencyFrom::Column(name.into(), unit));
    for (line, name, unit) in [
        (
            r#"{"level":30,"time":1,"req":{"url":"/"},"res":{"statusCode":200},"responseTime":12}"#,
            "responseTime",
            TimeUnit::Milliseconds,
        ),
        (
            r#"{"ts":1.5,"logger":"http.log.access","request":{"uri":"/"},"duration":0.01,"size":1,"status":200}"#,
            "duration",
            TimeUnit::Seconds,
        ),
        (
            r#"{"attack":"","seq":0,"code":200,"timestamp":"x","latency":81236186,"error":""}"#,
            "latency",
            TimeUnit::Nanoseconds,
        ),
        (r#"{"DownstreamStatus":200,"Duration":95414086,"StartUTC":"x"}"#, "Duration", TimeUnit::Nanoseconds),
        (
            r#"{"@timestamp":"x","http":{"response":{"status_code":200}},"event":{"duration":104186164}}"#,
            "event.duration",
            TimeUnit::Nanoseconds,
        ),
        (
            r#"{"start_time":"x","response_code":200,"response_flags":"-","duration":12}"#,
            "duration",
            TimeUnit::Milliseconds,
        ),
        (r#"{"time":"x","uri":"/","status":200,"request_time":"0.081"}"#, "request_time", TimeUnit::Seconds),
        (r#"{"time":"x","uri":"/","status":200,"request_time":0.081}"#, "request_time", TimeUnit::Seconds),
        (r#"{"remote_addr":"x","status":200,"response_time":"0.100"}"#, "response_time", TimeUnit::Seconds),
    ] {
        assert_eq!(latency(&format!("{line}\n")), is(name, unit), "{line}");
    }
    // three decimals of an unknown program may be milliseconds, and so may large numbers of nginx's name
    for line in [
        r#"{"time":"x","url":"/","status":200,"response_time":"3.210"}"#,
        r#"{"time":"x","uri":"/","status":200,"request_time":"81.236"}"#,
        r#"{"time":"x","uri":"/","status":200,"request_time":81}"#,
        r#"{"time":"x","uri":"/","status":200,"duration":81236}"#,
    ] {
        assert_eq!(latency(&format!("{line}\n")), None, "{line}");
    }
    let written = r#"{"time":"x","uri":"/","status":200,"latency":"3.2ms"}"#;
    assert_eq!(latency(&format!("{written}\n")), Some(LatencyFrom::Written("latency".into())));
}

#[test]
fn columns_beside_the_status_say_how_a_request_ended() {
    let ends = |text: &str| of(Format::Csv, text.as_bytes()).unwrap().ends;
    let is = |name: &str, means| (name.to_owned(), means);
    assert_eq!(ends("time,success,latency_ms\nx,true,1\nx,false,1\n"), [is("success", Means::Success)]);
    assert_eq!(
        ends("time,failed,error,latency_ms\nx,0,,1\n"),
        [is("failed", Means::Failure), is("error", Means::Fault)]
    );
    assert_eq!(
        ends("time,status,success,latency_ms\nx,200,1,1\n"),
        [is("status", Means::Status), is("success", Means::Success)]
    );
    assert_eq!(ends("time,status,latency_ms\nx,5xx,1\nx,OK,2\n"), [is("status", Means::Status)]);
    assert_eq!(ends("time,grpc_status,latency_ms\nx,0,1\nx,14,1\n"), [is("grpc_status", Means::Grpc)]);
    // words that nobody knows, and small numbers that may be codes of anything
    assert_eq!(ends("time,status,latency_ms\nx,active,1\n"), []);
    assert_eq!(ends("time,code,latency_ms\nx,0,1\nx,3,1\n"), []);
    assert_eq!(ends("time,timeout,latency_ms\nx,30,1\n"), []);
}

/// Requests, errors, sum of latencies in thousandths.
#[track_caller]
fn counts(format: Format, lines: &[&str], expected: (usize, usize, i64)) {
    assert_eq!(real::counted(lines.join("\n").as_bytes(), format), expected);
}

#[test]
fn access_logs_are_counted() {
    let line = |status: u16, tail: &str| NGINX.replace(" 200 ", &format!(" {status} ")) + tail;
    counts(Format::Combined, &[&line(200, " 0.005"), &line(502, " 1.000"), &line(404, " 0.000")], (3, 1, 1005));
    counts(Format::Combined, &[&line(200, " rt=0.005 uct=\"-\""), &line(500, " rt=1.000 uct=\"-\"")], (2, 1, 1005));
    let unanswered = alb_line();
    let answered = unanswered.replace(" -1 -1 -1 502 - ", " 0.001 0.020 0.003 200 200 ");
    counts(Format::Alb, &[&unanswered, &answered], (2, 1, 24));
}

#[test]
fn k6_counts_what_it_did_not_expect() {
    let point = |metric: &str, value: f64, tags: &str| {
        format!(
            r#"{{"metric":"{metric}","type":"Point","data":{{"time":"2026-11-21T10:00:00.1+01:00","value":{value},"tags":{{{tags}}}}}}}"#
        )
    };
    let lines = [
        r#"{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time"},"metric":"http_req_duration"}"#.to_string(),
        point("http_req_duration", 12.5, r#""expected_response":"true","status":"404""#),
        point("http_req_duration", 1.0, r#""expected_response":"false","status":"200""#),
        point("http_req_duration", 1.0, r#""status":"200""#),
        point("http_req_duration", 1.0, r#""status":"400""#),
        point("http_req_duration", 0.0, r#""status":"0""#),
        point("http_req_waiting", 12.0, r#""expected_response":"false","status":"200""#),
    ];
    counts(Format::K6, &lines.each_ref().map(String::as_str), (5, 3, 15_500));
}

#[test]
fn gatlings_older_log_and_jmeters_nested_samples_are_counted() {
    let run = "RUN\ta.B\tb\t1522406682290\t \t3.2.1";
    let (ok, ko) = ("1522406682847\t1522406682947\tOK\t ", "1522406682847\t1522406682857\tKO\tfound \"nothing");
    let ok = format!("REQUEST\t7\tcart,pay\tget\t{ok}");
    counts(
        Format::Gatling,
        &[run, "USER\ta\t7\tSTART\t1\t1", &ok, &format!("REQUEST\t7\t\tget\t{ko}")],
        (2, 1, 110_000),
    );
    let xml = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<testResults version=\"1.2\">",
        "<httpSample t=\"30\" ts=\"1132021485561\" s=\"false\" lb=\"page\" rc=\"200\" rm=\"OK\">",
        "  <httpSample t=\"10\" ts=\"1132021485561\" s=\"true\" lb=\"part\" rc=\"200\" rm=\"OK\"/>",
        "</httpSample>",
        "<sample t=\"5\" ts=\"1132021485561\" s=\"true\" lb=\"sql\"/>",
        "<sample t=\"35\" ts=\"1132021485561\" s=\"true\" lb=\"tx\" rm=\"Number of samples in transaction : 2, number of failing samples : 1\"/>",
        "</testResults>",
    ];
    counts(Format::Jtl, &xml, (2, 1, 35_000));
}

proptest::proptest! {
    #[test]
    fn no_beginning_breaks_anything(
        line in proptest::sample::select(vec![NGINX, "#Fields: date time time-taken", "Tag=", "RUN\t", "<sample ", "{\"type\":1}", "h2 "]),
        rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        cut in 0_usize..120,
    ) {
        let head = [&line.as_bytes()[..cut.min(line.len())], &rest].concat();
        detect("a", &head);
        assumed("a.csv", &head);
        for format in [Format::Alb, Format::W3c, Format::Combined, Format::Jtl, Format::K6, Format::Gatling, Format::Csv] {
            of(format, &head);
        }
    }
}

#[test]
fn the_host_may_come_first_and_the_common_format_ends_sooner() {
    let (took, latency, names) = access(&format!("example.com:443 {NGINX} 0.005\n"));
    assert_eq!((names[0].as_str(), names[1].as_str(), names[4].as_str()), ("server_name", "remote_addr", "time_local"));
    assert_eq!((took, latency), (Some(Behind::Field(0)), seconds()));
    let common = "192.0.2.1 - bob [21/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 -";
    let (took, latency, names) = access(&format!("{common} 12345\n{common} 812\n"));
    assert_eq!(names[5..], ["status", "body_bytes_sent", "request_time", "field_8"]);
    assert_eq!((took, latency), (Some(Behind::Field(0)), None), "a whole number may be a port");
}

#[test]
fn a_line_that_is_cut_off_at_the_end_of_the_head_says_nothing() {
    assert_eq!(access(&format!("{NGINX} 0.005\n{NGINX} 0.0")).1, seconds());
}

#[test]
fn what_time_taken_is_in_depends_on_who_wrote_it() {
    let unit = |head: &str| match of(Format::W3c, head.as_bytes()).unwrap() {
        Recipe { latency, lines: Lines::Delimited { by, .. }, .. } => (latency.first().cloned(), by),
        other => panic!("{other:?}"),
    };
    let taken = |unit| Some(LatencyFrom::Column("time-taken".into(), unit));
    let iis = "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time sc-status time-taken\n";
    assert_eq!(unit(&format!("{iis}2026-11-21 10:00:00 200 15\n")), (taken(TimeUnit::Milliseconds), Some(b' ')));
    let other = "#Fields: date time sc-status time-taken\n";
    assert_eq!(unit(&format!("{other}2026-11-21 10:00:00 200 0.015\n")), (taken(TimeUnit::Seconds), Some(b' ')));
    assert_eq!(unit(&format!("{other}2026-11-21 10:00:00 200 15\n")), (None, Some(b' ')));
    let cloudfront = "#Fields:\tdate\ttime\tx-edge-location\ttime-taken\n";
    assert_eq!(unit(cloudfront), (taken(TimeUnit::Seconds), Some(b'\t')));
}

#[test]
fn gatlings_requests_have_a_user_or_none() {
    let names = |head: &str| match of(Format::Gatling, head.as_bytes()).unwrap().lines {
        Lines::Records { names, .. } => names[1],
        other => panic!("{other:?}"),
    };
    assert_eq!(names("RUN\ta.B\tb\t1522406682290\t \t3.5.1\n"), "group");
    assert_eq!(names("RUN\ta.B\tb\t1522406682290\t \t3.2.1\n"), "user");
    assert_eq!(names("RUN\tx\nREQUEST\t7\t\tget\t1522406682847\t1522406683226\tOK\t \n"), "user");
    assert_eq!(names("RUN\tx\nREQUEST\t\tget\t1522406682847\t1522406683226\tOK\t \n"), "group");
}

#[test]
fn jmeter_is_read_with_and_without_a_header_and_as_xml() {
    let jtl = |head: &str| of(Format::Jtl, head.as_bytes()).unwrap();
    let bare = "1551783627191,351,a,200,OK,T 1-1,text,true,,18,8,1,1,null,0,0,0\n";
    assert!(matches!(jtl(bare).lines, Lines::Delimited { names: Names::Fixed(names), .. } if names[2] == "label"));
    let short = jtl("timeStamp,elapsed,label,responseCode\n1,2,a,200\n");
    assert_eq!((short.error, short.only, short.ends), (None, None, vec![("responseCode".into(), Means::Status)]));
    let nested = "<testResults version=\"1.2\">\n  <sample t=\"1\">\n    <httpSample t=\"1\"/>\n";
    assert!(matches!(jtl(nested).lines, Lines::Attributes { indent: 2, .. }));
}

#[test]
fn tables_say_by_usual_names_what_their_columns_are() {
    let csv = of(Format::Csv, b"time;arm;statusCode;took_us\n").unwrap();
    assert_eq!(csv.latency, [LatencyFrom::Column("took_us".into(), TimeUnit::Microseconds)]);
    assert_eq!(csv.ends, [("statusCode".into(), Means::Status)]);
    let ndjson = of(Format::Ndjson, b"{\"ts\":1,\"status\":200,\"latency\":3}\n").unwrap();
    assert_eq!((ndjson.latency, ndjson.ends), (vec![], vec![("status".into(), Means::Status)]));
}

#[test]
fn a_format_is_told_by_how_a_file_begins() {
    let point = r#"{"type":"Point","metric":"vus","data":{"time":"2026-11-21T10:00:00Z","value":1,"tags":{}}}"#;
    let alb = "https 2026-11-21T10:00:00.123456Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.0 0.1 0.0 200 200 34 366 \"GET ";
    let listing = "       Value     Percentile TotalCount 1/(1-Percentile)\n";
    let cases: &[(&str, &str, Format)] = &[
        ("a", "PAR1....", Format::Parquet),
        ("a.sketch", "PAR1....", Format::Sketch),
        ("a.log", "#[Histogram log format version 1.3]\n", Format::Hlog),
        ("a.log", "Tag=A,0.127,1.007,2.769,HISTFAAAAEV42pNpmS\n", Format::Hlog),
        ("a.out", listing, Format::Percentiles),
        ("a", "\"Value\",\"Percentile\",\"TotalCount\",\"1/(1-Percentile)\"\n", Format::Percentiles),
        ("E2.gz", "#Version: 1.0\n#Fields: date time sc-status time-taken\n", Format::W3c),
        ("simulation.log", "RUN\ta.B\tb\t1522406682290\t \t3.5.1\nUSER\ta\tSTART\t1\t1\n", Format::Gatling),
        ("a.jtl", "1551783627191,351,a,200,OK,T 1-1,text,true,,18,8,1,1,null,0,0,0\n", Format::Jtl),
        ("a", "\u{feff}timeStamp;elapsed;label;success\n", Format::Jtl),
        ("a", "<?xml version=\"1.0\"?>\n<testResults version=\"1.2\">\n", Format::Jtl),
        ("a", point, Format::K6),
        ("a", "metric_name,timestamp,metric_value,check\n", Format::K6),
        ("a", alb, Format::Alb),
        ("a", NGINX, Format::Combined),
        ("a", "time,arm,status,latency_ms\n", Format::Csv),
        ("a", "time\tarm\tstatus\tlatency_ms\n", Format::Tsv),
        ("a", "{\"time\":1,\"path\":\"/\",\"status\":200,\"took_ms\":3}\n{\"ti", Format::Ndjson),
    ];
    for (name, head, format) in cases {
        assert_eq!(detect(name, head.as_bytes()), Some(*format), "{head}");
    }
}

#[test]
fn what_may_be_something_else_is_not_guessed() {
    let heads = [
        "",
        "\n\n",
        "time,arm,errors,requests,p95_ms\n2026-11-21T10:00:00Z,baseline,1,100,12\n",
        "time,arm,latency_ms\n2026-11-21T10:00:00Z,baseline,12\n",
        "{\"time\":1,\"value\":2}\n",
        "{\"requests\":{\"total\":3},\"status\":200,\"path\":\"/\",\"latency_ms\":3}\n",
        "{\"time\":1,\"path\":\"/\",\"status\":200,\"took_ms\":",
        "{\n",
        "[{\"status\":200,\"latency_ms\":3}]\n",
        "2026-11-21T10:00:00Z INFO request took 12 ms\n",
        "RUN\tfast\nother\tthing\n",
        "<html><body>\n",
        "1551783627191,351,a,200,OK,T 1-1,text,true,,18,8,1,1,null,0,0,0\n",
        "192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] GET /a 200\n",
        "http 2026-11-21T10:00:00.123456Z my-classic-elb 192.0.2.1:2817 10.0.0.1:80 0.0 0.1 0.0 200 200 34 366 \"GET ",
        "#Fields: name value\n",
        "#[Histogram log format version 1.0]\n#Tag,count,p99\nTag=a,1.5,2.0,3.0,12\n",
    ];
    for head in heads {
        assert_eq!(detect("access.csv", head.as_bytes()), None, "{head}");
    }
    assert_eq!(detect("noise", &[0xff, 0x00, 0x80, 0x1f, 0x8b]), None);
}

#[test]
fn a_table_that_is_known_to_hold_requests_needs_no_usual_columns() {
    assert_eq!(assumed("a.CSV.gz", b"when,arm,lag\n"), Some(Format::Csv));
    assert_eq!(assumed("a.log", b"when\tarm\tlag\n"), Some(Format::Tsv));
    assert_eq!(assumed("-", b"{\"lag\":1}\n"), Some(Format::Ndjson));
    assert_eq!(assumed("-", b"just words\n"), None);
    assert_eq!(assumed("a.csv", alb_line().as_bytes()), Some(Format::Alb));
}

fn alb_line() -> String {
    let request = r#""GET http://a:80/ HTTP/1.1" "c""#;
    "h2 2026-11-21T10:00:00.123456Z app/a/b 192.0.2.1:1 - -1 -1 -1 502 - 34 366 ".to_string() + request
}
