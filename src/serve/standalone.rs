//! `/standalone_canary_analysis`: Kayenta's judgements over a lifetime, for whoever has no pipeline that repeats them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::analyses::{Analysis, Unbegun};
use super::canaries::Asked;
use super::desk::Desk;
use super::intervals::{self, Intervals};
use super::kayenta::{Parameters, ad_hoc, of_folder, parameter, refuse, wrong};
use super::roll::{Lasting, MOST};

/// `POST /standalone_canary_analysis/{canaryConfigId}`: by a configuration of the folder.
pub(super) async fn start(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    parameters: Parameters,
    body: String,
) -> Response {
    match of_folder(&desk, &id, &body).await {
        Ok((config, request)) => {
            begin(&desk, &parameters, Asked::of(&parameters, None, Some(id), config.config, request)).await
        }
        Err((status, why)) => refuse(status, &why),
    }
}

/// `POST /standalone_canary_analysis`: the request brings its configuration, if the operator allows that.
pub(super) async fn start_ad_hoc(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    match ad_hoc(&desk, &body) {
        Ok((config, request)) => begin(&desk, &parameters, Asked::of(&parameters, None, None, config, request)).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

async fn begin(desk: &Desk, parameters: &Parameters, asked: Asked) -> Response {
    let at = desk.answers.judge.now();
    let intervals = match checked(desk, &asked, at) {
        Ok(intervals) => intervals,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let user = parameter(parameters, "user").unwrap_or_else(|| "anonymous".into());
    let parent = parameter(parameters, "parentPipelineExecutionId");
    let analyses = Arc::clone(&desk.analyses);
    // a caller that does not wait leaves no analysis half begun
    let begun = tokio::spawn(async move { analyses.begin((user, parent), asked, intervals, at).await }).await;
    match begun.unwrap_or_else(|error| Err(Unbegun::Unkept(error.to_string()))) {
        Ok(id) => Json(json!({ "canaryAnalysisExecutionId": id })).into_response(),
        Err(Unbegun::Busy) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("{MOST} analyses go on: wait until one has ended"))
        }
        Err(Unbegun::Unkept(why)) => {
            let why = format!("the analysis cannot be kept, and is not begun: {why}");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, &why)
        }
    }
}

/// When it is judged, if it can be: the last judgement is checked as a canary would be when it is due.
fn checked(desk: &Desk, Asked { config, request, .. }: &Asked, at: Timestamp) -> Result<Intervals, String> {
    let intervals = Intervals::of(request, at)?;
    let last = intervals.canary(request, intervals.of);
    let due = intervals.due(intervals.of);
    intervals::wrong(request).or_else(|| wrong(desk, config, &last, due)).map_or(Ok(intervals), Err)
}

/// `GET /standalone_canary_analysis/{canaryAnalysisExecutionId}`.
pub(super) async fn status(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match desk.analyses.find(&id) {
        Some(analysis) => Json(shown(&analysis)).into_response(),
        None => refuse(StatusCode::NOT_FOUND, &format!("there is no analysis {id:?}")),
    }
}

fn shown(analysis: &Analysis) -> Value {
    let asked = &analysis.asked;
    let mut status = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            status.insert(key.to_owned(), value);
        }
    };
    put("application", asked.application.clone().into());
    put("user", analysis.user.clone().into());
    put("parentPipelineExecutionId", analysis.parent.clone().into());
    put("pipelineId", analysis.id.clone().into());
    put("stageStatus", stages(analysis).into());
    put("complete", (!analysis.is_running()).into());
    put("executionStatus", analysis.word().into());
    put("status", analysis.word().to_lowercase().into());
    let exception = analysis.results.iter().map(|result| &result["exception"]).find(|exception| !exception.is_null());
    put("exception", exception.cloned().unwrap_or_default());
    if !analysis.is_running() {
        put("canaryAnalysisExecutionResult", result(analysis));
    }
    put("canaryAnalysisExecutionRequest", asked.request.clone());
    put("canaryConfig", asked.config.clone());
    put("canaryConfigId", asked.config_id.clone().into());
    put("metricsAccountName", asked.accounts.metrics.clone().into());
    put("storageAccountName", asked.accounts.storage.clone().into());
    for (name, at) in times(analysis) {
        put(&format!("{name}TimeMillis"), at.map(Timestamp::as_millisecond).into());
        put(&format!("{name}TimeIso"), at.map(|at| at.to_string()).into());
    }
    Value::Object(status)
}

fn times(analysis: &Analysis) -> [(&'static str, Option<Timestamp>); 3] {
    [("build", Some(analysis.at)), ("start", Some(analysis.at)), ("end", analysis.ended)]
}

fn result(analysis: &Analysis) -> Value {
    let (passed, message) = analysis.passed();
    let warns = |result: &Value| result["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty());
    let mut result = json!({
        "didPassThresholds": passed,
        "hasWarnings": analysis.results.iter().any(warns),
        "canaryScoreMessage": message,
        "canaryScores": analysis.scores,
        "canaryExecutionResults": analysis.results,
    });
    for (name, at) in times(analysis) {
        if let Some(at) = at {
            result[format!("{name}TimeIso")] = at.to_string().into();
        }
    }
    result
}

/// The stages of Kayenta's pipeline: the whole, each judgement, and the summary.
fn stages(analysis: &Analysis) -> Vec<Value> {
    let word = analysis.word();
    let mut stages = vec![json!({ "type": "setupAndExecuteCanariesStage", "name": "judgements", "status": word })];
    for number in 1..=analysis.intervals.of {
        let done = analysis.results.get(number - 1);
        let is_now = analysis.results.len() + 1 == number;
        let mut stage =
            json!({ "type": "runCanary", "name": format!("Run Canary #{number}"), "status": "NOT_STARTED" });
        if let Some(done) = done {
            (stage["status"], stage["executionId"]) = (done["executionStatus"].clone(), done["executionId"].clone());
        } else if let Some(canary) = analysis.judged.as_ref().filter(|_| is_now) {
            (stage["status"], stage["executionId"]) = ("RUNNING".into(), canary.clone().into());
        }
        stages.push(stage);
    }
    let last = if analysis.is_running() { "NOT_STARTED" } else { "SUCCEEDED" };
    stages.push(json!({ "type": "generateCanaryAnalysisResultStage", "name": "result", "status": last }));
    stages
}
