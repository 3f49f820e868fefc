//! The calls: several questions at the same time, the columns of each one after another.

mod client;
mod discover;
mod origin;
mod raw;
mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::answered::{self, Found, Points};
use super::buckets::Buckets;
use super::tracks::{Labels, Span, Tracks, instant, shown};
use super::{Access, Asked, Column, Measure, Prometheus, Scrapes, promql};
use crate::source::error::Error;
use crate::source::file::Answer;
use crate::source::shared::Shared;
use crate::source::stop::Stop;
use crate::source::{Outside, Told};
use client::Client;
pub use discover::discover;
use origin::Origin;
use raw::Said;

/// So many questions are asked at the same time.
const TOGETHER: usize = 4;

/// Asks all questions and answers each, in their order.
///
/// # Errors
///
/// For each question by itself: unreachable with what is wrong with the server, the way or the credentials; unreadable when
/// the server refuses the query or answers what cannot be counts; interrupted.
pub fn fetch(questions: &[Asked], outside: &Outside) -> Vec<Result<Answer, Error>> {
    let stop = Stop::listen(&outside.interrupt);
    let mut clients: Vec<(&Access, Result<Client, Error>)> = Vec::new();
    for question in questions {
        let Prometheus { access, scrapes: None, .. } = question.asked else { continue };
        if !clients.iter().any(|(known, _)| *known == access) {
            clients.push((access, Client::new(access, outside, &stop)));
        }
    }
    let parts = questions.iter().flat_map(|question| question.asked.columns.iter().map(|one| Part::of(question, one)));
    let parts = Shared::of(parts);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = questions.get(at) else { return answers };
            let client = || clients.iter().find(|(access, _)| **access == question.asked.access);
            let answer = match (&question.asked.scrapes, client()) {
                (Some(scrapes), _) => one(&Origin::Scrapes(scrapes), question, &parts),
                (None, Some((_, Ok(client)))) => one(&Origin::Server(client), question, &parts),
                (None, Some((_, Err(error)))) => Err(error.clone()),
                (None, None) => Err(Error::unreachable("was not asked")),
            };
            (outside.told)(Told::Progress {
                what: "asking Prometheus",
                done: at as u64,
                of: Some(questions.len() as u64),
            });
            answers.push((at, answer));
        }
    };
    let mut answers: Vec<(usize, Result<Answer, Error>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TOGETHER.min(questions.len())).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        joined.flatten().collect()
    });
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// A part of a question that others may have as well: what is asked of which server, and when.
#[derive(PartialEq)]
struct Part<'q> {
    access: &'q Access,
    scrapes: Option<&'q Scrapes>,
    measure: &'q Measure,
    span: Span,
}

impl<'q> Part<'q> {
    fn of(question: &Asked<'q>, column: &'q Column) -> Part<'q> {
        let Prometheus { access, scrapes, step, lookback, .. } = question.asked;
        Part {
            access,
            scrapes: scrapes.as_ref(),
            measure: &column.measure,
            span: Span::new(question.window, *step, *lookback),
        }
    }
}

/// What there is of a part, and what the server said beside it.
type Measured = Result<(Found, Said), Error>;

/// The answer to one question.
fn one(origin: &Origin, question: &Asked, parts: &Shared<Part, Measured>) -> Result<Answer, Error> {
    let asked = question.asked;
    let about = |error: Error| match error.about.shown.is_empty() {
        true => error.within(&asked.shown()),
        false => error,
    };
    let span = Span::new(question.window, asked.step, asked.lookback);
    let mut said = Said::default();
    let mut found = Vec::new();
    for column in &asked.columns {
        let within =
            |error: Error| about(if error.about.column.is_none() { error.column(&column.name) } else { error });
        let told = parts.get(&Part::of(question, column), || {
            let mut said = Said::default();
            measured(origin, column, span, &mut said).map(|found| (found, said))
        });
        let (column_found, column_said) = told.map_err(within)?;
        found.push((column.name.clone(), column_found));
        said.add(column_said);
    }
    answered::answer(question, span, found, said.remarks()).map_err(about)
}

/// What there is of one column.
fn measured(origin: &Origin, column: &Column, span: Span, said: &mut Said) -> Result<Found, Error> {
    match &column.measure {
        Measure::Counter(text) => counters(origin, &selected(text)?, span, said).map(Found::Counter),
        Measure::Histogram(text) => {
            histograms(origin, &selected(text)?, span, said).map(|found| Found::Histogram(Box::new(found)))
        }
        Measure::Gauge(text) => gauge(origin, text, span, said).map(Found::Gauge),
    }
}

