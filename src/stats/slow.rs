//! Requests by how slow they were, and how a question about a quantile becomes one about counts.
//!
//! Whether the canary's p95 is more than 5 % above the baseline's is not asked by estimating two quantiles: in each
//! step a threshold is taken from the baseline's *earlier* steps, and requests slower than it are counted in both arms,
//! the canary's against the threshold times 1.05. The threshold is fixed before the step is seen, so the counts have a
//! common unknown rate under the hypothesis, whatever shocks move both arms and however heavy the tail is; a bad
//! threshold costs power, not validity.
//!
//! Requests are known one by one, or as a histogram. A limit inside one of its cells leaves open how many of the cell's
//! requests are slower: each answer counts them against itself, so coarse cells cost evidence and never make any.

use super::Direction;
use super::counts::CountStep;
use super::quantile::Place;

/// How many earlier requests a threshold needs.
const LEAST_HISTORY: u64 = 50;

/// Requests whose value is only known to lie in a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The smallest value it stands for.
    pub low: f64,
    /// The largest. Infinite where a histogram ends: such requests are slower than any finite limit.
    pub high: f64,
    /// How many requests.
    pub count: u64,
}

/// The requests of one step, or of many.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Sorted, without NaN.
    Single(Vec<f64>),
    Binned(Bins),
}

#[derive(Debug, Clone, PartialEq)]
struct Bins {
    /// By their lower and then their upper ends, each pair of ends once.
    cells: Vec<Cell>,
    /// Requests in each cell and those before it.
    upto: Vec<u64>,
    lows: Ends,
    highs: Ends,
}

/// Sorted ends of cells, with the number of requests of each and those before it.
#[derive(Debug, Clone, PartialEq)]
struct Ends {
    end: Vec<f64>,
    upto: Vec<u64>,
}

impl Ends {
    fn of(mut ends: Vec<(f64, u64)>) -> Ends {
        if !ends.is_sorted_by(|a, b| a.0 <= b.0) {
            ends.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        let upto = running(ends.iter().map(|(_, count)| *count));
        Ends { end: ends.into_iter().map(|(end, _)| end).collect(), upto }
    }

    /// How many lie beyond a limit, or at it where that is beyond.
    fn beyond(&self, limit: f64, inclusive: bool) -> u64 {
        let all = self.upto.last().copied().unwrap_or(0);
        let within = self.end.partition_point(|end| *end < limit || *end == limit && !inclusive);
        all - within.checked_sub(1).and_then(|last| self.upto.get(last)).copied().unwrap_or(0)
    }
}

fn running(counts: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut sum = 0_u64;
    let mut add = |count| {
        sum = sum.saturating_add(count);
        sum
    };
    counts.map(&mut add).collect()
}

impl Requests {
    /// One value per request; what is not a number is left out.
    pub fn single(mut values: Vec<f64>) -> Requests {
        values.retain(|v| !v.is_nan());
        values.sort_unstable_by(f64::total_cmp);
        Requests(Form::Single(values))
    }

    /// Numbers of requests by ranges of their values, in any order; ranges may overlap or be equal.
    pub fn binned(mut cells: Vec<Cell>) -> Requests {
        cells.retain(|c| c.count > 0 && c.low <= c.high);
        let order = |a: &Cell, b: &Cell| a.low.total_cmp(&b.low).then(a.high.total_cmp(&b.high));
        if !cells.is_sorted_by(|a, b| order(a, b).is_le()) {
            cells.sort_unstable_by(order);
        }
        cells.dedup_by(|next, kept| {
            let same = next.low == kept.low && next.high == kept.high;
            if same {
                kept.count = kept.count.saturating_add(next.count);
            }
            same
        });
        let upto = running(cells.iter().map(|c| c.count));
        // at the end of a histogram nothing is known but that the request was at least so slow
        let low = |c: &Cell| if c.high == f64::INFINITY { c.high } else { c.low };
        let lows = Ends::of(cells.iter().map(|c| (low(c), c.count)).collect());
        let highs = Ends::of(cells.iter().map(|c| (c.high, c.count)).collect());
        Requests(Form::Binned(Bins { cells, upto, lows, highs }))
    }

    /// The requests of many steps together; `None` of none. Single requests and cells do not go together.
    pub fn pooled(steps: &[Requests]) -> Option<Requests> {
        match steps.first()?.0 {
            Form::Single(_) => {
                let values = steps.iter().flat_map(|step| match &step.0 {
                    Form::Single(values) => values.as_slice(),
                    Form::Binned(_) => &[],
                });
                Some(Requests::single(values.copied().collect()))
            }
            Form::Binned(_) => Some(Requests::binned(steps.iter().flat_map(Requests::cells).copied().collect())),
        }
    }

