//! The rule of Argo Rollouts: each measurement answers a condition, and limits count the answers.
//!
//! From `analysis/analysis.go` and `utils/evaluate/evaluate.go` of argo-rollouts. Measurements that an AnalysisRun recorded are
//! assessed as they are. For a template each interval of the window is a measurement.

use super::answer::{Answer, Decision, Facts, Line};
use crate::import::condition::{Expr, Value, evaluate};
use crate::series::SignedDuration;

/// The rule of one metric.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The metric's name as it was written.
    pub name: String,
    /// The metric of the gate with the same data.
    pub metric: Option<String>,
    pub(crate) success: Option<Expr>,
    pub(crate) failure: Option<Expr>,
    /// Why a condition cannot be evaluated at all: it does not parse, or an argument in it has no value.
    pub(crate) unread: Option<String>,
    pub(crate) interval: Option<SignedDuration>,
    pub(crate) delay: Option<SignedDuration>,
    pub(crate) count: Option<i64>,
    pub(crate) failure_limit: i64,
    pub(crate) inconclusive_limit: i64,
    pub(crate) consecutive_errors: i64,
    pub(crate) consecutive_successes: Option<i64>,
    /// Whether its answer decides nothing.
    pub(crate) is_dry: bool,
    /// The measurements that were recorded.
    pub(crate) recorded: Vec<Value>,
}

/// The answer of one measurement, or of a metric; the worse the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It holds.
    Successful,
    /// It is not over.
    Running,
    /// Neither condition holds.
    Inconclusive,
    /// It could not be evaluated.
    Error,
    /// It does not hold.
    Failed,
}

impl Phase {
    /// The controller's word.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Successful => "Successful",
            Phase::Running => "Running",
            Phase::Inconclusive => "Inconclusive",
            Phase::Error => "Error",
            Phase::Failed => "Failed",
        }
    }
}

/// What the rule of a metric says of its measurements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// The metric's answer.
    pub phase: Phase,
    /// Why, in the controller's words.
    pub reason: String,
    /// How many measurements failed.
    pub failed: i64,
    /// How many measurements there were.
    pub measured: i64,
}

impl Rule {
    /// How long the analysis takes, if that is known: a single measurement takes no time.
    pub(crate) fn soak(&self) -> Option<SignedDuration> {
        let count = i32::try_from(self.count?).ok().filter(|count| *count > 1)?;
        self.interval?.checked_mul(count)
    }

    /// How many measurements there will be; without a count and an interval one.
    fn effective_count(&self) -> Option<i64> {
        self.count.or(if self.interval.is_none() { Some(1) } else { None })
    }

    /// The answer of one measurement.
    fn measured(&self, value: &Value) -> Result<Phase, String> {
        if let Some(why) = &self.unread {
            return Err(why.clone());
        }
        let of = |condition: &Option<Expr>| condition.as_ref().map(|condition| evaluate(condition, value)).transpose();
        Ok(match (of(&self.success)?, of(&self.failure)?) {
            (_, Some(true)) | (Some(false), None) => Phase::Failed,
            (Some(true), _) | (None, _) => Phase::Successful,
            (Some(false), Some(false)) => Phase::Inconclusive,
        })
    }

    /// The answer of one measured value; nothing if it cannot be evaluated.
    pub(crate) fn answer(&self, value: &Value) -> Option<Phase> {
        self.measured(value).ok()
    }

    /// What the controller says of what was recorded; nothing if nothing was.
    pub(crate) fn of_recorded(&self) -> Option<Assessed> {
        (!self.recorded.is_empty()).then(|| self.assess(&self.recorded))
    }

    /// What the controller says of the answers of the query, one at each interval; an absent one is an empty answer.
    fn of_answers(&self, answers: &[Option<f64>]) -> Assessed {
        let list = |answer: &Option<f64>| Value::List(answer.iter().map(|number| Value::Number(*number)).collect());
        let alone = |answer: &Option<f64>| answer.map_or(Value::Nil, Value::Number);
        // a vector or a number: whichever the condition can be evaluated for
        let is_of_list =
            answers.iter().flatten().next().is_none_or(|number| self.measured(&list(&Some(*number))).is_ok());
        let values: Vec<Value> =
            if is_of_list { answers.iter().map(list).collect() } else { answers.iter().map(alone).collect() };
        self.assess(&values)
    }

