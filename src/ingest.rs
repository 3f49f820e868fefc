//! Queries and windows in, a dataset out: the one place that decides what is read, once and at the same time, and
//! which points of it count.
//!
//! ```text
//!  queries ──► fetch ──► window ──► grid ──► Dataset
//!            each file,   which     one point
//!            each service time      per step
//!            once
//! ```
//!
//! Same answers, same dataset: neither the number of threads nor their order shows in the result or in the error. A
//! dataset is whole: one query that brought nothing leaves none, unless nothing that decides needs it.

mod error;
mod fetch;
mod grid;
mod window;

use std::collections::BTreeMap;

pub use error::Error;

use crate::config::plan::TimePlan;
use crate::series::{Arm, Dataset, Instances, MetricName, Pair, Series, SignedDuration, Window, within};
use crate::source::file::sum_of_counts;
use crate::source::{Ask, Outside, Query, Source};
use fetch::Fetched;

/// Asks every query and keeps what lies in the windows.
///
/// Counts and events that come in finer points than the step are added up, which is exact. A gauge with several
/// points per step is refused: a mean of percentiles is not a percentile. Single requests are kept as they are.
///
/// An arm without rows has an empty series, which is for the judge to answer; `origins` says so. Without a given
/// window the canary's reaches from its first point to one step after its last, and the baseline's is the same
/// where the arms overlap, else its own.
///
/// # Errors
///
/// The first query whose source cannot be reached ([`Kind::Unreachable`](crate::source::Kind)) or read; both arms being
/// the same rows; a gauge finer than the step; no point at all and no window given.
pub fn ingest(queries: &[Query], time: &TimePlan, outside: &Outside) -> Result<Dataset, Error> {
    let fetched = fetch::fetch(queries, time, outside)?;
    let metrics = by_metric(queries, &fetched);
    let step = window::step(time, metrics.values().map(Metric::series));
    let windows = window::windows(time, &metrics.values().map(Metric::series).collect::<Vec<_>>(), step)
        .ok_or_else(|| Error::NoPoints { shown: all_shown(queries) })?;
    for window in Arm::BOTH.map(|arm| windows.get(arm)) {
        if window.steps(step) > window::MOST_STEPS {
            return Err(Error::TooManySteps { window: *window, step });
        }
    }
    let (metrics_of, instances_of, origins, lost) = Default::default();
    let mut dataset = Dataset { windows, step, metrics: metrics_of, instances: instances_of, origins, lost };
    for (name, metric) in &metrics {
        if let Some(why) = metric.lost() {
            dataset.origins.insert((*name).clone(), format!("not reached: {why}"));
            dataset.lost.insert((*name).clone(), why.to_owned());
            dataset.metrics.insert((*name).clone(), Pair::build(|_| metric.empty()));
            continue;
        }
        let alone = metric.is_alone(name, &windows)?;
        let pair = Pair::try_build(|arm| match (alone, arm) {
            (true, Arm::Baseline) => Ok(metric.empty()),
            _ => metric.on_grid(name, arm, windows.get(arm), step),
        })?;
        let instances = metric.instances(alone, &windows, step);
        let pair = instances.as_ref().map_or(pair, |parts| parts.as_ref().map(|parts| sum_of_counts(parts.values())));
        dataset.instances.extend(instances.map(|instances| ((*name).clone(), instances)));
        dataset.origins.insert((*name).clone(), metric.origin(&pair, step));
        dataset.metrics.insert((*name).clone(), pair);
    }
    Ok(dataset)
}

/// The queries of one metric with what they brought.
struct Metric<'a> {
    arms: Pair<Option<(&'a Query, &'a Fetched)>>,
}

fn by_metric<'a>(queries: &'a [Query], fetched: &'a [Fetched]) -> BTreeMap<&'a MetricName, Metric<'a>> {
    let mut metrics = BTreeMap::new();
    for asked in queries.iter().zip(fetched) {
        let metric = metrics.entry(&asked.0.metric).or_insert(Metric { arms: Pair { baseline: None, canary: None } });
        *metric.arms.get_mut(asked.0.arm) = Some(asked);
    }
    metrics
}

