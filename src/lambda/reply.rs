//! Answers as their readers take them: a status for ECS, a verdict for Step Functions and people.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::event::Carried;
use crate::report::Document;
use crate::serve::{Answer, Decision};

/// A verdict, for whoever reads it.
pub(super) fn verdict(answer: &Answer) -> Value {
    let mut said = answer.brief();
    said.insert("report".into(), json!(answer.document));
    said.into()
}

/// A soak that goes on, for whoever asks again with its state.
pub(super) fn pending(sentence: &str, next: Timestamp, wait: i64, state: &Carried, latest: Option<&Document>) -> Value {
    json!({
        "verdict": "pending", "decision": "wait", "sentence": sentence, "next": next, "wait": wait, "state": state, "report": latest,
    })
}

/// What ECS does with an answer. It cannot wait for a verdict that does not come, so what is undecided does not go on.
pub(super) fn hook_status(decision: Decision) -> Value {
    match decision {
        Decision::Go => json!({ "hookStatus": "SUCCEEDED" }),
        Decision::Stop | Decision::Wait => json!({ "hookStatus": "FAILED" }),
    }
}

/// ECS asks again after so many seconds, and brings the state with its details.
pub(super) fn in_progress(mut details: Map<String, Value>, state: &Carried, wait: i64) -> Value {
    details.insert("state".into(), json!(state));
    json!({ "hookStatus": "IN_PROGRESS", "callBackDelay": wait, "hookDetails": details })
}
