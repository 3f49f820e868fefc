//! Verdicts as a metric: `GET /api/v1/query` for whoever asks a Prometheus (Flagger's MetricTemplate), and `GET /metrics` for a Prometheus.
//!
//! `davy_score{config="checkout"}` judges: 100 is go on, 0 is roll back, and NaN is undecided, which Flagger counts as no value. Further labels
//! are the phase and arguments. `vector(1)` is what Flagger asks to see whether anybody is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use promql_parser::label::MatchOp;
use promql_parser::parser::{Expr, parse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Heard;
use super::desk::Desk;
use super::judge::Decision;
use super::keep::Kept;
use super::question::{INLINE, Question};
use super::verdicts::status;

const SCORE: &str = "davy_score";

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    query: String,
}

pub(super) async fn query(State(desk): State<Desk>, Query(asked): Query<Asked>) -> Response {
    answer(&desk, &asked.query).await
}

pub(super) async fn query_form(State(desk): State<Desk>, Form(asked): Form<Asked>) -> Response {
    answer(&desk, &asked.query).await
}

async fn answer(desk: &Desk, text: &str) -> Response {
    let at = desk.answers.judge.now().as_second();
    let question = match question(text) {
        Ok(None) => return Json(vector(json!({}), at, "1")).into_response(),
        Ok(Some(question)) => question,
        Err(why) => return error(StatusCode::BAD_REQUEST, "bad_data", &why),
    };
    let metric = json!({ "__name__": SCORE, "config": question.gate });
    match desk.answers.ask(question, desk.wait, None).await {
        Heard::Answered(kept) => match kept.outcome.as_ref() {
            Ok(answer) => Json(vector(metric, at, number(answer.decision))).into_response(),
            Err(refused) => error(status(refused), "execution", refused.why()),
        },
        Heard::Wrong(wrong) => error(StatusCode::UNPROCESSABLE_ENTITY, "execution", &wrong),
        Heard::Pending(_) => Json(vector(metric, at, "NaN")).into_response(),
        Heard::Busy | Heard::Clash => {
            error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "as many judgements run as may")
        }
    }
}

/// The question of a query; none where it only looks whether anybody is there.
fn question(text: &str) -> Result<Option<Question>, String> {
    let hint = "write davy_score{config=\"NAME\"}, with phase=\"…\" and arguments as further labels";
    match parse(text) {
        Ok(Expr::Call(_)) if text.replace(' ', "") == "vector(1)" => Ok(None),
        Ok(Expr::VectorSelector(selector)) if selector.name.as_deref() == Some(SCORE) => {
            if selector.offset.is_some() || selector.at.is_some() {
                return Err(format!("davy judges now, without `offset` or `@`: {hint}"));
            }
            let mut labels: BTreeMap<String, String> = BTreeMap::new();
            for matcher in &selector.matchers.matchers {
                if matcher.op != MatchOp::Equal {
                    return Err(format!(
                        "the label {} is compared, and only `=` chooses what to judge: {hint}",
                        matcher.name
                    ));
                }
                if labels.insert(matcher.name.clone(), matcher.value.clone()).is_some() {
                    return Err(format!("the label {} stands twice: {hint}", matcher.name));
                }
            }
            let gate = labels.remove("config").ok_or_else(|| format!("the query names no configuration: {hint}"))?;
            Ok(Some(Question { phase: labels.remove("phase"), args: labels, ..Question::of(&gate) }))
        }
        Ok(_) => Err(format!("davy answers its score alone: {hint}")),
        Err(why) => Err(format!("the query cannot be read: {why}; {hint}")),
    }
}

fn number(decision: Decision) -> &'static str {
    match decision {
        Decision::Go => "100",
        Decision::Wait => "NaN",
        Decision::Stop => "0",
    }
}

fn vector(metric: Value, at: i64, value: &str) -> Value {
    json!({ "status": "success", "data": { "resultType": "vector", "result": [{ "metric": metric, "value": [at, value] }] } })
}

fn error(status: StatusCode, kind: &str, why: &str) -> Response {
    (status, Json(json!({ "status": "error", "errorType": kind, "error": why }))).into_response()
}

/// What the server did, as OpenMetrics.
pub(super) async fn metrics(State(desk): State<Desk>) -> Response {
    // a gate of a request has no series of its own: whoever asks chooses its name
    let mut latest = desk.answers.latest();
    latest.retain(|kept| !kept.gate.starts_with(INLINE));
    let mut given: BTreeMap<(&str, String), u64> = BTreeMap::new();
    let mut last: BTreeMap<&str, &Kept> = BTreeMap::new();
    for kept in latest.iter().rev() {
        let word =
            kept.outcome.as_ref().as_ref().map_or("error", |answer| answer.document.outcome.word()).to_lowercase();
        *given.entry((&kept.gate, word)).or_default() += 1;
        if kept.outcome.is_ok() {
            last.insert(&kept.gate, kept);
        }
    }
    let mut text =
        "# TYPE davy_verdicts gauge\n# HELP davy_verdicts Verdicts that the server keeps, by outcome.\n".to_owned();
    for ((gate, outcome), count) in given {
        let _ = writeln!(text, "davy_verdicts{{config=\"{gate}\",outcome=\"{outcome}\"}} {count}");
    }
    text += "# TYPE davy_score gauge\n# HELP davy_score The latest verdict: 100 go on, 0 roll back, NaN undecided.\n";
    for (gate, kept) in &last {
        if let Ok(answer) = kept.outcome.as_ref() {
            let _ = writeln!(text, "davy_score{{config=\"{gate}\"}} {}", number(answer.decision));
        }
    }
    text += "# TYPE davy_verdict_timestamp_seconds gauge\n# HELP davy_verdict_timestamp_seconds When the latest verdict was asked for.\n";
    for (gate, kept) in &last {
        let _ = writeln!(text, "davy_verdict_timestamp_seconds{{config=\"{gate}\"}} {}", kept.at.as_second());
    }
    text += &counts(&desk);
    let running = desk.answers.running();
    let _ = write!(
        text,
        "# TYPE davy_judging gauge\n# HELP davy_judging Judgements that run.\ndavy_judging {running}\n# EOF\n"
    );
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

/// How many watches, canaries and analyses there are, and how many judgements were of configurations that came with a request.
fn counts(desk: &Desk) -> String {
    let mut text = String::new();
    let mut family = |name: &str, label: &str, help: &str, counts: BTreeMap<&'static str, usize>| {
        let _ = writeln!(text, "# TYPE {name} gauge\n# HELP {name} {help}");
        for (value, count) in counts {
            let value = value.to_lowercase();
            let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {count}");
        }
    };
    family("davy_watches", "phase", "Watches that the server knows, by phase.", desk.watches.count());
    family("davy_canaries", "status", "Canaries that the server knows, by status.", desk.canaries.count());
    family("davy_analyses", "status", "Standalone analyses that the server knows, by status.", desk.analyses.count());
    let inline = desk.answers.inline();
    let help = "Judgements of configurations that came with a request.";
    let _ = writeln!(text, "# TYPE davy_inline_judgements counter\n# HELP davy_inline_judgements {help}");
    let _ = writeln!(text, "davy_inline_judgements_total {inline}");
    text
}
