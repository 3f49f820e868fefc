//! The rule of Keptn's operator: targets that fail or warn, weights, and a score in percent.
//!
//! From `metrics-operator/controllers/common/analysis` and `common/providers/prometheus` of keptn/lifecycle-toolkit at 40e195d. The
//! value is the first one in the timeframe, asked with steps of a minute, of the only series. A target that does not fail and does
//! not warn passes, so NaN passes. A value that is missing scores nothing.

use super::answer::{Answer, Decision, Facts, Line, shown};
use super::scored::{Status, Value, word};
use crate::import::condition::Op;
use crate::series::SignedDuration;

/// How long a step of its queries is.
pub(crate) const STEP: SignedDuration = SignedDuration::from_mins(1);

/// The objectives of an AnalysisDefinition.
#[derive(Debug, Clone, PartialEq)]
pub struct Objectives {
    pub(crate) objectives: Vec<Objective>,
    /// The least percentages that pass and that warn.
    pub(crate) pass: f64,
    pub(crate) warning: f64,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    pub(crate) name: String,
    /// The query of the gate, and davy's metric; nothing if davy cannot ask it.
    pub(crate) metric: Option<String>,
    pub(crate) failure: Option<Operator>,
    pub(crate) warning: Option<Operator>,
    pub(crate) weight: f64,
    pub(crate) is_key: bool,
}

/// The operator of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Operator {
    Is(Op, f64),
    Within(f64, f64),
    Outside(f64, f64),
}

impl Operator {
    fn holds(self, value: f64) -> bool {
        match self {
            Operator::Is(op, limit) => op.holds(value, limit),
            Operator::Within(low, high) => value >= low && value <= high,
            Operator::Outside(low, high) => value < low || value > high,
        }
    }
}

impl Objective {
    fn value(&self, facts: &Facts) -> Value {
        let steps = facts.steps_with_nan(self.metric.as_ref());
        Value::of(steps.map(|steps| steps.values.into_iter().flatten().next()))
    }

    fn status(&self, value: Option<f64>) -> Status {
        let holds = |operator: Option<Operator>, value| operator.is_some_and(|operator| operator.holds(value));
        match value {
            None => Status::Fail,
            Some(value) if holds(self.failure, value) => Status::Fail,
            Some(value) if holds(self.warning, value) => Status::Warning,
            Some(_) => Status::Pass,
        }
    }
}

impl Objectives {
    pub(super) fn answer(&self, facts: &Facts) -> Answer {
        let values: Vec<Value> = self.objectives.iter().map(|one| one.value(facts)).collect();
        let assumed = |otherwise: Status| -> Vec<Status> {
            let status = |(one, value): (&Objective, &Value)| match value {
                Value::Unknown(_) => otherwise,
                value => one.status(value.known()),
            };
            self.objectives.iter().zip(&values).map(status).collect()
        };
        let (best, worst) = (assumed(Status::Pass), assumed(Status::Fail));
        let ((high, most), (low, least)) = (self.evaluated(&best), self.evaluated(&worst));
        let key = |statuses: &[Status]| self.key(statuses).map(|key| format!(", the key objective {key} failed"));
        let (decision, sentence) = match high == low {
            true => (high, format!("{}, {} %{}", word(high), shown(most), key(&best).unwrap_or_default())),
            false => {
                let span = format!("{} to {} %", shown(least), shown(most));
                (
                    Decision::Open,
                    format!("{} or {}, {span}: davy does not know all that it needs", word(low), word(high)),
                )
            }
        };
        let lines = self.objectives.iter().zip(&values).zip(&best).map(|((one, value), status)| {
            let (label, reason) = match value {
                Value::Known(number) => (status.word(), shown(*number)),
                Value::Missing => (status.word(), "no value, which scores nothing".to_owned()),
                Value::Unknown(why) => ("unknown", why.clone()),
            };
            let (name, metric) = (one.name.clone(), one.metric.clone());
            Line { name, metric, label: label.to_owned(), reason, value: value.known() }
        });
        let score = (best == worst).then_some(most);
        Answer { decision, sentence, score, lines: lines.collect(), notes: Vec::new() }
    }

    /// The key objective that scored nothing.
    fn key(&self, statuses: &[Status]) -> Option<&str> {
        let failed = |(one, status): &(&Objective, &Status)| one.is_key && status.of(one.weight) == 0.0;
        self.objectives.iter().zip(statuses).find(failed).map(|(one, _)| one.name.as_str())
    }

