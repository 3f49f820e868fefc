//! Histograms of latencies, packed: the cells of HdrHistogram (Tene), of which only those that counted anything are kept.
//!
//! A value is a whole number of units. Up to `2^bits` every value has a cell of its own; above, each doubling is divided
//! into `2^(bits - 1)` cells, so that a cell is never wider than its values times `2^(1 - bits)`: below 0.1 % with the eleven
//! bits that HdrHistogram's three significant digits take. Cells of a coarser grid are made of whole cells of a finer one,
//! so that histograms of different resolution add up on the coarser grid without a loss beyond it.
//!
//! Histograms of other systems come with edges of their own (`le` in Prometheus). Their grid is those edges: a cell holds what
//! is beyond the edge before it and not beyond its own, and the last cell everything that is beyond all of them. Two such
//! grids join on the edges that they share.
//!
//! A dense histogram of microseconds up to an hour has 23,552 counters, 188 KB. One is needed per arm and step, and the
//! requests of a step fall into a few thousand cells at most. So the cells are kept as pairs of (distance from the cell
//! before, count), each a variable-length number of 7 bits to the byte (LEB128): two to three bytes per cell.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::{CreationError, Histogram};

/// How finely values are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grid {
    bits: u8,
    unit: u8,
    /// The last value of each cell but the last, sorted, where it has edges of its own; then the rest does not count.
    edges: &'static [u64],
}

/// The edges that some grid has. There are a few sets of them, each kept once and for good, so that a grid is copied as
/// a number is.
static EDGES: Mutex<BTreeSet<&'static [u64]>> = Mutex::new(BTreeSet::new());

impl Grid {
    /// Three significant digits from one unit on.
    pub const THREE_DIGITS: Grid = Grid { bits: 11, unit: 0, edges: &[] };

    /// HdrHistogram's grid of so many significant digits (0 to 5) with cells of at least `lowest` units.
    pub fn of_digits(digits: u8, lowest: u64) -> Grid {
        let single = 2 * 10_u64.pow(u32::from(digits.min(5)));
        let bits = (64 - (single - 1).leading_zeros()).max(1);
        Grid { bits: bits as u8, unit: lowest.max(1).ilog2().min(62 - bits) as u8, edges: &[] }
    }

    /// A grid of edges: the last value of each cell, above all of which there is one more. Without any edge, all values are
    /// in one cell.
    pub fn of_edges(mut edges: Vec<u64>) -> Grid {
        edges.sort_unstable();
        edges.dedup();
        if edges.is_empty() {
            edges.push(u64::MAX);
        }
        let mut known = EDGES.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(edges.as_slice()).copied();
        let edges = found.unwrap_or_else(|| Box::leak(edges.into_boxed_slice()));
        known.insert(edges);
        Grid { bits: 0, unit: 0, edges }
    }

    /// Whether a cell is the one beyond all edges, so that nobody knows how far it reaches.
    pub fn is_open(self, index: u32) -> bool {
        !self.edges.is_empty() && index as usize >= self.edges.len()
    }

