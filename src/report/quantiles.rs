//! Many quantiles that were judged at once, as the verdict's JSON has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::{Arms, Number};
use crate::judge::verdict;

/// What the quantiles of requests show that are judged at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// The first quantile, in [0, 1], that a pass is about.
    pub from: Number,
    /// The last one.
    pub to: Number,
    /// The quantile whose ratio the effect of the criterion is.
    pub worst: Number,
    /// Each of them, rising.
    pub each: Vec<OneQuantile>,
}

/// One of the quantiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OneQuantile {
    /// The quantile, in [0, 1].
    pub q: Number,
    /// Its value in each arm, of all requests.
    pub estimate: Arms<Option<Number>>,
    /// The canary's divided by the baseline's.
    pub ratio: Option<Number>,
    /// The lower end of the ratio, for all quantiles at once.
    pub low: Option<Number>,
    /// The upper end, for this one alone; null where unbounded.
    pub high: Option<Number>,
    /// Whether it is worse.
    pub standing: QuantileStanding,
}

/// Whether a quantile of the canary is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantileStanding {
    /// Shown to be beyond the bound, for all quantiles at once.
    Worse,
    /// Shown to be within.
    Within,
    /// Not shown to be either.
    Open,
}

impl Quantiles {
    pub(super) fn of(quantiles: &verdict::Quantiles) -> Option<Quantiles> {
        let one = |one: &verdict::OneQuantile| {
            Some(OneQuantile {
                q: Number::new(one.q)?,
                estimate: one.estimate.map(|value| value.and_then(Number::new)).into(),
                ratio: one.effect.estimate.and_then(Number::new),
                low: Number::new(one.effect.low),
                high: Number::new(one.effect.high),
                standing: match one.standing {
                    verdict::Standing::Worse => QuantileStanding::Worse,
                    verdict::Standing::Within => QuantileStanding::Within,
                    verdict::Standing::Open => QuantileStanding::Open,
                },
            })
        };
        Some(Quantiles {
            from: Number::new(quantiles.from)?,
            to: Number::new(quantiles.to)?,
            worst: Number::new(quantiles.worst)?,
            each: quantiles.each.iter().filter_map(one).collect(),
        })
    }
}