    fn cells(&self) -> &[Cell] {
        match &self.0 {
            Form::Single(_) => &[],
            Form::Binned(bins) => &bins.cells,
        }
    }

    /// How many requests there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Form::Single(values) => values.len() as u64,
            Form::Binned(bins) => bins.upto.last().copied().unwrap_or(0),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are slower than a limit, or just as slow where that counts, for evidence in a direction: that many are
    /// slow is shown by those that surely are, that few are slow by those that may be.
    pub fn beyond(&self, limit: f64, inclusive: bool, direction: Direction) -> u64 {
        if limit.is_nan() {
            return 0;
        }
        match (&self.0, direction) {
            (Form::Single(values), _) => {
                (values.len() - values.partition_point(|v| *v < limit || *v == limit && !inclusive)) as u64
            }
            (Form::Binned(bins), Direction::Above) => bins.lows.beyond(limit, inclusive),
            (Form::Binned(bins), Direction::Below) => bins.highs.beyond(limit, inclusive),
        }
    }

    /// The limits at which [`beyond`](Self::beyond) changes, sorted.
    pub fn edges(&self) -> Vec<f64> {
        match &self.0 {
            Form::Single(values) => values.clone(),
            Form::Binned(bins) => {
                let mut edges: Vec<f64> = bins.lows.end.iter().chain(&bins.highs.end).copied().collect();
                edges.sort_unstable_by(f64::total_cmp);
                edges.dedup();
                edges
            }
        }
    }

    /// The `q`-quantile: between order statistics (type 7 of Hyndman and Fan 1996), or inside a cell, on the log scale
    /// where its ends are positive. At the end of a histogram it is the largest value that the histogram can tell.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let bins = match &self.0 {
            Form::Single(values) => return super::quantile::quantile(values, q),
            Form::Binned(bins) => bins,
        };
        let (at, inside) = bins.place(q)?;
        let cell = bins.cells.get(at)?;
        Some(if cell.low == cell.high || cell.high == f64::INFINITY {
            cell.low
        } else if cell.low == f64::NEG_INFINITY {
            cell.high
        } else if cell.low > 0.0 {
            (cell.low.ln() + inside * (cell.high / cell.low).ln()).exp().clamp(cell.low, cell.high)
        } else {
            (1.0 - inside) * cell.low + inside * cell.high
        })
    }

    /// A limit that about `1 - q` of the requests are beyond, and that no cell straddles.
    pub(super) fn threshold(&self, q: f64) -> Option<f64> {
        match &self.0 {
            Form::Single(values) => super::quantile::quantile(values, q),
            Form::Binned(bins) => bins.cells.get(bins.place(q)?.0).map(|cell| cell.high),
        }
    }

    /// The largest value, how many requests have it, and how many have the value before it. For cells: the value at which
    /// the histogram ends and how many reached it.
    pub fn largest(&self) -> Option<Largest> {
        match &self.0 {
            Form::Single(values) => {
                let value = *values.last()?;
                let below = values.partition_point(|v| *v < value);
                let before = below.checked_sub(1).map_or(0, |last| {
                    let next = values[last];
                    below - values.partition_point(|v| *v < next)
                });
                Some(Largest { value, count: (values.len() - below) as u64, before: before as u64, is_end: false })
            }
            Form::Binned(bins) => {
                let ends = || bins.cells.iter().filter(|c| c.high == f64::INFINITY);
                match ends().map(|c| c.low).reduce(f64::min) {
                    Some(value) => {
                        let count = ends().fold(0_u64, |n, c| n.saturating_add(c.count));
                        Some(Largest { value, count, before: 0, is_end: true })
                    }
                    None => {
                        let value = *bins.highs.end.last()?;
                        let with = |at: usize| bins.cells.iter().rev().nth(at).map_or(0, |c| c.count);
                        Some(Largest { value, count: with(0), before: with(1), is_end: false })
                    }
                }
            }
        }
    }
}

impl Bins {
    /// The cell that holds the `q`-quantile, and how far into its requests that is.
    fn place(&self, q: f64) -> Option<(usize, f64)> {
        let all = *self.upto.last()?;
        if q.is_nan() {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * all as f64;
        let at = self.upto.partition_point(|upto| (*upto as f64) < rank).min(self.upto.len() - 1);
        let before = at.checked_sub(1).map_or(0, |at| self.upto[at]);
        let inside = (rank - before as f64) / (self.upto[at] - before).max(1) as f64;
        Some((at, inside.clamp(0.0, 1.0)))
    }
}

/// The slowest requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// Their value.
    pub value: f64,
    /// How many there are.
    pub count: u64,
    /// How many have the value just before.
    pub before: u64,
    /// Whether the histogram ends there, so that they may have been slower.
    pub is_end: bool,
}

