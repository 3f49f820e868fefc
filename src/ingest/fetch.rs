//! Asking the sources: each file is opened and parsed once, however many metrics and arms ask it, and as many
//! files at a time as there are processors.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Error;
use crate::source::file::{Answer, Sheet, Wanted};
use crate::source::{self, File, Query, Source};

/// What a query brought.
pub(super) struct Fetched {
    pub answer: Answer,
    /// How the file writes its times, in words.
    pub clock: String,
    /// Which file it really was.
    pub canonical: Option<PathBuf>,
}

/// One file and the queries that it answers.
struct Job<'a> {
    file: &'a File,
    queries: Vec<(usize, &'a Query)>,
}

type Done = (Vec<(usize, Fetched)>, Option<(usize, source::Error)>);

/// The answers in the order of the queries, or the error of the first query that has one.
pub(super) fn fetch(queries: &[Query]) -> Result<Vec<Fetched>, Error> {
    let jobs = jobs(queries);
    let mut answers: Vec<(usize, Fetched)> = Vec::with_capacity(queries.len());
    let mut first_error: Option<(usize, source::Error)> = None;
    for (answered, error) in in_parallel(&jobs) {
        answers.extend(answered);
        first_error = match (first_error, error) {
            (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
            (one, other) => one.or(other),
        };
    }
    if let Some((_, error)) = first_error {
        return Err(error.into());
    }
    answers.sort_by_key(|(at, _)| *at);
    Ok(answers.into_iter().map(|(_, fetched)| fetched).collect())
}

fn jobs(queries: &[Query]) -> Vec<Job<'_>> {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        let Source::File(file) = &query.source;
        match jobs.iter_mut().find(|job| reads_the_same(job.file, file)) {
            Some(job) => job.queries.push((at, query)),
            None => jobs.push(Job { file, queries: vec![(at, query)] }),
        }
    }
    jobs
}

/// Whether two files become the same sheet; which rows are whose is asked of the sheet.
fn reads_the_same(one: &File, other: &File) -> bool {
    let File { path, shown, format, time, zone, arm: _, long: _ } = one;
    *path == other.path
        && *shown == other.shown
        && *format == other.format
        && *time == other.time
        && *zone == other.zone
}

fn in_parallel(jobs: &[Job]) -> Vec<Done> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(jobs.len());
    if workers < 2 {
        return jobs.iter().map(done).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut finished = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            finished.push(done(job));
        }
        finished
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let finished = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        finished.flatten().collect()
    })
}

fn done(job: &Job) -> Done {
    let asked = job.queries.iter().map(|(_, Query { source: Source::File(file), ask, .. })| (file, ask));
    let sheet = match Sheet::open(job.file, &Wanted::by(asked)) {
        Ok(sheet) => sheet,
        Err(error) => return (Vec::new(), job.queries.first().map(|(at, _)| (*at, error))),
    };
    let canonical = std::fs::canonicalize(&job.file.path).ok();
    let mut answered = Vec::new();
    for (at, query) in &job.queries {
        let Source::File(file) = &query.source;
        match sheet.answer(file, query.arm, &query.ask) {
            Ok(answer) => {
                let (clock, canonical) = (sheet.clock().to_string(), canonical.clone());
                answered.push((*at, Fetched { answer, clock, canonical }));
            }
            Err(error) => return (answered, Some((*at, error))),
        }
    }
    (answered, None)
}
