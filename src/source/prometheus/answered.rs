//! What was found, in the shape that was asked for.
//!
//! An absent series of errors is zero, but only where the series of the total had a sample: nothing else shows that there
//! was anything to count. So a step without any sample of the total is a gap, whatever else is known of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use super::buckets::Buckets;
use super::promql;
use super::totals::{self, Steps, Totals};
use super::tracks::{self, Labels, Span, Tracks};
use crate::series::{Instances, Remark, Series, Timestamp};
use crate::source::Ask;
use crate::source::error::{Error, listed, nearest, quoted};
use crate::source::file::Answer;

/// Numbers by the step that they are of.
pub(super) type Points = BTreeMap<usize, f64>;

/// What there is of one column.
#[derive(Clone)]
pub(super) enum Found {
    Counter(Tracks),
    Histogram(Box<Buckets>),
    /// One number for some of the steps, by series.
    Gauge(Vec<(Labels, Points)>),
}

/// The answer to a question by what was found of each of its columns.
///
/// # Errors
///
/// Unreadable: a column that does not exist or is of another kind, more bad than all, scrapes further apart than steps.
pub(super) fn answer(
    question: &Asked,
    span: Span,
    found: Vec<(String, Found)>,
    mut notes: Vec<Remark>,
) -> Result<Answer, Error> {
    let (mut counters, mut gauges, mut histograms) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for (name, found) in found {
        match found {
            Found::Counter(tracks) => counters.push((name, tracks)),
            Found::Gauge(points) => drop(gauges.insert(name, points)),
            Found::Histogram(buckets) => drop(histograms.insert(name, buckets)),
        }
    }
    counters.iter().try_for_each(|(_, tracks)| coarse(tracks, span))?;
    let (counters, remarks) = totals::of(counters, &question.asked.without);
    notes.extend(remarks);
    let counters: BTreeMap<String, Totals> = counters.into_iter().collect();
    let silent = silent(question.ask, &counters);
    notes.extend(silent.iter().filter_map(|name| misspelled(question, name, &counters)));
    let mut found = Columns { span, ask: question.ask, counters, gauges, part: None };
    if let Ask::Histograms { column, factor } = question.ask {
        let buckets = histograms.remove(column).ok_or_else(|| found.missing(column))?;
        return of_histograms(question, *buckets, *factor, notes);
    }
    let is_of_groups = question.asked.group.is_some() && matches!(question.ask, Ask::Gauge { .. });
    // gauges cannot be added up
    let series = if is_of_groups { question.ask.nothing() } else { found.series()? };
    let instances = question.asked.instance.as_deref().map(|label| found.parts(label)).transpose()?;
    let groups = question.asked.group.as_deref().map(|label| found.parts(label)).transpose()?;
    Ok(Answer { series, instances, groups, slices: None, split: false, silent, unit: None, notes })
}

/// Histograms, and those of each group if a label names them.
fn of_histograms(question: &Asked, buckets: Buckets, factor: f64, mut notes: Vec<Remark>) -> Result<Answer, Error> {
    let without = &question.asked.without;
    let group = |label: &str| {
        let parts = buckets.parts(label)?.into_iter();
        // what there is to say of the parts is said of the whole
        parts.map(|(name, part)| Ok((name, part.series(factor, without, &mut Vec::new())?))).collect()
    };
    let groups: Option<Result<Instances, Error>> = question.asked.group.as_deref().map(group);
    let groups = groups.transpose()?;
    let series = buckets.series(factor, without, &mut notes)?;
    Ok(Answer { groups, ..Answer::of(series, notes) })
}

/// Refuses scrapes that are further apart than the steps: every other step would be empty.
fn coarse(tracks: &Tracks, span: Span) -> Result<(), Error> {
    let mut intervals: Vec<i64> = tracks.by.values().filter_map(|track| track.interval()).collect();
    intervals.sort_unstable();
    let Some(usual) = intervals.get(intervals.len().saturating_sub(1) / 2) else { return Ok(()) };
    if 10 * usual <= 11 * span.step {
        return Ok(());
    }
    let seconds = |ms: i64| ms as f64 / 1e3;
    Err(Error::unreadable(format!(
        "is scraped every {} s, which is longer than the step of {} s",
        seconds(*usual),
        seconds(span.step)
    ))
    .hint("Write a longer `step:`, of two scrapes and more."))
}

