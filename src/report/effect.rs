//! The judged quantity with its interval, as documents have it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Number;
use crate::judge::verdict;

/// The judged quantity with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// What the number is.
    pub kind: EffectKind,
    /// The estimate.
    pub estimate: Option<Number>,
    /// Lower end of the interval; null where unbounded.
    pub low: Option<Number>,
    /// Upper end of the interval; null where unbounded.
    pub high: Option<Number>,
}

/// What an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// The canary's own value, in the metric's unit.
    Level,
    /// Canary divided by baseline.
    Ratio,
    /// Canary minus baseline, in the metric's unit.
    Difference,
}

impl From<verdict::Effect> for Effect {
    fn from(effect: verdict::Effect) -> Effect {
        Effect {
            kind: effect.kind.into(),
            estimate: effect.estimate.and_then(Number::new),
            low: Number::new(effect.low),
            high: Number::new(effect.high),
        }
    }
}

impl From<verdict::EffectKind> for EffectKind {
    fn from(kind: verdict::EffectKind) -> Self {
        match kind {
            verdict::EffectKind::Level => EffectKind::Level,
            verdict::EffectKind::Ratio => EffectKind::Ratio,
            verdict::EffectKind::Difference => EffectKind::Difference,
        }
    }
}

impl From<EffectKind> for verdict::EffectKind {
    fn from(kind: EffectKind) -> Self {
        match kind {
            EffectKind::Level => verdict::EffectKind::Level,
            EffectKind::Ratio => verdict::EffectKind::Ratio,
            EffectKind::Difference => verdict::EffectKind::Difference,
        }
    }
}
