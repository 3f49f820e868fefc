//! Histograms added up: how many requests fell between two edges in each step, as whole numbers.
//!
//! A classic histogram has a counter per edge (`le`), which counts everything up to it. The counters are counted as any
//! others are, added up over the series, and neighbours subtracted. Edges that not all series have are left out: what lies
//! between the others is still exact. Where in a bucket a request lies is not known, and nothing here pretends otherwise:
//! the judge counts a bucket that holds a limit against the answer.
//!
//! Edges are kept in billionths of the unit that `le` has, so that those of both arms are the same numbers; very large ones,
//! which are bytes and not seconds, in whole units.

use std::collections::{BTreeMap, BTreeSet};

use super::native::{Native, Natives};
use super::ranges::{RANGE, Ranges};
use super::totals;
use super::tracks::{Labels, Span, Track, Tracks, label, named, shown};
use crate::series::{Bins, Grid, Remark, Series};
use crate::source::error::{Error, quoted};

/// The label with the edge.
const EDGE: &str = "le";
/// Units of the finest edges.
const BILLION: f64 = 1e9;
/// Edges from here on are kept in whole units.
const LARGE: f64 = 9e9;

/// The histograms that a selector finds.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    span: Span,
    classic: Tracks,
    ranges: Ranges,
    native: Natives,
}

impl Buckets {
    pub fn new(span: Span) -> Buckets {
        Buckets { span, classic: Tracks::new(span), ranges: Ranges::new(span), native: Natives::new(span) }
    }

    /// Whether no series was found.
    pub fn is_empty(&self) -> bool {
        self.classic.by.is_empty() && self.ranges.is_empty() && self.native.is_empty()
    }

    /// Adds samples of one edge.
    ///
    /// # Errors
    ///
    /// Unreadable: a series without an edge, a sample that is not a count.
    pub fn add_classic(
        &mut self,
        labels: &Labels,
        samples: impl ExactSizeIterator<Item = (i64, f64)>,
    ) -> Result<(), Error> {
        if samples.len() == 0 {
            return Ok(());
        }
        if label(labels, RANGE).is_some() {
            return self.ranges.add(labels, samples);
        }
        if label(labels, EDGE).is_none_or(|edge| edge.parse::<f64>().is_err()) {
            return Err(Error::unreadable(format!(
                "{} is not a bucket of a histogram: it has no edge `le`",
                shown(labels)
            ))
            .hint("Name the `_bucket` series, or a native histogram."));
        }
        self.classic.add(labels, samples)
    }

    /// Adds samples of a native histogram.
    ///
    /// # Errors
    ///
    /// Unreadable: a histogram that does not count whole things from zero on.
    pub fn add_native(
        &mut self,
        labels: &Labels,
        samples: impl ExactSizeIterator<Item = (i64, Native)>,
    ) -> Result<(), Error> {
        if samples.len() == 0 {
            return Ok(());
        }
        self.native.add(labels, samples)
    }

    /// Those of each value of a label.
    ///
    /// # Errors
    ///
    /// Unreadable: a series lacks the label.
    pub fn parts(&self, name: &str) -> Result<BTreeMap<String, Buckets>, Error> {
        let mut parts: BTreeMap<String, Buckets> = BTreeMap::new();
        for (labels, track) in &self.classic.by {
            let part = parts.entry(named(labels, name)?.to_owned()).or_insert_with(|| Buckets::new(self.span));
            part.classic.by.insert(labels.clone(), track.clone());
        }
        for (labels, track) in self.ranges.tracks() {
            let part = parts.entry(named(labels, name)?.to_owned()).or_insert_with(|| Buckets::new(self.span));
            part.ranges.take(labels, track);
        }
        for labels in self.native.labels() {
            let part = parts.entry(named(labels, name)?.to_owned()).or_insert_with(|| Buckets::new(self.span));
            part.native.take(&self.native, labels);
        }
        Ok(parts)
    }

    /// As a series of histograms, one unit of `le` being `factor` in the metric's.
    ///
    /// # Errors
    ///
    /// Unreadable: histograms without an edge in common, or of both kinds.
    pub fn series(self, factor: f64, without: &[String], notes: &mut Vec<Remark>) -> Result<Series, Error> {
        let empty = |time| Series::Buckets { time, bins: Vec::new(), scale: factor / BILLION };
        match (self.classic.by.is_empty(), self.ranges.is_empty(), self.native.is_empty()) {
            (true, true, true) => Ok(empty(Vec::new())),
            (true, true, false) => self.native.series(factor, without, notes),
            (true, false, true) => self.ranges.series(factor, without, notes),
            (false, true, true) => classic(self.classic, self.span, factor, without, notes),
            _ => {
                Err(Error::unreadable("has series of several kinds of histograms at once: `le`, `vmrange`, or native")
                    .hint("Select one of the kinds."))
            }
        }
    }
}

