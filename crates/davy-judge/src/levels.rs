//! How much evidence each answer needs.
//!
//! **A Pass** needs every criterion to pass. A run that should not pass has a criterion that should not, and that one is
//! tested at the full level, so nothing is divided (intersection-union: Berger 1982).
//!
//! **A Fail** needs only one criterion, so the chance of a false one is a single budget for the run. Its parts, by weight,
//! belong to families, which the rules fix before any data is seen: the percentiles of one latency, with all its groups.
//!
//! Before the data, a criterion has the part of its family (Bonferroni), and a group an equal share of that. Intervals show
//! these levels unless the closed test of all criteria together changes the answer:
//!
//! 1. Criteria on the good side of their limits do not pay for the others: p-values above [`LIVE`] are left out, and the
//!    rest are divided by it (Ellis, Pecanka and Goeman 2020; Zhao, Small and Su 2019). A p-value within its limit is
//!    larger than a uniform one, the more so if it is not small.
//! 2. The families that are left share the budget by weight. One whose criteria have all failed passes its part on (Holm
//!    1979; Bretz and others 2009). At planned looks that holds for boundaries that fall as the level rises (Maurer and
//!    Bretz 2013), as those of `stats::planned` do.
//! 3. Inside a family a criterion fails if the test of Simes (1986) rejects it together with any others of the family
//!    (Hommel 1988). That is valid if the criteria of a family tend to be bad together (Sarkar 1998), as percentiles of
//!    one latency and routes of one service do. The Cauchy combination (Liu and Xie 2020) is not: one-sided p-values
//!    of healthy groups lie close to 1, and one of them would outweigh any evidence.
//!
//! The first step is proved for independent criteria. That it holds its level for criteria that are bad together, and at
//! planned looks, is measured and not proved: reports/calibration/families.md. With an open end only any-time evidence
//! counts. Its inverse is a p-value at any time (Ville 1939), and no criterion is left out.

use std::collections::BTreeMap;

use super::rules::{Criterion, Limit, Rule, Rules, Severity};
use super::verdict::{Finding, Levels, Outcome, Reason};
use crate::series::{MetricName, group_name};
use davy_stats::normal::normal_quantile;
use davy_stats::simes::hommel;

/// No level is so low that no evidence at all would reach it.
const LEAST: f64 = 1e-3;

/// A larger p-value says nothing bad of a criterion.
const LIVE: f64 = 0.8;

/// The false-alarm budget of a run and how it is divided.
pub(super) struct Budget {
    level: f64,
    /// The weight of each family: of its heaviest criterion.
    weights: Vec<f64>,
    /// The family of a criterion by the name that the rules give it, and the number of groups that share its part.
    families: BTreeMap<String, (usize, usize)>,
}

/// What the data say against a criterion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Against {
    /// The least chance of error at which it fails, over all looks.
    pub(super) p: f64,
    /// The p-value of this look alone; zero with an open end.
    pub(super) now: f64,
}

impl Budget {
    /// Of rules whose groups are not yet spread.
    pub(super) fn of(rules: &Rules, groups: &BTreeMap<MetricName, Vec<String>>) -> Self {
        let mut budget = Budget { level: rules.policy.level, weights: Vec::new(), families: BTreeMap::new() };
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for criterion in rules.criteria.iter().filter(|criterion| spends(criterion)) {
            let place = *places.entry(&criterion.family).or_insert(budget.weights.len());
            if place == budget.weights.len() {
                budget.weights.push(criterion.weight);
            }
            budget.weights[place] = budget.weights[place].max(criterion.weight);
            budget.families.insert(criterion.family.clone(), (place, 1));
            for group in groups.get(&criterion.metric).into_iter().flatten() {
                let of = groups.get(&criterion.metric).map_or(1, Vec::len);
                budget.families.insert(group_name(&criterion.family, group), (place, of));
            }
        }
        budget
    }

    /// The confidence at which a criterion may fail and may pass, before any data.
    pub(super) fn levels(&self, criterion: &Criterion) -> Levels {
        let alpha = 1.0 - self.level;
        let own = self.families.get(&criterion.family).filter(|_| spends(criterion));
        let total: f64 = self.weights.iter().sum();
        let share = own.map_or(1.0, |(family, groups)| self.weights[*family] / total / *groups as f64);
        // Passing by either part of a margin is two chances to pass.
        let either = [criterion.pass, criterion.fail]
            .into_iter()
            .flatten()
            .any(|bound| matches!(bound.limit, Limit::Margin { relative: Some(_), absolute: Some(_) }));
        let pass = if either { 1.0 - alpha / 2.0 } else { self.level };
        Levels { fail: 1.0 - alpha * share, pass }
    }

