//! A verdict, and what a controller is to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::report::{self, Document};

/// A verdict, and what a controller is to do.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The verdict.
    pub document: Document,
    /// What the configuration makes of it.
    pub decision: Decision,
}

impl Answer {
    /// What a controller's condition reads.
    pub fn brief(&self) -> Map<String, Value> {
        let Document { outcome, summary, .. } = &self.document;
        let score = &report::decided(&self.document).score;
        let decision = self.decision.word();
        [
            ("verdict", json!(outcome)),
            ("decision", json!(decision)),
            ("score", json!(score.total)),
            ("sentence", json!(summary)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
    }
}

/// What a controller is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on.
    Go,
    /// Wait: nothing is decided.
    Wait,
    /// Roll back.
    Stop,
}

impl Decision {
    /// In a word, which is part of the interface.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Go => "go",
            Decision::Wait => "wait",
            Decision::Stop => "stop",
        }
    }
}
