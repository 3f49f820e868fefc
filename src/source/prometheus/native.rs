//! Native histograms: whole numbers from raw samples, of whatever resolution each sample has.
//!
//! A native histogram has no edges of its own choice but a ladder of them, `2^(1 / 2^schema)` apart, and sends the buckets
//! that counted anything. Every second step of a finer ladder is a step of the next coarser one, so differences of two
//! samples, and sums of many, are taken on the coarsest ladder among them. Histograms with custom edges (schema -53, from
//! classic ones) are told by edges that lie on no ladder.
//!
//! How many a histogram has counted in all is a counter as any other, and what befalls it is told by that one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::totals;
use super::tracks::{Labels, Span, Tracks, instant, shown};
use crate::series::{Bins, Grid, Remark, Series};
use crate::source::error::Error;

/// The finest and the coarsest ladder.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// Ladders reach from about a billionth to some seventeen billions.
const OCTAVES: std::ops::RangeInclusive<i32> = -30..=34;
/// So near a step of a ladder is on it, as a share.
const NEAR: f64 = 1e-9;

/// One native histogram as it was scraped.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Native {
    count: Written,
    #[serde(default)]
    buckets: Vec<(u8, Written, Written, Written)>,
}

/// Counts by the upper ends of buckets, in order; those of a ladder are its steps.
#[derive(Debug, Clone, PartialEq, Default)]
struct Counts {
    ladder: Option<i32>,
    /// By the step of the ladder; [`ZERO`] is what is next to zero.
    steps: BTreeMap<i64, u64>,
    /// By custom edges, in billionths.
    custom: BTreeMap<u64, u64>,
}

/// What a ladder has next to zero.
const ZERO: i64 = i64::MIN;
/// Beyond all custom edges.
const BEYOND: u64 = u64::MAX;

/// One series.
#[derive(Debug, Clone)]
struct Track {
    last: Option<(i64, Counts)>,
    steps: BTreeMap<usize, Counts>,
    birth: Option<(usize, Counts)>,
}

/// The native histograms that a selector finds.
#[derive(Debug, Clone)]
pub(super) struct Natives {
    span: Span,
    by: BTreeMap<Labels, Track>,
    /// How many each has counted.
    counts: Tracks,
}

impl Natives {
    pub fn new(span: Span) -> Natives {
        Natives { span, by: BTreeMap::new(), counts: Tracks::new(span) }
    }

    pub fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// Its series.
    pub fn labels(&self) -> impl Iterator<Item = &Labels> {
        self.by.keys()
    }

    /// Adds a series of others.
    pub fn take(&mut self, others: &Natives, labels: &Labels) {
        let (track, counts) = (others.by.get(labels), others.counts.by.get(labels));
        track.into_iter().for_each(|track| drop(self.by.insert(labels.clone(), track.clone())));
        counts.into_iter().for_each(|counts| drop(self.counts.by.insert(labels.clone(), counts.clone())));
    }

    /// Adds samples of one series, which follow those that were added before.
    ///
    /// # Errors
    ///
    /// Unreadable: counts that are not whole, values below zero.
    pub fn add(&mut self, labels: &Labels, samples: impl Iterator<Item = (i64, Native)>) -> Result<(), Error> {
        let span = self.span;
        let new = || Track { last: None, steps: BTreeMap::new(), birth: None };
        let track = self.by.entry(labels.clone()).or_insert_with(new);
        for (at, native) in samples {
            let counts = Counts::of(&native).map_err(|why| {
                Error::unreadable(format!("{} at {} {why}", shown(labels), instant(at)))
                    .hint("Select native histograms as they are scraped, of times or sizes.")
            })?;
            self.counts.add(labels, std::iter::once((at, native.count.0)))?;
            track.add(&span, at, counts);
        }
        Ok(())
    }

