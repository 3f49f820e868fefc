//! The part of the document about slices: which carry a difference, and whether the arms have the same mix of them.
//!
//! It has a file of its own for its types, how a verdict becomes them, and the rows that reports show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::Effect;
use super::number::{Arms, Number};
use crate::judge::verdict;
use crate::judge::words;
use crate::localise::{Line, mix};
use crate::series::Timestamp;

/// Which slices carry the difference that a criterion is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Localised {
    /// The criterion.
    pub criterion: String,
    /// Its metric.
    pub metric: String,
    /// What of the metric is compared: "rate", or a quantile such as "p95".
    pub statistic: String,
    /// What the dimensions of the slices are called.
    pub dimensions: Vec<String>,
    /// The answer in one sentence.
    pub says: String,
    /// How many slices were looked at.
    pub slices: u64,
    /// How many slices and sums of slices had enough data to be named.
    pub tested: u64,
    /// What each must reach to be named, as a standard normal value.
    pub z_needed: Option<Number>,
    /// All slices together.
    pub whole: SliceLine,
    /// Those that are worse, the strongest evidence first.
    pub named: Vec<SliceLine>,
    /// What is left without them; absent if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<SliceLine>,
    /// The named ones with their parents, and those with the largest part of the difference; parents first.
    pub tree: Vec<SliceLine>,
}

/// A slice or a sum of slices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SliceLine {
    /// The value of each dimension; null where it is any.
    pub values: Vec<Option<String>>,
    /// Whether it is named.
    pub standing: Standing,
    /// Requests of each arm.
    pub requests: Arms<u64>,
    /// Bad or slow ones of each arm; slow ones are those beyond the quantile of both arms of their slice.
    pub bad: Arms<u64>,
    /// The canary's rate or quantile divided by the baseline's, slice by slice.
    pub ratio: Option<Number>,
    /// The lower end of its interval; that of a named slice allows for having been chosen.
    pub low: Option<Number>,
    /// The upper end; null where unbounded.
    pub high: Option<Number>,
    /// The evidence that it is worse than its own baseline, as a standard normal value.
    pub z: Option<Number>,
    /// Its part of the difference of the arms, 1 for all of it.
    pub share: Option<Number>,
    /// Since when it is worse, if that is clear (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// From which ratio of rates on it would have been named nineteen times of twenty; null if from none.
    pub named_from: Option<Number>,
}

/// Whether a slice is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is worse than its own baseline, the rest and what is left of its parents.
    Named,
    /// Not shown to be.
    Unnamed,
}

/// The mix of requests of both arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mix {
    /// The metric whose requests these are.
    pub metric: String,
    /// What the dimensions of the slices are called.
    pub dimensions: Vec<String>,
    /// Whether the mixes are the same, as far as can be told.
    pub answer: MixAnswer,
    /// Which comparison decides.
    pub decides: MixDecides,
    /// The answer in words.
    pub says: String,
    /// The share of the traffic that is in other slices, what lots make of it taken off.
    pub distance: Option<Number>,
    /// The rates of a share of bad requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<MixRates>,
    /// The slices and sums of slices whose shares differ for sure, the largest difference first.
    pub shifts: Vec<Shift>,
    /// The part of the canary's requests that has the baseline's mix.
    pub kept: Option<Number>,
    /// Why the comparison at the baseline's mix may not decide.
    pub obstacles: Vec<String>,
    /// Each criterion of the metric, as the requests came and at the baseline's mix; empty if the mixes are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<AtEqualMix>,
}

/// What a criterion compares, as the requests came and at the baseline's mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AtEqualMix {
    /// The criterion.
    pub criterion: String,
    /// The effect of all requests.
    pub as_it_came: Option<Effect>,
    /// That of a sample of the canary's requests that has the baseline's mix; null if no sample has.
    pub at_equal_mix: Option<Effect>,
}

/// Rates of both arms, as they came and at an equal mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MixRates {
    /// The baseline's.
    pub baseline: Option<Number>,
    /// The canary's.
    pub canary: Option<Number>,
    /// The canary's with the baseline's mix (direct standardisation).
    pub at_equal_mix: Option<Number>,
    /// The ratio of Mantel and Haenszel, stratified by slice.
    pub stratified_ratio: Option<Number>,
}

/// Whether two mixes are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixAnswer {
    /// As far as can be told.
    Same,
    /// For sure and by enough.
    Differs,
}

/// Which comparison decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixDecides {
    /// The plain one.
    Plain,
    /// That at the baseline's mix.
    Adjusted,
}

/// A slice, or a sum of slices, whose share of the requests differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shift {
    /// The value of each dimension; null where it is any.
    pub values: Vec<Option<String>>,
    /// Its share of each arm's requests.
    pub shares: Arms<Option<Number>>,
}

