//! What a controller would have done: its own rule on the same queries, beside davy's answer.
//!
//! The queries are asked as they were written, for the same window. A query that cannot be asked leaves its metric open, and not
//! the judgement. Thresholds of k6 look at the requests that davy judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Failure;
use super::as_written::numbers;
use super::console::Console;
use super::pipeline::{self, Judged, Loaded};
use crate::config::{self, Config};
use crate::import::{Answer, Controller, Decision, Earlier, Facts, Gate, Line, Requests, Seen, Steps};
use crate::plain;
use crate::record;
use crate::report::Document;
use crate::report::document::{AsWritten, Decider, Number, Outcome, WrittenMetric};
use crate::series::{Arm, Dataset, Series, Timestamp};

/// Why a query of a metric has no answer.
const OTHERWISE: &str = "davy does not ask it as the controller does";

/// The judged plan with the controller's answer beside it.
pub(super) fn beside(
    console: &Console,
    loaded: &Loaded,
    options: &config::Options,
    earlier: Option<&Path>,
    judged: Judged,
) -> Result<Judged, Failure> {
    let gate = loaded.gate.as_deref();
    let Some((gate, rule)) = gate.and_then(|gate| Some((gate, gate.controller.as_ref()?))) else {
        return judged.with_as_written();
    };
    let facts = Facts {
        window: judged.dataset.windows.canary,
        seen: seen(console, loaded, options, (gate, rule), &judged.dataset)?,
        earlier: earlier.map(read).transpose()?,
    };
    if earlier.is_some() && !rule.compares() {
        console.note("--earlier: the rule of this file compares with no earlier judgements");
    }
    let answer = written(format!("{} would", gate.kind.actor()), rule.answer(&facts));
    Ok(Judged { as_written: Some(answer), ..judged })
}

type AllSeen = BTreeMap<String, Result<Seen, String>>;

/// What the rule's queries answered, by name.
fn seen(
    console: &Console,
    loaded: &Loaded,
    options: &config::Options,
    (gate, rule): (&Gate, &Controller),
    judged: &Dataset,
) -> Result<AllSeen, Failure> {
    if let Controller::K6(_) = rule {
        return Ok(judged.metrics.keys().map(|metric| (metric.clone(), requests(judged, metric))).collect());
    }
    let mut seen: AllSeen = judged.metrics.keys().map(|metric| (metric.clone(), Err(OTHERWISE.to_owned()))).collect();
    if let Some(text) = gate.as_queries(judged.windows.canary, judged.step) {
        let options = config::Options { from: None, to: None, ..*options };
        seen.extend(asked(console, loaded, &options, &config::load(&text, "(the queries as they were written)")?)?);
    }
    Ok(seen)
}

/// Asks the queries together, and each alone if one of them cannot be asked.
fn asked(console: &Console, loaded: &Loaded, options: &config::Options, config: &Config) -> Result<AllSeen, Failure> {
    let plan = loaded.held(config.plan_everything(options)?)?;
    let ask = |queries: &[_]| pipeline::fetch_from(console, queries, &plan.time, None, options.now);
    // a query of each arm has the name
    let names: BTreeSet<&String> = plan.queries.iter().map(|query| &query.metric).collect();
    if let Ok(dataset) = ask(&plan.queries) {
        return Ok(names.into_iter().map(|name| (name.clone(), steps(&dataset, name))).collect());
    }
    let alone = |name: &String| {
        let own: Vec<_> = plan.queries.iter().filter(|query| query.metric == *name).cloned().collect();
        let answer = ask(&own).map_err(|failure| failure.to_string());
        (name.clone(), answer.and_then(|dataset| steps(&dataset, name)))
    };
    Ok(names.into_iter().map(alone).collect())
}

/// The canary's numbers of a query.
fn steps(dataset: &Dataset, metric: &str) -> Result<Seen, String> {
    if let Some(why) = dataset.lost.get(metric) {
        return Err(why.clone());
    }
    let series = dataset.metrics.get(metric).map(|pair| pair.get(Arm::Canary));
    let (window, step) = (dataset.windows.canary, dataset.step_of(metric));
    let values = numbers(series, window, step, false).into_iter();
    let values = values.map(|number| Some(number).filter(|number| !number.is_nan())).collect();
    Ok(Seen::Steps(Steps { start: window.start, step, values }))
}

