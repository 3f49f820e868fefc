//! Soaks that the server watches: each with its looks, on the disk before anybody hears of them.
//!
//! A watch sleeps until its next look is due, and takes one of the turns that judgements take. What it needs to go on stands in its
//! file in the folder of verdicts, so a server that starts again, however the last one ended, goes on with it and takes no look twice.
//! No watch waits for another: a look at a slow source holds nothing that others need.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::answers::Answers;
use super::decision::Answer;
use super::judge::{Judge, Refused};
use super::question::Question;
use super::soak::{Soak, Step};
use super::watch::{Phase, Watch};
use crate::report::watched::Row;

/// Watches that go on at once, at most.
pub(super) const MOST: usize = 100;
/// Watches that have ended and are still shown, at most.
const KEPT: usize = 200;
/// The longest sleep: clocks are set.
const LONGEST: Duration = Duration::from_secs(60);
/// The time until a watch that could not be kept is written again.
const AGAIN: Duration = Duration::from_secs(10);

/// Why a watch was not begun.
pub(super) enum Unwatched {
    /// It cannot be asked or answered.
    Refused(Refused),
    /// Too many go on.
    Busy,
    /// The key was used for another question.
    Clash,
    /// It cannot be kept.
    Unkept(String),
}

/// A watch as everybody sees it.
struct Known {
    told: watch::Sender<Watch>,
    /// Who changes it holds this until the change is on the disk.
    changing: tokio::sync::Mutex<()>,
}

/// All watches of a server.
pub(super) struct Watches {
    answers: Arc<Answers>,
    all: Mutex<BTreeMap<String, Arc<Known>>>,
    /// Who begins a watch with a key holds that key: one key begins one.
    keys: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// A watch has one of these places until it ends.
    places: Arc<Semaphore>,
    begun: AtomicU64,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    fn new(watch: Watch) -> Arc<Known> {
        Arc::new(Known { told: watch::channel(watch).0, changing: tokio::sync::Mutex::default() })
    }

    fn is_running(&self) -> bool {
        self.told.borrow().is_running()
    }
}

impl Watches {
    /// Reads what was kept, and goes on with what has not ended.
    pub(super) fn open(answers: Arc<Answers>) -> Arc<Watches> {
        let files = answers.keep.iter().flat_map(|keep| keep.watches());
        let kept = files.filter_map(|file| load(&file, &*answers.judge));
        let kept = kept.map(|watch| (watch.id.clone(), Known::new(watch))).collect();
        let watches = Arc::new(Watches {
            answers,
            all: Mutex::new(kept),
            keys: Mutex::default(),
            places: Arc::new(Semaphore::new(MOST)),
            begun: AtomicU64::new(0),
        });
        watches.forget_the_oldest();
        let running: Vec<Arc<Known>> =
            held(&watches.all).values().filter(|known| known.is_running()).cloned().collect();
        running
            .into_iter()
            .for_each(|known| watches.follow(known, Arc::clone(&watches.places).try_acquire_owned().ok()));
        watches
    }

    /// Begins a watch; the one that there is, if this key began it.
    pub(super) async fn begin(self: &Arc<Self>, question: Question, key: Option<String>) -> Result<Watch, Unwatched> {
        question.check().map_err(|why| Unwatched::Refused(Refused::Wrong(why)))?;
        let own = key.as_ref().map(|key| self.lock_of(key));
        let _held = match &own {
            Some(own) => Some(own.lock().await),
            None => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| self.of_key(key)) {
            return if known.question == question { Ok(known) } else { Err(Unwatched::Clash) };
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Unwatched::Busy)?;
        let at = self.answers.judge.now();
        let number = 1 + self.begun.fetch_add(1, Ordering::Relaxed);
        // a judgement of the same instant has another name
        let id = format!("{}-{}-w{number}", question.gate, at.as_millisecond());
        let step = self.step(&id, &question, at, None).await.map_err(Unwatched::Refused)?;
        let begun = Watch::begun(id, question, key, at, step);
        self.keep(&begun).await.map_err(Unwatched::Unkept)?;
        let known = Known::new(begun.clone());
        held(&self.all).insert(begun.id.clone(), Arc::clone(&known));
        self.forget_the_oldest();
        self.follow(known, Some(place));
        Ok(begun)
    }

    /// Ends a watch for a caller. One that has ended stays as it is; nothing if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be kept, and goes on.
    pub(super) async fn cancel(self: &Arc<Self>, id: &str) -> Option<Result<Watch, String>> {
        let known = self.known(id)?;
        let _held = known.changing.lock().await;
        let mut watch = known.told.borrow().clone();
        if !watch.is_running() {
            return Some(Ok(watch));
        }
        watch.cancel();
        if let Err(why) = self.keep(&watch).await {
            return Some(Err(why));
        }
        self.tell(&known, watch.clone());
        Some(Ok(watch))
    }

    /// The right to begin a watch with a key.
    fn lock_of(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut keys = held(&self.keys);
        keys.retain(|_, own| Arc::strong_count(own) > 1);
        Arc::clone(keys.entry(key.to_owned()).or_default())
    }

    /// Takes the looks that are due.
    async fn step(
        &self,
        id: &str,
        question: &Question,
        at: Timestamp,
        soak: Option<Soak>,
    ) -> Result<(Soak, Step), Refused> {
        let (id, question) = (id.to_owned(), question.clone());
        self.answers.aside(move |judge| judge.look(&question, &id, at, soak.as_ref())).await
    }

