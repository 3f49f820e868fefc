//! `/standalone_canary_analysis`: Kayenta's judgements over a lifetime, for whoever has no pipeline that repeats them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::analyses::{Analysis, MOST, State as Progress, Unbegun};
use super::canaries::{Accounts, Asked};
use super::desk::Desk;
use super::intervals::{self, Intervals};
use super::kayenta::{Parameters, ad_hoc, find, incomplete, parameter, read, refuse, unknown_judge};
use super::request;

/// `POST /standalone_canary_analysis/{canaryConfigId}`: by a configuration of the folder.
pub(super) async fn start(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    parameters: Parameters,
    body: String,
) -> Response {
    let config = match find(&desk, &id).await {
        Ok(config) => config,
        Err((status, why)) => return refuse(status, &why),
    };
    match read(&body) {
        Ok(request) => begin(&desk, &parameters, Some(id), config.config, request.into()).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

/// `POST /standalone_canary_analysis`: the request brings its configuration, if the operator allows that.
pub(super) async fn start_ad_hoc(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    match ad_hoc(&desk, &body) {
        Ok((config, request)) => begin(&desk, &parameters, None, config, request).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

async fn begin(
    desk: &Desk,
    parameters: &Parameters,
    config_id: Option<String>,
    config: Value,
    request: Value,
) -> Response {
    let at = desk.answers.judge.now();
    let intervals = match checked(desk, &config, &request, at) {
        Ok(intervals) => intervals,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let user = parameter(parameters, "user").unwrap_or_else(|| "anonymous".into());
    let parent = parameter(parameters, "parentPipelineExecutionId");
    let asked = Asked {
        application: parameter(parameters, "application").unwrap_or_else(|| "ad-hoc".into()),
        config_id,
        accounts: Accounts::of(parameters),
        config,
        request,
    };
    match desk.analyses.begin((user, parent), asked, intervals, at).await {
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
fn checked(desk: &Desk, config: &Value, request: &Value, at: Timestamp) -> Result<Intervals, String> {
    let intervals = Intervals::of(request, at)?;
    let last = intervals.canary(request, intervals.of);
    let wrong = intervals::wrong(request)
        .or_else(|| incomplete(config, &last))
        .or_else(|| unknown_judge(desk, config))
        .or_else(|| request::wrong(config, &last, intervals.due(intervals.of)));
    wrong.map_or(Ok(intervals), Err)
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
    put("complete", (analysis.state != Progress::Running).into());
    put("executionStatus", analysis.state.word().into());
    put("status", analysis.state.word().to_lowercase().into());
    let exception = analysis.results.iter().map(|result| &result["exception"]).find(|exception| !exception.is_null());
    put("exception", exception.cloned().unwrap_or_default());
    if analysis.state != Progress::Running {
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
    let word = analysis.state.word();
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
    let last = if analysis.state == Progress::Running { "NOT_STARTED" } else { "SUCCEEDED" };
    stages.push(json!({ "type": "generateCanaryAnalysisResultStage", "name": "result", "status": last }));
    stages
}
