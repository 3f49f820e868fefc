//! Signed ranks: what is left of numbers when one wild step may not count for more than its place.
//!
//! Wilcoxon (1945), with mid-ranks for ties. An interval asks for the ranks at many shifts of the same numbers, so they
//! are sorted once: about any shift, the order of the distances is a merge of two sorted halves.

/// The sign of each number times the rank of its size among all, divided by one more than their count.
pub fn signed_rank_scores(y: &[Option<f64>]) -> Vec<Option<f64>> {
    Ordered::new(y).scores(0.0)
}

/// Numbers in order, with their places in time.
#[derive(Clone, Debug)]
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

    /// The sum of the numbers less `shift`.
    pub(super) fn sum(&self, shift: f64) -> f64 {
        self.sorted.iter().map(|(v, _)| v - shift).sum()
    }

    /// The smallest and the largest number.
    pub(super) fn ends(&self) -> Option<(f64, f64)> {
        Some((self.sorted.first()?.0, self.sorted.last()?.0))
    }

    /// The signed-rank scores of the numbers less `shift`.
    pub(super) fn scores(&self, shift: f64) -> Vec<Option<f64>> {
        let mut scores = vec![None; self.slots];
        let order = self.by_distance(shift);
        let distance = |i: usize| (self.sorted[i].0 - shift).abs();
        let scale = 1.0 / (order.len() as f64 + 1.0);
        let mut start = 0;
        while start < order.len() {
            let size = distance(order[start]);
            let mut end = start + 1;
            while end < order.len() && distance(order[end]) == size {
                end += 1;
            }
            let score = 0.5 * (start + 1 + end) as f64 * scale;
            for (v, slot) in order[start..end].iter().map(|i| self.sorted[*i]) {
                scores[slot] = Some(if v == shift { 0.0 } else { score.copysign(v - shift) });
            }
            start = end;
        }
        scores
    }

    /// The places in the sorted numbers, from the smallest to the largest distance from `shift`.
    fn by_distance(&self, shift: f64) -> Vec<usize> {
        let mut above = self.sorted.partition_point(|(v, _)| *v < shift);
        let mut below = above;
        let mut order = Vec::with_capacity(self.sorted.len());
        while below > 0 && above < self.sorted.len() {
            // which is nearer is a coin toss, and a number to compute with is cheaper than a branch
            let is_below = usize::from(shift - self.sorted[below - 1].0 <= self.sorted[above].0 - shift);
            order.push(above - is_below * (above + 1 - below));
            below -= is_below;
            above += 1 - is_below;
        }
        order.extend((0..below).rev());
        order.extend(above..self.sorted.len());
        order
    }
}
