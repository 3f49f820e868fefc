//! What Kayenta's rule is told, as written: groups, thresholds, and how it takes each metric.

use schemars::JsonSchema;

use crate::aca::{Direction, Measure, Nan};
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Text, words};

/// Whose answer becomes the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Judge {
    Davy,
    NetflixAca,
}

/// What becomes of steps without a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Gaps {
    Keep,
    Drop,
}

words! {
    Judge, "a judge": { "davy" => Davy, "netflix-aca" => NetflixAca }
    Gaps, "a way to take gaps": { "keep" => Keep, "drop" => Drop }
    Direction, "a direction": { "increase" => Increase, "decrease" => Decrease, "either" => Either }
    Nan, "a way to take missing numbers": { "remove" => Remove, "replace" => Replace }
    Measure, "a measure": { "mean_ratio" => MeanRatio, "cles" => Cles }
}

/// Kayenta's rule (`NetflixACAJudge-v1.0`) over gauges of this configuration. `davy import` writes this section.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct KayentaEntry {
    /// From this score on a canary passes.
    pub(in crate::config) pass: At<f64>,
    /// From this score on it is marginal, which davy calls inconclusive.
    pub(in crate::config) marginal: At<f64>,
    /// The weights of groups in percent. Groups without one share what is left.
    #[schemars(default)]
    pub(in crate::config) groups: Vec<WeightEntry>,
    /// The metrics, in Kayenta's order.
    pub(in crate::config) metrics: Vec<KayentaMetricEntry>,
}

/// The weight of a group.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct WeightEntry {
    /// The group.
    #[schemars(with = "Text")]
    pub(in crate::config) name: At<String>,
    /// Its weight in percent.
    pub(in crate::config) weight: At<f64>,
}

/// How Kayenta's rule takes a metric.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct KayentaMetricEntry {
    /// The gauge, by its name under `metrics`.
    #[schemars(with = "Text")]
    pub(in crate::config) metric: At<String>,
    /// What Kayenta calls it. Default the same.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) name: Option<At<String>>,
    /// The groups that it counts in, fully in each. Without any it has no weight.
    #[schemars(default)]
    pub(in crate::config) groups: Vec<At<String>>,
    /// Which way a change is bad: increase, decrease or either (default).
    pub(in crate::config) direction: Option<At<Choice<Direction>>>,
    /// What becomes of steps without a number: remove (default), or replace by 0.
    pub(in crate::config) nan: Option<At<Choice<Nan>>>,
    /// Steps that the source leaves out: keep (default) counts them as steps without a number, drop as if they were not there.
    pub(in crate::config) gaps: Option<At<Choice<Gaps>>>,
    /// Whether it alone fails the canary.
    pub(in crate::config) critical: Option<At<bool>>,
    /// Whether missing data is a failure.
    pub(in crate::config) must_have_data: Option<At<bool>>,
    /// Whether it is reported and never counts.
    pub(in crate::config) muted: Option<At<bool>>,
    /// Drops points that lie this many interquartile ranges beyond the quartiles. Default none.
    pub(in crate::config) outliers: Option<At<f64>>,
    /// How large a change must be.
    pub(in crate::config) effect: Option<EffectEntry>,
}

/// How large a change must be, beside being shown.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct EffectEntry {
    /// What the numbers are of. `mean_ratio` (default) is the canary's mean over the baseline's. `cles` is the chance that a
    /// point of the canary is the larger one.
    pub(in crate::config) measure: Option<At<Choice<Measure>>>,
    /// An increase is High from here. Default 1, of cles 0.5.
    pub(in crate::config) allowed_increase: Option<At<f64>>,
    /// A decrease is Low from here down. Default 1, of cles 0.5.
    pub(in crate::config) allowed_decrease: Option<At<f64>>,
    /// An increase is critical from here. Default 1, of cles 0.5.
    pub(in crate::config) critical_increase: Option<At<f64>>,
    /// A decrease is critical from here down. Default 1, of cles 0.5.
    pub(in crate::config) critical_decrease: Option<At<f64>>,
}

impl Read for KayentaEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "kayenta: { pass: 75, marginal: 50, metrics: [{ metric: latency, groups: [latency] }] }";
        let mut keys = Keys::open(node, report, "`kayenta`", form)?;
        let (pass, marginal) = (keys.must("pass"), keys.must("marginal"));
        let (groups, metrics) = (keys.all("groups"), keys.must("metrics"));
        let entry = match (pass, marginal, metrics) {
            (Some(pass), Some(marginal), Some(metrics)) => Some(KayentaEntry { pass, marginal, groups, metrics }),
            _ => None,
        };
        keys.close(entry, |key| match key {
            "weights" | "groupWeights" => Some("write `groups: [{ name: latency, weight: 60 }]`".into()),
            "thresholds" | "scoreThresholds" => Some("write `pass: 75, marginal: 50` here".into()),
            _ => None,
        })
    }
}

impl Read for WeightEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a group", "{ name: latency, weight: 60 }")?;
        let entry = keys.must("name").zip(keys.must("weight")).map(|(name, weight)| WeightEntry { name, weight });
        keys.close(entry, no_hint)
    }
}

impl Read for KayentaMetricEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a metric of `kayenta`", "{ metric: latency, groups: [latency] }")?;
        let metric = keys.must("metric");
        let (name, groups, direction) = (keys.may("name"), keys.all("groups"), keys.may("direction"));
        let (nan, gaps, critical) = (keys.may("nan"), keys.may("gaps"), keys.may("critical"));
        let (must_have_data, muted) = (keys.may("must_have_data"), keys.may("muted"));
        let (outliers, effect) = (keys.may("outliers"), keys.may("effect"));
        let entry = metric.map(|metric| KayentaMetricEntry {
            metric,
            name,
            groups,
            direction,
            nan,
            gaps,
            critical,
            must_have_data,
            muted,
            outliers,
            effect,
        });
        keys.close(entry, |key| match key {
            "nanStrategy" => Some("write `nan: replace`".into()),
            "mustHaveData" => Some("write `must_have_data: true`".into()),
            "effectSize" => Some("write `effect: { allowed_increase: 1.2 }`".into()),
            _ => None,
        })
    }
}

impl Read for EffectEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`effect`", "effect: { allowed_increase: 1.2 }")?;
        let entry = EffectEntry {
            measure: keys.may("measure"),
            allowed_increase: keys.may("allowed_increase"),
            allowed_decrease: keys.may("allowed_decrease"),
            critical_increase: keys.may("critical_increase"),
            critical_decrease: keys.may("critical_decrease"),
        };
        keys.close(Some(entry), no_hint)
    }
}

/// Whose answer decides, with the place where it is written.
pub(in crate::config) type JudgeEntry = At<Choice<Judge>>;

impl KayentaEntry {
    /// Whether it takes numbers from a metric.
    pub(in crate::config) fn names(&self, metric: &str) -> bool {
        self.metrics.iter().any(|entry| entry.metric.value == metric)
    }
}
