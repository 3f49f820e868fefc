//! What load generators report of a whole run, or of its periods: counts, and percentiles that nobody can take apart again.
//!
//! A run is one row. Its counts are counts; its percentiles have the number of requests beside them and are one number each, so
//! that no criterion on them is decided by one run. A report that does not tell its time gets a day of its own.

use serde_json::Value;

use super::super::object::push;
use super::super::rewritten::numbered_day;
use super::super::table::{Keep, Table};
use super::members::{Object, at};
use crate::source::error::Error;

/// One run or period of it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::source::file) struct Run {
    time: Option<Value>,
    requests: f64,
    errors: f64,
    /// Names with the unit, and values.
    percentiles: Vec<(&'static str, Value)>,
}

pub(super) fn read(document: &Object, keep: Keep) -> Option<Result<Table, Error>> {
    match periods(document) {
        Some(runs) => Some(table(document, runs, keep)),
        None => lacking(document).map(Err),
    }
}

/// What a report lacks that is known and has no counts.
fn lacking(document: &Object) -> Option<Error> {
    let metrics = document.get("metrics")?.as_object()?;
    let has = |name: &str| metrics.contains_key(name);
    let is_of_k6 = has("http_reqs") || has("iterations") && (has("vus") || has("data_sent"));
    is_of_k6.then(|| {
        let missing: Vec<&str> = ["http_reqs", "http_req_failed"].into_iter().filter(|name| !has(name)).collect();
        Error::unreadable(format!("is a summary of k6 without usable {}", crate::source::error::listed(missing)))
            .hint("It has to say how many HTTP requests there were, and how many failed: k6 does from 0.31 on. `k6 run --out csv=FILE` writes each request.")
    })
}

/// The runs or periods of a report that is known.
fn periods(document: &Object) -> Option<Vec<Run>> {
    let one = |run: Option<Run>| run.map(|run| vec![run]);
    artillery(document)
        .or_else(|| one(k6(document)))
        .or_else(|| one(autocannon(document)))
        .or_else(|| one(vegeta(document)))
        .or_else(|| one(oha(document)))
        .or_else(|| one(fortio(document)))
        .or_else(|| one(gatling(document)))
        .or_else(|| one(jmeter(document)))
}

fn table(document: &Object, runs: Vec<Run>, keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("period");
    for (at, run) in runs.into_iter().enumerate() {
        let begins = || Value::from(numbered_day([serde_json::to_vec(document).unwrap_or_default().as_slice()]));
        let time = run.time.clone().unwrap_or_else(begins);
        push(&mut table, at as u64 + 1, &run.row(time), keep)?;
    }
    Ok(table.finish())
}

/// The whole run that a report is of; nothing where it is no report that is known.
///
/// # Errors
///
/// Unreadable: the report is known, and lacks its counts.
pub(in crate::source::file) fn run(document: &Object) -> Option<Result<Run, Error>> {
    let aggregate = || document.get("intermediate").and_then(|_| artillery_period(document.get("aggregate")?));
    let run = aggregate().or_else(|| periods(document)?.pop());
    run.map(Ok).or_else(|| lacking(document).map(Err))
}

/// The reports of several runs. Each is a row, and whenever it was, one comes after the other: no run has a partner.
pub(in crate::source::file) fn of_runs(runs: &[Run], keep: Keep) -> Result<Table, Error> {
    let written = format!("{runs:?}");
    let begins = numbered_day([written.as_bytes()]);
    let mut table = Table::new("run");
    for (at, run) in (0u64..).zip(runs) {
        push(&mut table, at + 1, &run.row(Value::from(begins + at)), keep)?;
    }
    Ok(table.finish())
}