    /// The edges of a grid that has its own.
    pub fn edges(self) -> Option<&'static [u64]> {
        (!self.edges.is_empty()).then_some(self.edges)
    }

    /// The coarser of the two in both respects: cells of either are whole parts of its cells. Of a grid with edges and one
    /// without it is the one with edges, in whose cells those of the other need not lie whole.
    pub fn join(self, other: Grid) -> Grid {
        match (self.edges(), other.edges()) {
            (None, None) => {}
            (Some(own), Some(others)) if own == others => return self,
            (Some(own), Some(others)) => {
                return Grid::of_edges(own.iter().filter(|edge| others.binary_search(edge).is_ok()).copied().collect());
            }
            (Some(_), None) => return self,
            (None, Some(_)) => return other,
        }
        Grid { edges: &[], bits: self.bits.min(other.bits), unit: self.unit.max(other.unit) }
    }

    /// The cell of a value.
    #[inline]
    pub fn index(self, value: u64) -> u32 {
        if !self.edges.is_empty() {
            return self.edges.partition_point(|edge| *edge < value) as u32;
        }
        let (bits, unit) = (u32::from(self.bits), u32::from(self.unit));
        let whole = value >> unit;
        let doublings = (64 - whole.leading_zeros()).saturating_sub(bits);
        (doublings << (bits - 1)) + (whole >> doublings) as u32
    }

    /// The smallest value of a cell.
    pub fn low(self, index: u32) -> u64 {
        if !self.edges.is_empty() {
            let before = (index as usize).min(self.edges.len()).checked_sub(1);
            return before.map_or(0, |before| self.edges[before].saturating_add(1));
        }
        let (doublings, within) = self.parts(index);
        u64::from(within) << (doublings + u32::from(self.unit))
    }

    /// The largest value of a cell.
    pub fn high(self, index: u32) -> u64 {
        if !self.edges.is_empty() {
            return self.edges.get(index as usize).copied().unwrap_or(u64::MAX);
        }
        let (doublings, _) = self.parts(index);
        self.low(index) + ((1_u64 << (doublings + u32::from(self.unit))) - 1)
    }

    /// HdrHistogram's significant digits of so fine a grid; those of the usual one if it has edges of its own.
    pub fn digits(self) -> u8 {
        if !self.edges.is_empty() {
            return Grid::THREE_DIGITS.digits();
        }
        (0..5).find(|digits| Grid::of_digits(*digits, 1).bits >= self.bits).unwrap_or(5)
    }

    /// Up to two to the power of this many units every value has a cell of its own; 0 if the grid has edges of its own.
    pub fn bits(self) -> u32 {
        u32::from(self.bits)
    }

    /// The width of the narrowest cells, a power of two.
    pub fn lowest(self) -> u64 {
        1 << self.unit
    }

    /// The largest relative width of a cell above the first `2^bits` units; above the first edge if it has its own.
    pub fn resolution(self) -> f64 {
        if !self.edges.is_empty() {
            let width = |pair: &[u64]| (pair[1] - pair[0]) as f64 / pair[0].max(1) as f64;
            return self.edges.windows(2).map(width).fold(0.0, f64::max);
        }
        0.5_f64.powi(i32::from(self.bits) - 1)
    }

    fn parts(self, index: u32) -> (u32, u32) {
        let bits = u32::from(self.bits);
        let doublings = (index >> (bits - 1)).saturating_sub(1);
        (doublings, index - (doublings << (bits - 1)))
    }
}

/// How often each cell was hit. Two with the same counts on the same grid are equal. A clone shares the cells.
#[derive(Clone, PartialEq, Eq)]
pub struct Bins {
    grid: Grid,
    /// The cell that also stands for everything beyond it, where the histogram has an end.
    end: Option<u32>,
    packed: Arc<[u8]>,
    total: u64,
}

/// Where the cells continue in what is packed, and what is known by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// The cell before.
    pub(super) at: u32,
    from: u32,
    /// How many values were counted up to there.
    pub(super) before: u64,
}

impl Bins {
    /// Counts by their cells. Those of one cell are added up; a count of nothing is left out. In the cell `end`, and what is
    /// beyond is counted there, values may have been larger by any amount.
    pub fn new(grid: Grid, end: Option<u32>, mut cells: Vec<(u32, u64)>) -> Bins {
        if let Some(end) = end {
            cells.iter_mut().for_each(|(at, _)| *at = end.min(*at));
        }
        if !cells.is_sorted_by_key(|(at, _)| *at) {
            cells.sort_unstable_by_key(|(at, _)| *at);
        }
        let (mut packed, mut last, mut total) = (Vec::new(), 0, 0_u64);
        for run in cells.chunk_by(|a, b| a.0 == b.0) {
            let count = run.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            if count > 0 {
                put(&mut packed, u64::from(run[0].0 - last));
                put(&mut packed, count);
                last = run[0].0;
                total = total.saturating_add(count);
            }
        }
        Bins { grid, end, packed: packed.into(), total }
    }

