//! What a controller would do by its own rule, from the answers to its own queries.
//!
//! The rules are those of the controllers' sources, each named in its file. What a rule needs and davy cannot know is said, never
//! guessed: then the answer is open.
//!
//! ```text
//! answer.rs    what is asked of a rule, and what it answers
//! argo.rs  flagger.rs  keptn.rs  operator.rs  k6.rs  alarm.rs  burn.rs    the rules
//! scored.rs    what Keptn and its operator have in common
//! ```

pub(crate) mod alarm;
mod answer;
pub(crate) mod argo;
pub(crate) mod burn;
pub(crate) mod flagger;
pub(crate) mod k6;
pub(crate) mod keptn;
pub(crate) mod operator;
mod scored;

use crate::series::SignedDuration;

pub use answer::{Answer, Decision, Earlier, Facts, Line, Requests, Seen, Steps};
pub(crate) use answer::{later, not_numbers};
pub(crate) use argo::{Phase, Rule};

/// The rule of a controller.
#[derive(Debug, Clone)]
pub enum Controller {
    /// Argo Rollouts: a rule for each metric.
    Argo(Vec<Rule>),
    /// Flagger.
    Flagger(flagger::Checks),
    /// Keptn 1.
    Keptn(keptn::Objectives),
    /// Keptn's operator.
    Operator(operator::Objectives),
    /// Thresholds of k6.
    K6(Vec<k6::Threshold>),
    /// Alarms of CloudWatch.
    Alarms(Vec<alarm::Alarm>),
    /// Alerts on burn rates.
    Burn(burn::Objectives),
}

impl Controller {
    /// What it would do.
    pub fn answer(&self, facts: &Facts) -> Answer {
        match self {
            Controller::Argo(rules) => argo::answer(rules, facts),
            Controller::Flagger(checks) => checks.answer(facts),
            Controller::Keptn(objectives) => objectives.answer(facts),
            Controller::Operator(objectives) => objectives.answer(facts),
            Controller::K6(thresholds) => k6::answer(thresholds, facts),
            Controller::Alarms(alarms) => alarm::answer(alarms, facts),
            Controller::Burn(objectives) => objectives.answer(facts),
        }
    }

    /// How long before the window its queries are asked.
    pub fn before(&self) -> SignedDuration {
        match self {
            Controller::Alarms(alarms) => alarms.iter().map(alarm::Alarm::before).max().unwrap_or_default(),
            Controller::Burn(objectives) => objectives.before(),
            Controller::Operator(_) => operator::STEP,
            _ => SignedDuration::ZERO,
        }
    }

    /// At which steps its queries are asked, if not at those of the window.
    pub fn step(&self) -> Option<SignedDuration> {
        match self {
            Controller::Flagger(checks) => Some(checks.interval),
            _ => None,
        }
    }

    /// Whether it compares with earlier answers.
    pub fn compares(&self) -> bool {
        matches!(self, Controller::Keptn(objectives) if objectives.compares())
    }
}
