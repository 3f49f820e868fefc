//! The requests of a histogram, as [`slow`](super::slow) asks for them: how many lie beyond a limit, where a quantile is.
//!
//! A cell stands for the whole numbers of units from its low to its high end. Which cells lie beyond a limit follows from
//! the limit and the grid alone; how many requests those have is found in the packed cells themselves, of which only the
//! beginning of every thirty-second is noted. So a day of histograms takes as much memory as it took to keep them.

use super::histogram::{Bins, Grid, Mark};
use super::quantile::Largest;

/// How many cells share a mark: as many are read, at most, to answer a question.
const EVERY: usize = 32;

/// An edge and a limit that differ by less, as a share, are the same number in different units.
const SAME: f64 = 1e-12;

/// A histogram in the unit of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binned {
    bins: Bins,
    /// What one unit of the histogram is in the metric's.
    scale: f64,
    marks: Box<[Mark]>,
}

/// One end of each cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Low,
    High,
}

impl Binned {
    pub(super) fn new(bins: Bins, scale: f64) -> Binned {
        let marks = bins.marks(EVERY);
        Binned { bins, scale, marks }
    }

    pub(super) fn bins(&self) -> &Bins {
        &self.bins
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    pub(super) fn len(&self) -> u64 {
        self.bins.total()
    }

    fn low(&self, at: u32) -> f64 {
        self.bins.grid().low(at) as f64 * self.scale
    }

    /// Nobody knows how far the last cell of a histogram with an end reaches, or the one beyond all edges.
    fn high(&self, at: u32) -> f64 {
        match self.bins.end() {
            Some(end) if at >= end => f64::INFINITY,
            _ if self.bins.grid().is_open(at) => f64::INFINITY,
            _ => self.bins.grid().high(at) as f64 * self.scale,
        }
    }

    /// How many requests are in cells with an end beyond a limit, or at it where that is beyond. At the end of a histogram
    /// they are slower than any finite limit.
    pub(super) fn beyond(&self, limit: f64, inclusive: bool, end: End) -> u64 {
        if limit == f64::INFINITY && !inclusive {
            return 0;
        }
        let first = first_beyond(self.bins.grid(), self.scale, limit, inclusive, end);
        let first = self.bins.end().map_or(first, |end| first.min(u64::from(end)));
        self.bins.total() - self.before(first)
    }

    /// How many requests are in the cells before one.
    fn before(&self, first: u64) -> u64 {
        let is_before = |at: u32| u64::from(at) < first;
        let block = self.marks.partition_point(|mark| is_before(mark.at)).max(1) - 1;
        let Some(mark) = self.marks.get(block) else { return 0 };
        let cells = self.bins.cells_after(*mark).take_while(|(at, _)| is_before(*at));
        cells.fold(mark.before, |sum, (_, count)| sum.saturating_add(count))
    }

    /// The cell that holds the `q`-quantile, and how far into its requests that is.
    fn place(&self, q: f64) -> Option<(u32, f64)> {
        if q.is_nan() {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * self.bins.total() as f64;
        let block = self.marks.partition_point(|mark| (mark.before as f64) < rank).max(1) - 1;
        let mark = self.marks.get(block)?;
        let (mut before, mut found) = (mark.before, None);
        for (at, count) in self.bins.cells_after(*mark) {
            let inside = (rank - before as f64) / count as f64;
            found = Some((at, inside.clamp(0.0, 1.0)));
            before = before.saturating_add(count);
            if before as f64 >= rank {
                break;
            }
        }
        found
    }

    /// The `q`-quantile inside its cell, on the log scale where its ends are positive.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let (at, inside) = self.place(q)?;
        let (low, high) = (self.low(at), self.high(at));
        Some(if low == high || high == f64::INFINITY {
            low
        } else if low > 0.0 {
            (low.ln() + inside * (high / low).ln()).exp().clamp(low, high)
        } else {
            (1.0 - inside) * low + inside * high
        })
    }

    /// The ends of the bucket that holds the `q`-quantile, of a histogram that has edges of its own.
    pub(super) fn bucket(&self, q: f64) -> Option<(f64, f64)> {
        self.bins.grid().edges()?;
        self.place(q).map(|(at, _)| (self.low(at), self.high(at)))
    }

    /// The lower end of the cell that holds the `q`-quantile.
    pub(super) fn least(&self, q: f64) -> Option<f64> {
        self.place(q).map(|(at, _)| self.low(at))
    }

    /// The upper end of the cell that holds the `q`-quantile.
    pub(super) fn threshold(&self, q: f64) -> Option<f64> {
        self.place(q).map(|(at, _)| self.high(at))
    }

    /// The limits at which [`beyond`](Self::beyond) changes, sorted.
    pub(super) fn edges(&self) -> Vec<f64> {
        let ends = |(at, _)| {
            let high = self.high(at);
            let is_end = self.bins.end().is_some_and(|end| at >= end);
            [if is_end { high } else { self.low(at) }, high]
        };
        let mut edges: Vec<f64> = self.bins.cells().flat_map(ends).collect();
        edges.dedup();
        edges
    }

    pub(super) fn largest(&self) -> Option<Largest> {
        let (mut last, mut before) = (None, 0);
        for (at, count) in self.bins.cells() {
            before = last.replace((at, count)).map_or(0, |(_, count)| count);
        }
        let (at, count) = last?;
        Some(match self.high(at) {
            f64::INFINITY => Largest { value: self.low(at), count, before: 0, is_end: true },
            value => Largest { value, count, before, is_end: false },
        })
    }
}

/// The first cell with an end beyond a limit, or at it where that is beyond.
fn first_beyond(grid: Grid, scale: f64, limit: f64, inclusive: bool, end: End) -> u64 {
    let last = u64::from(grid.index(u64::MAX));
    let is_beyond = |at: u64| {
        let units = if end == End::Low { grid.low(at as u32) } else { grid.high(at as u32) };
        let value = units as f64 * scale;
        // an edge that was written as the limit is the limit, however both were rounded
        let is_edge = grid.edges().is_some() && end == End::High;
        let is_same = is_edge && (value - limit).abs() <= SAME * limit.abs();
        if is_same { inclusive } else { value > limit || inclusive && value == limit }
    };
    // beside it, unless the limit is not a number; that the division is rounded may put it there
    let mut at = u64::from(grid.index((limit / scale) as u64));
    while at > 0 && is_beyond(at - 1) {
        at -= 1;
    }
    while at <= last && !is_beyond(at) {
        at += 1;
    }
    at
}

/// How many requests were slow so far, by the cells of one grid, and where a quantile of them lies.
pub(super) struct Running {
    grid: Grid,
    /// The nearest end that a histogram so far has reached.
    end: Option<usize>,
    counts: Vec<u64>,
    all: u64,
    /// A cell near the quantile, and how many are in the cells before it.
    at: usize,
    below: u64,
}

impl Running {
    pub(super) fn new(grid: Grid) -> Running {
        Running { grid, end: None, counts: Vec::new(), all: 0, at: 0, below: 0 }
    }

