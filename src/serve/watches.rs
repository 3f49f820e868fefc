//! Soaks that the server watches: each with its looks, on the disk before anybody hears of them.
//!
//! A watch sleeps until its next look is due, and takes one of the turns that judgements take. What it needs to go on stands in its
//! file in the folder of verdicts, so a server that starts again, however the last one ended, goes on with it and takes no look twice.
//! No watch waits for another: a look at a slow source holds nothing that others need.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::answers::Answers;
use super::judge::Refused;
use super::question::Question;
use super::roll::{Lasting, Roll, Running};
use super::soak::{Soak, Step};
use super::watch::Watch;
use crate::report::watched::Row;

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
    roll: Roll<Watch>,
    /// Who begins a watch with a key holds that key: one key begins one.
    keys: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    begun: AtomicU64,
}

impl Watches {
    /// Reads what was kept, and goes on with what has not ended.
    pub(super) fn open(answers: Arc<Answers>) -> Arc<Watches> {
        let (roll, begun) = (Roll::open(answers), AtomicU64::new(0));
        let watches = Arc::new(Watches { roll, keys: Mutex::default(), begun });
        watches.roll.running().into_iter().for_each(|running| watches.follow(running));
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
        let place = self.roll.place().ok_or(Unwatched::Busy)?;
        let at = self.roll.answers.judge.now();
        let number = 1 + self.begun.fetch_add(1, Ordering::Relaxed);
        // a judgement of the same instant has another name
        let id = format!("{}-{}-w{number}", question.gate, at.as_millisecond());
        let step = self.step(&id, &question, at, None, Arc::default()).await.map_err(Unwatched::Refused)?;
        let begun = Watch::begun(id, question, key, at, step);
        let known = self.roll.add(begun.clone()).await.map_err(Unwatched::Unkept)?;
        self.follow((known, Some(place)));
        Ok(begun)
    }

    /// Ends a watch for a caller. One that has ended stays as it is; nothing if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be kept, and goes on.
    pub(super) async fn cancel(&self, id: &str) -> Option<Result<Watch, String>> {
        let known = self.roll.known(id)?;
        Some(self.roll.try_change(&known, Watch::cancelled).await)
    }

    /// The right to begin a watch with a key.
    fn lock_of(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, own| Arc::strong_count(own) > 1);
        Arc::clone(keys.entry(key.to_owned()).or_default())
    }

    /// Takes the looks that are due, until the watch is cancelled.
    async fn step(
        &self,
        id: &str,
        question: &Question,
        at: Timestamp,
        soak: Option<Soak>,
        is_cancelled: Arc<AtomicBool>,
    ) -> Result<(Soak, Step), Refused> {
        let (id, question) = (id.to_owned(), question.clone());
        let answers = &self.roll.answers;
        answers.aside(move |judge| judge.look(&question, &id, at, soak.as_ref(), &is_cancelled)).await
    }

    /// Watches until there is an answer, or a caller ends it.
    fn follow(self: &Arc<Self>, (known, place): Running<Watch>) {
        let watches = Arc::clone(self);
        tokio::spawn(async move {
            let (_place, roll) = (place, &watches.roll);
            let mut heard = known.hear();
            loop {
                let watch = heard.borrow_and_update().clone();
                if !watch.is_running() {
                    roll.answers.judge.forget(&watch.id);
                    return;
                }
                if let Some(next) = watch.next
                    && roll.waits(next, &mut heard).await
                {
                    continue;
                }
                let is_cancelled = Arc::<AtomicBool>::default();
                let (soak, flag) = (Some(watch.soak.clone()), Arc::clone(&is_cancelled));
                // a caller that ends the watch waits for no source, and a look that is under way gives its turn back
                let stepped = tokio::select! {
                    stepped = watches.step(&watch.id, &watch.question, watch.at, soak, flag) => stepped,
                    _ = heard.changed() => {
                        is_cancelled.store(true, Ordering::Relaxed);
                        continue;
                    }
                };
                // a look that the end of the server broke off is taken by the next server
                let is_whole = matches!(stepped, Ok((_, Step::Looked { .. } | Step::Answered(_))));
                if roll.answers.is_ending() && !is_whole {
                    return;
                }
                let mut after = watch;
                match stepped {
                    Ok((soak, step)) => after.take(soak, step),
                    Err(refused) => after.fail(refused),
                }
                roll.change(&known, |_| after.clone()).await;
            }
        });
    }

    fn of_key(&self, key: &str) -> Option<Watch> {
        let is_its = |watch: &Watch| (watch.key.as_deref() == Some(key)).then(|| watch.clone());
        self.roll.each(is_its).into_iter().next()
    }

    /// A watch by its name.
    pub(super) fn find(&self, id: &str) -> Option<Watch> {
        self.roll.known(id).map(|known| known.state())
    }

    /// What is heard of a watch from now on.
    pub(super) fn hear(&self, id: &str) -> Option<watch::Receiver<Watch>> {
        self.roll.known(id).map(|known| known.hear())
    }

    /// All watches that go on, the latest first.
    pub(super) fn running(&self) -> Vec<Row> {
        let mut running = self.roll.each(|watch| watch.is_running().then(|| watch.row()));
        running.sort_by_key(|row| std::cmp::Reverse(row.at));
        running
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        self.roll.count()
    }
}
