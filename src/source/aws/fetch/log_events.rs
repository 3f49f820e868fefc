//! Log events that match a pattern, counted per step. Events are not kept: what is held is one number for each step.
//!
//! `FilterLogEvents` answers in pages, some of them empty, until there is no token. Its `endTime` belongs to what is asked, in
//! milliseconds; a window's end does not, so the millisecond before is asked for.
//!
//! That nothing matched is known only where something was there to match: a step in which any of a question's patterns has
//! events has a row, with 0 for the others. A question with one pattern that is not the empty one cannot tell zero matches
//! from silence, so steps without any have no row. Beside `""`, which every event matches, they do as long as events are
//! written.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::Client;
use tokio::sync::Semaphore;

use super::client::Clients;
use super::together::together;
use super::{Answered, Asked, fault};
use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::Brought;
use crate::source::aws::known::group;
use crate::source::aws::{Access, LogEvents};
use crate::source::file::Sheet;
use crate::source::{Error, Source};

/// Pages of one pattern in one group; of 10,000 events each.
const MOST_PAGES: usize = 2_000;
/// Patterns that are counted at the same time: the service takes a handful of calls per second.
const TOGETHER: usize = 4;

/// Events by the start of their step.
type Steps = BTreeMap<Timestamp, u64>;

/// One pattern in one group over one window.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Job<'q> {
    access: &'q Access,
    group: &'q str,
    pattern: &'q str,
    window: Window,
    step: SignedDuration,
}

/// Answers the questions.
pub(super) async fn ask(clients: &Clients<'_>, asked: &[Asked<'_>]) -> Vec<Answered> {
    let mut jobs: Vec<Job> = Vec::new();
    for job in asked.iter().flat_map(|asked| jobs_of(asked).into_iter().flat_map(|(_, jobs)| jobs)) {
        if !jobs.contains(&job) {
            jobs.push(job);
        }
    }
    let gate = Semaphore::new(TOGETHER);
    let counted = together(jobs.iter().map(|job| count(clients, &gate, *job))).await;
    let counted: Vec<(Job, Result<Steps, Error>)> = jobs.into_iter().zip(counted).collect();
    asked.iter().map(|asked| (asked.0, answer(asked, &counted))).collect()
}

/// What a question's columns are counted from.
fn jobs_of<'q>((_, question): &Asked<'q>) -> Vec<(&'q str, Vec<Job<'q>>)> {
    let Source::LogEvents(LogEvents { access, groups, columns, step }) = &question.query.source else {
        return Vec::new();
    };
    let (window, step) = (question.window, *step);
    let of =
        |pattern: &'q str| groups.iter().map(move |name| Job { access, group: group(name), pattern, window, step });
    columns.iter().map(|(name, pattern)| (name.as_str(), of(pattern).collect())).collect()
}

fn answer(asked: &Asked<'_>, counted: &[(Job<'_>, Result<Steps, Error>)]) -> Result<Brought, Error> {
    let shown = asked.1.query.source.shown();
    let mut columns: Vec<(&str, Steps)> = Vec::new();
    for (name, jobs) in jobs_of(asked) {
        let mut sum = Steps::new();
        for (_, steps) in counted.iter().filter(|(job, _)| jobs.contains(job)) {
            for (step, events) in steps.as_ref().map_err(|error| error.clone().within(&shown))? {
                *sum.entry(*step).or_default() += events;
            }
        }
        columns.push((name, sum));
    }
    let sheet = Sheet::of_points(&shown, &rows(&columns))?;
    Ok(Brought::rows(sheet, Vec::new()))
}

/// Zero where another column shows that there were events.
fn rows(columns: &[(&str, Steps)]) -> Vec<(String, BTreeMap<Timestamp, f64>)> {
    let alive: Steps = columns.iter().flat_map(|(_, steps)| steps.keys().map(|step| (*step, 0))).collect();
    let filled = columns.iter().map(|(name, steps)| {
        let points = alive.keys().map(|step| (*step, steps.get(step).copied().unwrap_or(0) as f64));
        ((*name).to_owned(), points.collect())
    });
    filled.collect()
}

