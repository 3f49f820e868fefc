//! `/v1/watch`: a soak that the server watches, begun and ended by a request, followed as JSON, as events, and as a page that moves.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::decision::Decision;
use super::desk::Desk;
use super::question::{LONGEST_TIME, Question, Window};
use super::roll::{Lasting, MOST};
use super::verdicts::{about, clash, key, read, refuse, refused};
use super::watch::{Phase, Watch};
use super::watches::Unwatched;
use crate::report::watched::{self, Stage, Watched};
use crate::report::{self, Format, Style};

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
    /// When the canary's window begins.
    #[serde(default)]
    from: Option<Timestamp>,
}

pub(super) async fn begin(State(desk): State<Desk>, headers: HeaderMap, body: String) -> Response {
    let hint = "write {\"config\": NAME, \"phase\": …, \"args\": {…}, \"from\": TIME}";
    let Body { config, name, phase, args, from } = match read(&headers, &body, hint) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    // the end is the soak's
    let window = from.map(|from| Window { from, to: from });
    if from.is_some_and(|from| from.duration_since(desk.answers.judge.now()) > LONGEST_TIME) {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "`from` is more than 31 days ahead: begin the watch later");
    }
    let question = match about(config, name) {
        Ok(question) => Question { phase, args, window, ..question },
        Err(refusal) => return refusal,
    };
    let (watches, key) = (desk.watches, key(&headers));
    // a caller that does not wait leaves no watch half begun
    let begun = tokio::spawn(async move { watches.begin(question, key).await }).await;
    match begun.unwrap_or_else(|error| Err(Unwatched::Unkept(error.to_string()))) {
        Ok(watch) => {
            let place = [(header::LOCATION, format!("/v1/watch/{}", watch.id))];
            (StatusCode::ACCEPTED, place, Json(shown(&watch))).into_response()
        }
        Err(Unwatched::Refused(why)) => refused(&why),
        Err(Unwatched::Busy) => {
            let why = format!("{MOST} watches are running: wait until one has ended");
            refuse(StatusCode::SERVICE_UNAVAILABLE, &why)
        }
        Err(Unwatched::Clash) => clash(),
        Err(Unwatched::Unkept(why)) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, &format!("the watch cannot be kept, and is not begun: {why}"))
        }
    }
}

/// How a watch stands: what a program reads, with the last verdict whole below it.
fn shown(watch: &Watch) -> Value {
    let looks = watch.latest.as_ref().map(|document| document.looks.as_slice()).unwrap_or_default();
    json!({
        "id": watch.id,
        "config": watch.question.gate,
        "phase": watch.phase,
        "verdict": watch.verdict(),
        "decision": watch.decision.map(Decision::word),
        "sentence": watch.sentence,
        "at": watch.at,
        "next": watch.next,
        "looks": looks,
        "report": watch.latest,
    })
}

fn unknown() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no watch of this name")
}

pub(super) async fn find(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    desk.watches.find(&id).map_or_else(unknown, |watch| Json(shown(&watch)).into_response())
}

/// Ends a watch; one that has ended is answered as it is.
pub(super) async fn cancel(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let watches = desk.watches;
    // a caller that does not wait leaves no watch half ended
    let ended = tokio::spawn(async move { watches.cancel(&id).await }).await;
    match ended.unwrap_or_else(|error| Some(Err(error.to_string()))) {
        Some(Ok(watch)) => Json(shown(&watch)).into_response(),
        Some(Err(why)) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("the end of the watch cannot be kept, so it goes on: {why}"),
        ),
        None => unknown(),
    }
}

/// How a watch stands now, and each time that it has changed, until it ends or the server does.
pub(super) async fn events(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let Some(heard) = desk.watches.hear(&id) else { return unknown() };
    Sse::new(told(heard, desk.end.clone()))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response()
}

type Hearing = tokio::sync::watch::Receiver<Watch>;
type Ending = tokio::sync::watch::Receiver<bool>;

fn told(heard: Hearing, end: Ending) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = (heard, end, true, false);
    stream::unfold(first, |(mut heard, mut end, is_first, is_over)| async move {
        if is_over {
            return None;
        }
        if !is_first {
            tokio::select! {
                changed = heard.changed() => changed.ok()?,
                _ = end.wait_for(|wished| *wished) => return None,
            }
        }
        let watch = heard.borrow_and_update().clone();
        let is_over = !watch.is_running();
        let event = Event::default().event("look").data(shown(&watch).to_string());
        Some((Ok(event), (heard, end, false, is_over)))
    })
}

/// The page of a watch; with `.html` behind the name, the report of its last look.
pub(super) async fn page(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    let (id, is_report) = name.strip_suffix(".html").map_or((name.as_str(), false), |id| (id, true));
    let Some(watch) = desk.watches.find(id) else { return unknown() };
    let text = match &watch.latest {
        Some(document) if is_report => report::render(document, Format::Html, &Style::default()),
        _ => watched::page(&seen(&watch)),
    };
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

/// A watch as people see it.
fn seen(watch: &Watch) -> Watched {
    Watched {
        id: watch.id.clone(),
        gate: watch.question.gate.clone(),
        stage: match watch.phase {
            Phase::Running => Stage::Running,
            Phase::Ended => Stage::Ended,
            Phase::Failed => Stage::Failed,
            Phase::Cancelled => Stage::Cancelled,
        },
        at: watch.at,
        next: watch.next,
        sentence: watch.sentence.clone(),
        latest: watch.latest.clone(),
    }
}