/// The `q`-quantile of the steps before each step, where they have at least fifty requests.
///
/// All requests are sorted once and then revealed step by step in a tree of counts (Fenwick 1994).
pub fn predictable_thresholds(baseline: &[Requests], q: f64) -> Vec<Option<f64>> {
    let single = baseline.iter().all(|step| matches!(step.0, Form::Single(_)));
    let mut sorted: Vec<Entry> = Vec::new();
    for (step, requests) in baseline.iter().enumerate() {
        match &requests.0 {
            Form::Single(values) => sorted.extend(values.iter().map(|v| Entry { low: *v, high: *v, count: 1, step })),
            Form::Binned(bins) => {
                sorted.extend(bins.cells.iter().map(|c| Entry { low: c.low, high: c.high, count: c.count, step }));
            }
        }
    }
    sorted.sort_unstable_by(|a, b| a.low.total_cmp(&b.low).then(a.high.total_cmp(&b.high)).then(a.step.cmp(&b.step)));
    let mut places = vec![Vec::new(); baseline.len()];
    for (place, entry) in sorted.iter().enumerate() {
        places[entry.step].push(place);
    }
    let mut seen = Revealed::new(sorted.len());
    let mut thresholds = Vec::with_capacity(baseline.len());
    for step in places {
        thresholds.push(if single { between(&seen, &sorted, q) } else { upper_end(&seen, &sorted, q) });
        step.into_iter().for_each(|place| seen.reveal(place, sorted[place].count));
    }
    thresholds
}

struct Entry {
    low: f64,
    high: f64,
    count: u64,
    step: usize,
}

fn between(seen: &Revealed, sorted: &[Entry], q: f64) -> Option<f64> {
    if seen.count < LEAST_HISTORY {
        return None;
    }
    let last = (seen.count - 1) as usize;
    let place = Place::of(last, q)?;
    let at = |rank: usize| sorted.get(seen.place(rank as u64)).map(|e| e.high);
    Some(place.between(at(place.index)?, at((place.index + 1).min(last))?))
}

/// The upper end of the cell that holds the quantile: no cell of the same histogram straddles it.
fn upper_end(seen: &Revealed, sorted: &[Entry], q: f64) -> Option<f64> {
    if seen.count < LEAST_HISTORY || q.is_nan() {
        return None;
    }
    let rank = (q.clamp(0.0, 1.0) * seen.count as f64).ceil().max(1.0) as u64;
    sorted.get(seen.place(rank.min(seen.count) - 1)).map(|e| e.high)
}

/// Requests beyond a threshold per step, the canary's beyond `factor` times it; for evidence in a direction. `None`
/// where an arm is empty or there is no threshold yet.
pub fn counts_beyond(
    baseline: &[Requests],
    canary: &[Requests],
    thresholds: &[Option<f64>],
    factor: f64,
    direction: Direction,
) -> Vec<Option<CountStep>> {
    let against = match direction {
        Direction::Above => Direction::Below,
        Direction::Below => Direction::Above,
    };
    let step = |((baseline, canary), threshold): ((&Requests, &Requests), &Option<f64>)| {
        let limit = (*threshold)?;
        (!baseline.is_empty() && !canary.is_empty()).then(|| CountStep {
            canary_total: canary.len() as f64,
            canary: canary.beyond(factor * limit, false, direction),
            baseline_total: baseline.len() as f64,
            baseline: baseline.beyond(limit, false, against),
        })
    };
    baseline.iter().zip(canary).zip(thresholds).map(step).collect()
}

/// Which of a sorted list have been revealed, as a tree of counts.
struct Revealed {
    tree: Vec<u64>,
    count: u64,
}

impl Revealed {
    fn new(len: usize) -> Revealed {
        Revealed { tree: vec![0; len + 1], count: 0 }
    }

    fn reveal(&mut self, place: usize, requests: u64) {
        let mut node = place + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count = count.saturating_add(requests);
            node += node & node.wrapping_neg();
        }
        self.count = self.count.saturating_add(requests);
    }

    /// The place of the revealed request with `rank` smaller ones.
    fn place(&self, rank: u64) -> usize {
        let (mut node, mut left) = (0, rank);
        let mut span = self.tree.len().next_power_of_two();
        while span > 0 {
            if let Some(count) = self.tree.get(node + span)
                && *count <= left
            {
                node += span;
                left -= count;
            }
            span /= 2;
        }
        node
    }
}
