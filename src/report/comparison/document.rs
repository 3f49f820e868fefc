//! The comparison of two systems as a document, the published contract.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::document::{Arms, Distribution, Document, Effect, EffectKind, Number, Trace, UnitName};
use crate::report::localised::Mix;

/// The version of this document.
pub const VERSION: &str = "1.3";

/// Two systems side by side: everything that was measured of both, and what they cost.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "davy comparison")]
pub struct Comparison {
    /// Version of this document, "major.minor".
    pub schema_version: String,
    /// What differs, in a line: "new: p95 19.8 % lower (182 against 227 ms), 21.6 % fewer errors, 74 % cheaper"; absent where
    /// nothing can be said (since 1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// How the canary does.
    pub health: Health,
    /// From what that is known, in a sentence.
    pub because: String,
    /// Confidence of each interval by itself, between 0 and 1: of many, a few miss.
    pub interval_level: Number,
    /// The requests of each arm.
    pub traffic: Option<Traffic>,
    /// Each metric; groups as metrics of their own.
    pub metrics: Vec<Metric>,
    /// What both arms cost, where the configuration has prices.
    pub cost: Option<Cost>,
    /// Each metric over time (since 1.1).
    pub traces: Vec<Trace>,
    /// How the requests of each metric spread (since 1.1).
    pub distributions: Vec<Distribution>,
    /// Those mixes of requests that differ (since 1.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mixes: Vec<Mix>,
    /// Each metric by days, if the window has two of them, and by hours of the day, if it has one (since 1.3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<Parts>,
    /// What to do next, most urgent first.
    pub next_steps: Vec<String>,
    /// Whether there are criteria: "criteria" or "none".
    pub judged_by: String,
    /// The verdict of the criteria, by its own contract. Without criteria it judges nothing.
    pub verdict: Document,
}

/// One metric, day by day or by the hour of the day. No part has an interval: of many, some differ by chance.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Parts {
    /// The metric.
    pub metric: String,
    /// What the numbers are: "rate", "p95", "median of the steps".
    pub statistic: String,
    /// What they are measured in.
    pub unit: UnitName,
    /// What a part is.
    pub per: Per,
    /// Whose days and hours they are: "UTC", "Europe/Berlin".
    pub zone: String,
    /// How the arms differ.
    pub kind: EffectKind,
    /// Each part, in order.
    pub parts: Vec<Part>,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A day of the calendar. An earlier baseline is laid beside the canary from the beginning of its window.
    Day,
    /// An hour of the day, over all days, by each arm's own clock.
    HourOfDay,
}

/// One day, or one hour of the day.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// The day as "2026-03-01", or the hour as "09".
    pub part: String,
    /// Whether the canary's window has all of the day.
    pub is_whole: bool,
    /// The number of each arm.
    pub estimate: Arms<Option<Number>>,
    /// How the canary differs.
    pub difference: Option<Number>,
}

/// How the canary does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All that is asked of it holds; without criteria, nothing is shown to be worse.
    Healthy,
    /// Something is worse than it should be.
    Degraded,
    /// Something that is asked of it is broken.
    Unhealthy,
    /// The data cannot tell.
    Unknown,
}

/// The requests of each arm.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Traffic {
    /// The metric that counts them.
    pub metric: String,
    /// How many.
    pub requests: Arms<u64>,
    /// The canary's share of them, between 0 and 1.
    pub canary_share: Option<Number>,
}

/// What a metric is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A share of bad ones.
    Errors,
    /// How long something takes.
    Latency,
    /// A share of good ones: a cache's hits.
    Good,
    /// Anything else.
    Other,
}

/// One metric of both arms.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Metric {
    /// Its name; that of a group with the group.
    pub metric: String,
    /// The metric of which it is a group.
    pub group_of: Option<String>,
    /// What it is about.
    pub about: About,
    /// What its numbers are measured in.
    pub unit: UnitName,
    /// Why there are none, where its source could not be reached.
    pub not_reached: Option<String>,
    /// Its numbers.
    pub numbers: Vec<Line>,
}

/// One number of both arms.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Line {
    /// What it is: "rate", "p95" (of requests), "typical p95" (a number per step computed elsewhere), "p95 across steps".
    pub statistic: String,
    /// The number of each arm.
    pub estimate: Arms<Option<Number>>,
    /// How many stand behind it.
    pub n: Arms<u64>,
    /// What those are.
    pub n_of: String,
    /// How the canary differs; null where there is no interval.
    pub effect: Option<Effect>,
    /// The same as a ratio, where the effect is a difference.
    pub ratio: Option<Effect>,
    /// What the interval shows.
    pub shown: Shown,
    /// The effect at the baseline's mix of requests, if the mixes differ and can be made equal (since 1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_equal_mix: Option<Effect>,
}

/// What an interval shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The canary is worse.
    Worse,
    /// The canary is better.
    Better,
    /// It is different, neither for better nor for worse.
    Different,
    /// No difference, nor that there is none.
    Nothing,
}

/// What both arms cost in a month of 730 hours.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cost {
    /// What it is measured in: "plain:USD/month".
    pub unit: UnitName,
    /// Item by item, on the average.
    pub items: Vec<Item>,
    /// The whole if the arm had all of the traffic.
    pub full: Line,
    /// The whole at the present share.
    pub now: Line,
    /// Which part of a month is not in it.
    pub unseen: Option<String>,
}

/// What an item costs in a month.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Item {
    /// Its name.
    pub item: String,
    /// Its price as written.
    pub price: String,
    /// At the present share of the traffic.
    pub now: Arms<Option<Number>>,
    /// With all of the traffic.
    pub full: Arms<Option<Number>>,
    /// Its share of the whole with all of the traffic, between 0 and 1.
    pub share: Arms<Option<Number>>,
}
