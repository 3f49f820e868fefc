//! The numbers of a case as what the judge takes: a series of each metric and arm, whatever source production asks.
//!
//! A number is found by the column that the configuration names (`errors`), or by the metric and the role (`errors.bad`). What is
//! not there is never made up: a metric without numbers is a mistake of the case, and so is a column that no metric reads.

use std::collections::BTreeSet;

use super::cases::{Case, Cases};
use super::notation::numbers;
use crate::config::plan::Plan;
use crate::series::{Arm, Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use crate::source::{Ask, Missing, Query};

/// Numbers of one arm by name, and those that something has read.
struct Sheet<'c> {
    arm: Arm,
    columns: Vec<(&'c str, Vec<Option<f64>>)>,
    read: BTreeSet<&'c str>,
}

/// What a case measured, for the rules of a plan.
///
/// # Errors
///
/// What is wrong with its numbers, in a sentence.
pub fn dataset(cases: &Cases, case: &Case, plan: &Plan) -> Result<Dataset, String> {
    let step = plan.time.step.or(cases.step).unwrap_or(SignedDuration::from_mins(1));
    let mut sheets = Pair { baseline: Sheet::of(case, Arm::Baseline)?, canary: Sheet::of(case, Arm::Canary)? };
    let values: BTreeSet<&str> = plan
        .queries
        .iter()
        .filter_map(|query| match &query.ask {
            Ask::Values { value, .. } => Some(value.as_str()),
            _ => None,
        })
        .collect();
    let length = |sheet: &Sheet| {
        let steps = |(name, all): &(&str, Vec<Option<f64>>)| (!values.contains(name)).then_some(all.len());
        sheet.columns.iter().filter_map(steps).max()
    };
    let steps = length(&sheets.canary).max(length(&sheets.baseline)).unwrap_or(60);
    let long = i32::try_from(steps).map_err(|_| format!("{steps} steps are too many"))?;
    let end = cases.start.checked_add(step * long).map_err(|_| format!("{steps} steps end beyond all time"))?;
    let window = Window { start: cases.start, end };
    let mut dataset = Dataset::new(Pair { baseline: window, canary: window }, step);
    for query in &plan.queries {
        let series = sheets.get_mut(query.arm).series(query, &window, step, steps)?;
        let pair = dataset.metrics.entry(query.metric.clone()).or_insert_with(|| Pair::build(|_| query.ask.nothing()));
        *pair.get_mut(query.arm) = series;
    }
    for arm in Arm::BOTH {
        sheets.get(arm).hold_all_read(plan)?;
    }
    Ok(dataset)
}

impl<'c> Sheet<'c> {
    fn of(case: &'c Case, arm: Arm) -> Result<Sheet<'c>, String> {
        let own = &case.numbers[usize::from(arm == Arm::Canary)];
        let column = |(column, text): &'c (String, String)| {
            let seed = format!("{}/{}/{column}", case.seed, arm.name());
            let all = numbers(text, &seed).map_err(|why| format!("{} `{column}`: {why}", arm.name()))?;
            Ok((column.as_str(), all))
        };
        let columns = own.iter().map(column).collect::<Result<_, String>>()?;
        Ok(Sheet { arm, columns, read: BTreeSet::new() })
    }

    /// The numbers of a metric's column, or of its role.
    fn find(&mut self, query: &Query, role: &str, column: &str) -> Option<Vec<Option<f64>>> {
        let whole = format!("{}.{role}", query.metric);
        let alone = matches!(role, "value" | "count");
        let names = [whole.as_str(), column, if alone { query.metric.as_str() } else { column }];
        let found = names.iter().find_map(|name| self.columns.iter().find(|(known, _)| known == name))?;
        self.read.insert(found.0);
        Some(found.1.clone())
    }

    fn must(&mut self, query: &Query, role: &str, column: &str) -> Result<Vec<Option<f64>>, String> {
        let (arm, metric) = (self.arm.name(), &query.metric);
        self.find(query, role, column).ok_or_else(|| {
            format!("the {arm} has no `{column}`, which the metric `{metric}` reads: add `{column}: …`, or `{metric}.{role}: …`")
        })
    }

    fn series(&mut self, query: &Query, window: &Window, step: SignedDuration, steps: usize) -> Result<Series, String> {
        let metric = &query.metric;
        if query.by.is_some() || query.ask.instance().is_some() {
            return Err(format!(
                "`{metric}` is judged by groups or instances, which a case cannot have: record one with `--record`"
            ));
        }
        // what nothing compares needs no baseline
        if self.arm == Arm::Baseline && !query.compared && !self.has_any(query) {
            return Ok(query.ask.nothing());
        }
        let grid: Vec<Timestamp> = (0..steps).filter_map(|nth| at(window.start, step, nth)).collect();
        match &query.ask {
            Ask::Counts { total, bad, good, missing, .. } => {
                let bad = bad.as_ref().map(|column| self.must(query, "bad", column)).transpose()?;
                let good = good.as_ref().map(|column| self.must(query, "good", column)).transpose()?;
                let total = total.as_ref().map(|column| self.must(query, "total", column)).transpose()?;
                self.counts(query, &grid, [total, bad, good], *missing)
            }
            Ask::Events { count, exposure, .. } => {
                let count = self.must(query, "count", count)?;
                let exposure = exposure.as_ref().map(|column| self.must(query, "exposure", column)).transpose()?;
                let (mut time, mut counts, mut per) = (Vec::new(), Vec::new(), Vec::new());
                for (nth, at) in grid.iter().enumerate() {
                    let Some(one) = cell(&count, nth) else { continue };
                    let among = exposure.as_ref().map(|all| cell(all, nth));
                    if among == Some(None) {
                        continue;
                    }
                    time.push(*at);
                    counts.push(self.whole(query, one)?);
                    per.extend(among.flatten());
                }
                Ok(Series::Events { time, count: counts, exposure: exposure.map(|_| per) })
            }
            Ask::Gauge { value, factor, requests, .. } => {
                let value = self.must(query, "value", value)?;
                let requests = requests.as_ref().map(|column| self.must(query, "requests", column)).transpose()?;
                let (mut time, mut values, mut counts) = (Vec::new(), Vec::new(), Vec::new());
                for (nth, at) in grid.iter().enumerate() {
                    let Some(one) = cell(&value, nth) else { continue };
                    time.push(*at);
                    values.push(one * factor);
                    if let Some(all) = &requests {
                        counts.push(self.whole(query, cell(all, nth).unwrap_or(0.0))?);
                    }
                }
                Ok(Series::Gauge { time, value: values, requests: requests.map(|_| counts) })
            }
            Ask::Values { value, factor, .. } => {
                let all: Vec<f64> = self.must(query, "value", value)?.into_iter().flatten().collect();
                let apart = window.duration() / i32::try_from(all.len().max(1)).unwrap_or(i32::MAX);
                let time = (0..all.len()).filter_map(|nth| at(window.start, apart, nth)).collect();
                Ok(Series::Values { time, value: all.into_iter().map(|one| one * factor).collect() })
            }
            Ask::Histograms { .. } => Err(format!(
                "`{metric}` is measured in histograms, which a case cannot have: record one with `--record`"
            )),
        }
    }

    fn counts(
        &self,
        query: &Query,
        grid: &[Timestamp],
        [total, bad, good]: [Option<Vec<Option<f64>>>; 3],
        missing: Missing,
    ) -> Result<Series, String> {
        let (mut time, mut totals, mut bads) = (Vec::new(), Vec::new(), Vec::new());
        for (nth, at) in grid.iter().enumerate() {
            let part = |all: &Option<Vec<Option<f64>>>| {
                let own = all.as_ref()?;
                cell(own, nth).or((missing == Missing::Zero).then_some(0.0))
            };
            let whole = total.as_ref().and_then(|all| cell(all, nth));
            let both = match (whole, part(&bad), part(&good)) {
                (Some(whole), Some(bad), _) => Some((whole, bad)),
                (Some(whole), None, Some(good)) => Some((whole, whole.round() - good.round())),
                (None, Some(bad), Some(good)) if total.is_none() => Some((bad.round() + good.round(), bad)),
                _ => None,
            };
            let Some((whole, bad)) = both else { continue };
            let (whole, bad) = (self.whole(query, whole)?, self.whole(query, bad)?);
            if bad > whole {
                let (arm, metric) = (self.arm.name(), &query.metric);
                return Err(format!(
                    "the {arm} of `{metric}` has {bad} of {whole} in step {}: a part is never more than all",
                    nth + 1
                ));
            }
            time.push(*at);
            totals.push(whole);
            bads.push(bad);
        }
        Ok(Series::Counts { time, total: totals, bad: bads })
    }

    /// A count: rounded, since noise is not whole.
    fn whole(&self, query: &Query, number: f64) -> Result<u64, String> {
        let rounded = number.round();
        if (0.0..9e15).contains(&rounded) {
            return Ok(rounded as u64);
        }
        let (arm, metric) = (self.arm.name(), &query.metric);
        Err(format!("the {arm} of `{metric}` has {number}, and it counts: counts are 0 and more"))
    }

    /// Whether anything is said of a metric at all.
    fn has_any(&self, query: &Query) -> bool {
        let metric = &query.metric;
        let is_own =
            |name: &str| name == metric || name.strip_prefix(metric.as_str()).is_some_and(|rest| rest.starts_with('.'));
        let columns: Vec<&str> = query.ask.names().collect();
        self.columns.iter().any(|(name, _)| is_own(name) || columns.contains(name))
    }

    /// A column that nothing reads is a slip, and the gate would be tested without it.
    fn hold_all_read(&self, plan: &Plan) -> Result<(), String> {
        let Some((unread, _)) = self.columns.iter().find(|(name, _)| !self.read.contains(name)) else { return Ok(()) };
        let known: BTreeSet<&str> = plan.queries.iter().flat_map(|query| query.ask.names()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        Err(format!("the {} has `{unread}`, which no criterion reads. The columns are: {known}", self.arm.name()))
    }
}

fn cell(column: &[Option<f64>], nth: usize) -> Option<f64> {
    column.get(nth).copied().flatten()
}

fn at(start: Timestamp, step: SignedDuration, nth: usize) -> Option<Timestamp> {
    start.checked_add(step.checked_mul(i32::try_from(nth).ok()?)?).ok()
}
