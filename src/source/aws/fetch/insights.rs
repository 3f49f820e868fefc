//! Logs Insights: queries are started, waited for, and stopped when nobody waits any more.
//!
//! ```text
//!  questions ──► the same query once ──► StartQuery ──► GetQueryResults … Complete ──► rows ──► a Sheet for each question
//!                 (account, groups,       (few at        (200 ms … 2 s)                 │
//!                  text, window)           a time)              ▲     10,000: cut off   │
//!                                                               └── halves of the window ◄┘
//! ```
//!
//! A window is half open; `startTime` and `endTime` are whole seconds that both belong to what is asked, and `endTime`
//! means its first millisecond. So `end` is asked for, not a second less, which would lose the events of 999 milliseconds;
//! what happened at `end` itself is dropped where halves meet, and by the window for the whole.
//!
//! Scanned bytes cost money. They are counted while a query runs, and past `max_scanned` it is stopped.

mod meter;
mod run;
mod wording;

use std::cell::Cell;

use tokio::sync::Semaphore;

use super::client::{Clients, bytes};
use super::together::together;
use super::{Answered, Asked};
use crate::series::Window;
use crate::source::Brought;
use crate::source::aws::{Access, Insights};
use crate::source::file::Sheet;
use crate::source::{Error, Source};
use meter::Meter;
use run::{Row, Run};
use wording::Wording;

/// One query over one window, and the places of the questions it answers.
struct Job<'q> {
    asked: &'q Insights,
    window: Window,
    places: Vec<usize>,
}

/// Answers the questions.
pub(super) async fn ask(clients: &Clients<'_>, asked: &[Asked<'_>]) -> Vec<Answered> {
    let jobs = jobs(asked);
    let (gates, meters) = (gates(&jobs), meters(&jobs));
    let runs = jobs.iter().filter_map(|job| {
        let (_, gate) = gates.iter().find(|(access, _)| **access == job.asked.access)?;
        let (_, meter) = meters.iter().find(|(of, _)| shares_meter(of, job.asked))?;
        Some(async move {
            let wording = Wording::of(&job.asked.query);
            let run = Run { clients, asked: job.asked, gate, meter, wording, scanned: Cell::new(0) };
            let rows = run.rows(job.window).await;
            (job, rows, run.scanned.get())
        })
    });
    let mut answers = Vec::new();
    for (job, rows, scanned) in together(runs).await {
        for at in &job.places {
            let shown = Source::Insights(job.asked.clone()).shown();
            answers.push((*at, answer(&shown, job.asked, &rows, scanned)));
        }
    }
    answers
}

fn answer(shown: &str, asked: &Insights, rows: &Result<Vec<Row>, Error>, scanned: u64) -> Result<Brought, Error> {
    let rows = rows.as_ref().map_err(|error| error.clone().within(shown))?;
    let sheet = Sheet::of_fields(shown, asked.time.as_deref(), rows)?;
    let notes = if scanned > 0 { vec![format!("{} scanned", bytes(scanned))] } else { Vec::new() };
    Ok(Brought::rows(sheet, notes))
}

fn jobs<'q>(asked: &[Asked<'q>]) -> Vec<Job<'q>> {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, question) in asked {
        let Source::Insights(asked) = &question.query.source else { continue };
        let same = |job: &&mut Job| job.window == question.window && is_same(job.asked, asked);
        match jobs.iter_mut().find(same) {
            Some(job) => job.places.push(*at),
            None => jobs.push(Job { asked, window: question.window, places: vec![*at] }),
        }
    }
    jobs
}

/// Whether one answer does for both: whose rows are read from it does not matter.
fn is_same(one: &Insights, other: &Insights) -> bool {
    one.query == other.query && one.time == other.time && shares_meter(one, other)
}

/// Whether the bytes of both are counted together: an account's groups with a cap are one source.
fn shares_meter(one: &Insights, other: &Insights) -> bool {
    one.access == other.access && one.groups == other.groups && one.max_scanned == other.max_scanned
}

/// How many queries of an account may run: the fewest that any of its sources says.
fn gates<'q>(jobs: &[Job<'q>]) -> Vec<(&'q Access, Semaphore)> {
    let mut gates: Vec<(&Access, usize)> = Vec::new();
    for job in jobs {
        match gates.iter_mut().find(|(access, _)| **access == job.asked.access) {
            Some((_, fewest)) => *fewest = job.asked.concurrency.min(*fewest),
            None => gates.push((&job.asked.access, job.asked.concurrency)),
        }
    }
    let open = |queries: usize| Semaphore::new(queries.clamp(1, Semaphore::MAX_PERMITS));
    gates.into_iter().map(|(access, queries)| (access, open(queries))).collect()
}

fn meters<'q>(jobs: &[Job<'q>]) -> Vec<(&'q Insights, Meter)> {
    let mut meters: Vec<(&Insights, Meter)> = Vec::new();
    for job in jobs {
        if !meters.iter().any(|(of, _)| shares_meter(of, job.asked)) {
            meters.push((job.asked, Meter::new(job.asked.max_scanned)));
        }
    }
    meters
}
