//! Signed ranks: what is left of numbers when one wild step may not count for more than its place.
//!
//! Wilcoxon (1945), with mid-ranks for ties. An interval asks for the ranks at many shifts of the same numbers, so they
//! are sorted once: about any shift, the order of the distances is a merge of two sorted halves.

/// The sign of each number times the rank of its size among all, divided by one more than their count.
pub fn signed_rank_scores(y: &[Option<f64>]) -> Vec<Option<f64>> {
    Ordered::new(y).scores(0.0)
}

/// Numbers in order, with their places in time.
pub(super) struct Ordered {
    slots: usize,
    sorted: Vec<(f64, usize)>,
}

impl Ordered {
    /// Sorts the numbers that are present and finite.
    pub(super) fn new(y: &[Option<f64>]) -> Ordered {
        let present = |(slot, v): (usize, &Option<f64>)| v.filter(|v| v.is_finite()).map(|v| (v, slot));
        let mut sorted: Vec<_> = y.iter().enumerate().filter_map(present).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ordered { slots: y.len(), sorted }
    }

    /// The smallest and the largest number.
    pub(super) fn ends(&self) -> Option<(f64, f64)> {
        Some((self.sorted.first()?.0, self.sorted.last()?.0))
    }

    /// The signed-rank scores of the numbers less `shift`.
    pub(super) fn scores(&self, shift: f64) -> Vec<Option<f64>> {
        let mut scores = vec![None; self.slots];
        let by_size = self.by_distance(shift);
        let scale = 1.0 / (by_size.len() as f64 + 1.0);
        let mut start = 0;
        for run in by_size.chunk_by(|a, b| a.0.abs() == b.0.abs()) {
            let rank = start as f64 + (run.len() as f64 + 1.0) / 2.0;
            for (v, slot) in run {
                let sign = if *v == 0.0 { 0.0 } else { v.signum() };
                scores[*slot] = Some(sign * rank * scale);
            }
            start += run.len();
        }
        scores
    }

    /// The numbers less `shift`, from the smallest to the largest distance.
    fn by_distance(&self, shift: f64) -> Vec<(f64, usize)> {
        let (lower, upper) = self.sorted.split_at(self.sorted.partition_point(|(v, _)| *v < shift));
        let moved = |&(v, slot): &(f64, usize)| (v - shift, slot);
        let (mut below, mut above) = (lower.iter().rev().map(moved).peekable(), upper.iter().map(moved).peekable());
        let mut merged = Vec::with_capacity(self.sorted.len());
        loop {
            let next = match (below.peek(), above.peek()) {
                (Some(b), Some(a)) if -b.0 <= a.0 => below.next(),
                (_, Some(_)) => above.next(),
                _ => below.next(),
            };
            match next {
                Some(entry) => merged.push(entry),
                None => return merged,
            }
        }
    }
}
