//! The score of a canary: what share of its metrics passes, by group, weighted.
//!
//! A group in which nothing counts is worth as much as one in which all passes. That is Kayenta's rule, and a report that
//! shows its answer must say so.

use super::classify::{Finding, Label};
use super::rule::{Rule, Thresholds};

/// At this share of metrics without data, in percent, the canary fails.
const MISSING: f64 = 50.0;

/// What the rule says of a canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// One finding per pair of series, in order.
    pub findings: Vec<Finding>,
    /// The groups, by name.
    pub groups: Vec<Group>,
    /// The score, as a rule from 0 to 100.
    pub score: f64,
    /// What the score means.
    pub class: Class,
    /// Why the score is zero, if one thing makes it so.
    pub reason: Option<String>,
}

/// A group of metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The share of its metrics that pass, in percent; 0 if none counts.
    pub score: f64,
    /// Whether none of its metrics counts.
    pub is_empty: bool,
}

/// Kayenta's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The score reaches the threshold to pass.
    Pass,
    /// It reaches the lower one.
    Marginal,
    /// It reaches neither.
    Fail,
}

impl Class {
    /// As Kayenta writes it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Pass => "Pass",
            Class::Marginal => "Marginal",
            Class::Fail => "Fail",
        }
    }

    fn of(score: f64, thresholds: Thresholds) -> Class {
        if score >= thresholds.pass {
            Class::Pass
        } else if score >= thresholds.marginal {
            Class::Marginal
        } else {
            Class::Fail
        }
    }
}

/// Puts the findings together.
pub(super) fn conclude(rule: &Rule, findings: Vec<Finding>) -> Judgement {
    let counted: Vec<&Finding> = findings.iter().filter(|finding| !finding.muted).collect();
    let groups = groups(&counted);
    let (score, reason) = match zero(&counted) {
        Some(reason) => (0.0, Some(reason)),
        None => (rounded(weighted(rule, &groups)), None),
    };
    let class = Class::of(score, rule.thresholds);
    Judgement { groups, score, class, reason, findings }
}

fn groups(counted: &[&Finding]) -> Vec<Group> {
    let mut names: Vec<&String> = counted.iter().flat_map(|finding| &finding.groups).collect();
    names.sort_unstable();
    names.dedup();
    let group = |name: &String| {
        // a group that is listed twice counts once
        let inside = counted.iter().filter(|finding| finding.groups.contains(name));
        let (mut passes, mut total) = (0_u32, 0_u32);
        for finding in inside {
            match finding.label {
                Label::Pass => (passes, total) = (passes + 1, total + 1),
                Label::High | Label::Low | Label::NodataFailMetric => total += 1,
                Label::Nodata | Label::Error => {}
            }
        }
        let score = if total == 0 { 0.0 } else { f64::from(passes) / f64::from(total) * 100.0 };
        Group { name: name.clone(), score, is_empty: total == 0 }
    };
    names.into_iter().map(group).collect()
}

/// The reason of a score of zero that no group can mend.
fn zero(counted: &[&Finding]) -> Option<String> {
    if let Some(broken) = counted.iter().find(|finding| finding.critical && finding.label != Label::Pass) {
        return Some(format!("Canary Failed: {}", broken.reason.as_deref().unwrap_or_default()));
    }
    let missing = counted.iter().filter(|finding| finding.label == Label::Nodata).count();
    let share = missing as f64 / counted.len() as f64 * 100.0;
    (share >= MISSING).then(|| "Canary Failed: 50% or more metrics returned NODATA".into())
}

fn weighted(rule: &Rule, groups: &[Group]) -> f64 {
    let written = |name: &String| rule.weights.iter().find(|(group, _)| group == name).map(|(_, weight)| *weight);
    let given: f64 = rule.weights.iter().map(|(_, weight)| weight).sum();
    let others = groups.iter().filter(|group| written(&group.name).is_none()).count() as f64;
    let worth = |group: &Group| {
        let score = if group.is_empty { 100.0 } else { group.score };
        let weight = written(&group.name).unwrap_or((100.0 - given) / others);
        score * (weight / 100.0)
    };
    groups.iter().fold(0.0, |total, group| total + worth(group))
}

/// To two decimals, half up, of the shortest decimal text of the number.
fn rounded(score: f64) -> f64 {
    const WITHOUT_DECIMALS: f64 = 1e15;
    if score.is_nan() || score.abs() >= WITHOUT_DECIMALS {
        return score;
    }
    let text = score.abs().to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let is_up = decimals.as_bytes().get(2).is_some_and(|digit| *digit >= b'5');
    let kept: String = decimals.chars().chain("00".chars()).take(2).collect();
    let hundredths = format!("{whole}{kept}").parse::<u128>().unwrap_or_default() + u128::from(is_up);
    let size = format!("{}.{:02}", hundredths / 100, hundredths % 100).parse().unwrap_or(score.abs());
    if score < 0.0 { -size } else { size }
}
