//! `/v1`: a question answered as JSON, and verdicts by their names. Argo Rollouts asks by its `web` provider.
//!
//! Argo gives up after ten seconds and takes any 2xx: so what takes longer is answered with 202 and `"verdict": "pending"`, which meets
//! neither condition, and the next measurement gets the verdict.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answers::Heard;
use super::desk::Desk;
use super::judge::{Answer, Refused};
use super::keep::Kept;
use super::question::{Configuration, Question, Window};
use crate::report::{self, Document, Format, Style};

/// The longest that a caller may wait.
const LONGEST: u64 = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    config: Value,
    /// What a configuration of the request is called.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    phase: Option<String>,
    #[serde(default)]
    args: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    window: Option<Window>,
    #[serde(default)]
    now: Option<jiff::Timestamp>,
    /// Seconds.
    #[serde(default)]
    wait: Option<u64>,
}

pub(super) async fn judge(State(desk): State<Desk>, headers: HeaderMap, body: String) -> Response {
    let hint = "write {\"config\": NAME, \"phase\": …, \"args\": {…}, \"window\": {\"from\": …, \"to\": …}, \"wait\": SECONDS}";
    let Body { config, name, phase, args, window, now, wait } = match read(&headers, &body, hint) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let question = match about(config, name) {
        Ok(question) => Question { phase, args, window, now, ..question },
        Err(refusal) => return refusal,
    };
    let wait = wait.map_or(desk.wait, |seconds| Duration::from_secs(seconds.min(LONGEST)));
    answer(&desk, question, wait, key(&headers)).await
}

/// A question about a gate that is named, or that came with the request.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
pub(super) fn about(config: Value, name: Option<String>) -> Result<Question, Response> {
    let read = Configuration::read(config).and_then(|configuration| Question::about(configuration, name));
    read.map_err(|why| refuse(StatusCode::BAD_REQUEST, &format!("the request cannot be read: {why}")))
}

/// Questions with one key are one.
pub(super) fn key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned)
}

/// The body of a request; `hint` says what may be written.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
pub(super) fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &str, hint: &str) -> Result<T, Response> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json")
        && !kind.is_empty()
        && !kind.starts_with("application/x-www-form-urlencoded")
    {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`"));
    }
    let read = serde_json::from_str::<Map<String, Value>>(body).and_then(|body| serde_json::from_value(body.into()));
    read.map_err(|error| refuse(StatusCode::BAD_REQUEST, &format!("the request cannot be read: {error}; {hint}")))
}

async fn answer(desk: &Desk, question: Question, wait: Duration, key: Option<String>) -> Response {
    match desk.answers.ask(question, wait, key).await {
        Heard::Answered(kept) => said(&kept),
        Heard::Pending(id) => pending(&id),
        Heard::Wrong(wrong) => refuse(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
        Heard::Busy => busy(),
        Heard::Clash => clash(),
    }
}

/// It is being judged, and will be found there.
fn pending(id: &str) -> Response {
    let told = json!({ "verdict": "pending", "id": id, "sentence": "it is being judged: ask again" });
    (StatusCode::ACCEPTED, [(header::LOCATION, format!("/v1/verdicts/{id}"))], Json(told)).into_response()
}

/// Too many judgements at once.
fn busy() -> Response {
    let told = json!({ "error": "as many judgements run as may: ask again in a moment, or start davy with a larger --at-once" });
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], Json(told)).into_response()
}

pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

/// The key was used for another question.
pub(super) fn clash() -> Response {
    refuse(StatusCode::CONFLICT, "this Idempotency-Key was used for another question: use another key")
}

/// It cannot be judged.
pub(super) fn refused(refused: &Refused) -> Response {
    refuse(status(refused), refused.why())
}

/// The status of what could not be judged.
pub(super) fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Unknown(_) => StatusCode::NOT_FOUND,
        Refused::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refused::Source(_) => StatusCode::BAD_GATEWAY,
    }
}

fn said(kept: &Kept) -> Response {
    match kept.outcome.as_ref() {
        Ok(answer) => Json(Brief::of(kept, answer)).into_response(),
        Err(why) => refused(why),
    }
}

/// What a controller's condition reads, with the verdict whole below it.
#[derive(Serialize)]
struct Brief<'a> {
    #[serde(flatten)]
    brief: Map<String, Value>,
    id: &'a str,
    at: jiff::Timestamp,
    report: &'a Document,
}

impl<'a> Brief<'a> {
    fn of(Kept { id, at, .. }: &'a Kept, answer: &'a Answer) -> Brief<'a> {
        Brief { brief: answer.brief(), id, at: *at, report: &answer.document }
    }
}

/// A verdict by its name, with the form after a dot: `.json` (the document alone), `.md`, `.html`, `.txt`.
pub(super) async fn find(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    let forms = [("md", Format::Markdown), ("html", Format::Html), ("json", Format::Json), ("txt", Format::Terminal)];
    let asked = name.rsplit_once('.').and_then(|(id, end)| Some((id, forms.iter().find(|(own, _)| *own == end)?.1)));
    let (id, form) = asked.map_or((name.as_str(), None), |(id, form)| (id, Some(form)));
    match (desk.answers.find(id).await, form) {
        (Ok(kept), None) => said(&kept),
        (Ok(kept), Some(form)) => match kept.outcome.as_ref() {
            Ok(answer) => {
                let kind = match form {
                    Format::Html => "text/html; charset=utf-8",
                    Format::Json => "application/json",
                    Format::Markdown => "text/markdown; charset=utf-8",
                    _ => "text/plain; charset=utf-8",
                };
                let text = report::render(&answer.document, form, &Style::default());
                ([(header::CONTENT_TYPE, kind)], text).into_response()
            }
            Err(_) => said(&kept),
        },
        (Err(true), _) => pending(id),
        (Err(false), _) => {
            refuse(StatusCode::NOT_FOUND, "there is no verdict of this name, or it is too old and was not kept")
        }
    }
}
