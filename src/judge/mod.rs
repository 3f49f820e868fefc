//! Rules and data in, verdict out: pure and total.
//!
//! Every criterion takes the same four steps, whatever its metric's shape:
//!
//! 1. **measure** ([`measure`]): the series are laid on one grid of steps and reduced to a [`compare::Comparison`],
//!    which knows its estimate, its interval, and the evidence against any limit;
//! 2. **guard** ([`guard`]): too little data, a canary that went silent or a missing baseline is an answer of its own;
//! 3. **decide** ([`decide`]): the evidence is compared with the bounds, giving Pass, Warn, Fail or Inconclusive;
//! 4. **explain** ([`explain`]): one sentence, and what would change the answer.
//!
//! Bounds that need no interval ([`observed`], [`periods`]) skip the second half of the first step. Judging many
//! times during a soak needs other critical values, not another path: those are chosen in [`levels`].
//!
//! Nothing in here fails, waits, logs or reads a clock. Weak or absent data is an answer with a reason.

pub mod rules;
pub mod verdict;
pub mod words;

mod compare;
mod decide;
mod explain;
mod grid;
mod guard;
mod levels;
mod measure;
mod observed;
mod periods;
mod score;
mod traffic;

use rules::{Rule, Rules};
use verdict::{Finding, Verdict};

use crate::series::Dataset;

/// Judges a dataset by the rules.
///
/// Total: any data gives a verdict; what cannot be judged is Inconclusive with its reason, never a Pass.
pub fn judge(rules: &Rules, data: &Dataset) -> Verdict {
    let budget = levels::Budget::of(rules);
    let mut findings: Vec<Finding> = rules
        .criteria
        .iter()
        .map(|criterion| {
            let case = guard::Case::new(rules, criterion, data);
            match criterion.rule {
                Rule::Interval => decide::by_interval(&case, budget.levels(criterion)),
                Rule::Observed => observed::judge(&case),
                Rule::Periods { m, n } => periods::judge(&case, m, n),
            }
        })
        .collect();
    findings.extend(traffic::judge(rules, data));
    score::conclude(rules, data, findings)
}
