//! Kayenta's interface: what Orca and Argo's `kayenta` provider ask, and the judge behind an existing Kayenta.
//!
//! Their clients are strict where Kayenta was: Argo wants exactly 200, Orca reads the answer to a new canary as a map of texts,
//! timestamps are whole numbers, an empty parameter is an absent one. A canary runs on a thread of its own, and whoever asked
//! comes back for its status.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::desk::Desk;
use super::judge::{CanaryConfig, Judge, Refused};
use super::verdicts;

/// Canaries that are remembered.
const MOST: usize = 1_000;
/// Canaries that wait for their turn, at most.
const MOST_WAITING: usize = 200;

/// The canaries that were asked for.
pub(super) struct Canaries {
    judge: Arc<dyn Judge>,
    slots: Arc<Semaphore>,
    known: Arc<Mutex<VecDeque<Canary>>>,
}

/// A canary: what was asked, and what became of it.
struct Canary {
    id: String,
    application: String,
    config_id: Option<String>,
    accounts: Accounts,
    config: Value,
    request: Value,
    asked: Timestamp,
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
struct Accounts {
    metrics: Option<String>,
    storage: Option<String>,
    configuration: Option<String>,
}

type Parameters = Query<Vec<(String, String)>>;

/// A parameter that is not empty.
fn parameter(Query(parameters): &Parameters, name: &str) -> Option<String> {
    parameters.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.clone())
}

