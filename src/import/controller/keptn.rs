//! Keptn's rule: objectives with weights, criteria relative to earlier evaluations, and a total score.
//!
//! From `lighthouse-service/event_handler/evaluate_sli_handler.go` and `common.go` of keptn at 318a3d5, and
//! `prometheus-service/utils/prometheus` at 7a5e26d. One of several sets of criteria suffices, and all criteria of a set must hold.
//! A warning counts half the weight. A criterion with `%` or a sign compares with earlier results, and holds if there are none.
//! A query without a number, or with NaN, fails its objective.

use super::answer::{Answer, Decision, Earlier, Facts, Line, shown};
use super::scored::{Status, Value, word};
use crate::import::condition::Op;

/// The objectives of a `slo.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Objectives {
    pub(crate) objectives: Vec<Objective>,
    pub(crate) comparison: Comparison,
    /// The least scores in percent that pass and that warn; nothing if none is written, which is an error of Keptn.
    pub(crate) pass: Option<f64>,
    pub(crate) warning: Option<f64>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    pub(crate) sli: String,
    /// The query of the gate, and davy's metric; nothing if davy cannot ask it.
    pub(crate) metric: Option<String>,
    /// Sets of criteria, of which one suffices.
    pub(crate) pass: Vec<Vec<Criterion>>,
    pub(crate) warning: Vec<Vec<Criterion>>,
    pub(crate) weight: f64,
    pub(crate) is_key: bool,
}

/// A criterion: `<600`, `<=+10%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criterion {
    pub(crate) op: Op,
    pub(crate) target: Target,
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    Fixed(f64),
    /// Percent above the earlier results, or below.
    Percent(f64),
    /// So much above the earlier results, or below.
    Distance(f64),
}

/// Which earlier results count, and how several become one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) results: usize,
    pub(crate) include: Include,
    /// `avg`, `p50`, `p90`, `p95`; another word compares with zero.
    pub(crate) aggregate: String,
}

/// Which earlier results count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    All,
    Pass,
    PassOrWarn,
}

/// What is known of the earlier results of one indicator.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    /// There are none, and every comparison holds.
    None,
    Value(f64),
    /// The worst that they could be: no comparison holds.
    Worst,
}

impl Criterion {
    fn holds(&self, value: f64, before: Before) -> bool {
        let than = match (self.target, before) {
            (Target::Fixed(limit), _) => limit,
            (_, Before::None) => return true,
            (_, Before::Worst) => return false,
            (Target::Percent(more), Before::Value(before)) => before * (100.0 + more) / 100.0,
            (Target::Distance(more), Before::Value(before)) => before + more,
        };
        self.op.holds(value, than)
    }

    fn is_relative(&self) -> bool {
        !matches!(self.target, Target::Fixed(_))
    }
}

impl Comparison {
    /// One number of the earlier results of an indicator.
    fn aggregated(&self, sli: &str, earlier: &[Earlier]) -> Before {
        let counts = |one: &&Earlier| match self.include {
            Include::All => true,
            Include::Pass => one.decision == Decision::Pass,
            Include::PassOrWarn => one.decision <= Decision::Warn,
        };
        let latest = earlier.iter().rev().filter(counts).take(self.results);
        let mut values: Vec<f64> = latest.filter_map(|one| one.values.get(sli).copied()).collect();
        if values.is_empty() {
            return Before::None;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.sort_by(f64::total_cmp);
        Before::Value(match self.aggregate.as_str() {
            "avg" => mean,
            "p50" => percentile(&values, 0.5),
            "p90" => percentile(&values, 0.9),
            "p95" => percentile(&values, 0.95),
            _ => 0.0,
        })
    }
}

/// `calculatePercentile`: the place is counted from one, of one more than there are.
fn percentile(sorted: &[f64], q: f64) -> f64 {
    let size = sorted.len();
    let at = q * (size + 1) as f64;
    match at {
        at if at < 1.0 => sorted[0],
        at if at >= size as f64 => sorted[size - 1],
        at => sorted[at as usize - 1] + at.fract() * (sorted[at as usize] - sorted[at as usize - 1]),
    }
}

impl Objective {
    fn value(&self, facts: &Facts) -> Value {
        // the query is asked once, at the end of the window
        let last = facts.steps(self.metric.as_ref()).map(|steps| steps.values.last().copied().flatten());
        Value::of(last.map(|last| last.filter(|value| !value.is_nan())))
    }

