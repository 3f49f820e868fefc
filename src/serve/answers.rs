//! Who is judged now, and what was answered.
//!
//! Equal questions share one judgement while it runs. An answer that nobody waited for is given to whoever asks the same next. A
//! verdict is on the disk before anybody hears of it.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, oneshot, watch};

use super::judge::{Answer, Decision, Judge, Refused};
use super::question::Question;
use crate::output;
use crate::report::{self, Document, Format, Style};

/// Verdicts kept in memory, and read from the folder at the start.
const MOST: usize = 1_000;
/// An answer that nobody heard is too old so long after it was found.
const UNHEARD: Duration = Duration::from_secs(300);
/// Answers that nobody heard, at most.
const MOST_UNHEARD: usize = 200;

/// What became of a question.
pub(super) type Outcome = Result<Answer, Refused>;

/// A verdict that was given.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) gate: String,
    pub(super) at: Timestamp,
    /// When it was found.
    over: Timestamp,
    pub(super) outcome: Arc<Outcome>,
}

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

#[derive(Default)]
struct State {
    runs: BTreeMap<Question, Run>,
    kept: VecDeque<Kept>,
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
        if self.keys.len() > MOST {
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
    keep: Option<PathBuf>,
    slots: Arc<Semaphore>,
    at_once: usize,
    state: Arc<Mutex<State>>,
}

impl Answers {
    /// Reads what was kept.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or read.
    pub(super) fn open(judge: Arc<dyn Judge>, keep: Option<PathBuf>, at_once: usize) -> Result<Answers, String> {
        let mut state = State::default();
        if let Some(folder) = &keep {
            let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
            std::fs::create_dir_all(folder).map_err(unreadable)?;
            let files = std::fs::read_dir(folder).map_err(unreadable)?.flatten().map(|entry| entry.path());
            let mut all: Vec<Kept> = files.filter_map(|path| load(&path)).collect();
            all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
            state.kept = all.split_off(all.len().saturating_sub(MOST)).into();
        }
        let slots = Arc::new(Semaphore::new(at_once));
        Ok(Answers { judge, keep, slots, at_once, state: Arc::new(Mutex::new(state)) })
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
                if let Some(kept) = state.kept.iter().find(|kept| kept.id == *id) {
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
            if let Err(why) = keep.as_deref().map_or(Ok(()), |folder| write(folder, &kept)) {
                // a verdict that could be lost is none
                let why = format!("the verdict cannot be kept: {why}");
                judge.log(&format!("{}: {why}", kept.id));
                kept.outcome = Arc::new(Err(Refused::Source(why)));
            }
            let mut state = all.lock().unwrap_or_else(PoisonError::into_inner);
            // whoever asks for a gate that does not exist leaves nothing behind
            if !matches!(*kept.outcome, Err(Refused::Unknown(_))) {
                state.kept.push_back(kept.clone());
            }
            if state.kept.len() > MOST {
                state.kept.pop_front();
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
        let (id, gate, over) = (id.to_owned(), gate.to_owned(), self.judge.now());
        let kept = Kept { id, gate, at, over, outcome: Arc::new(Ok(answer)) };
        self.keep.as_deref().map_or(Ok(()), |folder| write(folder, &kept))?;
        let mut state = self.state();
        // a server that was killed in between has found it before
        state.kept.retain(|other| other.id != kept.id);
        state.kept.push_back(kept);
        if state.kept.len() > MOST {
            state.kept.pop_front();
        }
        Ok(())
    }

    /// A verdict by its name; whether it is still being judged, if there is none.
    pub(super) fn find(&self, id: &str) -> Result<Kept, bool> {
        let state = self.state();
        let kept = state.kept.iter().find(|kept| kept.id == id).cloned();
        kept.ok_or_else(|| state.runs.values().any(|run| run.id == id))
    }

    /// Lets the judge work as soon as a turn is free, on a thread of its own.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Judge) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let turn = Arc::clone(&self.slots).acquire_owned().await;
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

    /// All verdicts, the latest first.
    pub(super) fn latest(&self) -> Vec<Kept> {
        self.state().kept.iter().rev().cloned().collect()
    }

    /// How many judgements were of configurations that came with a request.
    pub(super) fn inline(&self) -> u64 {
        self.state().inline
    }

    /// How many are being judged.
    pub(super) fn running(&self) -> usize {
        self.at_once - self.slots.available_permits()
    }

    /// Waits until nothing is judged, at most so long.
    pub(super) async fn rest(&self, longest: Duration) {
        let all = u32::try_from(self.at_once).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(longest, self.slots.acquire_many(all)).await;
    }
}

/// Writes a verdict, with the decision in its name; what could not be judged is not kept.
fn write(folder: &Path, kept: &Kept) -> Result<(), String> {
    let Ok(answer) = kept.outcome.as_ref() else { return Ok(()) };
    let text = report::render(&answer.document, Format::Json, &Style::default());
    let name = format!("{}.{}.json", kept.id, answer.decision.word());
    output::write(&folder.join(name), &text).map_err(|error| error.to_string())
}

/// A verdict that an earlier server kept.
fn load(path: &Path) -> Option<Kept> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (id, word) = name.rsplit_once('.')?;
    let decision = [Decision::Go, Decision::Wait, Decision::Stop].into_iter().find(|one| one.word() == word)?;
    let mut parts = id.rsplitn(3, '-');
    let (_, at, gate) = (parts.next()?, parts.next()?, parts.next()?.to_owned());
    let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
    let document = Document::read(&std::fs::read_to_string(path).ok()?).ok()?;
    Some(Kept { id: id.to_owned(), gate, at, over: at, outcome: Arc::new(Ok(Answer { document, decision })) })
}
