//! The formats that people have, as recipes.

use super::super::TimeUnit;
use super::super::number::with_unit;
use super::head;
use super::known::{self, Known};
use super::proxies;
use super::sample::Sample;
use super::usual;
use super::{LatencyFrom, Lines, Means, Names, Recipe, TimeFrom};
use crate::source::requests::condition::{Condition, Literal, Relation, Test};

/// The columns of JMeter's CSV where it is written without a header.
const JTL: [&str; 17] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];

const GATLING: [&str; 7] = ["record", "group", "name", "start", "end", "status", "message"];
/// Up to Gatling 3.3.
const GATLING_WITH_USER: [&str; 8] = ["record", "user", "group", "name", "start", "end", "status", "message"];

/// What JMeter says of a transaction controller's sample: a sum of samples that are in the file themselves.
const TRANSACTION: &str = "Number of samples in transaction*";

fn recipe(lines: Lines) -> Recipe {
    Recipe::plain(lines)
}

fn status(name: &str) -> Vec<(String, Means)> {
    vec![(name.to_owned(), Means::Status)]
}

fn column(name: &str) -> TimeFrom {
    TimeFrom::Column(name.into())
}

fn milliseconds(name: &str) -> LatencyFrom {
    LatencyFrom::Column(name.into(), TimeUnit::Milliseconds)
}

fn test(column: &str, relation: Relation, value: Literal) -> Condition {
    Condition::Is(Test { column: column.into(), relation, values: vec![value] })
}

fn is(column: &str, text: &str) -> Condition {
    test(column, Relation::Equal, Literal::Text(text.into()))
}

/// Tables of one's own, and those of programs that are known by the names of their columns.
pub(super) fn table(lines: Lines, head: &[u8]) -> Recipe {
    let sample = Sample::of(&lines, head, |name| {
        usual::is_telling(name)
            || known::is_latency(name)
            || DATE_AND_TIME.iter().any(|part| name.eq_ignore_ascii_case(part))
    });
    let names: Vec<&str> = sample.names.iter().map(String::as_str).collect();
    if let Some(known) = known::of(&names) {
        return of_program(known, &sample, lines);
    }
    let (mut latency, mut because) = (None, None);
    if let Some((name, unit)) = usual::pick_latency(&names) {
        let cells = sample.cells(name);
        let unit = unit.map(|unit| LatencyFrom::Column(name.into(), unit));
        latency = unit.or_else(|| is_written(cells).then(|| LatencyFrom::Written(name.into())));
        if latency.is_none() && is_of_nginx(name, &names, cells) {
            latency = Some(LatencyFrom::Column(name.into(), TimeUnit::Seconds));
            because = Some("by its three decimals");
        }
    }
    let (time, latency) = (date_and_time(&sample).into_iter().collect(), latency.into_iter().collect());
    Recipe { time, latency, ends: usual::ends(&sample), because, ..recipe(lines) }
}

/// The names of a date and a time of the day in two columns.
const DATE_AND_TIME: [&str; 2] = ["date", "time"];

/// A date in one column and the time of the day in another.
fn date_and_time(sample: &Sample) -> Option<TimeFrom> {
    let [date, time] = DATE_AND_TIME.map(|part| sample.names.iter().find(|name| name.eq_ignore_ascii_case(part)));
    let (date, time) = (date?, time?);
    let of_day = |cell: &String| cell.contains(':') && !cell.contains(['-', '/', 'T']);
    let parted = usual::most(sample.cells(time), of_day) && usual::most(sample.cells(date), |cell| !cell.contains(':'));
    parted.then(|| TimeFrom::LocalDateAndTime(date.clone(), time.clone()))
}