    /// How many steps lie between two measurements.
    fn stride(&self, step: SignedDuration) -> usize {
        let interval = self.interval.unwrap_or(step).as_secs_f64() / step.as_secs_f64().max(1e-9);
        (interval.round() as usize).max(1)
    }

    /// What the controller says after these measurements; it stops at the first that decides.
    fn assess(&self, values: &[Value]) -> Assessed {
        let (mut failed, mut inconclusive, mut errors, mut successes, mut count) = (0, 0, 0, 0, 0);
        let answer = |phase, reason: String, failed, measured| Assessed { phase, reason, failed, measured };
        for value in values {
            let measured = self.measured(value);
            match measured {
                Ok(Phase::Failed) => failed += 1,
                Ok(Phase::Inconclusive) => inconclusive += 1,
                _ => {}
            }
            successes = if measured == Ok(Phase::Successful) { successes + 1 } else { 0 };
            errors = if measured.is_err() { errors + 1 } else { 0 };
            count += i64::from(measured.is_ok());
            if self.failure_limit >= 0 && failed > self.failure_limit {
                let reason = format!("failed ({failed}) > failureLimit ({})", self.failure_limit);
                return answer(Phase::Failed, reason, failed, count);
            }
            if inconclusive > self.inconclusive_limit {
                let reason = format!("inconclusive ({inconclusive}) > inconclusiveLimit ({})", self.inconclusive_limit);
                return answer(Phase::Inconclusive, reason, failed, count);
            }
            if errors > self.consecutive_errors {
                let why = measured.err().unwrap_or_default();
                let limit = self.consecutive_errors;
                let reason = format!("consecutiveErrors ({errors}) > consecutiveErrorLimit ({limit}): {why}");
                return answer(Phase::Error, reason, failed, count);
            }
            if self.consecutive_successes.is_some_and(|limit| limit > 0 && successes >= limit) {
                let reason = format!("consecutiveSuccess ({successes}) reached");
                return answer(Phase::Successful, reason, failed, count);
            }
            if self.effective_count().is_some_and(|wanted| count >= wanted) {
                break;
            }
        }
        let counted = format!("{failed} failures of {count}");
        match self.effective_count() {
            _ if count == 0 => answer(Phase::Running, "no measurement so far".into(), failed, count),
            Some(wanted) if count < wanted => {
                answer(Phase::Running, format!("{counted}, {wanted} are wanted"), failed, count)
            }
            Some(_) if self.consecutive_successes.is_some_and(|limit| limit > 0) => {
                let reason = format!("{counted}, and consecutiveSuccessLimit was not reached");
                answer(Phase::Inconclusive, reason, failed, count)
            }
            Some(_) => answer(Phase::Successful, counted, failed, count),
            // without a count it goes on until the rollout is over
            None => answer(Phase::Successful, format!("{counted} so far"), failed, count),
        }
    }
}

/// The answer of a run: the worst of its metrics, without those that run dry.
pub(super) fn answer(rules: &[Rule], facts: &Facts) -> Answer {
    let all: Vec<(&Rule, Result<Assessed, String>)> = rules.iter().map(|rule| (rule, assessed(rule, facts))).collect();
    let decisive = || all.iter().filter(|(rule, _)| !rule.is_dry).filter_map(|(_, assessed)| assessed.as_ref().ok());
    let worst = decisive().map(|assessed| assessed.phase).max().unwrap_or(Phase::Running);
    let (failed, measured) = decisive().fold((0, 0), |(f, m), one| (f + one.failed, m + one.measured));
    let noun = if failed == 1 { "failure" } else { "failures" };
    let lines = all.iter().map(|(rule, assessed)| {
        let (label, reason) = match assessed {
            Ok(assessed) => (assessed.phase.word(), &assessed.reason),
            Err(why) => ("unknown", why),
        };
        let (name, metric) = (rule.name.clone(), rule.metric.clone());
        Line { name, metric, label: label.to_owned(), reason: reason.clone(), value: None }
    });
    let dry = all.iter().filter(|(rule, _)| rule.is_dry).map(|(rule, _)| format!("{} is a dry run", rule.name));
    let missing = all.iter().filter_map(|(rule, assessed)| {
        let why = assessed.as_ref().err()?;
        Some(format!("{}: {why}, and its answer is not part of this one", rule.name))
    });
    let is_known = all.iter().all(|(rule, assessed)| rule.is_dry || assessed.is_ok());
    let decision = match worst {
        Phase::Successful if is_known => Decision::Pass,
        Phase::Failed | Phase::Error => Decision::Fail,
        Phase::Successful | Phase::Inconclusive | Phase::Running => Decision::Open,
    };
    Answer {
        decision,
        sentence: format!("{}, {failed} {noun} of {measured}", worst.word()),
        score: None,
        notes: dry.chain(missing).collect(),
        lines: lines.collect(),
    }
}

