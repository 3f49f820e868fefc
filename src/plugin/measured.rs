//! A measurement, as the controller keeps it in the status of the AnalysisRun.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::gob::{Shape, Value, blob_of, instant_of};

/// What a measurement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// Whether it goes on, or how it ended.
    pub phase: Phase,
    /// Why, for people.
    pub message: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What was measured.
    pub value: String,
    /// What the controller keeps with it, and gives back.
    pub metadata: BTreeMap<String, String>,
    /// When it is to be asked again.
    pub resume: Option<Timestamp>,
}

/// How far a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    Running,
    /// It passed.
    Successful,
    /// It failed.
    Failed,
    /// It could not be made.
    Error,
    /// It cannot tell.
    Inconclusive,
}

impl Phase {
    const ALL: [Phase; 5] = [Phase::Running, Phase::Successful, Phase::Failed, Phase::Error, Phase::Inconclusive];

    fn word(self) -> &'static str {
        match self {
            Phase::Running => "Running",
            Phase::Successful => "Successful",
            Phase::Failed => "Failed",
            Phase::Error => "Error",
            Phase::Inconclusive => "Inconclusive",
        }
    }
}

const TIME: Shape = Shape::Blob("Time");

/// The shape that a controller decodes.
pub(super) const SHAPE: Shape = Shape::Struct(
    "Measurement",
    &[
        ("Phase", Shape::Text),
        ("Message", Shape::Text),
        ("StartedAt", TIME),
        ("FinishedAt", TIME),
        ("Value", Shape::Text),
        ("Metadata", Shape::Texts),
        ("ResumeAt", TIME),
    ],
);

impl Measurement {
    /// What a call says of one. A phase that nobody knows is none that passed.
    pub(super) fn read(value: &Value) -> Measurement {
        let text = |name| value.field(name).and_then(Value::text).unwrap_or_default().to_owned();
        let time = |name| value.field(name).and_then(Value::bytes).and_then(instant_of);
        let phase = text("Phase");
        let pairs = value.field("Metadata").map_or(&[][..], Value::pairs).iter();
        let own = |(key, value): &(Value, Value)| Some((key.text()?.to_owned(), value.text()?.to_owned()));
        Measurement {
            phase: Phase::ALL.into_iter().find(|known| known.word() == phase).unwrap_or(Phase::Error),
            message: text("Message"),
            started: time("StartedAt"),
            finished: time("FinishedAt"),
            value: text("Value"),
            metadata: pairs.filter_map(own).collect(),
            resume: time("ResumeAt"),
        }
    }

    /// As the controller decodes it.
    pub(super) fn written(&self) -> Value {
        let time = |at: Option<Timestamp>| Value::Bytes(at.map(blob_of).unwrap_or_default());
        Value::of([
            ("Phase", Value::Text(self.phase.word().into())),
            ("Message", Value::Text(self.message.clone())),
            ("StartedAt", time(self.started)),
            ("FinishedAt", time(self.finished)),
            ("Value", Value::Text(self.value.clone())),
            ("Metadata", texts(&self.metadata)),
            ("ResumeAt", time(self.resume)),
        ])
    }
}

/// Texts by texts.
pub(super) fn texts(pairs: &BTreeMap<String, String>) -> Value {
    Value::Map(pairs.iter().map(|(key, value)| (Value::Text(key.clone()), Value::Text(value.clone()))).collect())
}
