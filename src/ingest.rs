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

mod edges;
mod error;
mod fetch;
mod fetched;
mod grid;
mod requests;
mod shortfall;
mod signatures;
mod step;
mod stretches;
mod twins;
mod units;
mod window;

use std::collections::{BTreeMap, BTreeSet};

pub use error::Error;
pub use signatures::add as add_signatures;

use crate::config::plan::TimePlan;
use crate::series::{
    Arm, Dataset, Gravity, Instances, MetricName, Pair, Remark, Series, SignedDuration, Slices, Window, group_name,
    slice_name, within,
};
use crate::source::file::{sum_of_counts, sum_of_series};
use crate::source::requests::share_a_file;
use crate::source::requests::{By, REST};
use crate::source::{Ask, Outside, Query, Source};
use crate::text::spell::spell;
use fetched::Fetched;
use window::Spacings;

/// So many slices of a metric are looked at by themselves.
const MOST_SLICES: usize = 500;

/// Asks every query and keeps what lies in the windows.
///
/// Counts and events that come in finer points than the step are added up, which is exact. A gauge with several
/// points per step is refused: a mean of percentiles is not a percentile. Single requests are kept as they are.
///
/// An arm without rows has an empty series, which is for the judge to answer; `origins` says so. Without a given
/// window both arms have the time in which either has points. Runs that share less than a tenth of the shorter one keep
/// windows of their own.
///
/// # Errors
///
/// The first query whose source cannot be reached ([`Kind::Unreachable`](crate::source::Kind)) or read; both arms being
/// the same rows; a gauge finer than the step; no point at all and no window given.
pub fn ingest(queries: &[Query], time: &TimePlan, outside: &Outside) -> Result<Dataset, Error> {
    let fetched = fetch::fetch(queries, time, outside)?;
    let metrics = by_metric(queries, &fetched);
    metrics.iter().try_for_each(|(name, metric)| units::check(name, &metric.arms))?;
    let whole = time.reaches();
    let inferred = time.step.is_none();
    // a written step needs no look at the points
    let spacings: Vec<_> =
        metrics.values().filter(|_| inferred).map(|metric| metric.spacings(whole.as_ref())).collect();
    let shown = window::common(spacings.iter().flat_map(|pair| [&pair.canary, &pair.baseline]).flatten());
    let Laid { windows, of_windows, step } =
        laid(&metrics, time, shown).ok_or_else(|| Error::NoPoints { shown: all_shown(queries) })?;
    for window in Arm::BOTH.map(|arm| windows.get(arm)) {
        if window.steps(step) > window::MOST_STEPS {
            return Err(Error::TooManySteps { window: *window, step });
        }
    }
    let mut dataset = Dataset::new(windows, step);
    let common = step;
    // rows of another time are other rows, in one file as well
    let same_time = windows.baseline == windows.canary;
    let twins = same_time.then(|| twins::remark(metrics.values().filter_map(Metric::read))).flatten();
    for (name, metric) in &metrics {
        if let Some(why) = metric.lost() {
            dataset.origins.insert((*name).clone(), format!("not reached: {why}"));
            dataset.lost.insert((*name).clone(), why.to_owned());
            dataset.metrics.insert((*name).clone(), Pair::build(|_| metric.empty()));
            continue;
        }
        metric.can_be_added_up(name)?;
        let alone = metric.is_alone(name, &windows)?;
        let step = metric.step(&windows, common, inferred);
        let mut remarks: Vec<Remark> = of_windows.iter().cloned().chain(metric.remarks()).collect();
        remarks.extend(twins.clone().filter(|_| metric.is_compared()));
        if let Some(by) = metric.by() {
            let mut groups = metric.groups(name, by, alone, &windows, step)?;
            if groups.is_empty() {
                dataset.metrics.insert((*name).clone(), Pair::build(|_| metric.empty()));
                dataset.origins.insert((*name).clone(), metric.origin(&Pair::build(|_| metric.empty()), step, common));
            }
            dataset.remarks.insert((*name).clone(), remarks.clone());
            dataset.steps.insert((*name).clone(), step);
            // in order of their names, the rest at the end
            groups.sort_by(|(a, _), (b, _)| (a == REST).cmp(&(b == REST)).then(a.cmp(b)));
            dataset.groups.insert((*name).clone(), groups.iter().map(|(group, _)| group.clone()).collect());
            for (group, pair) in groups {
                let name = group_name(name, &group);
                dataset.origins.insert(name.clone(), metric.origin(&pair, step, common));
                dataset.remarks.insert(name.clone(), remarks.clone());
                dataset.steps.insert(name.clone(), step);
                dataset.metrics.insert(name, pair);
            }
            continue;
        }
        let pair = Pair::try_build(|arm| match (alone, arm) {
            (true, Arm::Baseline) => Ok(metric.empty()),
            _ => metric.on_grid(name, arm, windows.get(arm), step),
        })?;
        let instances = metric.instances(alone, &windows, step);
        let pair = instances.as_ref().map_or(pair, |parts| parts.as_ref().map(|parts| sum_of_counts(parts.values())));
        dataset.instances.extend(instances.map(|instances| ((*name).clone(), instances)));
        if let Some((slices, remark)) = metric.slices(name, alone, &windows, step)? {
            dataset.slices.insert((*name).clone(), slices);
            remarks.extend(remark);
        }
        dataset.origins.insert((*name).clone(), metric.origin(&pair, step, common));
        dataset.metrics.insert((*name).clone(), pair);
        dataset.remarks.insert((*name).clone(), remarks);
        dataset.steps.insert((*name).clone(), step);
    }
    dataset.remarks.retain(|_, remarks| !remarks.is_empty());
    dataset.steps.retain(|_, step| *step != common);
    Ok(match &time.days {
        None => dataset,
        Some(days) => {
            let canary = windows.canary;
            dataset.with_days(time.days_before(canary), days.before, &time.stretches(canary))
        }
    })
}