    /// As a series of histograms, one unit of them being `factor` in the metric's.
    ///
    /// # Errors
    ///
    /// Unreadable: histograms of two kinds.
    pub fn series(self, factor: f64, without: &[String], notes: &mut Vec<Remark>) -> Result<Series, Error> {
        let (mut columns, remarks) = totals::of(vec![("histogram".to_owned(), self.counts)], without);
        notes.extend(remarks);
        let totals = columns.pop().map(|(_, totals)| totals);
        let counted = totals.as_ref().map(totals::Totals::all).unwrap_or_default();
        let mut steps: BTreeMap<usize, Vec<Counts>> = BTreeMap::new();
        for (labels, track) in self.by {
            if !totals.as_ref().is_some_and(|totals| totals.has_series(&labels)) {
                continue;
            }
            let is_doubted = totals.as_ref().is_some_and(|totals| totals.is_doubted(&labels));
            let birth = track.birth.map(|(step, counts)| (step, if is_doubted { Counts::default() } else { counts }));
            track.steps.into_iter().chain(birth).for_each(|(step, counts)| steps.entry(step).or_default().push(counts));
        }
        let all = || steps.values().flatten();
        let edges = all().flat_map(|counts| counts.custom.keys()).filter(|edge| **edge != BEYOND);
        let custom: Vec<u64> = edges.copied().collect();
        if !custom.is_empty() && all().any(|counts| !counts.steps.is_empty()) {
            return Err(Error::unreadable("has native histograms with custom edges and with none at once")
                .hint("Select those of one kind."));
        }
        let schema = all().filter_map(|counts| counts.ladder).min().unwrap_or(*SCHEMAS.end());
        let grid = if custom.is_empty() { ladder(schema) } else { Grid::of_edges(custom) };
        let (mut time, mut bins) = (Vec::new(), Vec::new());
        for (step, own) in &steps {
            time.push(self.span.time(*step));
            bins.push(Bins::new(grid, None, own.iter().flat_map(|counts| counts.cells(schema, grid)).collect()));
        }
        // a bucket that falls is a restart, or the histogram has moved what it counted into others
        let is_more = |(step, bins): (&usize, &Bins)| bins.total() > counted.get(*step).copied().flatten().unwrap_or(0);
        let more = steps.keys().zip(&bins).filter(|pair| is_more(*pair)).count();
        if more > 0 {
            notes.push(Remark::incomplete(format!(
                "the buckets count more than the native histogram itself in {more} of its steps: it has changed its buckets meanwhile"
            )));
        }
        Ok(Series::Buckets { time, bins, scale: factor / 1e9 })
    }
}

impl Track {
    fn add(&mut self, span: &Span, at: i64, counts: Counts) {
        let before = self.last.replace((at, counts.clone()));
        let Some(step) = span.step_of(at) else { return };
        let increase = match before {
            Some((earlier, old)) if earlier >= at => {
                self.last = Some((earlier, old));
                return;
            }
            Some((_, old)) => counts.less(&old).unwrap_or(counts),
            None => {
                self.birth = Some((step, counts));
                return;
            }
        };
        self.steps.entry(step).or_default().add(&increase);
    }
}

