//! Histograms of VictoriaMetrics: a counter for each range of values that had any (`vmrange="1.000e-01...1.136e-01"`).
//!
//! The ranges are the eighteen steps of each power of ten, and each counts what lies in it alone, its upper end included. Their
//! ends are written with four digits and meant as they are computed. A range without a series has counted nothing, so which
//! ranges there are says nothing of the grid: it is the whole ladder, for both arms and for every step.

use std::collections::BTreeMap;

use super::totals::{self, Steps};
use super::tracks::{Labels, Span, Track, Tracks, label, shown};
use crate::series::{Bins, Grid, Remark, Series};
use crate::source::error::{Error, quoted};

/// The label with the range.
pub(super) const RANGE: &str = "vmrange";
/// Steps of a power of ten.
const STEPS: f64 = 18.0;
/// The ladder in steps from one on: from a billionth to ten billions.
const LADDER: std::ops::RangeInclusive<i32> = -9 * 18..=10 * 18;
/// So far, as a share, an end is from the step that it is written for: it has four digits.
const NEAR: f64 = 6e-4;
/// Units that edges are kept in.
const BILLION: f64 = 1e9;

/// The histograms that a selector finds.
#[derive(Debug, Clone)]
pub(super) struct Ranges {
    span: Span,
    tracks: Tracks,
}

impl Ranges {
    pub fn new(span: Span) -> Ranges {
        Ranges { span, tracks: Tracks::new(span) }
    }

    pub fn is_empty(&self) -> bool {
        self.tracks.by.is_empty()
    }

    /// Its series.
    pub fn tracks(&self) -> impl Iterator<Item = (&Labels, &Track)> {
        self.tracks.by.iter()
    }

    /// Adds a series of others.
    pub fn take(&mut self, labels: &Labels, track: &Track) {
        self.tracks.by.insert(labels.clone(), track.clone());
    }

    /// Adds samples of one range.
    ///
    /// # Errors
    ///
    /// Unreadable: a range that is not of the ladder, a sample that is not a count.
    pub fn add(&mut self, labels: &Labels, samples: impl Iterator<Item = (i64, f64)>) -> Result<(), Error> {
        if upper(labels).is_none() {
            let text = label(labels, RANGE).unwrap_or_default();
            let problem =
                format!("{} has the range {}, which is not a bucket of VictoriaMetrics", shown(labels), quoted(text));
            return Err(
                Error::unreadable(problem).expected("a range as VictoriaMetrics writes it: 1.000e-01...1.136e-01")
            );
        }
        self.tracks.add(labels, samples)
    }

    /// As a series of histograms, one unit of the ranges being `factor` in the metric's.
    ///
    /// # Errors
    ///
    /// Unreadable: nothing was found.
    pub fn series(self, factor: f64, without: &[String], notes: &mut Vec<Remark>) -> Result<Series, Error> {
        notes.extend(torn(&self.tracks));
        let (mut columns, remarks) = totals::of(vec![("histogram".to_owned(), self.tracks)], without);
        notes.extend(remarks);
        let Some((_, totals)) = columns.pop() else { return Err(Error::unreadable("has no histogram")) };
        let grid = Grid::of_edges(LADDER.map(edge).collect());
        let ranges = totals.values(RANGE);
        let counted: Vec<(u32, Steps)> = ranges
            .into_iter()
            // `add` has refused any other range
            .filter_map(|range| Some((range, step_of(range)?)))
            .map(|(range, step)| (grid.index(edge(step)), totals.summed(|labels| label(labels, RANGE) == Some(range))))
            .collect();
        let (mut time, mut bins) = (Vec::new(), Vec::new());
        for step in 0..self.span.steps() {
            let cells: Vec<(u32, u64)> =
                counted.iter().filter_map(|(cell, steps)| Some((*cell, steps[step]?))).collect();
            if !cells.is_empty() {
                time.push(self.span.time(step));
                bins.push(Bins::new(grid, None, cells));
            }
        }
        Ok(Series::Buckets { time, bins, scale: factor / BILLION })
    }
}

/// The upper end of a series' range as a step of the ladder; one beyond the ladder for what has no end.
fn upper(labels: &Labels) -> Option<i32> {
    step_of(label(labels, RANGE)?)
}