    /// How finely the values are told apart.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The cell that also stands for everything beyond it.
    pub fn end(&self) -> Option<u32> {
        self.end
    }

    /// Whether a value has reached the end, so that it may have been larger.
    pub fn is_ended(&self) -> bool {
        self.end.is_some_and(|end| self.cells().last().is_some_and(|(at, _)| at >= end))
    }

    /// The same histogram, of which nothing is said of an end that nothing reached.
    pub fn without_idle_end(self) -> Bins {
        match self.end {
            Some(_) if !self.is_ended() => Bins { end: None, ..self },
            _ => self,
        }
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many bytes the cells take.
    pub fn bytes(&self) -> usize {
        self.packed.len()
    }

    /// The cells that were hit and how often, in order.
    pub fn cells(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.cells_after(Mark { at: 0, from: 0, before: 0 })
    }

    /// The cells that follow a mark.
    pub(super) fn cells_after(&self, mark: Mark) -> impl Iterator<Item = (u32, u64)> + '_ {
        let (mut rest, mut at) = (self.packed.get(mark.from as usize..).unwrap_or_default(), mark.at);
        std::iter::from_fn(move || {
            let distance = take(&mut rest)?;
            at += distance as u32;
            Some((at, take(&mut rest)?))
        })
    }

    /// Where every so many cells begin.
    pub(super) fn marks(&self, every: usize) -> Box<[Mark]> {
        let (mut rest, mut mark, mut left) = (&*self.packed, Mark { at: 0, from: 0, before: 0 }, 0_usize);
        let mut marks = Vec::new();
        while !rest.is_empty() {
            if left == 0 {
                mark.from = (self.packed.len() - rest.len()) as u32;
                marks.push(mark);
                left = every;
            }
            let (Some(distance), Some(count)) = (take(&mut rest), take(&mut rest)) else { break };
            mark = Mark { at: mark.at + distance as u32, before: mark.before.saturating_add(count), ..mark };
            left -= 1;
        }
        marks.into()
    }

    /// The same counts on a coarser grid.
    pub fn coarsened(&self, to: Grid) -> Bins {
        let to = self.grid.join(to);
        if to == self.grid {
            return self.clone();
        }
        let moved = |at: u32| to.index(self.grid.low(at));
        Bins::new(to, self.end.map(moved), self.cells().map(|(at, count)| (moved(at), count)).collect())
    }

    /// The sum of many, on the coarsest of their grids, as [`Tally::add`] makes it; `None` of none.
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Bins> + Clone) -> Option<Bins> {
        let grid = parts.clone().into_iter().map(Bins::grid).reduce(Grid::join)?;
        let mut sum = Tally::new(grid);
        parts.into_iter().for_each(|part| sum.add(part));
        Some(sum.finish())
    }

    /// The same counts as HdrHistogram keeps them. One that has no end of its own grows as it needs.
    ///
    /// # Errors
    ///
    /// The end is so near that HdrHistogram cannot end there: below twice the narrowest cell.
    pub fn histogram(&self) -> Result<Histogram<u64>, CreationError> {
        let last = self.cells().last().map_or(0, |(at, _)| self.grid.high(at));
        let high = self.end.map_or(last.max(2 * self.grid.lowest()), |end| self.grid.high(end));
        let mut histogram = Histogram::new_with_bounds(self.grid.lowest(), high, self.grid.digits())?;
        histogram.auto(self.end.is_none());
        self.cells().for_each(|(at, count)| histogram.saturating_record_n(self.grid.low(at), count));
        Ok(histogram)
    }
}