/// A program's log, as its authors describe it.
fn of_program(known: &Known, sample: &Sample, lines: Lines) -> Recipe {
    let (latency, unit) = known.latency;
    let latency = match is_written(sample.cells(latency)) {
        true => LatencyFrom::Written(latency.into()),
        false => LatencyFrom::Column(latency.into(), unit),
    };
    let time = match known.program {
        "CloudFront" => vec![TimeFrom::DateAndTime("date".into(), "time".into())],
        _ => known.time.iter().map(|name| column(name)).collect(),
    };
    let only = known.status.filter(|_| known.mixed).map(|status| match known.program {
        // the other lines of an invocation have a status, too
        "AWS Lambda" => is("type", "platform.report"),
        // what took its time is a request: one that nobody answered has no status
        _ => Condition::Any(vec![
            test(status, Relation::AtLeast, Literal::Number(0.0)),
            test(known.latency.0, Relation::Like, Literal::Text("*[0-9]*".into())),
        ]),
    });
    // what went wrong before there was a status is in its own column
    let usual = usual::ends(sample).into_iter().filter(|(_, means)| known.status.is_none() || *means == Means::Fault);
    Recipe {
        time,
        latency: vec![latency],
        ends: known.status.into_iter().flat_map(status).chain(usual).collect(),
        error: if known.program == "Envoy" { proxies::envoy_errors() } else { None },
        only,
        because: Some(known.program),
        ..recipe(lines)
    }
}

/// Whether every cell says its unit.
fn is_written(cells: &[String]) -> bool {
    usual::most(cells, |cell| with_unit(cell.as_bytes()).is_some())
}

/// nginx writes `$request_time` in seconds with exactly three decimals. Under another name that is only believed beside more
/// of its variables: others write milliseconds so. So long as tens of seconds no usual request takes.
fn is_of_nginx(name: &str, names: &[&str], cells: &[String]) -> bool {
    const VARIABLES: [&str; 13] = [
        "reqtime",
        "apptime",
        "vhost",
        "body_bytes_sent",
        "bytes_sent",
        "remote_addr",
        "request_uri",
        "http_user_agent",
        "http_referer",
        "time_local",
        "time_iso8601",
        "upstream_response_time",
        "upstream_addr",
    ];
    let seconds = |cell: &String| cell == "0" || cell.split_once('.').is_some_and(|(_, decimals)| decimals.len() <= 3);
    let whole = cells.iter().any(|cell| cell.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3));
    let mut numbers: Vec<f64> = cells.iter().filter_map(|cell| cell.parse().ok()).collect();
    numbers.sort_by(f64::total_cmp);
    let short = numbers.get(numbers.len() / 2).is_some_and(|median| *median < 10.0);
    let named = name == "request_time" || VARIABLES.iter().any(|variable| names.contains(variable));
    named && short && whole && usual::most(cells, |cell| seconds(cell) && cell.parse::<f64>().is_ok())
}

/// CloudFront separates by tabs, IIS by spaces. `time-taken` is in seconds with CloudFront and as the format's authors meant
/// it, and in milliseconds with IIS; whole numbers of anybody else could be either.
pub(super) fn w3c(head: &[u8]) -> Recipe {
    let names: &[u8] = head::lines(head).find(|line| line.starts_with(b"#Fields:")).unwrap_or_default();
    let mut rows = head::whole(head).filter(|line| !line.starts_with(b"#"));
    let first = rows.next().unwrap_or_default();
    let has = |text: &str| memchr::memmem::find(names, text.as_bytes()).is_some();
    let iis = memchr::memmem::find(head, b"Microsoft Internet Information Services").is_some();
    let by = if names.is_empty() || has("x-edge-") || first.contains(&b'\t') { b'\t' } else { b' ' };
    let place = names[names.len().min(8)..].split(u8::is_ascii_whitespace).filter(|name| !name.is_empty());
    let place = place.into_iter().position(|name| name == b"time-taken");
    let taken = place.and_then(|at| first.split(|byte| *byte == by).nth(at)).unwrap_or_default();
    let unit = match () {
        () if iis => Some(TimeUnit::Milliseconds),
        () if names.is_empty() || has("x-edge-") || taken.contains(&b'.') => Some(TimeUnit::Seconds),
        () => None,
    };
    Recipe {
        time: vec![TimeFrom::DateAndTime("date".into(), "time".into()), column("timestamp")],
        latency: unit.map(|unit| LatencyFrom::Column("time-taken".into(), unit)).into_iter().collect(),
        ends: status("sc-status"),
        ..recipe(Lines::Delimited { by: Some(by), names: Names::LineWith("#Fields:") })
    }
}