    /// The criteria whose answer the closed test changes, with the confidence at which they may fail in the end.
    pub(super) fn changed(
        &self,
        criteria: &[Criterion],
        against: &[Option<Against>],
        findings: &[Finding],
    ) -> Vec<(usize, f64)> {
        let fails = |finding: &Finding| {
            finding.outcome == Outcome::Fail && matches!(finding.reason, Reason::BeyondBound | Reason::Growing)
        };
        let is_other = |test: &Test| fails(&findings[test.at]) != test.rejected;
        let tests = self.close(criteria, against);
        tests.into_iter().filter(is_other).map(|test| (test.at, 1.0 - test.chance)).collect()
    }

    fn close(&self, criteria: &[Criterion], against: &[Option<Against>]) -> Vec<Test> {
        let member = |(at, (criterion, against)): (usize, (&Criterion, &Option<Against>))| {
            let (family, _) = self.families.get(&criterion.family).filter(|_| spends(criterion))?;
            Some((*family, at, (*against)?))
        };
        let members: Vec<(usize, usize, Against)> =
            criteria.iter().zip(against).enumerate().filter_map(member).collect();
        let live = if members.len() > 1 { LIVE } else { 1.0 };
        let mut families = vec![Family::default(); self.weights.len()];
        for (family, at, against) in members.iter().filter(|(.., against)| against.now <= live) {
            families[*family].members.push(*at);
            families[*family].p.push(against.p / live);
        }
        families.iter_mut().for_each(|family| family.adjusted = hommel(&family.p));
        let parts = self.parts(&families);
        let tests = families.iter().zip(parts).flat_map(|(family, part)| family.tests(part));
        tests.map(|test| Test { chance: live * test.chance, ..test }).collect()
    }

    /// The part of the chance of error that each family has in the end, from the p-values of its criteria.
    fn parts(&self, families: &[Family]) -> Vec<f64> {
        let alpha = 1.0 - self.level;
        let mut open: Vec<bool> = families.iter().map(|family| !family.members.is_empty()).collect();
        let mut parts = vec![0.0; families.len()];
        loop {
            let total: f64 = self.weights.iter().zip(&open).filter(|(_, open)| **open).map(|(weight, _)| weight).sum();
            for (family, part) in parts.iter_mut().enumerate().filter(|(family, _)| open[*family]) {
                *part = alpha * self.weights[family] / total;
            }
            let all_failed = |family: usize| families[family].adjusted.iter().all(|p| *p <= parts[family]);
            let done: Vec<usize> = (0..families.len()).filter(|family| open[*family] && all_failed(*family)).collect();
            if done.is_empty() {
                return parts;
            }
            done.into_iter().for_each(|family| open[family] = false);
        }
    }
}

/// The criteria of one family that may be worse.
#[derive(Debug, Clone, Default)]
struct Family {
    /// Their places among all.
    members: Vec<usize>,
    /// Their p-values.
    p: Vec<f64>,
    /// The same, adjusted for the company that they keep.
    adjusted: Vec<f64>,
}

/// What the closed test says of a criterion.
#[derive(Debug, Clone, Copy)]
struct Test {
    /// Its place among all.
    at: usize,
    /// The chance of error that it has.
    chance: f64,
    /// Whether it fails.
    rejected: bool,
}

impl Family {
    /// The tests at a part of the chance of error: for each what that comes to if it is taken by itself.
    fn tests(&self, part: f64) -> impl Iterator<Item = Test> {
        let p = self.members.iter().zip(&self.p).zip(&self.adjusted);
        p.map(move |((at, p), adjusted)| {
            let chance = if *adjusted > 0.0 { part * p / adjusted } else { part };
            Test { at: *at, chance, rejected: *adjusted <= part }
        })
    }
}

/// Whether a criterion can raise a false alarm by chance at all.
fn spends(criterion: &Criterion) -> bool {
    criterion.rule == Rule::Interval && criterion.severity != Severity::Muted && criterion.weight > 0.0
}

/// The standard normal value that evidence at a level must reach.
pub(super) fn critical(level: f64) -> f64 {
    let z = normal_quantile(level);
    if z < LEAST { LEAST } else { z }
}
