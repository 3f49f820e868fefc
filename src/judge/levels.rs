//! How much evidence each answer needs, fixed by the rules alone before any data is seen.
//!
//! The verdict fails when any criterion fails, so the chance of a false Fail (1 - level) is one budget for the
//! run and is divided over the families of criteria by weight (Bonferroni). The verdict passes only when all
//! criteria pass, so each Pass may use the full level (intersection-union, Berger 1982).
//!
//! These are the critical values of a single look. Looking again during a soak needs larger ones for the very
//! same statistics; they belong here.

use super::rules::{Criterion, Limit, Rule, Rules, Severity};
use super::verdict::Levels;
use crate::stats::tail::normal_quantile;

/// The false-alarm budget of a run and how it is divided.
pub(super) struct Budget {
    level: f64,
    families: Vec<(String, f64)>,
}

impl Budget {
    pub(super) fn of(rules: &Rules) -> Self {
        let mut families: Vec<(String, f64)> = Vec::new();
        for criterion in rules.criteria.iter().filter(|c| spends(c)) {
            match families.iter_mut().find(|(name, _)| *name == criterion.family) {
                Some((_, weight)) => *weight = weight.max(criterion.weight),
                None => families.push((criterion.family.clone(), criterion.weight)),
            }
        }
        Budget { level: rules.policy.level, families }
    }

    /// The confidence at which a criterion may fail and may pass.
    pub(super) fn levels(&self, criterion: &Criterion) -> Levels {
        let alpha = 1.0 - self.level;
        let total: f64 = self.families.iter().map(|(_, weight)| weight).sum();
        let own = self.families.iter().find(|(name, _)| *name == criterion.family).map(|(_, weight)| *weight);
        let share = match own {
            Some(weight) if spends(criterion) && total > 0.0 => weight / total,
            _ => 1.0,
        };
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