/// JMeter says itself what failed. As in its reports, transactions are left out of the total: their requests are in it.
pub(super) fn jtl(head: &[u8]) -> Recipe {
    let transaction = |column: &str| {
        let is = test(column, Relation::Like, Literal::Text(TRANSACTION.into()));
        Condition::Not(Box::new(is))
    };
    if head::first(head).starts_with(b"<") {
        let indent = head::lines(head).find_map(sample).unwrap_or(0);
        return Recipe {
            time: vec![column("ts")],
            latency: vec![milliseconds("t")],
            ends: vec![("s".into(), Means::Success)],
            only: Some(transaction("rm")),
            ..recipe(Lines::Attributes { elements: &["httpSample", "sample"], indent })
        };
    }
    let header = head::header(head).map(|(names, _)| names).unwrap_or_default();
    let has = |name: &str| header.is_empty() || header.iter().any(|known| known == name);
    let names = if headerless_jtl(head) { Names::Fixed(&JTL) } else { Names::FirstLine };
    let ends = if has("success") { vec![("success".into(), Means::Success)] } else { status("responseCode") };
    Recipe {
        time: vec![column("timeStamp")],
        latency: vec![milliseconds("elapsed")],
        ends,
        only: has("responseMessage").then(|| transaction("responseMessage")),
        ..recipe(Lines::Delimited { by: None, names })
    }
}

/// The spaces before a sample.
fn sample(line: &[u8]) -> Option<usize> {
    let tag = line.trim_ascii_start();
    let sample = tag.starts_with(b"<httpSample ") || tag.starts_with(b"<sample ");
    sample.then(|| line.len() - tag.len())
}

/// Whether a file looks like JMeter's CSV without its header.
pub(super) fn headerless_jtl(head: &[u8]) -> bool {
    let cells: Vec<&[u8]> = head::first(head).split(|byte| *byte == b',').collect();
    let digits = |at: usize| cells.get(at).is_some_and(|cell| !cell.is_empty() && cell.iter().all(u8::is_ascii_digit));
    digits(0) && cells[0].len() == 13 && digits(1) && cells.len() >= JTL.len()
}

/// k6 writes a row per metric and request; the duration is the one that every request has. What k6 did not expect is an
/// error as in its `http_req_failed`; where expectations are switched off, the statuses that it does not expect otherwise.
pub(super) fn k6(head: &[u8]) -> Recipe {
    let json = head::object(head).is_some();
    let header = head::header(head).map(|(names, _)| names).unwrap_or_default();
    let bad = Condition::Any(vec![
        test("status", Relation::AtLeast, Literal::Number(400.0)),
        test("status", Relation::Equal, Literal::Number(0.0)),
    ]);
    let expects = json || header.is_empty() || header.iter().any(|name| name == "expected_response");
    let unexpected = |bad| {
        let expected = Condition::Not(Box::new(is("expected_response", "true")));
        Condition::Any(vec![is("expected_response", "false"), Condition::All(vec![expected, bad])])
    };
    let error = Some(if expects { unexpected(bad) } else { bad });
    if json {
        let duration = vec![is("type", "Point"), is("metric", "http_req_duration")];
        return Recipe {
            time: vec![column("data.time")],
            latency: vec![milliseconds("data.value")],
            error,
            only: Some(Condition::All(duration)),
            ..recipe(Lines::JsonWithin { within: &["data.tags", "data"] })
        };
    }
    Recipe {
        time: vec![column("timestamp")],
        latency: vec![milliseconds("metric_value")],
        error,
        only: Some(is("metric_name", "http_req_duration")),
        ..recipe(Lines::Delimited { by: Some(b','), names: Names::FirstLine })
    }
}

/// Gatling's log while it was text: 3.0 to 3.3 name the user in every request, later ones do not.
pub(super) fn gatling(head: &[u8]) -> Recipe {
    let request = head::whole(head).find(|line| line.starts_with(b"REQUEST\t"));
    let instant = |cell: &[u8]| cell.len() == 13 && cell.iter().all(u8::is_ascii_digit);
    let user = match request {
        Some(line) => line.split(|byte| *byte == b'\t').position(instant) == Some(4),
        None => {
            let version = head::first(head).rsplit(|byte| *byte == b'\t').next().unwrap_or_default().trim_ascii();
            [&b"3.0"[..], b"3.1", b"3.2", b"3.3"].iter().any(|old| version.starts_with(old))
        }
    };
    let names: &[&str] = if user { &GATLING_WITH_USER } else { &GATLING };
    Recipe {
        time: vec![column("start")],
        latency: vec![LatencyFrom::Between("start".into(), "end".into(), TimeUnit::Milliseconds)],
        error: Some(is("status", "KO")),
        ..recipe(Lines::Records { kind: "REQUEST", by: b'\t', names })
    }
}
