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
use super::binned::{Binned, End, Running};
use super::count_step::CountStep;
use super::histogram::{Bins, Grid};
use super::quantile::{self, Largest, Place};
use super::single::TrialStep;

/// How many earlier requests a threshold needs.
const LEAST_HISTORY: u64 = 50;

/// The requests of one step, or of many.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Sorted, without NaN.
    Single(Vec<f64>),
    Binned(Binned),
}

impl Requests {
    /// One value per request; what is not a number is left out.
    pub fn single(mut values: Vec<f64>) -> Requests {
        values.retain(|v| !v.is_nan());
        values.sort_unstable_by(f64::total_cmp);
        Requests(Form::Single(values))
    }

    /// The requests of a histogram, one unit of which is `scale` in the metric's; none where that is not a positive number.
    pub fn binned(bins: Bins, scale: f64) -> Requests {
        match scale > 0.0 && scale.is_finite() {
            true => Requests(Form::Binned(Binned::new(bins, scale))),
            false => Requests::single(Vec::new()),
        }
    }

    /// The requests of many steps together, on the coarsest of their grids; `None` of none. Single requests and histograms
    /// do not go together.
    pub fn pooled(steps: &[Requests]) -> Option<Requests> {
        let binned = || steps.iter().filter_map(Requests::as_binned);
        let bins: Vec<&Bins> = binned().map(Binned::bins).collect();
        if let (Some(sum), Some(first)) = (Bins::sum(bins), binned().next()) {
            return Some(Requests::binned(sum, first.scale()));
        }
        let values = steps.iter().flat_map(|step| match &step.0 {
            Form::Single(values) => values.as_slice(),
            Form::Binned(_) => &[],
        });
        (!steps.is_empty()).then(|| Requests::single(values.copied().collect()))
    }

    fn as_binned(&self) -> Option<&Binned> {
        match &self.0 {
            Form::Single(_) => None,
            Form::Binned(binned) => Some(binned),
        }
    }

    /// How many requests there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Form::Single(values) => values.len() as u64,
            Form::Binned(binned) => binned.len(),
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
            (Form::Binned(binned), Direction::Above) => binned.beyond(limit, inclusive, End::Low),
            (Form::Binned(binned), Direction::Below) => binned.beyond(limit, inclusive, End::High),
        }
    }

    /// The limits at which [`beyond`](Self::beyond) changes, sorted.
    pub fn edges(&self) -> Vec<f64> {
        match &self.0 {
            Form::Single(values) => values.clone(),
            Form::Binned(binned) => binned.edges(),
        }
    }

    /// The `q`-quantile: between order statistics (type 7 of Hyndman and Fan 1996), or inside a cell, on the log scale
    /// where its ends are positive. At the end of a histogram it is the largest value that the histogram can tell.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        match &self.0 {
            Form::Single(values) => quantile::quantile(values, q),
            Form::Binned(binned) => binned.quantile(q),
        }
    }

    /// Between which edges the `q`-quantile lies, if that is all that a histogram with edges of its own knows.
    pub fn bucket(&self, q: f64) -> Option<(f64, f64)> {
        self.as_binned()?.bucket(q)
    }

    /// The least value that the `q`-quantile may have: the smallest that at most `1 - q` of the requests are beyond, or the
    /// lower end of its cell.
    pub fn least(&self, q: f64) -> Option<f64> {
        match &self.0 {
            Form::Single(values) => {
                let rank = (q.clamp(0.0, 1.0) * values.len() as f64).ceil() as usize;
                values.get(rank.saturating_sub(1)).copied().filter(|_| !q.is_nan())
            }
            Form::Binned(binned) => binned.least(q),
        }
    }

    /// A limit that about `1 - q` of the requests are beyond, and that no cell straddles.
    pub(super) fn threshold(&self, q: f64) -> Option<f64> {
        match &self.0 {
            Form::Single(values) => quantile::quantile(values, q),
            Form::Binned(binned) => binned.threshold(q),
        }
    }

    /// The largest value, how many requests have it, and how many have the value before it. For cells: the value at which
    /// the histogram ends and how many reached it.
    pub fn largest(&self) -> Option<Largest> {
        match &self.0 {
            Form::Single(values) => quantile::largest(values),
            Form::Binned(binned) => binned.largest(),
        }
    }
}