impl Canaries {
    pub(super) fn new(judge: Arc<dyn Judge>, at_once: usize) -> Canaries {
        Canaries { judge, slots: Arc::new(Semaphore::new(at_once)), known: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Canary>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a canary and has it judged when its turn comes; none if too many wait.
    fn start(&self, mut canary: Canary) -> Option<String> {
        let mut known = self.known();
        if known.iter().filter(|canary| !canary.state.is_over()).count() >= MOST_WAITING {
            return None;
        }
        while known.len() >= MOST {
            let oldest = known.iter().position(|canary| canary.state.is_over())?;
            known.remove(oldest);
        }
        let number = known.iter().filter(|other| other.asked == canary.asked).count();
        canary.id = format!("{}-{number}", canary.asked.as_nanosecond());
        let id = canary.id.clone();
        let asked = json!({ "canaryConfig": canary.config, "executionRequest": canary.request });
        known.push_back(canary);
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
                    let answer = judge.canary(&asked);
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

/// `GET /canaryConfig`: the configurations of an application, or all.
pub(super) async fn configs(State(desk): State<Desk>, parameters: Parameters) -> Response {
    let wanted: Vec<&String> = parameters
        .0
        .iter()
        .filter(|(name, value)| name == "application" && !value.is_empty())
        .map(|(_, v)| v)
        .collect();
    // a configuration without applications is for all
    let is_its = |config: &CanaryConfig| {
        wanted.is_empty()
            || config.applications.is_empty()
            || config.applications.iter().any(|own| wanted.contains(&own))
    };
    let listed = |config: CanaryConfig| {
        json!({
            "id": config.id,
            "name": config.name,
            "updatedTimestamp": config.updated.as_millisecond(),
            "updatedTimestampIso": config.updated.to_string(),
            "applications": config.applications,
        })
    };
    let listed: Vec<Value> = desk.canaries.judge.canary_configs().into_iter().filter(is_its).map(listed).collect();
    Json(listed).into_response()
}

/// `GET /canaryConfig/{id}`.
pub(super) async fn config(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match find(&desk, &id) {
        Some(config) => Json(config.config).into_response(),
        None => unknown_config(&id),
    }
}

fn find(desk: &Desk, id: &str) -> Option<CanaryConfig> {
    let configs = desk.canaries.judge.canary_configs();
    configs.into_iter().find(|config| config.id == id)
}

fn unknown_config(id: &str) -> Response {
    let why = format!("there is no canary configuration {id:?}: GET /canaryConfig lists them");
    refuse(StatusCode::NOT_FOUND, &why)
}

/// `POST /canary/{canaryConfigId}`: a configuration of the folder is judged.
pub(super) async fn start(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    parameters: Parameters,
    body: String,
) -> Response {
    let Some(config) = find(&desk, &id) else { return unknown_config(&id) };
    let application = parameter(&parameters, "application").or_else(|| config.applications.first().cloned());
    match read(&body) {
        Ok(request) => begin(&desk, &parameters, (application, Some(id)), config.config, request.into()),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

/// `POST /canary`: the request brings its configuration, if the operator allows that.
pub(super) async fn start_ad_hoc(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    let mut body = match read(&body) {
        Ok(body) => body,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let (Some(config), Some(request)) = (body.remove("canaryConfig"), body.remove("executionRequest")) else {
        let why = "the request needs `canaryConfig` and `executionRequest`";
        return refuse(StatusCode::BAD_REQUEST, why);
    };
    if !desk.canaries.judge.allows_canary_configs() {
        let why = "this server judges only configurations of its folder: ask POST /canary/ID, or start it with --allow-canary-configs";
        return refuse(StatusCode::BAD_REQUEST, why);
    }
    let application = parameter(&parameters, "application").unwrap_or_else(|| "ad-hoc".into());
    begin(&desk, &parameters, (Some(application), None), config, request)
}

fn begin(
    desk: &Desk,
    parameters: &Parameters,
    (application, config_id): (Option<String>, Option<String>),
    config: Value,
    request: Value,
) -> Response {
    if let Some(why) = incomplete(&config, &request) {
        return refuse(StatusCode::BAD_REQUEST, &why);
    }
    let canary = Canary {
        id: String::new(),
        application: application.unwrap_or_else(|| "ad-hoc".into()),
        config_id,
        accounts: Accounts {
            metrics: parameter(parameters, "metricsAccountName"),
            storage: parameter(parameters, "storageAccountName"),
            configuration: parameter(parameters, "configurationAccountName"),
        },
        config,
        request,
        asked: desk.canaries.judge.now(),
        started: None,
        ended: None,
        state: Progress::Waiting,
    };
    match desk.canaries.start(canary) {
        // a map of texts and nothing else: Orca reads no other
        Some(id) => Json(json!({ "canaryExecutionId": id })).into_response(),
        None => refuse(StatusCode::SERVICE_UNAVAILABLE, "too many canaries wait: ask again in a moment"),
    }
}

/// What a request lacks.
fn incomplete(config: &Value, request: &Value) -> Option<String> {
    if config["metrics"].as_array().is_none_or(Vec::is_empty) {
        return Some("the canary configuration has no metric: add one".into());
    }
    let scopes = request["scopes"].as_object().filter(|scopes| !scopes.is_empty());
    let Some(scopes) = scopes else {
        return Some("the request has no `scopes`: write `scopes: {default: …}`".into());
    };
    for (name, scope) in scopes {
        if !scope["controlScope"].is_object() || !scope["experimentScope"].is_object() {
            return Some(format!("the scope {name:?} needs `controlScope` and `experimentScope`"));
        }
    }
    let thresholds = &request["thresholds"];
    let has_both = ["pass", "marginal"].iter().all(|key| thresholds[key].is_number());
    (!has_both).then(|| "the request needs `thresholds` with the numbers `pass` and `marginal`".into())
}

/// `GET /canary/{canaryExecutionId}`.
pub(super) async fn status(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let known = desk.canaries.known();
    match known.iter().find(|canary| canary.id == id) {
        Some(canary) => Json(canary.status()).into_response(),
        None => refuse(StatusCode::NOT_FOUND, &format!("there is no canary {id:?}: the latest thousand are kept")),
    }
}

/// `PUT /pipelines/{id}/cancel`: accepted whatever it names, as in Kayenta.
pub(super) async fn cancel(State(desk): State<Desk>, Path(id): Path<String>) -> StatusCode {
    let now = desk.canaries.judge.now();
    change(&desk.canaries.known, &id, |canary| {
        if !canary.state.is_over() {
            (canary.state, canary.ended) = (Progress::Canceled, Some(now));
        }
        true
    });
    StatusCode::ACCEPTED
}

impl Canary {
    fn status(&self) -> Value {
        let mut status = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                status.insert(key.to_owned(), value);
            }
        };
        put("application", Some(self.application.clone().into()));
        put("pipelineId", Some(self.id.clone().into()));
        put("canaryConfigId", self.config_id.clone().map(Value::from));
        put("stageStatus", Some(json!({ "judge": self.state.word() })));
        put("complete", Some(self.state.is_over().into()));
        put("status", Some(self.state.word().into()));
        if let Progress::Failed(why) = &self.state {
            put("exception", Some(exception(why, self.ended.unwrap_or(self.asked))));
        }
        put("config", Some(self.config.clone()));
        put("canaryExecutionRequest", has_times(&self.request).then(|| self.request.clone()));
        put("metricsAccountName", self.accounts.metrics.clone().map(Value::from));
        put("storageAccountName", self.accounts.storage.clone().map(Value::from));
        put("configurationAccountName", self.accounts.configuration.clone().map(Value::from));
        for (name, at) in [("build", Some(self.asked)), ("start", self.started), ("end", self.ended)] {
            put(&format!("{name}TimeMillis"), at.map(|at| at.as_millisecond().into()));
            put(&format!("{name}TimeIso"), at.map(|at| at.to_string().into()));
        }
        if let Progress::Judged(result) = &self.state {
            put("result", Some(json!({ "canaryDuration": duration(&self.request), "judgeResult": result })));
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

/// `POST /judge`: a Kayenta sends its series, and this is its remote judge.
pub(super) async fn remote(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    let body = match read(&body) {
        Ok(body) => Value::Object(body),
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let Ok(slot) = Arc::clone(&desk.canaries.slots).acquire_owned().await else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the server ends");
    };
    let judge = Arc::clone(&desk.canaries.judge);
    let by = parameter(&parameters, "judge");
    let judged = tokio::task::spawn_blocking(move || {
        let judged = judge.remote(&body, by.as_deref());
        drop(slot);
        judged
    });
    match judged.await {
        Ok(Ok(result)) => Json(result).into_response(),
        Ok(Err(refused)) => {
            let (_, why) = verdicts::status(&refused);
            refuse(StatusCode::BAD_REQUEST, why)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the judgement broke off: this is a bug in davy"),
    }
}

/// `GET /judges`.
pub(super) async fn judges(State(desk): State<Desk>) -> Json<Value> {
    let names = desk.canaries.judge.canary_judges().into_iter();
    Json(names.map(|name| json!({ "name": name, "visible": true })).collect())
}

const METRICS: &str = "davy";

/// `GET /credentials`: there is one account of each kind.
pub(super) async fn credentials() -> Json<Value> {
    Json(json!([
        account(METRICS, "METRICS_STORE"),
        account("davy-configs", "CONFIGURATION_STORE"),
        account("davy-verdicts", "OBJECT_STORE"),
    ]))
}

/// `GET /metricsServices`.
pub(super) async fn services() -> Json<Value> {
    Json(json!([{ "name": METRICS, "type": "davy", "locations": [], "recommendedLocations": [] }]))
}

fn account(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": "davy", "supportedTypes": [kind], "locations": [], "recommendedLocations": [] })
}

fn read(body: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(body).map_err(|error| format!("the request cannot be read: {error}. Send a JSON object"))
}

/// As Kayenta refuses.
fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "message": why }))).into_response()
}
