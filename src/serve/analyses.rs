//! The standalone analyses that Kayenta's clients asked for: canaries one after the other, over the lifetime of what is compared.
//!
//! Each judgement is a canary of its own, with a name that can be asked for. A score at or below the marginal threshold ends the
//! analysis. What was found stands in a file in the folder of verdicts before anybody hears of it. So a server that starts again goes on
//! after the last judgement that it knows of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::canaries::{Asked, Canaries};
use super::intervals::Intervals;
use super::judge::Judge;
use crate::output;

/// Analyses that go on, at most.
pub(super) const MOST: usize = 100;
/// Analyses that have ended and are still shown, at most.
const KEPT: usize = 200;
/// The longest sleep: clocks are set, and an analysis may be canceled.
const LONGEST: Duration = Duration::from_secs(10);
/// How the name of an analysis' file ends.
const ENDING: &str = ".analysis";
/// Kayenta warns of fewer points in a metric.
const FEW: u64 = 50;

/// An analysis as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Analysis {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) parent: Option<String>,
    /// What was asked; its request is the one of the analysis.
    pub(super) asked: Asked,
    pub(super) intervals: Intervals,
    pub(super) at: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) state: State,
    /// The canary that is judged now.
    #[serde(skip)]
    pub(super) judged: Option<String>,
    /// What became of each judgement, in Kayenta's form.
    pub(super) results: Vec<Value>,
    /// The scores of those that have one.
    pub(super) scores: Vec<f64>,
}

/// How far an analysis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Running,
    Succeeded,
    Terminal,
    Canceled,
}

impl State {
    /// Kayenta's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            State::Running => "RUNNING",
            State::Succeeded => "SUCCEEDED",
            State::Terminal => "TERMINAL",
            State::Canceled => "CANCELED",
        }
    }
}

/// Why an analysis was not begun.
pub(super) enum Unbegun {
    Busy,
    Unkept(String),
}

/// All analyses of a server.
pub(super) struct Analyses {
    judge: Arc<dyn Judge>,
    canaries: Arc<Canaries>,
    folder: Option<PathBuf>,
    all: Mutex<BTreeMap<String, Analysis>>,
}

