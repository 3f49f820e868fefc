//! The hall: so many connections have a place in it. If it is full, the one that has waited longest without a request leaves.
//!
//! A thousand connections that ask nothing, or send half a request and stop, so keep nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The time until the next one is asked to leave, if the last one did not.
const POLITE: Duration = Duration::from_millis(50);

/// All places.
pub(super) struct Hall {
    most: u32,
    places: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

/// Who waits for a request, those that have waited longest first.
#[derive(Default)]
struct Waiting {
    next: u64,
    all: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection.
pub(super) struct Place {
    hall: Arc<Hall>,
    leave: Arc<Notify>,
    /// Its number among those that wait; none while it has a request.
    number: Mutex<Option<u64>>,
    _permit: OwnedSemaphorePermit,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hall {
    pub(super) fn new(most: u32) -> Arc<Hall> {
        let places = Arc::new(Semaphore::new(most as usize));
        Arc::new(Hall { most, places, waiting: Mutex::default() })
    }

    /// A place, as soon as there is one.
    pub(super) async fn place(self: &Arc<Self>) -> Arc<Place> {
        loop {
            if self.places.available_permits() == 0
                && let Some((_, longest)) = held(&self.waiting).all.pop_first()
            {
                longest.notify_one();
            }
            let place = tokio::time::timeout(POLITE, Arc::clone(&self.places).acquire_owned());
            if let Ok(Ok(permit)) = place.await {
                let (hall, leave, number) = (Arc::clone(self), Arc::default(), Mutex::default());
                let place = Arc::new(Place { hall, leave, number, _permit: permit });
                place.wait();
                return place;
            }
        }
    }

    /// Waits until everybody has left.
    pub(super) async fn empty(&self) {
        let _ = self.places.acquire_many(self.most).await;
    }
}

impl Place {
    /// It waits for a request from now on.
    pub(super) fn wait(&self) {
        let mut waiting = held(&self.hall.waiting);
        waiting.next += 1;
        let number = waiting.next;
        waiting.all.insert(number, Arc::clone(&self.leave));
        *held(&self.number) = Some(number);
    }

    /// It has a request, and is not asked to leave.
    pub(super) fn work(&self) {
        let mut waiting = held(&self.hall.waiting);
        if let Some(number) = held(&self.number).take() {
            waiting.all.remove(&number);
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        held(&self.number).is_some()
    }

    /// Ends when it is asked to leave.
    pub(super) async fn asked_to_leave(&self) {
        loop {
            self.leave.notified().await;
            // a request may have come at the same time
            if self.is_waiting() {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.work();
    }
}
