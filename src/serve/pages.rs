//! What people look at: all gates with their last verdicts, and a gate with its history. No script, nothing from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::desk::Desk;
use super::judge::Gate;
use super::keep::Kept;
use super::question::{INLINE, is_name};
use crate::report::document::Document;
use crate::report::gates::{self, Row};

/// Gates that are shown whose configurations came with requests: the latest.
const MOST_INLINE: usize = 20;
/// A check of all gates is so long as good as a new one.
const FRESH: Duration = Duration::from_secs(1);

fn row(kept: &Kept) -> Row {
    let (document, why) = match kept.outcome.as_ref() {
        Ok(answer) => (Some(&answer.document), String::new()),
        Err(refused) => (None, refused.why().to_owned()),
    };
    Row {
        gate: kept.gate.clone(),
        outcome: document.map(|document| document.outcome),
        at: Some(kept.at),
        sentence: document.map_or(why, |document| document.summary.clone()),
        id: document.map(|_| kept.id.clone()),
    }
}

/// All gates, each read and checked, which takes a while where there are many. Anybody may ask whether the server is ready, so one
/// check answers all who ask meanwhile, and those who ask within a second; it goes on if its caller has gone.
async fn checked(desk: &Desk) -> Vec<Gate> {
    let (judge, latest) = (Arc::clone(&desk.answers.judge), Arc::clone(&desk.checked));
    let checked = tokio::spawn(async move {
        let mut found = latest.lock().await;
        if let Some((at, gates)) = found.as_ref()
            && judge.now().duration_since(*at).unsigned_abs() < FRESH
        {
            return gates.clone();
        }
        let checking = Arc::clone(&judge);
        let gates = tokio::task::spawn_blocking(move || checking.gates()).await;
        let gates = gates.unwrap_or_else(|error| unchecked(&error));
        *found = Some((judge.now(), gates.clone()));
        gates
    });
    checked.await.unwrap_or_else(|error| unchecked(&error))
}

/// A check that broke off says nothing good of any gate.
fn unchecked(error: &tokio::task::JoinError) -> Vec<Gate> {
    vec![Gate { name: "all gates".into(), problem: Some(error.to_string()) }]
}

pub(super) async fn gates(State(desk): State<Desk>) -> Html<String> {
    let gates = checked(&desk).await;
    let latest = desk.answers.latest();
    let last = |name: &str| latest.iter().find(|kept| kept.gate == name);
    let inline = latest.iter().filter(|kept| kept.gate.starts_with(INLINE));
    let mut inline: Vec<&Kept> =
        inline.filter(|kept| last(&kept.gate).is_some_and(|last| last.id == kept.id)).collect();
    inline.truncate(MOST_INLINE);
    let rows = gates.into_iter().map(|gate| match (gate.problem, last(&gate.name)) {
        (Some(problem), _) => Row { gate: gate.name, outcome: None, at: None, sentence: problem, id: None },
        (None, Some(kept)) => row(kept),
        (None, None) => Row { gate: gate.name, outcome: None, at: None, sentence: "not asked yet".into(), id: None },
    });
    let rows: Vec<Row> = rows.chain(inline.into_iter().map(row)).collect();
    Html(gates::overview(&rows, &desk.watches.running()))
}

pub(super) async fn gate(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    let latest = desk.answers.latest();
    let own: Vec<&Kept> = latest.iter().filter(|kept| kept.gate == name).collect();
    let rows: Vec<Row> = own.iter().copied().map(row).collect();
    if rows.is_empty() && (!is_name(&name) || desk.answers.judge.version(&name).is_none()) {
        return (StatusCode::NOT_FOUND, "there is no such gate\n").into_response();
    }
    let documents: Vec<&Document> =
        own.iter().filter_map(|kept| Some(&kept.outcome.as_ref().as_ref().ok()?.document)).collect();
    Html(gates::history(&name, &rows, &documents)).into_response()
}

/// Whether every configuration can be used.
pub(super) async fn ready(State(desk): State<Desk>) -> Response {
    let gates = checked(&desk).await.into_iter();
    let broken: Vec<String> = gates.filter_map(|gate| Some(format!("{}: {}\n", gate.name, gate.problem?))).collect();
    match broken.is_empty() {
        true => "ok\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, broken.concat()).into_response(),
    }
}
