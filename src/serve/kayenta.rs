//! Kayenta's interface: what Orca and Argo's `kayenta` provider ask, and the judge behind an existing Kayenta.
//!
//! Their clients are strict where Kayenta was: Argo wants exactly 200, Orca reads the answer to a new canary as a map of texts,
//! timestamps are whole numbers, an empty parameter is an absent one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::canaries::{Accounts, Asked};
use super::desk::Desk;
use super::judge::{CanaryConfig, Judge, Refused};
use super::request::{self, SIDES};

pub(super) type Parameters = Query<Vec<(String, String)>>;

/// A parameter that is not empty.
pub(super) fn parameter(Query(parameters): &Parameters, name: &str) -> Option<String> {
    parameters.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.clone())
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
    let listed: Vec<Value> = known(&desk).await.into_iter().filter(is_its).map(listed).collect();
    Json(listed).into_response()
}

/// `GET /canaryConfig/{id}`.
pub(super) async fn config(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match find(&desk, &id).await {
        Ok(config) => Json(config.config).into_response(),
        Err((status, why)) => refuse(status, &why),
    }
}

/// The configurations of the folder, all of them read, which takes a while where there are many: others are answered meanwhile.
async fn known(desk: &Desk) -> Vec<CanaryConfig> {
    let judge = Arc::clone(&desk.answers.judge);
    tokio::task::spawn_blocking(move || judge.canary_configs()).await.unwrap_or_default()
}

/// The configuration of an identifier, which only one may have.
async fn find(desk: &Desk, id: &str) -> Result<CanaryConfig, (StatusCode, String)> {
    let mut found = known(desk).await.into_iter().filter(|config| config.id == id);
    match (found.next(), found.next()) {
        (Some(config), None) => Ok(config),
        (Some(_), Some(_)) => {
            let why = format!("more than one file of the folder has the id {id:?}: give each an id of its own");
            Err((StatusCode::BAD_REQUEST, why))
        }
        (None, _) => {
            let why = format!("there is no canary configuration {id:?}: GET /canaryConfig lists them");
            Err((StatusCode::NOT_FOUND, why))
        }
    }
}

impl Asked {
    /// What a request asks; it says for which application, or the configuration does.
    pub(super) fn of(
        parameters: &Parameters,
        its: Option<&str>,
        config_id: Option<String>,
        config: Value,
        request: Value,
    ) -> Asked {
        let application = parameter(parameters, "application");
        let accounts = Accounts {
            metrics: parameter(parameters, "metricsAccountName"),
            storage: parameter(parameters, "storageAccountName"),
            configuration: parameter(parameters, "configurationAccountName"),
        };
        let application = application.unwrap_or_else(|| its.unwrap_or("ad-hoc").to_owned());
        Asked { application, config_id, accounts, config, request }
    }
}

/// `POST /canary/{canaryConfigId}`: a configuration of the folder is judged.
pub(super) async fn start(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    parameters: Parameters,
    body: String,
) -> Response {
    match of_folder(&desk, &id, &body).await {
        Ok((config, request)) => {
            let its = config.applications.first();
            begin(&desk, Asked::of(&parameters, its.map(String::as_str), Some(id), config.config, request))
        }
        Err((status, why)) => refuse(status, &why),
    }
}

/// A configuration of the folder, and the request of a body.
pub(super) async fn of_folder(
    desk: &Desk,
    id: &str,
    body: &str,
) -> Result<(CanaryConfig, Value), (StatusCode, String)> {
    let config = find(desk, id).await?;
    let request = read(body).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    Ok((config, request.into()))
}

/// `POST /canary`: the request brings its configuration, if the operator allows that.
pub(super) async fn start_ad_hoc(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    match ad_hoc(&desk, &body) {
        Ok((config, request)) => begin(&desk, Asked::of(&parameters, None, None, config, request)),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

/// The configuration and the request of a body that has both, if the operator allows that.
pub(super) fn ad_hoc(desk: &Desk, body: &str) -> Result<(Value, Value), String> {
    let mut body = read(body)?;
    let (Some(config), Some(request)) = (body.remove("canaryConfig"), body.remove("executionRequest")) else {
        return Err("the request needs `canaryConfig` and `executionRequest`".into());
    };
    if !desk.answers.judge.allows_canary_configs() {
        let why = "this server judges only configurations of its folder: name its ID behind the path, or start it with --allow-canary-configs";
        return Err(why.into());
    }
    Ok((config, request))
}

/// Why a canary cannot be judged at an instant, if so.
pub(super) fn wrong(desk: &Desk, config: &Value, request: &Value, at: Timestamp) -> Option<String> {
    incomplete(config, request).or_else(|| unknown_judge(desk, config)).or_else(|| request::wrong(config, request, at))
}

/// Why the judge of a configuration is none, if so.
fn unknown_judge(desk: &Desk, config: &Value) -> Option<String> {
    let known = desk.answers.judge.canary_judges();
    let unknown = config["judge"]["name"].as_str().filter(|name| !name.is_empty() && !known.contains(name));
    unknown.map(|name| format!("there is no judge {name:?}: GET /judges lists them"))
}

fn begin(desk: &Desk, asked: Asked) -> Response {
    if let Some(why) = wrong(desk, &asked.config, &asked.request, desk.answers.judge.now()) {
        return refuse(StatusCode::BAD_REQUEST, &why);
    }
    match desk.canaries.start(asked) {
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
        if SIDES.iter().any(|side| !scope[side].is_object()) {
            return Some(format!("the scope {name:?} needs `controlScope` and `experimentScope`"));
        }
    }
    let thresholds = &request["thresholds"];
    let has_both = ["pass", "marginal"].iter().all(|key| thresholds[key].is_number());
    (!has_both).then(|| "the request needs `thresholds` with the numbers `pass` and `marginal`".into())
}

/// `GET /canary/{canaryExecutionId}`.
pub(super) async fn status(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match desk.canaries.status(&id) {
        Some(status) => Json(status).into_response(),
        None => refuse(StatusCode::NOT_FOUND, &format!("there is no canary {id:?}: the latest thousand are kept")),
    }
}

/// `PUT /pipelines/{id}/cancel`: accepted whatever it names, as in Kayenta.
pub(super) async fn cancel(State(desk): State<Desk>, Path(id): Path<String>) -> StatusCode {
    desk.canaries.cancel(&id);
    // a caller that does not wait leaves no analysis half ended
    let _ = tokio::spawn(async move { desk.analyses.cancel(&id).await }).await;
    StatusCode::ACCEPTED
}

/// `POST /judge`: a Kayenta sends its series, and this is its remote judge.
pub(super) async fn remote(State(desk): State<Desk>, parameters: Parameters, body: String) -> Response {
    let by = parameter(&parameters, "judge");
    // 16 MiB are long to read: others are answered meanwhile
    let judge = move |judge: &dyn Judge| {
        let body = read(&body).map_err(Refused::Wrong)?;
        judge.remote(&Value::Object(body), by.as_deref())
    };
    match desk.answers.aside(judge).await {
        Ok(result) => Json(result).into_response(),
        Err(refused) => refuse(StatusCode::BAD_REQUEST, refused.why()),
    }
}

/// `GET /judges`.
pub(super) async fn judges(State(desk): State<Desk>) -> Json<Value> {
    let names = desk.answers.judge.canary_judges().into_iter();
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
pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "message": why }))).into_response()
}