/// One that grows has no end.
impl From<&Histogram<u64>> for Bins {
    fn from(histogram: &Histogram<u64>) -> Bins {
        let grid = Grid::of_digits(histogram.sigfig(), histogram.low());
        let end = (!histogram.is_auto_resize()).then(|| grid.index(histogram.high()));
        let cells = histogram.iter_recorded().map(|cell| (grid.index(cell.value_iterated_to()), cell.count_at_value()));
        Bins::new(grid, end, cells.collect())
    }
}

impl fmt::Debug for Bins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = self.cells().map(|(at, count)| (self.grid.low(at), count));
        f.debug_map().entries(cells).finish()
    }
}

/// Counts per cell while they are being made, dense.
#[derive(Debug, Clone)]
pub struct Tally {
    grid: Grid,
    /// The end that it was made with.
    own: Option<u32>,
    /// Where it ends by what it has counted.
    end: Option<u32>,
    counts: Vec<u64>,
    /// The cells from the first to just after the last that were hit.
    hit: (usize, usize),
}

impl Tally {
    /// Nothing yet.
    pub fn new(grid: Grid) -> Tally {
        Tally { grid, own: None, end: None, counts: Vec::new(), hit: (usize::MAX, 0) }
    }

    /// Nothing yet; values beyond the cell `end` are counted in it.
    pub fn ending(grid: Grid, end: u32) -> Tally {
        Tally { own: Some(end), end: Some(end), counts: vec![0; end as usize + 1], ..Tally::new(grid) }
    }

    /// How finely it tells values apart.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Counts values of one cell.
    #[inline]
    pub fn count(&mut self, index: u32, times: u64) {
        let at = self.end.map_or(index, |end| index.min(end)) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] = self.counts[at].saturating_add(times);
        self.hit = (self.hit.0.min(at), self.hit.1.max(at + 1));
    }

    /// Counts all that another histogram has counted; it must not be coarser. Of different ends the nearest one that was
    /// reached is the sum's, for of what lies beyond it nothing more is known; if none was, the farthest.
    pub fn add(&mut self, bins: &Bins) {
        let same = bins.grid == self.grid;
        let moved = |at: u32| if same { at } else { self.grid.index(bins.grid.low(at)) };
        let end = bins.end.map(moved);
        let cells: Vec<(u32, u64)> =
            if same { Vec::new() } else { bins.cells().map(|(at, n)| (moved(at), n)).collect() };
        if end != self.end {
            self.meet(end, bins.is_ended());
        }
        match same {
            true => bins.cells().for_each(|(at, times)| self.count(at, times)),
            false => cells.into_iter().for_each(|(at, times)| self.count(at, times)),
        }
    }

    fn meet(&mut self, end: Option<u32>, is_reached: bool) {
        let reached = self.end.filter(|end| self.hit.1 > *end as usize);
        self.end = match (reached, end.filter(|_| is_reached)) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (None, None) if self.hit.1 == 0 && self.own.is_none() => end,
            (None, None) => self.end.zip(end).map(|(own, other)| own.max(other)),
            (own, other) => own.or(other),
        };
        let Some(end) = self.end.map(|end| end as usize).filter(|end| self.hit.1 > end + 1) else { return };
        let beyond = self.counts[end + 1..self.hit.1].iter_mut().map(std::mem::take).fold(0, u64::saturating_add);
        self.hit = (self.hit.0.min(end), end + 1);
        self.counts[end] = self.counts[end].saturating_add(beyond);
    }

    /// What was counted; the tally is empty again.
    pub fn finish(&mut self) -> Bins {
        let (from, to) = std::mem::replace(&mut self.hit, (usize::MAX, 0));
        let end = std::mem::replace(&mut self.end, self.own);
        let counted = self.counts.get_mut(from.min(to)..to).unwrap_or_default();
        let cells = counted.iter().enumerate().filter(|(_, count)| **count > 0);
        let cells = cells.map(|(at, count)| ((from + at) as u32, *count)).collect();
        counted.fill(0);
        Bins::new(self.grid, end, cells)
    }
}