pub(super) fn localised(told: &verdict::Localised, statistic: String) -> Localised {
    let found = &told.found;
    let named = found.named.iter().zip(&told.since);
    Localised {
        criterion: told.criterion.clone(),
        metric: told.metric.clone(),
        statistic,
        dimensions: told.dimensions.clone(),
        says: told.says.clone(),
        slices: found.slices as u64,
        tested: found.tested as u64,
        z_needed: Number::new(found.needed),
        whole: line(&found.whole, None),
        named: named.map(|(own, since)| line(own, *since)).collect(),
        rest: found.rest.as_ref().map(|rest| line(rest, None)),
        tree: found.tree.iter().map(|own| line(own, None)).collect(),
    }
}

fn line(line: &Line, since: Option<Timestamp>) -> SliceLine {
    SliceLine {
        values: line.values.clone(),
        standing: if line.is_named { Standing::Named } else { Standing::Unnamed },
        requests: Arms { baseline: line.requests.0 as u64, canary: line.requests.1 as u64 },
        bad: Arms { baseline: line.bad.0, canary: line.bad.1 },
        ratio: Number::new(line.ratio),
        low: Number::new(line.interval.0),
        high: Number::new(line.interval.1),
        z: Number::new(line.z),
        share: line.share.and_then(Number::new),
        since: since.map(|at| at.to_string()),
        named_from: Number::new(line.findable),
    }
}

pub(super) fn mix(told: &verdict::Mixed) -> Mix {
    let share = |shift: &mix::Shift| Shift {
        values: shift.values.clone(),
        shares: Arms { baseline: Number::new(shift.shares.0), canary: Number::new(shift.shares.1) },
    };
    Mix {
        metric: told.metric.clone(),
        rates: told.rates.as_ref().map(|rates| MixRates {
            baseline: Number::new(rates.baseline),
            canary: Number::new(rates.canary),
            at_equal_mix: Number::new(rates.at_equal_mix),
            stratified_ratio: Number::new(rates.stratified_ratio),
        }),
        dimensions: told.dimensions.clone(),
        answer: if told.mix.differs { MixAnswer::Differs } else { MixAnswer::Same },
        decides: if told.is_adjusted { MixDecides::Adjusted } else { MixDecides::Plain },
        says: told.says.clone(),
        distance: Number::new(told.mix.distance),
        shifts: told.mix.shifts.iter().map(share).collect(),
        kept: Number::new(told.mix.kept),
        obstacles: told.obstacles.clone(),
        effects: told.effects.iter().map(at_equal_mix).collect(),
    }
}

fn at_equal_mix(told: &verdict::AtEqualMix) -> AtEqualMix {
    AtEqualMix {
        criterion: told.criterion.clone(),
        as_it_came: told.as_it_came.map(Effect::from),
        at_equal_mix: told.at_equal_mix.map(Effect::from),
    }
}

/// The sentences about slices, each once.
pub(super) fn sentences<'d>(localised: &'d [Localised], mixes: &'d [Mix]) -> Vec<&'d str> {
    let all = localised.iter().map(|one| one.says.as_str()).chain(mixes.iter().map(|mix| mix.says.as_str()));
    let mut said: Vec<&str> = Vec::new();
    for text in all.filter(|text| !text.is_empty()) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said
}

/// The columns of a row of the tree beside its name.
pub(super) const COLUMNS: [&str; 5] =
    ["Requests (baseline / canary)", "Bad or slow", "Ratio", "Of the difference", "Named from"];

/// A row of the tree in words, as [`COLUMNS`] has them.
pub(super) fn row(line: &SliceLine) -> [String; 5] {
    let both = |arms: &Arms<u64>| format!("{} / {}", words::count(arms.baseline), words::count(arms.canary));
    let factor = |number: Option<Number>| {
        number.map_or("∞".to_owned(), |ratio| format!("×{}", words::number((ratio.get() * 100.0).round() / 100.0)))
    };
    // an arm without a request there has no rate to compare
    let ratio = match line.requests.canary.min(line.requests.baseline) {
        0 => "–".to_owned(),
        _ => format!("{} [{}, {}]", factor(line.ratio), factor(line.low), factor(line.high)),
    };
    let share = line.share.map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share.get()));
    let part = line.values.iter().any(Option::is_some);
    let from = if part { factor(line.named_from) } else { "–".to_owned() };
    [both(&line.requests), both(&line.bad), ratio, share, from]
}

/// What a row is called, and how far it is indented: by the values of its parents.
pub(super) fn called(line: &SliceLine) -> (String, usize) {
    let said: Vec<&str> = line.values.iter().flatten().map(String::as_str).collect();
    let depth = said.len().saturating_sub(1);
    (said.join(", "), depth)
}
