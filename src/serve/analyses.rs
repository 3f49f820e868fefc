//! The standalone analyses that Kayenta's clients asked for: canaries one after the other, over the lifetime of what is compared.
//!
//! Each judgement is a canary of its own, with a name that can be asked for. A score at or below the marginal threshold ends the
//! analysis. What was found stands in a file in the folder of verdicts before anybody hears of it. So a server that starts again goes on
//! after the last judgement that it knows of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::Answers;
use super::canaries::{Asked, Canaries};
use super::intervals::Intervals;
use super::roll::{Lasting, Roll, Running};

/// The time until a judgement that found no place among the canaries is begun again.
const AGAIN: Duration = Duration::from_secs(1);
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
    roll: Roll<Analysis>,
    canaries: Arc<Canaries>,
}

impl Analyses {
    /// Reads what was kept, and goes on with what has not ended.
    pub(super) fn open(answers: Arc<Answers>, canaries: Arc<Canaries>) -> Arc<Analyses> {
        let analyses = Arc::new(Analyses { roll: Roll::open(answers), canaries });
        analyses.roll.running().into_iter().for_each(|running| analyses.follow(running));
        analyses
    }

    /// An analysis by its name.
    pub(super) fn find(&self, id: &str) -> Option<Analysis> {
        self.roll.known(id).map(|known| known.state())
    }

    /// How many are how far.
    pub(super) fn count(&self) -> BTreeMap<&'static str, usize> {
        self.roll.count()
    }

    /// Begins an analysis.
    pub(super) async fn begin(
        self: &Arc<Self>,
        (user, parent): (String, Option<String>),
        asked: Asked,
        intervals: Intervals,
        at: Timestamp,
    ) -> Result<String, Unbegun> {
        let place = self.roll.place().ok_or(Unbegun::Busy)?;
        let number = self.roll.each(|other| (other.at == at).then_some(())).len();
        let id = format!("{}-a{number}", at.as_nanosecond());
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
        let known = self.roll.add(analysis).await.map_err(Unbegun::Unkept)?;
        self.follow((known, Some(place)));
        Ok(id)
    }

    /// Ends an analysis that goes on, with the canary that it judges now.
    pub(super) async fn cancel(&self, id: &str) {
        let Some(known) = self.roll.known(id) else { return };
        let ended = Some(self.roll.answers.judge.now());
        let canceled = |analysis| Analysis { state: State::Canceled, ended, ..analysis };
        let analysis = self.roll.change(&known, canceled).await;
        analysis.judged.iter().for_each(|canary| self.canaries.cancel(canary));
    }

    /// Judges until there is an end.
    fn follow(self: &Arc<Self>, (known, place): Running<Analysis>) {
        let analyses = Arc::clone(self);
        tokio::spawn(async move {
            let (_place, roll, canaries) = (place, &analyses.roll, &analyses.canaries);
            let mut heard = known.hear();
            loop {
                let analysis = heard.borrow_and_update().clone();
                if !analysis.is_running() {
                    return;
                }
                let number = analysis.results.len() + 1;
                if roll.waits(analysis.intervals.due(number), &mut heard).await {
                    continue;
                }
                let request = analysis.intervals.canary(&analysis.asked.request, number);
                let asked = Asked { request, ..analysis.asked };
                known.note(|analysis| analysis.judged = canaries.start(asked)).await;
                let Some(canary) = known.state().judged else {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                };
                let status = canaries.ended(&canary).await;
                // a judgement that the end of the server broke off is made by the next server
                if roll.answers.is_ending() && score(status.as_ref()).is_none() {
                    return;
                }
                let now = roll.answers.judge.now();
                roll.change(&known, |analysis| analysis.after(status.clone(), now)).await;
            }
        });
    }
}

impl Lasting for Analysis {
    const CALLED: &'static str = "analysis";
    const ENDING: &'static str = "analysis";

    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn is_running(&self) -> bool {
        self.state == State::Running
    }

    fn word(&self) -> &'static str {
        self.state.word()
    }

    fn told(&self) -> String {
        format!("{}: judgement {} of {}: {}", self.id, self.results.len(), self.intervals.of, self.word())
    }
}

impl Analysis {
    /// The same after a judgement.
    fn after(mut self, status: Option<Value>, now: Timestamp) -> Analysis {
        let score = score(status.as_ref());
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
        self.ended = (!self.is_running()).then_some(now);
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

/// The score of a canary, if it was judged.
fn score(status: Option<&Value>) -> Option<f64> {
    status?["result"]["judgeResult"]["score"]["score"].as_f64()
}

/// What Kayenta warns of.
fn warnings(status: &Value) -> Vec<String> {
    let results = status["result"]["judgeResult"]["results"].as_array().into_iter().flatten();
    let few = |result: &&Value| result["controlMetadata"]["stats"]["count"].as_u64().is_some_and(|count| count < FEW);
    let few: Vec<&str> = results.filter(few).filter_map(|result| result["name"].as_str()).collect();
    let said = || format!("fewer than {FEW} points in the control: {}", few.join(", "));
    if few.is_empty() { Vec::new() } else { vec![said()] }
}
