//! How much evidence each answer needs, fixed by the rules alone before any data is seen.
//!
//! The verdict fails when any criterion fails, so the chance of a false Fail (1 - level) is one budget for the
//! run and is divided over the families of criteria by weight (Bonferroni). The verdict passes only when all
//! criteria pass, so each Pass may use the full level (intersection-union, Berger 1982).
//!
//! These are the critical values of a single look. Looking again during a soak needs larger ones for the very
//! same statistics; they belong here.

use std::collections::BTreeMap;

use super::rules::{Criterion, Limit, Rule, Rules, Severity};
use super::verdict::Levels;
use crate::stats::tail::normal_quantile;

/// The false-alarm budget of a run and how it is divided.
pub(super) struct Budget<'a> {
    level: f64,
    /// The weight of each family: of its heaviest criterion.
    families: BTreeMap<&'a str, f64>,
    total: f64,
}

impl<'a> Budget<'a> {
    pub(super) fn of(rules: &'a Rules) -> Self {
        let mut families: BTreeMap<&str, f64> = BTreeMap::new();
        for criterion in rules.criteria.iter().filter(|c| spends(c)) {
            let weight = families.entry(&criterion.family).or_insert(criterion.weight);
            *weight = weight.max(criterion.weight);
        }
        let total = families.values().sum();
        Budget { level: rules.policy.level, families, total }
    }

    /// The confidence at which a criterion may fail and may pass.
    pub(super) fn levels(&self, criterion: &Criterion) -> Levels {
        let alpha = 1.0 - self.level;
        let own = self.families.get(criterion.family.as_str()).filter(|_| spends(criterion));
        let share = own.map_or(1.0, |weight| weight / self.total);
        // Passing by either part of a margin is two chances to pass.
        let either = [criterion.pass, criterion.fail]
            .into_iter()
            .flatten()
            .any(|bound| matches!(bound.limit, Limit::Margin { relative: Some(_), absolute: Some(_) }));
        let pass = if either { 1.0 - alpha / 2.0 } else { self.level };
        Levels { fail: 1.0 - alpha * share, pass }
    }
}

/// Whether a criterion can raise a false alarm by chance at all.
fn spends(criterion: &Criterion) -> bool {
    criterion.rule == Rule::Interval && criterion.severity != Severity::Muted && criterion.weight > 0.0
}

/// The standard normal value that evidence at a level must reach.
pub(super) fn critical(level: f64) -> f64 {
    normal_quantile(level)
}