/// The `q`-quantile of the steps before each step, where they have at least fifty requests.
///
/// Single requests are sorted once and then revealed step by step in a tree of counts (Fenwick 1994); those of histograms
/// are added up, cell by cell.
pub fn predictable_thresholds(baseline: &[Requests], q: f64) -> Vec<Option<f64>> {
    thresholds_of_each(baseline, &[q]).pop().unwrap_or_default()
}

/// The same of many quantiles, whose requests are put in order once: for each, one threshold per step.
pub fn thresholds_of_each(baseline: &[Requests], quantiles: &[f64]) -> Vec<Vec<Option<f64>>> {
    let binned = || baseline.iter().filter_map(Requests::as_binned);
    match (binned().map(|binned| binned.bins().grid()).reduce(Grid::join), binned().next()) {
        (Some(grid), Some(first)) => upper_ends(baseline, grid, first.scale(), quantiles),
        _ => between_values(baseline, quantiles),
    }
}

fn upper_ends(baseline: &[Requests], grid: Grid, scale: f64, quantiles: &[f64]) -> Vec<Vec<Option<f64>>> {
    let mut seen = Running::new(grid);
    let mut thresholds = vec![Vec::with_capacity(baseline.len()); quantiles.len()];
    for step in baseline {
        for (q, thresholds) in quantiles.iter().zip(&mut thresholds) {
            let known = seen.count() >= LEAST_HISTORY && !q.is_nan();
            thresholds.push(if known { seen.upper_end(*q).map(|units| units * scale) } else { None });
        }
        step.as_binned().into_iter().for_each(|binned| seen.reveal(binned.bins()));
    }
    thresholds
}

fn between_values(baseline: &[Requests], quantiles: &[f64]) -> Vec<Vec<Option<f64>>> {
    let mut sorted: Vec<(f64, usize)> = Vec::new();
    for (step, requests) in baseline.iter().enumerate() {
        if let Form::Single(values) = &requests.0 {
            sorted.extend(values.iter().map(|value| (*value, step)));
        }
    }
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut places = vec![Vec::new(); baseline.len()];
    for (place, (_, step)) in sorted.iter().enumerate() {
        places[*step].push(place);
    }
    let mut seen = Revealed::new(sorted.len());
    let mut thresholds = vec![Vec::with_capacity(baseline.len()); quantiles.len()];
    for step in places {
        for (q, thresholds) in quantiles.iter().zip(&mut thresholds) {
            thresholds.push(between(&seen, &sorted, *q));
        }
        step.into_iter().for_each(|place| seen.reveal(place));
    }
    thresholds
}

fn between(seen: &Revealed, sorted: &[(f64, usize)], q: f64) -> Option<f64> {
    if seen.count < LEAST_HISTORY {
        return None;
    }
    let last = (seen.count - 1) as usize;
    let place = Place::of(last, q)?;
    let at = |rank: usize| sorted.get(seen.place(rank as u64)).map(|(value, _)| *value);
    Some(place.between(at(place.index)?, at((place.index + 1).min(last))?))
}

/// One arm's requests per step, and how many of them are beyond a limit, as [`Requests::beyond`] counts them; `None` of an
/// empty step.
pub fn trials_beyond(steps: &[Requests], limit: f64, inclusive: bool, direction: Direction) -> Vec<Option<TrialStep>> {
    let trials = |step: &Requests| TrialStep { total: step.len(), bad: step.beyond(limit, inclusive, direction) };
    steps.iter().map(|step| (!step.is_empty()).then(|| trials(step))).collect()
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
        (!baseline.is_empty() && !canary.is_empty()).then(|| {
            let slow_baseline = (baseline.len(), baseline.beyond(limit, false, against));
            CountStep::of(slow_baseline, (canary.len(), canary.beyond(factor * limit, false, direction)))
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

    fn reveal(&mut self, place: usize) {
        let mut node = place + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count += 1;
            node += node & node.wrapping_neg();
        }
        self.count += 1;
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
