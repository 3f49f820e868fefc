//! Asking the sources: each file is opened and parsed once, however many metrics and arms ask it, and as many
//! files at a time as there are processors; what services are asked goes out together.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Error;
use super::fetched::{Done, Fetched};
use super::{requests, stretches};
use crate::config::plan::TimePlan;
use crate::series::{Arm, Series, Timestamp, Window};
use crate::source::file::{Answer, Sheet, Wanted};
use crate::source::{self, Brought, File, Outside, Query, Question, Source, Told};

/// One file and the queries that it answers.
struct Job<'a> {
    file: &'a File,
    queries: Vec<(usize, &'a Query, &'a File)>,
}

/// The answers in the order of the queries, or the error of the first query that has one and has to be answered.
pub(super) fn fetch(queries: &[Query], time: &TimePlan, outside: &Outside) -> Result<Vec<Fetched>, Error> {
    let mut done = in_parallel(&jobs(queries), outside.growing);
    done.extend(requests::by_logs(queries, time, &done, outside));
    done.extend(by_services(queries, time, outside)?);
    done.extend(queries.iter().enumerate().filter_map(|(at, query)| match &query.source {
        Source::Lost(why) => Some((at, Err(source::Error::unreachable(why.clone()).within(&query.source.shown())))),
        _ => None,
    }));
    done.sort_by_key(|(at, _)| *at);
    let answered = done.into_iter().zip(queries).map(|((_, result), query)| match result {
        Err(error) if !query.required && error.kind == source::Kind::Unreachable => Ok(Fetched::lost(query, &error)),
        result => result.map_err(Error::Source),
    });
    answered.collect()
}

/// What services answer. They are asked about a window, so there has to be one.
fn by_services(queries: &[Query], time: &TimePlan, outside: &Outside) -> Result<Vec<Done>, Error> {
    // a log in a table is counted with the logs
    let is_asked = |query: &Query| query.source.service().is_some() && !matches!(query.source, Source::Requests(_));
    let asked: Vec<(usize, &Query)> = queries.iter().enumerate().filter(|(_, query)| is_asked(query)).collect();
    let Some((_, first)) = asked.first() else { return Ok(Vec::new()) };
    let windows = time.windows().ok_or_else(|| Error::NoWindow { shown: first.source.shown() })?;
    let stretches = time.stretches(windows.canary);
    let about = |query: &Query| match query.arm {
        Arm::Baseline if !stretches.is_empty() => stretches.clone(),
        arm => vec![*windows.get(arm)],
    };
    let asked: Vec<(usize, &Query, Window)> = asked
        .into_iter()
        .flat_map(|(at, query)| about(query).into_iter().map(move |window| (at, query, window)))
        .collect();
    let questions: Vec<Question> = asked.iter().map(|(_, query, window)| Question { query, window: *window }).collect();
    let brought = source::fetch(&questions, outside);
    let done = asked.iter().zip(brought).map(|((at, query, _), brought)| {
        let about = |mut error: source::Error| {
            if error.kind == source::Kind::Interrupted {
                return error;
            }
            error.about.shown = format!("{}, metric {:?} ({})", error.about.shown, query.metric, query.arm.name());
            error
        };
        (*at, brought.and_then(|brought| answered(query, brought, outside)).map_err(about))
    });
    Ok(stretches::put_together(done.collect()))
}

fn answered(query: &Query, brought: Brought, outside: &Outside) -> Result<Fetched, source::Error> {
    let Some(service) = query.source.service() else {
        return Err(source::Error::unreadable("the source is not a service"));
    };
    let (metric, arm) = (&query.metric, query.arm.name());
    for (_, asked) in service.doubts(&query.ask, &brought).unwrap_or_default() {
        (outside.told)(Told::Doubt(format!(
            "{metric} ({arm}): {asked} has no point at all and counts as zero. Check its name, and its labels or dimensions"
        )));
    }
    let clock = service.clock(&brought);
    let rows =
        service.file().zip(brought.sheet()).and_then(|(file, sheet)| sheet.row_times(file, query.arm, &query.ask));
    let by = query.column();
    let answer = service.answer(query.arm, (&query.ask, by), brought)?;
    let times = times(&answer, rows);
    Ok(Fetched { answer, clock, canonical: None, lost: None, times, log: None })
}

/// When the points of an answer are, or the rows that could have held one.
fn times(answer: &Answer, rows: Option<Vec<Timestamp>>) -> Option<Vec<Timestamp>> {
    match &answer.series {
        Series::Values { .. } => None,
        series => Some(rows.unwrap_or_else(|| series.time().to_vec())),
    }
}

fn jobs(queries: &[Query]) -> Vec<Job<'_>> {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        let Source::File(file) = &query.source else { continue };
        match jobs.iter_mut().find(|job| job.file.reads_the_same(file)) {
            Some(job) => job.queries.push((at, query, file)),
            None => jobs.push(Job { file, queries: vec![(at, query, file)] }),
        }
    }
    jobs
}

fn in_parallel(jobs: &[Job], growing: bool) -> Vec<Done> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(jobs.len());
    if workers < 2 {
        return jobs.iter().flat_map(|job| done(job, growing)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut finished = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            finished.extend(done(job, growing));
        }
        finished
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let finished = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        finished.flatten().collect()
    })
}

fn done(job: &Job, growing: bool) -> Vec<Done> {
    let asked = job.queries.iter().map(|(_, query, file)| (*file, &query.ask, query.column()));
    let wanted = Wanted::by(asked);
    let sheet = if growing { Sheet::open_growing(job.file, &wanted) } else { Sheet::open(job.file, &wanted) };
    let sheet = match sheet {
        Ok(sheet) => sheet,
        Err(error) => return job.queries.iter().map(|(at, ..)| (*at, Err(error.clone()))).collect(),
    };
    let canonical = std::fs::canonicalize(&job.file.path).ok();
    let answered = job.queries.iter().map(|(at, query, file)| {
        let answer = match query.column() {
            Some(column) => sheet.answer_by_groups(file, query.arm, &query.ask, column),
            None => sheet.answer(file, query.arm, &query.ask),
        };
        let (clock, canonical) = (sheet.clock().to_string(), canonical.clone());
        let rows = sheet.row_times(file, query.arm, &query.ask);
        let fetched = |answer: Answer| {
            let times = times(&answer, rows);
            Fetched { answer, clock, canonical, lost: None, times, log: None }
        };
        (*at, answer.map(fetched))
    });
    answered.collect()
}