/// How many units that edges are kept in make one of `le`.
fn units(edges: &[f64]) -> f64 {
    if edges.iter().any(|edge| edge.is_finite() && *edge >= LARGE) { 1.0 } else { BILLION }
}

/// The grid of some edges, the infinite one left out, and how many of its units make one of `le`.
fn grid(edges: &[f64]) -> Result<(Grid, f64), Error> {
    let units = units(edges);
    let finite: Vec<f64> = edges.iter().copied().filter(|edge| edge.is_finite()).collect();
    if let Some(edge) = finite.iter().find(|edge| **edge < 0.0) {
        return Err(Error::unreadable("is an edge below zero, and only times and sizes can be judged")
            .value(&edge.to_string())
            .hint("Judge a number of it as a gauge."));
    }
    Ok((Grid::of_edges(finite.iter().map(|edge| (edge * units).round() as u64).collect()), units))
}

fn classic(
    tracks: Tracks,
    span: Span,
    factor: f64,
    without: &[String],
    notes: &mut Vec<Remark>,
) -> Result<Series, Error> {
    let edges = shared_edges(&tracks, notes)?;
    notes.extend(torn(&tracks));
    let (mut columns, remarks) = totals::of(vec![("histogram".to_owned(), tracks)], without);
    notes.extend(remarks);
    let Some((_, totals)) = columns.pop() else { return Err(Error::unreadable("has no histogram")) };
    let numbers: Vec<f64> = edges.iter().map(|(_, edge)| *edge).collect();
    let (grid, units) = grid(&numbers)?;
    let cumulated: Vec<totals::Steps> = edges
        .iter()
        .map(|(_, edge)| totals.summed(|labels| label(labels, EDGE).and_then(|le| le.parse().ok()) == Some(*edge)))
        .collect();
    let (mut time, mut bins, mut crossed) = (Vec::new(), Vec::new(), 0);
    for step in 0..span.steps() {
        let Some(counts) = cumulated.iter().map(|steps| steps[step]).collect::<Option<Vec<u64>>>() else { continue };
        let (mut before, mut cells) = (0, Vec::new());
        for (cell, count) in (0..).zip(&counts) {
            crossed += u64::from(*count < before);
            cells.push((cell, count.saturating_sub(before)));
            before = before.max(*count);
        }
        time.push(span.time(step));
        bins.push(Bins::new(grid, None, cells));
    }
    if crossed > 0 {
        notes.push(Remark::incomplete(format!(
            "buckets of the histogram count more than those that hold them, {crossed} times: they were not scraped together"
        )));
    }
    Ok(Series::Buckets { time, bins, scale: factor / units })
}

/// Histograms of which some buckets begin or end without the others: their counts belong to other requests then.
fn torn(tracks: &Tracks) -> Option<Remark> {
    let mut by: BTreeMap<Labels, Vec<&Track>> = BTreeMap::new();
    for (labels, track) in &tracks.by {
        by.entry(totals::less(labels, &[EDGE])).or_default().push(track);
    }
    let is_torn = |own: &[&Track]| {
        let apart = |ends: &dyn Fn(&Track) -> i64| {
            let ends = || own.iter().map(|track| ends(track));
            ends().max().zip(ends().min()).map_or(0, |(last, first)| last - first)
        };
        let interval = own.iter().filter_map(|track| track.interval()).max();
        let far = apart(&|track| track.ended()).max(apart(&|track| track.first));
        interval.is_some_and(|interval| 2 * far > 5 * interval)
    };
    let torn: Vec<&Labels> = by.iter().filter(|(_, own)| is_torn(own)).map(|(labels, _)| labels).collect();
    let first = torn.first()?;
    let text = format!(
        "{} of {} histograms have buckets that begin or end without the others, such as {}",
        torn.len(),
        by.len(),
        shown(first)
    );
    Some(Remark::incomplete(text))
}