/// The counted columns without any series that count as zero for it, beside others that have some.
fn silent(ask: &Ask, counters: &BTreeMap<String, Totals>) -> Vec<String> {
    if counters.values().all(Totals::is_empty) {
        return Vec::new();
    }
    let is_silent = |name: &&str| counters.get(*name).is_some_and(Totals::is_empty);
    ask.names().filter(is_silent).map(str::to_owned).collect()
}

/// Whether a column without series may have none for its spelling: it selects by a label that the other columns of the same
/// metric do not have, or another metric that nothing was counted in.
fn misspelled(question: &Asked, name: &str, counters: &BTreeMap<String, Totals>) -> Option<Remark> {
    let selected = |name: &str| {
        let column = question.asked.columns.iter().find(|column| column.name == name)?;
        promql::selector(column.measure.text()).ok()
    };
    let own = selected(name)?;
    let others = counters.iter().filter(|(_, totals)| !totals.is_empty());
    let of_metric: Vec<&Totals> = others
        .filter(|(other, _)| selected(other).is_some_and(|other| other.name() == own.name()))
        .map(|(_, t)| t)
        .collect();
    if of_metric.is_empty() {
        return Some(Remark::suspect(format!(
            "no series of {} is there, so nothing tells its zeros from another name",
            quoted(name)
        )));
    }
    let lacking = own.labels().find(|label| of_metric.iter().all(|totals| totals.values(label).is_empty()))?;
    Some(Remark::incomplete(format!(
        "{} selects by the label {}, which no series of {} has. Check its spelling",
        quoted(name),
        quoted(lacking),
        own.name().unwrap_or("the metric")
    )))
}

/// What was found, and of which instance or group it is asked for.
struct Columns<'q> {
    span: Span,
    ask: &'q Ask,
    counters: BTreeMap<String, Totals>,
    gauges: BTreeMap<String, Vec<(Labels, Points)>>,
    part: Option<(String, String)>,
}

