//! Calls that answer several questions: each distinct one is made once, a few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ask::Ask;
use super::backend::Backend;
use super::brought::{Brought, Points};
use super::error::Error;
use super::file::{Sheet, Wanted};
use crate::series::{Arm, Remark, Window};

/// So many calls are made at the same time.
const AT_ONCE: usize = 4;

/// A question whose answer is rows, taken apart.
pub struct Call<'q, A> {
    /// The question to the service.
    pub asked: &'q A,
    /// What is asked of its rows.
    pub ask: &'q Ask,
    /// Whose rows.
    pub arm: Arm,
    /// Groups that are told apart by a column.
    pub by: Option<&'q str>,
    /// The window, in whole steps.
    pub window: Window,
}

/// The rows of a call, and what a reader should know of them.
pub type Rows = (Sheet, Vec<Remark>);

/// Makes each distinct call once and gives every question the rows of its call.
pub fn each_once<A: Backend + Sync>(
    calls: &[Call<A>],
    is_same: impl Fn(&Call<A>, &Call<A>) -> bool,
    make: impl Fn(&Call<A>, &Wanted) -> Result<Rows, Error> + Sync,
) -> Vec<Result<Brought, Error>> {
    let mut jobs: Vec<Vec<usize>> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        match jobs.iter_mut().find(|job| is_same(&calls[job[0]], call)) {
            Some(job) => job.push(at),
            None => jobs.push(vec![at]),
        }
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let asked = job.iter().map(|at| &calls[*at]);
            let wanted = Wanted::by(asked.filter_map(|call| Some((call.asked.file()?, call.ask, call.by))));
            made.push((job, make(&calls[job[0]], &wanted).map(|(sheet, notes)| (Arc::new(sheet), notes))));
        }
        made
    };
    let mut answers: Vec<Option<Result<Brought, Error>>> = calls.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let made = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            for (job, rows) in made {
                let brought = || rows.clone().map(|(sheet, notes)| Brought { points: Points::Rows(sheet), notes });
                job.iter().for_each(|at| answers[*at] = Some(brought()));
            }
        }
    });
    let unmade = || Err(Error::unreachable("was not called"));
    answers.into_iter().map(|answer| answer.unwrap_or_else(unmade)).collect()
}