/// The edges that the histograms of all series have, in order, as they are written and as numbers.
fn shared_edges(tracks: &Tracks, notes: &mut Vec<Remark>) -> Result<Vec<(String, f64)>, Error> {
    let mut by: BTreeMap<Labels, BTreeSet<Edge>> = BTreeMap::new();
    for labels in tracks.by.keys() {
        by.entry(totals::less(labels, &[EDGE])).or_default().extend(label(labels, EDGE).and_then(Edge::of));
    }
    let all: BTreeSet<Edge> = by.values().flatten().cloned().collect();
    let is_shared = |edge: &&Edge| by.values().all(|own| own.contains(*edge));
    let shared: Vec<(String, f64)> =
        all.iter().filter(is_shared).map(|edge| (edge.written.clone(), edge.number)).collect();
    if shared.last().is_none_or(|(_, edge)| *edge != f64::INFINITY) {
        return Err(Error::unreadable("has a histogram without the bucket +Inf, which counts everything")
            .hint(format!("Select the buckets of whole histograms, without a matcher of {}.", quoted(EDGE))));
    }
    if shared.len() < 2 {
        return Err(Error::unreadable("has histograms without any edge in common").hint("Select those of one kind."));
    }
    if shared.len() < all.len() {
        notes.push(Remark::note(format!(
            "the series have different buckets: the {} edges that all have are used, of {}",
            shared.len() - 1,
            all.len() - 1
        )));
    }
    Ok(shared)
}

/// An edge by its number: `1` is `1.0`.
#[derive(Debug, Clone)]
struct Edge {
    written: String,
    number: f64,
}

impl Edge {
    fn of(text: &str) -> Option<Edge> {
        Some(Edge { written: text.to_owned(), number: text.parse().ok()? })
    }
}

impl PartialEq for Edge {
    fn eq(&self, other: &Edge) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Edge {}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Edge) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Edge {
    fn cmp(&self, other: &Edge) -> std::cmp::Ordering {
        self.number.total_cmp(&other.number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::Gravity;

    const SPAN: Span = Span { start: 300_000, end: 420_000, step: 60_000, from: 0 };

    /// Buckets of instances: the edge, and the counter at the start, after a minute, after two.
    fn series(of: &[(&str, &str, [f64; 3])]) -> Result<(Series, Vec<Remark>), Error> {
        let mut buckets = Buckets::new(SPAN);
        for (instance, le, counts) in of {
            let labels = vec![("instance".to_owned(), (*instance).to_owned()), (EDGE.to_owned(), (*le).to_owned())];
            let at = [290_000, 360_000, 420_000];
            buckets.add_classic(&labels, at.into_iter().zip(*counts).collect::<Vec<_>>().into_iter())?;
        }
        let mut notes = Vec::new();
        buckets.series(1_000.0, &[], &mut notes).map(|series| (series, notes))
    }

    fn cells(series: &Series) -> Vec<Vec<(u32, u64)>> {
        let Series::Buckets { bins, .. } = series else { panic!() };
        bins.iter().map(|bins| bins.cells().collect()).collect()
    }

    #[test]
    fn neighbouring_counters_are_subtracted_and_instances_added() {
        let (found, notes) = series(&[
            ("a", "0.1", [100.0, 103.0, 103.0]),
            ("a", "0.25", [100.0, 105.0, 106.0]),
            ("a", "+Inf", [100.0, 105.0, 107.0]),
            ("b", "0.1", [7.0, 8.0, 8.0]),
            ("b", "0.25", [7.0, 8.0, 8.0]),
            ("b", "+Inf", [7.0, 8.0, 9.0]),
        ])
        .unwrap();
        assert_eq!(cells(&found), [vec![(0, 4), (1, 2)], vec![(1, 1), (2, 2)]]);
        assert_eq!(notes, []);
        let Series::Buckets { bins, scale, .. } = &found else { panic!() };
        assert_eq!(
            bins[0].grid().edges().unwrap().iter().map(|e| *e as f64 * scale).collect::<Vec<_>>(),
            [100.0, 250.0]
        );
    }

    #[test]
    fn edges_that_not_all_have_are_left_out() {
        let all = [0.0, 5.0, 5.0];
        let of = |own: &'static str| {
            [
                ("a", "0.1", all),
                ("a", "1", all),
                ("a", "+Inf", all),
                ("b", own, all),
                ("b", "1.0", all),
                ("b", "+Inf", all),
            ]
        };
        let (found, notes) = series(&of("0.2")).unwrap();
        assert_eq!(cells(&found)[0], [(0, 10)]);
        assert!(notes[0].text.contains("the 1 edges that all have are used, of 3"), "{notes:?}");
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        let all = [0.0, 5.0, 5.0];
        assert!(
            series(&[("a", "0.1", all), ("a", "1", all)]).unwrap_err().to_string().contains("without the bucket +Inf")
        );
        assert!(series(&[("a", "fast", all)]).unwrap_err().to_string().contains("has no edge `le`"));
        assert!(
            series(&[("a", "-1", all), ("a", "+Inf", all)]).unwrap_err().to_string().contains("an edge below zero")
        );
        let (_, notes) = series(&[("a", "1", [0.0, 5.0, 5.0]), ("a", "+Inf", [0.0, 4.0, 5.0])]).unwrap();
        assert_eq!(notes[0].gravity, Gravity::Incomplete, "{notes:?}");
    }
}
