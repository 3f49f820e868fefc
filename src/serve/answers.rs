//! Who is judged now, and what was answered.
//!
//! Equal questions share one judgement while it runs. An answer that nobody waited for is given to whoever asks the same next. A
//! verdict is on the disk before anybody hears of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, oneshot, watch};

use super::judge::{Answer, Judge, Refused, Settings};
use super::keep::{Keep, Kept};
use super::question::Question;
use super::shelf::Shelf;

/// Verdicts in memory, which are read from the folder at the start.
const MOST: usize = 1_000;
/// Keys that are remembered.
const MOST_KEYS: usize = 1_000;
/// An answer that nobody heard is too old so long after it was found.
const UNHEARD: Duration = Duration::from_secs(300);
/// Answers that nobody heard, at most.
const MOST_UNHEARD: usize = 200;

/// A judgement: under way, or over and not heard.
struct Run {
    id: String,
    /// The configuration that it is judged by.
    version: Option<String>,
    done: watch::Receiver<Option<Kept>>,
}

impl Run {
    /// When it was over; nothing while it goes on.
    fn over(&self) -> Option<Timestamp> {
        self.done.borrow().as_ref().map(|kept| kept.over)
    }
}

struct State {
    runs: BTreeMap<Question, Run>,
    kept: Shelf<Kept>,
    /// What each key was first used for, and the verdict's name.
    keys: VecDeque<(String, Question, String)>,
    asked: u64,
    /// How many judgements were of configurations that came with a request.
    inline: u64,
}

impl State {
    /// Keeps in mind what a key was used for.
    fn remember(&mut self, key: Option<String>, question: &Question, id: &str) {
        if let Some(key) = key.filter(|key| !self.keys.iter().any(|(used, ..)| used == key)) {
            self.keys.push_back((key, question.clone(), id.to_owned()));
        }
        if self.keys.len() > MOST_KEYS {
            self.keys.pop_front();
        }
    }

    /// Forgets the oldest of the answers that nobody heard, where there are too many.
    fn forget_the_oldest(&mut self) {
        let over = self.runs.iter().filter_map(|(question, run)| Some((run.over()?, question.clone())));
        let mut unheard: Vec<(Timestamp, Question)> = over.collect();
        unheard.sort();
        for (_, oldest) in unheard.iter().take(unheard.len().saturating_sub(MOST_UNHEARD)) {
            self.runs.remove(oldest);
        }
    }
}

/// What a caller hears.
pub(super) enum Heard {
    /// It is judged.
    Answered(Kept),
    /// It takes longer than the caller waits.
    Pending(String),
    /// Too many are judged at once.
    Busy,
    /// The key was used for another question.
    Clash,
    /// It cannot be asked.
    Wrong(String),
}

/// All judgements of a server.
pub(super) struct Answers {
    pub(super) judge: Arc<dyn Judge>,
    /// Where verdicts and watches outlive the server.
    pub(super) keep: Option<Arc<Keep>>,
    slots: Arc<Semaphore>,
    at_once: usize,
    is_ending: AtomicBool,
    state: Arc<Mutex<State>>,
}

