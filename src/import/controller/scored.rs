//! Objectives with weights, as Keptn 1 and its operator have them: what each knows, how it does, and what that is worth.

use super::answer::Decision;

/// How an objective does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Pass,
    Warning,
    Fail,
    /// It is only shown.
    Info,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Pass => word(Decision::Pass),
            Status::Warning => word(Decision::Warn),
            Status::Fail => word(Decision::Fail),
            Status::Info => "info",
        }
    }

    /// What it leaves of a weight: a warning counts half.
    pub(super) fn of(self, weight: f64) -> f64 {
        match self {
            Status::Pass => weight,
            Status::Warning => weight / 2.0,
            Status::Fail | Status::Info => 0.0,
        }
    }
}

/// What is known of the number of an objective.
pub(super) enum Value {
    Known(f64),
    /// Its query had no answer.
    Missing,
    Unknown(String),
}

impl Value {
    /// By the answer of its query, or why that is not known.
    pub(super) fn of(answer: Result<Option<f64>, String>) -> Value {
        match answer {
            Ok(number) => number.map_or(Value::Missing, Value::Known),
            Err(why) => Value::Unknown(why),
        }
    }

    pub(super) fn known(&self) -> Option<f64> {
        if let Value::Known(number) = self { Some(*number) } else { None }
    }
}

/// A decision in Keptn's words.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Pass => "pass",
        Decision::Warn => "warning",
        Decision::Open => "unknown",
        Decision::Fail => "fail",
    }
}
