//! As many workers as there are processors; the first mistake in the inputs ends their work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::store::held;
use crate::source::error::Error;
use crate::source::{Outside, Told};

/// How often a person hears how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// As many workers as there are processors, until all are done. Meanwhile a person hears how far they are.
pub(super) fn crew<T: Send>(
    outside: &Outside,
    so_far: impl Fn() -> Told,
    work: impl Fn(usize, usize) -> T + Sync,
) -> Vec<T> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    let (left, ended) = (Mutex::new(workers), Condvar::new());
    std::thread::scope(|scope| {
        let worker = |me: usize| {
            let (work, left, ended) = (&work, &left, &ended);
            scope.spawn(move || {
                let _over = Over(left, ended);
                work(me, workers)
            })
        };
        let threads: Vec<_> = (0..workers).map(worker).collect();
        let mut waiting = held(&left);
        while *waiting > 0 {
            let waited = ended.wait_timeout(waiting, TOLD_EVERY);
            waiting = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
            (outside.told)(so_far());
        }
        drop(waiting);
        threads.into_iter().map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
    })
}

/// What went wrong, in the first place of all in which anything did; then no worker begins anything new.
#[derive(Default)]
pub(super) struct Failed {
    stop: AtomicBool,
    first: Mutex<Option<(usize, Error)>>,
}

impl Failed {
    pub(super) fn at(&self, place: usize, error: Error) {
        let mut first = held(&self.first);
        if first.as_ref().is_none_or(|(before, _)| place < *before) {
            *first = Some((place, error));
        }
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn result(&self) -> Result<(), Error> {
        held(&self.first).take().map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// Says that a worker is done, however it ended.
struct Over<'a>(&'a Mutex<usize>, &'a Condvar);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        *held(self.0) -= 1;
        self.1.notify_all();
    }
}
