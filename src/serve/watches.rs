//! Soaks that the server watches: each with its looks, on the disk before anybody hears of them.
//!
//! A watch sleeps until its next look is due, and takes one of the turns that judgements take. What it needs to go on stands in its
//! file in the folder of verdicts, so a server that starts again, however the last one ended, goes on with it and takes no look twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::answers::Answers;
use super::decision::{Answer, Decision};
use super::judge::Refused;
use super::question::Question;
use super::soak::{Soak, Step};
use crate::output;
use crate::report::Document;
use crate::report::watched::Row;

/// Watches that go on at once, at most.
pub(super) const MOST: usize = 100;
/// Watches that have ended and are still shown, at most.
const KEPT: usize = 200;
/// The longest sleep: clocks are set.
const LONGEST: Duration = Duration::from_secs(60);
/// How the name of a watch's file ends.
const ENDING: &str = ".watch";

/// A soak as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watch {
    /// Its name.
    pub(super) id: String,
    /// What is asked.
    pub(super) question: Question,
    /// The key that it was asked with.
    key: Option<String>,
    /// When it was asked for.
    pub(super) at: Timestamp,
    /// How far it is.
    pub(super) phase: Phase,
    /// What is to be said of it.
    pub(super) sentence: String,
    /// When the next look is due.
    pub(super) next: Option<Timestamp>,
    soak: Soak,
    /// The last look, with all looks so far.
    pub(super) latest: Option<Document>,
    /// What the configuration makes of the answer.
    pub(super) decision: Option<Decision>,
}

/// How far a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// It goes on.
    Running,
    /// It has its answer.
    Ended,
    /// It cannot be answered.
    Failed,
}

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

/// All watches of a server.
pub(super) struct Watches {
    answers: Arc<Answers>,
    folder: Option<PathBuf>,
    all: Mutex<BTreeMap<String, watch::Sender<Watch>>>,
    /// How many were begun; one at a time, so that a key begins one.
    asked: tokio::sync::Mutex<u64>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watches {
    /// Reads what was kept, and goes on with what has not ended.
    pub(super) fn open(answers: Arc<Answers>, folder: Option<PathBuf>) -> Arc<Watches> {
        let files = folder.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let mut kept: Vec<Watch> = files.filter_map(|file| load(&file.path(), &answers)).collect();
        kept.sort_by_key(|watch| (watch.phase != Phase::Running, std::cmp::Reverse(watch.at)));
        kept.truncate(MOST + KEPT);
        let running = kept.iter().filter(|watch| watch.phase == Phase::Running);
        let running: Vec<String> = running.map(|watch| watch.id.clone()).collect();
        let all = kept.into_iter().map(|watch| (watch.id.clone(), watch::channel(watch).0)).collect();
        let watches = Arc::new(Watches { answers, folder, all: Mutex::new(all), asked: tokio::sync::Mutex::new(0) });
        running.into_iter().for_each(|id| watches.follow(id));
        watches
    }

    /// Begins a watch; the one that there is, if this key began it.
    pub(super) async fn begin(self: &Arc<Self>, question: Question, key: Option<String>) -> Result<Watch, Unwatched> {
        question.check().map_err(|why| Unwatched::Refused(Refused::Wrong(why)))?;
        let mut asked = self.asked.lock().await;
        if let Some(known) = key.as_ref().and_then(|key| self.of_key(key)) {
            return if known.question == question { Ok(known) } else { Err(Unwatched::Clash) };
        }
        if self.count_running() >= MOST {
            return Err(Unwatched::Busy);
        }
        let at = self.answers.judge.now();
        *asked += 1;
        // a judgement of the same instant has another name
        let id = format!("{}-{}-w{}", question.gate, at.as_millisecond(), *asked);
        let (soak, step) = self.step(&id, &question, at, None).await.map_err(Unwatched::Refused)?;
        let (phase, sentence) = (Phase::Running, format!("the soak begins at {}", soak.start));
        let (next, latest, decision) = (None, None, None);
        let mut begun = Watch { id, question, key, at, phase, sentence, next, soak: soak.clone(), latest, decision };
        begun.take(soak, step);
        self.keep(&begun).await.map_err(Unwatched::Unkept)?;
        let mut all = held(&self.all);
        all.insert(begun.id.clone(), watch::channel(begun.clone()).0);
        forget_the_oldest(&mut all);
        drop(all);
        self.follow(begun.id.clone());
        Ok(begun)
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

    /// Watches until there is an answer.
    fn follow(self: &Arc<Self>, id: String) {
        let watches = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(watch) = watches.find(&id).filter(|watch| watch.phase == Phase::Running) {
                let now = watches.answers.judge.now();
                if let Some(next) = watch.next.filter(|next| *next > now) {
                    let left = next.duration_since(now).unsigned_abs();
                    tokio::time::sleep(left.min(LONGEST)).await;
                    continue;
                }
                let stepped = watches.step(&id, &watch.question, watch.at, Some(watch.soak.clone())).await;
                let mut after = watch;
                match stepped {
                    Ok((soak, step)) => after.take(soak, step),
                    Err(refused) => after.fail(refused),
                }
                watches.tell(after).await;
            }
        });
    }