/// The rule's answer on what was recorded, or on what its query answers: a measurement at each interval.
fn assessed(rule: &Rule, facts: &Facts) -> Result<Assessed, String> {
    if let Some(recorded) = rule.of_recorded() {
        return Ok(recorded);
    }
    let steps = facts.steps_with_nan(rule.metric.as_ref())?;
    let every = rule.stride(steps.step);
    let measured: Vec<Option<f64>> = steps.values.into_iter().skip(every - 1).step_by(every).collect();
    Ok(rule.of_answers(&measured))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::condition::parse;

    fn rule(count: i64) -> Rule {
        Rule {
            name: "m".into(),
            metric: None,
            success: parse("result[0] >= 0.95").ok(),
            failure: None,
            unread: None,
            interval: Some(SignedDuration::from_mins(1)),
            delay: None,
            count: Some(count),
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_errors: 4,
            consecutive_successes: None,
            is_dry: false,
            recorded: Vec::new(),
        }
    }

    fn assess(rule: &Rule, recorded: &[&str]) -> (Phase, String) {
        let values: Vec<Value> = recorded.iter().map(|text| Value::recorded(text)).collect();
        let assessed = rule.assess(&values);
        (assessed.phase, assessed.reason)
    }

    #[test]
    fn limits_count_the_answers_of_measurements() {
        let three = rule(3);
        assert_eq!(assess(&three, &["[1]", "[1]", "[1]"]), (Phase::Successful, "0 failures of 3".into()));
        assert_eq!(assess(&three, &["[1]", "[0.9]", "[1]"]), (Phase::Failed, "failed (1) > failureLimit (0)".into()));
        assert_eq!(assess(&three, &["[1]"]).0, Phase::Running);
        let lenient = Rule { failure_limit: 1, ..rule(3) };
        assert_eq!(assess(&lenient, &["[1]", "[0.9]", "[1]"]), (Phase::Successful, "1 failures of 3".into()));
        assert_eq!(assess(&lenient, &["[0.9]", "[0.9]", "[1]"]).0, Phase::Failed);
        // five errors in a row are too many, and an error does not count as a measurement
        assert_eq!(assess(&three, &["[]"; 5]).0, Phase::Error);
        assert_eq!(assess(&three, &["[]", "[]", "[1]", "[1]", "[1]"]).0, Phase::Successful);
    }

    #[test]
    fn between_the_conditions_it_is_inconclusive() {
        let both = Rule { failure: parse("result[0] < 0.9").ok(), ..rule(2) };
        assert_eq!(
            assess(&both, &["[0.92]"]),
            (Phase::Inconclusive, "inconclusive (1) > inconclusiveLimit (0)".into())
        );
        assert_eq!(assess(&Rule { inconclusive_limit: 1, ..both.clone() }, &["[0.92]", "[1]"]).0, Phase::Successful);
        // neither holds for NaN
        assert_eq!(assess(&both, &["[NaN]"]).0, Phase::Inconclusive);
        assert_eq!(assess(&rule(1), &["[NaN]"]).0, Phase::Failed);
    }

    #[test]
    fn a_condition_that_does_not_parse_is_an_error() {
        let unread = Rule { success: None, unread: Some("it does not parse".into()), ..rule(5) };
        assert_eq!(assess(&unread, &["[1]"; 5]).0, Phase::Error);
    }

    #[test]
    fn successes_in_a_row_end_it() {
        let row = Rule { failure_limit: -1, consecutive_successes: Some(2), ..rule(5) };
        assert_eq!(
            assess(&row, &["[0.5]", "[1]", "[1]"]),
            (Phase::Successful, "consecutiveSuccess (2) reached".into())
        );
        assert_eq!(assess(&row, &["[0.5]", "[1]", "[0.5]", "[1]", "[0.5]"]).0, Phase::Inconclusive);
    }
}
