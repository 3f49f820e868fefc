//! What a controller would have said: its own rule on the same queries, beside davy's answer.
//!
//! Measurements that an AnalysisRun recorded are assessed as they are. For a template the queries are asked as they were written, for
//! the same window, and each interval is a measurement.

use super::Failure;
use super::as_written::numbers;
use super::console::Console;
use super::pipeline::{self, Judged, Loaded};
use crate::config::{self, Config};
use crate::import::{Assessed, Phase, Rule};
use crate::report::document::{AsWritten, Decider, Outcome, WrittenMetric};
use crate::series::{Arm, Dataset, Series};

/// Why a metric has no answer.
const UNKNOWN: &str = "davy did not ask it";

/// The judged plan with the controller's answer beside it.
pub(super) fn beside(
    console: &Console,
    loaded: &Loaded,
    options: &config::Options,
    judged: Judged,
) -> Result<Judged, Failure> {
    let Some(rules) = loaded.rules.as_ref().filter(|rules| !rules.rules.is_empty()) else {
        return judged.with_as_written();
    };
    let needs_answers = rules.rules.iter().any(|rule| rule.recorded.is_empty());
    let answers = match &rules.queries {
        Some(text) if needs_answers => {
            Some(answers(console, &config::load(text, "(the queries as they were written)")?, options)?)
        }
        _ => None,
    };
    let of = |rule: &Rule| rule.of_recorded().or_else(|| assessed(rule, answers.as_ref()?));
    let all: Vec<(&Rule, Option<Assessed>)> = rules.rules.iter().map(|rule| (rule, of(rule))).collect();
    Ok(Judged { as_written: Some(answer(&rules.by, &all)), ..judged })
}

/// What the queries answer in the window.
fn answers(console: &Console, config: &Config, options: &config::Options) -> Result<Dataset, Failure> {
    let plan = config.plan_everything(options)?;
    pipeline::fetch(console, &plan, options.now)
}

/// The rule's answer on what its query answers: a measurement at each interval.
fn assessed(rule: &Rule, answers: &Dataset) -> Option<Assessed> {
    let metric = rule.metric.as_ref().filter(|metric| !answers.lost.contains_key(*metric))?;
    let series = answers.metrics.get(metric)?.get(Arm::Canary);
    let Series::Gauge { .. } = series else { return None };
    let step = answers.step_of(metric);
    let numbers = numbers(Some(series), answers.windows.canary, step, false).into_iter();
    let numbers = numbers.map(|number| Some(number).filter(|number| !number.is_nan()));
    let every = rule.stride(step);
    let measured: Vec<Option<f64>> = numbers.skip(every - 1).step_by(every).collect();
    Some(rule.of_answers(&measured))
}

/// The answer of a run: the worst of its metrics, without those that run dry.
fn answer(by: &str, all: &[(&Rule, Option<Assessed>)]) -> AsWritten {
    let decisive = || all.iter().filter(|(rule, _)| !rule.is_dry).filter_map(|(_, assessed)| assessed.as_ref());
    let worst = decisive().map(|assessed| assessed.phase).max().unwrap_or(Phase::Running);
    let (failed, measured) = decisive().fold((0, 0), |(f, m), one| (f + one.failed, m + one.measured));
    let noun = if failed == 1 { "failure" } else { "failures" };
    let metrics = all.iter().map(|(rule, assessed)| WrittenMetric {
        name: rule.name.clone(),
        metric: rule.metric.clone().filter(|metric| *metric != rule.name),
        label: assessed.as_ref().map_or("unknown", |assessed| assessed.phase.word()).to_owned(),
        outcome: None,
        severity: None,
        reason: Some(assessed.as_ref().map_or_else(|| UNKNOWN.to_owned(), |assessed| assessed.reason.clone())),
    });
    let dry = all.iter().filter(|(rule, _)| rule.is_dry).map(|(rule, _)| format!("{} is a dry run", rule.name));
    let unknown = all.iter().filter(|(_, assessed)| assessed.is_none());
    let unknown = unknown.map(|(rule, _)| format!("{}: {UNKNOWN}, and its answer is not part of this one", rule.name));
    AsWritten {
        by: by.to_owned(),
        decides: Decider::Davy,
        outcome: match worst {
            Phase::Successful => Outcome::Pass,
            Phase::Failed | Phase::Error => Outcome::Fail,
            Phase::Inconclusive | Phase::Running => Outcome::Inconclusive,
        },
        score: None,
        sentence: format!("{}, {failed} {noun} of {measured}", worst.word()),
        davy: None,
        metrics: metrics.collect(),
        notes: dry.chain(unknown).collect(),
    }
}