impl Columns<'_> {
    fn missing(&self, name: &str) -> Error {
        let known: Vec<&str> = self.counters.keys().chain(self.gauges.keys()).map(String::as_str).collect();
        let error = Error::unreadable(format!("has no column {} of the kind that the query needs", quoted(name)));
        match nearest(name, known.iter().copied()) {
            Some(near) if near != name => error.hint(format!("Did you mean {}?", quoted(near))),
            _ => error.hint("Ask for counts as counters, for a gauge as an expression, for histograms as such."),
        }
    }

    /// The series of each value of a label.
    fn parts(&mut self, label: &str) -> Result<Instances, Error> {
        let mut values: BTreeSet<String> = BTreeSet::new();
        for (name, totals) in self.counters.iter().filter(|(name, _)| self.ask.names().any(|asked| asked == *name)) {
            totals.has(label).map_err(|error| error.column(name))?;
            values.extend(totals.values(label).into_iter().map(str::to_owned));
        }
        for (labels, _) in self.gauges.values().flatten() {
            values.insert(tracks::named(labels, label)?.to_owned());
        }
        let mut parts = Instances::new();
        for value in values {
            self.part = Some((label.to_owned(), value.clone()));
            parts.insert(value, self.series()?);
        }
        self.part = None;
        Ok(parts)
    }

    fn counter(&self, name: &str) -> Result<Steps, Error> {
        let totals = self.counters.get(name).ok_or_else(|| self.missing(name))?;
        Ok(match &self.part {
            Some((label, value)) => totals.summed(|labels| tracks::label(labels, label) == Some(value)),
            None => totals.all(),
        })
    }

    /// The one gauge there is of a name.
    fn points(&self, name: &str) -> Result<Points, Error> {
        let all = self.gauges.get(name).ok_or_else(|| self.missing(name))?;
        let is_own = |labels: &Labels| {
            self.part.as_ref().is_none_or(|(label, value)| tracks::label(labels, label) == Some(value))
        };
        let own: Vec<&(Labels, Points)> = all.iter().filter(|(labels, _)| is_own(labels)).collect();
        match own.as_slice() {
            [] => Ok(Points::new()),
            [(_, points)] => Ok(points.clone()),
            several => {
                let names: Vec<String> = several.iter().map(|(labels, _)| tracks::shown(labels)).collect();
                let names = listed(names.iter().map(String::as_str));
                Err(Error::unreadable(format!("{} series answer, and one is wanted: {names}", several.len()))
                    .column(name)
                    .hint("Put `avg(…)`, `sum(…)` or `max(…)` around the expression, or select one series."))
            }
        }
    }

    fn series(&self) -> Result<Series, Error> {
        match self.ask {
            Ask::Counts { total, bad, good, .. } => self.counts([total.as_deref(), bad.as_deref(), good.as_deref()]),
            Ask::Events { count, exposure, .. } => self.events(count, exposure.as_deref()),
            Ask::Gauge { value, factor, requests, .. } => self.gauge(value, *factor, requests.as_deref()),
            Ask::Values { .. } | Ask::Histograms { .. } => {
                Err(Error::unreadable("Prometheus has no single requests")
                    .hint("Ask for counts, a gauge or a histogram."))
            }
        }
    }

    fn counts(&self, [total, bad, good]: [Option<&str>; 3]) -> Result<Series, Error> {
        let read = |name: Option<&str>| name.map(|name| self.counter(name)).transpose();
        let (total, bad, good) = (read(total)?, read(bad)?, read(good)?);
        let (mut time, mut all, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..self.span.steps() {
            let at = |steps: &Option<Steps>| steps.as_ref().and_then(|steps| steps[step]);
            let (whole, part) = match (&total, &bad) {
                (Some(_), Some(_)) => (at(&total), at(&bad)),
                (Some(_), None) => {
                    let good = at(&good).unwrap_or(0);
                    let bad = at(&total).map(|total| total.checked_sub(good).ok_or(good)).transpose();
                    (at(&total), bad.map_err(|good| self.too_many(step, "good", good, at(&total)))?)
                }
                (None, _) => match (at(&bad), at(&good)) {
                    (None, None) => (None, None),
                    (bad, good) => (Some(bad.unwrap_or(0).saturating_add(good.unwrap_or(0))), bad),
                },
            };
            let part = part.unwrap_or(0);
            let Some(whole) = whole else {
                if part > 0 {
                    return Err(self.too_many(step, "bad", part, None));
                }
                continue;
            };
            if part > whole {
                return Err(self.too_many(step, "bad", part, Some(whole)));
            }
            time.push(self.span.time(step));
            all.push(whole);
            wrong.push(part);
        }
        Ok(Series::Counts { time, total: all, bad: wrong })
    }

    fn too_many(&self, step: usize, which: &str, part: u64, whole: Option<u64>) -> Error {
        let of = whole.map_or("without any sample of the total".to_owned(), |whole| format!("of {whole}"));
        let whose =
            self.part.as_ref().map(|(label, value)| format!(" ({label} {})", quoted(value))).unwrap_or_default();
        Error::unreadable(format!("counts {part} {which} {of} in the step of {}{whose}", self.span.time(step)))
            .hint(format!("Select with the total everything that is {which}, and both from the same counter."))
    }

    fn events(&self, count: &str, exposure: Option<&str>) -> Result<Series, Error> {
        let counted = self.counter(count)?;
        let is_life = |name: &&String| !self.ask.names().any(|asked| asked == name.as_str());
        let alive: Vec<Steps> =
            self.counters.keys().filter(is_life).map(|name| self.counter(name)).collect::<Result<_, _>>()?;
        let exposed = exposure.map(|name| self.exposure(name)).transpose()?;
        let (mut time, mut events, mut per) = (Vec::new(), Vec::new(), Vec::new());
        for (step, counted) in counted.iter().enumerate() {
            let is_alive = alive.iter().any(|steps| steps[step].is_some());
            let Some(counted) = counted.or(is_alive.then_some(0)) else { continue };
            if let Some(exposed) = &exposed {
                let Some(exposed) = exposed.get(&step) else { continue };
                per.push(*exposed);
            }
            time.push(self.span.time(step));
            events.push(counted);
        }
        Ok(Series::Events { time, count: events, exposure: exposed.map(|_| per) })
    }

    fn exposure(&self, name: &str) -> Result<Points, Error> {
        if self.gauges.contains_key(name) {
            return self.points(name);
        }
        let steps = self.counter(name)?;
        Ok(steps.iter().enumerate().filter_map(|(step, count)| Some((step, (*count)? as f64))).collect())
    }

    fn gauge(&self, value: &str, factor: f64, requests: Option<&str>) -> Result<Series, Error> {
        let points = self.points(value)?;
        let behind = requests.map(|name| self.counter(name)).transpose()?;
        let (mut time, mut numbers, mut counts): (Vec<Timestamp>, Vec<f64>, Vec<u64>) = Default::default();
        for (step, number) in points {
            if let Some(behind) = &behind {
                let Some(count) = behind[step] else { continue };
                counts.push(count);
            }
            time.push(self.span.time(step));
            numbers.push(number * factor);
        }
        Ok(Series::Gauge { time, value: numbers, requests: behind.map(|_| counts) })
    }
}
