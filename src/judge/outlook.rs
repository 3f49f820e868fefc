//! What an answer will take, as far as the rules alone say: for those who plan a comparison before there is data.

use super::levels::{Budget, critical};
use super::rules::Rules;

/// The standard normal values that the evidence of a criterion must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Critical {
    /// For a Fail.
    pub fail: f64,
    /// For a Pass.
    pub pass: f64,
}

/// What every criterion needs at the last look, in the order of the rules.
pub fn critical_values(rules: &Rules) -> Vec<Critical> {
    let budget = Budget::of(rules);
    let levels = rules.criteria.iter().map(|criterion| budget.levels(criterion));
    levels.map(|levels| Critical { fail: critical(levels.fail), pass: critical(levels.pass) }).collect()
}
