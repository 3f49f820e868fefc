//! The webhooks of Flagger: `POST /flagger/HOOK` with `{name, namespace, phase, checksum, metadata}`.
//!
//! Flagger takes 200 to 202 for yes; 204 is a failure there, and 5xx is asked again at once. Its `rollback` hook is the other way around:
//! yes means roll back. So a gate that is undecided answers 403 with its sentence everywhere, which keeps the canary where it is.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::answers::Heard;
use super::desk::Desk;
use super::judge::Decision;
use super::question::Question;

const HOOKS: [&str; 6] =
    ["confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion", "rollback"];

#[derive(Debug, Deserialize)]
struct Body {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    checksum: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Keys of the metadata that choose what is judged; the others are arguments of the configuration.
const OWN: [&str; 2] = ["config", "phase"];

pub(super) async fn hook(State(desk): State<Desk>, Path(hook): Path<String>, body: String) -> Response {
    if !HOOKS.contains(&hook.as_str()) {
        return no(StatusCode::NOT_FOUND, &format!("{hook:?} is not a hook that davy answers: {}", HOOKS.join(", ")));
    }
    let body: Body = match serde_json::from_str(&body) {
        Ok(body) => body,
        Err(error) => return no(StatusCode::BAD_REQUEST, &format!("the webhook cannot be read: {error}")),
    };
    let args: BTreeMap<String, String> = body
        .metadata
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let own = [("name", &body.name), ("namespace", &body.namespace), ("checksum", &body.checksum)];
    let offered = own.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let gate = body.metadata.get("config").unwrap_or(&body.name);
    let question = Question {
        phase: body.metadata.get("phase").cloned(),
        args,
        offered,
        asker: hook.clone(),
        ..Question::of(gate)
    };
    let is_rollback = hook == "rollback";
    match desk.answers.ask(question, desk.wait, None).await {
        Heard::Answered(kept) => match kept.outcome.as_ref() {
            Ok(answer) => {
                let wanted = if is_rollback { Decision::Stop } else { Decision::Go };
                let status = if answer.decision == wanted { StatusCode::OK } else { StatusCode::FORBIDDEN };
                (status, format!("{}: {}\n", answer.document.outcome.word(), answer.document.summary)).into_response()
            }
            // 5xx would be asked again at once, and nothing is known: nothing moves
            Err(refused) => no(StatusCode::FORBIDDEN, refused.why()),
        },
        Heard::Wrong(wrong) => no(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
        Heard::Pending(_) => no(StatusCode::FORBIDDEN, "it is being judged, and answers when Flagger asks again"),
        Heard::Busy | Heard::Clash => no(StatusCode::FORBIDDEN, "as many judgements run as may: Flagger asks again"),
    }
}

fn no(status: StatusCode, why: &str) -> Response {
    (status, format!("{why}\n")).into_response()
}