    /// Whether it is only shown.
    fn is_info(&self) -> bool {
        self.pass.is_empty()
    }

    fn status(&self, value: Option<f64>, before: Before) -> Status {
        let one_holds = |sets: &[Vec<Criterion>], value: f64| {
            sets.iter().any(|set| set.iter().all(|criterion| criterion.holds(value, before)))
        };
        match value {
            _ if self.is_info() => Status::Info,
            Some(value) if one_holds(&self.pass, value) => Status::Pass,
            Some(value) if one_holds(&self.warning, value) => Status::Warning,
            _ => Status::Fail,
        }
    }
}

/// What a whole evaluation says.
#[derive(Debug, Clone, PartialEq)]
struct Evaluation {
    decision: Decision,
    score: f64,
    /// The key objective that failed.
    key: Option<String>,
}

impl Objectives {
    /// Whether it compares with earlier results.
    pub(super) fn compares(&self) -> bool {
        let sets = self.objectives.iter().flat_map(|one| one.pass.iter().chain(&one.warning));
        sets.flatten().any(Criterion::is_relative)
    }

    pub(super) fn answer(&self, facts: &Facts) -> Answer {
        let values: Vec<Value> = self.objectives.iter().map(|one| one.value(facts)).collect();
        let is_open = self.compares() && facts.earlier.is_none();
        // what nobody knows of the earlier results may be the worst
        let assumed = |otherwise: Status, unknown: Before| -> Vec<Status> {
            let before = |one: &Objective| match &facts.earlier {
                None => unknown,
                Some(earlier) => self.comparison.aggregated(&one.sli, earlier),
            };
            let status = |(one, value): (&Objective, &Value)| match value {
                Value::Unknown(_) if !one.is_info() => otherwise,
                value => one.status(value.known(), before(one)),
            };
            self.objectives.iter().zip(&values).map(status).collect()
        };
        let (best, worst) = (assumed(Status::Pass, Before::None), assumed(Status::Fail, Before::Worst));
        let (high, low) = (self.evaluated(&best), self.evaluated(&worst));
        let mut notes = Vec::new();
        if is_open {
            notes.push(
                "earlier evaluations are not known: name a folder of recordings with `--earlier DIR`. If there are none, it is empty, and \
                 Keptn takes every criterion relative to them for met"
                    .to_owned(),
            );
        }
        let (decision, score, sentence) = match (&high, &low) {
            (Err(why), _) | (_, Err(why)) => (Decision::Fail, None, format!("fail: {why}")),
            (Ok(high), Ok(low)) if high.decision == low.decision => {
                (high.decision, (high == low).then_some(high.score), sentence(high, low))
            }
            (Ok(high), Ok(low)) => {
                let (one, other) = (word(low.decision), word(high.decision));
                let sentence = format!(
                    "{one} or {other}, {} to {} of 100: davy does not know all that it needs",
                    shown(low.score),
                    shown(high.score)
                );
                (Decision::Open, None, sentence)
            }
        };
        let lines =
            self.objectives.iter().zip(&values).zip(best.iter().zip(&worst)).map(|((one, value), (best, worst))| {
                let label = match value {
                    _ if one.is_info() => Status::Info.word().to_owned(),
                    Value::Unknown(_) => "unknown".to_owned(),
                    _ if best == worst => best.word().to_owned(),
                    _ => format!("{} or {}", worst.word(), best.word()),
                };
                let reason = match value {
                    Value::Unknown(_) if one.is_info() => String::new(),
                    Value::Known(value) => shown(*value),
                    Value::Missing => "no value, which fails".to_owned(),
                    Value::Unknown(why) => why.clone(),
                };
                Line { name: one.sli.clone(), metric: one.metric.clone(), label, reason, value: value.known() }
            });
        Answer { decision, sentence, score, lines: lines.collect(), notes }
    }