/// The canary's requests, one by one or counted by step.
fn requests(dataset: &Dataset, metric: &str) -> Result<Seen, String> {
    let Some(pair) = dataset.metrics.get(metric) else { return Err(OTHERWISE.to_owned()) };
    let step = dataset.step_of(metric);
    match pair.get(Arm::Canary) {
        Series::Values { time, value } => {
            let one = |(time, value): (&Timestamp, &f64)| Requests { time: *time, values: [*value; 2], count: 1 };
            Ok(Seen::Requests(time.iter().zip(value).map(one).collect()))
        }
        Series::Buckets { time, bins, scale } => {
            let cells = time.iter().zip(bins).flat_map(|(time, bins)| {
                let (grid, end) = (bins.grid(), time.saturating_add(step).unwrap_or(Timestamp::MAX));
                let value = move |units: u64| units as f64 * scale;
                bins.cells().map(move |(cell, count)| {
                    let values = [value(grid.low(cell)), value(grid.high(cell))];
                    Requests { time: end, values, count }
                })
            });
            Ok(Seen::Requests(cells.collect()))
        }
        Series::Counts { time, total, bad } => {
            let ends = time.iter().map(|time| time.saturating_add(step).unwrap_or(Timestamp::MAX));
            Ok(Seen::Counts(ends.zip(bad).zip(total).map(|((end, bad), total)| (end, *bad, *total)).collect()))
        }
        Series::Events { .. } | Series::Gauge { .. } => Err(OTHERWISE.to_owned()),
    }
}

/// The earlier answers that recordings hold, oldest first.
fn read(folder: &Path) -> Result<Vec<Earlier>, Failure> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::Unreadable { path, error }
    };
    let (mut found, mut is_empty): (Vec<(String, Earlier)>, bool) = (Vec::new(), true);
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        is_empty = false;
        let path = if path.is_dir() { path.join(record::VERDICT) } else { path };
        if !path.is_file() || path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        let document = Document::read(&text)
            .map_err(|error| Failure::Unusable(format!("{}: is not a verdict of davy: {error}", plain::path(&path))))?;
        found.extend(of_document(document));
    }
    // an empty folder says that there are none so far
    if found.is_empty() && !is_empty {
        let why = "no verdict in it has the answer of a rule as it was written. Record them: `davy judge --as-written --record DIR/NAME`";
        return Err(Failure::Unusable(format!("{}: {why}", plain::path(folder))));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, earlier)| earlier).collect())
}

/// An earlier answer with the end of its window.
fn of_document(document: Document) -> Option<(String, Earlier)> {
    let end = document.arms.canary.window.end;
    let answer = document.as_written?;
    let decision = match answer.outcome {
        Outcome::Pass => Decision::Pass,
        Outcome::Warn => Decision::Warn,
        Outcome::Inconclusive => Decision::Open,
        Outcome::Fail => Decision::Fail,
    };
    let values = answer.metrics.into_iter().filter_map(|metric| Some((metric.name, metric.value?.get())));
    Some((end, Earlier { decision, values: values.collect() }))
}

/// The answer as reports show it.
fn written(by: String, answer: Answer) -> AsWritten {
    let metric = |line: Line| WrittenMetric {
        metric: line.metric.filter(|metric| *metric != line.name),
        name: line.name,
        label: line.label,
        outcome: None,
        severity: None,
        reason: Some(line.reason).filter(|reason| !reason.is_empty()),
        value: line.value.and_then(Number::new),
    };
    AsWritten {
        by,
        decides: Decider::Davy,
        outcome: match answer.decision {
            Decision::Pass => Outcome::Pass,
            Decision::Warn => Outcome::Warn,
            Decision::Open => Outcome::Inconclusive,
            Decision::Fail => Outcome::Fail,
        },
        score: answer.score.and_then(Number::new),
        sentence: answer.sentence,
        davy: None,
        metrics: answer.lines.into_iter().map(metric).collect(),
        notes: answer.notes,
    }
}