fn put(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn take(packed: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Values around every power of two, and many between.
    fn values() -> impl Iterator<Item = u64> {
        let powers = (0..62).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1]);
        powers.chain((0..20_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 60 + 2)))
    }

    #[test]
    fn cells_are_those_of_hdrhistogram() {
        for (digits, lowest) in [(3, 1), (2, 1), (1, 1), (4, 1), (5, 1), (3, 1000), (2, 7), (0, 1)] {
            let grid = Grid::of_digits(digits, lowest);
            let theirs = Histogram::<u64>::new_with_bounds(lowest, 1 << 62, digits).unwrap();
            for value in values() {
                let at = grid.index(value);
                assert_eq!(grid.low(at), theirs.lowest_equivalent(value), "{digits} digits, {value}");
                assert_eq!(grid.high(at), theirs.highest_equivalent(value), "{digits} digits, {value}");
            }
        }
        assert_eq!(Grid::of_digits(3, 1), Grid::THREE_DIGITS);
    }

    #[test]
    fn edges_of_their_own_hold_what_is_not_beyond_them_and_join_on_those_they_share() {
        let grid = Grid::of_edges(vec![250, 100, 250, 500]);
        assert_eq!([0, 100, 101, 250, 500, 501, u64::MAX].map(|value| grid.index(value)), [0, 0, 1, 1, 2, 3, 3]);
        assert_eq!(
            [0, 1, 2, 3].map(|at| (grid.low(at), grid.high(at))),
            [(0, 100), (101, 250), (251, 500), (501, u64::MAX)]
        );
        assert_eq!([2, 3].map(|at| grid.is_open(at)), [false, true]);
        assert_eq!(grid, Grid::of_edges(vec![100, 250, 500]));
        let other = Grid::of_edges(vec![50, 250, 1_000]);
        assert_eq!(grid.join(other).edges(), Some(&[250][..]));
        let one = Bins::new(grid, None, vec![(0, 3), (1, 2), (3, 1)]);
        let sum = Bins::sum([&one, &Bins::new(other, None, vec![(0, 5), (2, 7), (3, 1)])]).unwrap();
        assert_eq!(sum.cells().collect::<Vec<_>>(), [(0, 10), (1, 9)]);
        let nothing_shared = grid.join(Grid::of_edges(vec![7]));
        assert_eq!(nothing_shared.edges().map(<[u64]>::len), Some(1), "all values are in one cell");
    }

    #[test]
    fn neighbouring_cells_leave_no_gap_and_are_narrow() {
        let grid = Grid::THREE_DIGITS;
        for at in 0..40_000 {
            assert_eq!(grid.high(at) + 1, grid.low(at + 1));
            let (low, high) = (grid.low(at), grid.high(at));
            assert!((high - low) as f64 <= low as f64 * grid.resolution());
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let cells = vec![(0, 1), (1, 127), (2, 128), (2000, u64::from(u32::MAX)), (u32::MAX, 3)];
        let bins = Bins::new(Grid::THREE_DIGITS, None, cells.clone());
        assert_eq!(bins.cells().collect::<Vec<_>>(), cells);
        assert_eq!(bins.total(), 1 + 127 + 128 + u64::from(u32::MAX) + 3);
        let shuffled = vec![(2, 100), (1, 127), (5, 0), (2, 28), (0, 1), (2000, u64::from(u32::MAX)), (u32::MAX, 3)];
        assert_eq!(Bins::new(Grid::THREE_DIGITS, None, shuffled), bins);
        assert!(Bins::new(Grid::THREE_DIGITS, None, Vec::new()).is_empty());
    }

    #[test]
    fn a_sum_on_a_coarser_grid_is_what_would_have_been_counted_there() {
        let (fine, coarse) = (Grid::THREE_DIGITS, Grid::of_digits(2, 16));
        let count = |grid: Grid, values: &mut dyn Iterator<Item = u64>| {
            let mut tally = Tally::new(grid);
            values.for_each(|value| tally.count(grid.index(value), 1));
            tally.finish()
        };
        let values: Vec<u64> = values().map(|value| value >> 20).collect();
        let (some, rest) = values.split_at(7_000);
        let direct = count(coarse, &mut values.iter().copied());
        let parts = [count(fine, &mut some.iter().copied()), count(coarse, &mut rest.iter().copied())];
        assert_eq!(Bins::sum(&parts), Some(direct.clone()));
        assert_eq!(count(fine, &mut values.iter().copied()).coarsened(coarse), direct);
        assert_eq!(Bins::sum([]), None);
    }

    #[test]
    fn a_tally_with_an_end_counts_what_is_beyond_at_the_end() {
        let mut tally = Tally::ending(Grid::THREE_DIGITS, 100);
        [3, 100, 101, 5_000_000].into_iter().for_each(|at| tally.count(at, 1));
        let bins = tally.finish();
        assert_eq!((bins.end(), bins.cells().collect::<Vec<_>>()), (Some(100), vec![(3, 1), (100, 3)]));
        assert!(tally.finish().is_empty());
    }

    #[test]
    fn of_two_ends_the_nearest_that_was_reached_counts() {
        let grid = Grid::THREE_DIGITS;
        let bins = |end: Option<u32>, cells: &[u32]| Bins::new(grid, end, cells.iter().map(|at| (*at, 1)).collect());
        let near = [bins(Some(100), &[7, 100]), bins(Some(100), &[7])];
        let far = [bins(Some(200), &[150, 200]), bins(Some(200), &[150])];
        let sums = [
            (&near[0], &far[0], Some(100), vec![(7, 1), (100, 3)]),
            (&near[0], &far[1], Some(100), vec![(7, 1), (100, 2)]),
            (&near[1], &far[0], Some(200), vec![(7, 1), (150, 1), (200, 1)]),
            (&near[1], &far[1], Some(200), vec![(7, 1), (150, 1)]),
            (&near[1], &bins(None, &[150]), None, vec![(7, 1), (150, 1)]),
            (&near[0], &bins(None, &[150]), Some(100), vec![(7, 1), (100, 2)]),
        ];
        for (one, other, end, cells) in sums {
            for sum in [Bins::sum([one, other]), Bins::sum([other, one])] {
                let sum = sum.unwrap();
                assert_eq!((sum.end(), sum.cells().collect::<Vec<_>>()), (end, cells.clone()));
            }
        }
        // one's own end comes back when it is empty again
        let mut tally = Tally::ending(grid, 200);
        tally.add(&near[0]);
        assert_eq!(tally.finish().end(), Some(100));
        assert_eq!(tally.finish().end(), Some(200));
    }

    #[test]
    fn histograms_come_and_go_unchanged() {
        for (digits, lowest, high) in [(3, 1, 60_000_000), (2, 7, 100_000), (1, 1000, 1 << 40), (5, 1, 3_600_000)] {
            let mut histogram = Histogram::<u64>::new_with_bounds(lowest, high, digits).unwrap();
            values().for_each(|value| histogram.saturating_record(value >> 30));
            let bins = Bins::from(&histogram);
            assert_eq!((bins.total(), bins.grid().digits()), (histogram.len(), digits));
            assert_eq!(bins.end(), Some(bins.grid().index(high)));
            assert_eq!(Bins::from(&bins.histogram().unwrap()), bins);
        }
        let mut growing = Histogram::<u64>::new(2).unwrap();
        growing.record(1_000_000).unwrap();
        let bins = Bins::from(&growing);
        assert_eq!((bins.end(), Bins::from(&bins.histogram().unwrap())), (None, bins));
    }
}
