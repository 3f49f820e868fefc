//! The canaries that Kayenta's clients asked for. Each runs on a thread of its own, and whoever asked comes back for its status.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::judge::{Judge, Refused};

/// Canaries that are remembered.
const MOST: usize = 1_000;
/// Canaries that wait for their turn, at most.
const MOST_WAITING: usize = 200;

/// The canaries that were asked for.
pub(super) struct Canaries {
    pub(super) judge: Arc<dyn Judge>,
    pub(super) slots: Arc<Semaphore>,
    known: Arc<Mutex<VecDeque<Canary>>>,
}

/// What was asked.
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
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    pub(super) metrics: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) configuration: Option<String>,
}

impl Canaries {
    pub(super) fn new(judge: Arc<dyn Judge>, at_once: usize) -> Canaries {
        Canaries { judge, slots: Arc::new(Semaphore::new(at_once)), known: Arc::default() }
    }

    /// What became of a canary.
    pub(super) fn status(&self, id: &str) -> Option<Value> {
        self.known().iter().find(|canary| canary.id == id).map(Canary::status)
    }

    /// Ends a canary that is not over.
    pub(super) fn cancel(&self, id: &str) {
        let now = self.judge.now();
        change(&self.known, id, |canary| {
            if !canary.state.is_over() {
                (canary.state, canary.ended) = (Progress::Canceled, Some(now));
            }
            true
        });
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Canary>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a canary and has it judged when its turn comes; none if too many wait.
    pub(super) fn start(&self, asked: Asked) -> Option<String> {
        let now = self.judge.now();
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
        let state = Progress::Waiting;
        known.push_back(Canary { id: id.clone(), asked, at: now, started: None, ended: None, state });
        drop(known);
        let (judge, slots, all) = (Arc::clone(&self.judge), Arc::clone(&self.slots), Arc::clone(&self.known));
        let own = id.clone();
        tokio::spawn(async move {
            let Ok(slot) = slots.acquire_owned().await else { return };
            std::thread::spawn(move || {
                let now = judge.now();
                let is_wanted = change(&all, &own, |canary| {
                    let waits = matches!(canary.state, Progress::Waiting);
                    if waits {
                        (canary.state, canary.started) = (Progress::Running, Some(now));
                    }
                    waits
                });
                if is_wanted {
                    let answer = judge.canary(&whole);
                    let now = judge.now();
                    change(&all, &own, |canary| {
                        if !canary.state.is_over() {
                            canary.ended = Some(now);
                            canary.state = answer.map_or_else(
                                |(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why))| {
                                    Progress::Failed(why)
                                },
                                Progress::Judged,
                            );
                        }
                        true
                    });
                }
                drop(slot);
            });
        });
        Some(id)
    }
}

/// Changes a canary that is known; false if it is not.
fn change(all: &Mutex<VecDeque<Canary>>, id: &str, change: impl FnOnce(&mut Canary) -> bool) -> bool {
    let mut known = all.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter_mut().find(|canary| canary.id == id).is_some_and(change)
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
        put("canaryExecutionRequest", has_times(&self.asked.request).then(|| self.asked.request.clone()));
        put("metricsAccountName", self.asked.accounts.metrics.clone().map(Value::from));
        put("storageAccountName", self.asked.accounts.storage.clone().map(Value::from));
        put("configurationAccountName", self.asked.accounts.configuration.clone().map(Value::from));
        for (name, at) in [("build", Some(self.at)), ("start", self.started), ("end", self.ended)] {
            put(&format!("{name}TimeMillis"), at.map(|at| at.as_millisecond().into()));
            put(&format!("{name}TimeIso"), at.map(|at| at.to_string().into()));
        }
        if let Progress::Judged(result) = &self.state {
            put("result", Some(json!({ "canaryDuration": duration(&self.asked.request), "judgeResult": result })));
        }
        let mut status = Value::Object(status);
        if status["result"]["canaryDuration"].is_null()
            && let Some(result) = status.get_mut("result").and_then(Value::as_object_mut)
        {
            result.remove("canaryDuration");
        }
        status
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

/// Each side of each scope.
fn sides(request: &Value) -> impl Iterator<Item = &Value> {
    let scopes = request["scopes"].as_object().into_iter().flat_map(Map::values);
    scopes.flat_map(|scope| [&scope["controlScope"], &scope["experimentScope"]])
}

/// Orca reads the times of every scope.
fn has_times(request: &Value) -> bool {
    sides(request).all(|side| side["start"].is_string() && side["end"].is_string())
}

/// The length of the canary, if all scopes have one.
fn duration(request: &Value) -> Option<String> {
    let length = |side: &Value| {
        let at = |key: &str| side[key].as_str()?.parse::<Timestamp>().ok();
        Some(at("end")?.duration_since(at("start")?))
    };
    let mut lengths = sides(request).map(length);
    let first = lengths.next()??;
    lengths.all(|other| other == Some(first)).then(|| first.to_string())
}