impl Run {
    /// A run that does not tell its time, by what is written of it.
    pub(in crate::source::file) fn undated(
        written: &[u8],
        requests: f64,
        errors: f64,
        percentiles: Vec<(&'static str, Value)>,
    ) -> Run {
        Run { time: Some(Value::from(numbered_day([written]))), requests, errors, percentiles }
    }

    fn row(&self, time: Value) -> Object {
        let counts = [("time", time), ("requests", count(self.requests)), ("errors", count(self.errors))];
        let percentiles = self.percentiles.iter().map(|(name, value)| (*name, value.clone()));
        counts.into_iter().chain(percentiles).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn count(number: f64) -> Value {
    if number.fract() == 0.0 && number >= 0.0 { Value::from(number as u64) } else { Value::from(number) }
}

fn number(value: &Value, path: &[&str]) -> Option<f64> {
    at(value, path)?.as_f64()
}

/// The members of an object under these names.
fn percentiles(object: Option<&Value>, names: &[(&str, &'static str)]) -> Vec<(&'static str, Value)> {
    let found = names.iter().filter_map(|(name, column)| Some((*column, object?.get(name)?.clone())));
    found.filter(|(_, value)| value.is_number()).collect()
}

/// The counts of codes that are errors: those of 500 and more, and 0 for who got no answer.
fn failed(codes: impl Iterator<Item = (impl AsRef<str>, f64)>) -> f64 {
    let is_error = |code: &str| code.parse::<u32>().is_ok_and(|code| code == 0 || code >= 500);
    codes.filter(|(code, _)| is_error(code.as_ref())).map(|(_, count)| count).sum()
}

/// `artillery run --output`: a period for each entry of `intermediate`.
fn artillery(document: &Object) -> Option<Vec<Run>> {
    let periods = document.get("intermediate")?.as_array()?;
    document.get("aggregate")?;
    periods.iter().map(|one| artillery_period(one).filter(|run| run.time.is_some())).collect()
}

fn artillery_period(one: &Value) -> Option<Run> {
    let counters: Vec<(&String, f64)> =
        one.get("counters")?.as_object()?.iter().filter_map(|(name, count)| Some((name, count.as_f64()?))).collect();
    let named = |name: &str| counters.iter().find(|(known, _)| *known == name).map(|(_, count)| *count);
    let codes = counters.iter().filter_map(|(name, count)| Some((name.strip_prefix("http.codes.")?, *count)));
    let unanswered = counters.iter().filter(|(name, _)| name.starts_with("errors.")).map(|(_, count)| count);
    Some(Run {
        time: one.get("period").cloned(),
        requests: named("http.requests").unwrap_or(0.0),
        errors: failed(codes) + unanswered.sum::<f64>(),
        percentiles: percentiles(
            at(one, &["summaries", "http.response_time"]),
            &[("p50", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms")],
        ),
    })
}

/// `k6 run --summary-export`, or the data of `handleSummary`. A request counts as failed as k6 itself counts it.
fn k6(document: &Object) -> Option<Run> {
    let metrics = document.get("metrics")?;
    let values = |name: &str| metrics.get(name).map(|metric| metric.get("values").unwrap_or(metric));
    let failed = values("http_req_failed")?;
    let requests = number(values("http_reqs")?, &["count"])?;
    let counted = number(failed, &["passes"]).filter(|_| number(failed, &["fails"]).is_some());
    let share = number(failed, &["value"]).or_else(|| number(failed, &["rate"]));
    let errors = counted.or_else(|| Some((share? * requests).round()))?;
    let names = [("med", "p50_ms"), ("p(90)", "p90_ms"), ("p(95)", "p95_ms"), ("p(99)", "p99_ms")];
    Some(Run { time: None, requests, errors, percentiles: percentiles(values("http_req_duration"), &names) })
}

/// `autocannon --json`: `errors` are requests without an answer, those that ran out of time among them.
fn autocannon(document: &Object) -> Option<Run> {
    let value = Value::Object(document.clone());
    let of = |name: &str| number(&value, &[name]);
    at(&value, &["latency", "p97_5"])?;
    let (answered, unanswered) =
        (["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().filter_map(of).sum::<f64>(), of("errors")?);
    Some(Run {
        time: document.get("start").cloned(),
        requests: answered + unanswered,
        errors: of("5xx")? + unanswered,
        percentiles: percentiles(document.get("latency"), &[("p50", "p50_ms"), ("p90", "p90_ms"), ("p99", "p99_ms")]),
    })
}

/// `vegeta report --type json`: latencies in nanoseconds.
fn vegeta(document: &Object) -> Option<Run> {
    let codes = document.get("status_codes")?.as_object()?;
    let latencies = document.get("latencies").filter(|latencies| latencies.get("99th").is_some());
    latencies?;
    Some(Run {
        time: document.get("earliest").cloned(),
        requests: document.get("requests")?.as_f64()?,
        errors: failed(codes.iter().filter_map(|(code, count)| Some((code, count.as_f64()?)))),
        percentiles: percentiles(
            latencies,
            &[("50th", "p50_ns"), ("90th", "p90_ns"), ("95th", "p95_ns"), ("99th", "p99_ns")],
        ),
    })
}

/// `oha --output-format json`: latencies in seconds.
fn oha(document: &Object) -> Option<Run> {
    let codes = document.get("statusCodeDistribution")?.as_object()?;
    let percents = document.get("latencyPercentiles");
    percents?;
    let counts = |object: &Object| -> Vec<(String, f64)> {
        object.iter().filter_map(|(name, count)| Some((name.clone(), count.as_f64()?))).collect()
    };
    let (codes, errors) = (counts(codes), document.get("errorDistribution").and_then(Value::as_object).map(counts));
    let unanswered: f64 = errors.unwrap_or_default().iter().map(|(_, count)| count).sum();
    Some(Run {
        time: None,
        requests: codes.iter().map(|(_, count)| count).sum::<f64>() + unanswered,
        errors: failed(codes.into_iter()) + unanswered,
        percentiles: percentiles(percents, &[("p50", "p50_s"), ("p90", "p90_s"), ("p95", "p95_s"), ("p99", "p99_s")]),
    })
}

/// `fortio load -json`: latencies in seconds.
fn fortio(document: &Object) -> Option<Run> {
    let (histogram, codes) = (document.get("DurationHistogram")?, document.get("RetCodes")?.as_object()?);
    let percentile = |percent: f64| {
        let all = histogram.get("Percentiles")?.as_array()?;
        all.iter().find(|one| number(one, &["Percentile"]) == Some(percent))?.get("Value").cloned()
    };
    let names = [(50.0, "p50_s"), (90.0, "p90_s"), (99.0, "p99_s")];
    // a code that is no HTTP status is an error of the connection
    let is_error =
        |code: &str| code.parse::<i64>().map_or(!code.eq_ignore_ascii_case("ok"), |code| !(100..500).contains(&code));
    Some(Run {
        time: document.get("StartTime").cloned(),
        requests: number(histogram, &["Count"])?,
        errors: codes.iter().filter(|(code, _)| is_error(code)).filter_map(|(_, count)| count.as_f64()).sum(),
        percentiles: names.into_iter().filter_map(|(percent, name)| Some((name, percentile(percent)?))).collect(),
    })
}

/// Gatling's `stats.json` or `global_stats.json`. Which percentiles they hold is configured elsewhere, so they are left out.
fn gatling(document: &Object) -> Option<Run> {
    let stats = document.get("stats").and_then(Value::as_object).unwrap_or(document);
    let requests = stats.get("numberOfRequests")?;
    stats.get("meanResponseTime")?;
    let of = |name: &str| number(requests, &[name]);
    Some(Run { time: None, requests: of("total")?, errors: of("ko")?, percentiles: Vec::new() })
}

/// `statistics.json` of JMeter's report. Which percentiles it holds beside the median is configured elsewhere.
fn jmeter(document: &Object) -> Option<Run> {
    let total = document.get("Total").filter(|total| total.get("errorPct").is_some())?;
    Some(Run {
        time: None,
        requests: number(total, &["sampleCount"])?,
        errors: number(total, &["errorCount"])?,
        percentiles: percentiles(Some(total), &[("medianResTime", "p50_ms")]),
    })
}
