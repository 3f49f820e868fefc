//! The canaries that Kayenta's clients asked for. Each waits for its turn, and whoever asked comes back for its status.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::answers::Answers;
use super::judge::Judge;
use super::request::SIDES;

/// Canaries that are remembered.
const MOST: usize = 1_000;
/// Canaries that are not over, at most.
const MOST_WAITING: usize = 200;

/// The canaries that were asked for.
pub(super) struct Canaries {
    answers: Arc<Answers>,
    known: Mutex<VecDeque<Canary>>,
    /// Hears when one is over.
    over: Notify,
}

/// What was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) application: String,
    pub(super) config_id: Option<String>,
    pub(super) accounts: Accounts,
    pub(super) config: Value,
    pub(super) request: Value,
}

/// A canary: what was asked, and what became of it.
struct Canary {
    id: String,
    asked: Asked,
    at: Timestamp,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    state: Progress,
    is_cancelled: Arc<AtomicBool>,
}

/// How far a canary is.
enum Progress {
    Waiting,
    Running,
    Judged(Value),
    Failed(String),
    Canceled,
}

impl Progress {
    fn word(&self) -> &'static str {
        match self {
            Progress::Waiting => "not_started",
            Progress::Running => "running",
            Progress::Judged(_) => "succeeded",
            Progress::Failed(_) => "terminal",
            Progress::Canceled => "canceled",
        }
    }

    fn is_over(&self) -> bool {
        !matches!(self, Progress::Waiting | Progress::Running)
    }
}

/// Names of accounts, which are given back as they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Accounts {
    pub(super) metrics: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) configuration: Option<String>,
}

impl Canaries {
    pub(super) fn new(answers: Arc<Answers>) -> Canaries {
        Canaries { answers, known: Mutex::default(), over: Notify::new() }
    }

    /// What became of a canary.
    pub(super) fn status(&self, id: &str) -> Option<Value> {
        self.known().iter().find(|canary| canary.id == id).map(Canary::status)
    }

    /// Ends a canary that is not over; its sources are asked no more.
    pub(super) fn cancel(&self, id: &str) {
        self.change(id, Progress::Canceled);
        self.known()
            .iter()
            .filter(|canary| canary.id == id)
            .for_each(|canary| canary.is_cancelled.store(true, Ordering::Relaxed));
    }

    /// What became of a canary, once it is over; nothing if it is forgotten.
    pub(super) async fn ended(&self, id: &str) -> Option<Value> {
        loop {
            let over = self.over.notified();
            {
                let known = self.known();
                let canary = known.iter().find(|canary| canary.id == id)?;
                if canary.state.is_over() {
                    return Some(canary.status());
                }
            }
            over.await;
        }
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.known().iter().for_each(|canary| *counts.entry(canary.state.word()).or_default() += 1);
        counts
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Canary>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a canary and has it judged when its turn comes; none if too many are not over.
    pub(super) fn start(self: &Arc<Self>, asked: Asked) -> Option<String> {
        let now = self.answers.judge.now();
        let mut known = self.known();
        if known.iter().filter(|canary| !canary.state.is_over()).count() >= MOST_WAITING {
            return None;
        }
        while known.len() >= MOST {
            let oldest = known.iter().position(|canary| canary.state.is_over())?;
            known.remove(oldest);
        }
        let number = known.iter().filter(|other| other.at == now).count();
        let id = format!("{}-{number}", now.as_nanosecond());
        let whole = json!({ "canaryConfig": asked.config, "executionRequest": asked.request });
        let (state, is_cancelled) = (Progress::Waiting, Arc::<AtomicBool>::default());
        let judging = Arc::clone(self).judged(id.clone(), whole, Arc::clone(&is_cancelled));
        known.push_back(Canary { id: id.clone(), asked, at: now, started: None, ended: None, state, is_cancelled });
        drop(known);
        tokio::spawn(judging);
        Some(id)
    }

    /// Judges a canary, unless it is over before its turn comes.
    async fn judged(self: Arc<Self>, id: String, whole: Value, is_cancelled: Arc<AtomicBool>) {
        let (canaries, own) = (Arc::clone(&self), id.clone());
        let judge = move |judge: &dyn Judge| {
            let is_wanted = canaries.change(&own, Progress::Running);
            is_wanted.then(|| judge.canary(&whole, &is_cancelled)).transpose()
        };
        match self.answers.aside(judge).await {
            Ok(Some(result)) => self.change(&id, Progress::Judged(result)),
            Ok(None) => false,
            Err(refused) => self.change(&id, Progress::Failed(refused.words())),
        };
    }

    /// Brings a canary on that is not over; false if it is, or is not known.
    fn change(&self, id: &str, state: Progress) -> bool {
        let now = self.answers.judge.now();
        let mut known = self.known();
        let canary = known.iter_mut().find(|canary| canary.id == id && !canary.state.is_over());
        let Some(canary) = canary else { return false };
        let time = if state.is_over() { &mut canary.ended } else { &mut canary.started };
        (*time, canary.state) = (Some(now), state);
        self.over.notify_waiters();
        true
    }
}

impl Canary {
    fn status(&self) -> Value {
        let mut status = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                status.insert(key.to_owned(), value);
            }
        };
        put("application", Some(self.asked.application.clone().into()));
        put("pipelineId", Some(self.id.clone().into()));
        put("canaryConfigId", self.asked.config_id.clone().map(Value::from));
        put("stageStatus", Some(json!({ "judge": self.state.word() })));
        put("complete", Some(self.state.is_over().into()));
        put("status", Some(self.state.word().into()));
        if let Progress::Failed(why) = &self.state {
            put("exception", Some(exception(why, self.ended.unwrap_or(self.at))));
        }
        put("config", Some(self.asked.config.clone()));
        put("canaryExecutionRequest", Some(self.asked.request.clone()));
        put("metricsAccountName", self.asked.accounts.metrics.clone().map(Value::from));
        put("storageAccountName", self.asked.accounts.storage.clone().map(Value::from));
        put("configurationAccountName", self.asked.accounts.configuration.clone().map(Value::from));
        for (name, at) in [("build", Some(self.at)), ("start", self.started), ("end", self.ended)] {
            put(&format!("{name}TimeMillis"), at.map(|at| at.as_millisecond().into()));
            put(&format!("{name}TimeIso"), at.map(|at| at.to_string().into()));
        }
        if let Progress::Judged(result) = &self.state {
            let mut result = json!({ "judgeResult": result });
            if let Some(duration) = duration(&self.asked.request) {
                result["canaryDuration"] = duration.into();
            }
            put("result", Some(result));
        }
        Value::Object(status)
    }
}

fn exception(why: &str, at: Timestamp) -> Value {
    json!({
        "timestamp": at.as_millisecond(),
        "exceptionType": "JudgementFailed",
        "operation": "canary",
        "details": { "error": why, "errors": [why] },
        "shouldRetry": false,
    })
}

/// The length of the canary, if both sides have the same. All scopes have the times of the first.
fn duration(request: &Value) -> Option<String> {
    let scope = request["scopes"].as_object()?.values().next()?;
    let length = |side: &str| {
        let at = |key: &str| scope[side][key].as_str()?.parse::<Timestamp>().ok();
        Some(at("end")?.duration_since(at("start")?))
    };
    let [control, experiment] = SIDES.map(length);
    control.filter(|_| control == experiment).map(|length| length.to_string())
}