    /// Watches until there is an answer, or a caller ends it.
    fn follow(self: &Arc<Self>, known: Arc<Known>, place: Option<OwnedSemaphorePermit>) {
        let watches = Arc::clone(self);
        tokio::spawn(async move {
            let _place = place;
            let mut heard = known.told.subscribe();
            loop {
                let watch = heard.borrow_and_update().clone();
                if !watch.is_running() {
                    return;
                }
                let now = watches.answers.judge.now();
                if let Some(next) = watch.next.filter(|next| *next > now) {
                    let left = next.duration_since(now).unsigned_abs().min(LONGEST);
                    let _ = tokio::time::timeout(left, heard.changed()).await;
                    continue;
                }
                // a caller that ends the watch waits for no source
                let stepped = tokio::select! {
                    stepped = watches.step(&watch.id, &watch.question, watch.at, Some(watch.soak.clone())) => stepped,
                    _ = heard.changed() => continue,
                };
                // a look that the end of the server broke off is taken by the next server
                let is_whole = matches!(stepped, Ok((_, Step::Looked { .. } | Step::Answered(_))));
                if watches.answers.is_ending() && !is_whole {
                    return;
                }
                let mut after = watch;
                match stepped {
                    Ok((soak, step)) => after.take(soak, step),
                    Err(refused) => after.fail(refused),
                }
                watches.change(&known, after).await;
            }
        });
    }

    /// Keeps how a watch stands, unless a caller has ended it meanwhile, and lets everybody know.
    async fn change(self: &Arc<Self>, known: &Known, watch: Watch) {
        loop {
            let changing = known.changing.lock().await;
            if !known.is_running() {
                return;
            }
            match self.keep(&watch).await {
                Ok(()) => return self.tell(known, watch),
                Err(why) => {
                    self.answers.judge.log(&format!("{}: the watch cannot be kept: {why}; tried again", watch.id));
                }
            }
            drop(changing);
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn tell(&self, known: &Known, watch: Watch) {
        self.answers.judge.log(&watch.told());
        if !watch.is_running() {
            self.answers.judge.forget(&watch.id);
        }
        known.told.send_replace(watch);
    }

    /// Writes how a watch stands; others are answered meanwhile.
    async fn keep(self: &Arc<Self>, watch: &Watch) -> Result<(), String> {
        let (watches, watch) = (Arc::clone(self), watch.clone());
        let written = tokio::task::spawn_blocking(move || watches.write(&watch)).await;
        written.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Writes how a watch stands, after the verdict that it ended with.
    fn write(&self, watch: &Watch) -> Result<(), String> {
        if let (Some(document), Some(decision)) = (&watch.latest, watch.decision) {
            let answer = Answer { document: document.clone(), decision };
            self.answers.found(&watch.id, &watch.question.gate, watch.at, answer)?;
        }
        let Some(keep) = &self.answers.keep else { return Ok(()) };
        let text = serde_json::to_string_pretty(watch).map_err(|error| error.to_string())?;
        keep.write_watch(&watch.id, &text)
    }

    /// Forgets the oldest of those that have ended, and removes their files: nothing reads them any more.
    fn forget_the_oldest(&self) {
        let mut all = held(&self.all);
        let mut ended: Vec<(Timestamp, String)> = all
            .iter()
            .filter(|(_, known)| !known.is_running())
            .map(|(id, known)| (known.told.borrow().at, id.clone()))
            .collect();
        ended.sort();
        for (_, id) in &ended[..ended.len().saturating_sub(KEPT)] {
            all.remove(id);
            self.answers.keep.iter().for_each(|keep| keep.remove_watch(id));
        }
    }

    fn of_key(&self, key: &str) -> Option<Watch> {
        let all = held(&self.all);
        let watches = all.values().map(|known| known.told.borrow());
        watches.filter(|watch| watch.key.as_deref() == Some(key)).map(|watch| watch.clone()).next()
    }

    fn known(&self, id: &str) -> Option<Arc<Known>> {
        held(&self.all).get(id).cloned()
    }

    /// A watch by its name.
    pub(super) fn find(&self, id: &str) -> Option<Watch> {
        self.known(id).map(|known| known.told.borrow().clone())
    }

    /// What is heard of a watch from now on.
    pub(super) fn hear(&self, id: &str) -> Option<watch::Receiver<Watch>> {
        self.known(id).map(|known| known.told.subscribe())
    }

    /// All watches that go on, the latest first.
    pub(super) fn running(&self) -> Vec<Row> {
        let all = held(&self.all);
        let running = all.values().map(|known| known.told.borrow()).filter(|watch| watch.is_running());
        let mut running: Vec<Row> = running.map(|watch| watch.row()).collect();
        running.sort_by_key(|row| std::cmp::Reverse(row.at));
        running
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for known in held(&self.all).values() {
            let word = match known.told.borrow().phase {
                Phase::Running => "running",
                Phase::Ended => "ended",
                Phase::Failed => "failed",
                Phase::Cancelled => "cancelled",
            };
            *counts.entry(word).or_default() += 1;
        }
        counts
    }
}

/// A watch that an earlier server kept, under the name of its file.
fn load(path: &Path, judge: &dyn Judge) -> Option<Watch> {
    let text = std::fs::read_to_string(path).ok()?;
    match serde_json::from_str::<Watch>(&text) {
        Ok(watch) if path.file_stem().is_some_and(|stem| *stem == *watch.id) => Some(watch),
        Ok(watch) => {
            judge.log(&format!("{}: the file is that of the watch {}: davy leaves it alone", path.display(), watch.id));
            None
        }
        Err(error) => {
            judge.log(&format!("{}: the watch cannot be read: {error}", path.display()));
            None
        }
    }
}