/// The windows, and the steps in which they are measured.
struct Laid {
    windows: Pair<Window>,
    of_windows: Option<Remark>,
    step: SignedDuration,
}

/// The given step, else the one that the points have `shown`, else one that suits the single requests.
fn laid(metrics: &BTreeMap<&MetricName, Metric>, time: &TimePlan, shown: Option<SignedDuration>) -> Option<Laid> {
    let amounts = Pair::build(|arm| metrics.values().map(|metric| metric.amount(arm)).sum());
    let windows = |step: SignedDuration, apart: Option<bool>| {
        let ends = |metric: &Metric| metric.series_of(true).map(|series| series.map(|s| grid::ends(s, step)));
        let ends: Vec<Pair<Option<Series>>> = metrics.values().map(ends).collect();
        let extents = metrics.values().zip(&ends).map(|(metric, ends)| {
            metric.series_of(false).zip(ends.as_ref()).map(|(series, ends)| series.or(ends.as_ref()))
        });
        let (windows, of_windows) = window::windows(time, &extents.collect::<Vec<_>>(), step, amounts, apart)?;
        Some(Laid { windows, of_windows, step })
    };
    if let Some(step) = time.step.or(shown) {
        return windows(step, None);
    }
    let single = |arm: Arm| metrics.values().filter_map(move |metric| metric.single(arm)).collect::<Vec<_>>();
    if time.steady {
        return windows(step::steady(Arm::BOTH.into_iter().flat_map(single)), None);
    }
    let closest = windows(step::FINEST, None)?.windows;
    let of_a_day = time.days_before(closest.canary).first().map(|baseline| Pair { baseline: *baseline, ..closest });
    let closest = of_a_day.unwrap_or(closest);
    let runs = Pair::build(|arm| step::Run::of(&single(arm), closest.get(arm)));
    windows(step::chosen(&runs), Some(closest.baseline != closest.canary))
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
    /// Its series where they are of a log, or where they are not.
    fn series_of(&self, log: bool) -> Pair<Option<&Series>> {
        let own = |(_, fetched): (&Query, &'_ Fetched)| fetched.log.is_some() == log;
        let kept = self.arms.map(|asked| asked.filter(|asked| own(*asked)));
        kept.map(|asked| asked.map(|(_, fetched)| &fetched.answer.series))
    }

    /// How far the points of each arm are apart, in windows that are known or in all there is.
    fn spacings(&self, windows: Option<&Pair<Window>>) -> Pair<Option<Spacings>> {
        Pair::build(|arm| {
            let (_, fetched) = self.arms.get(arm).as_ref()?;
            let times = fetched.times.as_deref()?;
            let inside = windows.map(|windows| windows.get(arm).of(times));
            Some(Spacings::of(inside.unwrap_or(times)))
        })
    }

    /// How much an arm has: requests where they are counted, else points.
    fn amount(&self, arm: Arm) -> f64 {
        let Some((_, fetched)) = self.arms.get(arm) else { return 0.0 };
        match &fetched.answer.series {
            Series::Counts { total, .. } => total.iter().map(|n| *n as f64).sum(),
            Series::Buckets { bins, .. } => bins.iter().map(|bins| bins.total() as f64).sum(),
            series => series.len() as f64,
        }
    }

    /// Its own step: as it is written, as its points show it, or the common one. Single requests take any.
    fn step(&self, windows: &Pair<Window>, common: SignedDuration, inferred: bool) -> SignedDuration {
        let written = Arm::BOTH.into_iter().filter_map(|arm| *self.arms.get(arm)).find_map(|(query, _)| query.step);
        if let Some(written) = written {
            return written.max(common);
        }
        if !inferred {
            return common;
        }
        let fits =
            |own: &SignedDuration| Arm::BOTH.iter().all(|arm| self.on_grid("", *arm, windows.get(*arm), *own).is_ok());
        let shown = window::own_step(self.spacings(Some(windows)), common).filter(fits);
        shown.map_or(common, |own| own.max(common))
    }

    /// The arm's series of single requests, or of those that a log counted.
    fn single(&self, arm: Arm) -> Option<&Series> {
        let (_, fetched) = self.arms.get(arm).as_ref()?;
        fetched.times.is_none().then_some(&fetched.answer.series)
    }

    /// What its groups are of.
    fn by(&self) -> Option<&By> {
        let any = self.arms.canary.or(self.arms.baseline);
        any.and_then(|(query, _)| query.by.as_ref())
    }

    /// The series of each group that has any point in the windows; of more than are judged by themselves, the rest together.
    fn groups(
        &self,
        name: &str,
        by: &By,
        alone: bool,
        windows: &Pair<Window>,
        step: SignedDuration,
    ) -> Result<Vec<(String, Pair<Series>)>, Error> {
        let parts = self.arms.map(|asked| asked.and_then(|(_, fetched)| fetched.answer.groups.as_ref()));
        self.busiest(name, (parts, by.most), alone, windows, step)
    }

    /// The slices of its rows, where they are asked for, and what to say if there are too many.
    fn slices(
        &self,
        name: &str,
        alone: bool,
        windows: &Pair<Window>,
        step: SignedDuration,
    ) -> Result<Option<(Slices, Option<Remark>)>, Error> {
        let any = self.arms.canary.or(self.arms.baseline);
        let Some(split) = any.and_then(|(query, _)| query.slices.as_ref()) else { return Ok(None) };
        let parts = self.arms.map(|asked| {
            let answer = asked.map(|(_, fetched)| &fetched.answer);
            answer.and_then(|answer| answer.slices.as_ref().or(answer.groups.as_ref()))
        });
        let all = Arm::BOTH.into_iter().filter_map(|arm| *parts.get(arm)).flat_map(|own| own.keys());
        let number = all.collect::<BTreeSet<_>>().len();
        let rest = slice_name(split.called.iter().map(|_| REST));
        let mut slices = Pair { baseline: Instances::new(), canary: Instances::new() };
        for (slice, pair) in self.busiest(name, (parts, MOST_SLICES), alone, windows, step)? {
            let slice = if slice == REST { rest.clone() } else { slice };
            slices.baseline.insert(slice.clone(), pair.baseline);
            slices.canary.insert(slice, pair.canary);
        }
        let remark = (number > MOST_SLICES).then(|| {
            let dimensions = split.called.join(" × ");
            Remark::note(format!(
                "{dimensions} has {number} slices: the {MOST_SLICES} with the most requests are looked at by themselves, the \
                 others together as {REST}"
            ))
        });
        Ok(Some((Slices { dimensions: split.called.clone(), parts: slices }, remark)))
    }

    /// The parts that have any point in the windows, the busiest; the others together.
    fn busiest(
        &self,
        name: &str,
        (parts, most): (Pair<Option<&Instances>>, usize),
        alone: bool,
        windows: &Pair<Window>,
        step: SignedDuration,
    ) -> Result<Vec<(String, Pair<Series>)>, Error> {
        let used = |arm: Arm| parts.get(arm).filter(|_| !(alone && arm == Arm::Baseline));
        let mut groups = BTreeMap::new();
        for group in Arm::BOTH.into_iter().filter_map(used).flat_map(|parts| parts.keys()) {
            if groups.contains_key(group) {
                continue;
            }
            let pair = Pair::try_build(|arm| match used(arm).and_then(|parts| parts.get(group)) {
                Some(series) => self.laid(name, arm, series.within(windows.get(arm)), windows.get(arm), step),
                None => Ok(self.empty()),
            })?;
            if !pair.baseline.is_empty() || !pair.canary.is_empty() {
                groups.insert(group.clone(), pair);
            }
        }
        let kept = requests::busiest(&self.busy(&groups), most);
        if kept.len() + usize::from(groups.contains_key(REST)) >= groups.len() {
            return Ok(groups.into_iter().collect());
        }
        let (mut own, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(group, _)| kept.contains(group));
        let rest = Pair::build(|arm| {
            let parts = others.iter().map(|(_, pair)| pair.get(arm)).filter(|series| !series.is_empty());
            sum_of_series(parts).unwrap_or_else(|| self.empty())
        });
        own.push((REST.to_owned(), rest));
        Ok(own)
    }

    /// How busy each group is over both arms: by its requests where they are known, else by what it has.
    fn busy(&self, groups: &BTreeMap<String, Pair<Series>>) -> fetched::Busy {
        let mut busy = fetched::Busy::new();
        for arm in Arm::BOTH {
            let known = self.arms.get(arm).as_ref().and_then(|(_, fetched)| fetched.log.as_ref());
            for (group, pair) in groups {
                let own = match (known.and_then(|known| known.get(group)), pair.get(arm)) {
                    (Some(requests), _) => *requests,
                    (None, Series::Counts { total, .. }) => total.iter().fold(0_u64, |sum, n| sum.saturating_add(*n)),
                    (None, Series::Events { count, .. }) => count.iter().fold(0_u64, |sum, n| sum.saturating_add(*n)),
                    (None, Series::Buckets { bins, .. }) => {
                        bins.iter().fold(0_u64, |sum, bins| sum.saturating_add(bins.total()))
                    }
                    (None, series) => series.len() as u64,
                };
                let sum = busy.entry(group.clone()).or_insert(0);
                *sum = own.saturating_add(*sum);
            }
        }
        busy
    }

    /// The series of both arms as they were read.
    fn read(&self) -> Option<Pair<&Series>> {
        let (Some((_, baseline)), Some((_, canary))) = (self.arms.baseline, self.arms.canary) else { return None };
        let read = Pair { baseline: &baseline.answer.series, canary: &canary.answer.series };
        self.lost().is_none().then_some(read)
    }

    /// Whether a criterion compares both arms.
    fn is_compared(&self) -> bool {
        self.arms.canary.is_some_and(|(query, _)| query.compared)
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
            (Source::Requests(here), Source::Requests(there)) => {
                here.log.filter == there.log.filter
                    && here.slice == there.slice
                    && here.log.table == there.log.table
                    && (here.log.inputs == there.log.inputs || share_a_file(&here.log, &there.log))
            }
            // it learns from its environment which arm it is asked for, and may not listen
            (Source::Exec(here), Source::Exec(there)) => here == there && a.answer.series == b.answer.series,
            (one, other) => one == other,
        };
        let same_rows = match (one.source.arm(), other.source.arm()) {
            (None, None) => !a.answer.split && !b.answer.split,
            (one, other) => one == other,
        };
        let same = same_place && same_rows && one.ask == other.ask && windows.baseline == windows.canary;
        if same && other.compared {
            let is_log = matches!(other.source, Source::Requests(_));
            let has_rows = is_log || other.source.service().is_none_or(|service| service.file().is_some());
            return Err(Error::SameRows { metric: name.to_string(), shown: other.source.shown(), has_rows });
        }
        Ok(same)
    }

    fn empty(&self) -> Series {
        let any = self.arms.canary.or(self.arms.baseline);
        any.map_or(grid::empty_gauge(), |(_, fetched)| grid::empty_like(&fetched.answer.series))
    }

    fn on_grid(&self, name: &str, arm: Arm, window: &Window, step: SignedDuration) -> Result<Series, Error> {
        match self.arms.get(arm) {
            Some((_, fetched)) => self.laid(name, arm, fetched.answer.series.within(window), window, step),
            None => Ok(self.empty()),
        }
    }

    /// Points of one arm, at most one per step.
    fn laid(
        &self,
        name: &str,
        arm: Arm,
        series: Series,
        window: &Window,
        step: SignedDuration,
    ) -> Result<Series, Error> {
        let Some((query, fetched)) = self.arms.get(arm) else { return Ok(series) };
        if fetched.log.is_some() {
            return Ok(grid::put_together(series, window, step));
        }
        grid::on_grid(series, window, step).map_err(|clash| {
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
    fn origin(&self, pair: &Pair<Series>, step: SignedDuration, common: SignedDuration) -> String {
        let (mut files, mut asked, mut clocks, mut notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (query, fetched) in Arm::BOTH.iter().filter_map(|arm| *self.arms.get(*arm)) {
            add(&mut files, query.source.shown());
            let by = query.ask.instance().or(query.by.as_ref().map(|by| by.column.as_str()));
            add(&mut asked, words(&query.ask) + &by.map_or(String::new(), |by| format!(" by {by}")));
            add(&mut clocks, fetched.clock.clone());
            fetched.answer.notes.iter().for_each(|note| add(&mut notes, note.text.clone()));
            if let Some(spacing) = grid::coarser(pair.get(query.arm), step) {
                let (spacing, step) = (spell(spacing), spell(step));
                add(&mut notes, format!("its points are {spacing} apart, more than the step of {step}"));
            }
        }
        if step != common {
            let (own, common) = (spell(step), spell(common));
            add(&mut notes, format!("its points are {own} apart: these are its steps, not {common}"));
        }
        let mut origin = format!("{}: {} ({})", files.join(" and "), asked.join(" and "), clocks.join("; "));
        notes.iter().for_each(|note| origin.push_str(&format!("; {note}")));
        origin
    }

    /// What the verdict must say of its data.
    fn remarks(&self) -> Vec<Remark> {
        let mut remarks: Vec<Remark> = Vec::new();
        // no criterion needs the baseline of a metric that is not compared
        let needed = Arm::BOTH.iter().filter(|arm| **arm == Arm::Canary || self.is_compared());
        let answers = needed.filter_map(|arm| *self.arms.get(*arm));
        for remark in answers.flat_map(|(_, fetched)| &fetched.answer.notes) {
            if remark.gravity > Gravity::Detail && !remarks.contains(remark) {
                remarks.push(remark.clone());
            }
        }
        remarks.extend(self.read().filter(|_| self.is_compared()).and_then(edges::remark));
        remarks.extend(self.silent());
        remarks
    }

    /// Refuses counts of which sums would overflow: whatever is added up later is a part of them.
    fn can_be_added_up(&self, name: &str) -> Result<(), Error> {
        let sum = |numbers: &[u64]| numbers.iter().map(|n| u128::from(*n)).sum::<u128>();
        let of = |series: &Series| match series {
            Series::Counts { total, .. } => sum(total),
            Series::Events { count, .. } => sum(count),
            Series::Gauge { requests, .. } => requests.as_deref().map_or(0, sum),
            Series::Buckets { bins, .. } => bins.iter().map(|bins| u128::from(bins.total())).sum(),
            Series::Values { .. } => 0,
        };
        let known = Arm::BOTH.into_iter().filter_map(|arm| *self.arms.get(arm));
        let all: u128 = known.clone().map(|(_, fetched)| of(&fetched.answer.series)).sum();
        match known.into_iter().next() {
            Some((query, _)) if all > 1 << 62 => {
                Err(Error::TooMany { metric: name.to_owned(), shown: query.source.shown() })
            }
            _ => Ok(()),
        }
    }

    /// What counts as zero throughout an arm for lack of any number: so does what has another name. Where the baseline has
    /// numbers, the canary's may have been lost. Without the good ones or the whole there is nothing to judge in either arm.
    fn silent(&self) -> Vec<Remark> {
        let of = |arm: Arm| self.arms.get(arm).map_or(&[][..], |(_, fetched)| fetched.answer.silent.as_slice());
        let remark = |name: &String| {
            let text = format!("{name:?} has no number at all in the canary and counts as zero. Is that its name?");
            let alone = self.arms.baseline.is_some() && !of(Arm::Baseline).contains(name);
            if alone { Remark::suspect(text) } else { Remark::note(text) }
        };
        let needed = |query: &Query, name: &str| match &query.ask {
            Ask::Counts { total, good, .. } => [total, good].into_iter().flatten().any(|needed| needed == name),
            _ => false,
        };
        let missing = Arm::BOTH.into_iter().flat_map(|arm| {
            let query = self.arms.get(arm).map(|(query, _)| query).filter(|query| arm == Arm::Canary || query.compared);
            let names = of(arm).iter().filter(move |name| query.is_some_and(|query| needed(query, name)));
            names.map(move |name| {
                let arm = arm.name();
                Remark::incomplete(format!(
                    "{name:?} has no number at all in the {arm}, and nothing else counts what it does"
                ))
            })
        });
        of(Arm::Canary).iter().map(remark).chain(missing).collect()
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