fn selected(text: &str) -> Result<promql::Selector, Error> {
    promql::selector(text).map_err(|mistake| Error::unreadable(mistake.problem).value(text).hint(mistake.hint))
}

fn counters(origin: &Origin, selector: &promql::Selector, span: Span, said: &mut Said) -> Result<Tracks, Error> {
    let mut tracks = Tracks::new(span);
    raw::samples(origin, selector, (span.from, span.end), said, |lines| {
        lines.iter().try_for_each(|line| {
            if !line.histograms.is_empty() {
                let problem = format!("{} is a native histogram, and a counter is wanted", shown(&line.metric.0));
                return Err(Error::unreadable(problem).hint("Ask for it as a histogram."));
            }
            tracks.add(&line.metric.0, line.values.iter().map(|sample| (sample.0, sample.1)))
        })
    })?;
    Ok(tracks)
}

/// Histograms, classic or native: a metric that is scraped natively has no `_bucket` series any more.
fn histograms(origin: &Origin, selector: &promql::Selector, span: Span, said: &mut Said) -> Result<Buckets, Error> {
    let mut buckets = read_histograms(origin, selector, span, said)?;
    let plain = selector.name().and_then(|name| name.strip_suffix("_bucket")).map(str::to_owned);
    if let (true, Some(name)) = (buckets.is_empty(), plain) {
        buckets = read_histograms(origin, &selector.renamed(&name), span, said)?;
    } else if let (true, Some(name)) = (buckets.is_empty(), selector.name()) {
        buckets = read_histograms(origin, &selector.renamed(&format!("{name}_bucket")), span, said)?;
    }
    Ok(buckets)
}

fn read_histograms(
    origin: &Origin,
    selector: &promql::Selector,
    span: Span,
    said: &mut Said,
) -> Result<Buckets, Error> {
    let mut buckets = Buckets::new(span);
    raw::samples(origin, selector, (span.from, span.end), said, |lines| {
        for line in lines {
            let values = line.values.iter().map(|sample| (sample.0, sample.1));
            buckets.add_classic(&line.metric.0, values)?;
            buckets.add_native(&line.metric.0, line.histograms.into_iter().map(|sample| (sample.0, sample.1)))?;
        }
        Ok(())
    })?;
    Ok(buckets)
}

/// One number per step of each series. Selectors are asked for their last sample inside the step, so that what has gone is
/// gone at once; what has a range of its own looks back as far as that says.
fn gauge(origin: &Origin, text: &str, span: Span, said: &mut Said) -> Result<Vec<(Labels, Points)>, Error> {
    promql::query(text).map_err(|mistake| Error::unreadable(mistake.problem).value(text).hint(mistake.hint))?;
    let step = span.step;
    let query = match origin {
        Origin::Server(_) => promql::fresh(text, Duration::from_millis(u64::try_from(step).unwrap_or(1).max(1))),
        Origin::Scrapes(_) => text.to_owned(),
    };
    let mut series: BTreeMap<Labels, Points> = BTreeMap::new();
    raw::range(origin, &query, (span.start, span.end, step), said, |lines| {
        for line in lines {
            if !line.histograms.is_empty() {
                return Err(Error::unreadable("is a histogram at each step, and one number is wanted")
                    .hint("Write `histogram_quantile(…)` of it, or ask for it as a histogram."));
            }
            let points = series.entry(line.metric.0).or_default();
            for sample in &line.values {
                let Some(at) = span.step_of(sample.0).filter(|_| !sample.1.is_nan()) else { continue };
                if sample.1.is_infinite() {
                    return Err(Error::unreadable(format!(
                        "is {} at {}, beyond everything that was measured, so that no limit holds",
                        sample.1,
                        instant(sample.0)
                    ))
                    .hint("A division by zero or a percentile beyond the last bucket: change the expression, or add buckets."));
                }
                if points.insert(at, sample.1).is_some_and(|known| known != sample.1) {
                    return Err(Error::unreadable(format!("has two numbers in the step of {}", span.time(at))));
                }
            }
        }
        Ok(())
    })?;
    Ok(series.into_iter().collect())
}