impl Counts {
    fn of(native: &Native) -> Result<Counts, &'static str> {
        let whole = |number: f64| {
            let is_count = number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_992.0;
            if is_count { Ok(number as u64) } else { Err("has counts that are not whole") }
        };
        whole(native.count.0)?;
        let ladder =
            native.buckets.iter().filter(|(rule, ..)| *rule != 3).try_fold(*SCHEMAS.end(), |coarsest, bucket| {
                schema(bucket.1.0, bucket.2.0).map(|schema| schema.min(coarsest))
            });
        let mut counts = Counts { ladder, ..Counts::default() };
        for (rule, left, right, count) in &native.buckets {
            let (left, right, count) = (left.0, right.0, whole(count.0)?);
            if right < 0.0 || (*rule != 3 && left < 0.0 && left.is_finite()) {
                return Err("has values below zero");
            }
            match (ladder, rule) {
                (Some(_), 3) => *counts.steps.entry(ZERO).or_default() += count,
                (Some(schema), _) => *counts.steps.entry(step(right, schema)).or_default() += count,
                (None, _) => {
                    let edge = if right.is_finite() { (right * 1e9).round() as u64 } else { BEYOND };
                    *counts.custom.entry(edge).or_default() += count;
                    // where a bucket begins is an edge too
                    if left > 0.0 {
                        counts.custom.entry((left * 1e9).round() as u64).or_default();
                    }
                }
            }
        }
        Ok(counts)
    }

    /// What was counted since; nothing where anything fell, because it started again.
    fn less(&self, old: &Counts) -> Option<Counts> {
        if self.custom.is_empty() != old.custom.is_empty() && !old.is_empty() && !self.is_empty() {
            return None;
        }
        let ladder = self.ladder.into_iter().chain(old.ladder).min();
        let (mut new, old) = (self.coarsened(ladder), old.coarsened(ladder));
        for (step, count) in &old.steps {
            let own = new.steps.entry(*step).or_default();
            *own = own.checked_sub(*count)?;
        }
        for (edge, count) in &old.custom {
            let own = new.custom.entry(*edge).or_default();
            *own = own.checked_sub(*count)?;
        }
        Some(new)
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.custom.is_empty()
    }

    fn add(&mut self, other: &Counts) {
        let ladder = match self.is_empty() {
            true => other.ladder,
            false => self.ladder.into_iter().chain(other.ladder).min(),
        };
        let (mut sum, other) = (self.coarsened(ladder), other.coarsened(ladder));
        other.steps.iter().for_each(|(step, count)| *sum.steps.entry(*step).or_default() += count);
        other.custom.iter().for_each(|(edge, count)| *sum.custom.entry(*edge).or_default() += count);
        *self = sum;
    }

    /// On a coarser ladder.
    fn coarsened(&self, ladder: Option<i32>) -> Counts {
        let times = self.ladder.zip(ladder).map_or(0, |(own, wanted)| (own - wanted).max(0));
        let mut steps = BTreeMap::new();
        for (step, count) in &self.steps {
            let step = if *step == ZERO { ZERO } else { (0..times).fold(*step, |step, _| (step + 1).div_euclid(2)) };
            *steps.entry(step).or_default() += count;
        }
        Counts { ladder, steps, custom: self.custom.clone() }
    }

    /// The cells of a grid with the counts.
    fn cells(&self, schema: i32, grid: Grid) -> Vec<(u32, u64)> {
        let coarse = self.coarsened(Some(schema));
        let of_ladder = coarse.steps.iter().map(|(step, count)| {
            let edge = if *step == ZERO { 0 } else { edge(*step, schema) };
            (grid.index(edge), *count)
        });
        of_ladder.chain(coarse.custom.iter().map(|(edge, count)| (grid.index(*edge), *count))).collect()
    }
}

/// The ladder that a bucket is of; nothing where it is of none.
fn schema(left: f64, right: f64) -> Option<i32> {
    if left <= 0.0 || !right.is_finite() {
        return None;
    }
    SCHEMAS.into_iter().find(|schema| {
        let ends = [left, right].map(|end| end.log2() * 2_f64.powi(*schema));
        let on = ends.iter().all(|end| (end - end.round()).abs() < NEAR * 2_f64.powi(*schema).max(1.0) * 1e2);
        on && (ends[1] - ends[0] - 1.0).abs() < 1e-3
    })
}

/// Which step of a ladder an upper end is.
fn step(right: f64, schema: i32) -> i64 {
    (right.log2() * 2_f64.powi(schema)).round() as i64
}

/// A step of a ladder, in billionths.
fn edge(step: i64, schema: i32) -> u64 {
    let edge = (step as f64 / 2_f64.powi(schema)).exp2() * 1e9;
    if edge.is_finite() { edge.round() as u64 } else { u64::MAX }
}

/// The grid of a ladder.
fn ladder(schema: i32) -> Grid {
    let end = |octave: i32| (f64::from(octave) * 2_f64.powi(schema)).round() as i64;
    Grid::of_edges((end(*OCTAVES.start())..=end(*OCTAVES.end())).map(|step| edge(step, schema)).collect())
}