    /// `calculateScore`.
    fn evaluated(&self, statuses: &[Status]) -> Result<Evaluation, &'static str> {
        if self.objectives.is_empty() {
            return Err("it has no objective");
        }
        let pass = self.pass.ok_or("no target score is defined")?;
        let scored = || self.objectives.iter().zip(statuses).filter(|(_, status)| **status != Status::Info);
        let most: f64 = scored().map(|(one, _)| one.weight).sum();
        if most == 0.0 {
            return Ok(Evaluation { decision: Decision::Pass, score: 100.0, key: None });
        }
        let score = 100.0 * (scored().map(|(one, status)| status.of(one.weight)).sum::<f64>() / most);
        let key = scored().find(|(one, status)| one.is_key && **status == Status::Fail);
        let key = key.map(|(one, _)| one.sli.clone());
        let decision = match self.warning {
            _ if key.is_some() => Decision::Fail,
            _ if score >= pass => Decision::Pass,
            Some(warning) if score >= warning => Decision::Warn,
            _ => Decision::Fail,
        };
        Ok(Evaluation { decision, score, key })
    }
}

fn sentence(high: &Evaluation, low: &Evaluation) -> String {
    let score = match high.score == low.score {
        true => shown(high.score),
        false => format!("{} to {}", shown(low.score), shown(high.score)),
    };
    let key = high.key.as_ref().map(|key| format!(", the key objective {key} failed")).unwrap_or_default();
    format!("{}, {score} of 100{key}", word(high.decision))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::answer::{Seen, Steps};
    use super::*;
    use crate::series::{SignedDuration, Timestamp, Window};

    fn facts(values: &[(&str, f64)], earlier: impl Into<Option<Vec<Earlier>>>) -> Facts {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let step = SignedDuration::from_mins(1);
        let seen = values.iter().map(|(name, value)| {
            let value = Some(*value).filter(|value| value.is_finite());
            // only the last step is the whole evaluation
            ((*name).to_owned(), Ok(Seen::Steps(Steps { start, step, values: vec![Some(1e9), value] })))
        });
        Facts { window: Window { start, end: start }, seen: seen.collect(), earlier: earlier.into() }
    }

    fn objective(sli: &str, pass: &[&[Criterion]], warning: &[&[Criterion]], weight: f64) -> Objective {
        let sets = |sets: &[&[Criterion]]| sets.iter().map(|set| set.to_vec()).collect();
        let (pass, warning) = (sets(pass), sets(warning));
        Objective { sli: sli.into(), metric: Some(sli.into()), pass, warning, weight, is_key: false }
    }

    fn fixed(op: Op, limit: f64) -> Criterion {
        Criterion { op, target: Target::Fixed(limit) }
    }

    fn all(objectives: Vec<Objective>) -> Objectives {
        let comparison = Comparison { results: 3, include: Include::All, aggregate: "avg".into() };
        Objectives { objectives, comparison, pass: Some(90.0), warning: Some(75.0) }
    }

    fn said(objectives: &Objectives, facts: &Facts) -> (Decision, String) {
        let Answer { decision, sentence, .. } = objectives.answer(facts);
        (decision, sentence)
    }

    #[test]
    fn a_warning_counts_half_and_a_key_objective_fails_all() {
        let below = |limit| fixed(Op::Below, limit);
        let two = all(vec![
            objective("a", &[&[below(600.0)]], &[&[below(800.0)]], 1.0),
            objective("b", &[&[below(1.0)]], &[], 1.0),
            objective("info", &[], &[], 5.0),
        ]);
        assert_eq!(
            said(&two, &facts(&[("a", 599.0), ("b", 0.0)], vec![])),
            (Decision::Pass, "pass, 100 of 100".into())
        );
        // 600 is not below 600: a warning, (0.5 + 1) / 2
        assert_eq!(
            said(&two, &facts(&[("a", 600.0), ("b", 0.0)], vec![])),
            (Decision::Warn, "warning, 75 of 100".into())
        );
        assert_eq!(said(&two, &facts(&[("a", 800.0), ("b", 0.0)], vec![])), (Decision::Fail, "fail, 50 of 100".into()));
        let mut key = two.clone();
        (key.objectives[1].is_key, key.pass) = (true, Some(50.0));
        let failed = "fail, 50 of 100, the key objective b failed";
        assert_eq!(said(&key, &facts(&[("a", 1.0), ("b", 1.0)], vec![])), (Decision::Fail, failed.into()));
        // a warning of a key objective is not a failure
        key.objectives[0].is_key = true;
        assert_eq!(said(&key, &facts(&[("a", 700.0), ("b", 0.0)], vec![])).0, Decision::Pass);
    }

    #[test]
    fn one_set_suffices_and_all_of_it_must_hold() {
        let range: &[Criterion] = &[fixed(Op::AtLeast, 1.0), fixed(Op::AtMost, 2.0)];
        let or: &[Criterion] = &[fixed(Op::Equal, 0.0)];
        let one = all(vec![objective("a", &[range, or], &[], 1.0)]);
        for (value, expected) in
            [(1.0, Decision::Pass), (2.0, Decision::Pass), (0.0, Decision::Pass), (2.1, Decision::Fail)]
        {
            assert_eq!(said(&one, &facts(&[("a", value)], vec![])).0, expected, "{value}");
        }
        // no value and NaN fail the objective
        assert_eq!(said(&one, &facts(&[("a", f64::NAN)], vec![])).0, Decision::Fail);
        // one that was not asked may be anything
        let (decision, sentence) = said(&one, &facts(&[], vec![]));
        assert_eq!(decision, Decision::Open);
        assert!(sentence.starts_with("fail or pass, 0 to 100 of 100"), "{sentence}");
    }

    fn before(value: f64, decision: Decision) -> Earlier {
        Earlier { decision, values: [("a".to_owned(), value)].into() }
    }

    #[test]
    fn earlier_results_are_filtered_and_aggregated() {
        let ten = Criterion { op: Op::AtMost, target: Target::Percent(10.0) };
        let mut one = all(vec![objective("a", &[&[ten]], &[], 1.0)]);
        let earlier = vec![
            before(1.0, Decision::Pass),
            before(100.0, Decision::Pass),
            before(200.0, Decision::Fail),
            before(120.0, Decision::Warn),
        ];
        let at = |one: &Objectives, value: f64| said(one, &facts(&[("a", value)], earlier.clone())).0;
        // the latest three: (100 + 200 + 120) / 3 = 140, and 10 % more
        assert_eq!((at(&one, 154.0), at(&one, 154.1)), (Decision::Pass, Decision::Fail));
        one.comparison.include = Include::PassOrWarn;
        // (1 + 100 + 120) / 3 = 73.67, and 10 % more is 81.03
        assert_eq!((at(&one, 81.0), at(&one, 81.1)), (Decision::Pass, Decision::Fail));
        one.comparison = Comparison { results: 1, include: Include::Pass, aggregate: "avg".into() };
        assert_eq!((at(&one, 110.0), at(&one, 110.1)), (Decision::Pass, Decision::Fail));
        let less = Criterion { op: Op::AtLeast, target: Target::Distance(-5.0) };
        one.objectives[0].pass = vec![vec![less]];
        assert_eq!((at(&one, 95.0), at(&one, 94.9)), (Decision::Pass, Decision::Fail));
    }

    #[test]
    fn percentiles_of_few_results_are_those_of_keptn() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0], 0.5), 2.0);
        // 0.9 * 5 = 4.5, beyond the last of four
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 0.9), 4.0);
        // 0.5 * 5 = 2.5: between the second and the third
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(percentile(&[7.0], 0.5), 7.0);
    }

    #[test]
    fn without_earlier_results_the_answer_is_open_where_they_matter() {
        let ten = Criterion { op: Op::AtMost, target: Target::Percent(10.0) };
        let one = all(vec![objective("a", &[&[ten, fixed(Op::Below, 600.0)]], &[], 1.0)]);
        let answer = one.answer(&facts(&[("a", 500.0)], None));
        assert_eq!(answer.decision, Decision::Open);
        // an empty folder says that there are none
        assert_eq!(said(&one, &facts(&[("a", 500.0)], vec![])).0, Decision::Pass);
        assert!(answer.notes[0].contains("--earlier"), "{:?}", answer.notes);
        // beyond the limit itself it fails anyway
        assert_eq!(said(&one, &facts(&[("a", 600.0)], None)), (Decision::Fail, "fail, 0 of 100".into()));
        // earlier results without this indicator are none
        let other = Earlier { decision: Decision::Pass, values: [("b".to_owned(), 1.0)].into() };
        assert_eq!(said(&one, &facts(&[("a", 500.0)], vec![other])).0, Decision::Pass);
    }

    #[test]
    fn a_missing_total_score_is_an_error() {
        let none = Objectives { pass: None, ..all(vec![objective("a", &[&[fixed(Op::Below, 1.0)]], &[], 1.0)]) };
        assert_eq!(
            said(&none, &facts(&[("a", 0.0)], vec![])),
            (Decision::Fail, "fail: no target score is defined".into())
        );
    }
}
