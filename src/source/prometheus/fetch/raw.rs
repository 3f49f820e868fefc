//! Samples in chunks: raw ones as they were scraped, and those of an expression at each step.
//!
//! A chunk is a stretch of time. Its length follows from how many samples the one before had, so that an answer and what
//! is read from it take about 100 MB at most, however many series there are; where the server itself says that it is too
//! much, it is halved. Every chunk is read whole before anything of it counts.

use std::collections::BTreeMap;

use super::client::Refused;
use super::origin::Origin;
use super::wire::{Body, Line, Metric, Sample};
use crate::series::Remark;
use crate::source::Error;
use crate::source::error::quoted;
use crate::source::prometheus::Scrapes;
use crate::source::prometheus::promql::{self, Selector};
use crate::source::prometheus::tracks::{Labels, instant, label, shown};

/// The first chunk, in milliseconds.
const FIRST: i64 = 3_600_000;
/// No chunk is shorter.
const LEAST: i64 = 10_000;
/// Nor longer.
const LONGEST: i64 = 86_400_000;
/// So many samples are a good chunk.
const GOOD: i64 = 500_000;
/// Prometheus answers with no more points of a series.
const POINTS: i64 = 11_000;

/// What the server said beside its answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Vec<Remark>);

impl Said {
    /// Adds what it said beside others.
    pub fn add(&mut self, more: Said) {
        self.0.extend(more.0);
    }

    /// As remarks, each once.
    pub fn remarks(mut self) -> Vec<Remark> {
        self.0.sort();
        self.0.dedup();
        self.0
    }

    /// Of a warning that is not about the query, data is missing: a store that did not answer, a part that was left out.
    fn hear(&mut self, body: &Body) {
        for warning in &body.warnings {
            let text = format!("the server warns: {}", crate::plain::line(warning));
            let is_of_query = warning.starts_with("PromQL warning");
            self.0.push(if is_of_query { Remark::suspect(text) } else { Remark::incomplete(text) });
        }
        let infos = body.infos.iter().map(|info| format!("the server says: {}", crate::plain::line(info)));
        self.0.extend(infos.map(Remark::detail));
        if body.is_partial {
            self.0.push(Remark::incomplete("the server says that its answer is partial: a part of it did not answer"));
        }
    }
}

/// All samples of a selector after an instant up to another, in order, as chunks of series.
pub(super) fn samples(
    origin: &Origin,
    selector: &Selector,
    (from, to): (i64, i64),
    said: &mut Said,
    mut take: impl FnMut(Vec<Line>) -> Result<(), Error>,
) -> Result<(), Error> {
    let client = match origin {
        Origin::Server(client) => client,
        Origin::Scrapes(scrapes) => return take(saved(scrapes, selector, (from, to))?),
    };
    let (mut at, mut length) = (from, FIRST);
    while at < to {
        let end = to.min(at.saturating_add(length));
        let query = format!("{selector}[{}ms]", end - at);
        match client.call("query", &[("query", query), ("time", seconds(end))]) {
            Ok(body) => {
                said.hear(&body);
                let lines = lines(body, (at, end))?;
                selected(&lines, selector)?;
                let samples: usize = lines.iter().map(|line| line.values.len() + 20 * line.histograms.len()).sum();
                take(lines)?;
                let fitting = (end - at).saturating_mul(GOOD) / i64::try_from(samples).unwrap_or(GOOD).max(1);
                length = fitting.clamp(LEAST, LONGEST);
                at = end;
            }
            Err(Refused::TooMuch(_)) if end - at > LEAST => length = ((end - at) / 2).max(LEAST),
            Err(refused) => return Err(failed(refused)),
        }
    }
    Ok(())
}