/// A number in quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written(pub f64);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
        struct Quoted;
        impl Visitor<'_> for Quoted {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
                let is_short = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
                let whole = if is_short { text.parse::<u64>().ok() } else { None };
                let number = whole.map(|whole| whole as f64).or_else(|| text.parse().ok());
                number.map(Written).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Quoted)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SPAN: Span = Span { start: 0, end: 600_000, step: 60_000, from: -300_000 };

    fn native(buckets: &[(u8, f64, f64, u64)]) -> Native {
        let count = buckets.iter().map(|(.., count)| count).sum::<u64>();
        let one = |(rule, left, right, count): &(u8, f64, f64, u64)| {
            serde_json::json!([rule, left.to_string(), right.to_string(), count.to_string()])
        };
        let buckets: Vec<serde_json::Value> = buckets.iter().map(one).collect();
        let text = serde_json::json!({ "count": count.to_string(), "sum": "1.5", "buckets": buckets });
        serde_json::from_str(&text.to_string()).unwrap()
    }

    /// A bucket of a ladder.
    fn at(schema: i32, step: i64, count: u64) -> (u8, f64, f64, u64) {
        let end = |step: i64| (step as f64 / 2_f64.powi(schema)).exp2();
        (0, end(step - 1), end(step), count)
    }

    fn bins(samples: Vec<(i64, Native)>) -> Vec<Bins> {
        let mut natives = Natives::new(SPAN);
        natives.add(&vec![("a".into(), "b".into())], samples.into_iter()).unwrap();
        let Series::Buckets { bins, .. } = natives.series(1.0, &[], &mut Vec::new()).unwrap() else { panic!() };
        bins
    }

    fn cells(bins: &Bins) -> Vec<(u64, u64, u64)> {
        bins.cells().map(|(at, count)| (bins.grid().low(at), bins.grid().high(at), count)).collect()
    }

    #[test]
    fn differences_are_whole_numbers_on_the_coarsest_ladder() {
        let fine = native(&[at(3, -8, 5), at(3, -7, 2)]);
        let later = native(&[at(3, -8, 9), at(3, -7, 2), at(3, 0, 1)]);
        let coarse = native(&[at(0, -1, 9), at(0, 0, 20)]);
        let found = bins(vec![(-1_000, fine), (30_000, later), (90_000, coarse)]);
        // a step of the coarse ladder, from a half to one, holds those of the fine one
        assert_eq!(cells(&found[0]), [(250_000_001, 500_000_000, 4), (500_000_001, 1_000_000_000, 1)]);
        assert_eq!(cells(&found[1]), [(500_000_001, 1_000_000_000, 20 - 2 - 1)]);
    }

    #[test]
    fn a_fall_is_a_restart_and_a_first_sample_inside_is_a_birth() {
        let found = bins(vec![(-1_000, native(&[at(1, 3, 9)])), (30_000, native(&[at(1, 3, 4)]))]);
        assert_eq!(found[0].total(), 4);
        assert_eq!(bins(vec![(30_000, native(&[at(1, 3, 4), (3, -1e-9, 1e-9, 2)]))])[0].total(), 6);
    }

    #[test]
    fn what_is_older_than_it_seems_is_not_counted() {
        let mut natives = Natives::new(SPAN);
        let samples = [(30_000, native(&[at(1, 3, 90_000)])), (60_000, native(&[at(1, 3, 90_002)]))];
        natives.add(&vec![("instance".into(), "b".into())], samples.into_iter()).unwrap();
        let mut notes = Vec::new();
        let Series::Buckets { bins, .. } = natives.series(1.0, &[], &mut notes).unwrap() else { panic!() };
        assert_eq!(bins.iter().map(Bins::total).sum::<u64>(), 2);
        assert!(notes.iter().any(|note| note.gravity == crate::series::Gravity::Incomplete), "{notes:?}");
    }

    #[test]
    fn custom_edges_stay_what_they_are() {
        let first = native(&[(0, f64::NEG_INFINITY, 0.1, 3), (0, 0.1, 0.3, 2)]);
        let then = native(&[(0, f64::NEG_INFINITY, 0.1, 4), (0, 0.1, 0.3, 2), (0, 0.3, f64::INFINITY, 7)]);
        let found = bins(vec![(-1_000, first), (30_000, then)]);
        assert_eq!(cells(&found[0]), [(0, 100_000_000, 1), (300_000_001, u64::MAX, 7)]);
    }

    #[test]
    fn fractions_and_values_below_zero_are_refused() {
        let mut natives = Natives::new(SPAN);
        let mut refused =
            |native: Native| natives.add(&Labels::new(), std::iter::once((1_000, native))).unwrap_err().to_string();
        assert!(refused(native(&[(1, -0.2, -0.1, 3)])).contains("has values below zero"));
        let text = r#"{"count":"2.5","sum":"1","buckets":[]}"#;
        assert!(refused(serde_json::from_str(text).unwrap()).contains("counts that are not whole"));
    }
}