/// Counts one pattern in one group, page by page.
async fn count(clients: &Clients<'_>, gate: &Semaphore, job: Job<'_>) -> Result<Steps, Error> {
    let _permit = gate.acquire().await.map_err(|_| Error::unreachable("the queries have ended"))?;
    let logs = clients.logs(job.access).await?;
    let (mut steps, mut token) = (Steps::new(), None);
    for _ in 0..MOST_PAGES {
        token = page(&logs, job, token, &mut steps).await?;
        if token.is_none() {
            return Ok(steps);
        }
    }
    let problem = format!("FilterLogEvents has more than {MOST_PAGES} pages of {}", words(job));
    let error = Error::unreachable(problem);
    Err(error.hint("Count them with a source of kind `logs_insights`, narrow the pattern, or shorten the window."))
}

/// Counts one page; the token of the next.
async fn page(logs: &Client, job: Job<'_>, token: Option<String>, steps: &mut Steps) -> Result<Option<String>, Error> {
    let call = logs.filter_log_events();
    let call = match job.group.starts_with("arn:") {
        true => call.log_group_identifier(job.group),
        false => call.log_group_name(job.group),
    };
    let pattern = Some(job.pattern).filter(|pattern| !pattern.is_empty()).map(str::to_owned);
    let (start, end) = (job.window.start.as_millisecond(), job.window.end.as_millisecond() - 1);
    let call = call.start_time(start).end_time(end).set_filter_pattern(pattern).set_next_token(token.clone());
    let answer = call.send().await.map_err(|error| fault::of("FilterLogEvents", &error))?;
    for event in answer.events() {
        let at = event.timestamp().and_then(|at| Timestamp::from_millisecond(at).ok());
        let at = at.ok_or_else(|| {
            let problem = format!("FilterLogEvents answered an event without a time for {}", words(job));
            Error::unreadable(problem).hint("Ask again.")
        })?;
        if job.window.contains(at) {
            *steps.entry(step_of(job, at)).or_default() += 1;
        }
    }
    if answer.next_token.is_some() && answer.next_token == token {
        let problem = format!("FilterLogEvents answers the same page again and again for {}", words(job));
        return Err(Error::unreachable(problem).hint("Ask again."));
    }
    let searched = answer.searched_log_streams();
    let partly = searched.iter().find(|stream| stream.searched_completely() == Some(false));
    if let Some(stream) = partly.filter(|_| answer.next_token.is_none()) {
        let name = stream.log_stream_name().unwrap_or("?");
        let problem = format!("FilterLogEvents did not search all of the stream {name} for {}", words(job));
        return Err(Error::unreachable(problem).hint("Ask again, or shorten the window."));
    }
    Ok(answer.next_token)
}

fn words(job: Job<'_>) -> String {
    match job.pattern {
        "" => format!("all events of {}", job.group),
        pattern => format!("the pattern {pattern:?} in {}", job.group),
    }
}

/// The start of the step that an instant of the window is in.
fn step_of(job: Job<'_>, at: Timestamp) -> Timestamp {
    let start = job.window.start;
    let (past, step) = (at.duration_since(start).as_millis(), job.step.as_millis().max(1));
    let past = i64::try_from(past - past.rem_euclid(step)).unwrap_or(0);
    start.checked_add(SignedDuration::from_millis(past)).unwrap_or(start)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_pattern_is_zero_where_another_shows_life_and_silent_where_none_does() {
        let errors = Steps::from([(at(60), 2)]);
        let all = Steps::from([(at(0), 10), (at(60), 12)]);
        let both = rows(&[("ERROR", errors.clone()), ("", all)]);
        assert_eq!(both[0], ("ERROR".to_owned(), BTreeMap::from([(at(0), 0.0), (at(60), 2.0)])));
        assert_eq!(both[1], (String::new(), BTreeMap::from([(at(0), 10.0), (at(60), 12.0)])));
        let alone = rows(&[("ERROR", errors)]);
        assert_eq!(alone, [("ERROR".to_owned(), BTreeMap::from([(at(60), 2.0)]))]);
    }

    #[test]
    fn steps_are_counted_from_the_start_of_the_window() {
        let access = Access {
            region: None,
            profile: None,
            endpoint_url: None,
            assume_role: None,
            deadline: SignedDuration::from_secs(1),
        };
        let window = Window { start: at(30), end: at(330) };
        let job = Job { access: &access, group: "g", pattern: "", window, step: SignedDuration::from_secs(60) };
        let step = |milliseconds| step_of(job, Timestamp::from_millisecond(milliseconds).unwrap()).as_second();
        assert_eq!([30_000, 89_999, 90_000, 329_999].map(step), [30, 30, 90, 270]);
    }
}