    /// Keeps how a watch stands, and lets everybody know.
    async fn tell(self: &Arc<Self>, watch: Watch) {
        while let Err(why) = self.keep(&watch).await {
            self.answers.judge.log(&format!("{}: the watch cannot be kept: {why}; tried again", watch.id));
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        self.answers.judge.log(&watch.told());
        if let Some(sender) = held(&self.all).get(&watch.id) {
            sender.send_replace(watch);
        }
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
        let Some(folder) = &self.folder else { return Ok(()) };
        let text = serde_json::to_string_pretty(watch).map_err(|error| error.to_string())?;
        output::write(&folder.join(format!("{}{ENDING}", watch.id)), &text).map_err(|error| error.to_string())
    }

    fn of_key(&self, key: &str) -> Option<Watch> {
        let all = held(&self.all);
        all.values()
            .map(|sender| sender.borrow())
            .find(|watch| watch.key.as_deref() == Some(key))
            .map(|watch| watch.clone())
    }

    /// A watch by its name.
    pub(super) fn find(&self, id: &str) -> Option<Watch> {
        held(&self.all).get(id).map(|sender| sender.borrow().clone())
    }

    /// What is heard of a watch from now on.
    pub(super) fn hear(&self, id: &str) -> Option<watch::Receiver<Watch>> {
        held(&self.all).get(id).map(watch::Sender::subscribe)
    }

    /// All watches that go on, the latest first.
    pub(super) fn running(&self) -> Vec<Row> {
        let all = held(&self.all);
        let running = all.values().map(|sender| sender.borrow()).filter(|watch| watch.phase == Phase::Running);
        let mut running: Vec<Row> = running.map(|watch| watch.row()).collect();
        running.sort_by_key(|row| std::cmp::Reverse(row.at));
        running
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for sender in held(&self.all).values() {
            let word = match sender.borrow().phase {
                Phase::Running => "running",
                Phase::Ended => "ended",
                Phase::Failed => "failed",
            };
            *counts.entry(word).or_default() += 1;
        }
        counts
    }

    fn count_running(&self) -> usize {
        held(&self.all).values().filter(|sender| sender.borrow().phase == Phase::Running).count()
    }
}

impl Watch {
    /// Goes on by a step.
    fn take(&mut self, soak: Soak, step: Step) {
        match step {
            Step::Waits { due } => self.next = Some(due),
            Step::Troubled { why, again } => (self.sentence, self.next) = (why, Some(again)),
            Step::Looked { document, due } => {
                self.sentence = format!("look {}: {}", soak.look, document.summary);
                self.next = Some(due);
                self.looked(*document);
            }
            Step::Answered(answer) => {
                self.sentence.clone_from(&answer.document.summary);
                (self.phase, self.next) = (Phase::Ended, None);
                self.decision = Some(answer.decision);
                self.looked(answer.document);
            }
        }
        self.soak = soak;
    }

    fn looked(&mut self, mut document: Document) {
        let mut looks = self.latest.take().map_or_else(Vec::new, |latest| latest.looks);
        looks.append(&mut document.looks);
        self.latest = Some(Document { looks, ..document });
    }

    fn fail(&mut self, refused: Refused) {
        (self.phase, self.sentence, self.next) = (Phase::Failed, refused.words(), None);
    }

    /// What a log says of it: a sentence about a configuration of a request could repeat what is in it.
    fn told(&self) -> String {
        match &self.question.inline {
            None => format!("{}: {}", self.id, self.sentence),
            Some(_) => format!("{}: look {} of {}: {:?}", self.id, self.soak.look, self.question.told(), self.phase),
        }
    }

    fn row(&self) -> Row {
        let (id, gate, sentence) = (self.id.clone(), self.question.gate.clone(), self.sentence.clone());
        Row { id, gate, at: self.at, sentence }
    }
}

/// Forgets the oldest of those that have ended; their files stay.
fn forget_the_oldest(all: &mut BTreeMap<String, watch::Sender<Watch>>) {
    let ended = all.values().map(|sender| sender.borrow()).filter(|watch| watch.phase != Phase::Running);
    let mut ended: Vec<(Timestamp, String)> = ended.map(|watch| (watch.at, watch.id.clone())).collect();
    ended.sort();
    for (_, id) in &ended[..ended.len().saturating_sub(KEPT)] {
        all.remove(id);
    }
}

/// A watch that an earlier server kept.
fn load(path: &Path, answers: &Answers) -> Option<Watch> {
    path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    let text = std::fs::read_to_string(path).ok()?;
    match serde_json::from_str(&text) {
        Ok(watch) => Some(watch),
        Err(error) => {
            answers.judge.log(&format!("{}: the watch cannot be read: {error}", path.display()));
            None
        }
    }
}