impl Analyses {
    /// Reads what was kept, and goes on with what has not ended.
    pub(super) fn open(judge: Arc<dyn Judge>, canaries: Arc<Canaries>, folder: Option<PathBuf>) -> Arc<Analyses> {
        let files = folder.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let mut kept: Vec<Analysis> = files.filter_map(|file| load(&file.path(), &*judge)).collect();
        kept.sort_by_key(|analysis| (analysis.state != State::Running, std::cmp::Reverse(analysis.at)));
        kept.truncate(MOST + KEPT);
        let running: Vec<String> =
            kept.iter().filter(|one| one.state == State::Running).map(|one| one.id.clone()).collect();
        let all = kept.into_iter().map(|analysis| (analysis.id.clone(), analysis)).collect();
        let analyses = Arc::new(Analyses { judge, canaries, folder, all: Mutex::new(all) });
        running.into_iter().for_each(|id| analyses.follow(id));
        analyses
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Analysis>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An analysis by its name.
    pub(super) fn find(&self, id: &str) -> Option<Analysis> {
        self.all().get(id).cloned()
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.all().values().for_each(|analysis| *counts.entry(analysis.state.word()).or_default() += 1);
        counts
    }

    /// Begins an analysis.
    pub(super) async fn begin(
        self: &Arc<Self>,
        (user, parent): (String, Option<String>),
        asked: Asked,
        intervals: Intervals,
        at: Timestamp,
    ) -> Result<String, Unbegun> {
        let id = {
            let all = self.all();
            if all.values().filter(|analysis| analysis.state == State::Running).count() >= MOST {
                return Err(Unbegun::Busy);
            }
            let number = all.values().filter(|other| other.at == at).count();
            format!("{}-a{number}", at.as_nanosecond())
        };
        let (state, results, scores) = (State::Running, Vec::new(), Vec::new());
        let analysis = Analysis {
            id: id.clone(),
            user,
            parent,
            asked,
            intervals,
            at,
            ended: None,
            state,
            judged: None,
            results,
            scores,
        };
        self.keep(&analysis).await.map_err(Unbegun::Unkept)?;
        let mut all = self.all();
        all.insert(id.clone(), analysis);
        forget_the_oldest(&mut all);
        drop(all);
        self.follow(id.clone());
        Ok(id)
    }

    /// Ends an analysis that goes on, with the canary that it judges now.
    pub(super) async fn cancel(self: &Arc<Self>, id: &str) {
        let now = self.judge.now();
        let canceled = {
            let mut all = self.all();
            let analysis = all.get_mut(id).filter(|analysis| analysis.state == State::Running);
            let Some(analysis) = analysis else { return };
            (analysis.state, analysis.ended) = (State::Canceled, Some(now));
            analysis.clone()
        };
        canceled.judged.iter().for_each(|canary| self.canaries.cancel(canary));
        self.tell(canceled).await;
    }

    /// Judges until there is an end.
    fn follow(self: &Arc<Self>, id: String) {
        let analyses = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(analysis) = analyses.find(&id).filter(|analysis| analysis.state == State::Running) {
                let number = analysis.results.len() + 1;
                let (now, due) = (analyses.judge.now(), analysis.intervals.due(number));
                if due > now {
                    tokio::time::sleep(due.duration_since(now).unsigned_abs().min(LONGEST)).await;
                    continue;
                }
                let request = analysis.intervals.canary(&analysis.asked.request, number);
                let Some(canary) = analyses.canaries.start(Asked { request, ..analysis.asked.clone() }) else {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                };
                if let Some(known) = analyses.all().get_mut(&id) {
                    known.judged = Some(canary.clone());
                }
                let status = analyses.canaries.ended(&canary).await;
                // whoever canceled it has said so
                let Some(analysis) = analyses.find(&id).filter(|analysis| analysis.state == State::Running) else {
                    return;
                };
                analyses.tell(analysis.after(status, analyses.judge.now())).await;
            }
        });
    }

    /// Keeps how an analysis stands, and lets everybody know.
    async fn tell(self: &Arc<Self>, analysis: Analysis) {
        while let Err(why) = self.keep(&analysis).await {
            self.judge.log(&format!("{}: the analysis cannot be kept: {why}; tried again", analysis.id));
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let Analysis { id, results, intervals, state, .. } = &analysis;
        self.judge.log(&format!("{id}: judgement {} of {}: {}", results.len(), intervals.of, state.word()));
        self.all().insert(analysis.id.clone(), analysis);
    }

    /// Writes how an analysis stands; others are answered meanwhile.
    async fn keep(&self, analysis: &Analysis) -> Result<(), String> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let text = serde_json::to_string_pretty(analysis).map_err(|error| error.to_string())?;
        let path = folder.join(format!("{}{ENDING}", analysis.id));
        let written = tokio::task::spawn_blocking(move || output::write(&path, &text)).await;
        written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

impl Analysis {
    /// The same after a judgement.
    fn after(mut self, status: Option<Value>, now: Timestamp) -> Analysis {
        let score = status.as_ref().and_then(|status| status["result"]["judgeResult"]["score"]["score"].as_f64());
        let marginal = self.asked.request["thresholds"]["marginal"].as_f64().unwrap_or(f64::INFINITY);
        self.results.push(self.result(status));
        self.scores.extend(score);
        // what was not judged has no score, and is never above a threshold
        let goes_on = score.is_some_and(|score| score > marginal);
        self.state = match (goes_on, self.results.len() < self.intervals.of) {
            (true, true) => State::Running,
            (true, false) => State::Succeeded,
            (false, _) => State::Terminal,
        };
        self.ended = (self.state != State::Running).then_some(now);
        self.judged = None;
        self
    }

    /// What became of a judgement.
    fn result(&self, status: Option<Value>) -> Value {
        let number = self.results.len() + 1;
        let (start, end) = self.intervals.time(number);
        let lost = || json!({ "pipelineId": self.judged, "status": "terminal", "exception": { "details": { "error": "the canary is forgotten" } } });
        let status = status.unwrap_or_else(lost);
        let mut result = json!({
            "executionId": status["pipelineId"],
            "executionStatus": status["status"].as_str().unwrap_or_default().to_uppercase(),
            "judgementStartTimeIso": start.to_string(),
            "judgementStartTimeMillis": start.as_millisecond(),
            "judgementEndTimeIso": end.to_string(),
            "judgementEndTimeMillis": end.as_millisecond(),
            "warnings": warnings(&status),
        });
        for key in [
            "exception",
            "result",
            "buildTimeMillis",
            "buildTimeIso",
            "startTimeMillis",
            "startTimeIso",
            "endTimeMillis",
            "endTimeIso",
            "storageAccountName",
            "configurationAccountName",
        ] {
            if !status[key].is_null() {
                result[key] = status[key].clone();
            }
        }
        result
    }

    /// Whether the last score is as good as was asked, and what to say of it.
    pub(super) fn passed(&self) -> (bool, String) {
        let threshold = |key: &str| self.asked.request["thresholds"][key].as_f64().unwrap_or(f64::INFINITY);
        let (marginal, pass) = (threshold("marginal"), threshold("pass"));
        let is_whole = self.state == State::Succeeded && self.scores.len() == self.intervals.of;
        match self.scores.last() {
            None => (false, "no judgement has a score".into()),
            Some(score) if *score <= marginal => {
                (false, format!("the last score, {score}, is not above the marginal threshold, {marginal}"))
            }
            Some(_) if !is_whole => (
                false,
                format!(
                    "{} of {} judgements have a score, and the last one decides",
                    self.scores.len(),
                    self.intervals.of
                ),
            ),
            Some(score) if *score < pass => {
                (false, format!("the last score, {score}, is below the pass threshold, {pass}"))
            }
            Some(score) => (true, format!("the last score, {score}, reaches the pass threshold, {pass}")),
        }
    }
}

/// What Kayenta warns of.
fn warnings(status: &Value) -> Vec<String> {
    let results = status["result"]["judgeResult"]["results"].as_array().into_iter().flatten();
    let few = |result: &&Value| result["controlMetadata"]["stats"]["count"].as_u64().is_some_and(|count| count < FEW);
    let few: Vec<&str> = results.filter(few).filter_map(|result| result["name"].as_str()).collect();
    let said = || format!("fewer than {FEW} points in the control: {}", few.join(", "));
    if few.is_empty() { Vec::new() } else { vec![said()] }
}

/// Forgets the oldest of those that have ended; their files stay.
fn forget_the_oldest(all: &mut BTreeMap<String, Analysis>) {
    let ended = all.values().filter(|analysis| analysis.state != State::Running);
    let mut ended: Vec<(Timestamp, String)> = ended.map(|analysis| (analysis.at, analysis.id.clone())).collect();
    ended.sort();
    for (_, id) in &ended[..ended.len().saturating_sub(KEPT)] {
        all.remove(id);
    }
}

/// An analysis that an earlier server kept.
fn load(path: &Path, judge: &dyn Judge) -> Option<Analysis> {
    path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    let text = std::fs::read_to_string(path).ok()?;
    match serde_json::from_str(&text) {
        Ok(analysis) => Some(analysis),
        Err(error) => {
            judge.log(&format!("{}: the analysis cannot be read: {error}", path.display()));
            None
        }
    }
}
