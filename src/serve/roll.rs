//! What goes on for hours, watches and analyses alike: each by its name, as it stands, with its file.
//!
//! How one stands is on the disk before anybody hears of it. Who changes one holds it until then, so no change is lost to another. A server that
//! starts again reads what was kept, and goes on with what has not ended.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::answers::Answers;

/// So many of a kind go on at once, at most.
pub(super) const MOST: usize = 100;
/// So many that have ended are still shown, at most.
const KEPT: usize = 200;
/// The longest sleep: clocks are set.
const LONGEST: Duration = Duration::from_secs(60);
/// The time until what could not be kept is written again.
const AGAIN: Duration = Duration::from_secs(10);

/// What goes on, as it stands.
pub(super) trait Lasting: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What messages call it.
    const CALLED: &'static str;
    /// How the name of its file ends.
    const ENDING: &'static str;
    fn id(&self) -> &str;
    /// When it was asked for.
    fn at(&self) -> Timestamp;
    fn is_running(&self) -> bool;
    /// How far it is, in a word.
    fn word(&self) -> &'static str;
    /// What a log says of it.
    fn told(&self) -> String;
    /// Keeps what it has found, before it is kept itself.
    fn settle(&self, _: &Answers) -> Result<(), String> {
        Ok(())
    }
}

/// One of them as everybody sees it.
pub(super) struct Known<T> {
    told: watch::Sender<T>,
    /// Who changes it holds this until the change is on the disk.
    changing: tokio::sync::Mutex<()>,
}

impl<T: Lasting> Known<T> {
    fn new(state: T) -> Arc<Known<T>> {
        Arc::new(Known { told: watch::channel(state).0, changing: tokio::sync::Mutex::default() })
    }

    /// How it stands.
    pub(super) fn state(&self) -> T {
        self.told.borrow().clone()
    }

    /// What is heard of it from now on.
    pub(super) fn hear(&self) -> watch::Receiver<T> {
        self.told.subscribe()
    }

    fn is_running(&self) -> bool {
        self.told.borrow().is_running()
    }

    /// Changes what no file needs of one that goes on.
    pub(super) async fn note(&self, change: impl FnOnce(&mut T)) {
        let _held = self.changing.lock().await;
        if self.is_running() {
            self.told.send_modify(change);
        }
    }
}

/// All of a kind.
pub(super) struct Roll<T> {
    pub(super) answers: Arc<Answers>,
    all: Mutex<BTreeMap<String, Arc<Known<T>>>>,
    /// Each that goes on has one of these places.
    places: Arc<Semaphore>,
}

/// One that goes on, and its place.
pub(super) type Running<T> = (Arc<Known<T>>, Option<OwnedSemaphorePermit>);

impl<T: Lasting> Roll<T> {
    /// Reads what was kept.
    pub(super) fn open(answers: Arc<Answers>) -> Roll<T> {
        let files = answers.keep.iter().flat_map(|keep| keep.states(T::ENDING));
        let kept = files.filter_map(|file| load::<T>(&file, &answers));
        let kept = kept.map(|state| (state.id().to_owned(), Known::new(state))).collect();
        let roll = Roll { answers, all: Mutex::new(kept), places: Arc::new(Semaphore::new(MOST)) };
        roll.forget_the_oldest();
        roll
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Known<T>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that go on.
    pub(super) fn running(&self) -> Vec<Running<T>> {
        let all = self.all();
        let running = all.values().filter(|known| known.is_running());
        running.map(|known| (Arc::clone(known), self.place())).collect()
    }

    /// A place for one more; none if too many go on.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    pub(super) fn known(&self, id: &str) -> Option<Arc<Known<T>>> {
        self.all().get(id).cloned()
    }

    /// What is wanted of each that has it.
    pub(super) fn each<R>(&self, of: impl Fn(&T) -> Option<R>) -> Vec<R> {
        self.all().values().filter_map(|known| of(&known.told.borrow())).collect()
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.each(|state| Some(state.word())).into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        counts
    }

    /// Adds one that has begun.
    ///
    /// # Errors
    ///
    /// It cannot be kept.
    pub(super) async fn add(&self, state: T) -> Result<Arc<Known<T>>, String> {
        self.keep(&state).await?;
        let (id, known) = (state.id().to_owned(), Known::new(state));
        self.all().insert(id, Arc::clone(&known));
        self.forget_the_oldest();
        Ok(known)
    }

    /// Waits for an instant, though not for long, and only until something changes; false if the instant has come.
    pub(super) async fn waits(&self, until: Timestamp, heard: &mut watch::Receiver<T>) -> bool {
        let now = self.answers.judge.now();
        if until <= now {
            return false;
        }
        let left = until.duration_since(now).unsigned_abs().min(LONGEST);
        let _ = tokio::time::timeout(left, heard.changed()).await;
        true
    }

    /// Changes one that goes on, and lets everybody know; one that has ended stays as it is. How it stands then.
    ///
    /// # Errors
    ///
    /// It cannot be kept, and stays as it was.
    pub(super) async fn try_change(&self, known: &Known<T>, change: impl FnOnce(T) -> T) -> Result<T, String> {
        let _held = known.changing.lock().await;
        let state = known.state();
        if !state.is_running() {
            return Ok(state);
        }
        let state = change(state);
        self.keep(&state).await?;
        self.answers.judge.log(&state.told());
        known.told.send_replace(state.clone());
        Ok(state)
    }

    /// The same, again until it is kept.
    pub(super) async fn change(&self, known: &Known<T>, change: impl Fn(T) -> T) -> T {
        loop {
            match self.try_change(known, &change).await {
                Ok(state) => return state,
                Err(why) => {
                    let (id, called) = (known.told.borrow().id().to_owned(), T::CALLED);
                    self.answers.judge.log(&format!("{id}: the {called} cannot be kept: {why}; tried again"));
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Writes how one stands; others are answered meanwhile.
    async fn keep(&self, state: &T) -> Result<(), String> {
        let (answers, state) = (Arc::clone(&self.answers), state.clone());
        let written = tokio::task::spawn_blocking(move || write(&answers, &state)).await;
        written.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Forgets the oldest of those that have ended, and removes their files: nothing reads them any more.
    fn forget_the_oldest(&self) {
        let mut ended = self.each(|state| (!state.is_running()).then(|| (state.at(), state.id().to_owned())));
        ended.sort();
        for (_, id) in &ended[..ended.len().saturating_sub(KEPT)] {
            self.all().remove(id);
            self.answers.keep.iter().for_each(|keep| keep.remove_state(id, T::ENDING));
        }
    }
}

fn write<T: Lasting>(answers: &Answers, state: &T) -> Result<(), String> {
    state.settle(answers)?;
    let Some(keep) = &answers.keep else { return Ok(()) };
    let text = serde_json::to_string_pretty(state).map_err(|error| error.to_string())?;
    keep.write_state(state.id(), T::ENDING, &text)
}

/// How one stood when an earlier server kept it, under the name of its file.
fn load<T: Lasting>(path: &Path, answers: &Answers) -> Option<T> {
    let (file, called) = (path.display(), T::CALLED);
    let text = std::fs::read_to_string(path).ok()?;
    let why = match serde_json::from_str::<T>(&text) {
        Ok(state) if path.file_stem().is_some_and(|stem| *stem == *state.id()) => return Some(state),
        Ok(state) => format!("{file}: the file is that of the {called} {}: davy leaves it alone", state.id()),
        Err(error) => format!("{file}: the {called} cannot be read: {error}"),
    };
    answers.judge.log(&why);
    None
}