/// The step that a range ends at.
fn step_of(range: &str) -> Option<i32> {
    let (low, high) = range.split_once("...")?;
    let low = if low == "0" { *LADDER.start() - 1 } else { step(low)? };
    let high = if high == "+Inf" { i32::MAX } else { step(high)? };
    (high == i32::MAX || high == low + 1).then_some(high)
}

/// The step that is written.
fn step(text: &str) -> Option<i32> {
    let number: f64 = text.parse().ok()?;
    let step = (number.log10() * STEPS).round();
    let is_near = (10_f64.powf(step / STEPS) / number - 1.0).abs() < NEAR;
    (number > 0.0 && is_near).then_some(step as i32)
}

/// A step in billionths.
fn edge(step: i32) -> u64 {
    let edge = 10_f64.powf(f64::from(step) / STEPS) * BILLION;
    if edge < u64::MAX as f64 { edge.round() as u64 } else { u64::MAX }
}

/// Histograms of which some ranges end while others go on: what they count then is not all.
fn torn(tracks: &Tracks) -> Option<Remark> {
    let mut ends: BTreeMap<Labels, (i64, i64, i64)> = BTreeMap::new();
    for (labels, track) in &tracks.by {
        let (end, interval) = (track.ended(), track.interval().unwrap_or(0));
        let known = ends.entry(totals::less(labels, &[RANGE])).or_insert((end, end, interval));
        *known = (known.0.min(end), known.1.max(end), known.2.max(interval));
    }
    let is_torn = |(first, last, interval): &(i64, i64, i64)| *interval > 0 && 2 * (last - first) > 5 * interval;
    let torn = ends.iter().find(|(_, ends)| is_torn(ends))?.0;
    let text = format!("histograms have ranges that end without the others, such as {}", shown(torn));
    Some(Remark::incomplete(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SPAN: Span = Span { start: 300_000, end: 420_000, step: 60_000, from: 0 };

    /// The ends of cells with what they count, per step.
    type Cells = Vec<Vec<(u64, u64, u64)>>;

    fn found(of: &[(&str, [f64; 3])]) -> Result<(Cells, Vec<Remark>), Error> {
        let mut ranges = Ranges::new(SPAN);
        for (range, counts) in of {
            let labels = vec![(RANGE.to_owned(), (*range).to_owned())];
            ranges.add(&labels, [290_000, 360_000, 420_000].into_iter().zip(*counts))?;
        }
        let mut notes = Vec::new();
        let Series::Buckets { bins, .. } = ranges.series(1.0, &[], &mut notes)? else { panic!() };
        let cells = |bins: &Bins| {
            bins.cells().map(|(at, n)| (bins.grid().low(at), bins.grid().high(at), n)).collect::<Vec<_>>()
        };
        Ok((bins.iter().map(cells).collect(), notes))
    }

    #[test]
    fn ranges_are_the_ladder_as_it_is_computed() {
        let (cells, notes) = found(&[
            ("8.799e-02...1.000e-01", [3.0, 5.0, 9.0]),
            ("1.000e-01...1.136e-01", [7.0, 7.0, 8.0]),
            ("1.000e+18...+Inf", [0.0, 1.0, 1.0]),
            ("0...1.000e-09", [0.0, 0.0, 2.0]),
        ])
        .unwrap();
        let tenth = (87_992_255, 100_000_000);
        assert_eq!(cells[0], [(tenth.0, tenth.1, 2), (edge(180) + 1, u64::MAX, 1)]);
        assert_eq!(cells[1], [(0, 1, 2), (tenth.0, tenth.1, 4), (100_000_001, 113_646_367, 1)]);
        assert_eq!(notes, []);
    }

    #[test]
    fn what_is_not_of_the_ladder_is_refused() {
        for range in ["1.000e-01...2.000e-01", "0.1...", "1.050e-01...1.136e-01", "-1...0", "fast"] {
            let error = found(&[(range, [0.0; 3])]).unwrap_err().to_string();
            assert!(error.contains("is not a bucket of VictoriaMetrics"), "{range}: {error}");
        }
    }
}