impl Metric<'_> {
    fn series(&self) -> Pair<Option<&Series>> {
        self.arms.map(|asked| asked.map(|(_, fetched)| &fetched.answer.series))
    }

    /// Why its source gave nothing, where it could not be reached and need not.
    fn lost(&self) -> Option<&str> {
        let arms = Arm::BOTH.into_iter().filter_map(|arm| *self.arms.get(arm));
        arms.into_iter().find_map(|(_, fetched)| fetched.lost.as_deref())
    }

    /// Whether both arms are the same rows: then they are the canary's. To compare them with themselves would always
    /// pass, so where anything does it is an error.
    fn is_alone(&self, name: &str, windows: &Pair<Window>) -> Result<bool, Error> {
        let (Some((one, a)), Some((other, b))) = (self.arms.baseline, self.arms.canary) else { return Ok(false) };
        let same_place = match (&one.source, &other.source) {
            (Source::File(here), Source::File(there)) => {
                here.path == there.path || a.canonical.is_some() && a.canonical == b.canonical
            }
            (one, other) => one == other,
        };
        let same_rows = match (one.source.arm(), other.source.arm()) {
            (None, None) => !a.answer.split && !b.answer.split,
            (one, other) => one == other,
        };
        let same = same_place && same_rows && one.ask == other.ask && windows.baseline == windows.canary;
        if same && other.compared {
            return Err(Error::SameRows { metric: name.to_string(), shown: other.source.shown() });
        }
        Ok(same)
    }

    fn empty(&self) -> Series {
        let any = self.arms.canary.or(self.arms.baseline);
        any.map_or(grid::empty_gauge(), |(_, fetched)| grid::empty_like(&fetched.answer.series))
    }

    fn on_grid(&self, name: &str, arm: Arm, window: &Window, step: SignedDuration) -> Result<Series, Error> {
        let Some((query, fetched)) = self.arms.get(arm) else {
            return Ok(self.empty());
        };
        grid::on_grid(fetched.answer.series.within(window), window, step).map_err(|clash| {
            let (metric, shown) = (name.to_string(), query.source.shown());
            Error::FinerThanStep { metric, arm, shown, step, clash: Box::new(clash) }
        })
    }

    /// The instances of both arms, each on the grid, where the rows name any.
    fn instances(&self, alone: bool, windows: &Pair<Window>, step: SignedDuration) -> Option<Pair<Instances>> {
        let asked = |arm: Arm| self.arms.get(arm).as_ref().and_then(|(_, fetched)| fetched.answer.instances.as_ref());
        Arm::BOTH.into_iter().find_map(asked)?;
        Some(Pair::build(|arm| {
            let parts = asked(arm).filter(|_| !(alone && arm == Arm::Baseline));
            let parts = parts.map(|parts| within(parts, windows.get(arm))).unwrap_or_default();
            let on_grid = |(name, series)| (name, grid::on_steps(series, windows.get(arm), step));
            parts.into_iter().map(on_grid).collect()
        }))
    }

    /// `a.csv and b.csv: errors of requests (epoch seconds); 2 exact repetitions of a row dropped`.
    fn origin(&self, pair: &Pair<Series>, step: SignedDuration) -> String {
        let (mut files, mut asked, mut clocks, mut notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (query, fetched) in Arm::BOTH.iter().filter_map(|arm| *self.arms.get(*arm)) {
            add(&mut files, query.source.shown());
            add(&mut asked, words(&query.ask) + &query.ask.instance().map_or(String::new(), |by| format!(" by {by}")));
            add(&mut clocks, fetched.clock.clone());
            fetched.answer.notes.iter().for_each(|note| add(&mut notes, note.clone()));
            if let Some(spacing) = grid::coarser(pair.get(query.arm), step) {
                let (spacing, step) = (error::spell(spacing), error::spell(step));
                add(&mut notes, format!("its points are {spacing} apart, more than the step of {step}"));
            }
        }
        let mut origin = format!("{}: {} ({})", files.join(" and "), asked.join(" and "), clocks.join("; "));
        notes.iter().for_each(|note| origin.push_str(&format!("; {note}")));
        origin
    }
}

fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

fn all_shown(queries: &[Query]) -> Vec<String> {
    let mut shown = Vec::new();
    queries.iter().for_each(|query| add(&mut shown, query.source.shown()));
    shown
}

fn words(ask: &Ask) -> String {
    match ask {
        Ask::Counts { total: Some(total), bad: Some(bad), .. } => format!("{bad} of {total}"),
        Ask::Counts { total: Some(total), good: Some(good), .. } => format!("{good} of {total}"),
        Ask::Counts { bad, good, .. } => [bad, good].into_iter().flatten().cloned().collect::<Vec<_>>().join(" and "),
        Ask::Events { count, exposure: Some(exposure), .. } => format!("{count} per {exposure}"),
        Ask::Events { count, .. } => count.clone(),
        Ask::Gauge { value, requests: Some(requests), .. } => format!("{value} with {requests}"),
        Ask::Values { value: column, .. } | Ask::Histograms { column, .. } | Ask::Gauge { value: column, .. } => {
            column.clone()
        }
    }
}