    pub(super) fn count(&self) -> u64 {
        self.all
    }

    /// Adds the requests of a step. Its cells must not be coarser.
    pub(super) fn reveal(&mut self, bins: &Bins) {
        let same = bins.grid() == self.grid;
        let moved = |at: u32| if same { at } else { self.grid.index(bins.grid().low(at)) } as usize;
        let own_end = bins.end().map(moved);
        for (at, count) in bins.cells() {
            let at = moved(at);
            if at >= self.counts.len() {
                self.counts.resize(at + 1, 0);
            }
            self.counts[at] = self.counts[at].saturating_add(count);
            self.all = self.all.saturating_add(count);
            if at < self.at {
                self.below = self.below.saturating_add(count);
            }
            if own_end.is_some_and(|end| at >= end) {
                self.end = Some(self.end.map_or(at, |end| end.min(at)));
            }
        }
    }

    /// The upper end, in units, of the cell that holds the `q`-quantile: no cell of a histogram so far straddles it.
    pub(super) fn upper_end(&mut self, q: f64) -> Option<f64> {
        let rank = ((q.clamp(0.0, 1.0) * self.all as f64).ceil().max(1.0) as u64).min(self.all);
        while self.at > 0 && self.below >= rank {
            self.at -= 1;
            self.below = self.below.saturating_sub(self.counts[self.at]);
        }
        while let Some(upto) = self.counts.get(self.at).map(|count| self.below.saturating_add(*count))
            && upto < rank
        {
            self.below = upto;
            self.at += 1;
        }
        let at = self.at.min(self.counts.len().checked_sub(1)?);
        Some(match self.end {
            Some(end) if at >= end => f64::INFINITY,
            _ if self.grid.is_open(at as u32) => f64::INFINITY,
            _ => self.grid.high(at as u32) as f64,
        })
    }
}
