//! Answers as their readers take them: a status for ECS, a verdict for Step Functions and people, and errors with a name.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::event::Carried;
use crate::report::Document;
use crate::serve::{Answer, Decision, Refused};

/// Why there is no answer, in a word that a caller can catch and a sentence for people.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) why: String,
}

impl Fault {
    /// The event, the configuration or the data are wrong: the same event fails again.
    pub(super) fn wrong(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Wrong", why: why.into() }
    }

    /// A source or a service did not answer: the same event may do better.
    pub(super) fn source(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Source", why: why.into() }
    }

    /// The function's time was over before there was an answer.
    pub(super) fn late(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Late", why: why.into() }
    }

    /// The judgement broke off.
    pub(super) fn bug() -> Fault {
        Fault { kind: "davy.Bug", why: "the judgement broke off: that is a bug in davy".into() }
    }

    /// Whether the same event may do better. A soak has had patience with its source.
    pub(super) fn may_pass(&self, has_soak: bool) -> bool {
        self.kind == "davy.Late" || (self.kind == "davy.Source" && !has_soak)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        match refused {
            Refused::Source(why) => Fault::source(why),
            Refused::Unknown(why) | Refused::Wrong(why) => Fault::wrong(why),
        }
    }
}

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