impl Answers {
    /// Reads what was kept.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or read.
    pub(super) fn open(judge: Arc<dyn Judge>, settings: &Settings) -> Result<Answers, String> {
        let (at_once, most) = (settings.at_once, settings.keep_at_most);
        let shown = if settings.keep.is_some() { MOST.min(most) } else { MOST };
        let (keep, kept) = match settings.keep.clone() {
            Some(folder) => Keep::open(folder, most, shown, &*judge).map(|(keep, kept)| (Some(keep), kept))?,
            None => (None, Shelf::new(shown)),
        };
        let (slots, is_ending) = (Arc::new(Semaphore::new(at_once)), AtomicBool::new(false));
        let state = State { runs: BTreeMap::new(), kept, keys: VecDeque::new(), asked: 0, inline: 0 };
        Ok(Answers { judge, keep, slots, at_once, is_ending, state: Arc::new(Mutex::new(state)) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges a question, unless it is judged already, and waits so long.
    pub(super) async fn ask(&self, question: Question, wait: Duration, key: Option<String>) -> Heard {
        if let Err(wrong) = question.check() {
            return Heard::Wrong(wrong);
        }
        let version = question.inline.is_none().then(|| self.judge.version(&question.gate)).flatten();
        let mut done = {
            let mut state = self.state();
            let now = self.judge.now();
            let is_fresh = |over: Timestamp| now.duration_since(over).unsigned_abs() < UNHEARD;
            state.runs.retain(|_, run| run.over().is_none_or(is_fresh));
            // an answer by another configuration is none to this question
            if state.runs.get(&question).is_some_and(|run| run.version != version) {
                state.runs.remove(&question);
            }
            let used = key.as_ref().and_then(|key| state.keys.iter().find(|(used, ..)| used == key));
            if let Some((_, asked, id)) = used {
                if *asked != question {
                    return Heard::Clash;
                }
                if let Some(kept) = state.kept.all().find(|kept| kept.id == *id) {
                    return Heard::Answered(kept.clone());
                }
            }
            match state.runs.get(&question) {
                Some(run) => {
                    let (id, done) = (run.id.clone(), run.done.clone());
                    state.remember(key, &question, &id);
                    done
                }
                None => match self.start(&mut state, &question, version, key, now) {
                    Some(done) => done,
                    None => return Heard::Busy,
                },
            }
        };
        let heard = tokio::time::timeout(wait, done.wait_for(Option::is_some)).await;
        let kept = heard.ok().and_then(|heard| heard.ok().and_then(|kept| kept.clone()));
        let mut state = self.state();
        match kept {
            Some(kept) => {
                if state.runs.get(&question).is_some_and(|run| run.id == kept.id) {
                    state.runs.remove(&question);
                }
                Heard::Answered(kept)
            }
            None => Heard::Pending(state.runs.get(&question).map(|run| run.id.clone()).unwrap_or_default()),
        }
    }

    /// Starts a judgement on a thread of its own; none where too many run.
    fn start(
        &self,
        state: &mut State,
        question: &Question,
        version: Option<String>,
        key: Option<String>,
        now: Timestamp,
    ) -> Option<watch::Receiver<Option<Kept>>> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        state.asked += 1;
        state.inline += u64::from(question.inline.is_some());
        let id = format!("{}-{}-{}", question.gate, now.as_millisecond(), state.asked);
        let (tell, done) = watch::channel(None);
        state.forget_the_oldest();
        state.runs.insert(question.clone(), Run { id: id.clone(), version, done: done.clone() });
        state.remember(key, question, &id);
        let (judge, keep, question) = (Arc::clone(&self.judge), self.keep.clone(), question.clone());
        let all = Arc::clone(&self.state);
        std::thread::spawn(move || {
            let outcome = judge.judge(&question);
            let mut kept = Kept { id, gate: question.gate, at: now, over: judge.now(), outcome: Arc::new(outcome) };
            if let Err(why) = keep.map_or(Ok(()), |keep| keep.write(&kept)) {
                // a verdict that could be lost is none
                let why = format!("the verdict cannot be kept: {why}");
                judge.log(&format!("{}: {why}", kept.id));
                kept.outcome = Arc::new(Err(Refused::Source(why)));
            }
            let mut state = all.lock().unwrap_or_else(PoisonError::into_inner);
            // whoever asks for a gate that does not exist leaves nothing behind
            if !matches!(*kept.outcome, Err(Refused::Unknown(_))) {
                state.kept.put(&kept.gate, kept.clone());
            }
            drop((state, slot));
            tell.send_replace(Some(kept));
        });
        Some(done)
    }

    /// Keeps a verdict that was found by a watch.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn found(&self, id: &str, gate: &str, at: Timestamp, answer: Answer) -> Result<(), String> {
        let (id, over, outcome) = (id.to_owned(), self.judge.now(), Arc::new(Ok(answer)));
        let kept = Kept { id, gate: gate.to_owned(), at, over, outcome };
        self.keep.as_deref().map_or(Ok(()), |keep| keep.write(&kept))?;
        let mut state = self.state();
        // a server that was killed in between has found it before
        state.kept.remove(gate, |other| other.id == kept.id);
        state.kept.put(gate, kept);
        Ok(())
    }

    /// A verdict by its name, from the folder if it is no longer in memory; whether it is still being judged, if there is none.
    pub(super) async fn find(&self, id: &str) -> Result<Kept, bool> {
        let found = {
            let state = self.state();
            let kept = state.kept.all().find(|kept| kept.id == id).cloned();
            kept.ok_or_else(|| state.runs.values().any(|run| run.id == id))
        };
        match (found, self.keep.clone()) {
            (Err(false), Some(keep)) => {
                let id = id.to_owned();
                tokio::task::spawn_blocking(move || keep.find(&id)).await.ok().flatten().ok_or(false)
            }
            (found, _) => found,
        }
    }

    /// Lets the judge work as soon as a turn is free, on a thread of its own.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Judge) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let turn = Arc::clone(&self.slots).acquire_owned().await;
        if self.is_ending() {
            return Err(Refused::Source("the server is about to end, and begins nothing: ask again".into()));
        }
        let judge = Arc::clone(&self.judge);
        let (tell, told) = oneshot::channel();
        // the runtime would wait for a thread of its own however long it takes: `rest` waits for this one
        std::thread::spawn(move || {
            let done = work(&*judge);
            drop(turn);
            let _ = tell.send(done);
        });
        told.await.unwrap_or_else(|_| Err(Refused::Wrong("davy has a bug here, and says more on stderr".into())))
    }

    /// All verdicts, gate by gate, the latest of each first.
    pub(super) fn latest(&self) -> Vec<Kept> {
        self.state().kept.all().cloned().collect()
    }

    /// How many judgements were of configurations that came with a request.
    pub(super) fn inline(&self) -> u64 {
        self.state().inline
    }

    /// How many are being judged.
    pub(super) fn running(&self) -> usize {
        self.at_once - self.slots.available_permits()
    }

    /// From now on, what waits for its turn is not begun.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// Waits until nothing is judged.
    pub(super) async fn rest(&self) {
        let all = u32::try_from(self.at_once).unwrap_or(u32::MAX);
        let _ = self.slots.acquire_many(all).await;
    }
}