    /// `AnalysisEvaluator.Evaluate`: the answer, and the percentage.
    fn evaluated(&self, statuses: &[Status]) -> (Decision, f64) {
        let most: f64 = self.objectives.iter().map(|one| one.weight).sum();
        let total: f64 = self.objectives.iter().zip(statuses).map(|(one, status)| status.of(one.weight)).sum();
        let percentage = match most {
            0.0 => 0.0,
            _ if total == most => 100.0,
            _ => total / most * 100.0,
        };
        let decision = match self.key(statuses) {
            Some(_) => Decision::Fail,
            None if percentage >= self.pass => Decision::Pass,
            None if percentage >= self.warning => Decision::Warn,
            None => Decision::Fail,
        };
        (decision, percentage)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::answer::{Seen, Steps, not_numbers};
    use super::*;
    use crate::series::{Timestamp, Window};

    fn facts(values: &[(&str, &[Option<f64>])]) -> Facts {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let seen = values.iter().map(|(name, values)| {
            ((*name).to_owned(), Ok(Seen::Steps(Steps { start, step: STEP, values: values.to_vec() })))
        });
        Facts { window: Window { start, end: start }, seen: seen.collect(), earlier: None }
    }

    fn objective(name: &str, failure: Option<Operator>, warning: Option<Operator>, weight: f64) -> Objective {
        Objective { name: name.into(), metric: Some(name.into()), failure, warning, weight, is_key: false }
    }

    fn said(objectives: &Objectives, values: &[(&str, &[Option<f64>])]) -> (Decision, String) {
        let Answer { decision, sentence, .. } = objectives.answer(&facts(values));
        (decision, sentence)
    }

    #[test]
    fn operators_include_their_limits_as_they_say() {
        for (operator, within, beyond) in [
            (Operator::Is(Op::Above, 5.0), 5.1, 5.0),
            (Operator::Is(Op::AtLeast, 5.0), 5.0, 4.9),
            (Operator::Is(Op::Equal, 5.0), 5.0, 5.1),
            (Operator::Within(2.0, 5.0), 5.0, 5.1),
            (Operator::Outside(2.0, 5.0), 1.9, 2.0),
        ] {
            assert!(operator.holds(within) && !operator.holds(beyond) && !operator.holds(f64::NAN), "{operator:?}");
        }
    }

    #[test]
    fn the_first_value_counts_and_a_warning_is_half() {
        let (fails, warns) = (Some(Operator::Is(Op::Above, 600.0)), Some(Operator::Is(Op::Above, 300.0)));
        let two = Objectives {
            objectives: vec![objective("a", fails, warns, 3.0), objective("b", fails, None, 1.0)],
            pass: 90.0,
            warning: 60.0,
        };
        let b: (&str, &[Option<f64>]) = ("b", &[Some(600.0)]);
        assert_eq!(said(&two, &[("a", &[Some(300.0), Some(900.0)]), b]), (Decision::Pass, "pass, 100 %".into()));
        // (1.5 + 1) / 4
        assert_eq!(said(&two, &[("a", &[Some(301.0)]), b]), (Decision::Warn, "warning, 62.5 %".into()));
        assert_eq!(said(&two, &[("a", &[Some(601.0)]), b]), (Decision::Fail, "fail, 25 %".into()));
        // without a value it scores nothing
        assert_eq!(said(&two, &[("a", &[None, None]), b]), (Decision::Fail, "fail, 25 %".into()));
        let mut key = two.clone();
        (key.objectives[1].is_key, key.pass) = (true, 70.0);
        let failed = "fail, 75 %, the key objective b failed";
        assert_eq!(said(&key, &[("a", &[Some(1.0)]), ("b", &[None])]), (Decision::Fail, failed.into()));
    }

    #[test]
    fn nan_passes_and_what_was_not_asked_is_open() {
        let one = Objectives {
            objectives: vec![objective("a", Some(Operator::Is(Op::Above, 600.0)), None, 1.0)],
            pass: 90.0,
            warning: 60.0,
        };
        // an absent first answer is not in the matrix, so the next one counts
        assert_eq!(said(&one, &[("a", &[None, Some(700.0)])]), (Decision::Fail, "fail, 0 %".into()));
        let nan = not_numbers("a");
        let values: [(&str, &[Option<f64>]); 2] = [("a", &[None, Some(700.0)]), (&nan, &[Some(1.0), Some(0.0)])];
        assert_eq!(said(&one, &values), (Decision::Pass, "pass, 100 %".into()));
        let open = "fail or pass, 0 to 100 %: davy does not know all that it needs";
        assert_eq!(said(&one, &[]), (Decision::Open, open.into()));
    }
}
