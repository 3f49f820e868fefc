//! Several canaries beside one baseline: a row per metric and statistic, and the comparison of each canary whole.
//!
//! A document of its own: that of one canary stays as it is. The intervals of a row hold together for all canaries, and so do the
//! words that rest on them.

use schemars::JsonSchema;
use serde::Serialize;

use super::document::{About, Comparison, Line};
use super::headline;
use crate::comparison;
use crate::report::document::{Number, UnitName};

/// The version of this document.
const VERSION: &str = "1.0";

/// Several canaries beside one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Comparisons {
    /// Version of this document, "major.minor".
    pub schema_version: String,
    /// What the comparison is called.
    pub name: String,
    /// Confidence with which the intervals of a row hold together for all canaries, between 0 and 1.
    pub joint_level: Number,
    /// Confidence of each interval by itself.
    pub interval_level: Number,
    /// How the one follows from the other: "bonferroni".
    pub correction: String,
    /// Each metric with every canary, a row per statistic; groups as metrics of their own.
    pub metrics: Vec<JointMetric>,
    /// The comparison of each canary with the baseline, in the order of the command line.
    pub canaries: Vec<Canary>,
}

/// One canary beside the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Canary {
    /// Its name.
    pub canary: String,
    /// How it compares; its intervals have the confidence `interval_level`, and its criteria share the rest in the same way.
    pub comparison: Comparison,
}

/// One metric of the baseline and of every canary that has it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JointMetric {
    /// Its name; that of a group with the group.
    pub metric: String,
    /// The metric of which it is a group.
    pub group_of: Option<String>,
    /// What it is about.
    pub about: About,
    /// What its numbers are measured in.
    pub unit: UnitName,
    /// Its numbers.
    pub numbers: Vec<JointLine>,
}

/// One number of the baseline and of every canary that has it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JointLine {
    /// What it is: "rate", "p95".
    pub statistic: String,
    /// The baseline's number; null where it is not the same beside every canary, since their windows or gaps differ.
    pub baseline: Option<Number>,
    /// The number of each canary.
    pub canaries: Vec<CanaryLine>,
}

/// One number of a canary, beside the baseline's of the same times.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CanaryLine {
    /// The canary.
    pub canary: String,
    /// Its number.
    pub number: Line,
}

impl Comparisons {
    /// All of them; each was compared with the confidence that several need to hold together with `joint`.
    pub fn of(name: &str, joint: f64, compared: &[(String, comparison::Comparison)]) -> Comparisons {
        let canary = |(name, compared): &(String, comparison::Comparison)| {
            let mut comparison = Comparison::from(compared);
            comparison.headline = headline::called(&comparison, name);
            Canary { canary: name.clone(), comparison }
        };
        let canaries: Vec<Canary> = compared.iter().map(canary).collect();
        Comparisons {
            schema_version: VERSION.into(),
            name: name.to_owned(),
            joint_level: Number::new(joint).unwrap_or_default(),
            interval_level: canaries.first().map(|one| one.comparison.interval_level).unwrap_or_default(),
            correction: "bonferroni".into(),
            metrics: joined(&canaries),
            canaries,
        }
    }
}

/// Each metric once. Two canaries share a row only if they measure the same thing in the same unit.
fn joined(canaries: &[Canary]) -> Vec<JointMetric> {
    let mut joined: Vec<JointMetric> = Vec::new();
    for (canary, metric) in canaries.iter().flat_map(|one| one.comparison.metrics.iter().map(move |m| (one, m))) {
        let is_same =
            |own: &JointMetric| own.metric == metric.metric && own.unit == metric.unit && own.about == metric.about;
        let at = joined.iter().position(is_same).unwrap_or_else(|| {
            joined.push(JointMetric {
                metric: metric.metric.clone(),
                group_of: metric.group_of.clone(),
                about: metric.about,
                unit: metric.unit.clone(),
                numbers: Vec::new(),
            });
            joined.len() - 1
        });
        metric.numbers.iter().for_each(|line| joined[at].add(&canary.canary, line));
    }
    joined
}

impl JointMetric {
    fn add(&mut self, canary: &str, line: &Line) {
        let own = CanaryLine { canary: canary.to_owned(), number: line.clone() };
        match self.numbers.iter_mut().find(|row| row.statistic == line.statistic) {
            Some(row) => {
                row.baseline = row.baseline.filter(|baseline| Some(*baseline) == line.estimate.baseline);
                row.canaries.push(own);
            }
            None => self.numbers.push(JointLine {
                statistic: line.statistic.clone(),
                baseline: line.estimate.baseline,
                canaries: vec![own],
            }),
        }
    }
}

impl JointLine {
    /// The number of a canary.
    pub(in crate::report) fn of(&self, canary: &str) -> Option<&Line> {
        self.canaries.iter().find(|own| own.canary == canary).map(|own| &own.number)
    }

    /// How many stand behind the baseline's number, if it is the same beside every canary.
    pub(in crate::report) fn n_of_baseline(&self) -> Option<u64> {
        let mut all = self.canaries.iter().map(|own| own.number.n.baseline);
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }
}