/// What an expression is at the end of each step of a window, by the start of the step; all series of it.
pub(super) fn range(
    origin: &Origin,
    query: &str,
    (start, end, step): (i64, i64, i64),
    said: &mut Said,
    mut take: impl FnMut(Vec<Line>) -> Result<(), Error>,
) -> Result<(), Error> {
    let client = match origin {
        Origin::Server(client) => client,
        Origin::Scrapes(scrapes) => return take(last_saved(scrapes, query, (start, end, step))?),
    };
    let (mut at, mut points) = (start + step, POINTS);
    while at <= end {
        let last = end.min(at.saturating_add((points - 1).saturating_mul(step)));
        let form = [
            ("query", query.to_owned()),
            ("start", seconds(at)),
            ("end", seconds(last)),
            ("step", seconds(step)),
            ("nocache", "1".to_owned()),
        ];
        match client.call("query_range", &form) {
            Ok(body) => {
                said.hear(&body);
                take(lines(body, (at, last))?)?;
                at = last + step - (last - at) % step;
            }
            Err(Refused::TooMuch(_)) if points > 1 => points = (points / 2).max(1),
            Err(refused) => return Err(failed(refused)),
        }
    }
    Ok(())
}

/// Saved samples after an instant up to another.
fn saved(scrapes: &Scrapes, selector: &Selector, (from, to): (i64, i64)) -> Result<Vec<Line>, Error> {
    let line = |(labels, samples): (Labels, Vec<(i64, f64)>)| {
        let within = samples.into_iter().filter(|(at, _)| from < *at && *at <= to);
        Line {
            metric: Metric(labels),
            values: within.map(|(at, value)| Sample(at, value)).collect(),
            histograms: Vec::new(),
        }
    };
    let lines = scrapes.samples(selector)?.into_iter().map(line);
    Ok(lines.filter(|line| !line.values.is_empty()).collect())
}

/// The last saved sample of each series in each step, as of the end of the step.
fn last_saved(scrapes: &Scrapes, query: &str, (start, end, step): (i64, i64, i64)) -> Result<Vec<Line>, Error> {
    let selector = promql::selector(query).map_err(|_| {
        Error::unreadable("is an expression, which only a server computes")
            .value(query)
            .hint("Saved scrapes have the numbers themselves: write the selector of one series.")
    })?;
    let mut lines = saved(scrapes, &selector, (start, end))?;
    for line in &mut lines {
        let of_step = |at: i64| start + ((at - start - 1) / step + 1) * step;
        let last: BTreeMap<i64, f64> = line.values.iter().map(|sample| (of_step(sample.0), sample.1)).collect();
        line.values = last.into_iter().map(|(at, value)| Sample(at, value)).collect();
    }
    Ok(lines)
}

/// The series of an answer, of which every sample is one that was asked for.
fn lines(body: Body, (from, to): (i64, i64)) -> Result<Vec<Line>, Error> {
    let Some(data) = body.data else { return Err(foreign("no data")) };
    if data.kind != "matrix" {
        return Err(foreign(&format!("a result of type {}", quoted(&data.kind))));
    }
    for line in &data.result {
        let times = line.values.iter().map(|sample| sample.0);
        let times = times.chain(line.histograms.iter().map(|sample| sample.0));
        if let Some(time) = times.into_iter().find(|time| !(from..=to).contains(time)) {
            return Err(foreign(&format!("a sample of {}, which was not asked for", instant(time))));
        }
    }
    Ok(data.result)
}

/// Refuses series that were not asked for.
fn selected(lines: &[Line], selector: &Selector) -> Result<(), Error> {
    let is_foreign = |line: &&Line| !selector.finds(|name| label(&line.metric.0, name));
    match lines.iter().find(is_foreign) {
        Some(line) => Err(foreign(&format!("{}, which was not asked for", shown(&line.metric.0)))),
        None => Ok(()),
    }
}

fn foreign(what: &str) -> Error {
    Error::unreadable(format!("answers with {what}")).hint("Is there something between davy and the server?")
}

/// A refusal as an error.
pub(super) fn failed(refused: Refused) -> Error {
    match refused {
        Refused::Failed(error) => error,
        Refused::TooMuch(said) => Error::unreachable(format!("cannot answer even for a short time: {said}")).hint(
            "Select fewer series, or raise the server's limit (Prometheus: --query.max-samples, --query.timeout).",
        ),
    }
}

/// A time or a length in seconds.
pub(super) fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}
